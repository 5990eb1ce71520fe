/*
 * lock_daemon_status.c: what the daemon tells of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock_daemon_lockspace.h"
#include "lock_daemon_status.h"
#include "virerror.h"
#include "virtime.h"

/* xdr_free() frees with free(), so nothing here may come from another
 * allocator than malloc(); GLib's is just that. */

static char *
virLockDaemonStatusText(const char *text)
{
    if (!text)
        return g_strdup("");
    return strlen(text) <= VIR_LEASE_PROTOCOL_STRING_MAX ?
        g_strdup(text) : g_strndup(text, VIR_LEASE_PROTOCOL_STRING_MAX);
}

static void
virLockDaemonStatusResource(virLeaseProtocolResource *ret, const virLeaseResource *resource)
{
    ret->name = virLockDaemonStatusText(resource->name);
    ret->path = virLockDaemonStatusText(resource->path);
    ret->mode = resource->mode;
}

static void
virLockDaemonStatusOwner(virLeaseProtocolOwnerStatus *ret, const virLeaseOwnerStatus *owner)
{
    guint n = MIN(owner->resources->len, VIR_LEASE_PROTOCOL_RESOURCES_MAX);

    if (virUUIDParse(owner->uuid, (unsigned char *) ret->owner.uuid) < 0)
        virResetLastError();
    ret->owner.name = virLockDaemonStatusText(owner->guest);
    ret->owner.pid = owner->pid;
    ret->state = virLockDaemonStatusText(owner->state);
    ret->run = owner->run;
    ret->since = owner->since;
    ret->failure = owner->failure;
    ret->resources.resources_len = n;
    ret->resources.resources_val = g_new0(virLeaseProtocolResource, n);
    for (guint i = 0; i < n; i++)
        virLockDaemonStatusResource(&ret->resources.resources_val[i], g_ptr_array_index(owner->resources, i));
}

static void
virLockDaemonStatusLockspace(virLeaseProtocolLockspaceStatus *ret, const virLockDaemonLockspace *lockspace)
{
    g_autoptr(virLeaseEngineStatus) status = virLockDaemonLockspaceGetStatus(lockspace);
    guint n = MIN(status->owners->len, VIR_LEASE_PROTOCOL_OWNERS_MAX);

    ret->name = virLockDaemonStatusText(virLockDaemonLockspaceGetName(lockspace));
    ret->url = virLockDaemonStatusText(virLockDaemonLockspaceGetURL(lockspace));
    ret->state = virLockDaemonStatusText(status->state);
    ret->session = virLockDaemonStatusText(status->session);
    ret->problem = virLockDaemonStatusText(status->problem);
    ret->length = status->length / VIR_LEASE_MILLISECOND;
    ret->left = status->end ? (status->end - virTimeBootNow()) / VIR_LEASE_MILLISECOND : 0;
    ret->coherent = status->coherent ? 1 : 0;
    ret->owners.owners_len = n;
    ret->owners.owners_val = g_new0(virLeaseProtocolOwnerStatus, n);
    for (guint i = 0; i < n; i++)
        virLockDaemonStatusOwner(&ret->owners.owners_val[i], g_ptr_array_index(status->owners, i));
}

void
virLockDaemonStatusFill(virLeaseProtocolStatusRet *ret, GPtrArray *lockspaces)
{
    guint n = MIN(lockspaces->len, VIR_LEASE_PROTOCOL_LOCKSPACES_MAX);

    ret->release = virLockDaemonStatusText(PACKAGE_VERSION);
    ret->pid = getpid();
    ret->lockspaces.lockspaces_len = n;
    ret->lockspaces.lockspaces_val = g_new0(virLeaseProtocolLockspaceStatus, n);
    for (guint i = 0; i < n; i++)
        virLockDaemonStatusLockspace(&ret->lockspaces.lockspaces_val[i], g_ptr_array_index(lockspaces, i));
}
