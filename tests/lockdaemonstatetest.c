/*
 * lockdaemonstatetest.c: what a daemon leaves to the one that comes after it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock_daemon_state.h"
#include "virerror.h"

#define BOOT "11111111-2222-3333-4444-555555555555"
#define OTHER_BOOT "99999999-2222-3333-4444-555555555555"
#define UUID "c7a5fdbd-edaf-9455-926a-d65c16db1809"

typedef struct _testDir testDir;
struct _testDir {
    char *path;
    virLockDaemonState *state;
    GPtrArray *found;
};

static void
testReopen(testDir *dir, const char *bootid)
{
    g_clear_pointer(&dir->found, g_ptr_array_unref);
    g_clear_pointer(&dir->state, virLockDaemonStateFree);
    dir->state = virLockDaemonStateNew(dir->path, bootid);
    g_assert_nonnull(dir->state);
    dir->found = virLockDaemonStateRead(dir->state);
    g_assert_nonnull(dir->found);
}

static void
testSetUp(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    dir->path = g_dir_make_tmp("lockdaemonstatetest-XXXXXX", NULL);
    testReopen(dir, BOOT);
}

static void
testRemoveTree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        testRemoveTree(child);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

static void
testTearDown(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    g_ptr_array_unref(dir->found);
    virLockDaemonStateFree(dir->state);
    testRemoveTree(dir->path);
    g_free(dir->path);
}

static void
testSaveOwner(testDir *dir, guint64 number, const char *text)
{
    virLockDaemonSavedOwner owner = {
        .number = number, .pid = 4000 + number, .start = G_GUINT64_CONSTANT(18446744073709551615),
        .uuid = (char *) UUID, .name = (char *) "w\"eb\n", .text = (char *) text,
    };

    g_assert_cmpint(virLockDaemonStateSaveOwner(dir->state, "default", &owner), ==, 0);
}

static char *
testPath(testDir *dir, const char *name)
{
    return g_build_filename(dir->path, "lockspaces", "default", name, NULL);
}

static char *
testOwnerPath(testDir *dir, guint64 number)
{
    g_autofree char *name = g_strdup_printf("owner.%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT ".18446744073709551615",
                                            number, 4000 + number);

    return testPath(dir, name);
}

static const virLockDaemonSavedLockspace *
testOnly(testDir *dir)
{
    g_assert_cmpuint(dir->found->len, ==, 1);
    return g_ptr_array_index(dir->found, 0);
}

static void
testRoundTrip(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    const virLockDaemonSavedLockspace *lockspace;
    const virLockDaemonSavedOwner *owner;
    g_autofree char *path = testOwnerPath(dir, 3);
    struct stat sb;

    g_assert_cmpuint(dir->found->len, ==, 0);
    g_assert_cmpint(virLockDaemonStateSaveSession(dir->state, "default", "dir:/d", "{\"a\":\"\\u0001\"}"), ==, 0);
    testSaveOwner(dir, 3, "old");
    testSaveOwner(dir, 3, "{new}\xc3\xa4");
    g_assert_cmpint(stat(path, &sb), ==, 0);
    g_assert_cmpuint(sb.st_mode & 07777, ==, 0600);

    testReopen(dir, BOOT);
    lockspace = testOnly(dir);
    g_assert_cmpstr(lockspace->name, ==, "default");
    g_assert_cmpstr(lockspace->url, ==, "dir:/d");
    g_assert_cmpstr(lockspace->session, ==, "{\"a\":\"\\u0001\"}");
    g_assert_cmpuint(lockspace->owners->len, ==, 1);
    owner = g_ptr_array_index(lockspace->owners, 0);
    g_assert_cmpuint(owner->number, ==, 3);
    g_assert_cmpint(owner->pid, ==, 4003);
    g_assert_cmpuint(owner->start, ==, G_GUINT64_CONSTANT(18446744073709551615));
    g_assert_cmpstr(owner->uuid, ==, UUID);
    g_assert_cmpstr(owner->name, ==, "w\"eb\n");
    g_assert_cmpstr(owner->text, ==, "{new}\xc3\xa4");
}

static void
testForget(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockDaemonSavedOwner owner = { .number = 3, .pid = 4003, .start = G_GUINT64_CONSTANT(18446744073709551615) };

    testSaveOwner(dir, 3, "x");
    g_assert_cmpint(virLockDaemonStateSaveSession(dir->state, "default", "dir:/d", "y"), ==, 0);
    virLockDaemonStateForgetOwner(dir->state, "default", &owner);
    virLockDaemonStateForgetOwner(dir->state, "default", &owner);
    virLockDaemonStateForgetSession(dir->state, "default");
    testReopen(dir, BOOT);
    g_assert_cmpuint(testOnly(dir)->owners->len, ==, 0);
    g_assert_null(testOnly(dir)->session);
}

static void
testOtherBoot(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *owner = testOwnerPath(dir, 3);
    g_autofree char *session = testPath(dir, "session");

    testSaveOwner(dir, 3, "x");
    g_assert_cmpint(virLockDaemonStateSaveSession(dir->state, "default", "dir:/d", "y"), ==, 0);
    testReopen(dir, OTHER_BOOT);
    g_assert_cmpuint(testOnly(dir)->owners->len, ==, 0);
    g_assert_null(testOnly(dir)->session);
    g_assert_false(g_file_test(owner, G_FILE_TEST_EXISTS));
    g_assert_false(g_file_test(session, G_FILE_TEST_EXISTS));
}

/* Of a file that is not as we wrote it nothing is used but its name. */
static void
testDamaged(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    static const char *const texts[] = {
        "", "{", "null", "[]", "\"x\"", "{}",
        "{\"version\":2,\"bootid\":\"" BOOT "\",\"uuid\":\"" UUID "\",\"name\":\"n\",\"engine\":\"e\"}",
        "{\"version\":\"1\",\"bootid\":\"" BOOT "\",\"uuid\":\"" UUID "\",\"name\":\"n\",\"engine\":\"e\"}",
        "{\"version\":1,\"bootid\":\"" BOOT "\",\"uuid\":\"nonsense\",\"name\":\"n\",\"engine\":\"e\"}",
        "{\"version\":1,\"bootid\":\"" BOOT "\",\"name\":\"n\",\"engine\":\"e\"}",
        "{\"version\":1,\"bootid\":\"" BOOT "\",\"uuid\":\"" UUID "\",\"name\":\"n\",\"engine\":{}}",
        "{\"version\":1,\"bootid\":[],\"uuid\":\"" UUID "\",\"name\":\"n\",\"engine\":\"e\"}",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *path = testOwnerPath(dir, 3);
        const virLockDaemonSavedOwner *owner;

        testSaveOwner(dir, 3, "x");
        g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
        testReopen(dir, BOOT);
        g_assert_cmpuint(testOnly(dir)->owners->len, ==, 1);
        owner = g_ptr_array_index(testOnly(dir)->owners, 0);
        g_assert_cmpuint(owner->number, ==, 3);
        g_assert_cmpint(owner->pid, ==, 4003);
        g_assert_null(owner->text);
        g_assert_null(owner->name);
    }
}

static void
testDamagedSession(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *path = testPath(dir, "session");

    g_assert_cmpint(virLockDaemonStateSaveSession(dir->state, "default", "dir:/d", "y"), ==, 0);
    g_assert_true(g_file_set_contents(path, "{\"version\":1}", -1, NULL));
    testReopen(dir, BOOT);
    g_assert_null(testOnly(dir)->session);
    g_assert_null(testOnly(dir)->url);
}

static void
testForeignFiles(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    static const char *const names[] = {
        "new.session", "owner.3", "owner.0.4.5", "owner.3.1.5", "owner.3.-4.5", "owner.03.4.5", "owner.3.4.5.6",
        "owner.99999999999999999999.4.5", "something",
    };
    g_autofree char *owner = testOwnerPath(dir, 3);
    g_autofree char *leftover = testPath(dir, "new.session");

    testSaveOwner(dir, 3, "x");
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = testPath(dir, names[i]);

        g_assert_true(g_file_set_contents(path, "{}", -1, NULL));
    }
    testReopen(dir, BOOT);
    g_assert_cmpuint(testOnly(dir)->owners->len, ==, 1);
    g_assert_false(g_file_test(leftover, G_FILE_TEST_EXISTS));

    /* Others must not be able to write what we believe, nor to point elsewhere. */
    g_assert_cmpint(g_chmod(owner, 0666), ==, 0);
    testReopen(dir, BOOT);
    g_assert_null(((virLockDaemonSavedOwner *) g_ptr_array_index(testOnly(dir)->owners, 0))->text);
    g_remove(owner);
    g_assert_cmpint(symlink("/dev/zero", owner), ==, 0);
    testReopen(dir, BOOT);
    g_assert_null(((virLockDaemonSavedOwner *) g_ptr_array_index(testOnly(dir)->owners, 0))->text);
}

static void
testNumbersAreNeverUsedAgain(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(dir->path, "next-owner", NULL);
    guint64 last = 0;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 100; i++) {
            guint64 number = virLockDaemonStateNextOwner(dir->state);

            g_assert_cmpuint(number, >, last);
            last = number;
        }
        testReopen(dir, BOOT);
    }
    testSaveOwner(dir, last + 5000, "x");
    g_assert_true(g_file_set_contents(path, "rubbish", -1, NULL));
    testReopen(dir, BOOT);
    g_assert_cmpuint(virLockDaemonStateNextOwner(dir->state), >, last + 5000);
}

static void
testOneAtATime(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *pid = g_strdup_printf("process %d", (int) getpid());

    g_assert_null(virLockDaemonStateNew(dir->path, BOOT));
    g_assert_nonnull(strstr(virGetLastErrorMessage(), pid));
    g_assert_nonnull(strstr(virGetLastErrorMessage(), dir->path));
}

static void
testOpenDirectoryIsRefused(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(dir->path, "open", NULL);

    g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
    g_assert_cmpint(g_chmod(path, 0777), ==, 0);
    g_assert_null(virLockDaemonStateNew(path, BOOT));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_DENIED);
}

/* What cannot be written leaves what was there. */
static void
testFailedSave(testDir *dir, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *large = g_strnfill(33 * 1024 * 1024, 'x');
    virLockDaemonSavedOwner owner = {
        .number = 3, .pid = 4003, .start = G_GUINT64_CONSTANT(18446744073709551615),
        .uuid = (char *) UUID, .name = (char *) "web", .text = large,
    };

    testSaveOwner(dir, 3, "x");
    g_assert_cmpint(virLockDaemonStateSaveOwner(dir->state, "default", &owner), ==, -1);
    testReopen(dir, BOOT);
    g_assert_cmpstr(((virLockDaemonSavedOwner *) g_ptr_array_index(testOnly(dir)->owners, 0))->text, ==, "x");
}

#define TEST_ADD(name, func) \
    g_test_add("/locking/daemon/state/" name, testDir, NULL, testSetUp, func, testTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    TEST_ADD("round-trip", testRoundTrip);
    TEST_ADD("forget", testForget);
    TEST_ADD("other-boot-is-removed", testOtherBoot);
    TEST_ADD("damaged-owner", testDamaged);
    TEST_ADD("damaged-session", testDamagedSession);
    TEST_ADD("foreign-files", testForeignFiles);
    TEST_ADD("numbers-are-never-used-again", testNumbersAreNeverUsedAgain);
    TEST_ADD("one-at-a-time", testOneAtATime);
    TEST_ADD("open-directory-is-refused", testOpenDirectoryIsRefused);
    TEST_ADD("failed-save-keeps-the-old", testFailedSave);
    return g_test_run();
}
