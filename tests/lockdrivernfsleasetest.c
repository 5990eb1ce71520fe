/*
 * lockdrivernfsleasetest.c: what nfslease.so asks of virtleased, and when
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <fcntl.h>
#include <glib.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nfsleaseplugin.h"
#include "virleaseengine.h"
#include "virleasetoken.h"

#define TEST_REGISTER (VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY | VIR_LOCK_MANAGER_ACQUIRE_RESTRICT)
#define TEST_PID 4711           /* of the guest; nobody is told to look at it */

/* The next call is of @procedure, about web01, and in time for its deadline. */
static fakeCall *
testTake(const testPlugin *plugin,
         int procedure,
         gint64 pid)
{
    fakeCall *call = fakeDaemonTake(plugin->daemon);
    const char uuid[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

    g_assert_nonnull(call);
    g_assert_cmpint(call->procedure, ==, procedure);
    g_assert_cmpstr(call->request->owner.name, ==, "web01");
    g_assert_cmpmem(call->request->owner.uuid, 16, uuid, sizeof(uuid));
    g_assert_cmpint(call->request->owner.pid, ==, pid);
    return call;
}

static void
testResource(const fakeCall *call,
             guint i,
             const char *name,
             const char *path,
             guint mode)
{
    g_assert_cmpuint(call->request->resources.resources_len, >, i);
    g_assert_cmpstr(call->request->resources.resources_val[i].name, ==, name);
    g_assert_cmpstr(call->request->resources.resources_val[i].path, ==, path);
    g_assert_cmpuint(call->request->resources.resources_val[i].mode, ==, mode);
}

/* Makes a lock manager of a running guest with a single disk. */
static void
testNewWithDisk(const testPlugin *plugin,
                virLockManager *man,
                const char *path)
{
    g_assert_cmpint(testPluginNew(plugin, man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(man, path, 0), ==, 0);
}

/* What libvirt does between fork and exec. Returns the process's id when it
 * has ended; it exits with 0 if Acquire succeeded. */
static pid_t
testStartInChild(const testPlugin *plugin,
                 const char *path,
                 int *status,
                 testError *error)
{
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        virLockManager man;
        int fd = 77;
        int rc;

        if (testPluginNew(plugin, &man, 0, VIR_LOCK_MANAGER_NEW_STARTED) < 0 ||
            testPluginAddDisk(&man, path, 0) < 0)
            _exit(2);
        rc = plugin->driver->drvAcquire(&man, NULL, TEST_REGISTER, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, &fd);
        plugin->driver->drvFree(&man);
        *error = *testErrorGet();
        _exit(rc == 0 && fd == -1 ? 0 : 1);
    }
    g_assert_cmpint(waitpid(pid, status, 0), ==, pid);
    return pid;
}

/* An error in memory that a child shares. */
static testError *
testErrorShared(void)
{
    testError *error = mmap(NULL, sizeof(*error), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    g_assert_true(error != MAP_FAILED);
    return error;
}

static void
testRegister(testPlugin *plugin,
             const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    g_autoptr(fakeCall) call = NULL;
    testError *error = testErrorShared();
    int status;
    pid_t pid;

    g_assert_cmpint(testPluginInit(plugin, "lockspace = \"fast\""), ==, 0);
    pid = testStartInChild(plugin, image, &status, error);
    g_assert_cmpint(status, ==, 0);
    call = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_REGISTER, pid);
    g_assert_cmpstr(call->request->lockspace, ==, "fast");
    g_assert_cmpuint(call->request->timeout, ==, 1000);
    g_assert_cmpuint(call->args.registers.reserve, ==, 1);
    g_assert_cmpuint(call->request->resources.resources_len, ==, 1);
    testResource(call, 0, image, image, 0);
    g_assert_null(fakeDaemonTake(plugin->daemon));
    munmap(error, sizeof(*error));
}

static void
testRegisterWithoutReserve(testPlugin *plugin,
                           const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, "reserve = 0"), ==, 0);
    testNewWithDisk(plugin, &man, image);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, TEST_REGISTER,
                                               VIR_DOMAIN_LOCK_FAILURE_POWEROFF, NULL), ==, 0);
    call = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_REGISTER, TEST_PID);
    g_assert_cmpuint(call->args.registers.reserve, ==, 0);
    plugin->driver->drvFree(&man);
}

/* The child has the error, and the text says all that the daemon said. */
static void
testRegisterRefused(testPlugin *plugin,
                    const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    testError *error = testErrorShared();
    int status;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    fakeDaemonSetReply(plugin->daemon, FAKE_REPLY_ERROR, NULL);
    testStartInChild(plugin, image, &status, error);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_cmpuint(error->count, ==, 1);
    g_assert_cmpint(error->code, ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(error->domain, ==, VIR_FROM_LOCKING);
    g_assert_cmpstr(error->message, ==, FAKE_ERROR);
    munmap(error, sizeof(*error));
}

static void
testAcquireFresh(testPlugin *plugin,
                 const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    const char *states[] = { NULL, "" };
    size_t i;

    g_assert_cmpint(testPluginInit(plugin, "handover_wait = 7"), ==, 0);
    for (i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(fakeCall) call = NULL;
        virLockManager man;

        testNewWithDisk(plugin, &man, image);
        g_assert_cmpint(plugin->driver->drvAcquire(&man, states[i], 0,
                                                   VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
        plugin->driver->drvFree(&man);
        call = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_ACQUIRE, TEST_PID);
        g_assert_cmpstr(call->args.acquire.token, ==, "");
        g_assert_cmpuint(call->request->timeout, ==, 1000);
        testResource(call, 0, image, image, 0);
    }
}

static void
testAcquireWithState(testPlugin *plugin,
                     const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, "handover_wait = 7"), ==, 0);
    testNewWithDisk(plugin, &man, image);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, "<token&>", 0,
                                               VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    plugin->driver->drvFree(&man);
    call = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_ACQUIRE, TEST_PID);
    g_assert_cmpstr(call->args.acquire.token, ==, "<token&>");
    g_assert_cmpuint(call->args.acquire.handoverWait, ==, 7000);
    g_assert_cmpuint(call->request->timeout, ==, 1000 + 7000);
}

/* The error of an acquire in libvirtd keeps its code; the guest keeps nothing. */
static void
testAcquireRefused(testPlugin *plugin,
                   const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    virLockManager man;
    int fd = 77;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    fakeDaemonSetReply(plugin->daemon, FAKE_REPLY_ERROR, NULL);
    testNewWithDisk(plugin, &man, image);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, &fd), ==, -1);
    g_assert_cmpint(fd, ==, -1);
    testErrorExpect(VIR_ERR_RESOURCE_BUSY, "web01", "kvm1");
    plugin->driver->drvFree(&man);
}

/* libvirt pauses twice; the second state must be as good as the first. The
 * disks' server may be away meanwhile: nothing looks at the path. */
static void
testSuspendTwice(testPlugin *plugin,
                 const void *opaque G_GNUC_UNUSED)
{
    size_t i;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    fakeDaemonSetReply(plugin->daemon, FAKE_REPLY_OK, "token");
    for (i = 0; i < 2; i++) {
        g_autoptr(fakeCall) call = NULL;
        g_autofree char *state = NULL;
        virLockManager man;

        testNewWithDisk(plugin, &man, "/nonexistent/a.img");
        g_assert_cmpint(plugin->driver->drvRelease(&man, &state, 0), ==, 0);
        plugin->driver->drvFree(&man);
        g_assert_cmpstr(state, ==, "token");
        call = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_SUSPEND, TEST_PID);
        g_assert_cmpuint(call->request->timeout, ==, 1000);
    }
}

static void
testSuspendWithoutToken(testPlugin *plugin,
                        const void *opaque G_GNUC_UNUSED)
{
    virLockManager man;
    char *state = (char *) "before";

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    testNewWithDisk(plugin, &man, "/nonexistent/a.img");
    g_assert_cmpint(plugin->driver->drvRelease(&man, &state, 0), ==, 0);
    plugin->driver->drvFree(&man);
    g_assert_null(state);
}

static void
testSuspendFailed(testPlugin *plugin,
                  const void *opaque G_GNUC_UNUSED)
{
    virLockManager man;
    char *state = (char *) "before";

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    fakeDaemonSetReply(plugin->daemon, FAKE_REPLY_ERROR, NULL);
    testNewWithDisk(plugin, &man, "/nonexistent/a.img");
    g_assert_cmpint(plugin->driver->drvRelease(&man, &state, 0), ==, -1);
    plugin->driver->drvFree(&man);
    /* libvirt keeps it: the guest must not look as if it had never run. */
    g_assert_cmpstr(state, ==, VIR_LEASE_TOKEN_UNKNOWN);
    g_free(state);
    testErrorExpect(VIR_ERR_RESOURCE_BUSY, "web01", "kvm1");
}

static void
testInquire(testPlugin *plugin,
            const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *token = g_strnfill(VIR_LEASE_PROTOCOL_TOKEN_MAX, 't');
    g_autofree char *state = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    fakeDaemonSetReply(plugin->daemon, FAKE_REPLY_OK, token);
    testNewWithDisk(plugin, &man, "/nonexistent/a.img");
    g_assert_cmpint(plugin->driver->drvInquire(&man, &state, 0), ==, 0);
    plugin->driver->drvFree(&man);
    g_assert_cmpstr(state, ==, token);
    fakeCallFree(testTake(plugin, VIR_LEASE_PROTOCOL_PROC_INQUIRE, TEST_PID));
}

/* virsh migrate --offline: it has no process, no lock and no state. */
static void
testInquireShutOff(testPlugin *plugin,
                   const void *opaque G_GNUC_UNUSED)
{
    char *state = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, 0, 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, "/nonexistent/a.img", 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvInquire(&man, &state, 0), ==, 0);
    plugin->driver->drvFree(&man);
    g_assert_null(state);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

static void
testDetach(testPlugin *plugin,
           const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, getpid(), 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, image, 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvRelease(&man, NULL, 0), ==, 0);
    plugin->driver->drvFree(&man);
    call = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_DETACH, getpid());
    g_assert_cmpuint(call->request->resources.resources_len, ==, 1);
    testResource(call, 0, image, image, 0);
}

/* libvirt takes back the lock of a disk that QEMU would not attach, as it has
 * the image already. This test is a guest that has it open. */
static void
testDetachStillOpen(testPlugin *plugin,
                    const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    int fd = open(image, O_RDONLY | O_CLOEXEC);
    virLockManager man;

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, getpid(), 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, image, 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvRelease(&man, NULL, 0), ==, 0);
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
    close(fd);
}

static void
testNothingToLock(testPlugin *plugin,
                  const void *opaque G_GNUC_UNUSED)
{
    char *state = (char *) "before";
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, TEST_REGISTER,
                                               VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    g_assert_cmpint(plugin->driver->drvRelease(&man, &state, 0), ==, 0);
    g_assert_null(state);
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

static void
testAcceptsAction(const testPlugin *plugin,
                  virLockManager *man,
                  int action,
                  virLeaseFailure failure)
{
    g_autoptr(fakeCall) registers = NULL;
    g_autoptr(fakeCall) acquire = NULL;

    g_assert_cmpint(plugin->driver->drvAcquire(man, NULL, TEST_REGISTER,
                                               (virDomainLockFailureAction) action, NULL), ==, 0);
    registers = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_REGISTER, TEST_PID);
    g_assert_cmpuint(registers->args.registers.failure, ==, failure);
    g_assert_cmpint(plugin->driver->drvAcquire(man, NULL, 0, (virDomainLockFailureAction) action, NULL), ==, 0);
    acquire = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_ACQUIRE, TEST_PID);
    g_assert_cmpuint(acquire->args.acquire.failure, ==, failure);
}

/* What libvirt wants done reaches the daemon; what is not known is refused. */
static void
testOnLockFailure(testPlugin *plugin,
                  const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    static const virLeaseFailure failures[VIR_DOMAIN_LOCK_FAILURE_LAST] = {
        [VIR_DOMAIN_LOCK_FAILURE_DEFAULT] = VIR_LEASE_FAILURE_POWEROFF,
        [VIR_DOMAIN_LOCK_FAILURE_POWEROFF] = VIR_LEASE_FAILURE_POWEROFF,
        [VIR_DOMAIN_LOCK_FAILURE_RESTART] = VIR_LEASE_FAILURE_RESTART,
        [VIR_DOMAIN_LOCK_FAILURE_PAUSE] = VIR_LEASE_FAILURE_PAUSE,
        [VIR_DOMAIN_LOCK_FAILURE_IGNORE] = VIR_LEASE_FAILURE_IGNORE,
    };
    virLockManager man;
    int action;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    testNewWithDisk(plugin, &man, image);
    for (action = 0; action <= VIR_DOMAIN_LOCK_FAILURE_LAST + 1; action++) {
        if (action < VIR_DOMAIN_LOCK_FAILURE_LAST) {
            testAcceptsAction(plugin, &man, action, failures[action]);
            continue;
        }
        g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, TEST_REGISTER,
                                                   (virDomainLockFailureAction) action, NULL), ==, -1);
        testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, "on_lockfailure", "number");
    }
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

/* Two paths of one image in one guest: it would be in its own way. */
static void
testSameImageTwice(testPlugin *plugin,
                   const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    g_autofree char *link = g_build_filename(plugin->dir, "link.img", NULL);
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(symlink(image, link), ==, 0);
    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    testNewWithDisk(plugin, &man, image);
    g_assert_cmpint(testPluginAddDisk(&man, link, VIR_LOCK_MANAGER_RESOURCE_READONLY), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, link, image);
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));

    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, image, VIR_LOCK_MANAGER_RESOURCE_READONLY), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, link, VIR_LOCK_MANAGER_RESOURCE_SHARED), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    plugin->driver->drvFree(&man);
    call = testTake(plugin, VIR_LEASE_PROTOCOL_PROC_ACQUIRE, TEST_PID);
    g_assert_cmpuint(call->request->resources.resources_len, ==, 1);
    testResource(call, 0, image, image, 1);
}

int
main(int argc,
     char **argv)
{
    g_test_init(&argc, &argv, NULL);

#define TEST(path, func) \
    g_test_add("/locking/nfslease/" path, testPlugin, NULL, testPluginSetUp, func, testPluginTearDown)

    TEST("start-registers-in-the-child", testRegister);
    TEST("start-without-reservation", testRegisterWithoutReserve);
    TEST("start-refused", testRegisterRefused);
    TEST("acquire-without-state-is-fresh", testAcquireFresh);
    TEST("acquire-with-state-presents-it", testAcquireWithState);
    TEST("acquire-refused-keeps-the-code", testAcquireRefused);
    TEST("pause-suspends-twice", testSuspendTwice);
    TEST("pause-without-token", testSuspendWithoutToken);
    TEST("pause-that-fails-leaves-the-state", testSuspendFailed);
    TEST("migration-inquires", testInquire);
    TEST("offline-migration-inquires", testInquireShutOff);
    TEST("detach", testDetach);
    TEST("detach-of-an-image-in-use-keeps-the-lock", testDetachStillOpen);
    TEST("nothing-to-lock-needs-no-daemon", testNothingToLock);
    TEST("on-lockfailure", testOnLockFailure);
    TEST("same-image-twice", testSameImageTwice);

    return g_test_run();
}
