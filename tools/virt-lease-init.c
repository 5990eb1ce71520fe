/*
 * virt-lease-init.c: makes a lockspace
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdio.h>
#include <sys/random.h>

#include "virerror.h"
#include "virt-lease.h"
#include "virt-lease-conf.h"
#include "virt-lease-export.h"
#include "virt-lease-output.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

static double vlInitLease = VIR_LEASE_FORMAT_LENGTH_DEFAULT / (double) VIR_LEASE_SECOND;
static int vlInitShards = VIR_LEASE_FORMAT_SHARDS_DEFAULT;

static const GOptionEntry vlInitEntries[] = {
    { "lease", 0, 0, G_OPTION_ARG_DOUBLE, &vlInitLease,
      N_("Length of a lease, from 3 to 600 (default: 30)"), N_("SECONDS") },
    { "shards", 0, 0, G_OPTION_ARG_INT, &vlInitShards,
      N_("Directories to spread the entries over, from 1 to 1024 (default: 16)"), N_("NUMBER") },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
};

static int
vlInitMakeID(char id[VIR_LEASE_SID_LEN + 1])
{
    unsigned char bytes[VIR_LEASE_SID_LEN / 2];
    gsize i;

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        virReportSystemError(errno, "%s", _("no random number for the lockspace's id"));
        return -1;
    }
    for (i = 0; i < sizeof(bytes); i++)
        g_snprintf(id + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

/* What the options ask for. */
static int
vlInitChooseFormat(virLeaseFormat *format)
{
    double min = VIR_LEASE_FORMAT_LENGTH_MIN / (double) VIR_LEASE_SECOND;
    double max = VIR_LEASE_FORMAT_LENGTH_MAX / (double) VIR_LEASE_SECOND;

    if (!(vlInitLease >= min && vlInitLease <= max)) {
        virReportError(VIR_ERR_INVALID_ARG, "%s",
                       _("the length of a lease must be from 3 to 600 seconds"));
        return -1;
    }
    if (vlInitShards < 1 || vlInitShards > VIR_LEASE_FORMAT_SHARDS_MAX) {
        virReportError(VIR_ERR_INVALID_ARG, "%s",
                       _("the number of shards must be from 1 to 1024"));
        return -1;
    }
    format->version = VIR_LEASE_FORMAT_VERSION;
    format->length = (virLeaseSpan) (vlInitLease * 1000 + 0.5) * VIR_LEASE_MILLISECOND;
    format->shards = (unsigned) vlInitShards;
    return vlInitMakeID(format->id);
}

/* Takes a directory that is there for made. */
static int
vlInitMakeDirs(vlExport *export, GPtrArray *ops)
{
    g_autoptr(GPtrArray) replies = vlExportCallAll(export, ops);
    guint i;

    for (i = 0; i < replies->len; i++) {
        const virLeaseReply *reply = g_ptr_array_index(replies, i);
        const virLeaseOp *op = g_ptr_array_index(ops, i);

        if (reply->status != VIR_LEASE_STATUS_OK && reply->status != VIR_LEASE_STATUS_EXISTS) {
            vlExportReport(export, op->path, reply);
            return -1;
        }
    }
    return 0;
}

static int
vlInitMakeDir(vlExport *export, const char *path)
{
    g_autoptr(GPtrArray) ops = vlExportOpsNew();

    vlExportAdd(ops, VIR_LEASE_OP_MKDIR, path, NULL);
    return vlInitMakeDirs(export, ops);
}

static int
vlInitMakeShards(vlExport *export, unsigned shards)
{
    g_autoptr(GPtrArray) ops = vlExportOpsNew();
    unsigned i;

    for (i = 0; i < shards; i++) {
        g_autofree char *path = virLeaseShardPath(i);

        vlExportAdd(ops, VIR_LEASE_OP_MKDIR, path, NULL);
    }
    return vlInitMakeDirs(export, ops);
}

/* Sessions without a format: somebody removed it, and daemons that began
 * before may still go by what it said. */
static int
vlInitCheckUnused(vlExport *export)
{
    g_autoptr(virLeaseReply) reply = vlExportCall(export, VIR_LEASE_OP_READDIR, "sessions", NULL);

    if (reply->status != VIR_LEASE_STATUS_OK) {
        vlExportReport(export, "sessions", reply);
        return -1;
    }
    if (reply->entries && reply->entries->len) {
        virReportError(VIR_ERR_OPERATION_INVALID, "%s",
                       _("the directory has sessions of a lockspace whose link 'format' is missing: stop virtleased on every host, remove the directory and try again"));
        return -1;
    }
    return 0;
}

/* Whether there is a lockspace already; then an error is reported. So it is
 * (FALSE in @unknown) if that can't be told (TRUE). */
static gboolean
vlInitExists(vlExport *export, gboolean *unknown)
{
    g_autoptr(virLeaseReply) reply = vlExportCall(export, VIR_LEASE_OP_READLINK, VIR_LEASE_FORMAT_PATH, NULL);

    *unknown = FALSE;
    if (reply->status == VIR_LEASE_STATUS_NOENT)
        return FALSE;
    if (reply->status == VIR_LEASE_STATUS_OK) {
        g_autofree char *target = vlPrintable(reply->target);

        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("the directory is already a lockspace, its link 'format' says '%1$s': nothing was changed"),
                       target);
        return TRUE;
    }
    *unknown = TRUE;
    vlExportReport(export, VIR_LEASE_FORMAT_PATH, reply);
    return TRUE;
}

/* The last step, which makes the directory a lockspace. */
static vlExit
vlInitWriteFormat(vlExport *export, const virLeaseFormat *format)
{
    g_autofree char *target = virLeaseFormatString(format);
    g_autoptr(virLeaseReply) made = vlExportCall(export, VIR_LEASE_OP_SYMLINK, VIR_LEASE_FORMAT_PATH, target);
    g_autoptr(virLeaseReply) read = NULL;
    gboolean unknown;

    if (made->status != VIR_LEASE_STATUS_OK && made->status != VIR_LEASE_STATUS_EXISTS) {
        vlExportReport(export, VIR_LEASE_FORMAT_PATH, made);
        return VL_EXIT_UNREACHABLE;
    }
    /* It may be ours from a try whose answer was lost, or somebody else's who
     * was faster. The id tells. */
    read = vlExportCall(export, VIR_LEASE_OP_READLINK, VIR_LEASE_FORMAT_PATH, NULL);
    if (read->status == VIR_LEASE_STATUS_OK && g_str_equal(read->target, target))
        return VL_EXIT_OK;
    if (vlInitExists(export, &unknown))
        return unknown ? VL_EXIT_UNREACHABLE : VL_EXIT_EXISTS;
    virReportError(VIR_ERR_OPERATION_FAILED, "%s",
                   _("the link 'format' was made and is gone again: somebody is removing the lockspace"));
    return VL_EXIT_FAILED;
}

/* Makes sessions/, and the lockspace's own directory if that is missing. What
 * is above it must be there. */
static int
vlInitMakeSessions(vlExport *export)
{
    g_autoptr(virLeaseReply) reply = vlExportCall(export, VIR_LEASE_OP_MKDIR, "sessions", NULL);

    if (reply->status == VIR_LEASE_STATUS_OK || reply->status == VIR_LEASE_STATUS_EXISTS)
        return 0;
    if (reply->status == VIR_LEASE_STATUS_NOENT) {
        if (vlInitMakeDir(export, "") < 0)
            return -1;
        return vlInitMakeDir(export, "sessions");
    }
    vlExportReport(export, "sessions", reply);
    return -1;
}

static vlExit
vlInitMake(vlExport *export, const virLeaseFormat *format)
{
    gboolean unknown;

    if (vlInitExists(export, &unknown))
        return unknown ? VL_EXIT_UNREACHABLE : VL_EXIT_EXISTS;
    if (vlInitMakeSessions(export) < 0 ||
        vlInitMakeDir(export, "locks") < 0 ||
        vlInitMakeShards(export, format->shards) < 0)
        return VL_EXIT_UNREACHABLE;
    if (vlInitCheckUnused(export) < 0)
        return VL_EXIT_FAILED;
    return vlInitWriteFormat(export, format);
}

static void
vlInitPrint(const char *url, const virLeaseFormat *format, gboolean json)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autofree char *safe = vlPrintable(url);

    if (!json) {
        printf(_("made lockspace '%1$s' (lease %2$g s, shards %3$u, id %4$s)\n"), safe,
               format->length / (double) VIR_LEASE_SECOND, format->shards, format->id);
        return;
    }
    json_builder_begin_object(builder);
    vlJSONAddText(builder, "url", url);
    vlJSONAddText(builder, "id", format->id);
    vlJSONAddNumber(builder, "version", format->version);
    vlJSONAddNumber(builder, "leaseMs", format->length / VIR_LEASE_MILLISECOND);
    vlJSONAddNumber(builder, "shards", format->shards);
    json_builder_end_object(builder);
    vlPrintJSON(builder);
}

static vlExit
vlInitRun(const vlOptions *options, char **args)
{
    g_autofree char *url = NULL;
    g_autoptr(vlExport) export = NULL;
    virLeaseFormat format = { 0 };
    vlExit result;

    if (vlInitChooseFormat(&format) < 0)
        return VL_EXIT_USAGE;
    if (vlConfFindLockspace(options, args[0], NULL, &url) < 0)
        return VL_EXIT_FAILED;
    export = vlExportOpen(url, options->timeout);
    if (!export)
        return VL_EXIT_FAILED;

    result = vlInitMake(export, &format);
    if (result == VL_EXIT_OK)
        vlInitPrint(url, &format, options->json);
    return result;
}

const vlCommand vlCommandInit = {
    .name = "init",
    .parameters = N_("[URL]"),
    .summary = N_("Make a lockspace in a directory of an NFS export"),
    .entries = vlInitEntries,
    .minArgs = 0,
    .maxArgs = 1,
    .run = vlInitRun,
};
