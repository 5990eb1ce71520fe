/*
 * lock_guard_rank.h: what lets the guard act when the host is in trouble
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

/* Keeps this process in memory, before others at the processor, and the last
 * to be killed when memory runs out. What is not permitted is logged, and done
 * without. */
void virLockGuardRankRaise(void);
