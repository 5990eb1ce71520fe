/*
 * simrun.h: random worlds in processes of their own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "simchaos.h"

/* What is left of a world. */
typedef struct {
    guint64 histories;
    guint64 bad;                /* of them, with a violation */
    guint64 hosts;
    guint64 grants;
    guint64 events;
    virLeaseTime span;          /* virtual */
    gint64 cpu;                 /* microseconds of the processor */
    char promise[32];           /* that was broken first, or empty */
    char story[256];            /* how, in a sentence */
} simResult;

/* What a world came to, but for the time that it took. */
void simResultTakeWorld(simResult *result,
                        const simWorld *world);
/* Runs it here. Prints its violations, each behind its seed, unless @quiet. */
void simRunHere(const simChaosConfig *config,
                gboolean quiet,
                simResult *result);

/* Runs @count of them, from the seed of @config on, in children, so that an
 * engine that fails an assertion, or never comes back, is one bad seed and not
 * the end. Adds their figures to those of @total. */
void simRunForked(const simChaosConfig *config,
                  guint64 count,
                  gboolean quiet,
                  simResult *total);

/* Adds the figures of one to those of many; the first story stays. */
void simResultAdd(simResult *total,
                  const simResult *result);
/* One line of figures. */
void simResultPrint(const simResult *total);
