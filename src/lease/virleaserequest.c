/*
 * virleaserequest.c: what is asked for, and which kind of attempt that makes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.request");

/* An answer leaves this much before its deadline, to be in time. */
#define VIR_LEASE_ANSWER_MARGIN (300 * VIR_LEASE_MILLISECOND)

/* A server that has been silent for so long is not waited for: libvirt keeps
 * the guest's object locked meanwhile, and with it "virsh list". */
#define VIR_LEASE_SILENCE_MAX (2 * VIR_LEASE_SECOND)


static virLeaseOwner *
virLeaseAttemptOwner(virLeaseEngine *engine,
                     const virLeaseEvent *event)
{
    virLeaseOwner *owner = g_hash_table_lookup(engine->owners, &event->owner);

    if (owner && owner->failure == event->failure)
        return owner;
    if (!owner) {
        owner = virLeaseOwnerNew(event->owner, event->guest, event->uuid, event->pid);
        g_hash_table_insert(engine->owners, &owner->id, owner);
    }
    owner->failure = event->failure;
    virLeaseEngineSaveOwner(engine, owner);
    return owner;
}


static virLeaseTime
virLeaseAttemptDeadline(const virLeaseEngine *engine,
                        const virLeaseEvent *event)
{
    virLeaseTime deadline = MAX(event->deadline - VIR_LEASE_ANSWER_MARGIN,
                                engine->now + (event->deadline - engine->now) / 2);

    if (engine->silentSince && engine->now - engine->silentSince > VIR_LEASE_SILENCE_MAX)
        deadline = MIN(deadline, engine->now + VIR_LEASE_ANSWER_MARGIN);
    return deadline;
}


static gpointer
virLeaseAttemptCopyResource(gconstpointer source,
                            gpointer opaque G_GNUC_UNUSED)
{
    const virLeaseResource *resource = source;

    return virLeaseResourceNew(resource->name, resource->path, resource->mode);
}


static virLeaseAttempt *
virLeaseAttemptNew(virLeaseEngine *engine,
                   const virLeaseEvent *event,
                   virLeaseOwner *owner,
                   virLeaseAttemptKind kind)
{
    virLeaseAttempt *attempt = g_new0(virLeaseAttempt, 1);

    attempt->id = ++engine->nextId;
    attempt->kind = kind;
    attempt->owner = owner;
    attempt->guest = g_strdup(owner->guest);
    attempt->uuid = g_strdup(owner->uuid);
    attempt->pid = owner->pid;
    attempt->request = event->request;
    attempt->deadline = virLeaseAttemptDeadline(engine, event);
    attempt->handoverWait = event->handoverWait;
    attempt->asked = g_ptr_array_copy(event->resources, virLeaseAttemptCopyResource, NULL);
    g_ptr_array_set_free_func(attempt->asked, (GDestroyNotify) virLeaseResourceFree);
    attempt->resources = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseResourceFree);
    attempt->entries = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseEntryFree);
    attempt->others = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseOtherFree);
    attempt->tokenPaths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    attempt->clearing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    owner->attempt = attempt;
    g_hash_table_insert(engine->attempts, &attempt->id, attempt);
    return attempt;
}


static void
virLeaseAttemptBegin(virLeaseEngine *engine,
                     virLeaseAttempt *attempt)
{
    attempt->state = VIR_LEASE_ATTEMPT_WAITING;
    if (virLeaseEngineSessionUsable(engine))
        virLeaseAttemptTry(engine, attempt);
    else
        virLeaseSessionWant(engine);
}


static void
virLeaseAttemptRemember(virLeaseEngine *engine,
                        virLeaseOwner *owner,
                        GPtrArray *resources)
{
    for (guint i = 0; i < resources->len; i++)
        g_hash_table_add(owner->wanted, g_strdup(((virLeaseResource *) g_ptr_array_index(resources, i))->name));
    virLeaseEngineSaveOwner(engine, owner);
}


/* Rule 21. */
void
virLeaseAttemptRegister(virLeaseEngine *engine,
                        const virLeaseEvent *event)
{
    virLeaseOwner *owner = virLeaseAttemptOwner(engine, event);
    virLeaseAttempt *attempt;

    virLeaseAttemptRemember(engine, owner, event->resources);
    if (!event->reserve || event->resources->len == 0 || owner->run || owner->attempt ||
        !VIR_LEASE_RULE(engine, NO_RESERVATION)) {
        virLeaseEngineAnswer(engine, event->request, VIR_ERR_OK, NULL, NULL);
        return;
    }
    attempt = virLeaseAttemptNew(engine, event, owner, VIR_LEASE_ATTEMPT_RESERVE);
    virLeaseAttemptBegin(engine, attempt);
}


static guint
virLeaseAttemptCountHeld(const virLeaseRun *run,
                         GPtrArray *resources)
{
    guint held = 0;

    for (guint i = 0; i < resources->len; i++)
        held += virLeaseRunFind(run, ((virLeaseResource *) g_ptr_array_index(resources, i))->name) != NULL;
    return held;
}


/* Without a token it is not said whether a guest is about to run or a disk is
 * plugged in. The one asks for all that the guest has, the other for something
 * that it has not. In doubt it is about to run: the guard then knows of it. */
static gboolean
virLeaseAttemptIsPlug(const virLeaseRun *run,
                      GPtrArray *resources)
{
    guint held = virLeaseAttemptCountHeld(run, resources);

    return held < resources->len && held < run->entries->len;
}


static const virLeaseResource *
virLeaseAttemptOtherMode(const virLeaseOwner *owner,
                         GPtrArray *resources)
{
    for (guint i = 0; i < resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(resources, i);
        const virLeaseEntry *entry = virLeaseRunFind(owner->run, resource->name);

        if (entry && entry->resource->mode != resource->mode)
            return resource;
    }
    return NULL;
}


/* A guest that is registered without locks, as it may be an incoming one, and
 * has not run: what is plugged in alone would be all that it has. */
static gboolean
virLeaseAttemptLeavesOut(const virLeaseOwner *owner,
                         GPtrArray *resources)
{
    guint found = 0;

    for (guint i = 0; i < resources->len; i++)
        found += g_hash_table_contains(owner->wanted, ((virLeaseResource *) g_ptr_array_index(resources, i))->name);
    return !owner->run && found < g_hash_table_size(owner->wanted);
}


/* What cannot even be tried; the message, or NULL. */
static char *
virLeaseAttemptObjection(const virLeaseOwner *owner,
                         const virLeaseEvent *event)
{
    const virLeaseResource *resource;

    if (owner->fenced || owner->gone)
        return g_strdup_printf(_("guest '%1$s' (pid %2$lld) is being stopped and gets no locks"),
                               owner->guest, (long long) owner->pid);
    if (owner->attempt)
        return g_strdup_printf(_("locks for guest '%1$s' are being acquired already"), owner->guest);
    if (!event->token && virLeaseAttemptLeavesOut(owner, event->resources))
        return g_strdup_printf(_("guest '%1$s' has no locks yet: resume it before something is plugged in"),
                               owner->guest);
    resource = virLeaseAttemptOtherMode(owner, event->resources);
    if (resource)
        return g_strdup_printf(_("guest '%1$s' holds '%2$s' in another mode already"), owner->guest, resource->path);
    return NULL;
}


/* What a block job writes to was attached, but libvirt does not ask for it when
 * the guest goes on. Whatever @run holds stays held until it is detached; unless
 * disks were renamed meanwhile: then nobody knows which of them is which. */
static void
virLeaseAttemptKeepHeld(virLeaseAttempt *attempt,
                        const virLeaseRun *run)
{
    if (virLeaseAttemptCountHeld(run, attempt->asked) < attempt->asked->len)
        return;
    g_ptr_array_set_size(attempt->asked, 0);
    for (guint i = 0; i < run->entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(run->entries, i);

        g_ptr_array_add(attempt->asked, virLeaseAttemptCopyResource(entry->resource, NULL));
    }
}


/* Takes @token over. */
static void
virLeaseAttemptWithToken(virLeaseEngine *engine,
                         const virLeaseEvent *event,
                         virLeaseOwner *owner,
                         virLeaseToken *token)
{
    virLeaseAttempt *attempt = virLeaseAttemptNew(engine, event, owner, VIR_LEASE_ATTEMPT_TOKEN);

    attempt->token = token;
    if (owner->run && owner->run->state == VIR_LEASE_RUN_STOPPED)
        virLeaseAttemptKeepHeld(attempt, owner->run);
    virLeaseAttemptBegin(engine, attempt);
}


/* START on a reservation or on nothing, ATTACH to what runs or is stopped. */
static void
virLeaseAttemptMore(virLeaseEngine *engine,
                    const virLeaseEvent *event,
                    virLeaseOwner *owner,
                    virLeaseAttemptKind kind)
{
    virLeaseAttempt *attempt = virLeaseAttemptNew(engine, event, owner, kind);

    virLeaseAttemptWantMissing(attempt);
    if (kind == VIR_LEASE_ATTEMPT_ATTACH && attempt->resources->len == 0)
        virLeaseAttemptFinish(engine, attempt, VIR_ERR_OK, NULL);
    else
        virLeaseAttemptBegin(engine, attempt);
}


static void
virLeaseAttemptRefuseForGood(virLeaseEngine *engine,
                             const virLeaseEvent *event,
                             const virLeaseOwner *owner,
                             const char *path)
{
    g_autofree char *message = virLeaseMessageTokenVoid(owner->guest, path);

    virLeaseEngineAnswer(engine, event->request, VIR_ERR_OPERATION_INVALID, message, NULL);
}


/* Whether @owner runs by that very token, or never stopped since it was given
 * out: then its caller asks again for what it has. */
static gboolean
virLeaseAttemptHasUsed(const virLeaseOwner *owner,
                       const virLeaseToken *token)
{
    const virLeaseRun *run = owner->run;

    if (!virLeaseOwnerIsRunning(owner))
        return FALSE;
    return (token->run == run->fromRun && g_str_equal(token->sid, run->fromSid)) ||
        (token->run == run->number && g_str_equal(token->sid, run->sid));
}


/* With a token a run that goes on is granted as it stands, or not at all:
 * nothing is added to it afresh (rule 12c). */
static void
virLeaseAttemptAsItStands(virLeaseEngine *engine,
                          const virLeaseEvent *event,
                          const virLeaseOwner *owner)
{
    for (guint i = 0; i < event->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(event->resources, i);

        if (!virLeaseRunFind(owner->run, resource->name)) {
            virLeaseAttemptRefuseForGood(engine, event, owner, resource->path);
            return;
        }
    }
    virLeaseEngineAnswer(engine, event->request, VIR_ERR_OK, NULL, NULL);
}


static void
virLeaseAttemptAcquireToken(virLeaseEngine *engine,
                            const virLeaseEvent *event,
                            virLeaseOwner *owner)
{
    gboolean unknown = g_str_equal(event->token, VIR_LEASE_TOKEN_UNKNOWN);
    g_autoptr(virLeaseToken) token = unknown ? NULL : virLeaseTokenParse(event->token);

    if (unknown && !virLeaseOwnerIsRunning(owner)) {
        virLeaseAttemptRefuseForGood(engine, event, owner, NULL);
    } else if (unknown || (token && virLeaseAttemptHasUsed(owner, token))) {
        /* If it was stopped, nobody here was told: its lock was kept. */
        virLeaseAttemptAsItStands(engine, event, owner);
    } else if (token) {
        virLeaseAttemptWithToken(engine, event, owner, g_steal_pointer(&token));
    } else {
        virLeaseEngineAnswer(engine, event->request, virGetLastErrorCode(), virGetLastErrorMessage(), NULL);
        virResetLastError();
    }
}


static void
virLeaseAttemptAcquireFresh(virLeaseEngine *engine,
                            const virLeaseEvent *event,
                            virLeaseOwner *owner)
{
    const virLeaseRun *run = owner->run;
    gboolean start = !run || (run->state == VIR_LEASE_RUN_RESERVED &&
                              !virLeaseAttemptIsPlug(run, event->resources));

    virLeaseAttemptMore(engine, event, owner, start ? VIR_LEASE_ATTEMPT_START : VIR_LEASE_ATTEMPT_ATTACH);
}


/* What must not be (rules 1 and 15), for VIR_LEASE_RULE() only. */
static void
virLeaseAttemptTakeStopBack(virLeaseEngine *engine,
                            const virLeaseEvent *event,
                            virLeaseOwner *owner)
{
    g_autofree char *path = virLeaseMarkerPath(owner->run->sid, VIR_LEASE_MARKER_STOPPED, owner->run->number);

    owner->run->state = VIR_LEASE_RUN_RUNNING;
    owner->run->stoppedKnown = FALSE;
    owner->entered = TRUE;
    virLeaseEngineAct(engine, VIR_LEASE_ACTION_ENTER)->owner = owner->id;
    virLeaseChoreRemove(engine, path);
    virLeaseEngineAnswer(engine, event->request, VIR_ERR_OK, NULL, NULL);
}


/* For a guest that runs on without a lease: what it had, once more. */
void
virLeaseAttemptRegain(virLeaseEngine *engine,
                      virLeaseOwner *owner)
{
    g_autoptr(GPtrArray) resources = g_ptr_array_new();
    const virLeaseEvent event = { .deadline = VIR_LEASE_TIME_NEVER, .resources = resources };
    virLeaseAttempt *attempt;

    for (guint i = 0; i < owner->run->entries->len; i++)
        g_ptr_array_add(resources, ((virLeaseEntry *) g_ptr_array_index(owner->run->entries, i))->resource);
    attempt = virLeaseAttemptNew(engine, &event, owner, VIR_LEASE_ATTEMPT_REGAIN);
    virLeaseAttemptBegin(engine, attempt);
}


/* libvirt keeps a persistent guest's state when its process has ended, and
 * presents it with the next one, years later even. A process that boots and
 * was granted nothing so far has no memory to go on with: it starts afresh. */
static gboolean
virLeaseAttemptIsStale(const virLeaseOwner *owner,
                       const virLeaseEvent *event)
{
    return event->token && event->boots && !owner->ran && g_hash_table_size(owner->wanted) > 0;
}


static void
virLeaseAttemptAcquireAsked(virLeaseEngine *engine,
                            const virLeaseEvent *event,
                            virLeaseOwner *owner)
{
    const virLeaseRun *run = owner->run;
    g_autofree char *objection = virLeaseAttemptObjection(owner, event);

    if (objection)
        virLeaseEngineAnswer(engine, event->request, VIR_ERR_OPERATION_INVALID, objection, NULL);
    else if (event->resources->len == 0)
        virLeaseEngineAnswer(engine, event->request, VIR_ERR_OK, NULL, NULL);
    else if (run && run->state == VIR_LEASE_RUN_STOPPED && !VIR_LEASE_RULE(engine, MARKER_REMADE) &&
             !virLeaseAttemptIsPlug(run, event->resources))
        virLeaseAttemptTakeStopBack(engine, event, owner);
    else if (run && run->state == VIR_LEASE_RUN_STOPPED && VIR_LEASE_RULE(engine, RESUME_FRESH) &&
             (event->token || !virLeaseAttemptIsPlug(run, event->resources)))
        /* Rule 16. The own memory of the run is better than what the caller kept. */
        virLeaseAttemptWithToken(engine, event, owner, virLeaseRunToken(engine, run));
    else if (event->token && (VIR_LEASE_RULE(engine, RUNS_ON_FRESH) || !run))
        virLeaseAttemptAcquireToken(engine, event, owner);
    else
        virLeaseAttemptAcquireFresh(engine, event, owner);
}


void
virLeaseAttemptAcquire(virLeaseEngine *engine,
                       const virLeaseEvent *event)
{
    virLeaseOwner *owner = virLeaseAttemptOwner(engine, event);
    virLeaseEvent fresh = *event;

    if (virLeaseAttemptIsStale(owner, event)) {
        VIR_INFO("lockspace '%s': guest '%s' (pid %lld) boots: ignoring the lock state of an earlier process of it",
                 engine->lockspace, owner->guest, (long long) owner->pid);
        fresh.token = NULL;
    }
    virLeaseAttemptAcquireAsked(engine, &fresh, owner);
}
