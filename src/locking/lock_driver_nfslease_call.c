/*
 * lock_driver_nfslease_call.c: what the nfslease plugin asks of virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_nfslease_call.h"

#include <string.h>

#include "lease_protocol.h"
#include "virerror.h"
#include "virnetclient.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LOCK_MANAGER_NFSLEASE_SERVICE "virtleased"
#define VIR_LOCK_MANAGER_NFSLEASE_NS_PER_MS ((gint64) 1000 * 1000)

static int
virLockManagerNfsleaseCheckText(const char *text)
{
    if (strlen(text) <= VIR_LEASE_PROTOCOL_STRING_MAX)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("'%1$.40s...' is longer than the %2$d bytes that virtleased takes"),
                   text, VIR_LEASE_PROTOCOL_STRING_MAX);
    return -1;
}

static int
virLockManagerNfsleaseCheckGuest(const virLockManagerNfsleaseConf *conf,
                                 const virLockManagerNfsleaseGuest *guest)
{
    if (guest->pid == 0) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("guest '%1$s' can't be locked: it has no process"), guest->name);
        return -1;
    }
    if (virLockManagerNfsleaseCheckText(conf->lockspace) < 0)
        return -1;
    return virLockManagerNfsleaseCheckText(guest->name);
}

static int
virLockManagerNfsleaseCheckResources(const virLockManagerNfsleaseGuest *guest)
{
    guint i;

    if (guest->resources->len > VIR_LEASE_PROTOCOL_RESOURCES_MAX) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("guest '%1$s' has %2$u disks and leases, more than the %3$d that can be locked"),
                       guest->name, guest->resources->len, VIR_LEASE_PROTOCOL_RESOURCES_MAX);
        return -1;
    }
    for (i = 0; i < guest->resources->len; i++) {
        const virLockManagerNfsleaseResource *resource = g_ptr_array_index(guest->resources, i);

        if (virLockManagerNfsleaseCheckText(resource->name) < 0 ||
            virLockManagerNfsleaseCheckText(resource->path) < 0)
            return -1;
    }
    return 0;
}

/* Sets up what all calls have in common. It borrows its texts from @conf and
 * @guest. */
static int
virLockManagerNfsleaseRequestInit(virLeaseProtocolRequest *request,
                                  const virLockManagerNfsleaseConf *conf,
                                  const virLockManagerNfsleaseGuest *guest)
{
    if (virLockManagerNfsleaseCheckGuest(conf, guest) < 0)
        return -1;
    request->lockspace = conf->lockspace;
    request->timeout = conf->acquireTimeoutMs;
    request->owner.name = guest->name;
    request->owner.pid = guest->pid;
    memcpy(request->owner.uuid, guest->uuid, VIR_UUID_BUFLEN);
    return 0;
}

/* Adds the guest's resources; @values has room for all and must live as long
 * as @request. */
static void
virLockManagerNfsleaseRequestAdd(virLeaseProtocolRequest *request,
                                 const virLockManagerNfsleaseGuest *guest,
                                 virLeaseProtocolResource *values)
{
    guint i;

    for (i = 0; i < guest->resources->len; i++) {
        const virLockManagerNfsleaseResource *resource = g_ptr_array_index(guest->resources, i);

        values[i].name = resource->name;
        values[i].path = resource->path;
        values[i].mode = resource->shared;
    }
    request->resources.resources_val = values;
    request->resources.resources_len = guest->resources->len;
}

static int
virLockManagerNfsleaseCall(const virLockManagerNfsleaseConf *conf,
                           unsigned int timeoutMs,
                           int procedure,
                           xdrproc_t argFilter,
                           void *args,
                           xdrproc_t retFilter,
                           void *ret)
{
    gint64 deadline = virTimeBootNow() + VIR_LOCK_MANAGER_NFSLEASE_NS_PER_MS *
                      ((gint64) timeoutMs + VIR_LOCK_MANAGER_NFSLEASE_MARGIN_MS);
    g_autoptr(virNetClient) client = virNetClientNew(VIR_LOCK_MANAGER_NFSLEASE_SERVICE,
                                                     conf->socket, deadline);

    if (!client)
        return -1;
    return virNetClientCall(client, VIR_LEASE_PROTOCOL_PROGRAM, VIR_LEASE_PROTOCOL_VERSION, procedure,
                            argFilter, args, retFilter, ret, deadline);
}

int
virLockManagerNfsleaseRegister(const virLockManagerNfsleaseConf *conf,
                               const virLockManagerNfsleaseGuest *guest)
{
    g_autofree virLeaseProtocolResource *values = g_new0(virLeaseProtocolResource, guest->resources->len);
    virLeaseProtocolRegisterArgs args = { .failure = guest->failure, .reserve = conf->reserve ? 1 : 0 };

    if (virLockManagerNfsleaseRequestInit(&args.request, conf, guest) < 0 ||
        virLockManagerNfsleaseCheckResources(guest) < 0)
        return -1;
    virLockManagerNfsleaseRequestAdd(&args.request, guest, values);
    return virLockManagerNfsleaseCall(conf, args.request.timeout, VIR_LEASE_PROTOCOL_PROC_REGISTER,
                                      (xdrproc_t) xdr_virLeaseProtocolRegisterArgs, &args,
                                      (xdrproc_t) xdr_void, NULL);
}

int
virLockManagerNfsleaseAcquire(const virLockManagerNfsleaseConf *conf,
                              const virLockManagerNfsleaseGuest *guest,
                              const char *token)
{
    g_autofree virLeaseProtocolResource *values = g_new0(virLeaseProtocolResource, guest->resources->len);
    g_autofree char *copy = g_strdup(token ? token : "");
    virLeaseProtocolAcquireArgs args = {
        .failure = guest->failure,
        .token = copy,
        .handoverWait = conf->handoverWaitMs,
    };

    if (strlen(copy) > VIR_LEASE_PROTOCOL_TOKEN_MAX) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("the lock state of guest '%1$s' is none of nfslease's: it is too long"), guest->name);
        return -1;
    }
    if (virLockManagerNfsleaseRequestInit(&args.request, conf, guest) < 0 ||
        virLockManagerNfsleaseCheckResources(guest) < 0)
        return -1;
    virLockManagerNfsleaseRequestAdd(&args.request, guest, values);
    if (*copy)
        args.request.timeout += conf->handoverWaitMs;
    return virLockManagerNfsleaseCall(conf, args.request.timeout, VIR_LEASE_PROTOCOL_PROC_ACQUIRE,
                                      (xdrproc_t) xdr_virLeaseProtocolAcquireArgs, &args,
                                      (xdrproc_t) xdr_void, NULL);
}

int
virLockManagerNfsleaseDetach(const virLockManagerNfsleaseConf *conf,
                             const virLockManagerNfsleaseGuest *guest)
{
    g_autofree virLeaseProtocolResource *values = g_new0(virLeaseProtocolResource, guest->resources->len);
    virLeaseProtocolDetachArgs args = { 0 };

    if (virLockManagerNfsleaseRequestInit(&args.request, conf, guest) < 0 ||
        virLockManagerNfsleaseCheckResources(guest) < 0)
        return -1;
    virLockManagerNfsleaseRequestAdd(&args.request, guest, values);
    return virLockManagerNfsleaseCall(conf, args.request.timeout, VIR_LEASE_PROTOCOL_PROC_DETACH,
                                      (xdrproc_t) xdr_virLeaseProtocolDetachArgs, &args,
                                      (xdrproc_t) xdr_void, NULL);
}

/* A call whose arguments are the bare request, and whose answer is a token. */
static int
virLockManagerNfsleaseCallToken(const virLockManagerNfsleaseConf *conf,
                                const virLockManagerNfsleaseGuest *guest,
                                int procedure,
                                xdrproc_t argFilter,
                                virLeaseProtocolRequest *request,
                                void *args,
                                char **token)
{
    virLeaseProtocolTokenRet ret = { 0 };

    if (virLockManagerNfsleaseRequestInit(request, conf, guest) < 0 ||
        virLockManagerNfsleaseCall(conf, request->timeout, procedure, argFilter, args,
                                   (xdrproc_t) xdr_virLeaseProtocolTokenRet, &ret) < 0)
        return -1;
    *token = *ret.token ? g_strdup(ret.token) : NULL;
    xdr_free((xdrproc_t) xdr_virLeaseProtocolTokenRet, (char *) &ret);
    return 0;
}

int
virLockManagerNfsleaseSuspend(const virLockManagerNfsleaseConf *conf,
                              const virLockManagerNfsleaseGuest *guest,
                              char **token)
{
    virLeaseProtocolSuspendArgs args = { 0 };

    return virLockManagerNfsleaseCallToken(conf, guest, VIR_LEASE_PROTOCOL_PROC_SUSPEND,
                                           (xdrproc_t) xdr_virLeaseProtocolSuspendArgs,
                                           &args.request, &args, token);
}

int
virLockManagerNfsleaseInquire(const virLockManagerNfsleaseConf *conf,
                              const virLockManagerNfsleaseGuest *guest,
                              char **token)
{
    virLeaseProtocolInquireArgs args = { 0 };

    return virLockManagerNfsleaseCallToken(conf, guest, VIR_LEASE_PROTOCOL_PROC_INQUIRE,
                                           (xdrproc_t) xdr_virLeaseProtocolInquireArgs,
                                           &args.request, &args, token);
}
