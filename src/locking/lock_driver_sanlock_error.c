/*
 * lock_driver_sanlock_error.c: why sanlock did not lock
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It answers with a number for all resources at once. Which it is, and by which
 * host it is held, is read from the leases.
 */
#include <config.h>

#include "lock_driver_sanlock_error.h"

#include <errno.h>
#include <sanlock_rv.h>

#include "lock_driver_sanlock_holder.h"
#include "lock_driver_sanlock_lockspace.h"
#include "lock_driver_sanlock_state.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

const char *
virLockManagerSanlockWhy(int rc)
{
    return rc > SANLK_ERROR ? g_strerror(-rc) : sanlock_strerror(rc);
}

/* All that is wanted, for a message. */
static char *
virLockManagerSanlockTitles(const virLockManagerSanlockGuest *guest)
{
    g_autoptr(GString) titles = g_string_new(NULL);
    guint i;

    for (i = 0; i < guest->resources->len; i++) {
        const virLockManagerSanlockResource *resource = g_ptr_array_index(guest->resources, i);

        g_string_append_printf(titles, "%s'%s'", i > 0 ? ", " : "", resource->title);
    }
    return g_string_free(g_steal_pointer(&titles), FALSE);
}

/* The first of what is wanted that the guest has already, or NULL. */
static const char *
virLockManagerSanlockHasAlready(const virLockManagerSanlockGuest *guest, const char *held)
{
    guint i;

    for (i = 0; i < guest->resources->len; i++) {
        const virLockManagerSanlockResource *resource = g_ptr_array_index(guest->resources, i);

        if (virLockManagerSanlockStateHas(held, resource->lease->lockspace_name, resource->lease->name))
            return resource->title;
    }
    return NULL;
}

static void
virLockManagerSanlockReportBusy(const virLockManagerSanlockGuest *guest, const char *held, int rc)
{
    const char *already = virLockManagerSanlockHasAlready(guest, held);
    virLockManagerSanlockHolder holder = { .title = NULL };
    g_autofree char *titles = NULL;

    if (already) {
        virReportError(VIR_ERR_OPERATION_INVALID, _("guest '%1$s' has '%2$s' locked already"), guest->name, already);
        return;
    }
    if (virLockManagerSanlockFindHolder(guest, FALSE, &holder)) {
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("'%1$s', which guest '%2$s' is to have, is in use on the host with the sanlock host_id %3$llu (%4$s): 'sanlock client status' says there by which guest"),
                       holder.title, guest->name, holder.hostId, virLockManagerSanlockWhy(rc));
        return;
    }
    titles = virLockManagerSanlockTitles(guest);
    virReportError(VIR_ERR_RESOURCE_BUSY, _("guest '%1$s' cannot have %2$s, which is in use: %3$s"),
                   guest->name, titles, virLockManagerSanlockWhy(rc));
}

/* Nobody knows yet whether the owner's host lives. */
static void
virLockManagerSanlockReportUnsure(const virLockManagerSanlockGuest *guest)
{
    virLockManagerSanlockHolder holder = { .title = NULL };
    g_autofree char *titles = virLockManagerSanlockTitles(guest);

    if (virLockManagerSanlockFindHolder(guest, FALSE, &holder))
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("'%1$s', which guest '%2$s' is to have, is or was in use on the host with the sanlock host_id %3$llu, which has not been seen to live: if it is dead, try again when its watchdog must have reset it"),
                       holder.title, guest->name, holder.hostId);
    else
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("guest '%1$s' cannot have %2$s yet: nobody knows whether the host that had it lives"), guest->name, titles);
}

/* The daemon is in no lockspace of that name. */
static void
virLockManagerSanlockReportOutside(const virLockManagerSanlockConf *conf, const virLockManagerSanlockGuest *guest)
{
    g_autofree char *titles = virLockManagerSanlockTitles(guest);

    if (!conf->autoDiskLeases) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("guest '%1$s' cannot have %2$s: this host is not in the lockspace, which 'sanlock client add_lockspace' changes"),
                       guest->name, titles);
        return;
    }
    virLockManagerSanlockJoinAgain(conf);
    virReportError(VIR_ERR_OPERATION_FAILED,
                   _("guest '%1$s' cannot have %2$s yet: this host has lost its lockspace in '%3$s' and is joining it again, which takes a while"),
                   guest->name, titles, conf->diskLeaseDir);
}

static void
virLockManagerSanlockReportOther(const virLockManagerSanlockGuest *guest, int rc)
{
    g_autofree char *titles = virLockManagerSanlockTitles(guest);

    if (rc == SANLK_ACQUIRE_LVER)
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("guest '%1$s' must not go on: since it was stopped, one of %2$s was in use elsewhere; it has to be started anew"),
                       guest->name, titles);
    else
        virReportError(VIR_ERR_OPERATION_FAILED, _("sanlock does not lock %1$s for guest '%2$s': %3$s"),
                       titles, guest->name, virLockManagerSanlockWhy(rc));
}

void
virLockManagerSanlockReportLock(const virLockManagerSanlockConf *conf,
                                const virLockManagerSanlockGuest *guest,
                                const char *held,
                                int rc)
{
    switch (rc) {
    case -EEXIST:
    case -EAGAIN:
    case -EBUSY:
    case SANLK_ACQUIRE_IDLIVE:
    case SANLK_ACQUIRE_OWNED:
    case SANLK_ACQUIRE_OTHER:
    case SANLK_ACQUIRE_SHRETRY:
        virLockManagerSanlockReportBusy(guest, held, rc);
        break;
    case SANLK_ACQUIRE_OWNED_RETRY:
        virLockManagerSanlockReportUnsure(guest);
        break;
    case -ENOSPC:
        virLockManagerSanlockReportOutside(conf, guest);
        break;
    default:
        virLockManagerSanlockReportOther(guest, rc);
    }
}
