/*
 * virleasestorenfsrequest.h: one RPC that a server owes an answer to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A request lives until libnfs has called back for it, which may be long
 * after whoever asked has lost interest.
 */
#pragma once

#include "virleasestorenfslink.h"
#include "virleasestorenfsresult.h"
#include "virleasestorenfsscan.h"

typedef struct _virLeaseNfsRequest virLeaseNfsRequest;

/* Called from inside libnfs, once. Not called if the connection is lost. */
typedef void (*virLeaseNfsAnsweredFunc)(const virLeaseNfsResult *result,
                                        guint index,
                                        void *opaque);

/* The requests of one asker. */
typedef struct _virLeaseNfsRequests virLeaseNfsRequests;

virLeaseNfsRequests *virLeaseNfsRequestsNew(virLeaseNfsLink *link,
                                            virLeaseOpType type,
                                            void *opaque);
guint virLeaseNfsRequestsGetCount(const virLeaseNfsRequests *requests);
/* No request calls back any more. */
void virLeaseNfsRequestsFree(virLeaseNfsRequests *requests);

/* Makes a request with @index, a number for the asker. @scan takes a page of
 * a READDIR and may be NULL. The request is to be given to libnfs at once. */
virLeaseNfsRequest *virLeaseNfsRequestNew(virLeaseNfsRequests *requests,
                                          guint index,
                                          virLeaseNfsScan *scan,
                                          virLeaseNfsAnsweredFunc answered);

/* The request could not be sent, and libnfs does not call back for it. */
void virLeaseNfsRequestUnsent(virLeaseNfsRequest *request);

/* For libnfs's callback: whether there is an answer that somebody waits for.
 * If not, the request is gone. */
gboolean virLeaseNfsRequestIsAnswered(virLeaseNfsRequest *request,
                                      int rpcStatus,
                                      const void *data);

virLeaseOpType virLeaseNfsRequestGetType(const virLeaseNfsRequest *request);
virLeaseNfsScan *virLeaseNfsRequestGetScan(const virLeaseNfsRequest *request);

/* For libnfs's callback: passes the answer on; the request is gone. */
void virLeaseNfsRequestEnd(virLeaseNfsRequest *request,
                           const virLeaseNfsResult *result);
