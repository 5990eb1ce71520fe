/*
 * virleasestorenfs4attr.c: attributes as NFSv4 packs them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfs4attr.h"

#include <string.h>

/* Numbers of RFC 7530. */
#define VIR_LEASE_NFS4_TYPE 1
#define VIR_LEASE_NFS4_CHANGE 3
#define VIR_LEASE_NFS4_RDATTR_ERROR 11
#define VIR_LEASE_NFS4_FILEID 20
#define VIR_LEASE_NFS4_MODE 33
#define VIR_LEASE_NFS4_TIME_METADATA 52
#define VIR_LEASE_NFS4_TIME_MODIFY 53
#define VIR_LEASE_NFS4_TIME_MODIFY_SET 54
#define VIR_LEASE_NFS4_LAST 64

#define VIR_LEASE_NFS4_BIT(n) (1U << ((n) % 32))

const virLeaseNfs4Mask virLeaseNfs4MaskNode = { {
    VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TYPE) | VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_FILEID),
    VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TIME_METADATA) | VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TIME_MODIFY),
} };

const virLeaseNfs4Mask virLeaseNfs4MaskEntry = { {
    VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TYPE) | VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_FILEID) | VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_RDATTR_ERROR),
    VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TIME_METADATA) | VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TIME_MODIFY),
} };

const virLeaseNfs4Mask virLeaseNfs4MaskDirectory = { {
    VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_CHANGE),
    VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TIME_METADATA) | VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TIME_MODIFY),
} };

const virLeaseNfs4Mask virLeaseNfs4MaskType = { { VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TYPE), 0 } };
const virLeaseNfs4Mask virLeaseNfs4MaskMode = { { 0, VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_MODE) } };
const virLeaseNfs4Mask virLeaseNfs4MaskSetMtime = { { 0, VIR_LEASE_NFS4_BIT(VIR_LEASE_NFS4_TIME_MODIFY_SET) } };

typedef struct _virLeaseNfs4Reader virLeaseNfs4Reader;
struct _virLeaseNfs4Reader {
    const char *data;
    guint length;
};

static int
virLeaseNfs4Read32(virLeaseNfs4Reader *reader, guint32 *value)
{
    guint32 raw;

    if (reader->length < sizeof(raw))
        return -1;
    memcpy(&raw, reader->data, sizeof(raw));
    *value = GUINT32_FROM_BE(raw);
    reader->data += sizeof(raw);
    reader->length -= sizeof(raw);
    return 0;
}

static int
virLeaseNfs4Read64(virLeaseNfs4Reader *reader, guint64 *value)
{
    guint32 high;
    guint32 low;

    if (virLeaseNfs4Read32(reader, &high) < 0 || virLeaseNfs4Read32(reader, &low) < 0)
        return -1;
    *value = (guint64) high << 32 | low;
    return 0;
}

static int
virLeaseNfs4ReadTime(virLeaseNfs4Reader *reader, gint64 *time)
{
    guint64 seconds;
    guint32 nanoseconds;

    if (virLeaseNfs4Read64(reader, &seconds) < 0 || virLeaseNfs4Read32(reader, &nanoseconds) < 0)
        return -1;
    return virLeaseNfsTime((gint64) seconds, nanoseconds, time);
}

/* The next attribute in @reader is number @number. */
static int
virLeaseNfs4ReadAttr(virLeaseNfs4Attr *attr, guint number, virLeaseNfs4Reader *reader)
{
    guint32 ignored;

    switch (number) {
    case VIR_LEASE_NFS4_TYPE:
        return virLeaseNfs4Read32(reader, &attr->type);
    case VIR_LEASE_NFS4_RDATTR_ERROR:
        return virLeaseNfs4Read32(reader, &ignored);
    case VIR_LEASE_NFS4_CHANGE:
        attr->hasChange = TRUE;
        return virLeaseNfs4Read64(reader, &attr->change);
    case VIR_LEASE_NFS4_FILEID:
        attr->hasFileid = TRUE;
        return virLeaseNfs4Read64(reader, &attr->fileid);
    case VIR_LEASE_NFS4_TIME_METADATA:
        attr->hasCtime = TRUE;
        return virLeaseNfs4ReadTime(reader, &attr->ctime);
    case VIR_LEASE_NFS4_TIME_MODIFY:
        attr->hasMtime = TRUE;
        return virLeaseNfs4ReadTime(reader, &attr->mtime);
    default:
        /* Not asked for, and how long it would be is not known. */
        return -1;
    }
}

int
virLeaseNfs4AttrParse(virLeaseNfs4Attr *attr, const guint32 *words, guint wordsLength,
                      const char *data, guint length)
{
    virLeaseNfs4Reader reader = { data, length };
    virLeaseNfs4Attr parsed = { 0 };
    guint i;

    for (i = VIR_LEASE_NFS4_LAST / 32; i < wordsLength; i++) {
        if (words[i] != 0)
            return -1;
    }
    for (i = 0; i < VIR_LEASE_NFS4_LAST && i / 32 < wordsLength; i++) {
        if ((words[i / 32] & VIR_LEASE_NFS4_BIT(i)) && virLeaseNfs4ReadAttr(&parsed, i, &reader) < 0)
            return -1;
    }
    if (reader.length != 0)
        return -1;
    *attr = parsed;
    return 0;
}

gboolean
virLeaseNfs4AttrGet(const virLeaseNfs4Attr *from, virLeaseAttr *attr)
{
    if (!from->hasFileid || !from->hasCtime || !from->hasMtime)
        return FALSE;
    attr->fileid = from->fileid;
    attr->ctime = from->ctime;
    attr->mtime = from->mtime;
    return TRUE;
}

virLeaseNfsKind
virLeaseNfs4AttrGetKind(const virLeaseNfs4Attr *from)
{
    switch (from->type) {
    case 0:
        return VIR_LEASE_NFS_KIND_UNKNOWN;
    case VIR_LEASE_NFS4_TYPE_DIRECTORY:
        return VIR_LEASE_NFS_KIND_DIRECTORY;
    case VIR_LEASE_NFS4_TYPE_LINK:
        return VIR_LEASE_NFS_KIND_LINK;
    default:
        return VIR_LEASE_NFS_KIND_OTHER;
    }
}

void
virLeaseNfs4AttrGetStamp(const virLeaseNfs4Attr *from, virLeaseNfsStamp *stamp)
{
    stamp->known = from->hasChange && from->hasCtime && from->hasMtime;
    stamp->change = from->change;
    stamp->ctime = from->ctime;
    stamp->mtime = from->mtime;
}

void
virLeaseNfs4AttrPackMtime(char *data, gint64 seconds)
{
    /* settime4: 1 = from the client, then the time. */
    guint32 words[4] = {
        GUINT32_TO_BE(1),
        GUINT32_TO_BE((guint32) ((guint64) seconds >> 32)),
        GUINT32_TO_BE((guint32) seconds),
        0,
    };

    G_STATIC_ASSERT(sizeof(words) == VIR_LEASE_NFS4_MTIME_SIZE);
    memcpy(data, words, sizeof(words));
}
