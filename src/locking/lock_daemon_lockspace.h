/*
 * lock_daemon_lockspace.h: a lockspace as the daemon serves it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One engine with its store, timer and guard. It hands the engine its events
 * with the time that they came at, and carries out what the engine asks for.
 * All from the default main loop; nothing blocks.
 */
#pragma once

#include "lock_daemon_guardlink.h"
#include "lock_daemon_ownertable.h"
#include "lock_daemon_state.h"
#include "virleaseengine.h"

#define VIR_LOCK_DAEMON_LOCKSPACE_OWNERS_MAX VIR_LOCK_DAEMON_STATE_OWNERS_MAX

typedef struct _virLockDaemonLockspace virLockDaemonLockspace;

/* The answer to @request; @message belongs to an error, @token may be NULL.
 * Called once for each request that was taken, maybe before that returns. */
typedef void (*virLockDaemonLockspaceAnswerFunc)(guint64 request,
                                                 int code,
                                                 const char *message,
                                                 const char *token,
                                                 void *opaque);

/* The lockspace has nothing more to wait for. May not free it. */
typedef void (*virLockDaemonLockspaceDoneFunc)(virLockDaemonLockspace *lockspace,
                                               void *opaque);

typedef struct _virLockDaemonLockspaceConfig virLockDaemonLockspaceConfig;
struct _virLockDaemonLockspaceConfig {
    const char *name;
    const char *url;
    const char *host;
    const char *bootid;
    virLockDaemonState *state;          /* this and the next two live longer than the lockspace */
    virLockDaemonOwnerTable *owners;
    virLockDaemonGuardLink *link;
    virLockDaemonLockspaceAnswerFunc answer;
    virLockDaemonLockspaceDoneFunc done;
    void *opaque;                       /* for both */
};

/**
 * virLockDaemonLockspaceNew:
 * @config: what it is made of
 * @saved: what an earlier daemon left of it, or NULL; owners are taken up from it
 *
 * Begins to work at once; whether the lockspace can be reached turns out later.
 *
 * Returns it, or NULL with an error reported: a bad URL, or guests that
 * cannot be taken up nor stopped.
 */
virLockDaemonLockspace *virLockDaemonLockspaceNew(const virLockDaemonLockspaceConfig *config,
                                                  virLockDaemonSavedLockspace *saved) G_GNUC_WARN_UNUSED_RESULT;

/* Guests keep their leases as they are; the table keeps the owners. */
void virLockDaemonLockspaceFree(virLockDaemonLockspace *lockspace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonLockspace, virLockDaemonLockspaceFree);

const char *virLockDaemonLockspaceGetName(const virLockDaemonLockspace *lockspace);
const char *virLockDaemonLockspaceGetURL(const virLockDaemonLockspace *lockspace);

/**
 * virLockDaemonLockspaceRequest:
 * @lockspace: the lockspace
 * @event: what is asked for, from REGISTER to INQUIRE; all but now, wall,
 *         owner and deadline are filled in. Its texts are not kept
 * @timeout: until the answer is wanted
 *
 * Finds the owner by pid and uuid (with REGISTER and ACQUIRE makes it, if it
 * is new), and asks the engine.
 *
 * Returns 0 if there was or will be an answer, or -1 with an error reported.
 */
int virLockDaemonLockspaceRequest(virLockDaemonLockspace *lockspace,
                                  virLeaseEvent *event,
                                  virLeaseSpan timeout) G_GNUC_WARN_UNUSED_RESULT;

/* Nobody waits for the answer to @request any more. */
void virLockDaemonLockspaceCancel(virLockDaemonLockspace *lockspace,
                                  guint64 request);

/* Leaves in good order; the done function is called when that is finished. */
void virLockDaemonLockspaceShutdown(virLockDaemonLockspace *lockspace);

virLeaseEngineStatus *virLockDaemonLockspaceGetStatus(const virLockDaemonLockspace *lockspace);

/* Writes the state of it all into the log. */
void virLockDaemonLockspaceLog(const virLockDaemonLockspace *lockspace);
