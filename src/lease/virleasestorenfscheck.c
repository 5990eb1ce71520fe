/*
 * virleasestorenfscheck.c: whether an RPC answer is what it must be
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfscheck.h"

#include <string.h>

/* Numbers of RFC 1813, 1833, 5531 and 7530. */
#define VIR_LEASE_NFS_CHECK_PORTMAP 100000
#define VIR_LEASE_NFS_CHECK_MOUNT 100005
#define VIR_LEASE_NFS_CHECK_NFS 100003

#define VIR_LEASE_NFS_CHECK_VERIFIER_MAX 400    /* of a reply's authentication */
#define VIR_LEASE_NFS_CHECK_HANDLE_MAX 64       /* of NFSv3 */
#define VIR_LEASE_NFS_CHECK_FLAVORS_MAX 64
#define VIR_LEASE_NFS_CHECK_MASK_MAX 8
#define VIR_LEASE_NFS_CHECK_FATTR3 84
#define VIR_LEASE_NFS_CHECK_WCC_ATTR 24
#define VIR_LEASE_NFS_CHECK_COOKIEVERF 8
#define VIR_LEASE_NFS_CHECK_CHANGE_INFO 16      /* behind its flag */

/* What has not been looked at. Each function below takes one thing from its
 * front and returns whether it was there and in order. */
typedef struct _virLeaseNfsCheck virLeaseNfsCheck;
struct _virLeaseNfsCheck {
    const guint8 *data;
    gsize left;
};

typedef gboolean (*virLeaseNfsCheckFunc)(virLeaseNfsCheck *check);

static gboolean
virLeaseNfsCheckSkip(virLeaseNfsCheck *check, gsize length)
{
    if (length > check->left)
        return FALSE;
    check->data += length;
    check->left -= length;
    return TRUE;
}

static gboolean
virLeaseNfsCheckNumber(virLeaseNfsCheck *check, guint32 *number)
{
    guint32 raw;

    if (check->left < sizeof(raw))
        return FALSE;
    memcpy(&raw, check->data, sizeof(raw));
    *number = GUINT32_FROM_BE(raw);
    return virLeaseNfsCheckSkip(check, sizeof(raw));
}

/* Of @max bytes at most, and filled up to a multiple of four. */
static gboolean
virLeaseNfsCheckOpaque(virLeaseNfsCheck *check, guint32 max)
{
    guint32 length;

    return virLeaseNfsCheckNumber(check, &length) && length <= max &&
           virLeaseNfsCheckSkip(check, ((gsize) length + 3) & ~(gsize) 3);
}

/* libnfs ends it with a NUL of its own: there may be no other. */
static gboolean
virLeaseNfsCheckString(virLeaseNfsCheck *check)
{
    virLeaseNfsCheck begin = *check;
    guint32 length;

    return virLeaseNfsCheckNumber(&begin, &length) &&
           virLeaseNfsCheckOpaque(check, VIR_LEASE_NFS_ANSWER_MAX) &&
           !memchr(begin.data, '\0', length);
}

static gboolean
virLeaseNfsCheckFlag(virLeaseNfsCheck *check, gboolean *flag)
{
    guint32 number;

    if (!virLeaseNfsCheckNumber(check, &number) || number > 1)
        return FALSE;
    *flag = number == 1;
    return TRUE;
}

/* A flag, and @length bytes if it is set. */
static gboolean
virLeaseNfsCheckOptional(virLeaseNfsCheck *check, gsize length)
{
    gboolean there;

    return virLeaseNfsCheckFlag(check, &there) && (!there || virLeaseNfsCheckSkip(check, length));
}

static gboolean
virLeaseNfsCheckNumbers(virLeaseNfsCheck *check, guint32 max)
{
    guint32 count;

    return virLeaseNfsCheckNumber(check, &count) && count <= max &&
           virLeaseNfsCheckSkip(check, count * sizeof(guint32));
}

/* ---- NFSv3 and mountd ---- */

static gboolean
virLeaseNfsCheckNothing(virLeaseNfsCheck *check G_GNUC_UNUSED)
{
    return TRUE;
}

static gboolean
virLeaseNfsCheckPort(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckSkip(check, sizeof(guint32));
}

static gboolean
virLeaseNfsCheckAttr3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckOptional(check, VIR_LEASE_NFS_CHECK_FATTR3);
}

static gboolean
virLeaseNfsCheckWcc3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckOptional(check, VIR_LEASE_NFS_CHECK_WCC_ATTR) && virLeaseNfsCheckAttr3(check);
}

static gboolean
virLeaseNfsCheckHandle3(virLeaseNfsCheck *check)
{
    gboolean there;

    return virLeaseNfsCheckFlag(check, &there) &&
           (!there || virLeaseNfsCheckOpaque(check, VIR_LEASE_NFS_CHECK_HANDLE_MAX));
}

/* A status; @ok follows 0, @failed all others. */
static gboolean
virLeaseNfsCheckStatus(virLeaseNfsCheck *check, virLeaseNfsCheckFunc ok, virLeaseNfsCheckFunc failed)
{
    guint32 status;

    return virLeaseNfsCheckNumber(check, &status) && (status == 0 ? ok(check) : failed(check));
}

static gboolean
virLeaseNfsCheckMountOk(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckOpaque(check, VIR_LEASE_NFS_CHECK_HANDLE_MAX) &&
           virLeaseNfsCheckNumbers(check, VIR_LEASE_NFS_CHECK_FLAVORS_MAX);
}

static gboolean
virLeaseNfsCheckMount(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckStatus(check, virLeaseNfsCheckMountOk, virLeaseNfsCheckNothing);
}

static gboolean
virLeaseNfsCheckGetattr3Ok(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckSkip(check, VIR_LEASE_NFS_CHECK_FATTR3);
}

static gboolean
virLeaseNfsCheckGetattr3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckStatus(check, virLeaseNfsCheckGetattr3Ok, virLeaseNfsCheckNothing);
}

/* SETATTR, REMOVE, RMDIR. */
static gboolean
virLeaseNfsCheckChange3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckStatus(check, virLeaseNfsCheckWcc3, virLeaseNfsCheckWcc3);
}

static gboolean
virLeaseNfsCheckLookup3Ok(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckOpaque(check, VIR_LEASE_NFS_CHECK_HANDLE_MAX) &&
           virLeaseNfsCheckAttr3(check) && virLeaseNfsCheckAttr3(check);
}

static gboolean
virLeaseNfsCheckLookup3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckStatus(check, virLeaseNfsCheckLookup3Ok, virLeaseNfsCheckAttr3);
}

static gboolean
virLeaseNfsCheckReadlink3Ok(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckAttr3(check) && virLeaseNfsCheckString(check);
}

static gboolean
virLeaseNfsCheckReadlink3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckStatus(check, virLeaseNfsCheckReadlink3Ok, virLeaseNfsCheckAttr3);
}

static gboolean
virLeaseNfsCheckCreate3Ok(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckHandle3(check) && virLeaseNfsCheckAttr3(check) && virLeaseNfsCheckWcc3(check);
}

/* MKDIR, SYMLINK. */
static gboolean
virLeaseNfsCheckCreate3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckStatus(check, virLeaseNfsCheckCreate3Ok, virLeaseNfsCheckWcc3);
}

/* A list: a flag before each entry that says whether there is one. */
static gboolean
virLeaseNfsCheckEntries(virLeaseNfsCheck *check, virLeaseNfsCheckFunc entry)
{
    gboolean more;
    guint count;

    for (count = 0; virLeaseNfsCheckFlag(check, &more); count++) {
        if (!more)
            return TRUE;
        if (count == VIR_LEASE_NFS_ANSWER_ENTRIES_MAX || !entry(check))
            return FALSE;
    }
    return FALSE;
}

static gboolean
virLeaseNfsCheckEntry3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckSkip(check, sizeof(guint64)) && virLeaseNfsCheckString(check) &&
           virLeaseNfsCheckSkip(check, sizeof(guint64)) &&
           virLeaseNfsCheckAttr3(check) && virLeaseNfsCheckHandle3(check);
}

static gboolean
virLeaseNfsCheckReaddir3Ok(virLeaseNfsCheck *check)
{
    gboolean eof;

    return virLeaseNfsCheckAttr3(check) && virLeaseNfsCheckSkip(check, VIR_LEASE_NFS_CHECK_COOKIEVERF) &&
           virLeaseNfsCheckEntries(check, virLeaseNfsCheckEntry3) && virLeaseNfsCheckFlag(check, &eof);
}

static gboolean
virLeaseNfsCheckReaddir3(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckStatus(check, virLeaseNfsCheckReaddir3Ok, virLeaseNfsCheckAttr3);
}

/* ---- NFSv4 ---- */

static gboolean
virLeaseNfsCheckMask4(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckNumbers(check, VIR_LEASE_NFS_CHECK_MASK_MAX);
}

static gboolean
virLeaseNfsCheckOpaque4(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckOpaque(check, VIR_LEASE_NFS_ANSWER_MAX);
}

static gboolean
virLeaseNfsCheckAttr4(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckMask4(check) && virLeaseNfsCheckOpaque4(check);
}

static gboolean
virLeaseNfsCheckChangeInfo4(virLeaseNfsCheck *check)
{
    gboolean atomic;

    return virLeaseNfsCheckFlag(check, &atomic) && virLeaseNfsCheckSkip(check, VIR_LEASE_NFS_CHECK_CHANGE_INFO);
}

static gboolean
virLeaseNfsCheckCreate4(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckChangeInfo4(check) && virLeaseNfsCheckMask4(check);
}

static gboolean
virLeaseNfsCheckEntry4(virLeaseNfsCheck *check)
{
    return virLeaseNfsCheckSkip(check, sizeof(guint64)) &&
           virLeaseNfsCheckOpaque4(check) && virLeaseNfsCheckAttr4(check);
}

static gboolean
virLeaseNfsCheckReaddir4(virLeaseNfsCheck *check)
{
    gboolean eof;

    return virLeaseNfsCheckSkip(check, VIR_LEASE_NFS_CHECK_COOKIEVERF) &&
           virLeaseNfsCheckEntries(check, virLeaseNfsCheckEntry4) && virLeaseNfsCheckFlag(check, &eof);
}

/* What follows an operation's number and status. */
static const struct {
    guint32 op;
    virLeaseNfsCheckFunc ok;
    virLeaseNfsCheckFunc failed;
} virLeaseNfsCheckOps[] = {
    { 6, virLeaseNfsCheckCreate4, virLeaseNfsCheckNothing },        /* CREATE */
    { 9, virLeaseNfsCheckAttr4, virLeaseNfsCheckNothing },          /* GETATTR */
    { 10, virLeaseNfsCheckOpaque4, virLeaseNfsCheckNothing },       /* GETFH */
    { 15, virLeaseNfsCheckNothing, virLeaseNfsCheckNothing },       /* LOOKUP */
    { 17, virLeaseNfsCheckNothing, virLeaseNfsCheckNothing },       /* NVERIFY */
    { 22, virLeaseNfsCheckNothing, virLeaseNfsCheckNothing },       /* PUTFH */
    { 24, virLeaseNfsCheckNothing, virLeaseNfsCheckNothing },       /* PUTROOTFH */
    { 26, virLeaseNfsCheckReaddir4, virLeaseNfsCheckNothing },      /* READDIR */
    { 27, virLeaseNfsCheckOpaque4, virLeaseNfsCheckNothing },       /* READLINK */
    { 28, virLeaseNfsCheckChangeInfo4, virLeaseNfsCheckNothing },   /* REMOVE */
    { 34, virLeaseNfsCheckMask4, virLeaseNfsCheckMask4 },           /* SETATTR */
    { 37, virLeaseNfsCheckNothing, virLeaseNfsCheckNothing },       /* VERIFY */
    { 10044, virLeaseNfsCheckNothing, virLeaseNfsCheckNothing },    /* ILLEGAL */
};

static gboolean
virLeaseNfsCheckOp4(virLeaseNfsCheck *check)
{
    guint32 op;
    gsize i;

    if (!virLeaseNfsCheckNumber(check, &op))
        return FALSE;
    for (i = 0; i < G_N_ELEMENTS(virLeaseNfsCheckOps); i++) {
        if (virLeaseNfsCheckOps[i].op == op)
            return virLeaseNfsCheckStatus(check, virLeaseNfsCheckOps[i].ok, virLeaseNfsCheckOps[i].failed);
    }
    return FALSE;
}

static gboolean
virLeaseNfsCheckCompound4(virLeaseNfsCheck *check)
{
    guint32 status;
    guint32 count;

    if (!virLeaseNfsCheckNumber(check, &status) || !virLeaseNfsCheckOpaque4(check) ||
        !virLeaseNfsCheckNumber(check, &count) || count > VIR_LEASE_NFS_ANSWER_OPS_MAX)
        return FALSE;
    while (count > 0 && virLeaseNfsCheckOp4(check))
        count--;
    return count == 0;
}

/* ---- all of it ---- */

static const struct {
    guint32 program;
    guint32 version;
    guint32 procedure;
    virLeaseNfsCheckFunc results;
} virLeaseNfsCheckCalls[] = {
    { VIR_LEASE_NFS_CHECK_PORTMAP, 2, 0, virLeaseNfsCheckNothing },
    { VIR_LEASE_NFS_CHECK_PORTMAP, 2, 3, virLeaseNfsCheckPort },        /* GETPORT */
    { VIR_LEASE_NFS_CHECK_PORTMAP, 3, 0, virLeaseNfsCheckNothing },
    { VIR_LEASE_NFS_CHECK_PORTMAP, 3, 3, virLeaseNfsCheckString },      /* GETADDR */
    { VIR_LEASE_NFS_CHECK_MOUNT, 3, 0, virLeaseNfsCheckNothing },
    { VIR_LEASE_NFS_CHECK_MOUNT, 3, 1, virLeaseNfsCheckMount },         /* MNT */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 0, virLeaseNfsCheckNothing },
    { VIR_LEASE_NFS_CHECK_NFS, 3, 1, virLeaseNfsCheckGetattr3 },        /* GETATTR */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 2, virLeaseNfsCheckChange3 },         /* SETATTR */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 3, virLeaseNfsCheckLookup3 },         /* LOOKUP */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 5, virLeaseNfsCheckReadlink3 },       /* READLINK */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 9, virLeaseNfsCheckCreate3 },         /* MKDIR */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 10, virLeaseNfsCheckCreate3 },        /* SYMLINK */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 12, virLeaseNfsCheckChange3 },        /* REMOVE */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 13, virLeaseNfsCheckChange3 },        /* RMDIR */
    { VIR_LEASE_NFS_CHECK_NFS, 3, 17, virLeaseNfsCheckReaddir3 },       /* READDIRPLUS */
    { VIR_LEASE_NFS_CHECK_NFS, 4, 0, virLeaseNfsCheckNothing },
    { VIR_LEASE_NFS_CHECK_NFS, 4, 1, virLeaseNfsCheckCompound4 },       /* COMPOUND */
};

static gboolean
virLeaseNfsCheckAccepted(virLeaseNfsCheck *check, virLeaseNfsCheckFunc results)
{
    guint32 flavor;
    guint32 status;

    if (!virLeaseNfsCheckNumber(check, &flavor) ||
        !virLeaseNfsCheckOpaque(check, VIR_LEASE_NFS_CHECK_VERIFIER_MAX) ||
        !virLeaseNfsCheckNumber(check, &status))
        return FALSE;
    if (status == 0)
        return results(check);
    /* 2: two numbers say which versions there are; the others, nothing. */
    return status == 2 ? virLeaseNfsCheckSkip(check, 2 * sizeof(guint32)) : status <= 5;
}

static gboolean
virLeaseNfsCheckDenied(virLeaseNfsCheck *check)
{
    guint32 why;

    if (!virLeaseNfsCheckNumber(check, &why) || why > 1)
        return FALSE;
    return virLeaseNfsCheckSkip(check, why == 0 ? 2 * sizeof(guint32) : sizeof(guint32));
}

gboolean
virLeaseNfsCheckAnswer(guint32 program, guint32 version, guint32 procedure, const guint8 *data, gsize length)
{
    virLeaseNfsCheck check = { data, length };
    virLeaseNfsCheckFunc results = NULL;
    guint32 xid;
    guint32 direction;
    guint32 denied;
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(virLeaseNfsCheckCalls); i++) {
        if (virLeaseNfsCheckCalls[i].program == program && virLeaseNfsCheckCalls[i].version == version &&
            virLeaseNfsCheckCalls[i].procedure == procedure)
            results = virLeaseNfsCheckCalls[i].results;
    }
    if (!results || !virLeaseNfsCheckNumber(&check, &xid) ||
        !virLeaseNfsCheckNumber(&check, &direction) || direction != 1 ||
        !virLeaseNfsCheckNumber(&check, &denied) || denied > 1)
        return FALSE;
    return denied ? virLeaseNfsCheckDenied(&check) : virLeaseNfsCheckAccepted(&check, results);
}
