/*
 * lockmanagerplugintest.c: lock drivers are loaded, or it is said why not
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <string.h>

#include "lock_manager_plugin.h"
#include "testexpect.h"
#include "testlock.h"
#include "virerror.h"

/* A directory with a file text.so, which is none. */
typedef struct _testDirs testDirs;
struct _testDirs {
    char *dir;
    char *text;
};

static char *
testBuiltPlugins(void)
{
    g_autofree char *dir = g_test_build_filename(G_TEST_BUILT, ".libs", NULL);

    return g_canonicalize_filename(dir, NULL);
}

static char *
testOwnPlugins(void)
{
    g_autofree char *dir = g_test_build_filename(G_TEST_BUILT, "..", "src", "locking", ".libs", NULL);

    return g_canonicalize_filename(dir, NULL);
}

static void
testSetUp(testDirs *dirs, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *built = testBuiltPlugins();
    g_autofree char *own = testOwnPlugins();
    g_autofree char *path = NULL;

    dirs->dir = g_dir_make_tmp("lockmanager-XXXXXX", NULL);
    g_assert_nonnull(dirs->dir);
    dirs->text = g_build_filename(dirs->dir, "text.so", NULL);
    g_assert_true(g_file_set_contents(dirs->text, "no ELF", -1, NULL));
    path = g_strjoin(":", dirs->dir, built, own, NULL);
    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, path, TRUE);
    g_unsetenv(TEST_LOCK_ENV);
    virResetLastError();
}

static void
testTearDown(testDirs *dirs, const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(g_unlink(dirs->text), ==, 0);
    g_assert_cmpint(g_rmdir(dirs->dir), ==, 0);
    g_free(dirs->dir);
    g_free(dirs->text);
}

static void
testExpect(int code, const char *part)
{
    testExpectError(VIR_FROM_LOCKING, code, part);
}

static virLockManagerPlugin *
testLoad(const char *name, const char *how)
{
    g_setenv(TEST_LOCK_ENV, how, TRUE);
    return virLockManagerPluginNew(name, "qemu", "/nonexistent", 0);
}

/* The plugin's record if it is in memory, else NULL. */
static const testLockRecord *
testRecord(void)
{
    g_autofree char *dir = testBuiltPlugins();
    g_autofree char *path = g_build_filename(dir, "testlock.so", NULL);
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
    const testLockRecord *record = handle ? dlsym(handle, "testLockCalls") : NULL;

    if (handle)
        dlclose(handle);
    return record;
}

static void
testNopIsBuiltIn(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockManagerPlugin) plugin = NULL;

    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, "/nonexistent", TRUE);
    plugin = virLockManagerPluginNew("nop", "qemu", NULL, 0);
    g_assert_nonnull(plugin);
    g_assert_cmpstr(virLockManagerPluginGetName(plugin), ==, "nop");
    g_assert_false(virLockManagerPluginUsesState(plugin));
    g_assert_nonnull(virLockManagerPluginGetDriver(plugin)->drvInquire);
}

static void
testDriverIsFound(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockManagerPlugin) plugin = testLoad("testlock", "");

    g_assert_nonnull(plugin);
    g_assert_cmpstr(virLockManagerPluginGetName(plugin), ==, "testlock");
    g_assert_true(virLockManagerPluginUsesState(plugin));
    g_assert_cmpstr(testRecord()->configFile, ==, "/nonexistent/qemu-testlock.conf");
}

static void
testInstalledDirectoriesAreLookedInto(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    g_unsetenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV);
    g_assert_null(testLoad("testlock", ""));
    testExpect(VIR_ERR_NO_SUPPORT, "/virtlease/lock-driver:");
    g_assert_null(testLoad("testlock", ""));
    testExpect(VIR_ERR_NO_SUPPORT, "/libvirt/lock-driver'");
    /* An empty one is none. */
    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, "", TRUE);
    g_assert_null(testLoad("testlock", ""));
    testExpect(VIR_ERR_NO_SUPPORT, "/libvirt/lock-driver'");
}

static void
testWrongFilesAreTold(testDirs *dirs, const void *opaque G_GNUC_UNUSED)
{
    g_assert_null(testLoad("missing", ""));
    testExpect(VIR_ERR_NO_SUPPORT, "no file 'missing.so'");
    g_assert_null(testLoad("text", ""));
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, dirs->text);
    g_assert_null(testLoad("testlocknosymbol", ""));
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "no symbol 'virLockDriverImpl'");
    g_assert_null(testLoad("testlockundefined", ""));
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "testLockIsNowhere");
}

static void
testOtherVersionsAreRefused(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockManagerPlugin) plugin = NULL;

    g_assert_null(testLoad("testlock", "old"));
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "too old: it has version 0");
    g_assert_null(testLoad("testlock", "new"));
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "too new: it has version 2");
    /* A refused one is not left behind. */
    g_assert_null(testRecord());
    plugin = testLoad("testlock", "newer");
    g_assert_nonnull(plugin);
}

static void
testEveryCallbackIsNeeded(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    static const char *const callbacks[] = {
        "drvInit", "drvDeinit", "drvNew", "drvFree",
        "drvAddResource", "drvAcquire", "drvRelease", "drvInquire",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(callbacks); i++) {
        g_autofree char *how = g_strconcat("null=", callbacks[i], NULL);
        g_autofree char *part = g_strdup_printf("no '%s'", callbacks[i]);

        g_assert_null(testLoad("testlock", how));
        testExpect(VIR_ERR_CONFIG_UNSUPPORTED, part);
        g_assert_null(testRecord());
    }
}

static void
testFailedInitIsTold(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    g_assert_null(testLoad("testlock", "init"));
    testExpect(VIR_ERR_CONF_SYNTAX, "testlock does not like its file");
    g_assert_null(testLoad("testlock", "init-silent"));
    testExpect(VIR_ERR_INTERNAL_ERROR, "'testlock' failed in 'drvInit' without saying why");
    g_assert_null(testRecord());
}

static void
testLastReferenceUnloads(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    int turn;

    for (turn = 0; turn < 2; turn++) {
        virLockManagerPlugin *plugin = testLoad("testlock", "");
        virLockManagerPlugin *second = testLoad("testlock", "");

        g_assert_nonnull(plugin);
        g_assert_nonnull(second);
        g_assert_cmpuint(testRecord()->loaded, ==, 1);
        g_assert_cmpuint(testRecord()->inits, ==, 2);
        g_assert_true(virLockManagerPluginRef(plugin) == plugin);
        virLockManagerPluginUnref(plugin);
        g_assert_cmpuint(testRecord()->inits, ==, 2);
        virLockManagerPluginUnref(plugin);
        g_assert_cmpuint(testRecord()->inits, ==, 1);
        virLockManagerPluginUnref(second);
        g_assert_null(testRecord());
    }
    virLockManagerPluginUnref(NULL);
}

static void
testDriverMayStayInMemory(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    virLockManagerPluginUnref(testLoad("testlock", "stay"));
    g_assert_nonnull(testRecord());
    g_assert_cmpuint(testRecord()->inits, ==, 0);
}

static void
testNamesAreChecked(testDirs *dirs G_GNUC_UNUSED, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *longest = g_strnfill(VIR_LOCK_MANAGER_PLUGIN_NAME_MAX, 'n');
    g_autofree char *longer = g_strnfill(VIR_LOCK_MANAGER_PLUGIN_NAME_MAX + 1, 'n');
    const char *const names[] = { "", ".", "..", "../nop", "/etc/passwd", "a b", "nop\n", "\xc3\xa4", longer };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_null(virLockManagerPluginNew(names[i], "qemu", NULL, 0));
        testExpect(VIR_ERR_INVALID_ARG, "letters, digits");
        g_assert_null(virLockManagerPluginNew("nop", names[i], NULL, 0));
        testExpect(VIR_ERR_INVALID_ARG, "letters, digits");
    }
    g_assert_null(virLockManagerPluginNew(longest, "qemu", NULL, 0));
    testExpect(VIR_ERR_NO_SUPPORT, longest);
    g_assert_null(virLockManagerPluginNew("nop", "qemu", NULL, 1));
    testExpect(VIR_ERR_INVALID_ARG, "0x1");
}

/* A relative one would depend on where the program happens to be. */
static void
testRelativeDirectoriesAreLeftOut(testDirs *dirs, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *cwd = g_get_current_dir();

    g_assert_cmpint(g_chdir(dirs->dir), ==, 0);
    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, ".::", TRUE);
    g_assert_null(testLoad("text", ""));
    testExpect(VIR_ERR_NO_SUPPORT, "no file 'text.so' in '.::'");
    g_assert_cmpint(g_chdir(cwd), ==, 0);
}

/* The real one; its errors come from its own copy of the code that reports. */
static void
testNfsleaseIsLoaded(testDirs *dirs, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *conf = g_build_filename(dirs->dir, "qemu-nfslease.conf", NULL);
    int turn;

    for (turn = 0; turn < 2; turn++) {
        virLockManagerPlugin *plugin = virLockManagerPluginNew("nfslease", "qemu", dirs->dir, 0);

        g_assert_nonnull(plugin);
        g_assert_true(virLockManagerPluginUsesState(plugin));
        virLockManagerPluginUnref(plugin);

        g_assert_true(g_file_set_contents(conf, "nonsense = 1\n", -1, NULL));
        g_assert_null(virLockManagerPluginNew("nfslease", "qemu", dirs->dir, 0));
        g_test_message("%s", virGetLastErrorMessage());
        g_assert_nonnull(strstr(virGetLastErrorMessage(), "nonsense"));
        g_assert_cmpint(g_unlink(conf), ==, 0);
    }
}

static void
testAdd(const char *name, void (*func)(testDirs *, const void *))
{
    g_autofree char *path = g_strconcat("/locking/manager/plugin/", name, NULL);

    g_test_add(path, testDirs, NULL, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    testAdd("nop-is-built-in", testNopIsBuiltIn);
    testAdd("driver-is-found", testDriverIsFound);
    testAdd("installed-directories-are-looked-into", testInstalledDirectoriesAreLookedInto);
    testAdd("wrong-files-are-told", testWrongFilesAreTold);
    testAdd("other-versions-are-refused", testOtherVersionsAreRefused);
    testAdd("every-callback-is-needed", testEveryCallbackIsNeeded);
    testAdd("failed-init-is-told", testFailedInitIsTold);
    testAdd("last-reference-unloads", testLastReferenceUnloads);
    testAdd("names-are-checked", testNamesAreChecked);
    testAdd("relative-directories-are-left-out", testRelativeDirectoriesAreLeftOut);
    testAdd("nfslease-is-loaded", testNfsleaseIsLoaded);
    /* Last, as it leaves testlock.so where it is. */
    testAdd("driver-may-stay-in-memory", testDriverMayStayInMemory);

    return g_test_run();
}
