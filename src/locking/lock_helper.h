/*
 * lock_helper.h: how virtleased-helper ends
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

typedef enum {
    VIR_LOCK_HELPER_EXIT_OK = 0,
    VIR_LOCK_HELPER_EXIT_FAILED = 1,    /* may work later */
    VIR_LOCK_HELPER_EXIT_USAGE = 2,
    VIR_LOCK_HELPER_EXIT_GONE = 3,      /* there is no such guest */
    VIR_LOCK_HELPER_EXIT_RUNS = 4,      /* to be started, but it runs already */
} virLockHelperExit;
