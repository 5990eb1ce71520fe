/*
 * virt-lease-holdings.c: what is held in a lockspace, as the export tells
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "virtime.h"
#include "virt-lease-holdings.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

static void
vlSessionFree(void *opaque)
{
    vlSession *session = opaque;

    g_hash_table_unref(session->markers);
    g_free(session);
}

static void
vlHoldingFree(void *opaque)
{
    vlHolding *holding = opaque;

    virLeaseTargetFree(holding->target);
    g_free(holding);
}

static vlHoldings *
vlHoldingsNew(void)
{
    vlHoldings *holdings = g_new0(vlHoldings, 1);

    holdings->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, vlSessionFree);
    holdings->entries = g_ptr_array_new_with_free_func(vlHoldingFree);
    return holdings;
}

void
vlHoldingsFree(vlHoldings *holdings)
{
    if (!holdings)
        return;
    g_ptr_array_unref(holdings->entries);
    g_hash_table_unref(holdings->sessions);
    g_free(holdings);
}

/* The session @sid, made if it was not heard of before. */
static vlSession *
vlHoldingsGetSession(vlHoldings *holdings, const char *sid)
{
    vlSession *session = g_hash_table_lookup(holdings->sessions, sid);

    if (!session) {
        session = g_new0(vlSession, 1);
        session->markers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(holdings->sessions, g_strdup(sid), session);
    }
    return session;
}

static char *
vlMarkerKey(virLeaseMarker marker, guint64 run)
{
    return g_strdup_printf("%s.%" G_GUINT64_FORMAT, virLeaseMarkerToString(marker), run);
}

static void
vlHoldingsAddEntry(vlHoldings *holdings, const char *text)
{
    vlHolding *holding;
    virLeaseEntryName name;

    if (!virLeaseEntryNameParse(text, &name)) {
        holdings->strange++;
        return;
    }
    holding = g_new0(vlHolding, 1);
    holding->name = name;
    holding->session = vlHoldingsGetSession(holdings, name.sid);
    g_ptr_array_add(holdings->entries, holding);
}

static int
vlHoldingsReadEntries(vlHoldings *holdings, vlExport *export)
{
    g_autoptr(GPtrArray) ops = vlExportOpsNew();
    g_autoptr(GPtrArray) replies = NULL;
    guint i;
    guint j;

    for (i = 0; i < holdings->format.shards; i++) {
        g_autofree char *path = virLeaseShardPath(i);

        vlExportAdd(ops, VIR_LEASE_OP_READDIR, path, NULL);
    }
    replies = vlExportCallAll(export, ops);

    for (i = 0; i < replies->len; i++) {
        const virLeaseReply *reply = g_ptr_array_index(replies, i);

        if (reply->status != VIR_LEASE_STATUS_OK) {
            const virLeaseOp *op = g_ptr_array_index(ops, i);

            vlExportReport(export, op->path, reply);
            return -1;
        }
        for (j = 0; reply->entries && j < reply->entries->len; j++) {
            const virLeaseDirEntry *entry = g_ptr_array_index(reply->entries, j);

            vlHoldingsAddEntry(holdings, entry->name);
        }
    }
    return 0;
}

/* Reads what each entry says; those that are gone by now are dropped. */
static int
vlHoldingsReadTargets(vlHoldings *holdings, vlExport *export)
{
    g_autoptr(GPtrArray) ops = vlExportOpsNew();
    g_autoptr(GPtrArray) replies = NULL;
    guint i;

    for (i = 0; i < holdings->entries->len; i++) {
        const vlHolding *holding = g_ptr_array_index(holdings->entries, i);
        g_autofree char *path = virLeaseEntryPath(&holding->name, holdings->format.shards);

        vlExportAdd(ops, VIR_LEASE_OP_READLINK, path, NULL);
    }
    replies = vlExportCallAll(export, ops);

    for (i = replies->len; i-- > 0;) {
        const virLeaseReply *reply = g_ptr_array_index(replies, i);
        vlHolding *holding = g_ptr_array_index(holdings->entries, i);

        if (reply->status == VIR_LEASE_STATUS_LOST || reply->status == VIR_LEASE_STATUS_ACCESS) {
            const virLeaseOp *op = g_ptr_array_index(ops, i);

            vlExportReport(export, op->path, reply);
            return -1;
        }
        /* One that can't be read still holds its resource. */
        holding->target = virLeaseTargetParse(reply->target ? reply->target : "");
        if (reply->status == VIR_LEASE_STATUS_NOENT)
            g_ptr_array_remove_index(holdings->entries, i);
    }
    return 0;
}

static void
vlHoldingsAddSessionName(vlHoldings *holdings, const virLeaseDirEntry *entry)
{
    char sid[VIR_LEASE_SID_LEN + 1];
    gboolean isMarker;
    virLeaseMarker marker;
    guint64 run;
    vlSession *session;

    if (!virLeaseSessionNameParse(entry->name, sid, &isMarker, &marker, &run)) {
        holdings->strange++;
        return;
    }
    session = vlHoldingsGetSession(holdings, sid);
    if (isMarker) {
        g_hash_table_add(session->markers, vlMarkerKey(marker, run));
    } else {
        session->exists = TRUE;
        session->attr = entry->attr;
    }
}

static int
vlHoldingsReadSessions(vlHoldings *holdings, vlExport *export)
{
    g_autoptr(virLeaseReply) reply = vlExportCall(export, VIR_LEASE_OP_READDIR, "sessions", NULL);
    guint i;

    if (reply->status != VIR_LEASE_STATUS_OK) {
        vlExportReport(export, "sessions", reply);
        return -1;
    }
    for (i = 0; reply->entries && i < reply->entries->len; i++)
        vlHoldingsAddSessionName(holdings, g_ptr_array_index(reply->entries, i));
    return 0;
}

/* By resource, as people call it, then by age. */
static gint
vlHoldingCompare(gconstpointer a, gconstpointer b)
{
    const vlHolding *first = *(const vlHolding *const *) a;
    const vlHolding *second = *(const vlHolding *const *) b;
    int result = strcmp(first->target->resource, second->target->resource);

    if (result == 0)
        result = strcmp(first->name.hash, second->name.hash);
    if (result == 0 && first->target->since != second->target->since)
        result = first->target->since < second->target->since ? -1 : 1;
    if (result == 0)
        result = strcmp(first->name.sid, second->name.sid);
    return result;
}

vlHoldings *
vlHoldingsRead(vlExport *export)
{
    g_autoptr(vlHoldings) holdings = vlHoldingsNew();

    /* Sessions last: an entry's session and markers are then at least as new
     * as the entry. */
    if (vlExportReadFormat(export, &holdings->format) < 0 ||
        vlHoldingsReadEntries(holdings, export) < 0 ||
        vlHoldingsReadTargets(holdings, export) < 0 ||
        vlHoldingsReadSessions(holdings, export) < 0)
        return NULL;
    g_ptr_array_sort(holdings->entries, vlHoldingCompare);
    return g_steal_pointer(&holdings);
}

static gboolean
vlAttrIsSame(const virLeaseAttr *a, const virLeaseAttr *b)
{
    return a->fileid == b->fileid && a->ctime == b->ctime && a->mtime == b->mtime;
}

/* Compares the sessions with a new READDIR: who moved is alive, who is gone
 * is not. Returns how many have neither moved nor gone. */
static guint
vlHoldingsCompareSessions(vlHoldings *holdings, vlHoldings *now)
{
    GHashTableIter iter;
    gpointer sid;
    gpointer value;
    guint still = 0;

    g_hash_table_iter_init(&iter, holdings->sessions);
    while (g_hash_table_iter_next(&iter, &sid, &value)) {
        vlSession *session = value;
        const vlSession *later = g_hash_table_lookup(now->sessions, sid);

        if (!session->exists || !later || !later->exists)
            session->alive = VL_ALIVE_NO;
        else if (!vlAttrIsSame(&session->attr, &later->attr))
            session->alive = VL_ALIVE_YES;
        else if (session->alive != VL_ALIVE_YES)
            still++;
    }
    return still;
}

static void
vlHoldingsBuryStill(vlHoldings *holdings)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, holdings->sessions);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        vlSession *session = value;

        if (session->alive == VL_ALIVE_UNKNOWN)
            session->alive = VL_ALIVE_NO;
    }
}

int
vlHoldingsWatch(vlHoldings *holdings, vlExport *export)
{
    /* A tenth more than a lease, for clocks that go at different rates. */
    virLeaseTime end = virTimeBootNow() + holdings->format.length / 10 * 11;

    for (;;) {
        g_autoptr(vlHoldings) now = vlHoldingsNew();
        virLeaseTime sent = virTimeBootNow();

        if (vlHoldingsReadSessions(now, export) < 0)
            return -1;
        if (vlHoldingsCompareSessions(holdings, now) == 0)
            return 0;
        /* Only a read that began after the whole time can tell. */
        if (sent >= end)
            break;
        g_usleep((gulong) (holdings->format.length / 24 / 1000));
    }
    vlHoldingsBuryStill(holdings);
    return 0;
}

gboolean
vlHoldingHasMarker(const vlHolding *holding, virLeaseMarker marker)
{
    g_autofree char *key = vlMarkerKey(marker, holding->name.run);

    return g_hash_table_contains(holding->session->markers, key);
}

const char *
vlHoldingState(const vlHolding *holding)
{
    if (vlHoldingHasMarker(holding, VIR_LEASE_MARKER_EXITED))
        return "exited";
    if (!holding->session->exists)
        return "orphaned";
    if (vlHoldingHasMarker(holding, VIR_LEASE_MARKER_STOPPED))
        return "stopped";
    return "running";
}
