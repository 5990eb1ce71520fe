/*
 * virleasestorenfs.c: a lockspace on an NFS export, without mounting it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection is made when an operation needs one, and given up for good by
 * the first thing that goes wrong with it, an answer that is late included:
 * then all that is under way is LOST. The next connection is made after a
 * pause that grows as long as no connection is of any use.
 */
#include <config.h>

#include "virleasestorenfs.h"

#include "virgettext.h"
#include "virleasestorenfscall.h"
#include "virleasestorenfsmount.h"
#include "virleasestorepriv.h"
#include "virleasestorequeue.h"
#include "virlog.h"

VIR_LOG_INIT("lease.storenfs");

#define VIR_LEASE_STORE_NFS_RUNNING_MAX 256
#define VIR_LEASE_STORE_NFS_WAITING_MAX 16384
#define VIR_LEASE_STORE_NFS_PAUSE_MIN_MS 100
#define VIR_LEASE_STORE_NFS_PAUSE_MAX_MS 500

typedef struct _virLeaseStoreNfs virLeaseStoreNfs;
struct _virLeaseStoreNfs {
    virLeaseStore parent;
    virLeaseURL *url;
    virLeaseStoreQueue *queue;

    /* At most one of these is there: */
    GSource *pause;                 /* ends when a connection may be tried again */
    virLeaseNfsMount *mount;        /* a connection is being made */
    virLeaseNfsExport *export;      /* there is one */

    gboolean useful;                /* an operation was answered since the pause was last changed */
    guint pauseMs;
    gint64 notBefore;               /* monotonic time in microseconds */
    int version;                    /* 3 once that has worked: the server offers it */
    char *problem;                  /* why there was no connection, last time */
    GQueue waiting;                 /* of virLeaseStoreNfsItem, for a connection */
    GHashTable *running;            /* set of virLeaseStoreNfsItem */
};

/* An operation that has not been answered. */
typedef struct _virLeaseStoreNfsItem virLeaseStoreNfsItem;
struct _virLeaseStoreNfsItem {
    virLeaseStoreNfs *store;
    virLeaseOp *op;
    virLeaseNfsCall *call;          /* NULL while it waits */
    GSource *timer;
};

static void virLeaseStoreNfsConnect(virLeaseStoreNfs *store);

static GSource *
virLeaseStoreNfsTimer(virLeaseSpan span, GSourceFunc func, void *opaque)
{
    GSource *timer = g_timeout_source_new(CLAMP(span / VIR_LEASE_MILLISECOND, 0, G_MAXINT - 1) + 1);

    g_source_set_callback(timer, func, opaque, NULL);
    g_source_attach(timer, g_main_context_get_thread_default());
    return timer;
}

static void
virLeaseStoreNfsClearTimer(GSource **timer)
{
    if (*timer)
        g_source_destroy(*timer);
    g_clear_pointer(timer, g_source_unref);
}

static void
virLeaseStoreNfsItemFree(virLeaseStoreNfsItem *item)
{
    virLeaseStoreNfsClearTimer(&item->timer);
    virLeaseNfsCallFree(item->call);
    virLeaseOpFree(item->op);
    g_free(item);
}

/* The item is out of its queue or table already, and gone afterwards. */
static void
virLeaseStoreNfsItemFail(virLeaseStoreNfsItem *item, virLeaseStatus status, const char *detail)
{
    virLeaseStoreQueuePush(item->store->queue, virLeaseReplyNewDetail(item->op->id, status, detail));
    virLeaseStoreNfsItemFree(item);
}

/* Gives the connection up. Not from inside libnfs. */
static void
virLeaseStoreNfsDrop(virLeaseStoreNfs *store, const char *why)
{
    g_autoptr(GList) items = g_hash_table_get_keys(store->running);
    GList *next;

    VIR_INFO("connection to NFS server '%s' lost with %u operations under way: %s",
             store->url->host, g_hash_table_size(store->running), why);
    g_hash_table_remove_all(store->running);
    for (next = items; next; next = next->next)
        virLeaseStoreNfsItemFail(next->data, VIR_LEASE_STATUS_LOST, why);
    g_clear_pointer(&store->export, virLeaseNfsExportFree);

    g_free(store->problem);
    store->problem = g_strdup(why);
    virLeaseStoreNfsConnect(store);
}

static void
virLeaseStoreNfsLost(virLeaseNfsLink *link G_GNUC_UNUSED, const char *detail, void *opaque)
{
    virLeaseStoreNfs *store = opaque;
    g_autofree char *why = g_strdup_printf(_("lost the connection to the NFS server '%1$s': %2$s"),
                                           store->url->host, detail);

    virLeaseStoreNfsDrop(store, why);
}

static gboolean
virLeaseStoreNfsItemExpired(gpointer opaque)
{
    virLeaseStoreNfsItem *item = opaque;
    virLeaseStoreNfs *store = item->store;
    double seconds = (double) item->op->timeout / VIR_LEASE_SECOND;
    g_autofree char *why = NULL;

    if (item->call) {
        why = g_strdup_printf(_("no answer from the NFS server '%1$s' for %2$.1f s"),
                              store->url->host, seconds);
        virLeaseStoreNfsDrop(store, why);
        return G_SOURCE_REMOVE;
    }
    why = g_strdup_printf(_("no connection to the NFS server '%1$s' within %2$.1f s%3$s%4$s"),
                          store->url->host, seconds,
                          store->problem ? "; " : "", store->problem ? store->problem : "");
    g_queue_remove(&store->waiting, item);
    virLeaseStoreNfsItemFail(item, VIR_LEASE_STATUS_LOST, why);
    return G_SOURCE_REMOVE;
}

static void virLeaseStoreNfsRunWaiting(virLeaseStoreNfs *store);

/* Inside libnfs. */
static void
virLeaseStoreNfsItemDone(virLeaseReply *reply, void *opaque)
{
    virLeaseStoreNfsItem *item = opaque;
    virLeaseStoreNfs *store = item->store;

    store->useful = TRUE;
    g_hash_table_remove(store->running, item);
    virLeaseStoreQueuePush(store->queue, reply);
    virLeaseStoreNfsItemFree(item);
    virLeaseStoreNfsRunWaiting(store);
}

static void
virLeaseStoreNfsRunWaiting(virLeaseStoreNfs *store)
{
    while (store->export && !virLeaseNfsLinkIsLost(store->export->link) &&
           !g_queue_is_empty(&store->waiting) &&
           g_hash_table_size(store->running) < VIR_LEASE_STORE_NFS_RUNNING_MAX) {
        virLeaseStoreNfsItem *item = g_queue_pop_head(&store->waiting);

        g_hash_table_add(store->running, item);
        item->call = virLeaseNfsCallNew(store->export, item->op, virLeaseStoreNfsItemDone, item);
        virLeaseNfsCallStart(item->call);
    }
}

static void
virLeaseStoreNfsMounted(virLeaseNfsExport *export, virLeaseStatus status,
                        const char *detail, void *opaque)
{
    virLeaseStoreNfs *store = opaque;
    g_autofree char *problem = g_strdup(detail);

    g_clear_pointer(&store->mount, virLeaseNfsMountFree);
    g_free(store->problem);
    store->problem = g_steal_pointer(&problem);
    if (export) {
        VIR_INFO("connected to NFS server '%s' by version %d", store->url->host, export->version->number);
        store->export = export;
        store->version = export->version->number == 3 ? 3 : store->version;
        virLeaseNfsLinkSetOwner(export->link, virLeaseStoreNfsLost, store);
        virLeaseStoreNfsRunWaiting(store);
        return;
    }
    VIR_INFO("no connection: %s", store->problem);
    while (!g_queue_is_empty(&store->waiting))
        virLeaseStoreNfsItemFail(g_queue_pop_head(&store->waiting), status, store->problem);
}

static void
virLeaseStoreNfsSetPause(virLeaseStoreNfs *store)
{
    if (store->useful || store->pauseMs == 0)
        store->pauseMs = VIR_LEASE_STORE_NFS_PAUSE_MIN_MS;
    else
        store->pauseMs = MIN(store->pauseMs * 2, VIR_LEASE_STORE_NFS_PAUSE_MAX_MS);
    store->useful = FALSE;
    store->notBefore = g_get_monotonic_time() + store->pauseMs * 1000;
}

static gboolean
virLeaseStoreNfsPauseEnded(gpointer opaque)
{
    virLeaseStoreNfs *store = opaque;

    virLeaseStoreNfsClearTimer(&store->pause);
    virLeaseStoreNfsConnect(store);
    return G_SOURCE_REMOVE;
}

/* Sees to a connection if somebody waits for one. Each attempt sets the
 * earliest time of the next. */
static void
virLeaseStoreNfsConnect(virLeaseStoreNfs *store)
{
    gint64 wait = store->notBefore - g_get_monotonic_time();

    if (store->export || store->mount || store->pause || g_queue_is_empty(&store->waiting))
        return;
    if (wait > 0) {
        store->pause = virLeaseStoreNfsTimer(wait * 1000,
                                             virLeaseStoreNfsPauseEnded, store);
        return;
    }
    virLeaseStoreNfsSetPause(store);
    store->mount = virLeaseNfsMountNew(store->url,
                                       store->url->version > 0 ? store->url->version : store->version,
                                       virLeaseStoreNfsMounted, store);
}

static void
virLeaseStoreNfsSubmit(virLeaseStore *parent, virLeaseOp *op)
{
    virLeaseStoreNfs *store = (virLeaseStoreNfs *) parent;
    virLeaseStoreNfsItem *item = g_new0(virLeaseStoreNfsItem, 1);

    item->store = store;
    item->op = op;
    if (!virLeaseOpIsValid(op)) {
        virLeaseStoreNfsItemFail(item, VIR_LEASE_STATUS_FAILED, _("not a valid operation"));
        return;
    }
    if (g_queue_get_length(&store->waiting) >= VIR_LEASE_STORE_NFS_WAITING_MAX) {
        virLeaseStoreNfsItemFail(item, VIR_LEASE_STATUS_LOST, _("too many operations wait for the server"));
        return;
    }
    item->timer = virLeaseStoreNfsTimer(op->timeout, virLeaseStoreNfsItemExpired, item);
    g_queue_push_tail(&store->waiting, item);
    virLeaseStoreNfsRunWaiting(store);
    virLeaseStoreNfsConnect(store);
}

static void
virLeaseStoreNfsFree(virLeaseStore *parent)
{
    virLeaseStoreNfs *store = (virLeaseStoreNfs *) parent;
    g_autoptr(GList) items = g_hash_table_get_keys(store->running);

    g_list_foreach(items, (GFunc) (void (*)(void)) virLeaseStoreNfsItemFree, NULL);
    g_hash_table_unref(store->running);
    g_queue_clear_full(&store->waiting, (GDestroyNotify) virLeaseStoreNfsItemFree);
    virLeaseStoreNfsClearTimer(&store->pause);
    virLeaseNfsMountFree(store->mount);
    virLeaseNfsExportFree(store->export);
    virLeaseStoreQueueFree(store->queue);
    virLeaseURLFree(store->url);
    g_free(store->problem);
    g_free(store);
}

static const virLeaseStoreClass virLeaseStoreNfsClass = {
    .scheme = "nfs",
    .submit = virLeaseStoreNfsSubmit,
    .free = virLeaseStoreNfsFree,
};

virLeaseStore *
virLeaseStoreNfsNew(virLeaseURL *url)
{
    virLeaseStoreNfs *store = g_new0(virLeaseStoreNfs, 1);

    store->parent.klass = &virLeaseStoreNfsClass;
    store->url = url;
    store->queue = virLeaseStoreQueueNew(&store->parent);
    store->running = g_hash_table_new(NULL, NULL);
    g_queue_init(&store->waiting);
    return &store->parent;
}
