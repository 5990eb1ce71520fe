/*
 * simchaostheme.c: what kinds of random worlds there are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simchaospriv.h"
#include "simguest.h"

const char *const simChaosResources[5] = { "alpha", "beta", "gamma", "delta", "epsilon" };

static const simTheme simThemes[] = {
    {
        /* Everything, as it comes. */
        .name = "mixed", .share = 30, .pace = 4, .resources = 5, .slowGuard = 50,
        .acts = {
            [SIM_ACT_START] = 240, [SIM_ACT_RUSH] = 20, [SIM_ACT_SUSPEND] = 110, [SIM_ACT_RESUME] = 150,
            [SIM_ACT_MIGRATE] = 110, [SIM_ACT_COPY] = 10, [SIM_ACT_ATTACH] = 50, [SIM_ACT_DETACH] = 30,
            [SIM_ACT_KILL] = 60, [SIM_ACT_KILL_BUSY] = 10, [SIM_ACT_GIVE_UP] = 10, [SIM_ACT_CRASH_DAEMON] = 12,
            [SIM_ACT_STOP_DAEMON] = 6, [SIM_ACT_HANG] = 8, [SIM_ACT_HANG_GUARD] = 4, [SIM_ACT_SLEEP] = 4,
            [SIM_ACT_CRASH] = 8, [SIM_ACT_CUT] = 14, [SIM_ACT_SERVER_DOWN] = 5, [SIM_ACT_RESET] = 10,
            [SIM_ACT_STALL] = 8, [SIM_ACT_STALE] = 3, [SIM_ACT_FAIL_SAVE] = 3, [SIM_ACT_SET_CLOCK] = 5,
            [SIM_ACT_REVOKE] = 5, [SIM_ACT_REPAIR] = 60,
        },
    }, {
        /* Hosts are cut off again and again, and others wait for their disks. */
        .name = "siege", .share = 15, .pace = 16, .resources = 2, .siege = TRUE, .slow = 200, .slowGuard = 50,
        .acts = {
            [SIM_ACT_START] = 900, [SIM_ACT_SUSPEND] = 30, [SIM_ACT_RESUME] = 60, [SIM_ACT_MIGRATE] = 20,
            [SIM_ACT_ATTACH] = 5, [SIM_ACT_DETACH] = 5, [SIM_ACT_KILL] = 5, [SIM_ACT_GIVE_UP] = 5,
            [SIM_ACT_CRASH_DAEMON] = 10, [SIM_ACT_HANG] = 10, [SIM_ACT_CRASH] = 5, [SIM_ACT_CUT] = 40,
            [SIM_ACT_SERVER_DOWN] = 2, [SIM_ACT_RESET] = 10, [SIM_ACT_STALL] = 10, [SIM_ACT_REPAIR] = 60,
        },
    }, {
        /* Whatever takes long takes long when a lease is about to end. */
        .name = "edge", .share = 15, .pace = 24, .resources = 2, .siege = TRUE, .slowGuard = 400,
        .delay = 3 * VIR_LEASE_MILLISECOND,
        .acts = {
            [SIM_ACT_START] = 500, [SIM_ACT_SUSPEND] = 60, [SIM_ACT_RESUME] = 160, [SIM_ACT_MIGRATE] = 30,
            [SIM_ACT_KILL] = 30, [SIM_ACT_HANG] = 15, [SIM_ACT_HANG_GUARD] = 12, [SIM_ACT_STALL] = 60, [SIM_ACT_CUT] = 15,
            [SIM_ACT_SLEEP] = 5, [SIM_ACT_CRASH_DAEMON] = 5, [SIM_ACT_REPAIR] = 60, [SIM_ACT_SET_CLOCK] = 5,
        },
    }, {
        /* Nothing fails; many want the same. */
        .name = "calm", .share = 10, .pace = 24, .resources = 3, .calm = TRUE, .delay = 8 * VIR_LEASE_MILLISECOND,
        .acts = {
            [SIM_ACT_START] = 300, [SIM_ACT_RUSH] = 200, [SIM_ACT_SUSPEND] = 100, [SIM_ACT_RESUME] = 160,
            [SIM_ACT_MIGRATE] = 160, [SIM_ACT_ATTACH] = 30, [SIM_ACT_DETACH] = 30, [SIM_ACT_KILL] = 60,
            [SIM_ACT_KILL_BUSY] = 60, [SIM_ACT_GIVE_UP] = 20,
        },
    }, {
        /* Tokens go round, and are presented twice. */
        .name = "tokens", .share = 12, .pace = 12, .resources = 2, .slow = 60, .slowGuard = 50, .late = 20,
        .delay = 10 * VIR_LEASE_MILLISECOND,
        .acts = {
            [SIM_ACT_START] = 160, [SIM_ACT_SUSPEND] = 120, [SIM_ACT_RESUME] = 160, [SIM_ACT_MIGRATE] = 120,
            [SIM_ACT_COPY] = 160, [SIM_ACT_ATTACH] = 60, [SIM_ACT_DETACH] = 60, [SIM_ACT_KILL] = 60,
            [SIM_ACT_KILL_BUSY] = 30, [SIM_ACT_CRASH_DAEMON] = 10, [SIM_ACT_CRASH] = 8, [SIM_ACT_CUT] = 10,
            [SIM_ACT_REPAIR] = 60,
        },
    }, {
        /* Daemons come and go, and what they sent arrives when they are gone. */
        .name = "births", .share = 10, .pace = 12, .resources = 2, .siege = TRUE, .slow = 150, .late = 40, .slowGuard = 50,
        .acts = {
            [SIM_ACT_START] = 300, [SIM_ACT_RUSH] = 60, [SIM_ACT_SUSPEND] = 60, [SIM_ACT_RESUME] = 80, [SIM_ACT_MIGRATE] = 30,
            [SIM_ACT_KILL] = 60, [SIM_ACT_KILL_BUSY] = 30, [SIM_ACT_CRASH_DAEMON] = 60, [SIM_ACT_STOP_DAEMON] = 30,
            [SIM_ACT_CRASH] = 20, [SIM_ACT_STALL] = 40, [SIM_ACT_HANG] = 20, [SIM_ACT_REPAIR] = 200,
        },
    }, {
        /* A cache between the hosts and the server (not A1). */
        .name = "stale", .share = 6, .pace = 24, .resources = 2, .siege = TRUE, .slowGuard = 50, .delay = 3 * VIR_LEASE_MILLISECOND,
        .acts = {
            [SIM_ACT_START] = 500, [SIM_ACT_SUSPEND] = 40, [SIM_ACT_RESUME] = 80, [SIM_ACT_MIGRATE] = 20,
            [SIM_ACT_KILL] = 10, [SIM_ACT_STALE] = 10, [SIM_ACT_CUT] = 4, [SIM_ACT_CRASH_DAEMON] = 6, [SIM_ACT_CRASH] = 3,
            [SIM_ACT_REPAIR] = 60,
        },
    }, {
        /* Holders are cut off, and others ask for their disks all the time. */
        .name = "watch", .share = 6, .pace = 80, .resources = 1, .siege = TRUE, .slowGuard = 50, .replays = 300,
        .delay = 2 * VIR_LEASE_MILLISECOND,
        .acts = {
            [SIM_ACT_START] = 600, [SIM_ACT_SUSPEND] = 5, [SIM_ACT_RESUME] = 20, [SIM_ACT_KILL] = 3, [SIM_ACT_CUT] = 12,
            [SIM_ACT_STALL] = 6, [SIM_ACT_HANG] = 4, [SIM_ACT_SLEEP] = 2, [SIM_ACT_CRASH_DAEMON] = 1, [SIM_ACT_REPAIR] = 20,
        },
    }, {
        /* A server that forgets, or somebody who deletes (not A4). */
        .name = "loss", .share = 4, .pace = 4, .resources = 3, .delay = 5 * VIR_LEASE_MILLISECOND,
        .acts = {
            [SIM_ACT_START] = 260, [SIM_ACT_SUSPEND] = 100, [SIM_ACT_RESUME] = 150, [SIM_ACT_MIGRATE] = 60,
            [SIM_ACT_KILL] = 70, [SIM_ACT_LOSE_DATA] = 20, [SIM_ACT_DELETE] = 20,
        },
    },
};

static const simTheme *
simChaosPickTheme(simDice *dice)
{
    guint total = 0;
    guint i;

    for (i = 0; i < G_N_ELEMENTS(simThemes); i++)
        total += simThemes[i].share;
    total = simDiceBelow(dice, total);
    for (i = 0; total >= simThemes[i].share; i++)
        total -= simThemes[i].share;
    return &simThemes[i];
}

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
    const simTheme *theme = chaos->theme;
    guint level = theme->calm || theme->delay ? 0 : levels[simDiceBelow(&chaos->dice, G_N_ELEMENTS(levels))];
    virLeaseSpan length = chaos->world->config.length;
    simNetConfig net = {
        .delayMin = VIR_LEASE_MILLISECOND / 10,
        .delayMax = theme->delay ? theme->delay : simDiceSpan(&chaos->dice, VIR_LEASE_MILLISECOND, 40 * VIR_LEASE_MILLISECOND),
        .slow = theme->slow ? theme->slow : level,
        .slowMax = theme->slow ? length / 5 : length / 2,
        .loseRequest = level,
        .loseReply = level,
        .late = MAX(level, theme->late),
        .lateMax = 2 * length,
        .twice = MAX(level, theme->late),
        .refuse = level,
        .replays = theme->replays,
        .pages = simDiceBelow(&chaos->dice, 1000),
        .survives = 500,
    };

    simNetConfigure(chaos->world->net, &net);
}

/* Many short worlds see more beginnings; what builds up slowly needs some that
 * last. */
static guint
simChaosLeases(simChaos *chaos)
{
    static const guint leases[] = { 1, 2, 2, 2, 2, 3, 3, 3, 4, 8 };

    return leases[simDiceBelow(&chaos->dice, G_N_ELEMENTS(leases))];
}

simChaos *
simChaosNew(const simChaosConfig *config)
{
    static const gint64 lengths[] = { 6, 6, 10, 30 };
    static const unsigned shards[] = { 1, 4, 16 };
    simChaos *chaos = g_new0(simChaos, 1);
    simWorldConfig world = { .seed = config->seed, .engine = config->engine ? config->engine : &simEngineReal, .trace = config->trace };
    gboolean failures;
    guint guests;
    guint i;

    chaos->dice.state = config->seed ^ G_GUINT64_CONSTANT(0x5eed5eed5eed);
    chaos->theme = simChaosPickTheme(&chaos->dice);
    world.hosts = config->hosts ? config->hosts : 2 + simDiceBelow(&chaos->dice, 3);
    world.length = lengths[simDiceBelow(&chaos->dice, G_N_ELEMENTS(lengths))] * VIR_LEASE_SECOND;
    world.shards = shards[simDiceBelow(&chaos->dice, G_N_ELEMENTS(shards))];
    world.drift = simDiceChance(&chaos->dice, 700);
    world.slow = chaos->theme->slowGuard;
    world.calm = chaos->theme->calm;
    world.lazyGuard = simDiceChance(&chaos->dice, 500);
    world.keepsState = simDiceChance(&chaos->dice, 100);
    chaos->resources = 1 + simDiceBelow(&chaos->dice, chaos->theme->resources);
    failures = simDiceChance(&chaos->dice, 500) || config->failures;
    guests = config->guests ? config->guests : 2 + simDiceBelow(&chaos->dice, 5);
    chaos->world = simWorldNew(&world);
    simWorldTrace(chaos->world, NULL, "a world of the kind '%s', L = %.0f s", chaos->theme->name,
                  (double) world.length / (double) VIR_LEASE_SECOND);
    chaos->end = (config->leases ? config->leases : simChaosLeases(chaos)) * world.length;
    for (i = 0; i < guests; i++)
        simChaosAddGuest(chaos, i, failures);
    for (i = 0; i < world.hosts; i++)
        simWorldHost(chaos->world, i)->libvirtHangs = failures && simDiceChance(&chaos->dice, 200);
    simChaosConfigureNet(chaos);
    return chaos;
}
