/*
 * virleasestorenfshandle.h: file handles, and a cache of those of directories
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

#define VIR_LEASE_NFS_HANDLE_MAX 128        /* NFSv4's limit; NFSv3's is 64 */
#define VIR_LEASE_NFS_HANDLES_MAX 4096      /* in one cache */

typedef struct _virLeaseNfsHandle virLeaseNfsHandle;
struct _virLeaseNfsHandle {
    guint length;
    char data[VIR_LEASE_NFS_HANDLE_MAX];
};

/* Copies what a server gave. Returns 0, or -1 (nothing reported) if that can
 * be no handle. */
int virLeaseNfsHandleSet(virLeaseNfsHandle *handle,
                         const char *data,
                         guint length) G_GNUC_WARN_UNUSED_RESULT;

/* Handles of directories by their path below the first one, "" for that. */
typedef struct _virLeaseNfsHandles virLeaseNfsHandles;

virLeaseNfsHandles *virLeaseNfsHandlesNew(const virLeaseNfsHandle *base);
void virLeaseNfsHandlesFree(virLeaseNfsHandles *handles);

/* Finds the longest part of @path that is known. Returns its length in bytes
 * (0 for the base) and sets @handle. */
gsize virLeaseNfsHandlesFind(virLeaseNfsHandles *handles,
                             const char *path,
                             virLeaseNfsHandle *handle);

void virLeaseNfsHandlesAdd(virLeaseNfsHandles *handles,
                           const char *path,
                           const virLeaseNfsHandle *handle);

/* Forgets @path. */
void virLeaseNfsHandlesRemove(virLeaseNfsHandles *handles,
                              const char *path);

/* Forgets all but the base. */
void virLeaseNfsHandlesClear(virLeaseNfsHandles *handles);
