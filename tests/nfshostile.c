/*
 * nfshostile.c: an NFS server that breaks the rules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One thread for each connection, all of them blocking. Numbers are those of
 * RFC 1813, 5531 and 7530.
 */
#include <config.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nfshostile.h"

#define HOSTILE_LAST 0x80000000U
#define HOSTILE_NFS 100003
#define HOSTILE_CALL_MAX 65536
#define HOSTILE_PAGE (900 * 1024)       /* bytes of a long page */
#define HOSTILE_TIME 1700000000

enum {
    HOSTILE_GETATTR3 = 1, HOSTILE_LOOKUP3 = 3, HOSTILE_READLINK3 = 5, HOSTILE_READDIR3 = 17,
    HOSTILE_GETATTR4 = 9, HOSTILE_GETFH4 = 10, HOSTILE_LOOKUP4 = 15, HOSTILE_PUTFH4 = 22,
    HOSTILE_PUTROOTFH4 = 24, HOSTILE_READDIR4 = 26, HOSTILE_READLINK4 = 27,
    HOSTILE_REGULAR = 1, HOSTILE_DIRECTORY = 2, HOSTILE_LINK = 5,
};

/* A call, and the answer to it. */
typedef struct _hostileCall hostileCall;
struct _hostileCall {
    int fd;
    const guint8 *args;         /* what was not read of the arguments */
    gsize left;
    guint32 xid;
    guint32 program;
    guint32 version;
    guint32 procedure;
    GByteArray *out;            /* results */
    char handle[256];           /* the current one: the name of a file */
};

/* A way of breaking the rules. */
typedef struct _hostileBehaviour hostileBehaviour;
struct _hostileBehaviour {
    const char *name;
    guint32 version;
    guint32 at;                 /* procedure of version 3, operation of version 4 */
    void (*results)(hostileCall *call);                     /* instead of the honest ones; may be NULL */
    void (*send)(hostileCall *call, GByteArray *reply);     /* instead of one frame; may be NULL */
};

static const hostileBehaviour *hostileChosen;

/* ---- XDR ---- */

static void
hostilePut(GByteArray *out, guint32 number)
{
    guint32 raw = htonl(number);

    g_byte_array_append(out, (const guint8 *) &raw, sizeof(raw));
}

static void
hostilePut64(GByteArray *out, guint64 number)
{
    hostilePut(out, number >> 32);
    hostilePut(out, (guint32) number);
}

static void
hostilePutBytes(GByteArray *out, const void *data, gsize length)
{
    static const guint8 zeros[4];

    hostilePut(out, length);
    g_byte_array_append(out, data, length);
    g_byte_array_append(out, zeros, (4 - length % 4) % 4);
}

static void
hostilePutString(GByteArray *out, const char *text)
{
    hostilePutBytes(out, text, strlen(text));
}

/* What is not there reads as zero. */
static guint32
hostileGet(hostileCall *call)
{
    guint32 raw = 0;

    if (call->left < sizeof(raw))
        return 0;
    memcpy(&raw, call->args, sizeof(raw));
    call->args += sizeof(raw);
    call->left -= sizeof(raw);
    return ntohl(raw);
}

static void
hostileSkip(hostileCall *call, gsize length)
{
    length = MIN(length, call->left);
    call->args += length;
    call->left -= length;
}

/* Reads a string or a handle, which becomes the current one. */
static void
hostileGetHandle(hostileCall *call)
{
    gsize said = hostileGet(call);
    gsize length = MIN(said, call->left);
    gsize kept = MIN(length, sizeof(call->handle) - 1);

    memcpy(call->handle, call->args, kept);
    call->handle[kept] = '\0';
    hostileSkip(call, (length + 3) & ~(gsize) 3);
}

static guint32
hostileType(const char *name)
{
    if (g_str_equal(name, "format"))
        return HOSTILE_LINK;
    return g_str_equal(name, "file") ? HOSTILE_REGULAR : HOSTILE_DIRECTORY;
}

/* ---- version 3 ---- */

static void
hostilePutAttr3(GByteArray *out, guint32 type, guint64 size, guint32 nanoseconds)
{
    const guint32 words[] = { 0755, 1, 0, 0 };

    hostilePut(out, type);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        hostilePut(out, words[i]);
    hostilePut64(out, size);
    hostilePut64(out, 0);           /* used, device, file system */
    hostilePut64(out, 0);
    hostilePut64(out, 1);
    hostilePut64(out, 42);          /* file id, and three times */
    for (gsize i = 0; i < 3; i++) {
        hostilePut(out, HOSTILE_TIME);
        hostilePut(out, nanoseconds);
    }
}

static void
hostilePutSomeAttr3(GByteArray *out, guint32 type)
{
    hostilePut(out, 1);
    hostilePutAttr3(out, type, 4096, 0);
}

static void
hostileLookup3(hostileCall *call)
{
    hostilePut(call->out, 0);
    hostilePutString(call->out, call->handle);
    hostilePutSomeAttr3(call->out, hostileType(call->handle));
    hostilePutSomeAttr3(call->out, HOSTILE_DIRECTORY);
}

static void
hostileReadlink3(hostileCall *call)
{
    hostilePut(call->out, 0);
    hostilePutSomeAttr3(call->out, HOSTILE_LINK);
    hostilePutString(call->out, "target");
}

static void
hostileReaddir3Begin(hostileCall *call)
{
    hostilePut(call->out, 0);
    hostilePutSomeAttr3(call->out, HOSTILE_DIRECTORY);
    hostilePut64(call->out, 0);     /* verifier */
}

static void
hostilePutEntry3(GByteArray *out, const char *name, gsize length, guint64 cookie)
{
    hostilePut(out, 1);
    hostilePut64(out, cookie);      /* file id */
    hostilePutBytes(out, name, length);
    hostilePut64(out, cookie);
    hostilePutSomeAttr3(out, HOSTILE_LINK);
    hostilePut(out, 0);             /* no handle */
}

static void
hostileReaddirEnd(hostileCall *call, gboolean eof)
{
    hostilePut(call->out, 0);
    hostilePut(call->out, eof);
}

static void
hostileReaddir3(hostileCall *call)
{
    hostileReaddir3Begin(call);
    hostilePutEntry3(call->out, "one", 3, 1);
    hostileReaddirEnd(call, TRUE);
}

static void
hostileMount(hostileCall *call)
{
    hostilePut(call->out, 0);
    hostilePutString(call->out, "root");
    hostilePut(call->out, 1);
    hostilePut(call->out, 1);       /* AUTH_SYS */
}

static void
hostileHonest3(hostileCall *call)
{
    if (call->program != HOSTILE_NFS) {
        hostileMount(call);
        return;
    }
    hostileGetHandle(call);
    if (call->procedure == HOSTILE_LOOKUP3) {
        hostileGetHandle(call);
        hostileLookup3(call);
    } else if (call->procedure == HOSTILE_READLINK3) {
        hostileReadlink3(call);
    } else if (call->procedure == HOSTILE_READDIR3) {
        hostileReaddir3(call);
    } else if (call->procedure == HOSTILE_GETATTR3) {
        hostilePut(call->out, 0);
        hostilePutAttr3(call->out, hostileType(call->handle), 4096, 0);
    } else {
        hostilePut(call->out, 10004);   /* not supported; then, no attributes */
        hostilePut64(call->out, 0);
    }
}

/* ---- version 4 ---- */

/* The mask that was asked for, and what it asks for. */
static void
hostilePutAttr4(GByteArray *out, guint32 low, guint32 high, guint32 type)
{
    g_autoptr(GByteArray) values = g_byte_array_new();

    if (low & 1U << 1)
        hostilePut(values, type);
    if (low & 1U << 3)
        hostilePut64(values, 1);            /* change */
    if (low & 1U << 11)
        hostilePut(values, 0);
    if (low & 1U << 20)
        hostilePut64(values, 42);           /* file id */
    for (gsize i = 52; i <= 53; i++) {
        if (high & 1U << (i - 32)) {
            hostilePut64(values, HOSTILE_TIME);
            hostilePut(values, 0);
        }
    }
    hostilePut(out, 2);
    hostilePut(out, low);
    hostilePut(out, high);
    hostilePutBytes(out, values->data, values->len);
}

static void
hostilePutEntry4(GByteArray *out, const char *name, gsize length, guint64 cookie)
{
    hostilePut(out, 1);
    hostilePut64(out, cookie);
    hostilePutBytes(out, name, length);
    hostilePutAttr4(out, 1U << 1 | 1U << 20, 3U << 20, HOSTILE_LINK);
}

static void
hostileGetattr4(hostileCall *call)
{
    guint32 words = hostileGet(call);
    guint32 low = hostileGet(call);
    guint32 high = words > 1 ? hostileGet(call) : 0;

    hostilePutAttr4(call->out, low, high, hostileType(call->handle));
}

static void
hostileReaddir4(hostileCall *call)
{
    hostileSkip(call, 24);          /* cookie, verifier, two sizes */
    hostileSkip(call, 4 * (gsize) hostileGet(call));
    hostilePut64(call->out, 0);
    hostilePutEntry4(call->out, "one", 3, 1);
    hostileReaddirEnd(call, TRUE);
}

static void
hostileOp4(hostileCall *call, guint32 op)
{
    hostilePut(call->out, op);
    hostilePut(call->out, 0);
    if (op == HOSTILE_PUTROOTFH4)
        g_strlcpy(call->handle, "root", sizeof(call->handle));
    else if (op == HOSTILE_PUTFH4 || op == HOSTILE_LOOKUP4)
        hostileGetHandle(call);
    else if (op == HOSTILE_GETFH4)
        hostilePutString(call->out, call->handle);
    else if (op == HOSTILE_GETATTR4)
        hostileGetattr4(call);
    else if (op == HOSTILE_READLINK4)
        hostilePutString(call->out, "target");
    else if (op == HOSTILE_READDIR4)
        hostileReaddir4(call);
}

/* Returns whether the behaviour's operation was among them. */
static gboolean
hostileHonest4(hostileCall *call)
{
    gboolean found = FALSE;
    guint32 count;

    hostileSkip(call, ((gsize) hostileGet(call) + 3) & ~(gsize) 3);     /* tag */
    hostileGet(call);               /* minor version */
    count = hostileGet(call);
    hostilePut(call->out, 0);
    hostilePut(call->out, 0);       /* no tag */
    hostilePut(call->out, count);
    for (guint32 i = 0; i < count && i < 16; i++) {
        guint32 op = hostileGet(call);

        found |= op == hostileChosen->at;
        hostileOp4(call, op);
    }
    return found;
}

/* ---- sending ---- */

static void
hostileWrite(hostileCall *call, const void *data, gsize length)
{
    const guint8 *next = data;

    while (length > 0) {
        gssize done = send(call->fd, next, length, MSG_NOSIGNAL);

        if (done <= 0)
            g_thread_exit(NULL);    /* the client has had enough */
        next += done;
        length -= done;
    }
}

static void
hostileWriteFragment(hostileCall *call, guint32 mark, const void *data, gsize length)
{
    guint32 raw = htonl(mark);

    hostileWrite(call, &raw, sizeof(raw));
    hostileWrite(call, data, length);
}

static void
hostileSendFrame(hostileCall *call, GByteArray *reply)
{
    hostileWriteFragment(call, HOSTILE_LAST | reply->len, reply->data, reply->len);
}

static void
hostileSendNothing(hostileCall *call G_GNUC_UNUSED, GByteArray *reply G_GNUC_UNUSED)
{
}

static void
hostileSendEnd(hostileCall *call, GByteArray *reply G_GNUC_UNUSED)
{
    shutdown(call->fd, SHUT_RDWR);
}

static void
hostileSendHalf(hostileCall *call, GByteArray *reply)
{
    hostileWriteFragment(call, HOSTILE_LAST | reply->len, reply->data, reply->len / 2);
}

static void
hostileSendHalfAndEnd(hostileCall *call, GByteArray *reply)
{
    hostileSendHalf(call, reply);
    shutdown(call->fd, SHUT_RDWR);
}

static void
hostileSendTwice(hostileCall *call, GByteArray *reply)
{
    hostileSendFrame(call, reply);
    hostileSendFrame(call, reply);
}

/* In pieces as small as they get; nothing is wrong with that. */
static void
hostileSendCrumbs(hostileCall *call, GByteArray *reply)
{
    for (guint i = 0; i < reply->len; i++)
        hostileWriteFragment(call, (i + 1 == reply->len ? HOSTILE_LAST : 0) | 1, reply->data + i, 1);
}

static void
hostileSendHugeLength(hostileCall *call, GByteArray *reply)
{
    hostileWriteFragment(call, 0xffffffffU, reply->data, reply->len);
}

static void
hostileSendShortLength(hostileCall *call, GByteArray *reply)
{
    hostileWriteFragment(call, HOSTILE_LAST | 2, reply->data, 2);
}

static void
hostileSendEndlessFragments(hostileCall *call, GByteArray *reply)
{
    g_autofree guint8 *zeros = g_malloc0(65536);

    hostileWriteFragment(call, reply->len, reply->data, reply->len);
    for (;;)
        hostileWriteFragment(call, 65536, zeros, 65536);
}

static void
hostileSendEmptyFragments(hostileCall *call, GByteArray *reply)
{
    for (;;)
        hostileWriteFragment(call, 0, reply->data, 0);
}

static void
hostileSendWrongId(hostileCall *call, GByteArray *reply)
{
    reply->data[3] ^= 0x55;
    hostileSendFrame(call, reply);
}

/* Faster than anybody can read them. */
static void
hostileSendWrongIds(hostileCall *call, GByteArray *reply)
{
    for (;;)
        hostileSendWrongId(call, reply);
}

/* Sets the word at @index of the reply: 0 is the id, 1 the direction, 2
 * whether it was denied, 3 and 4 the verifier, 5 how it went. */
static void
hostileSetWord(GByteArray *reply, gsize index, guint32 value)
{
    guint32 raw = htonl(value);

    memcpy(reply->data + index * sizeof(raw), &raw, sizeof(raw));
}

static void
hostileSendCall(hostileCall *call, GByteArray *reply)
{
    hostileSetWord(reply, 1, 0);
    hostileSendFrame(call, reply);
}

static void
hostileSendDenied(hostileCall *call, GByteArray *reply)
{
    hostileSetWord(reply, 2, 1);
    hostileSetWord(reply, 3, 1);
    hostileSendFrame(call, reply);
}

static void
hostileSendHugeVerifier(hostileCall *call, GByteArray *reply)
{
    hostileSetWord(reply, 4, 0xfffffff0U);
    hostileSendFrame(call, reply);
}

static void
hostileSendGarbageArgs(hostileCall *call, GByteArray *reply)
{
    hostileSetWord(reply, 5, 4);
    hostileSendFrame(call, reply);
}

static void
hostileSendUnknownFailure(hostileCall *call, GByteArray *reply)
{
    hostileSetWord(reply, 5, 77);
    hostileSendFrame(call, reply);
}

static void
hostileSendNoise(hostileCall *call, GByteArray *reply)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(call->xid);

    for (guint i = 24; i < reply->len; i++)
        reply->data[i] = g_rand_int(rand) & 0xff;
    hostileSendFrame(call, reply);
}

/* All but the last bytes. */
static void
hostileSendCutShort(hostileCall *call, GByteArray *reply)
{
    g_byte_array_set_size(reply, reply->len - 8);
    hostileSendFrame(call, reply);
}

/* ---- results of version 3 ---- */

static void
hostileLookupFile(hostileCall *call)
{
    hostilePut(call->out, 0);
    hostilePutString(call->out, call->handle);
    hostilePutSomeAttr3(call->out, HOSTILE_REGULAR);
    hostilePutSomeAttr3(call->out, HOSTILE_DIRECTORY);
}

static void
hostileLookupDirectory(hostileCall *call)
{
    hostilePut(call->out, 0);
    hostilePutString(call->out, call->handle);
    hostilePutSomeAttr3(call->out, HOSTILE_DIRECTORY);
    hostilePutSomeAttr3(call->out, HOSTILE_DIRECTORY);
}

static void
hostileHandle(hostileCall *call, guint32 length)
{
    hostilePut(call->out, 0);
    hostilePut(call->out, length);
    for (gsize i = 0; i < 32; i++)
        hostilePut64(call->out, 0);
}

static void
hostileHugeHandle(hostileCall *call)
{
    hostileHandle(call, 0xfffffff0U);
}

static void
hostileNoHandle(hostileCall *call)
{
    hostileHandle(call, 0);
}

static void
hostileBadTimes(hostileCall *call)
{
    hostilePut(call->out, 0);
    hostilePutString(call->out, call->handle);
    hostilePut(call->out, 1);
    hostilePutAttr3(call->out, HOSTILE_DIRECTORY, G_MAXUINT64, 0xffffffffU);
    hostilePut(call->out, 0);
}

static void
hostileTarget(hostileCall *call, guint32 length, gsize really)
{
    g_autofree char *text = g_strnfill(really, 'x');

    hostilePut(call->out, 0);
    hostilePut(call->out, 0);
    hostilePut(call->out, length);
    g_byte_array_append(call->out, (const guint8 *) text, really);
}

static void
hostileTargetOfFourGiB(hostileCall *call)
{
    hostileTarget(call, 0xfffffffcU, 64);
}

static void
hostileTargetBackwards(hostileCall *call)
{
    hostileTarget(call, 0xffffffe0U, 64);
}

static void
hostileTargetOfOneMB(hostileCall *call)
{
    hostileTarget(call, 1000000, 1000000);
}

static void
hostileTargetEmpty(hostileCall *call)
{
    hostileTarget(call, 0, 0);
}

static void
hostileStatusOnly(hostileCall *call)
{
    hostilePut(call->out, 0);
}

static void
hostileUnknownStatus(hostileCall *call)
{
    hostilePut(call->out, 4711);
    hostilePut64(call->out, 0);
}

typedef void (*hostilePutEntryFunc)(GByteArray *out, const char *name, gsize length, guint64 cookie);

/* The rest of a page of new names of 250 bytes; there is more. */
static void
hostilePutNewNames(hostileCall *call, hostilePutEntryFunc put)
{
    static gint last;

    while (call->out->len < HOSTILE_PAGE) {
        gint number = g_atomic_int_add(&last, 1) + 1;
        g_autofree char *name = g_strdup_printf("%0250d", number);

        put(call->out, name, strlen(name), number);
    }
    hostileReaddirEnd(call, FALSE);
}

static void
hostileEndless3(hostileCall *call)
{
    hostileReaddir3Begin(call);
    hostilePutNewNames(call, hostilePutEntry3);
}

/* The same page for ever, whatever the cookie. */
static void
hostileLoop3(hostileCall *call)
{
    hostileReaddir3Begin(call);
    hostilePutEntry3(call->out, "one", 3, 1);
    hostilePutEntry3(call->out, "two", 3, 2);
    hostileReaddirEnd(call, FALSE);
}

static void
hostileEmptyPages3(hostileCall *call)
{
    hostileReaddir3Begin(call);
    hostileReaddirEnd(call, FALSE);
}

/* As many as fit, of nothing but what must be. */
static void
hostileDeep3(hostileCall *call)
{
    hostileReaddir3Begin(call);
    for (guint64 i = 1; call->out->len < 1024 * 1024; i++) {
        hostilePut(call->out, 1);
        hostilePut64(call->out, i);
        hostilePut(call->out, 0);
        hostilePut64(call->out, i);
        hostilePut64(call->out, 0);
    }
    hostileReaddirEnd(call, TRUE);
}

static void
hostileName3(hostileCall *call, const char *name, gsize length)
{
    hostileReaddir3Begin(call);
    hostilePutEntry3(call->out, name, length, 1);
    hostileReaddirEnd(call, TRUE);
}

static void
hostileHugeName3(hostileCall *call)
{
    g_autofree char *name = g_strnfill(1000000, 'n');

    hostileName3(call, name, 1000000);
}

static void
hostileSlashedName3(hostileCall *call)
{
    hostileName3(call, "../../etc/passwd", 16);
}

static void
hostileNulInName3(hostileCall *call)
{
    hostileName3(call, "a\0b", 3);
}

static void
hostileBadFlag3(hostileCall *call)
{
    hostileReaddir3Begin(call);
    hostilePut(call->out, 2);
    hostileReaddirEnd(call, TRUE);
}

/* ---- results of version 4 ---- */

static void
hostileBegin4(hostileCall *call, guint32 count)
{
    g_byte_array_set_size(call->out, 0);
    hostilePut(call->out, 0);
    hostilePut(call->out, 0);
    hostilePut(call->out, count);
}

static void
hostilePutOp4(hostileCall *call, guint32 op)
{
    hostilePut(call->out, op);
    hostilePut(call->out, 0);
}

static void
hostileNoResults4(hostileCall *call)
{
    hostileBegin4(call, 0);
}

static void
hostileFewResults4(hostileCall *call)
{
    hostileBegin4(call, 1);
    hostilePutOp4(call, HOSTILE_PUTFH4);
}

/* So many that their size overflows. */
static void
hostileCountOverflows4(hostileCall *call)
{
    hostileBegin4(call, 0x40000001U);
    for (gsize i = 0; i < 1000; i++)
        hostilePutOp4(call, HOSTILE_PUTFH4);
}

static void
hostileCountIsHuge4(hostileCall *call)
{
    hostileBegin4(call, 0xffffffffU);
    hostilePutOp4(call, HOSTILE_PUTFH4);
}

static void
hostileWrongOps4(hostileCall *call)
{
    hostileBegin4(call, 4);
    for (gsize i = 0; i < 4; i++)
        hostilePutOp4(call, HOSTILE_LOOKUP4);
}

static void
hostileUnknownOps4(hostileCall *call)
{
    hostileBegin4(call, 2);
    hostilePutOp4(call, HOSTILE_PUTFH4);
    hostilePutOp4(call, 4711);
}

static void
hostileLookupBegin4(hostileCall *call)
{
    hostileBegin4(call, 4);
    hostilePutOp4(call, HOSTILE_PUTFH4);
    hostilePutOp4(call, HOSTILE_LOOKUP4);
    hostilePutOp4(call, HOSTILE_GETFH4);
}

static void
hostileMaskOverflows4(hostileCall *call)
{
    hostileLookupBegin4(call);
    hostilePutString(call->out, "h");
    hostilePutOp4(call, HOSTILE_GETATTR4);
    hostilePut(call->out, 0x40000001U);
    for (gsize i = 0; i < 1000; i++)
        hostilePut(call->out, 0xffffffffU);
}

static void
hostileHugeAttributes4(hostileCall *call)
{
    hostileLookupBegin4(call);
    hostilePutString(call->out, "h");
    hostilePutOp4(call, HOSTILE_GETATTR4);
    hostilePut(call->out, 1);
    hostilePut(call->out, 1U << 1);
    hostilePut(call->out, 0xfffffff0U);
}

static void
hostileHugeHandle4(hostileCall *call)
{
    hostileLookupBegin4(call);
    hostilePut(call->out, 0xffffffe0U);
    hostilePut64(call->out, 0);
}

static void
hostileLookupFile4(hostileCall *call)
{
    hostileLookupBegin4(call);
    hostilePutString(call->out, "h");
    hostilePutOp4(call, HOSTILE_GETATTR4);
    hostilePutAttr4(call->out, 1U << 1 | 1U << 20, 3U << 20, HOSTILE_REGULAR);
}

static void
hostileReaddirBegin4(hostileCall *call)
{
    hostileBegin4(call, 3);
    hostilePutOp4(call, HOSTILE_PUTFH4);
    hostilePutOp4(call, HOSTILE_GETATTR4);
    hostilePutAttr4(call->out, 0, 0, 0);
    hostilePutOp4(call, HOSTILE_READDIR4);
    hostilePut64(call->out, 0);
}

static void
hostileEndless4(hostileCall *call)
{
    hostileReaddirBegin4(call);
    hostilePutNewNames(call, hostilePutEntry4);
}

static void
hostileLoop4(hostileCall *call)
{
    hostileReaddirBegin4(call);
    hostilePutEntry4(call->out, "one", 3, 1);
    hostileReaddirEnd(call, FALSE);
}

static void
hostileDeep4(hostileCall *call)
{
    hostileReaddirBegin4(call);
    for (guint64 i = 1; call->out->len < 1024 * 1024; i++) {
        hostilePut(call->out, 1);
        hostilePut64(call->out, i);
        hostilePut64(call->out, 0);     /* no name, no mask */
        hostilePut(call->out, 0);
    }
    hostileReaddirEnd(call, TRUE);
}

static const hostileBehaviour hostileBehaviours[] = {
    { "honest-3", 3, 0, NULL, NULL },
    { "honest-4", 4, 0, NULL, NULL },
    { "crumbs", 3, HOSTILE_READLINK3, NULL, hostileSendCrumbs },
    { "silent", 3, HOSTILE_READLINK3, NULL, hostileSendNothing },
    { "end", 3, HOSTILE_READLINK3, NULL, hostileSendEnd },
    { "half", 3, HOSTILE_READLINK3, NULL, hostileSendHalf },
    { "half-and-end", 3, HOSTILE_READLINK3, NULL, hostileSendHalfAndEnd },
    { "twice", 3, HOSTILE_LOOKUP3, NULL, hostileSendTwice },
    { "huge-length", 3, HOSTILE_READLINK3, NULL, hostileSendHugeLength },
    { "short-length", 3, HOSTILE_READLINK3, NULL, hostileSendShortLength },
    { "endless-fragments", 3, HOSTILE_READLINK3, NULL, hostileSendEndlessFragments },
    { "empty-fragments", 3, HOSTILE_READLINK3, NULL, hostileSendEmptyFragments },
    { "wrong-id", 3, HOSTILE_READLINK3, NULL, hostileSendWrongId },
    { "wrong-ids", 3, HOSTILE_READLINK3, NULL, hostileSendWrongIds },
    { "call", 3, HOSTILE_READLINK3, NULL, hostileSendCall },
    { "denied", 3, HOSTILE_READLINK3, NULL, hostileSendDenied },
    { "huge-verifier", 3, HOSTILE_READLINK3, NULL, hostileSendHugeVerifier },
    { "garbage-args", 3, HOSTILE_READLINK3, NULL, hostileSendGarbageArgs },
    { "unknown-failure", 3, HOSTILE_READLINK3, NULL, hostileSendUnknownFailure },
    { "noise", 3, HOSTILE_READDIR3, NULL, hostileSendNoise },
    { "cut-short", 3, HOSTILE_READDIR3, NULL, hostileSendCutShort },
    { "file-for-directory", 3, HOSTILE_LOOKUP3, hostileLookupFile, NULL },
    { "directory-for-link", 3, HOSTILE_LOOKUP3, hostileLookupDirectory, NULL },
    { "huge-handle", 3, HOSTILE_LOOKUP3, hostileHugeHandle, NULL },
    { "no-handle", 3, HOSTILE_LOOKUP3, hostileNoHandle, NULL },
    { "bad-times", 3, HOSTILE_LOOKUP3, hostileBadTimes, NULL },
    { "target-of-4-gib", 3, HOSTILE_READLINK3, hostileTargetOfFourGiB, NULL },
    { "target-backwards", 3, HOSTILE_READLINK3, hostileTargetBackwards, NULL },
    { "target-of-1-mb", 3, HOSTILE_READLINK3, hostileTargetOfOneMB, NULL },
    { "target-empty", 3, HOSTILE_READLINK3, hostileTargetEmpty, NULL },
    { "status-only", 3, HOSTILE_READLINK3, hostileStatusOnly, NULL },
    { "unknown-status", 3, HOSTILE_READLINK3, hostileUnknownStatus, NULL },
    { "endless", 3, HOSTILE_READDIR3, hostileEndless3, NULL },
    { "loop", 3, HOSTILE_READDIR3, hostileLoop3, NULL },
    { "empty-pages", 3, HOSTILE_READDIR3, hostileEmptyPages3, NULL },
    { "deep", 3, HOSTILE_READDIR3, hostileDeep3, NULL },
    { "huge-name", 3, HOSTILE_READDIR3, hostileHugeName3, NULL },
    { "slashed-name", 3, HOSTILE_READDIR3, hostileSlashedName3, NULL },
    { "nul-in-name", 3, HOSTILE_READDIR3, hostileNulInName3, NULL },
    { "bad-flag", 3, HOSTILE_READDIR3, hostileBadFlag3, NULL },
    { "silent-4", 4, HOSTILE_READLINK4, NULL, hostileSendNothing },
    { "noise-4", 4, HOSTILE_READDIR4, NULL, hostileSendNoise },
    { "cut-short-4", 4, HOSTILE_READLINK4, NULL, hostileSendCutShort },
    { "no-results-4", 4, HOSTILE_READLINK4, hostileNoResults4, NULL },
    { "few-results-4", 4, HOSTILE_READLINK4, hostileFewResults4, NULL },
    { "count-overflows-4", 4, HOSTILE_READLINK4, hostileCountOverflows4, NULL },
    { "count-is-huge-4", 4, HOSTILE_READLINK4, hostileCountIsHuge4, NULL },
    { "wrong-ops-4", 4, HOSTILE_READLINK4, hostileWrongOps4, NULL },
    { "unknown-ops-4", 4, HOSTILE_READLINK4, hostileUnknownOps4, NULL },
    { "mask-overflows-4", 4, HOSTILE_LOOKUP4, hostileMaskOverflows4, NULL },
    { "huge-attributes-4", 4, HOSTILE_LOOKUP4, hostileHugeAttributes4, NULL },
    { "huge-handle-4", 4, HOSTILE_LOOKUP4, hostileHugeHandle4, NULL },
    { "file-for-directory-4", 4, HOSTILE_LOOKUP4, hostileLookupFile4, NULL },
    { "endless-4", 4, HOSTILE_READDIR4, hostileEndless4, NULL },
    { "loop-4", 4, HOSTILE_READDIR4, hostileLoop4, NULL },
    { "deep-4", 4, HOSTILE_READDIR4, hostileDeep4, NULL },
};

/* ---- connections ---- */

/* Returns whether @call is one of those that the behaviour waits for. */
static gboolean
hostileFillIn(hostileCall *call)
{
    gboolean chosen;

    if (call->procedure == 0)
        return FALSE;
    if (call->program == HOSTILE_NFS && call->version == 4) {
        chosen = hostileHonest4(call);
    } else {
        hostileHonest3(call);
        chosen = call->program == HOSTILE_NFS && call->procedure == hostileChosen->at;
    }
    chosen = chosen && (call->version == hostileChosen->version);
    if (chosen && hostileChosen->results) {
        g_byte_array_set_size(call->out, 0);
        hostileChosen->results(call);
    }
    return chosen;
}

static void
hostileAnswer(hostileCall *call)
{
    g_autoptr(GByteArray) reply = g_byte_array_new();
    g_autoptr(GByteArray) results = g_byte_array_new();
    gboolean chosen;

    call->out = results;
    chosen = hostileFillIn(call);
    hostilePut(reply, call->xid);
    hostilePut(reply, 1);
    hostilePut(reply, 0);
    hostilePut64(reply, 0);         /* no verifier */
    hostilePut(reply, 0);
    g_byte_array_append(reply, results->data, results->len);
    if (chosen && hostileChosen->send)
        hostileChosen->send(call, reply);
    else
        hostileSendFrame(call, reply);
}

static gboolean
hostileRead(int fd, void *data, gsize length)
{
    return recv(fd, data, length, MSG_WAITALL) == (gssize) length;
}

static void *
hostileServeConnection(void *opaque)
{
    g_autofree guint8 *frame = g_malloc(HOSTILE_CALL_MAX);
    int fd = GPOINTER_TO_INT(opaque);
    guint32 mark;

    while (hostileRead(fd, &mark, sizeof(mark))) {
        gsize length = ntohl(mark) & ~HOSTILE_LAST;
        hostileCall call = { .fd = fd, .args = frame, .left = length };

        if (length > HOSTILE_CALL_MAX || !hostileRead(fd, frame, length))
            break;
        call.xid = hostileGet(&call);
        hostileSkip(&call, 8);      /* direction, version of RPC */
        call.program = hostileGet(&call);
        call.version = hostileGet(&call);
        call.procedure = hostileGet(&call);
        for (gsize i = 0; i < 2; i++) {     /* credentials, verifier */
            hostileGet(&call);
            hostileSkip(&call, ((gsize) hostileGet(&call) + 3) & ~(gsize) 3);
        }
        hostileAnswer(&call);
    }
    close(fd);
    return NULL;
}

static int
hostileListen(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *) &address, size) < 0 || listen(fd, 64) < 0 ||
        getsockname(fd, (struct sockaddr *) &address, &size) < 0)
        g_error("no port to listen at");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

void
nfsHostileServe(const char *behaviour)
{
    int fd;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (gsize i = 0; i < G_N_ELEMENTS(hostileBehaviours); i++) {
        if (g_str_equal(hostileBehaviours[i].name, behaviour))
            hostileChosen = &hostileBehaviours[i];
    }
    if (!hostileChosen)
        g_error("no behaviour is called '%s'", behaviour);
    fd = hostileListen();
    for (;;) {
        int client = accept(fd, NULL, NULL);

        if (client >= 0)
            g_thread_unref(g_thread_new("connection", hostileServeConnection, GINT_TO_POINTER(client)));
    }
}
