/*
 * lock_driver_sanlock_holder.h: which host has a lease
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_driver_sanlock_guest.h"

typedef struct _virLockManagerSanlockHolder virLockManagerSanlockHolder;
struct _virLockManagerSanlockHolder {
    const char *title;          /* of what it has, which is the guest's */
    unsigned long long hostId;
};

/**
 * virLockManagerSanlockFindHolder:
 * @guest: a guest that holds nothing of what is asked for
 * @living: only a host that is not known to be dead
 * @holder: to be set
 *
 * Reads from the leases whether one of them is held, so that @guest cannot have
 * it. It changes nothing in them.
 *
 * Returns FALSE if none is, or if that cannot be told.
 */
gboolean virLockManagerSanlockFindHolder(const virLockManagerSanlockGuest *guest,
                                         gboolean living,
                                         virLockManagerSanlockHolder *holder);
