/*
 * testlock.c: a lock driver that does what its test wants
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "testlock.h"

#include <dlfcn.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

extern EXPORTED testLockRecord testLockCalls;
extern EXPORTED virLockDriver virLockDriverImpl;

testLockRecord testLockCalls;

static gboolean testLockInitFails;
static gboolean testLockIsSilent;
static gboolean testLockStays;

/* One guest and what it wants. */
typedef struct _testLockGuest testLockGuest;
struct _testLockGuest {
    unsigned int resources;
    int busy;
    gboolean silent;
    gboolean broken;
    gboolean lost;
};

static int
testLockFail(int code, const char *message)
{
    void (*report)(int, int, const char *, const char *, size_t, const char *, ...) =
        (void (*)(int, int, const char *, const char *, size_t, const char *, ...))
        dlsym(RTLD_DEFAULT, VIR_LOCK_MANAGER_REPORTER);

    g_assert_nonnull(report);
    report(VIR_FROM_LOCKING, code, __FILE__, __func__, (size_t) __LINE__, "%s", message);
    return -1;
}

static int
testLockInit(unsigned int version, const char *configFile, unsigned int flags)
{
    g_assert_cmpuint(version, ==, VIR_LOCK_MANAGER_VERSION);
    g_assert_cmpuint(flags, ==, 0);
    g_strlcpy(testLockCalls.configFile, configFile, sizeof(testLockCalls.configFile));
    testLockCalls.inits++;
    if (testLockInitFails)
        return testLockIsSilent ? -1 : testLockFail(VIR_ERR_CONF_SYNTAX, "testlock does not like its file");
    return 0;
}

static int
testLockDeinit(void)
{
    g_assert_cmpuint(testLockCalls.managers, ==, 0);
    testLockCalls.inits--;
    return testLockStays ? -1 : 0;
}

static int
testLockNew(virLockManager *man, unsigned int type, size_t nparams G_GNUC_UNUSED,
            virLockManagerParam *params G_GNUC_UNUSED, unsigned int flags)
{
    g_assert_cmpuint(type, ==, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN);
    man->privateData = g_new0(testLockGuest, 1);
    testLockCalls.managers++;
    testLockCalls.flags = flags;
    return 0;
}

static void
testLockFree(virLockManager *man)
{
    const testLockGuest *guest = man->privateData;

    testLockCalls.managers--;
    testLockCalls.resources -= guest->resources;
    g_clear_pointer(&man->privateData, g_free);
}

static int
testLockAddResource(virLockManager *man, unsigned int type G_GNUC_UNUSED, const char *name,
                    size_t nparams G_GNUC_UNUSED, virLockManagerParam *params G_GNUC_UNUSED,
                    unsigned int flags)
{
    testLockGuest *guest = man->privateData;

    testLockCalls.flags = flags;
    if (g_str_equal(name, "refused"))
        return testLockFail(VIR_ERR_CONFIG_UNSUPPORTED, "testlock refuses it");
    if (g_str_has_prefix(name, "busy="))
        guest->busy = (int) g_ascii_strtoll(name + strlen("busy="), NULL, 10);
    guest->silent |= g_str_equal(name, "silent");
    guest->broken |= g_str_equal(name, "broken");
    guest->lost |= g_str_equal(name, "lost");
    guest->resources++;
    testLockCalls.resources++;
    return 0;
}

static int
testLockAcquire(virLockManager *man, const char *state, unsigned int flags,
                virDomainLockFailureAction action G_GNUC_UNUSED, int *fd)
{
    testLockGuest *guest = man->privateData;

    testLockCalls.acquires++;
    testLockCalls.flags = flags;
    g_strlcpy(testLockCalls.state, state ? state : "", sizeof(testLockCalls.state));
    if (guest->silent)
        return -1;
    if (guest->broken)
        return testLockFail(VIR_ERR_OPERATION_FAILED, "testlock is broken");
    if (guest->busy > 0) {
        guest->busy--;
        return testLockFail(VIR_ERR_RESOURCE_BUSY, "testlock: web02 has it");
    }
    if (fd)
        *fd = TEST_LOCK_FD;
    return 0;
}

static int
testLockRelease(virLockManager *man, char **state, unsigned int flags)
{
    const testLockGuest *guest = man->privateData;

    testLockCalls.flags = flags;
    if (state)
        *state = g_strdup("testlock released");
    return guest->lost ? testLockFail(VIR_ERR_OPERATION_FAILED, "testlock lost it") : 0;
}

static int
testLockInquire(virLockManager *man, char **state, unsigned int flags)
{
    const testLockGuest *guest = man->privateData;

    testLockCalls.flags = flags;
    *state = g_strdup("testlock runs");
    return guest->lost ? testLockFail(VIR_ERR_OPERATION_FAILED, "testlock lost it") : 0;
}

virLockDriver virLockDriverImpl = {
    .version = VIR_LOCK_MANAGER_VERSION,
    .flags = VIR_LOCK_MANAGER_USES_STATE,
    .drvInit = testLockInit,
    .drvDeinit = testLockDeinit,
    .drvNew = testLockNew,
    .drvFree = testLockFree,
    .drvAddResource = testLockAddResource,
    .drvAcquire = testLockAcquire,
    .drvRelease = testLockRelease,
    .drvInquire = testLockInquire,
};

static void
testLockDrop(const char *callback)
{
    virLockDriver *driver = &virLockDriverImpl;

    if (g_str_equal(callback, "drvInit"))
        driver->drvInit = NULL;
    if (g_str_equal(callback, "drvDeinit"))
        driver->drvDeinit = NULL;
    if (g_str_equal(callback, "drvNew"))
        driver->drvNew = NULL;
    if (g_str_equal(callback, "drvFree"))
        driver->drvFree = NULL;
    if (g_str_equal(callback, "drvAddResource"))
        driver->drvAddResource = NULL;
    if (g_str_equal(callback, "drvAcquire"))
        driver->drvAcquire = NULL;
    if (g_str_equal(callback, "drvRelease"))
        driver->drvRelease = NULL;
    if (g_str_equal(callback, "drvInquire"))
        driver->drvInquire = NULL;
}

static __attribute__((constructor)) void
testLockLoaded(void)
{
    const char *how = getenv(TEST_LOCK_ENV);

    testLockCalls.loaded++;
    if (!how)
        return;
    if (g_str_equal(how, "old"))
        virLockDriverImpl.version = 9999;
    if (g_str_equal(how, "new"))
        virLockDriverImpl.version = 2 * 1000 * 1000;
    if (g_str_equal(how, "newer"))
        virLockDriverImpl.version = VIR_LOCK_MANAGER_VERSION + 7000;
    if (g_str_has_prefix(how, "null="))
        testLockDrop(how + strlen("null="));
    if (g_str_equal(how, "able"))
        virLockDriverImpl.flags |= VIR_LOCK_MANAGER_NEVER_WAITS | VIR_LOCK_MANAGER_CAN_FORCE;
    testLockInitFails = g_str_has_prefix(how, "init");
    testLockIsSilent = g_str_equal(how, "init-silent");
    testLockStays = g_str_equal(how, "stay");
}
