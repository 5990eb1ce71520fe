/*
 * simchaospeace.c: whether everything is free again when the faults are over
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simchaospriv.h"
#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "virerror.h"

void
simChaosHeal(simChaos *chaos)
{
    guint i;

    simWorldTrace(chaos->world, NULL, "---- peace ----");
    simNetHeal(chaos->world->net);
    simServerSetStale(chaos->world->server, 0);
    for (i = 0; i < chaos->world->hosts->len; i++) {
        simHost *host = simWorldHost(chaos->world, i);

        host->crashAfter = -1;
        host->failSaves = 0;
        simHostWakeGuard(host);
        simHostBoot(host);
        simHostStartDaemon(host);
    }
}

void
simChaosKillAll(simChaos *chaos, gboolean running)
{
    guint i;

    for (i = chaos->world->alive->len; i > 0; i--) {
        simProcess *process = g_ptr_array_index(chaos->world->alive, i - 1);

        if (running || process->state != SIM_PROCESS_RUNNING || simDiceChance(&chaos->dice, 500))
            simProcessKill(process, VIR_LEASE_MILLISECOND, "the story ends");
    }
}

static void
simChaosProbe(simChaos *chaos, GPtrArray *probes, const char *resource)
{
    g_autofree char *name = g_strdup_printf("probe-%s", resource);
    simHost *host = simWorldHost(chaos->world, simDiceBelow(&chaos->dice, chaos->world->hosts->len));

    if (simJudgeIsFree(chaos->world->judge, resource))
        g_ptr_array_add(probes, simGuestStart(host, simGuestNew(chaos->world, name, resource, "x", NULL), FALSE, TRUE));
}

/* What was unplugged while its daemon was not there to be told belongs to it
 * still, as far as that knows: it has to be there too. */
static gboolean
simChaosHasKept(simChaos *chaos, const simProcess *process)
{
    guint i;

    for (i = 0; i < process->kept->len; i++) {
        g_autofree char *entry = simJudgeFindEntry(chaos->world->judge, process->pid, g_ptr_array_index(process->kept, i));

        if (!entry)
            return FALSE;
    }
    return TRUE;
}

/* Whether a paused guest's locks stand as they stood when it was stopped, so
 * that nothing can be against its going on. */
static gboolean
simChaosCanGoOn(simChaos *chaos, const simProcess *process)
{
    guint i;

    if (process->state != SIM_PROCESS_PAUSED || process->busy || process->dying || !process->ranHere ||
        process->disks->len == 0 || !simChaosHasKept(chaos, process))
        return FALSE;
    for (i = 0; i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);
        g_autofree char *entry = simJudgeFindEntry(chaos->world->judge, process->pid, disk->resource->name);

        /* Another one is what an acquire left that used the token up and came to nothing. */
        if (!entry || g_strcmp0(entry, disk->heldBy) != 0 || !simJudgeIsFreeFor(chaos->world->judge, process, disk))
            return FALSE;
    }
    return TRUE;
}

static gboolean
simChaosAnyBusy(const GPtrArray *processes)
{
    guint i;

    for (i = 0; i < processes->len; i++) {
        const simProcess *process = g_ptr_array_index(processes, i);

        if (process->state != SIM_PROCESS_DEAD && (process->busy || process->dying))
            return TRUE;
    }
    return FALSE;
}

/* Until libvirt's calls for @processes are over; they take no longer than that. */
static void
simChaosSettle(simChaos *chaos, const GPtrArray *processes)
{
    virLeaseTime limit = simWorldNow(chaos->world) + SIM_CALL_TIMEOUT + 2 * VIR_LEASE_SECOND;

    while (simChaosAnyBusy(processes) && simWorldNow(chaos->world) < limit)
        simWorldRun(chaos->world, 100 * VIR_LEASE_MILLISECOND);
}

static void
simChaosResume(simChaos *chaos, simProcess *process)
{
    g_autoptr(GPtrArray) one = g_ptr_array_new();

    g_ptr_array_add(one, process);
    simProcessResume(process);
    simChaosSettle(chaos, one);
}

/* L1 for the paused: who has lost nothing goes on; at once, or when a session of
 * which nothing but an entry is left has been watched, see simChaosCheckFree().
 * Not where the server has been forgetful: tokens of dead sessions are then
 * refused until an administrator has had a look (rule 20). */
void
simChaosResumeAll(simChaos *chaos)
{
    g_autoptr(GPtrArray) alive = g_ptr_array_copy(chaos->world->alive, NULL, NULL);
    guint i;

    if (chaos->world->lostData)
        return;
    for (i = 0; i < alive->len; i++) {
        simProcess *process = g_ptr_array_index(alive, i);

        if (!simChaosCanGoOn(chaos, process))
            continue;
        simChaosResume(chaos, process);
        if (process->state == SIM_PROCESS_PAUSED && process->lastCode == VIR_ERR_RESOURCE_BUSY) {
            simWorldRun(chaos->world, 2 * chaos->world->config.length);
            simChaosResume(chaos, process);
        }
        if (process->state == SIM_PROCESS_PAUSED)
            simJudgeViolation(chaos->world->judge, "L1", "'%s' (pid %" G_GINT64_FORMAT " on %s) is paused, has lost nothing, and may not go on: %s",
                              process->guest->name, process->pid, process->host->name, process->lastMessage);
    }
}

/* Probes once for each free resource; returns how many did not get theirs. */
static guint
simChaosProbeAll(simChaos *chaos, gboolean last)
{
    g_autoptr(GPtrArray) probes = g_ptr_array_new();
    guint failed = 0;
    guint i;

    for (i = 0; i < chaos->resources; i++)
        simChaosProbe(chaos, probes, simChaosResources[i]);
    simChaosSettle(chaos, probes);
    for (i = 0; i < probes->len; i++) {
        const simProcess *probe = g_ptr_array_index(probes, i);

        if (probe->state == SIM_PROCESS_RUNNING)
            continue;
        failed++;
        if (last)
            simJudgeViolation(chaos->world->judge, "L1", "'%s' could not get a free resource on %s: %s",
                              probe->guest->name, probe->host->name, probe->lastMessage);
    }
    return failed;
}

/* L1: what is free can be had: at once, or when a session of which nothing but
 * an entry is left (carried out late, after its directory went) has been
 * watched for the length of a lease by each host that meets it. */
void
simChaosCheckFree(simChaos *chaos)
{
    guint tries;

    for (tries = chaos->world->hosts->len; tries > 0; tries--) {
        if (simChaosProbeAll(chaos, FALSE) == 0)
            return;
        simWorldRun(chaos->world, 2 * chaos->world->config.length);
    }
    simChaosProbeAll(chaos, TRUE);
}
