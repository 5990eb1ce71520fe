/*
 * simnaive.c: engines that break the promises, to try the judge on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simengine.h"
#include "virerror.h"
#include "virleasename.h"

typedef enum {
    SIM_NAIVE_YES,
    SIM_NAIVE_BLIND,
    SIM_NAIVE_HOARDER,
    SIM_NAIVE_MUTE,
    SIM_NAIVE_ECHO,
} simNaiveKind;

#define SIM_NAIVE_RENEWAL VIR_LEASE_SECOND
#define SIM_NAIVE_LEASE (6 * VIR_LEASE_SECOND)
#define SIM_NAIVE_OPS_PER_REQUEST 1024

typedef struct {
    simNaiveKind kind;
    char sid[VIR_LEASE_SID_LEN + 1];
    guint64 counter;
    virLeaseTime next;
    gboolean made;
    GHashTable *paths;          /* of GPtrArray of char: owner -> its entries */
    GHashTable *pending;        /* request -> number of replies to come; keys are pointers */
    GHashTable *requesters;     /* request -> owner */
} simNaive;

static gpointer
simNaiveNew(simNaiveKind kind, const virLeaseEngineConfig *config)
{
    simNaive *naive = g_new0(simNaive, 1);
    guint i;

    naive->kind = kind;
    for (i = 0; i < VIR_LEASE_SID_LEN / 8; i++)
        g_snprintf(naive->sid + 8 * i, 9, "%08x", config->seed[i]);
    naive->paths = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify) g_ptr_array_unref);
    naive->pending = g_hash_table_new(NULL, NULL);
    naive->requesters = g_hash_table_new(NULL, NULL);
    return naive;
}

static void
simNaiveFree(gpointer engine)
{
    simNaive *naive = engine;

    g_hash_table_unref(naive->paths);
    g_hash_table_unref(naive->pending);
    g_hash_table_unref(naive->requesters);
    g_free(naive);
}

static int
simNaiveRestore(gpointer engine G_GNUC_UNUSED, const char *session G_GNUC_UNUSED,
                GPtrArray *owners G_GNUC_UNUSED, virLeaseTime now G_GNUC_UNUSED)
{
    return 0;
}

static virLeaseAction *
simNaiveAct(GQueue *actions, virLeaseActionType type, guint64 owner)
{
    virLeaseAction *action = g_new0(virLeaseAction, 1);

    action->type = type;
    action->owner = owner;
    g_queue_push_tail(actions, action);
    return action;
}

static virLeaseOp *
simNaiveSubmit(GQueue *actions, guint64 id, virLeaseOpType type, const char *path)
{
    virLeaseAction *action = simNaiveAct(actions, VIR_LEASE_ACTION_STORE, 0);

    action->op = virLeaseOpNew(id, type, path, VIR_LEASE_SECOND);
    return action->op;
}

static void
simNaiveAnswer(simNaive *naive, guint64 owner, guint64 request, GQueue *actions)
{
    guint i;

    if (naive->kind == SIM_NAIVE_MUTE)
        return;
    if (naive->kind != SIM_NAIVE_YES)
        simNaiveAct(actions, VIR_LEASE_ACTION_ENTER, owner);
    for (i = 0; i < (naive->kind == SIM_NAIVE_ECHO ? 2 : 1); i++) {
        virLeaseAction *action = simNaiveAct(actions, VIR_LEASE_ACTION_ANSWER, owner);

        action->request = request;
        action->code = VIR_ERR_OK;
        action->token = g_strdup_printf("token of %" G_GUINT64_FORMAT " of %s", owner, naive->sid);
    }
}

static void
simNaiveMark(simNaive *naive, const virLeaseEvent *event, const virLeaseResource *resource, guint64 id, GQueue *actions)
{
    virLeaseEntryName name = { .run = ++naive->counter, .attempt = ++naive->counter };
    GPtrArray *paths = g_hash_table_lookup(naive->paths, GSIZE_TO_POINTER(event->owner));
    char *path;

    virLeaseResourceHash(resource->name, name.hash);
    g_strlcpy(name.sid, naive->sid, sizeof(name.sid));
    name.shared = resource->mode == VIR_LEASE_MODE_SHARED;
    path = virLeaseEntryPath(&name, 1);
    if (!paths) {
        paths = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(naive->paths, GSIZE_TO_POINTER(event->owner), paths);
    }
    g_ptr_array_add(paths, path);
    simNaiveSubmit(actions, id, VIR_LEASE_OP_SYMLINK, path)->target = g_strdup_printf("pid=%" G_GINT64_FORMAT, event->pid);
}

static void
simNaiveAcquire(simNaive *naive, const virLeaseEvent *event, GQueue *actions)
{
    guint i;

    g_hash_table_insert(naive->pending, GSIZE_TO_POINTER(event->request), GUINT_TO_POINTER(event->resources->len));
    g_hash_table_insert(naive->requesters, GSIZE_TO_POINTER(event->request), GSIZE_TO_POINTER(event->owner));
    for (i = 0; i < event->resources->len; i++)
        simNaiveMark(naive, event, g_ptr_array_index(event->resources, i),
                     event->request * SIM_NAIVE_OPS_PER_REQUEST + i, actions);
}

static void
simNaiveReply(simNaive *naive, const virLeaseReply *reply, GQueue *actions)
{
    gpointer request = GSIZE_TO_POINTER(reply->id / SIM_NAIVE_OPS_PER_REQUEST);
    guint pending = GPOINTER_TO_UINT(g_hash_table_lookup(naive->pending, request));

    if (!pending)
        return;
    g_hash_table_insert(naive->pending, request, GUINT_TO_POINTER(pending - 1));
    if (pending == 1)
        simNaiveAnswer(naive, GPOINTER_TO_SIZE(g_hash_table_lookup(naive->requesters, request)),
                       GPOINTER_TO_SIZE(request), actions);
}

static void
simNaiveExited(simNaive *naive, guint64 owner, GQueue *actions)
{
    GPtrArray *paths = g_hash_table_lookup(naive->paths, GSIZE_TO_POINTER(owner));
    guint i;

    for (i = 0; naive->kind != SIM_NAIVE_HOARDER && paths && i < paths->len; i++)
        simNaiveSubmit(actions, 0, VIR_LEASE_OP_REMOVE, g_ptr_array_index(paths, i));
}

static void
simNaiveRenew(simNaive *naive, const virLeaseEvent *event, GQueue *actions)
{
    g_autofree char *path = virLeaseSessionPath(naive->sid);

    if (event->now < naive->next)
        return;
    naive->next = event->now + SIM_NAIVE_RENEWAL;
    simNaiveSubmit(actions, 0, naive->made ? VIR_LEASE_OP_SETATTR : VIR_LEASE_OP_MKDIR, path)->mtime = event->wall;
    naive->made = TRUE;
    simNaiveAct(actions, VIR_LEASE_ACTION_END, 0)->end = event->now + SIM_NAIVE_LEASE;
}

static void
simNaiveStep(gpointer engine, const virLeaseEvent *event, GQueue *actions)
{
    simNaive *naive = engine;
    gboolean marks = naive->kind == SIM_NAIVE_BLIND || naive->kind == SIM_NAIVE_HOARDER;

    simNaiveRenew(naive, event, actions);
    if (event->type == VIR_LEASE_EVENT_REPLY)
        simNaiveReply(naive, event->reply, actions);
    else if (event->type == VIR_LEASE_EVENT_ACQUIRE && marks)
        simNaiveAcquire(naive, event, actions);
    else if (event->request && event->type != VIR_LEASE_EVENT_CANCEL)
        simNaiveAnswer(naive, event->owner, event->request, actions);
    else if (event->type == VIR_LEASE_EVENT_EXITED)
        simNaiveExited(naive, event->owner, actions);
}

static virLeaseTime
simNaiveWakeup(gpointer engine)
{
    return ((simNaive *) engine)->next;
}

#define SIM_NAIVE_CLASS(name, which) \
    static gpointer \
    simNaive ## name ## New(const simEngineClass *class G_GNUC_UNUSED, const virLeaseEngineConfig *config) \
    { \
        return simNaiveNew(which, config); \
    } \
    const simEngineClass simEngine ## name = { \
        .create = simNaive ## name ## New, \
        .free = simNaiveFree, \
        .restore = simNaiveRestore, \
        .step = simNaiveStep, \
        .wakeup = simNaiveWakeup, \
    }

SIM_NAIVE_CLASS(Yes, SIM_NAIVE_YES);
SIM_NAIVE_CLASS(Blind, SIM_NAIVE_BLIND);
SIM_NAIVE_CLASS(Hoarder, SIM_NAIVE_HOARDER);
SIM_NAIVE_CLASS(Mute, SIM_NAIVE_MUTE);
SIM_NAIVE_CLASS(Echo, SIM_NAIVE_ECHO);
