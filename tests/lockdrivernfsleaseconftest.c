/*
 * lockdrivernfsleaseconftest.c: what the settings of nfslease.so do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <glib.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "nfsleaseplugin.h"

#define TEST_REGISTER (VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY | VIR_LOCK_MANAGER_ACQUIRE_RESTRICT)
#define TEST_PID 4711

static int
testAcquire(virLockManager *man,
            unsigned int flags)
{
    return man->driver->drvAcquire(man, NULL, flags, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL);
}

/* How the disk @flags is locked under @settings: 'x' exclusive, 'r' shared,
 * '-' not at all. */
static char
testMode(testPlugin *plugin,
         const char *settings,
         unsigned int flags)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, settings), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, image, flags), ==, 0);
    g_assert_cmpint(testAcquire(&man, 0), ==, 0);
    plugin->driver->drvFree(&man);
    g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);
    if (!(call = fakeDaemonTake(plugin->daemon)))
        return '-';
    g_assert_cmpuint(call->request->resources.resources_len, ==, 1);
    return call->request->resources.resources_val[0].mode == 0 ? 'x' : 'r';
}

static void
testModes(testPlugin *plugin,
          const void *opaque G_GNUC_UNUSED)
{
    const unsigned int readonly = VIR_LOCK_MANAGER_RESOURCE_READONLY;
    const unsigned int shared = VIR_LOCK_MANAGER_RESOURCE_SHARED;
    const struct {
        const char *settings;
        unsigned int flags;
        char mode;
    } cases[] = {
        { "", 0, 'x' },
        { "", readonly, 'r' },
        { "", shared, 'r' },
        { "", readonly | shared, 'r' },
        { "readonly_disks = \"none\"", 0, 'x' },
        { "readonly_disks = \"none\"", readonly, '-' },
        { "readonly_disks = \"none\"", readonly | shared, '-' },
        { "readonly_disks = \"none\"", shared, 'r' },
        { "shareable_disks = \"none\"", 0, 'x' },
        { "shareable_disks = \"none\"", shared, '-' },
        { "shareable_disks = \"none\"", readonly, 'r' },
        { "shareable_disks = \"shared\"\nreadonly_disks = \"shared\"", shared, 'r' },
        { "auto_disk_leases = 0", 0, '-' },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s, flags %u", cases[i].settings, cases[i].flags);
        g_assert_cmpint(testMode(plugin, cases[i].settings, cases[i].flags), ==, cases[i].mode);
    }
}

static void
testLease(testPlugin *plugin,
          const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, "auto_disk_leases = 0"), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddLease(&man, "a/key"), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, "/nonexistent/a.img", 0), ==, 0);
    g_assert_cmpint(testAcquire(&man, TEST_REGISTER), ==, 0);
    plugin->driver->drvFree(&man);
    call = fakeDaemonTake(plugin->daemon);
    g_assert_nonnull(call);
    g_assert_cmpuint(call->request->resources.resources_len, ==, 1);
    g_assert_cmpstr(call->request->resources.resources_val[0].name, ==, "lease:space:a%2Fkey");
    g_assert_cmpstr(call->request->resources.resources_val[0].path, ==, "space/a/key");
    g_assert_cmpuint(call->request->resources.resources_val[0].mode, ==, 0);
}

/* Refused is a start; a disk that is attached comes without the leases. */
static void
testRequireLease(testPlugin *plugin,
                 const void *opaque G_GNUC_UNUSED)
{
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, "auto_disk_leases = 0"), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, "/nonexistent/ro.img", VIR_LOCK_MANAGER_RESOURCE_READONLY), ==, 0);
    g_assert_cmpint(testAcquire(&man, TEST_REGISTER), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, "/nonexistent/a.img", 0), ==, 0);
    g_assert_cmpint(testAcquire(&man, TEST_REGISTER), ==, -1);
    testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, "web01", "lease");
    g_assert_cmpint(testAcquire(&man, 0), ==, 0);
    plugin->driver->drvFree(&man);
    g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);

    g_assert_cmpint(testPluginInit(plugin, "auto_disk_leases = 0\nrequire_lease_for_disks = 0"), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, "/nonexistent/a.img", 0), ==, 0);
    g_assert_cmpint(testAcquire(&man, TEST_REGISTER), ==, 0);
    plugin->driver->drvFree(&man);
}

static void
testResourceMap(testPlugin *plugin,
                const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    g_autofree char *settings = g_strdup_printf("resource_map = [ \"/x=y\", \"%s=images\" ]", plugin->dir);
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, settings), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddDisk(&man, image, 0), ==, 0);
    g_assert_cmpint(testAcquire(&man, 0), ==, 0);
    plugin->driver->drvFree(&man);
    call = fakeDaemonTake(plugin->daemon);
    g_assert_nonnull(call);
    g_assert_cmpstr(call->request->resources.resources_val[0].name, ==, "images/a.img");
    g_assert_cmpstr(call->request->resources.resources_val[0].path, ==, image);
}

/* A setting that is wrong keeps libvirtd from starting, and says where it is:
 * the third line of the file. */
static void
testRefused(testPlugin *plugin,
            const void *opaque G_GNUC_UNUSED)
{
    const struct {
        const char *settings;
        const char *name;
    } cases[] = {
        { "lock_space = \"x\"", "lock_space" },
        { "lockspace = \"\"", "lockspace" },
        { "lockspace = 1", "lockspace" },
        { "auto_disk_leases = 2", "auto_disk_leases" },
        { "auto_disk_leases = \"yes\"", "auto_disk_leases" },
        { "require_lease_for_disks = [ \"a\" ]", "require_lease_for_disks" },
        { "readonly_disks = \"exclusive\"", "readonly_disks" },
        { "shareable_disks = 1", "shareable_disks" },
        { "reserve = -1", "reserve" },
        { "handover_wait = 601", "handover_wait" },
        { "handover_wait = -1", "handover_wait" },
        { "resource_map = [ \"relative=x\" ]", "resource_map" },
        { "resource_map = [ \"/a=b\", \"/a\" ]", "resource_map" },
        { "resource_map = 3", "resource_map" },
        { "handover_wait =", "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].settings);
        g_assert_cmpint(testPluginInit(plugin, cases[i].settings), ==, -1);
        g_assert_nonnull(strstr(testErrorGet()->message, " line 3:"));
        testErrorExpect(VIR_ERR_CONF_SYNTAX, plugin->conf, cases[i].name);
    }
}

static void
testTimeouts(testPlugin *plugin,
             const void *opaque G_GNUC_UNUSED)
{
    const char *const wrong[] = { "acquire_timeout = 0\n", "acquire_timeout = 601\n", "socket = \"sock\"\n" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_assert_true(g_file_set_contents(plugin->conf, wrong[i], -1, NULL));
        g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, plugin->conf, 0), ==, -1);
        testErrorExpect(VIR_ERR_CONF_SYNTAX, plugin->conf, "must be");
    }
    g_assert_true(g_file_set_contents(plugin->conf, "acquire_timeout = 600\nhandover_wait = 0\n", -1, NULL));
    g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, plugin->conf, 0), ==, 0);
}

/* The settings that are installed say what the defaults are: taken out of
 * their comments they change nothing and are accepted. */
static void
testInstalled(testPlugin *plugin,
              const void *opaque G_GNUC_UNUSED)
{
    const char *const names[] = { "qemu-nfslease.conf", "libxl-nfslease.conf" };
    g_autoptr(GRegex) commented = g_regex_new("^#(?=[a-z_]+ = |    \"|\\])", G_REGEX_MULTILINE, 0, NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "src", "locking", names[i], NULL);
        g_autofree char *text = NULL;
        g_autofree char *settings = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, path, 0), ==, 0);
        g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);

        settings = g_regex_replace(commented, text, -1, 0, "", 0, NULL);
        g_assert_nonnull(strstr(settings, "\nresource_map = [\n"));
        g_assert_true(g_file_set_contents(plugin->conf, settings, -1, NULL));
        g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, plugin->conf, 0), ==, 0);
        g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);
    }
}

static void
testMissing(testPlugin *plugin,
            const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, "/nonexistent/qemu-nfslease.conf", 0), ==, 0);
}

/* libvirtd calls drvInit twice; and drivers share a plugin. */
static void
testTwice(testPlugin *plugin,
          const void *opaque G_GNUC_UNUSED)
{
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, plugin->conf, 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, "/nonexistent/libxl-nfslease.conf", 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);
    g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);

    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddLease(&man, "key"), ==, 0);
    g_assert_cmpint(testAcquire(&man, 0), ==, 0);
    plugin->driver->drvFree(&man);
    fakeCallFree(fakeDaemonTake(plugin->daemon));

    g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, -1);
    testErrorExpect(VIR_ERR_INTERNAL_ERROR, "nfslease", "initialized");
}

static void
testVersion(testPlugin *plugin,
            const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(plugin->driver->drvInit(2000000, plugin->conf, 0), ==, -1);
    testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, "version 1", "2");
    g_assert_cmpint(plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, plugin->conf, 1), ==, -1);
    testErrorExpect(VIR_ERR_INVALID_ARG, "flags", "0x1");
    /* Newer, and compatible. */
    g_assert_cmpint(plugin->driver->drvInit(1002003, plugin->conf, 0), ==, 0);
}

int
main(int argc,
     char **argv)
{
    g_test_init(&argc, &argv, NULL);

#define TEST(path, func) \
    g_test_add("/locking/nfslease-conf/" path, testPlugin, NULL, testPluginSetUp, func, testPluginTearDown)

    TEST("modes", testModes);
    TEST("lease", testLease);
    TEST("require-lease", testRequireLease);
    TEST("resource-map", testResourceMap);
    TEST("wrong-settings-are-refused", testRefused);
    TEST("wrong-times-are-refused", testTimeouts);
    TEST("installed-files", testInstalled);
    TEST("missing-file", testMissing);
    TEST("init-is-repeated", testTwice);
    TEST("version", testVersion);

    return g_test_run();
}
