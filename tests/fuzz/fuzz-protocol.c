/*
 * fuzz-protocol.c: bodies of the calls that virtleased answers, and of its answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The first byte says which type the others are taken for.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "lease_protocol.h"
#include "virerror.h"
#include "virnetmessage.h"

/* Arguments and results, by the size of their type. */
static const struct {
    xdrproc_t filter;
    size_t size;
} fuzzTypes[] = {
    { (xdrproc_t) xdr_virLeaseProtocolRegisterArgs, sizeof(virLeaseProtocolRegisterArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolAcquireArgs, sizeof(virLeaseProtocolAcquireArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolDetachArgs, sizeof(virLeaseProtocolDetachArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolSuspendArgs, sizeof(virLeaseProtocolSuspendArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolInquireArgs, sizeof(virLeaseProtocolInquireArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolTokenRet, sizeof(virLeaseProtocolTokenRet) },
    { (xdrproc_t) xdr_virLeaseProtocolStatusRet, sizeof(virLeaseProtocolStatusRet) },
};

/* A frame around @data, whatever it is. */
static GByteArray *
fuzzFrame(const uint8_t *data, size_t size)
{
    virNetMessageHeader header = { .prog = VIR_LEASE_PROTOCOL_PROGRAM, .vers = VIR_LEASE_PROTOCOL_VERSION };
    GByteArray *frame = virNetMessageEncode(&header, NULL, NULL);

    g_assert_nonnull(frame);
    g_byte_array_append(frame, data, size);
    return frame;
}

/* Returns @frame's body encoded anew, or NULL if it is none of that type. */
static GByteArray *
fuzzAgain(const GByteArray *frame, xdrproc_t filter, size_t size)
{
    virNetMessageHeader header = { .prog = VIR_LEASE_PROTOCOL_PROGRAM, .vers = VIR_LEASE_PROTOCOL_VERSION };
    g_autofree char *body = g_malloc0(size);
    GByteArray *again;

    if (virNetMessageDecodePayload(frame, filter, body) < 0) {
        fuzzAssertError(VIR_ERR_RPC);
        return NULL;
    }
    again = virNetMessageEncode(&header, filter, body);
    g_assert_nonnull(again);
    xdr_free(filter, body);
    return again;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) frame = NULL;
    g_autoptr(GByteArray) once = NULL;
    g_autoptr(GByteArray) twice = NULL;
    size_t i;

    if (size < 1)
        return 0;
    i = data[0] % G_N_ELEMENTS(fuzzTypes);
    frame = fuzzFrame(data + 1, size - 1);
    once = fuzzAgain(frame, fuzzTypes[i].filter, fuzzTypes[i].size);
    if (!once)
        return 0;
    /* A string may have had a NUL in it, which ends it. */
    g_assert_cmpuint(once->len, <=, frame->len);
    twice = fuzzAgain(once, fuzzTypes[i].filter, fuzzTypes[i].size);
    g_assert_nonnull(twice);
    g_assert_cmpmem(twice->data, twice->len, once->data, once->len);
    return 0;
}
