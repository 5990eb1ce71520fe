/*
 * lockmanagertest.c: the lock manager checks, calls the driver, and tells what it said
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <dlfcn.h>
#include <string.h>

#include "lock_manager.h"
#include "testexpect.h"
#include "testlock.h"
#include "virerror.h"
#include "virlog.h"

#define TEST_MANY 1000

typedef struct _testGuest testGuest;
struct _testGuest {
    virLockManagerPlugin *plugin;
    virLockManager *lock;
    const testLockRecord *record;
};

#define TEST_UUID { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }
#define TEST_PARAMS { \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid", .value.uuid = TEST_UUID }, \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = "web01" }, \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "id", .value.ui = 3 }, \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = 4711 }, \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = "qemu:///system" }, \
}
#define TEST_LEASE_PARAMS { \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "path", .value.cstr = "/leases" }, \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_ULONG, .key = "offset", .value.ul = 1024 }, \
    { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "lockspace", .value.cstr = "space" }, \
}

static virLockManager *
testManagerNew(virLockManagerPlugin *plugin)
{
    virLockManagerParam params[] = TEST_PARAMS;

    return virLockManagerNew(plugin, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN,
                             G_N_ELEMENTS(params), params, VIR_LOCK_MANAGER_NEW_STARTED);
}

/* @opaque: how testlock is to behave */
static void
testSetUp(testGuest *guest, const void *opaque)
{
    g_autofree char *built = g_test_build_filename(G_TEST_BUILT, ".libs", NULL);
    g_autofree char *dir = g_canonicalize_filename(built, NULL);
    g_autofree char *path = g_build_filename(dir, "testlock.so", NULL);
    void *handle;

    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, dir, TRUE);
    g_setenv(TEST_LOCK_ENV, opaque, TRUE);
    guest->plugin = virLockManagerPluginNew("testlock", "qemu", "/nonexistent", 0);
    g_assert_nonnull(guest->plugin);
    guest->lock = testManagerNew(guest->plugin);
    g_assert_nonnull(guest->lock);
    handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    guest->record = dlsym(handle, "testLockCalls");
    dlclose(handle);
    virResetLastError();
}

static void
testTearDown(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    virLockManagerFree(guest->lock);
    virLockManagerPluginUnref(guest->plugin);
}

static void
testExpect(int code, const char *part)
{
    testExpectError(VIR_FROM_LOCKING, code, part);
}

static int
testAdd(testGuest *guest, const char *name, unsigned int flags)
{
    return virLockManagerAddResource(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, name, 0, NULL, flags);
}

static int
testAcquire(testGuest *guest, const char *state, unsigned int flags)
{
    return virLockManagerAcquire(guest->lock, state, flags, VIR_DOMAIN_LOCK_FAILURE_PAUSE, NULL);
}

static int
testAcquireWait(testGuest *guest, unsigned int timeoutMs)
{
    return virLockManagerAcquireWait(guest->lock, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL, timeoutMs);
}

static void
testCallsReachTheDriver(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    virLockManagerParam params[] = TEST_LEASE_PARAMS;
    g_autofree char *state = NULL;
    g_autofree char *runs = NULL;
    int fd = -2;

    g_assert_cmpuint(guest->record->managers, ==, 1);
    g_assert_cmpuint(guest->record->flags, ==, VIR_LOCK_MANAGER_NEW_STARTED);
    g_assert_cmpint(testAdd(guest, "/a", VIR_LOCK_MANAGER_RESOURCE_READONLY), ==, 0);
    g_assert_cmpuint(guest->record->flags, ==, VIR_LOCK_MANAGER_RESOURCE_READONLY);
    g_assert_cmpint(virLockManagerAddResource(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, "key",
                                              G_N_ELEMENTS(params), params, 0), ==, 0);
    g_assert_cmpuint(guest->record->resources, ==, 2);

    g_assert_cmpint(virLockManagerAcquire(guest->lock, NULL, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY,
                                          VIR_DOMAIN_LOCK_FAILURE_DEFAULT, &fd), ==, 0);
    g_assert_cmpuint(guest->record->flags, ==, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY);
    g_assert_cmpint(fd, ==, TEST_LOCK_FD);
    g_assert_cmpint(virLockManagerInquire(guest->lock, &runs, 0), ==, 0);
    g_assert_cmpstr(runs, ==, "testlock runs");
    g_assert_cmpint(virLockManagerRelease(guest->lock, &state, 0), ==, 0);
    g_assert_cmpstr(state, ==, "testlock released");
    g_assert_cmpint(testAcquire(guest, state, 0), ==, 0);
    g_assert_cmpstr(guest->record->state, ==, "testlock released");
    g_assert_cmpint(virLockManagerRelease(guest->lock, NULL, 0), ==, 0);
}

static void
testManagerKeepsItsPlugin(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    virLockManagerPlugin *plugin = guest->plugin;

    guest->plugin = NULL;
    virLockManagerPluginUnref(plugin);
    g_assert_cmpint(testAcquire(guest, NULL, 0), ==, 0);
    g_assert_cmpuint(guest->record->inits, ==, 1);
}

static void
testErrorsOfTheDriverArrive(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *state = NULL;
    char *untouched = NULL;

    g_assert_cmpint(testAdd(guest, "refused", 0), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "testlock refuses it");
    g_assert_cmpint(testAdd(guest, "busy=1", 0), ==, 0);
    g_assert_cmpint(testAcquire(guest, NULL, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "web02 has it");
    g_assert_cmpint(testAdd(guest, "lost", 0), ==, 0);
    g_assert_cmpint(virLockManagerRelease(guest->lock, &state, 0), ==, -1);
    testExpect(VIR_ERR_OPERATION_FAILED, "testlock lost it");
    /* The next Acquire has to be told that there was something. */
    g_assert_cmpstr(state, ==, "testlock released");
    g_assert_cmpint(virLockManagerInquire(guest->lock, &untouched, 0), ==, -1);
    testExpect(VIR_ERR_OPERATION_FAILED, "testlock lost it");
    g_assert_null(untouched);
    g_assert_cmpint(testAdd(guest, "silent", 0), ==, 0);
    g_assert_cmpint(testAcquire(guest, NULL, 0), ==, -1);
    testExpect(VIR_ERR_INTERNAL_ERROR, "'testlock' failed in 'drvAcquire' without saying why");
}

/* An error from before is not taken for the driver's. */
static void
testOldErrorsAreForgotten(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(testAdd(guest, "", 0), ==, -1);
    g_assert_cmpint(testAdd(guest, "silent", 0), ==, 0);
    g_assert_cmpint(testAcquire(guest, NULL, 0), ==, -1);
    testExpect(VIR_ERR_INTERNAL_ERROR, "without saying why");
}

/* ---- what cannot be meant ---- */

static void
testRefuseParams(testGuest *guest, size_t nparams, virLockManagerParam *params, const char *part)
{
    g_assert_null(virLockManagerNew(guest->plugin, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, nparams, params, 0));
    testExpect(VIR_ERR_INVALID_ARG, part);
    g_assert_cmpuint(guest->record->managers, ==, 1);
}

static void
testParametersAreChecked(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    virLockManagerParam params[] = TEST_PARAMS;
    virLockManagerParam many[VIR_LOCK_MANAGER_PARAMS_MAX + 1];
    g_autofree char *longer = g_strnfill(VIR_LOCK_MANAGER_NAME_MAX + 1, 'n');
    size_t n = G_N_ELEMENTS(params);

    testRefuseParams(guest, 0, NULL, "one parameter 'uuid', not 0");
    testRefuseParams(guest, 1, params, "one parameter 'name', not 0");
    params[2].key = "colour";
    testRefuseParams(guest, n, params, "no parameter 'colour'");
    params[2].key = NULL;
    testRefuseParams(guest, n, params, "no parameter ''");
    params[2].key = "offset";       /* of a lease, not of a guest */
    testRefuseParams(guest, n, params, "no parameter 'offset'");
    params[2].key = "pid";
    testRefuseParams(guest, n, params, "one parameter 'pid', not 2");
    params[2].key = "id";
    params[2].type = VIR_LOCK_MANAGER_PARAM_TYPE_DOUBLE;
    testRefuseParams(guest, n, params, "'id' of a lock has type 4, not 6");
    params[2].type = 99;
    testRefuseParams(guest, n, params, "not 99");
    params[2].type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT;
    params[1].value.str = longer;
    testRefuseParams(guest, n, params, "more than 4096 bytes");
    params[1].value.str = NULL;
    testRefuseParams(guest, n, params, "'name' of a lock has no text");
    memset(many, 0, sizeof(many));
    testRefuseParams(guest, G_N_ELEMENTS(many), many, "not 65");

    g_assert_null(virLockManagerNew(guest->plugin, 1, n, params, 0));
    testExpect(VIR_ERR_INVALID_ARG, "type 1");
    g_assert_null(virLockManagerNew(guest->plugin, 0, n, params, 2));
    testExpect(VIR_ERR_INVALID_ARG, "flags 0x2");
}

static void
testResourcesAreChecked(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    virLockManagerParam params[] = TEST_LEASE_PARAMS;
    g_autofree char *longest = g_strnfill(VIR_LOCK_MANAGER_NAME_MAX, 'n');
    g_autofree char *longer = g_strnfill(VIR_LOCK_MANAGER_NAME_MAX + 1, 'n');

    g_assert_cmpint(testAdd(guest, "", 0), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "not 0");
    g_assert_cmpint(testAdd(guest, longer, 0), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "1 to 4096 bytes, not 4097");
    g_assert_cmpint(testAdd(guest, longest, 0), ==, 0);
    g_assert_cmpint(testAdd(guest, "/a", 4), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "flags 0x4");
    g_assert_cmpint(virLockManagerAddResource(guest->lock, 2, "/a", 0, NULL, 0), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "type is 2");
    /* What a lease needs, a disk does not have. */
    g_assert_cmpint(virLockManagerAddResource(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/a",
                                              1, params, 0), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "no parameter 'path'");
    g_assert_cmpint(virLockManagerAddResource(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, "key",
                                              1, params, 0), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "'offset', not 0");
    g_assert_cmpint(virLockManagerAddResource(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, "key",
                                              2, params, 0), ==, 0);
    g_assert_cmpuint(guest->record->resources, ==, 2);
}

static void
testAcquireIsChecked(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *state = g_strnfill(VIR_LOCK_MANAGER_STATE_MAX + 1, 's');

    g_assert_cmpint(testAcquire(guest, NULL, 4), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "flags 0x4");
    g_assert_cmpint(virLockManagerAcquire(guest->lock, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_LAST, NULL), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "action 5");
    g_assert_cmpint(testAcquire(guest, state, 0), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "65536 bytes at most");
    g_assert_cmpuint(guest->record->acquires, ==, 0);
}

static void
testThousandResources(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    int i;

    for (i = 0; i < TEST_MANY; i++) {
        g_autofree char *name = g_strdup_printf("/images/disk-%d", i);

        g_assert_cmpint(testAdd(guest, name, 0), ==, 0);
    }
    g_assert_cmpuint(guest->record->resources, ==, TEST_MANY);
    g_assert_cmpint(testAcquire(guest, NULL, 0), ==, 0);
    g_clear_pointer(&guest->lock, virLockManagerFree);
    g_assert_cmpuint(guest->record->resources, ==, 0);
}

/* ---- modes, waiting, force ---- */

static void
testModesAreFlags(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    static const struct {
        gboolean readonly, shareable;
        const char *mode;
    } disks[] = {
        { FALSE, FALSE, "exclusive" },
        { TRUE, FALSE, "shared" },
        { FALSE, TRUE, "shared" },
        { TRUE, TRUE, "shared" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(disks); i++)
        g_assert_cmpstr(virLockManagerModeToString(virLockManagerModeForDisk(disks[i].readonly, disks[i].shareable)),
                        ==, disks[i].mode);

    g_assert_cmpint(virLockManagerAddResourceMode(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/a", 0, NULL,
                                                  VIR_LOCK_MANAGER_MODE_SHARED), ==, 0);
    g_assert_cmpuint(guest->record->flags, ==, VIR_LOCK_MANAGER_RESOURCE_SHARED);
    g_assert_cmpint(virLockManagerAddResourceMode(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/b", 0, NULL,
                                                  VIR_LOCK_MANAGER_MODE_EXCLUSIVE), ==, 0);
    g_assert_cmpuint(guest->record->flags, ==, 0);
    g_assert_cmpint(virLockManagerAddResourceMode(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/c", 0, NULL,
                                                  VIR_LOCK_MANAGER_MODE_NONE), ==, 0);
    g_assert_cmpuint(guest->record->resources, ==, 2);
    /* What is not locked has to be right all the same. */
    g_assert_cmpint(virLockManagerAddResourceMode(guest->lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "", 0, NULL,
                                                  VIR_LOCK_MANAGER_MODE_NONE), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "not 0");
}

static void
testUnableDriverSaysSo(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    g_assert_true(virLockManagerCanAcquire(guest->lock, VIR_LOCK_MANAGER_ACQUIRE_RESTRICT));
    g_assert_false(virLockManagerCanAcquire(guest->lock, VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK));
    g_assert_false(virLockManagerCanAcquire(guest->lock, VIR_LOCK_MANAGER_ACQUIRE_FORCE));
    g_assert_cmpint(testAcquire(guest, NULL, VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK), ==, -1);
    testExpect(VIR_ERR_OPERATION_UNSUPPORTED, "'testlock' cannot be kept from waiting");
    g_assert_cmpint(testAcquireWait(guest, 10), ==, -1);
    testExpect(VIR_ERR_OPERATION_UNSUPPORTED, "'testlock' cannot be kept from waiting");
    g_assert_cmpint(testAcquire(guest, NULL, VIR_LOCK_MANAGER_ACQUIRE_FORCE), ==, -1);
    testExpect(VIR_ERR_OPERATION_UNSUPPORTED, "'testlock' cannot take a lock away");
    g_assert_cmpuint(guest->record->acquires, ==, 0);
}

static void
testAbleDriverIsAsked(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(testAcquire(guest, NULL, VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK), ==, 0);
    /* That is between us and the manager. */
    g_assert_cmpuint(guest->record->flags, ==, 0);
    g_assert_cmpint(testAcquire(guest, NULL, VIR_LOCK_MANAGER_ACQUIRE_FORCE), ==, 0);
    g_assert_cmpuint(guest->record->flags, ==, VIR_LOCK_MANAGER_ACQUIRE_FORCE);
}

static void
testWaitEndsWithTheOther(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(testAdd(guest, "busy=3", 0), ==, 0);
    g_assert_cmpint(testAcquireWait(guest, 60 * 1000), ==, 0);
    g_assert_cmpuint(guest->record->acquires, ==, 4);
}

static void
testWaitIsBounded(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    gint64 start = g_get_monotonic_time();

    g_assert_cmpint(testAdd(guest, "busy=1000000", 0), ==, 0);
    g_assert_cmpint(testAcquireWait(guest, 100), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "web02 has it");
    g_assert_cmpint(g_get_monotonic_time() - start, >=, 100 * 1000);
    g_assert_cmpuint(guest->record->acquires, >=, 2);
    g_assert_cmpuint(guest->record->acquires, <, 20);
    g_assert_cmpint(testAcquireWait(guest, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "web02 has it");
}

static void
testOtherErrorsAreNotWaitedOut(testGuest *guest, const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(testAdd(guest, "broken", 0), ==, 0);
    g_assert_cmpint(testAcquireWait(guest, 60 * 1000), ==, -1);
    testExpect(VIR_ERR_OPERATION_FAILED, "testlock is broken");
    g_assert_cmpuint(guest->record->acquires, ==, 1);
}

/* ---- the driver nop, and the log ---- */

static void
testNopLocksNothing(void)
{
    g_autoptr(virLockManagerPlugin) plugin = virLockManagerPluginNew("nop", "qemu", NULL, 0);
    g_autoptr(virLockManager) one = testManagerNew(plugin);
    g_autoptr(virLockManager) two = testManagerNew(plugin);
    virLockManager *both[] = { one, two };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(both); i++) {
        char *state = both[i]->privateData;
        int fd = -2;

        g_assert_cmpint(virLockManagerAddResource(both[i], VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/a", 0, NULL, 0), ==, 0);
        g_assert_cmpint(virLockManagerAcquire(both[i], "of another driver",
                                              VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK | VIR_LOCK_MANAGER_ACQUIRE_FORCE,
                                              VIR_DOMAIN_LOCK_FAILURE_PAUSE, &fd), ==, 0);
        g_assert_cmpint(fd, ==, -1);
        g_assert_cmpint(virLockManagerInquire(both[i], &state, 0), ==, 0);
        g_assert_null(state);
        g_assert_cmpint(virLockManagerRelease(both[i], &state, 0), ==, 0);
        g_assert_null(state);
        g_assert_cmpint(virLockManagerRelease(both[i], NULL, 0), ==, 0);
    }
}

/* As many as one likes, if they have names. */
static void
testNopTakesAThousand(void)
{
    g_autoptr(virLockManagerPlugin) plugin = virLockManagerPluginNew("nop", "qemu", NULL, 0);
    g_autoptr(virLockManager) lock = testManagerNew(plugin);
    g_autofree char *longer = g_strnfill(VIR_LOCK_MANAGER_NAME_MAX + 1, 'n');
    int i;

    for (i = 0; i < TEST_MANY; i++)
        g_assert_cmpint(virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/a", 0, NULL, 0), ==, 0);
    g_assert_cmpint(virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, longer, 0, NULL, 0), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "1 to 4096 bytes, not 4097");
    g_assert_cmpint(virLockManagerAcquire(lock, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    g_assert_cmpint(virLockManagerAcquire(lock, NULL, 1 << 10, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "flags 0x400");
    g_assert_cmpint(virLockManagerRelease(lock, NULL, 0), ==, 0);
}

static void
testParametersAreLogged(void)
{
    if (g_test_subprocess()) {
        g_autoptr(virLockManagerPlugin) plugin = NULL;
        g_autoptr(virLockManager) lock = NULL;
        virLockManagerParam params[] = TEST_LEASE_PARAMS;

        virLogSetPriority(VIR_LOG_DEBUG);
        plugin = virLockManagerPluginNew("nop", "qemu", NULL, 0);
        lock = testManagerNew(plugin);
        g_assert_cmpint(virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, "key",
                                                  G_N_ELEMENTS(params), params, 0), ==, 0);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*plugin=nop*nparams=5*"
                              "key=uuid value=01020304-0506-0708-090a-0b0c0d0e0f10*"
                              "key=name value=web01*key=id value=3*key=pid value=4711*"
                              "key=uri value=qemu:///system*"
                              "name=key nparams=3*key=path value=/leases*"
                              "key=offset value=1024*key=lockspace value=space*");
}

static void
testRegister(const char *name, const char *how, void (*func)(testGuest *, const void *))
{
    g_autofree char *path = g_strconcat("/locking/manager/", name, NULL);

    g_test_add(path, testGuest, how, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    testRegister("calls-reach-the-driver", "", testCallsReachTheDriver);
    testRegister("manager-keeps-its-plugin", "", testManagerKeepsItsPlugin);
    testRegister("errors-of-the-driver-arrive", "", testErrorsOfTheDriverArrive);
    testRegister("old-errors-are-forgotten", "", testOldErrorsAreForgotten);
    testRegister("parameters-are-checked", "", testParametersAreChecked);
    testRegister("resources-are-checked", "", testResourcesAreChecked);
    testRegister("acquire-is-checked", "able", testAcquireIsChecked);
    testRegister("thousand-resources", "", testThousandResources);
    testRegister("modes-are-flags", "", testModesAreFlags);
    testRegister("unable-driver-says-so", "", testUnableDriverSaysSo);
    testRegister("able-driver-is-asked", "able", testAbleDriverIsAsked);
    testRegister("wait-ends-with-the-other", "able", testWaitEndsWithTheOther);
    testRegister("wait-is-bounded", "able", testWaitIsBounded);
    testRegister("other-errors-are-not-waited-out", "able", testOtherErrorsAreNotWaitedOut);
    g_test_add_func("/locking/manager/nop-locks-nothing", testNopLocksNothing);
    g_test_add_func("/locking/manager/nop-takes-a-thousand", testNopTakesAThousand);
    g_test_add_func("/locking/manager/parameters-are-logged", testParametersAreLogged);

    return g_test_run();
}
