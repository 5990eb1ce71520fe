/*
 * lockdaemonguardtest.c: owners are fenced when only the margin of the lease is left
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_daemon_guard.h"
#include "lock_daemon_ownertable.h"
#include "virerror.h"
#include "virtime.h"

#define UUID "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define MS VIR_LEASE_MILLISECOND

static pid_t
testFork(gboolean stubborn)
{
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid > 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (stubborn)
        signal(SIGTERM, SIG_IGN);
    execlp("sleep", "sleep", "600", NULL);
    _exit(127);
}

static virLockDaemonOwner *
testOwnerNew(guint64 number, gboolean stubborn)
{
    pid_t pid = testFork(stubborn);
    unsigned long long start;
    int pidfd = virLockDaemonOwnerOpenProcess(pid, "web", &start);

    g_assert_cmpint(pidfd, >=, 0);
    /* It ignores SIGTERM from its exec on, not from its fork. */
    if (stubborn)
        g_usleep(50 * 1000);
    return virLockDaemonOwnerNew(number, "default", UUID, "web", pid, start, pidfd);
}

static void
testOwnerFree(virLockDaemonOwner *owner)
{
    pid_t pid = owner->pid;

    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    virLockDaemonOwnerFree(owner);
}

static void
testExited(virLockDaemonOwner *owner G_GNUC_UNUSED, void *opaque)
{
    virLeaseTime *when = opaque;

    *when = virTimeBootNow();
}

static gboolean
testTimeIsUp(void *opaque)
{
    gboolean *up = opaque;

    *up = TRUE;
    return G_SOURCE_REMOVE;
}

/* Runs the main loop for @ms, or until @when is set. */
static void
testRun(unsigned int ms, const virLeaseTime *when)
{
    gboolean up = FALSE;
    guint source = g_timeout_add(ms, testTimeIsUp, &up);

    while (!up && (!when || *when == 0))
        g_main_context_iteration(NULL, TRUE);
    if (!up)
        g_source_remove(source);
}

static void
testMargin(void)
{
    g_autoptr(virLockDaemonGuard) guard = virLockDaemonGuardNew();
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime gone = 0;
    virLeaseTime now = virTimeBootNow();

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(guard, now + 3000 * MS, 2500 * MS);
    g_assert_true(virLockDaemonGuardEnter(guard, owner));
    testRun(3000, &gone);
    g_assert_cmpint(gone, >=, now + 500 * MS);
    g_assert_cmpint(gone, <, now + 3000 * MS);
    g_assert_true(owner->exited);
    g_assert_false(virLockDaemonGuardEnter(guard, owner));
    virLockDaemonGuardLeave(guard, owner);
    testOwnerFree(owner);
}

static void
testRenewed(void)
{
    g_autoptr(virLockDaemonGuard) guard = virLockDaemonGuardNew();
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime now = virTimeBootNow();

    virLockDaemonGuardSetEnd(guard, now + 300 * MS, 200 * MS);
    g_assert_true(virLockDaemonGuardEnter(guard, owner));
    virLockDaemonGuardSetEnd(guard, now + 60000 * MS, 200 * MS);
    testRun(300, NULL);
    g_assert_false(owner->fencing);
    testOwnerFree(owner);
}

static void
testLeft(void)
{
    g_autoptr(virLockDaemonGuard) guard = virLockDaemonGuardNew();
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);

    g_assert_true(virLockDaemonGuardEnter(guard, owner));
    virLockDaemonGuardLeave(guard, owner);
    virLockDaemonGuardLeave(guard, owner);
    virLockDaemonGuardSetEnd(guard, virTimeBootNow(), 200 * MS);
    testRun(100, NULL);
    g_assert_false(owner->fencing);
    testOwnerFree(owner);
}

/* Who is to be spared is, and no longer when it is entered without that. */
static void
testIgnored(void)
{
    g_autoptr(virLockDaemonGuard) guard = virLockDaemonGuardNew();
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);

    owner->ignore = TRUE;
    g_assert_true(virLockDaemonGuardEnter(guard, owner));
    virLockDaemonGuardSetEnd(guard, virTimeBootNow(), 200 * MS);
    testRun(100, NULL);
    g_assert_false(owner->fencing);
    owner->ignore = FALSE;
    g_assert_true(virLockDaemonGuardEnter(guard, owner));
    testRun(100, NULL);
    g_assert_true(owner->fencing);
    virLockDaemonGuardLeave(guard, owner);
    testOwnerFree(owner);
}

/* Too late: not from within, but at once. */
static void
testLate(void)
{
    g_autoptr(virLockDaemonGuard) guard = virLockDaemonGuardNew();
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime gone = 0;

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(guard, virTimeBootNow() - 1, 200 * MS);
    g_assert_true(virLockDaemonGuardEnter(guard, owner));
    g_assert_false(owner->fencing);
    testRun(3000, &gone);
    g_assert_true(owner->exited);
    testOwnerFree(owner);
}

static void
testStubborn(void)
{
    g_autoptr(virLockDaemonGuard) guard = virLockDaemonGuardNew();
    virLockDaemonOwner *owner = testOwnerNew(1, TRUE);
    virLeaseTime gone = 0;
    virLeaseTime now = virTimeBootNow();

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(guard, now + 2000 * MS, 2000 * MS);
    g_assert_cmpint(virLockDaemonGuardGetGrace(guard), ==, 500 * MS);
    g_assert_true(virLockDaemonGuardEnter(guard, owner));
    testRun(300, &gone);
    g_assert_true(owner->fencing);
    g_assert_false(owner->killed);
    testRun(3000, &gone);
    g_assert_true(owner->killed);
    g_assert_cmpint(gone, >=, now + 500 * MS);
    g_assert_cmpint(gone, <, now + 2000 * MS);
    testOwnerFree(owner);
}

static void
testHurry(void)
{
    virLockDaemonOwner *owner = testOwnerNew(1, TRUE);
    virLeaseTime gone = 0;

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonOwnerHurry(owner);
    g_assert_false(owner->killed);
    virLockDaemonOwnerFence(owner, "a test", 60000 * MS);
    virLockDaemonOwnerHurry(owner);
    testRun(3000, &gone);
    g_assert_true(owner->exited);
    testOwnerFree(owner);
}

/* A process is the same only if it was started at the same time. */
static void
testReopen(void)
{
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    int pidfd = virLockDaemonOwnerReopenProcess(owner->pid, owner->start);

    g_assert_cmpint(pidfd, >=, 0);
    close(pidfd);
    g_assert_cmpint(virLockDaemonOwnerReopenProcess(owner->pid, owner->start + 1), ==, -1);
    kill(owner->pid, SIGKILL);
    /* A zombie is gone too. */
    testRun(100, NULL);
    g_assert_cmpint(virLockDaemonOwnerReopenProcess(owner->pid, owner->start), ==, -1);
    testOwnerFree(owner);
}

static void
testTable(void)
{
    g_autoptr(virLockDaemonOwnerTable) table = virLockDaemonOwnerTableNew();
    virLockDaemonOwner *old = virLockDaemonOwnerNew(1, "default", UUID, "web", 4711, 1, -1);
    virLockDaemonOwner *young = virLockDaemonOwnerNew(2, "default", UUID, "web", 4711, 2, -1);

    g_assert_true(old->exited);
    young->exited = FALSE;
    virLockDaemonOwnerTableAdd(table, old);
    g_assert_null(virLockDaemonOwnerTableFind(table, 4711));
    virLockDaemonOwnerTableAdd(table, young);
    g_assert_true(virLockDaemonOwnerTableFind(table, 4711) == young);
    g_assert_true(virLockDaemonOwnerTableGet(table, 1) == old);
    young->forgotten = TRUE;
    g_assert_null(virLockDaemonOwnerTableFind(table, 4711));
    virLockDaemonOwnerTableRemove(table, old);
    g_assert_null(virLockDaemonOwnerTableGet(table, 1));
    g_assert_cmpuint(virLockDaemonOwnerTableSize(table), ==, 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/locking/daemon/guard/fences-at-the-margin", testMargin);
    g_test_add_func("/locking/daemon/guard/renewed-lease-goes-on", testRenewed);
    g_test_add_func("/locking/daemon/guard/spares-who-left", testLeft);
    g_test_add_func("/locking/daemon/guard/spares-who-is-ignored", testIgnored);
    g_test_add_func("/locking/daemon/guard/entered-too-late", testLate);
    g_test_add_func("/locking/daemon/guard/sigkill-after-sigterm", testStubborn);
    g_test_add_func("/locking/daemon/owner/hurry", testHurry);
    g_test_add_func("/locking/daemon/owner/reopen", testReopen);
    g_test_add_func("/locking/daemon/owner/table", testTable);
    return g_test_run();
}
