/*
 * virleasename.c: the names that a lockspace holds, written and read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virleasename.h"

static const char *const virLeaseMarkerNames[VIR_LEASE_MARKER_LAST] = {
    [VIR_LEASE_MARKER_STOPPED] = "stopped",
    [VIR_LEASE_MARKER_EXITED] = "exited",
    [VIR_LEASE_MARKER_REVOKE] = "revoke",
};

static gboolean
virLeaseNameIsHexDigit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* Takes @length hex digits from *@text into @out. */
static gboolean
virLeaseNameTakeHex(const char **text, gsize length, char *out)
{
    gsize i;

    for (i = 0; i < length; i++) {
        if (!virLeaseNameIsHexDigit((*text)[i]))
            return FALSE;
        out[i] = (*text)[i];
    }
    out[length] = '\0';
    *text += length;
    return TRUE;
}

static gboolean
virLeaseNameTakeChar(const char **text, char c)
{
    if (**text != c)
        return FALSE;
    (*text)++;
    return TRUE;
}

/* Takes one of the letters @yes and @no. */
static gboolean
virLeaseNameTakeFlag(const char **text, char yes, char no, gboolean *out)
{
    *out = **text == yes;
    return virLeaseNameTakeChar(text, *out ? yes : no);
}

static gboolean
virLeaseNameTakeNumber(const char **text, guint64 *out)
{
    const char *p = *text;
    guint64 value = 0;

    if (!g_ascii_isdigit(*p) || (p[0] == '0' && g_ascii_isdigit(p[1])))
        return FALSE;
    for (; g_ascii_isdigit(*p); p++) {
        value = value * 10 + (guint64) (*p - '0');
        if (value > VIR_LEASE_COUNTER_MAX)
            return FALSE;
    }
    *out = value;
    *text = p;
    return TRUE;
}

static gboolean
virLeaseNameTakeMarker(const char **text, virLeaseMarker *marker)
{
    int i;

    for (i = 0; i < VIR_LEASE_MARKER_LAST; i++) {
        if (g_str_has_prefix(*text, virLeaseMarkerNames[i])) {
            *text += strlen(virLeaseMarkerNames[i]);
            *marker = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean
virLeaseNameIsHex(const char *text, gsize length)
{
    gsize i;

    for (i = 0; i < length; i++) {
        if (!virLeaseNameIsHexDigit(text[i]))
            return FALSE;
    }
    return text[length] == '\0';
}

void
virLeaseResourceHash(const char *canonical, char hash[VIR_LEASE_HASH_LEN + 1])
{
    g_autofree char *whole = g_compute_checksum_for_string(G_CHECKSUM_SHA256, canonical, -1);

    memcpy(hash, whole, VIR_LEASE_HASH_LEN);
    hash[VIR_LEASE_HASH_LEN] = '\0';
}

unsigned
virLeaseHashShard(const char *hash, unsigned shards)
{
    guint64 top = 0;
    int i;

    g_assert(shards > 0);
    for (i = 0; i < 8; i++)
        top = top * 16 + (guint64) g_ascii_xdigit_value(hash[i]);
    return (unsigned) (top % shards);
}

char *
virLeaseEntryNameFormat(const virLeaseEntryName *name)
{
    return g_strdup_printf("%s.%c.%c.%s.%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT,
                           name->hash,
                           name->shared ? 'r' : 'x',
                           name->token ? 't' : 'f',
                           name->sid, name->run, name->attempt);
}

gboolean
virLeaseEntryNameParse(const char *text, virLeaseEntryName *name)
{
    virLeaseEntryName read = { 0 };

    if (!virLeaseNameTakeHex(&text, VIR_LEASE_HASH_LEN, read.hash) ||
        !virLeaseNameTakeChar(&text, '.') ||
        !virLeaseNameTakeFlag(&text, 'r', 'x', &read.shared) ||
        !virLeaseNameTakeChar(&text, '.') ||
        !virLeaseNameTakeFlag(&text, 't', 'f', &read.token) ||
        !virLeaseNameTakeChar(&text, '.') ||
        !virLeaseNameTakeHex(&text, VIR_LEASE_SID_LEN, read.sid) ||
        !virLeaseNameTakeChar(&text, '.') ||
        !virLeaseNameTakeNumber(&text, &read.run) ||
        !virLeaseNameTakeChar(&text, '.') ||
        !virLeaseNameTakeNumber(&text, &read.attempt) ||
        *text != '\0')
        return FALSE;

    *name = read;
    return TRUE;
}

char *
virLeaseShardPath(unsigned shard)
{
    return g_strdup_printf("locks/%03x", shard);
}

char *
virLeaseEntryPath(const virLeaseEntryName *name, unsigned shards)
{
    g_autofree char *shard = virLeaseShardPath(virLeaseHashShard(name->hash, shards));
    g_autofree char *entry = virLeaseEntryNameFormat(name);

    return g_strdup_printf("%s/%s", shard, entry);
}

char *
virLeaseSessionPath(const char *sid)
{
    return g_strdup_printf("sessions/%s", sid);
}

char *
virLeaseMarkerPath(const char *sid, virLeaseMarker marker, guint64 run)
{
    return g_strdup_printf("sessions/%s.%s.%" G_GUINT64_FORMAT,
                           sid, virLeaseMarkerToString(marker), run);
}

const char *
virLeaseMarkerToString(virLeaseMarker marker)
{
    g_assert(marker < VIR_LEASE_MARKER_LAST);
    return virLeaseMarkerNames[marker];
}

gboolean
virLeaseSessionNameParse(const char *text,
                         char sid[VIR_LEASE_SID_LEN + 1],
                         gboolean *isMarker,
                         virLeaseMarker *marker,
                         guint64 *run)
{
    char readSid[VIR_LEASE_SID_LEN + 1];
    virLeaseMarker readMarker;
    guint64 readRun;

    if (!virLeaseNameTakeHex(&text, VIR_LEASE_SID_LEN, readSid))
        return FALSE;
    if (*text == '\0') {
        memcpy(sid, readSid, sizeof(readSid));
        *isMarker = FALSE;
        return TRUE;
    }

    if (!virLeaseNameTakeChar(&text, '.') ||
        !virLeaseNameTakeMarker(&text, &readMarker) ||
        !virLeaseNameTakeChar(&text, '.') ||
        !virLeaseNameTakeNumber(&text, &readRun) ||
        *text != '\0')
        return FALSE;

    memcpy(sid, readSid, sizeof(readSid));
    *isMarker = TRUE;
    *marker = readMarker;
    *run = readRun;
    return TRUE;
}
