/*
 * simscenelease.c: scenes of names, leases, observers and births (rules 1 to 8)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simscene.h"

/* A good answer lay there while the daemon hung beyond its lease. */
static void
simSceneHungOverItsEnd(simTest *test)
{
    simSceneUntilRenewal(test, test->a);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 1, SIM_FAULT_HOLD_REPLY, 0.3);
    simSceneUntilRenewal(test, test->a);
    simTestRun(test, 0.05);
    simHostHang(test->a, SIM_TEST_LENGTH + SIM_TEST_SECOND);
    simTestRun(test, 2 * SIM_SCENE_L);
}

static void
simSceneReboot(simTest *test, simHost *host, gint64 ppm)
{
    simHostCrash(host);
    host->ppm = ppm;
    simHostBoot(host);
    simTestRun(test, 3);
}

/* Asks for the disk every few milliseconds, for so long. */
static void
simSceneKeepsAsking(simTest *test, simHost *host, simGuest *guest, double seconds)
{
    virLeaseTime until = simWorldNow(test->world) + (virLeaseSpan) (seconds * (double) SIM_TEST_SECOND);
    const simProcess *process;

    do {
        process = simTestStart(test, host, guest);
    } while (process->state != SIM_PROCESS_RUNNING && simWorldNow(test->world) < until);
}

/* As far apart as A2 allows, and looked at right after the last renewal. */
static void
simSceneClocksApart(simTest *test)
{
    simGuest *guest = simGuestNew(test->world, "db01", "img", "x", NULL);

    simSceneReboot(test, test->a, -7700);
    simSceneReboot(test, test->b, 7700);
    simTestRun(test, 2 * SIM_SCENE_L);
    simTestSuspend(test, simTestStartOne(test, test->a, "web01"));
    simSceneUntilRenewal(test, test->a);
    simTestRun(test, 0.002);
    simTestCut(test, test->a, 100);
    simSceneKeepsAsking(test, test->b, guest, SIM_SCENE_L + 1);
}

/* A read is carried out long after it was sent, right after the last renewal. */
static void
simSceneReadTakesLong(simTest *test)
{
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    simSceneUntilRenewal(test, test->a);
    simTestRun(test, 0.3 * SIM_SCENE_R);
    simSceneReboot(test, test->b, 0);
    simSceneUntilRenewal(test, test->a);
    simTestFault(test, test->b, VIR_LEASE_OP_READDIR, "sessions", 1, SIM_FAULT_HOLD, 0.8 * SIM_SCENE_R);
    simSceneUntilRenewal(test, test->a);
    simTestRun(test, 0.01);
    simHostCrash(test->a);
    simTestRun(test, SIM_SCENE_R);
    simSceneKeepsAsking(test, test->b, simGuestNew(test->world, "db01", "img", "x", NULL), SIM_SCENE_L);
}

/* After each renewal the server carries out once more the first of them: to
 * who looks at mtimes only nothing changes. */
static void
simSceneOldRenewals(simTest *test)
{
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *path = g_strdup_printf("sessions/%s", session);
    guint i;

    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    for (i = 0; i < 9; i++) {
        simSceneUntilRenewal(test, test->a);
        simTestRun(test, 0.0008);
        simSceneReplay(test, path, 1700000000);
    }
    simTestStartOne(test, test->b, "db01");
}

/* The dead host's link is removed; before the answer is here the server makes it
 * once more, as it was asked to long ago, and another guest finds it. */
static void
simSceneLinkAfterItsRemoval(simTest *test)
{
    const double late = 3 * SIM_SCENE_L;
    simProcess *first;

    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 1, SIM_FAULT_TWICE, late);
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    simHostCrash(test->a);
    simTestRun(test, late - 0.5);
    simTestFault(test, test->b, VIR_LEASE_OP_REMOVE, "locks/", 1, SIM_FAULT_HOLD_REPLY, 0.8);
    first = simGuestStart(test->b, simGuestNew(test->world, "db01", "img", "x", NULL), FALSE, TRUE);
    simTestRun(test, 0.3);
    simTestKill(test, first);
    simTestRun(test, 0.3);
    simTestAssertRuns(simTestStartOne(test, test->b, "db02"));
}

static void
simSceneSetStale(simTest *test, const simHost *host, double seconds)
{
    g_autofree char *session = simTestSession(host);
    g_autofree char *path = g_strdup_printf("sessions/%s", session);

    simServerSetStaleAt(test->world->server, path, (virLeaseSpan) (seconds * (double) SIM_TEST_SECOND));
}

/* A cache keeps what changes often for a short time, and the rest for long:
 * the observer sees its own renewals come late, and the other's not at all. */
static void
simSceneCachedAttributes(simTest *test)
{
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    simSceneSetStale(test, test->a, 1000);
    simSceneSetStale(test, test->b, 1.5 * SIM_SCENE_R);
    simTestRun(test, SIM_SCENE_L + 2 * SIM_SCENE_R);
    simSceneKeepsAsking(test, test->b, simGuestNew(test->world, "db01", "img", "x", NULL), 2);
}

/* Likewise; then its own directory is read anew, and a read that was sent before
 * that comes in last. */
static void
simSceneOvertakenRead(simTest *test)
{
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    simSceneSetStale(test, test->a, 1000);
    simSceneSetStale(test, test->b, 1000);
    simTestRun(test, SIM_SCENE_L + 2 * SIM_SCENE_R);
    simSceneUntilRenewal(test, test->b);
    simTestRun(test, 0.85 * SIM_SCENE_R);
    simTestFault(test, test->b, VIR_LEASE_OP_READDIR, "sessions", 1, SIM_FAULT_HOLD_REPLY, 1.3 * SIM_SCENE_R);
    simGuestStart(test->b, simGuestNew(test->world, "db01", "img", "x", NULL), FALSE, TRUE);
    simTestRun(test, 0.5 * SIM_SCENE_R);
    simSceneSetStale(test, test->b, 0);
    simTestRun(test, SIM_SCENE_R);
}

/* As before, but it renews nothing, and so cannot see that it sees nothing. */
static void
simSceneNothingToCompare(simTest *test)
{
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    simSceneUntilRenewal(test, test->b);
    simTestRun(test, 0.01);
    simSceneSetStale(test, test->a, 1000);
    simTestRun(test, 3.5 * SIM_SCENE_R);
    simTestFault(test, test->b, VIR_LEASE_OP_SETATTR, NULL, 0, SIM_FAULT_LOSE_REQUEST, 0);
    simTestRun(test, SIM_SCENE_L - 3.5 * SIM_SCENE_R);
    simSceneKeepsAsking(test, test->b, simGuestNew(test->world, "db01", "img", "x", NULL), 1);
}

/* A renewal of the dead is carried out, an hour late: dead they stay. */
static void
simSceneRenewalOfTheDead(simTest *test)
{
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *path = g_strdup_printf("sessions/%s", session);

    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    simHostCrash(test->a);
    simTestRun(test, 3600);
    simSceneReplay(test, path, 1700000000);
    simTestRun(test, 2 * SIM_SCENE_R);
    simSceneCalm(test);
    simTestStartOne(test, test->b, "db01");
}

/* Its directory is there, and watched, long before its first renewal gets
 * through: by then others have seen it dead. */
static void
simSceneSlowBirth(simTest *test)
{
    simGuest *looks = simGuestNew(test->world, "db02", "other", "x", NULL);

    simTestAssertRuns(simTestStart(test, test->c, simGuestNew(test->world, "db01", "other", "x", NULL)));
    simHostCrash(test->a);
    simTestFault(test, test->a, VIR_LEASE_OP_MKDIR, NULL, 1, SIM_FAULT_LOSE_REPLY, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_MKDIR, NULL, 2, SIM_FAULT_LOSE_REPLY, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_MKDIR, NULL, 3, SIM_FAULT_LOSE_REPLY, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_MKDIR, NULL, 4, SIM_FAULT_LOSE_REPLY, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 0, SIM_FAULT_HOLD, 0.99 * SIM_SCENE_R);
    simHostBoot(test->a);
    simSceneKeepsAsking(test, test->b, looks, SIM_SCENE_L + 0.3);
    simNetClearRules(test->world->net);
    simTestRun(test, 1);
    simTestStartOne(test, test->a, "web01");
    simTestStartOne(test, test->b, "db03");
}

/* ---- names (rules 2 and 3), and directories (rules 5, 7 and 8) ---- */

/* The answer to a REMOVE is lost: the next one says that there is nothing. */
static void
simSceneRemovedAlready(simTest *test)
{
    simTestStartOne(test, test->a, "web01");
    simHostCrash(test->a);
    simTestRun(test, 2 * SIM_SCENE_L);
    simTestFault(test, test->b, VIR_LEASE_OP_REMOVE, "locks/", 1, SIM_FAULT_LOSE_REPLY, 0);
    simSceneIsFree(test, test->b);
}

/* Of two links one is refused, while the other is on its way. */
static void
simSceneLinkRefused(simTest *test)
{
    simProcess *process = simGuestStart(test->a, simGuestNew(test->world, "web01", "img", "x", "log", "x", NULL), TRUE, FALSE);

    simTestRun(test, 1.2);
    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 1, SIM_FAULT_REFUSE, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 2, SIM_FAULT_HOLD, 0.3);
    simSceneCalm(test);
    simTestResume(test, process);
    simTestRun(test, SIM_SCENE_L);
}

/* The server is away for longer than a lease; there was time to pause. */
static void
simScenePauses(simTest *test)
{
    simGuest *guest = simGuestNew(test->world, "web01", "img", "x", NULL);
    simProcess *process;

    guest->failure = VIR_LEASE_FAILURE_PAUSE;
    process = simTestStart(test, test->a, guest);
    simTestCut(test, test->a, 2 * SIM_SCENE_L);
    simTestRun(test, 2 * SIM_SCENE_L);
    simSceneExpect(test, process->state == SIM_PROCESS_PAUSED, "rule 6", "a guest was killed that could be paused in time");
}

/* Somebody removes the directory of a session that is used. */
static void
simSceneDirectoryRemoved(simTest *test)
{
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *path = g_strdup_printf("sessions/%s", session);

    simTestStartOne(test, test->a, "web01");
    test->world->lostData = TRUE;
    simServerDelete(test->world->server, path);
    simTestRun(test, 2 * SIM_SCENE_L);
}

/* An entry whose session has no directory: dead after a while. */
static void
simSceneEntryOfNobody(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *path = simTestEntryPath(test, process, "img");

    simTestKill(test, process);
    memcpy(strstr(path, ".x.f.") + 5, "00000000", 8);
    simServerLink(test->world->server, path, "host=old,guest=gone,pid=1");
    simTestStartOne(test, test->b, "db01");
    simTestRun(test, SIM_SCENE_L + 2 * SIM_SCENE_R);
    simSceneIsFree(test, test->b);
}

/* The daemon is ended and started while a guest runs. */
static void
simSceneDaemonEnds(simTest *test)
{
    simTestStartOne(test, test->a, "web01");
    simHostShutdownDaemon(test->a);
    simTestRun(test, 1);
    simHostStartDaemon(test->a);
    simTestRun(test, SIM_SCENE_L);
}

/* Its directory cannot be made: what it locked would be taken for dead. */
static void
simSceneNoDirectory(simTest *test)
{
    simHostCrash(test->a);
    simTestFault(test, test->a, VIR_LEASE_OP_MKDIR, NULL, 0, SIM_FAULT_LOSE_REQUEST, 0);
    simHostBoot(test->a);
    simTestRun(test, 0.5);
    simTestStartOne(test, test->a, "web01");
    simTestStartOne(test, test->b, "db01");
    simTestRun(test, 2 * SIM_SCENE_L);
    simTestStartOne(test, test->b, "db01");
}

const simScene simScenesOfLeases[] = {
    { "NOENT_FAILS", NULL, "L1", simSceneRemovedAlready },
    { "REMOVE_ON_ITS_WAY", NULL, "grants", simSceneLinkAfterItsRemoval },
    { "REMOVE_EARLY", NULL, "L1", simSceneLinkRefused },
    { "LATE_ANSWER_TIMERS", "LATE_ANSWER_CHECK", "rule 5", simSceneHungOverItsEnd },
    { "LATE_ANSWER_CHECK", "LATE_ANSWER_TIMERS", "rule 5", simSceneHungOverItsEnd },
    { "NOENT_ACKNOWLEDGES", NULL, "rule 5", simSceneDirectoryRemoved },
    { "DIRECTORY_REMADE", NULL, "rule 5", simSceneDirectoryRemoved },
    { "NO_LEAD", NULL, "rule 6", simScenePauses },
    { "OBSERVED_FROM_START", NULL, "rule 7", simSceneReadTakesLong },
    { "NO_DRIFT", NULL, "rule 7", simSceneClocksApart },
    { "NO_CTIME", NULL, "rule 7", simSceneOldRenewals },
    { "COHERENCE_FLAG", NULL, "rule 7", simSceneCachedAttributes },
    { "COHERENCE_NOT_RECENT", NULL, "rule 7", simSceneNothingToCompare },
    { "OVERTAKEN_MOVES", NULL, "rule 7", simSceneOvertakenRead },
    { "STALE_UNNOTICED", NULL, "rule 7", simSceneCachedAttributes },
    { "ABSENT_LIVES", NULL, "L1", simSceneEntryOfNobody },
    { "VERDICT_NOT_FINAL", NULL, "L1", simSceneRenewalOfTheDead },
    { "ENTRY_BEFORE_DIRECTORY", NULL, "entries", simSceneNoDirectory },
    { "RMDIR_EARLY", NULL, "L1", simSceneDaemonEnds },
    { "SLOW_BIRTH", NULL, "rule 7", simSceneSlowBirth },
    { "SLOW_BIRTH_CHECK", "SLOW_BIRTH_TIMER", "rule 7", simSceneSlowBirth },
    { NULL }
};
