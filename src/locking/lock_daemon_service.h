/*
 * lock_daemon_service.h: virtleased as a whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* What the command line says. */
typedef struct _virLockDaemonOptions virLockDaemonOptions;
struct _virLockDaemonOptions {
    const char *config;         /* NULL: the installed one, which may be missing */
    const char *socket;
    const char *stateDir;
    const char *pidFile;        /* NULL: none */
    gboolean daemon;
    gboolean verbose;
};

/**
 * virLockDaemonServiceRun:
 * @options: what the command line says
 *
 * Serves until a signal ends it. Guests run on, and keep their leases.
 *
 * Returns 0 after that, or -1 with an error reported if it could not begin.
 */
int virLockDaemonServiceRun(const virLockDaemonOptions *options) G_GNUC_WARN_UNUSED_RESULT;
