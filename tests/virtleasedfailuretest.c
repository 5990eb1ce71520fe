/*
 * virtleasedfailuretest.c: what the daemon does with guests that lose their lease
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A shell script stands for virtleased-helper, the test itself for libvirtd.
 */
#include <config.h>

#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <string.h>

#include "stuckprocess.h"
#include "virleaseengine.h"
#include "virtime.h"
#include "virtleasedlab.h"

#define DISK "/images/a.raw"
/* An eighth of a lease is given to the helper, and to this test after it. */
#define HELPED_LEASE_SECONDS 8

typedef struct {
    labHosts hosts;
    unsigned int leaseMs;
    char *dir;          /* the helper's */
    char *called;       /* a line for each call of it */
    char *away;         /* where the lockspace is while it is lost */
} testLab;

/* @opaque: what the helper does, as a shell script; NULL: there is none */
static void
testSetUp(testLab *lab, gconstpointer opaque)
{
    unsigned int seconds = opaque ? HELPED_LEASE_SECONDS : LAB_LEASE_SECONDS;
    char *lockspace = labLockspaceNew(seconds);
    g_autofree char *url = g_strdup_printf("dir:%s", lockspace);
    g_autofree char *helper = NULL;
    g_autofree char *script = NULL;

    lab->leaseMs = seconds * 1000;
    lab->dir = g_dir_make_tmp("virtleasedtest-XXXXXX", NULL);
    lab->called = g_build_filename(lab->dir, "called", NULL);
    lab->away = g_strconcat(lockspace, ".away", NULL);
    helper = g_build_filename(lab->dir, "helper", NULL);
    script = g_strdup_printf("#!/bin/sh\ncd '%s' || exit 1\n%s\n", lab->dir, (const char *) opaque);
    if (opaque) {
        g_assert_true(g_file_set_contents(helper, script, -1, NULL));
        g_assert_cmpint(g_chmod(helper, 0700), ==, 0);
    }
    g_setenv("VIRTLEASED_HELPER", helper, TRUE);
    labHostsStart(&lab->hosts, lockspace, url);
}

static void
testTearDown(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    if (g_file_test(lab->away, G_FILE_TEST_EXISTS))
        g_rename(lab->away, lab->hosts.lockspace);
    labHostsStop(&lab->hosts);
    labRemove(lab->dir);
    g_free(lab->called);
    g_free(lab->away);
}

#define HELPER_WORKS "echo \"$@\" >> called"
#define HELPER_HANGS HELPER_WORKS "; exec sleep 600"
#define HELPER_FAILS HELPER_WORKS "; echo no libvirt here >&2; exit 1"
#define HELPER_LIBVIRT HELPER_WORKS "; case $1 in describe) echo '<domain/>';; start) cat > input;; esac"
/* Only the second time: libvirtd was just restarting. */
#define HELPER_COMES HELPER_WORKS "; [ $(wc -l < called) -ge 2 ]"

/* Lets the guest acquire, wanting @failure, and takes the lockspace away. */
static void
testLose(testLab *lab, virLeaseFailure failure)
{
    lab->hosts.web->failure = failure;
    g_assert_cmpint(labAcquire(lab->hosts.a, lab->hosts.web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(g_rename(lab->hosts.lockspace, lab->away), ==, 0);
}

static void
testFind(testLab *lab)
{
    g_assert_cmpint(g_rename(lab->away, lab->hosts.lockspace), ==, 0);
}

/* Milliseconds until the present lease ends. */
static int
testLeft(const testLab *lab)
{
    virLeaseProtocolStatusRet *status = labStatus(lab->hosts.a);
    int left = status->lockspaces.lockspaces_val->left;

    labStatusFree(status);
    return left;
}

static void
testWaitFileSays(const char *path, const char *wanted)
{
    g_autofree char *text = NULL;

    for (int i = 0; i < 500 && g_strcmp0(text, wanted) != 0; i++) {
        g_free(text);
        text = NULL;
        g_file_get_contents(path, &text, NULL, NULL);
        g_usleep(10 * 1000);
    }
    g_assert_cmpstr(text, ==, wanted);
}

/* The file of a guest that is to be started again says @wanted. */
static void
testWaitSaved(const char *state, const char *wanted)
{
    g_autofree char *path = g_build_filename(state, "restarts", NULL);
    gboolean found = FALSE;

    for (int i = 0; i < 500 && !found; i++) {
        GDir *dir = g_dir_open(path, 0, NULL);
        const char *name = dir ? g_dir_read_name(dir) : NULL;
        g_autofree char *file = name ? g_build_filename(path, name, NULL) : NULL;
        g_autofree char *text = NULL;

        found = file && g_file_get_contents(file, &text, NULL, NULL) && strstr(text, wanted);
        if (dir)
            g_dir_close(dir);
        g_usleep(10 * 1000);
    }
    g_assert_true(found);
}

/* No guest is left that @state wants started again. */
static void
testWaitDirEmpty(const char *state)
{
    g_autofree char *path = g_build_filename(state, "restarts", NULL);
    gboolean empty = FALSE;

    for (int i = 0; i < 500 && !empty; i++) {
        GDir *dir = g_dir_open(path, 0, NULL);

        g_assert_nonnull(dir);
        empty = g_dir_read_name(dir) == NULL;
        g_dir_close(dir);
        g_usleep(10 * 1000);
    }
    g_assert_true(empty);
}

/* Waits until the helper was called @times times, for the right guest. */
static void
testWaitCalled(const testLab *lab, const char *verb, guint times)
{
    g_autofree char *pid = g_strdup_printf(" %d", (int) lab->hosts.web->pid);
    g_auto(GStrv) lines = g_new0(char *, 1);

    for (int i = 0; i < 1000 && g_strv_length(lines) <= times; i++) {
        g_autofree char *text = NULL;

        if (g_file_get_contents(lab->called, &text, NULL, NULL)) {
            g_strfreev(lines);
            lines = g_strsplit(text, "\n", -1);
        }
        g_usleep(10 * 1000);
    }
    g_assert_cmpuint(g_strv_length(lines), >, times);
    g_assert_true(g_str_has_prefix(lines[times - 1], verb));
    g_assert_true(g_str_has_suffix(lines[times - 1], pid));
}

/* libvirt is asked in time, and tells the daemon that the guest is stopped: it
 * is spared, and goes on with its token when the lockspace is back. */
static void
testPause(testLab *lab, gconstpointer opaque)
{
    g_autofree char *token = NULL;
    int code = -1;

    testLose(lab, VIR_LEASE_FAILURE_PAUSE);
    testWaitCalled(lab, "pause ", g_str_equal(opaque, HELPER_COMES) ? 2 : 1);
    g_assert_cmpint(labSuspend(lab->hosts.a, lab->hosts.web, &token), ==, 0);
    g_assert_cmpstr(token, !=, "");
    g_assert_false(labGuestEnds(lab->hosts.web, lab->leaseMs + 500));
    testFind(lab);
    for (int i = 0; i < 100 && code != 0; i++) {
        code = labAcquire(lab->hosts.a, lab->hosts.web, DISK, token, NULL);
        g_usleep(100 * 1000);
    }
    g_assert_cmpint(code, ==, 0);
    labWaitGuestState(lab->hosts.a, lab->hosts.web, "running");
}

/* Whatever has become of libvirt, a guest that is not paused is killed in time. */
static void
testPauseUnconfirmed(testLab *lab, gconstpointer opaque)
{
    gint64 end;

    testLose(lab, VIR_LEASE_FAILURE_PAUSE);
    end = virTimeBootNow() + testLeft(lab) * VIR_LEASE_MILLISECOND;
    if (opaque)
        testWaitCalled(lab, "pause ", 1);
    g_assert_true(labGuestEnds(lab->hosts.web, (end - virTimeBootNow()) / VIR_LEASE_MILLISECOND));
}

/* What libvirt knows of a guest is asked before it is killed; it is started
 * again from that, by a daemon that was started meanwhile, too, when the
 * lockspace is back, and not before. */
static void
testRestart(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *input = g_build_filename(lab->dir, "input", NULL);
    g_autofree char *xml = NULL;

    testLose(lab, VIR_LEASE_FAILURE_RESTART);
    testWaitCalled(lab, "describe ", 1);
    g_assert_true(labGuestEnds(lab->hosts.web, lab->leaseMs));
    testWaitSaved(lab->hosts.a->state, "domain/>");
    labDaemonStop(lab->hosts.a, SIGKILL);
    labDaemonStart(lab->hosts.a);
    g_usleep(1500 * 1000);
    g_assert_false(g_file_test(input, G_FILE_TEST_EXISTS));
    testFind(lab);
    for (int i = 0; i < 1500 && !g_file_test(input, G_FILE_TEST_EXISTS); i++)
        g_usleep(10 * 1000);
    testWaitFileSays(input, "<domain/>");
    testWaitDirEmpty(lab->hosts.a->state);
}

/* Nor does the guard hurt who is to ignore it all, and it has its locks again
 * when they can be had. */
static void
testIgnore(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *log = NULL;

    testLose(lab, VIR_LEASE_FAILURE_IGNORE);
    labWaitGuestState(lab->hosts.a, lab->hosts.web, "lost");
    g_assert_false(labGuestEnds(lab->hosts.web, lab->leaseMs));
    labDaemonStop(lab->hosts.a, SIGKILL);
    labDaemonStart(lab->hosts.a);
    g_assert_false(labGuestEnds(lab->hosts.web, lab->leaseMs));
    testFind(lab);
    labWaitGuestState(lab->hosts.a, lab->hosts.web, "running");
    g_assert_cmpint(labAcquire(lab->hosts.b, lab->hosts.db, DISK, NULL, NULL), ==, VIR_ERR_RESOURCE_BUSY);
    log = labDaemonReadLog(lab->hosts.a);
    g_assert_nonnull(strstr(log, "runs without a lease from now on"));
    g_assert_nonnull(strstr(log, "has its locks again"));
}

static void
testWaitLog(const labDaemon *daemon, const char *text)
{
    gboolean found = FALSE;

    for (int i = 0; i < 1000 && !found; i++) {
        g_autofree char *log = labDaemonReadLog(daemon);

        found = strstr(log, text) != NULL;
        g_usleep(10 * 1000);
    }
    g_assert_true(found);
}

/* A guest that waits in the kernel can't be killed: that is said, and its host
 * grants nothing more until it is gone, though the lockspace is there. */
static void
testStuck(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    stuckProcess *stuck = stuckProcessNew();
    labGuest guest = { .name = (char *) "stuck", .uuid = "stuck's uuid..." };
    g_autofree char *message = NULL;

    if (!stuck) {
        g_test_skip("no file system can be mounted through /dev/fuse");
        return;
    }
    guest.pid = stuckProcessGetPid(stuck);
    g_assert_cmpint(labAcquire(lab->hosts.a, &guest, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(g_rename(lab->hosts.lockspace, lab->away), ==, 0);
    testWaitLog(lab->hosts.a, "guest 'stuck' (process");
    testFind(lab);
    g_assert_cmpint(labAcquire(lab->hosts.a, lab->hosts.db, "/images/b.raw", NULL, &message), ==, VIR_ERR_OPERATION_FAILED);
    g_assert_nonnull(strstr(message, "'stuck'"));
    g_assert_nonnull(strstr(message, "reset this host"));
    stuckProcessRelease(stuck);
    g_assert_cmpint(labAcquirePatiently(lab->hosts.a, lab->hosts.db, "/images/b.raw", 3 * lab->leaseMs), ==, 0);
    stuckProcessFree(stuck);
}

#define TEST_ADD(name, func, helper) \
    g_test_add("/locking/virtleased/failure/" name, testLab, helper, testSetUp, func, testTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!g_getenv("abs_top_builddir"))
        g_setenv("abs_top_builddir", ".", TRUE);

    TEST_ADD("pause", testPause, HELPER_WORKS);
    TEST_ADD("pause-after-a-while", testPause, HELPER_COMES);
    TEST_ADD("pause-hangs", testPauseUnconfirmed, HELPER_HANGS);
    TEST_ADD("pause-fails", testPauseUnconfirmed, HELPER_FAILS);
    TEST_ADD("pause-without-helper", testPauseUnconfirmed, NULL);
    TEST_ADD("restart", testRestart, HELPER_LIBVIRT);
    TEST_ADD("ignore", testIgnore, NULL);
    TEST_ADD("stuck", testStuck, NULL);
    return g_test_run();
}
