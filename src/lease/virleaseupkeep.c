/*
 * virleaseupkeep.c: watching all sessions, sweep and audit
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.upkeep");

/* Sweep and audit come every few renewals, and every minute at least. */
#define VIR_LEASE_UPKEEP_RENEWALS 4
#define VIR_LEASE_UPKEEP_MAX (60 * VIR_LEASE_SECOND)


/* ---- what sessions/ shows (rule 7, and the revoke markers) ---- */

static void
virLeaseUpkeepRevoke(virLeaseEngine *engine,
                     guint64 number)
{
    virLeaseOwner *owner = virLeaseEngineFindRun(engine, engine->session.sid, number);

    if (!owner || owner->gone) {
        engine->upkeepWanted |= owner == NULL;
        return;
    }
    if (!owner->fenced && VIR_LEASE_RULE(engine, REVOKE_IGNORED))
        virLeaseEngineFence(engine, owner, _("an administrator revoked its locks"));
}


static void
virLeaseUpkeepOwnName(virLeaseEngine *engine,
                      virLeaseTime sent,
                      const virLeaseDirEntry *entry)
{
    char sid[VIR_LEASE_SID_LEN + 1];
    gboolean isMarker = FALSE;
    virLeaseMarker marker;
    guint64 run;

    if (!virLeaseSessionNameParse(entry->name, sid, &isMarker, &marker, &run) ||
        !g_str_equal(sid, engine->session.sid))
        return;
    if (!isMarker)
        virLeaseSessionOwnTuple(engine, sent, &entry->attr);
    else if (marker == VIR_LEASE_MARKER_REVOKE)
        virLeaseUpkeepRevoke(engine, run);
}


/* What a read that was sent at @sent has to show of the own session: the last
 * renewal that was acknowledged by then. The latest may have been under way. */
static void
virLeaseUpkeepExpectSelf(const virLeaseSession *session,
                         virLeaseTime sent,
                         virLeaseObserverSelf *self)
{
    gboolean earlier = sent < session->acked;

    self->mtime = (earlier ? session->ackedMtimeBefore : session->ackedMtime) * VIR_LEASE_SECOND;
    self->acked = earlier ? session->ackedBefore : session->acked;
    self->newest = session->mtime * VIR_LEASE_SECOND;
}


/* Takes in a complete read of sessions/ that was sent at @sent. */
void
virLeaseUpkeepObserved(virLeaseEngine *engine,
                       virLeaseTime sent,
                       const virLeaseReply *reply)
{
    virLeaseObserverSelf self = {
        .sid = engine->session.state == VIR_LEASE_SESSION_ACTIVE ? engine->session.sid : NULL,
        .renewal = virLeaseEngineRenewalSpan(engine),
        .length = engine->format.length,
    };

    virLeaseUpkeepExpectSelf(&engine->session, sent, &self);
    virLeaseObserverRead(engine->observer, sent, engine->now, reply->entries, &self);
    for (guint i = 0; i < reply->entries->len; i++) {
        if (!virLeaseEngineIsOwnSid(engine, engine->session.sid))
            return;
        virLeaseUpkeepOwnName(engine, sent, g_ptr_array_index(reply->entries, i));
    }
}


void
virLeaseUpkeepObserverReply(virLeaseEngine *engine,
                            const virLeaseOpContext *op,
                            const virLeaseReply *reply)
{
    engine->observing = FALSE;
    if (reply->status == VIR_LEASE_STATUS_OK) {
        virLeaseUpkeepObserved(engine, op->sent, reply);
        engine->observeNext = op->sent + virLeaseEngineRenewalSpan(engine);
    } else {
        engine->observeNext = engine->now + virLeaseEngineRenewalSpan(engine) / 2;
    }
}


/* ---- sweep (rules 4 and 19) ---- */

/* Rule 4: own entries that the table does not know are late leftovers. */
static void
virLeaseUpkeepSweepEntries(virLeaseEngine *engine,
                           const virLeaseScan *scan)
{
    for (guint i = 0; i < scan->seen->len; i++) {
        const virLeaseSeen *seen = &g_array_index(scan->seen, virLeaseSeen, i);
        g_autofree char *path = NULL;
        const virLeaseAttempt *attempt;
        virLeaseOwner *owner;
        gboolean known = FALSE;

        if (!virLeaseEngineIsOwnSid(engine, seen->name.sid) && VIR_LEASE_RULE(engine, SWEEP_OTHERS))
            continue;
        path = virLeaseEntryPath(&seen->name, engine->format.shards);
        owner = virLeaseEngineFindRun(engine, seen->name.sid, seen->name.run);
        for (guint j = 0; owner && j < owner->run->entries->len; j++) {
            virLeaseEntry *entry = g_ptr_array_index(owner->run->entries, j);

            known |= g_str_equal(entry->path, path) &&
                (entry->since < scan->started || VIR_LEASE_RULE(engine, TABLE_FIRST));
        }
        attempt = virLeaseEngineFindAttempt(engine, seen->name.sid, seen->name.run, seen->name.attempt);
        known |= attempt && (attempt->id < scan->id || VIR_LEASE_RULE(engine, TABLE_FIRST));
        if (known || virLeaseChorePending(engine, path))
            continue;
        VIR_INFO("lockspace '%s': '%s' belongs to no guest of this host any more and is removed",
                 engine->lockspace, path);
        virLeaseChoreRemove(engine, path);
    }
}


/* Markers of runs that the table does not know, once no entry of the run is
 * left: a run whose token was used up here, or one of an earlier life. */
static void
virLeaseUpkeepSweepMarkers(virLeaseEngine *engine,
                           const virLeaseScan *scan)
{
    GHashTableIter iter;
    gpointer name;

    g_hash_table_iter_init(&iter, scan->markers);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        char sid[VIR_LEASE_SID_LEN + 1];
        gboolean isMarker = FALSE;
        virLeaseMarker marker;
        guint64 run;
        g_autofree char *path = NULL;

        if (!virLeaseSessionNameParse(name, sid, &isMarker, &marker, &run) || !isMarker ||
            !virLeaseEngineIsOwnSid(engine, sid) ||
            virLeaseEngineFindRun(engine, sid, run) ||
            (virLeaseScanHasRun(scan, sid, run) && VIR_LEASE_RULE(engine, MARKERS_SWEPT)))
            continue;
        path = virLeaseMarkerPath(sid, marker, run);
        virLeaseChoreRemove(engine, path);
    }
}


static gboolean
virLeaseUpkeepShowsMarker(const virLeaseScan *scan,
                          const virLeaseRun *run,
                          virLeaseMarker marker)
{
    g_autofree char *path = virLeaseMarkerPath(run->sid, marker, run->number);

    return g_hash_table_contains(scan->markers, strrchr(path, '/') + 1);
}


/* Forgets first: a daemon that is killed in between must not know the run any
 * more, or the next one would make a marker again that was removed (rule 1).
 * What then stays behind is swept. */
static void
virLeaseUpkeepDropOwner(virLeaseEngine *engine,
                        virLeaseOwner *owner,
                        const virLeaseScan *scan)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    const virLeaseRun *run = owner->run;

    for (virLeaseMarker marker = 0; marker < VIR_LEASE_MARKER_LAST; marker++) {
        g_autofree char *path = virLeaseMarkerPath(run->sid, marker, run->number);

        if (virLeaseUpkeepShowsMarker(scan, run, marker) || virLeaseChorePending(engine, path))
            g_ptr_array_add(paths, g_steal_pointer(&path));
    }
    virLeaseOwnerForget(engine, owner);
    for (guint i = 0; i < paths->len; i++)
        virLeaseChoreRemove(engine, g_ptr_array_index(paths, i));
}


/* Rule 19: the scan read sessions/ first, then the shards. */
static void
virLeaseUpkeepDropExited(virLeaseEngine *engine,
                         const virLeaseScan *scan)
{
    g_autoptr(GList) owners = g_hash_table_get_values(engine->owners);

    for (GList *next = owners; next; next = next->next) {
        virLeaseOwner *owner = next->data;
        const virLeaseRun *run = owner->run;

        if (!run || run->state != VIR_LEASE_RUN_EXITED ||
            !virLeaseEngineIsOwnSid(engine, run->sid) ||
            (VIR_LEASE_RULE(engine, EXITED_UNREAD) &&
             (!run->exitedKnown || !virLeaseUpkeepShowsMarker(scan, run, VIR_LEASE_MARKER_EXITED))) ||
            (virLeaseScanHasRun(scan, run->sid, run->number) && VIR_LEASE_RULE(engine, MARKERS_EARLY)))
            continue;
        virLeaseUpkeepDropOwner(engine, owner, scan);
    }
}


/* ---- markers that the server has lost (rules 15 and 17) ---- */

static void
virLeaseUpkeepRemark(virLeaseEngine *engine,
                     const virLeaseScan *scan)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseOwner *owner = value;
        virLeaseRun *run = owner->run;

        if (!run || !virLeaseEngineIsOwnSid(engine, run->sid))
            continue;
        /* One that was made meanwhile is made once more: "exists". */
        run->stoppedKnown &= virLeaseUpkeepShowsMarker(scan, run, VIR_LEASE_MARKER_STOPPED);
        run->exitedKnown &= virLeaseUpkeepShowsMarker(scan, run, VIR_LEASE_MARKER_EXITED);
        virLeaseOwnerStopMarkers(engine, owner);
    }
}


/* ---- audit (rule 20) ---- */

static virLeaseEntry *
virLeaseUpkeepMissing(const virLeaseEngine *engine G_GNUC_UNUSED,
                      const virLeaseRun *run,
                      const virLeaseScan *scan)
{
    for (guint i = 0; i < run->entries->len; i++) {
        virLeaseEntry *entry = g_ptr_array_index(run->entries, i);
        const virLeaseSeen *seen;

        if (entry->since >= scan->started)
            continue;
        seen = virLeaseScanFind(scan, &entry->name);
        if (!seen || (VIR_LEASE_RULE(engine, AUDIT_BY_NAME) &&
                      (seen->attr.fileid != entry->fileid || seen->attr.ctime != entry->ctime)))
            return entry;
        entry->missed = FALSE;
    }
    return NULL;
}


/* A stopped guest may lack it for days: that is said once. */
static void
virLeaseUpkeepTellMissing(const virLeaseEngine *engine,
                          const virLeaseOwner *owner,
                          virLeaseEntry *entry)
{
    if (!entry->missed)
        VIR_ERROR("lockspace '%s': the lock of guest '%s' on '%s' was removed or replaced on the export by somebody else",
                  engine->lockspace, owner->guest, entry->resource->path);
    entry->missed = TRUE;
}


static void
virLeaseUpkeepAuditOwner(virLeaseEngine *engine,
                         virLeaseOwner *owner,
                         const virLeaseScan *scan)
{
    virLeaseEntry *entry;

    if (!owner->run || owner->gone || owner->fenced || owner->fenceAt || owner->lost || owner->attempt ||
        !virLeaseEngineIsOwnSid(engine, owner->run->sid))
        return;
    entry = virLeaseUpkeepMissing(engine, owner->run, scan);
    if (!entry)
        return;
    virLeaseUpkeepTellMissing(engine, owner, entry);
    if (!VIR_LEASE_RULE(engine, ENTRY_REMADE)) {
        virLeaseChoreMark(engine, entry->path, "remade=1");
    } else if (virLeaseOwnerIsRunning(owner)) {
        virLeaseFailureBegin(engine, owner);
    } else if (owner->run->state == VIR_LEASE_RUN_RESERVED) {
        virLeaseOwnerReleaseRun(engine, owner, NULL);
    }
    /* A stopped one is refused when it wants to go on (rule 12b). */
}


static void
virLeaseUpkeepAudit(virLeaseEngine *engine,
                    const virLeaseScan *scan)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        virLeaseUpkeepAuditOwner(engine, value, scan);
}


/* ---- the course ---- */

/* Whether @scan has read all that runs of this session may have entries in. A
 * shard that was first used after it began was left out, and a run that is there
 * would seem to have nothing any more (rule 19). */
static gboolean
virLeaseUpkeepReadAll(const virLeaseEngine *engine,
                      const virLeaseScan *scan)
{
    for (guint i = 0; i < engine->format.shards; i++) {
        if (engine->usedShards[i] && !virLeaseScanHasShard(scan->shards, i))
            return FALSE;
    }
    return TRUE;
}


void
virLeaseUpkeepScanned(virLeaseEngine *engine,
                      virLeaseScan *scan)
{
    g_autoptr(virLeaseScan) result = scan;
    virLeaseSpan period = MIN(VIR_LEASE_UPKEEP_RENEWALS * virLeaseEngineRenewalSpan(engine), VIR_LEASE_UPKEEP_MAX);
    gboolean all;

    if (engine->upkeep != scan)
        return;
    engine->upkeep = NULL;
    engine->upkeepNext = scan->started + (scan->failed ? virLeaseEngineRenewalSpan(engine) : period);
    if (scan->failed || engine->session.state != VIR_LEASE_SESSION_ACTIVE)
        return;
    all = virLeaseUpkeepReadAll(engine, scan);
    engine->upkeepWanted |= !all;
    if (all && VIR_LEASE_RULE(engine, RUN_STAYS))
        virLeaseUpkeepDropExited(engine, scan);
    if (VIR_LEASE_RULE(engine, NO_SWEEP))
        virLeaseUpkeepSweepEntries(engine, scan);
    if (all && VIR_LEASE_RULE(engine, NO_MARKER_SWEEP))
        virLeaseUpkeepSweepMarkers(engine, scan);
    virLeaseUpkeepRemark(engine, scan);
    if (VIR_LEASE_RULE(engine, NO_AUDIT))
        virLeaseUpkeepAudit(engine, scan);
}


void
virLeaseUpkeepStart(virLeaseEngine *engine)
{
    g_autoptr(GArray) shards = g_array_new(FALSE, FALSE, sizeof(guint));

    for (guint i = 0; i < engine->format.shards; i++) {
        if (engine->usedShards[i])
            g_array_append_val(shards, i);
    }
    engine->upkeepWanted = FALSE;
    engine->upkeep = virLeaseScanStart(engine, 0, VIR_LEASE_SCAN_SESSIONS_FIRST, shards);
}


static void
virLeaseUpkeepObserve(virLeaseEngine *engine)
{
    engine->observing = TRUE;
    virLeaseEngineSubmit(engine, VIR_LEASE_FOR_OBSERVER, VIR_LEASE_OP_READDIR, 0, "sessions", NULL, 0);
}


static gboolean
virLeaseUpkeepIdle(const virLeaseEngine *engine)
{
    return engine->shutdown || engine->session.state != VIR_LEASE_SESSION_ACTIVE;
}


void
virLeaseUpkeepTimers(virLeaseEngine *engine)
{
    if (virLeaseUpkeepIdle(engine))
        return;
    if (!engine->observing && engine->now >= engine->observeNext)
        virLeaseUpkeepObserve(engine);
    if (!engine->upkeep && (engine->upkeepWanted || engine->now >= engine->upkeepNext))
        virLeaseUpkeepStart(engine);
}


virLeaseTime
virLeaseUpkeepWakeup(const virLeaseEngine *engine)
{
    virLeaseTime wakeup = VIR_LEASE_TIME_NEVER;

    if (virLeaseUpkeepIdle(engine))
        return wakeup;
    if (!engine->observing)
        wakeup = MIN(wakeup, engine->observeNext);
    if (!engine->upkeep)
        wakeup = MIN(wakeup, engine->upkeepNext);
    return wakeup;
}
