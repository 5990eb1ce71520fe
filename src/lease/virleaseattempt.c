/*
 * virleaseattempt.c: the course of an acquisition
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.attempt");

/* Repetitions of a scan that failed, or that lacked an own entry (rule 10). */
#define VIR_LEASE_SCANS_MAX 20
#define VIR_LEASE_OWN_MISSING_MAX 3
#define VIR_LEASE_MOVES_MAX 3

/* Tries after losing to somebody who may be only acquiring, too (rule 14). */
#define VIR_LEASE_TRIES_MAX 6


void
virLeaseAttemptFree(virLeaseAttempt *attempt)
{
    if (!attempt)
        return;
    if (attempt->owner && attempt->owner->attempt == attempt)
        attempt->owner->attempt = NULL;
    g_ptr_array_unref(attempt->asked);
    g_ptr_array_unref(attempt->resources);
    g_ptr_array_unref(attempt->entries);
    g_ptr_array_unref(attempt->others);
    g_hash_table_unref(attempt->tokenPaths);
    g_hash_table_unref(attempt->clearing);
    virLeaseTokenFree(attempt->token);
    virLeaseScanFree(attempt->result);
    g_free(attempt->guest);
    g_free(attempt->uuid);
    g_free(attempt->blocker);
    g_free(attempt->message);
    g_free(attempt);
}


/* ---- answers of the store ---- */

static virLeaseEntry *
virLeaseAttemptFindEntry(const virLeaseAttempt *attempt,
                         const char *path)
{
    for (guint i = 0; i < attempt->entries->len; i++) {
        virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);

        if (g_str_equal(entry->path, path))
            return entry;
    }
    return NULL;
}


static gboolean
virLeaseAttemptAllAnswered(const virLeaseAttempt *attempt)
{
    for (guint i = 0; i < attempt->entries->len; i++) {
        if (!((virLeaseEntry *) g_ptr_array_index(attempt->entries, i))->answered)
            return FALSE;
    }
    return TRUE;
}


static void
virLeaseAttemptPause(virLeaseEngine *engine,
                     virLeaseAttempt *attempt)
{
    attempt->backoff = CLAMP(attempt->backoff * 2, 4 * engine->roundTrip, VIR_LEASE_SECOND);
    attempt->next = engine->now + attempt->backoff;
}


static void
virLeaseAttemptFail(virLeaseEngine *engine,
                    virLeaseAttempt *attempt,
                    virLeaseStatus status,
                    const char *detail)
{
    virLeaseAttemptWithdraw(engine, attempt, FALSE, virLeaseMessageProblemCode(status),
                            virLeaseMessageProblem(engine, status, detail));
}


void
virLeaseAttemptMarkReply(virLeaseEngine *engine,
                         const virLeaseOpContext *op,
                         const virLeaseReply *reply)
{
    virLeaseAttempt *attempt = g_hash_table_lookup(engine->attempts, &op->ref);
    virLeaseEntry *entry = attempt ? virLeaseAttemptFindEntry(attempt, op->path) : NULL;

    if (!entry || !entry->outstanding)
        return;
    entry->outstanding = FALSE;
    /* Rule 2: "exists" is an earlier try of this very call. */
    entry->answered = reply->status == VIR_LEASE_STATUS_OK ||
        (reply->status == VIR_LEASE_STATUS_EXISTS && VIR_LEASE_RULE(engine, EXISTS_FAILS));
    if (attempt->state == VIR_LEASE_ATTEMPT_WITHDRAWING)
        virLeaseAttemptWithdrawn(engine, attempt);
    else if (entry->answered && (VIR_LEASE_RULE(engine, SCAN_EARLY) ? virLeaseAttemptAllAnswered(attempt) :
                                 attempt->state == VIR_LEASE_ATTEMPT_MARKING)) {
        virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_SCANNING);
        if (VIR_LEASE_RULE(engine, RETRY_SKIPS) || attempt->tries == 1 || attempt->token)
            virLeaseAttemptScan(engine, attempt, VIR_LEASE_SCAN_SHARDS);
        else
            virLeaseAttemptClear(engine, attempt);
    } else if (reply->status == VIR_LEASE_STATUS_LOST || reply->status == VIR_LEASE_STATUS_DELAYED) {
        virLeaseAttemptPause(engine, attempt);
    } else if (!entry->answered) {
        virLeaseAttemptFail(engine, attempt, reply->status, reply->detail);
    }
}


/* ---- what a scan shows ---- */

static gboolean
virLeaseAttemptTakeIdentities(const virLeaseEngine *engine G_GNUC_UNUSED,
                              virLeaseAttempt *attempt,
                              const virLeaseScan *scan)
{
    for (guint i = 0; i < attempt->entries->len; i++) {
        virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);
        const virLeaseSeen *seen = virLeaseScanFind(scan, &entry->name);

        if (!seen && VIR_LEASE_RULE(engine, OWN_MISSING))
            return FALSE;
        if (!seen || !VIR_LEASE_RULE(engine, IDENTITY_FORGOTTEN))
            continue;
        entry->fileid = seen->attr.fileid;
        entry->ctime = seen->attr.ctime;
    }
    return TRUE;
}


/* Rule 10: whether what came in is a scan at all. If not, it is repeated, or
 * the attempt is given up. */
static gboolean
virLeaseAttemptScanIsGood(virLeaseEngine *engine,
                          virLeaseAttempt *attempt,
                          const virLeaseScan *scan)
{
    gboolean marked = attempt->state != VIR_LEASE_ATTEMPT_LOOKING && scan->shardsRead;
    gboolean missing = !scan->failed && marked && !virLeaseAttemptTakeIdentities(engine, attempt, scan);

    if (!scan->failed && !missing && (!scan->moved || attempt->moves >= VIR_LEASE_MOVES_MAX || !VIR_LEASE_RULE(engine, MOVED_COUNTS)))
        return TRUE;
    if (scan->failed && attempt->scans++ >= VIR_LEASE_SCANS_MAX) {
        virLeaseAttemptFail(engine, attempt, scan->status, scan->detail);
    } else if (missing && attempt->scans++ >= VIR_LEASE_OWN_MISSING_MAX) {
        virLeaseAttemptFail(engine, attempt, VIR_LEASE_STATUS_FAILED,
                            _("what this host wrote there is not shown when it is read again"));
    } else {
        if (scan->moved)
            attempt->moves++;
        virLeaseAttemptPause(engine, attempt);
    }
    return FALSE;
}


static gboolean
virLeaseAttemptNeedsSessions(const virLeaseAttempt *attempt)
{
    for (guint i = 0; i < attempt->others->len; i++) {
        if (!((virLeaseOther *) g_ptr_array_index(attempt->others, i))->over)
            return TRUE;
    }
    return FALSE;
}


/* Asks who is in the way; returns FALSE if all that matters is known. */
static gboolean
virLeaseAttemptAskWho(virLeaseEngine *engine,
                      virLeaseAttempt *attempt)
{
    attempt->describing = 0;
    for (guint i = 0; i < attempt->others->len; i++) {
        const virLeaseOther *other = g_ptr_array_index(attempt->others, i);

        if (other->described || (other->over && attempt->kind != VIR_LEASE_ATTEMPT_RESERVE))
            continue;
        attempt->describing++;
        virLeaseEngineSubmit(engine, VIR_LEASE_FOR_DESCRIPTION, VIR_LEASE_OP_READLINK, attempt->id,
                             other->path, NULL, 0);
    }
    return attempt->describing > 0;
}


static void
virLeaseAttemptSetBlocker(virLeaseEngine *engine,
                          virLeaseAttempt *attempt,
                          const virLeaseOther *blocker)
{
    g_free(attempt->blocker);
    attempt->blocker = g_strdup(blocker->path);
    attempt->code = VIR_ERR_RESOURCE_BUSY;
    g_free(attempt->message);
    attempt->message = virLeaseMessageBusy(engine, attempt, blocker);
}


static void
virLeaseAttemptWithdrawBusy(virLeaseEngine *engine,
                            virLeaseAttempt *attempt,
                            const virLeaseOther *blocker)
{
    gboolean stopped = virLeaseObserverHasMarker(engine->observer, blocker->name.sid,
                                                 VIR_LEASE_MARKER_STOPPED, blocker->name.run);

    virLeaseAttemptSetBlocker(engine, attempt, blocker);
    virLeaseAttemptWithdraw(engine, attempt, !stopped && attempt->tries < VIR_LEASE_TRIES_MAX,
                            VIR_ERR_RESOURCE_BUSY, g_steal_pointer(&attempt->message));
}


static void
virLeaseAttemptWaitForStop(virLeaseEngine *engine,
                           virLeaseAttempt *attempt)
{
    if (attempt->state != VIR_LEASE_ATTEMPT_HANDOVER) {
        virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_HANDOVER);
        attempt->handoverUntil = engine->now + attempt->handoverWait;
        virLeaseAttemptScan(engine, attempt, VIR_LEASE_SCAN_SESSIONS_ONLY);
    } else if (engine->now >= attempt->handoverUntil || !VIR_LEASE_RULE(engine, NO_HANDOVER_WAIT)) {
        virLeaseAttemptWithdraw(engine, attempt, FALSE, VIR_ERR_RESOURCE_BUSY, virLeaseMessageHandover(attempt));
    } else {
        attempt->next = engine->now + MAX(2 * engine->roundTrip, 20 * VIR_LEASE_MILLISECOND);
    }
}


/* Rule 12, after a scan without conflict has ended. */
static void
virLeaseAttemptHandover(virLeaseEngine *engine,
                        virLeaseAttempt *attempt)
{
    if (attempt->token && engine->distrust && VIR_LEASE_RULE(engine, DISTRUST_FORGOTTEN) &&
        virLeaseObserverIsDead(engine->observer, attempt->token->sid)) {
        virLeaseAttemptWithdraw(engine, attempt, FALSE, VIR_ERR_OPERATION_INVALID,
                                virLeaseMessageTokenVoid(attempt->guest, NULL));
    } else if (!attempt->token) {
        virLeaseAttemptClear(engine, attempt);
    } else if (virLeaseAttemptTokenIsVoid(engine, attempt)) {
        return;
    } else if (!virLeaseConflictTokenStopped(engine, attempt)) {
        virLeaseAttemptWaitForStop(engine, attempt);
    } else {
        virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_VERIFYING);
        if (VIR_LEASE_RULE(engine, ONE_SCAN))
            virLeaseAttemptScan(engine, attempt, VIR_LEASE_SCAN_SHARDS);
        else
            virLeaseAttemptVerify(engine, attempt);
    }
}


/* Only worse-ranked ones in the way: they will see this entry and give way,
 * unless they have been there for long. */
static void
virLeaseAttemptContend(virLeaseEngine *engine,
                       virLeaseAttempt *attempt,
                       const virLeaseOther *blocker)
{
    if (!attempt->contendUntil)
        attempt->contendUntil = engine->now + MAX(10 * engine->roundTrip, 100 * VIR_LEASE_MILLISECOND);
    if (engine->now >= attempt->contendUntil && VIR_LEASE_RULE(engine, CONTENDS_ON)) {
        virLeaseAttemptWithdrawBusy(engine, attempt, blocker);
        return;
    }
    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_CONTENDING);
    attempt->next = engine->now + MAX(2 * engine->roundTrip, 10 * VIR_LEASE_MILLISECOND);
}


/* The judgement on a complete scan; everybody in the way is known by name. */
static void
virLeaseAttemptDecide(virLeaseEngine *engine,
                      virLeaseAttempt *attempt)
{
    const virLeaseOther *blocker = NULL;
    virLeaseConflict conflict = virLeaseConflictJudge(engine, attempt, &blocker);

    if (attempt->kind == VIR_LEASE_ATTEMPT_RESERVE && VIR_LEASE_RULE(engine, SAME_GUEST_REFUSED) &&
        (VIR_LEASE_RULE(engine, RESERVATION_REMOVES) || conflict != VIR_LEASE_CONFLICT_NONE) &&
        virLeaseConflictSameGuest(attempt)) {
        VIR_INFO("lockspace '%s': guest '%s' is registered only: an entry of the same guest is there (a migration?)",
                 engine->lockspace, attempt->guest);
        virLeaseAttemptWithdraw(engine, attempt, FALSE, VIR_ERR_OK, NULL);
    } else if (conflict == VIR_LEASE_CONFLICT_NONE) {
        virLeaseAttemptHandover(engine, attempt);
    } else if (conflict == VIR_LEASE_CONFLICT_WORSE) {
        virLeaseAttemptContend(engine, attempt, blocker);
    } else {
        virLeaseAttemptWithdrawBusy(engine, attempt, blocker);
    }
}


/* After a courtesy scan: who was in the way before and still is has its
 * locks, and is not merely acquiring them. */
static void
virLeaseAttemptDecideLook(virLeaseEngine *engine,
                          virLeaseAttempt *attempt)
{
    const virLeaseOther *other = NULL;

    for (guint i = 0; i < attempt->others->len; i++) {
        const virLeaseOther *candidate = g_ptr_array_index(attempt->others, i);

        if (candidate->over)
            continue;
        other = candidate;
        if (g_strcmp0(attempt->blocker, other->path) == 0)
            break;
    }
    /* Of the same guest: the try itself knows what that means (rule 21). */
    if (!other || (attempt->kind == VIR_LEASE_ATTEMPT_RESERVE && virLeaseConflictSameGuest(attempt))) {
        virLeaseAttemptTry(engine, attempt);
    } else if (g_strcmp0(attempt->blocker, other->path) == 0 || attempt->tries++ >= VIR_LEASE_TRIES_MAX) {
        virLeaseAttemptSetBlocker(engine, attempt, other);
        virLeaseAttemptFinish(engine, attempt, attempt->code, attempt->message);
    } else {
        virLeaseAttemptSetBlocker(engine, attempt, other);
        virLeaseAttemptPause(engine, attempt);
        virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_RESTING);
    }
}


static void
virLeaseAttemptDecideAny(virLeaseEngine *engine,
                         virLeaseAttempt *attempt)
{
    /* Without own entries on the export this is a look, not a try. */
    if (attempt->entries->len > 0 && !((virLeaseEntry *) g_ptr_array_index(attempt->entries, 0))->sent)
        virLeaseAttemptDecideLook(engine, attempt);
    else
        virLeaseAttemptDecide(engine, attempt);
}


static void
virLeaseAttemptEvaluate(virLeaseEngine *engine,
                        virLeaseAttempt *attempt,
                        gboolean sessionsRead)
{
    virLeaseConflictCollect(engine, attempt, attempt->result);
    if (!sessionsRead && VIR_LEASE_RULE(engine, SESSIONS_NOT_READ) && virLeaseAttemptNeedsSessions(attempt)) {
        virLeaseAttemptScan(engine, attempt, VIR_LEASE_SCAN_SESSIONS_ONLY);
        return;
    }
    if (virLeaseAttemptAskWho(engine, attempt))
        virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_DESCRIBING);
    else
        virLeaseAttemptDecideAny(engine, attempt);
}


/* Takes @scan over. */
void
virLeaseAttemptScanned(virLeaseEngine *engine,
                       virLeaseAttempt *attempt,
                       virLeaseScan *scan)
{
    g_autoptr(virLeaseScan) own = scan;

    attempt->scan = NULL;
    if (!virLeaseAttemptScanIsGood(engine, attempt, scan))
        return;
    if (attempt->state == VIR_LEASE_ATTEMPT_HANDOVER) {
        virLeaseAttemptHandover(engine, attempt);
        return;
    }
    if (scan->shardsRead) {
        virLeaseScanFree(attempt->result);
        attempt->result = g_steal_pointer(&own);
    }
    if (attempt->state == VIR_LEASE_ATTEMPT_VERIFYING)
        virLeaseAttemptVerify(engine, attempt);
    else
        virLeaseAttemptEvaluate(engine, attempt, scan->sessionsRead);
}


void
virLeaseAttemptDescribed(virLeaseEngine *engine,
                         const virLeaseOpContext *op,
                         const virLeaseReply *reply)
{
    virLeaseAttempt *attempt = g_hash_table_lookup(engine->attempts, &op->ref);

    if (!attempt || attempt->state != VIR_LEASE_ATTEMPT_DESCRIBING || attempt->describing == 0)
        return;
    for (guint i = 0; i < attempt->others->len; i++) {
        virLeaseOther *other = g_ptr_array_index(attempt->others, i);

        if (!g_str_equal(other->path, op->path))
            continue;
        other->described = TRUE;
        if (reply->status == VIR_LEASE_STATUS_OK && !other->target)
            other->target = virLeaseTargetParse(reply->target);
    }
    if (--attempt->describing == 0)
        virLeaseAttemptDecideAny(engine, attempt);
}


/* A REMOVE of @path was acknowledged, by whomever it was wanted. */
void
virLeaseAttemptCleared(virLeaseEngine *engine,
                       const char *path)
{
    g_autoptr(GList) attempts = g_hash_table_get_values(engine->attempts);

    for (GList *next = attempts; next; next = next->next) {
        virLeaseAttempt *attempt = next->data;

        if (!g_hash_table_remove(attempt->clearing, path))
            continue;
        if (attempt->state == VIR_LEASE_ATTEMPT_WITHDRAWING)
            virLeaseAttemptWithdrawn(engine, attempt);
        else if (attempt->state == VIR_LEASE_ATTEMPT_CLEARING && g_hash_table_size(attempt->clearing) == 0)
            virLeaseAttemptEnter(engine, attempt);
    }
}


/* It is to be removed for an attempt, and the server refuses: the answer, unless
 * that changes in time. */
void
virLeaseAttemptNotCleared(virLeaseEngine *engine,
                          const char *path,
                          virLeaseStatus status)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->attempts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseAttempt *attempt = value;

        if (attempt->state != VIR_LEASE_ATTEMPT_CLEARING || !g_hash_table_contains(attempt->clearing, path))
            continue;
        attempt->code = VIR_ERR_OPERATION_FAILED;
        g_free(attempt->message);
        attempt->message = virLeaseMessageNotRemoved(engine, path, status);
    }
}


/* ---- giving up ---- */

/* Answers now; what is on the export is cleaned up behind. */
void
virLeaseAttemptCancel(virLeaseEngine *engine,
                      virLeaseAttempt *attempt,
                      int code,
                      const char *message)
{
    g_autofree char *text = g_strdup(message);

    virLeaseAttemptAnswer(engine, attempt, code, text);
    attempt->redo = FALSE;
    if (attempt->owner)
        attempt->owner->attempt = NULL;
    attempt->owner = NULL;
    if (attempt->state == VIR_LEASE_ATTEMPT_ENTERING)
        virLeaseAttemptFinish(engine, attempt, code, text);
    else if (attempt->state != VIR_LEASE_ATTEMPT_WITHDRAWING && attempt->state != VIR_LEASE_ATTEMPT_DONE)
        virLeaseAttemptWithdraw(engine, attempt, FALSE, code, g_steal_pointer(&text));
}


/* Nobody waits for the answer any more. What has begun to use up a token, or
 * is about to be granted, is carried through: the process may still come back. */
void
virLeaseAttemptClientGone(virLeaseEngine *engine,
                          guint64 request)
{
    g_autoptr(GList) attempts = g_hash_table_get_values(engine->attempts);

    for (GList *next = attempts; next; next = next->next) {
        virLeaseAttempt *attempt = next->data;

        if (attempt->request != request)
            continue;
        attempt->request = 0;
        if (attempt->state != VIR_LEASE_ATTEMPT_CLEARING && attempt->state != VIR_LEASE_ATTEMPT_ENTERING)
            virLeaseAttemptCancel(engine, attempt, VIR_ERR_OPERATION_ABORTED, "");
    }
}


static void
virLeaseAttemptExpire(virLeaseEngine *engine,
                      virLeaseAttempt *attempt)
{
    g_autofree char *message = g_strdup(attempt->message);
    int code = attempt->code;

    if (!message && engine->heldUp) {
        code = VIR_ERR_OPERATION_FAILED;
        message = g_strdup(engine->heldUp);
    }
    if (!message) {
        virLeaseStatus status = engine->problem == VIR_LEASE_STATUS_OK ? VIR_LEASE_STATUS_LOST : engine->problem;

        code = virLeaseMessageProblemCode(status);
        message = virLeaseMessageProblem(engine, status, engine->problemText);
    }
    VIR_INFO("lockspace '%s': guest '%s' (pid %" G_GINT64_FORMAT ") is refused: %s",
             engine->lockspace, attempt->guest, attempt->pid, message);
    virLeaseAttemptCancel(engine, attempt, code, message);
}


/* A problem that waiting does not mend is told at once. */
void
virLeaseAttemptProblem(virLeaseEngine *engine)
{
    g_autoptr(GList) attempts = g_hash_table_get_values(engine->attempts);

    if (engine->problem == VIR_LEASE_STATUS_OK || engine->problem == VIR_LEASE_STATUS_LOST ||
        engine->problem == VIR_LEASE_STATUS_DELAYED || engine->session.state == VIR_LEASE_SESSION_ACTIVE)
        return;
    for (GList *next = attempts; next; next = next->next) {
        virLeaseAttempt *attempt = next->data;

        if (attempt->state == VIR_LEASE_ATTEMPT_WAITING && attempt->request)
            virLeaseAttemptExpire(engine, attempt);
    }
}


/* The entries of this try are dead with their session. */
static void
virLeaseAttemptStartOver(virLeaseEngine *engine,
                         virLeaseAttempt *attempt)
{
    attempt->scan = NULL;
    virLeaseEngineRemoveEntries(engine, NULL, attempt->entries, NULL);
    g_ptr_array_set_size(attempt->entries, 0);
    g_hash_table_remove_all(attempt->clearing);
    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_WAITING);
}


static void
virLeaseAttemptEndWithSession(virLeaseEngine *engine,
                              virLeaseAttempt *attempt)
{
    const virLeaseRun *run = attempt->owner ? attempt->owner->run : NULL;
    gboolean bound = run && attempt->kind != VIR_LEASE_ATTEMPT_TOKEN;

    if (attempt->state == VIR_LEASE_ATTEMPT_DONE || attempt->state == VIR_LEASE_ATTEMPT_WITHDRAWING ||
        attempt->state == VIR_LEASE_ATTEMPT_WAITING)
        return;
    if (bound || attempt->tokenUsed || attempt->state == VIR_LEASE_ATTEMPT_ENTERING) {
        g_autofree char *message = virLeaseMessageProblem(engine, VIR_LEASE_STATUS_LOST,
                                                          _("the lease ran out while it was granted"));

        virLeaseAttemptCancel(engine, attempt, VIR_ERR_OPERATION_FAILED, message);
        return;
    }
    virLeaseAttemptStartOver(engine, attempt);
}


void
virLeaseAttemptSessionEnded(virLeaseEngine *engine)
{
    g_autoptr(GList) attempts = g_hash_table_get_values(engine->attempts);

    for (GList *next = attempts; next; next = next->next)
        virLeaseAttemptEndWithSession(engine, next->data);
}


/* ---- time ---- */

static gboolean
virLeaseAttemptIsPausing(const virLeaseAttempt *attempt)
{
    switch (attempt->state) {
    case VIR_LEASE_ATTEMPT_MARKING:
        return !virLeaseAttemptAllAnswered(attempt);
    case VIR_LEASE_ATTEMPT_SCANNING:
    case VIR_LEASE_ATTEMPT_LOOKING:
    case VIR_LEASE_ATTEMPT_HANDOVER:
    case VIR_LEASE_ATTEMPT_VERIFYING:
        return attempt->scan == NULL;
    case VIR_LEASE_ATTEMPT_CONTENDING:
    case VIR_LEASE_ATTEMPT_RESTING:
        return TRUE;
    case VIR_LEASE_ATTEMPT_WAITING:
    case VIR_LEASE_ATTEMPT_DESCRIBING:
    case VIR_LEASE_ATTEMPT_CLEARING:
    case VIR_LEASE_ATTEMPT_ENTERING:
    case VIR_LEASE_ATTEMPT_WITHDRAWING:
    case VIR_LEASE_ATTEMPT_DONE:
    case VIR_LEASE_ATTEMPT_LAST:
    default:
        return FALSE;
    }
}


static void
virLeaseAttemptLook(virLeaseEngine *engine,
                    virLeaseAttempt *attempt)
{
    if (!virLeaseEngineSessionUsable(engine)) {
        virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_WAITING);
        return;
    }
    virLeaseAttemptMakeEntries(engine, attempt);
    virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_LOOKING);
    virLeaseAttemptScan(engine, attempt, VIR_LEASE_SCAN_SHARDS);
}


static void
virLeaseAttemptPauseOver(virLeaseEngine *engine,
                         virLeaseAttempt *attempt)
{
    if (attempt->state == VIR_LEASE_ATTEMPT_MARKING) {
        virLeaseAttemptMark(engine, attempt);
    } else if (attempt->state == VIR_LEASE_ATTEMPT_RESTING) {
        virLeaseAttemptLook(engine, attempt);
    } else if (attempt->state == VIR_LEASE_ATTEMPT_HANDOVER) {
        virLeaseAttemptScan(engine, attempt, VIR_LEASE_SCAN_SESSIONS_ONLY);
    } else {
        if (attempt->state == VIR_LEASE_ATTEMPT_CONTENDING)
            virLeaseAttemptMove(engine, attempt, VIR_LEASE_ATTEMPT_SCANNING);
        virLeaseAttemptScan(engine, attempt, VIR_LEASE_SCAN_SHARDS);
    }
}


static void
virLeaseAttemptTimer(virLeaseEngine *engine,
                     virLeaseAttempt *attempt)
{
    if (attempt->state == VIR_LEASE_ATTEMPT_WAITING && virLeaseEngineSessionUsable(engine))
        virLeaseAttemptTry(engine, attempt);
    if (virLeaseAttemptIsPausing(attempt) && engine->now >= attempt->next)
        virLeaseAttemptPauseOver(engine, attempt);
    if (attempt->request && engine->now >= attempt->deadline) {
        if (attempt->state == VIR_LEASE_ATTEMPT_ENTERING)
            virLeaseAttemptNotEntered(engine, attempt, _("the guard did not take note of the guest before the deadline"));
        else
            virLeaseAttemptExpire(engine, attempt);
    }
    if (attempt->state == VIR_LEASE_ATTEMPT_DONE)
        g_hash_table_remove(engine->attempts, &attempt->id);
}


void
virLeaseAttemptTimers(virLeaseEngine *engine)
{
    g_autoptr(GList) attempts = g_hash_table_get_values(engine->attempts);

    for (GList *next = attempts; next; next = next->next)
        virLeaseAttemptTimer(engine, next->data);
}


virLeaseTime
virLeaseAttemptWakeup(const virLeaseEngine *engine)
{
    virLeaseTime wakeup = VIR_LEASE_TIME_NEVER;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->attempts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const virLeaseAttempt *attempt = value;

        if (attempt->request)
            wakeup = MIN(wakeup, attempt->deadline);
        if (virLeaseAttemptIsPausing(attempt) && attempt->next > engine->now)
            wakeup = MIN(wakeup, attempt->next);
    }
    return wakeup;
}
