/*
 * virleasestorenfsmount.c: finds the way to an export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   addresses ─► v3: mountd ─► MNT /a/b, else /a, else / ─► MNT above it
 *                 │ not offered                                    │
 *                 │                     export ◄─ LOOKUP b ◄─ nfsd ◄┘
 *                 └► v4: nfsd ─► first handle ─► export
 *
 * A port that the URL does not tell is asked of the port mapper. What is below
 * the directory that was mounted is looked up by each operation. A handle stays
 * with its directory when that is moved, so the lockspace's own should be looked
 * up as well: the directory above it is taken if it shows the same below that
 * name, which it need not if file systems are mounted there.
 */
#include <config.h>

#include "virleasestorenfsmount.h"

#include <string.h>

#include "virgettext.h"
#include "virleasenfscompat.h"
#include "virleasestorenfsport.h"
#include "virleasestorenfsresolve.h"
#include "virlog.h"
#include <nfsc/libnfs-raw-mount.h>

VIR_LOG_INIT("lease.storenfsmount");

#define VIR_LEASE_NFS_MOUNT_TRY_MS 3000     /* for one way if there is another */
#define VIR_LEASE_NFS_MOUNT_LAST_MS 10000   /* for the last one */
#define VIR_LEASE_NFS_PORT 2049
#define VIR_LEASE_NFS_PROGRAM 100003
#define VIR_LEASE_NFS_AUTH_SYS 1

struct _virLeaseNfsMount {
    const virLeaseURL *url;
    virLeaseNfsMountedFunc mounted;
    void *opaque;

    virLeaseNfsResolve *resolve;
    char **addresses;
    guint address;              /* the one that is tried */
    int wanted;                 /* version, or 0 */
    int version;                /* the one that is tried */

    virLeaseNfsLink *link;
    virLeaseNfsRequests *requests;
    GSource *timer;
    GSource *next;              /* a step that has to wait until libnfs has returned */
    gboolean timedOut;
    int program;                /* to be reached, and its version */
    int programVersion;
    int port;                   /* of it */
    virLeaseNfsLinkConnectedFunc reached;
    gsize length;               /* bytes of the URL's path that are asked for */
    virLeaseStatus refused;     /* the most telling refusal of MNT */
    virLeaseNfsHandle handle;
    gboolean above;             /* the directory above it is asked for, too */
    virLeaseNfsHandle outer;    /* that directory's; empty if it cannot be mounted */
    char *detail;               /* of the first way that failed */
};

static void virLeaseNfsMountTry(virLeaseNfsMount *mount);

static GSource *
virLeaseNfsMountSource(GSource *source, GSourceFunc func, virLeaseNfsMount *mount)
{
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, func, mount, NULL);
    g_source_attach(source, g_main_context_get_thread_default());
    return source;
}

static void
virLeaseNfsMountClearSource(GSource **source)
{
    if (*source)
        g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

/* Goes on with @func when libnfs has returned. */
static void
virLeaseNfsMountNext(virLeaseNfsMount *mount, GSourceFunc func)
{
    virLeaseNfsMountClearSource(&mount->next);
    mount->next = virLeaseNfsMountSource(g_idle_source_new(), func, mount);
}

static void
virLeaseNfsMountDropLink(virLeaseNfsMount *mount)
{
    virLeaseNfsMountClearSource(&mount->next);
    g_clear_pointer(&mount->requests, virLeaseNfsRequestsFree);
    g_clear_pointer(&mount->link, virLeaseNfsLinkFree);
}

static void
virLeaseNfsMountFail(virLeaseNfsMount *mount, virLeaseStatus status, const char *detail)
{
    virLeaseNfsMountClearSource(&mount->timer);
    virLeaseNfsMountDropLink(mount);
    mount->mounted(NULL, status, detail, mount->opaque);
}

/* Picks the way to try after one that failed. A server that does not answer
 * says nothing about what it offers, one that refuses does. */
static gboolean
virLeaseNfsMountAdvance(virLeaseNfsMount *mount)
{
    if (mount->wanted == 0 && mount->version == 3 && !mount->timedOut) {
        mount->version = 4;
        return TRUE;
    }
    mount->version = mount->wanted ? mount->wanted : 3;
    mount->address++;
    return mount->addresses[mount->address] != NULL;
}

static void
virLeaseNfsMountLost(virLeaseNfsLink *link G_GNUC_UNUSED, const char *why, void *opaque)
{
    virLeaseNfsMount *mount = opaque;
    g_autofree char *detail = NULL;

    VIR_DEBUG("NFSv%d at %s: %s", mount->version, mount->addresses[mount->address], why);
    virLeaseNfsMountDropLink(mount);
    if (!mount->detail)
        mount->detail = g_strdup(why);
    if (virLeaseNfsMountAdvance(mount)) {
        virLeaseNfsMountTry(mount);
        return;
    }
    detail = g_strdup_printf(_("cannot reach the NFS server '%1$s': %2$s"),
                             mount->url->host, mount->detail);
    virLeaseNfsMountFail(mount, VIR_LEASE_STATUS_LOST, detail);
}

static gboolean
virLeaseNfsMountExpired(gpointer opaque)
{
    virLeaseNfsMount *mount = opaque;

    mount->timedOut = TRUE;
    virLeaseNfsMountClearSource(&mount->timer);
    virLeaseNfsMountLost(mount->link, _("no answer"), mount);
    return G_SOURCE_REMOVE;
}

static gboolean
virLeaseNfsMountDone(gpointer opaque)
{
    virLeaseNfsMount *mount = opaque;
    virLeaseNfsExport *export = g_new0(virLeaseNfsExport, 1);

    VIR_DEBUG("NFSv%d at %s, %zu bytes of '%s'", mount->version,
              mount->addresses[mount->address], mount->length, mount->url->path);
    export->link = g_steal_pointer(&mount->link);
    export->version = mount->version == 3 ? &virLeaseNfsVersion3 : &virLeaseNfsVersion4;
    export->handles = virLeaseNfsHandlesNew(&mount->handle);
    export->directory = g_strdup(mount->url->path + mount->length);
    if (*export->directory == '/')
        memmove(export->directory, export->directory + 1, strlen(export->directory));
    virLeaseNfsMountDropLink(mount);
    virLeaseNfsMountClearSource(&mount->timer);
    mount->mounted(export, VIR_LEASE_STATUS_OK, NULL, mount->opaque);
    return G_SOURCE_REMOVE;
}

/* Bytes of the directory above the one that is asked for. */
static gsize
virLeaseNfsMountLengthAbove(const virLeaseNfsMount *mount)
{
    gsize length = mount->length;

    while (length > 0 && mount->url->path[--length] != '/')
        ;
    return length;
}

static void
virLeaseNfsMountLookedUp(const virLeaseNfsResult *result, guint index G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsMount *mount = opaque;

    if (result->status == VIR_LEASE_STATUS_OK && result->hasHandle &&
        result->handle.length == mount->handle.length &&
        memcmp(result->handle.data, mount->handle.data, mount->handle.length) == 0) {
        mount->handle = mount->outer;
        mount->length = virLeaseNfsMountLengthAbove(mount);
    }
    virLeaseNfsMountNext(mount, virLeaseNfsMountDone);
}

static void
virLeaseNfsMountNfsd3Connected(virLeaseNfsLink *link, void *opaque)
{
    virLeaseNfsMount *mount = opaque;
    virLeaseNfsRequest *request;
    g_autofree char *last = NULL;

    if (mount->outer.length == 0) {
        virLeaseNfsMountNext(mount, virLeaseNfsMountDone);
        return;
    }
    request = virLeaseNfsRequestNew(mount->requests, 0, NULL, virLeaseNfsMountLookedUp);
    last = g_strndup(mount->url->path + virLeaseNfsMountLengthAbove(mount) + 1,
                     mount->length - virLeaseNfsMountLengthAbove(mount) - 1);
    if (virLeaseNfsVersion3.lookup(virLeaseNfsLinkGetRPC(link), request, &mount->outer, last) < 0)
        virLeaseNfsRequestUnsent(request);
}

static void
virLeaseNfsMountNewLink(virLeaseNfsMount *mount)
{
    virLeaseNfsMountDropLink(mount);
    mount->link = virLeaseNfsLinkNew(mount->url, virLeaseNfsMountLost, mount);
    mount->requests = virLeaseNfsRequestsNew(mount->link, VIR_LEASE_OP_GETATTR, mount);
}

static gboolean
virLeaseNfsMountConnect(gpointer opaque)
{
    virLeaseNfsMount *mount = opaque;

    virLeaseNfsMountNewLink(mount);
    virLeaseNfsLinkConnect(mount->link, mount->addresses[mount->address], mount->port,
                           mount->program, mount->programVersion, mount->reached);
    return G_SOURCE_REMOVE;
}

static void
virLeaseNfsMountPortKnown(const virLeaseNfsResult *result, guint index G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsMount *mount = opaque;

    if (result->port == 0) {
        virLeaseNfsLinkFail(mount->link, _("the server's port mapper does not know the service"));
        return;
    }
    mount->port = result->port;
    virLeaseNfsMountNext(mount, virLeaseNfsMountConnect);
}

static void
virLeaseNfsMountMapperConnected(virLeaseNfsLink *link, void *opaque)
{
    virLeaseNfsMount *mount = opaque;
    virLeaseNfsRequest *request = virLeaseNfsRequestNew(mount->requests, 0, NULL, virLeaseNfsMountPortKnown);

    if (virLeaseNfsPortAsk(virLeaseNfsLinkGetRPC(link), request, mount->addresses[mount->address],
                           mount->program, mount->programVersion) < 0)
        virLeaseNfsRequestUnsent(request);
}

/* Connects to @program at @port, or at the one that the port mapper knows if
 * it is not positive. */
static void
virLeaseNfsMountReach(virLeaseNfsMount *mount, int port, int program, int version,
                      virLeaseNfsLinkConnectedFunc reached)
{
    const char *address = mount->addresses[mount->address];

    mount->port = port;
    mount->program = program;
    mount->programVersion = version;
    mount->reached = reached;
    if (port > 0) {
        virLeaseNfsMountConnect(mount);
        return;
    }
    virLeaseNfsMountNewLink(mount);
    virLeaseNfsLinkConnect(mount->link, address, VIR_LEASE_NFS_PORT_MAPPER, VIR_LEASE_NFS_PORT_PROGRAM,
                           virLeaseNfsPortVersion(address), virLeaseNfsMountMapperConnected);
}

static gboolean
virLeaseNfsMountConnectNfsd3(gpointer opaque)
{
    virLeaseNfsMount *mount = opaque;

    virLeaseNfsMountReach(mount, mount->url->nfsport, VIR_LEASE_NFS_PROGRAM, 3, virLeaseNfsMountNfsd3Connected);
    return G_SOURCE_REMOVE;
}

static gboolean
virLeaseNfsMountRefused(gpointer opaque)
{
    virLeaseNfsMount *mount = opaque;
    g_autofree char *detail = NULL;

    if (mount->refused == VIR_LEASE_STATUS_ACCESS)
        detail = g_strdup_printf(_("the NFS server '%1$s' does not let this host mount '%2$s', or does not export it"),
                                 mount->url->host, mount->url->path);
    else
        detail = g_strdup_printf(_("the NFS server '%1$s' exports neither '%2$s' nor a directory above it"),
                                 mount->url->host, mount->url->path);
    virLeaseNfsMountFail(mount, mount->refused, detail);
    return G_SOURCE_REMOVE;
}

static void virLeaseNfsMountAsk(virLeaseNfsMount *mount, gsize length);

/* Asks for the directory above. A refusal for want of rights tells more than
 * that something is not exported, but for the server's root, which hardly
 * anybody may mount. */
static void
virLeaseNfsMountAskAbove(virLeaseNfsMount *mount, virLeaseStatus status)
{
    if (mount->refused == VIR_LEASE_STATUS_OK ||
        (status == VIR_LEASE_STATUS_ACCESS && mount->length > 0))
        mount->refused = status;

    if (mount->length == 0) {
        virLeaseNfsMountNext(mount, virLeaseNfsMountRefused);
        return;
    }
    mount->length = virLeaseNfsMountLengthAbove(mount);
    virLeaseNfsMountAsk(mount, mount->length);
}

static gboolean
virLeaseNfsMountIsAuthSys(const mountres3_ok *info)
{
    guint i;

    for (i = 0; i < info->auth_flavors.auth_flavors_len; i++) {
        if (info->auth_flavors.auth_flavors_val[i] == VIR_LEASE_NFS_AUTH_SYS)
            return TRUE;
    }
    return info->auth_flavors.auth_flavors_len == 0;
}

static void
virLeaseNfsMountAskEnd(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    virLeaseNfsRequest *request = opaque;
    const mountres3 *res = data;
    virLeaseNfsResult result = { 0 };

    if (!virLeaseNfsRequestIsAnswered(request, status, data))
        return;
    if (res->fhs_status == MNT3_OK) {
        const mountres3_ok *info = &res->mountres3_u.mountinfo;

        if (!virLeaseNfsMountIsAuthSys(info))
            result.status = VIR_LEASE_STATUS_ACCESS;
        else
            result.hasHandle = virLeaseNfsHandleSet(&result.handle, info->fhandle.fhandle3_val,
                                                    info->fhandle.fhandle3_len) == 0;
    } else if (res->fhs_status == MNT3ERR_ACCES || res->fhs_status == MNT3ERR_PERM) {
        result.status = VIR_LEASE_STATUS_ACCESS;
    } else {
        result.status = VIR_LEASE_STATUS_NOENT;
    }
    virLeaseNfsRequestEnd(request, &result);
}

static void
virLeaseNfsMountAnsweredAbove(virLeaseNfsMount *mount, const virLeaseNfsResult *result)
{
    if (result->status == VIR_LEASE_STATUS_OK && result->hasHandle)
        mount->outer = result->handle;
    virLeaseNfsMountNext(mount, virLeaseNfsMountConnectNfsd3);
}

static void
virLeaseNfsMountLetIn(virLeaseNfsMount *mount, const virLeaseNfsHandle *handle)
{
    mount->handle = *handle;
    mount->above = mount->version == 3 && mount->length > 0;
    if (mount->above)
        virLeaseNfsMountAsk(mount, virLeaseNfsMountLengthAbove(mount));
    else
        virLeaseNfsMountNext(mount, mount->version == 3 ? virLeaseNfsMountConnectNfsd3 : virLeaseNfsMountDone);
}

static void
virLeaseNfsMountAnswered(const virLeaseNfsResult *result, guint index G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsMount *mount = opaque;

    if (mount->above) {
        virLeaseNfsMountAnsweredAbove(mount, result);
    } else if (result->status != VIR_LEASE_STATUS_OK) {
        virLeaseNfsMountAskAbove(mount, result->status);
    } else if (!result->hasHandle) {
        virLeaseNfsLinkFail(mount->link, _("the server's answer makes no sense"));
    } else {
        virLeaseNfsMountLetIn(mount, &result->handle);
    }
}

static void
virLeaseNfsMountAsk(virLeaseNfsMount *mount, gsize length)
{
    g_autofree char *path = g_strndup(mount->url->path, MAX(length, 1));
    virLeaseNfsRequest *request = virLeaseNfsRequestNew(mount->requests, 0, NULL, virLeaseNfsMountAnswered);

    if (VIR_LEASE_NFS_SEND(mount3_mnt, virLeaseNfsLinkGetRPC(mount->link),
                           virLeaseNfsMountAskEnd, path, request) < 0)
        virLeaseNfsRequestUnsent(request);
}

static void
virLeaseNfsMountMountdConnected(virLeaseNfsLink *link G_GNUC_UNUSED, void *opaque)
{
    virLeaseNfsMount *mount = opaque;

    mount->length = strlen(mount->url->path);
    mount->refused = VIR_LEASE_STATUS_OK;
    mount->above = FALSE;
    mount->outer.length = 0;
    virLeaseNfsMountAsk(mount, mount->length);
}

static void
virLeaseNfsMountNfsd4Connected(virLeaseNfsLink *link, void *opaque)
{
    virLeaseNfsMount *mount = opaque;
    virLeaseNfsRequest *request = virLeaseNfsRequestNew(mount->requests, 0, NULL, virLeaseNfsMountAnswered);

    mount->length = 0;
    if (virLeaseNfs4SendRoot(virLeaseNfsLinkGetRPC(link), request) < 0)
        virLeaseNfsRequestUnsent(request);
}

static void
virLeaseNfsMountSetTimer(virLeaseNfsMount *mount)
{
    gboolean last = !mount->addresses[mount->address + 1];

    virLeaseNfsMountClearSource(&mount->timer);
    mount->timedOut = FALSE;
    mount->timer = virLeaseNfsMountSource(g_timeout_source_new(last ? VIR_LEASE_NFS_MOUNT_LAST_MS :
                                                                      VIR_LEASE_NFS_MOUNT_TRY_MS),
                                          virLeaseNfsMountExpired, mount);
}

static void
virLeaseNfsMountTry(virLeaseNfsMount *mount)
{
    int port = mount->url->nfsport > 0 ? mount->url->nfsport : VIR_LEASE_NFS_PORT;

    virLeaseNfsMountSetTimer(mount);
    if (mount->version == 3)
        virLeaseNfsMountReach(mount, mount->url->mountport, MOUNT_PROGRAM, MOUNT_V3, virLeaseNfsMountMountdConnected);
    else
        virLeaseNfsMountReach(mount, port, VIR_LEASE_NFS_PROGRAM, 4, virLeaseNfsMountNfsd4Connected);
}

static void
virLeaseNfsMountResolved(const char *const *addresses, const char *detail, void *opaque)
{
    virLeaseNfsMount *mount = opaque;

    if (!addresses || !addresses[0]) {
        virLeaseNfsMountFail(mount, VIR_LEASE_STATUS_LOST,
                             detail ? detail : _("the server has no address"));
        return;
    }
    mount->addresses = g_strdupv((char **) addresses);
    virLeaseNfsMountTry(mount);
}

virLeaseNfsMount *
virLeaseNfsMountNew(const virLeaseURL *url, int version,
                    virLeaseNfsMountedFunc mounted, void *opaque)
{
    virLeaseNfsMount *mount = g_new0(virLeaseNfsMount, 1);

    mount->url = url;
    mount->wanted = version;
    mount->version = version ? version : 3;
    mount->mounted = mounted;
    mount->opaque = opaque;
    mount->resolve = virLeaseNfsResolveNew(url->host, virLeaseNfsMountResolved, mount);
    return mount;
}

void
virLeaseNfsMountFree(virLeaseNfsMount *mount)
{
    if (!mount)
        return;
    virLeaseNfsResolveFree(mount->resolve);
    virLeaseNfsMountClearSource(&mount->timer);
    virLeaseNfsMountDropLink(mount);
    g_strfreev(mount->addresses);
    g_free(mount->detail);
    g_free(mount);
}
