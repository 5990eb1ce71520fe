/*
 * lock_daemon_guard.c: the running owners of a lockspace, and the end of its lease
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_guard.h"
#include "lock_daemon_timer.h"
#include "virgettext.h"
#include "virlog.h"
#include "virtime.h"

VIR_LOG_INIT("locking.guard");

/* Before a lease is known. */
#define VIR_LOCK_DAEMON_GUARD_MARGIN (10 * VIR_LEASE_SECOND)

struct _virLockDaemonGuard {
    GHashTable *owners;     /* a set of virLockDaemonOwner */
    GHashTable *ignored;    /* those of them that are spared */
    virLeaseTime end;       /* VIR_LEASE_TIME_NEVER before there was a lease */
    virLeaseSpan margin;
    virLockDaemonTimer *timer;
};

static void
virLockDaemonGuardFenceOwner(virLockDaemonGuard *guard, virLockDaemonOwner *owner)
{
    if (!g_hash_table_contains(guard->ignored, owner)) {
        virLockDaemonOwnerFence(owner, _("its lease is about to end and was not renewed"),
                                virLockDaemonGuardGetGrace(guard));
        return;
    }
    VIR_WARN("lockspace '%s': the lease is about to end and was not renewed; guest '%s' (uuid %s, process %lld) runs on, ignoring that, as on_lockfailure says",
             owner->lockspace, owner->name, owner->uuid, (long long) owner->pid);
}

static void
virLockDaemonGuardFence(void *opaque)
{
    virLockDaemonGuard *guard = opaque;
    GHashTableIter iter;
    gpointer owner;

    g_hash_table_iter_init(&iter, guard->owners);
    while (g_hash_table_iter_next(&iter, &owner, NULL))
        virLockDaemonGuardFenceOwner(guard, owner);
}

static void
virLockDaemonGuardSetTimer(virLockDaemonGuard *guard)
{
    virLeaseTime at = VIR_LEASE_TIME_NEVER;

    if (g_hash_table_size(guard->owners) > 0 && guard->end != VIR_LEASE_TIME_NEVER)
        at = guard->end - guard->margin;
    virLockDaemonTimerSet(guard->timer, at);
}

virLockDaemonGuard *
virLockDaemonGuardNew(void)
{
    g_autoptr(virLockDaemonGuard) guard = g_new0(virLockDaemonGuard, 1);

    guard->owners = g_hash_table_new(NULL, NULL);
    guard->ignored = g_hash_table_new(NULL, NULL);
    guard->end = VIR_LEASE_TIME_NEVER;
    guard->margin = VIR_LOCK_DAEMON_GUARD_MARGIN;
    guard->timer = virLockDaemonTimerNew(virLockDaemonGuardFence, guard);
    if (!guard->timer)
        return NULL;
    return g_steal_pointer(&guard);
}

void
virLockDaemonGuardFree(virLockDaemonGuard *guard)
{
    if (!guard)
        return;
    virLockDaemonTimerFree(guard->timer);
    g_hash_table_unref(guard->owners);
    g_hash_table_unref(guard->ignored);
    g_free(guard);
}

gboolean
virLockDaemonGuardEnter(virLockDaemonGuard *guard, virLockDaemonOwner *owner)
{
    if (owner->exited || owner->fencing)
        return FALSE;
    g_hash_table_add(guard->owners, owner);
    if (owner->ignore)
        g_hash_table_add(guard->ignored, owner);
    else
        g_hash_table_remove(guard->ignored, owner);
    virLockDaemonGuardSetTimer(guard);
    return TRUE;
}

void
virLockDaemonGuardLeave(virLockDaemonGuard *guard, virLockDaemonOwner *owner)
{
    g_hash_table_remove(guard->owners, owner);
    g_hash_table_remove(guard->ignored, owner);
    virLockDaemonGuardSetTimer(guard);
}

void
virLockDaemonGuardSetEnd(virLockDaemonGuard *guard, virLeaseTime end, virLeaseSpan margin)
{
    guard->end = end;
    guard->margin = margin;
    virLockDaemonGuardSetTimer(guard);
}

virLeaseSpan
virLockDaemonGuardGetGrace(const virLockDaemonGuard *guard)
{
    return guard->margin / 4;
}
