/*
 * lock_daemon_locks.c: lock files that are held for the guests of this host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <inttypes.h>
#include <unistd.h>

#include "lock_daemon_heldlocks.h"
#include "lock_daemon_locks.h"
#include "lock_daemon_owner.h"
#include "virerror.h"
#include "virlockspace.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.locks");

struct _virLockDaemonLocks {
    virLockDaemonState *state;
    virLockDaemonHeldLocks *held;
    GHashTable *files;      /* path -> virLockDaemonLockFiles */
    GHashTable *owners;     /* pid -> virLockDaemonOwner, watched */
    GHashTable *tasks;      /* set of virLockDaemonLocksTask: what was not called back about */
    guint restoring;        /* what was held and is not settled yet */
};

/* A job on its way. */
typedef struct _virLockDaemonLocksTask virLockDaemonLocksTask;
struct _virLockDaemonLocksTask {
    virLockDaemonLocks *locks;
    virLockDaemonLockFilesType type;
    virLockDaemonHeldLock lock;
    virLockDaemonLockFilesFunc func;    /* NULL: it was held by an earlier daemon */
    void *opaque;
};

static void
virLockDaemonLocksTaskFree(void *opaque)
{
    virLockDaemonLocksTask *task = opaque;

    g_free(task->lock.path);
    g_free(task->lock.name);
    g_free(task->lock.uuid);
    g_free(task->lock.guest);
    g_free(task);
}

static void
virLockDaemonLocksSave(virLockDaemonLocks *locks)
{
    g_autofree char *text = virLockDaemonHeldLocksFormat(locks->held);

    if (virLockDaemonStateSaveLocks(locks->state, text) == 0)
        return;
    VIR_ERROR("which lock files are held could not be saved, they would be lost in a restart of virtleased: %s",
              virGetLastErrorMessage());
    virResetLastError();
}

/* ---- owners ---- */

static void
virLockDaemonLocksOwnerExited(virLockDaemonOwner *owner, void *opaque)
{
    virLockDaemonLocks *locks = opaque;
    virLockDaemonLockFilesJob job = { .type = VIR_LOCK_DAEMON_LOCK_FILES_RELEASE_OWNER, .owner = owner->pid };
    guint released = virLockDaemonHeldLocksRemoveOwner(locks->held, owner->pid, owner->start);
    GHashTableIter iter;
    void *files;

    VIR_INFO("guest '%s' (process %lld) has ended: releasing its %u locks on lock files",
             owner->name, (long long) owner->pid, released);
    g_hash_table_iter_init(&iter, locks->files);
    while (g_hash_table_iter_next(&iter, NULL, &files)) {
        if (virLockDaemonLockFilesRun(files, &job, NULL, NULL) < 0)
            virResetLastError();
    }
    if (released > 0)
        virLockDaemonLocksSave(locks);
    g_hash_table_remove(locks->owners, GINT_TO_POINTER(owner->pid));
}

static virLockDaemonOwner *
virLockDaemonLocksFindOwner(virLockDaemonLocks *locks, const virLockDaemonLocksOwner *wanted)
{
    virLockDaemonOwner *owner = g_hash_table_lookup(locks->owners, GINT_TO_POINTER(wanted->pid));

    /* One that had this pid before: it goes first, with its locks. */
    if (owner && owner->start != wanted->start) {
        virLockDaemonOwnerPoll(owner);
        return NULL;
    }
    return owner;
}

/* The owner is watched from now on. Returns NULL with an error reported if
 * its process is gone. */
static virLockDaemonOwner *
virLockDaemonLocksObtainOwner(virLockDaemonLocks *locks, const virLockDaemonLocksOwner *wanted)
{
    virLockDaemonOwner *owner = virLockDaemonLocksFindOwner(locks, wanted);
    int pidfd;

    if (owner)
        return owner;
    if (g_hash_table_size(locks->owners) >= VIR_LOCK_DAEMON_LOCKS_OWNERS_MAX) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("lock files are held for %1$d guests already"),
                       VIR_LOCK_DAEMON_LOCKS_OWNERS_MAX);
        return NULL;
    }
    if ((pidfd = virLockDaemonOwnerReopenProcess(wanted->pid, wanted->start)) < 0) {
        virReportError(VIR_ERR_OPERATION_INVALID, _("the process %1$lld of guest '%2$s' has ended"),
                       (long long) wanted->pid, wanted->guest);
        return NULL;
    }
    owner = virLockDaemonOwnerNew(0, "", wanted->uuid, wanted->guest, wanted->pid, wanted->start, pidfd);
    g_hash_table_insert(locks->owners, GINT_TO_POINTER(wanted->pid), owner);
    virLockDaemonOwnerWatch(owner, virLockDaemonLocksOwnerExited, locks);
    return owner;
}

/* ---- jobs ---- */

/* What the files say now is what is saved. */
static void
virLockDaemonLocksNote(virLockDaemonLocks *locks, const virLockDaemonLocksTask *task)
{
    const virLockDaemonOwner *owner = g_hash_table_lookup(locks->owners, GINT_TO_POINTER((pid_t) task->lock.pid));

    if (task->type == VIR_LOCK_DAEMON_LOCK_FILES_RELEASE)
        virLockDaemonHeldLocksRemove(locks->held, &task->lock);
    else if (task->type != VIR_LOCK_DAEMON_LOCK_FILES_ACQUIRE)
        return;
    /* That of an owner who has ended meanwhile is being released. */
    else if (!owner || owner->start != task->lock.start)
        return;
    else if (!virLockDaemonHeldLocksAdd(locks->held, &task->lock))
        VIR_ERROR("more than %d lock files are held: that of guest '%s' would be lost in a restart of virtleased",
                  VIR_LOCK_DAEMON_HELD_LOCKS_MAX, task->lock.guest);
    virLockDaemonLocksSave(locks);
}

/* What an earlier daemon had locked was tried again. */
static void
virLockDaemonLocksLogRestored(const virLockDaemonHeldLock *lock, int code, const char *message)
{
    if (code == VIR_ERR_OK)
        VIR_INFO("'%s' is locked again for guest '%s' (process %lld)", lock->name, lock->guest, (long long) lock->pid);
    else
        VIR_ERROR("'%s' was locked for guest '%s' (process %lld), which still runs, until virtleased ended, and cannot be locked again: %s",
                  lock->name, lock->guest, (long long) lock->pid, message);
}

/* One more is settled. What nobody has asked for again after the last one was
 * for owners that are gone, or was not given to anybody yet. */
static void
virLockDaemonLocksSettled(virLockDaemonLocks *locks)
{
    const virLockDaemonLockFilesJob job = { .type = VIR_LOCK_DAEMON_LOCK_FILES_DROP_LEFT };

    if (--locks->restoring == 0 &&
        virLockDaemonLockFilesRun(g_hash_table_lookup(locks->files, ""), &job, NULL, NULL) < 0)
        virResetLastError();
}

static void
virLockDaemonLocksDone(int code, const char *message, void *opaque)
{
    virLockDaemonLocksTask *task = opaque;

    if (code == VIR_ERR_OK)
        virLockDaemonLocksNote(task->locks, task);
    if (task->func)
        task->func(code, message, task->opaque);
    else
        virLockDaemonLocksLogRestored(&task->lock, code, message);
    if (!task->func)
        virLockDaemonLocksSettled(task->locks);
    g_hash_table_remove(task->locks->tasks, task);
}

static int
virLockDaemonLocksStart(virLockDaemonLocks *locks,
                        virLockDaemonLockFiles *files,
                        virLockDaemonLockFilesJob job,
                        const virLockDaemonLocksOwner *owner,
                        virLockDaemonLockFilesFunc func,
                        void *opaque)
{
    virLockDaemonLocksTask *task = g_new0(virLockDaemonLocksTask, 1);

    task->locks = locks;
    task->type = job.type;
    task->func = func;
    task->opaque = opaque;
    task->lock.path = g_strdup(virLockDaemonLockFilesGetPath(files));
    task->lock.name = g_strdup(job.name);
    task->lock.flags = job.flags & ~(unsigned int) VIR_LOCK_SPACE_ACQUIRE_AGAIN;
    if (owner) {
        job.owner = owner->pid;
        task->lock.pid = owner->pid;
        task->lock.start = owner->start;
        task->lock.uuid = g_strdup(owner->uuid);
        task->lock.guest = g_strdup(owner->guest);
    }
    g_hash_table_add(locks->tasks, task);
    if (virLockDaemonLockFilesRun(files, &job, virLockDaemonLocksDone, task) == 0)
        return 0;
    g_hash_table_remove(locks->tasks, task);
    return -1;
}

static virLockDaemonLockFiles *
virLockDaemonLocksAddFiles(virLockDaemonLocks *locks, const char *path)
{
    virLockDaemonLockFiles *files = virLockDaemonLockFilesNew(path);

    g_hash_table_insert(locks->files, (char *) virLockDaemonLockFilesGetPath(files), files);
    return files;
}

int
virLockDaemonLocksOpen(virLockDaemonLocks *locks,
                       const char *path,
                       virLockDaemonLockFilesFunc func,
                       void *opaque)
{
    const virLockDaemonLockFilesJob job = { .type = VIR_LOCK_DAEMON_LOCK_FILES_OPEN };
    virLockDaemonLockFiles *files = g_hash_table_lookup(locks->files, path);

    if (!files && locks->held->lockspaces->len >= VIR_LOCK_DAEMON_HELD_LOCKS_LOCKSPACES_MAX) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("there are %1$d lockspaces of lock files already"),
                       VIR_LOCK_DAEMON_HELD_LOCKS_LOCKSPACES_MAX);
        return -1;
    }
    if (!files) {
        files = virLockDaemonLocksAddFiles(locks, path);
        g_ptr_array_add(locks->held->lockspaces, g_strdup(path));
        virLockDaemonLocksSave(locks);
        VIR_INFO("the directory '%s' is a lockspace of lock files", path);
    }
    return virLockDaemonLocksStart(locks, files, job, NULL, func, opaque);
}

int
virLockDaemonLocksRun(virLockDaemonLocks *locks,
                      const char *path,
                      const virLockDaemonLockFilesJob *job,
                      const virLockDaemonLocksOwner *owner,
                      virLockDaemonLockFilesFunc func,
                      void *opaque)
{
    virLockDaemonLockFiles *files = g_hash_table_lookup(locks->files, path);

    if (!files) {
        virReportError(VIR_ERR_INVALID_ARG, _("there is no lockspace '%1$s': restart libvirtd, so that it makes it"),
                       path);
        return -1;
    }
    if (job->type == VIR_LOCK_DAEMON_LOCK_FILES_ACQUIRE && !virLockDaemonLocksObtainOwner(locks, owner))
        return -1;
    return virLockDaemonLocksStart(locks, files, *job, owner, func, opaque);
}

/* ---- what an earlier daemon left ---- */

static void
virLockDaemonLocksRestoreLock(virLockDaemonLocks *locks, const virLockDaemonHeldLock *lock)
{
    const virLockDaemonLockFilesJob job = {
        .type = VIR_LOCK_DAEMON_LOCK_FILES_ACQUIRE, .name = lock->name,
        .flags = lock->flags | VIR_LOCK_SPACE_ACQUIRE_AGAIN,
    };
    const virLockDaemonLocksOwner owner = {
        .pid = lock->pid, .start = lock->start, .uuid = lock->uuid, .guest = lock->guest,
    };

    if (virLockDaemonLocksRun(locks, lock->path, &job, &owner, NULL, NULL) == 0) {
        locks->restoring++;
        return;
    }
    VIR_INFO("'%s' stays unlocked: %s", lock->name, virGetLastErrorMessage());
    virResetLastError();
}

static void
virLockDaemonLocksRestore(virLockDaemonLocks *locks)
{
    g_autofree char *text = virLockDaemonStateReadLocks(locks->state);
    g_autoptr(virLockDaemonHeldLocks) found = NULL;

    if (!text)
        return;
    if (!(found = virLockDaemonHeldLocksParse(text))) {
        VIR_ERROR("%s", virGetLastErrorMessage());
        virResetLastError();
        return;
    }
    for (guint i = 0; i < found->lockspaces->len; i++) {
        const char *path = g_ptr_array_index(found->lockspaces, i);

        if (g_hash_table_contains(locks->files, path))
            continue;
        virLockDaemonLocksAddFiles(locks, path);
        g_ptr_array_add(locks->held->lockspaces, g_strdup(path));
    }
    for (guint i = 0; i < found->locks->len; i++)
        virLockDaemonLocksRestoreLock(locks, g_ptr_array_index(found->locks, i));
}

/* ---- the object ---- */

virLockDaemonLocks *
virLockDaemonLocksNew(virLockDaemonState *state)
{
    virLockDaemonLocks *locks = g_new0(virLockDaemonLocks, 1);

    locks->state = state;
    locks->held = virLockDaemonHeldLocksNew();
    locks->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                         (GDestroyNotify) virLockDaemonLockFilesFree);
    locks->owners = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify) virLockDaemonOwnerFree);
    locks->tasks = g_hash_table_new_full(NULL, NULL, virLockDaemonLocksTaskFree, NULL);
    virLockDaemonLocksAddFiles(locks, "");
    locks->restoring = 1;
    virLockDaemonLocksRestore(locks);
    virLockDaemonLocksSettled(locks);
    return locks;
}

void
virLockDaemonLocksFree(virLockDaemonLocks *locks)
{
    if (!locks)
        return;
    g_hash_table_unref(locks->files);
    g_hash_table_unref(locks->owners);
    g_hash_table_unref(locks->tasks);
    virLockDaemonHeldLocksFree(locks->held);
    g_free(locks);
}
