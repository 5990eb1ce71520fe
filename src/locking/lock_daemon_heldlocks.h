/*
 * lock_daemon_heldlocks.h: which lock files are held for whom
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A list that is saved, as text, for the daemon that comes after this one.
 */
#pragma once

#include <glib.h>

#define VIR_LOCK_DAEMON_HELD_LOCKS_MAX 65536
#define VIR_LOCK_DAEMON_HELD_LOCKS_LOCKSPACES_MAX 64

/* One acquisition. A shared one may be there more than once. */
typedef struct _virLockDaemonHeldLock virLockDaemonHeldLock;
struct _virLockDaemonHeldLock {
    char *path;         /* of the lockspace; "": names are paths */
    char *name;         /* of the resource */
    gint64 pid;         /* of the owner, and when that was started */
    guint64 start;
    guint32 flags;      /* of virLockSpaceAcquireFlags */
    char *uuid;         /* of the guest; 36 characters */
    char *guest;        /* its name */
    char *text;         /* the list's own: all of that, as it is saved */
};

typedef struct _virLockDaemonHeldLocks virLockDaemonHeldLocks;
struct _virLockDaemonHeldLocks {
    GPtrArray *lockspaces;      /* of char *: paths, no two alike */
    GPtrArray *locks;           /* of virLockDaemonHeldLock */
};

virLockDaemonHeldLocks *virLockDaemonHeldLocksNew(void);
void virLockDaemonHeldLocksFree(virLockDaemonHeldLocks *held);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonHeldLocks, virLockDaemonHeldLocksFree);

/* Copies @lock into the list. Returns FALSE if that is full. */
gboolean virLockDaemonHeldLocksAdd(virLockDaemonHeldLocks *held,
                                   const virLockDaemonHeldLock *lock);

/* Takes out one that has the path, name, pid and start of @lock, if any. */
void virLockDaemonHeldLocksRemove(virLockDaemonHeldLocks *held,
                                  const virLockDaemonHeldLock *lock);

/* Takes out all of that process; returns how many. */
guint virLockDaemonHeldLocksRemoveOwner(virLockDaemonHeldLocks *held,
                                        gint64 pid,
                                        guint64 start);

char *virLockDaemonHeldLocksFormat(const virLockDaemonHeldLocks *held) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockDaemonHeldLocksParse:
 * @text: what virLockDaemonHeldLocksFormat() made, or anything
 *
 * Returns the list, or NULL with VIR_ERR_INTERNAL_ERROR reported.
 */
virLockDaemonHeldLocks *virLockDaemonHeldLocksParse(const char *text) G_GNUC_WARN_UNUSED_RESULT;
