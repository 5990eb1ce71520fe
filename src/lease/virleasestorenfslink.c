/*
 * virleasestorenfslink.c: one connection to a server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfslink.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "virleasenfscompat.h"
#include "virgettext.h"
#include "virleasestorenfsrelay.h"
#include "virlog.h"

VIR_LOG_INIT("lease.storenfslink");

struct _virLeaseNfsLink {
    struct nfs_context *nfs;
    struct rpc_context *rpc;
    virLeaseNfsRelay *relay;    /* from the moment that there is a connection */
    GSource *source;
    GSource *idle;              /* tells of the loss; NULL while all is well */
    char *detail;               /* why it was lost */

    virLeaseNfsLinkLostFunc lost;
    virLeaseNfsLinkConnectedFunc connected;
    void *opaque;
    int program;                /* whose answer makes the connection good */
    int version;
};

/* The socket behind a context changes while it connects, and so does what
 * libnfs waits for: both are asked for at each turn. */
typedef struct _virLeaseNfsLinkSource virLeaseNfsLinkSource;
struct _virLeaseNfsLinkSource {
    GSource parent;
    virLeaseNfsLink *link;
    gpointer tag;
    int fd;
    GIOCondition events;
};

static gboolean
virLeaseNfsLinkSourcePrepare(GSource *parent, gint *timeout)
{
    virLeaseNfsLinkSource *source = (virLeaseNfsLinkSource *) parent;
    int fd = source->link->idle ? -1 : rpc_get_fd(source->link->rpc);
    GIOCondition events = fd < 0 ? 0 : rpc_which_events(source->link->rpc);

    *timeout = -1;
    /* Setting what is set already would wake the main loop, for ever. */
    if (source->fd == fd && source->events == events)
        return FALSE;
    source->events = events;
    if (source->tag && source->fd == fd) {
        g_source_modify_unix_fd(parent, source->tag, events);
        return FALSE;
    }
    if (source->tag)
        g_source_remove_unix_fd(parent, g_steal_pointer(&source->tag));
    if (fd >= 0)
        source->tag = g_source_add_unix_fd(parent, fd, events);
    source->fd = fd;
    return FALSE;
}

static gboolean
virLeaseNfsLinkSourceCheck(GSource *parent)
{
    virLeaseNfsLinkSource *source = (virLeaseNfsLinkSource *) parent;

    return source->tag && g_source_query_unix_fd(parent, source->tag) != 0;
}

/* What is wrong with the socket: libnfs may say no more than that it is. */
static gboolean
virLeaseNfsLinkIsBroken(virLeaseNfsLink *link, GIOCondition events)
{
    socklen_t size = sizeof(int);
    int errnum = 0;

    if (!(events & (G_IO_ERR | G_IO_HUP)) ||
        getsockopt(rpc_get_fd(link->rpc), SOL_SOCKET, SO_ERROR, &errnum, &size) < 0 ||
        errnum == 0)
        return FALSE;
    virLeaseNfsLinkFail(link, g_strerror(errnum));
    return TRUE;
}

static gboolean
virLeaseNfsLinkSourceDispatch(GSource *parent,
                              GSourceFunc callback G_GNUC_UNUSED,
                              gpointer opaque G_GNUC_UNUSED)
{
    virLeaseNfsLinkSource *source = (virLeaseNfsLinkSource *) parent;
    GIOCondition events = g_source_query_unix_fd(parent, source->tag);

    if (source->link->idle || virLeaseNfsLinkIsBroken(source->link, events))
        return G_SOURCE_CONTINUE;
    if (rpc_service(source->link->rpc, events) < 0)
        virLeaseNfsLinkFail(source->link, NULL);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs virLeaseNfsLinkSourceFuncs = {
    .prepare = virLeaseNfsLinkSourcePrepare,
    .check = virLeaseNfsLinkSourceCheck,
    .dispatch = virLeaseNfsLinkSourceDispatch,
};

static void
virLeaseNfsLinkConfigure(virLeaseNfsLink *link, const virLeaseURL *url)
{
    /* Deadlines and retries are ours: libnfs would send things twice, or
     * wait for ever. Its timeout does not cover all of its waiting anyway. */
    nfs_set_autoreconnect(link->nfs, 0);
    nfs_set_timeout(link->nfs, -1);
#ifdef LIBNFS_API_V2
    nfs_set_retrans(link->nfs, 0);
#endif
    if (url->uid >= 0)
        nfs_set_uid(link->nfs, url->uid);
    if (url->gid >= 0)
        nfs_set_gid(link->nfs, url->gid);
    if (url->synCount >= 0)
        nfs_set_tcp_syncnt(link->nfs, url->synCount);
    if (url->debug >= 0)
        nfs_set_debug(link->nfs, url->debug);
    if (url->interface)
        nfs_set_interface(link->nfs, url->interface);
}

virLeaseNfsLink *
virLeaseNfsLinkNew(const virLeaseURL *url, virLeaseNfsLinkLostFunc lost, void *opaque)
{
    virLeaseNfsLink *link = g_new0(virLeaseNfsLink, 1);
    virLeaseNfsLinkSource *source;

    link->lost = lost;
    link->opaque = opaque;
    link->nfs = nfs_init_context();
    if (!link->nfs)
        g_error("out of memory");
    link->rpc = nfs_get_rpc_context(link->nfs);
    virLeaseNfsLinkConfigure(link, url);

    link->source = g_source_new(&virLeaseNfsLinkSourceFuncs, sizeof(*source));
    source = (virLeaseNfsLinkSource *) link->source;
    source->link = link;
    source->fd = -1;
    g_source_set_name(link->source, "virLeaseNfsLink");
    g_source_attach(link->source, g_main_context_get_thread_default());
    return link;
}

void
virLeaseNfsLinkSetOwner(virLeaseNfsLink *link, virLeaseNfsLinkLostFunc lost, void *opaque)
{
    link->lost = lost;
    link->opaque = opaque;
}

/* Small calls must not wait for the acknowledgement of earlier ones. */
static void
virLeaseNfsLinkTune(virLeaseNfsLink *link)
{
    int on = 1;

    if (setsockopt(rpc_get_fd(link->rpc), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
        VIR_DEBUG("cannot set TCP_NODELAY: %s", g_strerror(errno));
}

/* Returns whether the link is good, after libnfs has done something for it. */
static gboolean
virLeaseNfsLinkWorks(virLeaseNfsLink *link, int status, const char *error)
{
    if (link->idle)
        return FALSE;
    if (status != RPC_STATUS_SUCCESS)
        virLeaseNfsLinkFail(link, status == RPC_STATUS_ERROR ? error : NULL);
    return status == RPC_STATUS_SUCCESS;
}

/* The program has answered that it is there. */
static void
virLeaseNfsLinkGreeted(struct rpc_context *rpc G_GNUC_UNUSED,
                       int status,
                       void *data,
                       void *opaque)
{
    virLeaseNfsLink *link = opaque;

    if (virLeaseNfsLinkWorks(link, status, data))
        link->connected(link, link->opaque);
}

static void
virLeaseNfsLinkBroken(const char *detail, void *opaque)
{
    virLeaseNfsLinkFail(opaque, detail);
}

/* Before the server's first byte is read. */
static void
virLeaseNfsLinkConnectEnd(struct rpc_context *rpc,
                          int status,
                          void *data,
                          void *opaque)
{
    virLeaseNfsLink *link = opaque;

    if (!virLeaseNfsLinkWorks(link, status, data))
        return;
    virLeaseNfsLinkTune(link);
    link->relay = virLeaseNfsRelayNew(rpc_get_fd(rpc), virLeaseNfsLinkBroken, link);
    if (!link->relay)
        virLeaseNfsLinkFail(link, g_strerror(errno));
    else if (VIR_LEASE_NFS_SEND(null, rpc, link->program, link->version, virLeaseNfsLinkGreeted, link) < 0)
        virLeaseNfsLinkFail(link, NULL);
}

void
virLeaseNfsLinkConnect(virLeaseNfsLink *link, const char *address, int port,
                       int program, int version, virLeaseNfsLinkConnectedFunc connected)
{
    link->connected = connected;
    link->program = program;
    link->version = version;
    if (rpc_connect_async(link->rpc, address, port, virLeaseNfsLinkConnectEnd, link) < 0)
        virLeaseNfsLinkFail(link, NULL);
}

gboolean
virLeaseNfsLinkIsLost(const virLeaseNfsLink *link)
{
    return link->idle != NULL;
}

struct rpc_context *
virLeaseNfsLinkGetRPC(virLeaseNfsLink *link)
{
    return link->rpc;
}

/* libnfs wraps what the system said in words about itself. */
static char *
virLeaseNfsLinkExplain(const char *text)
{
    static const int errnums[] = {
        ECONNREFUSED, ECONNRESET, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT,
        EACCES, EPIPE, EADDRNOTAVAIL, ENODEV,
    };
    gsize i;

    if (!text || !*text || strstr(text, "reconnect"))
        return g_strdup(_("the server closed the connection"));
    for (i = 0; i < G_N_ELEMENTS(errnums); i++) {
        g_autofree char *number = g_strdup_printf("errno:%d.", errnums[i]);

        if (strstr(text, g_strerror(errnums[i])) || strstr(text, number)) {
            char *word = g_strdup(g_strerror(errnums[i]));

            word[0] = g_ascii_tolower(word[0]);
            return word;
        }
    }
    return g_utf8_make_valid(text, -1);
}

static gboolean
virLeaseNfsLinkTell(gpointer opaque)
{
    virLeaseNfsLink *link = opaque;
    g_autofree char *detail = g_strdup(link->detail);

    link->lost(link, detail, link->opaque);
    return G_SOURCE_REMOVE;
}

void
virLeaseNfsLinkFail(virLeaseNfsLink *link, const char *detail)
{
    if (link->idle)
        return;
    link->detail = detail ? virLeaseNfsLinkExplain(detail) :
                            virLeaseNfsLinkExplain(rpc_get_error(link->rpc));
    VIR_DEBUG("link %p lost: %s", link, link->detail);
    link->idle = g_idle_source_new();
    g_source_set_priority(link->idle, G_PRIORITY_DEFAULT);
    g_source_set_callback(link->idle, virLeaseNfsLinkTell, link, NULL);
    g_source_attach(link->idle, g_main_context_get_thread_default());
}

void
virLeaseNfsLinkFree(virLeaseNfsLink *link)
{
    if (!link)
        return;
    /* Marks the link as lost for callbacks that come from here on. */
    virLeaseNfsLinkFail(link, "");
    nfs_destroy_context(link->nfs);
    virLeaseNfsRelayFree(link->relay);
    g_source_destroy(link->source);
    g_source_unref(link->source);
    g_source_destroy(link->idle);
    g_source_unref(link->idle);
    g_free(link->detail);
    g_free(link);
}
