/*
 * virnetmessage.h: frames of libvirt's RPC, to and from bytes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Functions without state, for any thread and for a forked child. A frame
 * here is always whole: length, header, payload (docs/internals/rpc.rst).
 */
#pragma once

#include <glib.h>

#include "virnetprotocol.h"

/* No frame longer than this is sent or taken. */
#define VIR_NET_MESSAGE_MAX ((size_t) 4 * 1024 * 1024)
/* The shortest frame: one without a payload. */
#define VIR_NET_MESSAGE_MIN \
    ((size_t) VIR_NET_MESSAGE_LEN_MAX + VIR_NET_MESSAGE_HEADER_MAX)

/**
 * virNetMessageEncode:
 * @header: what the frame begins with
 * @filter: XDR function of @payload's type; NULL: no payload
 * @payload: what follows the header; not changed
 *
 * Returns the frame, to be freed by the caller, or NULL with VIR_ERR_RPC
 * reported if it would be too long, or @payload can't be encoded (a string
 * that is NULL, or longer than its type allows).
 */
GByteArray *virNetMessageEncode(const virNetMessageHeader *header,
                                xdrproc_t filter,
                                void *payload) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virNetMessageEncodeError:
 * @call: header of the call that failed
 * @domain: a virErrorDomain
 * @code: a virErrorNumber
 * @message: a whole sentence, translated
 *
 * Makes the reply to @call that says why it failed. A @message too long for a
 * frame is cut.
 *
 * Returns the frame, to be freed by the caller. Never fails.
 */
GByteArray *virNetMessageEncodeError(const virNetMessageHeader *call,
                                     int domain,
                                     int code,
                                     const char *message) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virNetMessageDecodeLength:
 * @bytes: the first VIR_NET_MESSAGE_LEN_MAX bytes of a frame
 * @length: to be set to the length of the whole frame
 *
 * Returns 0, or -1 with VIR_ERR_RPC reported if a frame can't be that short,
 * or may not be that long; the stream of bytes is then of no further use.
 */
int virNetMessageDecodeLength(const guint8 *bytes,
                              size_t *length) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virNetMessageDecodeHeader:
 * @frame: a frame whose first bytes virNetMessageDecodeLength() accepted
 * @header: to be set
 *
 * Looks at the form only: any number is accepted in any field.
 *
 * Returns 0, or -1 with VIR_ERR_RPC reported if @frame is not as long as it says.
 */
int virNetMessageDecodeHeader(const GByteArray *frame,
                              virNetMessageHeader *header) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virNetMessageDecodePayload:
 * @frame: a frame with a header
 * @filter: XDR function of the payload's type; NULL: there must be none
 * @payload: to be set; all zero bytes before
 *
 * Free what @payload points to with xdr_free(@filter, @payload). Frees it
 * itself on failure, and leaves zero pointers.
 *
 * Returns 0, or -1 with VIR_ERR_RPC reported if the payload is not of that
 * type, or goes on after it.
 */
int virNetMessageDecodePayload(const GByteArray *frame,
                               xdrproc_t filter,
                               void *payload) G_GNUC_WARN_UNUSED_RESULT;
