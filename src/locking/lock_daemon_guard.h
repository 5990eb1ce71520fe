/*
 * lock_daemon_guard.h: the running owners of a lockspace, and the end of its lease
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The second line: it fences every running owner when only the margin is left
 * of the lease (rule 6), whatever the engine may think. It knows nothing
 * of requests, stores and files, so that it can live in a process of its own.
 */
#pragma once

#include "lock_daemon_owner.h"

typedef struct _virLockDaemonGuard virLockDaemonGuard;

/* Returns a guard with no owners and no lease, or NULL with an error reported. */
virLockDaemonGuard *virLockDaemonGuardNew(void) G_GNUC_WARN_UNUSED_RESULT;
void virLockDaemonGuardFree(virLockDaemonGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonGuard, virLockDaemonGuardFree);

/**
 * virLockDaemonGuardEnter:
 * @guard: the guard
 * @owner: must live until it leaves
 *
 * Takes @owner for running from now on. It is fenced from the main loop, not
 * from here, if the lease is at its end already; never if @owner->ignore was
 * set by now. Entering again takes a changed @owner->ignore over.
 *
 * Returns FALSE if that can't be, as its process is gone or being fenced.
 */
gboolean virLockDaemonGuardEnter(virLockDaemonGuard *guard,
                                 virLockDaemonOwner *owner);

/* Takes @owner for not running. Doing it twice is fine. */
void virLockDaemonGuardLeave(virLockDaemonGuard *guard,
                             virLockDaemonOwner *owner);

/* The lease lasts until @end; running owners are fenced @margin before it. */
void virLockDaemonGuardSetEnd(virLockDaemonGuard *guard,
                              virLeaseTime end,
                              virLeaseSpan margin);

/* From SIGTERM to SIGKILL, by the margin that was set last. */
virLeaseSpan virLockDaemonGuardGetGrace(const virLockDaemonGuard *guard);
