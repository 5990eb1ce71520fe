/*
 * virleasestorenfshandle.c: file handles, and a cache of those of directories
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfshandle.h"

#include <string.h>

struct _virLeaseNfsHandles {
    virLeaseNfsHandle base;
    GHashTable *known;          /* path -> virLeaseNfsHandle */
};

int
virLeaseNfsHandleSet(virLeaseNfsHandle *handle, const char *data, guint length)
{
    if (!data || length == 0 || length > VIR_LEASE_NFS_HANDLE_MAX)
        return -1;
    handle->length = length;
    memcpy(handle->data, data, length);
    return 0;
}

virLeaseNfsHandles *
virLeaseNfsHandlesNew(const virLeaseNfsHandle *base)
{
    virLeaseNfsHandles *handles = g_new0(virLeaseNfsHandles, 1);

    handles->base = *base;
    handles->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return handles;
}

void
virLeaseNfsHandlesFree(virLeaseNfsHandles *handles)
{
    if (!handles)
        return;
    g_hash_table_unref(handles->known);
    g_free(handles);
}

gsize
virLeaseNfsHandlesFind(virLeaseNfsHandles *handles, const char *path, virLeaseNfsHandle *handle)
{
    g_autofree char *part = g_strdup(path);
    gsize length = strlen(part);

    while (length > 0) {
        const virLeaseNfsHandle *known = g_hash_table_lookup(handles->known, part);

        if (known) {
            *handle = *known;
            return length;
        }
        while (length > 0 && part[length] != '/')
            length--;
        part[length] = '\0';
    }
    *handle = handles->base;
    return 0;
}

void
virLeaseNfsHandlesAdd(virLeaseNfsHandles *handles, const char *path, const virLeaseNfsHandle *handle)
{
    if (g_hash_table_size(handles->known) >= VIR_LEASE_NFS_HANDLES_MAX)
        g_hash_table_remove_all(handles->known);
    g_hash_table_replace(handles->known, g_strdup(path), g_memdup2(handle, sizeof(*handle)));
}

void
virLeaseNfsHandlesRemove(virLeaseNfsHandles *handles, const char *path)
{
    g_hash_table_remove(handles->known, path);
}

void
virLeaseNfsHandlesClear(virLeaseNfsHandles *handles)
{
    g_hash_table_remove_all(handles->known);
}
