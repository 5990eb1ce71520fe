/*
 * virleasestorenfs4.c: the calls of NFSv4
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each is one COMPOUND of operations that need no client id: the server
 * keeps no state of us, so it has none to recover either.
 */
#include <config.h>

#include "virleasestorenfsversion.h"

#include <string.h>

#include "virleasenfscompat.h"
#include "virleasestorenfs4attr.h"
#include <nfsc/libnfs-raw-nfs4.h>

#define VIR_LEASE_NFS4_OPS_MAX 8

/* A COMPOUND as it is put together; what it points to stays the caller's. */
typedef struct _virLeaseNfs4Compound virLeaseNfs4Compound;
struct _virLeaseNfs4Compound {
    nfs_argop4 ops[VIR_LEASE_NFS4_OPS_MAX];
    guint count;
};

static nfs_argop4 *
virLeaseNfs4Add(virLeaseNfs4Compound *compound, nfs_opnum4 number)
{
    nfs_argop4 *op = &compound->ops[compound->count++];

    g_assert(compound->count <= VIR_LEASE_NFS4_OPS_MAX);
    op->argop = number;
    return op;
}

static void
virLeaseNfs4AddPutfh(virLeaseNfs4Compound *compound, const virLeaseNfsHandle *handle)
{
    nfs_argop4 *op = virLeaseNfs4Add(compound, OP_PUTFH);

    op->nfs_argop4_u.opputfh.object.nfs_fh4_len = handle->length;
    op->nfs_argop4_u.opputfh.object.nfs_fh4_val = (char *) handle->data;
}

static void
virLeaseNfs4SetString(utf8string *string, const char *text)
{
    string->utf8string_len = strlen(text);
    string->utf8string_val = (char *) text;
}

static void
virLeaseNfs4SetMask(bitmap4 *bitmap, const virLeaseNfs4Mask *mask)
{
    bitmap->bitmap4_len = VIR_LEASE_NFS4_MASK_WORDS;
    bitmap->bitmap4_val = (uint32_t *) mask->words;
}

static void
virLeaseNfs4SetAttr(fattr4 *attr, const virLeaseNfs4Mask *mask, const void *data, guint length)
{
    virLeaseNfs4SetMask(&attr->attrmask, mask);
    attr->attr_vals.attrlist4_len = length;
    attr->attr_vals.attrlist4_val = (char *) data;
}

static void
virLeaseNfs4AddLookup(virLeaseNfs4Compound *compound, const char *name)
{
    virLeaseNfs4SetString(&virLeaseNfs4Add(compound, OP_LOOKUP)->nfs_argop4_u.oplookup.objname, name);
}

static void
virLeaseNfs4AddGetattr(virLeaseNfs4Compound *compound, const virLeaseNfs4Mask *mask)
{
    virLeaseNfs4SetMask(&virLeaseNfs4Add(compound, OP_GETATTR)->nfs_argop4_u.opgetattr.attr_request, mask);
}

static int
virLeaseNfs4Send(struct rpc_context *rpc, virLeaseNfs4Compound *compound,
                 rpc_cb callback, virLeaseNfsRequest *request)
{
    COMPOUND4args args = { .argarray = { compound->count, compound->ops } };

    return VIR_LEASE_NFS_SEND(nfs4_compound, rpc, callback, &args, request);
}

/* Copies the result of the operation at @index, for libnfs 4.0 decodes into
 * memory that is not aligned for it. Returns whether it is there, of the kind
 * that was asked for, and a success. */
static gboolean
virLeaseNfs4Get(nfs_resop4 *op, const COMPOUND4res *res, guint index, nfs_opnum4 number)
{
    if (index >= res->resarray.resarray_len)
        return FALSE;
    memcpy(op, (const char *) res->resarray.resarray_val + index * sizeof(*op), sizeof(*op));
    /* Every kind of result begins with its status. */
    return op->resop == number && op->nfs_resop4_u.opputfh.status == NFS4_OK;
}

/* For an operation of the COMPOUND that matters and did not succeed. */
static void
virLeaseNfs4SetError(virLeaseNfsResult *result, virLeaseOpType type, const COMPOUND4res *res)
{
    if (res->status == NFS4_OK)
        virLeaseNfsResultSetMalformed(result);
    else
        virLeaseNfsResultSetError(result, type, res->status, nfsstat4_to_str(res->status));
}

static int
virLeaseNfs4ParseAttr(const fattr4 *from, virLeaseNfs4Attr *attr)
{
    return virLeaseNfs4AttrParse(attr, from->attrmask.bitmap4_val, from->attrmask.bitmap4_len,
                                 from->attr_vals.attrlist4_val, from->attr_vals.attrlist4_len);
}

/* Takes the attributes of the GETATTR at @index, if it has any. */
static int
virLeaseNfs4TakeAttr(virLeaseNfsResult *result, const COMPOUND4res *res, guint index)
{
    virLeaseNfs4Attr attr;
    nfs_resop4 op;

    if (!virLeaseNfs4Get(&op, res, index, OP_GETATTR))
        return 0;
    if (virLeaseNfs4ParseAttr(&op.nfs_resop4_u.opgetattr.GETATTR4res_u.resok4.obj_attributes, &attr) < 0)
        return -1;
    result->hasAttr = virLeaseNfs4AttrGet(&attr, &result->attr);
    result->kind = virLeaseNfs4AttrGetKind(&attr);
    return 0;
}

/* Takes the handle of the GETFH at @index. */
static int
virLeaseNfs4TakeHandle(virLeaseNfsResult *result, const COMPOUND4res *res, guint index)
{
    const nfs_fh4 *fh;
    nfs_resop4 op;

    if (!virLeaseNfs4Get(&op, res, index, OP_GETFH))
        return -1;
    fh = &op.nfs_resop4_u.opgetfh.GETFH4res_u.resok4.object;
    if (virLeaseNfsHandleSet(&result->handle, fh->nfs_fh4_val, fh->nfs_fh4_len) < 0)
        return -1;
    result->hasHandle = TRUE;
    return 0;
}

/* The handle that a COMPOUND ends in, with attributes: of the first directory,
 * or of a name. @at is where GETFH stands. */
static void
virLeaseNfs4NodeEnd(virLeaseNfsRequest *request, const COMPOUND4res *res, guint at)
{
    virLeaseNfsResult result = { 0 };
    nfs_resop4 op;

    if (!virLeaseNfs4Get(&op, res, at, OP_GETFH))
        virLeaseNfs4SetError(&result, VIR_LEASE_OP_GETATTR, res);
    else if (virLeaseNfs4TakeHandle(&result, res, at) < 0 ||
             virLeaseNfs4TakeAttr(&result, res, at + 1) < 0)
        virLeaseNfsResultSetMalformed(&result);
    virLeaseNfsRequestEnd(request, &result);
}

static void
virLeaseNfs4RootEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    if (virLeaseNfsRequestIsAnswered(opaque, status, data))
        virLeaseNfs4NodeEnd(opaque, data, 1);
}

int
virLeaseNfs4SendRoot(struct rpc_context *rpc, virLeaseNfsRequest *request)
{
    virLeaseNfs4Compound compound = { 0 };

    virLeaseNfs4Add(&compound, OP_PUTROOTFH);
    virLeaseNfs4Add(&compound, OP_GETFH);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4RootEnd, request);
}

static void
virLeaseNfs4LookupEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    if (virLeaseNfsRequestIsAnswered(opaque, status, data))
        virLeaseNfs4NodeEnd(opaque, data, 2);
}

static int
virLeaseNfs4Lookup(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *directory, const char *name)
{
    virLeaseNfs4Compound compound = { 0 };

    virLeaseNfs4AddPutfh(&compound, directory);
    virLeaseNfs4AddLookup(&compound, name);
    virLeaseNfs4Add(&compound, OP_GETFH);
    virLeaseNfs4AddGetattr(&compound, &virLeaseNfs4MaskNode);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4LookupEnd, request);
}

static void
virLeaseNfs4GetattrEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const COMPOUND4res *res = data;
    virLeaseNfsResult result = { 0 };
    nfs_resop4 op;

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (!virLeaseNfs4Get(&op, res, 1, OP_GETATTR))
        virLeaseNfs4SetError(&result, VIR_LEASE_OP_GETATTR, res);
    else if (virLeaseNfs4TakeAttr(&result, res, 1) < 0 || !result.hasAttr)
        virLeaseNfsResultSetMalformed(&result);
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs4Getattr(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *handle)
{
    virLeaseNfs4Compound compound = { 0 };

    virLeaseNfs4AddPutfh(&compound, handle);
    virLeaseNfs4AddGetattr(&compound, &virLeaseNfs4MaskNode);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4GetattrEnd, request);
}

static void
virLeaseNfs4ReadlinkEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const COMPOUND4res *res = data;
    virLeaseNfsResult result = { 0 };
    nfs_resop4 op;

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (!virLeaseNfs4Get(&op, res, 1, OP_READLINK)) {
        virLeaseNfs4SetError(&result, VIR_LEASE_OP_READLINK, res);
    } else {
        result.target = op.nfs_resop4_u.opreadlink.READLINK4res_u.resok4.link.utf8string_val;
        result.targetLength = op.nfs_resop4_u.opreadlink.READLINK4res_u.resok4.link.utf8string_len;
    }
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs4Readlink(struct rpc_context *rpc, virLeaseNfsRequest *request,
                     const virLeaseNfsHandle *handle)
{
    virLeaseNfs4Compound compound = { 0 };

    virLeaseNfs4AddPutfh(&compound, handle);
    virLeaseNfs4Add(&compound, OP_READLINK);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4ReadlinkEnd, request);
}

/* An operation at index 1 that changes something. Once that is done, nothing
 * that comes after it in the COMPOUND makes it a failure. @handleAt and
 * @attrAt are 0 if there is none. */
static void
virLeaseNfs4ChangeEnd(virLeaseNfsRequest *request, const COMPOUND4res *res,
                      nfs_opnum4 number, guint handleAt, guint attrAt)
{
    virLeaseNfsResult result = { 0 };
    nfs_resop4 op;

    if (!virLeaseNfs4Get(&op, res, 1, number)) {
        virLeaseNfs4SetError(&result, virLeaseNfsRequestGetType(request), res);
    } else {
        if (handleAt > 0 && virLeaseNfs4TakeHandle(&result, res, handleAt) < 0)
            result.hasHandle = FALSE;
        if (virLeaseNfs4TakeAttr(&result, res, attrAt) < 0)
            result.hasAttr = FALSE;
    }
    virLeaseNfsRequestEnd(request, &result);
}

static void
virLeaseNfs4SetattrEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    if (virLeaseNfsRequestIsAnswered(opaque, status, data))
        virLeaseNfs4ChangeEnd(opaque, data, OP_SETATTR, 0, 2);
}

static int
virLeaseNfs4Setattr(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *handle, gint64 mtime)
{
    virLeaseNfs4Compound compound = { 0 };
    char data[VIR_LEASE_NFS4_MTIME_SIZE];
    nfs_argop4 *op;

    virLeaseNfs4AttrPackMtime(data, mtime);
    virLeaseNfs4AddPutfh(&compound, handle);
    op = virLeaseNfs4Add(&compound, OP_SETATTR);
    virLeaseNfs4SetAttr(&op->nfs_argop4_u.opsetattr.obj_attributes,
                        &virLeaseNfs4MaskSetMtime, data, sizeof(data));
    virLeaseNfs4AddGetattr(&compound, &virLeaseNfs4MaskNode);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4SetattrEnd, request);
}

static void
virLeaseNfs4MkdirEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    if (virLeaseNfsRequestIsAnswered(opaque, status, data))
        virLeaseNfs4ChangeEnd(opaque, data, OP_CREATE, 2, 3);
}

static int
virLeaseNfs4Mkdir(struct rpc_context *rpc, virLeaseNfsRequest *request,
                  const virLeaseNfsHandle *directory, const char *name)
{
    virLeaseNfs4Compound compound = { 0 };
    guint32 mode = GUINT32_TO_BE(VIR_LEASE_NFS_DIRECTORY_MODE);
    nfs_argop4 *op;

    virLeaseNfs4AddPutfh(&compound, directory);
    op = virLeaseNfs4Add(&compound, OP_CREATE);
    op->nfs_argop4_u.opcreate.objtype.type = NF4DIR;
    virLeaseNfs4SetString(&op->nfs_argop4_u.opcreate.objname, name);
    virLeaseNfs4SetAttr(&op->nfs_argop4_u.opcreate.createattrs,
                        &virLeaseNfs4MaskMode, &mode, sizeof(mode));
    virLeaseNfs4Add(&compound, OP_GETFH);
    virLeaseNfs4AddGetattr(&compound, &virLeaseNfs4MaskNode);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4MkdirEnd, request);
}

static void
virLeaseNfs4SymlinkEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    if (virLeaseNfsRequestIsAnswered(opaque, status, data))
        virLeaseNfs4ChangeEnd(opaque, data, OP_CREATE, 0, 2);
}

static int
virLeaseNfs4Symlink(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *directory, const char *name, const char *target)
{
    virLeaseNfs4Compound compound = { 0 };
    nfs_argop4 *op;

    virLeaseNfs4AddPutfh(&compound, directory);
    op = virLeaseNfs4Add(&compound, OP_CREATE);
    op->nfs_argop4_u.opcreate.objtype.type = NF4LNK;
    virLeaseNfs4SetString(&op->nfs_argop4_u.opcreate.objtype.createtype4_u.linkdata, target);
    virLeaseNfs4SetString(&op->nfs_argop4_u.opcreate.objname, name);
    virLeaseNfs4AddGetattr(&compound, &virLeaseNfs4MaskNode);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4SymlinkEnd, request);
}

/* NFSv4 has one REMOVE for all kinds of files: (N)VERIFY looks first. */
static void
virLeaseNfs4RemoveEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const COMPOUND4res *res = data;
    virLeaseNfsResult result = { 0 };
    nfs_resop4 op;

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (!virLeaseNfs4Get(&op, res, 4, OP_REMOVE))
        virLeaseNfs4SetError(&result, virLeaseNfsRequestGetType(request), res);
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs4SendRemove(struct rpc_context *rpc, virLeaseNfsRequest *request,
                       const virLeaseNfsHandle *directory, const char *name, nfs_opnum4 verify)
{
    virLeaseNfs4Compound compound = { 0 };
    guint32 type = GUINT32_TO_BE(NF4DIR);
    nfs_argop4 *op;

    virLeaseNfs4AddPutfh(&compound, directory);
    virLeaseNfs4AddLookup(&compound, name);
    op = virLeaseNfs4Add(&compound, verify);
    virLeaseNfs4SetAttr(verify == OP_VERIFY ? &op->nfs_argop4_u.opverify.obj_attributes :
                                              &op->nfs_argop4_u.opnverify.obj_attributes,
                        &virLeaseNfs4MaskType, &type, sizeof(type));
    virLeaseNfs4AddPutfh(&compound, directory);
    op = virLeaseNfs4Add(&compound, OP_REMOVE);
    virLeaseNfs4SetString(&op->nfs_argop4_u.opremove.target, name);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4RemoveEnd, request);
}

static int
virLeaseNfs4Remove(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *directory, const char *name)
{
    return virLeaseNfs4SendRemove(rpc, request, directory, name, OP_NVERIFY);
}

static int
virLeaseNfs4Rmdir(struct rpc_context *rpc, virLeaseNfsRequest *request,
                  const virLeaseNfsHandle *directory, const char *name)
{
    return virLeaseNfs4SendRemove(rpc, request, directory, name, OP_VERIFY);
}

static void
virLeaseNfs4Stamp(virLeaseNfsStamp *stamp, const COMPOUND4res *res, guint index)
{
    virLeaseNfs4Attr attr;
    nfs_resop4 op;

    if (virLeaseNfs4Get(&op, res, index, OP_GETATTR) &&
        virLeaseNfs4ParseAttr(&op.nfs_resop4_u.opgetattr.GETATTR4res_u.resok4.obj_attributes, &attr) == 0)
        virLeaseNfs4AttrGetStamp(&attr, stamp);
}

/* Returns the entry after @unaligned. */
static const entry4 *
virLeaseNfs4ScanAdd(virLeaseNfsScan *scan, const void *unaligned)
{
    virLeaseNfs4Attr parsed;
    virLeaseAttr attr;
    gboolean known;
    entry4 entry;

    memcpy(&entry, unaligned, sizeof(entry));
    known = virLeaseNfs4ParseAttr(&entry.attrs, &parsed) == 0 &&
            virLeaseNfs4AttrGet(&parsed, &attr);
    virLeaseNfsScanAdd(scan, entry.name.utf8string_val, entry.name.utf8string_len,
                       known ? &attr : NULL, entry.cookie);
    return entry.nextentry;
}

static void
virLeaseNfs4ReaddirEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const COMPOUND4res *res = data;
    virLeaseNfsResult result = { 0 };
    nfs_resop4 op;

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (!virLeaseNfs4Get(&op, res, 2, OP_READDIR)) {
        virLeaseNfs4SetError(&result, VIR_LEASE_OP_READDIR, res);
    } else {
        const READDIR4resok *ok = &op.nfs_resop4_u.opreaddir.READDIR4res_u.resok4;
        virLeaseNfsScan *scan = virLeaseNfsRequestGetScan(request);
        virLeaseNfsStamp before = { 0 };
        virLeaseNfsStamp after = { 0 };
        const entry4 *next;

        virLeaseNfs4Stamp(&before, res, 1);
        virLeaseNfs4Stamp(&after, res, 3);
        virLeaseNfsScanBeginPage(scan, &before, ok->cookieverf);
        for (next = ok->reply.entries; next; next = virLeaseNfs4ScanAdd(scan, next))
            ;
        virLeaseNfsScanEndPage(scan, &after, ok->reply.eof);
    }
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs4Readdir(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *directory)
{
    const virLeaseNfsScan *scan = virLeaseNfsRequestGetScan(request);
    virLeaseNfs4Compound compound = { 0 };
    READDIR4args *args;

    virLeaseNfs4AddPutfh(&compound, directory);
    virLeaseNfs4AddGetattr(&compound, &virLeaseNfs4MaskDirectory);
    args = &virLeaseNfs4Add(&compound, OP_READDIR)->nfs_argop4_u.opreaddir;
    args->cookie = virLeaseNfsScanGetCookie(scan);
    args->dircount = VIR_LEASE_NFS_PAGE_SIZE;
    args->maxcount = VIR_LEASE_NFS_PAGE_SIZE;
    G_STATIC_ASSERT(sizeof(args->cookieverf) == VIR_LEASE_NFS_VERIFIER_SIZE);
    memcpy(args->cookieverf, virLeaseNfsScanGetVerifier(scan), sizeof(args->cookieverf));
    virLeaseNfs4SetMask(&args->attr_request, &virLeaseNfs4MaskEntry);
    virLeaseNfs4AddGetattr(&compound, &virLeaseNfs4MaskDirectory);
    return virLeaseNfs4Send(rpc, &compound, virLeaseNfs4ReaddirEnd, request);
}

const virLeaseNfsVersion virLeaseNfsVersion4 = {
    .number = 4,
    .lookup = virLeaseNfs4Lookup,
    .getattr = virLeaseNfs4Getattr,
    .readlink = virLeaseNfs4Readlink,
    .setattr = virLeaseNfs4Setattr,
    .mkdir = virLeaseNfs4Mkdir,
    .symlink = virLeaseNfs4Symlink,
    .remove = virLeaseNfs4Remove,
    .rmdir = virLeaseNfs4Rmdir,
    .readdir = virLeaseNfs4Readdir,
};
