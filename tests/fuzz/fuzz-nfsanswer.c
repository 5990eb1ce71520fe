/*
 * fuzz-nfsanswer.c: what an NFS server answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says which call the others are the answer to. What the check
 * has nothing against libnfs must be able to read, and we what libnfs makes of
 * it: the sanitizers say whether it does, though libnfs is built without them
 * as a rule (its malloc() and memcpy() are theirs all the same).
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virleasenfscompat.h"
#include "virleasestorenfs4attr.h"
#include "virleasestorenfscheck.h"
#include <nfsc/libnfs-raw-mount.h>
#include <nfsc/libnfs-raw-nfs.h>
#include <nfsc/libnfs-raw-nfs4.h>
#include <nfsc/libnfs-raw-portmap.h>
#include <nfsc/libnfs-zdr.h>

#define FUZZ_HEADER 24      /* of an answer that has no verifier */
#define FUZZ_VERIFIER 16    /* where the length of that stands */

/* The result as libnfs decodes it: the largest of them, for alignment too. */
typedef union _fuzzResult fuzzResult;
union _fuzzResult {
    guint32 port;
    struct pmap3_string_result address;
    mountres3 mount;
    GETATTR3res getattr;
    SETATTR3res setattr;
    LOOKUP3res lookup;
    READLINK3res readlink;
    MKDIR3res mkdir;
    SYMLINK3res symlink;
    REMOVE3res remove;
    RMDIR3res rmdir;
    READDIRPLUS3res readdir;
    COMPOUND4res compound;
};

static const struct {
    guint32 program;
    guint32 version;
    guint32 procedure;
    zdrproc_t decode;       /* NULL: nothing to decode */
} fuzzCalls[] = {
    { 100000, 2, 0, NULL },
    { 100000, 2, 3, (zdrproc_t) libnfs_zdr_u_int },
    { 100000, 3, 3, (zdrproc_t) zdr_pmap3_string_result },
    { 100005, 3, 1, (zdrproc_t) zdr_mountres3 },
    { 100003, 3, 1, (zdrproc_t) zdr_GETATTR3res },
    { 100003, 3, 2, (zdrproc_t) zdr_SETATTR3res },
    { 100003, 3, 3, (zdrproc_t) zdr_LOOKUP3res },
    { 100003, 3, 5, (zdrproc_t) zdr_READLINK3res },
    { 100003, 3, 9, (zdrproc_t) zdr_MKDIR3res },
    { 100003, 3, 10, (zdrproc_t) zdr_SYMLINK3res },
    { 100003, 3, 12, (zdrproc_t) zdr_REMOVE3res },
    { 100003, 3, 13, (zdrproc_t) zdr_RMDIR3res },
    { 100003, 3, 17, (zdrproc_t) zdr_READDIRPLUS3res },
    { 100003, 4, 1, (zdrproc_t) zdr_COMPOUND4res },
};

/* A number of the answer. */
static guint32
fuzzWord(const uint8_t *data, gsize offset)
{
    guint32 raw;

    memcpy(&raw, data + offset, sizeof(raw));
    return GUINT32_FROM_BE(raw);
}

/* Where the result of a call begins that was carried out; 0: it was not. */
static gsize
fuzzResultBegin(const uint8_t *data)
{
    gsize verifier;

    if (fuzzWord(data, 8) != 0)
        return 0;
    verifier = ((gsize) fuzzWord(data, FUZZ_VERIFIER) + 3) & ~(gsize) 3;
    return fuzzWord(data, FUZZ_VERIFIER + sizeof(guint32) + verifier) == 0 ? FUZZ_HEADER + verifier : 0;
}

static void
fuzzAttr4(const fattr4 *from)
{
    virLeaseNfs4Attr parsed;
    virLeaseNfsStamp stamp;
    virLeaseAttr attr;

    if (virLeaseNfs4AttrParse(&parsed, from->attrmask.bitmap4_val, from->attrmask.bitmap4_len,
                              from->attr_vals.attrlist4_val, from->attr_vals.attrlist4_len) < 0)
        return;
    virLeaseNfs4AttrGet(&parsed, &attr);
    virLeaseNfs4AttrGetStamp(&parsed, &stamp);
    g_assert_cmpint(virLeaseNfs4AttrGetKind(&parsed), <, VIR_LEASE_NFS_KIND_LAST);
}

/* Goes through the results of a COMPOUND; they may not be aligned. */
static void
fuzzCompound(const COMPOUND4res *res)
{
    g_assert_cmpuint(res->resarray.resarray_len, <=, VIR_LEASE_NFS_ANSWER_OPS_MAX);
    for (guint i = 0; i < res->resarray.resarray_len; i++) {
        nfs_resop4 op;

        memcpy(&op, (const char *) res->resarray.resarray_val + i * sizeof(op), sizeof(op));
        if (op.resop == OP_GETATTR && op.nfs_resop4_u.opgetattr.status == NFS4_OK)
            fuzzAttr4(&op.nfs_resop4_u.opgetattr.GETATTR4res_u.resok4.obj_attributes);
    }
}

static void
fuzzDecode(zdrproc_t decode, const uint8_t *data, gsize length)
{
    g_autofree char *exact = g_malloc(length);     /* nothing lies behind its end */
    fuzzResult result;
    ZDR zdr;

    memcpy(exact, data, length);
    memset(&zdr, 0, sizeof(zdr));
    memset(&result, 0, sizeof(result));
    libnfs_zdrmem_create(&zdr, exact, length, ZDR_DECODE);
    if (decode(&zdr, &result) && decode == (zdrproc_t) zdr_COMPOUND4res)
        fuzzCompound(&result.compound);
    libnfs_zdr_destroy(&zdr);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gsize begin;
    gsize i;

    if (size < 1)
        return 0;
    i = data[0] % G_N_ELEMENTS(fuzzCalls);
    if (!virLeaseNfsCheckAnswer(fuzzCalls[i].program, fuzzCalls[i].version, fuzzCalls[i].procedure,
                                data + 1, size - 1))
        return 0;
    g_assert_cmpuint(size - 1, >=, 16);
    begin = fuzzResultBegin(data + 1);
    if (begin > 0 && fuzzCalls[i].decode)
        fuzzDecode(fuzzCalls[i].decode, data + 1 + begin, size - 1 - begin);
    return 0;
}
