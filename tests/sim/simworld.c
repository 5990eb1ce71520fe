/*
 * simworld.c: hosts, guests and a server in virtual time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "simrequest.h"
#include "simworld.h"

/* 2026-01-01 00:00:00 UTC */
#define SIM_WORLD_SERVER_EPOCH (G_GINT64_CONSTANT(1767225600) * VIR_LEASE_SECOND)

void
simWorldTrace(simWorld *world, const simHost *who, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    if (!world->config.trace)
        return;
    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    g_print("# %13.6f %-6s %s\n", (double) simWorldNow(world) / (double) VIR_LEASE_SECOND,
            who ? who->name : "", text);
}

static void
simWorldDeliver(guint host, guint64 generation, virLeaseReply *reply, gpointer opaque)
{
    simHostReply(simWorldHost(opaque, host), generation, reply);
}

static void
simWorldChanged(virLeaseOpType type, const char *path, const char *target, gpointer opaque)
{
    simWorld *world = opaque;

    simWorldTrace(world, NULL, "  export: %s %s", virLeaseOpTypeToString(type), path);
    simJudgeChanged(world->judge, type, path, target);
}

static void
simWorldMakeServer(simWorld *world)
{
    const simWorldConfig *config = &world->config;

    world->server = simServerNew(world->queue, SIM_WORLD_SERVER_EPOCH);
    simServerMakeLockspace(world->server, config->length, config->shards);
    simServerSetChangeFunc(world->server, simWorldChanged, world);
    world->net = simNetNew(world->queue, world->server, config->hosts,
                           simDiceRoll(&world->dice), simWorldDeliver, world);
}

simWorld *
simWorldNew(const simWorldConfig *config)
{
    simWorld *world = g_new0(simWorld, 1);
    guint i;

    world->config = *config;
    world->dice.state = config->seed;
    world->nextPid = 1000;
    world->queue = simQueueNew();
    world->judge = simJudgeNew(world);
    world->guests = g_ptr_array_new_with_free_func((GDestroyNotify) simGuestFree);
    world->processes = g_ptr_array_new_with_free_func((GDestroyNotify) simProcessFree);
    world->alive = g_ptr_array_new();
    world->migrations = g_ptr_array_new_with_free_func(g_free);
    world->requests = g_ptr_array_new_with_free_func((GDestroyNotify) simRequestFree);
    simWorldMakeServer(world);
    world->hosts = g_ptr_array_new_with_free_func((GDestroyNotify) simHostFree);
    for (i = 0; i < config->hosts; i++)
        g_ptr_array_add(world->hosts, simHostNew(world, i));
    return world;
}

void
simWorldFree(simWorld *world)
{
    if (!world)
        return;
    simQueueFree(world->queue);
    g_ptr_array_unref(world->hosts);
    g_ptr_array_unref(world->requests);
    g_ptr_array_unref(world->migrations);
    g_ptr_array_unref(world->alive);
    g_ptr_array_unref(world->processes);
    g_ptr_array_unref(world->guests);
    simJudgeFree(world->judge);
    simNetFree(world->net);
    simServerFree(world->server);
    g_free(world);
}

virLeaseTime
simWorldNow(const simWorld *world)
{
    return simQueueNow(world->queue);
}

void
simWorldRun(simWorld *world, virLeaseSpan span)
{
    virLeaseTime limit = simWorldNow(world) + span;

    while (simQueueRunNext(world->queue, limit))
        ;
}

simHost *
simWorldHost(simWorld *world, guint index)
{
    return g_ptr_array_index(world->hosts, index);
}

simProcess *
simWorldFindPid(simWorld *world, gint64 pid)
{
    gint64 index = pid - 1000;

    if (index < 0 || index >= (gint64) world->processes->len)
        return NULL;
    return g_ptr_array_index(world->processes, (guint) index);
}
