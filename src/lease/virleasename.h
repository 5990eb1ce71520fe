/*
 * virleasename.h: the names that a lockspace holds, written and read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * docs/internals/nfs-lease.rst draws the layout. Each name has exactly one
 * spelling: what does not read back as itself is not one of ours, and whoever
 * scans a directory passes over it.
 */
#pragma once

#include <glib.h>

#define VIR_LEASE_SID_LEN 32        /* hex digits of a session's id */
#define VIR_LEASE_HASH_LEN 40       /* hex digits of a resource's hash */

/* The highest number of a run or attempt: a double (JSON) holds it exactly. */
#define VIR_LEASE_COUNTER_MAX (G_GUINT64_CONSTANT(1) << 53)

/* An entry: one attempt of one run to hold one resource. */
typedef struct _virLeaseEntryName virLeaseEntryName;
struct _virLeaseEntryName {
    char hash[VIR_LEASE_HASH_LEN + 1];  /* of the resource's canonical name */
    gboolean shared;                    /* else exclusive */
    gboolean token;                     /* acquired with a token, else fresh */
    char sid[VIR_LEASE_SID_LEN + 1];
    guint64 run;
    guint64 attempt;
};

typedef enum {
    VIR_LEASE_MARKER_STOPPED,   /* the run was stopped and will never go on */
    VIR_LEASE_MARKER_EXITED,    /* likewise, and its process is gone */
    VIR_LEASE_MARKER_REVOKE,    /* an administrator wants it stopped and released */

    VIR_LEASE_MARKER_LAST
} virLeaseMarker;

/* Whether @text is @length lower-case hex digits and nothing else. */
gboolean virLeaseNameIsHex(const char *text,
                           gsize length);

/* Writes the first 160 bits of the SHA-256 of @canonical, in hex. */
void virLeaseResourceHash(const char *canonical,
                          char hash[VIR_LEASE_HASH_LEN + 1]);

/* Which of @shards (at least 1) holds the entries of the resource @hash. */
unsigned virLeaseHashShard(const char *hash,
                           unsigned shards);

/* The name of an entry inside its shard; the caller frees it. */
char *virLeaseEntryNameFormat(const virLeaseEntryName *name);

/* Reads what virLeaseEntryNameFormat() writes. Returns FALSE, without an
 * error reported and with @name untouched, for anything else. */
gboolean virLeaseEntryNameParse(const char *text,
                                virLeaseEntryName *name);

/* Paths relative to the lockspace; the caller frees them. */
char *virLeaseShardPath(unsigned shard);
char *virLeaseEntryPath(const virLeaseEntryName *name,
                        unsigned shards);
char *virLeaseSessionPath(const char *sid);
char *virLeaseMarkerPath(const char *sid,
                         virLeaseMarker marker,
                         guint64 run);

/* What a marker says, as it is spelt in its name: "stopped" ... */
const char *virLeaseMarkerToString(virLeaseMarker marker);

/**
 * virLeaseSessionNameParse:
 * @text: a name found in sessions/
 * @sid: gets the session's id
 * @isMarker: gets whether it is a marker, else it is the session's directory
 * @marker: gets which, if it is one
 * @run: gets of which run, if it is one
 *
 * Returns FALSE, without an error reported and with all of them untouched, if
 * the name is neither.
 */
gboolean virLeaseSessionNameParse(const char *text,
                                  char sid[VIR_LEASE_SID_LEN + 1],
                                  gboolean *isMarker,
                                  virLeaseMarker *marker,
                                  guint64 *run);
