/*
 * virnetmessagetest.c: frames of libvirt's RPC, byte by byte
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "virnetmessage.h"

#define TEST_UUID "0123456789abcdef"

/* A string, sixteen bytes and a number: stands for any procedure's arguments. */
static const xdrproc_t testFilter = (xdrproc_t) xdr_virNetMessageNonnullDomain;

static const virNetMessageHeader testCall = {
    .prog = 0x0ea7beef, .vers = 1, .proc = 6, .type = VIR_NET_CALL, .serial = 258, .status = VIR_NET_OK,
};

static const guint8 testCallBytes[] = {
    0x00, 0x00, 0x00, 0x3c,     /* 60 bytes, these four among them */
    0x0e, 0xa7, 0xbe, 0xef,     /* program */
    0x00, 0x00, 0x00, 0x01,     /* version */
    0x00, 0x00, 0x00, 0x06,     /* procedure */
    0x00, 0x00, 0x00, 0x00,     /* a call */
    0x00, 0x00, 0x01, 0x02,     /* serial */
    0x00, 0x00, 0x00, 0x00,     /* status */
    0x00, 0x00, 0x00, 0x05, 'w', 'e', 'b', '0', '1', 0x00, 0x00, 0x00,
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    0xff, 0xff, 0xff, 0xff,
};

/* With every member that may be left out. */
static const guint8 testErrorBytes[] = {
    0x00, 0x00, 0x00, 0x90,     /* 144 bytes */
    0x0e, 0xa7, 0xbe, 0xef, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x06,
    0x00, 0x00, 0x00, 0x01,     /* a reply */
    0x00, 0x00, 0x01, 0x02,
    0x00, 0x00, 0x00, 0x01,     /* an error */
    0x00, 0x00, 0x00, 0x57,     /* code */
    0x00, 0x00, 0x00, 0x2a,     /* domain */
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x04, 'b', 'u', 's', 'y',
    0x00, 0x00, 0x00, 0x02,     /* level */
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 'd', 0x00, 0x00, 0x00,
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    0x00, 0x00, 0x00, 0x07,     /* the domain's id */
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, '1', 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00,     /* no str2 */
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00,
    0xff, 0xff, 0xff, 0xff,     /* int1 */
    0x00, 0x00, 0x00, 0x0a,     /* int2 */
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 'n', 'w', 0x00, 0x00,
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
};

static GByteArray *
testFrame(const guint8 *bytes, size_t length)
{
    return g_byte_array_append(g_byte_array_new(), bytes, length);
}

/* A frame whose length is set to what it is. */
static GByteArray *
testFrameSized(const guint8 *bytes, size_t length)
{
    GByteArray *frame = testFrame(bytes, length);
    guint32 big = GUINT32_TO_BE((guint32) length);

    memcpy(frame->data, &big, sizeof(big));
    return frame;
}

static void
testDecodeRefused(GByteArray *frame, xdrproc_t filter)
{
    union {
        virNetMessageNonnullDomain domain;
        virNetMessageError error;
    } payload = { 0 };
    virNetMessageHeader header;

    virResetLastError();
    if (virNetMessageDecodeHeader(frame, &header) == 0)
        g_assert_cmpint(virNetMessageDecodePayload(frame, filter, &payload), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
}

static void
testCallIsAsLibvirtSendsIt(void)
{
    virNetMessageNonnullDomain payload = { .name = (char *) "web01", .uuid = TEST_UUID, .id = -1 };
    g_autoptr(GByteArray) frame = virNetMessageEncode(&testCall, testFilter, &payload);

    g_assert_nonnull(frame);
    g_assert_cmpmem(frame->data, frame->len, testCallBytes, sizeof(testCallBytes));
}

static void
testCallIsUnderstood(void)
{
    g_autoptr(GByteArray) frame = testFrame(testCallBytes, sizeof(testCallBytes));
    virNetMessageNonnullDomain payload = { 0 };
    virNetMessageHeader header;
    size_t length;

    g_assert_cmpint(virNetMessageDecodeLength(testCallBytes, &length), ==, 0);
    g_assert_cmpuint(length, ==, sizeof(testCallBytes));
    g_assert_cmpint(virNetMessageDecodeHeader(frame, &header), ==, 0);
    g_assert_cmpmem(&header, sizeof(header), &testCall, sizeof(testCall));
    g_assert_cmpint(virNetMessageDecodePayload(frame, testFilter, &payload), ==, 0);
    g_assert_cmpstr(payload.name, ==, "web01");
    g_assert_cmpmem(payload.uuid, 16, TEST_UUID, 16);
    g_assert_cmpint(payload.id, ==, -1);
    xdr_free(testFilter, &payload);
}

static void
testFullErrorIsUnderstood(void)
{
    g_autoptr(GByteArray) frame = testFrame(testErrorBytes, sizeof(testErrorBytes));
    g_autoptr(GByteArray) again = NULL;
    virNetMessageError error = { 0 };
    virNetMessageHeader header;

    g_assert_cmpint(virNetMessageDecodeHeader(frame, &header), ==, 0);
    g_assert_cmpint(virNetMessageDecodePayload(frame, (xdrproc_t) xdr_virNetMessageError, &error), ==, 0);
    g_assert_cmpint(error.code, ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(error.domain, ==, VIR_FROM_LOCKING);
    g_assert_cmpstr(*error.message, ==, "busy");
    g_assert_cmpint(error.level, ==, VIR_ERR_ERROR);
    g_assert_cmpstr(error.dom->name, ==, "d");
    g_assert_cmpint(error.dom->id, ==, 7);
    g_assert_cmpstr(*error.str1, ==, "1");
    g_assert_null(error.str2);
    g_assert_cmpstr(*error.str3, ==, "");
    g_assert_cmpint(error.int1, ==, -1);
    g_assert_cmpint(error.int2, ==, 10);
    g_assert_cmpstr(error.net->name, ==, "nw");

    again = virNetMessageEncode(&header, (xdrproc_t) xdr_virNetMessageError, &error);
    g_assert_cmpmem(again->data, again->len, testErrorBytes, sizeof(testErrorBytes));
    xdr_free((xdrproc_t) xdr_virNetMessageError, &error);
}

static void
testOurErrorIsAReply(void)
{
    static const guint8 bytes[] = {
        0x00, 0x00, 0x00, 0x50,
        0x0e, 0xa7, 0xbe, 0xef, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x06,
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x01,
        0x00, 0x00, 0x00, 0x57, 0x00, 0x00, 0x00, 0x2a,
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 'n', 'o', 0x00, 0x00,
        0x00, 0x00, 0x00, 0x02,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00,
    };
    g_autoptr(GByteArray) frame =
        virNetMessageEncodeError(&testCall, VIR_FROM_LOCKING, VIR_ERR_RESOURCE_BUSY, "no");

    g_assert_cmpmem(frame->data, frame->len, bytes, sizeof(bytes));
}

static void
testLongErrorIsCutAtACharacter(void)
{
    g_autofree char *text = g_strnfill(70000 * 2, 'x');
    g_autoptr(GByteArray) frame = NULL;
    virNetMessageError error = { 0 };
    size_t i;

    /* Characters of two bytes, which begin at odd places. */
    for (i = 1; i + 1 < 70000 * 2; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);

    frame = virNetMessageEncodeError(&testCall, VIR_FROM_LOCKING, VIR_ERR_INTERNAL_ERROR, text);
    g_assert_cmpint(virNetMessageDecodePayload(frame, (xdrproc_t) xdr_virNetMessageError, &error), ==, 0);
    g_assert_cmpuint(strlen(*error.message), >, 60000);
    g_assert_cmpuint(strlen(*error.message), <, 70000);
    g_assert_true(g_utf8_validate(*error.message, -1, NULL));
    g_assert_true(g_str_has_prefix(text, *error.message));
    xdr_free((xdrproc_t) xdr_virNetMessageError, &error);
}

static void
testNoPayload(void)
{
    g_autoptr(GByteArray) frame = virNetMessageEncode(&testCall, NULL, NULL);
    g_autoptr(GByteArray) more = NULL;

    g_assert_cmpuint(frame->len, ==, VIR_NET_MESSAGE_MIN);
    g_assert_cmpmem(frame->data + 4, frame->len - 4, testCallBytes + 4, 24);
    g_assert_cmpint(virNetMessageDecodePayload(frame, NULL, NULL), ==, 0);

    more = testFrameSized(testCallBytes, sizeof(testCallBytes));
    testDecodeRefused(more, NULL);
}

static void
testHostileLengths(void)
{
    static const struct { guint32 length; gboolean ok; } cases[] = {
        { 0, FALSE }, { 3, FALSE }, { 4, FALSE }, { 27, FALSE }, { 28, TRUE },
        { VIR_NET_MESSAGE_MAX, TRUE }, { VIR_NET_MESSAGE_MAX + 1, FALSE },
        { 0x7fffffff, FALSE }, { 0x80000000, FALSE }, { 0xffffffff, FALSE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint32 big = GUINT32_TO_BE(cases[i].length);
        size_t length = 1;

        g_test_message("length %u", cases[i].length);
        virResetLastError();
        g_assert_cmpint(virNetMessageDecodeLength((guint8 *) &big, &length), ==, cases[i].ok ? 0 : -1);
        g_assert_cmpuint(length, ==, cases[i].ok ? cases[i].length : 1);
        g_assert_cmpint(virGetLastErrorCode(), ==, cases[i].ok ? VIR_ERR_OK : VIR_ERR_RPC);
    }
}

static void
testTruncatedFrames(void)
{
    size_t i;

    for (i = VIR_NET_MESSAGE_LEN_MAX; i < sizeof(testCallBytes); i++) {
        g_autoptr(GByteArray) lying = testFrame(testCallBytes, i);
        g_autoptr(GByteArray) sized = testFrameSized(testCallBytes, i);

        testDecodeRefused(lying, testFilter);
        testDecodeRefused(sized, testFilter);
    }
    for (i = VIR_NET_MESSAGE_MIN; i < sizeof(testErrorBytes); i++) {
        g_autoptr(GByteArray) sized = testFrameSized(testErrorBytes, i);

        testDecodeRefused(sized, (xdrproc_t) xdr_virNetMessageError);
    }
}

static void
testTrailingGarbage(void)
{
    g_autoptr(GByteArray) frame = testFrame(testCallBytes, sizeof(testCallBytes));
    g_autoptr(GByteArray) sized = NULL;

    g_byte_array_append(frame, (const guint8 *) "\0\0\0", 4);
    testDecodeRefused(frame, testFilter);
    sized = testFrameSized(frame->data, frame->len);
    testDecodeRefused(sized, testFilter);
}

static void
testHostileContents(void)
{
    g_autoptr(GByteArray) call = testFrame(testCallBytes, sizeof(testCallBytes));
    g_autoptr(GByteArray) error = testFrame(testErrorBytes, sizeof(testErrorBytes));

    memset(call->data + 28, 0xff, 4);   /* the name's length */
    testDecodeRefused(call, testFilter);
    memcpy(call->data + 28, "\x00\x40\x00\x01", 4);
    testDecodeRefused(call, testFilter);
    memcpy(call->data + 28, "\x00\x40\x00\x00", 4);
    testDecodeRefused(call, testFilter);
    memset(error->data + 120, 0x7f, 4); /* that of the network's name */
    testDecodeRefused(error, (xdrproc_t) xdr_virNetMessageError);
}

/* Whatever comes is taken or refused, and nothing leaks or is overrun. */
static void
testRandomChanges(void)
{
    int i;

    for (i = 0; i < 20000; i++) {
        g_autoptr(GByteArray) frame = testFrame(testErrorBytes, sizeof(testErrorBytes));
        virNetMessageError error = { 0 };
        int n;

        for (n = g_test_rand_int_range(1, 5); n > 0; n--)
            frame->data[g_test_rand_int_range(28, sizeof(testErrorBytes))] = g_test_rand_int_range(0, 256);
        if (virNetMessageDecodePayload(frame, (xdrproc_t) xdr_virNetMessageError, &error) == 0)
            xdr_free((xdrproc_t) xdr_virNetMessageError, &error);
        g_assert_null(error.message);
        g_assert_null(error.dom);
        g_assert_null(error.net);
    }
}

static void
testWhatCannotBeSent(void)
{
    g_autofree char *tooLong = g_strnfill(VIR_NET_MESSAGE_STRING_MAX + 1, 'x');
    g_autofree char *fits = g_strnfill(VIR_NET_MESSAGE_MAX - VIR_NET_MESSAGE_MIN - 24, 'x');
    g_autofree char *tooMuch = g_strconcat(fits, "x", NULL);
    const char *names[] = {
        tooLong, tooMuch,
#ifndef __SANITIZE_ADDRESS__    /* its own xdr_string() takes no NULL */
        NULL,
#endif
    };
    virNetMessageNonnullDomain payload = { .name = fits };
    g_autoptr(GByteArray) frame = virNetMessageEncode(&testCall, testFilter, &payload);
    size_t i;

    g_assert_nonnull(frame);
    g_assert_cmpuint(frame->len, ==, VIR_NET_MESSAGE_MAX);

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        payload.name = (char *) names[i];
        virResetLastError();
        g_assert_null(virNetMessageEncode(&testCall, testFilter, &payload));
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/rpc/message/call-is-as-libvirt-sends-it", testCallIsAsLibvirtSendsIt);
    g_test_add_func("/rpc/message/call-is-understood", testCallIsUnderstood);
    g_test_add_func("/rpc/message/full-error-is-understood", testFullErrorIsUnderstood);
    g_test_add_func("/rpc/message/our-error-is-a-reply", testOurErrorIsAReply);
    g_test_add_func("/rpc/message/long-error-is-cut-at-a-character", testLongErrorIsCutAtACharacter);
    g_test_add_func("/rpc/message/no-payload", testNoPayload);
    g_test_add_func("/rpc/message/hostile-lengths", testHostileLengths);
    g_test_add_func("/rpc/message/truncated-frames", testTruncatedFrames);
    g_test_add_func("/rpc/message/trailing-garbage", testTrailingGarbage);
    g_test_add_func("/rpc/message/hostile-contents", testHostileContents);
    g_test_add_func("/rpc/message/random-changes", testRandomChanges);
    g_test_add_func("/rpc/message/what-cannot-be-sent", testWhatCannotBeSent);

    return g_test_run();
}
