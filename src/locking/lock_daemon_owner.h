/*
 * lock_daemon_owner.h: a guest's process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It is held by a pidfd, which never comes to mean another process. All is
 * done in the default main loop.
 */
#pragma once

#include <sys/types.h>

#include "virleasetime.h"
#include "viruuid.h"

typedef struct _virLockDaemonOwner virLockDaemonOwner;
typedef struct _virLockDaemonPauser virLockDaemonPauser;

/* Called once, from the main loop, when the process is gone. The owner may be
 * freed in it. */
typedef void (*virLockDaemonOwnerExitedFunc)(virLockDaemonOwner *owner,
                                             void *opaque);

/* To be read by everybody. */
struct _virLockDaemonOwner {
    guint64 number;             /* never used again in this state directory */
    char *lockspace;
    char uuid[VIR_UUID_STRING_BUFLEN];
    char *name;
    pid_t pid;
    unsigned long long start;   /* of the process, in clock ticks since boot */

    gboolean ignore;            /* it is to run on whatever becomes of its lease (on_lockfailure) */

    gboolean exited;            /* its process is known to be gone */
    gboolean fencing;           /* it was told to end */

    /* For the lockspace. */
    gboolean saved;             /* there is a file of it */
    char *unsaved;              /* what its file should say and could not be written; else NULL */
    gboolean forgotten;         /* the engine does not know it any more */

    virLockDaemonPauser *pauser;    /* or NULL */

    /* Private. */
    int pidfd;                  /* -1 if the process was gone at the beginning */
    GSource *watch;
    struct _virLockDaemonTimer *timer;
    virLeaseTime fenced;        /* when SIGTERM was sent */
    virLeaseSpan patience;      /* until the next complaint */
    gboolean killed;            /* SIGKILL was sent */
    virLockDaemonOwnerExitedFunc func;
    void *opaque;
};

/**
 * virLockDaemonOwnerOpenProcess:
 * @pid: of a guest's process
 * @name: of the guest, for messages
 * @start: gets when the process was started
 *
 * Returns a pidfd, or -1 with an error reported: VIR_ERR_INVALID_ARG if there
 * is no such process.
 */
int virLockDaemonOwnerOpenProcess(pid_t pid,
                                  const char *name,
                                  unsigned long long *start) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockDaemonOwnerReopenProcess:
 * @pid: of a process that was known once
 * @start: when that was started
 *
 * Returns a pidfd of the very same process, or -1, with no error reported, if
 * that is gone.
 */
int virLockDaemonOwnerReopenProcess(pid_t pid,
                                    unsigned long long start);

/* Ends the process of @pidfd, by SIGTERM, then SIGKILL, and waits for it for a
 * few seconds. Returns 0, or -1 with an error reported if it is still there. */
int virLockDaemonOwnerStopProcess(int pidfd,
                                  pid_t pid) G_GNUC_WARN_UNUSED_RESULT;

/* Takes @pidfd over; with -1 the owner has exited already. */
virLockDaemonOwner *virLockDaemonOwnerNew(guint64 number,
                                          const char *lockspace,
                                          const char *uuid,
                                          const char *name,
                                          pid_t pid,
                                          unsigned long long start,
                                          int pidfd);
void virLockDaemonOwnerFree(virLockDaemonOwner *owner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonOwner, virLockDaemonOwnerFree);

/* Has @func called when the process is gone, if it isn't yet. Once for an owner. */
void virLockDaemonOwnerWatch(virLockDaemonOwner *owner,
                             virLockDaemonOwnerExitedFunc func,
                             void *opaque);

/* Looks at once, rather than in the main loop, whether the process is gone;
 * then the exited function is called, which may free @owner. */
void virLockDaemonOwnerPoll(virLockDaemonOwner *owner);

/**
 * virLockDaemonOwnerFence:
 * @owner: the owner
 * @reason: why, for the log
 * @grace: from SIGTERM to SIGKILL
 *
 * Makes the process end. Once it began this cannot be called off; doing it
 * twice is doing it once. A process that does not end even so is complained
 * about in the log until it does.
 */
void virLockDaemonOwnerFence(virLockDaemonOwner *owner,
                             const char *reason,
                             virLeaseSpan grace);

/* Sends SIGKILL to an owner that is being fenced, as nobody will be there to
 * do it later. */
void virLockDaemonOwnerHurry(virLockDaemonOwner *owner);
