/*
 * lock_manager_param.h: parameters of guests and resources, checked and logged
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_driver.h"

/* Which parameters are meant. */
typedef enum {
    VIR_LOCK_MANAGER_PARAM_OF_OBJECT,
    VIR_LOCK_MANAGER_PARAM_OF_DISK,
    VIR_LOCK_MANAGER_PARAM_OF_LEASE,
} virLockManagerParamOf;

/* Whether each is known, of the right type, and given once, and none is
 * missing that has to be there. Returns 0, or -1 with an error reported. */
int virLockManagerParamsCheck(virLockManagerParamOf of,
                              size_t nparams,
                              const virLockManagerParam *params) G_GNUC_WARN_UNUSED_RESULT;

/* At debug level. */
void virLockManagerParamsLog(size_t nparams,
                             const virLockManagerParam *params);
