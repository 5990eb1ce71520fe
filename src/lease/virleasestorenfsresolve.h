/*
 * virleasestorenfsresolve.h: the addresses of a server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

#define VIR_LEASE_NFS_ADDRESSES_MAX 8

typedef struct _virLeaseNfsResolve virLeaseNfsResolve;

/* Called once from the main loop, never before virLeaseNfsResolveNew()
 * returned: numeric @addresses, or NULL and why. Both are good during the call. */
typedef void (*virLeaseNfsResolveFunc)(const char *const *addresses,
                                       const char *detail,
                                       void *opaque);

/* Looks @host up in a thread: that may block for long. */
virLeaseNfsResolve *virLeaseNfsResolveNew(const char *host,
                                          virLeaseNfsResolveFunc resolved,
                                          void *opaque);

/* After this, which is due in any case, @resolved is not called. A look-up
 * that is under way ends by itself. */
void virLeaseNfsResolveFree(virLeaseNfsResolve *resolve);
