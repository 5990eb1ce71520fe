/*
 * lock_daemon_options.h: what the command line of virtleased says
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* Paths are absolute. */
typedef struct _virLockDaemonOptions virLockDaemonOptions;
struct _virLockDaemonOptions {
    const char *config;         /* NULL: the installed one, which may be missing */
    const char *socket;
    const char *stateDir;
    const char *pidFile;        /* NULL: none */
    gboolean daemon;
    gboolean verbose;
};
