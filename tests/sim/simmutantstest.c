/*
 * simmutantstest.c: who leaves a rule out is caught
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * tests/sim/mutants.txt has a line for each engine that does without one rule:
 * its name, a seed or "scene", and the promise that is broken in that world;
 * for scenes see simscenestest.c. With the same seed the engine that keeps all
 * rules breaks none.
 *
 * A change of the engine or of the worlds may move a story to a seed behind
 * it; what has a scene, too, is not looked for then. "make check-mutants" looks
 * for seeds afresh, and tests/sim/mutants.py writes them down.
 */
#include <config.h>

#include <string.h>

#include "simchaos.h"
#include "simjudge.h"
#include "simmutant.h"
#include "simscene.h"
#include "virlog.h"

/* So many seeds are tried before a mutant counts as unnoticed. */
#define SIM_NEARBY 300

typedef struct {
    const simMutant *mutant;
    guint64 seed;
    char *promise;
} simMutantCase;

static simWorld *
testRun(guint64 seed, const simMutant *mutant)
{
    const simChaosConfig config = {
        .seed = seed,
        .engine = &mutant->engine,
        .leases = SIM_MUTANT_LEASES,
    };

    return simChaosRun(&config);
}

static gboolean
testBreaks(const simWorld *world, const char *promise)
{
    const GPtrArray *violations = simJudgeViolations(world->judge);
    g_autofree char *prefix = g_strconcat(promise, ":", NULL);
    guint i;

    for (i = 0; i < violations->len; i++) {
        g_test_message("%s", (const char *) g_ptr_array_index(violations, i));
        if (g_str_has_prefix(g_ptr_array_index(violations, i), prefix))
            return TRUE;
    }
    return FALSE;
}

static gboolean
testIsNoticed(const simMutantCase *which, guint64 seed)
{
    g_autoptr(simWorld) broken = testRun(seed, which->mutant);

    return testBreaks(broken, which->promise);
}

static void
testCase(gconstpointer data)
{
    const simMutantCase *which = data;
    g_autoptr(simWorld) whole = NULL;
    guint64 seed = which->seed;

    while (!testIsNoticed(which, seed)) {
        if (simSceneFind(which->mutant->name)) {
            g_test_skip("its story has moved to another seed, and it has a scene in simscenestest");
            return;
        }
        g_assert_cmpuint(++seed, <, which->seed + SIM_NEARBY);
    }
    whole = testRun(seed, simMutants());
    g_assert_cmpuint(simJudgeViolations(whole->judge)->len, ==, 0);
}

static void
testCaseFree(gpointer data)
{
    simMutantCase *which = data;

    g_free(which->promise);
    g_free(which);
}

/* Each mutant has its line, in the order of virleaserule.h. */
static void
testAllListed(gconstpointer data)
{
    const char *const *lines = data;
    const simMutant *mutants = simMutants();
    guint next = 1;
    guint i;

    for (i = 0; lines[i]; i++) {
        if (!*lines[i] || *lines[i] == '#')
            continue;
        g_assert_cmpuint(next, <, VIR_LEASE_MUTANT_LAST);
        g_assert_true(g_str_has_prefix(lines[i], mutants[next].name));
        next++;
    }
    g_assert_cmpuint(next, ==, VIR_LEASE_MUTANT_LAST);
}

static void
testAddLine(const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 3);
    g_autofree char *path = NULL;
    simMutantCase *which;

    if (g_strv_length(words) != 3)
        g_error("tests/sim/mutants.txt: '%s' is not NAME SEED PROMISE", line);
    if (g_str_equal(words[1], "scene")) {
        g_assert_nonnull(simSceneFind(words[0]));
        return;
    }
    path = g_strdup_printf("/sim/mutants/%s", words[0]);
    which = g_new0(simMutantCase, 1);
    which->mutant = simMutantFind(words[0]);
    which->seed = g_ascii_strtoull(words[1], NULL, 10);
    which->promise = g_strdup(words[2]);
    g_test_add_data_func_full(path, which, testCase, testCaseFree);
}

int
main(int argc, char **argv)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint i;

    g_test_init(&argc, &argv, NULL);
    virLogSetPriority(VIR_LOG_ERROR + 1);

    path = g_test_build_filename(G_TEST_DIST, "sim", "mutants.txt", NULL);
    if (!g_file_get_contents(path, &text, NULL, NULL))
        g_error("%s cannot be read", path);
    lines = g_strsplit(text, "\n", -1);
    g_test_add_data_func("/sim/mutants/all-listed", lines, testAllListed);
    for (i = 0; lines[i]; i++) {
        if (*lines[i] && *lines[i] != '#')
            testAddLine(lines[i]);
    }

    return g_test_run();
}
