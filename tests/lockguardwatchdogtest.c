/*
 * lockguardwatchdogtest.c: what the guard tells wdmd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * This program is wdmd: it listens where libwdmd connects to, in a mount
 * namespace of its own, and takes apart what comes.
 */
#include <config.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lock_guard_watchdog.h"
#include "virerror.h"
#include "virtime.h"

#define SOCKET "/run/wdmd/wdmd.sock"
#define SECOND VIR_LEASE_SECOND

/* What libwdmd sends, as it was seen to. */
#define REGISTER 1
#define REFCOUNT_SET 2
#define REFCOUNT_CLEAR 3
#define TEST_LIVE 4

typedef struct _testMessage testMessage;
struct _testMessage {
    guint32 magic;
    guint32 command;
    guint32 unused[6];
    guint64 renewal;        /* of TEST_LIVE, in seconds of CLOCK_MONOTONIC */
    guint64 expire;
    char name[128];         /* of REGISTER */
};
G_STATIC_ASSERT(sizeof(testMessage) == 176);

static gboolean testHidden;     /* /run is this test's own */

typedef struct _testWdmd testWdmd;
struct _testWdmd {
    int listener;
    int client;             /* -1: none */
    virLockGuardWatchdog watchdog;
};

static void
testListen(testWdmd *wdmd)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };

    g_assert_cmpint(g_mkdir_with_parents("/run/wdmd", 0700), ==, 0);
    g_remove(SOCKET);
    wdmd->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(wdmd->listener, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(wdmd->listener, 0), ==, 0);
}

static void
testClose(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Takes the next message; fails if there is none. */
static testMessage
testNext(testWdmd *wdmd)
{
    testMessage message;

    g_assert_cmpint(recv(wdmd->client, &message, sizeof(message), MSG_DONTWAIT | MSG_WAITALL), ==, sizeof(message));
    g_assert_cmpuint(message.magic, ==, 0);
    return message;
}

static void
testIsCommand(testWdmd *wdmd, guint32 command)
{
    g_assert_cmpuint(testNext(wdmd).command, ==, command);
}

static void
testIsLive(testWdmd *wdmd, guint64 renewal, guint64 expire)
{
    testMessage message = testNext(wdmd);

    g_assert_cmpuint(message.command, ==, TEST_LIVE);
    /* The clock goes on. */
    g_assert_cmpuint(message.renewal, >=, renewal);
    g_assert_cmpuint(message.renewal, <=, renewal + (renewal ? 2 : 0));
    g_assert_cmpuint(message.expire - message.renewal, ==, expire - renewal);
}

static void
testIsNothing(testWdmd *wdmd)
{
    char byte;

    g_assert_cmpint(recv(wdmd->client, &byte, 1, MSG_DONTWAIT), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

static guint64
testNow(void)
{
    struct timespec now;

    g_assert_cmpint(clock_gettime(CLOCK_MONOTONIC, &now), ==, 0);
    return (guint64) now.tv_sec;
}

static void
testAccept(testWdmd *wdmd)
{
    testMessage message;

    wdmd->client = accept(wdmd->listener, NULL, NULL);
    g_assert_cmpint(wdmd->client, >=, 0);
    message = testNext(wdmd);
    g_assert_cmpuint(message.command, ==, REGISTER);
    g_assert_cmpstr(message.name, ==, "virtleased");
}

static void
testSetUp(testWdmd *wdmd, gconstpointer opaque)
{
    wdmd->listener = wdmd->client = -1;
    virLockGuardWatchdogInit(&wdmd->watchdog, TRUE, -1);
    if (!testHidden || opaque)
        return;
    testListen(wdmd);
    g_assert_cmpint(virLockGuardWatchdogConnect(&wdmd->watchdog), ==, 0);
    testAccept(wdmd);
}

static void
testTearDown(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockGuardWatchdogClose(&wdmd->watchdog);
    testClose(&wdmd->client);
    testClose(&wdmd->listener);
    if (testHidden)
        g_remove(SOCKET);
}

#define TEST_NEEDS_RUN() \
    do { \
        if (!testHidden) { \
            g_test_skip("needs root, and libwdmd"); \
            return; \
        } \
    } while (0)

/* Without guests it asks for nothing. */
static void
testIdle(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    TEST_NEEDS_RUN();
    virLockGuardWatchdogAct(&wdmd->watchdog, VIR_LEASE_TIME_NEVER, 100 * SECOND);
    testIsLive(wdmd, 0, 0);
    testIsCommand(wdmd, REFCOUNT_CLEAR);
    virLockGuardWatchdogAct(&wdmd->watchdog, VIR_LEASE_TIME_NEVER, 101 * SECOND);
    testIsNothing(wdmd);
}

/* With guests it is fed, again and again. */
static void
testFed(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    TEST_NEEDS_RUN();
    g_assert_cmpint(virLockGuardWatchdogAct(&wdmd->watchdog, 130 * SECOND, 100 * SECOND), ==, 105 * SECOND);
    testIsCommand(wdmd, REFCOUNT_SET);
    testIsLive(wdmd, testNow(), testNow() + 30);
    virLockGuardWatchdogAct(&wdmd->watchdog, 130 * SECOND, 104 * SECOND);
    testIsNothing(wdmd);
    virLockGuardWatchdogAct(&wdmd->watchdog, 130 * SECOND, 105 * SECOND);
    testIsLive(wdmd, testNow(), testNow() + 30);
    testIsNothing(wdmd);
    virLockGuardWatchdogAct(&wdmd->watchdog, VIR_LEASE_TIME_NEVER, 106 * SECOND);
    testIsLive(wdmd, 0, 0);
    testIsCommand(wdmd, REFCOUNT_CLEAR);
}

/* A guest that has outlived its lease: it is over at once, and stays so until
 * the guest is gone. */
static void
testWithheld(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    TEST_NEEDS_RUN();
    virLockGuardWatchdogAct(&wdmd->watchdog, 130 * SECOND, 129 * SECOND);
    testIsCommand(wdmd, REFCOUNT_SET);
    testIsLive(wdmd, testNow(), testNow() + 30);
    for (int i = 0; i < 3; i++) {
        virLockGuardWatchdogAct(&wdmd->watchdog, 130 * SECOND, (130 + 5 * i) * SECOND);
        testIsLive(wdmd, testNow(), testNow());
        testIsNothing(wdmd);
    }
    /* It does not let the host off when it ends. */
    virLockGuardWatchdogRelease(&wdmd->watchdog);
    testIsNothing(wdmd);
    virLockGuardWatchdogAct(&wdmd->watchdog, VIR_LEASE_TIME_NEVER, 146 * SECOND);
    testIsLive(wdmd, 0, 0);
}

static void
testRelease(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    TEST_NEEDS_RUN();
    virLockGuardWatchdogAct(&wdmd->watchdog, 130 * SECOND, 100 * SECOND);
    testIsCommand(wdmd, REFCOUNT_SET);
    testIsLive(wdmd, testNow(), testNow() + 30);
    virLockGuardWatchdogRelease(&wdmd->watchdog);
    testIsLive(wdmd, 0, 0);
    testIsCommand(wdmd, REFCOUNT_CLEAR);
}

/* The next guard goes on with the connection of the one before. */
static void
testInherited(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockGuardWatchdog next;

    TEST_NEEDS_RUN();
    virLockGuardWatchdogAct(&wdmd->watchdog, 130 * SECOND, 100 * SECOND);
    testIsCommand(wdmd, REFCOUNT_SET);
    testIsLive(wdmd, testNow(), testNow() + 30);
    virLockGuardWatchdogInit(&next, TRUE, dup(wdmd->watchdog.connection));
    virLockGuardWatchdogClose(&wdmd->watchdog);
    g_assert_cmpint(virLockGuardWatchdogConnect(&next), ==, 0);
    virLockGuardWatchdogAct(&next, 130 * SECOND, 101 * SECOND);
    testIsCommand(wdmd, REFCOUNT_SET);
    testIsLive(wdmd, testNow(), testNow() + 30);
    virLockGuardWatchdogClose(&next);
}

/* wdmd is restarted: it is tried again every five seconds. */
static void
testRestarted(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    TEST_NEEDS_RUN();
    virLockGuardWatchdogAct(&wdmd->watchdog, 200 * SECOND, 100 * SECOND);
    testClose(&wdmd->client);
    testClose(&wdmd->listener);
    virLockGuardWatchdogAct(&wdmd->watchdog, 200 * SECOND, 105 * SECOND);
    g_assert_cmpint(wdmd->watchdog.connection, ==, -1);
    virLockGuardWatchdogAct(&wdmd->watchdog, 200 * SECOND, 110 * SECOND);
    g_assert_cmpint(wdmd->watchdog.connection, ==, -1);
    testListen(wdmd);
    virLockGuardWatchdogAct(&wdmd->watchdog, 200 * SECOND, 115 * SECOND);
    testAccept(wdmd);
    testIsCommand(wdmd, REFCOUNT_SET);
    testIsLive(wdmd, testNow(), testNow() + 30);
}

static void
testMissing(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    TEST_NEEDS_RUN();
    g_assert_cmpint(virLockGuardWatchdogConnect(&wdmd->watchdog), ==, -1);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "cannot connect to wdmd"));
    virResetLastError();
}

/* One that accepts nobody does not keep the guard from its work. */
static void
testStuck(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockGuardWatchdog others[4];
    virLeaseTime begin;
    int rc = 0;

    TEST_NEEDS_RUN();
    testListen(wdmd);
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        virLockGuardWatchdogInit(&others[i], TRUE, -1);
    for (size_t i = 0; rc == 0 && i < G_N_ELEMENTS(others); i++) {
        begin = virTimeBootNow();
        rc = virLockGuardWatchdogConnect(&others[i]);
        g_assert_cmpint(virTimeBootNow() - begin, <, 3 * SECOND);
    }
    g_assert_cmpint(rc, ==, -1);
    virResetLastError();
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        virLockGuardWatchdogClose(&others[i]);
}

static void
testUnwanted(testWdmd *wdmd, gconstpointer opaque G_GNUC_UNUSED)
{
    wdmd->watchdog.wanted = FALSE;
    g_assert_cmpint(virLockGuardWatchdogConnect(&wdmd->watchdog), ==, 0);
    g_assert_cmpint(virLockGuardWatchdogAct(&wdmd->watchdog, 1, 2), ==, VIR_LEASE_TIME_NEVER);
}

static gboolean
testHideRun(void)
{
    return WITH_WDMD && unshare(CLONE_NEWNS) == 0 &&
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("test", "/run", "tmpfs", 0, "mode=0700") == 0;
}

#define TEST_ADD(name, opaque, func) \
    g_test_add("/locking/guard/watchdog/" name, testWdmd, opaque, testSetUp, func, testTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    signal(SIGPIPE, SIG_IGN);
    testHidden = testHideRun();

    TEST_ADD("idle-without-guests", NULL, testIdle);
    TEST_ADD("fed-while-guests-run", NULL, testFed);
    TEST_ADD("withheld-from-who-outlives-the-lease", NULL, testWithheld);
    TEST_ADD("released-at-the-end", NULL, testRelease);
    TEST_ADD("handed-on", NULL, testInherited);
    TEST_ADD("wdmd-restarted", NULL, testRestarted);
    TEST_ADD("wdmd-missing", "none", testMissing);
    TEST_ADD("wdmd-stuck", "none", testStuck);
    TEST_ADD("not-wanted", "none", testUnwanted);
    return g_test_run();
}
