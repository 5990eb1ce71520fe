/*
 * virleasestorenfsrelay.c: lets libnfs see only answers that are in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfsrelay.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virgettext.h"
#include "virleasestorenfscheck.h"

#define VIR_LEASE_NFS_RELAY_CHUNK 65536         /* bytes read at a time */
#define VIR_LEASE_NFS_RELAY_LAST 0x80000000U    /* in a record mark: nothing of the record follows */
#define VIR_LEASE_NFS_RELAY_CALL_HEADER 28      /* bytes of a call that say what is called */

/* A call that the server has not answered. */
typedef struct _virLeaseNfsRelayCall virLeaseNfsRelayCall;
struct _virLeaseNfsRelayCall {
    guint32 program;
    guint32 version;
    guint32 procedure;
};

/* One of the two sockets, and what waits to be written to it. */
typedef struct _virLeaseNfsRelayEnd virLeaseNfsRelayEnd;
struct _virLeaseNfsRelayEnd {
    int fd;
    gpointer tag;
    GIOCondition events;
    GByteArray *out;
};

struct _virLeaseNfsRelay {
    GSource *source;
    virLeaseNfsRelayEnd inner;      /* libnfs's */
    virLeaseNfsRelayEnd server;
    virLeaseNfsRelayBrokenFunc broken;
    void *opaque;
    gboolean done;                  /* broken was called, or the server has closed */

    GByteArray *call;               /* as much as has come of libnfs's next call */
    GHashTable *calls;              /* transaction id -> virLeaseNfsRelayCall */
    GByteArray *mark;               /* as much as has come of a record mark */
    guint32 left;                   /* bytes of the fragment that are still to come */
    gboolean last;                  /* it is the record's last one */
    GByteArray *answer;             /* what has come of the record */
};

typedef struct _virLeaseNfsRelaySource virLeaseNfsRelaySource;
struct _virLeaseNfsRelaySource {
    GSource parent;
    virLeaseNfsRelay *relay;
};

static void
virLeaseNfsRelayFail(virLeaseNfsRelay *relay, const char *detail)
{
    if (relay->done)
        return;
    relay->done = TRUE;
    g_source_destroy(relay->source);
    relay->broken(detail, relay->opaque);
}

static guint32
virLeaseNfsRelayWord(const GByteArray *bytes, gsize offset)
{
    guint32 raw;

    memcpy(&raw, bytes->data + offset, sizeof(raw));
    return GUINT32_FROM_BE(raw);
}

/* Moves up to @wanted bytes from the front of @data to the end of @to. */
static gsize
virLeaseNfsRelayTake(GByteArray *to, gsize wanted, const guint8 *data, gsize length)
{
    gsize taken = MIN(wanted, length);

    g_byte_array_append(to, data, taken);
    return taken;
}

/* ---- calls ---- */

/* The call is whole: notes it, and passes it on. */
static void
virLeaseNfsRelayCallEnd(virLeaseNfsRelay *relay)
{
    virLeaseNfsRelayCall *call = g_new0(virLeaseNfsRelayCall, 1);

    /* Behind its mark: id, direction, version of RPC, and these. */
    call->program = virLeaseNfsRelayWord(relay->call, 16);
    call->version = virLeaseNfsRelayWord(relay->call, 20);
    call->procedure = virLeaseNfsRelayWord(relay->call, 24);
    g_hash_table_replace(relay->calls, GUINT_TO_POINTER(virLeaseNfsRelayWord(relay->call, 4)), call);
    g_byte_array_append(relay->server.out, relay->call->data, relay->call->len);
    g_byte_array_set_size(relay->call, 0);
}

/* The bytes that are missing of the mark, and then of the call itself. */
static gsize
virLeaseNfsRelayCallWants(const virLeaseNfsRelay *relay)
{
    if (relay->call->len < sizeof(guint32))
        return sizeof(guint32) - relay->call->len;
    return sizeof(guint32) + (virLeaseNfsRelayWord(relay->call, 0) & ~VIR_LEASE_NFS_RELAY_LAST) - relay->call->len;
}

static void
virLeaseNfsRelayCalls(virLeaseNfsRelay *relay, const guint8 *data, gsize length)
{
    while (length > 0) {
        gsize taken = virLeaseNfsRelayTake(relay->call, virLeaseNfsRelayCallWants(relay), data, length);

        data += taken;
        length -= taken;
        if (relay->call->len >= VIR_LEASE_NFS_RELAY_CALL_HEADER && virLeaseNfsRelayCallWants(relay) == 0)
            virLeaseNfsRelayCallEnd(relay);
    }
}

/* ---- answers ---- */

/* The answer is whole. */
static void
virLeaseNfsRelayAnswerEnd(virLeaseNfsRelay *relay)
{
    guint32 mark = GUINT32_TO_BE(relay->answer->len | VIR_LEASE_NFS_RELAY_LAST);
    const virLeaseNfsRelayCall *call = NULL;
    gpointer xid = NULL;

    if (relay->answer->len >= sizeof(guint32)) {
        xid = GUINT_TO_POINTER(virLeaseNfsRelayWord(relay->answer, 0));
        call = g_hash_table_lookup(relay->calls, xid);
    }
    if (!call) {
        virLeaseNfsRelayFail(relay, _("the server answered what it was not asked"));
        return;
    }
    if (!virLeaseNfsCheckAnswer(call->program, call->version, call->procedure,
                                relay->answer->data, relay->answer->len)) {
        virLeaseNfsRelayFail(relay, _("the server's answer is malformed or beyond a limit"));
        return;
    }
    g_hash_table_remove(relay->calls, xid);
    g_byte_array_append(relay->inner.out, (const guint8 *) &mark, sizeof(mark));
    g_byte_array_append(relay->inner.out, relay->answer->data, relay->answer->len);
    g_byte_array_set_size(relay->answer, 0);
}

/* A record mark is whole. */
static void
virLeaseNfsRelayMarkEnd(virLeaseNfsRelay *relay)
{
    guint32 mark = virLeaseNfsRelayWord(relay->mark, 0);

    g_byte_array_set_size(relay->mark, 0);
    relay->left = mark & ~VIR_LEASE_NFS_RELAY_LAST;
    relay->last = (mark & VIR_LEASE_NFS_RELAY_LAST) != 0;
    if (relay->left == 0 || relay->left > VIR_LEASE_NFS_ANSWER_MAX - relay->answer->len)
        virLeaseNfsRelayFail(relay, _("the server's answer is malformed or beyond a limit"));
}

static void
virLeaseNfsRelayAnswers(virLeaseNfsRelay *relay, const guint8 *data, gsize length)
{
    while (length > 0 && !relay->done) {
        gsize taken;

        if (relay->left == 0) {
            taken = virLeaseNfsRelayTake(relay->mark, sizeof(guint32) - relay->mark->len, data, length);
            if (relay->mark->len == sizeof(guint32))
                virLeaseNfsRelayMarkEnd(relay);
        } else {
            taken = virLeaseNfsRelayTake(relay->answer, relay->left, data, length);
            relay->left -= taken;
            if (relay->left == 0 && relay->last)
                virLeaseNfsRelayAnswerEnd(relay);
        }
        data += taken;
        length -= taken;
    }
}

/* ---- sockets ---- */

/* Returns the bytes read, 0 if there are none now, -1 at the end or on an error. */
static gssize
virLeaseNfsRelayRead(virLeaseNfsRelay *relay, int fd, guint8 *data)
{
    gssize got = recv(fd, data, VIR_LEASE_NFS_RELAY_CHUNK, MSG_DONTWAIT);

    if (got > 0)
        return got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got < 0) {
        virLeaseNfsRelayFail(relay, g_strerror(errno));
        return -1;
    }
    /* libnfs reads what was passed on, and then finds the end. (If both
     * directions ended it would not read.) */
    relay->done = TRUE;
    g_source_destroy(relay->source);
    shutdown(relay->inner.fd, SHUT_WR);
    return -1;
}

static void
virLeaseNfsRelayWrite(virLeaseNfsRelay *relay, virLeaseNfsRelayEnd *end)
{
    gssize done;

    if (end->out->len == 0 || relay->done)
        return;
    done = send(end->fd, end->out->data, end->out->len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (done > 0)
        g_byte_array_remove_range(end->out, 0, done);
    else if (done < 0 && errno != EAGAIN && errno != EINTR)
        virLeaseNfsRelayFail(relay, g_strerror(errno));
}

/* Nothing is read before what came of the last reading has been passed on. */
static GIOCondition
virLeaseNfsRelayWants(const virLeaseNfsRelayEnd *end, const virLeaseNfsRelayEnd *other)
{
    return (other->out->len == 0 ? G_IO_IN : 0) | (end->out->len > 0 ? G_IO_OUT : 0);
}

static void
virLeaseNfsRelayUpdate(virLeaseNfsRelay *relay, virLeaseNfsRelayEnd *end, const virLeaseNfsRelayEnd *other)
{
    GIOCondition events = virLeaseNfsRelayWants(end, other);

    /* Setting what is set already would wake the main loop, for ever. */
    if (events == end->events)
        return;
    end->events = events;
    g_source_modify_unix_fd(relay->source, end->tag, events);
}

static void
virLeaseNfsRelayMove(virLeaseNfsRelay *relay)
{
    g_autofree guint8 *data = g_malloc(VIR_LEASE_NFS_RELAY_CHUNK);
    gssize got;

    if (relay->server.out->len == 0 && (got = virLeaseNfsRelayRead(relay, relay->inner.fd, data)) > 0)
        virLeaseNfsRelayCalls(relay, data, got);
    virLeaseNfsRelayWrite(relay, &relay->server);
    if (!relay->done && relay->inner.out->len == 0 &&
        (got = virLeaseNfsRelayRead(relay, relay->server.fd, data)) > 0)
        virLeaseNfsRelayAnswers(relay, data, got);
    virLeaseNfsRelayWrite(relay, &relay->inner);
}

static gboolean
virLeaseNfsRelayDispatch(GSource *parent, GSourceFunc callback G_GNUC_UNUSED, gpointer opaque G_GNUC_UNUSED)
{
    virLeaseNfsRelay *relay = ((virLeaseNfsRelaySource *) parent)->relay;

    virLeaseNfsRelayMove(relay);
    if (relay->done)
        return G_SOURCE_REMOVE;
    virLeaseNfsRelayUpdate(relay, &relay->inner, &relay->server);
    virLeaseNfsRelayUpdate(relay, &relay->server, &relay->inner);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs virLeaseNfsRelaySourceFuncs = { .dispatch = virLeaseNfsRelayDispatch };

/* ---- begin and end ---- */

static void
virLeaseNfsRelayAddEnd(virLeaseNfsRelay *relay, virLeaseNfsRelayEnd *end, int fd)
{
    end->fd = fd;
    end->out = g_byte_array_new();
    end->events = G_IO_IN;
    end->tag = g_source_add_unix_fd(relay->source, fd, end->events);
}

/* Puts one end of a socket pair into @fd's place. Returns 0, or -1 with errno set. */
static int
virLeaseNfsRelaySwap(int fd, int *server, int *inner)
{
    int pair[2];
    int saved = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    if (saved < 0)
        return -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        close(saved);
        return -1;
    }
    if (dup3(pair[0], fd, O_CLOEXEC) < 0) {
        close(pair[0]);
        close(pair[1]);
        close(saved);
        return -1;
    }
    close(pair[0]);
    *server = saved;
    *inner = pair[1];
    return 0;
}

virLeaseNfsRelay *
virLeaseNfsRelayNew(int fd, virLeaseNfsRelayBrokenFunc broken, void *opaque)
{
    virLeaseNfsRelay *relay;
    int server;
    int inner;

    if (virLeaseNfsRelaySwap(fd, &server, &inner) < 0)
        return NULL;
    relay = g_new0(virLeaseNfsRelay, 1);
    relay->broken = broken;
    relay->opaque = opaque;
    relay->call = g_byte_array_new();
    relay->mark = g_byte_array_new();
    relay->answer = g_byte_array_new();
    relay->calls = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    relay->source = g_source_new(&virLeaseNfsRelaySourceFuncs, sizeof(virLeaseNfsRelaySource));
    ((virLeaseNfsRelaySource *) relay->source)->relay = relay;
    g_source_set_name(relay->source, "virLeaseNfsRelay");
    virLeaseNfsRelayAddEnd(relay, &relay->inner, inner);
    virLeaseNfsRelayAddEnd(relay, &relay->server, server);
    g_source_attach(relay->source, g_main_context_get_thread_default());
    return relay;
}

static void
virLeaseNfsRelayEndClear(virLeaseNfsRelayEnd *end)
{
    close(end->fd);
    g_byte_array_unref(end->out);
}

void
virLeaseNfsRelayFree(virLeaseNfsRelay *relay)
{
    if (!relay)
        return;
    g_source_destroy(relay->source);
    g_source_unref(relay->source);
    virLeaseNfsRelayEndClear(&relay->inner);
    virLeaseNfsRelayEndClear(&relay->server);
    g_hash_table_unref(relay->calls);
    g_byte_array_unref(relay->call);
    g_byte_array_unref(relay->mark);
    g_byte_array_unref(relay->answer);
    g_free(relay);
}
