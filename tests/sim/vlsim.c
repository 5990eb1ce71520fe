/*
 * vlsim.c: runs random worlds and says which of them broke a promise
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One seed is told as a story, a line for each event; of several only what
 * went wrong, and the figures.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "simrun.h"
#include "virlog.h"

static gint64 simSeed = 1;
static gint64 simCount = 1;
static gint simHosts;
static gint simGuests;
static gint simLeases;
static gboolean simDebug;
static gboolean simNoFork;

static const GOptionEntry simOptions[] = {
    { "seed", 's', 0, G_OPTION_ARG_INT64, &simSeed, "The first seed", "N" },
    { "count", 'n', 0, G_OPTION_ARG_INT64, &simCount, "How many seeds to run; 1: and tell the story", "N" },
    { "hosts", 0, 0, G_OPTION_ARG_INT, &simHosts, "Hosts in each world", "N" },
    { "guests", 0, 0, G_OPTION_ARG_INT, &simGuests, "Guests in each world", "N" },
    { "leases", 0, 0, G_OPTION_ARG_INT, &simLeases, "For so many leases the faults last in each world, instead of one to eight", "N" },
    { "debug", 'd', 0, G_OPTION_ARG_NONE, &simDebug, "Show the engine's log too", NULL },
    { "no-fork", 0, 0, G_OPTION_ARG_NONE, &simNoFork, "Run in this process", NULL },
    { NULL }
};

static void
simRunSeedsHere(simChaosConfig config, simResult *total)
{
    gint64 i;

    for (i = 0; i < simCount; i++) {
        simResult result;

        simRunHere(&config, FALSE, &result);
        simResultAdd(total, &result);
        config.seed++;
    }
}

static void
simRunSeeds(simResult *total)
{
    const simChaosConfig config = {
        .seed = (guint64) simSeed,
        .hosts = (guint) simHosts,
        .guests = (guint) simGuests,
        .leases = (guint) simLeases,
        .trace = simCount == 1,
    };

    if (simNoFork)
        simRunSeedsHere(config, total);
    else
        simRunForked(&config, (guint64) MAX(simCount, 0), FALSE, total);
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- run random worlds");
    g_autoptr(GError) error = NULL;
    simResult total = { 0 };

    g_option_context_add_main_entries(context, simOptions, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "vlsim: %s\n", error->message);
        return 2;
    }
    virLogSetPriority(simDebug ? VIR_LOG_DEBUG : VIR_LOG_ERROR + 1);
    simRunSeeds(&total);
    simResultPrint(&total);
    return total.bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
