/*
 * fuzz-body.c: the bodies of one program's calls and answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "fuzz-body.h"
#include "virerror.h"

/* A frame around @data, whatever it is. */
static GByteArray *
fuzzBodyFrame(const virNetMessageHeader *header, const uint8_t *data, size_t size)
{
    GByteArray *frame = virNetMessageEncode(header, NULL, NULL);

    g_assert_nonnull(frame);
    g_byte_array_append(frame, data, size);
    return frame;
}

/* Returns @frame's body encoded anew, or NULL if it is none of that type. */
static GByteArray *
fuzzBodyAgain(const virNetMessageHeader *header, const GByteArray *frame, const fuzzBodyType *type)
{
    g_autofree char *body = g_malloc0(type->size);
    GByteArray *again;

    if (virNetMessageDecodePayload(frame, type->filter, body) < 0) {
        fuzzAssertError(VIR_ERR_RPC);
        return NULL;
    }
    again = virNetMessageEncode(header, type->filter, body);
    g_assert_nonnull(again);
    xdr_free(type->filter, body);
    return again;
}

/* A body that is longer or shorter than what it says is refused. */
static void
fuzzBodyAssertExact(const virNetMessageHeader *header, GByteArray *frame, const fuzzBodyType *type)
{
    static const guint8 more[4];

    g_byte_array_append(frame, more, sizeof(more));
    g_assert_null(fuzzBodyAgain(header, frame, type));
    g_byte_array_set_size(frame, frame->len - sizeof(more) - 1);
    g_assert_null(fuzzBodyAgain(header, frame, type));
}

void
fuzzBody(const virNetMessageHeader *header,
         const fuzzBodyType *types,
         size_t ntypes,
         const uint8_t *data,
         size_t size)
{
    g_autoptr(GByteArray) frame = NULL;
    g_autoptr(GByteArray) once = NULL;
    g_autoptr(GByteArray) twice = NULL;
    const fuzzBodyType *type;

    if (size < 1)
        return;
    type = &types[data[0] % ntypes];
    frame = fuzzBodyFrame(header, data + 1, size - 1);
    once = fuzzBodyAgain(header, frame, type);
    if (!once)
        return;
    /* A string may have had a NUL in it, which ends it. */
    g_assert_cmpuint(once->len, <=, frame->len);
    twice = fuzzBodyAgain(header, once, type);
    g_assert_nonnull(twice);
    g_assert_cmpmem(twice->data, twice->len, once->data, once->len);
    fuzzBodyAssertExact(header, twice, type);
}
