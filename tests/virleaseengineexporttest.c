/*
 * virleaseengineexporttest.c: bad exports, and what others do to them, in virtual time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each scenario names the rule of docs/internals/nfs-lease.rst that it would
 * see broken. The judge of the simulator watches all of them besides.
 */
#include <config.h>

#include <string.h>

#include "simtest.h"
#include "virleaseformat.h"
#include "virlog.h"

#define L ((double) SIM_TEST_LENGTH / (double) SIM_TEST_SECOND)

/* ---- exports that are no good (design §5) ---- */

static void
testAssertLeftNothing(simTest *test)
{
    simServerSetMode(test->world->server, SIM_SERVER_NORMAL);
    simTestRun(test, 2 * L);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
}

/* @mode comes over an export in use; the session lives on as long as it can. */
static void
testBadMode(simTest *test, simServerMode mode, int code, const char *word)
{
    simProcess *process;

    simServerSetMode(test->world->server, mode);
    process = simTestStartOne(test, test->a, "web01");
    simTestAssertRefused(process, code, "default", "nfs://filer/export/virtlease", word, NULL);
    testAssertLeftNothing(test);
    simTestAssertRuns(simTestStartOne(test, test->a, "web02"));
}

/* The same for a daemon that finds the export so. */
static void
testBadModeFromTheStart(simTest *test, simServerMode mode, int code, const char *word)
{
    simProcess *process;

    simHostCrash(test->a);
    simServerSetMode(test->world->server, mode);
    simHostBoot(test->a);
    simTestRun(test, 1);
    process = simTestStartOne(test, test->a, "web01");
    simTestAssertRefused(process, code, "default", "nfs://filer/export/virtlease", word, NULL);
    testAssertLeftNothing(test);
    simTestAssertRuns(simTestStartOne(test, test->a, "web02"));
}

static void
testReadonly(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadMode(test, SIM_SERVER_READONLY, VIR_ERR_OPERATION_FAILED, "read-only");
}

static void
testReadonlyFromTheStart(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadModeFromTheStart(test, SIM_SERVER_READONLY, VIR_ERR_OPERATION_FAILED, "read-only");
}

static void
testFull(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadMode(test, SIM_SERVER_FULL, VIR_ERR_OPERATION_FAILED, "space");
}

static void
testFullFromTheStart(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadModeFromTheStart(test, SIM_SERVER_FULL, VIR_ERR_OPERATION_FAILED, "space");
}

static void
testForbidden(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadMode(test, SIM_SERVER_FORBIDDEN, VIR_ERR_ACCESS_DENIED, "permission denied");
}

static void
testForbiddenFromTheStart(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadModeFromTheStart(test, SIM_SERVER_FORBIDDEN, VIR_ERR_ACCESS_DENIED, "permission denied");
}

/* @format: what the link says, or NULL for none; nothing is made on the export. */
static void
testBadFormat(simTest *test, const char *format, int code, const char *word)
{
    guint before;
    simProcess *process;

    simHostCrash(test->a);
    simTestRun(test, 1);
    before = simTestCountSessions(test, NULL);
    simServerDelete(test->world->server, VIR_LEASE_FORMAT_PATH);
    if (format)
        simServerLink(test->world->server, VIR_LEASE_FORMAT_PATH, format);
    simHostBoot(test->a);
    simTestRun(test, 1);
    process = simTestStartOne(test, test->a, "web01");
    simTestAssertRefused(process, code, word, NULL);
    simTestRun(test, 5);
    g_assert_cmpuint(simTestCountEntries(test, NULL), ==, 0);
    g_assert_cmpuint(simTestCountSessions(test, NULL), ==, before);
}

static void
testNewerFormat(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadFormat(test, "virtlease=99,lease_ms=6000,shards=4,id=55555555555555555555555555555555",
                  VIR_ERR_CONFIG_UNSUPPORTED, "99");
}

static void
testOtherFormat(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadFormat(test, "something-else", VIR_ERR_CONFIG_UNSUPPORTED, "something-else");
}

static void
testNoFormat(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    testBadFormat(test, NULL, VIR_ERR_CONFIG_UNSUPPORTED, "virt-lease init");
}

/* ---- what others do to the export (rules 4 and 20) ---- */

/* Rule 20: somebody deletes the entry of a running guest. */
static void
testAudit(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    simProcess *spared = simTestStart(test, test->a, simGuestNew(test->world, "web02", "img2", "x", NULL));
    g_autofree char *entry = simTestEntryPath(test, process, "img");

    simTestRun(test, 5);
    test->world->lostData = TRUE;
    simServerDelete(test->world->server, entry);
    simTestRun(test, 60);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simTestAssertRuns(spared);
    g_assert_false(simServerExists(test->world->server, entry));
}

/* Rule 20: replaced by one of the same name, which has another identity. */
static void
testAuditIdentity(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *entry = simTestEntryPath(test, process, "img");

    simTestRun(test, 5);
    test->world->lostData = TRUE;
    simServerDelete(test->world->server, entry);
    simServerLink(test->world->server, entry, "host=kvm1,guest=web01");
    simTestRun(test, 60);
    simTestAssertState(process, SIM_PROCESS_DEAD);
}

/* A stopped guest that lacks its lock lacks it at each audit: said once. */
static void
testAuditSaidOnce(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    if (g_test_subprocess()) {
        simProcess *process = simTestStartOne(test, test->a, "web01");
        g_autofree char *entry = simTestEntryPath(test, process, "img");

        virLogSetPriority(VIR_LOG_ERROR);
        test->world->lostData = TRUE;
        simTestSuspend(test, process);
        simServerDelete(test->world->server, entry);
        simTestRun(test, 10 * L);
        simTestAssertState(process, SIM_PROCESS_PAUSED);
        return;
    }
    g_test_trap_subprocess(NULL, 0, 0);
    g_test_trap_assert_passed();
    g_test_trap_assert_stderr("*the lock of guest 'web01' on * was removed*");
    g_test_trap_assert_stderr_unmatched("*was removed*was removed*");
}

/* A directory that is called like the entry of a session that never was: the
 * refusal says what has to go, and when it has, all is well. */
static void
testDirectoryInTheWay(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *entry = simTestEntryPath(test, process, "img");
    g_auto(GStrv) words = g_strsplit(entry, ".", 8);
    g_autofree char *path = g_strdup_printf("%s.x.f.%s.1.1", words[0], "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");

    simTestKill(test, process);
    simServerLink(test->world->server, path, NULL);
    process = simTestStartOne(test, test->a, "web02");
    simTestAssertRefused(process, VIR_ERR_RESOURCE_BUSY, "unknown", NULL);
    simTestRun(test, 2 * L);
    process = simTestStartOne(test, test->a, "web03");
    simTestRun(test, 2 * L);
    simTestAssertRefused(process, VIR_ERR_OPERATION_FAILED, path, "not the expected kind of file",
                         "remove it on the server", NULL);
    simServerDelete(test->world->server, path);
    simTestRun(test, 2 * L);
    simTestAssertRuns(simTestStartOne(test, test->a, "web04"));
}

/* Rule 20: a snapshot that is older than the guest's entry is restored. */
static void
testRollBackEntry(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    virLeaseTime before = simWorldNow(test->world);
    simProcess *process = simTestStartOne(test, test->a, "web01");

    simTestRun(test, 20);
    test->world->lostData = TRUE;
    simServerRollBack(test->world->server, before);
    simTestRun(test, 60);
    simTestAssertState(process, SIM_PROCESS_DEAD);
}

/* Rule 20: one that is newer than it shows by the session's own directory. */
static void
testRollBackTuple(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *session = simTestSession(test->a);
    g_autofree char *after = NULL;

    simTestRun(test, 20);
    test->world->lostData = TRUE;
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 1, SIM_FAULT_LOSE_REQUEST, 0);
    simTestFault(test, test->a, VIR_LEASE_OP_SETATTR, NULL, 2, SIM_FAULT_LOSE_REQUEST, 0);
    simServerRollBack(test->world->server, simWorldNow(test->world) - 8 * SIM_TEST_SECOND);
    simTestRun(test, L - 1);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simTestRun(test, L);
    after = simTestSession(test->a);
    g_assert_cmpstr(after, !=, session);
}

/* The server has forgotten a marker: it is made again, or the guest's locks
 * would stay for ever when it has gone elsewhere. */
static void
testLostMarker(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    g_autofree char *entry = simJudgeFindEntry(test->world->judge, process->pid, "img");
    g_auto(GStrv) words = g_strsplit(entry, ".", 8);
    g_autofree char *stopped = g_strdup_printf("sessions/%s.stopped.%s", words[3], words[4]);
    g_autofree char *exited = g_strdup_printf("sessions/%s.exited.%s", words[3], words[4]);

    test->world->lostData = TRUE;
    simTestSuspend(test, process);
    simServerDelete(test->world->server, stopped);
    simTestRun(test, L);
    g_assert_true(simServerExists(test->world->server, stopped));
    simTestKill(test, process);
    simServerDelete(test->world->server, exited);
    simTestRun(test, L);
    g_assert_true(simServerExists(test->world->server, exited));
}

/* The marker that asks for it stops the guest, and nobody else. */
static void
testRevoke(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simProcess *process = simTestStartOne(test, test->a, "web01");
    simProcess *spared = simTestStart(test, test->a, simGuestNew(test->world, "web02", "img2", "x", NULL));
    g_autofree char *entry = simJudgeFindEntry(test->world->judge, process->pid, "img");
    g_auto(GStrv) words = g_strsplit(entry, ".", 8);
    g_autofree char *marker = g_strdup_printf("sessions/%s.revoke.%s", words[3], words[4]);
    g_autofree char *unknown = g_strdup_printf("sessions/%s.revoke.%s", words[3], "999999");

    simServerLink(test->world->server, marker, "by=admin");
    simServerLink(test->world->server, unknown, "by=admin");
    simTestRun(test, 5);
    simTestAssertState(process, SIM_PROCESS_DEAD);
    simTestAssertRuns(spared);
    simTestRun(test, 30);
    g_assert_cmpuint(simTestCountEntries(test, process), ==, 0);
    g_assert_cmpuint(simTestCountSessions(test, ".revoke."), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    SIM_TEST("export/readonly", testReadonly);
    SIM_TEST("export/readonly-from-the-start", testReadonlyFromTheStart);
    SIM_TEST("export/full", testFull);
    SIM_TEST("export/full-from-the-start", testFullFromTheStart);
    SIM_TEST("export/forbidden", testForbidden);
    SIM_TEST("export/forbidden-from-the-start", testForbiddenFromTheStart);
    SIM_TEST("export/newer-format", testNewerFormat);
    SIM_TEST("export/other-format", testOtherFormat);
    SIM_TEST("export/no-format", testNoFormat);
    SIM_TEST("export/audit", testAudit);
    SIM_TEST("export/audit-identity", testAuditIdentity);
    SIM_TEST("export/audit-said-once", testAuditSaidOnce);
    SIM_TEST("export/directory-in-the-way", testDirectoryInTheWay);
    SIM_TEST("export/roll-back-of-entry", testRollBackEntry);
    SIM_TEST("export/roll-back-of-tuple", testRollBackTuple);
    SIM_TEST("export/lost-marker", testLostMarker);
    SIM_TEST("export/revoke", testRevoke);

    return g_test_run();
}
