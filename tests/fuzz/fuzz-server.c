/*
 * fuzz-server.c: what a client may send to the server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input is the stream of bytes that a client sends. Every whole frame is
 * answered once, until one of impossible length ends the connection.
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "lease_protocol.h"
#include "virerror.h"
#include "virnetmessage.h"
#include "virnetserverpriv.h"

/* Turns of the main loop without anything moved: it hangs. */
#define FUZZ_IDLE_MAX 1000

typedef struct _fuzzClient fuzzClient;
struct _fuzzClient {
    int fd;
    const uint8_t *data;        /* not sent yet */
    size_t size;
    size_t frames;              /* whole ones in all of the input */
    gboolean broken;            /* one of impossible length follows them */
    gboolean closed;            /* by the server */
    GByteArray *got;            /* of an answer that is not whole */
    size_t answers;
};

/* Calls that are answered later. */
static GPtrArray *fuzzHeld;

/* ---- the program ---- */

static void
fuzzHandleRegister(virNetServerRequest *request, void *args, void *opaque G_GNUC_UNUSED)
{
    virLeaseProtocolRegisterArgs *call = args;

    g_assert_nonnull(call->request.lockspace);
    g_assert_cmpuint(call->request.resources.resources_len, <=, VIR_LEASE_PROTOCOL_RESOURCES_MAX);
    virNetServerRequestReply(request, NULL);
}

static void
fuzzHandleAcquire(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    g_ptr_array_add(fuzzHeld, virNetServerRequestRef(request));
}

/* Forgets to answer: the server does. */
static void
fuzzHandleDetach(virNetServerRequest *request G_GNUC_UNUSED, void *args G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
}

static void
fuzzHandleSuspend(virNetServerRequest *request, void *args, void *opaque G_GNUC_UNUSED)
{
    virLeaseProtocolSuspendArgs *call = args;

    virNetServerRequestFail(request, VIR_ERR_OPERATION_INVALID, call->request.owner.name);
}

static void
fuzzHandleStatus(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    char release[] = "1.0";
    virLeaseProtocolStatusRet ret = { .release = release };

    virNetServerRequestReply(request, &ret);
}

static void
fuzzAnswerHeld(void)
{
    char token[] = "token";
    virLeaseProtocolTokenRet ret = { .token = token };

    for (guint i = 0; i < fuzzHeld->len; i++)
        virNetServerRequestReply(g_ptr_array_index(fuzzHeld, i), &ret);
    g_ptr_array_set_size(fuzzHeld, 0);
}

static const virNetServerProcedure fuzzProcedures[] = {
    { VIR_LEASE_PROTOCOL_PROC_REGISTER, "register", sizeof(virLeaseProtocolRegisterArgs),
      (xdrproc_t) xdr_virLeaseProtocolRegisterArgs, NULL, fuzzHandleRegister },
    { VIR_LEASE_PROTOCOL_PROC_ACQUIRE, "acquire", sizeof(virLeaseProtocolAcquireArgs),
      (xdrproc_t) xdr_virLeaseProtocolAcquireArgs, (xdrproc_t) xdr_virLeaseProtocolTokenRet, fuzzHandleAcquire },
    { VIR_LEASE_PROTOCOL_PROC_DETACH, "detach", sizeof(virLeaseProtocolDetachArgs),
      (xdrproc_t) xdr_virLeaseProtocolDetachArgs, NULL, fuzzHandleDetach },
    { VIR_LEASE_PROTOCOL_PROC_SUSPEND, "suspend", sizeof(virLeaseProtocolSuspendArgs),
      (xdrproc_t) xdr_virLeaseProtocolSuspendArgs, (xdrproc_t) xdr_virLeaseProtocolTokenRet, fuzzHandleSuspend },
    { VIR_LEASE_PROTOCOL_PROC_STATUS, "status", 0,
      NULL, (xdrproc_t) xdr_virLeaseProtocolStatusRet, fuzzHandleStatus },
};

static const virNetServerProgram fuzzProgram = {
    .program = VIR_LEASE_PROTOCOL_PROGRAM, .version = VIR_LEASE_PROTOCOL_VERSION,
    .procedures = fuzzProcedures, .nprocedures = G_N_ELEMENTS(fuzzProcedures),
};

/* ---- the client ---- */

/* Where the next frame of @size bytes ends, 0 if it is not whole or can't be. */
static size_t
fuzzFrameEnd(const uint8_t *data, size_t size, gboolean *broken)
{
    size_t length;

    *broken = FALSE;
    if (size < VIR_NET_MESSAGE_LEN_MAX)
        return 0;
    if (virNetMessageDecodeLength(data, &length) < 0) {
        *broken = TRUE;
        return 0;
    }
    return length <= size ? length : 0;
}

static void
fuzzCountFrames(fuzzClient *client)
{
    const uint8_t *data = client->data;
    size_t size = client->size;
    size_t end;

    while ((end = fuzzFrameEnd(data, size, &client->broken))) {
        client->frames++;
        data += end;
        size -= end;
    }
}

/* Returns whether anything was sent. */
static gboolean
fuzzSend(fuzzClient *client)
{
    ssize_t n;

    if (!client->size || client->closed)
        return FALSE;
    n = send(client->fd, client->data, client->size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n <= 0)
        return FALSE;
    client->data += n;
    client->size -= n;
    return TRUE;
}

/* Returns whether anything came. */
static gboolean
fuzzReceive(fuzzClient *client)
{
    guint8 part[4096];
    ssize_t n = recv(client->fd, part, sizeof(part), MSG_DONTWAIT);

    if (n > 0) {
        g_byte_array_append(client->got, part, n);
        return TRUE;
    }
    client->closed = n == 0 || (errno != EAGAIN && errno != EINTR);
    return FALSE;
}

/* Looks at the whole answers that have come since the last time. */
static void
fuzzTakeAnswers(fuzzClient *client)
{
    gboolean broken;
    size_t end;

    while ((end = fuzzFrameEnd(client->got->data, client->got->len, &broken))) {
        g_autoptr(GByteArray) frame = g_byte_array_new();
        virNetMessageHeader header;

        g_byte_array_append(frame, client->got->data, end);
        g_byte_array_remove_range(client->got, 0, end);
        g_assert_cmpint(virNetMessageDecodeHeader(frame, &header), ==, 0);
        g_assert_true(header.type == VIR_NET_REPLY || header.type == VIR_NET_MESSAGE);
        client->answers++;
    }
    g_assert_false(broken);
    g_assert_cmpuint(client->answers, <=, client->frames);
}

static gboolean
fuzzIsDone(const fuzzClient *client)
{
    if (client->broken)
        return client->closed;
    return client->size == 0 && client->answers == client->frames;
}

static void
fuzzServe(virNetServer *server, fuzzClient *client)
{
    guint idle = 0;

    while (!fuzzIsDone(client)) {
        gboolean moved = fuzzSend(client);

        moved |= g_main_context_iteration(server->context, FALSE);
        fuzzAnswerHeld();
        moved |= fuzzReceive(client);
        fuzzTakeAnswers(client);
        idle = moved ? 0 : idle + 1;
        g_assert_cmpuint(idle, <, FUZZ_IDLE_MAX);
        /* Only what is no message ends a connection. */
        g_assert_true(client->broken || !client->closed);
    }
}

/* The client goes, and the server forgets it. */
static void
fuzzLeave(virNetServer *server, fuzzClient *client)
{
    guint turns = 0;

    close(client->fd);
    while (virNetServerGetClients(server) > 0) {
        g_main_context_iteration(server->context, FALSE);
        g_assert_cmpuint(turns++, <, FUZZ_IDLE_MAX);
    }
    g_assert_cmpuint(virNetServerGetCalls(server), ==, 0);
    g_byte_array_unref(client->got);
}

static virNetServer *
fuzzServer(void)
{
    static virNetServer *server;

    if (!server) {
        server = virNetServerNew(NULL);
        virNetServerAddProgram(server, &fuzzProgram);
        fuzzHeld = g_ptr_array_new_with_free_func((GDestroyNotify) virNetServerRequestUnref);
    }
    return server;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    virNetServer *server = fuzzServer();
    fuzzClient client = { .data = data, .size = size, .got = g_byte_array_new() };
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        g_error("socketpair: %s", g_strerror(errno));
    fuzzCountFrames(&client);
    client.fd = fds[0];
    g_hash_table_add(server->clients, virNetServerClientNew(server, fds[1], getpid(), geteuid()));
    fuzzServe(server, &client);
    fuzzLeave(server, &client);
    return 0;
}
