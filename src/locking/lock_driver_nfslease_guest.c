/*
 * lock_driver_nfslease_guest.c: a guest and its resources, as libvirt named them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_nfslease_guest.h"

#include <string.h>
#include <unistd.h>

#include "lock_driver_args.h"
#include "virerror.h"
#include "virlockresource.h"
#include "virlockresourceuse.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_driver_nfslease_guest");

#define VIR_LOCK_MANAGER_NFSLEASE_MOUNTINFO "/proc/self/mountinfo"
#define VIR_LOCK_MANAGER_NFSLEASE_SYSFS "/sys"
#define VIR_LOCK_MANAGER_NFSLEASE_PROC "/proc"

static virLockManagerNfsleaseResource *
virLockManagerNfsleaseResourceNew(const char *path,
                                  gboolean shared)
{
    virLockManagerNfsleaseResource *resource = g_new0(virLockManagerNfsleaseResource, 1);

    resource->path = g_strdup(path);
    resource->shared = shared;
    return resource;
}

static void
virLockManagerNfsleaseResourceFree(void *opaque)
{
    virLockManagerNfsleaseResource *resource = opaque;

    g_free(resource->path);
    g_free(resource->name);
    g_free(resource->real);
    g_free(resource);
}

void
virLockManagerNfsleaseGuestFree(virLockManagerNfsleaseGuest *guest)
{
    if (!guest)
        return;
    g_free(guest->name);
    g_ptr_array_unref(guest->resources);
    g_free(guest);
}

virLockManagerNfsleaseGuest *
virLockManagerNfsleaseGuestNew(const virLockManagerParam *params,
                               size_t nparams,
                               gboolean started)
{
    const virLockManagerParam *uuid = virLockDriverParam(params, nparams, "uuid");
    const virLockManagerParam *pid = virLockDriverParam(params, nparams, "pid");
    const char *name = virLockDriverParamText(params, nparams, "name");
    virLockManagerNfsleaseGuest *guest;

    if (virLockDriverCheckProcess("nfslease", params, nparams) < 0)
        return NULL;
    if (!uuid || !name) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s", _("a guest to be locked has no name or no UUID"));
        return NULL;
    }
    guest = g_new0(virLockManagerNfsleaseGuest, 1);
    memcpy(guest->uuid, uuid->value.uuid, VIR_UUID_BUFLEN);
    guest->name = g_strdup(name);
    if (pid && pid->value.iv > 0)
        guest->pid = pid->value.iv;
    else if (started)
        guest->pid = getpid();
    guest->resources = g_ptr_array_new_with_free_func(virLockManagerNfsleaseResourceFree);
    return guest;
}

void
virLockManagerNfsleaseGuestAddDisk(virLockManagerNfsleaseGuest *guest,
                                   const virLockManagerNfsleaseConf *conf,
                                   const char *path,
                                   unsigned int flags)
{
    gboolean readonly = (flags & VIR_LOCK_MANAGER_RESOURCE_READONLY) != 0;
    gboolean shared = readonly || (flags & VIR_LOCK_MANAGER_RESOURCE_SHARED) != 0;
    virLockManagerNfsleaseDisk disk = readonly ? conf->readonlyDisks : conf->shareableDisks;

    if (!conf->autoDiskLeases)
        guest->writes |= !shared;
    else if (!shared || disk == VIR_LOCK_MANAGER_NFSLEASE_DISK_SHARED)
        g_ptr_array_add(guest->resources, virLockManagerNfsleaseResourceNew(path, shared));
}

void
virLockManagerNfsleaseGuestAddLease(virLockManagerNfsleaseGuest *guest,
                                    const char *key,
                                    const virLockManagerParam *params,
                                    size_t nparams,
                                    unsigned int flags)
{
    const char *lockspace = virLockDriverParamText(params, nparams, "lockspace");
    g_autofree char *title = g_strjoin("/", lockspace ? lockspace : key, lockspace ? key : NULL, NULL);
    gboolean shared = flags != 0;
    virLockManagerNfsleaseResource *resource = virLockManagerNfsleaseResourceNew(title, shared);

    resource->name = virLockResourceLeaseName(lockspace, key);
    g_ptr_array_add(guest->resources, resource);
}

static int
virLockManagerNfsleaseResourceResolve(virLockManagerNfsleaseResource *resource,
                                      const virLockResourceHost *host)
{
    if (resource->name)
        return 0;
    if (!(resource->real = virLockResourceRealPath(resource->path)))
        return -1;
    resource->name = virLockResourceDiskName(host, resource->real);
    return 0;
}

/* Returns 1 if @resource is new among @seen, 0 if it is there already, -1 if
 * it would be in the way of the one that is there. */
static int
virLockManagerNfsleaseGuestSeen(const virLockManagerNfsleaseGuest *guest,
                                GHashTable *seen,
                                virLockManagerNfsleaseResource *resource)
{
    const virLockManagerNfsleaseResource *other = g_hash_table_lookup(seen, resource->name);

    if (!other) {
        g_hash_table_insert(seen, resource->name, resource);
        return 1;
    }
    if (other->shared && resource->shared)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("guest '%1$s' has '%2$s' and '%3$s', which are one and the same ('%4$s') and not all shared"),
                   guest->name, other->path, resource->path, resource->name);
    return -1;
}

int
virLockManagerNfsleaseGuestResolve(virLockManagerNfsleaseGuest *guest,
                                   const virLockManagerNfsleaseConf *conf)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *mountinfo = NULL;
    g_autoptr(GError) error = NULL;
    virLockResourceHost host = {
        .sysfs = VIR_LOCK_MANAGER_NFSLEASE_SYSFS,
        .map = (const char *const *) conf->resourceMap,
    };
    guint i = 0;

    if (!g_file_get_contents(VIR_LOCK_MANAGER_NFSLEASE_MOUNTINFO, &mountinfo, NULL, &error)) {
        virReportError(VIR_ERR_SYSTEM_ERROR, _("the mount table cannot be read: %1$s"), error->message);
        return -1;
    }
    host.mountinfo = mountinfo;

    while (i < guest->resources->len) {
        virLockManagerNfsleaseResource *resource = g_ptr_array_index(guest->resources, i);
        int isnew;

        if (virLockManagerNfsleaseResourceResolve(resource, &host) < 0 ||
            (isnew = virLockManagerNfsleaseGuestSeen(guest, seen, resource)) < 0)
            return -1;
        if (isnew)
            i++;
        else
            g_ptr_array_remove_index(guest->resources, i);
    }
    return 0;
}

void
virLockManagerNfsleaseGuestKeepOpen(virLockManagerNfsleaseGuest *guest)
{
    guint i = 0;

    while (i < guest->resources->len) {
        const virLockManagerNfsleaseResource *resource = g_ptr_array_index(guest->resources, i);

        if (resource->real &&
            virLockResourceIsOpen(VIR_LOCK_MANAGER_NFSLEASE_PROC, guest->pid, resource->real)) {
            VIR_WARN("guest '%s' still has disk '%s' open: ignoring that it was detached, it stays locked",
                     guest->name, resource->path);
            g_ptr_array_remove_index(guest->resources, i);
        } else {
            i++;
        }
    }
}
