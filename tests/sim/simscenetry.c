/*
 * simscenetry.c: scenes of acquisitions (rules 9 to 14)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simscene.h"
#include "virleaseformat.h"
#include "virleasename.h"

/* ---- who is in the way (rules 9 to 11) ---- */

/* A second process of the guest on the same host comes with the token of the
 * first, which runs. */
static void
simSceneTokenOfWhoRuns(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    simProcess *second = simTestIncoming(test, process, test->a);

    simTestResume(test, second);
}

/* The directory that the disk @name is locked in, to be freed. */
static char *
simSceneShard(const simTest *test, const char *name)
{
    char hash[VIR_LEASE_HASH_LEN + 1];

    virLeaseResourceHash(name, hash);
    return virLeaseShardPath(virLeaseHashShard(hash, test->world->config.shards));
}

/* Other people's files in the lockspace; a scan takes its time over them. */
static void
simSceneLitter(simTest *test, const char *shard, guint from, guint count)
{
    guint i;

    for (i = from; i < from + count; i++) {
        g_autofree char *path = g_strdup_printf("%s/litter%u", shard, i);

        simServerLink(test->world->server, path, "nothing");
    }
}

/* A guest with two disks reads slowly, with one link made and the other on its
 * way; a stranger's comes between. Where a name is shown is a matter of chance. */
static void
simSceneLinkOnItsWay(simTest *test)
{
    g_autofree char *shard = simSceneShard(test, "img");
    g_autofree char *img = g_strdup_printf("%s/", shard);
    guint i;

    simSceneLitter(test, shard, 0, 8);
    for (i = 0; i < 12; i++) {
        simProcess *first;
        simProcess *second;

        simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, img, 1, SIM_FAULT_HOLD, 0.3);
        simTestFault(test, test->a, VIR_LEASE_OP_READDIR, shard, 1, SIM_FAULT_SLOW_SCAN, 0.05);
        first = simGuestStart(test->a, simGuestNew(test->world, "web01", "img", "x", "log", "x", NULL), FALSE, TRUE);
        simTestRun(test, 0.2);
        second = simTestStartOne(test, test->b, "db01");
        simTestSettle(test, first);
        simNetClearRules(test->world->net);
        simTestKill(test, first);
        simTestKill(test, second);
        simTestRun(test, 1);
    }
}

/* A1 does not hold: what was made lately is not shown yet. */
static void
simSceneOldNames(simTest *test)
{
    simTestAssertRuns(simTestStartOne(test, test->b, "db01"));
    simTestFault(test, test->a, VIR_LEASE_OP_READDIR, "locks/", 0, SIM_FAULT_OLD_SCAN, 1000);
    simTestStartOne(test, test->a, "web01");
}

/* A1 does not hold: the server counts names, and when one goes that was shown
 * already the next one is left out. */
static void
simSceneCountedNames(simTest *test)
{
    g_autofree char *shard = simSceneShard(test, "img");
    guint i;

    simTestAssertRuns(simTestStartOne(test, test->b, "db01"));
    for (i = 0; i < 12; i++) {
        simProcess *process;
        guint gone;

        simSceneLitter(test, shard, 10 * i, 8);
        simTestFault(test, test->a, VIR_LEASE_OP_READDIR, shard, 1, SIM_FAULT_COUNTED_SCAN, 0.02);
        process = simGuestStart(test->a, simGuestNew(test->world, "web01", "img", "x", NULL), FALSE, TRUE);
        for (gone = 0; gone < 8; gone++) {
            g_autofree char *path = g_strdup_printf("%s/litter%u", shard, 10 * i + gone);

            simTestRun(test, 0.02);
            simServerDelete(test->world->server, path);
        }
        simTestSettle(test, process);
        simNetClearRules(test->world->net);
    }
}

/* A guest is stopped and handed over, and a stranger wants its disk, whose
 * session's name is the first of all. */
static void
simSceneStrangerFirst(simTest *test)
{
    simProcess *process;
    simProcess *incoming;

    simSceneRank(test);
    process = simTestStartOne(test, test->b, "web01");
    incoming = simTestIncoming(test, process, test->c);
    simTestSuspend(test, process);
    simSceneCalm(test);
    simTestFault(test, test->a, VIR_LEASE_OP_READDIR, "locks/", 1, SIM_FAULT_HOLD, 0.06);
    simGuestStart(test->a, simGuestNew(test->world, "db01", "img", "x", NULL), FALSE, TRUE);
    simTestRun(test, 0.005);
    simTestResume(test, incoming);
}

/* A stranger with a better name finds a guest that is stopped: who stays and
 * waits for it to go would be in the way of its token. */
static void
simSceneStrangerStays(simTest *test)
{
    simSceneRank(test);
    simTestSuspend(test, simTestStartOne(test, test->b, "web01"));
    simSceneGivesWay(test, test->a);
}

/* Who has the disk has it for long, though its name is the worse one. */
static void
simSceneWorseStays(simTest *test)
{
    simProcess *process;

    simSceneRank(test);
    simTestAssertRuns(simTestStartOne(test, test->b, "web01"));
    process = simGuestStart(test->a, simGuestNew(test->world, "db01", "img", "x", NULL), FALSE, TRUE);
    simTestRun(test, 2);
    simSceneExpect(test, process->state == SIM_PROCESS_DEAD, "rule 11", "who cannot have the disk is not told so");
    simTestRun(test, 20);
}

/* Two begin at the same time, and both see both. */
static void
simSceneTwoMeet(simTest *test)
{
    simSceneRank(test);
    simTestFault(test, test->a, VIR_LEASE_OP_READDIR, "locks/", 1, SIM_FAULT_HOLD, 0.03);
    simGuestStart(test->a, simGuestNew(test->world, "web01", "img", "x", NULL), FALSE, TRUE);
    simTestRun(test, 0.005);
    simSceneGivesWay(test, test->b);
}

/* Its guest has exited, and the marker says so; but the last that was read of
 * sessions/ is older. */
static void
simSceneExitedMeanwhile(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    simTestRun(test, 1);
    simTestFault(test, test->b, VIR_LEASE_OP_READDIR, "sessions", 0, SIM_FAULT_REFUSE, 0);
    simTestKill(test, process);
    simTestRun(test, 3);
    simNetClearRules(test->world->net);
    simSceneCalm(test);
    simTestStartOne(test, test->b, "db01");
}

/* Who is about to take a guest over finds the link of one that exited, made late
 * by the server; then that one's markers go, and only then the source stops. */
static void
simSceneMarkerGoes(simTest *test)
{
    simProcess *first = simTestStartOne(test, test->c, "db01");
    g_autofree char *path = simTestEntryPath(test, first, "img");
    g_auto(GStrv) words = g_strsplit(path, ".", 8);
    g_autofree char *stopped = g_strdup_printf("sessions/%s.stopped.%s", words[3], words[4]);
    g_autofree char *exited = g_strdup_printf("sessions/%s.exited.%s", words[3], words[4]);
    simProcess *source;
    simProcess *destination;

    simTestSuspend(test, first);
    simTestKill(test, first);
    source = simTestStartOne(test, test->a, "web01");
    destination = simTestIncoming(test, source, test->b);
    simSceneLateLink(test, path);
    simProcessResume(destination);
    simTestRun(test, 0.1);
    simServerDelete(test->world->server, exited);
    simServerDelete(test->world->server, stopped);
    simProcessSuspend(source);
    simTestMemoryArrives(test, destination);
    simTestSettle(test, destination);
}

/* ---- tokens (rule 12) ---- */

/* A guest hangs in the kernel and outlives its lease, while its daemon hangs.
 * The daemon's next session is there before the guest is gone. */
static void
simSceneOutlivesItsLease(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    process->immortal = TRUE;
    simHostHang(test->a, SIM_TEST_LENGTH + SIM_TEST_SECOND);
    simTestRun(test, SIM_SCENE_L + 1.02);
    simTestStartOne(test, test->a, "db01");
}

/* A stranger ran with the disk; then the server makes the paused guest's link
 * once more, as it was asked to long ago. */
static void
simSceneLinkAppearsAgain(simTest *test)
{
    simProcess *process;

    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 1, SIM_FAULT_TWICE, 4 * SIM_SCENE_L);
    process = simTestStartOne(test, test->a, "web01");
    simTestSuspend(test, process);
    simTestCut(test, test->a, 4.5 * SIM_SCENE_L);
    simTestRun(test, 3 * SIM_SCENE_L);
    simTestKill(test, simTestStartOne(test, test->b, "db01"));
    simTestRun(test, 2 * SIM_SCENE_L);
    simTestResume(test, process);
}

/* One round of the scene below; each disk lies elsewhere in its shard. */
static void
simSceneScanOverlaps(simTest *test, guint round)
{
    g_autofree char *disk = g_strdup_printf("disk%u", round);
    simGuest *stranger = simGuestNew(test->world, "db01", disk, "x", NULL);
    simProcess *source = simTestStart(test, test->a, simGuestNew(test->world, "web01", disk, "x", NULL));
    simProcess *destination;
    simProcess *other;

    simTestSuspend(test, source);
    destination = simTestIncoming(test, source, test->b);
    simTestKill(test, source);
    simTestFault(test, test->c, VIR_LEASE_OP_REMOVE, "locks/", 1, SIM_FAULT_HOLD, 1);
    other = simGuestStart(test->c, stranger, FALSE, TRUE);
    simTestRun(test, 0.3);
    simTestFault(test, test->b, VIR_LEASE_OP_READDIR, "locks/", 1, SIM_FAULT_SLOW_SCAN, 2.5);
    simProcessResume(destination);
    simTestRun(test, 1.7);
    simTestAssertRuns(other);
    simTestKill(test, other);
    simTestSettle(test, destination);
    simTestKill(test, destination);
    simNetClearRules(test->world->net);
}

/* A scan takes time; while it goes on a stranger, who looked before, removes
 * the token's entry, runs and ends. The scan shows the entry and not the
 * stranger: only a new read tells. */
static void
simSceneNeedsNewRead(simTest *test)
{
    guint round;

    simTestRestart(test, 60 * SIM_TEST_SECOND);
    for (round = 0; round < 12; round++)
        simSceneScanOverlaps(test, round);
}

/* A paused guest begins to use up its token, and fails: the server carries out no
 * REMOVE. Another guest of this host wants its disk, and then it tries again. */
static void
simSceneTokenHalfUsed(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    simProcess *other;

    simTestSuspend(test, process);
    simTestFault(test, test->a, VIR_LEASE_OP_REMOVE, "locks/", 0, SIM_FAULT_LOSE_REQUEST, 0);
    simTestResume(test, process);
    other = simTestStartOne(test, test->a, "db01");
    if (other->state == SIM_PROCESS_RUNNING)
        simTestKill(test, other);
    simProcessResume(process);
    simTestRun(test, 0.2);
    simNetClearRules(test->world->net);
    simTestSettle(test, process);
}

/* A guest comes with a disk that its token does not name, and with which a
 * stranger ran meanwhile. */
static void
simScenePartIsFresh(simTest *test)
{
    simGuest *guest = simGuestNew(test->world, "web01", "img", "x", NULL);
    simProcess *source = simTestStart(test, test->a, guest);
    simProcess *destination;

    simTestSuspend(test, source);
    g_ptr_array_add(guest->resources, virLeaseResourceNew("extra", "/images/extra.qcow2", VIR_LEASE_MODE_EXCLUSIVE));
    destination = simTestIncoming(test, source, test->b);
    simTestKill(test, simTestStart(test, test->c, simGuestNew(test->world, "db01", "extra", "x", NULL)));
    simTestResume(test, destination);
}

/* ---- the grant (rules 13 and 14) ---- */

/* While a guest is resumed the lease goes unrenewed, and the answer that it
 * waits for comes after the guard has looked. */
static void
simSceneGrantedTooLate(simTest *test)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 0, SIM_FAULT_LOSE_REQUEST, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_REMOVE, "locks/", 1, SIM_FAULT_HOLD_REPLY, 0.5 * SIM_SCENE_R);
    simSceneUntilLeft(test, test->a, SIM_SCENE_K + 0.1);
    simProcessResume(process);
    simTestRun(test, SIM_SCENE_L);
}

/* What cannot be written down is not granted; and then nobody has it. */
static void
simSceneNotWrittenDown(simTest *test)
{
    simProcess *process = simGuestStart(test->a, simGuestNew(test->world, "web01", "img", "x", NULL), TRUE, FALSE);

    simTestSettle(test, process);
    simSceneCalm(test);
    test->a->failSaves = 1;
    simTestResume(test, process);
    simTestRun(test, SIM_SCENE_L);
}

/* Who was in the way is left alone for four round trips. */
static void
simSceneLoserRests(simTest *test)
{
    const simNet *net = test->world->net;
    guint64 removes;
    guint64 reads;

    simSceneRank(test);
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
    removes = simNetCount(net, test->b->index, VIR_LEASE_OP_REMOVE);
    simGuestStart(test->b, simGuestNew(test->world, "db01", "img", "x", NULL), FALSE, TRUE);
    while (simNetCount(net, test->b->index, VIR_LEASE_OP_REMOVE) == removes)
        simTestRun(test, 0.0002);
    reads = simNetCount(net, test->b->index, VIR_LEASE_OP_READDIR);
    simTestRun(test, 0.004);
    simSceneExpect(test, simNetCount(net, test->b->index, VIR_LEASE_OP_READDIR) == reads, "rule 14",
                   "who gave way looks again within four round trips");
    simTestRun(test, 1);
}

const simScene simScenesOfTries[] = {
    { "OWN_TOKEN_RUNS", NULL, "entries", simSceneTokenOfWhoRuns },
    { "SCAN_EARLY", NULL, "grants", simSceneLinkOnItsWay },
    { "OWN_MISSING", NULL, "grants", simSceneOldNames },
    { "MOVED_COUNTS", NULL, "grants", simSceneCountedNames },
    { "RANK_TOKEN", NULL, "L1", simSceneStrangerFirst },
    { "RANK_NONE", NULL, "rule 11", simSceneTwoMeet },
    { "SESSIONS_NOT_READ", NULL, "L1", simSceneExitedMeanwhile },
    { "EXITED_FORGOTTEN", NULL, "grants", simSceneMarkerGoes },
    { "CONTENDS_ON", NULL, "rule 11", simSceneWorseStays },
    { "STOPPED_CONTENDED", NULL, "rule 11", simSceneStrangerStays },
    { "ENDED_IS_DEAD", "NO_MEMORY", "entries", simSceneOutlivesItsLease },
    { "ONE_SCAN", NULL, "S2", simSceneNeedsNewRead },
    { "NO_IDENTITY", NULL, "S2", simSceneLinkAppearsAgain },
    { "OWN_NOT_AWAITED", NULL, "S2", simSceneTokenHalfUsed },
    { "PART_TOKEN", NULL, "S2", simScenePartIsFresh },
    { "CHECK_FIRST", "NO_FENCE", "rule 6", simSceneGrantedTooLate },
    { "ENTERED_STAYS", NULL, "L1", simSceneNotWrittenDown },
    { "NO_BACKOFF", NULL, "rule 14", simSceneLoserRests },
    { NULL }
};
