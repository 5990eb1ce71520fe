/*
 * lockmanagerlibvirttest.c: libvirt's own lock drivers, in the lock manager
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * They bring libvirt.so with them, and report their errors there. What is
 * tested needs neither of their daemons.
 */
#include <config.h>

#include <glib/gstdio.h>
#include <string.h>

#include "lock_manager.h"
#include "virerror.h"

typedef struct _testDriver testDriver;
struct _testDriver {
    const char *name;
    char *dir;
    char *conf;
};

/* Skips the test and returns FALSE if libvirt's driver is not installed. */
static gboolean
testSetUp(testDriver *driver, const char *name)
{
    g_autofree char *file = g_strconcat(LIBVIRT_PLUGIN_DIR, "/", name, ".so", NULL);

    if (!g_file_test(file, G_FILE_TEST_EXISTS)) {
        g_autofree char *why = g_strdup_printf("%s is not installed", file);

        g_test_skip(why);
        return FALSE;
    }
    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, LIBVIRT_PLUGIN_DIR, TRUE);
    driver->name = name;
    driver->dir = g_dir_make_tmp("lockmanager-XXXXXX", NULL);
    g_assert_nonnull(driver->dir);
    driver->conf = g_strdup_printf("%s/qemu-%s.conf", driver->dir, name);
    virResetLastError();
    return TRUE;
}

static void
testTearDown(testDriver *driver)
{
    g_unlink(driver->conf);
    g_assert_cmpint(g_rmdir(driver->dir), ==, 0);
    g_free(driver->dir);
    g_free(driver->conf);
}

static virLockManagerPlugin *
testLoad(const testDriver *driver, const char *settings)
{
    g_assert_true(g_file_set_contents(driver->conf, settings, -1, NULL));
    return virLockManagerPluginNew(driver->name, "qemu", driver->dir, 0);
}

static virLockManager *
testGuest(virLockManagerPlugin *plugin)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid",
          .value.uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = "web01" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "id", .value.ui = 3 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = 4711 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = "qemu:///system" },
    };

    return virLockManagerNew(plugin, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, G_N_ELEMENTS(params), params, 0);
}

static int
testAddLease(virLockManager *lock, const char *key, unsigned long long offset)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "path", .value.cstr = "/leases" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_ULONG, .key = "offset", .value.ul = offset },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "lockspace", .value.cstr = "space" },
    };

    return virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, key,
                                     G_N_ELEMENTS(params), params, 0);
}

static void
testExpect(int code, const char *part)
{
    g_test_message("%s", virGetLastErrorMessage());
    if (code != VIR_ERR_OK)
        g_assert_cmpint(virGetLastErrorCode(), ==, code);
    g_assert_cmpint(virGetLastErrorCode(), !=, VIR_ERR_OK);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), part));
    virResetLastError();
}

/* Its settings are wrong: libvirt says so, and we hear it. */
static void
testBadSettings(const testDriver *driver)
{
    g_assert_null(testLoad(driver, "auto_disk_leases = \"maybe\"\n"));
    testExpect(VIR_ERR_OK, "auto_disk_leases");
}

static void
testLockd(void)
{
    testDriver driver;
    int turn;

    if (!testSetUp(&driver, "lockd"))
        return;
    for (turn = 0; turn < 2; turn++) {
        g_autoptr(virLockManagerPlugin) plugin = NULL;
        g_autoptr(virLockManager) lock = NULL;

        testBadSettings(&driver);
        plugin = testLoad(&driver, "auto_disk_leases = 1\n");
        g_assert_nonnull(plugin);
        g_assert_false(virLockManagerPluginUsesState(plugin));
        lock = testGuest(plugin);
        g_assert_nonnull(lock);
        g_assert_cmpint(virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/images/a.img",
                                                  0, NULL, 0), ==, 0);
        g_assert_cmpint(testAddLease(lock, "key", 0), ==, 0);
        g_assert_cmpint(testAddLease(lock, "other", 1024), ==, -1);
        testExpect(VIR_ERR_INTERNAL_ERROR, "Offset must be zero");
        /* What libvirt's driver does is not known to us. */
        g_assert_cmpint(virLockManagerAcquire(lock, NULL, VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK,
                                              VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
        testExpect(VIR_ERR_OPERATION_UNSUPPORTED, "'lockd'");
    }
    testTearDown(&driver);
}

static void
testSanlock(void)
{
    testDriver driver;
    g_autoptr(virLockManagerPlugin) plugin = NULL;
    g_autoptr(virLockManager) lock = NULL;

    if (!testSetUp(&driver, "sanlock"))
        return;
    testBadSettings(&driver);
    plugin = testLoad(&driver, "auto_disk_leases = 0\n");
    g_assert_nonnull(plugin);
    g_assert_true(virLockManagerPluginUsesState(plugin));
    lock = testGuest(plugin);
    g_assert_nonnull(lock);
    g_assert_cmpint(testAddLease(lock, "key", 1024), ==, 0);
    testTearDown(&driver);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/locking/manager/libvirt/lockd", testLockd);
    g_test_add_func("/locking/manager/libvirt/sanlock", testSanlock);

    return g_test_run();
}
