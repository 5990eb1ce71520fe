/*
 * lock_guard_worker.h: the worker as its guard sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <sys/types.h>

#include "lock_guard_life.h"
#include "lock_guard_message.h"
#include "lock_guard_page.h"
#include "lock_guard_spawn.h"

/* Without a beat for so long it is killed and started anew, while guests run:
 * the new one may still renew their leases in time. */
#define VIR_LOCK_GUARD_WORKER_HOPELESS (10 * VIR_LEASE_SECOND)

typedef struct _virLockGuardWorker virLockGuardWorker;
struct _virLockGuardWorker {
    const virLockDaemonOptions *options;
    const virLockGuardPage *page;
    virLockGuardRank rank;
    pid_t pid;              /* 0: there is none */
    int pidfd;
    int channel;            /* -1 if there is none */
    int socket;             /* which it listens on; -1: not known yet */
    int locks[2];           /* its lock files, for the next one: nothing is done with it here; -1: not made */
    gboolean ready;         /* it served, or one before it did */
    gboolean hung;          /* that was logged */
    gboolean killed;        /* as it hung */
    guint fenced;           /* owners that had been told to end when it was last alive */
    virLeaseTime at;        /* when to start the next one; NEVER: not at all */
    virLockGuardLife life;
};

/* There is none. @page and @options must live longer. */
void virLockGuardWorkerInit(virLockGuardWorker *worker,
                            const virLockGuardPage *page,
                            const virLockDaemonOptions *options,
                            virLeaseTime now);

/* Takes over the one that started this process. */
void virLockGuardWorkerAdopt(virLockGuardWorker *worker,
                             const virLockGuardInherited *inherited);

/* Starts one. Returns 0, or -1 with an error reported. */
int virLockGuardWorkerStart(virLockGuardWorker *worker,
                            virLeaseTime now) G_GNUC_WARN_UNUSED_RESULT;

/* Whether it has ended, which is told once; @status gets what waitid() says of
 * it in si_status, with @code, and 0 in both if it is no child of ours. */
gboolean virLockGuardWorkerEnded(virLockGuardWorker *worker,
                                 int *code,
                                 int *status);

/* It ended, and is to be started again: sets when. */
void virLockGuardWorkerPlan(virLockGuardWorker *worker,
                            virLeaseTime now);

/**
 * virLockGuardWorkerLook:
 * @worker: the worker
 * @fenced: how many owners were told to end so far
 * @killing: whether one of them is still there
 * @now: the present
 *
 * Kills it if it hangs and there is nothing more to wait for: its guests were
 * dealt with, or it has been silent for too long.
 */
void virLockGuardWorkerLook(virLockGuardWorker *worker,
                            guint fenced,
                            gboolean killing,
                            virLeaseTime now);

void virLockGuardWorkerSignal(const virLockGuardWorker *worker,
                              int sig);
/* With a copy of the descriptor @passed unless that is -1. */
void virLockGuardWorkerTell(const virLockGuardWorker *worker,
                            virLockGuardMessageType type,
                            int passed);

/* Closes what is open; the process goes on. */
void virLockGuardWorkerClear(virLockGuardWorker *worker);
