/*
 * lock_driver_args.h: what a plugin's callbacks are given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For plugins. @driver is the plugin's name, for messages.
 */
#pragma once

#include "lock_driver.h"

/* Returns 0, or -1 with an error reported if @flags are not all @known. */
int virLockDriverCheckFlags(const char *driver,
                            unsigned int flags,
                            unsigned int known) G_GNUC_WARN_UNUSED_RESULT;

/* Returns 0, or -1 with an error reported if who loads the plugin speaks
 * another @version of lock_driver.h. */
int virLockDriverCheckVersion(const char *driver,
                              unsigned int version) G_GNUC_WARN_UNUSED_RESULT;

/* The parameter @key, or NULL if there is none. Those that nobody asks for may
 * come with a newer libvirt. */
const virLockManagerParam *virLockDriverParam(const virLockManagerParam *params,
                                              size_t nparams,
                                              const char *key);

/* Its text, NULL if there is none. */
const char *virLockDriverParamText(const virLockManagerParam *params,
                                   size_t nparams,
                                   const char *key);

/* Returns 0, or -1 with an error reported if the guest of these @params is no
 * process of this host. */
int virLockDriverCheckProcess(const char *driver,
                              const virLockManagerParam *params,
                              size_t nparams) G_GNUC_WARN_UNUSED_RESULT;
