/*
 * lock_guard.h: the guard, the process that users know as virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It does as little as it can, so that little can stop it: it starts the
 * worker, which does all the rest, and starts it again when it dies; and it
 * kills running owners when only the margin is left of their lease (rule 6),
 * whatever has become of the worker. In between it only waits.
 */
#pragma once

#include "lock_guard_spawn.h"

/**
 * virLockGuardRun:
 * @options: of the command line
 *
 * Is the guard until a signal ends it. Guests run on, and keep their leases.
 *
 * Returns 0 after that, or -1 if it could not begin, with an error reported
 * unless the worker told people itself.
 */
int virLockGuardRun(const virLockDaemonOptions *options) G_GNUC_WARN_UNUSED_RESULT;

/* Likewise instead of a guard that is gone, as @inherited says; called in a
 * process that the worker started. */
int virLockGuardTakeOver(const virLockDaemonOptions *options,
                         const virLockGuardInherited *inherited) G_GNUC_WARN_UNUSED_RESULT;
