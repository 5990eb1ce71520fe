/*
 * lockingdocstest.c: the code samples of docs/internals/locking.rst work
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * They are compiled into this program, from the page as it is.
 */
#include <config.h>

#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "domain_lock.h"
#include "virerror.h"
#include "virlockspace.h"

/* What the page defines. */
extern virLockDriver sampleDriver;
extern pid_t sampleStart(virLockManagerPlugin *plugin, const virDomainDef *def, void (*become)(void));
extern int samplePause(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, void (*backup)(void));
extern virLockManager *sampleUse(virLockManagerPlugin *plugin, const unsigned char *uuid, char *name, const char *path);
extern int sampleLockspace(const char *directory, const char *image, pid_t owner);

#define TEST_BECAME 42

static const char *testXML =
    "<domain type='qemu'><name>web01</name><uuid>00000000-0000-4000-8000-000000000001</uuid>"
    "<devices><disk type='file'><source file='/images/a.img'/><target dev='vda'/></disk></devices></domain>";

static int testBackups;

static void G_GNUC_NORETURN
testBecome(void)
{
    _exit(TEST_BECAME);
}

static void
testBackup(void)
{
    testBackups++;
}

static void
testDriverIsWhole(void)
{
    virLockManager man = { .driver = &sampleDriver };
    char *state = NULL;

    g_assert_cmpuint(sampleDriver.version, ==, VIR_LOCK_MANAGER_VERSION);
    g_assert_cmpint(sampleDriver.drvInit(VIR_LOCK_MANAGER_VERSION, "/nonexistent", 0), ==, 0);
    g_assert_cmpint(sampleDriver.drvNew(&man, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, 0, NULL, 0), ==, 0);
    g_assert_cmpint(sampleDriver.drvAddResource(&man, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/a", 0, NULL, 0), ==, 0);
    g_assert_cmpint(sampleDriver.drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    g_assert_cmpint(sampleDriver.drvRelease(&man, NULL, 0), ==, 0);
    g_assert_cmpint(sampleDriver.drvInquire(&man, &state, 0), ==, 0);
    sampleDriver.drvFree(&man);
    g_assert_cmpint(sampleDriver.drvDeinit(), ==, 0);
}

static void
testGuestStartsAndPauses(void)
{
    g_autoptr(virLockManagerPlugin) plugin = virLockManagerPluginNew("nop", "qemu", NULL, 0);
    g_autoptr(virDomainDef) def = virDomainDefParseString(testXML);
    virDomainLockGuest guest = { .def = def };
    int status;

    g_assert_nonnull(def);
    guest.pid = sampleStart(plugin, def, testBecome);
    g_assert_cmpint(waitpid(guest.pid, &status, 0), ==, guest.pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, TEST_BECAME);
    g_assert_cmpint(samplePause(plugin, &guest, testBackup), ==, 0);
    g_assert_cmpint(testBackups, ==, 1);
}

static void
testProgramUsesDisk(void)
{
    g_autoptr(virLockManagerPlugin) plugin = virLockManagerPluginNew("nop", "qemu", NULL, 0);
    unsigned char uuid[VIR_UUID_BUFLEN] = { 1 };
    char name[] = "backup";
    g_autoptr(virLockManager) lock = sampleUse(plugin, uuid, name, "/images/a.img");

    g_assert_nonnull(lock);
}

static void
testLockspaceLocks(void)
{
    g_autofree char *dir = g_dir_make_tmp("lockingdocs-XXXXXX", NULL);
    g_autoptr(virLockSpace) space = virLockSpaceNew(dir);
    g_autofree char *name = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "/images/a.img", -1);

    g_assert_cmpint(sampleLockspace(dir, "/images/a.img", getpid()), ==, 0);
    g_assert_cmpint(virLockSpaceAcquireResource(space, name, getpid(), VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE), ==, 0);
    g_assert_cmpint(sampleLockspace(dir, "/images/a.img", getpid()), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(virLockSpaceReleaseResource(space, name, getpid()), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/locking/docs/driver-is-whole", testDriverIsWhole);
    g_test_add_func("/locking/docs/guest-starts-and-pauses", testGuestStartsAndPauses);
    g_test_add_func("/locking/docs/program-uses-disk", testProgramUsesDisk);
    g_test_add_func("/locking/docs/lockspace-locks", testLockspaceLocks);

    return g_test_run();
}
