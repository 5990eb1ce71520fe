/*
 * fuzz-lockprotocol.c: bodies of the calls that lockd.so makes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No call of that program has a result.
 */
#include <config.h>

#include "fuzz-body.h"
#include "lock_protocol.h"

/* By their numbers, less one: corpus/ counts on it. */
static const fuzzBodyType fuzzTypes[] = {
    { (xdrproc_t) xdr_virLockSpaceProtocolRegisterArgs, sizeof(virLockSpaceProtocolRegisterArgs) },
    { (xdrproc_t) xdr_virLockSpaceProtocolRestrictArgs, sizeof(virLockSpaceProtocolRestrictArgs) },
    { (xdrproc_t) xdr_virLockSpaceProtocolNewArgs, sizeof(virLockSpaceProtocolNewArgs) },
    { (xdrproc_t) xdr_virLockSpaceProtocolCreateResourceArgs, sizeof(virLockSpaceProtocolCreateResourceArgs) },
    { (xdrproc_t) xdr_virLockSpaceProtocolDeleteResourceArgs, sizeof(virLockSpaceProtocolDeleteResourceArgs) },
    { (xdrproc_t) xdr_virLockSpaceProtocolAcquireResourceArgs, sizeof(virLockSpaceProtocolAcquireResourceArgs) },
    { (xdrproc_t) xdr_virLockSpaceProtocolReleaseResourceArgs, sizeof(virLockSpaceProtocolReleaseResourceArgs) },
    { (xdrproc_t) xdr_virLockSpaceProtocolCreateLockSpaceArgs, sizeof(virLockSpaceProtocolCreateLockSpaceArgs) },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    virNetMessageHeader header = {
        .prog = VIR_LOCK_SPACE_PROTOCOL_PROGRAM, .vers = VIR_LOCK_SPACE_PROTOCOL_PROGRAM_VERSION,
    };

    fuzzBody(&header, fuzzTypes, G_N_ELEMENTS(fuzzTypes), data, size);
    return 0;
}
