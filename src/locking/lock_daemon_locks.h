/*
 * lock_daemon_locks.h: lock files that are held for the guests of this host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All lockspaces of lock files (lock_daemon_lockfiles.h), and whose the locks
 * are. An owner's locks are released when it says so, or when its process is
 * known to be gone, never because a connection ended. What is held is saved.
 * The guard keeps the files open and thereby locked while a worker is replaced,
 * and the next one goes on with them if the owner is still there. If the guard
 * was gone too, the kernel has dropped the locks in between, and they are locked
 * again, or it is logged that others have them.
 *
 * To be used from the main loop; nothing blocks.
 */
#pragma once

#include "lock_daemon_lockfiles.h"
#include "lock_daemon_state.h"

#define VIR_LOCK_DAEMON_LOCKS_OWNERS_MAX 16384

typedef struct _virLockDaemonLocks virLockDaemonLocks;

/* For whom. */
typedef struct _virLockDaemonLocksOwner virLockDaemonLocksOwner;
struct _virLockDaemonLocksOwner {
    pid_t pid;
    unsigned long long start;   /* of the process, in clock ticks since boot */
    const char *uuid;           /* 36 characters */
    const char *guest;          /* UTF-8 */
};

/* Takes up what an earlier daemon left. @state must live longer. */
virLockDaemonLocks *virLockDaemonLocksNew(virLockDaemonState *state);

/* Nobody is called back any more. */
void virLockDaemonLocksFree(virLockDaemonLocks *locks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonLocks, virLockDaemonLocksFree);

/**
 * virLockDaemonLocksOpen:
 * @locks: the locks
 * @path: absolute path of a directory
 * @func: called when it is a lockspace; not before this returns
 * @opaque: for it
 *
 * Returns 0, or -1 with an error reported.
 */
int virLockDaemonLocksOpen(virLockDaemonLocks *locks,
                           const char *path,
                           virLockDaemonLockFilesFunc func,
                           void *opaque) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockDaemonLocksRun:
 * @locks: the locks
 * @path: of a lockspace that was opened, or "": names are paths
 * @job: what to do; its @owner is not looked at
 * @owner: for whom, with ACQUIRE and RELEASE
 * @func: called when it is done; not before this returns
 * @opaque: for it
 *
 * Returns 0, or -1 with an error reported: there is no such lockspace, or the
 * owner's process is gone.
 */
int virLockDaemonLocksRun(virLockDaemonLocks *locks,
                          const char *path,
                          const virLockDaemonLockFilesJob *job,
                          const virLockDaemonLocksOwner *owner,
                          virLockDaemonLockFilesFunc func,
                          void *opaque) G_GNUC_WARN_UNUSED_RESULT;
