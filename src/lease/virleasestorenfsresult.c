/*
 * virleasestorenfsresult.c: what a server answered, in either version's terms
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfsresult.h"

#include "virgettext.h"

/* Numbers of RFC 1813 and RFC 7530. */
static const struct {
    int nfsstat;
    virLeaseStatus status;
} virLeaseNfsStatuses[] = {
    { 1, VIR_LEASE_STATUS_ACCESS },         /* PERM */
    { 2, VIR_LEASE_STATUS_NOENT },
    { 13, VIR_LEASE_STATUS_ACCESS },        /* ACCES */
    { 17, VIR_LEASE_STATUS_EXISTS },
    { 20, VIR_LEASE_STATUS_WRONG_TYPE },    /* NOTDIR */
    { 21, VIR_LEASE_STATUS_WRONG_TYPE },    /* ISDIR */
    { 28, VIR_LEASE_STATUS_FULL },          /* NOSPC */
    { 30, VIR_LEASE_STATUS_READONLY },      /* ROFS */
    { 66, VIR_LEASE_STATUS_NOTEMPTY },
    { 69, VIR_LEASE_STATUS_FULL },          /* DQUOT */
    { 10003, VIR_LEASE_STATUS_UNSTABLE },   /* BAD_COOKIE */
    { 10008, VIR_LEASE_STATUS_DELAYED },    /* JUKEBOX, DELAY */
    { 10009, VIR_LEASE_STATUS_WRONG_TYPE }, /* SAME: of our own NVERIFY */
    { 10013, VIR_LEASE_STATUS_DELAYED },    /* GRACE */
    { 10016, VIR_LEASE_STATUS_ACCESS },     /* WRONGSEC */
    { 10018, VIR_LEASE_STATUS_DELAYED },    /* RESOURCE */
    { 10027, VIR_LEASE_STATUS_WRONG_TYPE }, /* NOT_SAME: of our own VERIFY */
    { 10029, VIR_LEASE_STATUS_WRONG_TYPE }, /* SYMLINK */
};

/* Handles that are stale, malformed, or have expired. */
static gboolean
virLeaseNfsIsStale(int nfsstat)
{
    return nfsstat == 70 || nfsstat == 10001 || nfsstat == 10014;
}

/* Where a number means something else for one operation. */
static virLeaseStatus
virLeaseNfsStatusOf(virLeaseOpType type, virLeaseStatus status)
{
    if (type == VIR_LEASE_OP_RMDIR && status == VIR_LEASE_STATUS_EXISTS)
        return VIR_LEASE_STATUS_NOTEMPTY;
    /* A busy directory makes READDIR fail in many ways. Its handle was good
     * a moment ago, so none of them says that it is not there. */
    if (type == VIR_LEASE_OP_READDIR &&
        (status == VIR_LEASE_STATUS_NOENT || status == VIR_LEASE_STATUS_FAILED))
        return VIR_LEASE_STATUS_UNSTABLE;
    return status;
}

void
virLeaseNfsResultSetError(virLeaseNfsResult *result, virLeaseOpType type,
                          int nfsstat, const char *detail)
{
    virLeaseStatus status = VIR_LEASE_STATUS_FAILED;
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(virLeaseNfsStatuses); i++) {
        if (virLeaseNfsStatuses[i].nfsstat == nfsstat)
            status = virLeaseNfsStatuses[i].status;
    }
    /* In the middle of a READDIR this is about the cookie's verifier. */
    if (type == VIR_LEASE_OP_READDIR && nfsstat == 10027)
        status = VIR_LEASE_STATUS_UNSTABLE;
    result->status = virLeaseNfsStatusOf(type, status);
    result->stale = virLeaseNfsIsStale(nfsstat);
    result->detail = detail;
}

void
virLeaseNfsResultSetMalformed(virLeaseNfsResult *result)
{
    result->status = VIR_LEASE_STATUS_PROTOCOL;
    result->stale = FALSE;
    result->detail = _("the answer is malformed or beyond a limit");
}

int
virLeaseNfsTime(gint64 seconds, guint32 nanoseconds, gint64 *time)
{
    const gint64 limit = G_MAXINT64 / VIR_LEASE_SECOND - 1;

    if (seconds < -limit || seconds > limit || nanoseconds >= VIR_LEASE_SECOND)
        return -1;
    *time = seconds * VIR_LEASE_SECOND + nanoseconds;
    return 0;
}
