/*
 * lock_daemon_guard.c: what the guard is told of one lockspace
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_guard.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("locking.guardlink");

/* Before a lease is known. */
#define VIR_LOCK_DAEMON_GUARD_MARGIN (10 * VIR_LEASE_SECOND)

struct _virLockDaemonGuard {
    virLockDaemonGuardLink *link;
    char *lockspace;
    int index;
    virLeaseSpan margin;
};

virLockDaemonGuard *
virLockDaemonGuardNew(virLockDaemonGuardLink *link, const char *lockspace)
{
    virLockDaemonGuard *guard;
    int index = virLockDaemonGuardLinkAddLockspace(link, lockspace);

    if (index < 0)
        return NULL;
    guard = g_new0(virLockDaemonGuard, 1);
    guard->link = link;
    guard->lockspace = g_strdup(lockspace);
    guard->index = index;
    guard->margin = VIR_LOCK_DAEMON_GUARD_MARGIN;
    return guard;
}

void
virLockDaemonGuardFree(virLockDaemonGuard *guard)
{
    if (!guard)
        return;
    g_free(guard->lockspace);
    g_free(guard);
}

gboolean
virLockDaemonGuardEnter(virLockDaemonGuard *guard, virLockDaemonOwner *owner)
{
    if (owner->exited || owner->fencing)
        return FALSE;
    if (virLockDaemonGuardLinkEnter(guard->link, guard->index, owner) == 0)
        return TRUE;
    VIR_ERROR("lockspace '%s': %s", guard->lockspace, virGetLastErrorMessage());
    virResetLastError();
    return FALSE;
}

void
virLockDaemonGuardLeave(virLockDaemonGuard *guard, virLockDaemonOwner *owner)
{
    virLockDaemonGuardLinkLeave(guard->link, owner);
}

void
virLockDaemonGuardSetEnd(virLockDaemonGuard *guard, virLeaseTime end, virLeaseSpan margin)
{
    guard->margin = margin;
    virLockDaemonGuardLinkSetEnd(guard->link, guard->index, guard->lockspace, end, margin);
}

virLeaseSpan
virLockDaemonGuardGetGrace(const virLockDaemonGuard *guard)
{
    return guard->margin / 4;
}
