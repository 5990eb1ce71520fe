/*
 * virleaseurl.h: where a lockspace is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

#define VIR_LEASE_URL_MAX 4096              /* bytes in a URL */
#define VIR_LEASE_URL_COMPONENTS_MAX 64     /* directories in its path */

typedef enum {
    VIR_LEASE_URL_NFS,
    VIR_LEASE_URL_DIR,

    VIR_LEASE_URL_LAST
} virLeaseURLScheme;

/* A URL taken apart. Numbers that were not given are -1, strings NULL. */
typedef struct _virLeaseURL virLeaseURL;
struct _virLeaseURL {
    virLeaseURLScheme scheme;
    char *host;         /* NFS: name or address, without brackets */
    char *path;         /* absolute, decoded, without empty components and trailing slash */

    /* NFS only */
    int version;        /* 3 or 4 */
    int nfsport;
    int mountport;
    int uid;
    int gid;
    int synCount;       /* libnfs: how often TCP asks for a connection */
    int debug;          /* libnfs: how much it tells on stderr */
    char *interface;    /* libnfs: the network interface to use */
};

/**
 * virLeaseURLParse:
 * @text: "nfs://HOST[:PORT]/EXPORT/DIR[?OPTION=VALUE&...]" or "dir:/PATH"
 *
 * HOST is a name, an IPv4 address or an IPv6 address in brackets. Paths are
 * percent-encoded; a colon needs no encoding. "." and ".." are refused in
 * paths, so is an encoded slash or NUL. Options are version, nfsport (the
 * same as PORT), mountport, uid, gid, tcp-syncnt, if and debug.
 *
 * Returns the parts, or NULL with VIR_ERR_INVALID_ARG reported.
 */
virLeaseURL *virLeaseURLParse(const char *text) G_GNUC_WARN_UNUSED_RESULT;
void virLeaseURLFree(virLeaseURL *url);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseURL, virLeaseURLFree);
