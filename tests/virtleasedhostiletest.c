/*
 * virtleasedhostiletest.c: the daemon among clients, files and settings that break the rules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * While anything of it goes on a guest keeps its lease, and other clients are
 * served.
 */
#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filelimit.h"
#include "virleaseengine.h"
#include "virleaseformat.h"
#include "virleasename.h"
#include "virtime.h"
#include "virnetmessage.h"
#include "virtleasedlab.h"

#define DISK "/images/a.raw"
#define OTHER_DISK "/images/b.raw"
#define LEASE_MS (LAB_LEASE_SECONDS * 1000)

#define TEST_CONNECTIONS 2000
#define TEST_PASSERS_BY 20000
#define TEST_NEVER_READ 50
#define TEST_SERVED_MS 2000         /* at most until another client's answer, on a busy machine */
#define TEST_MEMORY_MIB 8           /* at most, for clients of which little is held */
#define TEST_MEMORY_PASSED_MIB 0.5  /* at most, for clients that have left */
#define TEST_MEMORY_HELD_MIB 192    /* at most, if all is held that may be */
#define TEST_FILES 1100             /* descriptors, at most */
#define TEST_NOBODY 65534

/* The address sanitizer keeps what was freed for long. */
#ifdef __SANITIZE_ADDRESS__
# define TEST_MEMORY_COUNTS FALSE
#else
# define TEST_MEMORY_COUNTS TRUE
#endif

typedef struct _testLab testLab;
struct _testLab {
    char *lockspace;
    labDaemon *daemon;
    labGuest *web;
    labGuest *db;
    GArray *fds;            /* of hostile connections */
    gint64 slowest;         /* answer to another client */
};

static void
testSetUp(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *url = NULL;

    lab->lockspace = labLockspaceNew(LAB_LEASE_SECONDS);
    url = g_strdup_printf("dir:%s", lab->lockspace);
    lab->daemon = labDaemonNew(url);
    lab->web = labGuestNew("web", FALSE);
    lab->db = labGuestNew("db", FALSE);
    lab->fds = g_array_new(FALSE, FALSE, sizeof(int));
}

static void
testCloseAll(testLab *lab)
{
    for (guint i = 0; i < lab->fds->len; i++)
        close(g_array_index(lab->fds, int, i));
    g_array_set_size(lab->fds, 0);
}

static void
testTearDown(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    testCloseAll(lab);
    g_array_unref(lab->fds);
    labGuestFree(lab->web);
    labGuestFree(lab->db);
    labDaemonFree(lab->daemon);
    labRemove(lab->lockspace);
}

/* ---- the daemon, seen from outside ---- */

/* Calls @func for the daemon's process and for each of its children. */
static double
testSum(const labDaemon *daemon, double (*func)(long pid))
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", (int) daemon->pid, (int) daemon->pid);
    g_autofree char *text = NULL;
    g_auto(GStrv) children = NULL;
    double sum = func(daemon->pid);

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return sum;
    children = g_strsplit(g_strstrip(text), " ", -1);
    for (gsize i = 0; children[i]; i++) {
        if (*children[i])
            sum += func(strtol(children[i], NULL, 10));
    }
    return sum;
}

/* The most memory that it has used so far, in MiB. */
static double
testPeakOf(long pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/status", pid);
    g_autofree char *text = NULL;
    const char *at = g_file_get_contents(path, &text, NULL, NULL) ? strstr(text, "VmHWM:") : NULL;

    return at ? strtod(at + strlen("VmHWM:"), NULL) / 1024 : 0;
}

static double
testFilesOf(long pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%ld/fd", pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    double count = 0;

    while (dir && g_dir_read_name(dir))
        count++;
    return count;
}

/* Another client comes, and is answered in good time. */
static void
testServed(testLab *lab)
{
    gint64 begin = virTimeBootNow();

    labStatusFree(labStatus(lab->daemon));
    lab->slowest = MAX(lab->slowest, virTimeBootNow() - begin);
}

static void
testBegin(testLab *lab, double *peak)
{
    labDaemonStart(lab->daemon);
    g_assert_cmpint(labAcquire(lab->daemon, lab->web, DISK, NULL, NULL), ==, 0);
    testServed(lab);
    *peak = testSum(lab->daemon, testPeakOf);
}

static void
testEnd(testLab *lab, double peak, double mib)
{
    double grown = testSum(lab->daemon, testPeakOf) - peak;

    g_test_message("slowest answer to another client %.1f ms; memory: %.1f MiB more",
                   (double) lab->slowest / VIR_LEASE_MILLISECOND, grown);
    testServed(lab);
    labWaitGuestState(lab->daemon, lab->web, "running");
    g_assert_cmpint(lab->slowest, <, TEST_SERVED_MS * VIR_LEASE_MILLISECOND);
    if (TEST_MEMORY_COUNTS)
        g_assert_cmpfloat(grown, <, mib);
}

/* ---- clients ---- */

static void
testConnect(testLab *lab)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, lab->daemon->socket, sizeof(address.sun_path));
    g_assert_cmpint(connect(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    g_array_append_val(lab->fds, fd);
}

/* Sends as much of @data as goes out at once. */
static gssize
testSend(testLab *lab, guint index, const void *data, gsize length)
{
    return send(g_array_index(lab->fds, int, index), data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static GByteArray *
testStatusCall(guint32 serial)
{
    virNetMessageHeader header = {
        .prog = VIR_LEASE_PROTOCOL_PROGRAM, .vers = VIR_LEASE_PROTOCOL_VERSION,
        .proc = VIR_LEASE_PROTOCOL_PROC_STATUS, .serial = serial,
    };

    return virNetMessageEncode(&header, NULL, NULL);
}

/* Waits until the daemon has closed all connections. */
static void
testAllClosed(testLab *lab, guint seconds)
{
    struct timeval limit = { .tv_sec = seconds };
    char byte;

    for (guint i = 0; i < lab->fds->len; i++) {
        int fd = g_array_index(lab->fds, int, i);

        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        g_assert_cmpint(recv(fd, &byte, 1, 0), <=, 0);
        g_assert_true(errno != EAGAIN);
        errno = 0;
    }
}

/* As many as may be files, and more than the daemon takes. */
static gboolean
testMayConnectMany(void)
{
    if (testRaiseFileLimit(2 * TEST_CONNECTIONS))
        return TRUE;
    g_test_skip("the limit of open files can't be raised to 4000");
    return FALSE;
}

/* Each of them begins a message that never gets whole. */
static void
testHalfFrames(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = testStatusCall(1);
    double peak;

    if (!testMayConnectMany())
        return;
    testBegin(lab, &peak);
    for (guint i = 0; i < TEST_CONNECTIONS; i++) {
        testConnect(lab);
        testSend(lab, i, call->data, call->len / 2);
        if (i % 100 == 0)
            testServed(lab);
    }
    testServed(lab);
    g_assert_cmpfloat(testSum(lab->daemon, testFilesOf), <, TEST_FILES);
    errno = 0;
    testAllClosed(lab, 20);
    testEnd(lab, peak, TEST_MEMORY_MIB);
}

/* Each of them says something, and then stays. */
static void
testManyConnections(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = testStatusCall(1);
    double peak;

    if (!testMayConnectMany())
        return;
    testBegin(lab, &peak);
    for (guint i = 0; i < TEST_CONNECTIONS; i++) {
        testConnect(lab);
        testSend(lab, i, call->data, call->len);
        if (i % 100 == 0)
            testServed(lab);
    }
    for (guint i = 0; i < 20; i++)
        testServed(lab);
    g_assert_cmpfloat(testSum(lab->daemon, testFilesOf), <, TEST_FILES);
    g_assert_cmpint(labAcquire(lab->daemon, lab->db, OTHER_DISK, NULL, NULL), ==, 0);
    testEnd(lab, peak, TEST_MEMORY_MIB);
}

/* Waits until the daemon has no more than @files open. */
static void
testWaitFiles(testLab *lab, double files, guint seconds)
{
    gint64 end = virTimeBootNow() + seconds * VIR_LEASE_SECOND;

    while (testSum(lab->daemon, testFilesOf) > files) {
        g_assert_cmpint(virTimeBootNow(), <, end);
        testServed(lab);
    }
}

/* Each of them makes a call, begins another one, and leaves without an answer. */
static void
testPassersBy(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = testStatusCall(1);
    double files;
    double peak;

    testBegin(lab, &peak);
    files = testSum(lab->daemon, testFilesOf);
    for (guint i = 0; i < TEST_PASSERS_BY; i++) {
        testConnect(lab);
        testSend(lab, 0, call->data, call->len);
        testSend(lab, 0, call->data, call->len / 2);
        testCloseAll(lab);
        if (i % 500 == 0)
            testServed(lab);
    }
    testWaitFiles(lab, files, 20);
    /* Nothing of any of them is left: that would sum up. */
    testEnd(lab, peak, TEST_MEMORY_PASSED_MIB);
}

/* Waits until the log has @words @count times. */
static void
testWaitLogged(testLab *lab, const char *words, guint count, guint seconds)
{
    gint64 end = virTimeBootNow() + seconds * VIR_LEASE_SECOND;
    guint found = 0;

    while (found < count) {
        g_autofree char *log = labDaemonReadLog(lab->daemon);

        found = 0;
        for (const char *p = log; (p = strstr(p, words)); p++)
            found++;
        g_assert_cmpint(virTimeBootNow(), <, end);
        testServed(lab);
    }
}

/* Their answers fill what the kernel holds of them, then the daemon. */
static void
testNeverReads(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = testStatusCall(1);
    double files;
    double peak;

    testBegin(lab, &peak);
    files = testSum(lab->daemon, testFilesOf);
    for (guint i = 0; i < TEST_NEVER_READ; i++) {
        guint calls = 0;

        testConnect(lab);
        while (calls++ < 5000 && testSend(lab, i, call->data, call->len) == (gssize) call->len)
            continue;
        testServed(lab);
    }
    testWaitLogged(lab, "it did not take an answer in time", TEST_NEVER_READ, 20);
    testWaitFiles(lab, files, 20);
    testEnd(lab, peak, TEST_MEMORY_MIB);
}

/* Frames as large as they may be, all but the last byte, from many. */
static void
testLargestFrames(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree guint8 *frame = g_malloc0(VIR_NET_MESSAGE_MAX);
    guint32 length = htonl(VIR_NET_MESSAGE_MAX);
    gsize sent[200] = { 0 };
    double peak;

    testBegin(lab, &peak);
    memcpy(frame, &length, sizeof(length));
    for (guint i = 0; i < G_N_ELEMENTS(sent); i++)
        testConnect(lab);
    for (guint round = 0; round < 60; round++) {
        for (guint i = 0; i < G_N_ELEMENTS(sent); i++) {
            gssize done = testSend(lab, i, frame + sent[i], VIR_NET_MESSAGE_MAX - 1 - sent[i]);

            sent[i] += MAX(done, 0);
        }
        testServed(lab);
    }
    testEnd(lab, peak, TEST_MEMORY_HELD_MIB);
}

static void
testGarbage(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    double peak;

    testBegin(lab, &peak);
    for (guint i = 0; i < 300; i++) {
        g_autoptr(GByteArray) call = testStatusCall(i);
        guint32 bytes[64];

        for (gsize j = 0; j < G_N_ELEMENTS(bytes); j++)
            bytes[j] = g_test_rand_int();
        /* Every other one has a header that is in order. */
        if (i % 2) {
            bytes[0] = htonl(sizeof(bytes));
            memcpy(bytes + 1, call->data + sizeof(bytes[0]), call->len - sizeof(bytes[0]));
            bytes[3] = htonl(g_test_rand_int_range(0, 10));
        }
        testConnect(lab);
        testSend(lab, i, bytes, sizeof(bytes));
        if (i % 20 == 0)
            testServed(lab);
    }
    testServed(lab);
    testEnd(lab, peak, TEST_MEMORY_MIB);
}

/* A child process of another user's, without rights. Returns 0 in it. */
static pid_t
testForkNobody(void)
{
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (pid == 0 && (setgid(TEST_NOBODY) < 0 || setuid(TEST_NOBODY) < 0))
        _exit(255);
    return pid;
}

static int
testExitStatus(pid_t pid)
{
    int status;

    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    g_assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Returns 0, or the number of an error. */
static int
testConnectTo(int fd, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    return connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0 ? errno : 0;
}

/* What another user's process has of the socket at @path: 0 nothing but an
 * end, otherwise the number of an error. */
static int
testAsNobody(const char *path)
{
    g_autoptr(GByteArray) call = testStatusCall(1);
    pid_t pid = testForkNobody();

    if (pid == 0) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        int error = testConnectTo(fd, path);
        char byte = 0;

        if (error)
            _exit(error);
        if (send(fd, call->data, call->len, MSG_NOSIGNAL) < 0 || recv(fd, &byte, 1, 0) < 0)
            _exit(errno == EPIPE || errno == ECONNRESET ? 0 : errno);
        _exit(byte == 0 ? 0 : 254);
    }
    return testExitStatus(pid);
}

/* Another user's process connects TEST_CONNECTIONS times, says half of
 * something each time, closes nothing, reads nothing, and then waits for the
 * end of @leash. */
static pid_t
testCrowdOfNobody(const char *path, const int leash[2])
{
    g_autoptr(GByteArray) call = testStatusCall(1);
    pid_t pid = testForkNobody();
    char byte;

    if (pid > 0)
        return pid;
    close(leash[1]);
    for (guint i = 0; i < TEST_CONNECTIONS; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        int error = testConnectTo(fd, path);

        if (error)
            _exit(error);
        send(fd, call->data, call->len / 2, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    _exit(read(leash[0], &byte, 1) == 0 ? 0 : 254);
}

/* Gives the socket to all, as somebody may who does not know better. */
static void
testOpenSocket(testLab *lab)
{
    g_assert_cmpint(chmod(lab->daemon->dir, 0755), ==, 0);
    g_assert_cmpint(chmod(lab->daemon->socket, 0666), ==, 0);
}

static void
testNotRoot(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *log = NULL;
    double peak;

    if (geteuid() != 0) {
        g_test_skip("only root can become another user");
        return;
    }
    testBegin(lab, &peak);
    g_assert_cmpint(chmod(lab->daemon->dir, 0755), ==, 0);
    g_assert_cmpint(testAsNobody(lab->daemon->socket), ==, EACCES);
    testOpenSocket(lab);
    /* The peer's user still counts. */
    for (guint i = 0; i < 20; i++)
        g_assert_cmpint(testAsNobody(lab->daemon->socket), ==, 0);
    log = labDaemonReadLog(lab->daemon);
    g_assert_nonnull(strstr(log, "of uid 65534: it is not permitted"));
    testEnd(lab, peak, TEST_MEMORY_MIB);
}

/* Two thousand connections at a time, and not one of them stays. */
static void
testManyNotRoot(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    int leash[2];
    double files;
    double peak;
    pid_t crowd;

    if (geteuid() != 0) {
        g_test_skip("only root can become another user");
        return;
    }
    if (!testMayConnectMany())
        return;
    testBegin(lab, &peak);
    testOpenSocket(lab);
    files = testSum(lab->daemon, testFilesOf);
    g_assert_cmpint(pipe2(leash, O_CLOEXEC), ==, 0);
    crowd = testCrowdOfNobody(lab->daemon->socket, leash);
    close(leash[0]);
    testWaitLogged(lab, "of uid 65534: it is not permitted", TEST_CONNECTIONS, 30);
    testWaitFiles(lab, files, 20);
    close(leash[1]);
    g_assert_cmpint(testExitStatus(crowd), ==, 0);
    testEnd(lab, peak, TEST_MEMORY_MIB);
}

/* ---- files in the lockspace ---- */

/* The path of an entry for @disk that a session which never was would have. */
static char *
testEntryPath(const testLab *lab, const char *disk)
{
    g_autofree char *link = g_build_filename(lab->lockspace, VIR_LEASE_FORMAT_PATH, NULL);
    g_autofree char *target = g_file_read_link(link, NULL);
    g_autofree char *path = NULL;
    virLeaseEntryName name = { .run = 1, .attempt = 1 };
    virLeaseFormat format;

    g_assert_cmpint(virLeaseFormatParse(target, &format), ==, 0);
    virLeaseResourceHash(disk, name.hash);
    memset(name.sid, 'b', VIR_LEASE_SID_LEN);
    path = virLeaseEntryPath(&name, format.shards);
    return g_build_filename(lab->lockspace, path, NULL);
}

/* What is called like an entry, but is none, is in the way no longer than one. */
static void
testPlantedEntry(testLab *lab, gconstpointer opaque)
{
    mode_t type = GPOINTER_TO_UINT(opaque);
    g_autofree char *path = testEntryPath(lab, OTHER_DISK);
    g_autofree char *message = NULL;
    double peak;

    if (type == S_IFCHR && geteuid() != 0) {
        g_test_skip("only root can make device files");
        return;
    }
    testBegin(lab, &peak);
    g_assert_cmpint(type == S_IFDIR ? mkdir(path, 0755) : mknod(path, type | 0644, 0), ==, 0);
    g_assert_cmpint(labAcquire(lab->daemon, lab->db, OTHER_DISK, NULL, &message), ==, VIR_ERR_RESOURCE_BUSY);
    g_test_message("%s", message);
    testServed(lab);
    if (type == S_IFDIR) {
        /* Nothing but an administrator removes it. */
        g_assert_cmpint(labAcquirePatiently(lab->daemon, lab->db, OTHER_DISK, 2 * LEASE_MS), !=, 0);
        g_assert_cmpint(g_rmdir(path), ==, 0);
    }
    g_assert_cmpint(labAcquirePatiently(lab->daemon, lab->db, OTHER_DISK, 6 * LEASE_MS), ==, 0);
    testEnd(lab, peak, TEST_MEMORY_MIB);
}

/* Puts a link to the directory @to in the place of @name. */
static void
testReplaceByLink(const testLab *lab, const char *name, const char *to)
{
    g_autofree char *path = g_build_filename(lab->lockspace, name, NULL);
    g_autofree char *aside = g_strconcat(path, ".aside", NULL);

    g_assert_cmpint(g_rename(path, aside), ==, 0);
    g_assert_cmpint(symlink(to, path), ==, 0);
}

static gboolean
testIsEmpty(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);

    return dir && !g_dir_read_name(dir);
}

/* Directories of the lockspace lead elsewhere: nothing is written there. */
static void
testReplacedByLink(testLab *lab, gconstpointer opaque)
{
    const char *name = opaque;
    char *elsewhere = g_dir_make_tmp("virtleasedhostiletest-XXXXXX", NULL);
    g_autofree char *message = NULL;

    for (unsigned i = 0; i < 4 && g_str_equal(name, "locks/"); i++) {
        g_autofree char *shard = virLeaseShardPath(i);

        testReplaceByLink(lab, shard, elsewhere);
    }
    if (g_str_equal(name, "sessions"))
        testReplaceByLink(lab, name, elsewhere);
    labDaemonStart(lab->daemon);
    g_assert_cmpint(labAcquire(lab->daemon, lab->web, DISK, NULL, &message), !=, 0);
    g_test_message("%s", message);
    g_assert_nonnull(strstr(message, name));
    g_assert_nonnull(strstr(message, "Not a directory"));
    g_assert_true(testIsEmpty(elsewhere));
    testServed(lab);
    labRemove(elsewhere);
}

/* ---- the state directory ---- */

/* The daemon refuses to start, and says @words. */
static void
testStartFails(testLab *lab, const char *words)
{
    g_autofree char *log = NULL;

    g_assert_true(labDaemonStartFails(lab->daemon));
    log = labDaemonReadLog(lab->daemon);
    g_test_message("%s", log);
    g_assert_nonnull(strstr(log, words));
}

static void
testStateIsWritable(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(g_mkdir(lab->daemon->state, 0700), ==, 0);
    g_assert_cmpint(chmod(lab->daemon->state, 0777), ==, 0);
    testStartFails(lab, "or others can write it");
}

static void
testStateIsForeign(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    if (geteuid() != 0) {
        g_test_skip("only root can give directories away");
        return;
    }
    g_assert_cmpint(g_mkdir(lab->daemon->state, 0700), ==, 0);
    g_assert_cmpint(chown(lab->daemon->state, TEST_NOBODY, TEST_NOBODY), ==, 0);
    testStartFails(lab, "belongs to another user");
}

/* Plants a link called @name in the state directory, to a file elsewhere. */
static void
testPlantInState(testLab *lab, const char *name)
{
    g_autofree char *victim = g_build_filename(lab->daemon->dir, "victim", NULL);
    g_autofree char *path = g_build_filename(lab->daemon->state, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_true(g_file_set_contents(victim, "precious", -1, NULL));
    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_cmpint(symlink(victim, path), ==, 0);
}

static void
testVictimIsUnharmed(testLab *lab)
{
    g_autofree char *victim = g_build_filename(lab->daemon->dir, "victim", NULL);
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(victim, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "precious");
}

static void
testStateLockIsLink(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    testPlantInState(lab, "lock");
    testStartFails(lab, "cannot open the lock file");
    testVictimIsUnharmed(lab);
}

static void
testStateLockspacesIsLink(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    testPlantInState(lab, "lockspaces");
    testStartFails(lab, "cannot open the state directory 'lockspaces'");
    testVictimIsUnharmed(lab);
}

/* Files of the daemon's own names: they are not followed, and replaced. */
static void
testStateFilesAreLinks(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    testPlantInState(lab, "lockspaces/default/session");
    testPlantInState(lab, "lockspaces/default/new.session");
    testPlantInState(lab, "next-owner");
    labDaemonStart(lab->daemon);
    g_assert_cmpint(labAcquirePatiently(lab->daemon, lab->web, DISK, 6 * LEASE_MS), ==, 0);
    testVictimIsUnharmed(lab);
}

/* ---- settings ---- */

/* The file has @text, of @length bytes. */
static void
testConfFails(testLab *lab, const char *text, gssize length, const char *words)
{
    g_assert_true(g_file_set_contents(lab->daemon->config, text, length, NULL));
    testStartFails(lab, words);
}

static void
testConfIsHuge(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    gsize length = 64 * 1024 * 1024;
    g_autofree char *text = g_strnfill(length, '#');

    testConfFails(lab, text, length, "is larger than 1048576 bytes");
}

static void
testConfHasNul(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    static const char text[] = "log_level = 1\n\0lockspaces = []\n";

    testConfFails(lab, text, sizeof(text) - 1, "line 2: this is not UTF-8");
}

static void
testConfIsNested(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *brackets = g_strnfill(500000, '[');
    g_autofree char *text = g_strconcat("lockspaces = ", brackets, NULL);

    testConfFails(lab, text, -1, "a quoted text or the end of the list must stand here");
}

/* So many lockspaces that the file is no longer too large for each of them. */
static void
testConfIsLong(testLab *lab, gconstpointer opaque)
{
    guint count = GPOINTER_TO_UINT(opaque);
    g_autoptr(GString) text = g_string_new("lockspaces = [\n");

    for (guint i = 0; i < count; i++)
        g_string_append_printf(text, "\"a%u=dir:/a%u\",\n", i, i);
    g_string_append(text, "]\n");
    testConfFails(lab, text->str, -1, count > 10000 ? "is larger than" :
                  count > 1000 ? "the list is too long" : "from 1 to 64 lockspaces");
}

static void
testConfIsDirectory(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(g_remove(lab->daemon->config), ==, 0);
    g_assert_cmpint(g_mkdir(lab->daemon->config, 0700), ==, 0);
    testStartFails(lab, "is not a regular file");
}

static void
testAdd(const char *name, gconstpointer data, void (*func)(testLab *lab, gconstpointer opaque))
{
    g_autofree char *path = g_strdup_printf("/locking/daemon/hostile/%s", name);

    g_test_add(path, testLab, data, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    testAdd("clients/half-frames", NULL, testHalfFrames);
    testAdd("clients/two-thousand-connections", NULL, testManyConnections);
    testAdd("clients/twenty-thousand-passers-by", NULL, testPassersBy);
    testAdd("clients/never-read", NULL, testNeverReads);
    testAdd("clients/largest-frames", NULL, testLargestFrames);
    testAdd("clients/garbage", NULL, testGarbage);
    testAdd("clients/not-root", NULL, testNotRoot);
    testAdd("clients/two-thousand-not-root", NULL, testManyNotRoot);
    testAdd("lockspace/entry-is-pipe", GUINT_TO_POINTER(S_IFIFO), testPlantedEntry);
    testAdd("lockspace/entry-is-device", GUINT_TO_POINTER(S_IFCHR), testPlantedEntry);
    testAdd("lockspace/entry-is-file", GUINT_TO_POINTER(S_IFREG), testPlantedEntry);
    testAdd("lockspace/entry-is-directory", GUINT_TO_POINTER(S_IFDIR), testPlantedEntry);
    testAdd("lockspace/shards-are-links", "locks/", testReplacedByLink);
    testAdd("lockspace/sessions-is-link", "sessions", testReplacedByLink);
    testAdd("state/writable", NULL, testStateIsWritable);
    testAdd("state/foreign", NULL, testStateIsForeign);
    testAdd("state/lock-is-link", NULL, testStateLockIsLink);
    testAdd("state/lockspaces-is-link", NULL, testStateLockspacesIsLink);
    testAdd("state/files-are-links", NULL, testStateFilesAreLinks);
    testAdd("conf/huge", NULL, testConfIsHuge);
    testAdd("conf/nul", NULL, testConfHasNul);
    testAdd("conf/nested", NULL, testConfIsNested);
    testAdd("conf/million-lockspaces", GUINT_TO_POINTER(1000000), testConfIsLong);
    testAdd("conf/thousands-of-lockspaces", GUINT_TO_POINTER(5000), testConfIsLong);
    testAdd("conf/hundred-lockspaces", GUINT_TO_POINTER(100), testConfIsLong);
    testAdd("conf/directory", NULL, testConfIsDirectory);
    return g_test_run();
}
