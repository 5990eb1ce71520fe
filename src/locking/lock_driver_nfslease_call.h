/*
 * lock_driver_nfslease_call.h: what the nfslease plugin asks of virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each call connects, asks once, and closes the connection. It blocks for
 * acquire_timeout and a second at the most, VIR_LOCK_MANAGER_NFSLEASE_MARGIN_MS;
 * an acquire with a token for handover_wait more. May be used in a forked
 * child. All return 0, or -1 with an error reported.
 */
#pragma once

#include "lock_driver_nfslease_guest.h"

/* virtleased answers by its own deadline; this much later nobody waits. */
#define VIR_LOCK_MANAGER_NFSLEASE_MARGIN_MS 1000

/* The guest's process exists, and will want its resources. */
int virLockManagerNfsleaseRegister(const virLockManagerNfsleaseConf *conf,
                                   const virLockManagerNfsleaseGuest *guest) G_GNUC_WARN_UNUSED_RESULT;

/* Its CPUs are about to run, or it is about to get the resources; @token is
 * NULL if it has none. */
int virLockManagerNfsleaseAcquire(const virLockManagerNfsleaseConf *conf,
                                  const virLockManagerNfsleaseGuest *guest,
                                  const char *token) G_GNUC_WARN_UNUSED_RESULT;

/* It gave the resources up. */
int virLockManagerNfsleaseDetach(const virLockManagerNfsleaseConf *conf,
                                 const virLockManagerNfsleaseGuest *guest) G_GNUC_WARN_UNUSED_RESULT;

/* Its CPUs were stopped. Sets @token to the token of what it held, to be freed
 * by the caller, or to NULL if there is none. Does not need resolved resources. */
int virLockManagerNfsleaseSuspend(const virLockManagerNfsleaseConf *conf,
                                  const virLockManagerNfsleaseGuest *guest,
                                  char **token) G_GNUC_WARN_UNUSED_RESULT;

/* Likewise, but it runs on. */
int virLockManagerNfsleaseInquire(const virLockManagerNfsleaseConf *conf,
                                  const virLockManagerNfsleaseGuest *guest,
                                  char **token) G_GNUC_WARN_UNUSED_RESULT;
