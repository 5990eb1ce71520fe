/*
 * virnetserverpriv.h: what server, clients and requests know of each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Only for virnetserver*.c. A client is dropped, and its request's gone
 * functions are called, only by its own event source and by virNetServerStop():
 * never under the feet of a handler. One without requests may be dropped when
 * another connects.
 */
#pragma once

#include <sys/stat.h>

#include "virnetmessage.h"
#include "virnetserver.h"

typedef struct _virNetServerClient virNetServerClient;

struct _virNetServer {
    virNetServerConfig config;
    GMainContext *context;
    const virNetServerProgram **programs;   /* not owned */
    size_t nprograms;

    int fd;                     /* the listening socket; -1: none */
    GSource *acceptor;          /* NULL: not accepting */
    GSource *pause;             /* running while accept() can't succeed */
    char *path;                 /* of the socket, if the server made it */
    struct stat file;           /* which file that is */

    GHashTable *clients;        /* set of virNetServerClient, a reference each */
    size_t calls;               /* of all clients */
    size_t held;                /* bytes held for all clients, as each one's below */
};

/* A connection; dropped when fd is -1. Has a reference count. */
struct _virNetServerClient {
    size_t refs;
    virNetServer *server;       /* NULL when dropped */
    int fd;
    GSource *source;
    void *tag;                  /* of fd in @source */
    pid_t pid;
    uid_t uid;
    void *data;                 /* of who answers its calls */
    GDestroyNotify destroyData;

    GByteArray *frame;          /* as much as has come of the frame being read */
    size_t frameLength;         /* of the whole of it, or of what tells that */
    gint64 frameEnd;            /* by when it must be whole; 0: not begun */

    GQueue replies;             /* of GByteArray: not yet taken */
    size_t replyOffset;         /* what was taken of the first of them */
    size_t replyBytes;          /* of all of them */
    gint64 replyEnd;            /* by when the first must be taken; 0: there is none */

    GQueue requests;            /* of virNetServerRequest: unanswered, no references */
    size_t requestBytes;        /* of their frames */
    size_t held;                /* bytes of frame, requests and replies, beyond what is free */
    gint64 since;               /* when it connected, or had its last call or answer */
    const char *doom;           /* why it is to be dropped; NULL: not */
};

struct _virNetServerRequest {
    size_t refs;
    virNetServerClient *client; /* a reference */
    GList link;                 /* in client->requests */
    const virNetServerProcedure *procedure;
    virNetMessageHeader call;
    size_t bytes;               /* of its frame */
    void *args;
    gboolean answered;
    gboolean gone;
    virNetServerRequestGoneFunc goneFunc;
    void *goneOpaque;
};

/* virnetserver.c */

/* Deals with a frame of @client. Returns 0, or -1 with an error reported if
 * nothing more is to be read from it. */
int virNetServerDispatch(virNetServer *server,
                         virNetServerClient *client,
                         const GByteArray *frame);
/* @client was dropped: gives up its reference, and has room for another. */
void virNetServerForget(virNetServer *server,
                        virNetServerClient *client);

/* virnetserverclient.c */

/* Takes @fd over and begins to serve it. The server owns the only reference. */
virNetServerClient *virNetServerClientNew(virNetServer *server,
                                          int fd,
                                          pid_t pid,
                                          uid_t uid);
virNetServerClient *virNetServerClientRef(virNetServerClient *client);
void virNetServerClientUnref(virNetServerClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNetServerClient, virNetServerClientUnref);
/* Takes @frame over and sends it when it can. */
void virNetServerClientSend(virNetServerClient *client,
                            GByteArray *frame);
/* Has the events that are waited for set anew, after a request came or went. */
void virNetServerClientUpdate(virNetServerClient *client);
/* Has what @client holds counted anew, after it changed, and cuts it off if that
 * is too much. */
void virNetServerClientCount(virNetServerClient *client);
/* Whether nothing of it is being worked on. */
gboolean virNetServerClientIsIdle(const virNetServerClient *client);
/* Sends what goes out without waiting. */
void virNetServerClientFlush(virNetServerClient *client);
/* Closes the connection, which may have been dropped already. */
void virNetServerClientDrop(virNetServerClient *client,
                            const char *reason);

/* virnetserverrequest.c */

/* Takes @args over, which @procedure's filter decoded from a frame of @bytes. */
virNetServerRequest *virNetServerRequestNew(virNetServerClient *client,
                                            const virNetServerProcedure *procedure,
                                            const virNetMessageHeader *call,
                                            size_t bytes,
                                            void *args);
/* The client went away; @request is no longer among its requests. */
void virNetServerRequestGone(virNetServerRequest *request);
