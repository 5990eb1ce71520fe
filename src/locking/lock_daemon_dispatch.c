/*
 * lock_daemon_dispatch.c: the calls of lease_protocol.x
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <unistd.h>

#include "lease_protocol.h"
#include "lock_daemon_calls.h"
#include "lock_daemon_dispatch.h"
#include "lock_daemon_status.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

/* How long a client may want to wait, for its answer and for a handover. */
#define VIR_LOCK_DAEMON_DISPATCH_TIMEOUT_MIN_MS 1000
#define VIR_LOCK_DAEMON_DISPATCH_TIMEOUT_MAX_MS 120000

struct _virLockDaemonDispatch {
    GPtrArray *lockspaces;
    virLockDaemonCalls *calls;
};

void
virLockDaemonDispatchAnswer(virLockDaemonDispatch *dispatch,
                            guint64 request,
                            int code,
                            const char *message,
                            const char *token)
{
    virLockDaemonCall *call = virLockDaemonCallsFind(dispatch->calls, request);
    virLeaseProtocolTokenRet ret = { .token = (char *) (token ? token : "") };

    /* The client may have gone while the engine made up its mind. */
    if (call)
        virLockDaemonCallFinish(call, code, message, call->token ? &ret : NULL);
}

/* ---- from the arguments to an event ---- */

static virLockDaemonLockspace *
virLockDaemonDispatchFindLockspace(const virLockDaemonDispatch *dispatch, const char *name)
{
    for (guint i = 0; i < dispatch->lockspaces->len; i++) {
        virLockDaemonLockspace *lockspace = g_ptr_array_index(dispatch->lockspaces, i);

        if (g_str_equal(virLockDaemonLockspaceGetName(lockspace), name))
            return lockspace;
    }
    virReportError(VIR_ERR_INVALID_ARG,
                   _("virtleased serves no lockspace '%1$s': add it to 'lockspaces' in virtleased.conf, or correct 'lockspace' in the lock driver's configuration"),
                   name);
    return NULL;
}

/* The same image twice in one guest is one resource, in the stricter mode. */
static virLeaseResource *
virLockDaemonDispatchFindResource(GPtrArray *resources, const char *name)
{
    for (guint i = 0; i < resources->len; i++) {
        virLeaseResource *resource = g_ptr_array_index(resources, i);

        if (g_str_equal(resource->name, name))
            return resource;
    }
    return NULL;
}

static int
virLockDaemonDispatchAddResource(GPtrArray *resources, const virLeaseProtocolResource *wanted)
{
    /* What is saved and shown is UTF-8; what file systems have need not be. */
    g_autofree char *name = g_utf8_make_valid(wanted->name, -1);
    g_autofree char *path = g_utf8_make_valid(wanted->path, -1);
    virLeaseResource *known;

    if (!*name || wanted->mode >= VIR_LEASE_MODE_LAST) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("the resource '%1$s' has no name, or the unknown mode %2$u"), path, wanted->mode);
        return -1;
    }
    known = virLockDaemonDispatchFindResource(resources, name);
    if (known && wanted->mode == VIR_LEASE_MODE_EXCLUSIVE)
        known->mode = VIR_LEASE_MODE_EXCLUSIVE;
    if (!known)
        g_ptr_array_add(resources, virLeaseResourceNew(name, path, wanted->mode));
    return 0;
}

static GPtrArray *
virLockDaemonDispatchResources(const virLeaseProtocolRequest *request)
{
    g_autoptr(GPtrArray) resources = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseResourceFree);

    for (guint i = 0; i < request->resources.resources_len; i++) {
        if (virLockDaemonDispatchAddResource(resources, &request->resources.resources_val[i]) < 0)
            return NULL;
    }
    return g_steal_pointer(&resources);
}

static int
virLockDaemonDispatchCheckFailure(unsigned int failure)
{
    if (failure < VIR_LEASE_FAILURE_LAST)
        return 0;
    virReportError(VIR_ERR_INVALID_ARG, _("%1$u is no action for a lock that is lost"), failure);
    return -1;
}

static int
virLockDaemonDispatchCheckOwner(const virLeaseProtocolOwner *owner)
{
    if (owner->pid <= 1 || owner->pid > G_MAXINT32 || owner->pid == getpid()) {
        virReportError(VIR_ERR_INVALID_ARG, _("%1$lld is not the id of a guest's process"), (long long) owner->pid);
        return -1;
    }
    if (!*owner->name) {
        virReportError(VIR_ERR_INVALID_ARG, _("the guest of process %1$lld has no name"), (long long) owner->pid);
        return -1;
    }
    return 0;
}

/* Has @event, in which only what is special to its type is filled in, done.
 * Returns -1 if it is not even tried, with an error reported. */
static int
virLockDaemonDispatchEvent(virLockDaemonDispatch *dispatch,
                           virNetServerRequest *request,
                           const virLeaseProtocolRequest *args,
                           virLeaseEvent *event)
{
    virLockDaemonLockspace *lockspace = virLockDaemonDispatchFindLockspace(dispatch, args->lockspace);
    g_autofree char *guest = g_utf8_make_valid(args->owner.name, -1);
    g_autoptr(GPtrArray) resources = NULL;
    char uuid[VIR_UUID_STRING_BUFLEN];
    virLockDaemonCall *call;

    if (!lockspace ||
        virLockDaemonDispatchCheckFailure(event->failure) < 0 ||
        virLockDaemonDispatchCheckOwner(&args->owner) < 0 ||
        !(resources = virLockDaemonDispatchResources(args)))
        return -1;
    event->guest = guest;
    event->uuid = virUUIDFormat((const unsigned char *) args->owner.uuid, uuid);
    event->pid = args->owner.pid;
    event->resources = resources;
    call = virLockDaemonCallsAdd(dispatch->calls, request, lockspace);
    call->token = event->type == VIR_LEASE_EVENT_SUSPEND || event->type == VIR_LEASE_EVENT_INQUIRE;
    event->request = call->number;

    if (virLockDaemonLockspaceRequest(lockspace, event,
                                      CLAMP(args->timeout,
                                            VIR_LOCK_DAEMON_DISPATCH_TIMEOUT_MIN_MS,
                                            VIR_LOCK_DAEMON_DISPATCH_TIMEOUT_MAX_MS) * VIR_LEASE_MILLISECOND) < 0)
        virLockDaemonCallsRefuse(dispatch->calls, event->request);
    return 0;
}

static void
virLockDaemonDispatchRun(virLockDaemonDispatch *dispatch,
                         virNetServerRequest *request,
                         const virLeaseProtocolRequest *args,
                         virLeaseEvent *event)
{
    if (virLockDaemonDispatchEvent(dispatch, request, args, event) < 0)
        virLockDaemonRequestFail(request);
}

/* ---- the procedures ---- */

static void
virLockDaemonDispatchRegister(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLeaseProtocolRegisterArgs *args = opaqueArgs;
    virLeaseEvent event = {
        .type = VIR_LEASE_EVENT_REGISTER,
        .failure = args->failure,
        .reserve = args->reserve != 0,
    };

    virLockDaemonDispatchRun(opaque, request, &args->request, &event);
}

static void
virLockDaemonDispatchAcquire(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLeaseProtocolAcquireArgs *args = opaqueArgs;
    virLeaseEvent event = {
        .type = VIR_LEASE_EVENT_ACQUIRE,
        .failure = args->failure,
        .token = *args->token ? args->token : NULL,
        .handoverWait = MIN(args->handoverWait, VIR_LOCK_DAEMON_DISPATCH_TIMEOUT_MAX_MS) * VIR_LEASE_MILLISECOND,
    };

    virLockDaemonDispatchRun(opaque, request, &args->request, &event);
}

static void
virLockDaemonDispatchDetach(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLeaseProtocolDetachArgs *args = opaqueArgs;
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_DETACH };

    virLockDaemonDispatchRun(opaque, request, &args->request, &event);
}

static void
virLockDaemonDispatchSuspend(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLeaseProtocolSuspendArgs *args = opaqueArgs;
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_SUSPEND };

    virLockDaemonDispatchRun(opaque, request, &args->request, &event);
}

static void
virLockDaemonDispatchInquire(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLeaseProtocolInquireArgs *args = opaqueArgs;
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_INQUIRE };

    virLockDaemonDispatchRun(opaque, request, &args->request, &event);
}

/* Answered from memory, so it does not wait for any export. */
static void
virLockDaemonDispatchStatus(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque)
{
    virLockDaemonDispatch *dispatch = opaque;
    virLeaseProtocolStatusRet ret = { 0 };

    virLockDaemonStatusFill(&ret, dispatch->lockspaces);
    virNetServerRequestReply(request, &ret);
    xdr_free((xdrproc_t) xdr_virLeaseProtocolStatusRet, (char *) &ret);
}

#define VIR_LOCK_DAEMON_DISPATCH_CALL(upper, mixed, ret) \
    { VIR_LEASE_PROTOCOL_PROC_ ## upper, #mixed, sizeof(virLeaseProtocol ## mixed ## Args), \
      (xdrproc_t) xdr_virLeaseProtocol ## mixed ## Args, ret, virLockDaemonDispatch ## mixed }

static const virNetServerProcedure virLockDaemonDispatchProcedures[] = {
    VIR_LOCK_DAEMON_DISPATCH_CALL(REGISTER, Register, NULL),
    VIR_LOCK_DAEMON_DISPATCH_CALL(ACQUIRE, Acquire, NULL),
    VIR_LOCK_DAEMON_DISPATCH_CALL(DETACH, Detach, NULL),
    VIR_LOCK_DAEMON_DISPATCH_CALL(SUSPEND, Suspend, (xdrproc_t) xdr_virLeaseProtocolTokenRet),
    VIR_LOCK_DAEMON_DISPATCH_CALL(INQUIRE, Inquire, (xdrproc_t) xdr_virLeaseProtocolTokenRet),
    { VIR_LEASE_PROTOCOL_PROC_STATUS, "Status", 0, NULL,
      (xdrproc_t) xdr_virLeaseProtocolStatusRet, virLockDaemonDispatchStatus },
};

/* ---- the object ---- */

virLockDaemonDispatch *
virLockDaemonDispatchNew(GPtrArray *lockspaces)
{
    virLockDaemonDispatch *dispatch = g_new0(virLockDaemonDispatch, 1);
    const virNetServerProgram program = {
        .program = VIR_LEASE_PROTOCOL_PROGRAM,
        .version = VIR_LEASE_PROTOCOL_VERSION,
        .procedures = virLockDaemonDispatchProcedures,
        .nprocedures = G_N_ELEMENTS(virLockDaemonDispatchProcedures),
        .opaque = dispatch,
    };

    dispatch->lockspaces = lockspaces;
    dispatch->calls = virLockDaemonCallsNew(&program, 0);
    return dispatch;
}

void
virLockDaemonDispatchFree(virLockDaemonDispatch *dispatch)
{
    if (!dispatch)
        return;
    virLockDaemonCallsFree(dispatch->calls);
    g_free(dispatch);
}

const virNetServerProgram *
virLockDaemonDispatchGetProgram(virLockDaemonDispatch *dispatch)
{
    return virLockDaemonCallsGetProgram(dispatch->calls);
}
