/*
 * virnetserverclient.c: one connection to the server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virnetserverpriv.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_RPC

VIR_LOG_INIT("rpc.server");

/* A frame's memory grows as its bytes come, not as its length promises. */
#define VIR_NET_SERVER_CHUNK ((size_t) 65536)

virNetServerClient *
virNetServerClientRef(virNetServerClient *client)
{
    client->refs++;
    return client;
}

void
virNetServerClientUnref(virNetServerClient *client)
{
    if (--client->refs > 0)
        return;
    g_assert(client->fd < 0);
    if (client->destroyData)
        client->destroyData(client->data);
    g_free(client);
}

static gint64
virNetServerClientEnd(const virNetServerClient *client)
{
    return g_get_monotonic_time() + (gint64) client->server->config.frameTimeoutMs * 1000;
}

static gboolean
virNetServerClientMayRead(const virNetServerClient *client)
{
    return client->requests.length + client->replies.length <
           client->server->config.maxCalls;
}

void
virNetServerClientUpdate(virNetServerClient *client)
{
    GIOCondition events = G_IO_HUP | G_IO_ERR;
    gint64 ready = -1;

    if (virNetServerClientMayRead(client))
        events |= G_IO_IN;
    if (client->replies.length > 0)
        events |= G_IO_OUT;
    g_source_modify_unix_fd(client->source, client->tag, events);

    if (client->frameEnd > 0)
        ready = client->frameEnd;
    if (client->replyEnd > 0 && (ready < 0 || client->replyEnd < ready))
        ready = client->replyEnd;
    if (client->doom)
        ready = 0;
    g_source_set_ready_time(client->source, ready);
}

gboolean
virNetServerClientIsIdle(const virNetServerClient *client)
{
    return client->requests.length == 0 && client->replies.length == 0;
}

/* It will be dropped by its source, and only there. */
static void
virNetServerClientCutOff(virNetServerClient *client, const char *reason)
{
    VIR_WARN("cutting off process %lld of uid %u: %s",
             (long long) client->pid, (unsigned int) client->uid, reason);
    client->doom = reason;
}

void
virNetServerClientCount(virNetServerClient *client)
{
    virNetServer *server = client->server;
    size_t bytes = client->frame->len + client->requestBytes + client->replyBytes;
    size_t held = bytes > VIR_NET_SERVER_CHUNK ? bytes - VIR_NET_SERVER_CHUNK : 0;
    gboolean more = held > client->held;

    server->held += held - client->held;
    client->held = held;
    if (more && !client->doom && server->held > server->config.maxHeldBytes)
        virNetServerClientCutOff(client, "too much is held of all clients' calls and answers");
}

/* ---- frames come in ---- */

static void
virNetServerClientBeginFrame(virNetServerClient *client)
{
    client->frame = g_byte_array_new();
    client->frameLength = VIR_NET_MESSAGE_LEN_MAX;
    client->frameEnd = 0;
}

/* What has come is all that was asked for: the length, or the whole frame. */
static int
virNetServerClientTakeFrame(virNetServerClient *client)
{
    g_autoptr(GByteArray) frame = NULL;

    if (client->frame->len == VIR_NET_MESSAGE_LEN_MAX)
        return virNetMessageDecodeLength(client->frame->data, &client->frameLength);

    frame = g_steal_pointer(&client->frame);
    virNetServerClientBeginFrame(client);
    client->since = g_get_monotonic_time();
    return virNetServerDispatch(client->server, client, frame);
}

/* Reads a part of one frame. Returns how many bytes came; 0 if there are none
 * now, -1 with client->doom set if there won't be any more. */
static ssize_t
virNetServerClientReadPart(virNetServerClient *client)
{
    size_t done = client->frame->len;
    size_t part = MIN(client->frameLength - done, VIR_NET_SERVER_CHUNK);
    ssize_t n;

    g_byte_array_set_size(client->frame, done + part);
    n = recv(client->fd, client->frame->data + done, part, MSG_DONTWAIT);
    g_byte_array_set_size(client->frame, done + MAX(n, 0));

    if (n > 0)
        return n;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    client->doom = n == 0 ? "it closed the connection" : g_strerror(errno);
    return -1;
}

/* At most one frame, then it's the next client's turn. */
static void
virNetServerClientRead(virNetServerClient *client)
{
    while (!client->doom) {
        gboolean head = client->frame->len < VIR_NET_MESSAGE_LEN_MAX;

        if (virNetServerClientReadPart(client) <= 0)
            return;
        virNetServerClientCount(client);
        if (client->frameEnd == 0)
            client->frameEnd = virNetServerClientEnd(client);
        if (client->doom || client->frame->len < client->frameLength)
            continue;
        if (virNetServerClientTakeFrame(client) < 0)
            virNetServerClientCutOff(client, "it sent what is no message");
        virNetServerClientCount(client);
        if (!head)
            return;
    }
}

/* ---- replies go out ---- */

static void
virNetServerClientReplyTaken(virNetServerClient *client)
{
    GByteArray *frame = g_queue_pop_head(&client->replies);

    client->replyBytes -= frame->len;
    client->replyOffset = 0;
    client->replyEnd = client->replies.length > 0 ? virNetServerClientEnd(client) : 0;
    client->since = g_get_monotonic_time();
    virNetServerClientCount(client);
    g_byte_array_unref(frame);
}

/* Sends of the first reply what can be sent now. Returns whether all of it. */
static gboolean
virNetServerClientWrite(virNetServerClient *client)
{
    GByteArray *frame = g_queue_peek_head(&client->replies);

    while (frame && !client->doom && client->replyOffset < frame->len) {
        ssize_t n = send(client->fd, frame->data + client->replyOffset,
                         frame->len - client->replyOffset, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0)
            client->replyOffset += n;
        else if (errno == EAGAIN)
            return FALSE;
        else if (errno != EINTR)
            client->doom = g_strerror(errno);
    }
    if (!frame || client->doom)
        return FALSE;

    virNetServerClientReplyTaken(client);
    return TRUE;
}

void
virNetServerClientSend(virNetServerClient *client, GByteArray *frame)
{
    if (client->replies.length == 0)
        client->replyEnd = virNetServerClientEnd(client);
    g_queue_push_tail(&client->replies, frame);
    client->replyBytes += frame->len;
    if (!client->doom && client->replies.length > 1 &&
        client->replyBytes > client->server->config.maxQueueBytes)
        virNetServerClientCutOff(client, "it does not take its answers");
    virNetServerClientCount(client);
    virNetServerClientUpdate(client);
}

void
virNetServerClientFlush(virNetServerClient *client)
{
    while (virNetServerClientWrite(client))
        continue;
}

/* ---- the connection ---- */

static void
virNetServerClientFreeReply(void *frame)
{
    g_byte_array_unref(frame);
}

static void
virNetServerClientClose(virNetServerClient *client)
{
    g_source_destroy(client->source);
    g_clear_pointer(&client->source, g_source_unref);
    close(client->fd);
    client->fd = -1;
    g_clear_pointer(&client->frame, g_byte_array_unref);
    g_queue_clear_full(&client->replies, virNetServerClientFreeReply);
}

void
virNetServerClientDrop(virNetServerClient *client, const char *reason)
{
    virNetServer *server = g_steal_pointer(&client->server);
    GList *link;

    if (!server)
        return;
    virNetServerClientRef(client);
    VIR_DEBUG("dropping process %lld of uid %u: %s, %u calls unanswered",
              (long long) client->pid, (unsigned int) client->uid, reason,
              client->requests.length);
    virNetServerClientClose(client);
    server->held -= client->held;
    server->calls -= client->requests.length;
    virNetServerForget(server, client);
    while ((link = g_queue_pop_head_link(&client->requests)))
        virNetServerRequestGone(link->data);
    virNetServerClientUnref(client);
}

static void
virNetServerClientCheckTime(virNetServerClient *client)
{
    gint64 now = g_get_monotonic_time();

    if (client->doom)
        return;
    if (client->frameEnd > 0 && now >= client->frameEnd)
        virNetServerClientCutOff(client, "it did not send a whole message in time");
    else if (client->replyEnd > 0 && now >= client->replyEnd)
        virNetServerClientCutOff(client, "it did not take an answer in time");
}

static void
virNetServerClientServe(virNetServerClient *client, GIOCondition events)
{
    if ((events & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)) && !client->doom)
        client->doom = "it closed the connection";
    if ((events & G_IO_OUT) && !client->doom)
        virNetServerClientWrite(client);
    if ((events & G_IO_IN) && !client->doom && virNetServerClientMayRead(client))
        virNetServerClientRead(client);
    virNetServerClientCheckTime(client);

    if (client->doom)
        virNetServerClientDrop(client, client->doom);
    else
        virNetServerClientUpdate(client);
}

typedef struct _virNetServerClientSource virNetServerClientSource;
struct _virNetServerClientSource {
    GSource base;
    virNetServerClient *client;     /* no reference: destroyed when it is dropped */
};

static gboolean
virNetServerClientSourceDispatch(GSource *source,
                                 GSourceFunc callback G_GNUC_UNUSED,
                                 void *opaque G_GNUC_UNUSED)
{
    virNetServerClient *self = ((virNetServerClientSource *) source)->client;
    g_autoptr(virNetServerClient) client = virNetServerClientRef(self);

    virNetServerClientServe(client, g_source_query_unix_fd(source, client->tag));
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs virNetServerClientSourceFuncs = {
    .dispatch = virNetServerClientSourceDispatch,
};

static void
virNetServerClientAttach(virNetServerClient *client)
{
    client->source = g_source_new(&virNetServerClientSourceFuncs,
                                  sizeof(virNetServerClientSource));
    ((virNetServerClientSource *) client->source)->client = client;
    g_source_set_name(client->source, "RPC client");
    client->tag = g_source_add_unix_fd(client->source, client->fd, G_IO_HUP | G_IO_ERR);
    virNetServerClientUpdate(client);
    g_source_attach(client->source, client->server->context);
}

virNetServerClient *
virNetServerClientNew(virNetServer *server, int fd, pid_t pid, uid_t uid)
{
    virNetServerClient *client = g_new0(virNetServerClient, 1);

    client->refs = 1;
    client->server = server;
    client->fd = fd;
    client->pid = pid;
    client->uid = uid;
    g_queue_init(&client->replies);
    g_queue_init(&client->requests);
    virNetServerClientBeginFrame(client);
    client->frameEnd = virNetServerClientEnd(client);
    client->since = g_get_monotonic_time();
    virNetServerClientAttach(client);
    return client;
}
