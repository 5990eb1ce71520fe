/*
 * virleasestorenfs4attr.h: attributes as NFSv4 packs them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestorenfsresult.h"
#include "virleasestorenfsscan.h"

#define VIR_LEASE_NFS4_MASK_WORDS 2
#define VIR_LEASE_NFS4_TYPE_DIRECTORY 2
#define VIR_LEASE_NFS4_TYPE_LINK 5

/* Which attributes; as in a bitmap4. */
typedef struct _virLeaseNfs4Mask virLeaseNfs4Mask;
struct _virLeaseNfs4Mask {
    guint32 words[VIR_LEASE_NFS4_MASK_WORDS];
};

/* What can be asked for. */
extern const virLeaseNfs4Mask virLeaseNfs4MaskNode;         /* type, fileid and times */
extern const virLeaseNfs4Mask virLeaseNfs4MaskEntry;        /* likewise, in a listing */
extern const virLeaseNfs4Mask virLeaseNfs4MaskDirectory;    /* change attribute and times */
/* What can be set or compared. */
extern const virLeaseNfs4Mask virLeaseNfs4MaskType;
extern const virLeaseNfs4Mask virLeaseNfs4MaskMode;
extern const virLeaseNfs4Mask virLeaseNfs4MaskSetMtime;

/* Attributes taken apart. */
typedef struct _virLeaseNfs4Attr virLeaseNfs4Attr;
struct _virLeaseNfs4Attr {
    guint32 type;               /* 0 if not given */
    gboolean hasFileid;
    gboolean hasChange;
    gboolean hasCtime;
    gboolean hasMtime;
    guint64 fileid;
    guint64 change;
    gint64 ctime;
    gint64 mtime;
};

/* Takes apart what a server sent. Returns 0, or -1 (nothing reported) if it
 * is malformed or has attributes that were not asked for. */
int virLeaseNfs4AttrParse(virLeaseNfs4Attr *attr,
                          const guint32 *words,
                          guint wordsLength,
                          const char *data,
                          guint length) G_GNUC_WARN_UNUSED_RESULT;

/* Returns whether all that an operation wants is there. */
gboolean virLeaseNfs4AttrGet(const virLeaseNfs4Attr *from,
                             virLeaseAttr *attr);
virLeaseNfsKind virLeaseNfs4AttrGetKind(const virLeaseNfs4Attr *from);
void virLeaseNfs4AttrGetStamp(const virLeaseNfs4Attr *from,
                              virLeaseNfsStamp *stamp);

/* An mtime as SETATTR wants it: 16 bytes. */
#define VIR_LEASE_NFS4_MTIME_SIZE 16
void virLeaseNfs4AttrPackMtime(char *data,
                               gint64 seconds);
