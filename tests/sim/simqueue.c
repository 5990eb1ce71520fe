/*
 * simqueue.c: virtual time, what happens in it, and the dice
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simqueue.h"

typedef struct {
    virLeaseTime at;
    guint64 order;
    simQueueFunc func;
    gpointer data;
    GDestroyNotify destroy;
} simQueueItem;

struct _simQueue {
    virLeaseTime now;
    guint64 order;
    guint64 count;
    GArray *heap;       /* of simQueueItem; each not later than its children at 2i+1 and 2i+2 */
};

simQueue *
simQueueNew(void)
{
    simQueue *queue = g_new0(simQueue, 1);

    queue->heap = g_array_new(FALSE, FALSE, sizeof(simQueueItem));
    return queue;
}

static void
simQueueItemClear(simQueueItem *item)
{
    if (item->destroy)
        item->destroy(item->data);
}

void
simQueueFree(simQueue *queue)
{
    guint i;

    if (!queue)
        return;
    for (i = 0; i < queue->heap->len; i++)
        simQueueItemClear(&g_array_index(queue->heap, simQueueItem, i));
    g_array_unref(queue->heap);
    g_free(queue);
}

virLeaseTime
simQueueNow(const simQueue *queue)
{
    return queue->now;
}

guint64
simQueueCount(const simQueue *queue)
{
    return queue->count;
}

static gboolean
simQueueBefore(const simQueue *queue, guint a, guint b)
{
    const simQueueItem *first = &g_array_index(queue->heap, simQueueItem, a);
    const simQueueItem *second = &g_array_index(queue->heap, simQueueItem, b);

    return first->at < second->at || (first->at == second->at && first->order < second->order);
}

static void
simQueueSwap(simQueue *queue, guint a, guint b)
{
    simQueueItem *items = (simQueueItem *) (gpointer) queue->heap->data;
    const simQueueItem item = items[a];

    items[a] = items[b];
    items[b] = item;
}

void
simQueueAdd(simQueue *queue,
            virLeaseTime at,
            simQueueFunc func,
            gpointer data,
            GDestroyNotify destroy)
{
    const simQueueItem item = {
        .at = MAX(at, queue->now),
        .order = queue->order++,
        .func = func,
        .data = data,
        .destroy = destroy,
    };
    guint i = queue->heap->len;

    g_array_append_val(queue->heap, item);
    for (; i > 0 && simQueueBefore(queue, i, (i - 1) / 2); i = (i - 1) / 2)
        simQueueSwap(queue, i, (i - 1) / 2);
}

static simQueueItem
simQueuePop(simQueue *queue)
{
    simQueueItem item = g_array_index(queue->heap, simQueueItem, 0);
    guint i = 0;

    g_array_remove_index_fast(queue->heap, 0);
    for (;;) {
        guint least = i;

        if (2 * i + 1 < queue->heap->len && simQueueBefore(queue, 2 * i + 1, least))
            least = 2 * i + 1;
        if (2 * i + 2 < queue->heap->len && simQueueBefore(queue, 2 * i + 2, least))
            least = 2 * i + 2;
        if (least == i)
            return item;
        simQueueSwap(queue, i, least);
        i = least;
    }
}

gboolean
simQueueRunNext(simQueue *queue, virLeaseTime limit)
{
    simQueueItem item;

    if (queue->heap->len == 0 || g_array_index(queue->heap, simQueueItem, 0).at > limit) {
        queue->now = MAX(queue->now, limit);
        return FALSE;
    }
    item = simQueuePop(queue);
    queue->now = item.at;
    queue->count++;
    item.func(item.data);
    simQueueItemClear(&item);
    return TRUE;
}

/* Sebastiano Vigna's SplitMix64: its sequence is the same everywhere, unlike
 * that of a library. */
guint64
simDiceRoll(simDice *dice)
{
    guint64 z = dice->state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

guint
simDiceBelow(simDice *dice, guint limit)
{
    return limit ? (guint) ((simDiceRoll(dice) >> 11) % limit) : 0;
}

gboolean
simDiceChance(simDice *dice, guint permille)
{
    return simDiceBelow(dice, 1000) < permille;
}

virLeaseSpan
simDiceSpan(simDice *dice, virLeaseSpan min, virLeaseSpan max)
{
    return min + (virLeaseSpan) ((simDiceRoll(dice) >> 11) % (guint64) (max - min + 1));
}
