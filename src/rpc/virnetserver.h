/*
 * virnetserver.h: answering calls that come in over a Unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs in the default main context of the thread that makes it; all functions
 * and callbacks are of that thread. Nothing here blocks. Clients are served in
 * turns, one frame each, and no client can hold up another:
 *
 *   - who may connect is asked of the kernel (SO_PEERCRED); others are cut off
 *     at once, and a warning is logged
 *   - connections are counted, in all and for each uid. Past the limit in all,
 *     further ones wait in the kernel's queue until there is room; past that of
 *     their uid the one is cut off that has been idle longest, or, if all of
 *     them wait for answers, the new one
 *   - of one client only so many calls are read ahead of their answers
 *   - a frame must be whole in good time after its first byte; the first frame,
 *     after the connection
 *   - so must a reply be taken, and only so much may be waiting to be taken
 *   - what is held of all clients' calls and answers is limited, too: whose
 *     message would be too much is cut off, but not for a small one
 *   - a frame of impossible length ends the connection
 *
 * A call of an unknown program, version or procedure, one whose arguments
 * can't be decoded, or a message that is no call, gets an error VIR_ERR_RPC of
 * the domain VIR_FROM_RPC for an answer. Keepalive pings of libvirt's clients
 * are answered.
 */
#pragma once

#include <glib.h>
#include <rpc/types.h>
#include <rpc/xdr.h>
#include <sys/types.h>

typedef struct _virNetServer virNetServer;

/* One call that waits for its answer. Has a reference count. */
typedef struct _virNetServerRequest virNetServerRequest;

/**
 * virNetServerHandler:
 * @request: the call; the server's reference, good until the handler returns
 * @args: its decoded arguments, good as long as @request; NULL without arguments
 * @opaque: from the program
 *
 * Answers at once, or takes a reference with virNetServerRequestRef() and
 * answers later. May not stop or free the server.
 */
typedef void (*virNetServerHandler)(virNetServerRequest *request,
                                    void *args,
                                    void *opaque);

typedef struct _virNetServerProcedure virNetServerProcedure;
struct _virNetServerProcedure {
    int procedure;
    const char *name;           /* for the log */
    size_t argSize;             /* sizeof the arguments' type; 0: none */
    xdrproc_t argFilter;        /* their XDR function; NULL: none */
    xdrproc_t retFilter;        /* that of the result, likewise */
    virNetServerHandler handler;
};

typedef struct _virNetServerProgram virNetServerProgram;
struct _virNetServerProgram {
    guint32 program;
    guint32 version;
    const virNetServerProcedure *procedures;
    size_t nprocedures;
    void *opaque;               /* for the handlers */
};

/**
 * virNetServerPeerFunc:
 *
 * Says whether a process may call. @pid is as this process sees it: 0 if it is
 * in a pid namespace that can't be seen from here. All three were true when it
 * connected.
 */
typedef gboolean (*virNetServerPeerFunc)(pid_t pid,
                                         uid_t uid,
                                         gid_t gid,
                                         void *opaque);

#define VIR_NET_SERVER_CLIENTS_MAX 1000
#define VIR_NET_SERVER_CLIENTS_PER_UID_MAX 900
#define VIR_NET_SERVER_CALLS_MAX 16
#define VIR_NET_SERVER_QUEUE_MAX ((size_t) 16 * 1024 * 1024)
#define VIR_NET_SERVER_HELD_MAX ((size_t) 64 * 1024 * 1024)
#define VIR_NET_SERVER_FRAME_TIMEOUT_MS 5000

/* Every limit that is 0 means the constant above. */
typedef struct _virNetServerConfig virNetServerConfig;
struct _virNetServerConfig {
    size_t maxClients;          /* each needs a file descriptor: raise RLIMIT_NOFILE accordingly */
    size_t maxClientsPerUid;
    size_t maxCalls;            /* of one client: unanswered, or the answer not yet taken */
    size_t maxQueueBytes;       /* of answers that one client hasn't taken; beyond, it is cut off */
    size_t maxHeldBytes;        /* of all clients' calls and answers, apart from 64 KiB for each client */
    unsigned int frameTimeoutMs;
    virNetServerPeerFunc mayConnect;    /* NULL: only uid 0 and this process's effective uid */
    void *opaque;               /* for @mayConnect */
};

/* Makes a server that doesn't listen yet. @config may be NULL, it is copied. */
virNetServer *virNetServerNew(const virNetServerConfig *config) G_GNUC_WARN_UNUSED_RESULT;

/* Stops and frees. Requests that were not answered stay good until their last
 * reference is dropped. NULL is fine. */
void virNetServerFree(virNetServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNetServer, virNetServerFree);

/* Adds a program. @program and what it points to must live as long as the
 * server. Done before the server listens. */
void virNetServerAddProgram(virNetServer *server,
                            const virNetServerProgram *program);

/**
 * virNetServerListen:
 * @server: a server that does not listen
 * @path: where to make the socket, absolute, at most 107 bytes
 * @mode: its permissions, as 0600; the umask doesn't matter
 *
 * A socket that nobody listens on any more is replaced; one that answers is
 * left alone, and so is any other kind of file. Of two servers that start at
 * the same moment both may succeed: the caller holds a lock against that.
 *
 * Returns 0, or -1 with an error reported.
 */
int virNetServerListen(virNetServer *server,
                       const char *path,
                       mode_t mode) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virNetServerListenFD:
 * @server: a server that does not listen
 * @fd: a Unix stream socket that listens already, as systemd passes it
 *
 * Takes @fd over on success, and sets close-on-exec and nonblocking. The
 * socket's file is not removed in the end.
 *
 * Returns 0, or -1 with an error reported if @fd is something else.
 */
int virNetServerListenFD(virNetServer *server,
                         int fd) G_GNUC_WARN_UNUSED_RESULT;

/* Stops listening, removes the socket's file if it made it and it is still the
 * same, sends what can be sent of the answers without waiting, and drops all
 * clients; each unanswered request's gone function is called. Not to be called
 * from a handler or a gone function. Doing it twice is fine. */
void virNetServerStop(virNetServer *server);

/* How many clients are connected, and how many calls wait for their answers. */
size_t virNetServerGetClients(const virNetServer *server);
size_t virNetServerGetCalls(const virNetServer *server);

virNetServerRequest *virNetServerRequestRef(virNetServerRequest *request);

/* If the last reference is dropped without an answer, the client gets
 * VIR_ERR_INTERNAL_ERROR, and a warning is logged. NULL is fine. */
void virNetServerRequestUnref(virNetServerRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNetServerRequest, virNetServerRequestUnref);

/* The decoded arguments, as the handler got them. */
void *virNetServerRequestGetArgs(virNetServerRequest *request);
int virNetServerRequestGetProcedure(const virNetServerRequest *request);
/* Of the client when it connected; see virNetServerPeerFunc about @pid. */
pid_t virNetServerRequestGetPid(const virNetServerRequest *request);
uid_t virNetServerRequestGetUid(const virNetServerRequest *request);

/* What SetClientData() kept with the client's connection; NULL: nothing. */
void *virNetServerRequestGetClientData(const virNetServerRequest *request);

/**
 * virNetServerRequestSetClientData:
 * @request: a call of the client
 * @data: to be kept with its connection, for the calls that follow
 * @destroy: called with @data once: when other data is set, or when the
 *           connection has ended and the last reference to a request of it
 *           was dropped. May be NULL. May not call the server
 */
void virNetServerRequestSetClientData(virNetServerRequest *request,
                                      void *data,
                                      GDestroyNotify destroy);

/**
 * virNetServerRequestReply:
 * @request: a request that has not been answered
 * @ret: the result, of the type of the procedure's retFilter; NULL if there
 *       is none. It stays the caller's and is not needed after the return
 *
 * Answers, and forgets the gone function. Returns before the answer is sent.
 * A result that can't be encoded becomes an error. Once the client is gone
 * this does nothing. Answering twice is a mistake of the caller's, which ends
 * the process.
 */
void virNetServerRequestReply(virNetServerRequest *request,
                              void *ret);

/* Likewise with an error of the domain VIR_FROM_LOCKING: @code is a
 * virErrorNumber, @message a whole sentence, translated. */
void virNetServerRequestFail(virNetServerRequest *request,
                             int code,
                             const char *message);

/**
 * virNetServerRequestGoneFunc:
 *
 * The client of @request went away, or the server is stopping, before the
 * answer: nobody waits for it any more. Called once at most, never after the
 * answer, never from within a function that was given @request. It may answer
 * (which does nothing) and drop references, also to other requests.
 */
typedef void (*virNetServerRequestGoneFunc)(virNetServerRequest *request,
                                            void *opaque);

/* Sets what to call when the client goes; @func may be NULL. If it is gone
 * already, nothing is called: look at virNetServerRequestIsGone(). */
void virNetServerRequestSetGone(virNetServerRequest *request,
                                virNetServerRequestGoneFunc func,
                                void *opaque);
gboolean virNetServerRequestIsGone(const virNetServerRequest *request);
