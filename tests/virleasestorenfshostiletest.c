/*
 * virleasestorenfshostiletest.c: tests the nfs store against servers that break the rules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs itself again as the server (nfshostile.h). While the store deals with
 * it, a second one, of another lockspace, must be served as ever.
 */
#include <config.h>

#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nfshostile.h"
#include "virleasestorecases.h"

#define TEST_TIMEOUT_MS 2000
#define TEST_PATIENCE_MS 4000       /* until the answer, with reserves for a slow machine */
#define TEST_NEIGHBOUR_MS 1800      /* at most until another lockspace's answer: less than a time-out */
#define TEST_TICK_MS 20
#define TEST_MEMORY_MIB 128         /* at most, for all that one server makes us hold */
#define TEST_SCANS 64

#define TEST_STATUS(status) (1U << VIR_LEASE_STATUS_##status)

/* An operation, and what may come of it. */
typedef struct _testCase testCase;
struct _testCase {
    const char *behaviour;
    virLeaseOpType type;
    const char *path;
    unsigned int statuses;
    const char *words;      /* in the failure's detail; may be NULL */
};

/* ---- the server ---- */

typedef struct _testServer testServer;
struct _testServer {
    GPid pid;
    int port;
};

static void
testServerStart(testServer *server, const char *behaviour)
{
    const char *argv[] = { g_get_prgname(), "--serve", behaviour, NULL };
    g_autoptr(GError) error = NULL;
    FILE *out;
    int fd;

    g_spawn_async_with_pipes(NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                             &server->pid, NULL, &fd, NULL, &error);
    g_assert_no_error(error);
    out = fdopen(fd, "r");
    g_assert_cmpint(fscanf(out, "%d", &server->port), ==, 1);
    fclose(out);
}

static void
testServerStop(testServer *server)
{
    int status = 0;

    g_assert_cmpint(kill(server->pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(server->pid, &status, 0), ==, server->pid);
    /* It did not end by itself before. */
    g_assert_true(WIFSIGNALED(status));
}

static testStore *
testServerStore(const testServer *server, int version)
{
    g_autofree char *mountport = g_strdup_printf("&mountport=%d", server->port);
    g_autofree char *url = g_strdup_printf("nfs://127.0.0.1:%d/export?version=%d%s",
                                           server->port, version, version == 3 ? mountport : "");

    return testStoreNew(url);
}

/* ---- another lockspace ---- */

typedef struct _testNeighbour testNeighbour;
struct _testNeighbour {
    char *directory;
    virLeaseStore *store;
    guint64 lastId;
    gint64 sent;            /* 0: nothing is under way */
    gint64 longest;
    guint served;
    guint timer;
};

static void
testNeighbourReplied(virLeaseReply *reply, void *opaque)
{
    testNeighbour *neighbour = opaque;

    g_assert_cmpint(reply->status, ==, VIR_LEASE_STATUS_OK);
    virLeaseReplyFree(reply);
    neighbour->longest = MAX(neighbour->longest, g_get_monotonic_time() - neighbour->sent);
    neighbour->sent = 0;
    neighbour->served++;
}

static gboolean
testNeighbourTick(gpointer opaque)
{
    testNeighbour *neighbour = opaque;

    if (neighbour->sent)
        return G_SOURCE_CONTINUE;
    neighbour->sent = g_get_monotonic_time();
    virLeaseStoreSubmit(neighbour->store, virLeaseOpNew(++neighbour->lastId, VIR_LEASE_OP_GETATTR, "",
                                                        10 * VIR_LEASE_SECOND));
    return G_SOURCE_CONTINUE;
}

static void
testNeighbourBegin(testNeighbour *neighbour)
{
    g_autofree char *url = NULL;

    memset(neighbour, 0, sizeof(*neighbour));
    neighbour->directory = g_dir_make_tmp("virleasestorenfshostiletest-XXXXXX", NULL);
    g_assert_nonnull(neighbour->directory);
    url = g_strdup_printf("dir:%s", neighbour->directory);
    neighbour->store = virLeaseStoreNew(url, testNeighbourReplied, neighbour);
    g_assert_nonnull(neighbour->store);
    neighbour->timer = g_timeout_add(TEST_TICK_MS, testNeighbourTick, neighbour);
    testNeighbourTick(neighbour);
}

static void
testNeighbourEnd(testNeighbour *neighbour)
{
    while (neighbour->sent)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(neighbour->timer);
    virLeaseStoreFree(neighbour->store);
    g_assert_cmpint(g_rmdir(neighbour->directory), ==, 0);
    g_free(neighbour->directory);
    g_test_message("another lockspace: %u answers, the slowest after %.1f ms",
                   neighbour->served, neighbour->longest / 1000.0);
    g_assert_cmpuint(neighbour->served, >, 0);
    g_assert_cmpint(neighbour->longest, <, TEST_NEIGHBOUR_MS * 1000);
}

/* ---- memory ---- */

/* The figure of /proc/self/status called @name, in MiB. */
static double
testMemory(const char *name)
{
    g_autofree char *text = NULL;
    const char *at;

    g_assert_true(g_file_get_contents("/proc/self/status", &text, NULL, NULL));
    at = strstr(text, name);
    g_assert_nonnull(at);
    return strtod(at + strlen(name) + 1, NULL) / 1024;
}

/* The most that is used from now on is that of "VmHWM". */
static double
testMemoryBegin(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");

    if (file) {
        fputs("5", file);
        fclose(file);
    }
    return testMemory("VmRSS");
}

static void
testMemoryEnd(double before)
{
    double grown = testMemory("VmHWM") - before;

    g_test_message("memory: %.1f MiB more at most", grown);
    /* The address sanitizer keeps what was freed for long. */
#ifndef __SANITIZE_ADDRESS__
    g_assert_cmpfloat(grown, <, TEST_MEMORY_MIB);
#endif
}

/* ---- tests ---- */

static int
testVersion(const char *behaviour)
{
    return g_str_has_suffix(behaviour, "-4") ? 4 : 3;
}

/* Replies of a failure say what is wrong, in words that can be shown. */
static void
testCheckReply(const testCase *expected, const virLeaseReply *reply)
{
    g_test_message("%s: %s: %s", expected->behaviour, virLeaseStatusToMessage(reply->status),
                   reply->detail ? reply->detail : "-");
    g_assert_cmphex(1U << reply->status & expected->statuses, !=, 0);
    if (reply->status != VIR_LEASE_STATUS_OK) {
        g_assert_nonnull(reply->detail);
        g_assert_true(g_utf8_validate(reply->detail, -1, NULL));
        g_assert_null(reply->entries);
        g_assert_null(reply->target);
    }
    if (expected->words)
        g_assert_nonnull(strstr(reply->detail, expected->words));
}

static void
testHostile(gconstpointer opaque)
{
    const testCase *expected = opaque;
    g_autoptr(testStore) test = NULL;
    g_autoptr(virLeaseReply) reply = NULL;
    double before = testMemoryBegin();
    testNeighbour neighbour;
    testServer server;
    gint64 begin;

    testServerStart(&server, expected->behaviour);
    testNeighbourBegin(&neighbour);
    test = testServerStore(&server, testVersion(expected->behaviour));
    begin = g_get_monotonic_time();
    reply = testStoreWait(test, testStoreSubmit(test, expected->type, expected->path, NULL,
                                                TEST_TIMEOUT_MS * VIR_LEASE_MILLISECOND));
    g_assert_cmpint(g_get_monotonic_time() - begin, <, TEST_PATIENCE_MS * 1000);
    testCheckReply(expected, reply);
    testNeighbourEnd(&neighbour);
    testServerStop(&server);
    testMemoryEnd(before);
}

/* Many directories without end at a time: what is held of them is bounded. */
static void
testManyEndless(gconstpointer opaque)
{
    const char *behaviour = opaque;
    g_autoptr(testStore) test = NULL;
    guint64 ids[TEST_SCANS];
    double before = testMemoryBegin();
    testNeighbour neighbour;
    testServer server;

    testServerStart(&server, behaviour);
    testNeighbourBegin(&neighbour);
    test = testServerStore(&server, testVersion(behaviour));
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++)
        ids[i] = testStoreSubmit(test, VIR_LEASE_OP_READDIR, "locks", NULL, 20 * VIR_LEASE_SECOND);
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        g_autoptr(virLeaseReply) reply = testStoreWait(test, ids[i]);

        g_assert_cmpint(reply->status, !=, VIR_LEASE_STATUS_OK);
    }
    testNeighbourEnd(&neighbour);
    testServerStop(&server);
    testMemoryEnd(before);
}

/* The way out of all of this is another connection. */
static void
testRecovers(void)
{
    g_autoptr(testStore) test = NULL;
    testServer server;

    testServerStart(&server, "wrong-ids");
    test = testServerStore(&server, 3);
    for (gsize i = 0; i < 3; i++) {
        testStoreExpect(test, VIR_LEASE_OP_READLINK, "format", VIR_LEASE_STATUS_LOST);
        testStoreExpect(test, VIR_LEASE_OP_READDIR, "locks", VIR_LEASE_STATUS_OK);
    }
    testServerStop(&server);
}

#define TEST_MALFORMED "malformed or beyond a limit"
#define TEST_LINK VIR_LEASE_OP_READLINK, "format"
#define TEST_LIST VIR_LEASE_OP_READDIR, "locks"
#define TEST_BELOW VIR_LEASE_OP_GETATTR, "sessions/x"

static const testCase testCases[] = {
    { "honest-3", TEST_LINK, TEST_STATUS(OK), NULL },
    { "honest-3", TEST_LIST, TEST_STATUS(OK), NULL },
    { "honest-3", TEST_BELOW, TEST_STATUS(OK), NULL },
    { "honest-4", TEST_LINK, TEST_STATUS(OK), NULL },
    { "honest-4", TEST_LIST, TEST_STATUS(OK), NULL },
    { "honest-4", TEST_BELOW, TEST_STATUS(OK), NULL },
    /* frames */
    { "crumbs", TEST_LINK, TEST_STATUS(OK), NULL },
    { "silent", TEST_LINK, TEST_STATUS(LOST), "no answer" },
    { "end", TEST_LINK, TEST_STATUS(LOST), "closed the connection" },
    { "half", TEST_LINK, TEST_STATUS(LOST), "no answer" },
    { "half-and-end", TEST_LINK, TEST_STATUS(LOST), "closed the connection" },
    { "twice", TEST_BELOW, TEST_STATUS(LOST), "what it was not asked" },
    { "huge-length", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "short-length", TEST_LINK, TEST_STATUS(LOST), "what it was not asked" },
    { "endless-fragments", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "empty-fragments", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "wrong-id", TEST_LINK, TEST_STATUS(LOST), "what it was not asked" },
    { "wrong-ids", TEST_LINK, TEST_STATUS(LOST), "what it was not asked" },
    { "call", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "denied", TEST_LINK, TEST_STATUS(LOST), "not accepted" },
    { "huge-verifier", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "garbage-args", TEST_LINK, TEST_STATUS(LOST), "Garbage arguments" },
    { "unknown-failure", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "noise", TEST_LIST, TEST_STATUS(LOST) | TEST_STATUS(UNSTABLE) | TEST_STATUS(FAILED), NULL },
    { "cut-short", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    /* version 3 */
    { "file-for-directory", TEST_LIST, TEST_STATUS(WRONG_TYPE), "is not a directory" },
    { "file-for-directory", TEST_BELOW, TEST_STATUS(WRONG_TYPE), "is not a directory" },
    { "directory-for-link", TEST_LINK, TEST_STATUS(WRONG_TYPE), "not a symbolic link" },
    { "huge-handle", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    { "no-handle", TEST_LIST, TEST_STATUS(PROTOCOL), TEST_MALFORMED },
    { "bad-times", VIR_LEASE_OP_GETATTR, "locks", TEST_STATUS(PROTOCOL), TEST_MALFORMED },
    { "target-of-4-gib", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "target-backwards", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "target-of-1-mb", TEST_LINK, TEST_STATUS(PROTOCOL), "too long" },
    { "target-empty", TEST_LINK, TEST_STATUS(PROTOCOL), "empty" },
    { "status-only", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "unknown-status", TEST_LINK, TEST_STATUS(FAILED), NULL },
    { "endless", TEST_LIST, TEST_STATUS(PROTOCOL) | TEST_STATUS(LOST), NULL },
    { "loop", TEST_LIST, TEST_STATUS(PROTOCOL) | TEST_STATUS(UNSTABLE) | TEST_STATUS(LOST), NULL },
    { "empty-pages", TEST_LIST, TEST_STATUS(UNSTABLE), "does not go on" },
    { "deep", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    { "huge-name", TEST_LIST, TEST_STATUS(PROTOCOL), "can be none" },
    { "slashed-name", TEST_LIST, TEST_STATUS(PROTOCOL), "can be none" },
    { "nul-in-name", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    { "bad-flag", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    /* version 4 */
    { "silent-4", TEST_LINK, TEST_STATUS(LOST), "no answer" },
    { "noise-4", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    { "cut-short-4", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "no-results-4", TEST_LINK, TEST_STATUS(PROTOCOL), TEST_MALFORMED },
    { "few-results-4", TEST_LINK, TEST_STATUS(PROTOCOL), TEST_MALFORMED },
    { "count-overflows-4", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "count-is-huge-4", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "wrong-ops-4", TEST_LINK, TEST_STATUS(PROTOCOL), TEST_MALFORMED },
    { "unknown-ops-4", TEST_LINK, TEST_STATUS(LOST), TEST_MALFORMED },
    { "mask-overflows-4", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    { "huge-attributes-4", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    { "huge-handle-4", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
    { "file-for-directory-4", TEST_LIST, TEST_STATUS(WRONG_TYPE), "is not a directory" },
    { "endless-4", TEST_LIST, TEST_STATUS(PROTOCOL) | TEST_STATUS(LOST), NULL },
    { "loop-4", TEST_LIST, TEST_STATUS(PROTOCOL) | TEST_STATUS(UNSTABLE) | TEST_STATUS(LOST), NULL },
    { "deep-4", TEST_LIST, TEST_STATUS(LOST), TEST_MALFORMED },
};

int
main(int argc, char **argv)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

    if (argc == 3 && g_str_equal(argv[1], "--serve"))
        nfsHostileServe(argv[2]);
    g_test_init(&argc, &argv, NULL);
    g_set_prgname(program);

    for (gsize i = 0; i < G_N_ELEMENTS(testCases); i++) {
        g_autofree char *path = g_strdup_printf("/lease/storenfshostile/%s/%s", testCases[i].behaviour,
                                                virLeaseOpTypeToString(testCases[i].type));

        g_test_add_data_func(path, &testCases[i], testHostile);
    }
    g_test_add_data_func("/lease/storenfshostile/many/endless", "endless", testManyEndless);
    g_test_add_data_func("/lease/storenfshostile/many/endless-4", "endless-4", testManyEndless);
    g_test_add_func("/lease/storenfshostile/recovers", testRecovers);
    return g_test_run();
}
