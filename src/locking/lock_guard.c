/*
 * lock_guard.c: the guard, the process that users know as virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_daemon_process.h"
#include "lock_daemon_service.h"
#include "lock_daemon_systemd.h"
#include "lock_guard.h"
#include "lock_guard_rank.h"
#include "lock_guard_table.h"
#include "lock_guard_watchdog.h"
#include "lock_guard_worker.h"
#include "virerror.h"
#include "virlockspacebox.h"
#include "virlog.h"
#include "virnetsocket.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.guard");

/* More than the worker takes to end in good order. */
#define VIR_LOCK_GUARD_FAREWELL (4 * VIR_LEASE_SECOND)
#define VIR_LOCK_GUARD_WATCHDOG_FDNAME "wdmd"       /* for systemd's store */
#define VIR_LOCK_GUARD_FAREWELL_HURRIED (500 * VIR_LEASE_MILLISECOND)

typedef struct _virLockGuard virLockGuard;
struct _virLockGuard {
    const virLockDaemonOptions *options;
    virLockGuardPage *page;
    virLockGuardTable *table;
    virLockGuardWorker worker;
    virLockGuardWatchdog watchdog;
    int kept;                   /* the connection with wdmd that the worker holds too; -1: none */
    int signals;                /* signalfd */
    int timer;                  /* timerfd */
    int starter;                /* where to say that all is ready; -1: to nobody */
    virLeaseTime beat;          /* when the next one is due */
    virLeaseTime farewell;      /* the worker is killed then; NEVER: it was not told to end */
    gboolean done;
    gboolean failed;
};

static void
virLockGuardTakeLogLevel(virLockGuard *guard)
{
    guint64 level = virLockGuardPageGet(guard->page, VIR_LOCK_GUARD_SETTING_LOG_LEVEL);

    if (level >= VIR_LOG_DEBUG && level <= VIR_LOG_ERROR)
        virLogSetPriority((virLogPriority) level);
}

/* The pid file and systemd must know who is the guard now. */
static int
virLockGuardAnnounce(virLockGuard *guard, const char *state)
{
    if (guard->options->pidFile && virLockDaemonProcessWritePidFile(guard->options->pidFile) < 0)
        return -1;
    virLockDaemonSystemdNotify(state);
    return 0;
}

/* ---- telling the worker to end ---- */

static void
virLockGuardEnd(virLockGuard *guard, virLeaseTime now)
{
    if (!guard->worker.pid) {
        guard->done = TRUE;
        return;
    }
    if (guard->farewell != VIR_LEASE_TIME_NEVER) {
        virLockGuardWorkerTell(&guard->worker, VIR_LOCK_GUARD_MESSAGE_HURRY, -1);
        guard->farewell = now + VIR_LOCK_GUARD_FAREWELL_HURRIED;
        return;
    }
    virLockDaemonSystemdNotify("STOPPING=1");
    virLockGuardWorkerTell(&guard->worker, VIR_LOCK_GUARD_MESSAGE_END, -1);
    guard->farewell = now + VIR_LOCK_GUARD_FAREWELL;
}

/* ---- the worker says something ---- */

static void
virLockGuardReady(virLockGuard *guard)
{
    virLockGuardTakeLogLevel(guard);
    if (guard->worker.ready) {
        VIR_INFO("the worker (process %d) serves", (int) guard->worker.pid);
        return;
    }
    if (virLockGuardAnnounce(guard, "READY=1") < 0) {
        guard->failed = TRUE;
        virLockGuardEnd(guard, virTimeBootNow());
        return;
    }
    guard->worker.ready = TRUE;
    virLockDaemonProcessReady(guard->starter);
    guard->starter = -1;
}

static void
virLockGuardAnswer(virLockGuard *guard, const virLockGuardMessage *question)
{
    virLockGuardMessage answer = {
        .type = VIR_LOCK_GUARD_MESSAGE_ENTERED,
        .slot = question->slot,
        .serial = question->serial,
        .ok = virLockGuardTableTake(guard->table, question->slot),
    };

    if (virLockGuardMessageSend(guard->worker.channel, &answer, -1) < 0)
        VIR_WARN("the worker gets no answer, ignoring: %s", g_strerror(errno));
}

static void
virLockGuardHear(virLockGuard *guard, const virLockGuardMessage *message, int passed)
{
    switch (message->type) {
    case VIR_LOCK_GUARD_MESSAGE_READY:
        if (passed >= 0) {
            if (guard->worker.socket >= 0)
                close(guard->worker.socket);
            guard->worker.socket = passed;
            passed = -1;
        }
        virLockGuardReady(guard);
        break;
    case VIR_LOCK_GUARD_MESSAGE_ENTER:
        virLockGuardAnswer(guard, message);
        break;
    default:
        VIR_WARN("the worker says something unknown (%u), ignoring", message->type);
    }
    if (passed >= 0)
        close(passed);
}

static void
virLockGuardListen(virLockGuard *guard)
{
    virLockGuardMessage message;
    int passed = -1;
    int rc = 0;

    while (guard->worker.channel >= 0 &&
           (rc = virLockGuardMessageReceive(guard->worker.channel, &message, &passed)) > 0)
        virLockGuardHear(guard, &message, passed);
    if (rc < 0) {
        close(guard->worker.channel);
        guard->worker.channel = -1;
    }
}

/* ---- the watchdog ---- */

/* Who comes after this guard goes on with the same connection: the next one
 * gets it from the worker, or from systemd if both are gone. */
static void
virLockGuardKeepWatchdog(virLockGuard *guard)
{
    if (guard->kept == guard->watchdog.connection || !guard->worker.pid)
        return;
    guard->kept = guard->watchdog.connection;
    virLockGuardWorkerTell(&guard->worker, VIR_LOCK_GUARD_MESSAGE_KEEP, guard->kept);
    if (guard->kept >= 0)
        virLockDaemonSystemdStore(VIR_LOCK_GUARD_WATCHDOG_FDNAME, guard->kept);
    else
        virLockDaemonSystemdNotify("FDSTOREREMOVE=1\nFDNAME=" VIR_LOCK_GUARD_WATCHDOG_FDNAME);
}

/* Before a worker has served nobody knows which owners run, and what an earlier
 * guard told counts. */
static virLeaseTime
virLockGuardFeed(virLockGuard *guard, virLeaseTime now)
{
    virLeaseTime end;
    virLeaseTime next;

    if (!guard->watchdog.wanted || !guard->worker.ready)
        return VIR_LEASE_TIME_NEVER;
    end = virLockGuardTableGetEnd(guard->table);
    next = virLockGuardWatchdogAct(&guard->watchdog, end, now);
    virLockGuardKeepWatchdog(guard);
    return end > now ? MIN(next, end) : next;
}

/* ---- the worker ends ---- */

static void
virLockGuardStartWorker(virLockGuard *guard, virLeaseTime now)
{
    if (virLockGuardWorkerStart(&guard->worker, now) == 0) {
        VIR_INFO("the worker is now process %d", (int) guard->worker.pid);
        guard->kept = -1;
        return;
    }
    VIR_ERROR("no worker: %s", virGetLastErrorMessage());
    virLockGuardWorkerPlan(&guard->worker, now);
}

static void
virLockGuardLogEnd(pid_t pid, int code, int status)
{
    if (code == CLD_EXITED)
        VIR_ERROR("the worker (process %d) has ended with status %d, though it was not told to", (int) pid, status);
    else if (code)
        VIR_ERROR("the worker (process %d) was ended by signal %d", (int) pid, status);
    else
        VIR_ERROR("the worker (process %d) has ended", (int) pid);
}

static void
virLockGuardWorkerGone(virLockGuard *guard, pid_t pid, int code, int status, virLeaseTime now)
{
    if (guard->farewell != VIR_LEASE_TIME_NEVER) {
        guard->done = TRUE;
        return;
    }
    if (!guard->worker.ready) {
        /* It has said why, unless it was killed. */
        if (code != CLD_EXITED)
            virReportError(VIR_ERR_INTERNAL_ERROR, _("the worker was ended by signal %1$d before it was ready"), status);
        guard->failed = guard->done = TRUE;
        return;
    }
    virLockGuardLogEnd(pid, code, status);
    virLockGuardWorkerPlan(&guard->worker, now);
}

static void
virLockGuardCheckWorker(virLockGuard *guard, virLeaseTime now)
{
    pid_t pid = guard->worker.pid;
    int code = 0;
    int status = 0;

    if (virLockGuardWorkerEnded(&guard->worker, &code, &status))
        virLockGuardWorkerGone(guard, pid, code, status, now);
    if (!guard->done && !guard->worker.pid && guard->worker.at <= now)
        virLockGuardStartWorker(guard, now);
}

/* ---- signals ---- */

static void
virLockGuardTakeSignals(virLockGuard *guard, virLeaseTime now)
{
    struct signalfd_siginfo info;

    while (read(guard->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo == SIGHUP)
            virLockGuardWorkerTell(&guard->worker, VIR_LOCK_GUARD_MESSAGE_RELOAD, -1);
        else if (info.ssi_signo == SIGUSR1)
            virLockGuardWorkerTell(&guard->worker, VIR_LOCK_GUARD_MESSAGE_LOG, -1);
        else
            virLockGuardEnd(guard, now);
    }
}

static int
virLockGuardOpenSignals(virLockGuard *guard)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0 &&
        (guard->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) >= 0)
        return 0;
    virReportSystemError(errno, "%s", _("cannot watch for signals"));
    return -1;
}

/* ---- waiting ---- */

static void
virLockGuardSetTimer(virLockGuard *guard, virLeaseTime at)
{
    struct itimerspec spec = { .it_value = { 0, 0 } };

    at = MAX(at, 1);    /* 0 would switch it off */
    spec.it_value.tv_sec = at / VIR_LEASE_SECOND;
    spec.it_value.tv_nsec = at % VIR_LEASE_SECOND;
    if (timerfd_settime(guard->timer, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
        g_error("cannot set a timer: %s", g_strerror(errno));
}

static void
virLockGuardWait(virLockGuard *guard, virLeaseTime at)
{
    /* What is -1 is not looked at. */
    struct pollfd fds[] = {
        { .fd = guard->signals, .events = POLLIN },
        { .fd = guard->timer, .events = POLLIN },
        { .fd = guard->worker.channel, .events = POLLIN },
        { .fd = guard->worker.pidfd, .events = POLLIN },
    };

    virLockGuardSetTimer(guard, at);
    if (poll(fds, G_N_ELEMENTS(fds), -1) < 0 && errno != EINTR)
        g_error("cannot wait: %s", g_strerror(errno));
}

static void
virLockGuardBeat(virLockGuard *guard, virLeaseTime now)
{
    guard->beat = now + VIR_LOCK_GUARD_LIFE_BEAT;
    virLockGuardPageBeat(guard->page, VIR_LOCK_GUARD_SIDE_GUARD);
    virLockGuardTakeLogLevel(guard);
    virLockGuardWorkerLook(&guard->worker, virLockGuardTableGetFenced(guard->table),
                           virLockGuardTableIsKilling(guard->table), now);
}

/* One turn: all that is due. Returns when something more will be. Signals come
 * before the worker's end: the same hand may have sent both. */
static virLeaseTime
virLockGuardTurn(virLockGuard *guard)
{
    virLeaseTime now = virTimeBootNow();
    virLeaseTime next = virLockGuardTableAct(guard->table, now);

    virLockGuardTakeSignals(guard, now);
    virLockGuardListen(guard);
    virLockGuardCheckWorker(guard, now);
    if (now >= guard->beat)
        virLockGuardBeat(guard, now);
    if (now >= guard->farewell) {
        VIR_WARN("the worker has not ended in time, and is killed");
        virLockGuardWorkerSignal(&guard->worker, SIGKILL);
        guard->farewell = now + VIR_LOCK_GUARD_FAREWELL;
    }
    next = MIN(next, virLockGuardFeed(guard, now));
    return MIN(MIN(next, guard->beat), MIN(guard->worker.at, guard->farewell));
}

static void
virLockGuardLoop(virLockGuard *guard)
{
    virLeaseTime next = virLockGuardTurn(guard);

    while (!guard->done) {
        virLockGuardWait(guard, next);
        next = virLockGuardTurn(guard);
    }
}

/* ---- beginning and end ---- */

static int
virLockGuardOpen(virLockGuard *guard, const virLockDaemonOptions *options)
{
    virLeaseTime now = virTimeBootNow();

    virLockDaemonProcessRaiseFiles();
    guard->options = options;
    guard->table = virLockGuardTableNew(guard->page);
    guard->beat = now;
    guard->farewell = VIR_LEASE_TIME_NEVER;
    guard->timer = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    virLockGuardWorkerInit(&guard->worker, guard->page, options, now);
    if (guard->timer < 0) {
        virReportSystemError(errno, "%s", _("cannot make a timer"));
        return -1;
    }
    if (virLockGuardOpenSignals(guard) < 0)
        return -1;
    virLogSetPriority(options->verbose ? VIR_LOG_DEBUG : VIR_LOG_INFO);
    virLockGuardTakeLogLevel(guard);
    virLockGuardRankRaise();
    return 0;
}

/* What the process leaves in the file system, if it is the last of its kind. */
static void
virLockGuardRemoveFiles(virLockGuard *guard)
{
    struct stat file = {
        .st_dev = virLockGuardPageGet(guard->page, VIR_LOCK_GUARD_SETTING_SOCKET_DEVICE),
        .st_ino = virLockGuardPageGet(guard->page, VIR_LOCK_GUARD_SETTING_SOCKET_INODE),
    };

    if (file.st_ino)
        virNetSocketRemove(guard->options->socket, &file);
    if (guard->options->pidFile && guard->worker.ready)
        unlink(guard->options->pidFile);
}

static void
virLockGuardClose(virLockGuard *guard)
{
    virLockGuardWorkerClear(&guard->worker);
    if (guard->signals >= 0)
        close(guard->signals);
    if (guard->timer >= 0)
        close(guard->timer);
    if (guard->starter >= 0)
        close(guard->starter);
    virLockGuardWatchdogClose(&guard->watchdog);
    virLockGuardTableFree(guard->table);
    virLockGuardPageFree(guard->page);
}

static int
virLockGuardServe(virLockGuard *guard)
{
    virLockGuardLoop(guard);
    virLockGuardTableHurry(guard->table);
    if (!guard->failed)
        virLockGuardWatchdogRelease(&guard->watchdog);
    virLockGuardRemoveFiles(guard);
    return guard->failed ? -1 : 0;
}

static int
virLockGuardBegin(virLockGuard *guard, const virLockDaemonOptions *options, const virLockDaemonPassed *passed)
{
    if (!(guard->page = virLockGuardPageNew(VIR_LOCK_GUARD_PAGE_OWNERS_MAX)) ||
        virLockGuardOpen(guard, options) < 0 ||
        virLockSpaceBoxMake(guard->worker.locks) < 0 ||
        virLockGuardWatchdogConnect(&guard->watchdog) < 0)
        return -1;
    virLockGuardPageSet(guard->page, VIR_LOCK_GUARD_SETTING_WATCHDOG, guard->watchdog.wanted != FALSE);
    guard->worker.socket = passed->socket;
    if (virLockGuardWorkerStart(&guard->worker, virTimeBootNow()) < 0)
        return -1;
    return virLockGuardServe(guard);
}

int
virLockGuardRun(const virLockDaemonOptions *options)
{
    virLockGuard guard = { .signals = -1, .timer = -1, .starter = -1, .kept = -1 };
    g_autoptr(virLockDaemonConfig) config = NULL;
    virLockDaemonPassed passed;
    int rc = -1;

    if (virLockDaemonSystemdGetPassed(VIR_LOCK_GUARD_WATCHDOG_FDNAME, &passed) < 0 ||
        !(config = virLockDaemonServiceLoadConfig(options)))
        return -1;
    virLockGuardWatchdogInit(&guard.watchdog, config->watchdog, passed.stored);
    guard.worker.pidfd = guard.worker.channel = guard.worker.socket = -1;
    guard.worker.locks[0] = guard.worker.locks[1] = -1;
    if (!options->daemon || (guard.starter = virLockDaemonProcessDaemonize()) >= 0)
        rc = virLockGuardBegin(&guard, options, &passed);
    virLockGuardClose(&guard);
    return rc;
}

int
virLockGuardTakeOver(const virLockDaemonOptions *options, const virLockGuardInherited *inherited)
{
    virLockGuard guard = { .signals = -1, .timer = -1, .starter = -1, .kept = inherited->watchdog };
    g_autofree char *state = g_strdup_printf("MAINPID=%lld", (long long) getpid());
    int rc = -1;

    guard.worker.pidfd = guard.worker.channel = guard.worker.socket = -1;
    guard.worker.locks[0] = guard.worker.locks[1] = -1;
    virLockGuardWatchdogInit(&guard.watchdog, FALSE, inherited->watchdog);
    if ((guard.page = virLockGuardPageOpen(inherited->page)) && virLockGuardOpen(&guard, options) == 0) {
        guard.watchdog.wanted = virLockGuardPageGet(guard.page, VIR_LOCK_GUARD_SETTING_WATCHDOG) == 1;
        virLockGuardWorkerAdopt(&guard.worker, inherited);
        (void) virLockGuardTableAct(guard.table, virTimeBootNow());
        VIR_INFO("guards the worker (process %d) from now on, and %u guests",
                 (int) inherited->pid, virLockGuardTableGetRunning(guard.table));
        if (virLockGuardAnnounce(&guard, state) < 0)
            VIR_WARN("not told who is the guard now, ignoring: %s", virGetLastErrorMessage());
        rc = virLockGuardServe(&guard);
    }
    virLockGuardClose(&guard);
    return rc;
}
