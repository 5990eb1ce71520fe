/*
 * lock_driver_sanlock_error.h: why sanlock did not lock
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_driver_sanlock_guest.h"

/* What sanlock means by @rc: an errno, or a number of its own. */
const char *virLockManagerSanlockWhy(int rc);

/* Reports that sanlock answered @rc when it was to lock what @guest has. @held
 * is what its process has, or NULL. */
void virLockManagerSanlockReportLock(const virLockManagerSanlockConf *conf,
                                     const virLockManagerSanlockGuest *guest,
                                     const char *held,
                                     int rc);
