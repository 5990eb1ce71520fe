/*
 * virleaseownerops.c: a guest is suspended, unplugs a disk, ends
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("lease.owner");

/* An answer does not wait longer than this for what would be repeated anyway. */
#define VIR_LEASE_ACKNOWLEDGE_MAX (2 * VIR_LEASE_SECOND)


static virLeaseTime
virLeaseOwnerPatience(const virLeaseEngine *engine,
                      const virLeaseEvent *event)
{
    virLeaseTime last = MAX(event->deadline - 200 * VIR_LEASE_MILLISECOND, engine->now);

    return MIN(last, engine->now + VIR_LEASE_ACKNOWLEDGE_MAX);
}


static char *
virLeaseOwnerDescribe(const virLeaseEngine *engine,
                      const virLeaseOwner *owner)
{
    virLeaseTarget target = {
        .host = engine->host, .guest = owner->guest, .uuid = owner->uuid,
        .pid = owner->pid, .since = engine->wall,
    };

    return virLeaseTargetFormat(&target);
}


static void
virLeaseOwnerMark(virLeaseEngine *engine,
                  const virLeaseOwner *owner,
                  virLeaseMarker marker)
{
    g_autofree char *path = virLeaseMarkerPath(owner->run->sid, marker, owner->run->number);
    g_autofree char *target = virLeaseOwnerDescribe(engine, owner);

    virLeaseChoreMark(engine, path, target);
}


/* Sends the markers that the run's state asks for and that nobody has
 * acknowledged yet. A dead session needs none. */
void
virLeaseOwnerStopMarkers(virLeaseEngine *engine,
                         virLeaseOwner *owner)
{
    const virLeaseRun *run = owner->run;

    if (!run || !virLeaseEngineIsOwnSid(engine, run->sid))
        return;
    if (run->state == VIR_LEASE_RUN_STOPPED && !run->stoppedKnown && VIR_LEASE_RULE(engine, STOP_NOT_MARKED))
        virLeaseOwnerMark(engine, owner, VIR_LEASE_MARKER_STOPPED);
    if (run->state == VIR_LEASE_RUN_EXITED && !run->exitedKnown && VIR_LEASE_RULE(engine, EXIT_NOT_MARKED))
        virLeaseOwnerMark(engine, owner, VIR_LEASE_MARKER_EXITED);
}


static virLeaseOwner *
virLeaseOwnerFind(const virLeaseEngine *engine,
                  guint64 id)
{
    return g_hash_table_lookup(engine->owners, &id);
}


/* Rule 15: stopped in memory for ever, then the marker. */
static void
virLeaseOwnerStop(virLeaseEngine *engine,
                  virLeaseOwner *owner)
{
    g_autofree char *sid = g_strdup(owner->run->sid);

    virLeaseOwnerMoveRun(engine, owner, VIR_LEASE_RUN_STOPPED);
    virLeaseFailureStopped(owner);
    virLeaseEngineLeave(engine, owner);
    virLeaseEngineSaveOwner(engine, owner);
    VIR_INFO("lockspace '%s': guest '%s' is stopped, its lock is kept", engine->lockspace, owner->guest);
    virLeaseOwnerStopMarkers(engine, owner);
    if (!VIR_LEASE_RULE(engine, EXITED_EARLY))
        virLeaseOwnerMark(engine, owner, VIR_LEASE_MARKER_EXITED);
    virLeaseSessionOwnerStopped(engine, sid);
}


static char *
virLeaseOwnerToken(const virLeaseEngine *engine,
                   const virLeaseOwner *owner)
{
    g_autoptr(virLeaseToken) token = NULL;

    if (!owner || !owner->run || owner->run->state == VIR_LEASE_RUN_RESERVED)
        return NULL;
    token = virLeaseRunToken(engine, owner->run);
    return virLeaseTokenFormat(token);
}


void
virLeaseOwnerSuspend(virLeaseEngine *engine,
                     const virLeaseEvent *event)
{
    virLeaseOwner *owner = virLeaseOwnerFind(engine, event->owner);
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *token = NULL;

    if (owner && owner->attempt)
        virLeaseAttemptCancel(engine, owner->attempt, VIR_ERR_OPERATION_ABORTED,
                              _("the guest was stopped before its locks were acquired"));
    if (owner && virLeaseOwnerIsRunning(owner))
        virLeaseOwnerStop(engine, owner);

    token = virLeaseOwnerToken(engine, owner);
    if (token)
        g_hash_table_add(paths, virLeaseMarkerPath(owner->run->sid, VIR_LEASE_MARKER_STOPPED, owner->run->number));
    virLeaseWaitAdd(engine, event->request, token, paths, virLeaseOwnerPatience(engine, event));
}


void
virLeaseOwnerInquire(virLeaseEngine *engine,
                     const virLeaseEvent *event)
{
    virLeaseOwner *owner = virLeaseOwnerFind(engine, event->owner);
    g_autofree char *token = virLeaseOwnerToken(engine, owner);

    if (token && !VIR_LEASE_RULE(engine, TOKEN_OPENS))
        virLeaseOwnerMark(engine, owner, VIR_LEASE_MARKER_STOPPED);
    if (token && !VIR_LEASE_RULE(engine, LEFT_AT_INQUIRE))
        virLeaseEngineLeave(engine, owner);
    virLeaseEngineAnswer(engine, event->request, VIR_ERR_OK, NULL, token);
}


/* Without a disk there is nothing that a lease protects: the guest is not
 * stopped when the lease is lost, and has nothing to hand over. */
static void
virLeaseOwnerDetached(virLeaseEngine *engine,
                      virLeaseOwner *owner)
{
    if (!owner->run || owner->run->entries->len > 0 || owner->attempt) {
        virLeaseEngineSaveOwner(engine, owner);
        return;
    }
    virLeaseEngineLeave(engine, owner);
    virLeaseOwnerDropRun(engine, owner);
}


void
virLeaseOwnerDetach(virLeaseEngine *engine,
                    const virLeaseEvent *event)
{
    virLeaseOwner *owner = virLeaseOwnerFind(engine, event->owner);
    g_autoptr(GHashTable) paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) taken = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseEntryFree);
    gboolean changed = FALSE;

    for (guint i = 0; owner && i < event->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(event->resources, i);
        guint index;

        changed |= g_hash_table_remove(owner->wanted, resource->name);
        if (!owner->run || !g_ptr_array_find(owner->run->entries, virLeaseRunFind(owner->run, resource->name), &index))
            continue;
        g_ptr_array_add(taken, g_ptr_array_steal_index(owner->run->entries, index));
        VIR_INFO("lockspace '%s': guest '%s' gives up '%s'", engine->lockspace, owner->guest, resource->path);
        changed = TRUE;
    }
    /* Saved first: a daemon that is killed in between must not believe that the
     * guest holds what was being removed. */
    if (changed)
        virLeaseOwnerDetached(engine, owner);
    virLeaseEngineRemoveEntries(engine, owner, taken, paths);
    virLeaseWaitAdd(engine, event->request, NULL, paths, virLeaseOwnerPatience(engine, event));
}


/* Rule 17: the entries of a stopped run stay, for whoever holds its token. */
static void
virLeaseOwnerExitedStopped(virLeaseEngine *engine,
                           virLeaseOwner *owner)
{
    virLeaseOwnerMoveRun(engine, owner, VIR_LEASE_RUN_EXITED);
    virLeaseEngineSaveOwner(engine, owner);
    VIR_INFO("lockspace '%s': the stopped guest '%s' is gone; its disks can be locked by others",
             engine->lockspace, owner->guest);
    virLeaseOwnerStopMarkers(engine, owner);
}


void
virLeaseOwnerExited(virLeaseEngine *engine,
                    guint64 id)
{
    virLeaseOwner *owner = virLeaseOwnerFind(engine, id);
    virLeaseRun *run;
    g_autofree char *sid = NULL;

    if (!owner || owner->gone)
        return;
    virLeaseEngineLeave(engine, owner);
    owner->gone = TRUE;
    if (owner->attempt)
        virLeaseAttemptCancel(engine, owner->attempt, VIR_ERR_OPERATION_FAILED,
                              _("the guest's process ended before its locks were acquired"));

    run = owner->run;
    if (run && run->state == VIR_LEASE_RUN_STOPPED && virLeaseEngineIsOwnSid(engine, run->sid) &&
        VIR_LEASE_RULE(engine, EXIT_REMOVES)) {
        virLeaseOwnerExitedStopped(engine, owner);
        return;
    }
    if (run && run->state == VIR_LEASE_RUN_EXITED)
        return;
    if (run) {
        sid = g_strdup(run->sid);
        if (virLeaseEngineIsOwnSid(engine, sid) && VIR_LEASE_RULE(engine, EXIT_KEEPS))
            virLeaseEngineRemoveEntries(engine, NULL, run->entries, NULL);
        VIR_INFO("lockspace '%s': guest '%s' is gone, its locks are released", engine->lockspace, owner->guest);
    }
    virLeaseOwnerForget(engine, owner);
    if (sid)
        virLeaseSessionOwnerStopped(engine, sid);
}
