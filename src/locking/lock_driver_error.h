/*
 * lock_driver_error.h: how a plugin's errors reach who loaded it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For plugins. Each has its own copy of virerror.c, hidden in it.
 */
#pragma once

/* Has this plugin's errors reported by the program that loaded it: by a lock
 * manager of this project, else by libvirt, else by nobody. For drvInit. */
void virLockDriverErrorFindReporter(void);
