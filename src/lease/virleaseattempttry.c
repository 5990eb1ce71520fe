/*
 * virleaseattempttry.c: one try, from its SYMLINKs to its grant or withdrawal
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.try");

/* Which state may follow which. WITHDRAWING and DONE may follow any. */
static const gboolean virLeaseAttemptMoves[VIR_LEASE_ATTEMPT_LAST][VIR_LEASE_ATTEMPT_LAST] = {
    [VIR_LEASE_ATTEMPT_WAITING] = { [VIR_LEASE_ATTEMPT_MARKING] = TRUE, [VIR_LEASE_ATTEMPT_ENTERING] = TRUE },
    [VIR_LEASE_ATTEMPT_MARKING] = { [VIR_LEASE_ATTEMPT_SCANNING] = TRUE },
    [VIR_LEASE_ATTEMPT_SCANNING] = {
        [VIR_LEASE_ATTEMPT_DESCRIBING] = TRUE,
        [VIR_LEASE_ATTEMPT_CONTENDING] = TRUE, [VIR_LEASE_ATTEMPT_HANDOVER] = TRUE,
        [VIR_LEASE_ATTEMPT_VERIFYING] = TRUE, [VIR_LEASE_ATTEMPT_CLEARING] = TRUE,
    },
    [VIR_LEASE_ATTEMPT_DESCRIBING] = {
        [VIR_LEASE_ATTEMPT_CONTENDING] = TRUE, [VIR_LEASE_ATTEMPT_HANDOVER] = TRUE,
        [VIR_LEASE_ATTEMPT_VERIFYING] = TRUE, [VIR_LEASE_ATTEMPT_CLEARING] = TRUE,
        [VIR_LEASE_ATTEMPT_RESTING] = TRUE, [VIR_LEASE_ATTEMPT_MARKING] = TRUE,
    },
    [VIR_LEASE_ATTEMPT_CONTENDING] = { [VIR_LEASE_ATTEMPT_SCANNING] = TRUE },
    [VIR_LEASE_ATTEMPT_HANDOVER] = { [VIR_LEASE_ATTEMPT_VERIFYING] = TRUE },
    [VIR_LEASE_ATTEMPT_VERIFYING] = { [VIR_LEASE_ATTEMPT_CLEARING] = TRUE },
    [VIR_LEASE_ATTEMPT_CLEARING] = { [VIR_LEASE_ATTEMPT_ENTERING] = TRUE },
    [VIR_LEASE_ATTEMPT_WITHDRAWING] = { [VIR_LEASE_ATTEMPT_RESTING] = TRUE },
    [VIR_LEASE_ATTEMPT_RESTING] = { [VIR_LEASE_ATTEMPT_LOOKING] = TRUE },
    [VIR_LEASE_ATTEMPT_LOOKING] = {
        [VIR_LEASE_ATTEMPT_DESCRIBING] = TRUE, [VIR_LEASE_ATTEMPT_RESTING] = TRUE,
        [VIR_LEASE_ATTEMPT_MARKING] = TRUE,
    },
};

static const char *const virLeaseAttemptStateNames[VIR_LEASE_ATTEMPT_LAST] = {
    "waiting", "marking", "scanning", "describing", "contending", "handover", "verifying",
    "clearing", "entering", "withdrawing", "resting", "looking", "done",
};


void
virLeaseAttemptMove(virLeaseEngine *engine,
                    virLeaseAttempt *attempt,
                    virLeaseAttemptState state)
{
    g_assert(attempt->state != VIR_LEASE_ATTEMPT_DONE);
    g_assert(virLeaseAttemptMoves[attempt->state][state] || state == VIR_LEASE_ATTEMPT_WITHDRAWING ||
             state == VIR_LEASE_ATTEMPT_DONE || state == VIR_LEASE_ATTEMPT_WAITING);
    /* What has no owner any more only cleans up after itself. */
    g_assert(attempt->owner || state == VIR_LEASE_ATTEMPT_WITHDRAWING || state == VIR_LEASE_ATTEMPT_DONE);
    VIR_DEBUG("lockspace '%s' guest '%s' attempt %" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ": %s -> %s",
              engine->lockspace, attempt->guest, attempt->runNumber, attempt->number,
              virLeaseAttemptStateNames[attempt->state], virLeaseAttemptStateNames[state]);
    attempt->state = state;
}


/* ---- SYMLINKs (rule 10) ---- */

static char *
virLeaseAttemptDescribe(const virLeaseEngine *engine,
                        const virLeaseAttempt *attempt,
                        const virLeaseEntry *entry)
{
    virLeaseTarget target = {
        .host = engine->host, .guest = attempt->guest, .uuid = attempt->uuid,
        .resource = entry->resource->name, .path = entry->resource->path,
        .pid = attempt->pid, .since = engine->wall,
    };

    return virLeaseTargetFormat(&target);
}


/* Sends every SYMLINK that is neither under way nor answered. */
void
virLeaseAttemptMark(virLeaseEngine *engine,
                    virLeaseAttempt *attempt)
{
    for (guint i = 0; i < attempt->entries->len; i++) {
        virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);
        g_autofree char *target = NULL;

        if (entry->outstanding || entry->answered)
            continue;
        target = virLeaseAttemptDescribe(engine, attempt, entry);
        entry->sent = entry->outstanding = TRUE;
        engine->usedShards[virLeaseHashShard(entry->name.hash, engine->format.shards)] = TRUE;
        virLeaseEngineSubmit(engine, VIR_LEASE_FOR_MARK, VIR_LEASE_OP_SYMLINK, attempt->id,
                             entry->path, target, 0);
    }
}


/* Whether it ends in another run than the owner's present one. */
gboolean
virLeaseAttemptIsNewRun(const virLeaseAttempt *attempt)
{
    return attempt->kind == VIR_LEASE_ATTEMPT_TOKEN || attempt->kind == VIR_LEASE_ATTEMPT_REGAIN;
}


/* What the present run does not hold yet. A run that a token replaces does
 * not count: the new one needs everything. */
void
virLeaseAttemptWantMissing(virLeaseAttempt *attempt)
{
    const virLeaseRun *run = virLeaseAttemptIsNewRun(attempt) ? NULL : attempt->owner->run;

    g_ptr_array_set_size(attempt->resources, 0);
    for (guint i = 0; i < attempt->asked->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(attempt->asked, i);

        if (!virLeaseRunFind(run, resource->name))
            g_ptr_array_add(attempt->resources,
                            virLeaseResourceNew(resource->name, resource->path, resource->mode));
    }
}


/* Entries with the present numbers, not on the export yet. */
void
virLeaseAttemptMakeEntries(virLeaseEngine *engine,
                           virLeaseAttempt *attempt)
{
    g_ptr_array_set_size(attempt->entries, 0);
    for (guint i = 0; i < attempt->resources->len; i++) {
        virLeaseEntry *entry = virLeaseEntryNew(g_ptr_array_index(attempt->resources, i));

        entry->name.token = attempt->kind == VIR_LEASE_ATTEMPT_TOKEN;
        g_strlcpy(entry->name.sid, attempt->sid, sizeof(entry->name.sid));
        entry->name.run = attempt->runNumber;
        entry->name.attempt = attempt->number;
        entry->path = virLeaseEntryPath(&entry->name, engine->format.shards);
        g_ptr_array_add(attempt->entries, entry);
    }
}


/* The run that the entries will belong to: the present one for more of its
 * resources, else a new one (a run's name is never used again). */
static guint64
virLeaseAttemptRunNumber(virLeaseEngine *engine,
                         const virLeaseAttempt *attempt)
{
    const virLeaseRun *run = attempt->owner->run;

    if (run && !virLeaseAttemptIsNewRun(attempt))
        return run->number;
    return virLeaseEngineNextNumber(engine);
}


static gboolean
virLeaseAttemptBusyInMemory(virLeaseEngine *engine,
                            virLeaseAttempt *attempt)
{
    const virLeaseResource *resource = NULL;
    const virLeaseOwner *owner = virLeaseConflictInMemory(engine, attempt, &resource);
    g_autofree char *message = NULL;

    if (!owner || !VIR_LEASE_RULE(engine, NO_MEMORY))
        return FALSE;
    /* Rule 21: the same guest's other process may be the source of a migration. */
    if (attempt->kind == VIR_LEASE_ATTEMPT_RESERVE && VIR_LEASE_RULE(engine, SAME_GUEST_REFUSED) &&
        g_str_equal(owner->uuid, attempt->uuid)) {
        virLeaseAttemptFinish(engine, attempt, VIR_ERR_OK, NULL);
        return TRUE;
    }
    message = virLeaseMessageBusyHere(engine, resource, owner);
    virLeaseAttemptFinish(engine, attempt, VIR_ERR_RESOURCE_BUSY, message);
    return TRUE;
}


/* More for a run whose session has ended meanwhile cannot be had. */
static gboolean
virLeaseAttemptRunIsLost(virLeaseEngine *engine,
                         virLeaseAttempt *attempt)
{
    const virLeaseRun *run = attempt->owner->run;
    g_autofree char *message = NULL;

    if (attempt->kind != VIR_LEASE_ATTEMPT_ATTACH || (run && virLeaseEngineIsOwnSid(engine, run->sid)))
        return FALSE;
    message = g_strdup_printf(_("the lease on the disks of guest '%1$s' was lost: resume or restart it first"),
                              attempt->guest);
    virLeaseAttemptFinish(engine, attempt, VIR_ERR_OPERATION_INVALID, message);
    return TRUE;
}


/* Begins a try with a new attempt number (rules 1 and 14). */
void
virLeaseAttemptTry(virLeaseEngine *engine,
                   virLeaseAttempt *attempt)
{
    virLeaseAttemptWantMissing(attempt);
    if (virLeaseAttemptRunIsLost(engine, attempt) || virLeaseAttemptBusyInMemory(engine, attempt))
        return;
    attempt->tries++;
    attempt->scans = attempt->moves = 0;
    attempt->contendUntil = attempt->handoverUntil = 0;
    g_strlcpy(attempt->sid, engine->session.sid, sizeof(attempt->sid));
    if (VIR_LEASE_RULE(engine, NAMES_REUSED) || attempt->tries == 1) {
        attempt->runNumber = virLeaseAttemptRunNumber(engine, attempt);
        attempt->number = virLeaseEngineNextNumber(engine);
    }
    virLeaseAttemptMakeEntries(engine, attempt);
    if (attempt->entries->len == 0) {
        virLeaseAttemptEnter(engine, attempt);
        return;
    }
    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_MARKING);
    virLeaseAttemptMark(engine, attempt);
}


/* ---- scans ---- */

static void
virLeaseAttemptAddShard(GArray *shards,
                        guint shard)
{
    if (!virLeaseScanHasShard(shards, shard))
        g_array_append_val(shards, shard);
}


void
virLeaseAttemptScan(virLeaseEngine *engine,
                    virLeaseAttempt *attempt,
                    virLeaseScanOrder order)
{
    g_autoptr(GArray) shards = g_array_new(FALSE, FALSE, sizeof(guint));
    guint count = engine->format.shards;

    for (guint i = 0; i < attempt->entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);

        virLeaseAttemptAddShard(shards, virLeaseHashShard(entry->name.hash, count));
    }
    /* Rule 12b looks at all that the token names. */
    for (guint i = 0; attempt->token && i < attempt->token->entries->len; i++) {
        const virLeaseTokenEntry *entry = &g_array_index(attempt->token->entries, virLeaseTokenEntry, i);

        virLeaseAttemptAddShard(shards, virLeaseHashShard(entry->name.hash, count));
    }
    attempt->scan = virLeaseScanStart(engine, attempt->id, order, shards);
}


/* ---- REMOVEs of rule 12 ---- */

static void
virLeaseAttemptClearPath(virLeaseEngine *engine,
                         virLeaseAttempt *attempt,
                         const char *path)
{
    g_hash_table_add(attempt->clearing, g_strdup(path));
    virLeaseChoreRemove(engine, path);
}


/* Another process of this daemon's table whose token is used here: its
 * entries are on their way out, it has nothing to hand over any more. */
static void
virLeaseAttemptSpend(virLeaseEngine *engine,
                     virLeaseAttempt *attempt)
{
    virLeaseOwner *owner = virLeaseEngineFindRun(engine, attempt->token->sid, attempt->token->run);

    if (!owner)
        return;
    g_ptr_array_set_size(owner->run->entries, 0);
    virLeaseEngineSaveOwner(engine, owner);
}


static gboolean
virLeaseAttemptIsTokens(const virLeaseAttempt *attempt,
                        const virLeaseRun *run)
{
    return attempt->token->run == run->number && g_str_equal(attempt->token->sid, run->sid);
}


static void
virLeaseAttemptRemoveToken(virLeaseEngine *engine,
                           virLeaseAttempt *attempt)
{
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, attempt->tokenPaths);
    while (VIR_LEASE_RULE(engine, TOKEN_KEPT) && g_hash_table_iter_next(&iter, &path, NULL))
        virLeaseAttemptClearPath(engine, attempt, path);
}


static void
virLeaseAttemptClearToken(virLeaseEngine *engine,
                          virLeaseAttempt *attempt)
{
    virLeaseRun *run = attempt->owner->run;

    attempt->tokenUsed = TRUE;
    virLeaseAttemptRemoveToken(engine, attempt);
    /* Rule 21: who presents a token does not run on what it got afresh. */
    if (run && !virLeaseAttemptIsTokens(attempt, run)) {
        virLeaseEngineLeave(engine, attempt->owner);
        virLeaseOwnerReleaseRun(engine, attempt->owner, attempt->clearing);
    }
    virLeaseAttemptSpend(engine, attempt);
}


static gboolean
virLeaseAttemptIsToGo(const virLeaseEngine *engine G_GNUC_UNUSED,
                      const virLeaseOther *other)
{
    if (!VIR_LEASE_RULE(engine, DEAD_IGNORED) && virLeaseObserverIsDead(engine->observer, other->name.sid))
        return FALSE;
    if (!VIR_LEASE_RULE(engine, EXITED_IGNORED) && !virLeaseObserverIsDead(engine->observer, other->name.sid))
        return FALSE;
    return other->over;
}


void
virLeaseAttemptClear(virLeaseEngine *engine,
                     virLeaseAttempt *attempt)
{
    if (!virLeaseEngineSessionUsable(engine)) {
        virLeaseAttemptWithdraw(engine, attempt, TRUE, VIR_ERR_OPERATION_TIMEOUT,
                                virLeaseMessageProblem(engine, engine->problem, engine->problemText));
        return;
    }
    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_CLEARING);
    for (guint i = 0; i < attempt->others->len; i++) {
        const virLeaseOther *other = g_ptr_array_index(attempt->others, i);

        if (!virLeaseAttemptIsToGo(engine, other))
            continue;
        VIR_INFO("lockspace '%s': guest '%s' takes over from '%s', which is dead or gone",
                 engine->lockspace, attempt->guest, other->path);
        virLeaseAttemptClearPath(engine, attempt, other->path);
    }
    if (attempt->token)
        virLeaseAttemptClearToken(engine, attempt);
    if (g_hash_table_size(attempt->clearing) == 0 || !VIR_LEASE_RULE(engine, CLEAR_UNANSWERED))
        virLeaseAttemptEnter(engine, attempt);
}


/* ---- the grant (rule 13) ---- */

static void
virLeaseAttemptStamp(const virLeaseEngine *engine,
                     GPtrArray *entries)
{
    for (guint i = 0; i < entries->len; i++)
        ((virLeaseEntry *) g_ptr_array_index(entries, i))->since = engine->now;
}


static void
virLeaseAttemptMoveEntries(virLeaseAttempt *attempt,
                           virLeaseRun *run)
{
    while (attempt->entries->len > 0)
        g_ptr_array_add(run->entries, g_ptr_array_steal_index(attempt->entries, 0));
}


static virLeaseRun *
virLeaseAttemptNewRun(const virLeaseEngine *engine,
                      const virLeaseAttempt *attempt,
                      virLeaseRunState state)
{
    virLeaseRun *run = virLeaseRunNew(attempt->runNumber, attempt->sid, state, engine->wall);

    if (attempt->kind == VIR_LEASE_ATTEMPT_REGAIN) {
        g_strlcpy(run->fromSid, attempt->owner->run->sid, sizeof(run->fromSid));
        run->fromRun = attempt->owner->run->number;
    }
    if (attempt->token) {
        g_strlcpy(run->fromSid, attempt->token->sid, sizeof(run->fromSid));
        run->fromRun = attempt->token->run;
    }
    return run;
}


/* More resources for a run that stays as it is, or a reservation: no CPU
 * begins to run, so the guard need not know. */
static virLeaseActionType
virLeaseAttemptEnterQuietly(virLeaseEngine *engine,
                            virLeaseAttempt *attempt)
{
    virLeaseOwner *owner = attempt->owner;

    if (!owner->run)
        virLeaseOwnerSetRun(engine, owner, virLeaseAttemptNewRun(engine, attempt, VIR_LEASE_RUN_RESERVED));
    return VIR_LEASE_ACTION_CONFIRM;
}


static virLeaseActionType
virLeaseAttemptEnterRunning(virLeaseEngine *engine,
                            virLeaseAttempt *attempt)
{
    virLeaseOwner *owner = attempt->owner;

    owner->entered = TRUE;
    if (owner->run && owner->run->state == VIR_LEASE_RUN_RESERVED)
        virLeaseOwnerMoveRun(engine, owner, VIR_LEASE_RUN_RUNNING);
    else
        virLeaseOwnerSetRun(engine, owner, virLeaseAttemptNewRun(engine, attempt, VIR_LEASE_RUN_RUNNING));
    return VIR_LEASE_RULE(engine, NOT_ENTERED) ? VIR_LEASE_ACTION_ENTER : VIR_LEASE_ACTION_CONFIRM;
}


void
virLeaseAttemptEnter(virLeaseEngine *engine,
                     virLeaseAttempt *attempt)
{
    gboolean quiet = attempt->kind == VIR_LEASE_ATTEMPT_RESERVE || attempt->kind == VIR_LEASE_ATTEMPT_ATTACH;
    virLeaseActionType action;

    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_ENTERING);
    virLeaseAttemptStamp(engine, attempt->entries);
    action = quiet ? virLeaseAttemptEnterQuietly(engine, attempt) : virLeaseAttemptEnterRunning(engine, attempt);
    virLeaseAttemptMoveEntries(attempt, attempt->owner->run);
    /* Saved before it is answered: a later daemon must know every entry. */
    virLeaseEngineSaveOwner(engine, attempt->owner);
    virLeaseEngineActOwner(engine, action, attempt->owner);
}


/* Takes the entries that this attempt added out of the run again. */
static void
virLeaseAttemptTakeBack(virLeaseEngine *engine,
                        virLeaseAttempt *attempt)
{
    GPtrArray *entries = attempt->owner->run->entries;
    g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseEntryFree);

    for (guint i = entries->len; i-- > 0;) {
        const virLeaseEntry *entry = g_ptr_array_index(entries, i);

        if (entry->name.attempt == attempt->number)
            g_ptr_array_add(taken, g_ptr_array_steal_index(entries, i));
    }
    virLeaseEngineSaveOwner(engine, attempt->owner);
    virLeaseEngineRemoveEntries(engine, attempt->owner, taken, NULL);
}


/* The grant did not come about: what was prepared for it is undone. */
void
virLeaseAttemptNotEntered(virLeaseEngine *engine,
                          virLeaseAttempt *attempt,
                          const char *message)
{
    virLeaseOwner *owner = attempt->owner;

    if (!VIR_LEASE_RULE(engine, ENTERED_STAYS)) {
        virLeaseAttemptFinish(engine, attempt, VIR_ERR_OPERATION_FAILED, message);
        return;
    }
    if (attempt->kind == VIR_LEASE_ATTEMPT_ATTACH) {
        virLeaseAttemptTakeBack(engine, attempt);
    } else if (attempt->kind == VIR_LEASE_ATTEMPT_REGAIN) {
        /* It runs all the same. */
        virLeaseEngineRemoveEntries(engine, NULL, owner->run->entries, NULL);
    } else {
        virLeaseEngineLeave(engine, owner);
        virLeaseOwnerReleaseRun(engine, owner, NULL);
    }
    virLeaseAttemptFinish(engine, attempt, VIR_ERR_OPERATION_FAILED, message);
}


/* Rule 13: the check comes after the guard knows. */
void
virLeaseAttemptEntered(virLeaseEngine *engine,
                       guint64 id,
                       gboolean ok)
{
    virLeaseOwner *owner = g_hash_table_lookup(engine->owners, &id);
    virLeaseAttempt *attempt = owner ? owner->attempt : NULL;

    if (!attempt || attempt->state != VIR_LEASE_ATTEMPT_ENTERING)
        return;
    if (!ok) {
        virLeaseAttemptNotEntered(engine, attempt,
                                  _("virtleased could not write down that the guest runs (is its state directory full?), or its guard did not confirm that it watches over it; its log says which"));
    } else if ((virLeaseEngineSessionUsable(engine) || !VIR_LEASE_RULE(engine, CHECK_FIRST)) && !owner->fenced) {
        VIR_INFO("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ") has its locks, run %" G_GUINT64_FORMAT " (%s)",
                 engine->lockspace, owner->guest, owner->pid, owner->run->number,
                 owner->entered ? "running" : "not running");
        virLeaseAttemptFinish(engine, attempt, VIR_ERR_OK, NULL);
    } else {
        g_autofree char *message = virLeaseMessageProblem(engine, VIR_LEASE_STATUS_LOST,
                                                          _("the lease ran out while it was granted"));

        virLeaseAttemptNotEntered(engine, attempt, message);
    }
}


/* ---- withdrawal (rule 3) ---- */

/* Each REMOVE is sent after the answer to its SYMLINK; one that was never
 * answered is removed too, and the sweep looks for it later. */
static void
virLeaseAttemptRemoveAnswered(virLeaseEngine *engine,
                              virLeaseAttempt *attempt)
{
    for (guint i = attempt->entries->len; i-- > 0;) {
        virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);

        if (entry->outstanding && VIR_LEASE_RULE(engine, REMOVE_EARLY))
            continue;
        if (entry->sent)
            virLeaseAttemptClearPath(engine, attempt, entry->path);
        g_ptr_array_remove_index(attempt->entries, i);
    }
}


void
virLeaseAttemptWithdrawn(virLeaseEngine *engine,
                         virLeaseAttempt *attempt)
{
    virLeaseAttemptRemoveAnswered(engine, attempt);
    if (attempt->entries->len > 0 ||
        (g_hash_table_size(attempt->clearing) > 0 && VIR_LEASE_RULE(engine, WITHDRAW_UNANSWERED)))
        return;
    if (attempt->redo && attempt->owner) {
        attempt->backoff = CLAMP(attempt->backoff * 2, 4 * engine->roundTrip, VIR_LEASE_SECOND);
        attempt->next = engine->now + attempt->backoff +
            (virLeaseSpan) (g_rand_double(engine->rand) * attempt->backoff);
        if (!VIR_LEASE_RULE(engine, NO_BACKOFF))
            attempt->next = engine->now;
        virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_RESTING);
        return;
    }
    virLeaseAttemptFinish(engine, attempt, attempt->code, attempt->message);
}


/* Takes @message over. With @redo, tries again after a pause; @code and
 * @message are the answer if there is no time left for that. */
void
virLeaseAttemptWithdraw(virLeaseEngine *engine,
                        virLeaseAttempt *attempt,
                        gboolean redo,
                        int code,
                        char *message)
{
    attempt->scan = NULL;
    attempt->redo = redo;
    attempt->code = code;
    g_free(attempt->message);
    attempt->message = message;
    g_hash_table_remove_all(attempt->clearing);
    if (!VIR_LEASE_RULE(engine, FAILURE_USES_TOKEN))
        virLeaseAttemptRemoveToken(engine, attempt);
    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_WITHDRAWING);
    virLeaseAttemptWithdrawn(engine, attempt);
}


/* Answers, if nobody did before. */
void
virLeaseAttemptAnswer(virLeaseEngine *engine,
                      virLeaseAttempt *attempt,
                      int code,
                      const char *message)
{
    virLeaseAction *action;

    if (!attempt->request)
        return;
    action = virLeaseEngineAnswer(engine, attempt->request, code, message, NULL);
    if (attempt->owner && code == VIR_ERR_RESOURCE_BUSY && virLeaseConflictElsewhere(engine, attempt)) {
        action->owner = attempt->owner->id;
        action->elsewhere = TRUE;
    }
    attempt->request = 0;
}


/* Answers, if nobody did before, and ends the attempt. */
void
virLeaseAttemptFinish(virLeaseEngine *engine,
                      virLeaseAttempt *attempt,
                      int code,
                      const char *message)
{
    if (attempt->request && code != VIR_ERR_OK)
        VIR_INFO("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ") is refused: %s",
                 engine->lockspace, attempt->guest, attempt->pid, message);
    virLeaseAttemptAnswer(engine, attempt, code, message);
    if (attempt->owner)
        attempt->owner->attempt = NULL;
    if (attempt->owner && attempt->kind == VIR_LEASE_ATTEMPT_REGAIN)
        virLeaseFailureRegained(engine, attempt->owner, code, message);
    attempt->owner = NULL;
    attempt->scan = NULL;
    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_DONE);
}
