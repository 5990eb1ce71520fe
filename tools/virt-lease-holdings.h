/*
 * virt-lease-holdings.h: what is held in a lockspace, as the export tells
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasename.h"
#include "virleasetarget.h"
#include "virt-lease-export.h"

typedef enum {
    VL_ALIVE_UNKNOWN,       /* was not looked for */
    VL_ALIVE_YES,           /* its session was renewed while we looked */
    VL_ALIVE_NO,            /* its lease has ended, or its session is gone */
} vlAlive;

/* A session: its directory, as it was at first, or only its markers. */
typedef struct _vlSession vlSession;
struct _vlSession {
    gboolean exists;
    virLeaseAttr attr;      /* of the directory */
    vlAlive alive;
    GHashTable *markers;    /* of "<marker>.<run>" */
};

/* One entry: a run's hold on one resource. */
typedef struct _vlHolding vlHolding;
struct _vlHolding {
    virLeaseEntryName name;
    virLeaseTarget *target; /* what it says of itself */
    vlSession *session;     /* never NULL; stays the holdings' */
};

typedef struct _vlHoldings vlHoldings;
struct _vlHoldings {
    virLeaseFormat format;
    GHashTable *sessions;   /* session id to vlSession */
    GPtrArray *entries;     /* of vlHolding, by resource, then by age of the run */
    guint strange;          /* names that are none of ours */
};

/* Reads all of a lockspace. What comes and goes meanwhile may or may not be
 * in it. Returns NULL with an error reported. */
vlHoldings *vlHoldingsRead(vlExport *export) G_GNUC_WARN_UNUSED_RESULT;
void vlHoldingsFree(vlHoldings *holdings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(vlHoldings, vlHoldingsFree);

/* Watches the sessions for longer than a lease, or until all were renewed, and
 * sets their alive. Returns 0, or -1 with an error reported. */
int vlHoldingsWatch(vlHoldings *holdings,
                    vlExport *export) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @marker was set for the run of @holding. */
gboolean vlHoldingHasMarker(const vlHolding *holding,
                            virLeaseMarker marker);

/* "running", "stopped", "exited" or "orphaned" (its session is gone). */
const char *vlHoldingState(const vlHolding *holding);
