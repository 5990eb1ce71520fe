/*
 * virlockspacetest.c: locks stay as long as they are held, and not longer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testexpect.h"
#include "virerror.h"
#include "virjson.h"
#include "virlockspace.h"
#include "virlockspacebox.h"
#include "virlockspacefile.h"

/* Set in the program that this one becomes: where it finds its state. */
#define TEST_STATE "TEST_LOCKSPACE_STATE"
#define TEST_PROGRAM "/proc/self/exe"

#define TEST_RACERS 4
#define TEST_RACES 300
#define TEST_THREADS 8
#define TEST_ROUNDS 200
#define TEST_MANY 1000
#define TEST_TURNS 300

#define SHARED VIR_LOCK_SPACE_ACQUIRE_SHARED
#define CREATE VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE
#define AGAIN VIR_LOCK_SPACE_ACQUIRE_AGAIN

typedef struct _testSpace testSpace;
struct _testSpace {
    char *dir;
    virLockSpace *space;
};

static void
testSetUp(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *made = g_dir_make_tmp("virlockspace-XXXXXX", NULL);

    g_assert_nonnull(made);
    test->dir = g_canonicalize_filename(made, NULL);
    test->space = virLockSpaceNew(test->dir);
    g_assert_nonnull(test->space);
    virResetLastError();
}

static void
testTearDown(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(GDir) dir = g_dir_open(test->dir, 0, NULL);
    const char *name;

    virLockSpaceFree(test->space);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(test->dir, name, NULL);

        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(test->dir), ==, 0);
    g_free(test->dir);
}

static char *
testPath(const testSpace *test, const char *name)
{
    return g_build_filename(test->dir, name, NULL);
}

static char *
testFile(const testSpace *test, const char *name)
{
    char *path = testPath(test, name);

    g_assert_true(g_file_set_contents(path, "", -1, NULL));
    return path;
}

static gboolean
testExists(const testSpace *test, const char *name)
{
    g_autofree char *path = testPath(test, name);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void
testExpect(int code, const char *part)
{
    testExpectError(VIR_FROM_LOCKSPACE, code, part);
}

static int
testWaitFor(pid_t pid)
{
    int status;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int
testPlainLock(int fd)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

    return fcntl(fd, F_SETLK, &lock);
}

/* Whether another process finds @path unlocked. */
static gboolean
testIsFree(const char *path)
{
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        int fd = open(path, O_RDWR);

        _exit(fd < 0 ? 2 : testPlainLock(fd) == 0 ? 0 : 1);
    }
    return testWaitFor(pid) == 0;
}

static gboolean
testNameIsFree(const testSpace *test, const char *name)
{
    g_autofree char *path = testPath(test, name);

    return testIsFree(path);
}

static guint
testCountDescriptors(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

/* ---- a process beside this one ---- */

typedef struct _testOther testOther;
struct _testOther {
    pid_t pid;
    int go;
};

/* Acquires @name in a lockspace of its own, and holds it until told otherwise. */
static void
testOtherRun(const testSpace *test, const char *name, unsigned int flags, int ready, int go)
{
    g_autoptr(virLockSpace) space = virLockSpaceNew(test->dir);
    char c = 'x';

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (virLockSpaceAcquireResource(space, name, getpid(), flags) < 0 || write(ready, &c, 1) != 1)
        _exit(1);
    if (read(go, &c, 1) < 0)
        _exit(1);
}

static testOther
testOtherStart(const testSpace *test, const char *name, unsigned int flags)
{
    testOther other;
    int ready[2];
    int go[2];
    char c;

    g_assert_true(g_unix_open_pipe(ready, FD_CLOEXEC, NULL));
    g_assert_true(g_unix_open_pipe(go, FD_CLOEXEC, NULL));
    other.pid = fork();
    g_assert_cmpint(other.pid, >=, 0);
    if (other.pid == 0) {
        close(go[1]);
        testOtherRun(test, name, flags, ready[1], go[0]);
        _exit(0);
    }
    close(ready[1]);
    close(go[0]);
    other.go = go[1];
    g_assert_cmpint(read(ready[0], &c, 1), ==, 1);
    close(ready[0]);
    return other;
}

static void
testOtherStop(testOther *other)
{
    close(other->go);
    g_assert_cmpint(testWaitFor(other->pid), ==, 0);
}

/* ---- what fcntl() alone does ---- */

typedef int (*testOpenAndLock)(void *opaque, const char *path);

typedef struct _testThread testThread;
struct _testThread {
    testOpenAndLock func;
    void *opaque;
    const char *path;
};

/* A second user, who opens the file, finds that it has no use of it, and
 * closes it. */
static void *
testSecondUser(void *opaque)
{
    const testThread *thread = opaque;
    int fd = thread->func(thread->opaque, thread->path);

    if (fd >= 0)
        close(fd);
    return NULL;
}

/* Returns whether the first user still has its lock after the second one came. */
static gboolean
testFirstKeepsLock(testOpenAndLock func, void *opaque, const char *path)
{
    testThread thread = { .func = func, .opaque = opaque, .path = path };
    int fd = func(opaque, path);
    gboolean kept;

    g_assert_false(testIsFree(path));
    g_thread_join(g_thread_new("second", testSecondUser, &thread));
    kept = !testIsFree(path);
    if (fd >= 0)
        close(fd);
    return kept;
}

static int
testOpenAndLockPlainly(void *opaque G_GNUC_UNUSED, const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    g_assert_cmpint(testPlainLock(fd), ==, 0);
    return fd;
}

static int
testOpenAndLockInSpace(void *opaque, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    G_GNUC_UNUSED int result = virLockSpaceAcquireResource(opaque, name, getpid(), 0);

    return -1;
}

static int
testOpenAndLockInNewSpace(void *opaque, const char *path)
{
    virLockSpace *space = virLockSpaceNew(NULL);

    g_ptr_array_add(opaque, space);
    G_GNUC_UNUSED int result = virLockSpaceAcquireResource(space, path, getpid(), 0);
    return -1;
}

static void
testSecondUserDropsNoLock(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = testFile(test, "foo");
    g_autofree char *other = testFile(test, "bar");
    g_autoptr(GPtrArray) spaces = g_ptr_array_new_with_free_func((GDestroyNotify) virLockSpaceFree);

    /* This is why there is such a thing as a lockspace. */
    g_assert_false(testFirstKeepsLock(testOpenAndLockPlainly, NULL, path));

    g_assert_true(testFirstKeepsLock(testOpenAndLockInSpace, test->space, path));
    g_assert_true(testFirstKeepsLock(testOpenAndLockInNewSpace, spaces, other));
}

/* ---- who may have what ---- */

static int
testAcquire(testSpace *test, const char *name, pid_t owner, unsigned int flags)
{
    return virLockSpaceAcquireResource(test->space, name, owner, flags);
}

static void
testSecondOwnerIsRefusedAtOnce(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = testFile(test, "disk");

    g_assert_cmpint(testAcquire(test, "disk", 100, 0), ==, 0);
    g_assert_cmpint(testAcquire(test, "disk", 101, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "locked for process 100");
    g_assert_cmpint(testAcquire(test, "disk", 101, SHARED), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "'disk'");
    g_assert_cmpint(testAcquire(test, "disk", 100, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "locked for process 100");

    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 101), ==, -1);
    testExpect(VIR_ERR_OPERATION_INVALID, "not locked for process 101");
    g_assert_false(testIsFree(path));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, 0);
    g_assert_true(testIsFree(path));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, -1);
    testExpect(VIR_ERR_OPERATION_INVALID, "not locked for process 100");
    g_assert_cmpint(testAcquire(test, "disk", 101, 0), ==, 0);
    /* Nobody asked for it to be unlinked. */
    g_assert_true(testExists(test, "disk"));
}

static void
testSharedOwnersAreCounted(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = testFile(test, "disk");

    g_assert_cmpint(testAcquire(test, "disk", 100, SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "disk", 101, SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "disk", 101, SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "disk", 102, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "'disk'");

    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, 0);
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 101), ==, 0);
    g_assert_false(testIsFree(path));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 101), ==, 0);
    g_assert_true(testIsFree(path));
}

static void
testOwnerGivesUpAllAtOnce(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(testAcquire(test, "own", 100, CREATE), ==, 0);
    g_assert_cmpint(testAcquire(test, "twice", 100, CREATE | SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "twice", 100, CREATE | SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "both", 100, CREATE | SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "both", 101, CREATE | SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "other", 101, CREATE), ==, 0);

    g_assert_cmpint(virLockSpaceReleaseResourcesForOwner(test->space, 100), ==, 3);
    g_assert_cmpint(virLockSpaceReleaseResourcesForOwner(test->space, 100), ==, 0);
    g_assert_false(testExists(test, "own"));
    g_assert_false(testExists(test, "twice"));
    g_assert_false(testNameIsFree(test, "both"));
    g_assert_false(testNameIsFree(test, "other"));
    g_assert_cmpint(virLockSpaceReleaseResourcesForOwner(test->space, 101), ==, 2);
    g_assert_false(testExists(test, "both"));
}

static void
testOtherProcessIsInTheWay(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    testOther other = testOtherStart(test, "disk", CREATE);
    const char *who = "another process of this host";
    gint64 start = g_get_monotonic_time();

    g_assert_cmpint(testAcquire(test, "disk", 100, CREATE), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, who);
    g_assert_cmpint(testAcquire(test, "disk", 100, SHARED), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, who);
    g_assert_cmpint(virLockSpaceDeleteResource(test->space, "disk"), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, who);
    /* The other one would hold it for ever. */
    g_assert_cmpint(g_get_monotonic_time() - start, <, 30 * G_USEC_PER_SEC);

    testOtherStop(&other);
    g_assert_cmpint(testAcquire(test, "disk", 100, CREATE), ==, 0);
}

static void
testSharedAcrossProcesses(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    testOther other = testOtherStart(test, "disk", CREATE | SHARED);

    g_assert_cmpint(testAcquire(test, "disk", 100, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "process");
    g_assert_cmpint(testAcquire(test, "disk", 100, CREATE | SHARED), ==, 0);
    /* The other one is not the last, so the file stays for us. */
    testOtherStop(&other);
    g_assert_true(testExists(test, "disk"));
    g_assert_false(testNameIsFree(test, "disk"));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, 0);
    g_assert_false(testExists(test, "disk"));
}

static void
testSharedFileMayBeReadOnly(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = testFile(test, "disk");
    pid_t pid;

    g_assert_cmpint(chmod(path, 0444), ==, 0);
    g_assert_cmpint(chmod(test->dir, 0755), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        g_autoptr(virLockSpace) space = virLockSpaceNew(NULL);

        /* root may write to everything */
        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(2);
        _exit(virLockSpaceAcquireResource(space, path, 100, 0) == -1 &&
              virLockSpaceAcquireResource(space, path, 100, SHARED) == 0 ? 0 : 1);
    }
    g_assert_cmpint(testWaitFor(pid), ==, 0);
}

/* ---- files that are not what they were ---- */

/* Each turn: lock, be alone, release and thereby unlink. */
static int
testRace(const testSpace *test)
{
    g_autoptr(virLockSpace) space = virLockSpaceNew(test->dir);
    g_autofree char *inside = testPath(test, "inside");
    int done = 0;

    while (done < TEST_RACES) {
        if (virLockSpaceAcquireResource(space, "disk", getpid(), CREATE) < 0) {
            if (virGetLastErrorCode() != VIR_ERR_RESOURCE_BUSY)
                return 1;
            continue;
        }
        if (g_mkdir(inside, 0700) < 0 || g_rmdir(inside) < 0)
            return 2;
        if (virLockSpaceReleaseResource(space, "disk", getpid()) < 0)
            return 3;
        done++;
    }
    return 0;
}

static void
testUnlinkingRacersExcludeEachOther(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    pid_t pids[TEST_RACERS];
    size_t i;

    for (i = 0; i < TEST_RACERS; i++) {
        pids[i] = fork();
        g_assert_cmpint(pids[i], >=, 0);
        if (pids[i] == 0)
            _exit(testRace(test));
    }
    for (i = 0; i < TEST_RACERS; i++)
        g_assert_cmpint(testWaitFor(pids[i]), ==, 0);
    g_assert_false(testExists(test, "disk"));
}

static void
testReplacedFileIsNoticed(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *path = NULL;
    testOther other;

    g_assert_cmpint(testAcquire(test, "disk", 100, CREATE | SHARED), ==, 0);
    path = testPath(test, "disk");
    g_assert_cmpint(g_unlink(path), ==, 0);
    other = testOtherStart(test, "disk", CREATE);

    /* Locked by another one, as the file is a new one. */
    g_assert_cmpint(testAcquire(test, "disk", 101, CREATE | SHARED), ==, -1);
    testExpect(VIR_ERR_OPERATION_FAILED, "deleted or replaced while process 100 holds it");
    /* The new file is not ours to unlink. */
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, 0);
    g_assert_false(testIsFree(path));
    g_assert_cmpint(testAcquire(test, "disk", 101, CREATE | SHARED), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "process");
    testOtherStop(&other);
    g_assert_cmpint(testAcquire(test, "disk", 101, CREATE), ==, 0);
}

static void
testPlantedSymlinkIsRefused(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *victim = testFile(test, "victim");
    g_autofree char *link = testPath(test, "link");
    g_autofree char *nowhere = testPath(test, "nowhere");
    g_autofree char *dangling = testPath(test, "dangling");

    g_assert_cmpint(symlink(victim, link), ==, 0);
    g_assert_cmpint(symlink(nowhere, dangling), ==, 0);

    g_assert_cmpint(testAcquire(test, "link", 100, CREATE), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "neither a file");
    g_assert_cmpint(virLockSpaceDeleteResource(test->space, "link"), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "neither a file");
    g_assert_cmpint(virLockSpaceCreateResource(test->space, "link"), ==, -1);
    testExpect(VIR_ERR_SYSTEM_ERROR, "'link'");
    g_assert_true(testIsFree(victim));

    g_assert_cmpint(testAcquire(test, "dangling", 100, CREATE), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "neither a file");
    g_assert_cmpint(virLockSpaceCreateResource(test->space, "dangling"), ==, -1);
    testExpect(VIR_ERR_SYSTEM_ERROR, "'dangling'");
    g_assert_false(testExists(test, "nowhere"));
}

/* Also none that opening would block on, or change. */
static void
testSpecialFilesAreRefused(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockSpace) space = virLockSpaceNew(NULL);
    g_autofree char *fifo = testPath(test, "fifo");
    g_autofree char *dir = testPath(test, "dir");
    g_autofree char *nowhere = testPath(test, "nowhere");
    g_autofree char *dangling = testPath(test, "dangling");

    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(g_mkdir(dir, 0700), ==, 0);
    g_assert_cmpint(symlink(nowhere, dangling), ==, 0);

    g_assert_cmpint(testAcquire(test, "fifo", 100, SHARED), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "'fifo'");
    g_assert_cmpint(virLockSpaceAcquireResource(space, dir, 100, SHARED), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "neither a file");
    g_assert_cmpint(virLockSpaceAcquireResource(space, "/dev/null", 100, SHARED), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "'/dev/null'");
    g_assert_cmpint(virLockSpaceAcquireResource(space, dangling, 100, CREATE), ==, -1);
    testExpect(VIR_ERR_OPERATION_FAILED, "symlink to nowhere");
    g_assert_cmpint(testAcquire(test, "missing", 100, 0), ==, -1);
    testExpect(VIR_ERR_SYSTEM_ERROR, "'missing'");
}

/* ---- names ---- */

static void
testTwoNamesOfOneFile(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockSpace) space = virLockSpaceNew(NULL);
    g_autofree char *path = testFile(test, "disk");
    g_autofree char *soft = testPath(test, "soft");
    g_autofree char *hard = testPath(test, "hard");

    g_assert_cmpint(symlink(path, soft), ==, 0);
    g_assert_cmpint(link(path, hard), ==, 0);
    g_assert_cmpint(virLockSpaceAcquireResource(space, path, 100, 0), ==, 0);
    g_assert_cmpint(virLockSpaceAcquireResource(space, soft, 101, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "by another name");
    g_assert_cmpint(virLockSpaceAcquireResource(space, hard, 101, SHARED), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "by another name");
    g_assert_cmpint(testAcquire(test, "disk", 101, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "by another name");
    g_assert_false(testIsFree(path));
    g_assert_cmpint(virLockSpaceReleaseResource(space, path, 100), ==, 0);

    g_assert_cmpint(virLockSpaceAcquireResource(space, path, 100, SHARED), ==, 0);
    g_assert_cmpint(virLockSpaceAcquireResource(space, hard, 101, SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "disk", 102, SHARED), ==, 0);
    g_assert_cmpint(virLockSpaceReleaseResource(space, path, 100), ==, 0);
    g_assert_cmpint(virLockSpaceReleaseResource(space, hard, 101), ==, 0);
    g_assert_false(testIsFree(path));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 102), ==, 0);
    g_assert_true(testIsFree(path));
}

static void
testImagesStay(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(virLockSpace) space = virLockSpaceNew(NULL);
    g_autofree char *path = testFile(test, "image");
    g_autofree char *full = testPath(test, "full");

    g_assert_null(virLockSpaceGetDirectory(space));
    g_assert_cmpint(virLockSpaceAcquireResource(space, path, 100, CREATE), ==, 0);
    g_assert_cmpint(virLockSpaceReleaseResource(space, path, 100), ==, 0);
    g_assert_true(testExists(test, "image"));

    g_assert_true(g_file_set_contents(full, "data", -1, NULL));
    g_assert_cmpint(virLockSpaceDeleteResource(space, full), ==, -1);
    testExpect(VIR_ERR_OPERATION_INVALID, "not empty");
    g_assert_cmpint(virLockSpaceDeleteResource(test->space, "full"), ==, -1);
    testExpect(VIR_ERR_OPERATION_INVALID, "not empty");
    g_assert_cmpint(testAcquire(test, "full", 100, CREATE), ==, 0);
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "full", 100), ==, 0);
    g_assert_true(testExists(test, "full"));
}

static void
testNamesAreChecked(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *longest = g_strnfill(NAME_MAX, 'n');
    g_autofree char *longer = g_strnfill(NAME_MAX + 1, 'n');
    g_autofree char *path = g_strconcat("/", longer, NULL);
    g_autofree char *deep = g_strnfill(PATH_MAX, '/');
    const char *const names[] = { "", ".", "..", "a/b", "../a", "/etc/passwd", "\xff", longer };
    const char *const paths[] = { "", "a", "./a", "\xff", "/\xff", deep };
    g_autoptr(virLockSpace) space = virLockSpaceNew(NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_assert_cmpint(testAcquire(test, names[i], 100, CREATE), ==, -1);
        testExpect(VIR_ERR_INVALID_ARG, "no name of a resource");
        g_assert_cmpint(virLockSpaceCreateResource(test->space, names[i]), ==, -1);
        testExpect(VIR_ERR_INVALID_ARG, test->dir);
        g_assert_cmpint(virLockSpaceDeleteResource(test->space, names[i]), ==, -1);
        testExpect(VIR_ERR_INVALID_ARG, "file name");
    }
    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_assert_cmpint(virLockSpaceAcquireResource(space, paths[i], 100, CREATE), ==, -1);
        testExpect(VIR_ERR_INVALID_ARG, "absolute path");
    }
    g_assert_cmpint(testAcquire(test, longest, 100, CREATE), ==, 0);
    g_assert_cmpint(virLockSpaceAcquireResource(space, path, 100, CREATE), ==, -1);
    testExpect(VIR_ERR_SYSTEM_ERROR, "cannot be opened");

    g_assert_cmpint(testAcquire(test, "a", 0, CREATE), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "process 0");
    g_assert_cmpint(testAcquire(test, "a", 100, 8), ==, -1);
    testExpect(VIR_ERR_INVALID_ARG, "flags 0x8");
    g_assert_false(testExists(test, "a"));
}

static void
testDirectoryIsMade(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *dir = testPath(test, "made");
    g_autofree char *file = testFile(test, "file");
    g_autoptr(virLockSpace) space = virLockSpaceNew(dir);
    struct stat st;

    g_assert_cmpstr(virLockSpaceGetDirectory(space), ==, dir);
    g_assert_cmpint(stat(dir, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 07777, ==, 0700);

    g_assert_null(virLockSpaceNew(file));
    testExpect(VIR_ERR_SYSTEM_ERROR, file);
    g_assert_null(virLockSpaceNew("relative"));
    testExpect(VIR_ERR_INVALID_ARG, "'relative'");
}

static void
testResourcesAreCreatedAndDeleted(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(virLockSpaceCreateResource(test->space, "disk"), ==, 0);
    g_assert_cmpint(virLockSpaceCreateResource(test->space, "disk"), ==, 0);
    g_assert_cmpint(testAcquire(test, "disk", 100, 0), ==, 0);
    /* Neither may open the file now. */
    g_assert_cmpint(virLockSpaceCreateResource(test->space, "disk"), ==, 0);
    g_assert_cmpint(virLockSpaceDeleteResource(test->space, "disk"), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "process 100");
    g_assert_false(testNameIsFree(test, "disk"));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, 0);
    g_assert_cmpint(virLockSpaceDeleteResource(test->space, "disk"), ==, 0);
    g_assert_cmpint(virLockSpaceDeleteResource(test->space, "disk"), ==, 0);
    g_assert_false(testExists(test, "disk"));
}

/* ---- many ---- */

static void
testThousandResources(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    guint before = testCountDescriptors();
    int i;

    for (i = 0; i < TEST_MANY; i++) {
        g_autofree char *name = g_strdup_printf("disk-%d", i);

        if (testAcquire(test, name, 100, CREATE) < 0) {
            /* A small RLIMIT_NOFILE has to be said to be one. */
            testExpect(VIR_ERR_SYSTEM_ERROR, g_strerror(EMFILE));
            break;
        }
    }
    g_assert_cmpint(i, >, 900);
    g_assert_cmpuint(testCountDescriptors(), >=, before + (guint) i);
    g_assert_cmpint(virLockSpaceReleaseResourcesForOwner(test->space, 100), ==, i);
    g_assert_cmpuint(testCountDescriptors(), ==, before);
    g_assert_false(testExists(test, "disk-0"));
}

static void *
testThreadRun(void *opaque)
{
    testSpace *test = opaque;
    pid_t owner = 1000 + g_random_int_range(0, 1000000);
    int i;

    for (i = 0; i < TEST_ROUNDS; i++) {
        g_autofree char *name = g_strdup_printf("disk-%d", i % 3);
        unsigned int flags = i % 4 ? CREATE | SHARED : CREATE;

        if (testAcquire(test, "keep", owner, CREATE) == 0)
            return (void *) "the lock of another one";
        if (testAcquire(test, name, owner, flags) < 0) {
            if (virGetLastErrorCode() != VIR_ERR_RESOURCE_BUSY)
                return (void *) "an error that is none";
        } else if (virLockSpaceReleaseResource(test->space, name, owner) < 0) {
            return (void *) "a lock that went";
        }
    }
    return NULL;
}

static void
testThreadsKeepEachOthersLocks(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    guint before = testCountDescriptors();
    GThread *threads[TEST_THREADS];
    size_t i;

    g_assert_cmpint(testAcquire(test, "keep", 1, CREATE), ==, 0);
    for (i = 0; i < TEST_THREADS; i++)
        threads[i] = g_thread_new("user", testThreadRun, test);
    for (i = 0; i < TEST_THREADS; i++)
        g_assert_cmpstr(g_thread_join(threads[i]), ==, NULL);
    g_assert_false(testNameIsFree(test, "keep"));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "keep", 1), ==, 0);
    g_assert_cmpuint(testCountDescriptors(), ==, before);
}

/* ---- across an exec ---- */

static char *
testFormat(JsonObject *object)
{
    JsonNode *node = json_node_init_object(json_node_alloc(), object);
    char *text = json_to_string(node, FALSE);

    json_node_unref(node);
    return text;
}

static virLockSpace *
testParse(const char *text)
{
    g_autoptr(JsonParser) parser = json_parser_new();

    g_assert_true(virJSONIsPlain(text));
    g_assert_true(json_parser_load_from_data(parser, text, -1, NULL));
    return virLockSpaceNewPostExecRestart(json_node_get_object(json_parser_get_root(parser)));
}

/* What the second program does; its standard input ends when it is to go on.
 * Returns 0, or the number of what is wrong. */
static int
testAfterExec(const char *state)
{
    g_autoptr(virLockSpace) space = testParse(state);
    JsonObject *again;
    char c = 'x';

    if (!space || !virLockSpaceGetDirectory(space))
        return 1;
    if (virLockSpaceAcquireResource(space, "own", 101, CREATE) == 0 ||
        virGetLastErrorCode() != VIR_ERR_RESOURCE_BUSY)
        return 2;
    if (virLockSpaceAcquireResource(space, "shared", 102, SHARED) < 0)
        return 3;
    if (write(STDOUT_FILENO, &c, 1) != 1 || read(STDIN_FILENO, &c, 1) < 0)
        return 4;
    if (virLockSpaceReleaseResourcesForOwner(space, 100) != 2 ||
        virLockSpaceReleaseResource(space, "shared", 101) < 0 ||
        virLockSpaceReleaseResource(space, "shared", 102) < 0)
        return 5;
    /* All is released: what an exec would pass on now is nothing. */
    again = virLockSpacePreExecRestart(space);
    if (!again || json_array_get_length(json_object_get_array_member(again, "resources")) != 0)
        return 6;
    json_object_unref(again);
    return 0;
}

static void
testBeforeExec(const testSpace *test)
{
    virLockSpace *space = virLockSpaceNew(test->dir);
    char program[] = TEST_PROGRAM;
    char *argv[] = { program, NULL };
    g_autofree char *state = NULL;
    JsonObject *object;
    char **env;

    if (virLockSpaceAcquireResource(space, "own", 100, CREATE) < 0 ||
        virLockSpaceAcquireResource(space, "shared", 100, CREATE | SHARED) < 0 ||
        virLockSpaceAcquireResource(space, "shared", 101, CREATE | SHARED) < 0 ||
        !(object = virLockSpacePreExecRestart(space)))
        _exit(11);
    state = testFormat(object);
    /* Not by g_setenv(): it warns on standard output when there were threads. */
    env = g_environ_setenv(g_get_environ(), TEST_STATE, state, TRUE);
    execve(TEST_PROGRAM, argv, env);
    _exit(12);
}

static void
testLocksOutliveExec(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *own = testFile(test, "own");
    g_autofree char *shared = testFile(test, "shared");
    int in[2];
    int out[2];
    pid_t pid;
    char c;

    g_assert_true(g_unix_open_pipe(in, FD_CLOEXEC, NULL));
    g_assert_true(g_unix_open_pipe(out, FD_CLOEXEC, NULL));
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        testBeforeExec(test);
    }
    close(in[0]);
    close(out[1]);
    g_assert_cmpint(read(out[0], &c, 1), ==, 1);
    g_assert_false(testIsFree(own));
    g_assert_false(testIsFree(shared));
    g_assert_cmpint(testAcquire(test, "own", 100, 0), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "process");
    close(in[1]);
    g_assert_cmpint(testWaitFor(pid), ==, 0);
    close(out[0]);
    /* They came with AUTOCREATE. */
    g_assert_false(testExists(test, "own"));
    g_assert_false(testExists(test, "shared"));
}

static void
testStateIsChecked(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    static const char *const states[] = {
        "{}",
        "{\"resources\":{}}",
        "{\"resources\":[1]}",
        "{\"directory\":1,\"resources\":[]}",
        "{\"resources\":[{}]}",
        "{\"resources\":[{\"name\":1,\"fd\":9,\"flags\":0,\"owners\":[1]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":2,\"flags\":0,\"owners\":[1]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":-1,\"flags\":0,\"owners\":[1]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":4294967305,\"flags\":0,\"owners\":[1]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":9,\"flags\":4,\"owners\":[1]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":9,\"flags\":0,\"owners\":[]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":9,\"flags\":0,\"owners\":[1,2]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":9,\"flags\":0,\"owners\":[0]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":9,\"flags\":0,\"owners\":[\"1\"]}]}",
        "{\"resources\":[{\"name\":\"/a\",\"fd\":9,\"flags\":0}]}",
    };
    g_autofree char *path = testFile(test, "disk");
    g_autofree char *name = NULL;
    g_autofree char *text = NULL;
    size_t i;
    int fd;

    for (i = 0; i < G_N_ELEMENTS(states); i++) {
        g_test_message("%s", states[i]);
        g_assert_null(testParse(states[i]));
        testExpect(VIR_ERR_INTERNAL_ERROR, "damaged");
    }
    g_assert_null(testParse("{\"directory\":\"relative\",\"resources\":[]}"));
    testExpect(VIR_ERR_INVALID_ARG, "'relative'");
    g_assert_null(testParse("{\"resources\":[{\"name\":\"a\",\"fd\":9,\"flags\":0,\"owners\":[1]}]}"));
    testExpect(VIR_ERR_INVALID_ARG, "absolute path");
    g_assert_null(testParse("{\"resources\":[{\"name\":\"/a\",\"fd\":99999,\"flags\":0,\"owners\":[1]}]}"));
    testExpect(VIR_ERR_SYSTEM_ERROR, "not handed over");

    /* One file cannot be locked alone by two. */
    fd = open(path, O_RDWR | O_CLOEXEC);
    text = g_strdup_printf("{\"resources\":[{\"name\":\"/a\",\"fd\":%d,\"flags\":0,\"owners\":[1]},"
                           "{\"name\":\"/b\",\"fd\":%d,\"flags\":0,\"owners\":[1]}]}", fd, fd);
    g_assert_null(testParse(text));
    testExpect(VIR_ERR_INTERNAL_ERROR, "twice");
    g_assert_true(testIsFree(path));
}

/* A file that was opened by somebody who never had its lock. */
static void
testStateOfAnotherProcessIsRefused(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    testOther other = testOtherStart(test, "disk", CREATE);
    g_autofree char *path = testPath(test, "disk");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    g_autofree char *text = g_strdup_printf("{\"resources\":[{\"name\":\"%s\",\"fd\":%d,\"flags\":0,\"owners\":[1]}]}",
                                            path, fd);

    g_assert_null(testParse(text));
    testExpect(VIR_ERR_RESOURCE_BUSY, "process");
    close(fd);
    testOtherStop(&other);
}

/* An exec that fails leaves all as it was. */
static void
testSpaceWorksOnAfterFailedExec(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(JsonObject) object = NULL;

    g_assert_cmpint(testAcquire(test, "disk", 100, CREATE), ==, 0);
    object = virLockSpacePreExecRestart(test->space);
    g_assert_nonnull(object);
    g_assert_cmpstr(json_object_get_string_member(object, "directory"), ==, test->dir);
    g_assert_false(testNameIsFree(test, "disk"));
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, 0);
    g_assert_false(testExists(test, "disk"));
}

/* ---- locks that outlive their process ---- */

/* Locks both, puts them into the box and is killed. */
static void
testLeave(const testSpace *test, const int *box)
{
    pid_t pid = fork();
    int status;

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        virLockSpace *space = NULL;

        virLockSpaceFileUseBox(box);
        if (!(space = virLockSpaceNew(test->dir)) ||
            virLockSpaceAcquireResource(space, "disk", 100, CREATE) < 0 ||
            virLockSpaceAcquireResource(space, "shared", 100, CREATE | SHARED) < 0 ||
            virLockSpaceAcquireResource(space, "gone", 100, CREATE) < 0 ||
            virLockSpaceReleaseResource(space, "gone", 100) < 0 ||
            virLockSpaceAcquireResource(space, "lost", 100, CREATE) < 0)
            _exit(1);
        kill(getpid(), SIGKILL);
        _exit(2);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFSIGNALED(status));
}

static void
testBoxClose(const int *box)
{
    virLockSpaceFileUseBox(NULL);
    close(box[0]);
    close(box[1]);
}

/* Who has the box open holds what is in it; who is next takes it up. */
static void
testBoxKeepsLocks(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    int box[2];

    g_assert_cmpint(virLockSpaceBoxMake(box), ==, 0);
    testLeave(test, box);
    g_assert_false(testNameIsFree(test, "disk"));
    g_assert_false(testNameIsFree(test, "shared"));
    g_assert_false(testNameIsFree(test, "lost"));

    virLockSpaceFileUseBox(box);
    g_assert_false(testNameIsFree(test, "disk"));
    /* It is for who had it, and nobody else. */
    g_assert_cmpint(testAcquire(test, "disk", 101, CREATE), ==, -1);
    testExpect(VIR_ERR_RESOURCE_BUSY, "before this one");
    g_assert_cmpint(testAcquire(test, "disk", 100, CREATE | AGAIN), ==, 0);
    g_assert_cmpint(testAcquire(test, "shared", 100, CREATE | SHARED | AGAIN), ==, 0);
    g_assert_cmpint(testAcquire(test, "shared", 101, CREATE | SHARED), ==, 0);
    g_assert_cmpint(testAcquire(test, "never", 100, CREATE | AGAIN), ==, 0);
    virLockSpaceFileDropLeft();
    g_assert_true(testNameIsFree(test, "lost"));
    g_assert_false(testNameIsFree(test, "disk"));

    /* What is released is free, though it lies in the box still. */
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "shared", 100), ==, 0);
    g_assert_false(testNameIsFree(test, "shared"));
    g_assert_cmpint(virLockSpaceReleaseResourcesForOwner(test->space, 101), ==, 1);
    g_assert_false(testExists(test, "shared"));
    g_assert_cmpint(virLockSpaceReleaseResourcesForOwner(test->space, 100), ==, 2);
    g_assert_cmpint(testAcquire(test, "disk", 101, CREATE), ==, 0);
    g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 101), ==, 0);
    testBoxClose(box);
}

/* Without it, and with nobody who has it open, locks end with their process. */
static void
testClosedBoxKeepsNothing(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    int box[2];

    g_assert_cmpint(virLockSpaceBoxMake(box), ==, 0);
    testLeave(test, box);
    g_assert_false(testNameIsFree(test, "disk"));
    testBoxClose(box);
    g_assert_true(testNameIsFree(test, "disk"));
    g_assert_true(testNameIsFree(test, "shared"));
}

/* It does not fill up with what was released. */
static void
testBoxIsClearedUp(testSpace *test, const void *opaque G_GNUC_UNUSED)
{
    virLockSpaceBoxItem item;
    int box[2];
    int count = 0;
    int i;

    g_assert_cmpint(virLockSpaceBoxMake(box), ==, 0);
    virLockSpaceFileUseBox(box);
    g_assert_cmpint(testAcquire(test, "kept", 100, CREATE), ==, 0);
    for (i = 0; i < TEST_TURNS; i++) {
        g_assert_cmpint(testAcquire(test, "disk", 100, CREATE), ==, 0);
        g_assert_cmpint(virLockSpaceReleaseResource(test->space, "disk", 100), ==, 0);
    }
    virLockSpaceFileUseBox(NULL);
    while (virLockSpaceBoxTake(box, &item)) {
        close(item.fd);
        count++;
    }
    g_assert_cmpint(count, >=, 1);
    g_assert_cmpint(count, <, 100);
    testBoxClose(box);
}

static void
testAdd(const char *name, void (*func)(testSpace *, const void *))
{
    g_autofree char *path = g_strconcat("/util/lockspace/", name, NULL);

    g_test_add(path, testSpace, NULL, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    if (g_getenv(TEST_STATE))
        return testAfterExec(g_getenv(TEST_STATE));

    g_test_init(&argc, &argv, NULL);

    testAdd("second-user-drops-no-lock", testSecondUserDropsNoLock);
    testAdd("second-owner-is-refused-at-once", testSecondOwnerIsRefusedAtOnce);
    testAdd("shared-owners-are-counted", testSharedOwnersAreCounted);
    testAdd("owner-gives-up-all-at-once", testOwnerGivesUpAllAtOnce);
    testAdd("other-process-is-in-the-way", testOtherProcessIsInTheWay);
    testAdd("shared-across-processes", testSharedAcrossProcesses);
    testAdd("shared-file-may-be-read-only", testSharedFileMayBeReadOnly);
    testAdd("unlinking-racers-exclude-each-other", testUnlinkingRacersExcludeEachOther);
    testAdd("replaced-file-is-noticed", testReplacedFileIsNoticed);
    testAdd("planted-symlink-is-refused", testPlantedSymlinkIsRefused);
    testAdd("special-files-are-refused", testSpecialFilesAreRefused);
    testAdd("two-names-of-one-file", testTwoNamesOfOneFile);
    testAdd("images-stay", testImagesStay);
    testAdd("names-are-checked", testNamesAreChecked);
    testAdd("directory-is-made", testDirectoryIsMade);
    testAdd("resources-are-created-and-deleted", testResourcesAreCreatedAndDeleted);
    testAdd("thousand-resources", testThousandResources);
    testAdd("threads-keep-each-others-locks", testThreadsKeepEachOthersLocks);
    testAdd("locks-outlive-exec", testLocksOutliveExec);
    testAdd("state-is-checked", testStateIsChecked);
    testAdd("state-of-another-process-is-refused", testStateOfAnotherProcessIsRefused);
    testAdd("space-works-on-after-failed-exec", testSpaceWorksOnAfterFailedExec);

    testAdd("box-keeps-locks", testBoxKeepsLocks);
    testAdd("closed-box-keeps-nothing", testClosedBoxKeepsNothing);
    testAdd("box-is-cleared-up", testBoxIsClearedUp);
    return g_test_run();
}
