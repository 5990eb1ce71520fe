/*
 * lock_daemon_lockfiles.h: a lockspace of lock files, worked at in the background
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A lock file may be on a file system whose server does not answer, and the
 * main loop has leases to renew: what touches files runs in a thread, one
 * after the other for each lockspace. The functions here are called in the
 * main loop, and return at once; so are what they call back.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define VIR_LOCK_DAEMON_LOCK_FILES_JOBS_MAX 4096    /* that wait in one lockspace */

typedef struct _virLockDaemonLockFiles virLockDaemonLockFiles;

typedef enum {
    VIR_LOCK_DAEMON_LOCK_FILES_OPEN,            /* make the directory, if there is none */
    VIR_LOCK_DAEMON_LOCK_FILES_CREATE,          /* these and what follows: as virlockspace.h has them */
    VIR_LOCK_DAEMON_LOCK_FILES_DELETE,
    VIR_LOCK_DAEMON_LOCK_FILES_ACQUIRE,
    VIR_LOCK_DAEMON_LOCK_FILES_RELEASE,
    VIR_LOCK_DAEMON_LOCK_FILES_RELEASE_OWNER,
    VIR_LOCK_DAEMON_LOCK_FILES_DROP_LEFT,   /* in all lockspaces: what an earlier daemon left and nobody has
                                             * acquired again */

    VIR_LOCK_DAEMON_LOCK_FILES_LAST
} virLockDaemonLockFilesType;

/* What is to be done. The texts are copied. */
typedef struct _virLockDaemonLockFilesJob virLockDaemonLockFilesJob;
struct _virLockDaemonLockFilesJob {
    virLockDaemonLockFilesType type;
    const char *name;           /* of the resource; NULL for OPEN and RELEASE_OWNER */
    pid_t owner;
    unsigned int flags;         /* of virLockSpaceAcquireFlags */
};

/* @code is VIR_ERR_OK, or that of the error with the text @message. */
typedef void (*virLockDaemonLockFilesFunc)(int code,
                                           const char *message,
                                           void *opaque);

/* @path is that of the directory, or "": names are paths. Touches no file. */
virLockDaemonLockFiles *virLockDaemonLockFilesNew(const char *path);

/* Jobs that wait are done, but not called back about if the main loop has
 * ended. The locks are released when that is finished. */
void virLockDaemonLockFilesFree(virLockDaemonLockFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonLockFiles, virLockDaemonLockFilesFree);

const char *virLockDaemonLockFilesGetPath(const virLockDaemonLockFiles *files);

/**
 * virLockDaemonLockFilesRun:
 * @files: the lockspace
 * @job: what to do
 * @func: called in the main loop when it is done; may be NULL
 * @opaque: for it
 *
 * Returns 0, or -1 with an error reported if too many jobs wait already; a
 * RELEASE_OWNER is always taken.
 */
int virLockDaemonLockFilesRun(virLockDaemonLockFiles *files,
                              const virLockDaemonLockFilesJob *job,
                              virLockDaemonLockFilesFunc func,
                              void *opaque) G_GNUC_WARN_UNUSED_RESULT;
