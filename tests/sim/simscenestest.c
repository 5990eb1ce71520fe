/*
 * simscenestest.c: each scene breaks its promise, if only its rule is left out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simmutant.h"
#include "simscene.h"
#include "virlog.h"

static void
testKeeps(const simScene *scene, const simEngineClass *engine)
{
    g_autoptr(simWorld) world = simScenePlay(scene, engine);
    const GPtrArray *violations = simJudgeViolations(world->judge);

    if (violations->len)
        g_test_message("%s", (const char *) g_ptr_array_index(violations, 0));
    g_assert_cmpuint(violations->len, ==, 0);
}

static void
testBreaks(const simScene *scene, const simEngineClass *engine)
{
    g_autoptr(simWorld) world = simScenePlay(scene, engine);
    const GPtrArray *violations = simJudgeViolations(world->judge);
    g_autofree char *prefix = g_strconcat(scene->promise, ":", NULL);

    g_assert_cmpuint(violations->len, >, 0);
    g_test_message("%s", (const char *) g_ptr_array_index(violations, 0));
    if (!g_str_has_prefix(g_ptr_array_index(violations, 0), prefix))
        g_error("another promise breaks: %s", (const char *) g_ptr_array_index(violations, 0));
}

static void
testScene(gconstpointer data)
{
    const simScene *scene = data;
    const simMutant *mutant = simMutantFind(scene->mutant);
    simEngineClass engine = mutant->engine;

    testKeeps(scene, &simMutants()->engine);
    if (scene->also) {
        const simMutant *also = simMutantFind(scene->also);

        testKeeps(scene, &mutant->engine);
        testKeeps(scene, &also->engine);
        engine.also = also->engine.mutant;
    }
    testBreaks(scene, &engine);
}

int
main(int argc, char **argv)
{
    const simMutant *mutants = simMutants();
    guint i;

    g_test_init(&argc, &argv, NULL);
    virLogSetPriority(VIR_LOG_ERROR + 1);

    for (i = 1; i < VIR_LEASE_MUTANT_LAST; i++) {
        const simScene *scene = simSceneFind(mutants[i].name);
        g_autofree char *path = g_strdup_printf("/sim/scenes/%s", mutants[i].name);

        if (scene)
            g_test_add_data_func(path, scene, testScene);
    }

    return g_test_run();
}
