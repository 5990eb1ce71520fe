/*
 * lock_daemon_owner.c: a guest's process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lock_daemon_owner.h"
#include "lock_daemon_pauser.h"
#include "lock_daemon_timer.h"
#include "virerror.h"
#include "virlog.h"
#include "virprocess.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.owner");

#define VIR_LOCK_DAEMON_OWNER_PATIENCE VIR_LEASE_SECOND             /* after SIGKILL */
#define VIR_LOCK_DAEMON_OWNER_PATIENCE_MAX (60 * VIR_LEASE_SECOND)
#define VIR_LOCK_DAEMON_OWNER_STOP_TERM_MS 2000
#define VIR_LOCK_DAEMON_OWNER_STOP_KILL_MS 3000

int
virLockDaemonOwnerOpenProcess(pid_t pid, const char *name, unsigned long long *start)
{
    int pidfd = virPidFDOpen(pid);

    /* The start time is that of pidfd's process only if that still exists. */
    if (pidfd >= 0 && virProcessGetStartTime(pid, start) == 0 && !virPidFDExited(pidfd))
        return pidfd;
    if (pidfd >= 0)
        close(pidfd);
    virReportError(VIR_ERR_INVALID_ARG,
                   _("guest '%1$s' has no process %2$lld that could be watched: it has ended, or it is not in the pid namespace of virtleased"),
                   name, (long long) pid);
    return -1;
}

int
virLockDaemonOwnerReopenProcess(pid_t pid, unsigned long long start)
{
    unsigned long long found = 0;
    int pidfd = virLockDaemonOwnerOpenProcess(pid, "?", &found);

    if (pidfd < 0) {
        virResetLastError();
        return -1;
    }
    if (found != start) {
        close(pidfd);
        return -1;
    }
    return pidfd;
}

static gboolean
virLockDaemonOwnerWaitProcess(int pidfd, int timeoutMs)
{
    struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
    gint64 end = virTimeBootNow() + timeoutMs * VIR_LEASE_MILLISECOND;
    int rc;

    do {
        rc = poll(&pfd, 1, MAX(0, (end - virTimeBootNow()) / VIR_LEASE_MILLISECOND));
    } while (rc < 0 && errno == EINTR);
    return rc > 0;
}

int
virLockDaemonOwnerStopProcess(int pidfd, pid_t pid)
{
    if (virPidFDSendSignal(pidfd, SIGTERM) < 0 && errno != ESRCH)
        return -1;
    if (virLockDaemonOwnerWaitProcess(pidfd, VIR_LOCK_DAEMON_OWNER_STOP_TERM_MS))
        return 0;
    if (virPidFDSendSignal(pidfd, SIGKILL) < 0 && errno != ESRCH)
        return -1;
    if (virLockDaemonOwnerWaitProcess(pidfd, VIR_LOCK_DAEMON_OWNER_STOP_KILL_MS))
        return 0;
    virReportError(VIR_ERR_OPERATION_FAILED,
                   _("process %1$lld cannot be killed: no lease can be relied on while it exists; reset this host"),
                   (long long) pid);
    return -1;
}

virLockDaemonOwner *
virLockDaemonOwnerNew(guint64 number, const char *lockspace, const char *uuid, const char *name,
                      pid_t pid, unsigned long long start, int pidfd)
{
    virLockDaemonOwner *owner = g_new0(virLockDaemonOwner, 1);

    owner->number = number;
    owner->lockspace = g_strdup(lockspace);
    g_strlcpy(owner->uuid, uuid, sizeof(owner->uuid));
    owner->name = g_strdup(name);
    owner->pid = pid;
    owner->start = start;
    owner->pidfd = pidfd;
    owner->exited = pidfd < 0;
    return owner;
}

static void
virLockDaemonOwnerUnwatch(virLockDaemonOwner *owner)
{
    if (!owner->watch)
        return;
    g_source_destroy(owner->watch);
    g_source_unref(owner->watch);
    owner->watch = NULL;
}

void
virLockDaemonOwnerFree(virLockDaemonOwner *owner)
{
    if (!owner)
        return;
    virLockDaemonOwnerUnwatch(owner);
    virLockDaemonPauserFree(owner->pauser);
    virLockDaemonTimerFree(owner->timer);
    if (owner->pidfd >= 0)
        close(owner->pidfd);
    g_free(owner->lockspace);
    g_free(owner->name);
    g_free(owner->unsaved);
    g_free(owner);
}

static gboolean
virLockDaemonOwnerGone(gint fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer opaque)
{
    virLockDaemonOwner *owner = opaque;

    owner->exited = TRUE;
    if (owner->fencing)
        VIR_INFO("lockspace '%s': the fenced guest '%s' (uuid %s, process %lld) is gone after %.3f s",
                 owner->lockspace, owner->name, owner->uuid, (long long) owner->pid,
                 (virTimeBootNow() - owner->fenced) / 1e9);
    if (owner->timer)
        virLockDaemonTimerSet(owner->timer, VIR_LEASE_TIME_NEVER);
    virLockDaemonOwnerUnwatch(owner);
    owner->func(owner, owner->opaque);
    return G_SOURCE_REMOVE;
}

void
virLockDaemonOwnerWatch(virLockDaemonOwner *owner, virLockDaemonOwnerExitedFunc func, void *opaque)
{
    if (owner->exited)
        return;
    owner->func = func;
    owner->opaque = opaque;
    owner->watch = g_unix_fd_source_new(owner->pidfd, G_IO_IN);
    g_source_set_callback(owner->watch, G_SOURCE_FUNC(virLockDaemonOwnerGone), owner, NULL);
    g_source_attach(owner->watch, NULL);
}

void
virLockDaemonOwnerPoll(virLockDaemonOwner *owner)
{
    if (owner->watch && virPidFDExited(owner->pidfd))
        virLockDaemonOwnerGone(owner->pidfd, G_IO_IN, owner);
}

static void
virLockDaemonOwnerSignal(virLockDaemonOwner *owner, int sig)
{
    if (virPidFDSendSignal(owner->pidfd, sig) == 0 || errno == ESRCH)
        return;
    VIR_ERROR("lockspace '%s': guest '%s' (process %lld) is not fenced: %s",
              owner->lockspace, owner->name, (long long) owner->pid, virGetLastErrorMessage());
}

static void
virLockDaemonOwnerKill(virLockDaemonOwner *owner)
{
    VIR_WARN("lockspace '%s': killing guest '%s' (uuid %s, process %lld), %.3f s after SIGTERM",
             owner->lockspace, owner->name, owner->uuid, (long long) owner->pid,
             (virTimeBootNow() - owner->fenced) / 1e9);
    owner->killed = TRUE;
    owner->patience = VIR_LOCK_DAEMON_OWNER_PATIENCE;
    virLockDaemonOwnerSignal(owner, SIGKILL);
}

static void
virLockDaemonOwnerComplain(virLockDaemonOwner *owner)
{
    VIR_ERROR("lockspace '%s': guest '%s' (uuid %s, process %lld) still exists %.1f s after it was fenced, and cannot be killed: another host may come to write its disks; reset this host",
              owner->lockspace, owner->name, owner->uuid, (long long) owner->pid,
              (virTimeBootNow() - owner->fenced) / 1e9);
    owner->patience = MIN(2 * owner->patience, VIR_LOCK_DAEMON_OWNER_PATIENCE_MAX);
    virLockDaemonOwnerSignal(owner, SIGKILL);
}

static void
virLockDaemonOwnerFenceGoOn(void *opaque)
{
    virLockDaemonOwner *owner = opaque;

    if (owner->killed)
        virLockDaemonOwnerComplain(owner);
    else
        virLockDaemonOwnerKill(owner);
    virLockDaemonTimerSet(owner->timer, virTimeBootNow() + owner->patience);
}

void
virLockDaemonOwnerFence(virLockDaemonOwner *owner, const char *reason, virLeaseSpan grace)
{
    if (owner->exited || owner->fencing)
        return;
    VIR_WARN("lockspace '%s': fencing guest '%s' (uuid %s, process %lld): %s",
             owner->lockspace, owner->name, owner->uuid, (long long) owner->pid, reason);
    owner->fencing = TRUE;
    owner->fenced = virTimeBootNow();
    owner->timer = virLockDaemonTimerNew(virLockDaemonOwnerFenceGoOn, owner);
    if (!owner->timer) {
        /* Nobody would remind us. */
        virLockDaemonOwnerKill(owner);
        return;
    }
    virLockDaemonOwnerSignal(owner, SIGTERM);
    virLockDaemonTimerSet(owner->timer, owner->fenced + grace);
}

void
virLockDaemonOwnerHurry(virLockDaemonOwner *owner)
{
    if (!owner->exited && owner->fencing && !owner->killed)
        virLockDaemonOwnerKill(owner);
}
