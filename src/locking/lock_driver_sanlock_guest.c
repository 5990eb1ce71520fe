/*
 * lock_driver_sanlock_guest.c: a guest and its resources, for sanlock
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_sanlock_guest.h"

#include <string.h>
#include <unistd.h>

#include "lock_driver_args.h"
#include "lock_driver_sanlock_lockspace.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

/* What stands between the parts of sanlock's texts. */
#define VIR_LOCK_MANAGER_SANLOCK_SPECIAL " :\\"

static void
virLockManagerSanlockResourceFree(virLockManagerSanlockResource *resource)
{
    g_free(resource->title);
    g_free(resource->lease);
    g_free(resource);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerSanlockResource, virLockManagerSanlockResourceFree);

static void
virLockManagerSanlockResourceRelease(void *opaque)
{
    virLockManagerSanlockResourceFree(opaque);
}

/* Copies @text, unless it is too long for @size bytes or nothing that sanlock
 * can give back. */
static int
virLockManagerSanlockCopyName(char *copy, size_t size, const char *text)
{
    if (*text && strlen(text) < size && !strpbrk(text, VIR_LOCK_MANAGER_SANLOCK_SPECIAL)) {
        memcpy(copy, text, strlen(text) + 1);
        return 0;
    }
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("sanlock cannot take '%1$s' for a name: it needs 1 to %2$zu bytes, without blank, colon and backslash"),
                   text, size - 1);
    return -1;
}

static int
virLockManagerSanlockCopyPath(struct sanlk_disk *disk, const char *path)
{
    char escaped[SANLK_PATH_LEN];

    if (g_path_is_absolute(path) && strlen(path) < sizeof(disk->path) &&
        sanlock_path_export(escaped, path, sizeof(escaped)) > 0) {
        g_strlcpy(disk->path, path, sizeof(disk->path));
        return 0;
    }
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("the lease file '%1$s' is not an absolute path of less than %2$d bytes, as sanlock needs it"),
                   path, SANLK_PATH_LEN);
    return -1;
}

static virLockManagerSanlockResource *
virLockManagerSanlockResourceNew(const char *title,
                                 const char *lockspace,
                                 const char *name,
                                 const char *path,
                                 unsigned int flags)
{
    g_autoptr(virLockManagerSanlockResource) resource = g_new0(virLockManagerSanlockResource, 1);
    struct sanlk_resource *lease = g_malloc0(sizeof(struct sanlk_resource) + sizeof(struct sanlk_disk));

    resource->title = g_strdup(title);
    resource->lease = lease;
    lease->num_disks = 1;
    lease->flags = flags & VIR_LOCK_MANAGER_RESOURCE_SHARED ? SANLK_RES_SHARED : 0;
    if (virLockManagerSanlockCopyName(lease->lockspace_name, sizeof(lease->lockspace_name), lockspace) < 0 ||
        virLockManagerSanlockCopyName(lease->name, sizeof(lease->name), name) < 0 ||
        virLockManagerSanlockCopyPath(&lease->disks[0], path) < 0)
        return NULL;
    return g_steal_pointer(&resource);
}

/* ---- the guest ---- */

void
virLockManagerSanlockGuestFree(virLockManagerSanlockGuest *guest)
{
    if (!guest)
        return;
    g_free(guest->name);
    g_free(guest->uri);
    g_ptr_array_unref(guest->resources);
    g_free(guest);
}

virLockManagerSanlockGuest *
virLockManagerSanlockGuestNew(const virLockManagerParam *params, size_t nparams, gboolean started)
{
    const virLockManagerParam *uuid = virLockDriverParam(params, nparams, "uuid");
    const virLockManagerParam *pid = virLockDriverParam(params, nparams, "pid");
    const char *name = virLockDriverParamText(params, nparams, "name");
    virLockManagerSanlockGuest *guest;

    if (virLockDriverCheckProcess("sanlock", params, nparams) < 0)
        return NULL;
    if (!uuid || !name) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s", _("a guest to be locked has no name or no UUID"));
        return NULL;
    }
    guest = g_new0(virLockManagerSanlockGuest, 1);
    memcpy(guest->uuid, uuid->value.uuid, VIR_UUID_BUFLEN);
    guest->name = g_strdup(name);
    guest->uri = g_strdup(virLockDriverParamText(params, nparams, "uri"));
    if (pid && pid->value.iv > 0)
        guest->pid = pid->value.iv;
    else if (started)
        guest->pid = getpid();
    guest->resources = g_ptr_array_new_with_free_func(virLockManagerSanlockResourceRelease);
    return guest;
}

/* Takes @resource, unless the guest has it. */
static int
virLockManagerSanlockGuestAdd(virLockManagerSanlockGuest *guest, virLockManagerSanlockResource *resource)
{
    g_autoptr(virLockManagerSanlockResource) owned = resource;
    const struct sanlk_resource *lease = resource->lease;
    guint i;

    for (i = 0; i < guest->resources->len; i++) {
        const virLockManagerSanlockResource *other = g_ptr_array_index(guest->resources, i);

        if (!g_str_equal(lease->name, other->lease->name) ||
            !g_str_equal(lease->lockspace_name, other->lease->lockspace_name))
            continue;
        if (lease->flags & other->lease->flags & SANLK_RES_SHARED)
            return 0;
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("guest '%1$s' has '%2$s' twice, and not shared"),
                       guest->name, resource->title);
        return -1;
    }
    if (guest->resources->len >= SANLK_MAX_RESOURCES) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("sanlock locks %1$d disks and leases of a guest at most: '%2$s' is one too many for guest '%3$s'"),
                       SANLK_MAX_RESOURCES, resource->title, guest->name);
        return -1;
    }
    g_ptr_array_add(guest->resources, g_steal_pointer(&owned));
    return 0;
}

int
virLockManagerSanlockGuestAddDisk(virLockManagerSanlockGuest *guest,
                                  const virLockManagerSanlockConf *conf,
                                  const char *path,
                                  unsigned int flags)
{
    g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_MD5, path, -1);
    g_autofree char *file = g_build_filename(conf->diskLeaseDir, name, NULL);
    virLockManagerSanlockResource *resource;

    /* Whoever only reads is not in anybody's way, says libvirt's sanlock.so. */
    if (flags & VIR_LOCK_MANAGER_RESOURCE_READONLY)
        return 0;
    if (!conf->autoDiskLeases) {
        guest->writes |= !(flags & VIR_LOCK_MANAGER_RESOURCE_SHARED);
        return 0;
    }
    resource = virLockManagerSanlockResourceNew(path, VIR_LOCK_MANAGER_SANLOCK_LOCKSPACE, name, file, flags);
    if (!resource)
        return -1;
    resource->automatic = TRUE;
    return virLockManagerSanlockGuestAdd(guest, resource);
}

int
virLockManagerSanlockGuestAddLease(virLockManagerSanlockGuest *guest,
                                   const char *key,
                                   const virLockManagerParam *params,
                                   size_t nparams,
                                   unsigned int flags)
{
    const char *lockspace = virLockDriverParamText(params, nparams, "lockspace");
    const char *path = virLockDriverParamText(params, nparams, "path");
    const virLockManagerParam *offset = virLockDriverParam(params, nparams, "offset");
    g_autofree char *title = g_strdup_printf("%s/%s", lockspace ? lockspace : "", key);
    virLockManagerSanlockResource *resource;

    if (!lockspace || !path) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("lease '%1$s' of guest '%2$s' needs a lockspace and a path, for sanlock to lock it"),
                       key, guest->name);
        return -1;
    }
    if (flags & VIR_LOCK_MANAGER_RESOURCE_READONLY)
        return 0;
    if (!(resource = virLockManagerSanlockResourceNew(title, lockspace, key, path, flags)))
        return -1;
    resource->lease->disks[0].offset = offset ? offset->value.ul : 0;
    return virLockManagerSanlockGuestAdd(guest, resource);
}
