/*
 * virleaseenginefailuretest.c: what becomes of guests whose lease is lost, in virtual time
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
#define K (L / 3)

static simProcess *
testStart(simTest *test, virLeaseFailure failure)
{
    simGuest *guest = simGuestNew(test->world, "web01", "img", "x", NULL);
    simProcess *process;

    guest->failure = failure;
    process = simTestStart(test, test->a, guest);
    simTestAssertRuns(process);
    return process;
}

static simProcess *
testStartOther(simTest *test, simHost *host)
{
    return simTestStart(test, host, simGuestNew(test->world, "db01", "img", "x", NULL));
}

/* Runs until @seconds before the end of the lease, which is not renewed. */
static void
testRunUntilLeft(simTest *test, double seconds)
{
    virLeaseTime at = test->a->end - (virLeaseSpan) (seconds * (double) SIM_TEST_SECOND);

    simTestRun(test, (double) (at - simHostTime(test->a)) / (double) SIM_TEST_SECOND);
}

/* ---- pause (rules 6, 15, 16, 18) ---- */

/* It is paused before others would be killed, and goes on later. */
static void
testPause(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_PAUSE);

    simTestCut(test, test->a, 3 * L);
    testRunUntilLeft(test, K + R + 0.01);
    simTestAssertRuns(process);
    testRunUntilLeft(test, K + 0.01);
    simTestAssertState(process, SIM_PROCESS_PAUSED);
    simTestRun(test, 4 * L);
    simTestAssertState(process, SIM_PROCESS_PAUSED);
    simTestResume(test, process);
    simTestAssertRuns(process);
}

/* S2: but not if another guest had its disk meanwhile. */
static void
testPauseThenTaken(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_PAUSE);
    simProcess *other;

    simTestCut(test, test->a, 5 * L);
    simTestRun(test, 2.5 * L);
    simTestAssertState(process, SIM_PROCESS_PAUSED);
    other = testStartOther(test, test->b);
    simTestAssertRuns(other);
    simTestRun(test, 4 * L);
    simTestKill(test, other);
    simTestResume(test, process);
    simTestAssertRefused(process, VIR_ERR_OPERATION_INVALID, "web01", NULL);
}

/* Rule 6: a pause that nobody confirms does not count. */
static void
testPauseUnconfirmed(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_PAUSE);

    test->a->libvirtHangs = TRUE;
    simTestCut(test, test->a, 3 * L);
    testRunUntilLeft(test, K + 0.01);
    simTestAssertRuns(process);
    testRunUntilLeft(test, K - 0.1);
    simTestAssertState(process, SIM_PROCESS_DEAD);
}

/* One renewal that gets no answer, and is repeated, is no reason. */
static void
testLateRenewalDoesNotPause(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_PAUSE);
    guint i;

    for (i = 0; i < 6; i++) {
        simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 1, SIM_FAULT_LOSE_REQUEST, 0);
        simTestRun(test, L);
        simTestAssertRuns(process);
    }
}

/* What was begun for an outage that ended in time is begun anew for the next. */
static void
testPauseOfTwo(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_PAUSE);

    guint i;

    test->a->libvirtHangs = TRUE;
    simTestCut(test, test->a, L);
    for (i = 0; i < 1000 && !test->a->failingAt; i++)
        simTestRun(test, 0.01);
    simTestCut(test, test->a, 0);
    simTestRun(test, 2 * L);
    simTestAssertRuns(process);
    test->a->libvirtHangs = FALSE;
    simTestCut(test, test->a, 3 * L);
    simTestRun(test, 2 * L);
    simTestAssertState(process, SIM_PROCESS_PAUSED);
}

static void
testRemoveEntry(simTest *test, const simProcess *process)
{
    g_autofree char *path = simTestEntryPath(test, process, "img");
    g_autoptr(virLeaseOp) op = virLeaseOpNew(1, VIR_LEASE_OP_REMOVE, path, SIM_TEST_SECOND);

    test->world->lostData = TRUE;
    virLeaseReplyFree(simServerExecute(test->world->server, op));
}

static void
testRunWhileRunning(simTest *test, const simProcess *process)
{
    guint i;

    for (i = 0; i < 1000 && process->state == SIM_PROCESS_RUNNING; i++)
        simTestRun(test, 0.1);
}

/* Rule 20: its lock is gone, while the lease holds. */
static void
testPauseOfAudit(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_PAUSE);

    testRemoveEntry(test, process);
    testRunWhileRunning(test, process);
    simTestRun(test, 2 * R);
    simTestAssertState(process, SIM_PROCESS_PAUSED);
    simTestResume(test, process);
    simTestAssertRefused(process, VIR_ERR_OPERATION_INVALID, "web01", NULL);
}

/* The same, and libvirt is no help: gone by then + K. */
static void
testAuditUnconfirmed(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_PAUSE);

    test->a->libvirtHangs = TRUE;
    testRemoveEntry(test, process);
    simTestRun(test, 60 + 2 * R);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    g_assert_cmpint(test->a->failingAt, >, 0);
    g_assert_cmpint(process->diedAt - test->a->failingAt, <, SIM_TEST_LENGTH / 3);
}

/* ---- restart (rule 6) ---- */

/* The daemon is told before, and with the kill, that it is wanted again. */
static void
testRestart(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_RESTART);

    g_assert_cmpuint(test->a->restarts, ==, 0);
    simTestCut(test, test->a, 3 * L);
    testRunUntilLeft(test, K + 0.01);
    simTestAssertRuns(process);
    testRunUntilLeft(test, K - 0.1);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    g_assert_cmpuint(test->a->restarts, ==, 1);
    simTestRun(test, 4 * L);
    process = simTestStart(test, test->a, process->guest);
    simTestAssertRuns(process);
}

/* Nor does it come back when an administrator has asked for its end. */
static void
testRevokedIsNotRestarted(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_RESTART);
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *path = simTestEntryPath(test, process, "img");
    g_auto(GStrv) words = g_strsplit(path, ".", 8);
    g_autofree char *marker = g_strdup_printf("sessions/%s.revoke.%s", session, words[4]);

    simServerLink(test->world->server, marker, "host=admin");
    simTestRun(test, 2 * R);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    g_assert_cmpuint(test->a->restarts, ==, 0);
}

/* Nobody starts again what lives on another host. What is in its own way, as its
 * daemon was away for so long that nobody knows it for dead yet, is tried on. */
static void
testElsewhere(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_RESTART);
    simProcess *again = simTestStart(test, test->b, process->guest);

    simTestAssertRefused(again, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    g_assert_true(again->elsewhere);

    simHostCrashDaemon(test->a);
    simTestRun(test, L + 1);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simHostStartDaemon(test->a);
    simTestRun(test, 1);
    again = simTestStart(test, test->a, process->guest);
    simTestAssertRefused(again, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    g_assert_false(again->elsewhere);
    simTestRun(test, 2 * L);
    again = simTestStart(test, test->a, process->guest);
    simTestAssertRuns(again);
}

/* ---- ignore ---- */

static const char *
testState(simTest *test, const simProcess *process)
{
    g_autoptr(virLeaseEngineStatus) status = virLeaseEngineGetStatus(test->a->engine, simHostTime(test->a));

    for (guint i = 0; i < status->owners->len; i++) {
        const virLeaseOwnerStatus *owner = g_ptr_array_index(status->owners, i);

        if (owner->owner == process->owner)
            return owner->state;
    }
    return "unknown";
}

/* It runs on, and has its locks again when the server is back. */
static void
testIgnore(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_IGNORE);
    g_autofree char *before = simTestEntryPath(test, process, "img");
    g_autofree char *after = NULL;
    simProcess *other;

    simTestCut(test, test->a, 2 * L);
    simTestRun(test, 1.5 * L);
    simTestAssertRuns(process);
    g_assert_cmpstr(testState(test, process), ==, "lost");
    simTestRun(test, 2 * L);
    simTestAssertRuns(process);
    g_assert_cmpstr(testState(test, process), ==, "running");
    after = simTestEntryPath(test, process, "img");
    g_assert_cmpstr(after, !=, before);
    g_assert_false(simServerExists(test->world->server, before));
    simTestRun(test, 2 * L);
    other = testStartOther(test, test->b);
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    simTestSuspend(test, process);
    simTestResume(test, process);
    simTestAssertRuns(process);
}

/* Not if another guest has taken its disk; when that is gone, it does. */
static void
testIgnoreThenTaken(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_IGNORE);
    simProcess *other;

    simTestCut(test, test->a, 4 * L);
    simTestRun(test, 2.5 * L);
    other = testStartOther(test, test->b);
    simTestAssertRuns(other);
    simTestRun(test, 3 * L);
    simTestAssertRuns(process);
    simTestAssertRuns(other);
    g_assert_cmpstr(testState(test, process), ==, "lost");
    g_assert_cmpuint(simTestCountEntries(test, other), ==, 1);
    simTestKill(test, other);
    simTestRun(test, 8 * L);
    simTestAssertRuns(process);
    g_assert_cmpstr(testState(test, process), ==, "running");
}

/* A daemon that was away for longer than the lease spares it, too. */
static void
testIgnoreWithoutDaemon(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_IGNORE);

    simHostCrashDaemon(test->a);
    simTestRun(test, 2 * L);
    simHostStartDaemon(test->a);
    simTestRun(test, 3 * L);
    simTestAssertRuns(process);
    g_assert_cmpstr(testState(test, process), ==, "running");
}

/* On this host nobody gets the disk of one that runs without a lease. */
static void
testIgnoreKeepsOthersOutHere(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_IGNORE);
    simProcess *other;

    testRemoveEntry(test, process);
    simTestRun(test, 60);
    simTestAssertRuns(process);
    other = testStartOther(test, test->a);
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
}

/* ---- a process that cannot be killed (A3) ---- */

/* Its host begins no session and grants nothing, until it is gone. */
static void
testImmortal(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_POWEROFF);
    g_autofree char *session = NULL;
    g_autoptr(virLeaseEngineStatus) status = NULL;
    simProcess *other;

    process->immortal = TRUE;
    simTestCut(test, test->a, L + R);
    simTestRun(test, 5 * L);
    g_assert_null(simTestSession(test->a));
    status = virLeaseEngineGetStatus(test->a->engine, simHostTime(test->a));
    g_assert_nonnull(strstr(status->problem, "reset this host"));
    g_assert_nonnull(strstr(status->problem, "'web01'"));
    other = simTestStart(test, test->a, simGuestNew(test->world, "db01", "other", "x", NULL));
    simTestAssertRefused(other, VIR_ERR_OPERATION_FAILED, "web01", "reset", NULL);
    simTestKill(test, process);
    simTestRun(test, L);
    session = simTestSession(test->a);
    g_assert_nonnull(session);
    other = simTestStart(test, test->a, simGuestNew(test->world, "db02", "other", "x", NULL));
    simTestAssertRuns(other);
}

/* A lease that is renewed after all goes on: it keeps others from the disk. */
static void
testImmortalWithLease(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = testStart(test, VIR_LEASE_FAILURE_POWEROFF);
    g_autofree char *before = simTestSession(test->a);
    g_autofree char *after = NULL;
    simProcess *other;

    process->immortal = TRUE;
    simTestCut(test, test->a, 3 * L);
    testRunUntilLeft(test, K - 0.2);
    g_assert_true(process->dying);
    simTestCut(test, test->a, 0);
    simTestRun(test, 3 * L);
    after = simTestSession(test->a);
    g_assert_cmpstr(after, ==, before);
    other = testStartOther(test, test->b);
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    other = testStartOther(test, test->a);
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    SIM_TEST("failure/pause-before-the-kill", testPause);
    SIM_TEST("failure/paused-and-taken", testPauseThenTaken);
    SIM_TEST("failure/unconfirmed-pause-is-a-kill", testPauseUnconfirmed);
    SIM_TEST("failure/late-renewal-does-not-pause", testLateRenewalDoesNotPause);
    SIM_TEST("failure/second-outage-pauses", testPauseOfTwo);
    SIM_TEST("failure/removed-entry-pauses", testPauseOfAudit);
    SIM_TEST("failure/removed-entry-unconfirmed", testAuditUnconfirmed);
    SIM_TEST("failure/restart", testRestart);
    SIM_TEST("failure/elsewhere", testElsewhere);
    SIM_TEST("failure/ignore", testIgnore);
    SIM_TEST("failure/ignore-and-taken", testIgnoreThenTaken);
    SIM_TEST("failure/ignore-without-daemon", testIgnoreWithoutDaemon);
    SIM_TEST("failure/ignore-keeps-others-out-here", testIgnoreKeepsOthersOutHere);
    SIM_TEST("failure/immortal-holds-up-its-host", testImmortal);
    SIM_TEST("failure/immortal-with-lease", testImmortalWithLease);
    SIM_TEST("failure/revoked-is-not-restarted", testRevokedIsNotRestarted);
    return g_test_run();
}
