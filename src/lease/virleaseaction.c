/*
 * virleaseaction.c: what goes out of the lease engine
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.action");


void
virLeaseActionFree(virLeaseAction *action)
{
    if (!action)
        return;
    virLeaseOpFree(action->op);
    g_free(action->message);
    g_free(action->token);
    g_free(action->text);
    g_free(action);
}


/* The engine's: stays in the queue, to be filled in by the caller. */
virLeaseAction *
virLeaseEngineAct(virLeaseEngine *engine,
                  virLeaseActionType type)
{
    virLeaseAction *action = g_new0(virLeaseAction, 1);

    action->type = type;
    g_queue_push_tail(engine->actions, action);
    return action;
}


/* Likewise, about @owner. */
virLeaseAction *
virLeaseEngineActOwner(virLeaseEngine *engine,
                       virLeaseActionType type,
                       const virLeaseOwner *owner)
{
    virLeaseAction *action = virLeaseEngineAct(engine, type);

    action->owner = owner->id;
    action->failure = owner->failure;
    return action;
}


virLeaseAction *
virLeaseEngineSubmit(virLeaseEngine *engine,
                     virLeaseOpPurpose purpose,
                     virLeaseOpType type,
                     guint64 ref,
                     const char *path,
                     const char *target,
                     gint64 mtime)
{
    virLeaseOpContext *context = g_new0(virLeaseOpContext, 1);
    guint64 *key = g_new(guint64, 1);
    virLeaseSpan timeout = virLeaseEngineOpTimeout(engine);
    virLeaseAction *action;
    virLeaseOp *op;

    *key = ++engine->nextId;
    context->purpose = purpose;
    context->type = type;
    context->ref = ref;
    context->path = g_strdup(path);
    context->mtime = mtime;
    context->sent = engine->now;
    g_hash_table_insert(engine->ops, key, context);

    /* A directory may need many round trips. */
    if (type == VIR_LEASE_OP_READDIR)
        timeout *= 2;
    op = virLeaseOpNew(*key, type, path, timeout);
    op->target = g_strdup(target);
    op->mtime = mtime;
    action = virLeaseEngineAct(engine, VIR_LEASE_ACTION_STORE);
    action->op = op;
    return action;
}


virLeaseAction *
virLeaseEngineAnswer(virLeaseEngine *engine,
                     guint64 request,
                     int code,
                     const char *message,
                     const char *token)
{
    virLeaseAction *action = virLeaseEngineAct(engine, VIR_LEASE_ACTION_ANSWER);

    action->request = request;
    action->code = code;
    action->message = g_strdup(message);
    action->token = g_strdup(token);
    return action;
}


/* Returns the action, to be filled in further, or NULL if there is none left
 * to be done. */
virLeaseAction *
virLeaseEngineFence(virLeaseEngine *engine,
                    virLeaseOwner *owner,
                    const char *reason)
{
    virLeaseAction *action;

    if (owner->fenced || owner->gone)
        return NULL;
    owner->fenced = TRUE;
    owner->fencedAt = engine->now;
    VIR_DEBUG("guest '%s' (pid %" G_GINT64_FORMAT ") is to be stopped: %s", owner->guest, owner->pid, reason);
    action = virLeaseEngineAct(engine, VIR_LEASE_ACTION_FENCE);
    action->owner = owner->id;
    action->message = g_strdup(reason);
    return action;
}


void
virLeaseEngineLeave(virLeaseEngine *engine,
                    virLeaseOwner *owner)
{
    if (!owner->entered)
        return;
    owner->entered = FALSE;
    virLeaseEngineAct(engine, VIR_LEASE_ACTION_LEAVE)->owner = owner->id;
}
