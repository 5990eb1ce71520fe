/*
 * lock_guard_worker.c: the worker as its guard sees it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_guard_worker.h"
#include "virerror.h"
#include "virlog.h"
#include "virprocess.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.guard");

#define VIR_LOCK_GUARD_WORKER_P_PIDFD 3     /* P_PIDFD, which older C libraries lack */

/* Before the first restart: so that somebody who kills all that is called
 * virtleased has killed us too by then. */
#define VIR_LOCK_GUARD_WORKER_PAUSE (20 * VIR_LEASE_MILLISECOND)

void
virLockGuardWorkerInit(virLockGuardWorker *worker,
                       const virLockGuardPage *page,
                       const virLockDaemonOptions *options,
                       virLeaseTime now)
{
    memset(worker, 0, sizeof(*worker));
    worker->options = options;
    worker->page = page;
    worker->pidfd = worker->channel = worker->socket = -1;
    worker->locks[0] = worker->locks[1] = -1;
    worker->at = VIR_LEASE_TIME_NEVER;
    virLockGuardRankGet(&worker->rank);
    virLockGuardLifeInit(&worker->life, VIR_LOCK_GUARD_WORKER_PAUSE, now);
}

void
virLockGuardWorkerAdopt(virLockGuardWorker *worker, const virLockGuardInherited *inherited)
{
    worker->pid = inherited->pid;
    worker->pidfd = inherited->starter;
    worker->channel = inherited->channel;
    worker->socket = inherited->socket;
    memcpy(worker->locks, inherited->locks, sizeof(worker->locks));
    worker->ready = TRUE;
}

static void
virLockGuardWorkerClose(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* The worker's end of the channel, and our own pidfd, are for it alone. */
static int
virLockGuardWorkerSpawn(virLockGuardWorker *worker, int channel)
{
    virLockGuardInherited inherited = {
        .page = virLockGuardPageGetFD(worker->page),
        .channel = channel,
        .socket = worker->socket,
        .watchdog = -1,
        .locks = { worker->locks[0], worker->locks[1] },
        .starter = virPidFDOpen(getpid()),
    };
    pid_t pid = -1;

    if (inherited.starter >= 0)
        pid = virLockGuardSpawn(VIR_LOCK_GUARD_ROLE_WORKER, worker->options, &inherited, &worker->rank);
    virLockGuardWorkerClose(&inherited.starter);
    if (pid < 0)
        return -1;
    worker->pid = pid;
    /* It may have ended by now, but as nobody has waited for it, it is still this one. */
    worker->pidfd = virPidFDOpen(pid);
    return worker->pidfd < 0 ? -1 : 0;
}

int
virLockGuardWorkerStart(virLockGuardWorker *worker, virLeaseTime now)
{
    int fds[2];
    int rc;

    worker->at = VIR_LEASE_TIME_NEVER;
    virLockGuardWorkerClose(&worker->channel);
    if (virLockGuardMessagePair(fds) < 0)
        return -1;
    rc = virLockGuardWorkerSpawn(worker, fds[1]);
    close(fds[1]);
    worker->channel = fds[0];
    worker->hung = worker->killed = FALSE;
    virLockGuardLifeBegin(&worker->life, now);
    return rc;
}

gboolean
virLockGuardWorkerEnded(virLockGuardWorker *worker, int *code, int *status)
{
    siginfo_t info = { .si_pid = 0 };

    if (worker->pidfd < 0 || !virPidFDExited(worker->pidfd))
        return FALSE;
    if (waitid(VIR_LOCK_GUARD_WORKER_P_PIDFD, worker->pidfd, &info, WEXITED | WNOHANG) < 0)
        info.si_code = info.si_status = 0;
    *code = info.si_code;
    *status = info.si_status;
    virLockGuardWorkerClose(&worker->pidfd);
    virLockGuardWorkerClose(&worker->channel);
    worker->pid = 0;
    return TRUE;
}

void
virLockGuardWorkerPlan(virLockGuardWorker *worker, virLeaseTime now)
{
    virLeaseSpan pause = virLockGuardLifeEnd(&worker->life, now);

    worker->at = now + pause;
    if (worker->life.deaths > 1)
        VIR_ERROR("the worker has ended %u times in a row, each time within %.0f s: the next is started in %.1f s; leases are not renewed meanwhile",
                  worker->life.deaths, VIR_LOCK_GUARD_LIFE_STABLE / 1e9, pause / 1e9);
}

void
virLockGuardWorkerLook(virLockGuardWorker *worker, guint fenced, gboolean killing, virLeaseTime now)
{
    virLeaseSpan silent;
    gboolean dealt;

    if (!worker->pid)
        return;
    silent = virLockGuardLifeLook(&worker->life, virLockGuardPageGetBeats(worker->page, VIR_LOCK_GUARD_SIDE_WORKER), now);
    if (silent < VIR_LOCK_GUARD_LIFE_HUNG) {
        if (worker->hung && silent == 0) {
            VIR_WARN("the worker (process %d) goes on", (int) worker->pid);
            worker->hung = FALSE;
        }
        /* One that hangs already, if only for a moment, has to answer for those since. */
        if (silent == 0)
            worker->fenced = fenced;
        return;
    }
    if (!worker->hung)
        VIR_ERROR("the worker (process %d) has hung for %.1f s: leases are not renewed", (int) worker->pid, silent / 1e9);
    worker->hung = TRUE;
    dealt = fenced > worker->fenced && !killing;
    if (worker->killed || (!dealt && silent < VIR_LOCK_GUARD_WORKER_HOPELESS))
        return;
    VIR_ERROR("the worker (process %d) has hung for %.1f s%s: it is killed, and another one started",
              (int) worker->pid, silent / 1e9, dealt ? ", and its guests were dealt with" : "");
    worker->killed = TRUE;
    virLockGuardWorkerSignal(worker, SIGKILL);
}

void
virLockGuardWorkerSignal(const virLockGuardWorker *worker, int sig)
{
    if (worker->pidfd < 0 || virPidFDSendSignal(worker->pidfd, sig) == 0 || errno == ESRCH)
        return;
    VIR_ERROR("the worker (process %d) cannot be ended: %s", (int) worker->pid, virGetLastErrorMessage());
}

void
virLockGuardWorkerTell(const virLockGuardWorker *worker, virLockGuardMessageType type, int passed)
{
    virLockGuardMessage message = { .type = type };

    if (worker->channel < 0)
        return;
    if (virLockGuardMessageSend(worker->channel, &message, passed) < 0)
        VIR_WARN("the worker (process %d) cannot be told anything, ignoring: %s", (int) worker->pid, g_strerror(errno));
}

void
virLockGuardWorkerClear(virLockGuardWorker *worker)
{
    virLockGuardWorkerClose(&worker->pidfd);
    virLockGuardWorkerClose(&worker->channel);
    virLockGuardWorkerClose(&worker->socket);
    virLockGuardWorkerClose(&worker->locks[0]);
    virLockGuardWorkerClose(&worker->locks[1]);
}
