/*
 * virleaseobservertest.c: verdicts on other sessions (rule 7)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseobserver.h"

#define OWN "11111111111111111111111111111111"
#define OTHER "22222222222222222222222222222222"
#define LENGTH (6 * VIR_LEASE_SECOND)
#define RENEWAL VIR_LEASE_SECOND

/* A server with two sessions, as a read of sessions/ shows them. */
typedef struct {
    virLeaseObserver *observer;
    gint64 ownMtime;
    virLeaseTime ownAcked;
    gint64 shownMtime;
    virLeaseAttr other;
    gboolean otherGone;
    const char *marker;
} testServer;


static void
testServerInit(testServer *server)
{
    memset(server, 0, sizeof(*server));
    server->observer = virLeaseObserverNew();
    server->other = (virLeaseAttr) { .fileid = 7, .ctime = 100, .mtime = 100 };
}


static void
testServerRead(testServer *server,
               virLeaseTime sent,
               virLeaseTime replied)
{
    g_autoptr(virLeaseReply) reply = virLeaseReplyNew(1, VIR_LEASE_STATUS_OK);
    virLeaseAttr own = { .fileid = 3, .ctime = server->shownMtime, .mtime = server->shownMtime };
    virLeaseObserverSelf self = {
        .sid = OWN, .mtime = server->ownMtime, .acked = server->ownAcked, .newest = server->ownMtime,
        .renewal = RENEWAL, .length = LENGTH,
    };

    virLeaseReplyAddEntry(reply, OWN, &own);
    if (!server->otherGone)
        virLeaseReplyAddEntry(reply, OTHER, &server->other);
    if (server->marker)
        virLeaseReplyAddEntry(reply, server->marker, &server->other);
    virLeaseReplyAddEntry(reply, "litter", &own);
    virLeaseObserverRead(server->observer, sent, replied, reply->entries, &self);
}


/* The own renewal is acknowledged just before each read, and shown by it. */
static void
testServerTick(testServer *server,
               virLeaseTime now,
               gboolean coherent)
{
    server->ownMtime += VIR_LEASE_SECOND;
    server->ownAcked = now - 1;
    if (coherent)
        server->shownMtime = server->ownMtime;
    testServerRead(server, now, now + VIR_LEASE_MILLISECOND);
}


static virLeaseTime
testServerDiesAt(testServer *server,
                 virLeaseTime until,
                 gboolean coherent)
{
    for (virLeaseTime now = RENEWAL; now <= until; now += RENEWAL / 10) {
        testServerTick(server, now, coherent);
        if (virLeaseObserverIsDead(server->observer, OTHER))
            return now;
    }
    return 0;
}


static void
testDeadAfterALease(void)
{
    testServer server;
    virLeaseTime died;

    testServerInit(&server);
    died = testServerDiesAt(&server, 20 * VIR_LEASE_SECOND, TRUE);
    /* Counted from the reply of the first read, with the drift on top. */
    g_assert_cmpint(died, >, RENEWAL + VIR_LEASE_MILLISECOND + LENGTH + LENGTH / 64);
    g_assert_cmpint(died, <=, RENEWAL + LENGTH + LENGTH / 64 + RENEWAL);
    g_assert_false(virLeaseObserverIsDead(server.observer, OWN));
    virLeaseObserverFree(server.observer);
}


static void
testEachMemberOfTheTupleCounts(void)
{
    testServer server;

    testServerInit(&server);
    for (int i = 1; i < 200; i++) {
        if (i % 30 == 0)
            server.other.mtime++;
        if (i % 30 == 10)
            server.other.ctime++;
        if (i % 30 == 20)
            server.other.fileid++;
        testServerTick(&server, i * RENEWAL / 2, TRUE);
        g_assert_false(virLeaseObserverIsDead(server.observer, OTHER));
    }
    virLeaseObserverFree(server.observer);
}


static void
testVerdictIsFinal(void)
{
    testServer server;

    testServerInit(&server);
    g_assert_cmpint(testServerDiesAt(&server, 20 * VIR_LEASE_SECOND, TRUE), >, 0);
    server.other.mtime++;
    testServerTick(&server, 21 * VIR_LEASE_SECOND, TRUE);
    g_assert_true(virLeaseObserverIsDead(server.observer, OTHER));
    virLeaseObserverFree(server.observer);
}


static void
testAbsenceIsATuple(void)
{
    testServer server;

    testServerInit(&server);
    testServerTick(&server, RENEWAL, TRUE);
    server.otherGone = TRUE;
    testServerTick(&server, 2 * RENEWAL, TRUE);
    g_assert_false(virLeaseObserverIsDead(server.observer, OTHER));
    g_assert_cmpint(testServerDiesAt(&server, 20 * VIR_LEASE_SECOND, TRUE), >=, 2 * RENEWAL + LENGTH);
    virLeaseObserverFree(server.observer);
}


static void
testKnownByEntriesOnly(void)
{
    testServer server;

    testServerInit(&server);
    server.otherGone = TRUE;
    virLeaseObserverWatch(server.observer, OTHER, RENEWAL);
    g_assert_cmpint(testServerDiesAt(&server, 20 * VIR_LEASE_SECOND, TRUE), >, RENEWAL + LENGTH);
    virLeaseObserverFree(server.observer);
}


/* A cache that never shows the own renewals gives no verdict, ever. */
static void
testIncoherentServer(void)
{
    testServer server;

    testServerInit(&server);
    g_assert_cmpint(testServerDiesAt(&server, 60 * VIR_LEASE_SECOND, FALSE), ==, 0);
    g_assert_false(virLeaseObserverIsCoherent(server.observer));
    virLeaseObserverFree(server.observer);
}


/* A cache that shows the own directory as it was made, with the mtime of a clock
 * ahead of this host's, and is renewed once in two leases. */
static void
testCacheWithServersTime(void)
{
    testServer server;
    virLeaseTime shown = 0;

    testServerInit(&server);
    for (int i = 1; i <= 4; i++)
        testServerTick(&server, i * RENEWAL, TRUE);
    server.shownMtime = 1000000 * VIR_LEASE_SECOND;
    for (int i = 5; i < 200; i++) {
        virLeaseTime now = i * RENEWAL;

        testServerTick(&server, now, now - shown >= 2 * LENGTH && i > 10);
        if (server.shownMtime == server.ownMtime)
            shown = now;
        g_assert_false(virLeaseObserverIsDead(server.observer, OTHER));
    }
    virLeaseObserverFree(server.observer);
}


/* A cache shows this host one renewal, and then comes in what was read before
 * that: an older one, which is no second move. */
static void
testOvertakenRead(void)
{
    testServer server;
    virLeaseTime now = 20 * RENEWAL;

    testServerInit(&server);
    for (int i = 1; i <= 20; i++)
        testServerTick(&server, i * RENEWAL, i == 1);
    g_assert_false(virLeaseObserverIsCoherent(server.observer));
    testServerTick(&server, now + RENEWAL, TRUE);
    g_assert_false(virLeaseObserverIsDead(server.observer, OTHER));
    server.shownMtime = VIR_LEASE_SECOND;
    testServerRead(&server, now + RENEWAL / 2, now + RENEWAL + 2 * VIR_LEASE_MILLISECOND);
    g_assert_false(virLeaseObserverIsCoherent(server.observer));
    g_assert_false(virLeaseObserverIsDead(server.observer, OTHER));
    server.shownMtime = server.ownMtime;
    testServerRead(&server, now + RENEWAL, now + RENEWAL + 3 * VIR_LEASE_MILLISECOND);
    g_assert_false(virLeaseObserverIsCoherent(server.observer));
    /* Two that are real will do. */
    testServerTick(&server, now + 2 * RENEWAL, TRUE);
    g_assert_true(virLeaseObserverIsCoherent(server.observer));
    virLeaseObserverFree(server.observer);
}


/* Moves that are far apart are not in a row. */
static void
testMovesFarApart(void)
{
    testServer server;

    testServerInit(&server);
    for (int i = 1; i <= 20; i++) {
        testServerTick(&server, i * LENGTH, TRUE);
        g_assert_false(virLeaseObserverIsDead(server.observer, OTHER));
    }
    g_assert_false(virLeaseObserverIsCoherent(server.observer));
    virLeaseObserverFree(server.observer);
}


/* Own renewals that have stopped show nothing about the reads any more. */
static void
testNoVerdictWithoutOwnRenewals(void)
{
    testServer server;

    testServerInit(&server);
    for (int i = 1; i <= 4; i++)
        testServerTick(&server, i * RENEWAL, TRUE);
    g_assert_true(virLeaseObserverIsCoherent(server.observer));
    for (int i = 5; i < 40; i++) {
        testServerRead(&server, i * RENEWAL, i * RENEWAL + 1);
        g_assert_false(virLeaseObserverIsDead(server.observer, OTHER));
    }
    virLeaseObserverFree(server.observer);
}


static void
testMarkers(void)
{
    testServer server;

    testServerInit(&server);
    server.marker = OTHER ".exited.12";
    testServerTick(&server, RENEWAL, TRUE);
    g_assert_true(virLeaseObserverHasMarker(server.observer, OTHER, VIR_LEASE_MARKER_EXITED, 12));
    g_assert_false(virLeaseObserverHasMarker(server.observer, OTHER, VIR_LEASE_MARKER_EXITED, 1));
    g_assert_false(virLeaseObserverHasMarker(server.observer, OTHER, VIR_LEASE_MARKER_STOPPED, 12));
    g_assert_false(virLeaseObserverHasMarker(server.observer, OWN, VIR_LEASE_MARKER_EXITED, 12));
    virLeaseObserverFree(server.observer);
}


static void
testOwnEndedSession(void)
{
    testServer server;

    testServerInit(&server);
    virLeaseObserverSetDead(server.observer, OTHER);
    g_assert_true(virLeaseObserverIsDead(server.observer, OTHER));
    testServerTick(&server, RENEWAL, TRUE);
    g_assert_true(virLeaseObserverIsDead(server.observer, OTHER));
    virLeaseObserverFree(server.observer);
}


int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lease/observer/dead-after-a-lease", testDeadAfterALease);
    g_test_add_func("/lease/observer/each-member-of-the-tuple-counts", testEachMemberOfTheTupleCounts);
    g_test_add_func("/lease/observer/verdict-is-final", testVerdictIsFinal);
    g_test_add_func("/lease/observer/absence-is-a-tuple", testAbsenceIsATuple);
    g_test_add_func("/lease/observer/known-by-entries-only", testKnownByEntriesOnly);
    g_test_add_func("/lease/observer/incoherent-server", testIncoherentServer);
    g_test_add_func("/lease/observer/cache-with-servers-time", testCacheWithServersTime);
    g_test_add_func("/lease/observer/moves-far-apart", testMovesFarApart);
    g_test_add_func("/lease/observer/overtaken-read", testOvertakenRead);
    g_test_add_func("/lease/observer/no-verdict-without-own-renewals", testNoVerdictWithoutOwnRenewals);
    g_test_add_func("/lease/observer/markers", testMarkers);
    g_test_add_func("/lease/observer/own-ended-session", testOwnEndedSession);
    return g_test_run();
}
