/*
 * lock_daemon_service.h: virtleased as a whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_daemon_config.h"
#include "lock_daemon_options.h"
#include "lock_guard_spawn.h"

/* Returns what is configured, or NULL with an error reported. */
virLockDaemonConfig *virLockDaemonServiceLoadConfig(const virLockDaemonOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockDaemonServiceRun:
 * @options: what the command line says
 * @inherited: what the guard gave this process
 *
 * Is the worker: serves until the guard, or a signal, ends it. Guests run on,
 * and keep their leases.
 *
 * Returns 0 after that, or -1 with an error reported if it could not begin.
 */
int virLockDaemonServiceRun(const virLockDaemonOptions *options,
                            const virLockGuardInherited *inherited) G_GNUC_WARN_UNUSED_RESULT;
