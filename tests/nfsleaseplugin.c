/*
 * nfsleaseplugin.c: nfslease.so, loaded as libvirt does it, and a fake virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "nfsleaseplugin.h"

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static testError testErrorLast;

/* libvirt has one of this name, for itself; the plugin looks for it. */
extern __attribute__((visibility("default"), format(printf, 6, 7))) void
virReportErrorHelper(int domcode,
                     int errcode,
                     const char *filename,
                     const char *funcname,
                     size_t linenr,
                     const char *fmt,
                     ...);

void
virReportErrorHelper(int domcode,
                     int errcode,
                     const char *filename,
                     const char *funcname,
                     size_t linenr,
                     const char *fmt,
                     ...)
{
    va_list args;

    g_assert_nonnull(filename);
    g_assert_nonnull(funcname);
    g_assert_cmpuint(linenr, >, 0);
    testErrorLast.count++;
    testErrorLast.domain = domcode;
    testErrorLast.code = errcode;
    va_start(args, fmt);
    vsnprintf(testErrorLast.message, sizeof(testErrorLast.message), fmt, args);
    va_end(args);
}

const testError *
testErrorGet(void)
{
    return &testErrorLast;
}

void
testErrorReset(void)
{
    memset(&testErrorLast, 0, sizeof(testErrorLast));
}

void
testErrorExpect(int code,
                const char *part,
                const char *otherPart)
{
    g_test_message("%s", testErrorLast.message);
    g_assert_cmpuint(testErrorLast.count, ==, 1);
    g_assert_cmpint(testErrorLast.code, ==, code);
    g_assert_nonnull(strstr(testErrorLast.message, part));
    g_assert_nonnull(strstr(testErrorLast.message, otherPart));
    testErrorReset();
}

char *
testPluginFile(void)
{
    return g_test_build_filename(G_TEST_BUILT, "..", "src", "locking", ".libs", "nfslease.so", NULL);
}

static virLockDriver *
testPluginLoad(void)
{
    g_autofree char *path = testPluginFile();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    virLockDriver *driver;

    if (!handle)
        g_error("%s", dlerror());
    driver = dlsym(handle, VIR_LOCK_DRIVER_SYMBOL);
    g_assert_nonnull(driver);
    return driver;
}

void
testPluginSetUp(testPlugin *plugin,
                const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *made = g_dir_make_tmp("nfslease-XXXXXX", NULL);

    g_assert_nonnull(made);
    plugin->dir = realpath(made, NULL);
    g_assert_nonnull(plugin->dir);
    plugin->conf = g_build_filename(plugin->dir, "qemu-nfslease.conf", NULL);
    plugin->socket = g_build_filename(plugin->dir, "sock", NULL);
    plugin->driver = testPluginLoad();
    plugin->daemon = fakeDaemonNew(plugin->socket);
    testErrorReset();
}

void
testPluginTearDown(testPlugin *plugin,
                   const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(GDir) dir = g_dir_open(plugin->dir, 0, NULL);
    const char *name;

    /* No error that a test did not ask for, and nothing left to deinit. */
    g_assert_cmpuint(testErrorLast.count, ==, 0);
    g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);
    g_assert_cmpint(plugin->driver->drvDeinit(), ==, 0);
    fakeDaemonFree(plugin->daemon);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(plugin->dir, name, NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(plugin->dir), ==, 0);
    g_free(plugin->dir);
    g_free(plugin->conf);
    g_free(plugin->socket);
}

int
testPluginInit(testPlugin *plugin,
               const char *settings)
{
    g_autofree char *text = g_strdup_printf("socket = \"%s\"\nacquire_timeout = 1\n%s\n",
                                            plugin->socket, settings);

    g_assert_true(g_file_set_contents(plugin->conf, text, -1, NULL));
    return plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, plugin->conf, 0);
}

char *
testPluginImage(const testPlugin *plugin,
                const char *name)
{
    char *path = g_build_filename(plugin->dir, name, NULL);

    g_assert_true(g_file_set_contents(path, "", -1, NULL));
    return path;
}

int
testPluginNew(const testPlugin *plugin,
              virLockManager *man,
              unsigned int pid,
              unsigned int flags)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid",
          .value.uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = "web01" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "id", .value.ui = 3 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = pid },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = "qemu:///system" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_INT, .key = "something new", .value.iv = -1 },
    };

    memset(man, 0, sizeof(*man));
    man->driver = plugin->driver;
    return plugin->driver->drvNew(man, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN,
                                  G_N_ELEMENTS(params), params, flags);
}

int
testPluginAddDisk(virLockManager *man,
                  const char *path,
                  unsigned int flags)
{
    return man->driver->drvAddResource(man, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, path, 0, NULL, flags);
}

int
testPluginAddLease(virLockManager *man,
                   const char *key)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "path", .value.cstr = "/leases" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_ULONG, .key = "offset", .value.ul = 1024 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "lockspace", .value.cstr = "space" },
    };

    return man->driver->drvAddResource(man, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, key,
                                       G_N_ELEMENTS(params), params, 0);
}
