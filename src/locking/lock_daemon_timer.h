/*
 * lock_daemon_timer.h: a timer of the main loop that counts a host's sleep
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GLib's own timers stand still while the host is suspended; a lease does
 * not. So this is a timerfd of CLOCK_BOOTTIME.
 */
#pragma once

#include "virleasetime.h"

typedef struct _virLockDaemonTimer virLockDaemonTimer;

/* Called from the default main loop. May set the timer, may not free it. */
typedef void (*virLockDaemonTimerFunc)(void *opaque);

/* Makes a timer that is not set. Returns it, or NULL with an error reported. */
virLockDaemonTimer *virLockDaemonTimerNew(virLockDaemonTimerFunc func,
                                          void *opaque) G_GNUC_WARN_UNUSED_RESULT;

/* Fires once at the instant @at, at once if that has passed, not at all if it
 * is VIR_LEASE_TIME_NEVER. Replaces what was set before. */
void virLockDaemonTimerSet(virLockDaemonTimer *timer,
                           virLeaseTime at);

void virLockDaemonTimerFree(virLockDaemonTimer *timer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonTimer, virLockDaemonTimerFree);
