/*
 * lock_daemon_default.h: the lockspace that is there when none is configured
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/**
 * virLockDaemonDefaultMake:
 * @path: a directory of this host
 *
 * Makes @path a lockspace unless it is one. To be used on a directory that is
 * nobody else's; blocks as long as its file system does.
 *
 * Returns 0, or -1 with an error reported.
 */
int virLockDaemonDefaultMake(const char *path) G_GNUC_WARN_UNUSED_RESULT;
