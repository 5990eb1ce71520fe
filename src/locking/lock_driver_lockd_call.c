/*
 * lock_driver_lockd_call.c: what the lockd plugin asks of virtlockd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_lockd_call.h"

#include <string.h>

#include "lock_protocol.h"
#include "virerror.h"
#include "virnetclient.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LOCK_MANAGER_LOCK_DAEMON_SERVICE "virtlockd"
/* virtleased may need 10 s to find out that an export does not answer. */
#define VIR_LOCK_MANAGER_LOCK_DAEMON_NS ((gint64) 15 * 1000 * 1000 * 1000)

static gint64
virLockManagerLockDaemonDeadline(void)
{
    return virTimeBootNow() + VIR_LOCK_MANAGER_LOCK_DAEMON_NS;
}

static int
virLockManagerLockDaemonCall(virNetClient *client, int procedure, void *filter, void *args)
{
    return virNetClientCall(client, VIR_LOCK_SPACE_PROTOCOL_PROGRAM, VIR_LOCK_SPACE_PROTOCOL_PROGRAM_VERSION,
                            procedure, (xdrproc_t) filter, args, NULL, NULL, virLockManagerLockDaemonDeadline());
}

static virNetClient *
virLockManagerLockDaemonConnect(const virLockManagerLockDaemonConf *conf)
{
    return virNetClientNew(VIR_LOCK_MANAGER_LOCK_DAEMON_SERVICE, conf->socket, virLockManagerLockDaemonDeadline());
}

/* ---- lockspaces ---- */

/* virtlockd answers with an error if the lockspace is there already. */
static int
virLockManagerLockDaemonMake(virNetClient *client, const char *lockspace)
{
    virLockSpaceProtocolCreateLockSpaceArgs args = { .path = (char *) lockspace };
    int rc;

    virNetClientTolerate(client, VIR_ERR_OPERATION_INVALID);
    rc = virLockManagerLockDaemonCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_CREATE_LOCKSPACE,
                                      xdr_virLockSpaceProtocolCreateLockSpaceArgs, &args);
    virNetClientTolerate(client, VIR_ERR_OK);
    return rc < 0 ? -1 : 0;
}

int
virLockManagerLockDaemonSetup(const virLockManagerLockDaemonConf *conf)
{
    const char *const dirs[] = { conf->fileLockSpaceDir, conf->lvmLockSpaceDir, conf->scsiLockSpaceDir };
    g_autoptr(virNetClient) client = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
        if (!dirs[i])
            continue;
        if (!client && !(client = virLockManagerLockDaemonConnect(conf)))
            return -1;
        if (virLockManagerLockDaemonMake(client, dirs[i]) < 0)
            return -1;
    }
    return 0;
}

/* ---- guests ---- */

/* A connection that speaks for @guest. */
static virNetClient *
virLockManagerLockDaemonConnectFor(const virLockManagerLockDaemonConf *conf,
                                   const virLockManagerLockDaemonGuest *guest)
{
    virLockSpaceProtocolRegisterArgs args = {
        .owner = { .name = guest->name, .id = (unsigned int) guest->id, .pid = (unsigned int) guest->pid },
    };
    g_autoptr(virNetClient) client = NULL;

    if (guest->pid == 0) {
        virReportError(VIR_ERR_OPERATION_INVALID, _("guest '%1$s' cannot be locked: it has no process"), guest->name);
        return NULL;
    }
    memcpy(args.owner.uuid, guest->uuid, VIR_UUID_BUFLEN);
    if (!(client = virLockManagerLockDaemonConnect(conf)) ||
        virLockManagerLockDaemonCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_REGISTER,
                                     xdr_virLockSpaceProtocolRegisterArgs, &args) < 0)
        return NULL;
    return g_steal_pointer(&client);
}

static int
virLockManagerLockDaemonRestrict(virNetClient *client)
{
    virLockSpaceProtocolRestrictArgs args = { 0 };

    return virLockManagerLockDaemonCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_RESTRICT,
                                        xdr_virLockSpaceProtocolRestrictArgs, &args);
}

int
virLockManagerLockDaemonRegister(const virLockManagerLockDaemonConf *conf,
                                 const virLockManagerLockDaemonGuest *guest,
                                 gboolean restricted,
                                 int *fd)
{
    g_autoptr(virNetClient) client = virLockManagerLockDaemonConnectFor(conf, guest);

    if (!client || (restricted && virLockManagerLockDaemonRestrict(client) < 0))
        return -1;
    if (fd && (*fd = virNetClientDupFD(client)) < 0)
        return -1;
    return 0;
}

static int
virLockManagerLockDaemonLockOne(virNetClient *client, const virLockManagerLockDaemonResource *resource)
{
    virLockSpaceProtocolAcquireResourceArgs args = { resource->lockspace, resource->name, resource->flags };

    if (resource->make && virLockManagerLockDaemonMake(client, resource->lockspace) < 0)
        return -1;
    return virLockManagerLockDaemonCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_ACQUIRE_RESOURCE,
                                        xdr_virLockSpaceProtocolAcquireResourceArgs, &args);
}

/* The client tolerates what virtlockd says of a lock that it does not hold. */
static int
virLockManagerLockDaemonUnlockOne(virNetClient *client, const virLockManagerLockDaemonResource *resource)
{
    virLockSpaceProtocolReleaseResourceArgs args = { resource->lockspace, resource->name, 0 };

    return virLockManagerLockDaemonCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_RELEASE_RESOURCE,
                                        xdr_virLockSpaceProtocolReleaseResourceArgs, &args);
}

/* Gives back the first @count after the next one was refused; that refusal is
 * what is to be heard of, so anything else ends it. */
static void
virLockManagerLockDaemonGiveBack(const virLockManagerLockDaemonConf *conf,
                                 const virLockManagerLockDaemonGuest *guest,
                                 guint count)
{
    g_autoptr(virNetClient) client = NULL;

    if (count == 0 || !(client = virLockManagerLockDaemonConnectFor(conf, guest)))
        return;
    virNetClientTolerate(client, VIR_ERR_RESOURCE_BUSY);
    while (count > 0) {
        if (virLockManagerLockDaemonUnlockOne(client, g_ptr_array_index(guest->resources, --count)) < 0)
            return;
    }
}

int
virLockManagerLockDaemonLock(const virLockManagerLockDaemonConf *conf, const virLockManagerLockDaemonGuest *guest)
{
    g_autoptr(virNetClient) client = virLockManagerLockDaemonConnectFor(conf, guest);

    if (!client)
        return -1;
    for (guint i = 0; i < guest->resources->len; i++) {
        if (virLockManagerLockDaemonLockOne(client, g_ptr_array_index(guest->resources, i)) < 0) {
            virLockManagerLockDaemonGiveBack(conf, guest, i);
            return -1;
        }
    }
    return 0;
}

int
virLockManagerLockDaemonUnlock(const virLockManagerLockDaemonConf *conf, const virLockManagerLockDaemonGuest *guest)
{
    g_autoptr(virNetClient) client = virLockManagerLockDaemonConnectFor(conf, guest);
    int rc = 0;

    if (!client)
        return -1;
    virNetClientTolerate(client, VIR_ERR_RESOURCE_BUSY);
    for (guint i = 0; i < guest->resources->len; i++) {
        if (virLockManagerLockDaemonUnlockOne(client, g_ptr_array_index(guest->resources, i)) < 0)
            rc = -1;
    }
    return rc;
}
