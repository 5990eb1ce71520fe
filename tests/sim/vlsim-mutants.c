/*
 * vlsim-mutants.c: whether the simulator notices that a rule is left out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For each engine that does without one rule it looks for the first seed
 * whose world breaks a promise, and prints a line: rule, name, seeds needed,
 * promise, story. If there is none its scene is played; where the engine has to
 * do without another rule, too, that one's name comes after "scene".
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simjudge.h"
#include "simmutant.h"
#include "simrun.h"
#include "simscene.h"
#include "virlog.h"

static gint64 simSeed = 1;
static gint64 simMax = 2000;
static char *simOnly;
static gboolean simTrace;
static gboolean simAll;

static const GOptionEntry simOptions[] = {
    { "seed", 's', 0, G_OPTION_ARG_INT64, &simSeed, "The first seed", "N" },
    { "max", 'm', 0, G_OPTION_ARG_INT64, &simMax, "How many seeds to try for each", "N" },
    { "only", 'o', 0, G_OPTION_ARG_STRING, &simOnly, "Only these", "NAME[,NAME]..." },
    { "trace", 't', 0, G_OPTION_ARG_NONE, &simTrace, "Print the story of the seed", NULL },
    { "all", 'a', 0, G_OPTION_ARG_NONE, &simAll, "Go on after the first seed, and count", NULL },
    { NULL }
};

static gboolean
simIsWanted(const simMutant *mutant)
{
    g_auto(GStrv) names = simOnly ? g_strsplit(simOnly, ",", -1) : NULL;

    return !names || g_strv_contains((const char *const *) names, mutant->name);
}

/* Returns how many seeds it took, 0 if none was enough. */
static gint64
simSearch(const simMutant *mutant, simResult *total)
{
    simChaosConfig config = {
        .engine = &mutant->engine,
        .leases = SIM_MUTANT_LEASES,
        .trace = simTrace,
    };
    gint64 found = 0;
    gint64 i;

    for (i = 0; i < simMax && (simAll || !found); i++) {
        simResult result = { 0 };

        config.seed = (guint64) (simSeed + i);
        simRunForked(&config, 1, TRUE, &result);
        simResultAdd(total, &result);
        if (result.bad && !found)
            found = i + 1;
    }
    return found;
}

static void
simPrintSeed(const simMutant *mutant, gint64 found, const simResult *total)
{
    printf("%-4s %-22s %6" G_GINT64_FORMAT " %6" G_GUINT64_FORMAT "/%-6" G_GUINT64_FORMAT " %-10s %s\n", mutant->rule, mutant->name,
           found, total->bad, total->histories, total->promise, total->story);
    fflush(stdout);
}

/* Returns whether a promise was broken in it. */
static gboolean
simPrintScene(const simMutant *mutant, const simScene *scene)
{
    simEngineClass engine = mutant->engine;
    g_autoptr(simWorld) world = NULL;
    simResult result;

    if (scene->also)
        engine.also = simMutantFind(scene->also)->engine.mutant;
    world = simScenePlay(scene, &engine);
    simResultTakeWorld(&result, world);
    printf("%-4s %-22s scene %14s %-10s %s\n", mutant->rule, mutant->name, scene->also ? scene->also : "-",
           result.promise, result.story);
    fflush(stdout);
    return result.bad;
}

/* Returns whether a promise was broken in all that was tried. */
static gboolean
simTry(const simMutant *mutant)
{
    const simScene *scene = simSceneFind(mutant->name);
    simResult total = { 0 };
    gint64 found = simSearch(mutant, &total);

    if (!found && scene)
        return simPrintScene(mutant, scene);
    simPrintSeed(mutant, found, &total);
    return found > 0;
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- find out who notices that a rule is left out");
    g_autoptr(GError) error = NULL;
    const simMutant *mutants = simMutants();
    guint missed = 0;
    guint i;

    g_option_context_add_main_entries(context, simOptions, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "vlsim-mutants: %s\n", error->message);
        return 2;
    }
    virLogSetPriority(VIR_LOG_ERROR + 1);
    for (i = 0; i < VIR_LEASE_MUTANT_LAST; i++) {
        if (simIsWanted(&mutants[i]))
            missed += simTry(&mutants[i]) != (i > 0);
    }
    return missed ? EXIT_FAILURE : EXIT_SUCCESS;
}
