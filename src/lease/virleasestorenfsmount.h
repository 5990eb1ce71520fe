/*
 * virleasestorenfsmount.h: finds the way to an export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestorenfscall.h"

typedef struct _virLeaseNfsMount virLeaseNfsMount;

/* Called once, from the main loop and outside of libnfs, never before
 * virLeaseNfsMountNew() returned; the callee is expected to free the mount.
 * It owns @export and has to make itself the link's owner; if that is NULL,
 * @status and @detail, good during the call, say why. */
typedef void (*virLeaseNfsMountedFunc)(virLeaseNfsExport *export,
                                       virLeaseStatus status,
                                       const char *detail,
                                       void *opaque);

/* Begins one attempt to reach the export of @url, which outlives it, by NFS
 * @version, or by 3 and then 4 if that is 0. It ends by itself. */
virLeaseNfsMount *virLeaseNfsMountNew(const virLeaseURL *url,
                                      int version,
                                      virLeaseNfsMountedFunc mounted,
                                      void *opaque);

/* Not from inside libnfs. */
void virLeaseNfsMountFree(virLeaseNfsMount *mount);
