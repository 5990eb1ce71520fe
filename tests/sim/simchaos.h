/*
 * simchaos.h: a world that the dice make and drive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "simworld.h"

typedef struct {
    guint64 seed;
    guint hosts;                /* 0: the dice say */
    guint guests;               /* likewise */
    guint leases;               /* for so many the faults last, then peace follows; 0: one to eight */
    const simEngineClass *engine;   /* NULL: the real one */
    gboolean failures;          /* some guests are to be paused or restarted when their lease is lost */
    gboolean trace;
} simChaosConfig;

/* Makes a world, throws at it whatever a seed can think of for a while, lets
 * it come to rest, and asks whether everything is free again. The judge of the
 * world returned has what there is to say. */
simWorld *simChaosRun(const simChaosConfig *config);
