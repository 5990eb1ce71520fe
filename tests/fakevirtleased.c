/*
 * fakevirtleased.c: a virtleased that says what it is told to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "fakevirtleased.h"

#include <arpa/inet.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_FRAME_MAX ((size_t) 4 * 1024 * 1024)
#define FAKE_WORDS 7            /* length, program, version, procedure, type, serial, status */
#define FAKE_TYPE_CALL 0
#define FAKE_TYPE_REPLY 1

struct _fakeDaemon {
    GThread *thread;
    GAsyncQueue *calls;
    int listener;
    int stop;                   /* readable when it shall end */
    int reply;                  /* fakeReply; atomic, as the next */
    const char *token;
};

/* What of a procedure can't be told from its number. */
static const struct {
    int procedure;
    xdrproc_t filter;
    gboolean token;
} fakeProcedures[] = {
    { VIR_LEASE_PROTOCOL_PROC_REGISTER, (xdrproc_t) xdr_virLeaseProtocolRegisterArgs, FALSE },
    { VIR_LEASE_PROTOCOL_PROC_ACQUIRE, (xdrproc_t) xdr_virLeaseProtocolAcquireArgs, FALSE },
    { VIR_LEASE_PROTOCOL_PROC_DETACH, (xdrproc_t) xdr_virLeaseProtocolDetachArgs, FALSE },
    { VIR_LEASE_PROTOCOL_PROC_SUSPEND, (xdrproc_t) xdr_virLeaseProtocolSuspendArgs, TRUE },
    { VIR_LEASE_PROTOCOL_PROC_INQUIRE, (xdrproc_t) xdr_virLeaseProtocolInquireArgs, TRUE },
};

static size_t
fakeProcedureFind(int procedure)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(fakeProcedures); i++) {
        if (fakeProcedures[i].procedure == procedure)
            return i;
    }
    g_error("a call of procedure %d", procedure);
}

void
fakeCallFree(fakeCall *call)
{
    if (!call)
        return;
    xdr_free(fakeProcedures[fakeProcedureFind(call->procedure)].filter, (char *) &call->args);
    g_free(call);
}

/* Waits until @fd has something to read. FALSE if the daemon is to stop. */
static gboolean
fakeWait(const fakeDaemon *daemon,
         int fd)
{
    struct pollfd fds[] = { { .fd = fd, .events = POLLIN }, { .fd = daemon->stop, .events = POLLIN } };

    while (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
        continue;
    return fds[1].revents == 0;
}

/* FALSE if the client went away, or the daemon is to stop. */
static gboolean
fakeRead(const fakeDaemon *daemon,
         int fd,
         void *bytes,
         size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t got;

        if (!fakeWait(daemon, fd) || (got = read(fd, (char *) bytes + done, length - done)) <= 0)
            return FALSE;
        done += got;
    }
    return TRUE;
}

static fakeCall *
fakeDecode(int procedure,
           char *payload,
           size_t length)
{
    size_t i = fakeProcedureFind(procedure);
    fakeCall *call = g_new0(fakeCall, 1);
    XDR xdr;

    xdrmem_create(&xdr, payload, length, XDR_DECODE);
    g_assert_true(fakeProcedures[i].filter(&xdr, &call->args));
    g_assert_cmpuint(xdr_getpos(&xdr), ==, length);
    xdr_destroy(&xdr);
    call->procedure = procedure;
    /* All arguments begin with the request. */
    call->request = (const virLeaseProtocolRequest *) &call->args;
    return call;
}

/* An answer to the call whose frame begins with @words. */
static GByteArray *
fakeFrame(const guint32 *words,
          gboolean error,
          const char *payload,
          size_t length)
{
    guint32 header[FAKE_WORDS];
    GByteArray *frame = g_byte_array_new();

    memcpy(header, words, sizeof(header));
    header[0] = htonl(sizeof(header) + length);
    header[4] = htonl(FAKE_TYPE_REPLY);
    header[6] = htonl(error ? 1 : 0);
    g_byte_array_append(frame, (const guint8 *) header, sizeof(header));
    g_byte_array_append(frame, (const guint8 *) payload, length);
    return frame;
}

static GByteArray *
fakeFrameOK(const guint32 *words,
            gboolean withToken,
            const char *token)
{
    g_autofree char *payload = g_malloc0(VIR_LEASE_PROTOCOL_TOKEN_MAX + 8);
    virLeaseProtocolTokenRet ret = { .token = (char *) token };
    size_t length;
    XDR xdr;

    if (!withToken)
        return fakeFrame(words, FALSE, NULL, 0);
    xdrmem_create(&xdr, payload, VIR_LEASE_PROTOCOL_TOKEN_MAX + 8, XDR_ENCODE);
    g_assert_true(xdr_virLeaseProtocolTokenRet(&xdr, &ret));
    length = xdr_getpos(&xdr);
    xdr_destroy(&xdr);
    return fakeFrame(words, FALSE, payload, length);
}

/* libvirt's error on the wire: code, domain, message, level, and seven members
 * that are not there. */
static GByteArray *
fakeFrameError(const guint32 *words)
{
    char payload[512];
    char *text = (char *) FAKE_ERROR;
    int code = VIR_ERR_RESOURCE_BUSY, domain = VIR_FROM_LOCKING, level = VIR_ERR_ERROR, one = 1, zero = 0;
    size_t length, i;
    XDR xdr;

    xdrmem_create(&xdr, payload, sizeof(payload), XDR_ENCODE);
    g_assert_true(xdr_int(&xdr, &code) && xdr_int(&xdr, &domain) && xdr_int(&xdr, &one) &&
                  xdr_string(&xdr, &text, sizeof(payload)) && xdr_int(&xdr, &level));
    for (i = 0; i < 7; i++)
        g_assert_true(xdr_int(&xdr, &zero));
    length = xdr_getpos(&xdr);
    xdr_destroy(&xdr);
    return fakeFrame(words, TRUE, payload, length);
}

/* Sends the answer, if any. Returns whether to wait for the client to go. */
static gboolean
fakeAnswer(fakeDaemon *daemon,
           int fd,
           const guint32 *words,
           gboolean withToken)
{
    fakeReply reply = g_atomic_int_get(&daemon->reply);
    g_autoptr(GByteArray) frame = NULL;
    size_t length;

    if (reply == FAKE_REPLY_NONE || reply == FAKE_REPLY_CLOSE)
        return reply == FAKE_REPLY_NONE;

    if (reply == FAKE_REPLY_ERROR)
        frame = fakeFrameError(words);
    else
        frame = fakeFrameOK(words, withToken, g_atomic_pointer_get(&daemon->token));
    if (reply == FAKE_REPLY_GARBAGE)
        memset(frame->data, 0xff, frame->len);
    length = reply == FAKE_REPLY_HALF ? frame->len / 2 : frame->len;
    g_assert_cmpint(send(fd, frame->data, length, MSG_NOSIGNAL), ==, length);
    return TRUE;
}

static void
fakeServe(fakeDaemon *daemon,
          int fd)
{
    guint32 words[FAKE_WORDS];
    g_autofree char *payload = NULL;
    size_t length;
    int procedure;
    char byte;

    if (!fakeRead(daemon, fd, words, sizeof(words)))
        return;
    g_assert_cmpuint(ntohl(words[1]), ==, VIR_LEASE_PROTOCOL_PROGRAM);
    g_assert_cmpuint(ntohl(words[2]), ==, VIR_LEASE_PROTOCOL_VERSION);
    g_assert_cmpuint(ntohl(words[4]), ==, FAKE_TYPE_CALL);
    g_assert_cmpuint(ntohl(words[0]), >=, sizeof(words));
    g_assert_cmpuint(ntohl(words[0]), <=, FAKE_FRAME_MAX);
    length = ntohl(words[0]) - sizeof(words);
    payload = g_malloc(length + 1);
    if (!fakeRead(daemon, fd, payload, length))
        return;

    procedure = ntohl(words[3]);
    g_async_queue_push(daemon->calls, fakeDecode(procedure, payload, length));
    if (fakeAnswer(daemon, fd, words, fakeProcedures[fakeProcedureFind(procedure)].token))
        fakeRead(daemon, fd, &byte, 1);
}

static void *
fakeRun(void *opaque)
{
    fakeDaemon *daemon = opaque;

    while (fakeWait(daemon, daemon->listener)) {
        int fd = accept4(daemon->listener, NULL, NULL, SOCK_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        fakeServe(daemon, fd);
        close(fd);
    }
    return NULL;
}

fakeDaemon *
fakeDaemonNew(const char *path)
{
    fakeDaemon *daemon = g_new0(fakeDaemon, 1);
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof(address.sun_path)), <, sizeof(address.sun_path));
    daemon->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(daemon->listener, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(daemon->listener, 5), ==, 0);
    daemon->stop = eventfd(0, EFD_CLOEXEC);
    g_assert_cmpint(daemon->stop, >=, 0);
    daemon->calls = g_async_queue_new_full((GDestroyNotify) fakeCallFree);
    fakeDaemonSetReply(daemon, FAKE_REPLY_OK, "");
    daemon->thread = g_thread_new("fakevirtleased", fakeRun, daemon);
    return daemon;
}

void
fakeDaemonFree(fakeDaemon *daemon)
{
    g_assert_cmpint(eventfd_write(daemon->stop, 1), ==, 0);
    g_thread_join(daemon->thread);
    g_async_queue_unref(daemon->calls);
    close(daemon->listener);
    close(daemon->stop);
    g_free(daemon);
}

void
fakeDaemonSetReply(fakeDaemon *daemon,
                   fakeReply reply,
                   const char *token)
{
    g_atomic_pointer_set(&daemon->token, (char *) token);
    g_atomic_int_set(&daemon->reply, reply);
}

fakeCall *
fakeDaemonTake(fakeDaemon *daemon)
{
    return g_async_queue_try_pop(daemon->calls);
}
