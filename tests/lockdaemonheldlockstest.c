/*
 * lockdaemonheldlockstest.c: the list of the lock files that are held
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_heldlocks.h"
#include "virerror.h"

#define TEST_UUID "3e1cf3f2-40f5-4a6d-9f1a-0c2b7d9d5b11"

static virLockDaemonHeldLock
testLock(const char *name, gint64 pid)
{
    virLockDaemonHeldLock lock = {
        .path = (char *) "/locks", .name = (char *) name, .pid = pid, .start = 1000 + pid,
        .flags = 3, .uuid = (char *) TEST_UUID, .guest = (char *) "w\"eb\\ \xc3\xa4",
    };

    return lock;
}

static virLockDaemonHeldLocks *
testHeld(void)
{
    virLockDaemonHeldLocks *held = virLockDaemonHeldLocksNew();
    static const char *const names[] = { "a", "b", "a", "'c\n" };

    g_ptr_array_add(held->lockspaces, g_strdup("/locks"));
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        virLockDaemonHeldLock lock = testLock(names[i], 10 + (gint64) i / 2);

        g_assert_true(virLockDaemonHeldLocksAdd(held, &lock));
    }
    return held;
}

static void
testThereAndBack(void)
{
    g_autoptr(virLockDaemonHeldLocks) held = testHeld();
    g_autofree char *text = virLockDaemonHeldLocksFormat(held);
    g_autoptr(virLockDaemonHeldLocks) again = virLockDaemonHeldLocksParse(text);
    g_autofree char *twice = NULL;
    const virLockDaemonHeldLock *lock;

    g_test_message("%s", text);
    g_assert_nonnull(again);
    g_assert_cmpuint(again->lockspaces->len, ==, 1);
    g_assert_cmpuint(again->locks->len, ==, 4);
    lock = g_ptr_array_index(again->locks, 3);
    g_assert_cmpstr(lock->name, ==, "'c\n");
    g_assert_cmpstr(lock->guest, ==, "w\"eb\\ \xc3\xa4");
    g_assert_cmpint(lock->pid, ==, 11);
    g_assert_cmpuint(lock->start, ==, 1011);
    g_assert_cmpuint(lock->flags, ==, 3);
    twice = virLockDaemonHeldLocksFormat(again);
    g_assert_cmpstr(twice, ==, text);
}

static void
testRemove(void)
{
    g_autoptr(virLockDaemonHeldLocks) held = testHeld();
    virLockDaemonHeldLock mine = testLock("a", 10);
    virLockDaemonHeldLock older = testLock("a", 11);

    older.start--;
    virLockDaemonHeldLocksRemove(held, &mine);
    virLockDaemonHeldLocksRemove(held, &mine);      /* it held that once only */
    virLockDaemonHeldLocksRemove(held, &older);     /* another process with that pid */
    g_assert_cmpuint(held->locks->len, ==, 3);
    g_assert_cmpuint(virLockDaemonHeldLocksRemoveOwner(held, 11, 1010), ==, 0);
    g_assert_cmpuint(virLockDaemonHeldLocksRemoveOwner(held, 11, 1011), ==, 2);
    g_assert_cmpuint(held->locks->len, ==, 1);
}

static void
testFull(void)
{
    g_autoptr(virLockDaemonHeldLocks) held = virLockDaemonHeldLocksNew();
    virLockDaemonHeldLock lock = testLock("a", 10);

    for (int i = 0; i < VIR_LOCK_DAEMON_HELD_LOCKS_MAX; i++)
        g_assert_true(virLockDaemonHeldLocksAdd(held, &lock));
    g_assert_false(virLockDaemonHeldLocksAdd(held, &lock));
}

static void
testDamaged(void)
{
    static const char *const cases[] = {
        "", "(", "[]", "(['/a'], [])x", "(['/a'], [('/a', 'n')])", "([1], [])",
        "([], [('/a', '', 10, 1, 0, '" TEST_UUID "', 'web')])",
        "([], [('/a', 'n', 1, 1, 0, '" TEST_UUID "', 'web')])",
        "([], [('/a', 'n', -10, 1, 0, '" TEST_UUID "', 'web')])",
        "([], [('/a', 'n', 4294967296, 1, 0, '" TEST_UUID "', 'web')])",
        "([], [('/a', 'n', 10, 1, 0, 'uuid', 'web')])",
        "([], [('/a', 'n', 10, 1, 0, '" TEST_UUID "', '')])",
    };
    g_autofree char *deep = g_strnfill(100000, '(');

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(virLockDaemonHeldLocks) held = virLockDaemonHeldLocksParse(cases[i]);

        g_test_message("%s", cases[i]);
        g_assert_null(held);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INTERNAL_ERROR);
    }
    g_assert_null(virLockDaemonHeldLocksParse(deep));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/locking/held-locks/there-and-back", testThereAndBack);
    g_test_add_func("/locking/held-locks/remove", testRemove);
    g_test_add_func("/locking/held-locks/full", testFull);
    g_test_add_func("/locking/held-locks/damaged", testDamaged);
    return g_test_run();
}
