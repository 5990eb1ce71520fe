/*
 * virjson.c: JSON text: what json-glib may be given, and how it is written
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

/* ---- writing ---- */

/* Between two members or two values, not behind a bracket or a name. */
static void
virJSONAppendComma(GString *json)
{
    if (json->len > 0 && !strchr("{[:", json->str[json->len - 1]))
        g_string_append_c(json, ',');
}

static gboolean
virJSONIsEscaped(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

void
virJSONAppendString(GString *json, const char *value)
{
    const char *begin;

    virJSONAppendComma(json);
    g_string_append_c(json, '"');
    for (begin = value; *value; value++) {
        if (!virJSONIsEscaped((unsigned char) *value))
            continue;
        g_string_append_len(json, begin, value - begin);
        g_string_append_printf(json, "\\u%04x", (unsigned char) *value);
        begin = value + 1;
    }
    g_string_append_len(json, begin, value - begin);
    g_string_append_c(json, '"');
}

void
virJSONAppendName(GString *json, const char *name)
{
    virJSONAppendString(json, name);
    g_string_append_c(json, ':');
}

void
virJSONAppendOpen(GString *json, char bracket)
{
    virJSONAppendComma(json);
    g_string_append_c(json, bracket);
}
