/*
 * lockdriversanlocktest.c: the lock driver sanlock, with real sanlock daemons
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two hosts share a directory of leases. In the last tests one of them has
 * libvirt's own sanlock.so.
 */
#include <config.h>

#include <dlfcn.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <sanlock.h>
#include <sanlock_resource.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "domainlockhost.h"
#include "lock_manager.h"
#include "sanlocklab.h"
#include "virerror.h"
#include "virtleasedlab.h"

#define TEST_RESOURCES 8        /* that sanlock takes for one guest */
#define TEST_MANY 1000
#define TEST_PATIENCE_US (90 * G_USEC_PER_SEC)

/* ---- without a daemon: settings, and what the driver is given ---- */

typedef struct _testPlugin testPlugin;
struct _testPlugin {
    char *dir;
    char *conf;
    virLockManagerPlugin *plugin;
};

static virLockManagerPlugin *
testLoad(const testPlugin *test, const char *settings)
{
    g_assert_true(g_file_set_contents(test->conf, settings, -1, NULL));
    return virLockManagerPluginNew("sanlock", "qemu", test->dir, 0);
}

static void
testSetUp(testPlugin *test, const void *opaque G_GNUC_UNUSED)
{
    test->dir = g_dir_make_tmp("sanlock-XXXXXX", NULL);
    g_assert_nonnull(test->dir);
    test->conf = g_build_filename(test->dir, "qemu-sanlock.conf", NULL);
    g_setenv("SANLOCK_RUN_DIR", test->dir, TRUE);
    test->plugin = testLoad(test, "");
    g_assert_nonnull(test->plugin);
    g_assert_true(virLockManagerPluginUsesState(test->plugin));
}

static void
testTearDown(testPlugin *test, const void *opaque G_GNUC_UNUSED)
{
    virLockManagerPluginUnref(test->plugin);
    g_free(test->conf);
    labRemove(test->dir);
}

static void
testExpect(int code, const char *part)
{
    g_test_message("%s", virGetLastErrorMessage());
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), part));
    virResetLastError();
}

static void
testSettings(testPlugin *test, const void *opaque G_GNUC_UNUSED)
{
    const struct {
        const char *settings;
        const char *problem;
    } cases[] = {
        { "auto_disk_leases = 2", "'auto_disk_leases'" },
        { "auto_disk_leases = 1", "no host_id" },
        { "host_id = 0", "from 1 to 2000" },
        { "host_id = 2001", "from 1 to 2000" },
        { "host_id = \"one\"", "'host_id'" },
        { "io_timeout = 601", "from 0 to 600" },
        { "io_timeout = -1", "'io_timeout'" },
        { "disk_lease_dir = \"leases\"", "absolute path" },
        { "require_lease_for_disks = \"no\"", "'require_lease_for_disks'" },
        { "user = \"nobody of this name\"", "which this host does not have" },
        { "group = \"+x\"", "which this host does not have" },
        { "user = 0", "'user'" },
        { "colour = 1", "'colour'" },
        { "host_id = ", "" },
    };
    g_autofree char *dir = g_strnfill(1024, 'x');
    g_autofree char *path = g_strdup_printf("disk_lease_dir = \"/%s\"", dir);
    size_t i;

    g_clear_pointer(&test->plugin, virLockManagerPluginUnref);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_null(testLoad(test, cases[i].settings));
        testExpect(VIR_ERR_CONF_SYNTAX, cases[i].problem);
    }
    g_assert_null(testLoad(test, path));
    testExpect(VIR_ERR_CONF_SYNTAX, "at most");
    g_assert_null(testLoad(test, "auto_disk_leases = 1\nhost_id = 1\n"));
    testExpect(VIR_ERR_OPERATION_FAILED, "does not answer");
    /* The last ones hold without a daemon, too. */
    test->plugin = testLoad(test, "user = \"root\"\ngroup = \"+0\"\nio_timeout = 600\nhost_id = 2000\n"
                                  "disk_lease_dir = \"/leases\"\nrequire_lease_for_disks = 0\nauto_disk_leases = 0\n");
    g_assert_nonnull(test->plugin);
}

static virLockManager *
testGuest(const testPlugin *test, const char *uri)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid", .value.uuid = { 1, 2, 3 } },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = "web" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = 4711 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = uri },
    };
    virLockManager *lock = virLockManagerNew(test->plugin, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN,
                                             G_N_ELEMENTS(params), params, 0);

    g_assert_nonnull(lock);
    return lock;
}

static int
testAddLease(virLockManager *lock, const char *lockspace, const char *key, const char *path)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "path", .value.cstr = path },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_ULONG, .key = "offset", .value.ul = 1048576 },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "lockspace", .value.cstr = lockspace },
    };

    return virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, key,
                                     lockspace ? 3 : 2, params, 0);
}

static void
testNames(testPlugin *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockManager) lock = testGuest(test, "qemu:///system");
    g_autofree char *most = g_strnfill(47, 'x');
    g_autofree char *more = g_strnfill(48, 'x');
    g_autofree char *dir = g_strnfill(1023, 'x');
    g_autofree char *path = g_strconcat("/", dir, NULL);

    g_assert_cmpint(testAddLease(lock, most, most, "/leases"), ==, 0);
    g_assert_cmpint(testAddLease(lock, more, "key", "/leases"), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "1 to 47 bytes");
    g_assert_cmpint(testAddLease(lock, "space", more, "/leases"), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "1 to 47 bytes");
    g_assert_cmpint(testAddLease(lock, "space", "a key", "/leases"), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "without blank");
    g_assert_cmpint(testAddLease(lock, "space", "key", "leases"), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "absolute path");
    g_assert_cmpint(testAddLease(lock, "space", "key", path), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "absolute path");
    g_assert_cmpint(testAddLease(lock, NULL, "key", "/leases"), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "needs a lockspace");
    g_assert_cmpint(testAddLease(lock, most, most, "/leases"), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "twice");
}

static void
testMany(testPlugin *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockManager) lock = testGuest(test, "qemu:///system");
    int refused = 0;
    int i;

    for (i = 0; i < TEST_MANY; i++) {
        g_autofree char *key = g_strdup_printf("key-%d", i);

        if (testAddLease(lock, "space", key, "/leases") == 0)
            continue;
        refused++;
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONFIG_UNSUPPORTED);
    }
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "8 disks and leases");
    g_assert_cmpint(refused, ==, TEST_MANY - TEST_RESOURCES);
}

static int
testAcquire(virLockManager *lock, unsigned int flags, virDomainLockFailureAction action)
{
    return lock->driver->drvAcquire(lock, NULL, flags, action, NULL);
}

static void
testWhatItCannotDo(testPlugin *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockManager) lock = testGuest(test, "qemu:///system");
    g_autoptr(virLockManager) other = testGuest(test, "lxc:///system");
    virLockManager nobody = { .driver = lock->driver };
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "something new", .value.cstr = "x" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = "web" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = "xen:///system" },
    };

    /* Parameters that it does not know may come with a newer libvirt. */
    g_assert_cmpint(lock->driver->drvNew(&nobody, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, 3, params, 0), ==, 0);
    lock->driver->drvFree(&nobody);
    g_assert_cmpint(lock->driver->drvNew(&nobody, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, 2, params, 0), ==, -1);
    testExpect(VIR_ERR_INTERNAL_ERROR, "no name");
    g_assert_cmpint(lock->driver->drvNew(&nobody, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, 4, params, 0), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "sanlock cannot protect Xen guests");
    g_assert_cmpint(lock->driver->drvNew(&nobody, 7, 3, params, 0), ==, -1);
    testExpect(VIR_ERR_INTERNAL_ERROR, "unknown type 7");
    g_assert_cmpint(testAcquire(lock, 0, VIR_DOMAIN_LOCK_FAILURE_RESTART), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "'poweroff' or 'pause'");
    g_assert_cmpint(testAcquire(lock, 0, VIR_DOMAIN_LOCK_FAILURE_IGNORE), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "'poweroff' or 'pause'");
    g_assert_cmpint(testAcquire(other, 0, VIR_DOMAIN_LOCK_FAILURE_PAUSE), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "lxc:///system");
    /* There is nothing to be locked. */
    g_assert_cmpint(testAcquire(lock, 0, VIR_DOMAIN_LOCK_FAILURE_PAUSE), ==, 0);
    g_assert_cmpint(testAcquire(lock, 1 << 10, VIR_DOMAIN_LOCK_FAILURE_DEFAULT), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "0x400");
    g_assert_cmpint(testAcquire(lock, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY, VIR_DOMAIN_LOCK_FAILURE_DEFAULT), ==, -1);
    testExpect(VIR_ERR_INTERNAL_ERROR, "its own process");
    g_assert_cmpint(virLockManagerAcquire(lock, NULL, VIR_LOCK_MANAGER_ACQUIRE_FORCE,
                                          VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testExpect(VIR_ERR_OPERATION_UNSUPPORTED, "'sanlock'");
    g_assert_cmpint(lock->driver->drvAddResource(lock, 7, "x", 0, NULL, 0), ==, -1);
    testExpect(VIR_ERR_INTERNAL_ERROR, "unknown type 7");
}

/* It writes to a disk, and nothing is locked for it. */
static void
testNoLease(testPlugin *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockManager) lock = testGuest(test, "qemu:///system");

    g_assert_cmpint(virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/a.img", 0, NULL,
                                              VIR_LOCK_MANAGER_RESOURCE_READONLY), ==, 0);
    g_assert_cmpint(testAcquire(lock, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT), ==, 0);
    g_assert_cmpint(virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, "/a.img", 0, NULL, 0), ==, 0);
    g_assert_cmpint(testAcquire(lock, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT), ==, -1);
    testExpect(VIR_ERR_CONFIG_UNSUPPORTED, "qemu-sanlock.conf");
    g_assert_cmpint(testAddLease(lock, "space", "key", "/leases"), ==, 0);
    g_assert_cmpint(testAcquire(lock, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT), ==, -1);
    testExpect(VIR_ERR_OPERATION_FAILED, "does not answer");
}

/* ---- with daemons ---- */

static sanlockLab *lab;         /* of all tests: joining a lockspace takes long */
static testHost *hosts[SANLOCK_LAB_HOSTS];
static char *plugins;           /* those of this tree */

/* A guest on one of the hosts. */
typedef struct _testMachine testMachine;
struct _testMachine {
    testHost *host;
    hostOrder order;
};

/* Makes one with @ndisks disks, NAME-0 and so on, and @extra in its XML. */
static testMachine *
testMachineNew(int host, const char *name, const char *disk, int ndisks, const char *extra)
{
    testMachine *machine = g_new0(testMachine, 1);
    g_autoptr(GString) disks = g_string_new(NULL);
    int i;

    for (i = 0; i < ndisks; i++)
        g_string_append_printf(disks, "<disk type='file' device='disk'><source file='/images/%s-%d'/>"
                               "<target dev='vd%c'/>%s</disk>", disk, i, 'a' + i, extra);
    machine->host = hosts[host];
    g_snprintf(machine->order.xml, sizeof(machine->order.xml),
               "<domain type='qemu'><name>%s</name><uuid>00000000-0000-4000-8000-%012x</uuid>"
               "<devices>%s</devices></domain>", name, g_str_hash(name), disks->str);
    return machine;
}

static hostAnswer
testTry(testMachine *machine, hostAction action)
{
    hostAnswer answer;

    machine->order.action = action;
    answer = testHostDo(machine->host, &machine->order);
    if (answer.result < 0)
        g_test_message("error %d: %s", answer.code, answer.message);
    return answer;
}

static void
testDo(testMachine *machine, hostAction action)
{
    hostAnswer answer = testTry(machine, action);

    g_assert_cmpint(answer.result, ==, 0);
    if (action == HOST_START || action == HOST_PREPARE_IN)
        machine->order.pid = answer.pid;
    if (action == HOST_PAUSE || action == HOST_PREPARE_OUT)
        g_strlcpy(machine->order.state, answer.state, sizeof(machine->order.state));
}

/* Sanlock may not have seen yet that another host lives, and is asked again then. */
static void
testRefused(testMachine *machine, hostAction action, int code, const char *part)
{
    hostAnswer answer = testTry(machine, action);

    for (int i = 0; i < 100 && strstr(answer.message, "has not been seen to live"); i++) {
        g_usleep(100 * 1000);
        answer = testTry(machine, action);
    }
    g_assert_cmpint(answer.result, ==, -1);
    g_assert_cmpint(answer.code, ==, code);
    g_assert_nonnull(strstr(answer.message, part));
}

static testMachine *
testBoot(int host, const char *name, const char *disk, int ndisks, const char *extra)
{
    testMachine *machine = testMachineNew(host, name, disk, ndisks, extra);

    testDo(machine, HOST_START);
    testDo(machine, HOST_RESUME);
    return machine;
}

static void
testMachineFree(testMachine *machine)
{
    if (machine->order.pid > 0)
        testDo(machine, HOST_END);
    g_free(machine);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testMachine, testMachineFree)

/* A guest whose CPUs are to be started. */
static testMachine *
testRival(int host, const char *disk, const char *extra)
{
    testMachine *machine = testMachineNew(host, "rival", disk, 1, extra);

    testDo(machine, HOST_START);
    return machine;
}

static void
testKeepsOut(void)
{
    /* As libvirt's own driver names it. */
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_MD5, "/images/keeps-0", -1);
    g_autofree char *file = g_build_filename(lab->leases, sum, NULL);
    g_autoptr(testMachine) web = NULL;
    g_autoptr(testMachine) here = testRival(0, "keeps", "");
    g_autoptr(testMachine) there = testRival(1, "keeps", "");

    web = testBoot(0, "web", "keeps", 2, "");
    g_assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
    testRefused(here, HOST_RESUME, VIR_ERR_RESOURCE_BUSY, "host_id 1 ");
    testRefused(there, HOST_RESUME, VIR_ERR_RESOURCE_BUSY, "host_id 1");
    testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_INVALID, "locked already");
    testDo(web, HOST_PAUSE);
    testDo(there, HOST_RESUME);
    testRefused(here, HOST_RESUME, VIR_ERR_RESOURCE_BUSY, "host_id 2 ");
}

static void
testShares(void)
{
    g_autoptr(testMachine) web = testBoot(0, "web", "shares", 1, "<shareable/>");
    g_autoptr(testMachine) db = testBoot(1, "db", "shares", 1, "<shareable/>");
    g_autoptr(testMachine) rival = testRival(0, "shares", "");
    g_autoptr(testMachine) reader = testRival(0, "shares", "<readonly/>");

    testRefused(rival, HOST_RESUME, VIR_ERR_RESOURCE_BUSY, "'/images/shares-0'");
    testDo(reader, HOST_RESUME);
    testDo(web, HOST_PAUSE);
    testRefused(rival, HOST_RESUME, VIR_ERR_RESOURCE_BUSY, "'/images/shares-0'");
    /* What the other one did meanwhile is no hindrance. */
    testDo(db, HOST_PAUSE);
    testDo(db, HOST_RESUME);
    testDo(web, HOST_RESUME);
}

/* libvirt releases twice, and keeps the second state. */
static void
testStops(void)
{
    g_autoptr(testMachine) web = testBoot(0, "web", "stops", 1, "");
    g_autoptr(testMachine) rival = testRival(1, "stops", "");

    testDo(web, HOST_PAUSE);
    g_assert_nonnull(strstr(web->order.state, SANLOCK_LAB_LOCKSPACE ":"));
    testDo(web, HOST_PAUSE);
    g_assert_nonnull(strstr(web->order.state, SANLOCK_LAB_LOCKSPACE ":"));
    testDo(web, HOST_RESUME);
    testDo(web, HOST_PAUSE);
    testDo(web, HOST_PAUSE);

    /* Another guest writes to the disk meanwhile. */
    testDo(rival, HOST_RESUME);
    testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_INVALID, "must not go on");
    testDo(rival, HOST_PAUSE);
    testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_INVALID, "must not go on");
    web->order.state[0] = '\0';
    testDo(web, HOST_RESUME);
}

/* What comes from another host may be anything. */
static void
testHostileStates(void)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_MD5, "/images/hostile-0", -1);
    g_autofree char *itself = g_strdup_printf(SANLOCK_LAB_LOCKSPACE ":%s:", sum);
    g_autofree char *huge = g_strdup_printf(SANLOCK_LAB_LOCKSPACE ":%s:/x:0:99999999999999999999999", sum);
    g_autofree char *escaped = g_strdup_printf("a\\ " SANLOCK_LAB_LOCKSPACE ":%s:/x:0:77 \\", sum);
    const char *const states[] = { " ", "\\", ":::", itself, huge, escaped, "a b c d e f" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(states); i++) {
        g_autoptr(testMachine) web = testMachineNew(0, "web", "hostile", 1, "");

        testDo(web, HOST_START);
        g_strlcpy(web->order.state, states[i], sizeof(web->order.state));
        testDo(web, HOST_RESUME);
        testDo(web, HOST_PAUSE);
    }
}

static void
testTooManyPlugged(void)
{
    g_autoptr(testMachine) web = testBoot(0, "web", "plugs", TEST_RESOURCES - 1, "");
    const char *const disk = "<disk type='file' device='disk'><source file='/images/%s'/><target dev='vdz'/></disk>";

    g_snprintf(web->order.device, sizeof(web->order.device), disk, "plugged-8");
    testDo(web, HOST_ATTACH);
    g_snprintf(web->order.device, sizeof(web->order.device), disk, "plugged-9");
    testRefused(web, HOST_ATTACH, VIR_ERR_CONFIG_UNSUPPORTED, "has 8");
    g_snprintf(web->order.device, sizeof(web->order.device), disk, "plugged-8");
    testDo(web, HOST_DETACH);
    testDo(web, HOST_DETACH);
    g_snprintf(web->order.device, sizeof(web->order.device), disk, "plugged-9");
    testDo(web, HOST_ATTACH);
}

/* A process that was not registered when it was started. */
static void
testUnknownProcess(void)
{
    g_autoptr(testMachine) web = testMachineNew(0, "web", "unknown", 1, "");

    web->order.pid = getpid();
    testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_INVALID, "started anew");
    testDo(web, HOST_PAUSE);
    g_assert_cmpstr(web->order.state, ==, "");
    web->order.pid = 0;
}

/* What sanlock answers on the connection of a guest that was registered with
 * @flags, to one who asks for all of its leases to be released: 0, or less if
 * nothing comes. */
static int
testAskAsGuest(virLockManagerPlugin *plugin, unsigned int flags)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid", .value.uuid = { 1, 2, 3 } },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = "web" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = (unsigned int) getpid() },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = "qemu:///system" },
    };
    g_autoptr(virLockManager) lock = virLockManagerNew(plugin, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN,
                                                       G_N_ELEMENTS(params), params, 0);
    const struct timeval patience = { .tv_sec = 2 };
    int (*release)(int, int, uint32_t, int, struct sanlk_resource **);
    /* The driver's: a library that stays remembers where its first daemon was. */
    void *library = dlopen("libsanlock_client.so.1", RTLD_LAZY | RTLD_NOLOAD);
    int answer;
    int fd = -1;

    g_assert_nonnull(lock);
    g_assert_nonnull(library);
    *(void **) &release = dlsym(library, "sanlock_release");
    g_assert_nonnull(release);
    g_assert_cmpint(lock->driver->drvAcquire(lock, NULL, flags, VIR_DOMAIN_LOCK_FAILURE_POWEROFF, &fd), ==, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), ==, 0);
    answer = release(fd, -1, SANLK_REL_ALL, 0, NULL);
    close(fd);
    dlclose(library);
    return answer;
}

/* QEMU inherits the connection, and is not to use it: sanlock then hears nothing
 * that comes over it. */
static void
testRestricted(void)
{
    virLockManagerPlugin *plugin;

    sanlockLabEnter(lab, 0);
    plugin = virLockManagerPluginNew("sanlock", "qemu", lab->conf[0], 0);
    g_assert_nonnull(plugin);
    g_assert_cmpint(testAskAsGuest(plugin, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY), ==, 0);
    g_assert_cmpint(testAskAsGuest(plugin, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY |
                                           VIR_LOCK_MANAGER_ACQUIRE_RESTRICT), <, 0);
    virLockManagerPluginUnref(plugin);
}

/* The file of a lease is none, or the leases are gone. */
static void
testDamagedLeases(void)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_MD5, "/images/damaged-0", -1);
    g_autofree char *file = g_build_filename(lab->leases, sum, NULL);
    g_autofree char *away = g_strconcat(lab->leases, ".away", NULL);
    g_autoptr(testMachine) web = testMachineNew(0, "web", "damaged", 1, "");
    g_autoptr(testMachine) db = testMachineNew(0, "db", "gone", 1, "");
    g_autofree char *zeros = g_malloc0(1048576);

    g_assert_true(g_file_set_contents(file, zeros, 1048576, NULL));
    testDo(web, HOST_START);
    testDo(db, HOST_START);
    testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_FAILED, "'/images/damaged-0'");
    g_assert_cmpint(g_rename(lab->leases, away), ==, 0);
    testRefused(db, HOST_RESUME, VIR_ERR_SYSTEM_ERROR, "disk_lease_dir");
    g_assert_cmpint(g_rename(away, lab->leases), ==, 0);
    testDo(db, HOST_RESUME);
}

/* No file is left over, and none has another size than libvirt's. */
static void
testFiles(void)
{
    g_autoptr(GDir) dir = g_dir_open(lab->leases, 0, NULL);
    const char *name;
    int count = 0;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *file = g_build_filename(lab->leases, name, NULL);
        GStatBuf st;

        g_assert_cmpint(g_stat(file, &st), ==, 0);
        g_assert_cmpint(st.st_size, ==, 1048576);
        g_assert_cmpint(st.st_nlink, ==, 1);
        g_assert_cmpint(*name, !=, '.');
        count++;
    }
    g_assert_cmpint(count, >, 1);
}

/* A host with libvirt's own driver, in the place of host 2 of this tree. */
static testHost *
testStockHost(void)
{
    hostOrder order = { .action = HOST_LOAD };
    testHost *host;

    if (!g_file_test(LIBVIRT_PLUGIN_DIR "/sanlock.so", G_FILE_TEST_EXISTS)) {
        g_test_skip("libvirt's own sanlock.so is not installed");
        return NULL;
    }
    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, LIBVIRT_PLUGIN_DIR, TRUE);
    sanlockLabEnter(lab, 1);
    host = testHostNew("sanlock", lab->conf[1]);
    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, plugins, TRUE);
    g_assert_cmpint(testHostDo(host, &order).result, ==, 0);
    return host;
}

static void
testWithLibvirts(void)
{
    testHost *own = hosts[1];
    g_autoptr(testHost) stock = testStockHost();

    if (!stock)
        return;
    hosts[1] = stock;
    {
        g_autoptr(testMachine) web = testBoot(0, "web", "stock", 1, "");
        g_autoptr(testMachine) rival = testRival(1, "stock", "");
        g_autoptr(testMachine) first = testBoot(1, "first", "other", 1, "");
        g_autoptr(testMachine) second = testRival(0, "other", "");
        g_autoptr(testMachine) target = testMachineNew(1, "web", "stock", 1, "");
        g_autoptr(testMachine) back = testMachineNew(0, "web", "stock", 1, "");

        g_assert_cmpint(testTry(rival, HOST_RESUME).result, ==, -1);
        testRefused(second, HOST_RESUME, VIR_ERR_RESOURCE_BUSY, "host_id 2 ");

        /* web migrates there, and back. */
        testDo(target, HOST_PREPARE_IN);
        testDo(web, HOST_PAUSE);
        g_strlcpy(target->order.state, web->order.state, sizeof(target->order.state));
        testDo(target, HOST_COMPLETE_IN);
        testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_INVALID, "must not go on");
        testDo(back, HOST_PREPARE_IN);
        testDo(target, HOST_PAUSE);
        g_strlcpy(back->order.state, target->order.state, sizeof(back->order.state));
        testDo(back, HOST_COMPLETE_IN);
        g_assert_cmpint(testTry(rival, HOST_RESUME).result, ==, -1);
    }
    hosts[1] = own;
}

/* The daemon has left the lockspace, as after a time without storage. */
static void
testLosesLockspace(void)
{
    g_autofree char *space = g_strdup_printf(SANLOCK_LAB_LOCKSPACE ":2:%s/" SANLOCK_LAB_LOCKSPACE ":0", lab->leases);
    g_autofree char *output = sanlockLabClient(lab, 1, (const char *const[]) { "rem_lockspace", "-s", space, NULL });
    g_autoptr(testMachine) web = testRival(1, "loses", "");
    gint64 end = g_get_monotonic_time() + TEST_PATIENCE_US;

    g_test_message("%s", output);
    testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_FAILED, "joining it again");
    while (testTry(web, HOST_RESUME).result < 0) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_usleep(500 * 1000);
    }
}

static void
testDaemonDies(void)
{
    g_autoptr(testMachine) web = testBoot(1, "web", "dies", 1, "");

    sanlockLabKill(lab, 1);
    testRefused(web, HOST_PAUSE, VIR_ERR_OPERATION_FAILED, "does not answer");
    testRefused(web, HOST_RESUME, VIR_ERR_OPERATION_FAILED, "does not answer");
}

/* ---- running them ---- */

static void
testWithLab(const void *opaque)
{
    void (*func)(void) = (void (*)(void)) opaque;
    int host;

    if (!sanlockLabIsPossible())
        return;
    if (!lab) {
        lab = sanlockLabNew();
        sanlockLabJoin(lab);
        for (host = 0; host < SANLOCK_LAB_HOSTS; host++) {
            hostOrder order = { .action = HOST_LOAD };

            sanlockLabEnter(lab, host);
            hosts[host] = testHostNew("sanlock", lab->conf[host]);
            g_assert_cmpint(testHostDo(hosts[host], &order).result, ==, 0);
        }
    }
    func();
}

static void
testAdd(const char *name, void (*func)(testPlugin *test, const void *opaque))
{
    g_autofree char *path = g_strdup_printf("/locking/driver-sanlock/%s", name);

    g_test_add(path, testPlugin, NULL, testSetUp, func, testTearDown);
}

static void
testAddWithLab(const char *name, void (*func)(void))
{
    g_autofree char *path = g_strdup_printf("/locking/driver-sanlock/daemon/%s", name);

    g_test_add_data_func(path, (const void *) func, testWithLab);
}

int
main(int argc, char **argv)
{
    int result;
    int host;

    if (argc > 1 && g_str_equal(argv[1], TEST_HOST_GUEST))
        testHostGuestMain(argv);
    g_test_init(&argc, &argv, NULL);
    plugins = testHostUseBuilt();

    testAdd("settings", testSettings);
    testAdd("names", testNames);
    testAdd("many", testMany);
    testAdd("what-it-cannot-do", testWhatItCannotDo);
    testAdd("no-lease", testNoLease);
    testAddWithLab("keeps-out", testKeepsOut);
    testAddWithLab("shares", testShares);
    testAddWithLab("stops", testStops);
    testAddWithLab("hostile-states", testHostileStates);
    testAddWithLab("too-many-plugged", testTooManyPlugged);
    testAddWithLab("unknown-process", testUnknownProcess);
    testAddWithLab("restricted", testRestricted);
    testAddWithLab("damaged-leases", testDamagedLeases);
    testAddWithLab("with-libvirts", testWithLibvirts);
    testAddWithLab("loses-lockspace", testLosesLockspace);
    testAddWithLab("daemon-dies", testDaemonDies);
    testAddWithLab("files", testFiles);
    result = g_test_run();

    for (host = 0; host < SANLOCK_LAB_HOSTS; host++)
        g_clear_pointer(&hosts[host], testHostFree);
    sanlockLabFree(lab);
    g_free(plugins);
    return result;
}
