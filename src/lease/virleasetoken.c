/*
 * virleasetoken.c: what a handover passes on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasetoken.h"

#include <string.h>

#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

/* nfslease1:LOCKSPACE:SID:RUN[:HASH.MODE.CLASS.ATTEMPT.FILEID.CTIME]... */
#define VIR_LEASE_TOKEN_MAGIC "nfslease1"


virLeaseToken *
virLeaseTokenNew(const char *lockspace,
                 const char *sid,
                 guint64 run)
{
    virLeaseToken *token = g_new0(virLeaseToken, 1);

    g_strlcpy(token->lockspace, lockspace, sizeof(token->lockspace));
    g_strlcpy(token->sid, sid, sizeof(token->sid));
    token->run = run;
    token->entries = g_array_new(FALSE, TRUE, sizeof(virLeaseTokenEntry));
    return token;
}


void
virLeaseTokenFree(virLeaseToken *token)
{
    if (!token)
        return;
    g_array_unref(token->entries);
    g_free(token);
}


void
virLeaseTokenAdd(virLeaseToken *token,
                 const virLeaseEntryName *name,
                 guint64 fileid,
                 gint64 ctime)
{
    virLeaseTokenEntry entry = { *name, fileid, ctime };

    g_array_append_val(token->entries, entry);
}


char *
virLeaseTokenFormat(const virLeaseToken *token)
{
    GString *text = g_string_new(NULL);

    g_string_printf(text, VIR_LEASE_TOKEN_MAGIC ":%s:%s:%" G_GUINT64_FORMAT,
                    token->lockspace, token->sid, token->run);
    for (guint i = 0; i < token->entries->len; i++) {
        const virLeaseTokenEntry *entry = &g_array_index(token->entries, virLeaseTokenEntry, i);

        g_string_append_printf(text, ":%s.%c.%c.%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ".%" G_GINT64_FORMAT,
                               entry->name.hash,
                               entry->name.shared ? 'r' : 'x',
                               entry->name.token ? 't' : 'f',
                               entry->name.attempt, entry->fileid, entry->ctime);
    }
    return g_string_free(text, FALSE);
}


/* An entry's name is parsed as the one on the export would be. */
static gboolean
virLeaseTokenParseEntry(virLeaseToken *token,
                        const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, ".", 7);
    g_autofree char *text = NULL;
    virLeaseEntryName name;
    guint64 fileid;
    gint64 ctime;

    if (g_strv_length(parts) != 6)
        return FALSE;
    text = g_strdup_printf("%s.%s.%s.%s.%" G_GUINT64_FORMAT ".%s",
                           parts[0], parts[1], parts[2], token->sid, token->run, parts[3]);
    if (!virLeaseEntryNameParse(text, &name) ||
        !g_ascii_string_to_unsigned(parts[4], 10, 0, G_MAXUINT64, &fileid, NULL) ||
        !g_ascii_string_to_signed(parts[5], 10, G_MININT64, G_MAXINT64, &ctime, NULL))
        return FALSE;
    virLeaseTokenAdd(token, &name, fileid, ctime);
    return TRUE;
}


static virLeaseToken *
virLeaseTokenParseWords(char **words)
{
    g_autoptr(virLeaseToken) token = NULL;
    guint64 run;
    guint count = g_strv_length(words);

    if (count < 4 || count > 4 + VIR_LEASE_RESOURCES_MAX ||
        !g_str_equal(words[0], VIR_LEASE_TOKEN_MAGIC) ||
        !virLeaseNameIsHex(words[1], VIR_LEASE_SID_LEN) || !virLeaseNameIsHex(words[2], VIR_LEASE_SID_LEN) ||
        !g_ascii_string_to_unsigned(words[3], 10, 1, G_MAXINT64, &run, NULL))
        return NULL;

    token = virLeaseTokenNew(words[1], words[2], run);
    for (guint i = 4; i < count; i++) {
        if (!virLeaseTokenParseEntry(token, words[i]))
            return NULL;
    }
    return g_steal_pointer(&token);
}


virLeaseToken *
virLeaseTokenParse(const char *text)
{
    g_autoptr(virLeaseToken) token = NULL;
    g_autofree char *again = NULL;

    if (strnlen(text, VIR_LEASE_TOKEN_MAX + 1) <= VIR_LEASE_TOKEN_MAX) {
        g_auto(GStrv) words = g_strsplit(text, ":", VIR_LEASE_RESOURCES_MAX + 5);

        token = virLeaseTokenParseWords(words);
    }
    if (token)
        again = virLeaseTokenFormat(token);
    if (!again || !g_str_equal(again, text)) {
        virReportError(VIR_ERR_INVALID_ARG, "%s",
                       _("the lock state that came with the guest was not written by nfslease, or is damaged"));
        return NULL;
    }
    return g_steal_pointer(&token);
}


gboolean
virLeaseTokenNames(const virLeaseToken *token,
                   const char *hash)
{
    for (guint i = 0; i < token->entries->len; i++) {
        if (g_str_equal(g_array_index(token->entries, virLeaseTokenEntry, i).name.hash, hash))
            return TRUE;
    }
    return FALSE;
}
