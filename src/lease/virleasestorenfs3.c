/*
 * virleasestorenfs3.c: the calls of NFSv3
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfsversion.h"

#include <string.h>

#include "virleasenfscompat.h"
#include <nfsc/libnfs-raw-nfs.h>

/* libnfs's structures are not const, but it only reads the arguments. */
static nfs_fh3
virLeaseNfs3Handle(const virLeaseNfsHandle *handle)
{
    nfs_fh3 fh = { .data = { handle->length, (char *) handle->data } };

    return fh;
}

static virLeaseNfsKind
virLeaseNfs3Kind(ftype3 type)
{
    if (type == NF3DIR)
        return VIR_LEASE_NFS_KIND_DIRECTORY;
    return type == NF3LNK ? VIR_LEASE_NFS_KIND_LINK : VIR_LEASE_NFS_KIND_OTHER;
}

static int
virLeaseNfs3Attr(const fattr3 *from, virLeaseAttr *attr)
{
    attr->fileid = from->fileid;
    if (virLeaseNfsTime(from->ctime.seconds, from->ctime.nseconds, &attr->ctime) < 0)
        return -1;
    return virLeaseNfsTime(from->mtime.seconds, from->mtime.nseconds, &attr->mtime);
}

static void
virLeaseNfs3SetAttr(virLeaseNfsResult *result, const post_op_attr *from)
{
    if (!from->attributes_follow)
        return;
    if (virLeaseNfs3Attr(&from->post_op_attr_u.attributes, &result->attr) < 0) {
        virLeaseNfsResultSetMalformed(result);
        return;
    }
    result->hasAttr = TRUE;
    result->kind = virLeaseNfs3Kind(from->post_op_attr_u.attributes.type);
}

/* After an operation that had its effect a bad time is only not passed on. */
static void
virLeaseNfs3TryAttr(virLeaseNfsResult *result, const post_op_attr *from)
{
    virLeaseNfsResult extra = { 0 };

    virLeaseNfs3SetAttr(&extra, from);
    result->hasAttr = extra.hasAttr;
    result->attr = extra.hasAttr ? extra.attr : result->attr;
}

static void
virLeaseNfs3SetError(virLeaseNfsResult *result, virLeaseNfsRequest *request, nfsstat3 status)
{
    virLeaseNfsResultSetError(result, virLeaseNfsRequestGetType(request),
                              status, nfsstat3_to_str(status));
}

static void
virLeaseNfs3LookupEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const LOOKUP3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK) {
        /* Not an error of READDIR, even if it looks for attributes. */
        virLeaseNfsResultSetError(&result, VIR_LEASE_OP_GETATTR,
                                  res->status, nfsstat3_to_str(res->status));
    } else {
        const LOOKUP3resok *ok = &res->LOOKUP3res_u.resok;

        virLeaseNfs3SetAttr(&result, &ok->obj_attributes);
        if (virLeaseNfsHandleSet(&result.handle, ok->object.data.data_val,
                                 ok->object.data.data_len) < 0)
            virLeaseNfsResultSetMalformed(&result);
        else
            result.hasHandle = TRUE;
    }
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Lookup(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *directory, const char *name)
{
    LOOKUP3args args = { .what = { virLeaseNfs3Handle(directory), (char *) name } };

    return VIR_LEASE_NFS_SEND(nfs3_lookup, rpc, virLeaseNfs3LookupEnd, &args, request);
}

static void
virLeaseNfs3GetattrEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const GETATTR3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK) {
        virLeaseNfsResultSetError(&result, VIR_LEASE_OP_GETATTR,
                                  res->status, nfsstat3_to_str(res->status));
    } else {
        post_op_attr attr = { .attributes_follow = 1 };

        attr.post_op_attr_u.attributes = res->GETATTR3res_u.resok.obj_attributes;
        virLeaseNfs3SetAttr(&result, &attr);
    }
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Getattr(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *handle)
{
    GETATTR3args args = { .object = virLeaseNfs3Handle(handle) };

    return VIR_LEASE_NFS_SEND(nfs3_getattr, rpc, virLeaseNfs3GetattrEnd, &args, request);
}

static void
virLeaseNfs3ReadlinkEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const READLINK3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK) {
        virLeaseNfs3SetError(&result, request, res->status);
    } else {
        /* libnfs gives a string: what comes after a NUL is not seen. */
        result.target = res->READLINK3res_u.resok.data;
        result.targetLength = result.target ? strlen(result.target) : 0;
    }
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Readlink(struct rpc_context *rpc, virLeaseNfsRequest *request,
                     const virLeaseNfsHandle *handle)
{
    READLINK3args args = { .symlink = virLeaseNfs3Handle(handle) };

    return VIR_LEASE_NFS_SEND(nfs3_readlink, rpc, virLeaseNfs3ReadlinkEnd, &args, request);
}

static void
virLeaseNfs3SetattrEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const SETATTR3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK)
        virLeaseNfs3SetError(&result, request, res->status);
    else
        virLeaseNfs3TryAttr(&result, &res->SETATTR3res_u.resok.obj_wcc.after);
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Setattr(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *handle, gint64 mtime)
{
    SETATTR3args args = { .object = virLeaseNfs3Handle(handle) };

    args.new_attributes.mtime.set_it = SET_TO_CLIENT_TIME;
    args.new_attributes.mtime.set_mtime_u.mtime.seconds = mtime;
    return VIR_LEASE_NFS_SEND(nfs3_setattr, rpc, virLeaseNfs3SetattrEnd, &args, request);
}

static void
virLeaseNfs3MkdirEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const MKDIR3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK) {
        virLeaseNfs3SetError(&result, request, res->status);
    } else {
        const MKDIR3resok *ok = &res->MKDIR3res_u.resok;
        const nfs_fh3 *fh = &ok->obj.post_op_fh3_u.handle;

        virLeaseNfs3TryAttr(&result, &ok->obj_attributes);
        result.hasHandle = ok->obj.handle_follows &&
                           virLeaseNfsHandleSet(&result.handle, fh->data.data_val, fh->data.data_len) == 0;
    }
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Mkdir(struct rpc_context *rpc, virLeaseNfsRequest *request,
                  const virLeaseNfsHandle *directory, const char *name)
{
    MKDIR3args args = { .where = { virLeaseNfs3Handle(directory), (char *) name } };

    args.attributes.mode.set_it = 1;
    args.attributes.mode.set_mode3_u.mode = VIR_LEASE_NFS_DIRECTORY_MODE;
    return VIR_LEASE_NFS_SEND(nfs3_mkdir, rpc, virLeaseNfs3MkdirEnd, &args, request);
}

static void
virLeaseNfs3SymlinkEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const SYMLINK3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK)
        virLeaseNfs3SetError(&result, request, res->status);
    else
        virLeaseNfs3TryAttr(&result, &res->SYMLINK3res_u.resok.obj_attributes);
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Symlink(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *directory, const char *name, const char *target)
{
    SYMLINK3args args = { .where = { virLeaseNfs3Handle(directory), (char *) name } };

    args.symlink.symlink_data = (char *) target;
    return VIR_LEASE_NFS_SEND(nfs3_symlink, rpc, virLeaseNfs3SymlinkEnd, &args, request);
}

static void
virLeaseNfs3RemoveEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const REMOVE3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK)
        virLeaseNfs3SetError(&result, request, res->status);
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Remove(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *directory, const char *name)
{
    REMOVE3args args = { .object = { virLeaseNfs3Handle(directory), (char *) name } };

    return VIR_LEASE_NFS_SEND(nfs3_remove, rpc, virLeaseNfs3RemoveEnd, &args, request);
}

static void
virLeaseNfs3RmdirEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const RMDIR3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK)
        virLeaseNfs3SetError(&result, request, res->status);
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Rmdir(struct rpc_context *rpc, virLeaseNfsRequest *request,
                  const virLeaseNfsHandle *directory, const char *name)
{
    RMDIR3args args = { .object = { virLeaseNfs3Handle(directory), (char *) name } };

    return VIR_LEASE_NFS_SEND(nfs3_rmdir, rpc, virLeaseNfs3RmdirEnd, &args, request);
}

static void
virLeaseNfs3Stamp(virLeaseNfsStamp *stamp, const post_op_attr *from)
{
    virLeaseAttr attr;

    if (!from->attributes_follow ||
        virLeaseNfs3Attr(&from->post_op_attr_u.attributes, &attr) < 0)
        return;
    stamp->known = TRUE;
    stamp->ctime = attr.ctime;
    stamp->mtime = attr.mtime;
}

/* Returns the entry after @unaligned, as which libnfs 4.0 decodes it. */
static const entryplus3 *
virLeaseNfs3ScanAdd(virLeaseNfsScan *scan, const void *unaligned)
{
    virLeaseAttr attr;
    gboolean known;
    entryplus3 entry;

    memcpy(&entry, unaligned, sizeof(entry));
    known = entry.name_attributes.attributes_follow &&
            virLeaseNfs3Attr(&entry.name_attributes.post_op_attr_u.attributes, &attr) == 0;
    virLeaseNfsScanAdd(scan, entry.name, entry.name ? strlen(entry.name) : 0,
                       known ? &attr : NULL, entry.cookie);
    return entry.nextentry;
}

static void
virLeaseNfs3ReaddirEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const READDIRPLUS3res *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->status != NFS3_OK) {
        virLeaseNfs3SetError(&result, request, res->status);
    } else {
        const READDIRPLUS3resok *ok = &res->READDIRPLUS3res_u.resok;
        virLeaseNfsScan *scan = virLeaseNfsRequestGetScan(request);
        virLeaseNfsStamp stamp = { 0 };
        const entryplus3 *next;

        virLeaseNfs3Stamp(&stamp, &ok->dir_attributes);
        virLeaseNfsScanBeginPage(scan, &stamp, ok->cookieverf);
        for (next = ok->reply.entries; next; next = virLeaseNfs3ScanAdd(scan, next))
            ;
        virLeaseNfsScanEndPage(scan, &stamp, ok->reply.eof);
    }
    virLeaseNfsRequestEnd(request, &result);
}

static int
virLeaseNfs3Readdir(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *directory)
{
    const virLeaseNfsScan *scan = virLeaseNfsRequestGetScan(request);
    READDIRPLUS3args args = {
        .dir = virLeaseNfs3Handle(directory),
        .cookie = virLeaseNfsScanGetCookie(scan),
        .dircount = VIR_LEASE_NFS_PAGE_SIZE,
        .maxcount = VIR_LEASE_NFS_PAGE_SIZE,
    };

    G_STATIC_ASSERT(sizeof(args.cookieverf) == VIR_LEASE_NFS_VERIFIER_SIZE);
    memcpy(args.cookieverf, virLeaseNfsScanGetVerifier(scan), sizeof(args.cookieverf));
    return VIR_LEASE_NFS_SEND(nfs3_readdirplus, rpc, virLeaseNfs3ReaddirEnd, &args, request);
}

const virLeaseNfsVersion virLeaseNfsVersion3 = {
    .number = 3,
    .lookup = virLeaseNfs3Lookup,
    .getattr = virLeaseNfs3Getattr,
    .readlink = virLeaseNfs3Readlink,
    .setattr = virLeaseNfs3Setattr,
    .mkdir = virLeaseNfs3Mkdir,
    .symlink = virLeaseNfs3Symlink,
    .remove = virLeaseNfs3Remove,
    .rmdir = virLeaseNfs3Rmdir,
    .readdir = virLeaseNfs3Readdir,
};
