/*
 * virleasestorenfstest.c: tests a lockspace on a real NFS server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs itself again below ganesha.sh, with a server of its own.
 */
#include <config.h>

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virleasestorecases.h"
#include "virleasestorerace.h"

#define TEST_TICK_MS 50

static const char *testDir;         /* ganesha.sh's */

static char *
testScript(void)
{
    return g_test_build_filename(G_TEST_DIST, "ganesha.sh", NULL);
}

/* Has ganesha.sh do something with the server. */
static void
testServer(const char *verb)
{
    g_autofree char *script = testScript();
    const char *argv[] = { "/bin/sh", script, verb, NULL };
    g_autoptr(GError) error = NULL;
    int status;

    g_spawn_sync(NULL, (char **) argv, NULL, 0, NULL, NULL, NULL, NULL, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
}

static void
testServerKill(void)
{
    testServer("kill");
}

static void
testServerStart(void)
{
    testServer("start");
}

/* A number of main loop turns that took long would show here. */
typedef struct _testClock testClock;
struct _testClock {
    gint64 last;
    gint64 longest;
    guint source;
};

static gboolean
testClockTick(gpointer opaque)
{
    testClock *clock = opaque;
    gint64 now = g_get_monotonic_time();

    clock->longest = MAX(clock->longest, now - clock->last);
    clock->last = now;
    return G_SOURCE_CONTINUE;
}

static void
testClockStart(testClock *clock)
{
    clock->last = g_get_monotonic_time();
    clock->longest = 0;
    clock->source = g_timeout_add(TEST_TICK_MS, testClockTick, clock);
}

/* Whether the main loop was never held up for anything near a timeout. */
static void
testClockStop(testClock *clock)
{
    g_source_remove(clock->source);
    g_test_message("longest gap between ticks of %d ms: %.1f ms", TEST_TICK_MS, clock->longest / 1000.0);
    g_assert_cmpint(clock->longest, <, 1000 * 1000);
}

static char *
testLocal(const char *name)
{
    return g_build_filename(testDir, "export", name, NULL);
}

static void
testCases(gconstpointer opaque)
{
    int version = GPOINTER_TO_INT(opaque);
    g_autofree char *name = g_strdup_printf("space%d", version);
    g_autofree char *url = g_strdup_printf("nfs://127.0.0.1/export/%s%s%s", name,
                                           version ? "?version=" : "",
                                           version == 3 ? "3" : version == 4 ? "4" : "");
    g_autofree char *local = testLocal(name);

    testStoreCases(url, local);
    testStoreParallel(url);
    testStoreManyEntries(url, local);
}

/* The third store, on the same directory, has the same results. */
static void
testCasesDir(void)
{
    g_autofree char *local = testLocal("spacedir");
    g_autofree char *url = g_strdup_printf("dir:%s", local);

    testStoreCases(url, local);
}

static void
testIPv6(void)
{
    g_autoptr(testStore) test = testStoreNew("nfs://[::1]/export/space3?version=4");

    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
}

static void
testPorts(void)
{
    g_autoptr(testStore) test = testStoreNew("nfs://127.0.0.1:2049/export/space3?version=3");

    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
}

static void
testReadOnly(gconstpointer opaque)
{
    g_autofree char *url = g_strdup_printf("nfs://127.0.0.1/readonly?version=%d", GPOINTER_TO_INT(opaque));
    g_autoptr(testStore) test = testStoreNew(url);

    testStoreExpect(test, VIR_LEASE_OP_READDIR, "", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_SYMLINK, "format", VIR_LEASE_STATUS_READONLY);
    testStoreExpect(test, VIR_LEASE_OP_MKDIR, "locks", VIR_LEASE_STATUS_READONLY);
}

static void
testAccess(gconstpointer opaque)
{
    g_autofree char *url = g_strdup_printf("nfs://127.0.0.1/export/space3?uid=4711&gid=4711&version=%d",
                                           GPOINTER_TO_INT(opaque));
    g_autoptr(testStore) test = testStoreNew(url);

    testStoreExpect(test, VIR_LEASE_OP_READDIR, "locks", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_SYMLINK, "locks/x", VIR_LEASE_STATUS_ACCESS);
    testStoreExpect(test, VIR_LEASE_OP_REMOVE, "format", VIR_LEASE_STATUS_ACCESS);
}

/* A renewal goes where the path leads, not where it once led, and so does all
 * that comes after it: a lockspace that was moved away is no lockspace. */
static void
testMoved(gconstpointer opaque)
{
    int version = GPOINTER_TO_INT(opaque);
    g_autofree char *url = g_strdup_printf("nfs://127.0.0.1/shown/moves%d?version=%d", version, version);
    g_autofree char *name = g_strdup_printf("moves%d", version);
    g_autofree char *local = g_build_filename(testDir, "shown", name, NULL);
    g_autofree char *away = g_strconcat(local, "-away", NULL);
    g_autofree char *session = g_build_filename(local, "sessions", "one", NULL);
    g_autoptr(testStore) test = testStoreNew(url);

    g_assert_cmpint(g_mkdir_with_parents(session, 0755), ==, 0);
    testStoreExpect(test, VIR_LEASE_OP_SETATTR, "sessions/one", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_READDIR, "sessions", VIR_LEASE_STATUS_OK);
    g_assert_cmpint(g_rename(local, away), ==, 0);
    testStoreExpect(test, VIR_LEASE_OP_SETATTR, "sessions/one", VIR_LEASE_STATUS_NOENT);
    testStoreExpect(test, VIR_LEASE_OP_READDIR, "sessions", VIR_LEASE_STATUS_NOENT);
    g_assert_cmpint(g_rename(away, local), ==, 0);
    testStoreExpect(test, VIR_LEASE_OP_SETATTR, "sessions/one", VIR_LEASE_STATUS_OK);
}

/* What cannot work is answered at once and says why. */
static void
testFailsFast(const char *url, virLeaseStatus status, const char *word)
{
    g_autoptr(testStore) test = testStoreNew(url);
    gint64 begin = g_get_monotonic_time();
    g_autoptr(virLeaseReply) reply = testStoreRun(test, VIR_LEASE_OP_GETATTR, "format", NULL);

    g_test_message("%s: %s", url, reply->detail);
    g_assert_cmpint(reply->status, ==, status);
    g_assert_nonnull(strstr(reply->detail, word));
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 5 * G_USEC_PER_SEC);
}

static void
testRefused(void)
{
    testFailsFast("nfs://127.0.0.1/export?version=3&mountport=9", VIR_LEASE_STATUS_LOST, "onnection refused");
    testFailsFast("nfs://127.0.0.1:9/export?version=4", VIR_LEASE_STATUS_LOST, "onnection refused");
    testFailsFast("nfs://10.99.99.99/export", VIR_LEASE_STATUS_LOST, "nreachable");
    /* As many servers put it. */
    testFailsFast("nfs://127.0.0.1/nowhere/x?version=3", VIR_LEASE_STATUS_ACCESS, "nowhere");
    testFailsFast("nfs://127.0.0.1/nowhere/x?version=4", VIR_LEASE_STATUS_NOENT, "nowhere");
    testFailsFast("nfs://no-such-host.invalid/export", VIR_LEASE_STATUS_LOST, "no-such-host.invalid");
}

/* Where the mount protocol is not to be had, version 4 is taken. */
static void
testFallsBack(void)
{
    g_autoptr(testStore) test = testStoreNew("nfs://127.0.0.1/export/space3?mountport=9");

    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
}

static char *
testVersionURL(int version)
{
    return g_strdup_printf("nfs://127.0.0.1/export/space3?version=%d", version);
}

/* What is under way when the server dies is lost, nothing is answered twice,
 * and the same store works again with the server. */
static void
testRestart(gconstpointer opaque)
{
    g_autofree char *url = testVersionURL(GPOINTER_TO_INT(opaque));
    g_autoptr(testStore) test = testStoreNew(url);
    g_autoptr(virLeaseReply) lost = NULL;
    g_autoptr(virLeaseReply) refused = NULL;
    testClock clock;
    guint64 id;

    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
    testServer("stop");
    id = testStoreSubmit(test, VIR_LEASE_OP_GETATTR, "locks", NULL, 20 * VIR_LEASE_SECOND);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    testServerKill();
    testClockStart(&clock);
    lost = testStoreWait(test, id);
    g_test_message("in mid-flight: %s", lost->detail);
    g_assert_cmpint(lost->status, ==, VIR_LEASE_STATUS_LOST);
    refused = testStoreRun(test, VIR_LEASE_OP_GETATTR, "locks", NULL);
    g_test_message("while it is away: %s", refused->detail);
    g_assert_cmpint(refused->status, ==, VIR_LEASE_STATUS_LOST);
    g_assert_nonnull(refused->detail);
    testClockStop(&clock);

    testServerStart();
    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_READDIR, "many", VIR_LEASE_STATUS_OK);
}

/* A server that hangs costs each operation its own timeout, nobody else any
 * time, and is no problem once it goes on. */
static void
testHang(gconstpointer opaque)
{
    g_autofree char *url = testVersionURL(GPOINTER_TO_INT(opaque));
    g_autoptr(testStore) test = testStoreNew(url);
    g_autoptr(virLeaseReply) first = NULL;
    g_autoptr(virLeaseReply) second = NULL;
    g_autoptr(virLeaseReply) third = NULL;
    testClock clock;
    guint64 ids[3];

    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
    testServer("stop");
    testClockStart(&clock);
    ids[0] = testStoreSubmit(test, VIR_LEASE_OP_GETATTR, "locks", NULL, VIR_LEASE_SECOND);
    ids[1] = testStoreSubmit(test, VIR_LEASE_OP_GETATTR, "sessions", NULL, 30 * VIR_LEASE_SECOND);
    first = testStoreWait(test, ids[0]);
    second = testStoreWait(test, ids[1]);
    g_test_message("%s", first->detail);
    g_assert_cmpint(first->status, ==, VIR_LEASE_STATUS_LOST);
    g_assert_cmpint(second->status, ==, VIR_LEASE_STATUS_LOST);
    g_assert_nonnull(strstr(first->detail, "1.0 s"));

    /* There is no connection now. */
    ids[2] = testStoreSubmit(test, VIR_LEASE_OP_GETATTR, "locks", NULL, VIR_LEASE_SECOND);
    third = testStoreWait(test, ids[2]);
    g_test_message("%s", third->detail);
    g_assert_cmpint(third->status, ==, VIR_LEASE_STATUS_LOST);
    testClockStop(&clock);

    testServer("cont");
    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
}

static gboolean
testTurnsOver(gpointer over)
{
    *(gboolean *) over = TRUE;
    return G_SOURCE_REMOVE;
}

/* How often the main loop turns within a third of a second. */
static guint
testTurns(void)
{
    gboolean over = FALSE;
    guint turns = 0;

    g_timeout_add(333, testTurnsOver, &over);
    for (; !over; turns++)
        g_main_context_iteration(NULL, TRUE);
    return turns;
}

/* Who has nothing to do, or waits for an answer, takes no time from the host. */
static void
testIdle(gconstpointer opaque)
{
    g_autofree char *url = testVersionURL(GPOINTER_TO_INT(opaque));
    g_autoptr(testStore) test = testStoreNew(url);
    g_autoptr(virLeaseReply) reply = NULL;
    guint64 id;

    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks", VIR_LEASE_STATUS_OK);
    g_assert_cmpuint(testTurns(), <, 20);
    testServer("stop");
    id = testStoreSubmit(test, VIR_LEASE_OP_GETATTR, "locks", NULL, VIR_LEASE_SECOND);
    g_assert_cmpuint(testTurns(), <, 20);
    testServer("cont");
    reply = testStoreWait(test, id);
}

static void
testFreeInFlight(gconstpointer opaque)
{
    g_autofree char *url = testVersionURL(GPOINTER_TO_INT(opaque));
    guint turns;
    guint i;

    for (turns = 0; turns < 60; turns++) {
        g_autoptr(testStore) test = testStoreNew(url);

        testStoreSubmit(test, VIR_LEASE_OP_READDIR, "many", NULL, VIR_LEASE_SECOND);
        for (i = 0; i < 20; i++)
            testStoreSubmit(test, VIR_LEASE_OP_GETATTR, "locks/00", NULL, VIR_LEASE_SECOND);
        for (i = 0; i < turns && g_hash_table_size(test->replies) == 0; i++)
            g_main_context_iteration(NULL, TRUE);
    }
}

/* A directory that is made anew has another handle. */
static void
testStaleHandle(gconstpointer opaque)
{
    g_autofree char *url = testVersionURL(GPOINTER_TO_INT(opaque));
    g_autoptr(testStore) test = testStoreNew(url);
    g_autoptr(testStore) other = testStoreNew(url);

    testStoreExpect(test, VIR_LEASE_OP_MKDIR, "locks/77", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_READDIR, "locks/77", VIR_LEASE_STATUS_OK);
    testStoreExpect(other, VIR_LEASE_OP_RMDIR, "locks/77", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_READDIR, "locks/77", VIR_LEASE_STATUS_NOENT);
    testStoreExpect(other, VIR_LEASE_OP_MKDIR, "locks/77", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_SETATTR, "locks/77", VIR_LEASE_STATUS_OK);
    testStoreExpect(other, VIR_LEASE_OP_RMDIR, "locks/77", VIR_LEASE_STATUS_OK);
    testStoreExpect(test, VIR_LEASE_OP_SYMLINK, "locks/77/x", VIR_LEASE_STATUS_NOENT);
}

/* An entry made first, a directory read afterwards: of two processes that do
 * so at least one sees the other. */
static void
testRace(gconstpointer opaque)
{
    g_autofree char *url = testVersionURL(GPOINTER_TO_INT(opaque));
    g_autofree char *witness = g_build_filename(testDir, "witness", NULL);

    testStoreRace(url, witness);
}

/* Runs this program with a server. Returns only if that can't be. */
static void
testExec(char **argv)
{
    g_autofree char *script = testScript();
    g_autofree char *out = NULL;
    g_autoptr(GPtrArray) args = g_ptr_array_new();
    const char *check[] = { "/bin/sh", script, "check", NULL };
    int status = -1;

    g_spawn_sync(NULL, (char **) check, NULL, 0, NULL, NULL, &out, NULL, &status, NULL);
    if (status != 0) {
        g_print("1..0 # SKIP %s\n", out ? g_strstrip(out) : "ganesha.sh cannot be run");
        exit(EXIT_SUCCESS);
    }
    g_ptr_array_add(args, (char *) "/bin/sh");
    g_ptr_array_add(args, script);
    g_ptr_array_add(args, (char *) "run");
    for (; *argv; argv++)
        g_ptr_array_add(args, *argv);
    g_ptr_array_add(args, NULL);
    execv("/bin/sh", (char **) args->pdata);
    exit(99);
}

static void
testAddVersions(const char *path, GTestDataFunc func)
{
    g_autofree char *path3 = g_strconcat(path, "-v3", NULL);
    g_autofree char *path4 = g_strconcat(path, "-v4", NULL);

    g_test_add_data_func(path3, GINT_TO_POINTER(3), func);
    g_test_add_data_func(path4, GINT_TO_POINTER(4), func);
}

int
main(int argc, char **argv)
{
    g_auto(GStrv) original = g_strdupv(argv);

    testStoreRaceMain();
    g_test_init(&argc, &argv, NULL);
    testDir = g_getenv("GANESHA_DIR");
    if (!testDir)
        testExec(original);

    testAddVersions("/lease/storenfs/cases", testCases);
    g_test_add_data_func("/lease/storenfs/cases-default", GINT_TO_POINTER(0), testCases);
    g_test_add_func("/lease/storenfs/cases-dir", testCasesDir);
    g_test_add_func("/lease/storenfs/ipv6", testIPv6);
    g_test_add_func("/lease/storenfs/ports", testPorts);
    testAddVersions("/lease/storenfs/read-only", testReadOnly);
    testAddVersions("/lease/storenfs/access", testAccess);
    testAddVersions("/lease/storenfs/moved", testMoved);
    g_test_add_func("/lease/storenfs/refused-at-once", testRefused);
    g_test_add_func("/lease/storenfs/falls-back-to-v4", testFallsBack);
    testAddVersions("/lease/storenfs/stale-handle", testStaleHandle);
    testAddVersions("/lease/storenfs/idle", testIdle);
    testAddVersions("/lease/storenfs/free-in-flight", testFreeInFlight);
    testAddVersions("/lease/storenfs/race", testRace);
    testAddVersions("/lease/storenfs/restart", testRestart);
    testAddVersions("/lease/storenfs/hang", testHang);
    return g_test_run();
}
