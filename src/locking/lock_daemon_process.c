/*
 * lock_daemon_process.c: the daemon as a process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_daemon_process.h"
#include "lock_daemon_statefile.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.process");

#define VIR_LOCK_DAEMON_PROCESS_FILES 65536

static void G_GNUC_NORETURN
virLockDaemonProcessWaitForChild(int fd)
{
    char byte = 1;
    ssize_t got;

    do {
        got = read(fd, &byte, 1);
    } while (got < 0 && errno == EINTR);
    _exit(got == 1 && byte == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int
virLockDaemonProcessDetach(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 ||
        dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
        (isatty(STDERR_FILENO) && dup2(null, STDERR_FILENO) < 0) ||
        setsid() < 0 || chdir("/") < 0) {
        virReportSystemError(errno, "%s", _("cannot go to the background"));
        return -1;
    }
    if (null > STDERR_FILENO)
        close(null);
    return 0;
}

int
virLockDaemonProcessDaemonize(void)
{
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
        virReportSystemError(errno, "%s", _("cannot go to the background"));
        return -1;
    }
    if (pid > 0) {
        close(fds[1]);
        virLockDaemonProcessWaitForChild(fds[0]);
    }
    close(fds[0]);
    if (virLockDaemonProcessDetach() < 0) {
        close(fds[1]);
        return -1;
    }
    return fds[1];
}

void
virLockDaemonProcessReady(int fd)
{
    char byte = 0;

    if (fd < 0)
        return;
    if (write(fd, &byte, 1) != 1)
        VIR_WARN("who started this daemon did not wait for it, ignoring");
    close(fd);
}

int
virLockDaemonProcessWritePidFile(const char *path)
{
    g_autofree char *text = g_strdup_printf("%lld\n", (long long) getpid());
    g_autofree char *parent = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    int dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc;

    if (dir < 0) {
        virReportSystemError(errno, _("cannot write the pid file '%1$s'"), path);
        return -1;
    }
    rc = virLockDaemonStateFileWrite(dir, name, text);
    close(dir);
    return rc;
}

void
virLockDaemonProcessRaiseFiles(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= VIR_LOCK_DAEMON_PROCESS_FILES)
        return;
    limit.rlim_cur = VIR_LOCK_DAEMON_PROCESS_FILES;
    limit.rlim_max = MAX(limit.rlim_max, limit.rlim_cur);
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return;
    /* More than allowed: then what is allowed. */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = MIN(limit.rlim_max, VIR_LOCK_DAEMON_PROCESS_FILES);
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            VIR_WARN("cannot raise the number of open files, ignoring: %s", g_strerror(errno));
    }
}
