/*
 * lock_driver_sanlock_state.h: sanlock's text of what a process holds
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Resources with a blank between them, each LOCKSPACE:NAME:PATH:OFFSET:VERSION,
 * or with SH for the version if it is shared. In a path a backslash stands
 * before a blank, a colon and a backslash. The version counts who had the
 * resource. The text comes from another host, too: it is only searched.
 */
#pragma once

#include <glib.h>

/* @state may be NULL for each of these. */

/* Whether it has the resource @name of @lockspace. */
gboolean virLockManagerSanlockStateHas(const char *state,
                                       const char *lockspace,
                                       const char *name);

/* Sets @version to that of the resource. Returns FALSE if there is none. */
gboolean virLockManagerSanlockStateVersion(const char *state,
                                           const char *lockspace,
                                           const char *name,
                                           guint64 *version);

/* How many resources it has. */
unsigned int virLockManagerSanlockStateCount(const char *state);
