/*
 * lock_driver_sanlock_lockspace.h: the lockspace of all disks, and its leases
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * They are files in the directory disk_lease_dir, which all hosts have. A file
 * is there only when it is complete. All that return int give -1 with an error
 * reported.
 */
#pragma once

#include <stddef.h>     /* sanlock.h needs this, and the next one */
#include <stdint.h>
#include <sanlock.h>

#include "lock_driver_sanlock_conf.h"

/* As in libvirt's own sanlock.so. */
#define VIR_LOCK_MANAGER_SANLOCK_LOCKSPACE "__LIBVIRT__DISKS__"

/* Whether the sanlock daemon answers. */
int virLockManagerSanlockCheckDaemon(void) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockManagerSanlockJoin:
 * @conf: the settings
 *
 * Makes the lockspace if there is none yet and has the daemon join it. That
 * takes twice io_timeout at least, and many times that after a crash of this host.
 */
int virLockManagerSanlockJoin(const virLockManagerSanlockConf *conf) G_GNUC_WARN_UNUSED_RESULT;

/* Only begins to join it, and does not say how that goes. */
void virLockManagerSanlockJoinAgain(const virLockManagerSanlockConf *conf);

/* Makes the file of @resource in the lockspace if there is none yet. */
int virLockManagerSanlockMakeLease(const virLockManagerSanlockConf *conf,
                                   const struct sanlk_resource *resource) G_GNUC_WARN_UNUSED_RESULT;
