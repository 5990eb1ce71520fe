/*
 * lock_daemon_helper.h: virtleased-helper at work
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All is done in the default main loop.
 */
#pragma once

#include "lock_helper.h"
#include "virleasetime.h"

typedef struct _virLockDaemonHelper virLockDaemonHelper;

/* It has ended: @result is what it said, FAILED too if it was killed or could
 * not be run at all; @output what it printed, @problem what it said to standard
 * error, both without blanks at the end. The helper may be freed in it. */
typedef void (*virLockDaemonHelperFunc)(virLockDaemonHelper *helper,
                                        virLockHelperExit result,
                                        const char *output,
                                        const char *problem,
                                        void *opaque);

/**
 * virLockDaemonHelperNew:
 * @verb: what it is to do; see lock_helper.c
 * @uuid: to which guest
 * @pid: whose process this is; 0 for a verb without
 * @input: for its standard input, or NULL
 * @span: how long it may take; it is killed then
 * @func: called once, from the main loop, unless the helper is freed before
 * @opaque: for @func
 *
 * Runs the helper. VIRTLEASED_HELPER in the environment names another program.
 */
virLockDaemonHelper *virLockDaemonHelperNew(const char *verb,
                                            const char *uuid,
                                            gint64 pid,
                                            const char *input,
                                            virLeaseSpan span,
                                            virLockDaemonHelperFunc func,
                                            void *opaque) G_GNUC_WARN_UNUSED_RESULT;

/* Kills it if it still runs. */
void virLockDaemonHelperFree(virLockDaemonHelper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonHelper, virLockDaemonHelperFree);
