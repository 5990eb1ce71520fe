/*
 * virleasestorecases.c: what every store must do alike
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorecases.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define TEST_TIMEOUT (20 * VIR_LEASE_SECOND)
#define TEST_MTIME 1234567890
#define TEST_ENTRIES 8000
#define TEST_PARALLEL 16

#define TEST_NAME_255 \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
G_STATIC_ASSERT(sizeof(TEST_NAME_255) == 256);

static void
testStoreReplied(virLeaseReply *reply, void *opaque)
{
    testStore *test = opaque;

    g_assert_false(g_hash_table_contains(test->replies, &reply->id));
    g_hash_table_insert(test->replies, &reply->id, reply);
}

testStore *
testStoreNew(const char *url)
{
    testStore *test = g_new0(testStore, 1);

    test->replies = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                          (GDestroyNotify) virLeaseReplyFree);
    test->store = virLeaseStoreNew(url, testStoreReplied, test);
    g_assert_nonnull(test->store);
    return test;
}

void
testStoreFree(testStore *test)
{
    virLeaseStoreFree(test->store);
    g_hash_table_unref(test->replies);
    g_free(test);
}

guint64
testStoreSubmit(testStore *test, virLeaseOpType type, const char *path,
                const char *target, virLeaseSpan timeout)
{
    virLeaseOp *op = virLeaseOpNew(++test->lastId, type, path, timeout);

    op->target = g_strdup(target);
    op->mtime = type == VIR_LEASE_OP_SETATTR ? TEST_MTIME : 0;
    virLeaseStoreSubmit(test->store, op);
    /* Never before virLeaseStoreSubmit() has returned. */
    g_assert_false(g_hash_table_contains(test->replies, &test->lastId));
    return test->lastId;
}

virLeaseReply *
testStoreWait(testStore *test, guint64 id)
{
    virLeaseReply *reply;

    while (!g_hash_table_contains(test->replies, &id))
        g_main_context_iteration(NULL, TRUE);
    reply = g_hash_table_lookup(test->replies, &id);
    g_hash_table_steal(test->replies, &id);
    return reply;
}

virLeaseReply *
testStoreRun(testStore *test, virLeaseOpType type, const char *path, const char *target)
{
    return testStoreWait(test, testStoreSubmit(test, type, path, target, TEST_TIMEOUT));
}

static void
testStoreCheck(const virLeaseReply *reply, virLeaseOpType type, const char *path, virLeaseStatus status)
{
    if (reply->status != status)
        g_error("%s '%s': status %d instead of %d (%s)", virLeaseOpTypeToString(type), path,
                reply->status, status, reply->detail ? reply->detail : "");
}

void
testStoreExpect(testStore *test, virLeaseOpType type, const char *path, virLeaseStatus status)
{
    const char *target = type == VIR_LEASE_OP_SYMLINK ? "host=a&guest=b%20c" : NULL;
    g_autoptr(virLeaseReply) reply = testStoreRun(test, type, path, target);

    testStoreCheck(reply, type, path, status);
    g_assert_true(status == VIR_LEASE_STATUS_OK || (!reply->target && !reply->entries && !reply->moved));
    g_assert_cmpint(status == VIR_LEASE_STATUS_OK && type == VIR_LEASE_OP_READDIR, ==, reply->entries != NULL);
    g_assert_cmpint(status == VIR_LEASE_STATUS_OK && type == VIR_LEASE_OP_READLINK, ==, reply->target != NULL);
    if (status == VIR_LEASE_STATUS_OK && type == VIR_LEASE_OP_SETATTR && reply->attr.fileid)
        g_assert_cmpint(reply->attr.mtime, ==, TEST_MTIME * VIR_LEASE_SECOND);
}

static const struct {
    virLeaseOpType type;
    const char *path;
    virLeaseStatus status;
} testSteps[] = {
    { VIR_LEASE_OP_GETATTR, "", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_READDIR, "", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_READLINK, "format", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_MKDIR, "", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_MKDIR, "", VIR_LEASE_STATUS_EXISTS },
    { VIR_LEASE_OP_GETATTR, "", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_READDIR, "", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_MKDIR, "locks", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_MKDIR, "locks", VIR_LEASE_STATUS_EXISTS },
    { VIR_LEASE_OP_MKDIR, "locks/00", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_MKDIR, "absent/00", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_MKDIR, "sessions", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_MKDIR, "sessions/s1", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_SYMLINK, "locks/00/e", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_SYMLINK, "locks/00/e", VIR_LEASE_STATUS_EXISTS },
    { VIR_LEASE_OP_SYMLINK, "locks/00", VIR_LEASE_STATUS_EXISTS },
    { VIR_LEASE_OP_SYMLINK, "locks/00/" TEST_NAME_255, VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_SYMLINK, "locks/01/e", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_MKDIR, "locks/00/e", VIR_LEASE_STATUS_EXISTS },
    { VIR_LEASE_OP_READLINK, "locks/00/e", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_READLINK, "locks/00/absent", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_READLINK, "locks/00", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_GETATTR, "locks/00/e", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_GETATTR, "sessions/s1", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_GETATTR, "locks/00/absent", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_SYMLINK, "locks/l", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_GETATTR, "locks/l/below", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_MKDIR, "locks/l/below", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_READDIR, "locks/00", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_READDIR, "locks/00/e", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_READDIR, "locks/01", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_SETATTR, "sessions/s1", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_SETATTR, "sessions/s2", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_SETATTR, "locks/00/e", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_REMOVE, "locks/00", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_REMOVE, "sessions/s1", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_RMDIR, "locks/00/e", VIR_LEASE_STATUS_WRONG_TYPE },
    { VIR_LEASE_OP_RMDIR, "locks/00", VIR_LEASE_STATUS_NOTEMPTY },
    { VIR_LEASE_OP_REMOVE, "locks/00/e", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_REMOVE, "locks/00/e", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_RMDIR, "sessions/s1", VIR_LEASE_STATUS_OK },
    { VIR_LEASE_OP_RMDIR, "sessions/s1", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_SETATTR, "sessions/s1", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_GETATTR, "sessions/s1", VIR_LEASE_STATUS_NOENT },
    { VIR_LEASE_OP_GETATTR, "locks/../format", VIR_LEASE_STATUS_FAILED },
    { VIR_LEASE_OP_GETATTR, "/format", VIR_LEASE_STATUS_FAILED },
    { VIR_LEASE_OP_RMDIR, "", VIR_LEASE_STATUS_FAILED },
    { VIR_LEASE_OP_MKDIR, "a/b/c/d", VIR_LEASE_STATUS_FAILED },
};

/* The longest target comes back as it was. */
static void
testStoreTargets(testStore *test)
{
    g_autofree char *longest = g_strnfill(VIR_LEASE_STORE_TARGET_MAX, 't');
    g_autofree char *tooLong = g_strnfill(VIR_LEASE_STORE_TARGET_MAX + 1, 't');
    g_autoptr(virLeaseReply) made = testStoreRun(test, VIR_LEASE_OP_SYMLINK, "format", longest);
    g_autoptr(virLeaseReply) refused = testStoreRun(test, VIR_LEASE_OP_SYMLINK, "format2", tooLong);
    g_autoptr(virLeaseReply) read = testStoreRun(test, VIR_LEASE_OP_READLINK, "format", NULL);

    g_assert_cmpint(made->status, ==, VIR_LEASE_STATUS_OK);
    g_assert_cmpint(refused->status, ==, VIR_LEASE_STATUS_FAILED);
    g_assert_cmpstr(read->target, ==, longest);
}

static const virLeaseAttr *
testStoreFindEntry(const virLeaseReply *reply, const char *name)
{
    const virLeaseAttr *found = NULL;
    guint i;

    for (i = 0; i < reply->entries->len; i++) {
        const virLeaseDirEntry *entry = g_ptr_array_index(reply->entries, i);

        g_assert_cmpstr(entry->name, !=, ".");
        g_assert_cmpstr(entry->name, !=, "..");
        if (g_str_equal(entry->name, name)) {
            g_assert_null(found);
            found = &entry->attr;
        }
    }
    g_assert_nonnull(found);
    return found;
}

static void
testStoreCheckAttr(const virLeaseAttr *attr, const struct stat *st)
{
    g_assert_cmpuint(attr->fileid, ==, st->st_ino);
    g_assert_cmpint(attr->ctime, ==, st->st_ctim.tv_sec * VIR_LEASE_SECOND + st->st_ctim.tv_nsec);
    g_assert_cmpint(attr->mtime, ==, st->st_mtim.tv_sec * VIR_LEASE_SECOND + st->st_mtim.tv_nsec);
}

/* Every way to see an entry shows the same, and the same as on this host. */
static void
testStoreIdentities(testStore *test, const char *local)
{
    g_autofree char *file = g_build_filename(local, "locks/00/" TEST_NAME_255, NULL);
    g_autoptr(virLeaseReply) attr = testStoreRun(test, VIR_LEASE_OP_GETATTR, "locks/00/" TEST_NAME_255, NULL);
    g_autoptr(virLeaseReply) list = testStoreRun(test, VIR_LEASE_OP_READDIR, "locks/00", NULL);
    struct stat st;

    g_assert_cmpint(lstat(file, &st), ==, 0);
    testStoreCheckAttr(&attr->attr, &st);
    testStoreCheckAttr(testStoreFindEntry(list, TEST_NAME_255), &st);
    g_assert_cmpuint(list->entries->len, ==, 1);
    g_assert_false(list->moved);
}

/* People may look into directories that the store makes. */
static void
testStoreModes(const char *local)
{
    g_autofree char *file = g_build_filename(local, "locks", NULL);
    struct stat st;

    g_assert_cmpint(stat(file, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 07777, ==, 0755);
}

/* A link that somebody planted leads nowhere. */
static void
testStorePlanted(testStore *test, const char *local)
{
    g_autofree char *file = g_build_filename(local, "locks/out", NULL);

    g_assert_cmpint(symlink("/", file), ==, 0);
    testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks/out/etc", VIR_LEASE_STATUS_WRONG_TYPE);
    testStoreExpect(test, VIR_LEASE_OP_READDIR, "locks/out", VIR_LEASE_STATUS_WRONG_TYPE);
    testStoreExpect(test, VIR_LEASE_OP_SETATTR, "locks/out", VIR_LEASE_STATUS_WRONG_TYPE);
    testStoreExpect(test, VIR_LEASE_OP_SYMLINK, "locks/out/x", VIR_LEASE_STATUS_WRONG_TYPE);
    testStoreExpect(test, VIR_LEASE_OP_REMOVE, "locks/out", VIR_LEASE_STATUS_OK);
}

void
testStoreCases(const char *url, const char *local)
{
    g_autoptr(testStore) test = testStoreNew(url);
    mode_t mask = umask(077);
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(testSteps); i++)
        testStoreExpect(test, testSteps[i].type, testSteps[i].path, testSteps[i].status);
    umask(mask);
    testStoreTargets(test);
    testStoreIdentities(test, local);
    testStoreModes(local);
    testStorePlanted(test, local);
}

void
testStoreParallel(const char *url)
{
    g_autoptr(testStore) test = testStoreNew(url);
    guint64 ids[TEST_PARALLEL];
    guint round;
    guint i;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < TEST_PARALLEL; i++) {
            g_autofree char *path = g_strdup_printf("locks/00/p%u", i);

            ids[i] = testStoreSubmit(test, round == 0 ? VIR_LEASE_OP_SYMLINK : VIR_LEASE_OP_REMOVE,
                                     path, round == 0 ? "x" : NULL, TEST_TIMEOUT);
        }
        for (i = 0; i < TEST_PARALLEL; i++) {
            g_autoptr(virLeaseReply) reply = testStoreWait(test, ids[i]);

            g_assert_cmpint(reply->status, ==, VIR_LEASE_STATUS_OK);
        }
        testStoreExpect(test, VIR_LEASE_OP_GETATTR, "locks/00/p0",
                        round == 0 ? VIR_LEASE_STATUS_OK : VIR_LEASE_STATUS_NOENT);
    }
}

void
testStoreManyEntries(const char *url, const char *local)
{
    g_autoptr(testStore) test = testStoreNew(url);
    g_autoptr(virLeaseReply) reply = NULL;
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *directory = g_build_filename(local, "many", NULL);
    guint i;

    g_assert_cmpint(g_mkdir(directory, 0755), ==, 0);
    for (i = 0; i < TEST_ENTRIES; i++) {
        g_autofree char *file = g_strdup_printf("%s/%0120u", directory, i);

        g_assert_cmpint(symlink("x", file), ==, 0);
    }
    reply = testStoreRun(test, VIR_LEASE_OP_READDIR, "many", NULL);
    testStoreCheck(reply, VIR_LEASE_OP_READDIR, "many", VIR_LEASE_STATUS_OK);
    g_assert_false(reply->moved);
    g_assert_cmpuint(reply->entries->len, ==, TEST_ENTRIES);
    for (i = 0; i < reply->entries->len; i++) {
        const virLeaseDirEntry *entry = g_ptr_array_index(reply->entries, i);

        g_assert_cmpuint(entry->attr.fileid, !=, 0);
        g_assert_cmpuint(strlen(entry->name), ==, 120);
        g_assert_true(g_hash_table_add(names, entry->name));
    }
}
