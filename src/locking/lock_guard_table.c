/*
 * lock_guard_table.c: the owners that the guard watches over
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lock_daemon_owner.h"
#include "lock_guard_table.h"
#include "virerror.h"
#include "virleaseformat.h"
#include "virlog.h"
#include "virprocess.h"
#include "virtime.h"

VIR_LOG_INIT("locking.guard");

#define VIR_LOCK_GUARD_TABLE_PATIENCE VIR_LEASE_SECOND              /* after SIGKILL */
#define VIR_LOCK_GUARD_TABLE_PATIENCE_MAX (60 * VIR_LEASE_SECOND)

/* One slot of the page, as it was last good. */
typedef struct _virLockGuardEntry virLockGuardEntry;
struct _virLockGuardEntry {
    virLockGuardOwner owner;    /* not running: nothing below counts */
    int pidfd;                  /* -1: its process is gone, or never was the one meant */
    gboolean damaged;           /* that was logged */
    gboolean spared;            /* that was logged */
    gboolean fenced;            /* it was told to end */
    gboolean killed;            /* SIGKILL was sent */
    virLeaseTime since;         /* when it was told */
    virLeaseTime end;           /* of its lease, as it was then */
    virLeaseTime next;          /* when to do more about it */
    virLeaseSpan patience;
};

struct _virLockGuardTable {
    const virLockGuardPage *page;
    guint slots;
    guint used;                 /* slots below this may be in use */
    guint fenced;
    guint64 changes;            /* of the page, when all of it was last read */
    virLockGuardLockspace lockspaces[VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX];
    gboolean damaged[VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX];
    virLockGuardEntry entries[];
};

virLockGuardTable *
virLockGuardTableNew(const virLockGuardPage *page)
{
    guint slots = virLockGuardPageGetOwners(page);
    virLockGuardTable *table = g_malloc0(sizeof(virLockGuardTable) + slots * sizeof(virLockGuardEntry));

    table->page = page;
    table->slots = slots;
    table->changes = virLockGuardPageGetChanges(page) - 1;
    for (guint i = 0; i < slots; i++)
        table->entries[i].pidfd = -1;
    for (guint i = 0; i < VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX; i++)
        table->lockspaces[i].end = VIR_LEASE_TIME_NEVER;
    return table;
}

void
virLockGuardTableFree(virLockGuardTable *table)
{
    if (!table)
        return;
    for (guint i = 0; i < table->slots; i++) {
        if (table->entries[i].pidfd >= 0)
            close(table->entries[i].pidfd);
    }
    g_free(table);
}

/* ---- the owners in the page ---- */

static void
virLockGuardEntryClear(virLockGuardEntry *entry)
{
    if (entry->pidfd >= 0)
        close(entry->pidfd);
    memset(entry, 0, sizeof(*entry));
    entry->pidfd = -1;
}

/* Texts come from the page, and are told to people. */
static void
virLockGuardOwnerTidy(virLockGuardOwner *owner)
{
    owner->name[sizeof(owner->name) - 1] = '\0';
    if (!g_utf8_validate(owner->name, -1, NULL))
        g_strlcpy(owner->name, "?", sizeof(owner->name));
}

static gboolean
virLockGuardEntryIs(const virLockGuardEntry *entry, const virLockGuardOwner *owner)
{
    return entry->owner.running && entry->owner.number == owner->number &&
        entry->owner.pid == owner->pid && entry->owner.start == owner->start;
}

static void
virLockGuardEntryOpen(virLockGuardEntry *entry)
{
    const virLockGuardOwner *owner = &entry->owner;
    gboolean possible = owner->pid > 1 && owner->pid != getpid() &&
        owner->lockspace < VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX;

    if (possible)
        entry->pidfd = virLockDaemonOwnerReopenProcess(owner->pid, owner->start);
    if (entry->pidfd < 0)
        VIR_WARN("guest '%s' is said to be process %d, started at %" PRIu64 ": there is no such process, so it is not watched over",
                 owner->name, owner->pid, owner->start);
}

static void
virLockGuardTableReadSlot(virLockGuardTable *table, guint slot)
{
    virLockGuardEntry *entry = &table->entries[slot];
    virLockGuardOwner owner;

    if (!virLockGuardPageGetOwner(table->page, slot, &owner)) {
        if (!entry->damaged && entry->owner.running)
            VIR_ERROR("what the worker wrote of guest '%s' (process %d) is damaged, ignoring: it is watched over as before",
                      entry->owner.name, entry->owner.pid);
        entry->damaged = TRUE;
        return;
    }
    entry->damaged = FALSE;
    if (!owner.running) {
        if (entry->owner.running)
            virLockGuardEntryClear(entry);
        return;
    }
    virLockGuardOwnerTidy(&owner);
    if (virLockGuardEntryIs(entry, &owner)) {
        entry->owner.ignore = owner.ignore;
        return;
    }
    virLockGuardEntryClear(entry);
    entry->owner = owner;
    table->used = MAX(table->used, slot + 1);
    virLockGuardEntryOpen(entry);
}

static void
virLockGuardTableReadOwners(virLockGuardTable *table)
{
    guint64 changes = virLockGuardPageGetChanges(table->page);

    for (guint i = 0; i < table->slots; i++)
        virLockGuardTableReadSlot(table, i);
    table->changes = changes;
}

/* ---- the lockspaces in the page ---- */

/* A lease that ends later than any could is a mistake, and so is one that ended
 * and is said never to have begun. */
static gboolean
virLockGuardLockspaceIsGood(const virLockGuardLockspace *lockspace, const virLockGuardLockspace *before, virLeaseTime now)
{
    if (lockspace->end == VIR_LEASE_TIME_NEVER)
        return before->end == VIR_LEASE_TIME_NEVER || !lockspace->name[0] ||
            strncmp(lockspace->name, before->name, sizeof(before->name)) != 0;
    return lockspace->margin > 0 && lockspace->margin < VIR_LEASE_FORMAT_LENGTH_MAX &&
        lockspace->end <= now + VIR_LEASE_FORMAT_LENGTH_MAX;
}

static void
virLockGuardTableReadLockspace(virLockGuardTable *table, guint index, virLeaseTime now)
{
    virLockGuardLockspace lockspace;
    gboolean good = virLockGuardPageGetLockspace(table->page, index, &lockspace) &&
        virLockGuardLockspaceIsGood(&lockspace, &table->lockspaces[index], now);

    if (!good && !table->damaged[index] && table->lockspaces[index].name[0])
        VIR_ERROR("what the worker wrote of lockspace '%s' is damaged, ignoring: its lease ends as it was known before",
                  table->lockspaces[index].name);
    table->damaged[index] = !good;
    if (!good)
        return;
    lockspace.name[sizeof(lockspace.name) - 1] = '\0';
    table->lockspaces[index] = lockspace;
}

/* ---- what is due ---- */

static virLeaseTime
virLockGuardLockspaceDue(const virLockGuardLockspace *lockspace)
{
    return lockspace->end == VIR_LEASE_TIME_NEVER ? VIR_LEASE_TIME_NEVER : lockspace->end - lockspace->margin;
}

static void
virLockGuardEntrySignal(const virLockGuardEntry *entry, int sig)
{
    if (virPidFDSendSignal(entry->pidfd, sig) == 0 || errno == ESRCH)
        return;
    VIR_ERROR("guest '%s' (process %d) is not killed: %s",
              entry->owner.name, entry->owner.pid, virGetLastErrorMessage());
}

static const char *
virLockGuardEntryUUID(const virLockGuardEntry *entry)
{
    static char text[VIR_UUID_STRING_BUFLEN];

    return virUUIDFormat(entry->owner.uuid, text);
}

static void
virLockGuardEntrySpare(virLockGuardEntry *entry, const virLockGuardLockspace *lockspace)
{
    if (!entry->spared)
        VIR_WARN("lockspace '%s': the lease is about to end and was not renewed; guest '%s' (uuid %s, process %d) runs on, ignoring that, as on_lockfailure says",
                 lockspace->name, entry->owner.name, virLockGuardEntryUUID(entry), entry->owner.pid);
    entry->spared = TRUE;
}

static void
virLockGuardEntryFence(virLockGuardEntry *entry, const virLockGuardLockspace *lockspace, virLeaseTime now)
{
    VIR_WARN("lockspace '%s': killing guest '%s' (uuid %s, process %d), as its lease was not renewed; it %s %.3f s",
             lockspace->name, entry->owner.name, virLockGuardEntryUUID(entry), entry->owner.pid,
             now < lockspace->end ? "ends in" : "has been over for", ABS(lockspace->end - now) / 1e9);
    entry->fenced = TRUE;
    entry->since = now;
    entry->end = lockspace->end;
    entry->next = now + lockspace->margin / 4;
    virLockGuardEntrySignal(entry, SIGTERM);
}

static void
virLockGuardEntryKill(virLockGuardEntry *entry, virLeaseTime now)
{
    VIR_WARN("guest '%s' (uuid %s, process %d) did not end by SIGTERM in %.3f s: it gets SIGKILL",
             entry->owner.name, virLockGuardEntryUUID(entry), entry->owner.pid, (now - entry->since) / 1e9);
    entry->killed = TRUE;
    entry->patience = VIR_LOCK_GUARD_TABLE_PATIENCE;
    entry->next = now + entry->patience;
    virLockGuardEntrySignal(entry, SIGKILL);
}

static void
virLockGuardEntryComplain(virLockGuardEntry *entry, virLeaseTime now)
{
    VIR_ERROR("guest '%s' (uuid %s, process %d) still exists %.1f s after it was to end, and cannot be killed: another host may come to write its disks; reset this host",
              entry->owner.name, virLockGuardEntryUUID(entry), entry->owner.pid, (now - entry->since) / 1e9);
    entry->patience = MIN(2 * entry->patience, VIR_LOCK_GUARD_TABLE_PATIENCE_MAX);
    entry->next = now + entry->patience;
    virLockGuardEntrySignal(entry, SIGKILL);
}

/* Whether the process of an owner exists, for what can be told; closes what
 * is not needed any more. */
static gboolean
virLockGuardEntryExists(virLockGuardEntry *entry)
{
    if (entry->pidfd < 0)
        return FALSE;
    if (!virPidFDExited(entry->pidfd))
        return TRUE;
    if (entry->fenced)
        VIR_INFO("guest '%s' (process %d) is gone", entry->owner.name, entry->owner.pid);
    close(entry->pidfd);
    entry->pidfd = -1;
    return FALSE;
}

/* What is due of one owner whose time has come. */
static void
virLockGuardEntryAct(virLockGuardTable *table, virLockGuardEntry *entry, virLeaseTime now)
{
    const virLockGuardLockspace *lockspace = &table->lockspaces[entry->owner.lockspace];

    if (!virLockGuardEntryExists(entry))
        return;
    if (!entry->fenced && entry->owner.ignore) {
        virLockGuardEntrySpare(entry, lockspace);
        return;
    }
    if (entry->fenced && now < entry->next)
        return;
    if (!entry->fenced) {
        table->fenced++;
        virLockGuardEntryFence(entry, lockspace, now);
    } else if (!entry->killed) {
        virLockGuardEntryKill(entry, now);
    } else {
        virLockGuardEntryComplain(entry, now);
    }
}

/* When there is something to do about it: not before its lease is about to
 * end, and nothing if it is to be spared and that was said. */
static virLeaseTime
virLockGuardTableDue(const virLockGuardTable *table, const virLockGuardEntry *entry)
{
    virLeaseTime due;

    if (!entry->owner.running || entry->pidfd < 0)
        return VIR_LEASE_TIME_NEVER;
    if (entry->fenced)
        return entry->next;
    due = virLockGuardLockspaceDue(&table->lockspaces[entry->owner.lockspace]);
    return entry->owner.ignore && entry->spared ? VIR_LEASE_TIME_NEVER : due;
}

static virLeaseTime
virLockGuardTableFirstDue(virLockGuardTable *table, virLeaseTime now)
{
    virLeaseTime first = VIR_LEASE_TIME_NEVER;

    for (guint i = 0; i < VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX; i++)
        virLockGuardTableReadLockspace(table, i, now);
    for (guint i = 0; i < table->used; i++)
        first = MIN(first, virLockGuardTableDue(table, &table->entries[i]));
    return first;
}

/* A lease that was renewed, and might be lost again. */
static void
virLockGuardTableForgetSpared(virLockGuardTable *table, virLeaseTime now)
{
    for (guint i = 0; i < table->used; i++) {
        virLockGuardEntry *entry = &table->entries[i];

        if (entry->spared && virLockGuardLockspaceDue(&table->lockspaces[entry->owner.lockspace]) > now)
            entry->spared = FALSE;
    }
}

virLeaseTime
virLockGuardTableAct(virLockGuardTable *table, virLeaseTime now)
{
    if (virLockGuardPageGetChanges(table->page) != table->changes)
        virLockGuardTableReadOwners(table);
    if (virLockGuardTableFirstDue(table, now) <= now) {
        /* The worker may have died before it counted its last change. */
        virLockGuardTableReadOwners(table);
        for (guint i = 0; i < table->used; i++) {
            virLockGuardEntry *entry = &table->entries[i];

            if (virLockGuardTableDue(table, entry) <= now)
                virLockGuardEntryAct(table, entry, now);
        }
    }
    virLockGuardTableForgetSpared(table, now);
    return virLockGuardTableFirstDue(table, now);
}

gboolean
virLockGuardTableTake(virLockGuardTable *table, guint slot)
{
    virLockGuardEntry *entry;

    if (slot >= table->slots)
        return FALSE;
    entry = &table->entries[slot];
    virLockGuardTableReadSlot(table, slot);
    return entry->owner.running && !entry->damaged && !entry->fenced && virLockGuardEntryExists(entry);
}

gboolean
virLockGuardTableIsKilling(const virLockGuardTable *table)
{
    for (guint i = 0; i < table->used; i++) {
        const virLockGuardEntry *entry = &table->entries[i];

        if (entry->fenced && entry->pidfd >= 0 && !virPidFDExited(entry->pidfd))
            return TRUE;
    }
    return FALSE;
}

guint
virLockGuardTableGetFenced(const virLockGuardTable *table)
{
    return table->fenced;
}

guint
virLockGuardTableGetRunning(const virLockGuardTable *table)
{
    guint running = 0;

    for (guint i = 0; i < table->used; i++)
        running += table->entries[i].owner.running && table->entries[i].pidfd >= 0;
    return running;
}

virLeaseTime
virLockGuardTableGetEnd(const virLockGuardTable *table)
{
    virLeaseTime end = VIR_LEASE_TIME_NEVER;

    for (guint i = 0; i < table->used; i++) {
        const virLockGuardEntry *entry = &table->entries[i];

        if (!entry->owner.running || entry->owner.ignore || entry->pidfd < 0 || virPidFDExited(entry->pidfd))
            continue;
        end = MIN(end, entry->fenced ? entry->end : table->lockspaces[entry->owner.lockspace].end);
    }
    return end;
}

void
virLockGuardTableHurry(virLockGuardTable *table)
{
    for (guint i = 0; i < table->used; i++) {
        virLockGuardEntry *entry = &table->entries[i];

        if (entry->owner.running && entry->fenced && !entry->killed && virLockGuardEntryExists(entry))
            virLockGuardEntryKill(entry, virTimeBootNow());
    }
}
