/*
 * virtleasedlab.c: real daemons, with sleeping processes for guests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virerror.h"
#include "virleaseformat.h"
#include "virnetclient.h"
#include "virtime.h"
#include "virtleasedlab.h"

#define LAB_PATIENCE_MS 10000
#define LAB_SHARDS 4

static void
labSleep(unsigned int ms)
{
    g_usleep(ms * 1000);
}

/* ---- files ---- */

static void
labMakeDir(const char *path, const char *name)
{
    g_autofree char *dir = g_build_filename(path, name, NULL);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
}

void
labLockspaceMake(const char *dir, unsigned int seconds)
{
    g_autofree char *link = NULL;
    g_autofree char *target = NULL;
    virLeaseFormat format = {
        .version = VIR_LEASE_FORMAT_VERSION,
        .length = seconds * VIR_LEASE_SECOND,
        .shards = LAB_SHARDS,
    };

    memset(format.id, 'a', VIR_LEASE_SID_LEN);
    labMakeDir(dir, "sessions");
    for (unsigned i = 0; i < LAB_SHARDS; i++) {
        g_autofree char *shard = virLeaseShardPath(i);

        labMakeDir(dir, shard);
    }
    link = g_build_filename(dir, VIR_LEASE_FORMAT_PATH, NULL);
    target = virLeaseFormatString(&format);
    g_assert_cmpint(symlink(target, link), ==, 0);
}

char *
labLockspaceNew(unsigned int seconds)
{
    char *dir = g_dir_make_tmp("virtleasedtest-XXXXXX", NULL);

    g_assert_nonnull(dir);
    labLockspaceMake(dir, seconds);
    return dir;
}

static void
labRemoveTree(const char *path)
{
    GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        labRemoveTree(child);
    }
    if (dir)
        g_dir_close(dir);
    g_remove(path);
}

void
labRemove(char *dir)
{
    labRemoveTree(dir);
    g_free(dir);
}

/* ---- daemons ---- */

labDaemon *
labDaemonNew(const char *url)
{
    labDaemon *daemon = g_new0(labDaemon, 1);
    g_autofree char *text = g_strdup_printf("lockspaces = [ \"default=%s\" ]\n", url);

    daemon->dir = g_dir_make_tmp("virtleasedtest-XXXXXX", NULL);
    g_assert_nonnull(daemon->dir);
    daemon->config = g_build_filename(daemon->dir, "virtleased.conf", NULL);
    daemon->socket = g_build_filename(daemon->dir, "sock", NULL);
    daemon->state = g_build_filename(daemon->dir, "state", NULL);
    daemon->log = g_build_filename(daemon->dir, "log", NULL);
    daemon->pidFile = g_build_filename(daemon->dir, "pid", NULL);
    daemon->leash = -1;
    /* Workers and guards that lose their parents become ours, to be waited for. */
    g_assert_cmpint(prctl(PR_SET_CHILD_SUBREAPER, 1), ==, 0);
    g_assert_true(g_file_set_contents(daemon->config, text, -1, NULL));
    return daemon;
}

static void G_GNUC_NORETURN
labDaemonExec(const labDaemon *daemon, const char *program, const char *notify)
{
    const char *mode = "a";

    setpgid(0, 0);
    setenv("NOTIFY_SOCKET", notify, 1);
    if (!freopen(daemon->log, mode, stderr) || !freopen("/dev/null", "w", stdout))
        _exit(126);
    execl(program, "virtleased", "--verbose", "--config", daemon->config, "--socket", daemon->socket,
          "--state-dir", daemon->state, "--pid-file", daemon->pidFile, NULL);
    _exit(127);
}

/* What a daemon consists of would start each other again if only one was killed
 * when this test dies. Whoever kills the test's process group spares the keeper,
 * which has to outlive it. */
static void
labDaemonKeep(labDaemon *daemon)
{
    int fds[2];
    char byte;

    g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
    daemon->keeper = fork();
    g_assert_cmpint(daemon->keeper, >=, 0);
    if (daemon->keeper == 0) {
        setpgid(0, 0);
        close(fds[1]);
        if (daemon->leash >= 0)
            close(daemon->leash);
        while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
            continue;
        kill(-daemon->group, SIGKILL);
        _exit(0);
    }
    setpgid(daemon->keeper, daemon->keeper);
    close(fds[0]);
    daemon->leash = fds[1];
}

static void
labDaemonUnkeep(labDaemon *daemon)
{
    close(daemon->leash);
    daemon->leash = -1;
    g_assert_cmpint(kill(daemon->keeper, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(daemon->keeper, NULL, 0), ==, daemon->keeper);
}

static void
labDaemonFork(labDaemon *daemon, const char *notify)
{
    g_autofree char *program = g_build_filename(g_getenv("abs_top_builddir"), "src", "locking", "virtleased", NULL);

    daemon->pid = fork();
    g_assert_cmpint(daemon->pid, >=, 0);
    if (daemon->pid == 0)
        labDaemonExec(daemon, program, notify);
    /* In both, as neither knows which of them comes first. */
    setpgid(daemon->pid, daemon->pid);
    daemon->group = daemon->pid;
    labDaemonKeep(daemon);
}

/* A socket like systemd's, to hear that a service is ready. */
static int
labNotifySocket(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    g_assert_cmpuint(g_strlcpy(address.sun_path, path, sizeof(address.sun_path)), <, sizeof(address.sun_path));
    g_remove(path);
    g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    return fd;
}

static void
labDaemonPrintLog(const labDaemon *daemon)
{
    g_autofree char *log = labDaemonReadLog(daemon);

    g_printerr("%s\n", log);
}

void
labDaemonStart(labDaemon *daemon)
{
    g_autofree char *path = g_build_filename(daemon->dir, "notify", NULL);
    int fd = labNotifySocket(path);
    struct pollfd pfd = { .fd = fd, .events = POLLIN };
    char text[64] = "";

    labDaemonFork(daemon, path);
    if (poll(&pfd, 1, LAB_PATIENCE_MS) != 1 || recv(fd, text, sizeof(text) - 1, 0) < 0)
        labDaemonPrintLog(daemon);
    g_assert_cmpstr(text, ==, "READY=1");
    close(fd);
}

static gboolean
labWaitPid(pid_t pid, unsigned int ms, int *status)
{
    gint64 end = virTimeBootNow() + ms * VIR_LEASE_MILLISECOND;
    pid_t got;

    /* A guard that took another's place is the worker's child, and ours later. */
    while (((got = waitpid(pid, status, WNOHANG)) == 0 || (got < 0 && errno == ECHILD)) && virTimeBootNow() < end)
        labSleep(5);
    g_assert_cmpint(got, >=, 0);
    return got == pid;
}

/* Nothing of the daemon may be left, save what is gone but not yet waited for. */
static void
labDaemonReap(labDaemon *daemon)
{
    gint64 end = virTimeBootNow() + LAB_PATIENCE_MS * VIR_LEASE_MILLISECOND;
    pid_t got;

    while ((got = waitpid(-daemon->group, NULL, WNOHANG)) >= 0 && virTimeBootNow() < end) {
        if (got == 0)
            labSleep(5);
    }
    g_assert_cmpint(got, ==, -1);
    g_assert_cmpint(kill(-daemon->group, 0), ==, -1);
    labDaemonUnkeep(daemon);
    daemon->pid = 0;
}

gboolean
labDaemonStartFails(labDaemon *daemon)
{
    int status = 0;

    labDaemonFork(daemon, "/nonexistent");
    g_assert_true(labWaitPid(daemon->pid, LAB_PATIENCE_MS, &status));
    labDaemonReap(daemon);
    return WIFEXITED(status) && WEXITSTATUS(status) != 0;
}

int
labDaemonStop(labDaemon *daemon, int sig)
{
    int status = 0;

    g_assert_cmpint(kill(sig == SIGKILL ? -daemon->group : daemon->pid, sig), ==, 0);
    g_assert_true(labWaitPid(daemon->pid, LAB_PATIENCE_MS, &status));
    labDaemonReap(daemon);
    return status;
}

/* Whether @pid is a worker of @daemon; one that is gone has no command line. */
static gboolean
labDaemonIsWorker(const labDaemon *daemon, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/cmdline", (int) pid);
    g_autofree char *line = NULL;
    gsize length = 0;

    if (getpgid(pid) != daemon->group || !g_file_get_contents(path, &line, &length, NULL))
        return FALSE;
    for (gsize i = 0; i < length; i += strlen(line + i) + 1) {
        if (g_str_has_prefix(line + i, "--worker="))
            return TRUE;
    }
    return FALSE;
}

pid_t
labDaemonWorker(const labDaemon *daemon)
{
    GDir *dir = g_dir_open("/proc", 0, NULL);
    const char *name;
    pid_t found = 0;

    while (!found && (name = g_dir_read_name(dir))) {
        pid_t pid = (pid_t) g_ascii_strtoll(name, NULL, 10);

        if (pid > 0 && labDaemonIsWorker(daemon, pid))
            found = pid;
    }
    g_dir_close(dir);
    return found;
}

pid_t
labDaemonNextWorker(const labDaemon *daemon, pid_t old)
{
    gint64 end = virTimeBootNow() + LAB_PATIENCE_MS * VIR_LEASE_MILLISECOND;
    pid_t pid = labDaemonWorker(daemon);

    while ((pid == 0 || pid == old) && virTimeBootNow() < end) {
        labSleep(1);
        pid = labDaemonWorker(daemon);
    }
    g_assert_cmpint(pid, !=, 0);
    g_assert_cmpint(pid, !=, old);
    return pid;
}

void
labDaemonNextGuard(labDaemon *daemon)
{
    gint64 end = virTimeBootNow() + LAB_PATIENCE_MS * VIR_LEASE_MILLISECOND;
    pid_t old = daemon->pid;

    while (daemon->pid == old && virTimeBootNow() < end) {
        g_autofree char *text = NULL;

        labSleep(5);
        if (g_file_get_contents(daemon->pidFile, &text, NULL, NULL))
            daemon->pid = (pid_t) g_ascii_strtoll(text, NULL, 10);
    }
    g_assert_cmpint(daemon->pid, !=, old);
    g_assert_cmpint(getpgid(daemon->pid), ==, daemon->group);
}

virLeaseTime
labDaemonEnd(const labDaemon *daemon)
{
    g_autofree char *path = g_build_filename(daemon->state, "lockspaces", "default", "session", NULL);
    g_autofree char *text = NULL;
    const char *before = "\\\"end\\\":\\\"";    /* JSON in JSON */
    const char *end;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    end = strstr(text, before);
    g_assert_nonnull(end);
    return g_ascii_strtoll(end + strlen(before), NULL, 10);
}

char *
labDaemonReadLog(const labDaemon *daemon)
{
    char *text = NULL;

    return g_file_get_contents(daemon->log, &text, NULL, NULL) ? text : g_strdup("");
}

void
labDaemonFree(labDaemon *daemon)
{
    if (daemon->pid)
        labDaemonStop(daemon, SIGKILL);
    labRemove(daemon->dir);
    g_free(daemon->config);
    g_free(daemon->socket);
    g_free(daemon->state);
    g_free(daemon->log);
    g_free(daemon->pidFile);
    g_free(daemon);
}

/* ---- guests ---- */

labGuest *
labGuestNew(const char *name, gboolean stubborn)
{
    labGuest *guest = g_new0(labGuest, 1);
    static unsigned char last;
    sigset_t set;

    guest->name = g_strdup(name);
    memset(guest->uuid, ++last, sizeof(guest->uuid));
    guest->pid = fork();
    g_assert_cmpint(guest->pid, >=, 0);
    if (guest->pid > 0)
        return guest;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (stubborn)
        signal(SIGTERM, SIG_IGN);
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    execlp("sleep", "sleep", "600", NULL);
    _exit(127);
}

void
labGuestKill(labGuest *guest)
{
    g_assert_cmpint(kill(guest->pid, SIGKILL), ==, 0);
    g_assert_true(labGuestEnds(guest, LAB_PATIENCE_MS));
}

gboolean
labGuestEnds(labGuest *guest, unsigned int ms)
{
    int status;

    if (guest->pid && labWaitPid(guest->pid, ms, &status))
        guest->pid = 0;
    return guest->pid == 0;
}

void
labGuestFree(labGuest *guest)
{
    if (guest->pid)
        labGuestKill(guest);
    g_free(guest->name);
    g_free(guest);
}

/* ---- calls ---- */

static int
labCall(const labDaemon *daemon, int procedure, xdrproc_t argFilter, void *args, xdrproc_t retFilter, void *ret,
        char **message)
{
    gint64 deadline = virTimeBootNow() + LAB_PATIENCE_MS * VIR_LEASE_MILLISECOND;
    g_autoptr(virNetClient) client = virNetClientNew("virtleased", daemon->socket, deadline);

    virResetLastError();
    if (client &&
        virNetClientCall(client, VIR_LEASE_PROTOCOL_PROGRAM, VIR_LEASE_PROTOCOL_VERSION, procedure,
                         argFilter, args, retFilter, ret, deadline) == 0)
        return 0;
    g_test_message("procedure %d: %s", procedure, virGetLastErrorMessage());
    if (message)
        *message = g_strdup(virGetLastErrorMessage());
    return virGetLastErrorCode();
}

static void
labRequest(virLeaseProtocolRequest *request, const labGuest *guest, const char *resource,
           virLeaseProtocolResource *storage)
{
    request->lockspace = (char *) "default";
    request->timeout = 2000;
    memcpy(request->owner.uuid, guest->uuid, sizeof(guest->uuid));
    request->owner.name = guest->name;
    request->owner.pid = guest->pid;
    if (!resource)
        return;
    storage->name = storage->path = (char *) resource;
    request->resources.resources_len = 1;
    request->resources.resources_val = storage;
}

int
labRegister(const labDaemon *daemon, const labGuest *guest, const char *resource, char **message)
{
    virLeaseProtocolResource storage = { 0 };
    virLeaseProtocolRegisterArgs args = { .failure = guest->failure, .reserve = 1 };

    labRequest(&args.request, guest, resource, &storage);
    return labCall(daemon, VIR_LEASE_PROTOCOL_PROC_REGISTER,
                   (xdrproc_t) xdr_virLeaseProtocolRegisterArgs, &args, NULL, NULL, message);
}

int
labAcquire(const labDaemon *daemon, const labGuest *guest, const char *resource, const char *token, char **message)
{
    virLeaseProtocolResource storage = { 0 };
    virLeaseProtocolAcquireArgs args = {
        .failure = guest->failure,
        .token = (char *) (token ? token : ""),
        .handoverWait = 1000,
    };

    labRequest(&args.request, guest, resource, &storage);
    return labCall(daemon, VIR_LEASE_PROTOCOL_PROC_ACQUIRE,
                   (xdrproc_t) xdr_virLeaseProtocolAcquireArgs, &args, NULL, NULL, message);
}

int
labDetach(const labDaemon *daemon, const labGuest *guest, const char *resource)
{
    virLeaseProtocolResource storage = { 0 };
    virLeaseProtocolDetachArgs args = { 0 };

    labRequest(&args.request, guest, resource, &storage);
    return labCall(daemon, VIR_LEASE_PROTOCOL_PROC_DETACH,
                   (xdrproc_t) xdr_virLeaseProtocolDetachArgs, &args, NULL, NULL, NULL);
}

int
labSuspend(const labDaemon *daemon, const labGuest *guest, char **token)
{
    virLeaseProtocolSuspendArgs args = { 0 };
    virLeaseProtocolTokenRet ret = { 0 };
    int code;

    labRequest(&args.request, guest, NULL, NULL);
    code = labCall(daemon, VIR_LEASE_PROTOCOL_PROC_SUSPEND,
                   (xdrproc_t) xdr_virLeaseProtocolSuspendArgs, &args,
                   (xdrproc_t) xdr_virLeaseProtocolTokenRet, &ret, NULL);
    if (code == 0)
        *token = g_strdup(ret.token);
    xdr_free((xdrproc_t) xdr_virLeaseProtocolTokenRet, (char *) &ret);
    return code;
}

int
labAcquirePatiently(const labDaemon *daemon, const labGuest *guest, const char *resource, unsigned int ms)
{
    gint64 end = virTimeBootNow() + ms * VIR_LEASE_MILLISECOND;
    int code;

    while ((code = labAcquire(daemon, guest, resource, NULL, NULL)) != 0 && virTimeBootNow() < end)
        labSleep(50);
    return code;
}

virLeaseProtocolStatusRet *
labStatus(const labDaemon *daemon)
{
    virLeaseProtocolStatusRet *status = g_new0(virLeaseProtocolStatusRet, 1);

    g_assert_cmpint(labCall(daemon, VIR_LEASE_PROTOCOL_PROC_STATUS, NULL, NULL,
                            (xdrproc_t) xdr_virLeaseProtocolStatusRet, status, NULL), ==, 0);
    g_assert_cmpuint(status->lockspaces.lockspaces_len, ==, 1);
    return status;
}

void
labStatusFree(virLeaseProtocolStatusRet *status)
{
    xdr_free((xdrproc_t) xdr_virLeaseProtocolStatusRet, (char *) status);
    g_free(status);
}

char *
labGuestState(const labDaemon *daemon, const labGuest *guest)
{
    virLeaseProtocolStatusRet *status = labStatus(daemon);
    const virLeaseProtocolLockspaceStatus *lockspace = status->lockspaces.lockspaces_val;
    char *state = NULL;

    for (guint i = 0; i < lockspace->owners.owners_len; i++) {
        const virLeaseProtocolOwnerStatus *owner = &lockspace->owners.owners_val[i];

        if (memcmp(owner->owner.uuid, guest->uuid, sizeof(guest->uuid)) == 0)
            state = g_strdup(owner->state);
    }
    labStatusFree(status);
    return state ? state : g_strdup("");
}

void
labWaitGuestState(const labDaemon *daemon, const labGuest *guest, const char *state)
{
    gint64 end = virTimeBootNow() + LAB_PATIENCE_MS * VIR_LEASE_MILLISECOND;
    g_autofree char *shown = labGuestState(daemon, guest);

    while (!g_str_equal(shown, state) && virTimeBootNow() < end) {
        labSleep(10);
        g_free(shown);
        shown = labGuestState(daemon, guest);
    }
    g_assert_cmpstr(shown, ==, state);
}

/* ---- all together ---- */

void
labHostsStart(labHosts *hosts, char *lockspace, const char *url)
{
    hosts->lockspace = lockspace;
    hosts->a = labDaemonNew(url);
    hosts->b = labDaemonNew(url);
    labDaemonStart(hosts->a);
    labDaemonStart(hosts->b);
    hosts->web = labGuestNew("web", FALSE);
    hosts->db = labGuestNew("db", FALSE);
}

void
labHostsStop(labHosts *hosts)
{
    if (g_test_failed()) {
        g_printerr("log of A:\n");
        labDaemonPrintLog(hosts->a);
        g_printerr("log of B:\n");
        labDaemonPrintLog(hosts->b);
    }
    labGuestFree(hosts->web);
    labGuestFree(hosts->db);
    labDaemonFree(hosts->a);
    labDaemonFree(hosts->b);
    labRemove(hosts->lockspace);
}
