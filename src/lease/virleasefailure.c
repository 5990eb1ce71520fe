/*
 * virleasefailure.c: what happens to a guest whose lease is lost
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.failure");

static const char *const virLeaseFailureNames[VIR_LEASE_FAILURE_LAST] = {
    "poweroff", "restart", "pause", "ignore"
};


const char *
virLeaseFailureToString(virLeaseFailure failure)
{
    return virLeaseFailureNames[failure];
}


virLeaseFailure
virLeaseFailureFromString(const char *name)
{
    virLeaseFailure failure = VIR_LEASE_FAILURE_POWEROFF;

    while (failure < VIR_LEASE_FAILURE_LAST && g_strcmp0(name, virLeaseFailureNames[failure]) != 0)
        failure++;
    return failure;
}


/* ---- before the guests are stopped (rules 6 and 20) ---- */

/* How long before that libvirt is asked for its help: when the second renewal
 * in a row is overdue. A pause takes a fraction of a second. */
static virLeaseSpan
virLeaseFailureLead(const virLeaseEngine *engine)
{
    return virLeaseEngineRenewalSpan(engine);
}


/* When that is, unless the lease is renewed before. */
virLeaseTime
virLeaseFailureLeadBegins(const virLeaseEngine *engine)
{
    return engine->session.end - virLeaseEngineMargin(engine) - virLeaseFailureLead(engine);
}


/* Whether more than a signal is needed, and something runs that needs it. */
static gboolean
virLeaseFailureNeedsLead(const virLeaseOwner *owner)
{
    return virLeaseOwnerIsRunning(owner) && !owner->fenced &&
        (owner->failure == VIR_LEASE_FAILURE_PAUSE || owner->failure == VIR_LEASE_FAILURE_RESTART);
}


static void
virLeaseFailureAnnounce(virLeaseEngine *engine,
                        virLeaseOwner *owner,
                        virLeaseTime until,
                        const char *reason)
{
    virLeaseAction *action;

    if (owner->failing)
        return;
    owner->failing = TRUE;
    VIR_WARN("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ", on_lockfailure %s) has %.1f s left: %s",
             engine->lockspace, owner->guest, owner->pid, virLeaseFailureToString(owner->failure),
             (until - engine->now) / 1e9, reason);
    action = virLeaseEngineAct(engine, VIR_LEASE_ACTION_FAILING);
    action->owner = owner->id;
    action->end = until;
    action->failure = owner->failure;
    action->message = g_strdup(reason);
}


/* The lease was not renewed for so long that it may soon be lost. */
void
virLeaseFailureApproach(virLeaseEngine *engine)
{
    virLeaseTime until = engine->session.end - virLeaseEngineMargin(engine);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (engine->now < until && g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseOwner *owner = value;

        if (virLeaseFailureNeedsLead(owner) && virLeaseEngineIsOwnSid(engine, owner->run->sid))
            virLeaseFailureAnnounce(engine, owner, until, _("the lease on its disks could not be renewed in time"));
    }
}


/* It was renewed after all. What was begun is not called back: libvirt may
 * have paused the guest already. */
void
virLeaseFailureAverted(virLeaseEngine *engine)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseOwner *owner = value;

        if (!owner->failing || owner->fenceAt)
            continue;
        owner->failing = FALSE;
        VIR_INFO("lockspace '%s': the lease of guest '%s' was renewed in time after all",
                 engine->lockspace, owner->guest);
    }
}


/* Rule 20: the lock of a running owner is lost while the lease holds. It is
 * stopped a lead's time from now, or at once if a signal does. */
void
virLeaseFailureBegin(virLeaseEngine *engine,
                     virLeaseOwner *owner,
                     const char *reason)
{
    if (!virLeaseFailureNeedsLead(owner)) {
        virLeaseFailureNow(engine, owner, reason);
        return;
    }
    owner->fenceAt = engine->now + virLeaseFailureLead(engine);
    virLeaseFailureAnnounce(engine, owner, owner->fenceAt, reason);
}


/* ---- the end of all patience ---- */

void
virLeaseFailureNow(virLeaseEngine *engine,
                   virLeaseOwner *owner,
                   const char *reason)
{
    virLeaseAction *action = virLeaseEngineFence(engine, owner, reason);

    if (action)
        action->restart = owner->failure == VIR_LEASE_FAILURE_RESTART;
}


/* Its CPUs were stopped: nothing more has to be done to it. */
void
virLeaseFailureStopped(virLeaseOwner *owner)
{
    owner->failing = FALSE;
    owner->fenceAt = 0;
}


void
virLeaseFailureTimers(virLeaseEngine *engine)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseOwner *owner = value;

        if (owner->fenceAt && engine->now >= owner->fenceAt)
            virLeaseFailureNow(engine, owner, _("its lock was removed from the export by somebody else"));
    }
}


virLeaseTime
virLeaseFailureWakeup(const virLeaseEngine *engine)
{
    gboolean lead = engine->session.state == VIR_LEASE_SESSION_ACTIVE && !engine->session.failing;
    virLeaseTime wakeup = VIR_LEASE_TIME_NEVER;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const virLeaseOwner *owner = value;

        if (owner->fenceAt && !owner->fenced)
            wakeup = MIN(wakeup, owner->fenceAt);
        if (lead && virLeaseFailureNeedsLead(owner))
            wakeup = MIN(wakeup, virLeaseFailureLeadBegins(engine));
    }
    return wakeup;
}
