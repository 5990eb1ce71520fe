/*
 * virleasechore.c: what is repeated until the server acknowledges it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rule 3: a REMOVE counts when it was acknowledged; rule 15: a marker's
 * SYMLINK is retried and not undone. Also the requests that wait for them.
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.chore");

/* Chores sent and not answered at any time; the others wait their turn. */
#define VIR_LEASE_CHORES_OUTSTANDING 64


void
virLeaseChoreFree(virLeaseChore *chore)
{
    g_free(chore->path);
    g_free(chore->target);
    g_free(chore);
}


static void
virLeaseChoreSend(virLeaseEngine *engine,
                  virLeaseChore *chore)
{
    chore->outstanding = TRUE;
    virLeaseEngineSubmit(engine, VIR_LEASE_FOR_CHORE, chore->type, 0, chore->path, chore->target, 0)->owner = chore->owner;
}


static void
virLeaseChoreAdd(virLeaseEngine *engine,
                 virLeaseOpType type,
                 const char *path,
                 const char *target,
                 guint64 owner)
{
    virLeaseChore *chore = g_new0(virLeaseChore, 1);

    chore->type = type;
    chore->path = g_strdup(path);
    chore->target = g_strdup(target);
    chore->owner = owner;
    chore->next = engine->now;
    g_hash_table_insert(engine->chores, chore->path, chore);
    virLeaseChoreTimers(engine);
}


static void
virLeaseChoreRemoveFor(virLeaseEngine *engine,
                       const char *path,
                       guint64 owner)
{
    virLeaseChore *chore = g_hash_table_lookup(engine->chores, path);

    if (!chore) {
        virLeaseChoreAdd(engine, VIR_LEASE_OP_REMOVE, path, NULL, owner);
        return;
    }
    /* Rule 1: once a REMOVE is meant, the name is not created again. */
    if (chore->type == VIR_LEASE_OP_SYMLINK) {
        chore->type = VIR_LEASE_OP_REMOVE;
        g_clear_pointer(&chore->target, g_free);
    }
    /* Rule 3: one that is on its way tells nothing of a link that was seen since:
     * the server may have carried it out before a late SYMLINK made that. */
    chore->anew = chore->outstanding && VIR_LEASE_RULE(engine, REMOVE_ON_ITS_WAY);
}


void
virLeaseChoreRemove(virLeaseEngine *engine,
                    const char *path)
{
    virLeaseChoreRemoveFor(engine, path, 0);
}


/* @owner, unless it is NULL, goes on, and was saved without it. Until that is
 * written down the REMOVE is not sent, or a later daemon would believe that the
 * guest has the lock, and miss it. */
void
virLeaseChoreRelease(virLeaseEngine *engine,
                     const char *path,
                     const virLeaseOwner *owner)
{
    virLeaseChoreRemoveFor(engine, path, owner ? owner->id : 0);
}


void
virLeaseChoreRmdir(virLeaseEngine *engine,
                   const char *path)
{
    if (!g_hash_table_contains(engine->chores, path))
        virLeaseChoreAdd(engine, VIR_LEASE_OP_RMDIR, path, NULL, 0);
}


void
virLeaseChoreMark(virLeaseEngine *engine,
                  const char *path,
                  const char *target)
{
    if (!g_hash_table_contains(engine->chores, path))
        virLeaseChoreAdd(engine, VIR_LEASE_OP_SYMLINK, path, target, 0);
}


gboolean
virLeaseChorePending(const virLeaseEngine *engine,
                     const char *path)
{
    return g_hash_table_contains(engine->chores, path);
}


static gboolean
virLeaseChoreDone(const virLeaseEngine *engine G_GNUC_UNUSED,
                  const virLeaseChore *chore,
                  virLeaseStatus status)
{
    if (status == VIR_LEASE_STATUS_OK ||
        (chore->type == VIR_LEASE_OP_REMOVE && !VIR_LEASE_RULE(engine, REMOVE_ONCE)) ||
        (chore->type == VIR_LEASE_OP_SYMLINK && !VIR_LEASE_RULE(engine, MARKER_ONCE)))
        return TRUE;
    if (chore->type == VIR_LEASE_OP_SYMLINK)
        return status == VIR_LEASE_STATUS_EXISTS && VIR_LEASE_RULE(engine, EXISTS_FAILS);
    return status == VIR_LEASE_STATUS_NOENT && VIR_LEASE_RULE(engine, NOENT_FAILS);
}


static void
virLeaseChoreMarked(virLeaseEngine *engine,
                    const char *path)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const virLeaseOwner *owner = value;
        virLeaseRun *run = owner->run;
        g_autofree char *stopped = run ? virLeaseMarkerPath(run->sid, VIR_LEASE_MARKER_STOPPED, run->number) : NULL;
        g_autofree char *exited = run ? virLeaseMarkerPath(run->sid, VIR_LEASE_MARKER_EXITED, run->number) : NULL;

        if (g_strcmp0(path, stopped) == 0)
            run->stoppedKnown = TRUE;
        else if (g_strcmp0(path, exited) == 0)
            run->exitedKnown = TRUE;
        else
            continue;
        virLeaseEngineSaveOwner(engine, owner);
        return;
    }
}


static void
virLeaseWaitCheck(virLeaseEngine *engine)
{
    for (guint i = engine->waits->len; i-- > 0;) {
        virLeaseWait *wait = g_ptr_array_index(engine->waits, i);
        GHashTableIter iter;
        gpointer path;

        g_hash_table_iter_init(&iter, wait->paths);
        while (g_hash_table_iter_next(&iter, &path, NULL)) {
            if (!virLeaseChorePending(engine, path))
                g_hash_table_iter_remove(&iter);
        }
        if (g_hash_table_size(wait->paths) > 0 && engine->now < wait->until)
            continue;
        virLeaseEngineAnswer(engine, wait->request, VIR_ERR_OK, NULL, wait->token);
        g_ptr_array_remove_index(engine->waits, i);
    }
}


/* What only people can mend: a directory, say, under the name of an entry. It
 * is tried again all the same, and told to whom waits for it. */
static void
virLeaseChoreRefused(virLeaseEngine *engine,
                     virLeaseChore *chore,
                     const virLeaseReply *reply)
{
    if (chore->type != VIR_LEASE_OP_REMOVE || reply->status == VIR_LEASE_STATUS_LOST ||
        reply->status == VIR_LEASE_STATUS_DELAYED)
        return;
    if (!chore->refused)
        VIR_WARN("lockspace '%s': '%s' cannot be removed: %s", engine->lockspace, chore->path,
                 virLeaseStatusToMessage(reply->status));
    chore->refused = TRUE;
    virLeaseAttemptNotCleared(engine, chore->path, reply->status);
}


void
virLeaseChoreReply(virLeaseEngine *engine,
                   const virLeaseOpContext *op,
                   const virLeaseReply *reply)
{
    virLeaseChore *chore = g_hash_table_lookup(engine->chores, op->path);

    if (!chore)
        return;
    chore->outstanding = FALSE;
    if (op->type != chore->type || chore->anew) {
        chore->anew = FALSE;
        chore->next = engine->now;
    } else if (virLeaseChoreDone(engine, chore, reply->status)) {
        g_hash_table_remove(engine->chores, op->path);
        if (op->type == VIR_LEASE_OP_SYMLINK)
            virLeaseChoreMarked(engine, op->path);
        virLeaseAttemptCleared(engine, op->path);
    } else {
        chore->backoff = CLAMP(chore->backoff * 2, 4 * engine->roundTrip, virLeaseEngineRenewalSpan(engine));
        chore->next = engine->now + chore->backoff;
        VIR_DEBUG("%s %s: %s; again in %.3f s", virLeaseOpTypeToString(op->type), op->path,
                  virLeaseStatusToMessage(reply->status), chore->backoff / 1e9);
        virLeaseChoreRefused(engine, chore, reply);
    }
    virLeaseChoreTimers(engine);
}


static guint
virLeaseChoreOutstanding(const virLeaseEngine *engine)
{
    GHashTableIter iter;
    gpointer value;
    guint count = 0;

    g_hash_table_iter_init(&iter, engine->chores);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        count += ((virLeaseChore *) value)->outstanding;
    return count;
}


void
virLeaseChoreTimers(virLeaseEngine *engine)
{
    guint outstanding = virLeaseChoreOutstanding(engine);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->chores);
    while (outstanding < VIR_LEASE_CHORES_OUTSTANDING && g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseChore *chore = value;

        if (chore->outstanding || engine->now < chore->next)
            continue;
        virLeaseChoreSend(engine, chore);
        outstanding++;
    }
    virLeaseWaitCheck(engine);
}


virLeaseTime
virLeaseChoreWakeup(const virLeaseEngine *engine)
{
    virLeaseTime wakeup = VIR_LEASE_TIME_NEVER;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->chores);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const virLeaseChore *chore = value;

        if (!chore->outstanding)
            wakeup = MIN(wakeup, MAX(chore->next, engine->now + VIR_LEASE_MILLISECOND));
    }
    for (guint i = 0; i < engine->waits->len; i++)
        wakeup = MIN(wakeup, ((virLeaseWait *) g_ptr_array_index(engine->waits, i))->until);
    return wakeup;
}


/* Answers @request with @token as soon as no chore of @paths is left, at
 * @until at the latest. */
void
virLeaseWaitAdd(virLeaseEngine *engine,
                guint64 request,
                const char *token,
                GHashTable *paths,
                virLeaseTime until)
{
    virLeaseWait *wait = g_new0(virLeaseWait, 1);

    wait->request = request;
    wait->token = g_strdup(token);
    wait->paths = g_hash_table_ref(paths);
    wait->until = until;
    g_ptr_array_add(engine->waits, wait);
    virLeaseWaitCheck(engine);
}


void
virLeaseWaitFree(virLeaseWait *wait)
{
    g_free(wait->token);
    g_hash_table_unref(wait->paths);
    g_free(wait);
}
