/*
 * virleaseengine.c: the lease engine of one lockspace, as a step function
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.engine");

/* Before anything was measured. */
#define VIR_LEASE_ROUND_TRIP_START (5 * VIR_LEASE_MILLISECOND)
#define VIR_LEASE_ROUND_TRIP_MIN VIR_LEASE_MILLISECOND
#define VIR_LEASE_ROUND_TRIP_MAX VIR_LEASE_SECOND

/* Before the lockspace's format is known, and at least. */
#define VIR_LEASE_OP_TIMEOUT_FIRST (5 * VIR_LEASE_SECOND)
#define VIR_LEASE_OP_TIMEOUT_MIN (500 * VIR_LEASE_MILLISECOND)


virLeaseEngine *
virLeaseEngineNew(const virLeaseEngineConfig *config)
{
    virLeaseEngine *engine = g_new0(virLeaseEngine, 1);

    engine->lockspace = g_strdup(config->lockspace);
    engine->url = g_strdup(config->url);
    engine->host = g_strdup(config->host);
    engine->bootid = g_strdup(config->bootid);
    engine->rand = g_rand_new_with_seed_array(config->seed, VIR_LEASE_SEED_WORDS);
    engine->observer = virLeaseObserverNew();
    engine->roundTrip = VIR_LEASE_ROUND_TRIP_START;
    engine->counter = engine->counterLimit = 1;
    engine->endedSids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    engine->ops = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    engine->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) virLeaseOwnerFree);
    engine->attempts = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify) virLeaseAttemptFree);
    engine->scans = g_hash_table_new(g_int64_hash, g_int64_equal);
    engine->chores = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) virLeaseChoreFree);
    engine->waits = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseWaitFree);
    return engine;
}


#ifdef VIR_LEASE_MUTATIONS
void
virLeaseEngineSetMutant(virLeaseEngine *engine,
                        virLeaseMutant mutant,
                        virLeaseMutant also)
{
    engine->mutant = mutant;
    engine->also = also;
    virLeaseObserverSetMutant(engine->observer, mutant, also);
}


#endif
static void
virLeaseOpContextFree(virLeaseOpContext *context)
{
    if (!context)
        return;
    g_free(context->path);
    g_free(context);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseOpContext, virLeaseOpContextFree);


static void
virLeaseEngineFreeValues(GHashTable *table,
                         GDestroyNotify destroy)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, table);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        destroy(value);
    g_hash_table_unref(table);
}


void
virLeaseEngineFree(virLeaseEngine *engine)
{
    if (!engine)
        return;
    virLeaseEngineFreeValues(engine->ops, (GDestroyNotify) virLeaseOpContextFree);
    virLeaseEngineFreeValues(engine->scans, (GDestroyNotify) virLeaseScanFree);
    g_hash_table_unref(engine->attempts);
    g_hash_table_unref(engine->owners);
    g_hash_table_unref(engine->chores);
    g_hash_table_unref(engine->endedSids);
    g_ptr_array_unref(engine->waits);
    virLeaseObserverFree(engine->observer);
    g_rand_free(engine->rand);
    g_free(engine->usedShards);
    g_free(engine->problemText);
    g_free(engine->heldUp);
    g_free(engine->lockspace);
    g_free(engine->url);
    g_free(engine->host);
    g_free(engine->bootid);
    g_free(engine);
}


/* ---- what the other files ask for ---- */

virLeaseSpan
virLeaseEngineRenewalSpan(const virLeaseEngine *engine)
{
    return engine->format.length / VIR_LEASE_RENEWALS;
}


virLeaseSpan
virLeaseEngineMargin(const virLeaseEngine *engine)
{
    return engine->format.length / VIR_LEASE_MARGIN_DIVISOR;
}


virLeaseSpan
virLeaseEngineOpTimeout(const virLeaseEngine *engine)
{
    if (!engine->formatKnown)
        return VIR_LEASE_OP_TIMEOUT_FIRST;
    return MAX(virLeaseEngineRenewalSpan(engine), VIR_LEASE_OP_TIMEOUT_MIN);
}


/* Whether anything may be granted now (rule 13). */
gboolean
virLeaseEngineSessionUsable(const virLeaseEngine *engine)
{
    if (!VIR_LEASE_RULE(engine, ENTRY_BEFORE_DIRECTORY) && engine->session.state == VIR_LEASE_SESSION_MAKING)
        return TRUE;
    return engine->session.state == VIR_LEASE_SESSION_ACTIVE &&
        engine->now < engine->session.end - virLeaseEngineMargin(engine);
}


/* Rule 1: never the same twice in a session, also not after a restart. */
guint64
virLeaseEngineNextNumber(virLeaseEngine *engine)
{
    if (engine->counter >= engine->counterLimit) {
        engine->counterLimit = engine->counter + VIR_LEASE_COUNTER_BLOCK;
        virLeaseEngineSaveSession(engine);
    }
    return engine->counter++;
}


gboolean
virLeaseEngineIsOwnSid(const virLeaseEngine *engine,
                       const char *sid)
{
    return engine->session.state != VIR_LEASE_SESSION_NONE && g_str_equal(engine->session.sid, sid);
}


void
virLeaseEngineSetProblem(virLeaseEngine *engine,
                         virLeaseStatus status,
                         const char *detail)
{
    g_autofree char *text = g_strdup(detail);

    if (status != engine->problem || g_strcmp0(text, engine->problemText) != 0) {
        g_autofree char *message = virLeaseMessageProblem(engine, status, text);

        if (status == VIR_LEASE_STATUS_OK)
            VIR_INFO("lockspace '%s' at %s works", engine->lockspace, engine->url);
        else
            VIR_WARN("%s", message);
    }
    engine->problem = status;
    g_free(engine->problemText);
    engine->problemText = g_steal_pointer(&text);
    virLeaseAttemptProblem(engine);
}


/* ---- taking up what an earlier daemon left ---- */

/* Rule 18: a session whose lease has ended is not taken up; others, and this
 * daemon too, wait by rule 7 before they call it dead. */
static void
virLeaseEngineAdopt(virLeaseEngine *engine,
                    virLeaseTime now)
{
    engine->formatKnown = TRUE;
    engine->usedShards = g_new0(gboolean, engine->format.shards);
    if (engine->session.end <= now && VIR_LEASE_RULE(engine, ENDED_ADOPTED)) {
        memset(&engine->session, 0, sizeof(engine->session));
        return;
    }
    engine->session.state = VIR_LEASE_SESSION_ACTIVE;
    engine->session.ackedMtime = engine->session.mtime;
    /* What the earlier daemon was about to do may be anywhere. */
    for (guint i = 0; i < engine->format.shards; i++)
        engine->usedShards[i] = TRUE;
}


static gboolean
virLeaseEngineTakeOwner(virLeaseEngine *engine,
                        virLeaseOwner *owner)
{
    if (g_hash_table_contains(engine->owners, &owner->id))
        return FALSE;
    owner->entered = virLeaseOwnerIsRunning(owner);
    g_hash_table_insert(engine->owners, &owner->id, owner);
    return TRUE;
}


int
virLeaseEngineRestore(virLeaseEngine *engine,
                      const char *session,
                      GPtrArray *owners,
                      virLeaseTime now)
{
    gboolean sameBoot = FALSE;

    if (session && virLeaseStateParseSession(engine, session, &sameBoot) < 0)
        return -1;
    if (session && !sameBoot && VIR_LEASE_RULE(engine, BOOT_ADOPTED)) {
        /* No process of it can be alive. Its numbers belong to a session that
         * is not taken up. */
        VIR_INFO("lockspace '%s': the saved state is of an earlier boot and is not used", engine->lockspace);
        memset(&engine->session, 0, sizeof(engine->session));
        memset(&engine->format, 0, sizeof(engine->format));
        return 0;
    }
    for (guint i = 0; owners && i < owners->len; i++) {
        virLeaseOwner *owner = virLeaseStateParseOwner(g_ptr_array_index(owners, i));

        if (!owner)
            return -1;
        if (!virLeaseEngineTakeOwner(engine, owner))
            virLeaseOwnerFree(owner);
    }
    if (session)
        virLeaseEngineAdopt(engine, now);
    return 0;
}


static void
virLeaseEngineStartOwner(virLeaseEngine *engine,
                         virLeaseOwner *owner)
{
    gboolean adopted = owner->run && virLeaseEngineIsOwnSid(engine, owner->run->sid);

    if (owner->entered)
        virLeaseEngineActOwner(engine, VIR_LEASE_ACTION_ENTER, owner);
    if (owner->gone && !adopted) {
        virLeaseOwnerForget(engine, owner);
        return;
    }
    if (adopted)
        virLeaseOwnerStopMarkers(engine, owner);
    else if (virLeaseOwnerIsRunning(owner) && VIR_LEASE_RULE(engine, RESTORED_NOT_STOPPED))
        virLeaseFailureNow(engine, owner, _("its lease ran out while virtleased was not running"));
    else if (owner->run && owner->run->state == VIR_LEASE_RUN_RESERVED)
        virLeaseOwnerDropRun(engine, owner);
}


static void
virLeaseEngineStart(virLeaseEngine *engine)
{
    g_autoptr(GList) owners = g_hash_table_get_values(engine->owners);

    engine->started = TRUE;
    if (engine->session.state == VIR_LEASE_SESSION_ACTIVE) {
        VIR_INFO("lockspace '%s': session '%s' is taken up again with %u guests, its lease lasts %.1f s more",
                 engine->lockspace, engine->session.sid, g_hash_table_size(engine->owners),
                 (engine->session.end - engine->now) / 1e9);
        virLeaseEngineAct(engine, VIR_LEASE_ACTION_END)->end = engine->session.end;
    }
    for (GList *next = owners; next; next = next->next)
        virLeaseEngineStartOwner(engine, next->data);
}


/* ---- events ---- */

static void
virLeaseEngineMeasure(virLeaseEngine *engine,
                      const virLeaseOpContext *op,
                      virLeaseStatus status)
{
    virLeaseSpan span = engine->now - op->sent;

    if (status == VIR_LEASE_STATUS_UNSAVED)
        return;
    if (status == VIR_LEASE_STATUS_LOST) {
        if (!engine->silentSince)
            engine->silentSince = op->sent;
        return;
    }
    /* Rule 20: right after every reconnect. */
    if (engine->silentSince && VIR_LEASE_RULE(engine, AUDIT_SELDOM))
        engine->upkeepWanted = TRUE;
    engine->silentSince = 0;
    engine->roundTrip = CLAMP((7 * engine->roundTrip + span) / 8,
                              VIR_LEASE_ROUND_TRIP_MIN, VIR_LEASE_ROUND_TRIP_MAX);
}


static void
virLeaseEngineReply(virLeaseEngine *engine,
                    const virLeaseReply *reply)
{
    g_autoptr(virLeaseOpContext) op = g_hash_table_lookup(engine->ops, &reply->id);

    if (!op)
        return;
    g_hash_table_remove(engine->ops, &reply->id);
    virLeaseEngineMeasure(engine, op, reply->status);
    switch (op->purpose) {
    case VIR_LEASE_FOR_FORMAT:
        virLeaseSessionFormatReply(engine, reply);
        break;
    case VIR_LEASE_FOR_SESSION_MKDIR:
        virLeaseSessionMkdirReply(engine, op, reply);
        break;
    case VIR_LEASE_FOR_RENEWAL:
        virLeaseSessionRenewalReply(engine, op, reply);
        break;
    case VIR_LEASE_FOR_OBSERVER:
        virLeaseUpkeepObserverReply(engine, op, reply);
        break;
    case VIR_LEASE_FOR_MARK:
        virLeaseAttemptMarkReply(engine, op, reply);
        break;
    case VIR_LEASE_FOR_SCAN_SHARD:
    case VIR_LEASE_FOR_SCAN_SESSIONS:
        virLeaseScanReply(engine, op, reply);
        break;
    case VIR_LEASE_FOR_DESCRIPTION:
        virLeaseAttemptDescribed(engine, op, reply);
        break;
    case VIR_LEASE_FOR_CHORE:
        virLeaseChoreReply(engine, op, reply);
        break;
    case VIR_LEASE_FOR_RMDIR:
        engine->doneSent = TRUE;
        virLeaseEngineAct(engine, VIR_LEASE_ACTION_DONE);
        break;
    default:
        g_assert_not_reached();
    }
}


static void
virLeaseEngineShutdown(virLeaseEngine *engine)
{
    g_autoptr(GList) attempts = g_hash_table_get_values(engine->attempts);

    engine->shutdown = TRUE;
    for (GList *next = attempts; next; next = next->next) {
        virLeaseAttempt *attempt = next->data;

        if (attempt->request)
            virLeaseAttemptCancel(engine, attempt, VIR_ERR_OPERATION_ABORTED, _("virtleased is being stopped"));
    }
}


static gboolean
virLeaseEngineRefuse(virLeaseEngine *engine,
                     const virLeaseEvent *event)
{
    switch (event->type) {
    case VIR_LEASE_EVENT_REGISTER:
    case VIR_LEASE_EVENT_ACQUIRE:
        if (!engine->shutdown)
            return FALSE;
        virLeaseEngineAnswer(engine, event->request, VIR_ERR_OPERATION_ABORTED,
                             _("virtleased is being stopped"), NULL);
        return TRUE;
    case VIR_LEASE_EVENT_TIMER:
    case VIR_LEASE_EVENT_REPLY:
    case VIR_LEASE_EVENT_SUSPEND:
    case VIR_LEASE_EVENT_DETACH:
    case VIR_LEASE_EVENT_INQUIRE:
    case VIR_LEASE_EVENT_CANCEL:
    case VIR_LEASE_EVENT_ENTERED:
    case VIR_LEASE_EVENT_EXITED:
    case VIR_LEASE_EVENT_SHUTDOWN:
    case VIR_LEASE_EVENT_LAST:
    default:
        return FALSE;
    }
}


static void
virLeaseEngineDispatch(virLeaseEngine *engine,
                       const virLeaseEvent *event)
{
    switch (event->type) {
    case VIR_LEASE_EVENT_REPLY:
        virLeaseEngineReply(engine, event->reply);
        break;
    case VIR_LEASE_EVENT_REGISTER:
        virLeaseAttemptRegister(engine, event);
        break;
    case VIR_LEASE_EVENT_ACQUIRE:
        virLeaseAttemptAcquire(engine, event);
        break;
    case VIR_LEASE_EVENT_SUSPEND:
        virLeaseOwnerSuspend(engine, event);
        break;
    case VIR_LEASE_EVENT_DETACH:
        virLeaseOwnerDetach(engine, event);
        break;
    case VIR_LEASE_EVENT_INQUIRE:
        virLeaseOwnerInquire(engine, event);
        break;
    case VIR_LEASE_EVENT_CANCEL:
        virLeaseAttemptClientGone(engine, event->request);
        break;
    case VIR_LEASE_EVENT_ENTERED:
        virLeaseAttemptEntered(engine, event->owner, event->ok);
        break;
    case VIR_LEASE_EVENT_EXITED:
        virLeaseOwnerExited(engine, event->owner);
        break;
    case VIR_LEASE_EVENT_SHUTDOWN:
        virLeaseEngineShutdown(engine);
        break;
    case VIR_LEASE_EVENT_TIMER:
    case VIR_LEASE_EVENT_LAST:
    default:
        break;
    }
}


/* Rule 8: the session's directory goes only when no entry of it is left. It
 * is given up in the saved state first, so that no later daemon takes it up. */
static void
virLeaseEngineLeaveLockspace(virLeaseEngine *engine)
{
    g_autofree char *path = virLeaseSessionPath(engine->session.sid);

    engine->rmdirSent = TRUE;
    engine->session.end = 0;
    virLeaseEngineSaveSession(engine);
    memset(&engine->session, 0, sizeof(engine->session));
    virLeaseEngineSubmit(engine, VIR_LEASE_FOR_RMDIR, VIR_LEASE_OP_RMDIR, 0, path, NULL, 0);
}


static void
virLeaseEngineCheckShutdown(virLeaseEngine *engine)
{
    gboolean empty = (g_hash_table_size(engine->owners) == 0 || !VIR_LEASE_RULE(engine, RMDIR_EARLY)) &&
        engine->session.state == VIR_LEASE_SESSION_ACTIVE;

    if (!engine->shutdown || engine->doneSent || engine->rmdirSent)
        return;
    if (empty && !engine->lastSweep) {
        engine->lastSweep = TRUE;
        virLeaseUpkeepStart(engine);
    }
    if (engine->upkeep || g_hash_table_size(engine->attempts) > 0 || g_hash_table_size(engine->chores) > 0)
        return;
    if (empty) {
        virLeaseEngineLeaveLockspace(engine);
        return;
    }
    engine->doneSent = TRUE;
    virLeaseEngineAct(engine, VIR_LEASE_ACTION_DONE);
}


void
virLeaseEngineStep(virLeaseEngine *engine,
                   const virLeaseEvent *event,
                   GQueue *actions)
{
    engine->actions = actions;
    engine->now = MAX(engine->now, event->now);
    engine->wall = event->wall;

    if (!engine->started)
        virLeaseEngineStart(engine);
    /* What the time alone has ended is ended before anything else is seen. */
    if (VIR_LEASE_RULE(engine, LATE_REVIVES) && VIR_LEASE_RULE(engine, LATE_ANSWER_TIMERS))
        virLeaseSessionTimers(engine);
    if (!virLeaseEngineRefuse(engine, event))
        virLeaseEngineDispatch(engine, event);
    virLeaseSessionTimers(engine);
    virLeaseFailureTimers(engine);
    virLeaseUpkeepTimers(engine);
    virLeaseAttemptTimers(engine);
    virLeaseChoreTimers(engine);
    virLeaseEngineCheckShutdown(engine);
    engine->actions = NULL;
}


virLeaseTime
virLeaseEngineGetWakeup(const virLeaseEngine *engine)
{
    virLeaseTime wakeup;

    if (!engine->started)
        return 0;
    wakeup = virLeaseSessionWakeup(engine);
    wakeup = MIN(wakeup, virLeaseFailureWakeup(engine));
    wakeup = MIN(wakeup, virLeaseUpkeepWakeup(engine));
    wakeup = MIN(wakeup, virLeaseAttemptWakeup(engine));
    return MIN(wakeup, virLeaseChoreWakeup(engine));
}


/* ---- status ---- */

static void
virLeaseOwnerStatusFree(virLeaseOwnerStatus *status)
{
    g_free(status->guest);
    g_free(status->uuid);
    g_ptr_array_unref(status->resources);
    g_free(status);
}


static const char *
virLeaseEngineOwnerState(const virLeaseOwner *owner)
{
    static const char *const states[VIR_LEASE_RUN_LAST] = { "registered", "running", "stopped", "stopped" };

    if (owner->fenced || owner->lost)
        return "lost";
    if (owner->attempt)
        return "acquiring";
    return owner->run ? states[owner->run->state] : "registered";
}


static virLeaseOwnerStatus *
virLeaseEngineOwnerStatus(const virLeaseOwner *owner)
{
    virLeaseOwnerStatus *status = g_new0(virLeaseOwnerStatus, 1);

    status->owner = owner->id;
    status->guest = g_strdup(owner->guest);
    status->uuid = g_strdup(owner->uuid);
    status->pid = owner->pid;
    status->state = virLeaseEngineOwnerState(owner);
    status->failure = owner->failure;
    status->resources = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseResourceFree);
    if (!owner->run)
        return status;
    status->run = owner->run->number;
    status->since = owner->run->since;
    for (guint i = 0; i < owner->run->entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(owner->run->entries, i);

        g_ptr_array_add(status->resources, virLeaseResourceNew(entry->resource->name, entry->resource->path,
                                                               entry->resource->mode));
    }
    return status;
}


virLeaseEngineStatus *
virLeaseEngineGetStatus(const virLeaseEngine *engine,
                        virLeaseTime now)
{
    virLeaseEngineStatus *status = g_new0(virLeaseEngineStatus, 1);
    GHashTableIter iter;
    gpointer value;

    if (engine->session.state == VIR_LEASE_SESSION_ACTIVE && now < engine->session.end)
        status->state = "active";
    else
        status->state = g_hash_table_size(engine->endedSids) > 0 ? "lost" : "starting";
    if (engine->session.state == VIR_LEASE_SESSION_ACTIVE)
        status->session = g_strdup(engine->session.sid);
    status->end = engine->session.end;
    status->length = engine->format.length;
    if (engine->heldUp)
        status->problem = g_strdup(engine->heldUp);
    else if (engine->problem != VIR_LEASE_STATUS_OK)
        status->problem = virLeaseMessageProblem(engine, engine->problem, engine->problemText);
    status->coherent = virLeaseObserverIsCoherent(engine->observer);
    status->owners = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseOwnerStatusFree);
    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const virLeaseOwner *owner = value;

        if (!owner->gone)
            g_ptr_array_add(status->owners, virLeaseEngineOwnerStatus(owner));
    }
    return status;
}


void
virLeaseEngineStatusFree(virLeaseEngineStatus *status)
{
    if (!status)
        return;
    g_free(status->session);
    g_free(status->problem);
    g_ptr_array_unref(status->owners);
    g_free(status);
}
