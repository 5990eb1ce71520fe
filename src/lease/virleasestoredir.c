/*
 * virleasestoredir.c: a lockspace in a directory of this host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestoredir.h"
#include "virleasestoredirop.h"
#include "virleasestorepriv.h"
#include "virleasestorequeue.h"
#include "virgettext.h"

#define VIR_LEASE_STORE_DIR_THREADS 8
#define VIR_LEASE_STORE_DIR_JOBS_MAX 8192   /* waiting and running */

typedef struct _virLeaseStoreDir virLeaseStoreDir;
struct _virLeaseStoreDir {
    virLeaseStore parent;
    char *path;
    GMainContext *context;
    virLeaseStoreQueue *queue;
    GThreadPool *pool;
    GHashTable *jobs;           /* set of virLeaseStoreDirJob that a thread still has or will get */
};

/* One operation on its way through a thread. It outlives its store when the
 * file system hangs. */
typedef struct _virLeaseStoreDirJob virLeaseStoreDirJob;
struct _virLeaseStoreDirJob {
    virLeaseStoreDir *store;    /* main thread only; NULL once the store is gone */
    GMainContext *context;
    GSource *timer;             /* main thread only; NULL once answered */
    char *root;
    virLeaseOp *op;
    virLeaseReply *reply;       /* the thread's, until it hands the job back */
    gint begun;                 /* atomic: 1 when a thread or the timer has it */
};

static void
virLeaseStoreDirJobFree(virLeaseStoreDirJob *job)
{
    g_main_context_unref(job->context);
    g_free(job->root);
    virLeaseOpFree(job->op);
    virLeaseReplyFree(job->reply);
    g_free(job);
}

/* Takes @reply over. The job stays until its thread has let go of it. */
static void
virLeaseStoreDirJobAnswer(virLeaseStoreDirJob *job, virLeaseReply *reply)
{
    g_source_destroy(job->timer);
    g_clear_pointer(&job->timer, g_source_unref);
    virLeaseStoreQueuePush(job->store->queue, reply);
}

/* In the main thread, after the job's thread has let go of it. */
static gboolean
virLeaseStoreDirJobFinish(gpointer opaque)
{
    virLeaseStoreDirJob *job = opaque;

    if (job->store) {
        g_hash_table_remove(job->store->jobs, job);
        if (job->timer)
            virLeaseStoreDirJobAnswer(job, g_steal_pointer(&job->reply));
    }
    virLeaseStoreDirJobFree(job);
    return G_SOURCE_REMOVE;
}

/* In a thread of the pool. What nobody waits for any more is not begun. */
static void
virLeaseStoreDirJobRun(gpointer data, gpointer opaque G_GNUC_UNUSED)
{
    virLeaseStoreDirJob *job = data;
    g_autoptr(GSource) source = g_idle_source_new();

    if (g_atomic_int_compare_and_exchange(&job->begun, 0, 1))
        job->reply = virLeaseStoreDirOpRun(job->root, job->op);

    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, virLeaseStoreDirJobFinish, job, NULL);
    g_source_attach(source, job->context);
}

static gboolean
virLeaseStoreDirJobExpired(gpointer opaque)
{
    virLeaseStoreDirJob *job = opaque;
    g_autofree char *detail = NULL;

    g_atomic_int_compare_and_exchange(&job->begun, 0, 1);
    detail = g_strdup_printf(_("the file system of '%1$s' did not answer for %2$.1f s"),
                             job->root, (double) job->op->timeout / VIR_LEASE_SECOND);
    virLeaseStoreDirJobAnswer(job, virLeaseReplyNewDetail(job->op->id, VIR_LEASE_STATUS_LOST, detail));
    return G_SOURCE_REMOVE;
}

static GSource *
virLeaseStoreDirTimer(virLeaseStoreDirJob *job)
{
    virLeaseSpan ms = CLAMP(job->op->timeout / VIR_LEASE_MILLISECOND, 0, G_MAXINT - 1);
    GSource *timer = g_timeout_source_new(ms + 1);

    g_source_set_callback(timer, virLeaseStoreDirJobExpired, job, NULL);
    g_source_attach(timer, job->context);
    return timer;
}

static void
virLeaseStoreDirSubmit(virLeaseStore *parent, virLeaseOp *op)
{
    virLeaseStoreDir *store = (virLeaseStoreDir *) parent;
    virLeaseStoreDirJob *job;

    if (!virLeaseOpIsValid(op)) {
        virLeaseStoreQueuePush(store->queue, virLeaseReplyNewDetail(op->id, VIR_LEASE_STATUS_FAILED,
                                                                    _("not a valid operation")));
        virLeaseOpFree(op);
        return;
    }
    if (g_hash_table_size(store->jobs) >= VIR_LEASE_STORE_DIR_JOBS_MAX) {
        virLeaseStoreQueuePush(store->queue,
                               virLeaseReplyNewDetail(op->id, VIR_LEASE_STATUS_LOST,
                                                      _("too many operations wait for the file system")));
        virLeaseOpFree(op);
        return;
    }
    job = g_new0(virLeaseStoreDirJob, 1);
    job->store = store;
    job->context = g_main_context_ref(store->context);
    job->root = g_strdup(store->path);
    job->op = op;
    job->timer = virLeaseStoreDirTimer(job);
    g_hash_table_add(store->jobs, job);
    g_thread_pool_push(store->pool, job, NULL);
}

/* Threads that hang in the file system go on by themselves. */
static void
virLeaseStoreDirFree(virLeaseStore *parent)
{
    virLeaseStoreDir *store = (virLeaseStoreDir *) parent;
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, store->jobs);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        virLeaseStoreDirJob *job = key;

        g_atomic_int_compare_and_exchange(&job->begun, 0, 1);
        job->store = NULL;
        if (job->timer)
            g_source_destroy(job->timer);
        g_clear_pointer(&job->timer, g_source_unref);
    }
    g_hash_table_unref(store->jobs);
    g_thread_pool_free(store->pool, FALSE, FALSE);
    virLeaseStoreQueueFree(store->queue);
    g_main_context_unref(store->context);
    g_free(store->path);
    g_free(store);
}

static const virLeaseStoreClass virLeaseStoreDirClass = {
    .scheme = "dir",
    .submit = virLeaseStoreDirSubmit,
    .free = virLeaseStoreDirFree,
};

virLeaseStore *
virLeaseStoreDirNew(const char *path)
{
    virLeaseStoreDir *store = g_new0(virLeaseStoreDir, 1);

    store->parent.klass = &virLeaseStoreDirClass;
    store->path = g_strdup(path);
    store->context = g_main_context_ref_thread_default();
    store->queue = virLeaseStoreQueueNew(&store->parent);
    /* Threads that are not exclusive cannot fail to be made. */
    store->pool = g_thread_pool_new(virLeaseStoreDirJobRun, NULL,
                                    VIR_LEASE_STORE_DIR_THREADS, FALSE, NULL);
    store->jobs = g_hash_table_new(NULL, NULL);
    return &store->parent;
}
