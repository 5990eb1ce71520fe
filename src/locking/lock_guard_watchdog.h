/*
 * lock_guard_watchdog.h: wdmd, which resets this host if all else fails
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * wdmd is sanlock's daemon that multiplexes the kernel's watchdog device: it
 * keeps the device from firing only while every program that asked it to is
 * content. The guard is, unless an owner has outlived its lease. While no
 * owner runs it asks for nothing.
 *
 * wdmd holds a connection that ended against the host, even when the same
 * program connects again: so the descriptor is handed from guard to guard.
 */
#pragma once

#include "virleasetime.h"

/* wdmd looks every 10 s, and does not wait for a program that is due before
 * it looks again. */
#define VIR_LOCK_GUARD_WATCHDOG_FEED (5 * VIR_LEASE_SECOND)
#define VIR_LOCK_GUARD_WATCHDOG_LAST (30 * VIR_LEASE_SECOND)
#define VIR_LOCK_GUARD_WATCHDOG_RETRY (5 * VIR_LEASE_SECOND)

typedef enum {
    VIR_LOCK_GUARD_WATCHDOG_UNKNOWN,    /* what an earlier guard told it */
    VIR_LOCK_GUARD_WATCHDOG_IDLE,
    VIR_LOCK_GUARD_WATCHDOG_FED,
    VIR_LOCK_GUARD_WATCHDOG_WITHHELD,
} virLockGuardWatchdogState;

typedef struct _virLockGuardWatchdog virLockGuardWatchdog;
struct _virLockGuardWatchdog {
    gboolean wanted;
    gboolean lost;          /* that was logged */
    int connection;         /* -1: none */
    virLockGuardWatchdogState state;
    virLeaseTime next;      /* when to feed it, or to try to connect */
};

/* @connection is an earlier guard's, or -1. */
void virLockGuardWatchdogInit(virLockGuardWatchdog *watchdog,
                              gboolean wanted,
                              int connection);

/* Connects if that is wanted and not done. Blocks for a second at most.
 * Returns 0, or -1 with an error reported. */
int virLockGuardWatchdogConnect(virLockGuardWatchdog *watchdog) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockGuardWatchdogAct:
 * @watchdog: the watchdog
 * @end: when the first lease of an owner that runs ends, or ended;
 *       VIR_LEASE_TIME_NEVER if there is none
 * @now: the present
 *
 * Tells wdmd what there is to tell. Reconnects if wdmd was restarted.
 *
 * Returns when to be called again at the latest.
 */
virLeaseTime virLockGuardWatchdogAct(virLockGuardWatchdog *watchdog,
                                     virLeaseTime end,
                                     virLeaseTime now);

/* The guard ends in good order: wdmd waits for nothing more from it, unless an
 * owner has outlived its lease. */
void virLockGuardWatchdogRelease(virLockGuardWatchdog *watchdog);

/* Closes this process's descriptor, and says nothing. */
void virLockGuardWatchdogClose(virLockGuardWatchdog *watchdog);
