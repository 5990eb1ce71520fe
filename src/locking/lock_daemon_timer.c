/*
 * lock_daemon_timer.c: a timer of the main loop that counts a host's sleep
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <glib-unix.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "lock_daemon_timer.h"
#include "virerror.h"
#include "virgettext.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

struct _virLockDaemonTimer {
    int fd;
    GSource *source;
    virLockDaemonTimerFunc func;
    void *opaque;
};

static gboolean
virLockDaemonTimerFired(gint fd, GIOCondition condition G_GNUC_UNUSED, gpointer opaque)
{
    virLockDaemonTimer *timer = opaque;
    guint64 times;

    /* Nothing to read: it was set anew after poll() had seen it. */
    if (read(fd, &times, sizeof(times)) == sizeof(times))
        timer->func(timer->opaque);
    return G_SOURCE_CONTINUE;
}

virLockDaemonTimer *
virLockDaemonTimerNew(virLockDaemonTimerFunc func, void *opaque)
{
    virLockDaemonTimer *timer;
    int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);

    if (fd < 0) {
        virReportSystemError(errno, "%s", _("cannot make a timer"));
        return NULL;
    }

    timer = g_new0(virLockDaemonTimer, 1);
    timer->fd = fd;
    timer->func = func;
    timer->opaque = opaque;
    timer->source = g_unix_fd_source_new(fd, G_IO_IN);
    /* Renewals and fencing come before any client's requests. */
    g_source_set_priority(timer->source, G_PRIORITY_HIGH);
    g_source_set_callback(timer->source, G_SOURCE_FUNC(virLockDaemonTimerFired), timer, NULL);
    g_source_attach(timer->source, NULL);
    return timer;
}

void
virLockDaemonTimerSet(virLockDaemonTimer *timer, virLeaseTime at)
{
    struct itimerspec spec = { .it_value = { 0, 0 } };

    /* The value 0 would switch it off. */
    if (at != VIR_LEASE_TIME_NEVER) {
        at = MAX(at, 1);
        spec.it_value.tv_sec = at / VIR_LEASE_SECOND;
        spec.it_value.tv_nsec = at % VIR_LEASE_SECOND;
    }
    if (timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
        g_error("cannot set a timer: %s", g_strerror(errno));
}

void
virLockDaemonTimerFree(virLockDaemonTimer *timer)
{
    if (!timer)
        return;
    g_source_destroy(timer->source);
    g_source_unref(timer->source);
    close(timer->fd);
    g_free(timer);
}
