/*
 * virleasestoredirtest.c: tests a lockspace in a directory of this host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virleasestorecases.h"

#define TEST_BUSY 100      /* operations, of some milliseconds each */

static char *testRoot;

static char *
testURL(const char *name)
{
    return g_strdup_printf("dir:%s/%s", testRoot, name);
}

static void
testCases(void)
{
    g_autofree char *url = testURL("space");
    g_autofree char *local = g_build_filename(testRoot, "space", NULL);

    testStoreCases(url, local);
    testStoreParallel(url);
    testStoreManyEntries(url, local);
}

/* The administrator's own path may have a link in it. */
static void
testRootMayBeLink(void)
{
    g_autofree char *url = testURL("link/space2");
    g_autofree char *link = g_build_filename(testRoot, "link", NULL);
    g_autoptr(testStore) test = testStoreNew(url);

    g_assert_cmpint(symlink(".", link), ==, 0);
    testStoreExpect(test, VIR_LEASE_OP_MKDIR, "", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_MKDIR, "locks", VIR_LEASE_STATUS_OK);
}

/* When all threads are busy for long an operation still costs no more than
 * its own time, and each is answered once. */
static void
testTimeout(void)
{
    g_autofree char *url = testURL("space");
    g_autoptr(testStore) test = testStoreNew(url);
    guint64 busy[TEST_BUSY];
    g_autoptr(virLeaseReply) late = NULL;
    guint i;

    for (i = 0; i < TEST_BUSY; i++)
        busy[i] = testStoreSubmit(test, VIR_LEASE_OP_READDIR, "many", NULL, 60 * VIR_LEASE_SECOND);
    late = testStoreWait(test, testStoreSubmit(test, VIR_LEASE_OP_MKDIR, "late", NULL, VIR_LEASE_MILLISECOND));
    g_assert_cmpint(late->status, ==, VIR_LEASE_STATUS_LOST);
    g_assert_nonnull(strstr(late->detail, "did not answer"));
    for (i = 0; i < TEST_BUSY; i++) {
        g_autoptr(virLeaseReply) reply = testStoreWait(test, busy[i]);

        g_assert_cmpint(reply->status, ==, VIR_LEASE_STATUS_OK);
    }
    /* What was not begun by then never is. */
    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "late", VIR_LEASE_STATUS_NOENT);
}

static void
testFreeInFlight(void)
{
    g_autofree char *url = testURL("space");
    guint round;
    guint i;

    for (round = 0; round < 20; round++) {
        g_autoptr(testStore) test = testStoreNew(url);

        for (i = 0; i < 50; i++)
            testStoreSubmit(test, VIR_LEASE_OP_READDIR, "locks", NULL, VIR_LEASE_SECOND);
        for (i = 0; i < round; i++)
            g_main_context_iteration(NULL, FALSE);
    }
    /* What the threads hand back now finds no store. */
    for (i = 0; i < 100; i++) {
        g_usleep(1000);
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *command = NULL;
    int result;

    g_test_init(&argc, &argv, NULL);
    testRoot = g_dir_make_tmp("virleasestoredirtest.XXXXXX", &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_chmod(testRoot, 0755), ==, 0);

    g_test_add_func("/lease/storedir/cases", testCases);
    g_test_add_func("/lease/storedir/root-may-be-link", testRootMayBeLink);
    g_test_add_func("/lease/storedir/timeout", testTimeout);
    g_test_add_func("/lease/storedir/free-in-flight", testFreeInFlight);
    result = g_test_run();

    command = g_strdup_printf("rm -rf '%s'", testRoot);
    if (system(command) != 0)
        result = 1;
    g_free(testRoot);
    return result;
}
