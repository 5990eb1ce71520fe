/*
 * virnetserverrequest.c: one call, until it is answered
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virnetserverpriv.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_RPC

VIR_LOG_INIT("rpc.server");

virNetServerRequest *
virNetServerRequestNew(virNetServerClient *client,
                       const virNetServerProcedure *procedure,
                       const virNetMessageHeader *call,
                       size_t bytes,
                       void *args)
{
    virNetServerRequest *request = g_new0(virNetServerRequest, 1);

    request->refs = 1;
    request->client = virNetServerClientRef(client);
    request->procedure = procedure;
    request->call = *call;
    request->bytes = bytes;
    request->args = args;
    request->link.data = request;

    g_queue_push_tail_link(&client->requests, &request->link);
    client->requestBytes += bytes;
    client->server->calls++;
    virNetServerClientUpdate(client);
    return request;
}

virNetServerRequest *
virNetServerRequestRef(virNetServerRequest *request)
{
    request->refs++;
    return request;
}

static void
virNetServerRequestFree(virNetServerRequest *request)
{
    if (request->args) {
        xdr_free(request->procedure->argFilter, request->args);
        g_free(request->args);
    }
    virNetServerClientUnref(request->client);
    g_free(request);
}

void
virNetServerRequestUnref(virNetServerRequest *request)
{
    if (!request)
        return;
    g_assert(request->refs > 0);
    if (request->refs == 1 && !request->answered && !request->gone) {
        VIR_WARN("no answer was made to a call of '%s' by process %lld, answering with an error",
                 request->procedure->name, (long long) request->client->pid);
        virNetServerRequestFail(request, VIR_ERR_INTERNAL_ERROR,
                                _("the service did not answer the call"));
    }
    if (--request->refs == 0)
        virNetServerRequestFree(request);
}

void *
virNetServerRequestGetArgs(virNetServerRequest *request)
{
    return request->args;
}

int
virNetServerRequestGetProcedure(const virNetServerRequest *request)
{
    return request->procedure->procedure;
}

pid_t
virNetServerRequestGetPid(const virNetServerRequest *request)
{
    return request->client->pid;
}

uid_t
virNetServerRequestGetUid(const virNetServerRequest *request)
{
    return request->client->uid;
}

void *
virNetServerRequestGetClientData(const virNetServerRequest *request)
{
    return request->client->data;
}

void
virNetServerRequestSetClientData(virNetServerRequest *request, void *data, GDestroyNotify destroy)
{
    virNetServerClient *client = request->client;

    if (client->destroyData)
        client->destroyData(client->data);
    client->data = data;
    client->destroyData = destroy;
}

/* Ends the wait. Returns whether there is somebody to be told. */
static gboolean
virNetServerRequestFinish(virNetServerRequest *request)
{
    g_assert(!request->answered);
    request->answered = TRUE;
    if (request->gone)
        return FALSE;

    g_queue_unlink(&request->client->requests, &request->link);
    request->client->requestBytes -= request->bytes;
    request->client->server->calls--;
    return TRUE;
}

static GByteArray *
virNetServerRequestEncode(virNetServerRequest *request, void *ret)
{
    virNetMessageHeader header = request->call;
    GByteArray *frame;

    header.type = VIR_NET_REPLY;
    header.status = VIR_NET_OK;
    frame = virNetMessageEncode(&header, request->procedure->retFilter, ret);
    if (!frame)
        frame = virNetMessageEncodeError(&request->call, VIR_FROM_RPC,
                                         virGetLastErrorCode(), virGetLastErrorMessage());
    return frame;
}

void
virNetServerRequestReply(virNetServerRequest *request, void *ret)
{
    if (virNetServerRequestFinish(request))
        virNetServerClientSend(request->client, virNetServerRequestEncode(request, ret));
}

void
virNetServerRequestFail(virNetServerRequest *request, int code, const char *message)
{
    if (virNetServerRequestFinish(request))
        virNetServerClientSend(request->client,
                               virNetMessageEncodeError(&request->call, VIR_FROM_LOCKING,
                                                        code, message));
}

void
virNetServerRequestSetGone(virNetServerRequest *request,
                           virNetServerRequestGoneFunc func,
                           void *opaque)
{
    if (request->answered || request->gone)
        return;
    request->goneFunc = func;
    request->goneOpaque = opaque;
}

gboolean
virNetServerRequestIsGone(const virNetServerRequest *request)
{
    return request->gone;
}

void
virNetServerRequestGone(virNetServerRequest *request)
{
    virNetServerRequestGoneFunc func = g_steal_pointer(&request->goneFunc);
    g_autoptr(virNetServerRequest) held = virNetServerRequestRef(request);

    request->gone = TRUE;
    if (func)
        func(held, request->goneOpaque);
}
