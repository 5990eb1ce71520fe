/*
 * viruuid.c: UUIDs as text and as bytes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_NONE

int
virUUIDParse(const char *text, unsigned char *uuid)
{
    unsigned char raw[VIR_UUID_BUFLEN];
    const char *p = text;
    size_t i;

    for (i = 0; i < VIR_UUID_BUFLEN; i++) {
        if (i > 0 && *p == '-')
            p++;
        if (!g_ascii_isxdigit(p[0]) || !g_ascii_isxdigit(p[1]))
            break;
        raw[i] = (unsigned char) (g_ascii_xdigit_value(p[0]) << 4 |
                                  g_ascii_xdigit_value(p[1]));
        p += 2;
    }

    if (i < VIR_UUID_BUFLEN || *p) {
        virReportError(VIR_ERR_INVALID_ARG, _("'%1$s' is not a UUID"), text);
        return -1;
    }
    memcpy(uuid, raw, sizeof(raw));
    return 0;
}

const char *
virUUIDFormat(const unsigned char *uuid, char *text)
{
    static const char digits[] = "0123456789abcdef";
    char *p = text;
    size_t i;

    for (i = 0; i < VIR_UUID_BUFLEN; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = digits[uuid[i] >> 4];
        *p++ = digits[uuid[i] & 0xf];
    }
    *p = '\0';
    return text;
}
