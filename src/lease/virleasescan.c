/*
 * virleasescan.c: one pass over shards, and over sessions/
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rule 10: any error means that there was no scan; never "empty".
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virlog.h"

VIR_LOG_INIT("lease.scan");


void
virLeaseScanFree(virLeaseScan *scan)
{
    if (!scan)
        return;
    g_array_unref(scan->shards);
    g_array_unref(scan->seen);
    g_hash_table_unref(scan->markers);
    g_free(scan->detail);
    g_free(scan);
}


static void
virLeaseScanSendShards(virLeaseEngine *engine,
                       virLeaseScan *scan)
{
    scan->shardsRead = TRUE;
    scan->pending = scan->shards->len;
    for (guint i = 0; i < scan->shards->len; i++) {
        g_autofree char *path = virLeaseShardPath(g_array_index(scan->shards, guint, i));

        virLeaseEngineSubmit(engine, VIR_LEASE_FOR_SCAN_SHARD, VIR_LEASE_OP_READDIR, scan->id, path, NULL, 0);
    }
}


static void
virLeaseScanSendSessions(virLeaseEngine *engine,
                         virLeaseScan *scan)
{
    scan->sessionsRead = TRUE;
    scan->pending = 1;
    virLeaseEngineSubmit(engine, VIR_LEASE_FOR_SCAN_SESSIONS, VIR_LEASE_OP_READDIR, scan->id, "sessions", NULL, 0);
}


/* Sends what comes next; returns FALSE if nothing is left. */
static gboolean
virLeaseScanNext(virLeaseEngine *engine,
                 virLeaseScan *scan)
{
    gboolean wantShards = scan->order != VIR_LEASE_SCAN_SESSIONS_ONLY && scan->shards->len > 0;
    gboolean wantSessions = scan->order != VIR_LEASE_SCAN_SHARDS;

    if (scan->order == VIR_LEASE_SCAN_SESSIONS_FIRST && !scan->sessionsRead)
        virLeaseScanSendSessions(engine, scan);
    else if (wantShards && !scan->shardsRead)
        virLeaseScanSendShards(engine, scan);
    else if (wantSessions && !scan->sessionsRead)
        virLeaseScanSendSessions(engine, scan);
    else
        return FALSE;
    return TRUE;
}


/* The engine owns the scan until it is complete; then whose it is does. */
virLeaseScan *
virLeaseScanStart(virLeaseEngine *engine,
                  guint64 attempt,
                  virLeaseScanOrder order,
                  GArray *shards)
{
    virLeaseScan *scan = g_new0(virLeaseScan, 1);

    scan->id = ++engine->nextId;
    scan->attempt = attempt;
    scan->order = order;
    scan->shards = g_array_ref(shards);
    scan->started = engine->now;
    scan->seen = g_array_new(FALSE, TRUE, sizeof(virLeaseSeen));
    scan->markers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert(engine->scans, &scan->id, scan);
    virLeaseScanNext(engine, scan);
    return scan;
}


/* Names that the protocol does not know are somebody's litter: not ours to
 * touch, and of no meaning. */
static void
virLeaseScanTakeShard(virLeaseScan *scan,
                      const virLeaseReply *reply)
{
    for (guint i = 0; i < reply->entries->len; i++) {
        const virLeaseDirEntry *entry = g_ptr_array_index(reply->entries, i);
        virLeaseSeen seen;

        if (!virLeaseEntryNameParse(entry->name, &seen.name))
            continue;
        seen.attr = entry->attr;
        g_array_append_val(scan->seen, seen);
    }
}


static void
virLeaseScanTakeMarkers(virLeaseEngine *engine,
                        virLeaseScan *scan,
                        const virLeaseReply *reply)
{
    for (guint i = 0; i < reply->entries->len; i++) {
        const virLeaseDirEntry *entry = g_ptr_array_index(reply->entries, i);

        if (strlen(entry->name) > VIR_LEASE_SID_LEN && g_str_has_prefix(entry->name, engine->session.sid))
            g_hash_table_add(scan->markers, g_strdup(entry->name));
    }
}


static void
virLeaseScanFailed(virLeaseScan *scan,
                   const virLeaseReply *reply)
{
    if (scan->failed)
        return;
    scan->failed = TRUE;
    scan->status = reply->status;
    scan->detail = g_strdup(reply->detail);
}


static void
virLeaseScanComplete(virLeaseEngine *engine,
                     virLeaseScan *scan)
{
    virLeaseAttempt *attempt;

    g_hash_table_remove(engine->scans, &scan->id);
    if (scan->attempt == 0) {
        virLeaseUpkeepScanned(engine, scan);
        return;
    }
    attempt = g_hash_table_lookup(engine->attempts, &scan->attempt);
    if (attempt && attempt->scan == scan)
        virLeaseAttemptScanned(engine, attempt, scan);
    else
        virLeaseScanFree(scan);
}


void
virLeaseScanReply(virLeaseEngine *engine,
                  const virLeaseOpContext *op,
                  const virLeaseReply *reply)
{
    virLeaseScan *scan = g_hash_table_lookup(engine->scans, &op->ref);

    if (!scan)
        return;
    if (reply->status != VIR_LEASE_STATUS_OK) {
        if (VIR_LEASE_RULE(engine, ERROR_IS_EMPTY))
            virLeaseScanFailed(scan, reply);
    } else if (op->purpose == VIR_LEASE_FOR_SCAN_SHARD) {
        scan->moved |= reply->moved;
        virLeaseScanTakeShard(scan, reply);
    } else {
        virLeaseScanTakeMarkers(engine, scan, reply);
        virLeaseUpkeepObserved(engine, op->sent, reply);
        /* What was observed may have ended this scan's reason to be. */
        if (!g_hash_table_contains(engine->scans, &op->ref))
            return;
    }
    if (--scan->pending > 0)
        return;
    if (scan->failed || !virLeaseScanNext(engine, scan))
        virLeaseScanComplete(engine, scan);
}


const virLeaseSeen *
virLeaseScanFind(const virLeaseScan *scan,
                 const virLeaseEntryName *name)
{
    for (guint i = 0; i < scan->seen->len; i++) {
        const virLeaseSeen *seen = &g_array_index(scan->seen, virLeaseSeen, i);

        if (seen->name.attempt == name->attempt && seen->name.run == name->run &&
            seen->name.shared == name->shared && seen->name.token == name->token &&
            g_str_equal(seen->name.sid, name->sid) && g_str_equal(seen->name.hash, name->hash))
            return seen;
    }
    return NULL;
}


/* Whether @shard is among those that are to be read. */
gboolean
virLeaseScanHasShard(const GArray *shards,
                     guint shard)
{
    for (guint i = 0; i < shards->len; i++) {
        if (g_array_index(shards, guint, i) == shard)
            return TRUE;
    }
    return FALSE;
}


gboolean
virLeaseScanHasRun(const virLeaseScan *scan,
                   const char *sid,
                   guint64 run)
{
    for (guint i = 0; i < scan->seen->len; i++) {
        const virLeaseSeen *seen = &g_array_index(scan->seen, virLeaseSeen, i);

        if (seen->name.run == run && g_str_equal(seen->name.sid, sid))
            return TRUE;
    }
    return FALSE;
}
