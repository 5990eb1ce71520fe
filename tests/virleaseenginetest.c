/*
 * virleaseenginetest.c: acquiring, suspending and hot-plug, in virtual time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each scenario names the rule of docs/internals/nfs-lease.rst that it would
 * see broken. The judge of the simulator watches all of them besides.
 */
#include <config.h>

#include <string.h>

#include "simtest.h"

/* ---- fresh acquisition (rules 9 to 14) ---- */

/* Rule 10: SYMLINKs in parallel, then one scan: two round trips, and nothing else. */
static void
testFreshTwoRoundTrips(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simGuest *guest = simGuestNew(test->world, "web", "a", "x", "b", "x", "c", "r", NULL);
    const simNetConfig slow = { .delayMin = 50 * VIR_LEASE_MILLISECOND, .delayMax = 50 * VIR_LEASE_MILLISECOND };
    guint64 before[VIR_LEASE_OP_LAST + 1];
    simProcess *process;
    virLeaseTime sent;
    guint i;

    simNetConfigure(test->world->net, &slow);
    simTestRun(test, 1.3);
    for (i = 0; i <= VIR_LEASE_OP_LAST; i++)
        before[i] = simNetCount(test->world->net, 0, i);
    sent = simWorldNow(test->world);
    process = simGuestStart(test->a, guest, TRUE, TRUE);
    while (process->state == SIM_PROCESS_STARTING)
        simTestRun(test, 0.001);
    g_assert_cmpint(simWorldNow(test->world) - sent, <, 2 * 100 * VIR_LEASE_MILLISECOND + 20 * VIR_LEASE_MILLISECOND);
    g_assert_cmpuint(simNetCount(test->world->net, 0, VIR_LEASE_OP_SYMLINK) - before[VIR_LEASE_OP_SYMLINK], ==, 3);
    g_assert_cmpuint(simNetCount(test->world->net, 0, VIR_LEASE_OP_REMOVE), ==, before[VIR_LEASE_OP_REMOVE]);
    g_assert_cmpuint(simNetCount(test->world->net, 0, VIR_LEASE_OP_READLINK), ==, before[VIR_LEASE_OP_READLINK]);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 3);
}

/* Rule 21: a reservation becomes the run without any further round trip. */
static void
testFreshReservationIsTheRun(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartPaused(test, test->a, simGuestNew(test->world, "web", "a", "x", NULL));
    guint64 before = simNetCount(test->world->net, 0, VIR_LEASE_OP_SYMLINK);

    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
    simTestResume(test, process);
    simTestAssertRuns(process);
    g_assert_cmpuint(simNetCount(test->world->net, 0, VIR_LEASE_OP_SYMLINK), ==, before);
}

/* S1 and design §5: the refusal says who, where, which disk. */
static void
testConflictRunning(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *first = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simProcess *second = simTestStart(test, test->b, simGuestNew(test->world, "db01", "img", "x", NULL));

    simTestAssertRuns(first);
    simTestAssertRefused(second, VIR_ERR_RESOURCE_BUSY, "web01", "kvm1", "/images/img.qcow2", NULL);
    simTestRun(test, 1);
    g_assert_cmpuint(simTestCountEntries(test, second), ==, 0);
    g_assert_cmpuint(simTestCountEntries(test, first), ==, 1);
}

/* Rule 9: what this host's own table knows costs no round trip. */
static void
testConflictSameHost(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *first = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    guint64 before = simNetCount(test->world->net, 0, VIR_LEASE_OP_SYMLINK);
    simProcess *second = simTestStart(test, test->a, simGuestNew(test->world, "db01", "img", "x", NULL));

    simTestAssertRuns(first);
    simTestAssertRefused(second, VIR_ERR_RESOURCE_BUSY, "web01", "kvm1", "/images/img.qcow2", NULL);
    g_assert_cmpuint(simNetCount(test->world->net, 0, VIR_LEASE_OP_SYMLINK), ==, before);
}

/* Rules 11 and 15: a paused guest keeps others out. */
static void
testConflictPaused(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *first = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simGuest *other = simGuestNew(test->world, "db01", "img", "x", NULL);
    simProcess *second;

    simTestSuspend(test, first);
    simTestRun(test, 30);
    second = simTestStart(test, test->b, other);
    simTestAssertRefused(second, VIR_ERR_RESOURCE_BUSY, "web01", "kvm1", "/images/img.qcow2", NULL);
    second = simTestStart(test, test->a, other);
    simTestAssertRefused(second, VIR_ERR_RESOURCE_BUSY, "web01", "kvm1", "/images/img.qcow2", NULL);
    simTestResume(test, first);
    simTestAssertRuns(first);
}

/* Rule 21: so does one that was started paused. */
static void
testConflictReserved(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *first = simTestStartPaused(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simProcess *second;

    simTestRun(test, 30);
    second = simTestStart(test, test->b, simGuestNew(test->world, "db01", "img", "x", NULL));
    simTestAssertRefused(second, VIR_ERR_RESOURCE_BUSY, "web01", "kvm1", "/images/img.qcow2", NULL);
    simTestResume(test, first);
    simTestAssertRuns(first);
}

/* Rule 17: a running guest that ends gives its disks back at once. */
static void
testFreeAfterExit(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *first = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simProcess *second;

    simTestKill(test, first);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
    second = simTestStart(test, test->b, simGuestNew(test->world, "db01", "img", "x", NULL));
    simTestAssertRuns(second);
    g_assert_cmpuint(simTestCountSessions(test, "exited"), ==, 0);
}

/* Rule 17: a stopped one that ends leaves its entries and a marker, and
 * hinders no one. Rule 19: in the end nothing of it is left. */
static void
testFreeAfterStoppedExit(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *first = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", "log", "x", NULL));
    simProcess *second;

    simTestSuspend(test, first);
    simTestKill(test, first);
    g_assert_cmpuint(simTestCountEntries(test, first), ==, 2);
    g_assert_cmpuint(simTestCountSessions(test, ".exited."), ==, 1);
    second = simTestStart(test, test->b, simGuestNew(test->world, "db01", "img", "x", "log", "x", NULL));
    simTestAssertRuns(second);
    g_assert_cmpuint(simTestCountEntries(test, first), ==, 0);
    simTestRun(test, 20);
    g_assert_cmpuint(simTestCountSessions(test, "."), ==, 0);
}

/* S1: readers agree with each other, a writer with nobody. */
static void
testSharedReaders(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *one = simTestStart(test, test->a, simGuestNew(test->world, "r1", "img", "r", NULL));
    simProcess *two = simTestStart(test, test->b, simGuestNew(test->world, "r2", "img", "r", NULL));
    simProcess *three = simTestStart(test, test->a, simGuestNew(test->world, "r3", "img", "r", NULL));
    simGuest *writer = simGuestNew(test->world, "w", "img", "x", NULL);
    simProcess *process;

    simTestAssertRuns(one);
    simTestAssertRuns(two);
    simTestAssertRuns(three);
    process = simTestStart(test, test->c, writer);
    simTestAssertRefused(process, VIR_ERR_RESOURCE_BUSY, "/images/img.qcow2", NULL);
    simTestKill(test, one);
    simTestKill(test, two);
    process = simTestStart(test, test->c, writer);
    simTestAssertRefused(process, VIR_ERR_RESOURCE_BUSY, "r3", "kvm1", NULL);
    simTestKill(test, three);
    process = simTestStart(test, test->c, writer);
    simTestAssertRuns(process);
}

static void
testSharedAfterWriter(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *writer = simTestStart(test, test->a, simGuestNew(test->world, "w", "img", "x", NULL));
    simProcess *reader = simTestStart(test, test->b, simGuestNew(test->world, "r", "img", "r", NULL));

    simTestAssertRuns(writer);
    simTestAssertRefused(reader, VIR_ERR_RESOURCE_BUSY, "'w'", "kvm1", NULL);
}

static simGuest *
testGuestWithMany(simTest *test, const char *name, guint disks)
{
    simGuest *guest = simGuestNew(test->world, name, NULL);
    guint i;

    for (i = 0; i < disks; i++) {
        g_autofree char *disk = g_strdup_printf("disk%u", i);

        g_ptr_array_add(guest->resources, virLeaseResourceNew(disk, disk, VIR_LEASE_MODE_EXCLUSIVE));
    }
    return guest;
}

/* Design §6: all of a guest's disks or none. */
static void
testAllOrNothing(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *holder = simTestStart(test, test->a, simGuestNew(test->world, "one", "disk11", "x", NULL));
    simGuest *guest = testGuestWithMany(test, "many", 16);
    simProcess *process = simTestStart(test, test->b, guest);

    simTestAssertRefused(process, VIR_ERR_RESOURCE_BUSY, "one", "kvm1", "disk11", NULL);
    simTestRun(test, 1);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 1);
    simTestKill(test, holder);
    process = simTestStart(test, test->b, guest);
    simTestAssertRuns(process);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 16);
}

/* Rules 11 and 14: of several that come at the same instant one gets it. */
static void
testRace(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    guint round;

    for (round = 0; round < 20; round++) {
        guint running = 0;
        guint i;

        for (i = 0; i < 3; i++) {
            g_autofree char *name = g_strdup_printf("racer%u.%u", round, i);

            simGuestStart(simWorldHost(test->world, i),
                          simGuestNew(test->world, name, "img", "x", "log", "x", NULL), FALSE, TRUE);
        }
        simTestRun(test, 15);
        for (i = test->world->alive->len; i > 0; i--) {
            simProcess *process = g_ptr_array_index(test->world->alive, i - 1);

            running += process->state == SIM_PROCESS_RUNNING;
            simProcessDie(process, "the race is over");
        }
        g_assert_cmpuint(running, ==, 1);
        simTestRun(test, 1);
        g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
    }
}

/* Rule 3 and 4: a SYMLINK that the server carries out after everything was
 * over is found and removed. */
static void
testLateSymlinkIsSwept(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process;

    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 1, SIM_FAULT_LATE, 20);
    process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simTestAssertRuns(process);
    simTestKill(test, process);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
    while (simTestCountEntries(test, NULL) == 0 && simWorldNow(test->world) < 60 * SIM_TEST_SECOND)
        simTestRun(test, 0.1);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 1);
    simTestRun(test, 7);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
}

/* Rule 3: a REMOVE counts only when it was acknowledged. */
static void
testLostRemoveIsRepeated(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    guint i;

    for (i = 1; i <= 3; i++)
        simTestFault(test, test->a, VIR_LEASE_OP_REMOVE, NULL, i, SIM_FAULT_LOSE_REQUEST, 0);
    simTestKill(test, process);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 1);
    simTestRun(test, 6);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
}

/* Rule 1: a REMOVE that is carried out once more, later, hits nothing. */
static void
testRepeatedRemoveHitsNothing(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simGuest *guest = simGuestNew(test->world, "web01", "img", "x", NULL);
    simProcess *process = simTestStart(test, test->a, guest);

    simTestFault(test, test->a, VIR_LEASE_OP_REMOVE, "locks/", 0, SIM_FAULT_TWICE, 5);
    simTestKill(test, process);
    process = simTestStart(test, test->a, guest);
    simTestAssertRuns(process);
    simTestRun(test, 10);
    simTestAssertRuns(process);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
}

/* Rule 10: a scan that failed is no scan, and is repeated. */
static void
testFailedScanIsRepeated(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process;
    guint i;

    for (i = 1; i <= 3; i++)
        simTestFault(test, test->a, VIR_LEASE_OP_READDIR, "locks/", i, SIM_FAULT_REFUSE, 0);
    process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simTestAssertRuns(process);
}

/* Rule 10: what was not answered is asked again before any scan. */
static void
testLostSymlinkIsRepeated(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process;

    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 1, SIM_FAULT_LOSE_REQUEST, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, "locks/", 2, SIM_FAULT_LOSE_REPLY, 0);
    process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simTestAssertRuns(process);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
}

/* ---- suspend and resume (rules 15 and 16) ---- */

static void
testSuspendResume(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", "log", "r", NULL));
    guint i;

    for (i = 0; i < 5; i++) {
        simTestSuspend(test, process);
        g_assert_nonnull(process->token);
        g_assert_cmpuint(simTestCountEntries(test, process), ==, 2);
        simTestResume(test, process);
        simTestAssertRuns(process);
        g_assert_cmpuint(simTestCountEntries(test, process), ==, 2);
    }
    simTestRun(test, 20);
    g_assert_cmpuint(simTestCountSessions(test, ".stopped."), ==, 0);
}

/* Rule 15: asking before, and asking twice, gives the same token. */
static void
testTokenStaysTheSame(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    g_autofree char *inquired = NULL;
    g_autofree char *suspended = NULL;

    simProcessInquire(process);
    simTestSettle(test, process);
    inquired = g_strdup(process->token);
    g_assert_nonnull(inquired);
    simTestSuspend(test, process);
    suspended = g_strdup(process->token);
    g_assert_cmpstr(suspended, ==, inquired);
    simProcessInquire(process);
    simTestSettle(test, process);
    g_assert_cmpstr(process->token, ==, inquired);
}

/* Rule 15: the marker is repeated until it is acknowledged, and the answer to
 * libvirt does not wait for ever. */
static void
testSuspendWhileCut(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));

    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, ".stopped.", 1, SIM_FAULT_LOSE_REQUEST, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_SYMLINK, ".stopped.", 2, SIM_FAULT_LOSE_REPLY, 0);
    simTestSuspend(test, process);
    g_assert_nonnull(process->token);
    simTestRun(test, 5);
    g_assert_cmpuint(simTestCountSessions(test, ".stopped."), ==, 1);
    simTestResume(test, process);
    simTestAssertRuns(process);
}

/* Rule 15: a disk attached while the guest is paused belongs to its run. */
static void
testAttachWhilePaused(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simProcess *other;

    simTestSuspend(test, process);
    simTestAttach(test, process, "second");
    other = simTestStart(test, test->b, simGuestNew(test->world, "db01", "second", "x", NULL));
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", "kvm1", "second", NULL);
    simTestResume(test, process);
    simTestAssertRuns(process);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 2);
}

/* Rule 17. */
static void
testHotPlug(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));
    simGuest *guest = simGuestNew(test->world, "db01", "second", "x", NULL);
    simProcess *other = simTestStart(test, test->b, guest);

    simTestAttach(test, process, "second");
    g_assert_cmpint(process->lastCode, ==, VIR_ERR_RESOURCE_BUSY);
    simTestAssertRuns(process);
    simTestKill(test, other);
    simTestAttach(test, process, "second");
    g_assert_cmpint(process->lastCode, ==, VIR_ERR_OK);
    other = simTestStart(test, test->b, guest);
    simTestAssertRefused(other, VIR_ERR_RESOURCE_BUSY, "web01", NULL);
    simTestDetach(test, process, "second");
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
    other = simTestStart(test, test->b, guest);
    simTestAssertRuns(other);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    SIM_TEST("fresh/two-round-trips", testFreshTwoRoundTrips);
    SIM_TEST("fresh/reservation-is-the-run", testFreshReservationIsTheRun);
    SIM_TEST("fresh/all-or-nothing", testAllOrNothing);
    SIM_TEST("fresh/race", testRace);
    SIM_TEST("fresh/late-symlink-is-swept", testLateSymlinkIsSwept);
    SIM_TEST("fresh/lost-remove-is-repeated", testLostRemoveIsRepeated);
    SIM_TEST("fresh/repeated-remove-hits-nothing", testRepeatedRemoveHitsNothing);
    SIM_TEST("fresh/failed-scan-is-repeated", testFailedScanIsRepeated);
    SIM_TEST("fresh/lost-symlink-is-repeated", testLostSymlinkIsRepeated);
    SIM_TEST("conflict/running", testConflictRunning);
    SIM_TEST("conflict/same-host", testConflictSameHost);
    SIM_TEST("conflict/paused", testConflictPaused);
    SIM_TEST("conflict/reserved", testConflictReserved);
    SIM_TEST("conflict/shared-readers", testSharedReaders);
    SIM_TEST("conflict/shared-after-writer", testSharedAfterWriter);
    SIM_TEST("free/after-exit", testFreeAfterExit);
    SIM_TEST("free/after-stopped-exit", testFreeAfterStoppedExit);
    SIM_TEST("suspend/resume", testSuspendResume);
    SIM_TEST("suspend/token-stays-the-same", testTokenStaysTheSame);
    SIM_TEST("suspend/marker-is-repeated", testSuspendWhileCut);
    SIM_TEST("suspend/attach-while-paused", testAttachWhilePaused);
    SIM_TEST("hot-plug", testHotPlug);

    return g_test_run();
}
