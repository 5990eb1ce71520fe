/*
 * virleasestorenfsrequest.c: one RPC that a server owes an answer to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfsrequest.h"

#include "virleasenfscompat.h"

struct _virLeaseNfsRequests {
    virLeaseNfsLink *link;
    virLeaseOpType type;
    void *opaque;
    GHashTable *outstanding;        /* set of virLeaseNfsRequest */
};

struct _virLeaseNfsRequest {
    virLeaseNfsRequests *requests;  /* NULL: nobody waits any more */
    virLeaseNfsLink *link;
    guint index;
    virLeaseNfsScan *scan;
    virLeaseNfsAnsweredFunc answered;
};

virLeaseNfsRequests *
virLeaseNfsRequestsNew(virLeaseNfsLink *link, virLeaseOpType type, void *opaque)
{
    virLeaseNfsRequests *requests = g_new0(virLeaseNfsRequests, 1);

    requests->link = link;
    requests->type = type;
    requests->opaque = opaque;
    requests->outstanding = g_hash_table_new(NULL, NULL);
    return requests;
}

guint
virLeaseNfsRequestsGetCount(const virLeaseNfsRequests *requests)
{
    return g_hash_table_size(requests->outstanding);
}

void
virLeaseNfsRequestsFree(virLeaseNfsRequests *requests)
{
    GHashTableIter iter;
    gpointer key;

    if (!requests)
        return;
    g_hash_table_iter_init(&iter, requests->outstanding);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        virLeaseNfsRequest *request = key;
        request->requests = NULL;
    }
    g_hash_table_unref(requests->outstanding);
    g_free(requests);
}

virLeaseNfsRequest *
virLeaseNfsRequestNew(virLeaseNfsRequests *requests, guint index,
                      virLeaseNfsScan *scan, virLeaseNfsAnsweredFunc answered)
{
    virLeaseNfsRequest *request = g_new0(virLeaseNfsRequest, 1);

    request->requests = requests;
    request->link = requests->link;
    request->index = index;
    request->scan = scan;
    request->answered = answered;
    g_hash_table_add(requests->outstanding, request);
    return request;
}

static void
virLeaseNfsRequestFree(virLeaseNfsRequest *request)
{
    if (request->requests)
        g_hash_table_remove(request->requests->outstanding, request);
    g_free(request);
}

void
virLeaseNfsRequestUnsent(virLeaseNfsRequest *request)
{
    virLeaseNfsLinkFail(request->link, NULL);
    virLeaseNfsRequestFree(request);
}

gboolean
virLeaseNfsRequestIsAnswered(virLeaseNfsRequest *request, int rpcStatus, const void *data)
{
    /* Whatever is wrong with one call, libnfs cannot be trusted with the
     * others any more. The link's owner answers for them all. */
    if (rpcStatus != RPC_STATUS_SUCCESS || !data)
        virLeaseNfsLinkFail(request->link, rpcStatus == RPC_STATUS_ERROR ? data : NULL);
    else if (request->requests)
        return TRUE;

    virLeaseNfsRequestFree(request);
    return FALSE;
}

virLeaseOpType
virLeaseNfsRequestGetType(const virLeaseNfsRequest *request)
{
    return request->requests->type;
}

virLeaseNfsScan *
virLeaseNfsRequestGetScan(const virLeaseNfsRequest *request)
{
    return request->scan;
}

void
virLeaseNfsRequestEnd(virLeaseNfsRequest *request, const virLeaseNfsResult *result)
{
    virLeaseNfsAnsweredFunc answered = request->answered;
    void *opaque = request->requests->opaque;
    guint index = request->index;

    virLeaseNfsRequestFree(request);
    answered(result, index, opaque);
}
