/*
 * virt-lease-list.c: who holds what in a lockspace
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdio.h>

#include "virerror.h"
#include "virt-lease.h"
#include "virt-lease-conf.h"
#include "virt-lease-holdings.h"
#include "virt-lease-output.h"

static gboolean vlListAlive;

static const GOptionEntry vlListEntries[] = {
    { "alive", 0, 0, G_OPTION_ARG_NONE, &vlListAlive,
      N_("Watch for up to the length of a lease which holders still renew theirs"), NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static const char *
vlListMode(const vlHolding *holding)
{
    return holding->name.shared ? "shared" : "exclusive";
}

/* The state, and what else there is to know, for people. */
static char *
vlListState(const vlHolding *holding)
{
    g_autoptr(GString) out = g_string_new(vlHoldingState(holding));

    if (vlHoldingHasMarker(holding, VIR_LEASE_MARKER_REVOKE))
        g_string_append(out, ",revoked");
    if (holding->session->alive == VL_ALIVE_YES)
        g_string_append(out, ",alive");
    if (holding->session->alive == VL_ALIVE_NO)
        g_string_append(out, ",dead");
    return g_strdup(out->str);
}

static void
vlListPrintTable(const vlHoldings *holdings)
{
    g_autoptr(vlTable) table = vlTableNew(6, _("GUEST"), _("HOST"), _("MODE"), _("STATE"), _("SINCE"),
                                          _("RESOURCE"));
    guint i;

    for (i = 0; i < holdings->entries->len; i++) {
        const vlHolding *holding = g_ptr_array_index(holdings->entries, i);
        const virLeaseTarget *target = holding->target;
        g_autofree char *state = vlListState(holding);
        g_autofree char *since = vlFormatTime(target->since);

        vlTableAdd(table, target->guest, target->host, vlListMode(holding), state, since,
                   *target->resource ? target->resource : holding->name.hash);
    }
    vlTablePrint(table);
    if (holdings->strange)
        fprintf(stderr, P_("virt-lease: ignoring %1$u name that is not of virtlease\n",
                           "virt-lease: ignoring %1$u names that are not of virtlease\n",
                           holdings->strange), holdings->strange);
}

static void
vlListAddAlive(JsonBuilder *builder, vlAlive alive)
{
    if (alive != VL_ALIVE_UNKNOWN) {
        vlJSONAddFlag(builder, "alive", alive == VL_ALIVE_YES);
        return;
    }
    vlJSONAddText(builder, "alive", NULL);
}

static void
vlListAddEntry(JsonBuilder *builder, const vlHolding *holding)
{
    const virLeaseTarget *target = holding->target;

    json_builder_begin_object(builder);
    vlJSONAddText(builder, "guest", target->guest);
    vlJSONAddText(builder, "host", target->host);
    vlJSONAddText(builder, "uuid", target->uuid);
    vlJSONAddNumber(builder, "pid", target->pid);
    vlJSONAddText(builder, "resource", target->resource);
    vlJSONAddText(builder, "path", target->path);
    vlJSONAddText(builder, "hash", holding->name.hash);
    vlJSONAddText(builder, "mode", vlListMode(holding));
    vlJSONAddText(builder, "state", vlHoldingState(holding));
    vlJSONAddFlag(builder, "revoked", vlHoldingHasMarker(holding, VIR_LEASE_MARKER_REVOKE));
    vlListAddAlive(builder, holding->session->alive);
    vlJSONAddTime(builder, "since", target->since);
    vlJSONAddTime(builder, "renewed", holding->session->attr.mtime / VIR_LEASE_SECOND);
    vlJSONAddText(builder, "session", holding->name.sid);
    vlJSONAddNumber(builder, "run", (gint64) holding->name.run);
    vlJSONAddNumber(builder, "attempt", (gint64) holding->name.attempt);
    vlJSONAddFlag(builder, "token", holding->name.token);
    json_builder_end_object(builder);
}

static void
vlListPrintJSON(const vlHoldings *holdings, const char *name, const char *url)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    guint i;

    json_builder_begin_object(builder);
    vlJSONAddText(builder, "lockspace", name);
    vlJSONAddText(builder, "url", url);
    vlJSONAddText(builder, "id", holdings->format.id);
    vlJSONAddNumber(builder, "leaseMs", holdings->format.length / VIR_LEASE_MILLISECOND);
    vlJSONAddNumber(builder, "shards", holdings->format.shards);
    vlJSONAddNumber(builder, "strange", holdings->strange);
    json_builder_set_member_name(builder, "entries");
    json_builder_begin_array(builder);
    for (i = 0; i < holdings->entries->len; i++)
        vlListAddEntry(builder, g_ptr_array_index(holdings->entries, i));
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    vlPrintJSON(builder);
}

/* Reads the lockspace and, if asked to, watches it. */
static vlHoldings *
vlListRead(vlExport *export, int timeout)
{
    g_autoptr(vlHoldings) holdings = vlHoldingsRead(export);

    if (!holdings)
        return NULL;
    if (vlListAlive) {
        vlExportSetTimeout(export, timeout + (int) (holdings->format.length / 10 * 11 / VIR_LEASE_SECOND));
        if (vlHoldingsWatch(holdings, export) < 0)
            return NULL;
    }
    return g_steal_pointer(&holdings);
}

static vlExit
vlListRun(const vlOptions *options, char **args G_GNUC_UNUSED)
{
    g_autofree char *name = NULL;
    g_autofree char *url = NULL;
    g_autoptr(vlExport) export = NULL;
    g_autoptr(vlHoldings) holdings = NULL;

    if (vlConfFindLockspace(options, NULL, &name, &url) < 0)
        return VL_EXIT_FAILED;
    export = vlExportOpen(url, options->timeout);
    if (!export)
        return VL_EXIT_FAILED;
    holdings = vlListRead(export, options->timeout);
    if (!holdings)
        return VL_EXIT_UNREACHABLE;

    if (options->json)
        vlListPrintJSON(holdings, name, url);
    else
        vlListPrintTable(holdings);
    return VL_EXIT_OK;
}

const vlCommand vlCommandList = {
    .name = "list",
    .parameters = NULL,
    .summary = N_("Tell who holds what in a lockspace, on which host and since when"),
    .entries = vlListEntries,
    .minArgs = 0,
    .maxArgs = 0,
    .run = vlListRun,
};
