/*
 * virleasestorenfsscan.h: a directory's entries, as pages of them come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Checks what a server says about a directory, and that its pages fit
 * together. After the first failure a scan only keeps that.
 */
#pragma once

#include "virleasestore.h"

#define VIR_LEASE_NFS_PAGES_MAX 65536       /* replies to one READDIR */
#define VIR_LEASE_NFS_VERIFIER_SIZE 8
#define VIR_LEASE_NFS_SCANS_MAX ((gsize) 64 * 1024 * 1024)  /* bytes held by all scans of a connection */

/* What a directory looked like: times, and the change attribute if any. */
typedef struct _virLeaseNfsStamp virLeaseNfsStamp;
struct _virLeaseNfsStamp {
    gboolean known;
    gint64 ctime;
    gint64 mtime;
    guint64 change;
};

typedef struct _virLeaseNfsScan virLeaseNfsScan;

/* Makes a scan that fills in @reply, which stays the caller's. @held counts
 * the bytes that this and other scans hold, and outlives them. */
virLeaseNfsScan *virLeaseNfsScanNew(virLeaseReply *reply,
                                    gsize *held);
void virLeaseNfsScanFree(virLeaseNfsScan *scan);

/* Where the next page begins. */
guint64 virLeaseNfsScanGetCookie(const virLeaseNfsScan *scan);
const char *virLeaseNfsScanGetVerifier(const virLeaseNfsScan *scan);

/* One page: Begin, Add for each of its entries, End. @before and @after are
 * the directory's looks around it. @attr may be NULL: it has to be looked up
 * after the scan. */
void virLeaseNfsScanBeginPage(virLeaseNfsScan *scan,
                              const virLeaseNfsStamp *before,
                              const char *verifier);
void virLeaseNfsScanAdd(virLeaseNfsScan *scan,
                        const char *name,
                        gsize length,
                        const virLeaseAttr *attr,
                        guint64 cookie);
void virLeaseNfsScanEndPage(virLeaseNfsScan *scan,
                            const virLeaseNfsStamp *after,
                            gboolean eof);

/* Whether no further page is wanted, because of the end or of a failure. */
gboolean virLeaseNfsScanIsComplete(const virLeaseNfsScan *scan);

/* The next name whose attributes are to be looked up, or NULL. */
const char *virLeaseNfsScanNextLookup(virLeaseNfsScan *scan,
                                      guint *index);

/* The attributes for the name at @index; NULL: it is gone by now. */
void virLeaseNfsScanLookedUp(virLeaseNfsScan *scan,
                             guint index,
                             const virLeaseAttr *attr);

/* Has the reply's entries and status set. */
void virLeaseNfsScanFinish(virLeaseNfsScan *scan);
