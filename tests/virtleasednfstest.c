/*
 * virtleasednfstest.c: the daemon on an NFS server that hangs and dies
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * To be run by virtleasednfstest.sh, which has the server.
 */
#include <config.h>

#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "virleasetime.h"
#include "virtime.h"
#include "virtleasedlab.h"

#define DISK "/images/a.raw"
#define LEASE_MS (LAB_LEASE_SECONDS * 1000)

/* Nobody notices that a call took so long. */
#define AT_ONCE (300 * VIR_LEASE_MILLISECOND)

typedef labHosts testLab;

static void
testServer(const char *what)
{
    g_autofree char *script = g_test_build_filename(G_TEST_DIST, "ganesha.sh", NULL);
    const char *argv[] = { "/bin/sh", script, what, NULL };
    int status = -1;

    g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, 0, NULL, NULL, NULL, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
}

static void
testSetUp(testLab *lab, gconstpointer version)
{
    static int count;
    g_autofree char *name = g_strdup_printf("lockspace%d", ++count);
    g_autofree char *url = g_strdup_printf("nfs://127.0.0.1/export/%s?version=%s", name, (const char *) version);
    char *lockspace = g_build_filename(g_getenv("GANESHA_DIR"), "export", name, NULL);

    g_assert_cmpint(g_mkdir(lockspace, 0755), ==, 0);
    labLockspaceMake(lockspace, LAB_LEASE_SECONDS);
    labHostsStart(lab, lockspace, url);
}

static void
testTearDown(testLab *lab, gconstpointer version G_GNUC_UNUSED)
{
    labHostsStop(lab);
}

static void
testConflict(testLab *lab, gconstpointer version G_GNUC_UNUSED)
{
    g_autofree char *token = NULL;
    g_autofree char *message = NULL;
    labGuest *web = labGuestNew("web", FALSE);

    g_assert_cmpint(labAcquirePatiently(lab->a, lab->web, DISK, LEASE_MS), ==, 0);
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, &message), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_nonnull(strstr(message, "'web'"));
    g_assert_cmpint(labSuspend(lab->a, lab->web, &token), ==, 0);
    g_assert_cmpint(labAcquire(lab->b, web, DISK, token, NULL), ==, 0);
    labGuestKill(lab->web);
    labGuestKill(web);
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->db, DISK, LEASE_MS), ==, 0);
    labGuestFree(web);
}

/* Of L = 3 s a margin of 1 s is kept: half a second is nothing. */
static void
testShortHang(testLab *lab, gconstpointer version G_GNUC_UNUSED)
{
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->web, DISK, LEASE_MS), ==, 0);
    testServer("stop");
    g_usleep(500 * 1000);
    testServer("cont");
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
    labWaitGuestState(lab->a, lab->web, "running");
}

static void
testStatusAtOnce(const labDaemon *daemon)
{
    gint64 begin = virTimeBootNow();

    labStatusFree(labStatus(daemon));
    g_assert_cmpint(virTimeBootNow() - begin, <, AT_ONCE);
}

static void
testLongHang(testLab *lab, gconstpointer version G_GNUC_UNUSED)
{
    gint64 hung;
    gint64 begin;
    g_autofree char *message = NULL;

    g_assert_cmpint(labAcquirePatiently(lab->a, lab->web, DISK, LEASE_MS), ==, 0);
    testServer("stop");
    hung = virTimeBootNow();
    testStatusAtOnce(lab->a);

    /* Refused for the server's sake when the client's time is over. */
    begin = virTimeBootNow();
    g_assert_cmpint(labAcquire(lab->a, lab->db, "/images/b.raw", NULL, &message), !=, 0);
    g_assert_cmpint(virTimeBootNow() - begin, <, 3 * VIR_LEASE_SECOND);
    testStatusAtOnce(lab->a);

    g_assert_true(labGuestEnds(lab->web, MAX(0, (hung + LEASE_MS * VIR_LEASE_MILLISECOND - virTimeBootNow()) /
                                                VIR_LEASE_MILLISECOND)));
    testStatusAtOnce(lab->a);
    testServer("cont");
    g_assert_cmpint(labAcquirePatiently(lab->b, lab->db, DISK, 4 * LEASE_MS), ==, 0);
}

static void
testServerRestarts(testLab *lab, gconstpointer version G_GNUC_UNUSED)
{
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->web, DISK, LEASE_MS), ==, 0);
    testServer("kill");
    g_assert_true(labGuestEnds(lab->web, LEASE_MS));
    testStatusAtOnce(lab->a);
    testServer("start");
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->db, DISK, 5 * LEASE_MS), ==, 0);
}

static void
testAdd(const char *version)
{
    static const struct {
        const char *name;
        void (*func)(testLab *lab, gconstpointer version);
    } cases[] = {
        { "conflict-and-handover", testConflict },
        { "short-hang-is-not-noticed", testShortHang },
        { "long-hang-fences-in-time", testLongHang },
        { "server-comes-back", testServerRestarts },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/locking/virtleased/nfs%s/%s", version, cases[i].name);

        g_test_add(path, testLab, version, testSetUp, cases[i].func, testTearDown);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!g_getenv("GANESHA_DIR")) {
        g_printerr("to be run by virtleasednfstest.sh\n");
        return 77;
    }
    testAdd("3");
    testAdd("4");
    return g_test_run();
}
