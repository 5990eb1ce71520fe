/*
 * virleasestorenfscall.c: one operation as a sequence of RPCs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfscall.h"

#include <string.h>

#include "virgettext.h"
#include "virleasestorepriv.h"

#define VIR_LEASE_NFS_LOOKUPS_MAX 32    /* side by side, after a READDIR */

struct _virLeaseNfsCall {
    virLeaseNfsExport *export;
    const virLeaseOp *op;
    virLeaseNfsCallDoneFunc done;
    void *opaque;

    virLeaseNfsRequests *requests;
    char *directory;            /* whose handle is needed, below the export's first */
    char *name;                 /* in it; NULL if the operation is on the directory itself */
    gsize resolved;             /* bytes of @directory that @handle stands for */
    virLeaseNfsHandle handle;
    gboolean retried;
    virLeaseReply *reply;
    virLeaseNfsScan *scan;
};

static void virLeaseNfsCallResolve(virLeaseNfsCall *call);

void
virLeaseNfsExportFree(virLeaseNfsExport *export)
{
    if (!export)
        return;
    virLeaseNfsLinkFree(export->link);
    virLeaseNfsHandlesFree(export->handles);
    g_free(export->directory);
    g_free(export);
}

static void
virLeaseNfsCallSplitPath(virLeaseNfsCall *call)
{
    const char *directory = call->export->directory;
    const char *slash = *directory && *call->op->path ? "/" : "";
    char *last;

    call->directory = g_strconcat(directory, slash, call->op->path, NULL);
    if (call->op->type == VIR_LEASE_OP_READDIR || call->op->type == VIR_LEASE_OP_SETATTR ||
        !*call->directory)
        return;

    last = strrchr(call->directory, '/');
    call->name = g_strdup(last ? last + 1 : call->directory);
    call->directory[last ? last - call->directory : 0] = '\0';
}

virLeaseNfsCall *
virLeaseNfsCallNew(virLeaseNfsExport *export, const virLeaseOp *op,
                   virLeaseNfsCallDoneFunc done, void *opaque)
{
    virLeaseNfsCall *call = g_new0(virLeaseNfsCall, 1);

    call->export = export;
    call->op = op;
    call->done = done;
    call->opaque = opaque;
    call->requests = virLeaseNfsRequestsNew(export->link, op->type, call);
    call->reply = virLeaseReplyNew(op->id, VIR_LEASE_STATUS_OK);
    virLeaseNfsCallSplitPath(call);
    return call;
}

void
virLeaseNfsCallFree(virLeaseNfsCall *call)
{
    if (!call)
        return;
    virLeaseNfsRequestsFree(call->requests);
    virLeaseNfsScanFree(call->scan);
    virLeaseReplyFree(call->reply);
    g_free(call->directory);
    g_free(call->name);
    g_free(call);
}

/* The call may be gone afterwards. */
static void
virLeaseNfsCallFinish(virLeaseNfsCall *call)
{
    call->done(g_steal_pointer(&call->reply), call->opaque);
}

static void
virLeaseNfsCallFail(virLeaseNfsCall *call, virLeaseStatus status, const char *detail)
{
    virLeaseReplyFree(call->reply);
    call->reply = virLeaseReplyNewDetail(call->op->id, status, detail);
    virLeaseNfsCallFinish(call);
}

/* A handle that is stale was refused before anything was done, so that it is
 * safe to look it up again and repeat; but only once. */
static void
virLeaseNfsCallStale(virLeaseNfsCall *call)
{
    if (call->retried) {
        /* If it is the first one, only a new connection helps. */
        if (call->resolved == 0)
            virLeaseNfsLinkFail(call->export->link, _("the server does not know the export any more"));
        else
            virLeaseNfsCallFail(call, VIR_LEASE_STATUS_NOENT, _("stale file handle"));
        return;
    }
    call->retried = TRUE;
    virLeaseNfsHandlesClear(call->export->handles);
    g_clear_pointer(&call->scan, virLeaseNfsScanFree);
    virLeaseReplyFree(call->reply);
    call->reply = virLeaseReplyNew(call->op->id, VIR_LEASE_STATUS_OK);
    virLeaseNfsCallResolve(call);
}

/* Returns whether @result is a failure, which has been dealt with. */
static gboolean
virLeaseNfsCallIsFailure(virLeaseNfsCall *call, const virLeaseNfsResult *result)
{
    if (result->stale)
        virLeaseNfsCallStale(call);
    else if (result->status != VIR_LEASE_STATUS_OK)
        virLeaseNfsCallFail(call, result->status, result->detail);
    else
        return FALSE;
    return TRUE;
}

static virLeaseNfsRequest *
virLeaseNfsCallAsk(virLeaseNfsCall *call, virLeaseNfsAnsweredFunc answered)
{
    return virLeaseNfsRequestNew(call->requests, 0, NULL, answered);
}

/* For the answer to the operation itself. */
static void
virLeaseNfsCallAnswered(const virLeaseNfsResult *result, guint index G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsCall *call = opaque;
    g_autofree char *path = NULL;

    if (virLeaseNfsCallIsFailure(call, result))
        return;
    path = g_strconcat(call->directory, *call->directory ? "/" : "", call->name, NULL);
    if (call->op->type == VIR_LEASE_OP_MKDIR && result->hasHandle)
        virLeaseNfsHandlesAdd(call->export->handles, path, &result->handle);
    if (call->op->type == VIR_LEASE_OP_RMDIR)
        virLeaseNfsHandlesRemove(call->export->handles, path);
    if (result->hasAttr)
        call->reply->attr = result->attr;
    virLeaseNfsCallFinish(call);
}

static void
virLeaseNfsCallReadlinkAnswered(const virLeaseNfsResult *result, guint index G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsCall *call = opaque;

    if (virLeaseNfsCallIsFailure(call, result))
        return;
    if (!result->target || result->targetLength == 0 ||
        result->targetLength > VIR_LEASE_STORE_TARGET_MAX ||
        memchr(result->target, '\0', result->targetLength)) {
        virLeaseNfsCallFail(call, VIR_LEASE_STATUS_PROTOCOL, _("the link's target is empty, too long or malformed"));
        return;
    }
    call->reply->target = g_strndup(result->target, result->targetLength);
    virLeaseNfsCallFinish(call);
}

/* The name's handle is known, and perhaps its attributes. */
static void
virLeaseNfsCallFound(const virLeaseNfsResult *result, guint index, void *opaque)
{
    virLeaseNfsCall *call = opaque;
    const virLeaseNfsVersion *version = call->export->version;
    struct rpc_context *rpc = virLeaseNfsLinkGetRPC(call->export->link);
    virLeaseNfsRequest *request;
    int sent;

    if (virLeaseNfsCallIsFailure(call, result))
        return;
    if (call->op->type == VIR_LEASE_OP_GETATTR && result->hasAttr) {
        virLeaseNfsCallAnswered(result, index, call);
        return;
    }
    if (call->op->type == VIR_LEASE_OP_GETATTR) {
        request = virLeaseNfsCallAsk(call, virLeaseNfsCallAnswered);
        sent = version->getattr(rpc, request, &result->handle);
    } else if (result->kind == VIR_LEASE_NFS_KIND_LINK || result->kind == VIR_LEASE_NFS_KIND_UNKNOWN) {
        request = virLeaseNfsCallAsk(call, virLeaseNfsCallReadlinkAnswered);
        sent = version->readlink(rpc, request, &result->handle);
    } else {
        virLeaseNfsCallFail(call, VIR_LEASE_STATUS_WRONG_TYPE, _("not a symbolic link"));
        return;
    }
    if (sent < 0)
        virLeaseNfsRequestUnsent(request);
}

static void virLeaseNfsCallReadPage(virLeaseNfsCall *call);
static void virLeaseNfsCallLookUpMore(virLeaseNfsCall *call);

static void
virLeaseNfsCallLookedUp(const virLeaseNfsResult *result, guint index, void *opaque)
{
    virLeaseNfsCall *call = opaque;

    if (result->status == VIR_LEASE_STATUS_NOENT) {
        virLeaseNfsScanLookedUp(call->scan, index, NULL);
    } else if (result->stale || (result->status == VIR_LEASE_STATUS_OK && !result->hasAttr)) {
        virLeaseNfsCallFail(call, VIR_LEASE_STATUS_UNSTABLE, _("the server gives no attributes of an entry"));
        return;
    } else if (result->status != VIR_LEASE_STATUS_OK) {
        virLeaseNfsCallFail(call, result->status, result->detail);
        return;
    } else {
        virLeaseNfsScanLookedUp(call->scan, index, &result->attr);
    }
    virLeaseNfsCallLookUpMore(call);
}

/* Attributes that the listing left out; ends the READDIR when there are none. */
static void
virLeaseNfsCallLookUpMore(virLeaseNfsCall *call)
{
    struct rpc_context *rpc = virLeaseNfsLinkGetRPC(call->export->link);

    while (virLeaseNfsRequestsGetCount(call->requests) < VIR_LEASE_NFS_LOOKUPS_MAX) {
        guint index = 0;
        const char *name = virLeaseNfsScanNextLookup(call->scan, &index);
        virLeaseNfsRequest *request;

        if (!name)
            break;
        request = virLeaseNfsRequestNew(call->requests, index, NULL, virLeaseNfsCallLookedUp);
        if (call->export->version->lookup(rpc, request, &call->handle, name) < 0) {
            virLeaseNfsRequestUnsent(request);
            return;
        }
    }
    if (virLeaseNfsRequestsGetCount(call->requests) == 0) {
        virLeaseNfsScanFinish(call->scan);
        virLeaseNfsCallFinish(call);
    }
}

static void
virLeaseNfsCallPageAnswered(const virLeaseNfsResult *result, guint index G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsCall *call = opaque;

    if (virLeaseNfsCallIsFailure(call, result))
        return;
    if (virLeaseNfsScanIsComplete(call->scan))
        virLeaseNfsCallLookUpMore(call);
    else
        virLeaseNfsCallReadPage(call);
}

static void
virLeaseNfsCallReadPage(virLeaseNfsCall *call)
{
    virLeaseNfsRequest *request;

    request = virLeaseNfsRequestNew(call->requests, 0, call->scan, virLeaseNfsCallPageAnswered);
    if (call->export->version->readdir(virLeaseNfsLinkGetRPC(call->export->link),
                                       request, &call->handle) < 0)
        virLeaseNfsRequestUnsent(request);
}

/* Where the server let us in is the lockspace's own directory: what it is
 * called, and in what, is not known. */
static void
virLeaseNfsCallPerformOnBase(virLeaseNfsCall *call)
{
    virLeaseNfsRequest *request;

    if (call->op->type != VIR_LEASE_OP_GETATTR) {
        virLeaseNfsCallFail(call, VIR_LEASE_STATUS_EXISTS, NULL);
        return;
    }
    request = virLeaseNfsCallAsk(call, virLeaseNfsCallAnswered);
    if (call->export->version->getattr(virLeaseNfsLinkGetRPC(call->export->link),
                                       request, &call->handle) < 0)
        virLeaseNfsRequestUnsent(request);
}

static void
virLeaseNfsCallPerformOnName(virLeaseNfsCall *call)
{
    const virLeaseNfsVersion *version = call->export->version;
    struct rpc_context *rpc = virLeaseNfsLinkGetRPC(call->export->link);
    gboolean lookup = call->op->type == VIR_LEASE_OP_GETATTR || call->op->type == VIR_LEASE_OP_READLINK;
    virLeaseNfsRequest *request = virLeaseNfsCallAsk(call, lookup ? virLeaseNfsCallFound :
                                                                    virLeaseNfsCallAnswered);
    int sent = -1;

    switch (call->op->type) {
    case VIR_LEASE_OP_MKDIR:
        sent = version->mkdir(rpc, request, &call->handle, call->name);
        break;
    case VIR_LEASE_OP_SYMLINK:
        sent = version->symlink(rpc, request, &call->handle, call->name, call->op->target);
        break;
    case VIR_LEASE_OP_READLINK:
    case VIR_LEASE_OP_GETATTR:
        sent = version->lookup(rpc, request, &call->handle, call->name);
        break;
    case VIR_LEASE_OP_REMOVE:
        sent = version->remove(rpc, request, &call->handle, call->name);
        break;
    case VIR_LEASE_OP_RMDIR:
        sent = version->rmdir(rpc, request, &call->handle, call->name);
        break;
    case VIR_LEASE_OP_READDIR:
    case VIR_LEASE_OP_SETATTR:
    case VIR_LEASE_OP_LAST:
    default:
        g_assert_not_reached();
    }
    if (sent < 0)
        virLeaseNfsRequestUnsent(request);
}

static void
virLeaseNfsCallSetMtime(virLeaseNfsCall *call)
{
    virLeaseNfsRequest *request = virLeaseNfsCallAsk(call, virLeaseNfsCallAnswered);

    if (call->export->version->setattr(virLeaseNfsLinkGetRPC(call->export->link), request,
                                       &call->handle, call->op->mtime) < 0)
        virLeaseNfsRequestUnsent(request);
}

/* The directory's handle is known. */
static void
virLeaseNfsCallPerform(virLeaseNfsCall *call)
{
    if (call->op->type == VIR_LEASE_OP_READDIR) {
        call->scan = virLeaseNfsScanNew(call->reply, &call->export->scanned);
        virLeaseNfsCallReadPage(call);
    } else if (call->op->type == VIR_LEASE_OP_SETATTR) {
        virLeaseNfsCallSetMtime(call);
    } else if (call->name) {
        virLeaseNfsCallPerformOnName(call);
    } else {
        virLeaseNfsCallPerformOnBase(call);
    }
}

/* The end of the path's component that is looked up next. */
static gsize
virLeaseNfsCallNextEnd(const virLeaseNfsCall *call)
{
    gsize begin = call->resolved + (call->resolved > 0);

    return begin + strcspn(call->directory + begin, "/");
}

static void virLeaseNfsCallResolveNext(virLeaseNfsCall *call);

static void
virLeaseNfsCallResolved(const virLeaseNfsResult *result, guint index G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsCall *call = opaque;
    g_autofree char *path = g_strndup(call->directory, virLeaseNfsCallNextEnd(call));

    if (!result->stale && result->status != VIR_LEASE_STATUS_OK) {
        g_autofree char *detail = g_strdup_printf("'%s': %s", path, result->detail);

        virLeaseNfsCallFail(call, result->status, detail);
        return;
    }
    if (virLeaseNfsCallIsFailure(call, result))
        return;
    if (result->kind != VIR_LEASE_NFS_KIND_DIRECTORY && result->kind != VIR_LEASE_NFS_KIND_UNKNOWN) {
        g_autofree char *detail = g_strdup_printf(_("'%1$s' is not a directory"), path);

        virLeaseNfsCallFail(call, VIR_LEASE_STATUS_WRONG_TYPE, detail);
        return;
    }
    virLeaseNfsHandlesAdd(call->export->handles, path, &result->handle);
    call->handle = result->handle;
    call->resolved = strlen(path);
    virLeaseNfsCallResolveNext(call);
}

static void
virLeaseNfsCallResolveNext(virLeaseNfsCall *call)
{
    virLeaseNfsRequest *request;
    g_autofree char *name = NULL;
    gsize begin;

    if (!call->directory[call->resolved]) {
        virLeaseNfsCallPerform(call);
        return;
    }
    begin = call->resolved + (call->resolved > 0);
    name = g_strndup(call->directory + begin, virLeaseNfsCallNextEnd(call) - begin);
    request = virLeaseNfsCallAsk(call, virLeaseNfsCallResolved);
    if (call->export->version->lookup(virLeaseNfsLinkGetRPC(call->export->link),
                                      request, &call->handle, name) < 0)
        virLeaseNfsRequestUnsent(request);
}

static void
virLeaseNfsCallResolve(virLeaseNfsCall *call)
{
    /* A handle is that of a directory, wherever it was moved to. Who renews must
     * renew what others find by its name; until the next renewal the rest is
     * looked up again, too. */
    if (call->op->type == VIR_LEASE_OP_SETATTR)
        virLeaseNfsHandlesClear(call->export->handles);
    call->resolved = virLeaseNfsHandlesFind(call->export->handles, call->directory, &call->handle);
    virLeaseNfsCallResolveNext(call);
}

void
virLeaseNfsCallStart(virLeaseNfsCall *call)
{
    virLeaseNfsCallResolve(call);
}
