/*
 * lock_driver_sanlock_call.h: what the sanlock plugin asks of the sanlock daemon
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * All return 0, or -1 with an error reported. They wait for the daemon, and it
 * for its storage.
 */
#pragma once

#include "lock_driver_sanlock_guest.h"

/**
 * virLockManagerSanlockRegister:
 * @guest: the guest, in its own process
 * @restricted: the connection is good for nothing more
 * @action: what is to happen when sanlock can no longer keep its leases
 * @fd: NULL, or to be set to the connection, which survives exec: sanlock takes
 *      its end for that of the guest
 */
int virLockManagerSanlockRegister(const virLockManagerSanlockGuest *guest,
                                  gboolean restricted,
                                  virDomainLockFailureAction action,
                                  int *fd) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @action can be had for @guest. */
int virLockManagerSanlockCheckAction(const virLockManagerSanlockGuest *guest,
                                     virDomainLockFailureAction action) G_GNUC_WARN_UNUSED_RESULT;

/* Acquires all resources of @guest, or none. @state is what was given when it
 * was stopped, or NULL: then nobody may have had its resources since. */
int virLockManagerSanlockLock(const virLockManagerSanlockConf *conf,
                              const virLockManagerSanlockGuest *guest,
                              const char *state) G_GNUC_WARN_UNUSED_RESULT;

/* Releases those that are held, and sets @state unless that is NULL. */
int virLockManagerSanlockUnlock(const virLockManagerSanlockGuest *guest,
                                char **state) G_GNUC_WARN_UNUSED_RESULT;

/* Sets @state, to NULL if nothing is known. */
int virLockManagerSanlockAsk(const virLockManagerSanlockGuest *guest,
                             char **state) G_GNUC_WARN_UNUSED_RESULT;
