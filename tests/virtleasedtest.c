/*
 * virtleasedtest.c: the daemon as a whole, on a lockspace in a directory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virtime.h"
#include "virleaseengine.h"
#include "virtleasedlab.h"

#define DISK "/images/a.raw"
#define LEASE_MS (LAB_LEASE_SECONDS * 1000)

typedef labHosts testLab;

static void
testSetUp(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    char *lockspace = labLockspaceNew(LAB_LEASE_SECONDS);
    g_autofree char *url = g_strdup_printf("dir:%s", lockspace);

    labHostsStart(lab, lockspace, url);
}

static void
testTearDown(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    labHostsStop(lab);
}

static void
testConflict(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *here = NULL;
    g_autofree char *there = NULL;

    g_assert_cmpint(labRegister(lab->a, lab->web, DISK, NULL), ==, 0);
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labWaitGuestState(lab->a, lab->web, "running");

    g_assert_cmpint(labRegister(lab->a, lab->db, DISK, &here), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_nonnull(strstr(here, "'web'"));
    g_assert_cmpint(labRegister(lab->b, lab->db, DISK, &there), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_nonnull(strstr(there, "'web'"));
    g_assert_nonnull(strstr(there, DISK));
}

static void
testExitFrees(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, VIR_ERR_RESOURCE_BUSY);
    labGuestKill(lab->web);
    g_assert_cmpint(labAcquirePatiently(lab->b, lab->db, DISK, LEASE_MS / 2), ==, 0);
}

static void
testDetachFrees(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(labDetach(lab->a, lab->web, DISK), ==, 0);
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, 0);
}

static void
testSuspendKeepsAndHandsOver(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *token = NULL;
    g_autofree char *again = NULL;
    labGuest *web = labGuestNew("web", FALSE);

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(labSuspend(lab->a, lab->web, &token), ==, 0);
    g_assert_cmpstr(token, !=, "");
    labWaitGuestState(lab->a, lab->web, "stopped");
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, VIR_ERR_RESOURCE_BUSY);

    /* Here again, there with what it left then. */
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, token, NULL), ==, 0);
    g_assert_cmpint(labSuspend(lab->a, lab->web, &again), ==, 0);
    g_assert_cmpint(labAcquire(lab->b, web, DISK, again, NULL), ==, 0);
    labWaitGuestState(lab->b, web, "running");
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, again, NULL), !=, 0);
    labGuestFree(web);
}

static void
testRestartAdopts(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGKILL);
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, VIR_ERR_RESOURCE_BUSY);
    labDaemonStart(lab->a);
    labWaitGuestState(lab->a, lab->web, "running");

    /* For longer than a lease the session goes on as if nothing had been. */
    g_assert_false(labGuestEnds(lab->web, LEASE_MS + 500));
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(labDetach(lab->a, lab->web, DISK), ==, 0);
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, 0);
}

static unsigned int
testShownFailure(const labDaemon *daemon)
{
    virLeaseProtocolStatusRet *status = labStatus(daemon);
    unsigned int failure;

    g_assert_cmpuint(status->lockspaces.lockspaces_val->owners.owners_len, ==, 1);
    failure = status->lockspaces.lockspaces_val->owners.owners_val->failure;
    labStatusFree(status);
    return failure;
}

/* What the guest asked for last counts, and a restarted daemon knows it. */
static void
testFailureIsKept(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *message = NULL;

    lab->web->failure = VIR_LEASE_FAILURE_RESTART;
    g_assert_cmpint(labRegister(lab->a, lab->web, DISK, NULL), ==, 0);
    g_assert_cmpuint(testShownFailure(lab->a), ==, VIR_LEASE_FAILURE_RESTART);
    lab->web->failure = VIR_LEASE_FAILURE_PAUSE;
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGKILL);
    labDaemonStart(lab->a);
    g_assert_cmpuint(testShownFailure(lab->a), ==, VIR_LEASE_FAILURE_PAUSE);

    lab->db->failure = VIR_LEASE_FAILURE_LAST;
    g_assert_cmpint(labAcquire(lab->a, lab->db, "/images/b.raw", NULL, &message), ==, VIR_ERR_INVALID_ARG);
    g_assert_nonnull(strstr(message, "4"));
}

static void
testTermLeavesGuests(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    int status;

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    status = labDaemonStop(lab->a, SIGTERM);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    g_assert_false(labGuestEnds(lab->web, 100));
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, VIR_ERR_RESOURCE_BUSY);
    labDaemonStart(lab->a);
    labWaitGuestState(lab->a, lab->web, "running");
}

static void
testExitWhileDownFrees(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGKILL);
    labGuestKill(lab->web);
    labDaemonStart(lab->a);
    g_assert_cmpint(labAcquirePatiently(lab->b, lab->db, DISK, LEASE_MS / 2), ==, 0);
}

static void
testDownTooLongFences(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGKILL);
    g_usleep((LEASE_MS + 200) * 1000);
    labDaemonStart(lab->a);
    g_assert_true(labGuestEnds(lab->web, 500));
}

/* The lockspace goes away: even a guest that ignores SIGTERM is gone before
 * its lease ends, which is a lease's length after the last renewal. */
static void
testLostLeaseFences(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    labGuest *stubborn = labGuestNew("stubborn", TRUE);
    g_autofree char *away = g_strconcat(lab->lockspace, ".away", NULL);
    g_autofree char *log = NULL;
    virLeaseProtocolStatusRet *status;
    gint64 end;

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(labAcquire(lab->a, stubborn, "/images/b.raw", NULL, NULL), ==, 0);
    g_assert_cmpint(g_rename(lab->lockspace, away), ==, 0);
    status = labStatus(lab->a);
    end = virTimeBootNow() + status->lockspaces.lockspaces_val->left * VIR_LEASE_MILLISECOND;
    labStatusFree(status);

    g_assert_true(labGuestEnds(lab->web, (end - virTimeBootNow()) / VIR_LEASE_MILLISECOND));
    g_assert_true(labGuestEnds(stubborn, (end - virTimeBootNow()) / VIR_LEASE_MILLISECOND));
    labGuestFree(stubborn);
    g_assert_cmpint(g_rename(away, lab->lockspace), ==, 0);
    log = labDaemonReadLog(lab->a);
    g_assert_nonnull(strstr(log, "fencing guest 'web'"));
    g_assert_nonnull(strstr(log, "killing guest 'stubborn'"));

    /* Everything is back: it works again without a restart. */
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->db, DISK, 3 * LEASE_MS), ==, 0);
}

/* A paused guest has no need to die with the lease. */
static void
testLostLeaseSparesStopped(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *away = g_strconcat(lab->lockspace, ".away", NULL);
    g_autofree char *token = NULL;

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(labSuspend(lab->a, lab->web, &token), ==, 0);
    g_assert_cmpint(g_rename(lab->lockspace, away), ==, 0);
    g_assert_false(labGuestEnds(lab->web, LEASE_MS + 500));
    g_assert_cmpint(g_rename(away, lab->lockspace), ==, 0);
}

static void
testWrongOwnersAreRefused(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *message = NULL;
    g_autofree char *token = NULL;
    labGuest ghost = { .name = (char *) "ghost" };
    labGuest thief = { .name = (char *) "thief", .uuid = "thief's uuid...", .pid = lab->web->pid };

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(labAcquire(lab->a, &thief, DISK, NULL, &message), ==, VIR_ERR_INVALID_ARG);
    g_assert_nonnull(strstr(message, "'web'"));
    g_assert_cmpint(labSuspend(lab->a, &thief, &token), ==, VIR_ERR_INVALID_ARG);

    ghost.pid = lab->db->pid;
    labGuestKill(lab->db);
    g_assert_cmpint(labAcquire(lab->a, &ghost, "/images/b.raw", NULL, NULL), ==, VIR_ERR_INVALID_ARG);
    /* Who is not known has nothing to hand over. */
    g_assert_cmpint(labSuspend(lab->a, &ghost, &token), ==, 0);
    g_assert_cmpstr(token, ==, "");
    ghost.pid = 1;
    g_assert_cmpint(labAcquire(lab->a, &ghost, "/images/b.raw", NULL, NULL), ==, VIR_ERR_INVALID_ARG);
}

static void
testOneDaemonForAStateDir(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    labDaemon second = *lab->a;
    g_autofree char *log = NULL;

    second.log = g_build_filename(lab->a->dir, "log2", NULL);
    g_assert_true(labDaemonStartFails(&second));
    log = labDaemonReadLog(&second);
    g_assert_nonnull(strstr(log, "another virtleased (process"));
    g_free(second.log);
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
}

static char *
testOwnerFile(const labDaemon *daemon)
{
    g_autofree char *path = g_build_filename(daemon->state, "lockspaces", "default", NULL);
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    char *found = NULL;

    while (!found && (name = g_dir_read_name(dir))) {
        if (g_str_has_prefix(name, "owner."))
            found = g_build_filename(path, name, NULL);
    }
    g_dir_close(dir);
    g_assert_nonnull(found);
    return found;
}

/* Nobody could watch over it, and its entries would be swept: so it ends. */
static void
testDamagedOwnerIsStopped(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *file = NULL;

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGKILL);
    file = testOwnerFile(lab->a);
    g_assert_true(g_file_set_contents(file, "{ \"version\": 1", -1, NULL));
    labDaemonStart(lab->a);
    g_assert_true(labGuestEnds(lab->web, 500));
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
    g_assert_cmpint(labAcquirePatiently(lab->b, lab->db, DISK, 3 * LEASE_MS), ==, 0);
}

/* The process id in the name is another process's by now. */
static void
testDamagedOwnerSparesOthers(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *file = NULL;
    g_autofree char *other = NULL;
    g_autofree char *dir = NULL;

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGKILL);
    file = testOwnerFile(lab->a);
    dir = g_path_get_dirname(file);
    other = g_strdup_printf("%s/owner.4711.%d.1", dir, (int) lab->db->pid);
    g_assert_true(g_file_set_contents(other, "rubbish", -1, NULL));
    labDaemonStart(lab->a);
    labWaitGuestState(lab->a, lab->web, "running");
    g_assert_false(labGuestEnds(lab->db, 100));
    g_assert_false(g_file_test(other, G_FILE_TEST_EXISTS));
}

/* One that the engine makes nothing of: all guests of the lockspace end. */
static void
testForeignStateStopsAll(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *file = NULL;
    g_autofree char *bootid = virTimeBootID();
    g_autofree char *text = g_strdup_printf("{\"version\":1,\"bootid\":\"%s\",\"uuid\":\"00000000-0000-0000-0000-000000000001\","
                                            "\"name\":\"web\",\"engine\":\"{}\"}", bootid);

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGKILL);
    file = testOwnerFile(lab->a);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    labDaemonStart(lab->a);
    g_assert_true(labGuestEnds(lab->web, 500));
    g_assert_cmpint(labAcquirePatiently(lab->b, lab->db, DISK, 3 * LEASE_MS), ==, 0);
}

/* Guests hold their locks where they took them, whatever the file says now. */
static void
testMovedLockspaceWaits(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    char *elsewhere = labLockspaceNew(LAB_LEASE_SECONDS);
    g_autofree char *text = g_strdup_printf("lockspaces = [ \"default=dir:%s\" ]\n", elsewhere);
    g_autofree char *url = g_strdup_printf("dir:%s", lab->lockspace);
    virLeaseProtocolStatusRet *status;

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    labDaemonStop(lab->a, SIGTERM);
    g_assert_true(g_file_set_contents(lab->a->config, text, -1, NULL));
    labDaemonStart(lab->a);
    status = labStatus(lab->a);
    g_assert_cmpstr(status->lockspaces.lockspaces_val->url, ==, url);
    labStatusFree(status);
    labWaitGuestState(lab->a, lab->web, "running");

    labGuestKill(lab->web);
    labWaitGuestState(lab->a, lab->web, "");
    labDaemonStop(lab->a, SIGTERM);
    labDaemonStart(lab->a);
    status = labStatus(lab->a);
    g_assert_cmpstr(status->lockspaces.lockspaces_val->url, !=, url);
    labStatusFree(status);
    labRemove(elsewhere);
}

/* Somebody who connects and says nothing holds up nobody. */
static void
testSilentClient(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    gint64 begin;

    g_strlcpy(address.sun_path, lab->a->socket, sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    g_assert_cmpint(send(fd, "\0\0", 2, MSG_NOSIGNAL), ==, 2);
    begin = virTimeBootNow();
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_cmpint(virTimeBootNow() - begin, <, VIR_LEASE_SECOND);
    close(fd);
}

static void
testHangup(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_true(g_file_set_contents(lab->a->config, "colour = 1\n", -1, NULL));
    g_assert_cmpint(kill(lab->a->pid, SIGHUP), ==, 0);
    g_assert_cmpint(kill(lab->a->pid, SIGUSR1), ==, 0);
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
}

/* At one instant: the daemon would make its directory again in between. */
static void
testSwap(const char *one, const char *other)
{
    g_assert_cmpint(renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE), ==, 0);
}

/* What a restarted daemon would not know is not granted. */
static void
testUnsavedIsRefused(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *dir = g_build_filename(lab->a->state, "lockspaces", "default", NULL);
    g_autofree char *away = g_build_filename(lab->a->state, "away", NULL);
    g_autofree char *state = NULL;

    g_assert_true(g_file_set_contents(away, "", -1, NULL));
    testSwap(dir, away);
    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), !=, 0);
    state = labGuestState(lab->a, lab->web);
    g_assert_cmpstr(state, !=, "running");
    g_assert_false(labGuestEnds(lab->web, 100));

    testSwap(dir, away);
    g_assert_cmpint(labAcquirePatiently(lab->a, lab->web, DISK, 2 * LEASE_MS), ==, 0);
}

static void
testWaitOwnerFileLacks(const labDaemon *daemon, const char *what)
{
    g_autofree char *file = testOwnerFile(daemon);
    gboolean has = TRUE;

    for (int i = 0; has && i < 500; i++) {
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
        has = strstr(text, what) != NULL;
        if (has)
            g_usleep(10 * 1000);
    }
    g_assert_false(has);
}

/* What could not be saved is, as soon as it can: a daemon that is killed then
 * does not miss a disk that was taken away in between. */
static void
testUnsavedIsSavedLater(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *dir = g_build_filename(lab->a->state, "lockspaces", "default", NULL);
    g_autofree char *away = g_build_filename(lab->a->state, "away", NULL);

    g_assert_cmpint(labAcquire(lab->a, lab->web, DISK, NULL, NULL), ==, 0);
    g_assert_true(g_file_set_contents(away, "", -1, NULL));
    testSwap(dir, away);
    g_assert_cmpint(labDetach(lab->a, lab->web, DISK), ==, 0);
    testSwap(dir, away);
    testWaitOwnerFileLacks(lab->a, DISK);
    labDaemonStop(lab->a, SIGKILL);
    labDaemonStart(lab->a);
    g_assert_cmpint(labAcquire(lab->b, lab->db, DISK, NULL, NULL), ==, 0);
    g_assert_false(labGuestEnds(lab->web, LEASE_MS));
}

#define RACE_DISKS 10

/* Starts a process that wants @disk for @guest; it exits with 0 if it got it. */
static pid_t
testRaceStart(const labDaemon *daemon, const labGuest *guest, int disk)
{
    g_autofree char *path = g_strdup_printf("/images/%d.raw", disk);
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        _exit(labAcquirePatiently(daemon, guest, path, LEASE_MS) == 0 ? 0 : 1);
    return pid;
}

static int
testRaceWait(pid_t pid)
{
    int status = 0;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* One of the two has won. Both may have, where one lost its lease as the machine
 * stood still, which again-run.sh looks at; but they don't live both. */
static void
testRaceJudge(labGuest **guests, const pid_t *pids)
{
    int won[2] = { testRaceWait(pids[0]), testRaceWait(pids[1]) };

    if (won[0] && won[1] && !labGuestEnds(guests[0], 0) && !labGuestEnds(guests[1], 0))
        g_test_message("accused: processes %d and %d", (int) guests[0]->pid, (int) guests[1]->pid);
    g_assert_cmpint(won[0] + won[1], ==, 1);
}

/* All at the same moment, two for each disk: one of them gets it. */
static void
testRace(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    labGuest *guests[2 * RACE_DISKS];
    pid_t pids[2 * RACE_DISKS];

    for (int i = 0; i < 2 * RACE_DISKS; i++)
        guests[i] = labGuestNew("racer", FALSE);
    for (int i = 0; i < 2 * RACE_DISKS; i++)
        pids[i] = testRaceStart(i % 2 ? lab->a : lab->b, guests[i], i / 2);
    for (int disk = 0; disk < RACE_DISKS; disk++)
        testRaceJudge(&guests[2 * disk], &pids[2 * disk]);
    for (int i = 0; i < 2 * RACE_DISKS; i++)
        labGuestFree(guests[i]);
}

#define TEST_ADD(name, func) \
    g_test_add("/locking/virtleased/" name, testLab, NULL, testSetUp, func, testTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    if (!g_getenv("abs_top_builddir"))
        g_setenv("abs_top_builddir", ".", TRUE);

    TEST_ADD("conflict-names-the-holder", testConflict);
    TEST_ADD("exit-frees", testExitFrees);
    TEST_ADD("detach-frees", testDetachFrees);
    TEST_ADD("suspend-keeps-and-hands-over", testSuspendKeepsAndHandsOver);
    TEST_ADD("restart-adopts", testRestartAdopts);
    TEST_ADD("failure-action-is-kept", testFailureIsKept);
    TEST_ADD("sigterm-leaves-guests", testTermLeavesGuests);
    TEST_ADD("exit-while-down-frees", testExitWhileDownFrees);
    TEST_ADD("down-too-long-fences", testDownTooLongFences);
    TEST_ADD("lost-lease-fences-in-time", testLostLeaseFences);
    TEST_ADD("lost-lease-spares-stopped", testLostLeaseSparesStopped);
    TEST_ADD("wrong-owners-are-refused", testWrongOwnersAreRefused);
    TEST_ADD("one-daemon-for-a-state-dir", testOneDaemonForAStateDir);
    TEST_ADD("damaged-owner-is-stopped", testDamagedOwnerIsStopped);
    TEST_ADD("damaged-owner-spares-others", testDamagedOwnerSparesOthers);
    TEST_ADD("foreign-state-stops-all", testForeignStateStopsAll);
    TEST_ADD("moved-lockspace-waits-for-its-guests", testMovedLockspaceWaits);
    TEST_ADD("silent-client-holds-up-nobody", testSilentClient);
    TEST_ADD("bad-configuration-on-sighup-is-ignored", testHangup);
    TEST_ADD("twenty-race-for-ten", testRace);
    TEST_ADD("unsaved-is-refused", testUnsavedIsRefused);
    TEST_ADD("unsaved-is-saved-later", testUnsavedIsSavedLater);
    return g_test_run();
}
