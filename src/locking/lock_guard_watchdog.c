/*
 * lock_guard_watchdog.c: wdmd, which resets this host if all else fails
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#if WITH_WDMD
# include <wdmd.h>
#endif

#include "lock_guard_watchdog.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.watchdog");

#define VIR_LOCK_GUARD_WATCHDOG_NAME "virtleased"
#define VIR_LOCK_GUARD_WATCHDOG_IMPATIENCE_US 500000    /* with a wdmd that does not accept */

void
virLockGuardWatchdogInit(virLockGuardWatchdog *watchdog, gboolean wanted, int connection)
{
    *watchdog = (virLockGuardWatchdog) { .wanted = wanted, .connection = connection };
}

void
virLockGuardWatchdogClose(virLockGuardWatchdog *watchdog)
{
    if (watchdog->connection >= 0)
        close(watchdog->connection);
    watchdog->connection = -1;
    watchdog->state = VIR_LOCK_GUARD_WATCHDOG_UNKNOWN;
}

#if WITH_WDMD

/* ---- what libwdmd does, which may block and knows no deadline ---- */

static void
virLockGuardWatchdogInterrupt(int sig G_GNUC_UNUSED)
{
}

/* Comes again and again, should the first be too early for the call. */
static void
virLockGuardWatchdogSetAlarm(suseconds_t us)
{
    struct itimerval timer = { .it_value = { 0, us }, .it_interval = { 0, us } };

    setitimer(ITIMER_REAL, &timer, NULL);
}

static int
virLockGuardWatchdogOpen(void)
{
    struct sigaction action = { .sa_handler = virLockGuardWatchdogInterrupt };
    struct sigaction old;
    char name[] = VIR_LOCK_GUARD_WATCHDOG_NAME;
    int fd;
    int rc;

    sigaction(SIGALRM, &action, &old);
    virLockGuardWatchdogSetAlarm(VIR_LOCK_GUARD_WATCHDOG_IMPATIENCE_US);
    fd = wdmd_connect();
    rc = fd < 0 ? fd : wdmd_register(fd, name);
    virLockGuardWatchdogSetAlarm(0);
    sigaction(SIGALRM, &old, NULL);
    if (rc >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        return fd;
    if (rc >= 0)
        rc = -errno;
    if (fd >= 0)
        close(fd);
    errno = -rc;
    return -1;
}

static guint64
virLockGuardWatchdogClock(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (guint64) now.tv_sec;
}

/* Each returns 0, or a negative errno value. */
static int
virLockGuardWatchdogTell(virLockGuardWatchdog *watchdog, virLockGuardWatchdogState state)
{
    guint64 now = virLockGuardWatchdogClock();
    int fd = watchdog->connection;
    int rc;

    switch (state) {
    case VIR_LOCK_GUARD_WATCHDOG_FED:
        if (watchdog->state != state && (rc = wdmd_refcount_set(fd)) < 0)
            return rc;
        return wdmd_test_live(fd, now, now + VIR_LOCK_GUARD_WATCHDOG_LAST / VIR_LEASE_SECOND);
    case VIR_LOCK_GUARD_WATCHDOG_WITHHELD:
        /* It is over now: no need to wait until what was said before is. */
        return wdmd_test_live(fd, now, now);
    case VIR_LOCK_GUARD_WATCHDOG_IDLE:
    case VIR_LOCK_GUARD_WATCHDOG_UNKNOWN:
    default:
        if ((rc = wdmd_test_live(fd, 0, 0)) < 0)
            return rc;
        return wdmd_refcount_clear(fd);
    }
}

#else /* WITHOUT wdmd the configuration does not ask for it */

static int
virLockGuardWatchdogOpen(void)
{
    errno = ENOSYS;
    return -1;
}

static int
virLockGuardWatchdogTell(virLockGuardWatchdog *watchdog G_GNUC_UNUSED, virLockGuardWatchdogState state G_GNUC_UNUSED)
{
    return -ENOSYS;
}

#endif

/* ---- when to tell it what ---- */

int
virLockGuardWatchdogConnect(virLockGuardWatchdog *watchdog)
{
    if (!watchdog->wanted || watchdog->connection >= 0)
        return 0;
    watchdog->connection = virLockGuardWatchdogOpen();
    watchdog->state = VIR_LOCK_GUARD_WATCHDOG_UNKNOWN;
    if (watchdog->connection >= 0)
        return 0;
    virReportSystemError(errno, "%s",
                         _("cannot connect to wdmd, which 'watchdog' asks for: is its service running, and has this host a watchdog device?"));
    return -1;
}

static void
virLockGuardWatchdogReconnect(virLockGuardWatchdog *watchdog, virLeaseTime now)
{
    watchdog->next = now + VIR_LOCK_GUARD_WATCHDOG_RETRY;
    if (virLockGuardWatchdogConnect(watchdog) < 0) {
        virResetLastError();
        return;
    }
    VIR_WARN("connected to wdmd again");
    watchdog->lost = FALSE;
}

static void
virLockGuardWatchdogFailed(virLockGuardWatchdog *watchdog, int error)
{
    if (!watchdog->lost)
        VIR_ERROR("wdmd takes no message, ignoring: %s", g_strerror(error));
    watchdog->lost = TRUE;
    /* One that only does not read may do so yet; it is not told twice. */
    if (error != EAGAIN)
        virLockGuardWatchdogClose(watchdog);
}

static void
virLockGuardWatchdogLog(virLockGuardWatchdogState old, virLockGuardWatchdogState state)
{
    if (state == VIR_LOCK_GUARD_WATCHDOG_WITHHELD)
        VIR_ERROR("a guest has outlived its lease: wdmd is not to keep the watchdog from resetting this host");
    else if (old == VIR_LOCK_GUARD_WATCHDOG_WITHHELD)
        VIR_WARN("no guest outlives its lease any more: wdmd is content again");
    else
        VIR_DEBUG("wdmd: %s", state == VIR_LOCK_GUARD_WATCHDOG_FED ? "guests run" : "no guests");
}

static void
virLockGuardWatchdogMove(virLockGuardWatchdog *watchdog, virLockGuardWatchdogState state, virLeaseTime now)
{
    int rc = virLockGuardWatchdogTell(watchdog, state);

    watchdog->next = now + VIR_LOCK_GUARD_WATCHDOG_FEED;
    if (rc < 0) {
        virLockGuardWatchdogFailed(watchdog, -rc);
        return;
    }
    watchdog->lost = FALSE;
    if (watchdog->state != state)
        virLockGuardWatchdogLog(watchdog->state, state);
    watchdog->state = state;
}

virLeaseTime
virLockGuardWatchdogAct(virLockGuardWatchdog *watchdog, virLeaseTime end, virLeaseTime now)
{
    virLockGuardWatchdogState state = VIR_LOCK_GUARD_WATCHDOG_FED;

    if (!watchdog->wanted)
        return VIR_LEASE_TIME_NEVER;
    if (watchdog->connection < 0 && now >= watchdog->next)
        virLockGuardWatchdogReconnect(watchdog, now);
    if (watchdog->connection < 0)
        return watchdog->next;
    if (end == VIR_LEASE_TIME_NEVER)
        state = VIR_LOCK_GUARD_WATCHDOG_IDLE;
    else if (end <= now)
        state = VIR_LOCK_GUARD_WATCHDOG_WITHHELD;
    if (state != watchdog->state || now >= watchdog->next)
        virLockGuardWatchdogMove(watchdog, state, now);
    return watchdog->next;
}

void
virLockGuardWatchdogRelease(virLockGuardWatchdog *watchdog)
{
    if (watchdog->connection < 0 || watchdog->state == VIR_LOCK_GUARD_WATCHDOG_WITHHELD)
        return;
    if (watchdog->state == VIR_LOCK_GUARD_WATCHDOG_FED)
        VIR_WARN("wdmd is told that there is nothing to watch over, though guests run on");
    virLockGuardWatchdogMove(watchdog, VIR_LOCK_GUARD_WATCHDOG_IDLE, 0);
}
