/*
 * fuzz-message.c: one frame of RPC
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says what the payload is taken for, the others are the frame.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virerror.h"
#include "virnetmessage.h"

static void
fuzzLength(const GByteArray *frame)
{
    size_t length = 7;

    if (frame->len < VIR_NET_MESSAGE_LEN_MAX)
        return;
    if (virNetMessageDecodeLength(frame->data, &length) < 0) {
        g_assert_cmpuint(length, ==, 7);
        fuzzAssertError(VIR_ERR_RPC);
        return;
    }
    g_assert_cmpuint(length, >=, VIR_NET_MESSAGE_MIN);
    g_assert_cmpuint(length, <=, VIR_NET_MESSAGE_MAX);
}

/* What an error says is taken for the text of another; it comes back. */
static void
fuzzErrorReply(const virNetMessageHeader *call, const virNetMessageError *error)
{
    const char *text = error->message && *error->message ? *error->message : "";
    g_autoptr(GByteArray) reply = virNetMessageEncodeError(call, error->domain, error->code, text);
    virNetMessageHeader header;
    virNetMessageError again = { 0 };

    g_assert_cmpint(virNetMessageDecodeHeader(reply, &header), ==, 0);
    g_assert_cmpuint(header.serial, ==, call->serial);
    g_assert_cmpint(header.type, ==, VIR_NET_REPLY);
    g_assert_cmpint(header.status, ==, VIR_NET_ERROR);
    g_assert_cmpint(virNetMessageDecodePayload(reply, (xdrproc_t) xdr_virNetMessageError, &again), ==, 0);
    g_assert_cmpint(again.code, ==, error->code);
    g_assert_cmpint(again.domain, ==, error->domain);
    g_assert_true(again.message && g_str_has_prefix(text, *again.message));
    xdr_free((xdrproc_t) xdr_virNetMessageError, (char *) &again);
}

static void
fuzzError(const GByteArray *frame, const virNetMessageHeader *header)
{
    virNetMessageError error = { 0 };
    static const virNetMessageError nothing;

    if (virNetMessageDecodePayload(frame, (xdrproc_t) xdr_virNetMessageError, &error) < 0) {
        g_assert_true(error.message == nothing.message && error.dom == nothing.dom &&
                      error.str1 == nothing.str1 && error.net == nothing.net);
        fuzzAssertError(VIR_ERR_RPC);
        return;
    }
    fuzzErrorReply(header, &error);
    xdr_free((xdrproc_t) xdr_virNetMessageError, (char *) &error);
}

/* A frame without a payload is its header; it is encoded as it came. */
static void
fuzzNothing(const GByteArray *frame, const virNetMessageHeader *header)
{
    g_autoptr(GByteArray) again = NULL;

    if (virNetMessageDecodePayload(frame, NULL, NULL) < 0) {
        g_assert_cmpuint(frame->len, >, VIR_NET_MESSAGE_MIN);
        fuzzAssertError(VIR_ERR_RPC);
        return;
    }
    again = virNetMessageEncode(header, NULL, NULL);
    g_assert_nonnull(again);
    g_assert_cmpmem(again->data, again->len, frame->data, frame->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    virNetMessageHeader header;

    if (size < 1)
        return 0;
    g_byte_array_append(frame, data + 1, size - 1);
    fuzzLength(frame);
    if (virNetMessageDecodeHeader(frame, &header) < 0)
        fuzzAssertError(VIR_ERR_RPC);
    else if (data[0] % 2)
        fuzzError(frame, &header);
    else
        fuzzNothing(frame, &header);
    return 0;
}
