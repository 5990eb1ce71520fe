/*
 * virleasestorequeue.c: replies that wait for the main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorequeue.h"

struct _virLeaseStoreQueue {
    virLeaseStore *store;
    GSource *source;
    GQueue replies;
};

/* Without prepare and check the source is only woken by its ready time. */
static gboolean
virLeaseStoreQueueDispatch(GSource *source G_GNUC_UNUSED,
                           GSourceFunc callback,
                           gpointer opaque)
{
    return callback(opaque);
}

static GSourceFuncs virLeaseStoreQueueFuncs = {
    .dispatch = virLeaseStoreQueueDispatch,
};

static gboolean
virLeaseStoreQueueServe(gpointer opaque)
{
    virLeaseStoreQueue *queue = opaque;
    guint count = g_queue_get_length(&queue->replies);

    /* What comes in meanwhile has to wait, so that nothing else starves. */
    g_source_set_ready_time(queue->source, -1);
    for (; count > 0; count--)
        queue->store->replied(g_queue_pop_head(&queue->replies), queue->store->opaque);
    if (!g_queue_is_empty(&queue->replies))
        g_source_set_ready_time(queue->source, 0);
    return G_SOURCE_CONTINUE;
}

virLeaseStoreQueue *
virLeaseStoreQueueNew(virLeaseStore *store)
{
    virLeaseStoreQueue *queue = g_new0(virLeaseStoreQueue, 1);

    queue->store = store;
    g_queue_init(&queue->replies);
    queue->source = g_source_new(&virLeaseStoreQueueFuncs, sizeof(GSource));
    g_source_set_callback(queue->source, virLeaseStoreQueueServe, queue, NULL);
    g_source_set_name(queue->source, "virLeaseStoreQueue");
    g_source_attach(queue->source, g_main_context_get_thread_default());
    return queue;
}

void
virLeaseStoreQueuePush(virLeaseStoreQueue *queue, virLeaseReply *reply)
{
    g_queue_push_tail(&queue->replies, reply);
    g_source_set_ready_time(queue->source, 0);
}

void
virLeaseStoreQueueFree(virLeaseStoreQueue *queue)
{
    if (!queue)
        return;
    g_source_destroy(queue->source);
    g_source_unref(queue->source);
    g_queue_clear_full(&queue->replies, (GDestroyNotify) virLeaseReplyFree);
    g_free(queue);
}
