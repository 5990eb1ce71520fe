/*
 * virleasestorenfsscantest.c: tests what is made of a server's answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virleasestorenfs4attr.h"
#include "virleasestorenfsresult.h"
#include "virleasestorenfsscan.h"

static const char testVerifier[VIR_LEASE_NFS_VERIFIER_SIZE] = "verifie";
static const virLeaseNfsStamp testStamp = { TRUE, 1, 2, 3 };

typedef struct _testScan testScan;
struct _testScan {
    virLeaseReply *reply;
    virLeaseNfsScan *scan;
    gsize held;
};

static void
testScanInit(testScan *test)
{
    test->reply = virLeaseReplyNew(1, VIR_LEASE_STATUS_OK);
    test->scan = virLeaseNfsScanNew(test->reply, &test->held);
}

static void
testScanClear(testScan *test)
{
    virLeaseNfsScanFree(test->scan);
    g_assert_cmpuint(test->held, ==, 0);
    virLeaseReplyFree(test->reply);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(testScan, testScanClear)

/* A page with @name, unless that is NULL. */
static void
testScanPage(testScan *test, const char *name, gsize length, guint64 fileid,
             const virLeaseNfsStamp *stamp, gboolean eof)
{
    virLeaseAttr attr = { .fileid = fileid };

    virLeaseNfsScanBeginPage(test->scan, stamp, testVerifier);
    if (name)
        virLeaseNfsScanAdd(test->scan, name, length, fileid ? &attr : NULL, fileid + 1);
    virLeaseNfsScanEndPage(test->scan, stamp, eof);
}

static void
testPages(void)
{
    g_auto(testScan) test = { 0 };

    testScanInit(&test);
    testScanPage(&test, ".", 1, 1, &testStamp, FALSE);
    testScanPage(&test, "..", 2, 2, &testStamp, FALSE);
    testScanPage(&test, "a", 1, 7, &testStamp, FALSE);
    g_assert_cmpuint(virLeaseNfsScanGetCookie(test.scan), ==, 8);
    g_assert_cmpmem(virLeaseNfsScanGetVerifier(test.scan), 8, testVerifier, 8);
    g_assert_false(virLeaseNfsScanIsComplete(test.scan));
    testScanPage(&test, "b", 1, 9, &testStamp, TRUE);
    g_assert_true(virLeaseNfsScanIsComplete(test.scan));
    virLeaseNfsScanFinish(test.scan);
    g_assert_cmpint(test.reply->status, ==, VIR_LEASE_STATUS_OK);
    g_assert_cmpuint(test.reply->entries->len, ==, 2);
    g_assert_false(test.reply->moved);
}

/* Only with several pages does it matter that the directory changed. */
static void
testMoved(void)
{
    virLeaseNfsStamp other = testStamp;
    virLeaseNfsStamp unknown = { 0 };
    g_auto(testScan) one = { 0 };
    g_auto(testScan) two = { 0 };
    g_auto(testScan) three = { 0 };

    other.change++;
    testScanInit(&one);
    testScanPage(&one, "a", 1, 7, &unknown, TRUE);
    g_assert_false(one.reply->moved);

    testScanInit(&two);
    testScanPage(&two, "a", 1, 7, &testStamp, FALSE);
    testScanPage(&two, "b", 1, 8, &other, TRUE);
    g_assert_true(two.reply->moved);

    testScanInit(&three);
    testScanPage(&three, "a", 1, 7, &unknown, FALSE);
    testScanPage(&three, "b", 1, 8, &unknown, TRUE);
    g_assert_true(three.reply->moved);
}

static void
testHostileNames(void)
{
    g_autofree char *tooLong = g_strnfill(VIR_LEASE_STORE_NAME_MAX + 1, 'n');
    const struct {
        const char *name;
        gsize length;
    } names[] = { { "", 0 }, { "a/b", 3 }, { "/", 1 }, { "a\0b", 3 }, { tooLong, strlen(tooLong) } };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_auto(testScan) test = { 0 };

        testScanInit(&test);
        testScanPage(&test, names[i].name, names[i].length, 5, &testStamp, TRUE);
        virLeaseNfsScanFinish(test.scan);
        g_assert_cmpint(test.reply->status, ==, VIR_LEASE_STATUS_PROTOCOL);
        g_assert_null(test.reply->entries);
    }
}

static void
testDuplicates(void)
{
    g_auto(testScan) same = { 0 };
    g_auto(testScan) other = { 0 };

    testScanInit(&same);
    testScanPage(&same, "a", 1, 7, &testStamp, FALSE);
    testScanPage(&same, "a", 1, 7, &testStamp, TRUE);
    virLeaseNfsScanFinish(same.scan);
    g_assert_cmpuint(same.reply->entries->len, ==, 1);

    testScanInit(&other);
    testScanPage(&other, "a", 1, 7, &testStamp, FALSE);
    testScanPage(&other, "a", 1, 8, &testStamp, TRUE);
    virLeaseNfsScanFinish(other.scan);
    g_assert_cmpint(other.reply->status, ==, VIR_LEASE_STATUS_UNSTABLE);
}

/* A listing that does not end is given up. */
static void
testEndless(void)
{
    g_auto(testScan) empty = { 0 };
    g_auto(testScan) loop = { 0 };
    guint pages = 0;

    testScanInit(&empty);
    testScanPage(&empty, NULL, 0, 0, &testStamp, FALSE);
    g_assert_true(virLeaseNfsScanIsComplete(empty.scan));
    g_assert_cmpint(empty.reply->status, ==, VIR_LEASE_STATUS_UNSTABLE);

    testScanInit(&loop);
    while (!virLeaseNfsScanIsComplete(loop.scan)) {
        testScanPage(&loop, "a", 1, 7, &testStamp, FALSE);
        g_assert_cmpuint(++pages, <=, VIR_LEASE_NFS_PAGES_MAX + 1);
    }
    g_assert_cmpint(loop.reply->status, !=, VIR_LEASE_STATUS_OK);
}

/* All scans of a connection together hold so much at most. */
static void
testManyScans(void)
{
    g_autofree char *name = g_strnfill(VIR_LEASE_STORE_NAME_MAX, 'n');
    g_autoptr(GPtrArray) scans = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseNfsScanFree);
    g_autoptr(GPtrArray) replies = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseReplyFree);
    gsize held = 0;

    for (guint i = 0; i < 20; i++) {
        g_ptr_array_add(replies, virLeaseReplyNew(i, VIR_LEASE_STATUS_OK));
        g_ptr_array_add(scans, virLeaseNfsScanNew(g_ptr_array_index(replies, i), &held));
        virLeaseNfsScanBeginPage(g_ptr_array_index(scans, i), &testStamp, testVerifier);
        for (guint j = 0; j < VIR_LEASE_STORE_ENTRIES_MAX; j++) {
            g_snprintf(name, 9, "%08x", j);
            name[8] = 'n';
            virLeaseNfsScanAdd(g_ptr_array_index(scans, i), name, strlen(name), NULL, j);
        }
        g_assert_cmpuint(held, <=, VIR_LEASE_NFS_SCANS_MAX);
    }
    g_assert_cmpint(((virLeaseReply *) g_ptr_array_index(replies, 0))->status, ==, VIR_LEASE_STATUS_OK);
    g_assert_cmpint(((virLeaseReply *) g_ptr_array_index(replies, 19))->status, ==, VIR_LEASE_STATUS_PROTOCOL);
    g_ptr_array_set_size(scans, 0);
    g_assert_cmpuint(held, ==, 0);
}

/* What has no attributes is looked up; what is gone by then is left out. */
static void
testLookups(void)
{
    g_auto(testScan) test = { 0 };
    virLeaseAttr attr = { .fileid = 11 };
    const virLeaseDirEntry *entry;
    guint first;
    guint second;
    guint none;

    testScanInit(&test);
    testScanPage(&test, "a", 1, 0, &testStamp, FALSE);
    testScanPage(&test, "b", 1, 7, &testStamp, FALSE);
    testScanPage(&test, "c", 1, 0, &testStamp, TRUE);
    g_assert_cmpstr(virLeaseNfsScanNextLookup(test.scan, &first), ==, "a");
    g_assert_cmpstr(virLeaseNfsScanNextLookup(test.scan, &second), ==, "c");
    g_assert_null(virLeaseNfsScanNextLookup(test.scan, &none));
    virLeaseNfsScanLookedUp(test.scan, second, &attr);
    virLeaseNfsScanLookedUp(test.scan, first, NULL);
    virLeaseNfsScanFinish(test.scan);
    g_assert_cmpuint(test.reply->entries->len, ==, 2);
    entry = g_ptr_array_index(test.reply->entries, 1);
    g_assert_cmpstr(entry->name, ==, "c");
    g_assert_cmpuint(entry->attr.fileid, ==, 11);
}

static void
testTimes(void)
{
    gint64 time = 5;

    g_assert_cmpint(virLeaseNfsTime(1, 999999999, &time), ==, 0);
    g_assert_cmpint(time, ==, 1999999999);
    g_assert_cmpint(virLeaseNfsTime(1, 1000000000, &time), ==, -1);
    g_assert_cmpint(virLeaseNfsTime(G_MAXINT64, 0, &time), ==, -1);
    g_assert_cmpint(virLeaseNfsTime(G_MININT64, 0, &time), ==, -1);
    g_assert_cmpint(time, ==, 1999999999);
}

/* fileid 0x0102030405060708, ctime 1.000000002, mtime 3.000000004 */
static const char testAttrs[] =
    "\x00\x00\x00\x05" "\x01\x02\x03\x04\x05\x06\x07\x08"
    "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x02"
    "\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x04";

static void
testAttrGood(void)
{
    virLeaseNfs4Attr parsed;
    virLeaseAttr attr;

    g_assert_cmpint(virLeaseNfs4AttrParse(&parsed, virLeaseNfs4MaskNode.words, 2,
                                          testAttrs, sizeof(testAttrs) - 1), ==, 0);
    g_assert_true(virLeaseNfs4AttrGet(&parsed, &attr));
    g_assert_cmpint(virLeaseNfs4AttrGetKind(&parsed), ==, VIR_LEASE_NFS_KIND_LINK);
    g_assert_cmpuint(attr.fileid, ==, G_GUINT64_CONSTANT(0x0102030405060708));
    g_assert_cmpint(attr.ctime, ==, 1000000002);
    g_assert_cmpint(attr.mtime, ==, 3000000004);
}

/* Cut short anywhere, too long, or with attributes that were not asked for. */
static void
testAttrBad(void)
{
    const guint32 more[] = { virLeaseNfs4MaskNode.words[0], virLeaseNfs4MaskNode.words[1], 1 };
    const guint32 other[] = { virLeaseNfs4MaskNode.words[0] | 4, virLeaseNfs4MaskNode.words[1] };
    virLeaseNfs4Attr parsed;
    guint length;

    for (length = 0; length < sizeof(testAttrs) - 1; length++) {
        g_autofree char *copy = g_memdup2(testAttrs, length);

        g_assert_cmpint(virLeaseNfs4AttrParse(&parsed, virLeaseNfs4MaskNode.words, 2, copy, length), ==, -1);
    }
    g_assert_cmpint(virLeaseNfs4AttrParse(&parsed, virLeaseNfs4MaskNode.words, 2,
                                          testAttrs, sizeof(testAttrs)), ==, -1);
    g_assert_cmpint(virLeaseNfs4AttrParse(&parsed, more, 3, testAttrs, sizeof(testAttrs) - 1), ==, -1);
    g_assert_cmpint(virLeaseNfs4AttrParse(&parsed, other, 2, testAttrs, sizeof(testAttrs) - 1), ==, -1);
    g_assert_cmpint(virLeaseNfs4AttrParse(&parsed, NULL, 0, NULL, 0), ==, 0);
}

static void
testStatuses(void)
{
    static const struct {
        virLeaseOpType type;
        int nfsstat;
        virLeaseStatus status;
        gboolean stale;
    } cases[] = {
        { VIR_LEASE_OP_SYMLINK, 17, VIR_LEASE_STATUS_EXISTS, FALSE },
        { VIR_LEASE_OP_RMDIR, 17, VIR_LEASE_STATUS_NOTEMPTY, FALSE },
        { VIR_LEASE_OP_GETATTR, 2, VIR_LEASE_STATUS_NOENT, FALSE },
        { VIR_LEASE_OP_READDIR, 2, VIR_LEASE_STATUS_UNSTABLE, FALSE },
        { VIR_LEASE_OP_READDIR, 10003, VIR_LEASE_STATUS_UNSTABLE, FALSE },
        { VIR_LEASE_OP_READDIR, 10006, VIR_LEASE_STATUS_UNSTABLE, FALSE },
        { VIR_LEASE_OP_READDIR, 10008, VIR_LEASE_STATUS_DELAYED, FALSE },
        { VIR_LEASE_OP_READDIR, 10027, VIR_LEASE_STATUS_UNSTABLE, FALSE },
        { VIR_LEASE_OP_REMOVE, 10013, VIR_LEASE_STATUS_DELAYED, FALSE },
        { VIR_LEASE_OP_SYMLINK, 28, VIR_LEASE_STATUS_FULL, FALSE },
        { VIR_LEASE_OP_SYMLINK, 69, VIR_LEASE_STATUS_FULL, FALSE },
        { VIR_LEASE_OP_SYMLINK, 30, VIR_LEASE_STATUS_READONLY, FALSE },
        { VIR_LEASE_OP_SYMLINK, 13, VIR_LEASE_STATUS_ACCESS, FALSE },
        { VIR_LEASE_OP_SYMLINK, 5, VIR_LEASE_STATUS_FAILED, FALSE },
        { VIR_LEASE_OP_SYMLINK, 123456, VIR_LEASE_STATUS_FAILED, FALSE },
        { VIR_LEASE_OP_GETATTR, 70, VIR_LEASE_STATUS_FAILED, TRUE },
        { VIR_LEASE_OP_GETATTR, 10014, VIR_LEASE_STATUS_FAILED, TRUE },
    };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        virLeaseNfsResult result = { 0 };

        virLeaseNfsResultSetError(&result, cases[i].type, cases[i].nfsstat, "x");
        g_assert_cmpint(result.status, ==, cases[i].status);
        g_assert_cmpint(result.stale, ==, cases[i].stale);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lease/storenfsscan/pages", testPages);
    g_test_add_func("/lease/storenfsscan/moved", testMoved);
    g_test_add_func("/lease/storenfsscan/hostile-names", testHostileNames);
    g_test_add_func("/lease/storenfsscan/duplicates", testDuplicates);
    g_test_add_func("/lease/storenfsscan/endless", testEndless);
    g_test_add_func("/lease/storenfsscan/many-scans", testManyScans);
    g_test_add_func("/lease/storenfsscan/lookups", testLookups);
    g_test_add_func("/lease/storenfsscan/times", testTimes);
    g_test_add_func("/lease/storenfsscan/attributes-v4", testAttrGood);
    g_test_add_func("/lease/storenfsscan/malformed-attributes-v4", testAttrBad);
    g_test_add_func("/lease/storenfsscan/statuses", testStatuses);
    return g_test_run();
}
