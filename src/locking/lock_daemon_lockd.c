/*
 * lock_daemon_lockd.c: the calls of lock_protocol.x
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>
#include <unistd.h>

#include "lock_daemon_calls.h"
#include "lock_daemon_lockd.h"
#include "lock_daemon_locks.h"
#include "lock_daemon_owner.h"
#include "lock_protocol.h"
#include "virerror.h"
#include "virlockspace.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

/* Numbers of requests from here on are this program's. */
#define VIR_LOCK_DAEMON_LOCKD_FIRST (G_GUINT64_CONSTANT(1) << 63)
/* Of a resource in a lockspace of the lease engine, with its end. */
#define VIR_LOCK_DAEMON_LOCKD_NAME_MAX 4096
/* libvirt's client waits for as long as it takes; somebody waits for that. */
#define VIR_LOCK_DAEMON_LOCKD_TIMEOUT (10 * VIR_LEASE_SECOND)

G_STATIC_ASSERT((int) VIR_LOCK_SPACE_PROTOCOL_ACQUIRE_RESOURCE_SHARED == VIR_LOCK_SPACE_ACQUIRE_SHARED);
G_STATIC_ASSERT((int) VIR_LOCK_SPACE_PROTOCOL_ACQUIRE_RESOURCE_AUTOCREATE == VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE);

struct _virLockDaemonLockd {
    GPtrArray *lockspaces;
    virLockDaemonLocks *locks;
    virLockDaemonCalls *calls;
};

/* What a connection has said of itself. */
typedef struct _virLockDaemonLockdClient virLockDaemonLockdClient;
struct _virLockDaemonLockdClient {
    gboolean restricted;    /* it may not ask for anything any more */
    char *guest;            /* NULL: it did not register */
    char uuid[VIR_UUID_STRING_BUFLEN];
    pid_t pid;
    unsigned long long start;
};

static void
virLockDaemonLockdClientFree(void *opaque)
{
    virLockDaemonLockdClient *client = opaque;

    g_free(client->guest);
    g_free(client);
}

/* ---- answers ---- */

gboolean
virLockDaemonLockdAnswer(virLockDaemonLockd *lockd, guint64 request, int code, const char *message)
{
    virLockDaemonCall *call = virLockDaemonCallsFind(lockd->calls, request);

    if (call)
        virLockDaemonCallFinish(call, code, message, NULL);
    return request >= VIR_LOCK_DAEMON_LOCKD_FIRST;
}

static void
virLockDaemonLockdFilesDone(int code, const char *message, void *opaque)
{
    virLockDaemonCallFinish(opaque, code, message, NULL);
}

/* ---- who calls ---- */

static virLockDaemonLockdClient *
virLockDaemonLockdGetClient(virNetServerRequest *request)
{
    virLockDaemonLockdClient *client = virNetServerRequestGetClientData(request);

    if (!client) {
        client = g_new0(virLockDaemonLockdClient, 1);
        virNetServerRequestSetClientData(request, client, virLockDaemonLockdClientFree);
    }
    return client;
}

/* The client, if it may call; else NULL with an error reported. */
static virLockDaemonLockdClient *
virLockDaemonLockdCheckClient(virNetServerRequest *request, unsigned int flags, unsigned int known)
{
    virLockDaemonLockdClient *client = virLockDaemonLockdGetClient(request);

    if (client->restricted) {
        virReportError(VIR_ERR_OPERATION_DENIED,
                       _("this connection belongs to guest '%1$s' now, which may ask for no locks"), client->guest);
        return NULL;
    }
    if (flags & ~known) {
        virReportError(VIR_ERR_INVALID_ARG, _("the flags 0x%1$x are not known"), flags & ~known);
        return NULL;
    }
    return client;
}

/* Likewise one that has registered. */
static virLockDaemonLockdClient *
virLockDaemonLockdCheckRegistered(virNetServerRequest *request, unsigned int flags, unsigned int known)
{
    virLockDaemonLockdClient *client = virLockDaemonLockdCheckClient(request, flags, known);

    if (client && !client->guest) {
        virReportError(VIR_ERR_OPERATION_INVALID, "%s", _("this connection has not registered a guest"));
        return NULL;
    }
    return client;
}

static int
virLockDaemonLockdCheckOwner(const virLockDaemonLockdClient *client, const virLockSpaceProtocolOwner *owner)
{
    if (client->guest) {
        virReportError(VIR_ERR_OPERATION_INVALID, _("this connection has registered guest '%1$s' already"),
                       client->guest);
        return -1;
    }
    if (owner->pid <= 1 || owner->pid > G_MAXINT32 || owner->pid == (unsigned int) getpid()) {
        virReportError(VIR_ERR_INVALID_ARG, _("%1$u is not the id of a guest's process"), owner->pid);
        return -1;
    }
    if (!*owner->name) {
        virReportError(VIR_ERR_INVALID_ARG, _("the guest of process %1$u has no name"), owner->pid);
        return -1;
    }
    return 0;
}

static int
virLockDaemonLockdSetOwner(virLockDaemonLockdClient *client, const virLockSpaceProtocolOwner *owner)
{
    g_autofree char *guest = g_utf8_make_valid(owner->name, -1);
    int pidfd = virLockDaemonOwnerOpenProcess((pid_t) owner->pid, guest, &client->start);

    if (pidfd < 0)
        return -1;
    close(pidfd);
    client->pid = (pid_t) owner->pid;
    virUUIDFormat((const unsigned char *) owner->uuid, client->uuid);
    client->guest = g_steal_pointer(&guest);
    return 0;
}

/* ---- the lease engine's lockspaces ---- */

/* The engine's resources have other names when the lock driver nfslease makes
 * them; those of lockd are often a checksum. */
#define VIR_LOCK_DAEMON_LOCKD_RESOURCE "lockd:"

static gboolean
virLockDaemonLockdIsURL(const char *path)
{
    return *path && *path != '/';
}

static virLockDaemonLockspace *
virLockDaemonLockdFindLockspace(const virLockDaemonLockd *lockd, const char *url)
{
    g_autofree char *shown = NULL;

    for (guint i = 0; i < lockd->lockspaces->len; i++) {
        virLockDaemonLockspace *lockspace = g_ptr_array_index(lockd->lockspaces, i);

        if (g_str_equal(virLockDaemonLockspaceGetURL(lockspace), url))
            return lockspace;
    }
    shown = g_utf8_make_valid(url, -1);
    virReportError(VIR_ERR_INVALID_ARG,
                   _("'%1$s' is neither a directory nor the URL of a lockspace in virtleased.conf"), shown);
    return NULL;
}

static int
virLockDaemonLockdCheckResource(const char *name)
{
    if (*name && strlen(name) < VIR_LOCK_DAEMON_LOCKD_NAME_MAX && g_utf8_validate(name, -1, NULL))
        return 0;
    virReportError(VIR_ERR_INVALID_ARG, _("a resource's name must be UTF-8 text of at most %1$d bytes"),
                   VIR_LOCK_DAEMON_LOCKD_NAME_MAX - 1);
    return -1;
}

static void
virLockDaemonLockdLease(virLockDaemonLockd *lockd,
                        virNetServerRequest *request,
                        const virLockDaemonLockdClient *client,
                        virLeaseEventType type,
                        const char *url,
                        const char *name,
                        virLeaseMode mode)
{
    virLockDaemonLockspace *lockspace = virLockDaemonLockdFindLockspace(lockd, url);
    g_autoptr(GPtrArray) resources = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseResourceFree);
    g_autofree char *resource = g_strconcat(VIR_LOCK_DAEMON_LOCKD_RESOURCE, name, NULL);
    virLeaseEvent event = {
        .type = type,
        .guest = client->guest,
        .uuid = client->uuid,
        .pid = client->pid,
        .failure = VIR_LEASE_FAILURE_POWEROFF,
        .resources = resources,
    };

    if (!lockspace || virLockDaemonLockdCheckResource(name) < 0) {
        virLockDaemonRequestFail(request);
        return;
    }
    g_ptr_array_add(resources, virLeaseResourceNew(resource, name, mode));
    event.request = virLockDaemonCallsAdd(lockd->calls, request, lockspace)->number;
    if (virLockDaemonLockspaceRequest(lockspace, &event, VIR_LOCK_DAEMON_LOCKD_TIMEOUT) < 0)
        virLockDaemonCallsRefuse(lockd->calls, event.request);
}

/* ---- lock files ---- */

/* A lock file is locked or not whether or not somebody waits. */
static virLockDaemonCall *
virLockDaemonLockdAddCall(virLockDaemonLockd *lockd, virNetServerRequest *request)
{
    return virLockDaemonCallsAdd(lockd->calls, request, NULL);
}

static void
virLockDaemonLockdFiles(virLockDaemonLockd *lockd,
                        virNetServerRequest *request,
                        const virLockDaemonLockdClient *client,
                        const char *path,
                        const virLockDaemonLockFilesJob *job)
{
    const virLockDaemonLocksOwner owner = {
        .pid = client->pid, .start = client->start, .uuid = client->uuid, .guest = client->guest,
    };
    virLockDaemonCall *call = virLockDaemonLockdAddCall(lockd, request);

    if (virLockDaemonLocksRun(lockd->locks, path, job, client->guest ? &owner : NULL,
                              virLockDaemonLockdFilesDone, call) < 0)
        virLockDaemonCallsRefuse(lockd->calls, call->number);
}

/* Makes what is at @path ready for use, if it isn't. */
static void
virLockDaemonLockdOpen(virLockDaemonLockd *lockd, virNetServerRequest *request, const char *path)
{
    virLockDaemonCall *call;

    if (virLockDaemonLockdIsURL(path)) {
        if (virLockDaemonLockdFindLockspace(lockd, path))
            virNetServerRequestReply(request, NULL);
        else
            virLockDaemonRequestFail(request);
        return;
    }
    if (!*path) {
        virNetServerRequestReply(request, NULL);
        return;
    }
    call = virLockDaemonLockdAddCall(lockd, request);
    if (virLockDaemonLocksOpen(lockd->locks, path, virLockDaemonLockdFilesDone, call) < 0)
        virLockDaemonCallsRefuse(lockd->calls, call->number);
}

/* ---- the procedures ---- */

static void
virLockDaemonLockdRegister(virNetServerRequest *request, void *opaqueArgs, void *opaque G_GNUC_UNUSED)
{
    const virLockSpaceProtocolRegisterArgs *args = opaqueArgs;
    virLockDaemonLockdClient *client = virLockDaemonLockdCheckClient(request, args->flags, 0);

    if (client && virLockDaemonLockdCheckOwner(client, &args->owner) == 0 &&
        virLockDaemonLockdSetOwner(client, &args->owner) == 0)
        virNetServerRequestReply(request, NULL);
    else
        virLockDaemonRequestFail(request);
}

static void
virLockDaemonLockdRestrict(virNetServerRequest *request, void *opaqueArgs, void *opaque G_GNUC_UNUSED)
{
    const virLockSpaceProtocolRestrictArgs *args = opaqueArgs;
    virLockDaemonLockdClient *client = virLockDaemonLockdCheckRegistered(request, args->flags, 0);

    if (!client) {
        virLockDaemonRequestFail(request);
        return;
    }
    client->restricted = TRUE;
    virNetServerRequestReply(request, NULL);
}

static void
virLockDaemonLockdNewLockspace(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLockSpaceProtocolNewArgs *args = opaqueArgs;

    if (virLockDaemonLockdCheckClient(request, args->flags, 0))
        virLockDaemonLockdOpen(opaque, request, args->path);
    else
        virLockDaemonRequestFail(request);
}

static void
virLockDaemonLockdCreateLockSpace(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLockSpaceProtocolCreateLockSpaceArgs *args = opaqueArgs;

    if (virLockDaemonLockdCheckClient(request, 0, 0))
        virLockDaemonLockdOpen(opaque, request, args->path);
    else
        virLockDaemonRequestFail(request);
}

/* A resource of the lease engine comes with its lock, and goes with it. */
static void
virLockDaemonLockdChange(virLockDaemonLockd *lockd,
                         virNetServerRequest *request,
                         virLockDaemonLockFilesType type,
                         const char *path,
                         const char *name,
                         unsigned int flags)
{
    const virLockDaemonLockFilesJob job = { .type = type, .name = name };
    const virLockDaemonLockdClient *client = virLockDaemonLockdCheckClient(request, flags, 0);

    if (!client)
        virLockDaemonRequestFail(request);
    else if (virLockDaemonLockdIsURL(path))
        virLockDaemonLockdOpen(lockd, request, path);
    else
        virLockDaemonLockdFiles(lockd, request, client, path, &job);
}

static void
virLockDaemonLockdCreateResource(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLockSpaceProtocolCreateResourceArgs *args = opaqueArgs;

    virLockDaemonLockdChange(opaque, request, VIR_LOCK_DAEMON_LOCK_FILES_CREATE, args->path, args->name, args->flags);
}

static void
virLockDaemonLockdDeleteResource(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLockSpaceProtocolDeleteResourceArgs *args = opaqueArgs;

    virLockDaemonLockdChange(opaque, request, VIR_LOCK_DAEMON_LOCK_FILES_DELETE, args->path, args->name, args->flags);
}

static void
virLockDaemonLockdAcquireResource(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLockSpaceProtocolAcquireResourceArgs *args = opaqueArgs;
    const virLockDaemonLockFilesJob job = {
        .type = VIR_LOCK_DAEMON_LOCK_FILES_ACQUIRE, .name = args->name, .flags = args->flags,
    };
    const virLockDaemonLockdClient *client =
        virLockDaemonLockdCheckRegistered(request, args->flags,
                                          VIR_LOCK_SPACE_ACQUIRE_SHARED | VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE);

    if (!client)
        virLockDaemonRequestFail(request);
    else if (virLockDaemonLockdIsURL(args->path))
        virLockDaemonLockdLease(opaque, request, client, VIR_LEASE_EVENT_ACQUIRE, args->path, args->name,
                                args->flags & VIR_LOCK_SPACE_ACQUIRE_SHARED ? VIR_LEASE_MODE_SHARED
                                                                            : VIR_LEASE_MODE_EXCLUSIVE);
    else
        virLockDaemonLockdFiles(opaque, request, client, args->path, &job);
}

static void
virLockDaemonLockdReleaseResource(virNetServerRequest *request, void *opaqueArgs, void *opaque)
{
    const virLockSpaceProtocolReleaseResourceArgs *args = opaqueArgs;
    const virLockDaemonLockFilesJob job = { .type = VIR_LOCK_DAEMON_LOCK_FILES_RELEASE, .name = args->name };
    const virLockDaemonLockdClient *client =
        virLockDaemonLockdCheckRegistered(request, args->flags,
                                          VIR_LOCK_SPACE_ACQUIRE_SHARED | VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE);

    if (!client)
        virLockDaemonRequestFail(request);
    else if (virLockDaemonLockdIsURL(args->path))
        virLockDaemonLockdLease(opaque, request, client, VIR_LEASE_EVENT_DETACH, args->path, args->name,
                                VIR_LEASE_MODE_EXCLUSIVE);
    else
        virLockDaemonLockdFiles(opaque, request, client, args->path, &job);
}

#define VIR_LOCK_DAEMON_LOCKD_CALL(upper, mixed, handler) \
    { VIR_LOCK_SPACE_PROTOCOL_PROC_ ## upper, #mixed, sizeof(virLockSpaceProtocol ## mixed ## Args), \
      (xdrproc_t) xdr_virLockSpaceProtocol ## mixed ## Args, NULL, handler }

static const virNetServerProcedure virLockDaemonLockdProcedures[] = {
    VIR_LOCK_DAEMON_LOCKD_CALL(REGISTER, Register, virLockDaemonLockdRegister),
    VIR_LOCK_DAEMON_LOCKD_CALL(RESTRICT, Restrict, virLockDaemonLockdRestrict),
    VIR_LOCK_DAEMON_LOCKD_CALL(NEW, New, virLockDaemonLockdNewLockspace),
    VIR_LOCK_DAEMON_LOCKD_CALL(CREATE_RESOURCE, CreateResource, virLockDaemonLockdCreateResource),
    VIR_LOCK_DAEMON_LOCKD_CALL(DELETE_RESOURCE, DeleteResource, virLockDaemonLockdDeleteResource),
    VIR_LOCK_DAEMON_LOCKD_CALL(ACQUIRE_RESOURCE, AcquireResource, virLockDaemonLockdAcquireResource),
    VIR_LOCK_DAEMON_LOCKD_CALL(RELEASE_RESOURCE, ReleaseResource, virLockDaemonLockdReleaseResource),
    VIR_LOCK_DAEMON_LOCKD_CALL(CREATE_LOCKSPACE, CreateLockSpace, virLockDaemonLockdCreateLockSpace),
};

/* ---- the object ---- */

virLockDaemonLockd *
virLockDaemonLockdNew(GPtrArray *lockspaces, virLockDaemonState *state)
{
    virLockDaemonLockd *lockd = g_new0(virLockDaemonLockd, 1);
    const virNetServerProgram program = {
        .program = VIR_LOCK_SPACE_PROTOCOL_PROGRAM,
        .version = VIR_LOCK_SPACE_PROTOCOL_PROGRAM_VERSION,
        .procedures = virLockDaemonLockdProcedures,
        .nprocedures = G_N_ELEMENTS(virLockDaemonLockdProcedures),
        .opaque = lockd,
    };

    lockd->lockspaces = lockspaces;
    lockd->locks = virLockDaemonLocksNew(state);
    lockd->calls = virLockDaemonCallsNew(&program, VIR_LOCK_DAEMON_LOCKD_FIRST);
    return lockd;
}

void
virLockDaemonLockdFree(virLockDaemonLockd *lockd)
{
    if (!lockd)
        return;
    virLockDaemonLocksFree(lockd->locks);
    virLockDaemonCallsFree(lockd->calls);
    g_free(lockd);
}

const virNetServerProgram *
virLockDaemonLockdGetProgram(virLockDaemonLockd *lockd)
{
    return virLockDaemonCallsGetProgram(lockd->calls);
}
