/*
 * fuzz-protocol.c: bodies of the calls that virtleased answers, and of its answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "fuzz-body.h"
#include "lease_protocol.h"

/* Arguments and results: corpus/ counts on their order. */
static const fuzzBodyType fuzzTypes[] = {
    { (xdrproc_t) xdr_virLeaseProtocolRegisterArgs, sizeof(virLeaseProtocolRegisterArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolAcquireArgs, sizeof(virLeaseProtocolAcquireArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolDetachArgs, sizeof(virLeaseProtocolDetachArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolSuspendArgs, sizeof(virLeaseProtocolSuspendArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolInquireArgs, sizeof(virLeaseProtocolInquireArgs) },
    { (xdrproc_t) xdr_virLeaseProtocolTokenRet, sizeof(virLeaseProtocolTokenRet) },
    { (xdrproc_t) xdr_virLeaseProtocolStatusRet, sizeof(virLeaseProtocolStatusRet) },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    virNetMessageHeader header = { .prog = VIR_LEASE_PROTOCOL_PROGRAM, .vers = VIR_LEASE_PROTOCOL_VERSION };

    fuzzBody(&header, fuzzTypes, G_N_ELEMENTS(fuzzTypes), data, size);
    return 0;
}
