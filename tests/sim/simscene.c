/*
 * simscene.c: stories in which one rule is all that keeps a promise
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simscene.h"

const simScene *
simSceneFind(const char *mutant)
{
    const simScene *const lists[] = { simScenesOfLeases, simScenesOfTries, simScenesOfRuns };
    guint i;

    for (i = 0; i < G_N_ELEMENTS(lists); i++) {
        const simScene *scene;

        for (scene = lists[i]; scene->mutant; scene++) {
            if (g_str_equal(scene->mutant, mutant))
                return scene;
        }
    }
    return NULL;
}

simWorld *
simScenePlay(const simScene *scene, const simEngineClass *engine)
{
    simTest test = { 0 };

    simTestOpen(&test, SIM_TEST_LENGTH, engine);
    simTestRun(&test, 3);
    scene->play(&test);
    return test.world;
}

static int
simSceneCompare(gconstpointer a, gconstpointer b)
{
    g_autofree char *first = simTestSession(*(simHost *const *) a);
    g_autofree char *second = simTestSession(*(simHost *const *) b);

    return strcmp(first, second);
}

void
simSceneRank(simTest *test)
{
    g_autoptr(GPtrArray) hosts = g_ptr_array_copy(test->world->hosts, NULL, NULL);

    g_ptr_array_set_free_func(hosts, NULL);
    g_ptr_array_sort(hosts, simSceneCompare);
    test->a = g_ptr_array_index(hosts, 0);
    test->b = g_ptr_array_index(hosts, 1);
    test->c = g_ptr_array_index(hosts, 2);
}

void
simSceneCalm(simTest *test)
{
    test->world->config.calm = TRUE;
}

void
simSceneUntilRenewal(simTest *test, const simHost *host)
{
    guint64 count = simNetCount(test->world->net, host->index, VIR_LEASE_OP_SETATTR);

    while (simNetCount(test->world->net, host->index, VIR_LEASE_OP_SETATTR) == count)
        simTestRun(test, 0.0002);
}

void
simSceneUntilLeft(simTest *test, const simHost *host, double seconds)
{
    virLeaseTime at = host->end - (virLeaseSpan) (seconds * (double) SIM_TEST_SECOND);

    simTestRun(test, (double) (at - simHostTime(host)) / (double) SIM_TEST_SECOND);
}

void
simSceneReplay(simTest *test, const char *path, gint64 mtime)
{
    g_autoptr(virLeaseOp) op = virLeaseOpNew(1, VIR_LEASE_OP_SETATTR, path, SIM_TEST_SECOND);

    op->mtime = mtime;
    virLeaseReplyFree(simServerExecute(test->world->server, op));
}

void
simSceneLateLink(simTest *test, const char *path)
{
    g_autoptr(virLeaseOp) op = virLeaseOpNew(1, VIR_LEASE_OP_SYMLINK, path, SIM_TEST_SECOND);

    op->target = g_strdup("host=kvm9,guest=late");
    virLeaseReplyFree(simServerExecute(test->world->server, op));
}

void
simSceneGoesOn(simTest *test, simProcess *process)
{
    simTestResume(test, process);
    if (process->state == SIM_PROCESS_PAUSED)
        simJudgeViolation(test->world->judge, "L1", "'%s' (pid %" G_GINT64_FORMAT " on %s) is paused, has lost nothing, and may not go on: %s",
                          process->guest->name, process->pid, process->host->name, process->lastMessage);
}

void
simSceneIsFree(simTest *test, simHost *host)
{
    const simProcess *probe = simTestStartOne(test, host, "probe");

    if (probe->state != SIM_PROCESS_RUNNING)
        simJudgeViolation(test->world->judge, "L1", "'%s' could not get a free resource on %s: %s",
                          probe->guest->name, host->name, probe->lastMessage);
}

void
simSceneGivesWay(simTest *test, simHost *host)
{
    const simNet *net = test->world->net;
    guint64 removes = simNetCount(net, host->index, VIR_LEASE_OP_REMOVE);

    simGuestStart(host, simGuestNew(test->world, "db01", "img", "x", NULL), FALSE, TRUE);
    simTestRun(test, 0.02);
    simSceneExpect(test, simNetCount(net, host->index, VIR_LEASE_OP_REMOVE) == removes + 1, "rule 11",
                   "who meets a better one does not give way");
    simTestRun(test, 1);
}

void
simSceneExpect(simTest *test, gboolean kept, const char *promise, const char *what)
{
    if (!kept)
        simJudgeViolation(test->world->judge, promise, "%s", what);
}
