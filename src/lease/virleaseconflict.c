/*
 * virleaseconflict.c: who is in the way of an acquisition
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virlog.h"

VIR_LOG_INIT("lease.conflict");


void
virLeaseOtherFree(virLeaseOther *other)
{
    g_free(other->path);
    virLeaseTargetFree(other->target);
    g_free(other);
}


gboolean
virLeaseConflictIsTokenRun(const virLeaseAttempt *attempt,
                           const virLeaseEntryName *name)
{
    return attempt->token && attempt->token->run == name->run && g_str_equal(attempt->token->sid, name->sid);
}


/* ---- in memory (rule 9) ---- */

static const virLeaseResource *
virLeaseConflictIn(const virLeaseAttempt *attempt,
                   GPtrArray *entries)
{
    for (guint i = 0; i < attempt->resources->len; i++) {
        const virLeaseResource *wanted = g_ptr_array_index(attempt->resources, i);

        for (guint j = 0; j < entries->len; j++) {
            const virLeaseEntry *entry = g_ptr_array_index(entries, j);

            if (g_str_equal(entry->resource->name, wanted->name) &&
                !(entry->resource->mode == VIR_LEASE_MODE_SHARED && wanted->mode == VIR_LEASE_MODE_SHARED))
                return wanted;
        }
    }
    return NULL;
}


/* A run that keeps others out as far as this daemon knows by itself. One that
 * stopped in a session that ended keeps nobody out: its entries are dead. */
static gboolean
virLeaseConflictRunCounts(const virLeaseEngine *engine,
                          const virLeaseAttempt *attempt,
                          const virLeaseOwner *owner)
{
    const virLeaseRun *run = owner->run;

    if (!run || owner->gone || owner == attempt->owner || run->state == VIR_LEASE_RUN_EXITED)
        return FALSE;
    if (attempt->token && attempt->token->run == run->number && g_str_equal(attempt->token->sid, run->sid))
        return FALSE;
    return run->state == VIR_LEASE_RUN_RUNNING || virLeaseEngineIsOwnSid(engine, run->sid);
}


/* The owner in the way, and which wanted resource it holds; or NULL. */
const virLeaseOwner *
virLeaseConflictInMemory(const virLeaseEngine *engine,
                         const virLeaseAttempt *attempt,
                         const virLeaseResource **resource)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const virLeaseOwner *owner = value;

        if (virLeaseConflictRunCounts(engine, attempt, owner) &&
            (*resource = virLeaseConflictIn(attempt, owner->run->entries)))
            return owner;
        if (owner->attempt && owner->attempt != attempt &&
            (*resource = virLeaseConflictIn(attempt, owner->attempt->entries)))
            return owner;
    }
    return NULL;
}


/* ---- on the export (rule 11) ---- */

/* The own entry that @hash belongs to, or NULL. */
static const virLeaseEntry *
virLeaseConflictWanted(const virLeaseAttempt *attempt,
                       const char *hash)
{
    for (guint i = 0; i < attempt->entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);

        if (g_str_equal(entry->name.hash, hash))
            return entry;
    }
    return NULL;
}


static gboolean
virLeaseConflictIsOver(const virLeaseEngine *engine,
                       const virLeaseEntryName *name)
{
    if (!VIR_LEASE_RULE(engine, LIVE_IS_OVER) ||
        (!VIR_LEASE_RULE(engine, STOPPED_IS_OVER) &&
         virLeaseObserverHasMarker(engine->observer, name->sid, VIR_LEASE_MARKER_STOPPED, name->run)))
        return TRUE;
    return virLeaseObserverIsDead(engine->observer, name->sid) ||
        (virLeaseObserverHasMarker(engine->observer, name->sid, VIR_LEASE_MARKER_EXITED, name->run) &&
         VIR_LEASE_RULE(engine, EXITED_CONFLICTS));
}


/* Whether the tables in memory have an own entry, and have decided about it
 * (rule 9): the run of @owner, unless its process is gone, or an attempt. */
static gboolean
virLeaseConflictIsInMemory(const virLeaseEngine *engine,
                           const virLeaseOwner *owner,
                           const virLeaseEntryName *name,
                           const char *path)
{
    return (owner && owner->run->state != VIR_LEASE_RUN_EXITED && virLeaseRunHas(owner->run, path)) ||
        virLeaseEngineFindAttempt(engine, name->sid, name->run, name->attempt);
}


static virLeaseOther *
virLeaseConflictFindOther(GPtrArray *others,
                          const char *path)
{
    for (guint i = 0; i < others->len; i++) {
        virLeaseOther *other = g_ptr_array_index(others, i);

        if (g_str_equal(other->path, path))
            return other;
    }
    return NULL;
}


static virLeaseOther *
virLeaseConflictAddOther(const virLeaseEngine *engine G_GNUC_UNUSED,
                         GPtrArray *others,
                         GPtrArray *before,
                         const virLeaseEntryName *name,
                         const char *path,
                         gboolean over)
{
    virLeaseOther *other = g_new0(virLeaseOther, 1);
    virLeaseOther *known = virLeaseConflictFindOther(before, path);

    other->name = *name;
    other->path = g_strdup(path);
    other->over = over;
    if (known) {
        /* Rule 11: a marker counts that was seen at any time. */
        other->over |= known->over && VIR_LEASE_RULE(engine, EXITED_FORGOTTEN);
        other->described = known->described;
        other->target = g_steal_pointer(&known->target);
    }
    g_ptr_array_add(others, other);
    return other;
}


/* What a guest that wants its locks back left where it had them. */
static gboolean
virLeaseConflictIsOldRun(const virLeaseAttempt *attempt,
                         const virLeaseEntryName *name)
{
    const virLeaseRun *run = attempt->owner ? attempt->owner->run : NULL;

    return attempt->kind == VIR_LEASE_ATTEMPT_REGAIN && run && run->number == name->run &&
        g_str_equal(run->sid, name->sid);
}


/* An own entry that is in the way of nobody, like what an exited run left, is
 * removed by whoever acquires, and waited for: what a guest gave up, or the
 * token of a paused one that it began to use up, may still be there, and while
 * it is, whoever has that token can go on with it (rule 12). */
static void
virLeaseConflictTakeOwn(virLeaseEngine *engine,
                        virLeaseAttempt *attempt,
                        GPtrArray *before,
                        const virLeaseEntryName *name,
                        const char *path)
{
    const virLeaseOwner *owner = virLeaseEngineFindRun(engine, name->sid, name->run);
    virLeaseOther *other;

    if (virLeaseConflictIsInMemory(engine, owner, name, path) || !VIR_LEASE_RULE(engine, OWN_NOT_AWAITED))
        return;
    other = virLeaseConflictAddOther(engine, attempt->others, before, name, path, TRUE);
    /* Nobody's; so whose it was is not asked for (rule 21). */
    if (!owner || owner->run->state != VIR_LEASE_RUN_EXITED)
        other->described = TRUE;
}


static void
virLeaseConflictTake(virLeaseEngine *engine,
                     virLeaseAttempt *attempt,
                     GPtrArray *before,
                     const virLeaseSeen *seen)
{
    const virLeaseEntry *wanted = virLeaseConflictWanted(attempt, seen->name.hash);
    gboolean isTokens = virLeaseConflictIsTokenRun(attempt, &seen->name);
    g_autofree char *path = wanted || isTokens ? virLeaseEntryPath(&seen->name, engine->format.shards) : NULL;

    if (isTokens) {
        g_hash_table_add(attempt->tokenPaths, g_steal_pointer(&path));
        return;
    }
    if (wanted && virLeaseConflictIsOldRun(attempt, &seen->name)) {
        virLeaseConflictAddOther(engine, attempt->others, before, &seen->name, path, TRUE);
        return;
    }
    if (!wanted || g_str_equal(wanted->path, path) || (wanted->name.shared && seen->name.shared) ||
        (wanted->name.shared != seen->name.shared && !VIR_LEASE_RULE(engine, MODES_IGNORED)))
        return;
    if (virLeaseEngineIsOwnSid(engine, seen->name.sid)) {
        virLeaseConflictTakeOwn(engine, attempt, before, &seen->name, path);
        return;
    }
    virLeaseObserverWatch(engine->observer, seen->name.sid, engine->now);
    virLeaseConflictAddOther(engine, attempt->others, before, &seen->name, path,
                             virLeaseConflictIsOver(engine, &seen->name));
}


/* Fills @others (in conflicting modes) and @tokenPaths from a complete scan;
 * keeps what is known of entries that were there before. */
void
virLeaseConflictCollect(virLeaseEngine *engine,
                        virLeaseAttempt *attempt,
                        const virLeaseScan *scan)
{
    g_autoptr(GPtrArray) before = attempt->others;

    attempt->others = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseOtherFree);
    g_hash_table_remove_all(attempt->tokenPaths);
    for (guint i = 0; i < scan->seen->len; i++)
        virLeaseConflictTake(engine, attempt, before, &g_array_index(scan->seen, virLeaseSeen, i));
}


/* Class t before f, then session, run and attempt: the same order for all. */
static int
virLeaseConflictRank(const virLeaseEngine *engine G_GNUC_UNUSED,
                     const virLeaseEntryName *a,
                     const virLeaseEntryName *b)
{
    int order;

    if (a->token != b->token && VIR_LEASE_RULE(engine, RANK_TOKEN))
        return a->token ? -1 : 1;
    order = strcmp(a->sid, b->sid);
    if (order == 0 && a->run != b->run)
        order = a->run < b->run ? -1 : 1;
    if (order == 0 && a->attempt != b->attempt)
        order = a->attempt < b->attempt ? -1 : 1;
    return order;
}


static void
virLeaseConflictOwnName(const virLeaseAttempt *attempt,
                        virLeaseEntryName *name)
{
    memset(name, 0, sizeof(*name));
    name->token = attempt->kind == VIR_LEASE_ATTEMPT_TOKEN;
    g_strlcpy(name->sid, attempt->sid, sizeof(name->sid));
    name->run = attempt->runNumber;
    name->attempt = attempt->number;
}


/* @blocker: whom to name; stays good until @others changes. */
virLeaseConflict
virLeaseConflictJudge(const virLeaseEngine *engine,
                      const virLeaseAttempt *attempt,
                      const virLeaseOther **blocker)
{
    virLeaseConflict verdict = VIR_LEASE_CONFLICT_NONE;
    virLeaseEntryName own;

    virLeaseConflictOwnName(attempt, &own);
    for (guint i = 0; i < attempt->others->len; i++) {
        const virLeaseOther *other = g_ptr_array_index(attempt->others, i);
        gboolean stopped;

        if (other->over)
            continue;
        stopped = virLeaseObserverHasMarker(engine->observer, other->name.sid, VIR_LEASE_MARKER_STOPPED,
                                            other->name.run);
        *blocker = other;
        if ((stopped && !own.token && VIR_LEASE_RULE(engine, STOPPED_CONTENDED)) ||
            (virLeaseConflictRank(engine, &other->name, &own) < 0 && VIR_LEASE_RULE(engine, RANK_NONE)))
            return VIR_LEASE_CONFLICT_BETTER;
        if (VIR_LEASE_RULE(engine, WORSE_IGNORED))
            verdict = VIR_LEASE_CONFLICT_WORSE;
    }
    return verdict;
}


/* Rule 21: an entry in the way, live, dead or exited, of the same guest. */
gboolean
virLeaseConflictSameGuest(const virLeaseAttempt *attempt)
{
    for (guint i = 0; i < attempt->others->len; i++) {
        const virLeaseOther *other = g_ptr_array_index(attempt->others, i);

        if (other->target && g_strcmp0(other->target->uuid, attempt->uuid) == 0)
            return TRUE;
    }
    return FALSE;
}


/* Whether one who is alive, or is not known to be dead yet, and in the way is
 * the same guest on another host. An earlier session of this very host may be
 * in its own way until it is known to be dead. */
gboolean
virLeaseConflictElsewhere(const virLeaseEngine *engine,
                          const virLeaseAttempt *attempt)
{
    for (guint i = 0; i < attempt->others->len; i++) {
        const virLeaseOther *other = g_ptr_array_index(attempt->others, i);

        if (!other->over && other->target && g_strcmp0(other->target->uuid, attempt->uuid) == 0 &&
            g_strcmp0(other->target->host, engine->host) != 0)
            return TRUE;
    }
    return FALSE;
}


/* Rule 12a: the token's run will never go on. */
gboolean
virLeaseConflictTokenStopped(const virLeaseEngine *engine,
                             const virLeaseAttempt *attempt)
{
    const virLeaseToken *token = attempt->token;
    const virLeaseOwner *owner = virLeaseEngineFindRun(engine, token->sid, token->run);

    /* The own table knows, also of a session that ended. What it has dropped
     * does not run either; whether its entries still stand is rule 12b's. */
    if (owner || virLeaseEngineIsOwnSid(engine, token->sid))
        return !owner || !virLeaseOwnerIsRunning(owner) || !VIR_LEASE_RULE(engine, OWN_TOKEN_RUNS);
    return !VIR_LEASE_RULE(engine, STOP_NOT_AWAITED) || virLeaseObserverIsDead(engine->observer, token->sid) ||
        virLeaseObserverHasMarker(engine->observer, token->sid, VIR_LEASE_MARKER_STOPPED, token->run) ||
        virLeaseObserverHasMarker(engine->observer, token->sid, VIR_LEASE_MARKER_EXITED, token->run);
}
