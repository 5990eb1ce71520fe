/*
 * lockdaemonlockdtest.c: the daemon in virtlockd's place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two daemons stand for two hosts that share a file system. The calls are
 * those that libvirt's lockd.so makes.
 */
#include <config.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_protocol.h"
#include "virerror.h"
#include "virleasetime.h"
#include "virnetclient.h"
#include "virtime.h"
#include "virtleasedlab.h"

#define TEST_PATIENCE (10 * VIR_LEASE_SECOND)
#define TEST_SHARED VIR_LOCK_SPACE_PROTOCOL_ACQUIRE_RESOURCE_SHARED
#define TEST_AUTOCREATE VIR_LOCK_SPACE_PROTOCOL_ACQUIRE_RESOURCE_AUTOCREATE

typedef struct _testLab testLab;
struct _testLab {
    char *lockspace;    /* of the lease engine */
    char *url;
    char *dir;          /* of lock files */
    char *lockdSocket;  /* of a */
    labDaemon *a;
    labDaemon *b;
    labGuest *web;
    labGuest *db;
};

static void
testSetUp(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    FILE *config;

    lab->lockspace = labLockspaceNew(LAB_LEASE_SECONDS);
    lab->url = g_strdup_printf("dir:%s", lab->lockspace);
    lab->dir = g_build_filename(lab->lockspace, "lockfiles", NULL);
    lab->a = labDaemonNew(lab->url);
    lab->b = labDaemonNew(lab->url);
    lab->lockdSocket = g_build_filename(lab->a->dir, "virtlockd-sock", NULL);
    g_assert_nonnull(config = fopen(lab->a->config, "a"));
    g_assert_cmpint(fprintf(config, "lockd_socket = \"%s\"\n", lab->lockdSocket), >, 0);
    g_assert_cmpint(fclose(config), ==, 0);
    labDaemonStart(lab->a);
    labDaemonStart(lab->b);
    lab->web = labGuestNew("web", FALSE);
    lab->db = labGuestNew("db", FALSE);
}

static void
testTearDown(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *away = g_strconcat(lab->lockspace, ".away", NULL);

    /* Where a test that failed left it. */
    if (g_file_test(away, G_FILE_TEST_EXISTS))
        g_rename(away, lab->lockspace);
    if (g_test_failed()) {
        g_autofree char *log = labDaemonReadLog(lab->a);

        g_printerr("log of A:\n%s\n", log);
    }
    labGuestFree(lab->web);
    labGuestFree(lab->db);
    labDaemonFree(lab->a);
    labDaemonFree(lab->b);
    labRemove(lab->lockspace);
    g_free(lab->url);
    g_free(lab->dir);
    g_free(lab->lockdSocket);
}

/* ---- calls ---- */

static virNetClient *
testConnect(const char *path)
{
    virNetClient *client = virNetClientNew("virtleased", path, virTimeBootNow() + TEST_PATIENCE);

    g_assert_nonnull(client);
    return client;
}

/* Returns the code of the error, 0 if there is none. */
static int
testCall(virNetClient *client, int procedure, xdrproc_t filter, void *args)
{
    virResetLastError();
    if (virNetClientCall(client, VIR_LOCK_SPACE_PROTOCOL_PROGRAM, VIR_LOCK_SPACE_PROTOCOL_PROGRAM_VERSION,
                         procedure, filter, args, NULL, NULL, virTimeBootNow() + TEST_PATIENCE) == 0)
        return 0;
    g_test_message("%s", virGetLastErrorMessage());
    return virGetLastErrorCode();
}

static int
testRegister(virNetClient *client, virLockSpaceProtocolRegisterArgs *args)
{
    return testCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_REGISTER,
                    (xdrproc_t) xdr_virLockSpaceProtocolRegisterArgs, args);
}

static int
testRegisterPid(virNetClient *client, const char *name, unsigned int pid, unsigned int flags)
{
    virLockSpaceProtocolRegisterArgs args = {
        .owner = { .uuid = { 0x11, 0x22 }, .name = (char *) name, .id = 5, .pid = pid },
        .flags = flags,
    };

    return testRegister(client, &args);
}

static int
testRestrict(virNetClient *client)
{
    virLockSpaceProtocolRestrictArgs args = { 0 };

    return testCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_RESTRICT,
                    (xdrproc_t) xdr_virLockSpaceProtocolRestrictArgs, &args);
}

static int
testMake(virNetClient *client, const char *path)
{
    virLockSpaceProtocolCreateLockSpaceArgs args = { .path = (char *) path };

    return testCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_CREATE_LOCKSPACE,
                    (xdrproc_t) xdr_virLockSpaceProtocolCreateLockSpaceArgs, &args);
}

static int
testAcquire(virNetClient *client, const char *path, const char *name, unsigned int flags)
{
    virLockSpaceProtocolAcquireResourceArgs args = { (char *) path, (char *) name, flags };

    return testCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_ACQUIRE_RESOURCE,
                    (xdrproc_t) xdr_virLockSpaceProtocolAcquireResourceArgs, &args);
}

static int
testRelease(virNetClient *client, const char *path, const char *name)
{
    virLockSpaceProtocolReleaseResourceArgs args = { (char *) path, (char *) name, 0 };

    return testCall(client, VIR_LOCK_SPACE_PROTOCOL_PROC_RELEASE_RESOURCE,
                    (xdrproc_t) xdr_virLockSpaceProtocolReleaseResourceArgs, &args);
}

/* A connection that speaks for @guest. */
static virNetClient *
testGuest(const char *socket, const labGuest *guest)
{
    virNetClient *client = testConnect(socket);
    virLockSpaceProtocolRegisterArgs args = {
        .owner = { .name = guest->name, .id = 5, .pid = (unsigned int) guest->pid },
    };

    memcpy(args.owner.uuid, guest->uuid, sizeof(guest->uuid));
    g_assert_cmpint(testRegister(client, &args), ==, 0);
    return client;
}

/* Acquires again and again, while it is busy. */
static int
testAcquirePatiently(virNetClient *client, const char *path, const char *name, unsigned int flags)
{
    gint64 end = virTimeBootNow() + TEST_PATIENCE;
    int code;

    while ((code = testAcquire(client, path, name, flags)) == VIR_ERR_RESOURCE_BUSY && virTimeBootNow() < end)
        g_usleep(5000);
    return code;
}

/* ---- lock files ---- */

static void
testFilesKeepOut(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) web = testGuest(lab->a->socket, lab->web);
    g_autoptr(virNetClient) db = testGuest(lab->a->socket, lab->db);
    g_autoptr(virNetClient) far = testGuest(lab->b->socket, lab->db);
    g_autofree char *file = g_build_filename(lab->dir, "disk", NULL);

    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testMake(web, lab->dir), ==, 0);
    g_assert_cmpint(testMake(db, lab->dir), ==, 0);
    g_assert_cmpint(testMake(far, lab->dir), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
    g_assert_cmpint(testAcquire(db, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(testAcquire(far, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(testAcquire(db, lab->dir, "disk", TEST_AUTOCREATE | TEST_SHARED), ==, VIR_ERR_RESOURCE_BUSY);

    g_assert_cmpint(testRelease(db, lab->dir, "disk"), ==, VIR_ERR_RESOURCE_BUSY);      /* not its own */
    g_assert_cmpint(testRelease(web, lab->dir, "disk"), ==, 0);
    g_assert_cmpint(testAcquire(far, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
}

static void
testFilesByPath(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) web = testGuest(lab->lockdSocket, lab->web);
    g_autoptr(virNetClient) db = testGuest(lab->a->socket, lab->db);
    g_autofree char *image = g_build_filename(lab->lockspace, "image", NULL);

    g_assert_true(g_file_set_contents(image, "data", -1, NULL));
    g_assert_cmpint(testAcquire(web, "", image, TEST_SHARED), ==, 0);
    g_assert_cmpint(testAcquire(db, "", image, TEST_SHARED), ==, 0);
    g_assert_cmpint(testRelease(web, "", image), ==, 0);
    g_assert_cmpint(testAcquire(web, "", image, 0), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(testRelease(db, "", image), ==, 0);
    g_assert_cmpint(testAcquire(web, "", image, 0), ==, 0);
    g_assert_cmpint(testAcquire(web, "", "image", 0), ==, VIR_ERR_INVALID_ARG);
    g_assert_true(g_file_test(image, G_FILE_TEST_EXISTS));
}

static void
testResources(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) web = testGuest(lab->a->socket, lab->web);
    virLockSpaceProtocolCreateResourceArgs create = { lab->dir, (char *) "disk", 0 };
    virLockSpaceProtocolDeleteResourceArgs delete = { lab->dir, (char *) "disk", 0 };
    virLockSpaceProtocolNewArgs make = { lab->dir, 0 };
    g_autofree char *file = g_build_filename(lab->dir, "disk", NULL);

    g_assert_cmpint(testCall(web, VIR_LOCK_SPACE_PROTOCOL_PROC_NEW,
                             (xdrproc_t) xdr_virLockSpaceProtocolNewArgs, &make), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", 0), !=, 0);  /* there is none, and none is to be made */
    g_assert_cmpint(testCall(web, VIR_LOCK_SPACE_PROTOCOL_PROC_CREATE_RESOURCE,
                             (xdrproc_t) xdr_virLockSpaceProtocolCreateResourceArgs, &create), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", 0), ==, 0);
    g_assert_cmpint(testCall(web, VIR_LOCK_SPACE_PROTOCOL_PROC_DELETE_RESOURCE,
                             (xdrproc_t) xdr_virLockSpaceProtocolDeleteResourceArgs, &delete), ==,
                    VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(testRelease(web, lab->dir, "disk"), ==, 0);
    g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
    g_assert_cmpint(testCall(web, VIR_LOCK_SPACE_PROTOCOL_PROC_DELETE_RESOURCE,
                             (xdrproc_t) xdr_virLockSpaceProtocolDeleteResourceArgs, &delete), ==, 0);
    g_assert_false(g_file_test(file, G_FILE_TEST_EXISTS));
}

/* A connection's end says nothing about the process that the locks are for. */
static void
testOnlyDeathFrees(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virNetClient *web = testGuest(lab->a->socket, lab->web);
    g_autoptr(virNetClient) db = testGuest(lab->a->socket, lab->db);
    g_autofree char *image = g_build_filename(lab->lockspace, "image", NULL);
    g_autoptr(virNetClient) far = testGuest(lab->b->socket, lab->db);

    g_assert_true(g_file_set_contents(image, "", -1, NULL));
    g_assert_cmpint(testMake(web, lab->dir), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(web, "", image, 0), ==, 0);
    virNetClientFree(web);
    for (int i = 0; i < 20; i++) {
        g_assert_cmpint(testAcquire(db, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
        g_assert_cmpint(testAcquire(far, "", image, 0), ==, VIR_ERR_RESOURCE_BUSY);
    }
    labGuestKill(lab->web);
    g_assert_cmpint(testAcquirePatiently(db, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquirePatiently(far, "", image, 0), ==, 0);
}

/* When all of a daemon is gone, the kernel has dropped its locks. */
static void
testRestartLocksAgain(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virNetClient *web = testGuest(lab->a->socket, lab->web);
    virNetClient *db = testGuest(lab->a->socket, lab->db);
    g_autoptr(virNetClient) far = testGuest(lab->b->socket, lab->db);
    g_autofree char *log = NULL;

    g_assert_cmpint(testMake(web, lab->dir), ==, 0);
    g_assert_cmpint(testMake(far, lab->dir), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "free", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testRelease(web, lab->dir, "free"), ==, 0);
    g_assert_cmpint(testAcquire(db, lab->dir, "other", TEST_AUTOCREATE | TEST_SHARED), ==, 0);
    g_assert_cmpint(testAcquire(db, lab->dir, "taken", TEST_AUTOCREATE), ==, 0);
    virNetClientFree(web);
    virNetClientFree(db);

    labDaemonStop(lab->a, SIGKILL);
    g_assert_cmpint(testAcquire(far, lab->dir, "taken", TEST_AUTOCREATE), ==, 0);
    labDaemonStart(lab->a);
    /* An answer that comes after what was saved was tried. */
    web = testGuest(lab->a->socket, lab->web);
    g_assert_cmpint(testAcquire(web, lab->dir, "free", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(far, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(testAcquire(far, lab->dir, "other", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(testAcquire(far, lab->dir, "other", TEST_AUTOCREATE | TEST_SHARED), ==, 0);
    log = labDaemonReadLog(lab->a);
    g_assert_nonnull(strstr(log, "'taken' was locked for guest 'db'"));

    /* The owner is watched as before. */
    labGuestKill(lab->web);
    g_assert_cmpint(testAcquirePatiently(far, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    virNetClientFree(web);
}

/* While one of the daemon's two processes lives, nobody gets in, however often
 * the other one is replaced. */
static void
testReplacedProcessesKeepLocks(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virNetClient *web = testGuest(lab->a->socket, lab->web);
    g_autoptr(virNetClient) far = testGuest(lab->b->socket, lab->db);
    pid_t worker = labDaemonWorker(lab->a);

    g_assert_cmpint(testMake(web, lab->dir), ==, 0);
    g_assert_cmpint(testMake(far, lab->dir), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "other", TEST_AUTOCREATE), ==, 0);
    virNetClientFree(web);
    for (int turn = 0; turn < 2; turn++) {
        g_assert_cmpint(kill(worker, SIGKILL), ==, 0);
        for (int i = 0; i < 100; i++)
            g_assert_cmpint(testAcquire(far, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
        worker = labDaemonNextWorker(lab->a, worker);
        /* Answered after what was saved was tried. */
        web = testGuest(lab->a->socket, lab->web);
        g_assert_cmpint(testAcquire(web, lab->dir, "new", TEST_AUTOCREATE), ==, 0);
        g_assert_cmpint(testRelease(web, lab->dir, "new"), ==, 0);
        g_assert_cmpint(testAcquire(far, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
        virNetClientFree(web);
        if (turn > 0)
            break;
        g_assert_cmpint(kill(lab->a->pid, SIGKILL), ==, 0);
        labDaemonNextGuard(lab->a);
        g_assert_cmpint(testAcquire(far, lab->dir, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
    }

    web = testGuest(lab->a->socket, lab->web);
    g_assert_cmpint(testRelease(web, lab->dir, "other"), ==, 0);
    g_assert_cmpint(testAcquire(far, lab->dir, "other", TEST_AUTOCREATE), ==, 0);
    virNetClientFree(web);
    labGuestKill(lab->web);
    g_assert_cmpint(testAcquirePatiently(far, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
}

/* A guest that ended while no worker ran has nothing afterwards. */
static void
testReplacedWorkerForgetsTheDead(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virNetClient *web = testGuest(lab->a->socket, lab->web);
    g_autoptr(virNetClient) far = testGuest(lab->b->socket, lab->db);
    pid_t worker = labDaemonWorker(lab->a);

    g_assert_cmpint(testMake(web, lab->dir), ==, 0);
    g_assert_cmpint(testMake(far, lab->dir), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    virNetClientFree(web);
    g_assert_cmpint(kill(worker, SIGSTOP), ==, 0);
    labGuestKill(lab->web);
    g_assert_cmpint(kill(worker, SIGKILL), ==, 0);
    g_assert_cmpint(testAcquirePatiently(far, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
}

static void
testRestartForgetsTheDead(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    virNetClient *web = testGuest(lab->a->socket, lab->web);
    g_autoptr(virNetClient) db = NULL;

    g_assert_cmpint(testMake(web, lab->dir), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
    virNetClientFree(web);
    labDaemonStop(lab->a, SIGTERM);
    labGuestKill(lab->web);
    labDaemonStart(lab->a);
    db = testGuest(lab->a->socket, lab->db);
    g_assert_cmpint(testAcquire(db, lab->dir, "disk", TEST_AUTOCREATE), ==, 0);
}

/* What somebody has locked who knows nothing of us, as virtlockd. */
static void
testForeignLock(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) web = testGuest(lab->a->socket, lab->web);
    g_autofree char *image = g_build_filename(lab->lockspace, "image", NULL);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd;

    g_assert_true(g_file_set_contents(image, "", -1, NULL));
    fd = open(image, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_SETLK, &lock), ==, 0);
    g_assert_cmpint(testAcquire(web, "", image, 0), ==, VIR_ERR_RESOURCE_BUSY);
    close(fd);
    g_assert_cmpint(testAcquire(web, "", image, 0), ==, 0);
}

/* ---- the lease engine ---- */

static void
testLeases(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) web = testGuest(lab->lockdSocket, lab->web);
    g_autoptr(virNetClient) db = testGuest(lab->b->socket, lab->db);

    g_assert_cmpint(testMake(web, lab->url), ==, 0);
    g_assert_cmpint(testMake(web, "nfs://filer/other"), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testAcquire(web, "nfs://filer/other", "disk", 0), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testAcquire(web, lab->url, "", TEST_AUTOCREATE), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testAcquire(web, lab->url, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->url, "more", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(db, lab->url, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "'web'"));
    labWaitGuestState(lab->a, lab->web, "running");

    g_assert_cmpint(testRelease(web, lab->url, "disk"), ==, 0);
    g_assert_cmpint(testAcquire(db, lab->url, "disk", TEST_AUTOCREATE), ==, 0);
    g_assert_cmpint(testAcquire(web, lab->url, "disk", TEST_AUTOCREATE), ==, VIR_ERR_RESOURCE_BUSY);
    labGuestKill(lab->web);
    g_assert_cmpint(testAcquirePatiently(db, lab->url, "more", TEST_AUTOCREATE), ==, 0);
}

static void
testSharedLeases(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) web = testGuest(lab->a->socket, lab->web);
    g_autoptr(virNetClient) db = testGuest(lab->b->socket, lab->db);

    g_assert_cmpint(testAcquire(web, lab->url, "disk", TEST_SHARED), ==, 0);
    g_assert_cmpint(testAcquire(db, lab->url, "disk", 0), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(testAcquire(db, lab->url, "disk", TEST_SHARED), ==, 0);
}

/* The guest acquires from A, and A's lease is lost by @lose. */
static void
testLoseLease(testLab *lab, void (*lose)(testLab *lab))
{
    g_autoptr(virNetClient) web = testGuest(lab->lockdSocket, lab->web);
    virLeaseTime end;

    g_assert_cmpint(testAcquire(web, lab->url, "disk", TEST_AUTOCREATE), ==, 0);
    lose(lab);
    end = labDaemonEnd(lab->a);
    /* However long the connection stays. */
    g_assert_true(labGuestEnds(lab->web, LAB_LEASE_SECONDS * 1000));
    g_assert_cmpint(virTimeBootNow(), <, end);
}

static void
testTakeLockspaceAway(testLab *lab)
{
    g_autofree char *away = g_strconcat(lab->lockspace, ".away", NULL);

    g_assert_cmpint(g_rename(lab->lockspace, away), ==, 0);
}

static void
testStopWorker(testLab *lab)
{
    g_assert_cmpint(kill(labDaemonWorker(lab->a), SIGSTOP), ==, 0);
}

/* A guest whose lease cannot be renewed is ended before others may have its
 * disk, though lockd does not know of such a thing; and then they may. */
static void
testLostLeaseEndsTheGuest(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *away = g_strconcat(lab->lockspace, ".away", NULL);
    g_autoptr(virNetClient) db = NULL;
    gint64 end;
    int code;

    testLoseLease(lab, testTakeLockspaceAway);
    g_assert_cmpint(g_rename(away, lab->lockspace), ==, 0);
    end = virTimeBootNow() + TEST_PATIENCE;
    db = testGuest(lab->b->socket, lab->db);
    /* The other daemon missed the lockspace, too, and needs a moment. */
    while ((code = testAcquirePatiently(db, lab->url, "disk", TEST_AUTOCREATE)) == VIR_ERR_OPERATION_FAILED &&
           virTimeBootNow() < end)
        g_usleep(5000);
    g_assert_cmpint(code, ==, 0);
}

/* So it is by the guard when the worker does nothing about it. */
static void
testHungWorkerEndsTheGuest(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) db = testGuest(lab->b->socket, lab->db);

    testLoseLease(lab, testStopWorker);
    g_assert_cmpint(testAcquirePatiently(db, lab->url, "disk", TEST_AUTOCREATE), ==, 0);
}

/* ---- permissions ---- */

static void
testWhoMayAsk(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) client = testConnect(lab->a->socket);

    g_assert_cmpint(testRestrict(client), ==, VIR_ERR_OPERATION_INVALID);
    g_assert_cmpint(testAcquire(client, "", "/a", 0), ==, VIR_ERR_OPERATION_INVALID);
    g_assert_cmpint(testRelease(client, "", "/a"), ==, VIR_ERR_OPERATION_INVALID);
    g_assert_cmpint(testRegisterPid(client, "web", 1, 0), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testRegisterPid(client, "web", 0x80000001, 0), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testRegisterPid(client, "", (unsigned int) lab->web->pid, 0), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testRegisterPid(client, "web", (unsigned int) lab->web->pid, 8), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(testRegisterPid(client, "web", (unsigned int) lab->web->pid, 0), ==, 0);
    g_assert_cmpint(testRegisterPid(client, "db", (unsigned int) lab->db->pid, 0), ==, VIR_ERR_OPERATION_INVALID);
    g_assert_cmpint(testAcquire(client, "", "/a", 4), ==, VIR_ERR_INVALID_ARG);

    g_assert_cmpint(testRestrict(client), ==, 0);
    g_assert_cmpint(testRestrict(client), ==, VIR_ERR_OPERATION_DENIED);
    g_assert_cmpint(testRegisterPid(client, "db", (unsigned int) lab->db->pid, 0), ==, VIR_ERR_OPERATION_DENIED);
    g_assert_cmpint(testMake(client, lab->dir), ==, VIR_ERR_OPERATION_DENIED);
    g_assert_cmpint(testAcquire(client, "", "/a", 0), ==, VIR_ERR_OPERATION_DENIED);
    g_assert_cmpint(testAcquire(client, lab->url, "a", 0), ==, VIR_ERR_OPERATION_DENIED);
    g_assert_cmpint(testRelease(client, "", "/a"), ==, VIR_ERR_OPERATION_DENIED);
}

static void
testTheDeadGetNothing(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) client = testGuest(lab->a->socket, lab->web);
    g_autofree char *image = g_build_filename(lab->lockspace, "image", NULL);

    g_assert_true(g_file_set_contents(image, "", -1, NULL));
    labGuestKill(lab->web);
    g_assert_cmpint(testAcquire(client, "", image, 0), ==, VIR_ERR_OPERATION_INVALID);
}

/* virtlockd's socket has virtlockd's program only. */
static void
testOtherPrograms(testLab *lab, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virNetClient) client = testConnect(lab->lockdSocket);

    g_assert_cmpint(virNetClientCall(client, VIR_LEASE_PROTOCOL_PROGRAM, VIR_LEASE_PROTOCOL_VERSION,
                                     VIR_LEASE_PROTOCOL_PROC_STATUS, NULL, NULL, NULL, NULL,
                                     virTimeBootNow() + TEST_PATIENCE), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
}

static void
testAdd(const char *name, void (*func)(testLab *lab, gconstpointer opaque))
{
    g_autofree char *path = g_strdup_printf("/locking/lockd/%s", name);

    g_test_add(path, testLab, NULL, testSetUp, func, testTearDown);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    testAdd("files-keep-out", testFilesKeepOut);
    testAdd("files-by-path", testFilesByPath);
    testAdd("resources", testResources);
    testAdd("only-death-frees", testOnlyDeathFrees);
    testAdd("restart-locks-again", testRestartLocksAgain);
    testAdd("replaced-processes-keep-locks", testReplacedProcessesKeepLocks);
    testAdd("replaced-worker-forgets-the-dead", testReplacedWorkerForgetsTheDead);
    testAdd("restart-forgets-the-dead", testRestartForgetsTheDead);
    testAdd("foreign-lock", testForeignLock);
    testAdd("leases", testLeases);
    testAdd("shared-leases", testSharedLeases);
    testAdd("lost-lease-ends-the-guest", testLostLeaseEndsTheGuest);
    testAdd("hung-worker-ends-the-guest", testHungWorkerEndsTheGuest);
    testAdd("who-may-ask", testWhoMayAsk);
    testAdd("the-dead-get-nothing", testTheDeadGetNothing);
    testAdd("other-programs", testOtherPrograms);
    return g_test_run();
}
