/*
 * lock_daemon_lockfiles.c: a lockspace of lock files, worked at in the background
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_lockfiles.h"
#include "virerror.h"
#include "virlockspace.h"
#include "virlockspacefile.h"

#define VIR_FROM_THIS VIR_FROM_LOCKSPACE

struct _virLockDaemonLockFiles {
    gatomicrefcount refs;       /* the owner's, and one for each job */
    char *path;
    GThreadPool *pool;          /* of one thread */
    virLockSpace *lockspace;    /* the thread's; NULL until the directory could be made */
};

/* A job on its way. */
typedef struct _virLockDaemonLockTask virLockDaemonLockTask;
struct _virLockDaemonLockTask {
    virLockDaemonLockFiles *files;      /* a reference */
    virLockDaemonLockFilesJob job;
    char *name;
    virLockDaemonLockFilesFunc func;
    void *opaque;
    int code;
    char *message;
};

static void
virLockDaemonLockFilesUnref(virLockDaemonLockFiles *files)
{
    if (!g_atomic_ref_count_dec(&files->refs))
        return;
    virLockSpaceFree(files->lockspace);
    g_free(files->path);
    g_free(files);
}

static void
virLockDaemonLockTaskFree(virLockDaemonLockTask *task)
{
    virLockDaemonLockFilesUnref(task->files);
    g_free(task->name);
    g_free(task->message);
    g_free(task);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonLockTask, virLockDaemonLockTaskFree);

/* ---- in the thread ---- */

static int
virLockDaemonLockTaskOpen(virLockDaemonLockFiles *files)
{
    if (!files->lockspace)
        files->lockspace = virLockSpaceNew(*files->path ? files->path : NULL);
    return files->lockspace ? 0 : -1;
}

static int
virLockDaemonLockTaskDo(virLockDaemonLockTask *task)
{
    const virLockDaemonLockFilesJob *job = &task->job;
    virLockSpace *lockspace;

    if (virLockDaemonLockTaskOpen(task->files) < 0)
        return -1;
    lockspace = task->files->lockspace;
    switch (job->type) {
    case VIR_LOCK_DAEMON_LOCK_FILES_CREATE:
        return virLockSpaceCreateResource(lockspace, task->name);
    case VIR_LOCK_DAEMON_LOCK_FILES_DELETE:
        return virLockSpaceDeleteResource(lockspace, task->name);
    case VIR_LOCK_DAEMON_LOCK_FILES_ACQUIRE:
        return virLockSpaceAcquireResource(lockspace, task->name, job->owner, job->flags);
    case VIR_LOCK_DAEMON_LOCK_FILES_RELEASE:
        return virLockSpaceReleaseResource(lockspace, task->name, job->owner);
    case VIR_LOCK_DAEMON_LOCK_FILES_RELEASE_OWNER:
        virLockSpaceReleaseResourcesForOwner(lockspace, job->owner);
        return 0;
    case VIR_LOCK_DAEMON_LOCK_FILES_DROP_LEFT:
        virLockSpaceFileDropLeft();
        return 0;
    case VIR_LOCK_DAEMON_LOCK_FILES_OPEN:
    case VIR_LOCK_DAEMON_LOCK_FILES_LAST:
        break;
    }
    return 0;
}

static gboolean virLockDaemonLockTaskFinish(void *opaque);

static void
virLockDaemonLockTaskRun(void *data, void *opaque G_GNUC_UNUSED)
{
    virLockDaemonLockTask *task = data;

    if (virLockDaemonLockTaskDo(task) < 0) {
        task->code = virGetLastErrorCode();
        /* What virtlockd says of a lock that is not held. */
        if (task->job.type == VIR_LOCK_DAEMON_LOCK_FILES_RELEASE && task->code == VIR_ERR_OPERATION_INVALID)
            task->code = VIR_ERR_RESOURCE_BUSY;
        task->message = g_strdup(virGetLastErrorMessage());
        virResetLastError();
    }
    if (task->func)
        g_idle_add_full(G_PRIORITY_DEFAULT, virLockDaemonLockTaskFinish, task, NULL);
    else
        virLockDaemonLockTaskFree(task);
}

/* ---- in the main loop ---- */

static gboolean
virLockDaemonLockTaskFinish(void *opaque)
{
    g_autoptr(virLockDaemonLockTask) task = opaque;

    task->func(task->code, task->message, task->opaque);
    return G_SOURCE_REMOVE;
}

virLockDaemonLockFiles *
virLockDaemonLockFilesNew(const char *path)
{
    virLockDaemonLockFiles *files = g_new0(virLockDaemonLockFiles, 1);

    g_atomic_ref_count_init(&files->refs);
    files->path = g_strdup(path);
    files->pool = g_thread_pool_new(virLockDaemonLockTaskRun, NULL, 1, FALSE, NULL);
    return files;
}

void
virLockDaemonLockFilesFree(virLockDaemonLockFiles *files)
{
    if (!files)
        return;
    /* A thread that hangs in a file system is not waited for. */
    g_thread_pool_free(g_steal_pointer(&files->pool), FALSE, FALSE);
    virLockDaemonLockFilesUnref(files);
}

const char *
virLockDaemonLockFilesGetPath(const virLockDaemonLockFiles *files)
{
    return files->path;
}

int
virLockDaemonLockFilesRun(virLockDaemonLockFiles *files,
                          const virLockDaemonLockFilesJob *job,
                          virLockDaemonLockFilesFunc func,
                          void *opaque)
{
    virLockDaemonLockTask *task;

    if (job->type != VIR_LOCK_DAEMON_LOCK_FILES_RELEASE_OWNER &&
        job->type != VIR_LOCK_DAEMON_LOCK_FILES_DROP_LEFT &&
        g_thread_pool_unprocessed(files->pool) >= VIR_LOCK_DAEMON_LOCK_FILES_JOBS_MAX) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("lockspace '%1$s' has %2$d requests waiting: does its file system answer?"),
                       files->path, VIR_LOCK_DAEMON_LOCK_FILES_JOBS_MAX);
        return -1;
    }
    task = g_new0(virLockDaemonLockTask, 1);
    task->files = files;
    g_atomic_ref_count_inc(&files->refs);
    task->job = *job;
    task->name = g_strdup(job->name);
    task->func = func;
    task->opaque = opaque;
    /* What it might report is that no further thread was to be had: the task waits then. */
    g_thread_pool_push(files->pool, task, NULL);
    return 0;
}
