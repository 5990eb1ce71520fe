/*
 * lock_driver_sanlock_past.h: what stopped guests held
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libvirt often releases twice and keeps the state of the second call, when
 * nothing is held that could be asked for. For all threads; not for the child
 * between fork and exec.
 */
#pragma once

#include <sys/types.h>

/* Keeps @state of the guest's process @pid, in the place of an older one. */
void virLockManagerSanlockPastRemember(const unsigned char *uuid,
                                       pid_t pid,
                                       const char *state);

/* A copy of what is kept, or NULL if there is nothing. */
char *virLockManagerSanlockPastRecall(const unsigned char *uuid,
                                      pid_t pid);

void virLockManagerSanlockPastForget(const unsigned char *uuid,
                                     pid_t pid);

/* Everything. */
void virLockManagerSanlockPastClear(void);
