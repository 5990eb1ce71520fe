/*
 * simchaos.c: a world that the dice make and drive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simchaospriv.h"
#include "simjudge.h"

/* Sweep and audit come round twice in that. */
static virLeaseSpan
simChaosRest(const simWorld *world)
{
    return 10 * (world->config.length / 6);
}

simWorld *
simChaosRun(const simChaosConfig *config)
{
    simChaos *chaos = simChaosNew(config);
    simWorld *world = chaos->world;
    virLeaseSpan length = world->config.length;

    simQueueAdd(world->queue, VIR_LEASE_SECOND, simChaosAct, chaos, NULL);
    simWorldRun(world, chaos->end);
    simWorldRun(world, VIR_LEASE_SECOND);
    simChaosHeal(chaos);
    simWorldRun(world, 2 * length + simChaosRest(world));
    simChaosHeal(chaos);        /* whose daemon ended in between */
    simWorldRun(world, 2 * VIR_LEASE_SECOND);
    simChaosResumeAll(chaos);
    simChaosKillAll(chaos, FALSE);
    simWorldRun(world, simChaosRest(world));
    simChaosCheckFree(chaos);
    simChaosKillAll(chaos, TRUE);
    simWorldRun(world, length + simChaosRest(world));
    simJudgeLeftovers(world->judge);
    g_free(chaos);
    return world;
}
