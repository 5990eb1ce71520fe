/*
 * lock_driver_nop.h: the lock driver that locks nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For whoever wants no locks, without asking first whether there is a driver.
 * Everything succeeds, there never is a state.
 */
#pragma once

#include "lock_driver.h"

extern virLockDriver virLockDriverNop;
