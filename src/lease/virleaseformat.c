/*
 * virleaseformat.c: what a lockspace says of itself, in the link "format"
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virleaseformat.h"
#include "virleasetarget.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LEASE_FORMAT_MAGIC "virtlease="

char *
virLeaseFormatString(const virLeaseFormat *format)
{
    g_assert(format->length >= VIR_LEASE_FORMAT_LENGTH_MIN &&
             format->length <= VIR_LEASE_FORMAT_LENGTH_MAX &&
             format->length % VIR_LEASE_MILLISECOND == 0);
    g_assert(format->shards >= 1 && format->shards <= VIR_LEASE_FORMAT_SHARDS_MAX);
    g_assert(virLeaseNameIsHex(format->id, VIR_LEASE_SID_LEN));

    return g_strdup_printf(VIR_LEASE_FORMAT_MAGIC "%u,lease_ms=%" G_GINT64_FORMAT ",shards=%u,id=%s",
                           VIR_LEASE_FORMAT_VERSION,
                           format->length / VIR_LEASE_MILLISECOND,
                           format->shards, format->id);
}

/* The number behind @key in @word, in plain digits without leading zeros. */
static gboolean
virLeaseFormatReadNumber(const char *word,
                         const char *key,
                         guint64 min,
                         guint64 max,
                         guint64 *value)
{
    if (!word || !g_str_has_prefix(word, key))
        return FALSE;
    word += strlen(key);
    return *word != '0' && g_ascii_string_to_unsigned(word, 10, min, max, value, NULL);
}

static gboolean
virLeaseFormatReadID(const char *word, char *id)
{
    if (!word || !g_str_has_prefix(word, "id=") ||
        !virLeaseNameIsHex(word + strlen("id="), VIR_LEASE_SID_LEN))
        return FALSE;
    memcpy(id, word + strlen("id="), VIR_LEASE_SID_LEN + 1);
    return TRUE;
}

/* @words behind the version */
static gboolean
virLeaseFormatReadWords(char **words, virLeaseFormat *format)
{
    guint64 length;
    guint64 shards;

    if (g_strv_length(words) != 3 ||
        !virLeaseFormatReadNumber(words[0], "lease_ms=",
                                  VIR_LEASE_FORMAT_LENGTH_MIN / VIR_LEASE_MILLISECOND,
                                  VIR_LEASE_FORMAT_LENGTH_MAX / VIR_LEASE_MILLISECOND, &length) ||
        !virLeaseFormatReadNumber(words[1], "shards=", 1, VIR_LEASE_FORMAT_SHARDS_MAX, &shards) ||
        !virLeaseFormatReadID(words[2], format->id))
        return FALSE;

    format->version = VIR_LEASE_FORMAT_VERSION;
    format->length = (virLeaseSpan) length * VIR_LEASE_MILLISECOND;
    format->shards = (unsigned) shards;
    return TRUE;
}

int
virLeaseFormatParse(const char *target, virLeaseFormat *format)
{
    g_autofree char *shown = virLeaseTargetPrintable(target);
    g_auto(GStrv) words = g_strsplit(target, ",", 8);
    virLeaseFormat read = { 0 };
    guint64 version;

    if (!g_str_has_prefix(target, VIR_LEASE_FORMAT_MAGIC)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("the directory is not a lockspace of virtlease: its link 'format' says '%1$s'"),
                       shown);
        return -1;
    }
    if (!virLeaseFormatReadNumber(words[0], VIR_LEASE_FORMAT_MAGIC, 1, G_MAXUINT, &version)) {
        virReportError(VIR_ERR_PARSE_FAILED,
                       _("the lockspace is damaged: its link 'format' says '%1$s'"), shown);
        return -1;
    }
    if (version > VIR_LEASE_FORMAT_VERSION) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("the lockspace has format version %1$llu, this virtlease knows versions up to %2$d: update virtlease on this host"),
                       (unsigned long long) version, VIR_LEASE_FORMAT_VERSION);
        return -1;
    }
    if (!virLeaseFormatReadWords(words + 1, &read)) {
        virReportError(VIR_ERR_PARSE_FAILED,
                       _("the lockspace is damaged: its link 'format' says '%1$s'"), shown);
        return -1;
    }
    *format = read;
    return 0;
}
