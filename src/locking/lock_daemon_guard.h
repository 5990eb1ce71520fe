/*
 * lock_daemon_guard.h: what the guard is told of one lockspace
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The guard is another process, the second line: it kills every running owner
 * when only the margin is left of the lease (rule 6), whatever has become of
 * the engine. This is the engine's side of it.
 */
#pragma once

#include "lock_daemon_guardlink.h"

typedef struct _virLockDaemonGuard virLockDaemonGuard;

/* Returns what tells the guard of the lockspace @lockspace by @link, which must
 * live longer; or NULL with an error reported. */
virLockDaemonGuard *virLockDaemonGuardNew(virLockDaemonGuardLink *link,
                                          const char *lockspace) G_GNUC_WARN_UNUSED_RESULT;
/* What the guard knows, it goes on knowing. */
void virLockDaemonGuardFree(virLockDaemonGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonGuard, virLockDaemonGuardFree);

/**
 * virLockDaemonGuardEnter:
 * @guard: the guard
 * @owner: who runs from now on
 *
 * Waits until the guard has taken @owner for running, for half a second at
 * most. It is killed, not from here, if the lease is at its end already; never
 * if @owner->ignore was set by now. Entering again takes a changed
 * @owner->ignore over.
 *
 * Returns FALSE if its process is gone or being fenced, or if the guard did not
 * confirm it, which is logged.
 */
gboolean virLockDaemonGuardEnter(virLockDaemonGuard *guard,
                                 virLockDaemonOwner *owner) G_GNUC_WARN_UNUSED_RESULT;

/* Takes @owner for not running. Doing it twice is fine. */
void virLockDaemonGuardLeave(virLockDaemonGuard *guard,
                             virLockDaemonOwner *owner);

/* The lease lasts until @end; running owners are killed @margin before it. */
void virLockDaemonGuardSetEnd(virLockDaemonGuard *guard,
                              virLeaseTime end,
                              virLeaseSpan margin);

/* From SIGTERM to SIGKILL, by the margin that was set last. */
virLeaseSpan virLockDaemonGuardGetGrace(const virLockDaemonGuard *guard);
