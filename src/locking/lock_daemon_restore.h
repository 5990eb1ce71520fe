/*
 * lock_daemon_restore.h: an engine with what an earlier daemon left
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_daemon_state.h"
#include "virleaseengine.h"

/**
 * virLockDaemonRestoreEngine:
 * @state: the state directory
 * @saved: what was found of the lockspace; loses the owners that were given up
 * @config: for the engine
 *
 * Makes an engine that takes up what was saved. A guest whose saved state is
 * of no use cannot be watched over any more, nor may its entries be swept
 * while it runs: its process is stopped, if it is still the very one that was
 * saved, and waited for, which may take seconds. If the engine makes nothing
 * of what was saved that goes for every guest of the lockspace.
 *
 * Returns the engine, or NULL with an error reported if such a process cannot
 * be stopped.
 */
virLeaseEngine *virLockDaemonRestoreEngine(virLockDaemonState *state,
                                           virLockDaemonSavedLockspace *saved,
                                           virLeaseEngineConfig *config) G_GNUC_WARN_UNUSED_RESULT;

/* Stops all guests of a lockspace that nobody serves any more, and removes
 * what is saved of it. Returns 0, or -1 with an error reported. */
int virLockDaemonRestoreGiveUp(virLockDaemonState *state,
                               virLockDaemonSavedLockspace *saved) G_GNUC_WARN_UNUSED_RESULT;
