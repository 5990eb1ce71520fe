/*
 * virjson.c: what JSON text json-glib may be given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virjson.h"

/* Four hex digits that stand for one character: no NUL, no half of a pair. */
static gboolean
virJSONIsCharacter(const char *digits)
{
    guint code = 0;
    int i;

    for (i = 0; i < 4; i++) {
        if (!g_ascii_isxdigit(digits[i]))
            return FALSE;
        code = code * 16 + (guint) g_ascii_xdigit_value(digits[i]);
    }
    return code != 0 && (code < 0xd800 || code > 0xdfff);
}

/* Returns what follows the string at @p, or NULL if it is not plain. */
static const char *
virJSONSkipString(const char *p)
{
    for (p++; *p != '"'; p++) {
        if (!*p)
            return NULL;
        if (*p != '\\')
            continue;
        p++;
        if (*p == 'u' && virJSONIsCharacter(p + 1))
            p += 4;
        else if (!*p || !strchr("\"\\/bfnrt", *p))
            return NULL;
    }
    return p + 1;
}

gboolean
virJSONIsPlain(const char *text)
{
    int depth = 0;
    const char *p = text;

    while (p && *p) {
        if (*p == '"') {
            p = virJSONSkipString(p);
            continue;
        }
        if (!g_ascii_isalnum(*p) && !strchr("{}[]:,+-. \t\r\n", *p))
            return FALSE;
        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        if (depth < 0 || depth > VIR_JSON_DEPTH_MAX)
            return FALSE;
        p++;
    }
    return p != NULL;
}
