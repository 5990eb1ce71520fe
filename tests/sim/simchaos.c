/*
 * simchaos.c: a world that the dice make and drive
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simchaos.h"
#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "simrequest.h"
#include "virleasename.h"

#define SIM_CHAOS_REST (60 * VIR_LEASE_SECOND)  /* an audit goes round in that */

typedef struct {
    simWorld *world;
    simDice dice;
    virLeaseTime end;
    guint resources;
    gboolean siege;             /* hosts are cut off again and again, and others wait for their disks */
} simChaos;

static const char *const simChaosResources[] = { "alpha", "beta", "gamma", "delta", "epsilon" };

/* ---- making a world ---- */
static void
simChaosAddGuest(simChaos *chaos, guint number, gboolean failures)
{
    simGuest *guest;
    g_autofree char *name = g_strdup_printf("guest%u", number + 1);
    guint wanted = 1 + simDiceBelow(&chaos->dice, 3);
    guint i;

    guest = simGuestNew(chaos->world, name, NULL);
    /* "ignore" promises nothing that could be judged */
    if (failures)
        guest->failure = number % VIR_LEASE_FAILURE_IGNORE;
    for (i = 0; i < chaos->resources && guest->resources->len < wanted; i++) {
        const char *resource = simChaosResources[i];
        g_autofree char *path = g_strdup_printf("/images/%s.qcow2", resource);

        if (simDiceChance(&chaos->dice, 600))
            g_ptr_array_add(guest->resources,
                            virLeaseResourceNew(resource, path, simDiceChance(&chaos->dice, 250) ? VIR_LEASE_MODE_SHARED : VIR_LEASE_MODE_EXCLUSIVE));
    }
    if (guest->resources->len == 0)
        g_ptr_array_add(guest->resources,
                        virLeaseResourceNew("alpha", "/images/alpha.qcow2", VIR_LEASE_MODE_EXCLUSIVE));
}

static void
simChaosConfigureNet(simChaos *chaos)
{
    static const guint levels[] = { 0, 0, 3, 10, 40 };
    guint level = levels[simDiceBelow(&chaos->dice, G_N_ELEMENTS(levels))];
    virLeaseSpan length = chaos->world->config.length;
    simNetConfig net = {
        .delayMin = VIR_LEASE_MILLISECOND / 10,
        .delayMax = simDiceSpan(&chaos->dice, VIR_LEASE_MILLISECOND, 40 * VIR_LEASE_MILLISECOND),
        .slow = level,
        .slowMax = length / 2,
        .loseRequest = level,
        .loseReply = level,
        .late = level,
        .lateMax = 2 * length,
        .twice = level,
        .refuse = level,
        .pages = simDiceBelow(&chaos->dice, 1000),
        .survives = 500,
    };

    if (chaos->siege) {
        net.slow = 200;
        net.slowMax = length / 5;
    }
    simNetConfigure(chaos->world->net, &net);
}

static simChaos *
simChaosNew(const simChaosConfig *config)
{
    static const gint64 lengths[] = { 6, 6, 10, 30 };
    static const unsigned shards[] = { 1, 4, 16 };
    simChaos *chaos = g_new0(simChaos, 1);
    simWorldConfig world = { .seed = config->seed, .engine = config->engine ? config->engine : &simEngineReal, .trace = config->trace };
    guint guests;
    guint i;

    chaos->dice.state = config->seed ^ G_GUINT64_CONSTANT(0x5eed5eed5eed);
    world.hosts = config->hosts ? config->hosts : 2 + simDiceBelow(&chaos->dice, 3);
    world.length = lengths[simDiceBelow(&chaos->dice, G_N_ELEMENTS(lengths))] * VIR_LEASE_SECOND;
    world.shards = shards[simDiceBelow(&chaos->dice, G_N_ELEMENTS(shards))];
    world.drift = simDiceChance(&chaos->dice, 700);
    world.harsh = TRUE;
    world.lazyGuard = simDiceChance(&chaos->dice, 500);
    chaos->siege = simDiceChance(&chaos->dice, 250);
    chaos->resources = chaos->siege ? 2 : 2 + simDiceBelow(&chaos->dice, G_N_ELEMENTS(simChaosResources) - 1);
    guests = config->guests ? config->guests : 2 + simDiceBelow(&chaos->dice, 5);
    chaos->world = simWorldNew(&world);
    chaos->end = config->span;
    for (i = 0; i < guests; i++)
        simChaosAddGuest(chaos, i, config->failures);
    simChaosConfigureNet(chaos);
    return chaos;
}

/* ---- picking ---- */
static simHost *
simChaosPickHost(simChaos *chaos)
{
    simHost *host = simWorldHost(chaos->world, simDiceBelow(&chaos->dice, chaos->world->hosts->len));

    return host->up ? host : NULL;
}

/* A living process that no call of libvirt is busy with, in one of two states. */
static simProcess *
simChaosPick(simChaos *chaos, simProcessState state, simProcessState orState)
{
    const GPtrArray *alive = chaos->world->alive;
    simProcess *process;

    if (alive->len == 0)
        return NULL;
    process = g_ptr_array_index(alive, simDiceBelow(&chaos->dice, alive->len));
    if (process->busy || process->dying || process->migration || process->suspending ||
        (process->state != state && process->state != orState))
        return NULL;
    return process;
}

static gboolean
simChaosIsThere(const simChaos *chaos, const simHost *host, const simGuest *guest)
{
    const GPtrArray *alive = chaos->world->alive;
    guint i;

    for (i = 0; i < alive->len; i++) {
        const simProcess *process = g_ptr_array_index(alive, i);

        if (process->host == host && process->guest == guest)
            return TRUE;
    }
    return FALSE;
}

static virLeaseSpan
simChaosSpan(simChaos *chaos)
{
    virLeaseSpan length = chaos->world->config.length;

    if (chaos->siege)
        return simDiceSpan(&chaos->dice, length / 2, 2 * length);
    return simDiceChance(&chaos->dice, 600) ? simDiceSpan(&chaos->dice, 0, length / 3)
                                            : simDiceSpan(&chaos->dice, length / 3, 2 * length);
}

/* ---- what can happen ---- */
static void
simChaosStart(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);
    simGuest *guest = g_ptr_array_index(chaos->world->guests, simDiceBelow(&chaos->dice, chaos->world->guests->len));

    if (host && !simChaosIsThere(chaos, host, guest))
        simGuestStart(host, guest, simDiceChance(&chaos->dice, 150), simDiceChance(&chaos->dice, 900));
}

static void
simChaosSuspend(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_RUNNING);

    if (process)
        simProcessSuspend(process);
}

static void
simChaosResume(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_PAUSED, SIM_PROCESS_READY);

    if (process && (process->state == SIM_PROCESS_PAUSED || process->startPaused))
        simProcessResume(process);
}

static void
simChaosMigrate(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_PAUSED);
    simHost *host = simChaosPickHost(chaos);

    if (process && host && !simChaosIsThere(chaos, host, process->guest))
        simProcessMigrate(process, host, simDiceChance(&chaos->dice, 100));
}

static void
simChaosAttach(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_PAUSED);
    const char *resource = simChaosResources[simDiceBelow(&chaos->dice, chaos->resources)];

    if (process && !simProcessFindDisk(process, resource))
        simProcessAttach(process, resource, simDiceChance(&chaos->dice, 250) ? VIR_LEASE_MODE_SHARED : VIR_LEASE_MODE_EXCLUSIVE);
}

static void
simChaosDetach(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_PAUSED);
    const simDisk *disk;

    if (!process || process->disks->len < 2)
        return;
    disk = g_ptr_array_index(process->disks, simDiceBelow(&chaos->dice, process->disks->len));
    simProcessDetach(process, disk->resource->name);
}

static void
simChaosKill(simChaos *chaos)
{
    const GPtrArray *alive = chaos->world->alive;

    if (alive->len)
        simProcessKill(g_ptr_array_index(alive, simDiceBelow(&chaos->dice, alive->len)), VIR_LEASE_MILLISECOND, "destroyed");
}

static void
simChaosGiveUp(simChaos *chaos)
{
    const GPtrArray *requests = chaos->world->requests;

    if (requests->len && !((simRequest *) g_ptr_array_index(requests, requests->len - 1))->finished)
        simRequestGiveUp(g_ptr_array_index(requests, requests->len - 1));
}

static void
simChaosStartsDaemon(gpointer data)
{
    simHostStartDaemon(data);
}

static void
simChaosBoots(gpointer data)
{
    simHostBoot(data);
}

static void
simChaosLater(simChaos *chaos, virLeaseSpan span, simQueueFunc func, simHost *host)
{
    simQueueAdd(chaos->world->queue, simWorldNow(chaos->world) + span, func, host, NULL);
}

static void
simChaosCrashDaemon(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (!host)
        return;
    if (simDiceChance(&chaos->dice, 500))
        simHostCrashDaemonAfter(host, simDiceBelow(&chaos->dice, 30));
    else
        simHostCrashDaemon(host);
}

static void
simChaosShutdownDaemon(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        simHostShutdownDaemon(host);
}

static void
simChaosHang(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        simHostHang(host, simChaosSpan(chaos));
}

static void
simChaosCrash(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (!host)
        return;
    simHostCrash(host);
    simChaosLater(chaos, simChaosSpan(chaos), simChaosBoots, host);
}

static void
simChaosCut(simChaos *chaos)
{
    guint host = simDiceBelow(&chaos->dice, chaos->world->hosts->len);
    virLeaseTime until = simWorldNow(chaos->world) + simChaosSpan(chaos);
    guint which = simDiceBelow(&chaos->dice, 3);

    simWorldTrace(chaos->world, simWorldHost(chaos->world, host), "the network is cut (%u) until %.3f s", which,
                  (double) until / (double) VIR_LEASE_SECOND);
    if (which != 1)
        simNetCutRequests(chaos->world->net, host, until);
    if (which != 0)
        simNetCutReplies(chaos->world->net, host, until);
}

static void
simChaosServerDown(simChaos *chaos)
{
    virLeaseTime until = simWorldNow(chaos->world) + simChaosSpan(chaos);

    simWorldTrace(chaos->world, NULL, "the server is down until %.3f s", (double) until / (double) VIR_LEASE_SECOND);
    simNetServerDown(chaos->world->net, until);
}

static void
simChaosReset(simChaos *chaos)
{
    guint host = simDiceBelow(&chaos->dice, chaos->world->hosts->len);

    simWorldTrace(chaos->world, simWorldHost(chaos->world, host), "the connection breaks");
    simNetReset(chaos->world->net, host);
}

/* Somebody sets a host's wall clock. */
static void
simChaosSetClock(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        host->wallSkew = simDiceSpan(&chaos->dice, -86400, 86400);
}

static void
simChaosFailSave(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        host->failSaves = 1;
}

typedef struct {
    guint seen;
    simDice *dice;
    char *picked;
} simChaosRevocation;

static void
simChaosRevokeEntry(const char *name, const char *target G_GNUC_UNUSED,
                    const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simChaosRevocation *revocation = opaque;
    g_auto(GStrv) words = g_strsplit(name, ".", 8);

    if (g_strv_length(words) != 6 || simDiceBelow(revocation->dice, ++revocation->seen) > 0)
        return;
    g_free(revocation->picked);
    revocation->picked = g_strdup_printf("sessions/%s.revoke.%s", words[3], words[4]);
}

/* An administrator wants a guest to go; rarely. */
static void
simChaosRevoke(simChaos *chaos)
{
    simChaosRevocation revocation = { .dice = &chaos->dice };
    g_autofree char *shard = NULL;

    if (!simDiceChance(&chaos->dice, 200))
        return;
    shard = virLeaseShardPath(simDiceBelow(&chaos->dice, chaos->world->config.shards));
    simServerList(chaos->world->server, shard, simChaosRevokeEntry, &revocation);
    if (revocation.picked && !simServerExists(chaos->world->server, revocation.picked))
        simServerLink(chaos->world->server, revocation.picked, "by=admin");
    g_free(revocation.picked);
}

/* Who has no daemon gets one; sooner or later. */
static void
simChaosRepair(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host && !host->engine)
        simChaosLater(chaos, simChaosSpan(chaos), simChaosStartsDaemon, host);
}

static const struct {
    guint weight;
    guint siege;                /* its weight in a siege */
    void (*func)(simChaos *chaos);
} simChaosActs[] = {
    { 260, 900, simChaosStart },
    { 110, 30, simChaosSuspend },
    { 150, 60, simChaosResume },
    { 110, 20, simChaosMigrate },
    { 50, 5, simChaosAttach },
    { 30, 5, simChaosDetach },
    { 70, 5, simChaosKill },
    { 10, 5, simChaosGiveUp },
    { 12, 10, simChaosCrashDaemon },
    { 6, 1, simChaosShutdownDaemon },
    { 8, 10, simChaosHang },
    { 8, 5, simChaosCrash },
    { 14, 40, simChaosCut },
    { 5, 2, simChaosServerDown },
    { 10, 10, simChaosReset },
    { 3, 1, simChaosFailSave },
    { 5, 1, simChaosSetClock },
    { 5, 1, simChaosRevoke },
    { 60, 60, simChaosRepair },
};

static guint
simChaosWeight(const simChaos *chaos, guint act)
{
    return chaos->siege ? simChaosActs[act].siege : simChaosActs[act].weight;
}

static void
simChaosAct(gpointer data)
{
    simChaos *chaos = data;
    virLeaseSpan pause = chaos->world->config.length / (chaos->siege ? 16 : 4);
    guint total = 0;
    guint dice;
    guint i;

    if (simWorldNow(chaos->world) >= chaos->end)
        return;
    for (i = 0; i < G_N_ELEMENTS(simChaosActs); i++)
        total += simChaosWeight(chaos, i);
    dice = simDiceBelow(&chaos->dice, total);
    for (i = 0; dice >= simChaosWeight(chaos, i); i++)
        dice -= simChaosWeight(chaos, i);
    simChaosActs[i].func(chaos);
    simQueueAdd(chaos->world->queue,
                simWorldNow(chaos->world) + simDiceSpan(&chaos->dice, VIR_LEASE_MILLISECOND, pause),
                simChaosAct, chaos, NULL);
}

/* ---- peace ---- */
static void
simChaosHeal(simChaos *chaos)
{
    guint i;

    simWorldTrace(chaos->world, NULL, "---- peace ----");
    simNetHeal(chaos->world->net);
    for (i = 0; i < chaos->world->hosts->len; i++) {
        simHost *host = simWorldHost(chaos->world, i);

        host->crashAfter = -1;
        host->failSaves = 0;
        simHostBoot(host);
        simHostStartDaemon(host);
    }
}

static void
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

/* Whether a paused guest's locks stand as they stood when it was stopped, so
 * that nothing can be against its going on. */
static gboolean
simChaosCanGoOn(simChaos *chaos, const simProcess *process)
{
    guint i;

    if (process->state != SIM_PROCESS_PAUSED || process->busy || process->dying || !process->ranHere ||
        process->disks->len == 0)
        return FALSE;
    for (i = 0; i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);
        g_autofree char *entry = simJudgeFindEntry(chaos->world->judge, process->pid, disk->resource->name);

        if (!entry || !simJudgeIsFreeFor(chaos->world->judge, process, disk))
            return FALSE;
    }
    return TRUE;
}

/* L1 for the paused: who has lost nothing goes on. */
static void
simChaosResumeAll(simChaos *chaos)
{
    g_autoptr(GPtrArray) alive = g_ptr_array_copy(chaos->world->alive, NULL, NULL);
    guint i;

    for (i = 0; i < alive->len; i++) {
        simProcess *process = g_ptr_array_index(alive, i);

        if (!simChaosCanGoOn(chaos, process))
            continue;
        simProcessResume(process);
        simWorldRun(chaos->world, SIM_CALL_TIMEOUT + 2 * VIR_LEASE_SECOND);
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
    simWorldRun(chaos->world, SIM_CALL_TIMEOUT + 2 * VIR_LEASE_SECOND);
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
static void
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

simWorld *
simChaosRun(const simChaosConfig *config)
{
    simChaos *chaos = simChaosNew(config);
    simWorld *world = chaos->world;
    virLeaseSpan length = world->config.length;

    simQueueAdd(world->queue, VIR_LEASE_SECOND, simChaosAct, chaos, NULL);
    simWorldRun(world, config->span);
    simWorldRun(world, VIR_LEASE_SECOND);
    simChaosHeal(chaos);
    simWorldRun(world, 3 * length + SIM_CHAOS_REST);
    simChaosHeal(chaos);        /* whose daemon ended in between */
    simWorldRun(world, 2 * VIR_LEASE_SECOND);
    simChaosResumeAll(chaos);
    simChaosKillAll(chaos, FALSE);
    simWorldRun(world, 3 * length);
    simChaosCheckFree(chaos);
    simChaosKillAll(chaos, TRUE);
    simWorldRun(world, 3 * length + SIM_CHAOS_REST);
    simJudgeLeftovers(world->judge);
    g_free(chaos);
    return world;
}
