/*
 * stuckprocess.h: a process that not even SIGKILL ends
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It waits in the kernel (state D) for a file system whose server, this very
 * process, has taken its request and does not answer.
 */
#pragma once

#include <sys/types.h>

typedef struct _stuckProcess stuckProcess;

/* Returns it when it waits, in a mount namespace that this process moves to;
 * or NULL if that can't be had here (it takes root and /dev/fuse). */
stuckProcess *stuckProcessNew(void);

/* Stays good after it has ended, until it is freed. */
pid_t stuckProcessGetPid(const stuckProcess *stuck);

/* Its wait fails now, so that a signal sent before takes effect. */
void stuckProcessRelease(stuckProcess *stuck);

/* Releases it, ends it and waits for that, if nobody else did. */
void stuckProcessFree(stuckProcess *stuck);
