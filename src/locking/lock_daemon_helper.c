/*
 * lock_daemon_helper.c: virtleased-helper at work
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <gio/gio.h>

#include "lock_daemon_helper.h"

struct _virLockDaemonHelper {
    GSubprocess *process;       /* NULL if it could not be run */
    GCancellable *cancellable;
    guint timeout;              /* the source that kills it, or 0 */
    guint failed;               /* the source that tells that it could not be run, or 0 */
    char *problem;              /* why not */
    gboolean freed;             /* but its end was not seen yet */
    virLockDaemonHelperFunc func;
    void *opaque;
};

static void
virLockDaemonHelperDestroy(virLockDaemonHelper *helper)
{
    g_clear_object(&helper->process);
    g_clear_object(&helper->cancellable);
    g_clear_handle_id(&helper->timeout, g_source_remove);
    g_clear_handle_id(&helper->failed, g_source_remove);
    g_free(helper->problem);
    g_free(helper);
}

static virLockHelperExit
virLockDaemonHelperResult(GSubprocess *process)
{
    int status;

    if (!g_subprocess_get_if_exited(process))
        return VIR_LOCK_HELPER_EXIT_FAILED;
    status = g_subprocess_get_exit_status(process);
    return status <= VIR_LOCK_HELPER_EXIT_RUNS ? (virLockHelperExit) status : VIR_LOCK_HELPER_EXIT_FAILED;
}

static void
virLockDaemonHelperEnded(GObject *source, GAsyncResult *result, gpointer opaque)
{
    virLockDaemonHelper *helper = opaque;
    g_autofree char *output = NULL;
    g_autofree char *problem = NULL;
    g_autoptr(GError) error = NULL;

    if (!g_subprocess_communicate_utf8_finish(G_SUBPROCESS(source), result, &output, &problem, &error))
        problem = g_strdup(error->message);
    if (helper->freed) {
        virLockDaemonHelperDestroy(helper);
        return;
    }
    g_clear_handle_id(&helper->timeout, g_source_remove);
    if (!error && !g_subprocess_get_if_exited(helper->process)) {
        g_free(problem);
        problem = g_strdup("libvirt did not answer in time");
    }
    g_clear_object(&helper->cancellable);
    helper->func(helper, error ? VIR_LOCK_HELPER_EXIT_FAILED : virLockDaemonHelperResult(helper->process),
                 output ? g_strchomp(output) : "", problem ? g_strchomp(problem) : "", helper->opaque);
}

static gboolean
virLockDaemonHelperTimeout(gpointer opaque)
{
    virLockDaemonHelper *helper = opaque;

    helper->timeout = 0;
    g_subprocess_force_exit(helper->process);
    return G_SOURCE_REMOVE;
}

static gboolean
virLockDaemonHelperNotRun(gpointer opaque)
{
    virLockDaemonHelper *helper = opaque;

    helper->failed = 0;
    helper->func(helper, VIR_LOCK_HELPER_EXIT_FAILED, "", helper->problem, helper->opaque);
    return G_SOURCE_REMOVE;
}

static void
virLockDaemonHelperSpawn(virLockDaemonHelper *helper, const char *const *argv, const char *input, virLeaseSpan span)
{
    g_autoptr(GError) error = NULL;

    helper->process = g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                        G_SUBPROCESS_FLAGS_STDERR_PIPE, &error);
    if (!helper->process) {
        helper->problem = g_strdup(error->message);
        helper->failed = g_idle_add(virLockDaemonHelperNotRun, helper);
        return;
    }
    helper->cancellable = g_cancellable_new();
    helper->timeout = g_timeout_add(MAX(span / VIR_LEASE_MILLISECOND, 1), virLockDaemonHelperTimeout, helper);
    g_subprocess_communicate_utf8_async(helper->process, input ? input : "", helper->cancellable,
                                        virLockDaemonHelperEnded, helper);
}

virLockDaemonHelper *
virLockDaemonHelperNew(const char *verb,
                       const char *uuid,
                       gint64 pid,
                       const char *input,
                       virLeaseSpan span,
                       virLockDaemonHelperFunc func,
                       void *opaque)
{
    virLockDaemonHelper *helper = g_new0(virLockDaemonHelper, 1);
    const char *program = g_getenv("VIRTLEASED_HELPER");
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, pid);
    const char *const argv[] = {
        program && *program ? program : VIR_LOCK_DAEMON_HELPER, verb, uuid, pid ? number : NULL, NULL,
    };

    helper->func = func;
    helper->opaque = opaque;
    virLockDaemonHelperSpawn(helper, argv, input, span);
    return helper;
}

void
virLockDaemonHelperFree(virLockDaemonHelper *helper)
{
    if (!helper)
        return;
    /* Without a cancellable nothing is under way that would come back. */
    if (!helper->cancellable) {
        virLockDaemonHelperDestroy(helper);
        return;
    }
    helper->freed = TRUE;
    g_clear_handle_id(&helper->timeout, g_source_remove);
    g_subprocess_force_exit(helper->process);
    g_cancellable_cancel(helper->cancellable);
}
