/*
 * lockdriverabitest.c: lock_driver.h says what libvirt's own plugins are made of
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads lockd.so, which libvirt's makers compiled with their header, by ours.
 */
#include <config.h>

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "lock_driver.h"

static const char *const testDirs[] = {
    "/usr/lib/x86_64-linux-gnu/libvirt/lock-driver",
    "/usr/lib/aarch64-linux-gnu/libvirt/lock-driver",
    "/usr/lib64/libvirt/lock-driver",
    "/usr/lib/libvirt/lock-driver",
};

/* Loaded once, and not unloaded: libvirt does not expect that. NULL, with the
 * test skipped, if libvirt or its plugin is not here. */
static virLockDriver *
testLockd(void)
{
    void *libvirt = dlopen("libvirt.so.0", RTLD_NOW | RTLD_GLOBAL);
    int (*initialize)(void);
    size_t i;

    if (!libvirt) {
        g_test_skip("libvirt.so.0 is not installed");
        return NULL;
    }
    initialize = (int (*)(void)) dlsym(libvirt, "virInitialize");
    g_assert_nonnull(initialize);
    g_assert_cmpint(initialize(), ==, 0);

    for (i = 0; i < G_N_ELEMENTS(testDirs); i++) {
        g_autofree char *path = g_build_filename(testDirs[i], "lockd.so", NULL);
        void *plugin;

        if (access(path, R_OK) < 0)
            continue;
        plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!plugin)
            g_error("%s", dlerror());
        return dlsym(plugin, VIR_LOCK_DRIVER_SYMBOL);
    }
    g_test_skip("libvirt's lockd.so is not installed");
    return NULL;
}

/* The object is as long as our structure, to the byte. */
static void
testSize(void)
{
    virLockDriver *lockd = testLockd();
    const ElfW(Sym) *symbol = NULL;
    Dl_info info;

    if (!lockd)
        return;
    g_assert_cmpint(dladdr1(lockd, &info, (void **) &symbol, RTLD_DL_SYMENT), !=, 0);
    g_assert_cmpstr(info.dli_sname, ==, VIR_LOCK_DRIVER_SYMBOL);
    g_assert_nonnull(symbol);
    g_assert_cmpuint(symbol->st_size, ==, sizeof(virLockDriver));
}

static void
testVersionAndFlags(void)
{
    virLockDriver *lockd = testLockd();

    if (!lockd)
        return;
    g_assert_cmpuint(lockd->version, ==, VIR_LOCK_MANAGER_VERSION);
    /* virtlockd's locks have no state. */
    g_assert_cmpuint(lockd->flags, ==, 0);
}

/* A program header of lockd.so that is code and has @address in it. */
static int
testFindCode(struct dl_phdr_info *info,
             size_t size G_GNUC_UNUSED,
             void *opaque)
{
    const ElfW(Addr) address = *(const ElfW(Addr) *) opaque;
    size_t i;

    if (!g_str_has_suffix(info->dlpi_name, "/lockd.so"))
        return 0;
    for (i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        ElfW(Addr) start = info->dlpi_addr + header->p_vaddr;

        if (header->p_type == PT_LOAD && (header->p_flags & PF_X) &&
            address >= start && address < start + header->p_memsz)
            return 1;
    }
    return 0;
}

/* Each of our callbacks is a function of lockd.so, and no two are the same.
 * Where the file has symbols, they end as ours are called. */
static void
testCallbacks(void)
{
    virLockDriver *lockd = testLockd();
    const struct {
        const char *name;
        void *func;
    } callbacks[] = {
        { "Init", lockd ? (void *) lockd->drvInit : NULL },
        { "Deinit", lockd ? (void *) lockd->drvDeinit : NULL },
        { "New", lockd ? (void *) lockd->drvNew : NULL },
        { "Free", lockd ? (void *) lockd->drvFree : NULL },
        { "AddResource", lockd ? (void *) lockd->drvAddResource : NULL },
        { "Acquire", lockd ? (void *) lockd->drvAcquire : NULL },
        { "Release", lockd ? (void *) lockd->drvRelease : NULL },
        { "Inquire", lockd ? (void *) lockd->drvInquire : NULL },
    };
    size_t i, j;

    if (!lockd)
        return;
    for (i = 0; i < G_N_ELEMENTS(callbacks); i++) {
        ElfW(Addr) address = (ElfW(Addr)) callbacks[i].func;
        Dl_info info;

        g_assert_cmpint(dl_iterate_phdr(testFindCode, &address), ==, 1);
        for (j = 0; j < i; j++)
            g_assert_true(callbacks[j].func != callbacks[i].func);
        if (dladdr(callbacks[i].func, &info) && info.dli_sname && info.dli_saddr == callbacks[i].func)
            g_assert_true(g_str_has_suffix(info.dli_sname, callbacks[i].name));
    }
}

static int
testNew(virLockDriver *driver,
        virLockManager *man,
        const char *name,
        unsigned int id)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid",
          .value.uuid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = name },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "id", .value.ui = id },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = 7 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = "qemu:///system" },
    };

    return driver->drvNew(man, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, G_N_ELEMENTS(params), params,
                          VIR_LOCK_MANAGER_NEW_STARTED);
}

/* Parameters that we lay out are understood: lockd.so wants a name and an
 * id, and takes or refuses a guest by them. No daemon is asked yet. */
static void
testParams(void)
{
    virLockDriver *lockd = testLockd();
    virLockManager man = { .driver = lockd };

    if (!lockd)
        return;
    g_assert_cmpint(lockd->drvInit(VIR_LOCK_MANAGER_VERSION, "/nonexistent/qemu-lockd.conf", 0), ==, 0);

    g_assert_cmpint(testNew(lockd, &man, "guest", 0), ==, -1);
    g_assert_null(man.privateData);
    g_assert_cmpint(testNew(lockd, &man, NULL, 7), ==, -1);
    g_assert_null(man.privateData);

    g_assert_cmpint(testNew(lockd, &man, "guest", 7), ==, 0);
    g_assert_nonnull(man.privateData);
    g_assert_cmpint(lockd->drvAddResource(&man, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/images/a.img",
                                          0, NULL, VIR_LOCK_MANAGER_RESOURCE_READONLY), ==, 0);
    g_assert_cmpint(lockd->drvAddResource(&man, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE + 1, "x",
                                          0, NULL, 0), ==, -1);
    lockd->drvFree(&man);
    g_assert_null(man.privateData);
}

int
main(int argc,
     char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/locking/abi/size", testSize);
    g_test_add_func("/locking/abi/version-and-flags", testVersionAndFlags);
    g_test_add_func("/locking/abi/callbacks", testCallbacks);
    g_test_add_func("/locking/abi/params", testParams);

    return g_test_run();
}
