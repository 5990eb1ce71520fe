/*
 * virleasetarget.c: what an entry's link target says to people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virleasetarget.h"
#include "virleasestore.h"

/* Bytes that the encoded values of one word may take. With the keys and commas
 * they sum up to less than VIR_LEASE_STORE_TARGET_MAX. */
#define VIR_LEASE_TARGET_HOST_MAX 180
#define VIR_LEASE_TARGET_GUEST_MAX 220
#define VIR_LEASE_TARGET_UUID_MAX 36
#define VIR_LEASE_TARGET_PATH_MAX 250
#define VIR_LEASE_TARGET_RESOURCE_MAX 250

#define VIR_LEASE_TARGET_CUT "..."

void
virLeaseTargetFree(virLeaseTarget *target)
{
    if (!target)
        return;
    g_free(target->host);
    g_free(target->guest);
    g_free(target->uuid);
    g_free(target->resource);
    g_free(target->path);
    g_free(target);
}

static gboolean
virLeaseTargetIsPlain(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("-._~:@+/", c));
}

/* How many bytes the character at @p has: one for what is no UTF-8. */
static gsize
virLeaseTargetCharLength(const char *p)
{
    if (g_utf8_get_char_validated(p, -1) > 0x10ffff)
        return 1;
    return (gsize) (g_utf8_next_char(p) - p);
}

static void
virLeaseTargetEncodeChar(GString *out, const char *p, gsize length)
{
    gsize i;

    for (i = 0; i < length; i++) {
        if (virLeaseTargetIsPlain(p[i]))
            g_string_append_c(out, p[i]);
        else
            g_string_append_printf(out, "%%%02x", (unsigned char) p[i]);
    }
}

/* Appends ",key=value" with no more than @max bytes of value, and never half a
 * character. */
static void
virLeaseTargetAddWord(GString *out, const char *key, const char *value, gsize max)
{
    gsize begin;
    gsize cut;      /* where to cut so that the sign for it still fits */

    if (!value || !*value)
        return;
    if (out->len)
        g_string_append_c(out, ',');
    g_string_append_printf(out, "%s=", key);

    begin = cut = out->len;
    while (*value) {
        gsize length = virLeaseTargetCharLength(value);

        virLeaseTargetEncodeChar(out, value, length);
        value += length;
        if (out->len - begin > max) {
            g_string_truncate(out, cut);
            g_string_append(out, VIR_LEASE_TARGET_CUT);
            return;
        }
        if (out->len - begin + strlen(VIR_LEASE_TARGET_CUT) <= max)
            cut = out->len;
    }
}

static char *
virLeaseTargetFormatTime(gint64 since)
{
    g_autoptr(GDateTime) when = since > 0 ? g_date_time_new_from_unix_utc(since) : NULL;

    return when ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

char *
virLeaseTargetFormat(const virLeaseTarget *target)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autofree char *since = virLeaseTargetFormatTime(target->since);

    virLeaseTargetAddWord(out, "host", target->host, VIR_LEASE_TARGET_HOST_MAX);
    virLeaseTargetAddWord(out, "guest", target->guest, VIR_LEASE_TARGET_GUEST_MAX);
    virLeaseTargetAddWord(out, "uuid", target->uuid, VIR_LEASE_TARGET_UUID_MAX);
    if (target->pid > 0)
        g_string_append_printf(out, "%spid=%" G_GINT64_FORMAT, out->len ? "," : "", target->pid);
    if (since)
        g_string_append_printf(out, "%ssince=%s", out->len ? "," : "", since);
    virLeaseTargetAddWord(out, "path", target->path, VIR_LEASE_TARGET_PATH_MAX);
    virLeaseTargetAddWord(out, "resource", target->resource, VIR_LEASE_TARGET_RESOURCE_MAX);

    g_assert(out->len <= VIR_LEASE_STORE_TARGET_MAX);
    return g_strdup(out->str);
}

/* Undoes %NN; what only looks like it stays. A NUL ends the value. */
static char *
virLeaseTargetDecode(const char *value)
{
    g_autoptr(GString) out = g_string_new(NULL);

    while (*value) {
        char c = *value++;

        if (c == '%' && g_ascii_isxdigit(value[0]) && g_ascii_isxdigit(value[1])) {
            c = (char) (g_ascii_xdigit_value(value[0]) * 16 + g_ascii_xdigit_value(value[1]));
            value += 2;
        }
        if (!c)
            break;
        g_string_append_c(out, c);
    }
    return virLeaseTargetPrintable(out->str);
}

/* The decoded value of the first word with @key, or an empty string. */
static char *
virLeaseTargetFind(char **words, const char *key)
{
    gsize length = strlen(key);
    gsize i;

    for (i = 0; words[i]; i++) {
        if (strncmp(words[i], key, length) == 0 && words[i][length] == '=')
            return virLeaseTargetDecode(words[i] + length + 1);
    }
    return g_strdup("");
}

static char *
virLeaseTargetFindUUID(char **words)
{
    g_autofree char *value = virLeaseTargetFind(words, "uuid");
    g_autofree char *lower = g_ascii_strdown(value, -1);

    return g_strdup(g_uuid_string_is_valid(lower) ? lower : "");
}

static gint64
virLeaseTargetFindPid(char **words)
{
    g_autofree char *value = virLeaseTargetFind(words, "pid");
    gint64 pid;

    if (!g_ascii_string_to_signed(value, 10, 1, G_MAXINT32, &pid, NULL))
        return 0;
    return pid;
}

static gint64
virLeaseTargetFindSince(char **words)
{
    g_autofree char *value = virLeaseTargetFind(words, "since");
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(value, NULL);

    return when ? MAX(g_date_time_to_unix(when), 0) : 0;
}

virLeaseTarget *
virLeaseTargetParse(const char *text)
{
    virLeaseTarget *target = g_new0(virLeaseTarget, 1);
    g_autofree char *bounded = g_strndup(text, VIR_LEASE_STORE_TARGET_MAX);
    g_auto(GStrv) words = g_strsplit(bounded, ",", -1);

    target->host = virLeaseTargetFind(words, "host");
    target->guest = virLeaseTargetFind(words, "guest");
    target->uuid = virLeaseTargetFindUUID(words);
    target->resource = virLeaseTargetFind(words, "resource");
    target->path = virLeaseTargetFind(words, "path");
    target->pid = virLeaseTargetFindPid(words);
    target->since = virLeaseTargetFindSince(words);
    return target;
}

/* Control characters, but also what turns the direction of writing around or
 * breaks lines: it could make one name look like another. */
static gboolean
virLeaseTargetCharPrints(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return g_unichar_isprint(c) &&
           type != G_UNICODE_LINE_SEPARATOR &&
           type != G_UNICODE_PARAGRAPH_SEPARATOR &&
           type != G_UNICODE_PRIVATE_USE;
}

char *
virLeaseTargetPrintable(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);

    while (*text) {
        gunichar c = g_utf8_get_char_validated(text, -1);
        gsize length = virLeaseTargetCharLength(text);
        gsize i;

        if (c <= 0x10ffff && virLeaseTargetCharPrints(c)) {
            g_string_append_len(out, text, (gssize) length);
        } else {
            for (i = 0; i < length; i++)
                g_string_append_printf(out, "\\x%02x", (unsigned char) text[i]);
        }
        text += length;
    }
    return g_strdup(out->str);
}
