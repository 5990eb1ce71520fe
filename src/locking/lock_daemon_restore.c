/*
 * lock_daemon_restore.c: an engine with what an earlier daemon left
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

#include "lock_daemon_owner.h"
#include "lock_daemon_restore.h"
#include "virerror.h"
#include "virlog.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.restore");

/* Stops @owner's process if it is still there, and removes its file. */
static int
virLockDaemonRestoreStop(virLockDaemonState *state, const char *lockspace, const virLockDaemonSavedOwner *owner)
{
    int pidfd = virLockDaemonOwnerReopenProcess(owner->pid, owner->start);
    int rc = 0;

    if (pidfd >= 0) {
        VIR_ERROR("lockspace '%s': fencing process %" PRId64 " (guest '%s'), as what was saved of it is of no use",
                  lockspace, owner->pid, owner->name ? owner->name : "?");
        rc = virLockDaemonOwnerStopProcess(pidfd, owner->pid);
        close(pidfd);
    }
    if (rc == 0)
        virLockDaemonStateForgetOwner(state, lockspace, owner);
    return rc;
}

/* Stops those of whom nothing but the process is known; all of them if @all. */
static int
virLockDaemonRestoreStopSome(virLockDaemonState *state, virLockDaemonSavedLockspace *saved, gboolean all)
{
    for (guint i = saved->owners->len; i > 0; i--) {
        const virLockDaemonSavedOwner *owner = g_ptr_array_index(saved->owners, i - 1);

        if (owner->text && !all)
            continue;
        if (virLockDaemonRestoreStop(state, saved->name, owner) < 0)
            return -1;
        g_ptr_array_remove_index(saved->owners, i - 1);
    }
    return 0;
}

int
virLockDaemonRestoreGiveUp(virLockDaemonState *state, virLockDaemonSavedLockspace *saved)
{
    if (virLockDaemonRestoreStopSome(state, saved, TRUE) < 0)
        return -1;
    virLockDaemonStateForgetSession(state, saved->name);
    g_clear_pointer(&saved->session, g_free);
    return 0;
}

/* Session ids come from the seed: an engine never gets one twice. */
static virLeaseEngine *
virLockDaemonRestoreNewEngine(virLeaseEngineConfig *config)
{
    if (getrandom(config->seed, sizeof(config->seed), 0) != sizeof(config->seed)) {
        virReportSystemError(errno, "%s", _("no random numbers for a session's id"));
        return NULL;
    }
    return virLeaseEngineNew(config);
}

static int
virLockDaemonRestoreTakeUp(virLeaseEngine *engine, const virLockDaemonSavedLockspace *saved)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new();

    for (guint i = 0; i < saved->owners->len; i++) {
        const virLockDaemonSavedOwner *owner = g_ptr_array_index(saved->owners, i);

        g_ptr_array_add(texts, owner->text);
    }
    return virLeaseEngineRestore(engine, saved->session, texts, virTimeBootNow());
}

virLeaseEngine *
virLockDaemonRestoreEngine(virLockDaemonState *state,
                           virLockDaemonSavedLockspace *saved,
                           virLeaseEngineConfig *config)
{
    g_autoptr(virLeaseEngine) engine = NULL;

    if (virLockDaemonRestoreStopSome(state, saved, FALSE) < 0 ||
        !(engine = virLockDaemonRestoreNewEngine(config)))
        return NULL;
    if (!saved->session && saved->owners->len == 0)
        return g_steal_pointer(&engine);
    if (virLockDaemonRestoreTakeUp(engine, saved) == 0)
        return g_steal_pointer(&engine);

    VIR_ERROR("lockspace '%s': %s", saved->name, virGetLastErrorMessage());
    virResetLastError();
    if (virLockDaemonRestoreGiveUp(state, saved) < 0)
        return NULL;
    return virLockDaemonRestoreNewEngine(config);
}
