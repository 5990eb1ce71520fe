/*
 * simchaos.c: a world that the dice make and drive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simchaospriv.h"
#include "simjudge.h"

/* Sweep and audit come round every four renewals. */
static virLeaseSpan
simChaosRenewals(const simWorld *world, guint count)
{
    return count * (world->config.length / 6);
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
    /* who is dead is known to be, and has been swept for */
    simWorldRun(world, 2 * length + simChaosRenewals(world, 5));
    simChaosHeal(chaos);        /* whose daemon ended in between */
    simWorldRun(world, 2 * VIR_LEASE_SECOND);
    simChaosResumeAll(chaos);
    simChaosKillAll(chaos, FALSE);
    simWorldRun(world, simChaosRenewals(world, 1));
    simChaosCheckFree(chaos);
    simChaosKillAll(chaos, TRUE);
    /* an entry goes in one sweep, its marker in the next */
    simWorldRun(world, VIR_LEASE_SECOND + simChaosRenewals(world, 10));
    simJudgeLeftovers(world->judge);
    g_free(chaos);
    return world;
}
