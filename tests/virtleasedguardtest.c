/*
 * virtleasedguardtest.c: a daemon of which one part or the other dies or hangs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virprocess.h"
#include "virtime.h"
#include "virtleasedlab.h"

#define DISK "/images/a.raw"
#define LEASE_MS (LAB_LEASE_SECONDS * 1000)
#define MARGIN (LAB_LEASE_SECONDS * VIR_LEASE_SECOND / 3)
#define RESTART_MS 100      /* what a restart may take */

typedef labHosts testLab;

static void
testSetUp(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    char *lockspace = labLockspaceNew(LAB_LEASE_SECONDS);
    g_autofree char *url = g_strdup_printf("dir:%s", lockspace);

    labHostsStart(lab, lockspace, url);
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->web, DISK, LEASE_MS), ==, 0);
}

static void
testTearDown(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    labHostsStop(lab);
}

static void
testKill(pid_t pid, int sig)
{
    g_assert_cmpint(kill(pid, sig), ==, 0);
}

static void
testLogHas(const labDaemon *daemon, const char *text)
{
    gint64 end = virTimeBootNow() + LEASE_MS * VIR_LEASE_MILLISECOND;
    g_autofree char *log = labDaemonReadLog(daemon);

    while (!strstr(log, text) && virTimeBootNow() < end) {
        g_usleep(10 * 1000);
        g_free(log);
        log = labDaemonReadLog(daemon);
    }
    g_assert_nonnull(strstr(log, text));
}

/* Waits until A has just renewed its lease, so that there is time for what a
 * test does next. */
static void
testRenewed(const testLab *lab)
{
    virLeaseTime before = labDaemonEnd(lab->a);
    gint64 limit = virTimeBootNow() + LEASE_MS * VIR_LEASE_MILLISECOND;
    virLeaseTime end = before;

    while (end == before && virTimeBootNow() < limit) {
        g_usleep(2 * 1000);
        end = labDaemonEnd(lab->a);
    }
    g_assert_cmpint(end, !=, before);
    /* It is saved first, and told to the guard by the time this is answered. */
    labStatusFree(labStatus(lab->a));
}

/* Nobody renews A's lease any more: web is killed when only the margin is left. */
static void
testWebDies(testLab *lab)
{
    virLeaseTime end = labDaemonEnd(lab->a);
    virLeaseTime now;

    g_assert_true(labGuestEnds(lab->web, LEASE_MS));
    now = virTimeBootNow();
    g_test_message("killed %.3f s before the end of the lease", (end - now) / 1e9);
    g_assert_cmpint(now, >=, end - MARGIN);
    g_assert_cmpint(now, <, end);
    testLogHas(lab->a, "killing guest 'web'");
}

/* ---- the worker ---- */

/* When the process @pid was started, in ms of CLOCK_BOOTTIME, as the kernel has
 * it: this test may have to wait for others when it wants to look. */
static double
testStarted(pid_t pid)
{
    unsigned long long ticks = 0;

    g_assert_cmpint(virProcessGetStartTime(pid, &ticks), ==, 0);
    return (double) ticks * 1000 / (double) sysconf(_SC_CLK_TCK);
}

/* How long it takes, in ms, until a killed worker's successor is there. */
static double
testRestartTakes(testLab *lab)
{
    pid_t old = labDaemonWorker(lab->a);
    virLeaseTime begin = virTimeBootNow();
    double took;

    testKill(old, SIGKILL);
    took = testStarted(labDaemonNextWorker(lab->a, old)) - begin / 1e6;
    /* Who calls meanwhile waits, and is not refused. */
    labStatusFree(labStatus(lab->a));
    g_test_message("the next worker was there after %.0f ms, and answered after %.1f ms",
                   took, (virTimeBootNow() - begin) / 1e6);
    return took;
}

static void
testWorkerKilled(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    pid_t guard = lab->a->pid;

    g_assert_cmpfloat(testRestartTakes(lab), <, RESTART_MS);
    labWaitGuestState(lab->a, lab->web, "running");
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
    g_assert_cmpint(lab->a->pid, ==, guard);
    g_assert_cmpint(labAcquire(lab->a, lab->db, DISK, NULL, NULL), ==, VIR_ERR_RESOURCE_BUSY);
    testLogHas(lab->a, "was ended by signal 9");
}

/* A signal meant for all of virtleased, sent to the worker alone. */
static void
testWorkerTold(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    pid_t old = labDaemonWorker(lab->a);

    testKill(old, SIGTERM);
    labDaemonNextWorker(lab->a, old);
    testLogHas(lab->a, "though it was not told to");
    labWaitGuestState(lab->a, lab->web, "running");
}

static void
testWorkerHangs(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    pid_t worker = labDaemonWorker(lab->a);

    testRenewed(lab);
    testKill(worker, SIGSTOP);
    testWebDies(lab);
    /* It is good for nothing any more. */
    labDaemonNextWorker(lab->a, worker);
    testLogHas(lab->a, "has hung");
    testLogHas(lab->a, "its guests were dealt with");
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->db, DISK, 3 * LEASE_MS), ==, 0);
}

/* A worker that hangs for a moment only is let be. */
static void
testWorkerDozes(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    pid_t worker = labDaemonWorker(lab->a);

    testRenewed(lab);
    testKill(worker, SIGSTOP);
    g_assert_false(labGuestEnds(lab->web, LEASE_MS / 3));
    testKill(worker, SIGCONT);
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
    g_assert_cmpint(labDaemonWorker(lab->a), ==, worker);
}

/* The guard kills in time, and starts workers ever more slowly. */
static void
testWorkerCannotComeBack(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *config = NULL;

    g_assert_true(g_file_get_contents(lab->a->config, &config, NULL, NULL));
    testRenewed(lab);
    g_assert_true(g_file_set_contents(lab->a->config, "colour = 1\n", -1, NULL));
    testKill(labDaemonWorker(lab->a), SIGKILL);
    testWebDies(lab);
    testLogHas(lab->a, "4 times in a row");
    testLogHas(lab->a, "the next is started in 0.4 s");

    g_assert_true(g_file_set_contents(lab->a->config, config, -1, NULL));
    labStatusFree(labStatus(lab->a));
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->db, DISK, 3 * LEASE_MS), ==, 0);
}

/* ---- the guard ---- */

static void
testGuardKilled(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    pid_t worker = labDaemonWorker(lab->a);

    testKill(lab->a->pid, SIGKILL);
    labDaemonNextGuard(lab->a);
    g_assert_cmpint(labDaemonWorker(lab->a), ==, worker);
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->db, "/images/b.raw", LEASE_MS), ==, 0);
    testRenewed(lab);
    testKill(worker, SIGSTOP);
    testWebDies(lab);
    g_assert_true(labGuestEnds(lab->db, LEASE_MS / 3));
}

static void
testGuardHangs(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    pid_t worker = labDaemonWorker(lab->a);

    testKill(lab->a->pid, SIGSTOP);
    labDaemonNextGuard(lab->a);
    testLogHas(lab->a, "killed and replaced");
    g_assert_cmpint(labDaemonWorker(lab->a), ==, worker);
    testRenewed(lab);
    testKill(worker, SIGSTOP);
    testWebDies(lab);
}

/* Rule 13: what the guard has not confirmed is not granted, nor anybody killed. */
static void
testGuardSaysNothing(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *message = NULL;

    testKill(lab->a->pid, SIGSTOP);
    g_assert_cmpint(labAcquire(lab->a, lab->db, "/images/b.raw", NULL, &message), ==, VIR_ERR_OPERATION_FAILED);
    g_assert_nonnull(strstr(message, "guard"));
    testLogHas(lab->a, "does not confirm that it watches over guest 'db'");
    /* Nothing of it is left. */
    g_assert_cmpint(labAcquirePatiently(lab->b, lab->db, "/images/b.raw", LEASE_MS), ==, 0);
    labDaemonNextGuard(lab->a);
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
    g_assert_false(labGuestEnds(lab->db, 1));
}

/* One that goes on before it counts as hung is asked again. */
static void
testGuardGoesOn(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    testKill(lab->a->pid, SIGSTOP);
    g_assert_cmpint(labAcquire(lab->a, lab->db, "/images/b.raw", NULL, NULL), ==, VIR_ERR_OPERATION_FAILED);
    testKill(lab->a->pid, SIGCONT);
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->db, "/images/b.raw", LEASE_MS), ==, 0);
}

/* The one that takes its place ends like any other, and leaves the guests. */
static void
testReplacedGuardEnds(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    int status;

    testKill(lab->a->pid, SIGKILL);
    labDaemonNextGuard(lab->a);
    status = labDaemonStop(lab->a, SIGTERM);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    g_assert_false(g_file_test(lab->a->pidFile, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(lab->a->socket, G_FILE_TEST_EXISTS));
    labDaemonStart(lab->a);
    labWaitGuestState(lab->a, lab->web, "running");
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
}

/* ---- both ---- */

static void
testBothKilled(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    labDaemonStop(lab->a, SIGKILL);
    labDaemonStart(lab->a);
    labWaitGuestState(lab->a, lab->web, "running");
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
}

/* One after the other, each as soon as it is there: all is as it was. */
static void
testTurnsOfDeath(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    for (int i = 0; i < 3; i++) {
        pid_t worker = labDaemonWorker(lab->a);

        testKill(worker, SIGKILL);
        labDaemonNextWorker(lab->a, worker);
        labStatusFree(labStatus(lab->a));
        testKill(lab->a->pid, SIGKILL);
        labDaemonNextGuard(lab->a);
    }
    labWaitGuestState(lab->a, lab->web, "running");
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
}

static void
testTermEndsBoth(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    int status;

    /* As "pkill virtleased" does it. */
    testKill(labDaemonWorker(lab->a), SIGTERM);
    status = labDaemonStop(lab->a, SIGTERM);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    g_assert_false(labGuestEnds(lab->web, 100));
}

/* A worker that does not end when told to does not keep the guard from it. */
static void
testTermWhileHung(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    int status;

    testKill(labDaemonWorker(lab->a), SIGSTOP);
    testKill(lab->a->pid, SIGTERM);
    g_usleep(50 * 1000);
    status = labDaemonStop(lab->a, SIGTERM);
    g_assert_true(WIFEXITED(status));
    g_assert_false(labGuestEnds(lab->web, 100));
}

#define TEST_ADD(name, func) \
    g_test_add("/locking/virtleased/guard/" name, testLab, NULL, testSetUp, func, testTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!g_getenv("abs_top_builddir"))
        g_setenv("abs_top_builddir", ".", TRUE);

    TEST_ADD("worker-killed-comes-back", testWorkerKilled);
    TEST_ADD("worker-told-to-end-comes-back", testWorkerTold);
    TEST_ADD("worker-hangs", testWorkerHangs);
    TEST_ADD("worker-dozes", testWorkerDozes);
    TEST_ADD("worker-cannot-come-back", testWorkerCannotComeBack);
    TEST_ADD("guard-killed-is-replaced", testGuardKilled);
    TEST_ADD("guard-hangs-is-replaced", testGuardHangs);
    TEST_ADD("guard-says-nothing-no-grant", testGuardSaysNothing);
    TEST_ADD("guard-goes-on-and-grants", testGuardGoesOn);
    TEST_ADD("replaced-guard-ends", testReplacedGuardEnds);
    TEST_ADD("both-killed", testBothKilled);
    TEST_ADD("turns-of-death", testTurnsOfDeath);
    TEST_ADD("sigterm-to-both", testTermEndsBoth);
    TEST_ADD("sigterm-while-worker-hangs", testTermWhileHung);
    return g_test_run();
}
