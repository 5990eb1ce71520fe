/*
 * domainlocktest.c: each step of a guest's life, with each lock driver
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every sequence is run on two hosts with every driver, and says how it went.
 * The table of that is docs/internals/locking-drivers.rst, which has to be what
 * this test makes: DOMAINLOCKTEST_WRITE=FILE has it written there.
 */
#include <config.h>

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "domainlockhost.h"
#include "sanlocklab.h"
#include "virerror.h"
#include "virtleasedlab.h"

#define TEST_WRITE "DOMAINLOCKTEST_WRITE"
#define TEST_PAGE "locking-drivers.rst"

/* How long a lock may outlive its guest. */
#define TEST_PATIENCE_US (30 * G_USEC_PER_SEC)
#define TEST_WAIT_MS 300

/* What the table says. */
#define OUTCOME_EXCLUDES "works; another guest is kept out"
#define OUTCOME_RUNNING "works; another guest is kept out only while the CPUs run"
#define OUTCOME_COMPARES OUTCOME_RUNNING ", and it is not resumed if that ran"
#define OUTCOME_WRITERS "works; another guest is kept out, unless the disk is only read"
#define OUTCOME_OPEN "works; nobody is kept out"
#define OUTCOME_WORKS "works"

typedef struct _testDriver testDriver;
struct _testDriver {
    const char *name;
    gboolean excludes;      /* it keeps two guests apart, while the CPUs of one run; */
    gboolean always;        /* and while they do not; */
    gboolean readers;       /* and one that only reads from one that writes; */
    gboolean names;         /* and says which guest is in the way */
    gboolean compares;      /* not @always, but it knows who had a lock while the CPUs did not run */
    gboolean sanlock;       /* it needs sanlock */
    gboolean daemons;       /* it needs virtleased */
    const char *settings;   /* with @daemons; %1$s is a socket of it, %2$s a directory of both hosts */
};

static const testDriver testDrivers[] = {
    { .name = "nop" },
    { .name = "lockd", .excludes = TRUE, .daemons = TRUE,
      .settings = "socket = \"%1$s\"\nfile_lockspace_dir = \"%2$s\"\n" },
    { .name = "nfslease", .excludes = TRUE, .always = TRUE, .readers = TRUE, .names = TRUE, .daemons = TRUE,
      .settings = "socket = \"%1$s\"\nacquire_timeout = 10\n# %2$s\n" },
    { .name = "sanlock", .excludes = TRUE, .compares = TRUE, .sanlock = TRUE },
};

/* For all sequences: it takes long to join a lockspace. */
static sanlockLab *testSanlock;

/* Two hosts, three disks, and a directory for what the hosts share besides. */
typedef struct _testLab testLab;
struct _testLab {
    const testDriver *driver;
    char *dir;
    char *disks[3];
    char *shared;
    labHosts daemons;
    char *conf[2];
    testHost *a;
    testHost *b;
};

/* A guest of a test: where it is, and what is known of it. */
typedef struct _testGuest testGuest;
struct _testGuest {
    const char *name;
    char *xml;
    pid_t pid;
    char state[HOST_TEXT_MAX];
};

typedef struct _testSequence testSequence;
struct _testSequence {
    const char *name;       /* of the test */
    const char *title;      /* in the table */
    char *(*run)(testLab *lab);
};

/* ---- the lab ---- */

static char *
testHostDirectory(const testLab *lab, const char *name, const labDaemon *daemon)
{
    char *dir = g_build_filename(lab->dir, name, NULL);
    g_autofree char *file = g_strdup_printf("%s/qemu-%s.conf", dir, lab->driver->name);
    GString *text = g_string_new(lab->driver->settings);

    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    if (daemon) {
        g_string_replace(text, "%1$s", daemon->socket, 0);
        g_string_replace(text, "%2$s", lab->shared, 0);
        g_assert_true(g_file_set_contents(file, text->str, -1, NULL));
    }
    g_string_free(text, TRUE);
    return dir;
}

static hostAnswer
testOrder(testHost *host, hostAction action, const testGuest *guest, const char *device, unsigned int flags)
{
    hostOrder order = { .action = action, .flags = flags };

    if (guest) {
        g_strlcpy(order.xml, guest->xml, sizeof(order.xml));
        g_strlcpy(order.state, guest->state, sizeof(order.state));
        order.pid = guest->pid;
    }
    if (device)
        g_strlcpy(order.device, device, sizeof(order.device));
    return testHostDo(host, &order);
}

static void
testExpectDone(const hostAnswer *answer)
{
    if (answer->result < 0)
        g_test_message("error %d: %s", answer->code, answer->message);
    g_assert_cmpint(answer->result, ==, 0);
}

static void
testDo(testHost *host, hostAction action, const testGuest *guest)
{
    hostAnswer answer = testOrder(host, action, guest, NULL, 0);

    testExpectDone(&answer);
}

/* Where the settings of the host @i are. */
static char *
testLabSettings(testLab *lab, int i)
{
    if (!lab->driver->sanlock)
        return testHostDirectory(lab, i == 0 ? "a" : "b", i == 0 ? lab->daemons.a : lab->daemons.b);
    if (!testSanlock) {
        testSanlock = sanlockLabNew();
        sanlockLabJoin(testSanlock);
    }
    return g_strdup(testSanlock->conf[i]);
}

static testHost *
testLabHost(testLab *lab, int i)
{
    testHost *host;

    lab->conf[i] = testLabSettings(lab, i);
    if (lab->driver->sanlock)
        sanlockLabEnter(testSanlock, i);
    host = testHostNew(lab->driver->name, lab->conf[i]);
    testDo(host, HOST_LOAD, NULL);
    return host;
}

static testLab *
testLabNew(const testDriver *driver)
{
    testLab *lab = g_new0(testLab, 1);
    size_t i;

    lab->driver = driver;
    lab->dir = g_dir_make_tmp("domainlock-XXXXXX", NULL);
    g_assert_nonnull(lab->dir);
    for (i = 0; i < G_N_ELEMENTS(lab->disks); i++) {
        lab->disks[i] = g_strdup_printf("%s/disk-%zu.img", lab->dir, i);
        g_assert_true(g_file_set_contents(lab->disks[i], "", -1, NULL));
    }
    lab->shared = g_build_filename(lab->dir, "shared", NULL);
    g_assert_cmpint(g_mkdir(lab->shared, 0700), ==, 0);
    if (driver->daemons) {
        char *lockspace = labLockspaceNew(LAB_LEASE_SECONDS);
        g_autofree char *url = g_strconcat("dir:", lockspace, NULL);

        labHostsStart(&lab->daemons, lockspace, url);
    }
    lab->a = testLabHost(lab, 0);
    lab->b = testLabHost(lab, 1);
    return lab;
}

static void
testLabFree(testLab *lab)
{
    size_t i;

    testHostFree(lab->a);
    testHostFree(lab->b);
    if (lab->driver->daemons)
        labHostsStop(&lab->daemons);
    for (i = 0; i < G_N_ELEMENTS(lab->disks); i++)
        g_free(lab->disks[i]);
    for (i = 0; i < G_N_ELEMENTS(lab->conf); i++)
        g_free(lab->conf[i]);
    g_free(lab->shared);
    labRemove(lab->dir);
    g_free(lab);
}

/* ---- guests ---- */

static char *
testDiskXML(const char *path, const char *target, const char *mode)
{
    return g_strdup_printf("<disk type='file' device='disk'><source file='%s'/><target dev='%s'/>%s</disk>",
                           path, target, mode);
}

/* A guest with up to two disks; @second may be NULL. */
static testGuest *
testGuestNew(const char *name, const char *mode, const char *first, const char *second)
{
    testGuest *guest = g_new0(testGuest, 1);
    g_autofree char *one = testDiskXML(first, "vda", mode);
    g_autofree char *two = second ? testDiskXML(second, "vdb", "") : g_strdup("");

    guest->name = name;
    guest->xml = g_strdup_printf("<domain type='qemu'><name>%s</name>"
                                 "<uuid>00000000-0000-4000-8000-%012x</uuid>"
                                 "<devices>%s%s</devices></domain>", name, g_str_hash(name), one, two);
    return guest;
}

static void
testGuestFree(testGuest *guest)
{
    g_free(guest->xml);
    g_free(guest);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testGuest, testGuestFree)

static void
testEnd(testHost *host, testGuest *guest)
{
    testDo(host, HOST_END, guest);
    guest->pid = 0;
}

static hostAnswer
testTryStart(testHost *host, hostAction action, testGuest *guest)
{
    hostAnswer answer = testOrder(host, action, guest, NULL, 0);

    guest->pid = answer.pid;
    guest->state[0] = '\0';
    return answer;
}

/* Starts the guest, and its CPUs if that is granted. Either way it is gone again
 * if this fails. */
static hostAnswer
testTryBoot(testHost *host, testGuest *guest)
{
    hostAnswer answer = testTryStart(host, HOST_START, guest);

    if (answer.result < 0)
        return answer;
    answer = testOrder(host, HOST_RESUME, guest, NULL, 0);
    if (answer.result < 0)
        testEnd(host, guest);
    return answer;
}

/* Makes the guest's process. */
static void
testStart(testHost *host, hostAction action, testGuest *guest)
{
    hostAnswer answer = testTryStart(host, action, guest);

    testExpectDone(&answer);
}

/* Starts the guest, and its CPUs. */
static void
testBoot(testHost *host, testGuest *guest)
{
    testStart(host, HOST_START, guest);
    testDo(host, HOST_RESUME, guest);
}

static void
testPause(testHost *host, testGuest *guest)
{
    hostAnswer answer = testOrder(host, HOST_PAUSE, guest, NULL, 0);

    testExpectDone(&answer);
    g_strlcpy(guest->state, answer.state, sizeof(guest->state));
}

/* Because of @holder. */
static void
testExpectBusy(const testLab *lab, const hostAnswer *answer, const char *holder)
{
    g_test_message("%s", answer->message);
    g_assert_cmpint(answer->result, ==, -1);
    g_assert_cmpint(answer->code, ==, VIR_ERR_RESOURCE_BUSY);
    if (lab->driver->names)
        g_assert_nonnull(strstr(answer->message, holder));
}

/* A guest that is to have these disks does not run, because of @holder; or it
 * does, if it is not @refused, and is gone again. */
static void
testRival(testLab *lab, testHost *host, testGuest *guest, const char *holder, gboolean refused)
{
    hostAnswer answer = testTryBoot(host, guest);

    if (refused) {
        testExpectBusy(lab, &answer, holder);
        return;
    }
    testExpectDone(&answer);
    /* So that its locks are not found some time later to be a dead one's. */
    testPause(host, guest);
    testEnd(host, guest);
}

static void
testRivals(testLab *lab, const char *holder, const char *disk, gboolean refused)
{
    g_autoptr(testGuest) rival = testGuestNew("rival", "", disk, NULL);

    testRival(lab, lab->a, rival, holder, refused);
    testRival(lab, lab->b, rival, holder, refused);
}

/* A rival for the disk is refused on both hosts, by a driver that does such
 * things, because of @guest, whose CPUs run. */
static void
testExpectGuarded(testLab *lab, const testGuest *guest, const char *disk)
{
    testRivals(lab, guest->name, disk, lab->driver->excludes);
}

/* Likewise, but they do not run. A rival that ran would be in the way of a guest
 * that is to go on, for a driver that compares. */
static void
testExpectGuardedStopped(testLab *lab, const testGuest *guest, const char *disk)
{
    if (lab->driver->compares && *guest->state)
        return;
    testRivals(lab, guest->name, disk, lab->driver->always);
}

/* A rival gets the disk, soon. */
static void
testExpectFree(testLab *lab, const char *disk)
{
    gint64 end = g_get_monotonic_time() + TEST_PATIENCE_US;
    testHost *hosts[] = { lab->a, lab->b };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(testGuest) rival = testGuestNew("rival", "", disk, NULL);

        while (testTryBoot(hosts[i], rival).result < 0) {
            g_assert_cmpint(g_get_monotonic_time(), <, end);
            g_usleep(20 * 1000);
        }
        testEnd(hosts[i], rival);
    }
}

static char *
testOutcome(const testLab *lab)
{
    return g_strdup(lab->driver->excludes ? OUTCOME_EXCLUDES : OUTCOME_OPEN);
}

/* Of a sequence in which the CPUs do not run all the time. */
static char *
testOutcomeStopped(const testLab *lab)
{
    return lab->driver->excludes && !lab->driver->always ? g_strdup(OUTCOME_RUNNING) : testOutcome(lab);
}

/* ---- sequences ---- */

static char *
testProgram(testLab *lab)
{
    int turn;

    for (turn = 0; turn < 2; turn++) {
        testDo(lab->a, HOST_UNLOAD, NULL);
        testDo(lab->a, HOST_LOAD, NULL);
        testDo(lab->a, HOST_LOAD, NULL);
    }
    return g_strdup(OUTCOME_WORKS);
}

static char *
testStartAndStop(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], lab->disks[1]);

    /* From before it opens the images to after it is gone. */
    testStart(lab->a, HOST_START, web);
    testExpectGuardedStopped(lab, web, lab->disks[0]);
    testDo(lab->a, HOST_RESUME, web);
    testExpectGuarded(lab, web, lab->disks[1]);
    testEnd(lab->a, web);
    testExpectFree(lab, lab->disks[0]);
    testExpectFree(lab, lab->disks[1]);
    return testOutcomeStopped(lab);
}

/* Two guests want one disk: the second gets nothing of what it wants. */
static char *
testAllOrNothing(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) db = testGuestNew("db", "", lab->disks[1], lab->disks[0]);

    testBoot(lab->a, web);
    testRival(lab, lab->b, db, "web", lab->driver->excludes);
    testExpectFree(lab, lab->disks[1]);
    testEnd(lab->a, web);
    return testOutcome(lab);
}

static char *
testShared(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "<shareable/>", lab->disks[0], NULL);
    g_autoptr(testGuest) db = testGuestNew("db", "<readonly/>", lab->disks[0], NULL);

    testBoot(lab->a, web);
    testBoot(lab->b, db);
    /* Either of the two is named, until one has gone. */
    testRivals(lab, "guest", lab->disks[0], lab->driver->excludes);
    testEnd(lab->a, web);
    if (lab->driver->readers)
        testRivals(lab, "guest", lab->disks[0], TRUE);
    else
        testExpectFree(lab, lab->disks[0]);
    testEnd(lab->b, db);
    testExpectFree(lab, lab->disks[0]);
    return lab->driver->excludes && !lab->driver->readers ? g_strdup(OUTCOME_WRITERS) : testOutcome(lab);
}

/* While another guest runs, that took the disk of a paused one. */
static void
testResumeIsRefused(testLab *lab, const testGuest *paused)
{
    g_autoptr(testGuest) db = testGuestNew("db", "", lab->disks[0], NULL);
    hostAnswer answer;

    testBoot(lab->b, db);
    answer = testOrder(lab->a, HOST_RESUME, paused, NULL, 0);
    if (!lab->driver->compares)
        testExpectBusy(lab, &answer, "db");
    testPause(lab->b, db);
    testEnd(lab->b, db);
    if (!lab->driver->compares)
        return;
    answer = testOrder(lab->a, HOST_RESUME, paused, NULL, 0);
    g_test_message("%s", answer.message);
    g_assert_cmpint(answer.result, ==, -1);
    g_assert_cmpint(answer.code, ==, VIR_ERR_OPERATION_INVALID);
}

static char *
testPauseAndResume(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], NULL);

    testBoot(lab->a, web);
    testPause(lab->a, web);
    testPause(lab->a, web);
    testExpectGuardedStopped(lab, web, lab->disks[0]);
    if (lab->driver->excludes && !lab->driver->always && !lab->driver->compares)
        testResumeIsRefused(lab, web);
    testDo(lab->a, HOST_RESUME, web);
    testExpectGuarded(lab, web, lab->disks[0]);
    if (lab->driver->compares) {
        testPause(lab->a, web);
        testPause(lab->a, web);
        testResumeIsRefused(lab, web);
    }
    testEnd(lab->a, web);
    return lab->driver->compares ? g_strdup(OUTCOME_COMPARES) : testOutcomeStopped(lab);
}

static char *
testRestart(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], NULL);

    testBoot(lab->a, web);
    testDo(lab->a, HOST_UNLOAD, NULL);
    testDo(lab->a, HOST_LOAD, NULL);
    testDo(lab->a, HOST_INQUIRE, web);
    testExpectGuarded(lab, web, lab->disks[0]);
    testPause(lab->a, web);
    testDo(lab->a, HOST_RESUME, web);
    testEnd(lab->a, web);
    testExpectFree(lab, lab->disks[0]);
    return testOutcome(lab);
}

/* Attaches or detaches. */
static void
testDevice(testHost *host, hostAction action, const testGuest *guest, const char *device)
{
    hostAnswer answer = testOrder(host, action, guest, device, 0);

    testExpectDone(&answer);
}

static char *
testHotplug(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) db = testGuestNew("db", "", lab->disks[2], NULL);
    g_autofree char *plugged = testDiskXML(lab->disks[1], "vdb", "");
    g_autofree char *taken = testDiskXML(lab->disks[2], "vdc", "");
    hostAnswer answer;

    testBoot(lab->a, web);
    testBoot(lab->b, db);
    testDevice(lab->a, HOST_ATTACH, web, plugged);
    testExpectGuarded(lab, web, lab->disks[1]);
    answer = testOrder(lab->a, HOST_ATTACH, web, taken, 0);
    g_assert_cmpint(answer.result, ==, lab->driver->excludes ? -1 : 0);
    g_assert_cmpint(answer.code, ==, lab->driver->excludes ? VIR_ERR_RESOURCE_BUSY : 0);
    testEnd(lab->b, db);
    testEnd(lab->a, web);
    testExpectFree(lab, lab->disks[1]);
    return testOutcome(lab);
}

static char *
testUnplug(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], NULL);
    g_autofree char *plugged = testDiskXML(lab->disks[1], "vdb", "");

    testBoot(lab->a, web);
    testDevice(lab->a, HOST_ATTACH, web, plugged);
    testExpectGuarded(lab, web, lab->disks[1]);
    testDevice(lab->a, HOST_DETACH, web, plugged);
    testExpectFree(lab, lab->disks[1]);
    testExpectGuarded(lab, web, lab->disks[0]);
    testEnd(lab->a, web);
    return testOutcome(lab);
}

/* A lease that is there for the driver. */
static char *
testLeaseXML(const testLab *lab)
{
    const char *const format = "<lease><lockspace>%s</lockspace><key>key</key><target path='%s'/></lease>";

    if (!lab->driver->sanlock)
        return g_strdup_printf(format, "space", lab->shared);
    sanlockLabMakeLease(testSanlock, "key", lab->disks[2]);
    return g_strdup_printf(format, SANLOCK_LAB_LOCKSPACE, lab->disks[2]);
}

static char *
testLeasePlug(testLab *lab)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) db = testGuestNew("db", "", lab->disks[1], NULL);
    g_autofree char *lease = testLeaseXML(lab);
    hostAnswer answer;

    testBoot(lab->a, web);
    testBoot(lab->b, db);
    testDevice(lab->a, HOST_LEASE_ATTACH, web, lease);
    answer = testOrder(lab->b, HOST_LEASE_ATTACH, db, lease, 0);
    g_assert_cmpint(answer.result, ==, lab->driver->excludes ? -1 : 0);
    g_assert_cmpint(answer.code, ==, lab->driver->excludes ? VIR_ERR_RESOURCE_BUSY : 0);
    testDevice(lab->a, HOST_LEASE_DETACH, web, lease);
    testDevice(lab->b, HOST_LEASE_ATTACH, db, lease);
    testEnd(lab->b, db);
    testEnd(lab->a, web);
    return testOutcome(lab);
}

/* Both hosts up to where the guest's CPUs stop on the source. */
static void
testMigrateUntilPause(testLab *lab, testGuest *source, testGuest *target)
{
    testBoot(lab->a, source);
    testDo(lab->a, HOST_PREPARE_OUT, source);
    testStart(lab->b, HOST_PREPARE_IN, target);
    testExpectGuarded(lab, source, lab->disks[0]);
    testPause(lab->a, source);
    testExpectGuardedStopped(lab, source, lab->disks[0]);
}

static void
testCompleteIn(testLab *lab, const testGuest *source, testGuest *target)
{
    g_strlcpy(target->state, source->state, sizeof(target->state));
    testDo(lab->b, HOST_COMPLETE_IN, target);
}

static char *
testMigration(testLab *lab)
{
    g_autoptr(testGuest) source = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) target = testGuestNew("web", "", lab->disks[0], NULL);

    testMigrateUntilPause(lab, source, target);
    testCompleteIn(lab, source, target);
    testExpectGuarded(lab, target, lab->disks[0]);
    testDo(lab->a, HOST_COMPLETE_OUT, source);
    testExpectGuarded(lab, target, lab->disks[0]);
    testEnd(lab->a, source);
    testExpectGuarded(lab, target, lab->disks[0]);
    testPause(lab->b, target);
    testDo(lab->b, HOST_RESUME, target);
    testEnd(lab->b, target);
    testExpectFree(lab, lab->disks[0]);
    return testOutcomeStopped(lab);
}

static char *
testMigrationFails(testLab *lab)
{
    g_autoptr(testGuest) source = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) target = testGuestNew("web", "", lab->disks[0], NULL);
    hostAnswer answer;

    testMigrateUntilPause(lab, source, target);
    /* Not while it could still be let run. */
    answer = testOrder(lab->b, HOST_COMPLETE_IN, target, NULL, VIR_DOMAIN_LOCK_MIGRATE_CANCEL);
    g_assert_cmpint(answer.code, ==, VIR_ERR_OPERATION_INVALID);
    testDo(lab->b, HOST_END, target);
    answer = testOrder(lab->b, HOST_COMPLETE_IN, target, NULL, VIR_DOMAIN_LOCK_MIGRATE_CANCEL);
    testExpectDone(&answer);
    testExpectGuardedStopped(lab, source, lab->disks[0]);
    answer = testOrder(lab->a, HOST_COMPLETE_OUT, source, NULL, VIR_DOMAIN_LOCK_MIGRATE_CANCEL);
    testExpectDone(&answer);
    testExpectGuarded(lab, source, lab->disks[0]);
    testEnd(lab->a, source);
    testExpectFree(lab, lab->disks[0]);
    return testOutcomeStopped(lab);
}

/* The source thinks that it failed, but the destination runs. */
static char *
testMigrationDisputed(testLab *lab)
{
    g_autoptr(testGuest) source = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) target = testGuestNew("web", "", lab->disks[0], NULL);
    hostAnswer answer;

    testMigrateUntilPause(lab, source, target);
    testCompleteIn(lab, source, target);
    answer = testOrder(lab->a, HOST_COMPLETE_OUT, source, NULL, VIR_DOMAIN_LOCK_MIGRATE_CANCEL);
    g_test_message("%s", answer.message);
    g_assert_cmpint(answer.result, ==, lab->driver->excludes ? -1 : 0);
    testEnd(lab->a, source);
    testExpectGuarded(lab, target, lab->disks[0]);
    testEnd(lab->b, target);
    return g_strdup(lab->driver->excludes ? "works; the source is refused" : "works; both run");
}

/* The destination gets as far as to where its CPUs are to run. Returns what it
 * is told; it has ended, and the source runs on. */
static hostAnswer
testMigrationLate(testLab *lab, testGuest *source, testGuest *target)
{
    hostAnswer refused;
    hostAnswer answer;

    testPause(lab->a, source);
    g_strlcpy(target->state, source->state, sizeof(target->state));
    refused = testOrder(lab->b, HOST_COMPLETE_IN, target, NULL, 0);
    if (refused.result == 0)
        testPause(lab->b, target);
    testEnd(lab->b, target);
    answer = testOrder(lab->a, HOST_COMPLETE_OUT, source, NULL, VIR_DOMAIN_LOCK_MIGRATE_CANCEL);
    testExpectDone(&answer);
    return refused;
}

/* The destination cannot take part: another guest has the disk by then. */
static char *
testMigrationRefused(testLab *lab)
{
    g_autoptr(testGuest) source = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) target = testGuestNew("web", "", lab->disks[0], lab->disks[1]);
    g_autoptr(testGuest) db = testGuestNew("db", "", lab->disks[1], NULL);
    hostAnswer answer;

    testBoot(lab->a, source);
    testBoot(lab->b, db);
    testDo(lab->a, HOST_PREPARE_OUT, source);
    answer = testTryStart(lab->b, HOST_PREPARE_IN, target);
    if (answer.result == 0)
        answer = testMigrationLate(lab, source, target);
    if (lab->driver->excludes)
        testExpectBusy(lab, &answer, "db");
    else
        testExpectDone(&answer);
    testExpectGuarded(lab, source, lab->disks[0]);
    testEnd(lab->b, db);
    testEnd(lab->a, source);
    if (!lab->driver->excludes)
        return g_strdup(OUTCOME_OPEN);
    return g_strdup(lab->driver->always ? "works; the destination is refused"
                                        : "works; the destination is refused when its CPUs are to run");
}

/* ---- what the manager can be asked for ---- */

/* Whatever holds the disk, @flags and @timeoutMs are asked for by another guest
 * of host B, which has a disk of its own. Returns what to say of it. */
static char *
testAsk(testLab *lab, unsigned int flags, unsigned int timeoutMs)
{
    g_autoptr(testGuest) web = testGuestNew("web", "", lab->disks[0], NULL);
    g_autoptr(testGuest) db = testGuestNew("db", "", lab->disks[1], NULL);
    g_autoptr(testGuest) wants = testGuestNew("db", "", lab->disks[0], NULL);
    gint64 start;
    hostOrder order = { .action = HOST_ACQUIRE, .flags = flags, .timeoutMs = timeoutMs };
    hostAnswer answer;

    testBoot(lab->a, web);
    testBoot(lab->b, db);
    g_strlcpy(order.xml, wants->xml, sizeof(order.xml));
    order.pid = db->pid;
    start = g_get_monotonic_time();
    answer = testHostDo(lab->b, &order);
    g_test_message("%s", answer.message);
    if (answer.code == VIR_ERR_RESOURCE_BUSY)
        g_assert_cmpint(g_get_monotonic_time() - start, >=, (gint64) timeoutMs * 1000);
    testEnd(lab->b, db);
    testEnd(lab->a, web);
    if (answer.result == 0)
        return g_strdup(OUTCOME_OPEN);
    if (answer.code == VIR_ERR_RESOURCE_BUSY)
        return g_strdup(OUTCOME_EXCLUDES);
    g_assert_cmpint(answer.code, ==, VIR_ERR_OPERATION_UNSUPPORTED);
    return g_strdup_printf("error: %s", answer.message);
}

static char *
testNonblock(testLab *lab)
{
    g_autofree char *outcome = testAsk(lab, VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK, 0);

    g_assert_cmpstr(outcome, ==, lab->driver->excludes ? OUTCOME_EXCLUDES : OUTCOME_OPEN);
    return g_steal_pointer(&outcome);
}

static char *
testBounded(testLab *lab)
{
    g_autofree char *outcome = testAsk(lab, 0, TEST_WAIT_MS);

    g_assert_cmpstr(outcome, ==, lab->driver->excludes ? OUTCOME_EXCLUDES : OUTCOME_OPEN);
    return g_steal_pointer(&outcome);
}

static char *
testForce(testLab *lab)
{
    return testAsk(lab, VIR_LOCK_MANAGER_ACQUIRE_FORCE, 0);
}

static const testSequence testSequences[] = {
    { "program", "management program starts and stops", testProgram },
    { "start-and-stop", "guest starts and stops", testStartAndStop },
    { "all-or-nothing", "guest is refused one disk of two", testAllOrNothing },
    { "shared", "guests share a disk", testShared },
    { "pause-and-resume", "guest is paused and resumed", testPauseAndResume },
    { "restart", "management program restarts with guests", testRestart },
    { "hotplug", "disk is plugged in", testHotplug },
    { "unplug", "disk is unplugged", testUnplug },
    { "lease", "lease is plugged in and unplugged", testLeasePlug },
    { "migration", "migration succeeds", testMigration },
    { "migration-fails", "migration fails, guest goes on at its source", testMigrationFails },
    { "migration-disputed", "source goes on although the destination runs", testMigrationDisputed },
    { "migration-refused", "destination lacks one of the disks", testMigrationRefused },
    { "nonblock", "acquire without waiting", testNonblock },
    { "bounded", "acquire, waiting for so long", testBounded },
    { "force", "acquire by force", testForce },
};

/* ---- the table ---- */

static char *testOutcomes[G_N_ELEMENTS(testSequences)][G_N_ELEMENTS(testDrivers)];

static gboolean
testTableIsFull(void)
{
    size_t i;
    size_t j;

    for (i = 0; i < G_N_ELEMENTS(testSequences); i++) {
        for (j = 0; j < G_N_ELEMENTS(testDrivers); j++) {
            if (!testOutcomes[i][j])
                return FALSE;
            g_assert_cmpstr(testOutcomes[i][j], !=, "");
        }
    }
    return TRUE;
}

static char *
testTable(void)
{
    GString *text = g_string_new("============================\n"
                                 "What each lock driver can do\n"
                                 "============================\n\n"
                                 ".. SPDX-License-Identifier: LGPL-2.1-or-later\n\n"
                                 "Made by ``tests/domainlocktest.c``, which runs each sequence of\n"
                                 "``src/locking/README`` with each driver on two hosts, and fails if its\n"
                                 "outcomes are not these::\n\n"
                                 "    " TEST_WRITE "=FILE ./run tests/domainlocktest\n\n"
                                 ".. list-table::\n"
                                 "   :header-rows: 1\n\n"
                                 "   * - sequence\n");
    size_t i;
    size_t j;

    for (j = 0; j < G_N_ELEMENTS(testDrivers); j++)
        g_string_append_printf(text, "     - %s\n", testDrivers[j].name);
    for (i = 0; i < G_N_ELEMENTS(testSequences); i++) {
        g_string_append_printf(text, "   * - %s\n", testSequences[i].title);
        for (j = 0; j < G_N_ELEMENTS(testDrivers); j++)
            g_string_append_printf(text, "     - %s\n", testOutcomes[i][j]);
    }
    return g_string_free(text, FALSE);
}

static void
testTableIsInTheDocs(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "docs", "internals", TEST_PAGE, NULL);
    const char *out = g_getenv(TEST_WRITE);
    g_autofree char *table = NULL;
    g_autofree char *page = NULL;

    if (!testTableIsFull()) {
        g_test_skip("not all sequences were run");
        return;
    }
    table = testTable();
    if (out)
        g_assert_true(g_file_set_contents(out, table, -1, NULL));
    g_assert_true(g_file_get_contents(path, &page, NULL, NULL));
    g_assert_cmpstr(page, ==, table);
}

/* ---- running them ---- */

static void
testRun(const void *opaque)
{
    size_t cell = GPOINTER_TO_SIZE(opaque);
    size_t i = cell / G_N_ELEMENTS(testDrivers);
    size_t j = cell % G_N_ELEMENTS(testDrivers);
    testLab *lab;

    if (testDrivers[j].sanlock && !sanlockLabIsPossible())
        return;
    lab = testLabNew(&testDrivers[j]);
    testOutcomes[i][j] = testSequences[i].run(lab);
    testLabFree(lab);
}

int
main(int argc, char **argv)
{
    g_autofree char *plugins = NULL;
    size_t i;
    size_t j;
    int result;

    if (argc > 1 && g_str_equal(argv[1], TEST_HOST_GUEST))
        testHostGuestMain(argv);
    g_test_init(&argc, &argv, NULL);
    plugins = testHostUseBuilt();

    for (i = 0; i < G_N_ELEMENTS(testSequences); i++) {
        for (j = 0; j < G_N_ELEMENTS(testDrivers); j++) {
            g_autofree char *path = g_strdup_printf("/locking/domain/%s/%s", testDrivers[j].name,
                                                    testSequences[i].name);

            g_test_add_data_func(path, GSIZE_TO_POINTER(i * G_N_ELEMENTS(testDrivers) + j), testRun);
        }
    }
    g_test_add_func("/locking/domain/table/is-in-the-docs", testTableIsInTheDocs);
    result = g_test_run();
    sanlockLabFree(testSanlock);
    for (i = 0; i < G_N_ELEMENTS(testSequences); i++) {
        for (j = 0; j < G_N_ELEMENTS(testDrivers); j++)
            g_free(testOutcomes[i][j]);
    }
    return result;
}
