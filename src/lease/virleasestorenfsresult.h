/*
 * virleasestorenfsresult.h: what a server answered, in either version's terms
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestore.h"
#include "virleasestorenfshandle.h"

typedef enum {
    VIR_LEASE_NFS_KIND_UNKNOWN,     /* the server did not say */
    VIR_LEASE_NFS_KIND_DIRECTORY,
    VIR_LEASE_NFS_KIND_LINK,
    VIR_LEASE_NFS_KIND_OTHER,

    VIR_LEASE_NFS_KIND_LAST
} virLeaseNfsKind;

/* The answer to one call. Strings are good as long as libnfs's reply. */
typedef struct _virLeaseNfsResult virLeaseNfsResult;
struct _virLeaseNfsResult {
    virLeaseStatus status;
    const char *detail;             /* of a failure; may be NULL */
    gboolean stale;                 /* the handle that we sent is no good any more */
    virLeaseNfsKind kind;
    gboolean hasHandle;             /* LOOKUP, MKDIR */
    virLeaseNfsHandle handle;
    gboolean hasAttr;
    virLeaseAttr attr;
    const char *target;             /* READLINK */
    gsize targetLength;
    int port;                       /* a port mapper's answer; 0: it does not know */
};

/* Fills in a failure from a status of NFSv3 or v4, which share their numbers
 * as far as they have the same meaning. @detail is the status in words. */
void virLeaseNfsResultSetError(virLeaseNfsResult *result,
                               virLeaseOpType type,
                               int nfsstat,
                               const char *detail);

/* Fills in an answer that makes no sense. */
void virLeaseNfsResultSetMalformed(virLeaseNfsResult *result);

/* Nanoseconds from a server's time. Returns 0, or -1 if it is out of range. */
int virLeaseNfsTime(gint64 seconds,
                    guint32 nanoseconds,
                    gint64 *time) G_GNUC_WARN_UNUSED_RESULT;
