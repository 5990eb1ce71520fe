/*
 * simdaemontest.c: the simulated daemon knows who is dead, as virtleased does
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simtest.h"
#include "virerror.h"
#include "virlog.h"

/* The end of a process and its last request are on their way together; which
 * of them arrives first is a matter of chance. */
static void
testEndAndRequestMeet(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simGuest *guest = simGuestNew(test->world, "web01", "img", "x", NULL);
    guint i;

    for (i = 0; i < 20; i++) {
        simProcess *process = simTestStartPaused(test, test->a, guest);

        simProcessResume(process);
        simProcessDie(process, "killed by the test");
        simTestRun(test, 3);
        g_assert_cmpuint(simTestCountEntries(test, process), ==, 0);
    }
    simTestAssertRuns(simTestStart(test, test->b, guest));
}

/* Its locks are kept for whoever has its token, but nobody asks a dead one. */
static void
testDeadHasNoToken(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));

    simTestSuspend(test, process);
    g_assert_nonnull(process->token);
    simTestKill(test, process);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 1);
    simProcessInquire(process);
    simTestRun(test, 0.1);
    g_assert_cmpint(process->lastCode, ==, VIR_ERR_OK);
    g_assert_null(process->token);
}

/* A daemon that is started finds out who ended meanwhile. */
static void
testEndIsSeenLater(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStart(test, test->a, simGuestNew(test->world, "web01", "img", "x", NULL));

    simHostCrashDaemon(test->a);
    simProcessDie(process, "killed by the test");
    simHostStartDaemon(test->a);
    g_assert_true(process->exitTold);
    simTestRun(test, 3);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    virLogSetPriority(VIR_LOG_ERROR + 1);

    SIM_TEST("daemon/end-and-request-meet", testEndAndRequestMeet);
    SIM_TEST("daemon/dead-has-no-token", testDeadHasNoToken);
    SIM_TEST("daemon/end-is-seen-later", testEndIsSeenLater);

    return g_test_run();
}
