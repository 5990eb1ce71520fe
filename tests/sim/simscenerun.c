/*
 * simscenerun.c: scenes of pauses, ends, restarts and lost data (rules 15 to 21)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simscene.h"

static simRequest *
simSceneLastRequest(const simTest *test)
{
    return g_ptr_array_index(test->world->requests, test->world->requests->len - 1);
}

/* The server refuses a marker once; the destination waits for it. */
static void
simSceneMarkerRefused(simTest *test)
{
    simProcess *process;

    simTestRestart(test, 30 * SIM_TEST_SECOND);
    simSceneCalm(test);
    simTestRun(test, 7);
    process = simTestStartOne(test, test->a, "web01");
    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, ".stopped.", 1, SIM_FAULT_REFUSE, 0);
    simProcessMigrate(process, test->b, FALSE);
    simTestRun(test, 20);
}

/* Both processes of virtleased are killed; they come back just after their lease. */
static void
simSceneBothKilled(simTest *test)
{
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    simSceneUntilRenewal(test, test->a);
    simTestRun(test, 0.01);
    simHostCrashBoth(test->a);
    simTestRun(test, SIM_SCENE_L + 0.01);
    simHostStartDaemon(test->a);
    simTestRun(test, 2 * SIM_SCENE_L);
    simTestStartOne(test, test->b, "db01");
}

/* libvirt never heard the state of its guest: the daemon is the only one that
 * knows it, also after an outage. */
static void
simSceneStateUnknown(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simProcessSuspend(process);
    while (process->busy)
        simRequestGiveUp(simSceneLastRequest(test));
    simTestCut(test, test->a, 2 * SIM_SCENE_L);
    simTestRun(test, 3 * SIM_SCENE_L);
    simSceneGoesOn(test, process);
}

/* A guest that is paused goes to another host; its old process ends. */
static simProcess *
simSceneMigratesPaused(simTest *test, simProcess *source, simHost *host)
{
    simProcess *destination = simProcessMigrate(source, host, FALSE);

    simTestRun(test, 2);
    simTestAssertState(source, SIM_PROCESS_DEAD);
    simTestAssertState(destination, SIM_PROCESS_PAUSED);
    return destination;
}

/* ... and is resumed much later. */
static void
simSceneResumedLater(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    process = simSceneMigratesPaused(test, process, test->b);
    simTestRun(test, 3 * SIM_SCENE_L);
    simSceneGoesOn(test, process);
}

/* ... and once more to a third host, where it is registered first. */
static void
simSceneMigratesTwice(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    process = simSceneMigratesPaused(test, process, test->b);
    process = simSceneMigratesPaused(test, process, test->c);
    simSceneGoesOn(test, process);
}

/* The server makes once more a link that was removed, for a run that was
 * resumed meanwhile; and for a while nobody can look. */
static void
simSceneLinkOfAnOldRun(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 1, SIM_FAULT_TWICE, 3);
    simTestAttach(test, process, "extra");
    simTestDetach(test, process, "extra");
    simTestResume(test, process);
    simTestAssertRuns(process);
    simTestFault(test, test->a, VIR_LEASE_OP_READDIR, "locks/", 0, SIM_FAULT_REFUSE, 0);
    simTestRun(test, 3 + 3 * SIM_SCENE_L);
    simNetClearRules(test->world->net);
    simTestFault(test, test->a, VIR_LEASE_OP_REMOVE, "locks/", 0, SIM_FAULT_REFUSE, 0);
    simTestRun(test, SIM_SCENE_L);
    simSceneExpect(test, simTestCountSessions(test, ".stopped.") == 1, "rule 19",
                   "the marker of a run was removed, and an entry of the run is there");
}

/* The marker that says that a guest has exited cannot be made. */
static void
simSceneExitUnread(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, ".exited.", 0, SIM_FAULT_REFUSE, 0);
    process = simSceneMigratesPaused(test, process, test->b);
    simTestResume(test, process);
    simTestAssertRuns(process);
    simTestRun(test, 2 * SIM_SCENE_L);
    simSceneExpect(test, simTestCountSessions(test, ".stopped.") == 1, "rule 19",
                   "the markers of a run were removed before it was read that it has exited");
}

/* The export is restored as it was before a stranger ran with the disk of a
 * guest that is paused, and whose lease was lost. */
static void
simSceneRestoredExport(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    simProcess *other;
    virLeaseTime before;

    simTestSuspend(test, process);
    simTestCut(test, test->a, 1.5 * SIM_SCENE_L);
    simTestRun(test, 3 * SIM_SCENE_L);
    before = simWorldNow(test->world);
    other = simTestStartOne(test, test->b, "db01");
    simTestAssertRuns(other);
    simTestKill(test, other);
    simTestRun(test, 3);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 1, SIM_FAULT_LOSE_REQUEST, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 2, SIM_FAULT_LOSE_REQUEST, 0);
    simServerRollBack(test->world->server, before);
    simTestRun(test, SIM_SCENE_L);
    simTestResume(test, process);
}

/* A guest is saved, a stranger runs, and then it is restored, on disks that
 * are free and so were locked as soon as it was registered. */
static void
simSceneRestoredTooLate(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    virLeaseTime saved;
    simProcess *incoming;

    simTestSuspend(test, process);
    saved = simWorldNow(test->world);
    simTestKill(test, process);
    simTestKill(test, simTestStartOne(test, test->c, "db01"));
    incoming = simTestIncoming(test, process, test->b);
    ((simDisk *) g_ptr_array_index(incoming->disks, 0))->current = saved;
    simTestResume(test, incoming);
}

/* A guest is started paused: its disk is open, though it never ran. */
static void
simSceneStartedPaused(simTest *test)
{
    simTestStartPaused(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simSceneExpect(test, simTestStartOne(test, test->b, "db01")->state == SIM_PROCESS_DEAD, "rule 21",
                   "a guest got a disk that another has open");
}

/* ---- what is done to the export by hand (rules 4 and 20) ---- */

static void
simSceneRevoked(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *entry = simJudgeFindEntry(test->world->judge, process->pid, "img");
    g_auto(GStrv) words = g_strsplit(entry, ".", 8);
    g_autofree char *marker = g_strdup_printf("sessions/%s.revoke.%s", words[3], words[4]);

    simServerLink(test->world->server, marker, "by=admin");
    simTestRun(test, SIM_SCENE_L);
    simSceneExpect(test, process->state == SIM_PROCESS_DEAD, "rule 4", "a guest whose locks were revoked runs on");
}

/* A lock is removed by hand, and somebody else takes the disk. */
static void
simSceneRemovedByHand(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *path = simTestEntryPath(test, process, "img");

    simJudgeDataLost(test->world->judge);
    simServerDelete(test->world->server, path);
    simTestAssertRuns(simTestStartOne(test, test->b, "db01"));
    simTestRun(test, 4 * SIM_SCENE_L);
}

/* A lock is another object than it was: somebody may have had the disk. */
static void
simSceneReplaced(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *path = simTestEntryPath(test, process, "img");

    test->world->lostData = TRUE;
    simServerDelete(test->world->server, path);
    simServerLink(test->world->server, path, "host=kvm1,guest=web01");
    simTestRun(test, 2 * SIM_SCENE_L);
    simSceneExpect(test, process->state == SIM_PROCESS_DEAD, "rule 20", "a guest whose lock was replaced runs on");
}

/* A lock is gone when the server is there again; the next audit would be long
 * after that. */
static void
simSceneGoneAtReconnect(simTest *test)
{
    simProcess *process;
    g_autofree char *path = NULL;

    simTestRestart(test, 60 * SIM_TEST_SECOND);
    simTestRun(test, 10);
    process = simTestStartOne(test, test->a, "web01");
    path = simTestEntryPath(test, process, "img");
    simTestCut(test, test->a, 12);
    simTestRun(test, 6);
    test->world->lostData = TRUE;
    simServerDelete(test->world->server, path);
    simTestRun(test, 30);
    simSceneExpect(test, process->state == SIM_PROCESS_DEAD, "rule 20", "nobody looks for the locks after a reconnect");
}

const simScene simScenesOfRuns[] = {
    { "REVOKE_IGNORED", NULL, "rule 4", simSceneRevoked },
    { "MARKER_ONCE", NULL, "L1", simSceneMarkerRefused },
    { "RESUME_FRESH", NULL, "L1", simSceneStateUnknown },
    { "RESTORED_NOT_STOPPED", NULL, "entries", simSceneBothKilled },
    { "LOST_FORGETS", NULL, "L1", simSceneStateUnknown },
    { "MARKERS_EARLY", NULL, "L1", simSceneResumedLater },
    { "MARKERS_SWEPT", NULL, "rule 19", simSceneLinkOfAnOldRun },
    { "EXITED_UNREAD", NULL, "rule 19", simSceneExitUnread },
    { "NO_AUDIT", NULL, "rule 20", simSceneRemovedByHand },
    { "AUDIT_BY_NAME", NULL, "rule 20", simSceneReplaced },
    { "AUDIT_SELDOM", NULL, "rule 20", simSceneGoneAtReconnect },
    { "ROLLBACK_UNNOTICED", NULL, "S2", simSceneRestoredExport },
    { "DISTRUST_FORGOTTEN", NULL, "S2", simSceneRestoredExport },
    { "NO_RESERVATION", NULL, "rule 21", simSceneStartedPaused },
    { "RESERVATION_REMOVES", NULL, "L1", simSceneMigratesTwice },
    { "RUNS_ON_FRESH", NULL, "S2", simSceneRestoredTooLate },
    { NULL }
};
