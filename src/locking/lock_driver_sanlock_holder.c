/*
 * lock_driver_sanlock_holder.c: which host has a lease
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_sanlock_holder.h"

#include <sanlock_admin.h>
#include <stdlib.h>

/* Whether one of the @count @owners of @lease is not known to be dead. */
static gboolean
virLockManagerSanlockLives(struct sanlk_resource *lease, struct sanlk_host *owners, int count)
{
    g_autofree char *lockspace = g_strndup(lease->lockspace_name, sizeof(lease->lockspace_name));
    struct sanlk_host *hosts = NULL;    /* malloc()ed */
    int nhosts = 0;
    uint32_t flags = SANLK_TRF_FAIL;

    if (sanlock_get_hosts(lockspace, 0, &hosts, &nhosts, 0) < 0 ||
        sanlock_test_resource_owners(lease, 0, owners, count, hosts, nhosts, &flags) < 0)
        flags = SANLK_TRF_FAIL;
    free(hosts);
    return (flags & SANLK_TRF_FAIL) != 0;
}

/* Whether somebody has @lease so that it cannot be had; sets @hostId. */
static gboolean
virLockManagerSanlockIsHeld(const struct sanlk_resource *lease, gboolean living, unsigned long long *hostId)
{
    g_autofree struct sanlk_resource *copy = g_malloc0(sizeof(*copy) + sizeof(struct sanlk_disk));
    struct sanlk_host *owners = NULL;   /* malloc()ed */
    int count = 0;
    gboolean found;

    *copy = *lease;
    copy->disks[0] = lease->disks[0];
    copy->flags = 0;
    found = sanlock_read_resource_owners(copy, 0, &owners, &count) == 0 && count > 0 &&
            !(lease->flags & copy->flags & SANLK_RES_SHARED) &&
            (!living || virLockManagerSanlockLives(copy, owners, count));
    if (found)
        *hostId = owners[0].host_id;
    free(owners);
    return found;
}

gboolean
virLockManagerSanlockFindHolder(const virLockManagerSanlockGuest *guest,
                                gboolean living,
                                virLockManagerSanlockHolder *holder)
{
    guint i;

    for (i = 0; i < guest->resources->len; i++) {
        const virLockManagerSanlockResource *resource = g_ptr_array_index(guest->resources, i);

        if (!virLockManagerSanlockIsHeld(resource->lease, living, &holder->hostId))
            continue;
        holder->title = resource->title;
        return TRUE;
    }
    return FALSE;
}
