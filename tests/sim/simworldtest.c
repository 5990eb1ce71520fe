/*
 * simworldtest.c: the simulator itself, and that its judge sees what naive engines do
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"

#define S VIR_LEASE_SECOND

/* ---- queue and dice ---- */
static void
testCount(gpointer data)
{
    GString *order = ((gpointer *) data)[0];

    g_string_append(order, ((gpointer *) data)[1]);
}

static void
testQueueKeepsOrder(void)
{
    g_autoptr(simQueue) queue = simQueueNew();
    g_autoptr(GString) order = g_string_new(NULL);
    gpointer a[] = { order, (gpointer) "a" };
    gpointer b[] = { order, (gpointer) "b" };
    gpointer c[] = { order, (gpointer) "c" };

    simQueueAdd(queue, 5, testCount, b, NULL);
    simQueueAdd(queue, 5, testCount, c, NULL);
    simQueueAdd(queue, 2, testCount, a, NULL);
    while (simQueueRunNext(queue, 10))
        ;
    g_assert_cmpstr(order->str, ==, "abc");
    g_assert_cmpint(simQueueNow(queue), ==, 10);
}

static void
testDiceRepeat(void)
{
    simDice first = { 42 };
    simDice second = { 42 };
    guint i;

    for (i = 0; i < 100; i++)
        g_assert_cmpuint(simDiceRoll(&first), ==, simDiceRoll(&second));
    first.state = 0;
    g_assert_cmphex(simDiceRoll(&first), ==, G_GUINT64_CONSTANT(0xe220a8397b1dcdaf));
}

/* ---- server ---- */
typedef struct {
    simQueue *queue;
    simServer *server;
} testServer;

static void
testServerSetUp(testServer *test, gconstpointer data G_GNUC_UNUSED)
{
    test->queue = simQueueNew();
    test->server = simServerNew(test->queue, 1000 * S);
    simServerMakeLockspace(test->server, 6 * S, 4);
}

static void
testServerTearDown(testServer *test, gconstpointer data G_GNUC_UNUSED)
{
    simServerFree(test->server);
    simQueueFree(test->queue);
}

static virLeaseReply *
testDo(testServer *test, virLeaseOpType type, const char *path)
{
    g_autoptr(virLeaseOp) op = virLeaseOpNew(7, type, path, S);

    if (type == VIR_LEASE_OP_SYMLINK)
        op->target = g_strdup("words");
    op->mtime = 4711;
    return simServerExecute(test->server, op);
}

static void
testStatus(testServer *test, virLeaseOpType type, const char *path, virLeaseStatus expected)
{
    g_autoptr(virLeaseReply) reply = testDo(test, type, path);

    g_assert_cmpint(reply->status, ==, expected);
    g_assert_cmpuint(reply->id, ==, 7);
}

static void
testServerStatuses(testServer *test, gconstpointer data G_GNUC_UNUSED)
{
    testStatus(test, VIR_LEASE_OP_MKDIR, "sessions/a", VIR_LEASE_STATUS_OK);
    testStatus(test, VIR_LEASE_OP_MKDIR, "sessions/a", VIR_LEASE_STATUS_EXISTS);
    testStatus(test, VIR_LEASE_OP_SYMLINK, "sessions/a/l", VIR_LEASE_STATUS_OK);
    testStatus(test, VIR_LEASE_OP_SYMLINK, "nowhere/l", VIR_LEASE_STATUS_NOENT);
    testStatus(test, VIR_LEASE_OP_RMDIR, "sessions/a", VIR_LEASE_STATUS_NOTEMPTY);
    testStatus(test, VIR_LEASE_OP_RMDIR, "sessions/a/l", VIR_LEASE_STATUS_WRONG_TYPE);
    testStatus(test, VIR_LEASE_OP_REMOVE, "sessions/a", VIR_LEASE_STATUS_WRONG_TYPE);
    testStatus(test, VIR_LEASE_OP_SETATTR, "sessions/a/l", VIR_LEASE_STATUS_WRONG_TYPE);
    testStatus(test, VIR_LEASE_OP_READLINK, "sessions/a/l", VIR_LEASE_STATUS_OK);
    testStatus(test, VIR_LEASE_OP_READLINK, "sessions/a", VIR_LEASE_STATUS_WRONG_TYPE);
    testStatus(test, VIR_LEASE_OP_READDIR, "sessions/a/l", VIR_LEASE_STATUS_WRONG_TYPE);
    testStatus(test, VIR_LEASE_OP_REMOVE, "sessions/a/l", VIR_LEASE_STATUS_OK);
    testStatus(test, VIR_LEASE_OP_REMOVE, "sessions/a/l", VIR_LEASE_STATUS_NOENT);
    testStatus(test, VIR_LEASE_OP_RMDIR, "sessions/a", VIR_LEASE_STATUS_OK);
}

static void
testServerModes(testServer *test, gconstpointer data G_GNUC_UNUSED)
{
    testStatus(test, VIR_LEASE_OP_SYMLINK, "locks/l", VIR_LEASE_STATUS_OK);
    simServerSetMode(test->server, SIM_SERVER_FULL);
    testStatus(test, VIR_LEASE_OP_SYMLINK, "locks/m", VIR_LEASE_STATUS_FULL);
    testStatus(test, VIR_LEASE_OP_REMOVE, "locks/l", VIR_LEASE_STATUS_OK);
    simServerSetMode(test->server, SIM_SERVER_READONLY);
    testStatus(test, VIR_LEASE_OP_SETATTR, "sessions", VIR_LEASE_STATUS_READONLY);
    testStatus(test, VIR_LEASE_OP_READDIR, "sessions", VIR_LEASE_STATUS_OK);
    simServerSetMode(test->server, SIM_SERVER_FORBIDDEN);
    testStatus(test, VIR_LEASE_OP_READDIR, "sessions", VIR_LEASE_STATUS_ACCESS);
}

static gint64
testMtime(testServer *test, const char *path)
{
    g_autoptr(virLeaseReply) reply = testDo(test, VIR_LEASE_OP_GETATTR, path);

    g_assert_cmpint(reply->status, ==, VIR_LEASE_STATUS_OK);
    return reply->attr.mtime;
}

static void
testServerStale(testServer *test, gconstpointer data G_GNUC_UNUSED)
{
    gint64 before;

    testStatus(test, VIR_LEASE_OP_MKDIR, "sessions/a", VIR_LEASE_STATUS_OK);
    simServerSetStale(test->server, 60 * S);
    before = testMtime(test, "sessions/a");
    testStatus(test, VIR_LEASE_OP_SETATTR, "sessions/a", VIR_LEASE_STATUS_OK);
    g_assert_cmpint(testMtime(test, "sessions/a"), ==, before);
    simQueueRunNext(test->queue, 61 * S);
    g_assert_cmpint(testMtime(test, "sessions/a"), ==, 4711 * S);
}

/* A3's opposite: acknowledged operations vanish; file ids do not come back. */
static void
testServerRollBack(testServer *test, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(virLeaseReply) first = NULL;
    g_autoptr(virLeaseReply) second = NULL;

    testStatus(test, VIR_LEASE_OP_SYMLINK, "locks/old", VIR_LEASE_STATUS_OK);
    simQueueRunNext(test->queue, 10 * S);
    first = testDo(test, VIR_LEASE_OP_SYMLINK, "locks/new");
    testStatus(test, VIR_LEASE_OP_REMOVE, "locks/old", VIR_LEASE_STATUS_OK);
    simServerRollBack(test->server, 5 * S);
    g_assert_true(simServerExists(test->server, "locks/old"));
    g_assert_false(simServerExists(test->server, "locks/new"));
    second = testDo(test, VIR_LEASE_OP_SYMLINK, "locks/new");
    g_assert_cmpuint(second->attr.fileid, >, first->attr.fileid);
    g_assert_cmpint(second->attr.ctime, >, first->attr.ctime);
}

/* A1: what is there all the time is in every scan, however many pages it takes. */
static void
testServerPages(testServer *test, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(virLeaseOp) op = virLeaseOpNew(1, VIR_LEASE_OP_READDIR, "locks", S);
    g_autoptr(virLeaseReply) reply = NULL;
    simServerScan *scan;
    guint i;

    for (i = 0; i < 20; i++) {
        g_autofree char *path = g_strdup_printf("locks/stays%u", i);

        testStatus(test, VIR_LEASE_OP_SYMLINK, path, VIR_LEASE_STATUS_OK);
    }
    scan = simServerScanNew(test->server, op);
    g_assert_false(simServerScanStep(scan, 10, &reply));
    testStatus(test, VIR_LEASE_OP_SYMLINK, "locks/comes", VIR_LEASE_STATUS_OK);
    while (!simServerScanStep(scan, 3, &reply))
        ;
    simServerScanFree(scan);
    g_assert_true(reply->moved);
    g_assert_cmpuint(reply->entries->len, >=, 24);
    g_assert_cmpuint(reply->entries->len, <=, 25);
}

/* ---- net ---- */
typedef struct {
    testServer base;
    simNet *net;
    guint replies;
    virLeaseStatus status;
    virLeaseTime at;
} testNet;

static void
testDeliver(guint host G_GNUC_UNUSED, guint64 generation G_GNUC_UNUSED, virLeaseReply *reply, gpointer opaque)
{
    testNet *test = opaque;

    test->replies++;
    test->status = reply->status;
    test->at = simQueueNow(test->base.queue);
    virLeaseReplyFree(reply);
}

static void
testNetSetUp(testNet *test, gconstpointer data)
{
    testServerSetUp(&test->base, data);
    test->net = simNetNew(test->base.queue, test->base.server, 2, 1, testDeliver, test);
}

static void
testNetTearDown(testNet *test, gconstpointer data)
{
    simQueueFree(test->base.queue);
    test->base.queue = NULL;
    simNetFree(test->net);
    simServerFree(test->base.server);
    (void) data;
}

static void
testNetFault(testNet *test, simFaultKind kind, virLeaseSpan span)
{
    simFaultRule rule = { .host = 0, .type = VIR_LEASE_OP_SYMLINK, .nth = 2, .kind = kind, .span = span,
                          .status = VIR_LEASE_STATUS_FULL };

    simNetAddRule(test->net, &rule);
}

static void
testNetSubmit(testNet *test, guint host, const char *path)
{
    virLeaseOp *op = virLeaseOpNew(1, VIR_LEASE_OP_SYMLINK, path, S);

    op->target = g_strdup("words");
    simNetSubmit(test->net, host, 1, op);
}

static void
testNetRun(testNet *test, virLeaseTime until)
{
    while (simQueueRunNext(test->base.queue, until))
        ;
}

static void
testNetCounts(testNet *test, gconstpointer data G_GNUC_UNUSED)
{
    testNetFault(test, SIM_FAULT_REFUSE, 0);
    testNetSubmit(test, 0, "locks/one");
    testNetSubmit(test, 1, "locks/other");
    testNetRun(test, S);
    g_assert_cmpuint(test->replies, ==, 2);
    g_assert_cmpint(test->status, ==, VIR_LEASE_STATUS_OK);
    testNetSubmit(test, 0, "locks/two");
    testNetRun(test, 2 * S);
    g_assert_cmpint(test->status, ==, VIR_LEASE_STATUS_FULL);
    g_assert_false(simServerExists(test->base.server, "locks/two"));
    g_assert_cmpuint(simNetCount(test->net, 0, VIR_LEASE_OP_SYMLINK), ==, 2);
}

static void
testNetLate(testNet *test, gconstpointer data G_GNUC_UNUSED)
{
    testNetFault(test, SIM_FAULT_LATE, 5 * S);
    testNetSubmit(test, 0, "locks/one");
    testNetSubmit(test, 0, "locks/two");
    testNetRun(test, 4 * S);
    g_assert_cmpuint(test->replies, ==, 2);
    g_assert_cmpint(test->status, ==, VIR_LEASE_STATUS_LOST);
    g_assert_cmpint(test->at, ==, S);
    g_assert_false(simServerExists(test->base.server, "locks/two"));
    testNetRun(test, 6 * S);
    g_assert_true(simServerExists(test->base.server, "locks/two"));
    g_assert_cmpuint(test->replies, ==, 2);
}

static void
testNetLostReply(testNet *test, gconstpointer data G_GNUC_UNUSED)
{
    testNetFault(test, SIM_FAULT_LOSE_REPLY, 0);
    testNetSubmit(test, 0, "locks/one");
    testNetSubmit(test, 0, "locks/two");
    testNetRun(test, 2 * S);
    g_assert_cmpint(test->status, ==, VIR_LEASE_STATUS_LOST);
    g_assert_true(simServerExists(test->base.server, "locks/two"));
}

static void
testNetCut(testNet *test, gconstpointer data G_GNUC_UNUSED)
{
    simNetCutRequests(test->net, 0, 3 * S);
    testNetSubmit(test, 0, "locks/cut");
    testNetSubmit(test, 1, "locks/fine");
    testNetRun(test, 10 * S);
    g_assert_cmpuint(test->replies, ==, 2);
    g_assert_false(simServerExists(test->base.server, "locks/cut"));
    g_assert_true(simServerExists(test->base.server, "locks/fine"));
}

static void
testNetReset(testNet *test, gconstpointer data G_GNUC_UNUSED)
{
    testNetSubmit(test, 0, "locks/one");
    simNetReset(test->net, 0);
    g_assert_cmpuint(test->replies, ==, 1);
    g_assert_cmpint(test->status, ==, VIR_LEASE_STATUS_LOST);
    testNetRun(test, S / 10);
    g_assert_true(simServerExists(test->base.server, "locks/one"));
    g_assert_cmpuint(test->replies, ==, 1);
}

/* ---- judge ---- */
static simWorld *
testWorldNew(const simEngineClass *engine)
{
    simWorldConfig config = { .seed = 3, .hosts = 2, .length = 6 * S, .shards = 1, .engine = engine };
    simWorld *world = simWorldNew(&config);

    simWorldRun(world, S);
    return world;
}

static void
testExpect(simWorld *world, const char *promise)
{
    const GPtrArray *violations = simJudgeViolations(world->judge);
    gboolean found = FALSE;
    guint i;

    for (i = 0; i < violations->len; i++) {
        g_test_message("%s", (const char *) g_ptr_array_index(violations, i));
        found |= g_str_has_prefix(g_ptr_array_index(violations, i), promise);
    }
    g_assert_true(found);
}

static void
testExpectNot(simWorld *world, const char *promise)
{
    const GPtrArray *violations = simJudgeViolations(world->judge);
    guint i;

    for (i = 0; i < violations->len; i++)
        g_assert_false(g_str_has_prefix(g_ptr_array_index(violations, i), promise));
}

static void
testExpectNone(simWorld *world)
{
    const GPtrArray *violations = simJudgeViolations(world->judge);

    if (violations->len)
        g_test_message("%s", (const char *) g_ptr_array_index(violations, 0));
    g_assert_cmpuint(violations->len, ==, 0);
}

static void
testJudgeSeesTwoWriters(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineBlind);

    simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
    simWorldRun(world, S);
    testExpectNone(world);
    simGuestStart(simWorldHost(world, 1), simGuestNew(world, "two", "disk", "r", NULL), FALSE, TRUE);
    simWorldRun(world, S);
    testExpect(world, "S1");
}

static void
testJudgeAllowsTwoReaders(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineBlind);

    simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "r", NULL), FALSE, TRUE);
    simGuestStart(simWorldHost(world, 1), simGuestNew(world, "two", "disk", "r", NULL), FALSE, TRUE);
    simWorldRun(world, S);
    testExpectNone(world);
}

static void
testJudgeSeesUseDuringPause(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineBlind);
    simProcess *one = simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
    simProcess *two;

    simWorldRun(world, S);
    simProcessSuspend(one);
    simWorldRun(world, S);
    g_clear_pointer(&((simDisk *) g_ptr_array_index(one->disks, 0))->heldBy, g_free);
    two = simGuestStart(simWorldHost(world, 1), simGuestNew(world, "two", "disk", "x", NULL), FALSE, TRUE);
    simWorldRun(world, S);
    simProcessKill(two, 0, "test");
    simWorldRun(world, S);
    testExpect(world, "grants: ");   /* beside the lock of the one that is paused */
    testExpectNot(world, "S2");
    simProcessResume(one);
    simWorldRun(world, S);
    testExpect(world, "S2");
}

static void
testJudgeSeesTheSourceGoOn(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineBlind);
    simProcess *one = simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
    simProcess *moved;

    simWorldRun(world, S);
    moved = simProcessMigrate(one, simWorldHost(world, 1), TRUE);
    while (moved->state != SIM_PROCESS_RUNNING)
        simWorldRun(world, S / 100);
    simProcessDie(moved, "test");
    testExpectNot(world, "S2");
    simWorldRun(world, 5 * S);
    g_assert_cmpint(one->state, ==, SIM_PROCESS_RUNNING);
    testExpect(world, "S2");
}

static void
testJudgeSeesBrokenHold(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineBlind);
    simProcess *one = simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);

    simWorldRun(world, S);
    simProcessSuspend(one);
    simWorldRun(world, S);
    simGuestStart(simWorldHost(world, 1), simGuestNew(world, "two", "disk", "x", NULL), FALSE, TRUE);
    simWorldRun(world, S);
    testExpect(world, "S3");
}

static void
testJudgeSeesGrantWithoutEntry(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineYes);

    simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
    simWorldRun(world, S);
    testExpect(world, "grants");
    testExpect(world, "rule 13");
}

static void
testJudgeSeesRemovedEntry(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineBlind);
    simProcess *one = simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
    g_autofree char *entry = NULL;
    g_autofree char *path = NULL;

    simWorldRun(world, S);
    entry = simJudgeFindEntry(world->judge, one->pid, "disk");
    g_assert_nonnull(entry);
    path = g_strdup_printf("locks/000/%s", entry);
    simServerDelete(world->server, path);
    testExpect(world, "entries");
}

static void
testJudgeSeesLeftovers(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineHoarder);
    simProcess *one = simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);

    simWorldRun(world, S);
    simJudgeLeftovers(world->judge);
    testExpectNone(world);
    simProcessKill(one, 0, "test");
    simWorldRun(world, 5 * S);
    simJudgeLeftovers(world->judge);
    testExpect(world, "L1");
}

static void
testJudgeSeesSilence(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineMute);

    simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
    simWorldRun(world, SIM_CALL_TIMEOUT - S);
    testExpectNone(world);
    simWorldRun(world, 2 * S);
    testExpect(world, "answers");
}

static void
testJudgeSeesSecondAnswer(void)
{
    g_autoptr(simWorld) world = testWorldNew(&simEngineEcho);

    simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
    simWorldRun(world, S);
    testExpect(world, "answers");
}

/* A world is the same each time: the whole value of a seed. */
static void
testWorldRepeats(void)
{
    guint64 counts[2];
    guint i;

    for (i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(simWorld) world = testWorldNew(&simEngineBlind);

        simGuestStart(simWorldHost(world, 0), simGuestNew(world, "one", "disk", "x", NULL), FALSE, TRUE);
        simWorldRun(world, 100 * S);
        counts[i] = simQueueCount(world->queue) * 1000 + simDiceBelow(&world->dice, 1000);
    }
    g_assert_cmpuint(counts[0], ==, counts[1]);
}

#define TEST_SERVER(name, func) \
    g_test_add("/sim/server/" name, testServer, NULL, testServerSetUp, func, testServerTearDown)
#define TEST_NET(name, func) \
    g_test_add("/sim/net/" name, testNet, NULL, testNetSetUp, func, testNetTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/sim/queue/order", testQueueKeepsOrder);
    g_test_add_func("/sim/dice/repeat", testDiceRepeat);
    TEST_SERVER("statuses", testServerStatuses);
    TEST_SERVER("modes", testServerModes);
    TEST_SERVER("stale", testServerStale);
    TEST_SERVER("roll-back", testServerRollBack);
    TEST_SERVER("pages", testServerPages);
    TEST_NET("counts", testNetCounts);
    TEST_NET("late", testNetLate);
    TEST_NET("lost-reply", testNetLostReply);
    TEST_NET("cut", testNetCut);
    TEST_NET("reset", testNetReset);
    g_test_add_func("/sim/judge/two-writers", testJudgeSeesTwoWriters);
    g_test_add_func("/sim/judge/two-readers", testJudgeAllowsTwoReaders);
    g_test_add_func("/sim/judge/use-during-pause", testJudgeSeesUseDuringPause);
    g_test_add_func("/sim/judge/source-goes-on", testJudgeSeesTheSourceGoOn);
    g_test_add_func("/sim/judge/broken-hold", testJudgeSeesBrokenHold);
    g_test_add_func("/sim/judge/grant-without-entry", testJudgeSeesGrantWithoutEntry);
    g_test_add_func("/sim/judge/removed-entry", testJudgeSeesRemovedEntry);
    g_test_add_func("/sim/judge/leftovers", testJudgeSeesLeftovers);
    g_test_add_func("/sim/judge/silence", testJudgeSeesSilence);
    g_test_add_func("/sim/judge/second-answer", testJudgeSeesSecondAnswer);
    g_test_add_func("/sim/world/repeats", testWorldRepeats);

    return g_test_run();
}
