/*
 * virnetclient.c: calling a daemon over a Unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "virnetclient.h"
#include "virerror.h"
#include "virnetmessage.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_RPC

/* A frame's memory grows as its bytes come, not as its length promises. */
#define VIR_NET_CLIENT_CHUNK ((size_t) 65536)

struct _virNetClient {
    char *service;
    char *path;
    int fd;             /* -1 after a failure */
    guint32 serial;     /* of the last call */
    int tolerated;      /* code of an error that is none; VIR_ERR_OK: there is none */
};

static gint64
virNetClientTimeLeft(gint64 deadline)
{
    gint64 now = virTimeBootNow();

    return deadline > now ? deadline - now : 0;
}

static void
virNetClientClose(virNetClient *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

void
virNetClientFree(virNetClient *client)
{
    if (!client)
        return;
    virNetClientClose(client);
    g_free(client->service);
    g_free(client->path);
    g_free(client);
}

static void
virNetClientReportTimeout(const virNetClient *client)
{
    virReportError(VIR_ERR_OPERATION_TIMEOUT,
                   _("%1$s at '%2$s' did not answer in time"),
                   client->service, client->path);
}

static void
virNetClientReportClosed(const virNetClient *client)
{
    virReportError(VIR_ERR_RPC,
                   _("%1$s at '%2$s' closed the connection before it answered"),
                   client->service, client->path);
}

static void
virNetClientReportConnect(const virNetClient *client, int errnum)
{
    if (errnum == ENOENT || errnum == ECONNREFUSED)
        virReportError(VIR_ERR_SYSTEM_ERROR,
                       _("cannot connect to %1$s at '%2$s': %3$s; is the service running?"),
                       client->service, client->path, g_strerror(errnum));
    else
        virReportError(VIR_ERR_SYSTEM_ERROR,
                       _("cannot connect to %1$s at '%2$s': %3$s"),
                       client->service, client->path, g_strerror(errnum));
}

/* A full queue of the listening socket is waited for by connect() alone, not
 * by poll(): so it blocks, for as long as SO_SNDTIMEO says. */
static int
virNetClientSetConnectTimeout(virNetClient *client, gint64 deadline)
{
    gint64 usec = MAX(virNetClientTimeLeft(deadline) / 1000, 1);
    struct timeval timeout = {
        .tv_sec = MIN(usec / G_USEC_PER_SEC, G_MAXINT),
        .tv_usec = usec % G_USEC_PER_SEC,
    };

    if (setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0) {
        virReportSystemError(errno, "%s", _("cannot limit the time for connecting"));
        return -1;
    }
    return 0;
}

static int
virNetClientConnect(virNetClient *client, gint64 deadline)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (g_strlcpy(address.sun_path, client->path, sizeof(address.sun_path)) >=
        sizeof(address.sun_path)) {
        virNetClientReportConnect(client, ENAMETOOLONG);
        return -1;
    }

    do {
        if (virNetClientSetConnectTimeout(client, deadline) < 0)
            return -1;
        if (connect(client->fd, (struct sockaddr *) &address, sizeof(address)) == 0)
            return 0;
    } while (errno == EINTR && virNetClientTimeLeft(deadline) > 0);

    if (errno == EAGAIN || errno == EINTR)
        virNetClientReportTimeout(client);
    else
        virNetClientReportConnect(client, errno);
    return -1;
}

virNetClient *
virNetClientNew(const char *service, const char *path, gint64 deadline)
{
    g_autoptr(virNetClient) client = g_new0(virNetClient, 1);

    client->service = g_strdup(service);
    client->path = g_strdup(path);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0) {
        virReportSystemError(errno, "%s", _("cannot make a socket"));
        return NULL;
    }
    if (virNetClientConnect(client, deadline) < 0)
        return NULL;
    return g_steal_pointer(&client);
}

/* Returns 0 when @events came, or something else to be found by trying. */
static int
virNetClientWait(virNetClient *client, short events, gint64 deadline)
{
    struct pollfd pfd = { .fd = client->fd, .events = events };

    for (;;) {
        gint64 left = virNetClientTimeLeft(deadline);
        gint64 ms = left / 1000000 + (left % 1000000 != 0);
        int n = poll(&pfd, 1, (int) MIN(ms, G_MAXINT));

        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            virReportSystemError(errno, _("cannot wait for %1$s"), client->service);
            return -1;
        }
        if (left == 0) {
            virNetClientReportTimeout(client);
            return -1;
        }
    }
}

/* Deals with a failed send() or recv(): returns 0 when it can be tried again. */
static int
virNetClientRetry(virNetClient *client, short events, gint64 deadline)
{
    switch (errno) {
    case EINTR:
        return 0;
    case EAGAIN:
        return virNetClientWait(client, events, deadline);
    case EPIPE:
    case ECONNRESET:
        virNetClientReportClosed(client);
        return -1;
    default:
        virReportSystemError(errno, _("cannot talk to %1$s at '%2$s'"),
                             client->service, client->path);
        return -1;
    }
}

static int
virNetClientSend(virNetClient *client, const GByteArray *frame, gint64 deadline)
{
    size_t done = 0;

    while (done < frame->len) {
        ssize_t n = send(client->fd, frame->data + done, frame->len - done,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n >= 0)
            done += n;
        else if (virNetClientRetry(client, POLLOUT, deadline) < 0)
            return -1;
    }
    return 0;
}

static int
virNetClientReceiveBytes(virNetClient *client,
                         guint8 *bytes,
                         size_t length,
                         gint64 deadline)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = recv(client->fd, bytes + done, length - done, MSG_DONTWAIT);

        if (n == 0) {
            virNetClientReportClosed(client);
            return -1;
        }
        if (n > 0)
            done += n;
        else if (virNetClientRetry(client, POLLIN, deadline) < 0)
            return -1;
    }
    return 0;
}

static GByteArray *
virNetClientReceive(virNetClient *client, gint64 deadline)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    size_t length = VIR_NET_MESSAGE_LEN_MAX;
    size_t done = 0;

    while (done < length) {
        size_t part = MIN(length - done, VIR_NET_CLIENT_CHUNK);

        g_byte_array_set_size(frame, done + part);
        if (virNetClientReceiveBytes(client, frame->data + done, part, deadline) < 0)
            return NULL;
        done += part;
        if (done == VIR_NET_MESSAGE_LEN_MAX &&
            virNetMessageDecodeLength(frame->data, &length) < 0)
            return NULL;
    }
    return g_steal_pointer(&frame);
}

static gboolean
virNetClientIsReplyTo(const virNetMessageHeader *call, const virNetMessageHeader *reply)
{
    return reply->type == VIR_NET_REPLY &&
           (reply->status == VIR_NET_OK || reply->status == VIR_NET_ERROR) &&
           reply->prog == call->prog &&
           reply->vers == call->vers &&
           reply->proc == call->proc &&
           reply->serial == call->serial;
}

/* The next frame that is no message to everybody must be the reply. */
static GByteArray *
virNetClientReceiveReply(virNetClient *client,
                         const virNetMessageHeader *call,
                         virNetMessageHeader *reply,
                         gint64 deadline)
{
    for (;;) {
        g_autoptr(GByteArray) frame = virNetClientReceive(client, deadline);

        if (!frame || virNetMessageDecodeHeader(frame, reply) < 0)
            return NULL;
        if (virNetClientIsReplyTo(call, reply))
            return g_steal_pointer(&frame);
        if (reply->type != VIR_NET_MESSAGE) {
            virReportError(VIR_ERR_RPC,
                           _("%1$s at '%2$s' sent something that is no answer to the call"),
                           client->service, client->path);
            return NULL;
        }
        if (virNetClientTimeLeft(deadline) == 0) {
            virNetClientReportTimeout(client);
            return NULL;
        }
    }
}

/* Reports what the service had to say, and returns 0; or returns 2 if that is
 * tolerated, -1 if it made no sense. */
static int
virNetClientReportRemote(virNetClient *client, const GByteArray *frame)
{
    virNetMessageError error = { 0 };

    int result = 0;

    if (virNetMessageDecodePayload(frame, (xdrproc_t) xdr_virNetMessageError, &error) < 0)
        return -1;

    if (error.code == client->tolerated && error.code != VIR_ERR_OK)
        result = 2;
    else if (error.code == VIR_ERR_OK || !error.message)
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("%1$s at '%2$s' refused without a reason"),
                       client->service, client->path);
    else
        virReportErrorHelper(error.domain, error.code, __FILE__, __func__,
                             (size_t) __LINE__, "%s", *error.message);
    xdr_free((xdrproc_t) xdr_virNetMessageError, (char *) &error);
    return result;
}

/* Returns 1 for a result, 2 for an error that is tolerated, 0 for another one of
 * the service's, -1 if the connection is of no further use. Reports an error
 * with 0 and -1. */
static int
virNetClientExchange(virNetClient *client,
                     const virNetMessageHeader *call,
                     const GByteArray *frame,
                     xdrproc_t retFilter,
                     void *ret,
                     gint64 deadline)
{
    g_autoptr(GByteArray) answer = NULL;
    virNetMessageHeader reply;

    if (virNetClientSend(client, frame, deadline) < 0)
        return -1;
    if (!(answer = virNetClientReceiveReply(client, call, &reply, deadline)))
        return -1;
    if (reply.status == VIR_NET_ERROR)
        return virNetClientReportRemote(client, answer);
    return virNetMessageDecodePayload(answer, retFilter, ret) < 0 ? -1 : 1;
}

int
virNetClientCall(virNetClient *client,
                 guint32 program,
                 guint32 version,
                 int procedure,
                 xdrproc_t argFilter,
                 void *args,
                 xdrproc_t retFilter,
                 void *ret,
                 gint64 deadline)
{
    virNetMessageHeader call = {
        .prog = program,
        .vers = version,
        .proc = procedure,
        .type = VIR_NET_CALL,
        .serial = client->serial + 1,
        .status = VIR_NET_OK,
    };
    g_autoptr(GByteArray) frame = NULL;
    int result;

    if (client->fd < 0) {
        virReportError(VIR_ERR_RPC,
                       _("the connection to %1$s at '%2$s' was given up after an earlier failure"),
                       client->service, client->path);
        return -1;
    }
    if (!(frame = virNetMessageEncode(&call, argFilter, args)))
        return -1;

    client->serial++;
    result = virNetClientExchange(client, &call, frame, retFilter, ret, deadline);
    if (result < 0)
        virNetClientClose(client);
    if (result == 2)
        return 1;
    return result == 1 ? 0 : -1;
}

void
virNetClientTolerate(virNetClient *client, int code)
{
    client->tolerated = code;
}

int
virNetClientDupFD(const virNetClient *client)
{
    int fd = dup(client->fd);

    if (fd < 0)
        virReportSystemError(errno, _("cannot keep the connection to %1$s"), client->service);
    return fd;
}
