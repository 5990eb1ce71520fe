/*
 * virleasetoken.h: what a handover passes on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A token names a run of a session and the entries that this run has on the
 * export, each with its identity. It travels as libvirt's lock state: in the
 * status XML, and in the cookie of a migration. It comes from others.
 */
#pragma once

#include "virleaseengine.h"
#include "virleasename.h"

/* Longer ones are refused. Enough for VIR_LEASE_RESOURCES_MAX entries. */
#define VIR_LEASE_TOKEN_MAX (256 * 1024)

/* Kept by libvirt for a guest that was stopped while its daemon could not be
 * asked: it must not look like one that never ran (S2). Only the daemon that
 * has the guest's run in its own table lets it go on. */
#define VIR_LEASE_TOKEN_UNKNOWN "nfslease1:unknown"

typedef struct _virLeaseTokenEntry virLeaseTokenEntry;
struct _virLeaseTokenEntry {
    virLeaseEntryName name;
    guint64 fileid;
    gint64 ctime;
};

typedef struct _virLeaseToken virLeaseToken;
struct _virLeaseToken {
    char lockspace[VIR_LEASE_SID_LEN + 1];  /* random id of the lockspace */
    char sid[VIR_LEASE_SID_LEN + 1];
    guint64 run;
    GArray *entries;                        /* of virLeaseTokenEntry */
};

virLeaseToken *virLeaseTokenNew(const char *lockspace,
                                const char *sid,
                                guint64 run);
void virLeaseTokenFree(virLeaseToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseToken, virLeaseTokenFree);

void virLeaseTokenAdd(virLeaseToken *token,
                      const virLeaseEntryName *name,
                      guint64 fileid,
                      gint64 ctime);

/* Printable ASCII without blanks. The same token gives the same text. */
char *virLeaseTokenFormat(const virLeaseToken *token);

/* Returns the token, or NULL with VIR_ERR_INVALID_ARG reported if @text is
 * not exactly what virLeaseTokenFormat() would give. */
virLeaseToken *virLeaseTokenParse(const char *text) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the token names the resource whose hash is @hash. */
gboolean virLeaseTokenNames(const virLeaseToken *token,
                            const char *hash);
