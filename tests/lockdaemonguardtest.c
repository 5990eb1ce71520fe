/*
 * lockdaemonguardtest.c: a guard kills whom it must, in time, and nobody else
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_daemon_guard.h"
#include "lock_daemon_ownertable.h"
#include "lock_guard.h"
#include "lock_guard_life.h"
#include "lock_guard_page.h"
#include "lock_guard_worker.h"
#include "virerror.h"
#include "virprocess.h"
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

/* It ignores SIGTERM from some time after its fork on. */
static gboolean
testIgnoresSigterm(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%lld/status", (long long) pid);
    g_autofree char *status = NULL;
    const char *ignored;

    g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
    ignored = strstr(status, "\nSigIgn:");
    g_assert_nonnull(ignored);
    return (g_ascii_strtoull(ignored + strlen("\nSigIgn:"), NULL, 16) >> (SIGTERM - 1)) & 1;
}

static virLockDaemonOwner *
testOwnerNew(guint64 number, gboolean stubborn)
{
    pid_t pid = testFork(stubborn);
    unsigned long long start;
    int pidfd = virLockDaemonOwnerOpenProcess(pid, "web", &start);

    g_assert_cmpint(pidfd, >=, 0);
    for (int i = 0; stubborn && !testIgnoresSigterm(pid); i++) {
        g_assert_cmpint(i, <, 5000);
        g_usleep(1000);
    }
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

/* ---- a guard in a process of its own, whose worker is this one ---- */

#define OWNERS 4

typedef struct _testGuard testGuard;
struct _testGuard {
    pid_t pid;
    virLockGuardPage *page;     /* as this test sees it */
    virLockDaemonGuardLink *link;
    virLockDaemonGuard *guard;
};

static const virLockDaemonOptions testOptions = { .socket = "/nonexistent" };

static void
testObey(virLockGuardMessageType what G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    g_assert_not_reached();
}

static int
testCopyFD(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    g_assert_cmpint(copy, >=, 0);
    return copy;
}

static void G_GNUC_NORETURN
testGuardProcess(int page, int channel, pid_t worker)
{
    virLockGuardInherited inherited = {
        .page = page, .channel = channel, .socket = -1, .starter = virPidFDOpen(worker), .pid = worker,
    };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(virLockGuardTakeOver(&testOptions, &inherited) == 0 ? 0 : 1);
}

static testGuard *
testGuardNew(guint owners)
{
    testGuard *t = g_new0(testGuard, 1);
    virLockGuardInherited inherited = { .socket = -1 };
    pid_t self = getpid();
    int fds[2];

    t->page = virLockGuardPageNew(owners);
    g_assert_nonnull(t->page);
    g_assert_cmpint(virLockGuardMessagePair(fds), ==, 0);
    t->pid = fork();
    g_assert_cmpint(t->pid, >=, 0);
    if (t->pid == 0) {
        close(fds[0]);
        testGuardProcess(testCopyFD(virLockGuardPageGetFD(t->page)), fds[1], self);
    }
    close(fds[1]);
    inherited.page = testCopyFD(virLockGuardPageGetFD(t->page));
    inherited.channel = fds[0];
    inherited.starter = virPidFDOpen(t->pid);
    inherited.pid = t->pid;
    t->link = virLockDaemonGuardLinkNew(&testOptions, &inherited, testObey, NULL);
    g_assert_nonnull(t->link);
    t->guard = virLockDaemonGuardNew(t->link, "default");
    g_assert_nonnull(t->guard);
    return t;
}

static void
testGuardFree(testGuard *t)
{
    virLockDaemonGuardLinkEnd(t->link);
    g_assert_cmpint(kill(t->pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(t->pid, NULL, 0), ==, t->pid);
    virLockDaemonGuardFree(t->guard);
    virLockDaemonGuardLinkFree(t->link);
    virLockGuardPageFree(t->page);
    g_free(t);
}

/* ---- whom it kills, and when ---- */

static void
testMargin(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime gone = 0;
    virLeaseTime now = virTimeBootNow();

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(t->guard, now + 3000 * MS, 2500 * MS);
    g_assert_true(virLockDaemonGuardEnter(t->guard, owner));
    testRun(3000, &gone);
    g_assert_cmpint(gone, >=, now + 500 * MS);
    g_assert_cmpint(gone, <, now + 3000 * MS);
    g_assert_true(owner->exited);
    g_assert_false(virLockDaemonGuardEnter(t->guard, owner));
    virLockDaemonGuardLeave(t->guard, owner);
    testOwnerFree(owner);
    testGuardFree(t);
}

static void
testRenewed(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime now = virTimeBootNow();

    virLockDaemonGuardSetEnd(t->guard, now + 800 * MS, 200 * MS);
    g_assert_true(virLockDaemonGuardEnter(t->guard, owner));
    virLockDaemonGuardSetEnd(t->guard, now + 60000 * MS, 200 * MS);
    testRun(1000, NULL);
    g_assert_false(virPidFDExited(owner->pidfd));
    testOwnerFree(owner);
    testGuardFree(t);
}

static void
testLeft(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);

    g_assert_true(virLockDaemonGuardEnter(t->guard, owner));
    virLockDaemonGuardLeave(t->guard, owner);
    virLockDaemonGuardLeave(t->guard, owner);
    virLockDaemonGuardSetEnd(t->guard, virTimeBootNow(), 200 * MS);
    testRun(1000, NULL);
    g_assert_false(virPidFDExited(owner->pidfd));
    testOwnerFree(owner);
    testGuardFree(t);
}

/* It may be killed before that is answered. */
static void
testEnterLate(testGuard *t, virLockDaemonOwner *owner)
{
    g_test_message("%s", virLockDaemonGuardEnter(t->guard, owner) ? "entered" : "killed already");
}

/* Who is to be spared is, and no longer when it is entered without that. */
static void
testIgnored(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime gone = 0;

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    owner->ignore = TRUE;
    g_assert_true(virLockDaemonGuardEnter(t->guard, owner));
    virLockDaemonGuardSetEnd(t->guard, virTimeBootNow(), 200 * MS);
    testRun(1000, &gone);
    g_assert_cmpint(gone, ==, 0);
    owner->ignore = FALSE;
    testEnterLate(t, owner);
    testRun(3000, &gone);
    g_assert_cmpint(gone, !=, 0);
    virLockDaemonGuardLeave(t->guard, owner);
    testOwnerFree(owner);
    testGuardFree(t);
}

static void
testLate(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime gone = 0;

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(t->guard, virTimeBootNow() - 1, 200 * MS);
    testEnterLate(t, owner);
    testRun(3000, &gone);
    g_assert_true(owner->exited);
    testOwnerFree(owner);
    testGuardFree(t);
}

static void
testStubborn(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, TRUE);
    virLeaseTime gone = 0;
    virLeaseTime now = virTimeBootNow();

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(t->guard, now + 2000 * MS, 2000 * MS);
    g_assert_cmpint(virLockDaemonGuardGetGrace(t->guard), ==, 500 * MS);
    testEnterLate(t, owner);
    testRun(3000, &gone);
    g_assert_cmpint(gone, >=, now + 500 * MS);
    g_assert_cmpint(gone, <, now + 2000 * MS);
    testOwnerFree(owner);
    testGuardFree(t);
}

static void
testFull(void)
{
    testGuard *t = testGuardNew(2);
    virLockDaemonOwner *owners[3];

    for (int i = 0; i < 3; i++)
        owners[i] = testOwnerNew((guint64) i + 1, FALSE);
    g_assert_true(virLockDaemonGuardEnter(t->guard, owners[0]));
    g_assert_true(virLockDaemonGuardEnter(t->guard, owners[1]));
    /* It has a place already. */
    g_assert_true(virLockDaemonGuardEnter(t->guard, owners[1]));
    g_assert_cmpint(virLockDaemonGuardLinkEnter(t->link, 0, owners[2]), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OVERFLOW);
    virLockDaemonGuardLeave(t->guard, owners[0]);
    g_assert_true(virLockDaemonGuardEnter(t->guard, owners[2]));
    for (int i = 0; i < 3; i++)
        testOwnerFree(owners[i]);
    testGuardFree(t);
}

/* ---- what is in the page is not trusted ---- */

/* A process whose id was used before is not the one meant. */
static void
testOtherStart(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);

    virLockDaemonGuardSetEnd(t->guard, virTimeBootNow(), 200 * MS);
    owner->start++;
    g_assert_false(virLockDaemonGuardEnter(t->guard, owner));
    testRun(1000, NULL);
    g_assert_false(virPidFDExited(owner->pidfd));
    testOwnerFree(owner);
    testGuardFree(t);
}

/* @content, or what it is not, over all but the first @from bytes. */
static void
testScribble(const testGuard *t, size_t from, int content)
{
    int fd = virLockGuardPageGetFD(t->page);
    off_t size = lseek(fd, 0, SEEK_END);
    unsigned char *start = mmap(NULL, (size_t) size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    g_assert_true(start != MAP_FAILED);
    if (content >= 0) {
        memset(start + from, content, (size_t) size - from);
    } else {
        for (off_t i = (off_t) from; i < size; i++)
            start[i] = (unsigned char) g_test_rand_int();
    }
    munmap(start, (size_t) size);
}

/* The guard goes by what it knew before: whom it must it kills, and when. */
static void
testDamaged(gconstpointer opaque)
{
    int content = GPOINTER_TO_INT(opaque);
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLockDaemonOwner *bystander = testOwnerNew(2, FALSE);
    virLeaseTime gone = 0;
    virLeaseTime now = virTimeBootNow();

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(t->guard, now + 3000 * MS, 2000 * MS);
    g_assert_true(virLockDaemonGuardEnter(t->guard, owner));
    testScribble(t, 0, content);
    testRun(3000, &gone);
    g_assert_cmpint(gone, >=, now + 1000 * MS);
    g_assert_cmpint(gone, <, now + 3000 * MS);
    g_assert_false(virPidFDExited(bystander->pidfd));
    testOwnerFree(owner);
    testOwnerFree(bystander);
    testGuardFree(t);
}

/* Records that are well-formed, but cannot be. */
static void
testNonsense(void)
{
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *bystander = testOwnerNew(1, FALSE);
    virLockGuardOwner records[OWNERS] = {
        { .number = 1, .pid = 1, .start = 0, .running = 1, .name = "init" },
        { .number = 2, .pid = -1, .start = 0, .running = 1, .name = "everybody" },
        { .number = 3, .pid = t->pid, .running = 1, .name = "the guard" },
        { .number = 4, .pid = bystander->pid, .start = bystander->start, .lockspace = G_MAXUINT16, .running = 1 },
    };

    g_assert_cmpint(virProcessGetStartTime(t->pid, (unsigned long long *) &records[2].start), ==, 0);
    memset(records[3].name, 0xff, sizeof(records[3].name));
    for (guint i = 0; i < VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX; i++)
        virLockDaemonGuardLinkSetEnd(t->link, (int) i, "default", virTimeBootNow(), 200 * MS);
    for (guint i = 0; i < OWNERS; i++)
        virLockGuardPageSetOwner(t->page, i, &records[i]);
    testRun(1200, NULL);
    g_assert_false(virPidFDExited(bystander->pidfd));
    /* It is there, and in its right mind. */
    virLockGuardPageSetOwner(t->page, 0, &(virLockGuardOwner) { .running = 0 });
    testOwnerFree(bystander);
    bystander = testOwnerNew(5, FALSE);
    virLockDaemonGuardSetEnd(t->guard, virTimeBootNow() + 60000 * MS, 200 * MS);
    g_assert_cmpint(waitpid(t->pid, NULL, WNOHANG), ==, 0);
    testOwnerFree(bystander);
    testGuardFree(t);
}

/* An end that no lease can have, and one that was never: the one before counts. */
static void
testImpossibleEnd(gconstpointer opaque)
{
    virLeaseTime end = opaque ? VIR_LEASE_TIME_NEVER : virTimeBootNow() + 86400 * VIR_LEASE_SECOND;
    testGuard *t = testGuardNew(OWNERS);
    virLockDaemonOwner *owner = testOwnerNew(1, FALSE);
    virLeaseTime gone = 0;
    virLeaseTime now = virTimeBootNow();

    virLockDaemonOwnerWatch(owner, testExited, &gone);
    virLockDaemonGuardSetEnd(t->guard, now + 3000 * MS, 2000 * MS);
    g_assert_true(virLockDaemonGuardEnter(t->guard, owner));
    /* It has looked at the lease by now. */
    testRun(700, &gone);
    virLockDaemonGuardSetEnd(t->guard, end, 2000 * MS);
    testRun(3000, &gone);
    g_assert_cmpint(gone, >=, now + 1000 * MS);
    g_assert_cmpint(gone, <, now + 3000 * MS);
    testOwnerFree(owner);
    testGuardFree(t);
}

static void
testUnknownSlot(void)
{
    g_autoptr(virLockGuardPage) page = virLockGuardPageNew(OWNERS);
    int fds[2];
    pid_t self = getpid();
    pid_t pid;

    g_assert_cmpint(virLockGuardMessagePair(fds), ==, 0);
    if ((pid = fork()) == 0)
        testGuardProcess(testCopyFD(virLockGuardPageGetFD(page)), fds[1], self);
    for (guint slot = 0; slot < 2; slot++) {
        virLockGuardMessage message = { .type = VIR_LOCK_GUARD_MESSAGE_ENTER, .slot = slot * G_MAXUINT32, .serial = slot };
        int passed = -1;
        int rc = 0;

        g_assert_cmpint(virLockGuardMessageSend(fds[0], &message, -1), ==, 0);
        for (int i = 0; rc == 0 && i < 1000; i++) {
            g_usleep(2000);
            rc = virLockGuardMessageReceive(fds[0], &message, &passed);
        }
        g_assert_cmpint(rc, ==, 1);
        g_assert_cmpint(message.type, ==, VIR_LOCK_GUARD_MESSAGE_ENTERED);
        g_assert_cmpuint(message.serial, ==, slot);
        g_assert_false(message.ok);
    }
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    close(fds[0]);
    close(fds[1]);
}

/* ---- the page ---- */

#define DEATHS 200

/* Every field says the same: a reader would see a mixture. */
static void
testFillRecord(virLockGuardOwner *record, guint32 value)
{
    *record = (virLockGuardOwner) { .number = value, .start = value, .pid = (gint32) value, .running = 1 };
    g_snprintf(record->name, sizeof(record->name), "%u", value);
    memcpy(record->uuid, &value, sizeof(value));
}

static guint32
testCheckRecord(const virLockGuardPage *page)
{
    virLockGuardOwner record;
    virLockGuardOwner wanted;

    g_assert_true(virLockGuardPageGetOwner(page, 0, &record));
    if (!record.running)
        return 0;
    testFillRecord(&wanted, (guint32) record.number);
    g_assert_cmpmem(&record, sizeof(record), &wanted, sizeof(wanted));
    return (guint32) record.number;
}

/* A worker that is killed while it writes, again and again. */
static void
testTorn(void)
{
    g_autoptr(virLockGuardPage) page = virLockGuardPageNew(1);
    guint32 last = 0;

    for (int i = 0; i < DEATHS; i++) {
        pid_t pid = fork();
        gint64 end = virTimeBootNow() + g_test_rand_int_range(100, 3000) * 1000;

        g_assert_cmpint(pid, >=, 0);
        for (guint32 n = last + 1; pid == 0; n++) {
            virLockGuardOwner record;

            testFillRecord(&record, n);
            virLockGuardPageSetOwner(page, 0, &record);
        }
        while (virTimeBootNow() < end)
            testCheckRecord(page);
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
        g_assert_cmpuint(testCheckRecord(page), >=, last);
        last = testCheckRecord(page);
    }
    g_test_message("%u records written, %u deaths", last, DEATHS);
    g_assert_cmpuint(last, >, DEATHS);
}

static void
testForeignPage(void)
{
    g_autoptr(virLockGuardPage) page = virLockGuardPageNew(OWNERS);
    testGuard t = { .page = page };
    int fd = memfd_create("test", MFD_CLOEXEC);

    g_assert_null(virLockGuardPageOpen(fd));
    /* One that could shrink. */
    g_assert_cmpint(ftruncate(fd, 65536), ==, 0);
    g_assert_null(virLockGuardPageOpen(fd));
    close(fd);
    fd = testCopyFD(virLockGuardPageGetFD(page));
    testScribble(&t, 0, 0);
    g_assert_null(virLockGuardPageOpen(fd));
    close(fd);
    virResetLastError();
}

/* ---- whether the other one lives ---- */

static void
testBackOff(void)
{
    static const int pauses[] = { 20, 100, 200, 400, 800, 1600, 3200, 5000, 5000 };
    virLockGuardLife life;
    virLeaseTime now = 1;

    virLockGuardLifeInit(&life, 20 * MS, now);
    for (size_t i = 0; i < G_N_ELEMENTS(pauses); i++) {
        g_assert_cmpint(virLockGuardLifeEnd(&life, now), ==, pauses[i] * MS);
        now += pauses[i] * MS;
        virLockGuardLifeBegin(&life, now);
    }
    now += VIR_LOCK_GUARD_LIFE_STABLE;
    g_assert_cmpint(virLockGuardLifeEnd(&life, now), ==, 20 * MS);
    virLockGuardLifeBegin(&life, now);
    g_assert_cmpint(virLockGuardLifeEnd(&life, now), ==, 100 * MS);
}

/* Time in which this side did not run itself hardly counts. */
static void
testSilence(void)
{
    virLockGuardLife life;
    virLeaseTime now = 1;

    virLockGuardLifeInit(&life, 20 * MS, now);
    g_assert_cmpint(virLockGuardLifeLook(&life, 1, now += 500 * MS), ==, 0);
    g_assert_cmpint(virLockGuardLifeLook(&life, 1, now += 500 * MS), ==, 500 * MS);
    g_assert_cmpint(virLockGuardLifeLook(&life, 1, now += 3600 * VIR_LEASE_SECOND), <, VIR_LOCK_GUARD_LIFE_HUNG);
    g_assert_cmpint(virLockGuardLifeLook(&life, 2, now += 500 * MS), ==, 0);
    for (int i = 0; i < 3; i++)
        g_assert_cmpint(virLockGuardLifeLook(&life, 2, now += 500 * MS), <, VIR_LOCK_GUARD_LIFE_HUNG);
    g_assert_cmpint(virLockGuardLifeLook(&life, 2, now += 500 * MS), >=, VIR_LOCK_GUARD_LIFE_HUNG);
}

/* When a worker that does not beat any more is killed: @kills says how many
 * guests had been told to end after so many half seconds. */
static int
testLookUntilKilled(const guint *kills, size_t n)
{
    g_autoptr(virLockGuardPage) shared = virLockGuardPageNew(1);
    virLockGuardWorker worker;
    virLeaseTime now = 1;
    int looks = 0;

    virLockGuardWorkerInit(&worker, shared, &testOptions, now);
    worker.pid = testFork(FALSE);
    worker.pidfd = virPidFDOpen(worker.pid);
    g_assert_cmpint(worker.pidfd, >=, 0);
    virLockGuardPageBeat(shared, VIR_LOCK_GUARD_SIDE_WORKER);
    while (!worker.killed && looks < 100) {
        virLockGuardWorkerLook(&worker, kills[MIN((size_t) looks, n - 1)], FALSE, now);
        now += VIR_LOCK_GUARD_LIFE_BEAT;
        looks++;
    }
    g_assert_true(worker.killed);
    g_assert_cmpint(waitpid(worker.pid, NULL, 0), ==, worker.pid);
    virLockGuardWorkerClear(&worker);
    return looks - 1;
}

static void
testHungWorker(void)
{
    static const guint none[] = { 0 };
    static const guint before[] = { 3 };
    static const guint early[] = { 0, 0, 1 };
    static const guint late[] = { 0, 0, 0, 0, 0, 0, 0, 2 };

    /* Nobody was killed as it hung: not before ten seconds. */
    g_assert_cmpint(testLookUntilKilled(none, G_N_ELEMENTS(none)), ==, 20);
    g_assert_cmpint(testLookUntilKilled(before, G_N_ELEMENTS(before)), ==, 20);
    /* Somebody was: as soon as it is sure that it hangs. */
    g_assert_cmpint(testLookUntilKilled(early, G_N_ELEMENTS(early)), ==, 4);
    g_assert_cmpint(testLookUntilKilled(late, G_N_ELEMENTS(late)), ==, 7);
}

/* ---- owners ---- */

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

    g_test_add_func("/locking/daemon/guard/kills-at-the-margin", testMargin);
    g_test_add_func("/locking/daemon/guard/renewed-lease-goes-on", testRenewed);
    g_test_add_func("/locking/daemon/guard/spares-who-left", testLeft);
    g_test_add_func("/locking/daemon/guard/spares-who-is-ignored", testIgnored);
    g_test_add_func("/locking/daemon/guard/entered-too-late", testLate);
    g_test_add_func("/locking/daemon/guard/sigkill-after-sigterm", testStubborn);
    g_test_add_func("/locking/daemon/guard/full", testFull);
    g_test_add_func("/locking/daemon/guard/spares-another-process", testOtherStart);
    g_test_add_data_func("/locking/daemon/guard/damaged/zeroes", GINT_TO_POINTER(0), testDamaged);
    g_test_add_data_func("/locking/daemon/guard/damaged/ones", GINT_TO_POINTER(0xff), testDamaged);
    g_test_add_data_func("/locking/daemon/guard/damaged/random", GINT_TO_POINTER(-1), testDamaged);
    g_test_add_func("/locking/daemon/guard/nonsense", testNonsense);
    g_test_add_data_func("/locking/daemon/guard/impossible-end", NULL, testImpossibleEnd);
    g_test_add_data_func("/locking/daemon/guard/end-that-never-was", "", testImpossibleEnd);
    g_test_add_func("/locking/daemon/guard/unknown-slot", testUnknownSlot);
    g_test_add_func("/locking/daemon/guardpage/writer-dies", testTorn);
    g_test_add_func("/locking/daemon/guardpage/foreign", testForeignPage);
    g_test_add_func("/locking/daemon/guardlife/back-off", testBackOff);
    g_test_add_func("/locking/daemon/guardlife/silence", testSilence);
    g_test_add_func("/locking/daemon/guardlife/hung-worker", testHungWorker);
    g_test_add_func("/locking/daemon/owner/hurry", testHurry);
    g_test_add_func("/locking/daemon/owner/reopen", testReopen);
    g_test_add_func("/locking/daemon/owner/table", testTable);
    return g_test_run();
}
