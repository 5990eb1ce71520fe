/*
 * virt-lease-export.c: operations on a lockspace, one batch after the other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "virleasetarget.h"
#include "virtime.h"
#include "virt-lease-export.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VL_EXPORT_WINDOW 64                         /* operations under way at a time */
#define VL_EXPORT_OP_TIMEOUT (3 * VIR_LEASE_SECOND)
#define VL_EXPORT_PAUSE (200 * VIR_LEASE_MILLISECOND)
#define VL_EXPORT_TRY_MIN (VIR_LEASE_SECOND)        /* no other try with less time than this */

struct _vlExport {
    char *url;
    virLeaseStore *store;
    virLeaseTime deadline;

    /* the batch; an operation's id is its index */
    GPtrArray *ops;
    GPtrArray *replies;
    GQueue waiting;         /* ids to submit */
    guint outstanding;
};

static void
vlExportReplyFree(void *opaque)
{
    virLeaseReplyFree(opaque);
}

static void
vlExportOpFree(void *opaque)
{
    virLeaseOpFree(opaque);
}

/* Whether the same operation may well succeed in a moment. */
static gboolean
vlExportIsPassing(virLeaseStatus status)
{
    return status == VIR_LEASE_STATUS_LOST ||
           status == VIR_LEASE_STATUS_DELAYED ||
           status == VIR_LEASE_STATUS_UNSTABLE;
}

static void
vlExportReplied(virLeaseReply *reply, void *opaque)
{
    vlExport *export = opaque;
    gpointer *slot = &g_ptr_array_index(export->replies, reply->id);

    export->outstanding--;
    virLeaseReplyFree(*slot);
    *slot = reply;
}

vlExport *
vlExportOpen(const char *url, int timeout)
{
    g_autoptr(vlExport) export = g_new0(vlExport, 1);

    export->url = virLeaseTargetPrintable(url);
    g_queue_init(&export->waiting);
    export->store = virLeaseStoreNew(url, vlExportReplied, export);
    if (!export->store)
        return NULL;
    vlExportSetTimeout(export, timeout);
    return g_steal_pointer(&export);
}

void
vlExportFree(vlExport *export)
{
    if (!export)
        return;
    if (export->store)
        virLeaseStoreFree(export->store);
    g_queue_clear(&export->waiting);
    g_free(export->url);
    g_free(export);
}

void
vlExportSetTimeout(vlExport *export, int seconds)
{
    export->deadline = virTimeBootNow() + seconds * VIR_LEASE_SECOND;
}

GPtrArray *
vlExportOpsNew(void)
{
    return g_ptr_array_new_with_free_func(vlExportOpFree);
}

void
vlExportAdd(GPtrArray *ops, virLeaseOpType type, const char *path, const char *target)
{
    virLeaseOp *op = virLeaseOpNew(ops->len, type, path, 0);

    op->target = g_strdup(target);
    g_ptr_array_add(ops, op);
}

static void
vlExportSubmit(vlExport *export, guint id)
{
    const virLeaseOp *asked = g_ptr_array_index(export->ops, id);
    virLeaseSpan left = MAX(export->deadline - virTimeBootNow(), VIR_LEASE_MILLISECOND);
    virLeaseOp *op = virLeaseOpNew(id, asked->type, asked->path, MIN(left, VL_EXPORT_OP_TIMEOUT));

    op->target = g_strdup(asked->target);
    export->outstanding++;
    virLeaseStoreSubmit(export->store, op);
}

/* Once through all that waits. */
static void
vlExportRunRound(vlExport *export)
{
    while (export->outstanding || !g_queue_is_empty(&export->waiting)) {
        while (export->outstanding < VL_EXPORT_WINDOW && !g_queue_is_empty(&export->waiting))
            vlExportSubmit(export, GPOINTER_TO_UINT(g_queue_pop_head(&export->waiting)));
        if (export->outstanding)
            g_main_context_iteration(NULL, TRUE);
    }
}

/* Queues what should be tried again. Returns FALSE if nothing should, or there
 * is no time left for it. */
static gboolean
vlExportRetry(vlExport *export)
{
    guint i;

    if (virTimeBootNow() + VL_EXPORT_PAUSE + VL_EXPORT_TRY_MIN > export->deadline)
        return FALSE;
    for (i = 0; i < export->replies->len; i++) {
        const virLeaseReply *reply = g_ptr_array_index(export->replies, i);

        if (vlExportIsPassing(reply->status))
            g_queue_push_tail(&export->waiting, GUINT_TO_POINTER(i));
    }
    return !g_queue_is_empty(&export->waiting);
}

GPtrArray *
vlExportCallAll(vlExport *export, GPtrArray *ops)
{
    guint i;

    export->ops = ops;
    export->replies = g_ptr_array_new_with_free_func(vlExportReplyFree);
    g_ptr_array_set_size(export->replies, (gint) ops->len);
    for (i = 0; i < ops->len; i++)
        g_queue_push_tail(&export->waiting, GUINT_TO_POINTER(i));

    vlExportRunRound(export);
    while (vlExportRetry(export)) {
        g_usleep(VL_EXPORT_PAUSE / 1000);
        vlExportRunRound(export);
    }
    export->ops = NULL;
    return g_steal_pointer(&export->replies);
}

virLeaseReply *
vlExportCall(vlExport *export, virLeaseOpType type, const char *path, const char *target)
{
    g_autoptr(GPtrArray) ops = vlExportOpsNew();
    g_autoptr(GPtrArray) replies = NULL;
    virLeaseReply *reply;

    vlExportAdd(ops, type, path, target);
    replies = vlExportCallAll(export, ops);
    reply = g_ptr_array_index(replies, 0);
    g_ptr_array_index(replies, 0) = NULL;
    return reply;
}

/* What an administrator can do, translated; "" if there is nothing to say. */
static const char *
vlExportRemedy(virLeaseStatus status)
{
    switch (status) {
    case VIR_LEASE_STATUS_NOENT:
        return _("; make the directory, or correct the URL");
    case VIR_LEASE_STATUS_ACCESS:
        return _("; let the server export it to this host, writable for root (no_root_squash)");
    case VIR_LEASE_STATUS_READONLY:
        return _("; let the server export it writable");
    case VIR_LEASE_STATUS_FULL:
        return _("; free some space on the server");
    case VIR_LEASE_STATUS_LOST:
        return _("; see whether the server is up, the network is, and the URL is right");
    default:
        return "";
    }
}

void
vlExportReport(const vlExport *export, const char *path, const virLeaseReply *reply)
{
    g_autofree char *detail = reply->detail ? virLeaseTargetPrintable(reply->detail) : NULL;
    g_autofree char *base = g_strndup(export->url, strcspn(export->url, "?"));
    g_autofree char *where = *path ? g_strdup_printf("%s/%s", base, path) : g_strdup(export->url);
    const char *what = virLeaseStatusToMessage(reply->status);
    const char *remedy = vlExportRemedy(reply->status);
    int code = reply->status == VIR_LEASE_STATUS_LOST ? VIR_ERR_OPERATION_TIMEOUT : VIR_ERR_OPERATION_FAILED;

    if (detail && g_ascii_strcasecmp(detail, what) != 0)
        virReportError(code, _("'%1$s': %2$s (%3$s)%4$s"), where, what, detail, remedy);
    else
        virReportError(code, _("'%1$s': %2$s%3$s"), where, what, remedy);
}

int
vlExportReadFormat(vlExport *export, virLeaseFormat *format)
{
    g_autoptr(virLeaseReply) reply = vlExportCall(export, VIR_LEASE_OP_READLINK, VIR_LEASE_FORMAT_PATH, NULL);

    if (reply->status == VIR_LEASE_STATUS_NOENT) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is not a lockspace: make one there with 'virt-lease init'"), export->url);
        return -1;
    }
    if (reply->status != VIR_LEASE_STATUS_OK) {
        vlExportReport(export, VIR_LEASE_FORMAT_PATH, reply);
        return -1;
    }
    return virLeaseFormatParse(reply->target, format);
}
