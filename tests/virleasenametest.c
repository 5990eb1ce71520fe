/*
 * virleasenametest.c: the names that a lockspace holds
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virleasename.h"

#define TEST_HASH "0123456789abcdef0123456789abcdef01234567"
#define TEST_SID "fedcba9876543210fedcba9876543210"
#define TEST_ENTRY TEST_HASH ".x.f." TEST_SID ".1.2"

static virLeaseEntryName
testEntryName(void)
{
    virLeaseEntryName name = { .run = 1, .attempt = 2 };

    memcpy(name.hash, TEST_HASH, sizeof(name.hash));
    memcpy(name.sid, TEST_SID, sizeof(name.sid));
    return name;
}

static void
testHashIsTheBeginOfSHA256(void)
{
    char hash[VIR_LEASE_HASH_LEN + 1];

    virLeaseResourceHash("abc", hash);
    g_assert_cmpstr(hash, ==, "ba7816bf8f01cfea414140de5dae2223b00361a3");
}

static void
testShardsAreAllUsed(void)
{
    gboolean used[16] = { FALSE };
    char hash[VIR_LEASE_HASH_LEN + 1];
    unsigned i;

    for (i = 0; i < 1000; i++) {
        g_autofree char *name = g_strdup_printf("filer:/images/disk%u.qcow2", i);
        unsigned shard;

        virLeaseResourceHash(name, hash);
        shard = virLeaseHashShard(hash, G_N_ELEMENTS(used));
        g_assert_cmpuint(shard, <, G_N_ELEMENTS(used));
        g_assert_cmpuint(shard, ==, virLeaseHashShard(hash, G_N_ELEMENTS(used)));
        used[shard] = TRUE;
    }
    for (i = 0; i < G_N_ELEMENTS(used); i++)
        g_assert_true(used[i]);
    g_assert_cmpuint(virLeaseHashShard(hash, 1), ==, 0);
}

static void
testEntryNamesComeBack(void)
{
    static const guint64 counters[] = { 0, 1, 9, 10, 4294967296, VIR_LEASE_COUNTER_MAX };
    virLeaseEntryName name = testEntryName();
    gsize i;

    for (i = 0; i < 4 * G_N_ELEMENTS(counters); i++) {
        virLeaseEntryName read = { 0 };
        g_autofree char *text = NULL;

        name.shared = (i & 1) != 0;
        name.token = (i & 2) != 0;
        name.run = counters[i / 4];
        name.attempt = counters[G_N_ELEMENTS(counters) - 1 - i / 4];
        text = virLeaseEntryNameFormat(&name);

        g_assert_true(virLeaseEntryNameParse(text, &read));
        g_assert_cmpstr(read.hash, ==, name.hash);
        g_assert_cmpstr(read.sid, ==, name.sid);
        g_assert_cmpint(read.shared, ==, name.shared);
        g_assert_cmpint(read.token, ==, name.token);
        g_assert_cmpuint(read.run, ==, name.run);
        g_assert_cmpuint(read.attempt, ==, name.attempt);
    }
}

static void
testEntryNameIsSpeltAsDocumented(void)
{
    virLeaseEntryName name = testEntryName();
    g_autofree char *fresh = virLeaseEntryNameFormat(&name);
    g_autofree char *shared = NULL;

    g_assert_cmpstr(fresh, ==, TEST_HASH ".x.f." TEST_SID ".1.2");
    name.shared = name.token = TRUE;
    shared = virLeaseEntryNameFormat(&name);
    g_assert_cmpstr(shared, ==, TEST_HASH ".r.t." TEST_SID ".1.2");
}

static void
testEntryNameHasOneSpelling(void)
{
    static const char *const bad[] = {
        "", ".", "x", TEST_HASH, TEST_HASH ".",
        TEST_HASH ".x.f." TEST_SID,
        TEST_HASH ".x.f." TEST_SID ".1",
        TEST_HASH ".x.f." TEST_SID ".1.",
        TEST_HASH ".x.f." TEST_SID ".1.2.",
        TEST_HASH ".x.f." TEST_SID ".1.2 ",
        TEST_HASH ".x.f." TEST_SID ".1.2.3",
        TEST_HASH ".x.f." TEST_SID ".01.2",
        TEST_HASH ".x.f." TEST_SID ".1.02",
        TEST_HASH ".x.f." TEST_SID ".+1.2",
        TEST_HASH ".x.f." TEST_SID ".-1.2",
        TEST_HASH ".x.f." TEST_SID ". 1.2",
        TEST_HASH ".x.f." TEST_SID ".1.0x2",
        TEST_HASH ".x.f." TEST_SID ".1.9007199254740993",
        TEST_HASH ".x.f." TEST_SID ".1.18446744073709551617",
        TEST_HASH ".x.f." TEST_SID ".1.99999999999999999999999999999999",
        TEST_HASH ".X.f." TEST_SID ".1.2",
        TEST_HASH ".w.f." TEST_SID ".1.2",
        TEST_HASH ".x.g." TEST_SID ".1.2",
        TEST_HASH ".x." TEST_SID ".1.2",
        TEST_HASH "..f." TEST_SID ".1.2",
        " " TEST_ENTRY,
        "0" TEST_ENTRY,
        "0123456789ABCDEF0123456789ABCDEF01234567.x.f." TEST_SID ".1.2",
        TEST_HASH ".x.f.FEDCBA9876543210FEDCBA9876543210.1.2",
        TEST_HASH ".x.f.fedcba9876543210fedcba987654321.1.2",
        TEST_HASH ".x.f." TEST_SID "0.1.2",
        "/" TEST_ENTRY,
    };
    virLeaseEntryName name;
    virLeaseEntryName before;
    gsize i;

    g_assert_true(virLeaseEntryNameParse(TEST_ENTRY, &name));
    before = name;
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("'%s'", bad[i]);
        g_assert_false(virLeaseEntryNameParse(bad[i], &name));
        g_assert_cmpmem(&name, sizeof(name), &before, sizeof(before));
    }
}

/* Cuts and wrong bytes anywhere: whatever is taken must be its own spelling. */
static void
testWhatIsReadIsWrittenTheSame(void)
{
    int i;

    for (i = 0; i < 20000; i++) {
        g_autofree char *text = g_strdup(TEST_ENTRY);
        virLeaseEntryName name;

        text[g_test_rand_int_range(0, (gint32) strlen(text))] = (char) g_test_rand_int_range(0, 256);
        if (virLeaseEntryNameParse(text, &name)) {
            g_autofree char *again = virLeaseEntryNameFormat(&name);

            g_assert_cmpstr(again, ==, text);
        }
    }
}

static void
testPaths(void)
{
    virLeaseEntryName name = testEntryName();
    g_autofree char *low = virLeaseShardPath(0);
    g_autofree char *high = virLeaseShardPath(1023);
    g_autofree char *session = virLeaseSessionPath(TEST_SID);
    g_autofree char *marker = virLeaseMarkerPath(TEST_SID, VIR_LEASE_MARKER_EXITED, 7);
    g_autofree char *entry = virLeaseEntryPath(&name, 16);

    g_assert_cmpstr(low, ==, "locks/000");
    g_assert_cmpstr(high, ==, "locks/3ff");
    g_assert_cmpstr(session, ==, "sessions/" TEST_SID);
    g_assert_cmpstr(marker, ==, "sessions/" TEST_SID ".exited.7");
    /* 0x01234567 modulo 16 */
    g_assert_cmpstr(entry, ==, "locks/007/" TEST_ENTRY);
}

static void
testSessionNamesComeBack(void)
{
    char sid[VIR_LEASE_SID_LEN + 1];
    gboolean isMarker = TRUE;
    virLeaseMarker marker;
    guint64 run;
    int i;

    g_assert_true(virLeaseSessionNameParse(TEST_SID, sid, &isMarker, &marker, &run));
    g_assert_false(isMarker);
    g_assert_cmpstr(sid, ==, TEST_SID);

    for (i = 0; i < VIR_LEASE_MARKER_LAST; i++) {
        g_autofree char *path = virLeaseMarkerPath(TEST_SID, i, 12);

        sid[0] = '\0';
        g_assert_true(virLeaseSessionNameParse(path + strlen("sessions/"), sid, &isMarker, &marker, &run));
        g_assert_true(isMarker);
        g_assert_cmpstr(sid, ==, TEST_SID);
        g_assert_cmpint(marker, ==, i);
        g_assert_cmpuint(run, ==, 12);
    }
}

static void
testSessionNameHasOneSpelling(void)
{
    static const char *const bad[] = {
        "", ".", "..", "fedc", TEST_SID "0", TEST_SID ".",
        TEST_SID ".stopped", TEST_SID ".stopped.", TEST_SID ".stopped.01",
        TEST_SID ".stopped.1.", TEST_SID ".stopped.1a", TEST_SID ".stoppedx.1",
        TEST_SID ".Stopped.1", TEST_SID "..1", TEST_SID ".revoked.1",
        TEST_SID ".stopped.-1", "FEDCBA9876543210FEDCBA9876543210",
    };
    char sid[VIR_LEASE_SID_LEN + 1] = "before";
    gboolean isMarker = 42;
    virLeaseMarker marker = VIR_LEASE_MARKER_LAST;
    guint64 run = 42;
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("'%s'", bad[i]);
        g_assert_false(virLeaseSessionNameParse(bad[i], sid, &isMarker, &marker, &run));
        g_assert_cmpstr(sid, ==, "before");
        g_assert_cmpint(isMarker, ==, 42);
        g_assert_cmpint(marker, ==, VIR_LEASE_MARKER_LAST);
        g_assert_cmpuint(run, ==, 42);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/lease/name/hash-is-the-begin-of-sha256", testHashIsTheBeginOfSHA256);
    g_test_add_func("/lease/name/shards-are-all-used", testShardsAreAllUsed);
    g_test_add_func("/lease/name/entries-come-back", testEntryNamesComeBack);
    g_test_add_func("/lease/name/entry-is-spelt-as-documented", testEntryNameIsSpeltAsDocumented);
    g_test_add_func("/lease/name/entry-has-one-spelling", testEntryNameHasOneSpelling);
    g_test_add_func("/lease/name/what-is-read-is-written-the-same", testWhatIsReadIsWrittenTheSame);
    g_test_add_func("/lease/name/paths", testPaths);
    g_test_add_func("/lease/name/sessions-come-back", testSessionNamesComeBack);
    g_test_add_func("/lease/name/session-has-one-spelling", testSessionNameHasOneSpelling);

    return g_test_run();
}
