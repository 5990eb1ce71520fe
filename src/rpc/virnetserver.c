/*
 * virnetserver.c: answering calls that come in over a Unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <glib-unix.h>
#include <unistd.h>

#include "virnetserverpriv.h"
#include "virerror.h"
#include "virlog.h"
#include "virnetsocket.h"

#define VIR_FROM_THIS VIR_FROM_RPC

VIR_LOG_INIT("rpc.server");

/* Connections taken at a time, before others get their turn. */
#define VIR_NET_SERVER_ACCEPT_MAX 32
/* How long to wait when there are no file descriptors or memory left. */
#define VIR_NET_SERVER_PAUSE_MS 1000

/* libvirt's clients may ask for a sign of life. */
#define VIR_NET_SERVER_KEEPALIVE_PROGRAM 0x6b656570
#define VIR_NET_SERVER_KEEPALIVE_VERSION 1
#define VIR_NET_SERVER_KEEPALIVE_PING 1
#define VIR_NET_SERVER_KEEPALIVE_PONG 2

/* ---- what is called ---- */

static const virNetServerProgram *
virNetServerFindProgram(const virNetServer *server, guint32 number, guint32 version)
{
    size_t i;

    for (i = 0; i < server->nprograms; i++) {
        const virNetServerProgram *program = server->programs[i];

        if (program->program == number && program->version == version)
            return program;
    }
    return NULL;
}

static const virNetServerProcedure *
virNetServerFindProcedure(const virNetServerProgram *program, int number)
{
    size_t i;

    for (i = 0; i < program->nprocedures; i++) {
        if (program->procedures[i].procedure == number)
            return &program->procedures[i];
    }
    return NULL;
}

/* Decodes the arguments and has the call handled. */
static int
virNetServerCall(virNetServerClient *client,
                 const GByteArray *frame,
                 const virNetMessageHeader *call,
                 const virNetServerProgram *program,
                 const virNetServerProcedure *procedure)
{
    g_autoptr(virNetServerRequest) request = NULL;
    g_autofree void *args = g_malloc0(procedure->argSize);

    if (virNetMessageDecodePayload(frame, procedure->argFilter, args) < 0)
        return -1;

    request = virNetServerRequestNew(client, procedure, call, frame->len, g_steal_pointer(&args));
    procedure->handler(request, request->args, program->opaque);
    return 0;
}

static int
virNetServerTryCall(virNetServer *server,
                    virNetServerClient *client,
                    const GByteArray *frame,
                    const virNetMessageHeader *call)
{
    const virNetServerProgram *program;
    const virNetServerProcedure *procedure;

    if (call->type != VIR_NET_CALL || call->status != VIR_NET_OK) {
        virReportError(VIR_ERR_RPC,
                       _("a message of type %1$d and status %2$d is not a call"),
                       (int) call->type, (int) call->status);
        return -1;
    }
    if (!(program = virNetServerFindProgram(server, call->prog, call->vers))) {
        virReportError(VIR_ERR_RPC,
                       _("there is no program 0x%1$x of version %2$u here"),
                       call->prog, call->vers);
        return -1;
    }
    if (!(procedure = virNetServerFindProcedure(program, call->proc))) {
        virReportError(VIR_ERR_RPC,
                       _("there is no procedure %1$d in program 0x%2$x"),
                       call->proc, call->prog);
        return -1;
    }
    return virNetServerCall(client, frame, call, program, procedure);
}

static gboolean
virNetServerIsPing(const virNetMessageHeader *header)
{
    return header->prog == VIR_NET_SERVER_KEEPALIVE_PROGRAM &&
           header->vers == VIR_NET_SERVER_KEEPALIVE_VERSION &&
           header->proc == VIR_NET_SERVER_KEEPALIVE_PING &&
           header->type == VIR_NET_MESSAGE;
}

static GByteArray *
virNetServerEncodePong(const virNetMessageHeader *ping)
{
    virNetMessageHeader header = *ping;

    header.proc = VIR_NET_SERVER_KEEPALIVE_PONG;
    return virNetMessageEncode(&header, NULL, NULL);
}

int
virNetServerDispatch(virNetServer *server,
                     virNetServerClient *client,
                     const GByteArray *frame)
{
    virNetMessageHeader header;

    if (virNetMessageDecodeHeader(frame, &header) < 0)
        return -1;
    if (virNetServerIsPing(&header))
        virNetServerClientSend(client, virNetServerEncodePong(&header));
    else if (virNetServerTryCall(server, client, frame, &header) < 0)
        virNetServerClientSend(client,
                               virNetMessageEncodeError(&header, VIR_FROM_RPC,
                                                        virGetLastErrorCode(),
                                                        virGetLastErrorMessage()));
    return 0;
}

/* ---- who connects ---- */

static gboolean
virNetServerMayConnect(pid_t pid G_GNUC_UNUSED,
                       uid_t uid,
                       gid_t gid G_GNUC_UNUSED,
                       void *opaque G_GNUC_UNUSED)
{
    return uid == 0 || uid == geteuid();
}

static size_t
virNetServerCountUid(const virNetServer *server, uid_t uid)
{
    GHashTableIter iter;
    void *key;
    size_t count = 0;

    g_hash_table_iter_init(&iter, server->clients);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        if (((const virNetServerClient *) key)->uid == uid)
            count++;
    }
    return count;
}

/* Drops the client of @uid that has been idle longest. Returns whether there
 * was one. Who keeps connections for nothing must not keep others out. */
static gboolean
virNetServerDropIdle(virNetServer *server, uid_t uid)
{
    virNetServerClient *longest = NULL;
    GHashTableIter iter;
    void *key;

    g_hash_table_iter_init(&iter, server->clients);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        virNetServerClient *client = key;

        if (client->uid == uid && virNetServerClientIsIdle(client) &&
            (!longest || client->since < longest->since))
            longest = client;
    }
    if (longest)
        virNetServerClientDrop(longest, "its user has too many connections, and it is the one idle longest");
    return !!longest;
}

/* Why @peer can't be served; NULL: it can. */
static const char *
virNetServerRefusal(virNetServer *server, const struct ucred *peer)
{
    const virNetServerConfig *config = &server->config;

    if (!config->mayConnect(peer->pid, peer->uid, peer->gid, config->opaque))
        return "it is not permitted";
    if (virNetServerCountUid(server, peer->uid) >= config->maxClientsPerUid &&
        !virNetServerDropIdle(server, peer->uid))
        return "its user has too many connections";
    return NULL;
}

/* Serves @fd or closes it. */
static void
virNetServerTakeClient(virNetServer *server, int fd)
{
    struct ucred peer;
    const char *refusal;

    if (virNetSocketGetPeer(fd, &peer) < 0) {
        close(fd);
        return;
    }
    if ((refusal = virNetServerRefusal(server, &peer))) {
        VIR_WARN("refusing the connection of process %lld of uid %u: %s",
                 (long long) peer.pid, (unsigned int) peer.uid, refusal);
        close(fd);
        return;
    }
    g_hash_table_add(server->clients,
                     virNetServerClientNew(server, fd, peer.pid, peer.uid));
}

static gboolean
virNetServerHasRoom(const virNetServer *server)
{
    return g_hash_table_size(server->clients) < server->config.maxClients;
}

static void
virNetServerClearSource(GSource **source)
{
    if (*source)
        g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static void virNetServerUpdateAcceptor(virNetServer *server);

static gboolean
virNetServerPauseOver(void *opaque)
{
    virNetServer *server = opaque;

    virNetServerClearSource(&server->pause);
    virNetServerUpdateAcceptor(server);
    return G_SOURCE_REMOVE;
}

/* The connection stays in the queue and would wake us at once again. */
static void
virNetServerPause(virNetServer *server, int errnum)
{
    VIR_WARN("cannot accept connections for now: %s", g_strerror(errnum));
    server->pause = g_timeout_source_new(VIR_NET_SERVER_PAUSE_MS);
    g_source_set_callback(server->pause, virNetServerPauseOver, server, NULL);
    g_source_attach(server->pause, server->context);
}

static gboolean
virNetServerAccept(int listener, GIOCondition events G_GNUC_UNUSED, void *opaque)
{
    virNetServer *server = opaque;
    int i;

    for (i = 0; i < VIR_NET_SERVER_ACCEPT_MAX && virNetServerHasRoom(server); i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            virNetServerTakeClient(server, fd);
            continue;
        }
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            virNetServerPause(server, errno);
        break;
    }
    virNetServerUpdateAcceptor(server);
    return G_SOURCE_CONTINUE;
}

/* Accepts if, and only if, a connection could be served. */
static void
virNetServerUpdateAcceptor(virNetServer *server)
{
    gboolean wanted = server->fd >= 0 && !server->pause && virNetServerHasRoom(server);

    if (!wanted) {
        virNetServerClearSource(&server->acceptor);
    } else if (!server->acceptor) {
        server->acceptor = g_unix_fd_source_new(server->fd, G_IO_IN);
        g_source_set_name(server->acceptor, "RPC server");
        g_source_set_callback(server->acceptor, G_SOURCE_FUNC(virNetServerAccept),
                              server, NULL);
        g_source_attach(server->acceptor, server->context);
    }
}

void
virNetServerForget(virNetServer *server, virNetServerClient *client)
{
    g_hash_table_remove(server->clients, client);
    virNetServerClearSource(&server->pause);    /* a descriptor came free */
    virNetServerUpdateAcceptor(server);
}

/* ---- the server ---- */

static void
virNetServerSetDefaults(virNetServerConfig *config)
{
    if (config->maxClients == 0)
        config->maxClients = VIR_NET_SERVER_CLIENTS_MAX;
    if (config->maxClientsPerUid == 0)
        config->maxClientsPerUid = VIR_NET_SERVER_CLIENTS_PER_UID_MAX;
    if (config->maxCalls == 0)
        config->maxCalls = VIR_NET_SERVER_CALLS_MAX;
    if (config->maxQueueBytes == 0)
        config->maxQueueBytes = VIR_NET_SERVER_QUEUE_MAX;
    if (config->maxHeldBytes == 0)
        config->maxHeldBytes = VIR_NET_SERVER_HELD_MAX;
    if (config->frameTimeoutMs == 0)
        config->frameTimeoutMs = VIR_NET_SERVER_FRAME_TIMEOUT_MS;
    if (!config->mayConnect)
        config->mayConnect = virNetServerMayConnect;
}

static void
virNetServerUnrefClient(void *client)
{
    virNetServerClientUnref(client);
}

virNetServer *
virNetServerNew(const virNetServerConfig *config)
{
    virNetServer *server = g_new0(virNetServer, 1);

    if (config)
        server->config = *config;
    virNetServerSetDefaults(&server->config);
    server->context = g_main_context_ref_thread_default();
    server->fd = -1;
    server->clients = g_hash_table_new_full(NULL, NULL, virNetServerUnrefClient, NULL);
    return server;
}

void
virNetServerFree(virNetServer *server)
{
    if (!server)
        return;
    virNetServerStop(server);
    g_hash_table_unref(server->clients);
    g_free(server->programs);
    g_main_context_unref(server->context);
    g_free(server);
}

void
virNetServerAddProgram(virNetServer *server, const virNetServerProgram *program)
{
    server->programs = g_renew(const virNetServerProgram *, server->programs,
                               server->nprograms + 1);
    server->programs[server->nprograms++] = program;
}

int
virNetServerListen(virNetServer *server, const char *path, mode_t mode)
{
    int fd = virNetSocketListen(path, mode);

    if (fd < 0)
        return -1;
    if (virNetSocketIdentify(path, &server->file) == 0)
        server->path = g_strdup(path);
    server->fd = fd;
    virNetServerUpdateAcceptor(server);
    return 0;
}

int
virNetServerListenFD(virNetServer *server, int fd)
{
    if (virNetSocketAdopt(fd) < 0)
        return -1;
    server->fd = fd;
    virNetServerUpdateAcceptor(server);
    return 0;
}

static void
virNetServerStopListening(virNetServer *server)
{
    virNetServerClearSource(&server->acceptor);
    virNetServerClearSource(&server->pause);
    if (server->path)
        virNetSocketRemove(server->path, &server->file);
    g_clear_pointer(&server->path, g_free);
    if (server->fd >= 0)
        close(server->fd);
    server->fd = -1;
}

void
virNetServerStop(virNetServer *server)
{
    GHashTableIter iter;
    void *client;

    virNetServerStopListening(server);
    for (;;) {
        g_hash_table_iter_init(&iter, server->clients);
        if (!g_hash_table_iter_next(&iter, &client, NULL))
            return;
        virNetServerClientFlush(client);
        virNetServerClientDrop(client, "the server stops");
    }
}

size_t
virNetServerGetClients(const virNetServer *server)
{
    return g_hash_table_size(server->clients);
}

size_t
virNetServerGetCalls(const virNetServer *server)
{
    return server->calls;
}
