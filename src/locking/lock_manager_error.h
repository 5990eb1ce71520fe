/*
 * lock_manager_error.h: what a lock driver said when it failed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* Once for the plugin @name that was loaded as @handle, before any other of these
 * functions. Returns 0, or -1 with an error reported. */
int virLockManagerErrorStart(void *handle,
                             const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* Before a callback of the plugin with the handle @handle of dlopen(), NULL for
 * one that is built in. */
void virLockManagerErrorPrepare(void *handle);

/* After a callback of the lock driver @name failed: sees to it that there is
 * an error, the driver's own if it has reported one. */
void virLockManagerErrorEnsure(void *handle,
                               const char *name,
                               const char *callback);
