/*
 * virleaseenginefaulttest.c: leases, dead hosts and dead daemons, in virtual time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each scenario names the rule of docs/internals/nfs-lease.rst that it would
 * see broken. The judge of the simulator watches all of them besides.
 */
#include <config.h>

#include <string.h>

#include "simtest.h"

#define L ((double) SIM_TEST_LENGTH / (double) SIM_TEST_SECOND)
#define R (L / 6)

/* ---- the own lease (rules 5, 6, 8) ---- */

/* What is shorter than the margin harms nobody. */
static void
testShortOutage(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *after = NULL;

    simNetServerDown(test->world->net, simWorldNow(test->world) + SIM_TEST_LENGTH / 3);
    simTestRun(test, 2 * L);
    simTestAssertRuns(process);
    after = simTestSession(test->a);
    g_assert_cmpstr(after, ==, session);
}

/* Rule 6: gone before the lease ends, and others have the disk after it. */
static void
testLongOutage(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *after = NULL;

    simNetServerDown(test->world->net, simWorldNow(test->world) + 2 * SIM_TEST_LENGTH);
    simTestRun(test, L - 0.5);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simTestRun(test, 2 * L);
    after = simTestSession(test->a);
    g_assert_nonnull(after);
    g_assert_cmpstr(after, !=, session);
    simTestRun(test, 2 * L);
    process = simTestStartOne(test, test->b, "db01");
    simTestAssertRuns(process);
}

/* Rule 5: renewals that the server carried out, whose answers come too late,
 * revive nothing. */
static void
testLateAnswersDoNotRevive(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *after = NULL;

    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 0, SIM_FAULT_LOSE_REPLY, 0);
    simTestRun(test, L + R);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simNetClearRules(test->world->net);
    simTestRun(test, L);
    after = simTestSession(test->a);
    g_assert_nonnull(after);
    g_assert_cmpstr(after, !=, session);
}

/* Rule 5: nor do good answers that lay there while the daemon hung. */
static void
testHungDaemonIsNotRevived(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *after = NULL;
    simProcess *other;

    while (simWorldNow(test->world) < 5 * SIM_TEST_SECOND ||
           simNetCount(test->world->net, 0, VIR_LEASE_OP_SETATTR) % 2)
        simTestRun(test, 0.001);
    simNetClearRules(test->world->net);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 1, SIM_FAULT_HOLD_REPLY, 0.3);
    while (simNetCount(test->world->net, 0, VIR_LEASE_OP_SETATTR) % 2 == 0)
        simTestRun(test, 0.001);
    simHostHang(test->a, SIM_TEST_LENGTH + SIM_TEST_SECOND);
    simTestRun(test, L + 0.5);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simTestRun(test, L);
    after = simTestSession(test->a);
    g_assert_nonnull(after);
    g_assert_cmpstr(after, !=, session);
    simTestRun(test, L);
    other = simTestStartOne(test, test->b, "db01");
    simTestAssertRuns(other);
}

/* Rule 5: counted from when it was sent, not from the answer: each answer takes
 * most of a lease, so the guard finds the time short. */
static void
testLeaseCountsFromSending(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    virLeaseTime now;

    simTestRun(test, 3);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 0, SIM_FAULT_HOLD_REPLY, 0.9);
    simTestRun(test, 5);
    now = simHostTime(test->a);
    g_assert_cmpint(test->a->end, >, now);
    g_assert_cmpint(test->a->end, <, now + SIM_TEST_LENGTH - 8 * VIR_LEASE_MILLISECOND * 100);
}

/* Rule 5: the directory is never made again. */
static void
testRemovedDirectory(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *path = g_strdup_printf("sessions/%s", session);
    g_autofree char *after = NULL;
    g_autoptr(virLeaseOp) op = virLeaseOpNew(1, VIR_LEASE_OP_RMDIR, path, SIM_TEST_SECOND);

    test->world->lostData = TRUE;
    virLeaseReplyFree(simServerExecute(test->world->server, op));
    simTestRun(test, 2 * L);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    g_assert_false(simServerExists(test->world->server, path));
    after = simTestSession(test->a);
    g_assert_cmpstr(after, !=, session);
}

/* Rules 5 and 8: a session whose making took longer than a lease was seen dead
 * by others before it began; it must not begin. */
static void
testSlowBirth(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process;
    simProcess *other;

    simHostCrash(test->a);
    simTestFault(test, test->a, VIR_LEASE_OP_MKDIR, NULL, 0, SIM_FAULT_LOSE_REPLY, 0);
    simHostBoot(test->a);
    simTestRun(test, 2 * L);
    simNetClearRules(test->world->net);
    simTestRun(test, 1);
    process = simTestStartOne(test, test->a, "web01");
    simTestAssertRuns(process);
    simTestRun(test, 3);
    other = simTestStartOne(test, test->b, "db01");
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    simTestAssertRuns(process);
}

/* ---- others' leases (rule 7) ---- */

/* The host dies: refused until its lease is over, then given, soon. */
static void
testTakeover(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simGuest *guest = simGuestNew(test->world, "db01", "img", "x", NULL);
    simProcess *process = simTestStartOne(test, test->a, "web01");
    virLeaseTime died;

    simTestAssertRuns(process);
    simTestRun(test, 10);
    died = simWorldNow(test->world);
    simHostCrash(test->a);
    do {
        process = simTestStart(test, test->b, guest);
        if (process->state != SIM_PROCESS_RUNNING)
            simTestAssertRefused(process, VIR_ERR_RESOURCE_BUSY, "web01", "kvm1", NULL);
        simTestRun(test, 0.05);
    } while (process->state != SIM_PROCESS_RUNNING && simWorldNow(test->world) - died < 5 * SIM_TEST_LENGTH);
    simTestAssertRuns(process);
    /* the last renewal may have been R old when it died */
    g_assert_cmpint(simWorldNow(test->world) - died, >, SIM_TEST_LENGTH - SIM_TEST_LENGTH / 6);
    g_assert_cmpint(simWorldNow(test->world) - died, <, SIM_TEST_LENGTH + SIM_TEST_LENGTH / 6 + 2 * SIM_TEST_SECOND);
}

/* No verdict while the own renewals are not seen to move: the server shows
 * stale attributes. */
static void
testIncoherentServer(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autoptr(virLeaseEngineStatus) status = NULL;
    simProcess *other;

    simServerSetStale(test->world->server, 1000 * SIM_TEST_SECOND);
    simTestRun(test, 4 * L);
    simTestAssertRuns(process);
    status = virLeaseEngineGetStatus(test->b->engine, simHostTime(test->b));
    g_assert_false(status->coherent);
    other = simTestStartOne(test, test->b, "db01");
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    simHostCrash(test->a);
    simTestRun(test, 3 * L);
    other = simTestStartOne(test, test->b, "db02");
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    simServerSetStale(test->world->server, 0);
    simTestRun(test, 2 * L);
    other = simTestStartOne(test, test->b, "db03");
    simTestAssertRuns(other);
}

/* Rule 7: a host whose clock is as fast as A2 allows does not take over early
 * from one that is as slow; the judge would see it. */
static void
testDrift(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simGuest *guest = simGuestNew(test->world, "db01", "img", "x", NULL);
    simProcess *process;
    guint i;

    simHostCrash(test->a);
    simHostCrash(test->b);
    test->a->ppm = -7500;
    test->b->ppm = 7500;
    simHostBoot(test->a);
    simHostBoot(test->b);
    simTestRun(test, 10);
    process = simTestStartOne(test, test->a, "web01");
    simTestAssertRuns(process);
    simTestCut(test, test->a, 100);
    for (i = 0; i < 300 && (i == 0 || process->state != SIM_PROCESS_RUNNING); i++) {
        simTestRun(test, 0.05);
        process = simTestStart(test, test->b, guest);
    }
    simTestAssertRuns(process);
}

/* An entry whose session has no directory any more is waited for like any
 * other, then taken. */
static void
testEntryOfNobody(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *path = simTestEntryPath(test, process, "img");
    simGuest *guest = simGuestNew(test->world, "db01", "img", "x", NULL);

    simTestKill(test, process);
    memcpy(strstr(path, ".x.f.") + 5, "00000000", 8);
    simServerLink(test->world->server, path, "host=old,guest=gone,pid=1");
    process = simTestStart(test, test->b, guest);
    simTestAssertRefused(process, VIR_ERR_RESOURCE_BUSY, "gone", "old", NULL);
    simTestRun(test, L + 2 * R);
    process = simTestStart(test, test->b, guest);
    simTestAssertRuns(process);
}

/* ---- the lease lost, the guest paused (rules 16 and 18) ---- */

static void
testPausedOutlivesLease(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    simTestCut(test, test->a, 3 * L);
    simTestRun(test, 4 * L);
    simTestAssertState(process, SIM_PROCESS_PAUSED);
    simTestResume(test, process);
    simTestAssertRuns(process);
    simTestRun(test, 4 * L);
    simTestAssertRuns(process);
}

static void
testPausedLosesToAnother(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    simProcess *other;

    simTestSuspend(test, process);
    simTestCut(test, test->a, 5 * L);
    simTestRun(test, 2 * L);
    other = simTestStartOne(test, test->b, "db01");
    simTestAssertRuns(other);
    simTestRun(test, 4 * L);
    simTestResume(test, process);
    simTestAssertRefused(process, VIR_ERR_RESOURCE_BUSY, "db01", NULL);
    simTestKill(test, other);
    simTestResume(test, process);
    simTestAssertRefused(process, VIR_ERR_OPERATION_INVALID, "web01", NULL);
}

/* ---- the daemon's life ---- */

/* Killed and restarted: the lock is never free, and all goes on. */
static void
testDaemonRestart(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *entry = simTestEntryPath(test, process, "img");
    g_autofree char *after = NULL;
    simProcess *other;

    simHostCrashDaemon(test->a);
    simTestRun(test, R);
    other = simTestStartOne(test, test->b, "db01");
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    simHostStartDaemon(test->a);
    simTestRun(test, 5 * L);
    simTestAssertRuns(process);
    after = simTestSession(test->a);
    g_assert_cmpstr(after, ==, session);
    g_assert_true(simServerExists(test->world->server, entry));
    other = simTestStartOne(test, test->b, "db02");
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    simTestSuspend(test, process);
    simTestResume(test, process);
    simTestAssertRuns(process);
    simTestKill(test, process);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
}

/* A paused guest's run, and that it is stopped, survive it too. */
static void
testDaemonRestartPaused(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    simProcess *reserved = simTestStartPaused(test, test->a, simGuestNew(test->world, "web02", "img2", "x", NULL));

    simTestSuspend(test, process);
    simHostCrashDaemon(test->a);
    simTestRun(test, R);
    simHostStartDaemon(test->a);
    simTestRun(test, 5 * L);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
    g_assert_cmpuint(simTestCountEntries(test, reserved), ==, 1);
    simTestResume(test, process);
    simTestAssertRuns(process);
    simTestResume(test, reserved);
    simTestAssertRuns(reserved);
}

/* Rule 17: who ended while the daemon was away is noticed. */
static void
testDaemonRestartGuestGone(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *running = simTestStartOne(test, test->a, "web01");
    simProcess *paused = simTestStart(test, test->a, simGuestNew(test->world, "web02", "img2", "x", NULL));

    simTestSuspend(test, paused);
    simHostCrashDaemon(test->a);
    simTestKill(test, running);
    simTestKill(test, paused);
    simHostStartDaemon(test->a);
    simTestRun(test, 1);
    g_assert_cmpuint(simTestCountEntries(test, running), ==, 0);
    g_assert_cmpuint(simTestCountSessions(test, ".exited."), ==, 1);
    running = simTestStart(test, test->b, simGuestNew(test->world, "db01", "img", "x", "img2", "x", NULL));
    simTestAssertRuns(running);
}

/* Rules 6 and 18: back too late; the guard has done what had to be done. */
static void
testDaemonRestartTooLate(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *after = NULL;

    simHostCrashDaemon(test->a);
    simTestRun(test, L);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simHostStartDaemon(test->a);
    simTestRun(test, L);
    after = simTestSession(test->a);
    g_assert_cmpstr(after, !=, session);
    simTestRun(test, L);
    process = simTestStartOne(test, test->a, "web01");
    simTestAssertRuns(process);
}

/* Rules 16 and 18: the paused guest of a daemon that came back too late. */
static void
testDaemonRestartTooLatePaused(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestSuspend(test, process);
    simHostCrashDaemon(test->a);
    simTestRun(test, 2 * L);
    simHostStartDaemon(test->a);
    simTestRun(test, 3 * L);
    simTestResume(test, process);
    simTestAssertRuns(process);
}

/* Dies after its n-th action, whatever that is: nothing is locked for ever,
 * no name is used twice (the judge's rule 1), and nobody runs unlocked. */
static void
testDaemonDiesAnywhere(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simGuest *guest = simGuestNew(test->world, "web01", "img", "x", "log", "x", NULL);
    guint actions;

    for (actions = 0; actions < 40; actions++) {
        simProcess *process = simGuestStart(test->a, guest, FALSE, actions % 2);

        simHostCrashDaemonAfter(test->a, actions);
        simTestRun(test, 0.4);
        if (process->state == SIM_PROCESS_RUNNING && !process->busy)
            simTestSuspend(test, process);
        if (process->state == SIM_PROCESS_PAUSED && !process->busy)
            simTestResume(test, process);
        simTestRun(test, R);
        simHostCrashDaemon(test->a);
        simHostStartDaemon(test->a);
        simTestRun(test, 1);
        simProcessDie(process, "killed by the test");
        simTestRun(test, 2 * L);
        process = simTestStart(test, test->b, guest);
        simTestAssertRuns(process);
        simTestKill(test, process);
    }
}

/* Rules 1 and 19: the daemon dies after its n-th action, some of which remove the
 * markers of an exited run; the next does not make them again. */
static void
testDaemonDiesSweeping(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    guint actions;

    for (actions = 0; actions < 40; actions++) {
        simProcess *process = simTestStartOne(test, test->a, "web01");
        guint i;

        simTestSuspend(test, process);
        simTestKill(test, process);
        process = simTestStartOne(test, test->b, "db01");
        simTestAssertRuns(process);
        simTestKill(test, process);
        simHostCrashDaemonAfter(test->a, actions);
        for (i = 0; i < 24; i++) {
            simTestRun(test, R / 2);
            if (!test->a->engine)
                simHostStartDaemon(test->a);
        }
        simHostCrashDaemon(test->a);
        simHostStartDaemon(test->a);
        simTestRun(test, 2 * L);
        g_assert_cmpuint(simTestCountSessions(test, "."), ==, 0);
    }
}

/* What could not be written down is not granted (virLeaseAction). */
static void
testSaveFails(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartPaused(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));

    test->a->failSaves = 1;
    simTestResume(test, process);
    simTestAssertRefused(process, VIR_ERR_OPERATION_FAILED, "state directory", NULL);
    simTestRun(test, 1);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 0);
}

/* What could not be written down is not removed: the next daemon, which reads what
 * was written last, misses no lock of a guest that runs. */
static void
testSaveFailsWhileUnplugging(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", "log", "x", NULL));

    simTestAssertRuns(process);
    test->a->failSaves = 1000;
    simTestDetach(test, process, "log");
    simTestRun(test, 2);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 2);
    simHostCrashDaemon(test->a);
    simHostStartDaemon(test->a);
    simTestRun(test, 3 * L);
    simTestAssertRuns(process);
}

/* And when there is room again it is. */
static void
testSaveFailsForAWhile(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", "log", "x", NULL));

    test->a->failSaves = 3;
    simTestDetach(test, process, "log");
    simTestRun(test, 3);
    g_assert_cmpuint(test->a->failSaves, ==, 0);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
    simTestAssertRuns(simTestStart(test, test->b, simGuestNew(test->world, "db01", "log", "x", NULL)));
}

static void
testShutdownWithoutGuests(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *path = g_strdup_printf("sessions/%s", session);

    simHostShutdownDaemon(test->a);
    simTestRun(test, 2);
    g_assert_null(test->a->engine);
    g_assert_false(simServerExists(test->world->server, path));
    simHostStartDaemon(test->a);
    simTestRun(test, 1);
    simTestAssertRuns(simTestStartOne(test, test->a, "web01"));
}

static void
testShutdownWithGuests(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simHostShutdownDaemon(test->a);
    simTestRun(test, 1);
    g_assert_null(test->a->engine);
    simTestAssertRuns(process);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
    simHostStartDaemon(test->a);
    simTestRun(test, 3 * L);
    simTestAssertRuns(process);
}

/* ---- deadlines (design §5) ---- */

/* The export does not answer: refused in time, with its own words, and when it
 * is back nothing is left of the attempt. */
static void
testSilentExport(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process;
    virLeaseTime sent;

    simTestCut(test, test->a, 30);
    sent = simWorldNow(test->world);
    process = simTestStartOne(test, test->a, "web01");
    g_assert_cmpint(simWorldNow(test->world) - sent, <, SIM_CALL_TIMEOUT + SIM_TEST_SECOND);
    simTestAssertRefused(process, VIR_ERR_OPERATION_TIMEOUT, "default", "nfs://filer/export/virtlease", NULL);
    simTestRun(test, 60);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
}

/* The client went away: what it wanted is withdrawn. */
static void
testCancel(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simGuest *guest = simGuestNew(test->world, "web01", "img", "x", NULL);
    simProcess *process;

    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 0, SIM_FAULT_HOLD_REPLY, 0.5);
    process = simGuestStart(test->a, guest, FALSE, TRUE);
    simTestRun(test, 0.1);
    simRequestGiveUp(g_ptr_array_index(test->world->requests, test->world->requests->len - 1));
    simTestRun(test, 3);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
}

/* A daemon that is killed while a disk is unplugged does not hold it against the
 * guest, or for it, when it comes back. */
static void
testKilledWhileUnplugging(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    guint actions;

    for (actions = 0; actions < 8; actions++) {
        simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", "log", "x", NULL));

        simTestAssertRuns(process);
        simHostCrashDaemonAfter(test->a, actions);
        simTestDetach(test, process, "log");
        simHostCrashDaemon(test->a);
        simHostStartDaemon(test->a);
        simTestRun(test, 0.02);
        /* The judge looks for its lock. */
        simTestAttach(test, process, "log");
        simTestAssertRuns(process);
        simTestKill(test, process);
        simTestRun(test, 2 * L);
        g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
    }
}

static guint64
testCountReads(const simTest *test)
{
    return simNetCount(test->world->net, test->a->index, VIR_LEASE_OP_READDIR);
}

/* Rule 19: a scan that began before the shard of a run was used at all says
 * nothing of that run, and its markers stay. */
static void
testScanBeforeFirstUse(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *revoke = g_strdup_printf("sessions/%s.revoke.99", session);
    simProcess *process;
    guint64 reads;

    /* A revoke for an unknown run has all looked through at once. */
    simTestRun(test, 3.5);
    simServerLink(test->world->server, revoke, "by=admin");
    simTestFault(test, test->a, VIR_LEASE_OP_READDIR, "sessions", 2, SIM_FAULT_HOLD, 0.9 * R);
    for (reads = testCountReads(test); testCountReads(test) < reads + 2;)
        simTestRun(test, 0.002);
    process = simTestStartOne(test, test->a, "web01");
    simTestSuspend(test, process);
    simTestKill(test, process);
    simTestRun(test, R);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
    g_assert_cmpuint(simTestCountSessions(test, ".exited."), ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    SIM_TEST("lease/short-outage", testShortOutage);
    SIM_TEST("lease/long-outage", testLongOutage);
    SIM_TEST("lease/late-answers-do-not-revive", testLateAnswersDoNotRevive);
    SIM_TEST("lease/hung-daemon-is-not-revived", testHungDaemonIsNotRevived);
    SIM_TEST("lease/counts-from-sending", testLeaseCountsFromSending);
    SIM_TEST("lease/removed-directory", testRemovedDirectory);
    SIM_TEST("lease/slow-birth", testSlowBirth);
    SIM_TEST("others/takeover", testTakeover);
    SIM_TEST("others/incoherent-server", testIncoherentServer);
    SIM_TEST("others/drift", testDrift);
    SIM_TEST("others/entry-of-nobody", testEntryOfNobody);
    SIM_TEST("lost/paused-outlives-lease", testPausedOutlivesLease);
    SIM_TEST("lost/paused-loses-to-another", testPausedLosesToAnother);
    SIM_TEST("daemon/restart", testDaemonRestart);
    SIM_TEST("daemon/restart-paused", testDaemonRestartPaused);
    SIM_TEST("daemon/restart-guest-gone", testDaemonRestartGuestGone);
    SIM_TEST("daemon/restart-too-late", testDaemonRestartTooLate);
    SIM_TEST("daemon/restart-too-late-paused", testDaemonRestartTooLatePaused);
    SIM_TEST("daemon/dies-anywhere", testDaemonDiesAnywhere);
    SIM_TEST("daemon/dies-sweeping", testDaemonDiesSweeping);
    SIM_TEST("daemon/save-fails", testSaveFails);
    SIM_TEST("daemon/save-fails-while-unplugging", testSaveFailsWhileUnplugging);
    SIM_TEST("daemon/save-fails-for-a-while", testSaveFailsForAWhile);
    SIM_TEST("daemon/killed-while-unplugging", testKilledWhileUnplugging);
    SIM_TEST("exited/scan-before-first-use", testScanBeforeFirstUse);
    SIM_TEST("daemon/shutdown-without-guests", testShutdownWithoutGuests);
    SIM_TEST("daemon/shutdown-with-guests", testShutdownWithGuests);
    SIM_TEST("deadline/silent-export", testSilentExport);
    SIM_TEST("deadline/cancel", testCancel);

    return g_test_run();
}
