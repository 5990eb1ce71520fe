/*
 * virleaserun.c: owners, their runs, and the entries of a run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virlog.h"

VIR_LOG_INIT("lease.run");

/* A run goes from a grant to the guest's first stop: nothing leads back. */
static const gboolean virLeaseRunMoves[VIR_LEASE_RUN_LAST][VIR_LEASE_RUN_LAST] = {
    [VIR_LEASE_RUN_RESERVED] = { [VIR_LEASE_RUN_RUNNING] = TRUE },
    [VIR_LEASE_RUN_RUNNING] = { [VIR_LEASE_RUN_STOPPED] = TRUE },
    [VIR_LEASE_RUN_STOPPED] = { [VIR_LEASE_RUN_EXITED] = TRUE },
};

static const char *const virLeaseRunStateNames[VIR_LEASE_RUN_LAST] = {
    "reserved", "running", "stopped", "exited"
};


virLeaseResource *
virLeaseResourceNew(const char *name,
                    const char *path,
                    virLeaseMode mode)
{
    virLeaseResource *resource = g_new0(virLeaseResource, 1);

    resource->name = g_strdup(name);
    resource->path = g_strdup(path);
    resource->mode = mode;
    return resource;
}


void
virLeaseResourceFree(virLeaseResource *resource)
{
    if (!resource)
        return;
    g_free(resource->name);
    g_free(resource->path);
    g_free(resource);
}


virLeaseEntry *
virLeaseEntryNew(const virLeaseResource *resource)
{
    virLeaseEntry *entry = g_new0(virLeaseEntry, 1);

    entry->resource = virLeaseResourceNew(resource->name, resource->path, resource->mode);
    virLeaseResourceHash(resource->name, entry->name.hash);
    entry->name.shared = resource->mode == VIR_LEASE_MODE_SHARED;
    return entry;
}


void
virLeaseEntryFree(virLeaseEntry *entry)
{
    if (!entry)
        return;
    virLeaseResourceFree(entry->resource);
    g_free(entry->path);
    g_free(entry);
}


virLeaseRun *
virLeaseRunNew(guint64 number,
               const char *sid,
               virLeaseRunState state,
               gint64 since)
{
    virLeaseRun *run = g_new0(virLeaseRun, 1);

    run->number = number;
    g_strlcpy(run->sid, sid, sizeof(run->sid));
    run->state = state;
    run->since = since;
    run->entries = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseEntryFree);
    return run;
}


void
virLeaseRunFree(virLeaseRun *run)
{
    if (!run)
        return;
    g_ptr_array_unref(run->entries);
    g_free(run);
}


virLeaseEntry *
virLeaseRunFind(const virLeaseRun *run,
                const char *resourceName)
{
    for (guint i = 0; run && i < run->entries->len; i++) {
        virLeaseEntry *entry = g_ptr_array_index(run->entries, i);

        if (g_str_equal(entry->resource->name, resourceName))
            return entry;
    }
    return NULL;
}


gboolean
virLeaseRunHas(const virLeaseRun *run,
               const char *path)
{
    for (guint i = 0; i < run->entries->len; i++) {
        if (g_str_equal(((virLeaseEntry *) g_ptr_array_index(run->entries, i))->path, path))
            return TRUE;
    }
    return FALSE;
}


virLeaseToken *
virLeaseRunToken(const virLeaseEngine *engine,
                 const virLeaseRun *run)
{
    virLeaseToken *token = virLeaseTokenNew(engine->format.id, run->sid, run->number);

    for (guint i = 0; i < run->entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(run->entries, i);

        virLeaseTokenAdd(token, &entry->name, entry->fileid, entry->ctime);
    }
    return token;
}


virLeaseOwner *
virLeaseOwnerNew(guint64 id,
                 const char *guest,
                 const char *uuid,
                 gint64 pid)
{
    virLeaseOwner *owner = g_new0(virLeaseOwner, 1);

    owner->id = id;
    owner->guest = g_strdup(guest);
    owner->uuid = g_strdup(uuid);
    owner->pid = pid;
    owner->wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return owner;
}


void
virLeaseOwnerFree(virLeaseOwner *owner)
{
    if (!owner)
        return;
    if (owner->attempt)
        owner->attempt->owner = NULL;
    virLeaseRunFree(owner->run);
    g_hash_table_unref(owner->wanted);
    g_free(owner->guest);
    g_free(owner->uuid);
    g_free(owner);
}


gboolean
virLeaseOwnerIsRunning(const virLeaseOwner *owner)
{
    return owner->run && owner->run->state == VIR_LEASE_RUN_RUNNING && !owner->gone;
}


/* The guard watches an owner for as long as it may be running: entered before
 * the grant, left on a confirmed stop only (rule 6). */
static void
virLeaseOwnerCheck(const virLeaseOwner *owner)
{
    g_assert(!virLeaseOwnerIsRunning(owner) || owner->entered);
    g_assert(!owner->gone || !owner->entered);
}


void
virLeaseOwnerSetRun(virLeaseEngine *engine,
                    virLeaseOwner *owner,
                    virLeaseRun *run)
{
    VIR_DEBUG("lockspace '%s' guest '%s': run %" G_GUINT64_FORMAT " is %s", engine->lockspace, owner->guest,
              run->number, virLeaseRunStateNames[run->state]);
    virLeaseRunFree(owner->run);
    owner->run = run;
    owner->ran |= run->state != VIR_LEASE_RUN_RESERVED;
    virLeaseOwnerCheck(owner);
}


void
virLeaseOwnerMoveRun(virLeaseEngine *engine,
                     virLeaseOwner *owner,
                     virLeaseRunState state)
{
    virLeaseRun *run = owner->run;

    g_assert(virLeaseRunMoves[run->state][state]);
    VIR_DEBUG("lockspace '%s' guest '%s': run %" G_GUINT64_FORMAT " %s -> %s", engine->lockspace, owner->guest,
              run->number, virLeaseRunStateNames[run->state], virLeaseRunStateNames[state]);
    run->state = state;
    owner->ran = TRUE;
    virLeaseOwnerCheck(owner);
}


void
virLeaseOwnerDropRun(virLeaseEngine *engine,
                     virLeaseOwner *owner)
{
    g_clear_pointer(&owner->run, virLeaseRunFree);
    virLeaseEngineSaveOwner(engine, owner);
}


/* Forgets the present run, and removes its entries then: a daemon that is killed
 * in between must not believe that the guest holds what was being removed. */
void
virLeaseOwnerReleaseRun(virLeaseEngine *engine,
                        virLeaseOwner *owner,
                        GHashTable *paths)
{
    virLeaseRun *run = g_steal_pointer(&owner->run);

    virLeaseEngineSaveOwner(engine, owner);
    virLeaseEngineRemoveEntries(engine, owner, run->entries, paths);
    virLeaseRunFree(run);
}


void
virLeaseOwnerForget(virLeaseEngine *engine,
                    virLeaseOwner *owner)
{
    virLeaseEngineLeave(engine, owner);
    virLeaseEngineAct(engine, VIR_LEASE_ACTION_FORGET_OWNER)->owner = owner->id;
    g_hash_table_remove(engine->owners, &owner->id);
}


/* The owner whose present run is @number of session @sid, or NULL. */
virLeaseOwner *
virLeaseEngineFindRun(const virLeaseEngine *engine,
                      const char *sid,
                      guint64 number)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseOwner *owner = value;

        if (owner->run && owner->run->number == number && g_str_equal(owner->run->sid, sid))
            return owner;
    }
    return NULL;
}


virLeaseAttempt *
virLeaseEngineFindAttempt(const virLeaseEngine *engine,
                          const char *sid,
                          guint64 run,
                          guint64 number)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->attempts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseAttempt *attempt = value;

        if (attempt->number == number && attempt->runNumber == run && g_str_equal(attempt->sid, sid))
            return attempt;
    }
    return NULL;
}


/* Starts the removal of all @entries, which @owner, if given, has given up and
 * was saved without; adds their paths to @paths if given. */
void
virLeaseEngineRemoveEntries(virLeaseEngine *engine,
                            const virLeaseOwner *owner,
                            GPtrArray *entries,
                            GHashTable *paths)
{
    for (guint i = 0; i < entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(entries, i);

        virLeaseChoreRelease(engine, entry->path, owner);
        if (paths)
            g_hash_table_add(paths, g_strdup(entry->path));
    }
}
