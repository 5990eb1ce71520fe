/*
 * lockdriverlockdtest.c: the lock driver lockd, loaded as libvirt does it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A virtleased answers it, in virtlockd's place; tests/e2e/lockd.bats has it
 * talk to virtlockd.
 */
#include <config.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lock_driver.h"
#include "lock_protocol.h"
#include "virtleasedlab.h"

#define TEST_MANY 1000

/* What a lock manager has for plugins; libvirt has it under another name, which
 * is that of a function of this program already. */
extern __attribute__((visibility("default"), format(printf, 6, 7))) void
virLockManagerReportError(int domcode,
                     int errcode,
                     const char *filename,
                     const char *funcname,
                     size_t linenr,
                     const char *fmt,
                     ...);

static int testErrorCode;       /* the last one; 0: none */
static char testErrorText[4096];

void
virLockManagerReportError(int domcode G_GNUC_UNUSED,
                     int errcode,
                     const char *filename G_GNUC_UNUSED,
                     const char *funcname G_GNUC_UNUSED,
                     size_t linenr G_GNUC_UNUSED,
                     const char *fmt,
                     ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(testErrorText, sizeof(testErrorText), fmt, args);
    va_end(args);
    testErrorCode = errcode;
    g_test_message("%s", testErrorText);
}

typedef struct _testLab testLab;
struct _testLab {
    char *lockspace;
    char *locks;            /* directory of lock files */
    char *conf;
    labDaemon *daemon;
    labGuest *web;
    labGuest *db;
    virLockDriver *driver;
};

static virLockDriver *
testLoad(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_BUILT, "..", "src", "locking", ".libs", "lockd.so", NULL);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    virLockDriver *driver;

    if (!handle)
        g_error("%s", dlerror());
    driver = dlsym(handle, VIR_LOCK_DRIVER_SYMBOL);
    g_assert_nonnull(driver);
    return driver;
}

static void
testSetUp(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *url = NULL;

    lab->lockspace = labLockspaceNew(LAB_LEASE_SECONDS);
    url = g_strdup_printf("dir:%s", lab->lockspace);
    lab->locks = g_build_filename(lab->lockspace, "lockfiles", NULL);
    lab->daemon = labDaemonNew(url);
    labDaemonStart(lab->daemon);
    lab->conf = g_build_filename(lab->daemon->dir, "qemu-lockd.conf", NULL);
    lab->web = labGuestNew("web", FALSE);
    lab->db = labGuestNew("db", FALSE);
    lab->driver = testLoad();
    testErrorCode = 0;
}

static void
testTearDown(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(lab->driver->drvDeinit(), ==, 0);
    g_assert_cmpint(lab->driver->drvDeinit(), ==, 0);
    labGuestFree(lab->web);
    labGuestFree(lab->db);
    labDaemonFree(lab->daemon);
    labRemove(lab->lockspace);
    g_free(lab->locks);
    g_free(lab->conf);
}

static int
testInit(testLab *lab, const char *settings)
{
    g_autofree char *text = g_strdup_printf("socket = \"%s\"\n%s\n", lab->daemon->socket, settings);

    g_assert_true(g_file_set_contents(lab->conf, text, -1, NULL));
    return lab->driver->drvInit(VIR_LOCK_MANAGER_VERSION, lab->conf, 0);
}

/* With lock files in a directory. */
static void
testInitFiles(testLab *lab)
{
    g_autofree char *settings = g_strdup_printf("file_lockspace_dir = \"%s\"", lab->locks);

    g_assert_cmpint(testInit(lab, settings), ==, 0);
    g_assert_cmpint(testInit(lab, settings), ==, 0);
}

static void
testNew(testLab *lab, virLockManager *man, const labGuest *guest)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.str = guest->name },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "id", .value.ui = 3 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = (unsigned int) guest->pid },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "something new", .value.cstr = "x" },
    };

    memcpy(params[0].value.uuid, guest->uuid, sizeof(guest->uuid));
    memset(man, 0, sizeof(*man));
    man->driver = lab->driver;
    g_assert_cmpint(lab->driver->drvNew(man, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN,
                                        G_N_ELEMENTS(params), params, 0), ==, 0);
}

static int
testAddDisk(virLockManager *man, const char *path, unsigned int flags)
{
    return man->driver->drvAddResource(man, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, path, 0, NULL, flags);
}

static int
testAddLease(virLockManager *man, const char *path, const char *lockspace, unsigned long long offset)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "path", .value.cstr = path },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_ULONG, .key = "offset", .value.ul = offset },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "lockspace", .value.cstr = lockspace },
    };

    return man->driver->drvAddResource(man, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, "key",
                                       lockspace ? 3 : 2, params, 0);
}

/* One call for one disk: acquires it or releases it. */
static int
testDisk(testLab *lab, const labGuest *guest, const char *path, unsigned int flags, gboolean release)
{
    virLockManager man;
    char *state = (char *) "";
    int rc;

    testNew(lab, &man, guest);
    g_assert_cmpint(testAddDisk(&man, path, flags), ==, 0);
    rc = release ? lab->driver->drvRelease(&man, &state, 0)
                 : lab->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL);
    if (release)
        g_assert_null(state);
    lab->driver->drvFree(&man);
    return rc;
}

static int
testLock(testLab *lab, const labGuest *guest, const char *path, unsigned int flags)
{
    return testDisk(lab, guest, path, flags, FALSE);
}

static void
testUnlock(testLab *lab, const labGuest *guest, const char *path)
{
    g_assert_cmpint(testDisk(lab, guest, path, 0, TRUE), ==, 0);
}

static void
testRefused(testLab *lab, const labGuest *guest, const char *path, unsigned int flags)
{
    testErrorCode = 0;
    g_assert_cmpint(testLock(lab, guest, path, flags), ==, -1);
    g_assert_cmpint(testErrorCode, ==, VIR_ERR_RESOURCE_BUSY);
    testErrorCode = 0;
}

static void
testFiles(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    /* As libvirt's own driver names it. */
    g_autofree char *file = g_build_filename(lab->locks,
        "9736eca9117556b2dfb6b57571abb4abaeecb0447f2ef030b9220f561e38d214", NULL);
    const char *disk = "/var/lib/libvirt/images/da";

    testInitFiles(lab);
    g_assert_cmpint(testLock(lab, lab->web, disk, 0), ==, 0);
    g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
    testRefused(lab, lab->db, disk, 0);
    testRefused(lab, lab->db, disk, VIR_LOCK_MANAGER_RESOURCE_SHARED);
    g_assert_cmpint(testLock(lab, lab->db, disk, VIR_LOCK_MANAGER_RESOURCE_READONLY), ==, 0);
    testUnlock(lab, lab->web, disk);
    testUnlock(lab, lab->web, disk);        /* as libvirt does */
    g_assert_cmpint(testErrorCode, ==, 0);
    g_assert_cmpint(testLock(lab, lab->db, disk, VIR_LOCK_MANAGER_RESOURCE_SHARED), ==, 0);
    g_assert_cmpint(testLock(lab, lab->web, disk, VIR_LOCK_MANAGER_RESOURCE_SHARED), ==, 0);
}

static void
testDirect(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *image = g_build_filename(lab->lockspace, "image", NULL);
    int rc = -1;

    g_assert_true(g_file_set_contents(image, "", -1, NULL));
    g_assert_cmpint(testInit(lab, ""), ==, 0);
    g_assert_cmpint(testLock(lab, lab->web, image, 0), ==, 0);
    testRefused(lab, lab->db, image, 0);
    labGuestKill(lab->web);
    for (int i = 0; i < 1000 && (rc = testLock(lab, lab->db, image, 0)) < 0; i++)
        g_usleep(5000);
    g_assert_cmpint(rc, ==, 0);
}

/* One of two cannot be had: the other one is free again. */
static void
testAllOrNothing(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockManager man;

    testInitFiles(lab);
    g_assert_cmpint(testLock(lab, lab->web, "/b", 0), ==, 0);
    testNew(lab, &man, lab->db);
    g_assert_cmpint(testAddDisk(&man, "/a", 0), ==, 0);
    g_assert_cmpint(testAddDisk(&man, "/b", 0), ==, 0);
    g_assert_cmpint(lab->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    g_assert_cmpint(testErrorCode, ==, VIR_ERR_RESOURCE_BUSY);
    lab->driver->drvFree(&man);
    g_assert_cmpint(testLock(lab, lab->web, "/a", 0), ==, 0);
}

/* The child of a guest's start: it gets a connection that survives exec. */
static void
testRegisters(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockManager man;
    int fd = -2;

    testInitFiles(lab);
    testNew(lab, &man, lab->web);
    g_assert_cmpint(testAddDisk(&man, "/a", 0), ==, 0);
    g_assert_cmpint(lab->driver->drvAcquire(&man, NULL, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY |
                                            VIR_LOCK_MANAGER_ACQUIRE_RESTRICT,
                                            VIR_DOMAIN_LOCK_FAILURE_DEFAULT, &fd), ==, 0);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, 0);
    lab->driver->drvFree(&man);
    g_assert_cmpint(testLock(lab, lab->db, "/a", 0), ==, 0);    /* nothing is locked by that */
    close(fd);
}

static void
testLeases(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *file = g_build_filename(lab->locks, "space", "key", NULL);
    virLockManager man;

    g_assert_cmpint(testInit(lab, "auto_disk_leases = 0"), ==, 0);
    testNew(lab, &man, lab->web);
    g_assert_cmpint(testAddDisk(&man, "/a", 0), ==, 0);
    g_assert_cmpint(lab->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    g_assert_cmpint(testErrorCode, ==, VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_cmpint(testAddLease(&man, lab->locks, NULL, 0), ==, -1);
    g_assert_cmpint(testAddLease(&man, lab->locks, "space", 5), ==, -1);
    g_assert_cmpint(testAddLease(&man, lab->locks, "space", 0), ==, 0);
    g_assert_cmpint(lab->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
    lab->driver->drvFree(&man);
}

static void
testWhatItCannotDo(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockManager man;

    testInitFiles(lab);
    testNew(lab, &man, lab->web);
    for (int action = VIR_DOMAIN_LOCK_FAILURE_POWEROFF; action < VIR_DOMAIN_LOCK_FAILURE_LAST; action++) {
        testErrorCode = 0;
        g_assert_cmpint(lab->driver->drvAcquire(&man, NULL, 0, (virDomainLockFailureAction) action, NULL), ==,
                        action == VIR_DOMAIN_LOCK_FAILURE_IGNORE ? 0 : -1);
        g_assert_cmpint(testErrorCode, ==,
                        action == VIR_DOMAIN_LOCK_FAILURE_IGNORE ? 0 : VIR_ERR_CONFIG_UNSUPPORTED);
    }
    g_assert_cmpint(lab->driver->drvAcquire(&man, NULL, 1 << 10, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    g_assert_cmpint(testErrorCode, ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(lab->driver->drvAddResource(&man, 7, "x", 0, NULL, 0), ==, -1);
    lab->driver->drvFree(&man);
}

/* Longer than a message may be, or only than a path. */
static void
testTooLong(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *huge = g_strnfill(VIR_LOCK_SPACE_PROTOCOL_STRING_MAX, 'n');
    g_autofree char *hugePath = g_strconcat("/", huge, NULL);
    g_autofree char *path = g_strndup(hugePath, 5000);
    labGuest guest = { .name = hugePath, .pid = lab->web->pid };

    g_assert_cmpint(testInit(lab, ""), ==, 0);
    g_assert_cmpint(testInit(lab, ""), ==, 0);
    testErrorCode = 0;
    g_assert_cmpint(testLock(lab, lab->web, hugePath, 0), ==, -1);
    g_assert_cmpint(testErrorCode, ==, VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_nonnull(strstr(testErrorText, "guest 'web'"));
    g_assert_nonnull(strstr(testErrorText, "too long"));
    g_assert_cmpint(testLock(lab, lab->web, path, 0), ==, -1);
    g_assert_nonnull(strstr(testErrorText, "at most 4095 bytes"));
    g_assert_cmpint(testLock(lab, &guest, "/a", 0), ==, -1);
    g_assert_nonnull(strstr(testErrorText, "too long"));
}

static virLockManager
testNewWithMany(testLab *lab, const labGuest *guest, int count)
{
    virLockManager man;

    testNew(lab, &man, guest);
    for (int i = 0; i < count; i++) {
        g_autofree char *path = g_strdup_printf("/images/disk-%d", i);

        g_assert_cmpint(testAddDisk(&man, path, 0), ==, 0);
    }
    return man;
}

static guint
testCountFiles(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    guint count = 0;

    g_assert_nonnull(dir);
    while (g_dir_read_name(dir))
        count++;
    g_dir_close(dir);
    return count;
}

/* All of a thousand, or none; and nothing stays of it. */
static void
testThousand(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockManager web;
    virLockManager db;
    char *state = NULL;

    testInitFiles(lab);
    web = testNewWithMany(lab, lab->web, TEST_MANY);
    db = testNewWithMany(lab, lab->db, TEST_MANY);
    g_assert_cmpint(testLock(lab, lab->web, "/images/disk-999", 0), ==, 0);
    g_assert_cmpint(lab->driver->drvAcquire(&db, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    g_assert_cmpint(testErrorCode, ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpuint(testCountFiles(lab->locks), ==, 1);
    testUnlock(lab, lab->web, "/images/disk-999");
    g_assert_cmpint(lab->driver->drvAcquire(&web, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    g_assert_cmpuint(testCountFiles(lab->locks), ==, TEST_MANY);
    testRefused(lab, lab->db, "/images/disk-500", 0);
    g_assert_cmpint(lab->driver->drvRelease(&web, &state, 0), ==, 0);
    g_assert_cmpuint(testCountFiles(lab->locks), ==, 0);
    lab->driver->drvFree(&web);
    lab->driver->drvFree(&db);
}

static void
testConf(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    static const char *const bad[] = {
        "auto_disk_leases = 2", "colour = 1", "file_lockspace_dir = \"locks\"", "lvm_lockspace_dir = 1",
        "require_lease_for_disks = \"x\"",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        testErrorCode = 0;
        g_assert_cmpint(testInit(lab, bad[i]), ==, -1);
        g_assert_cmpint(testErrorCode, ==, VIR_ERR_CONF_SYNTAX);
    }
    labDaemonStop(lab->daemon, SIGKILL);
    g_assert_cmpint(testInit(lab, "file_lockspace_dir = \"/locks\""), ==, -1);
    g_assert_nonnull(strstr(testErrorText, "is the service running?"));
    g_assert_cmpint(testInit(lab, ""), ==, 0);
    g_assert_cmpint(testLock(lab, lab->web, "/a", 0), ==, -1);
}

static void
testAdd(const char *name, void (*func)(testLab *lab, gconstpointer opaque))
{
    g_autofree char *path = g_strdup_printf("/locking/driver-lockd/%s", name);

    g_test_add(path, testLab, NULL, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    testAdd("files", testFiles);
    testAdd("direct", testDirect);
    testAdd("all-or-nothing", testAllOrNothing);
    testAdd("registers", testRegisters);
    testAdd("leases", testLeases);
    testAdd("what-it-cannot-do", testWhatItCannotDo);
    testAdd("too-long", testTooLong);
    testAdd("thousand", testThousand);
    testAdd("conf", testConf);
    return g_test_run();
}
