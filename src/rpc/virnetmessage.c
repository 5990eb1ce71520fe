/*
 * virnetmessage.c: frames of libvirt's RPC, to and from bytes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virnetmessage.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_RPC

/* Of the text of an error that is sent: far more than anyone reads. */
#define VIR_NET_MESSAGE_TEXT_MAX 65536

/* For no payload. libtirpc's xdr_void() is of another type than it is called with. */
static bool_t
virNetMessageNothing(XDR *xdr G_GNUC_UNUSED, void *payload G_GNUC_UNUSED)
{
    return TRUE;
}

static xdrproc_t
virNetMessageFilter(xdrproc_t filter)
{
    return filter ? filter : (xdrproc_t) virNetMessageNothing;
}

static void
virNetMessageStoreLength(guint8 *bytes, size_t length)
{
    guint32 big = GUINT32_TO_BE((guint32) length);

    memcpy(bytes, &big, sizeof(big));
}

static size_t
virNetMessageFetchLength(const guint8 *bytes)
{
    guint32 big;

    memcpy(&big, bytes, sizeof(big));
    return GUINT32_FROM_BE(big);
}

static gboolean
virNetMessageEncodeBody(GByteArray *frame,
                        const virNetMessageHeader *header,
                        xdrproc_t filter,
                        void *payload)
{
    virNetMessageHeader copy = *header;
    gboolean ok;
    XDR xdr;

    xdrmem_create(&xdr, (char *) frame->data + VIR_NET_MESSAGE_LEN_MAX,
                  frame->len - VIR_NET_MESSAGE_LEN_MAX, XDR_ENCODE);
    ok = xdr_virNetMessageHeader(&xdr, &copy) && filter(&xdr, payload);
    ok = ok && xdr_getpos(&xdr) == frame->len - VIR_NET_MESSAGE_LEN_MAX;
    xdr_destroy(&xdr);
    return ok;
}

GByteArray *
virNetMessageEncode(const virNetMessageHeader *header,
                    xdrproc_t filter,
                    void *payload)
{
    xdrproc_t used = virNetMessageFilter(filter);
    /* 0 for a payload that can't be encoded: the second pass finds that out. */
    size_t length = VIR_NET_MESSAGE_MIN + xdr_sizeof(used, payload);
    g_autoptr(GByteArray) frame = NULL;

    if (length > VIR_NET_MESSAGE_MAX) {
        virReportError(VIR_ERR_RPC,
                       _("a message of %1$zu bytes is too long, at most %2$zu can be sent"),
                       length, VIR_NET_MESSAGE_MAX);
        return NULL;
    }

    frame = g_byte_array_sized_new(length);
    g_byte_array_set_size(frame, length);
    virNetMessageStoreLength(frame->data, length);
    if (!virNetMessageEncodeBody(frame, header, used, payload)) {
        virReportError(VIR_ERR_RPC,
                       _("the contents of a message of program 0x%1$x procedure %2$d cannot be encoded"),
                       header->prog, header->proc);
        return NULL;
    }
    return g_steal_pointer(&frame);
}

/* A copy of @text that fits, and ends with a whole character. */
static char *
virNetMessageCutText(const char *text)
{
    size_t length = strnlen(text, VIR_NET_MESSAGE_TEXT_MAX + 1);

    if (length > VIR_NET_MESSAGE_TEXT_MAX) {
        length = VIR_NET_MESSAGE_TEXT_MAX;
        while (length > 0 && ((guchar) text[length] & 0xc0) == 0x80)
            length--;
    }
    return g_strndup(text, length);
}

GByteArray *
virNetMessageEncodeError(const virNetMessageHeader *call,
                         int domain,
                         int code,
                         const char *message)
{
    g_autofree char *text = virNetMessageCutText(message);
    virNetMessageHeader header = *call;
    virNetMessageError error = {
        .code = code,
        .domain = domain,
        .message = &text,
        .level = VIR_ERR_ERROR,
    };
    GByteArray *frame;

    header.type = VIR_NET_REPLY;
    header.status = VIR_NET_ERROR;
    frame = virNetMessageEncode(&header, (xdrproc_t) xdr_virNetMessageError, &error);
    g_assert(frame != NULL);
    return frame;
}

int
virNetMessageDecodeLength(const guint8 *bytes, size_t *length)
{
    size_t value = virNetMessageFetchLength(bytes);

    if (value < VIR_NET_MESSAGE_MIN || value > VIR_NET_MESSAGE_MAX) {
        virReportError(VIR_ERR_RPC,
                       _("received a message with length %1$zu, which is not within %2$zu and %3$zu"),
                       value, VIR_NET_MESSAGE_MIN, VIR_NET_MESSAGE_MAX);
        return -1;
    }
    *length = value;
    return 0;
}

int
virNetMessageDecodeHeader(const GByteArray *frame, virNetMessageHeader *header)
{
    virNetMessageHeader value = { 0 };
    gboolean ok;
    XDR xdr;

    if (frame->len < VIR_NET_MESSAGE_MIN ||
        virNetMessageFetchLength(frame->data) != frame->len) {
        virReportError(VIR_ERR_RPC, "%s", _("received a message that is not as long as it says"));
        return -1;
    }

    xdrmem_create(&xdr, (char *) frame->data + VIR_NET_MESSAGE_LEN_MAX,
                  VIR_NET_MESSAGE_HEADER_MAX, XDR_DECODE);
    ok = xdr_virNetMessageHeader(&xdr, &value);
    xdr_destroy(&xdr);
    g_assert(ok);       /* six numbers, any of them will do */
    *header = value;
    return 0;
}

int
virNetMessageDecodePayload(const GByteArray *frame,
                           xdrproc_t filter,
                           void *payload)
{
    xdrproc_t used = virNetMessageFilter(filter);
    u_int length = frame->len - (u_int) VIR_NET_MESSAGE_MIN;
    gboolean ok;
    XDR xdr;

    xdrmem_create(&xdr, (char *) frame->data + VIR_NET_MESSAGE_MIN, length, XDR_DECODE);
    ok = used(&xdr, payload) && xdr_getpos(&xdr) == length;
    xdr_destroy(&xdr);
    if (ok)
        return 0;

    xdr_free(used, payload);
    virReportError(VIR_ERR_RPC, "%s", _("received a message whose contents cannot be decoded"));
    return -1;
}
