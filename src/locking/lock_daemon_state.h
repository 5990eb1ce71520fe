/*
 * lock_daemon_state.h: what a daemon leaves to the one that comes after it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *     DIR/lock                                   held by the daemon that lives
 *     DIR/next-owner                             the first owner number that was not given out
 *     DIR/locks                                  one JSON object, the list of lock files in it
 *     DIR/lockspaces/NAME/session                one JSON object, the engine's text in it
 *     DIR/lockspaces/NAME/owner.NUMBER.PID.START likewise, one for each owner
 *
 * An owner's process stands in the name of its file as well, so that a guest
 * can be found even when the text in the file is damaged.
 */
#pragma once

#include <glib.h>

typedef struct _virLockDaemonState virLockDaemonState;

#define VIR_LOCK_DAEMON_STATE_OWNERS_MAX 16384      /* in one lockspace */
#define VIR_LOCK_DAEMON_STATE_LOCKSPACES_MAX 64

/* One owner as it is saved. */
typedef struct _virLockDaemonSavedOwner virLockDaemonSavedOwner;
struct _virLockDaemonSavedOwner {
    guint64 number;
    gint64 pid;
    guint64 start;      /* of the process, as the kernel counts it */
    char *uuid;         /* 36 characters; NULL if the file is damaged, as the next two */
    char *name;
    char *text;         /* the engine's */
};

void virLockDaemonSavedOwnerFree(virLockDaemonSavedOwner *owner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonSavedOwner, virLockDaemonSavedOwnerFree);

/* One lockspace as it was found. */
typedef struct _virLockDaemonSavedLockspace virLockDaemonSavedLockspace;
struct _virLockDaemonSavedLockspace {
    char *name;
    char *url;          /* NULL if there is no session, or its file is damaged; so the next */
    char *session;      /* the engine's */
    GPtrArray *owners;  /* of virLockDaemonSavedOwner */
};

void virLockDaemonSavedLockspaceFree(virLockDaemonSavedLockspace *lockspace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonSavedLockspace, virLockDaemonSavedLockspaceFree);

/**
 * virLockDaemonStateNew:
 * @dir: the state directory; made if it is missing
 * @bootid: of this boot
 *
 * Takes the state directory for this process. A child of fork() shares it.
 *
 * Returns the state, or NULL with an error reported, also if another daemon
 * has the directory.
 */
virLockDaemonState *virLockDaemonStateNew(const char *dir,
                                          const char *bootid) G_GNUC_WARN_UNUSED_RESULT;
void virLockDaemonStateFree(virLockDaemonState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonState, virLockDaemonStateFree);

/**
 * virLockDaemonStateRead:
 * @state: to be called once, before any of the functions below
 *
 * Reads what an earlier daemon left. Of another boot: removed, with a line in
 * the log, as its guests are gone. Damaged: an error in the log, and what is
 * left of it in the result.
 *
 * Returns an array of virLockDaemonSavedLockspace, or NULL with an error
 * reported if the directory cannot be read at all.
 */
GPtrArray *virLockDaemonStateRead(virLockDaemonState *state) G_GNUC_WARN_UNUSED_RESULT;

/* A descriptor of the directory; the state's. */
int virLockDaemonStateGetDir(const virLockDaemonState *state);

/* Returns a number that no owner of this state directory had before, or 0
 * with an error reported. */
guint64 virLockDaemonStateNextOwner(virLockDaemonState *state) G_GNUC_WARN_UNUSED_RESULT;

/* Each returns 0, or -1 with an error reported; what was saved before is then
 * still there. */
int virLockDaemonStateSaveSession(virLockDaemonState *state,
                                  const char *lockspace,
                                  const char *url,
                                  const char *text) G_GNUC_WARN_UNUSED_RESULT;
int virLockDaemonStateSaveOwner(virLockDaemonState *state,
                                const char *lockspace,
                                const virLockDaemonSavedOwner *owner) G_GNUC_WARN_UNUSED_RESULT;

/* Removes what is saved of an owner, if anything is. Only @owner's numbers
 * are looked at. */
void virLockDaemonStateForgetOwner(virLockDaemonState *state,
                                   const char *lockspace,
                                   const virLockDaemonSavedOwner *owner);

/* Likewise of a lockspace's session. */
void virLockDaemonStateForgetSession(virLockDaemonState *state,
                                     const char *lockspace);

/* Replaces the list of lock files (lock_daemon_heldlocks.h) by @text.
 * Returns 0, or -1 with an error reported. */
int virLockDaemonStateSaveLocks(virLockDaemonState *state,
                                const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Returns that list as it was found, to be freed, or NULL if there is none of
 * this boot; one that is damaged is an error in the log. */
char *virLockDaemonStateReadLocks(virLockDaemonState *state) G_GNUC_WARN_UNUSED_RESULT;
