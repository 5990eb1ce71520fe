/*
 * simchaostest.c: a few hundred random worlds, in each of which every promise is kept
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * "make check-sim-long" runs many more; "tests/sim/vlsim --seed N" tells
 * the story of one.
 */
#include <config.h>

#include "simchaos.h"
#include "simjudge.h"
#include "virlog.h"

#define SIM_CASES 20
#define SIM_SEEDS_PER_CASE 15

static void
testSeed(guint64 seed, gboolean failures)
{
    simChaosConfig config = { .seed = seed, .failures = failures };
    g_autoptr(simWorld) world = simChaosRun(&config);
    const GPtrArray *violations = simJudgeViolations(world->judge);
    guint i;

    for (i = 0; i < violations->len; i++)
        g_test_message("seed %" G_GUINT64_FORMAT ": %s", seed, (const char *) g_ptr_array_index(violations, i));
    g_assert_cmpuint(violations->len, ==, 0);
    g_assert_cmpuint(simJudgeGrants(world->judge), >, 0);
}

static void
testSeeds(gconstpointer data)
{
    guint64 first = GPOINTER_TO_SIZE(data);
    guint64 seed;

    for (seed = first; seed < first + SIM_SEEDS_PER_CASE; seed++)
        testSeed(seed, FALSE);
}

static void
testFailures(gconstpointer data)
{
    guint64 first = GPOINTER_TO_SIZE(data);
    guint64 seed;

    for (seed = first; seed < first + SIM_SEEDS_PER_CASE; seed++)
        testSeed(seed, TRUE);
}

int
main(int argc, char **argv)
{
    guint i;

    g_test_init(&argc, &argv, NULL);
    virLogSetPriority(VIR_LOG_ERROR + 1);

    for (i = 0; i < SIM_CASES; i++) {
        gsize first = 1 + i * SIM_SEEDS_PER_CASE;
        g_autofree char *path = g_strdup_printf("/sim/chaos/seeds-from-%" G_GSIZE_FORMAT, first);
        g_autofree char *failures = g_strdup_printf("/sim/chaos/failures-from-%" G_GSIZE_FORMAT, first);

        g_test_add_data_func(path, GSIZE_TO_POINTER(first), testSeeds);
        g_test_add_data_func(failures, GSIZE_TO_POINTER(first), testFailures);
    }

    return g_test_run();
}
