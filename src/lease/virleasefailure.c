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

/* An ignoring guest's disks are looked at again so often at least. */
#define VIR_LEASE_REGAIN_MAX (600 * VIR_LEASE_SECOND)

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


/* ---- guests that ignore it ---- */

/* One that runs, and is not only about to. */
static gboolean
virLeaseFailureIsIgnored(const virLeaseOwner *owner)
{
    return owner->failure == VIR_LEASE_FAILURE_IGNORE && virLeaseOwnerIsRunning(owner) && !owner->fenced &&
        !(owner->attempt && owner->attempt->state == VIR_LEASE_ATTEMPT_ENTERING &&
          owner->attempt->kind != VIR_LEASE_ATTEMPT_REGAIN);
}


static void
virLeaseFailureIgnore(virLeaseEngine *engine,
                      virLeaseOwner *owner,
                      const char *reason)
{
    if (!owner->failing)
        VIR_WARN("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ") runs on, as on_lockfailure says, though %s",
                 engine->lockspace, owner->guest, owner->pid, reason);
    owner->failing = TRUE;
}


static void
virLeaseFailureLose(virLeaseEngine *engine,
                    virLeaseOwner *owner)
{
    if (owner->lost)
        return;
    VIR_ERROR("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ") runs without a lease from now on, as on_lockfailure "
              "says: others may come to write to its disks", engine->lockspace, owner->guest, owner->pid);
    owner->lost = TRUE;
    owner->regainNext = engine->now;
    owner->regainBackoff = 0;
}


/* Others may have their disks from now on. */
void
virLeaseFailureSessionEnded(virLeaseEngine *engine)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (virLeaseFailureIsIgnored(value))
            virLeaseFailureLose(engine, value);
    }
}


/* What became of the try to have its locks again. */
void
virLeaseFailureRegained(virLeaseEngine *engine,
                        virLeaseOwner *owner,
                        int code,
                        const char *message)
{
    if (code == VIR_ERR_OK) {
        VIR_WARN("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ") has its locks again; others may have written to its "
                 "disks meanwhile", engine->lockspace, owner->guest, owner->pid);
        owner->lost = owner->failing = FALSE;
        virLeaseSessionOwnerStopped(engine, owner->run->fromSid);
        return;
    }
    owner->regainBackoff = CLAMP(owner->regainBackoff * 2, engine->format.length, VIR_LEASE_REGAIN_MAX);
    owner->regainNext = engine->now + owner->regainBackoff;
    VIR_ERROR("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ") runs without a lease, and cannot get one: %s; "
              "destroy one of the two", engine->lockspace, owner->guest, owner->pid, message);
}


static void
virLeaseFailureRegain(virLeaseEngine *engine,
                      virLeaseOwner *owner)
{
    if (owner->lost && !owner->attempt && virLeaseFailureIsIgnored(owner) && virLeaseEngineSessionUsable(engine) &&
        engine->now >= owner->regainNext)
        virLeaseAttemptRegain(engine, owner);
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
    action = virLeaseEngineActOwner(engine, VIR_LEASE_ACTION_FAILING, owner);
    action->end = until;
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
    while (VIR_LEASE_RULE(engine, NO_LEAD) && engine->now < until && g_hash_table_iter_next(&iter, NULL, &value)) {
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

        if (!owner->failing || owner->fenceAt || owner->lost)
            continue;
        owner->failing = FALSE;
        VIR_INFO("lockspace '%s': the lease of guest '%s' was renewed in time after all",
                 engine->lockspace, owner->guest);
    }
}


static const char *
virLeaseFailureUnlocked(void)
{
    return _("its lock was removed from the export by somebody else");
}


/* Rule 20: the lock of a running owner is lost while the lease holds. It is
 * stopped a lead's time from now, or at once if a signal does. */
void
virLeaseFailureBegin(virLeaseEngine *engine,
                     virLeaseOwner *owner)
{
    if (!virLeaseFailureNeedsLead(owner)) {
        virLeaseFailureNow(engine, owner, virLeaseFailureUnlocked());
        if (virLeaseFailureIsIgnored(owner))
            virLeaseFailureLose(engine, owner);
        return;
    }
    owner->fenceAt = engine->now + virLeaseFailureLead(engine);
    virLeaseFailureAnnounce(engine, owner, owner->fenceAt, virLeaseFailureUnlocked());
}


/* ---- the end of all patience ---- */

void
virLeaseFailureNow(virLeaseEngine *engine,
                   virLeaseOwner *owner,
                   const char *reason)
{
    virLeaseAction *action;

    if (virLeaseFailureIsIgnored(owner)) {
        virLeaseFailureIgnore(engine, owner, reason);
        /* An earlier daemon's session, or none at all. */
        if (!virLeaseEngineIsOwnSid(engine, owner->run->sid))
            virLeaseFailureLose(engine, owner);
        return;
    }
    action = virLeaseEngineFence(engine, owner, reason);
    if (action)
        action->restart = owner->failure == VIR_LEASE_FAILURE_RESTART;
}


/* Its CPUs were stopped: nothing more has to be done to it. */
void
virLeaseFailureStopped(virLeaseOwner *owner)
{
    owner->failing = owner->lost = FALSE;
    owner->fenceAt = 0;
}


/* A3 says that a killed process is gone within K, which is over when the lease
 * is. SIGKILL comes after K / 4. */
static gboolean
virLeaseFailureOutlives(const virLeaseEngine *engine,
                        const virLeaseOwner *owner)
{
    return owner->fenced && virLeaseOwnerIsRunning(owner) &&
        engine->now >= owner->fencedAt + virLeaseEngineMargin(engine) / 2;
}


/* Whether a guest has outlived its lease: a host on which that happens is not
 * to go on as if nothing were. */
gboolean
virLeaseFailureHoldsUp(virLeaseEngine *engine)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (!virLeaseFailureOutlives(engine, value))
            continue;
        if (!engine->heldUp) {
            engine->heldUp = virLeaseMessageHeldUp(engine, value);
            VIR_ERROR("%s", engine->heldUp);
        }
        return TRUE;
    }
    g_clear_pointer(&engine->heldUp, g_free);
    return FALSE;
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
            virLeaseFailureNow(engine, owner, virLeaseFailureUnlocked());
        virLeaseFailureRegain(engine, owner);
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
        if (owner->lost && !owner->attempt && owner->regainNext > engine->now)
            wakeup = MIN(wakeup, owner->regainNext);
        if (lead && virLeaseFailureNeedsLead(owner))
            wakeup = MIN(wakeup, virLeaseFailureLeadBegins(engine));
    }
    return wakeup;
}
