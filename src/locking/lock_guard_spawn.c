/*
 * lock_guard_spawn.c: guard and worker start each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lock_guard_spawn.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LOCK_GUARD_SPAWN_PROGRAM "/proc/self/exe"
#define VIR_LOCK_GUARD_SPAWN_OOM "/proc/self/oom_score_adj"

static const char *const virLockGuardSpawnOptions[] = {
    [VIR_LOCK_GUARD_ROLE_WORKER] = "--worker",
    [VIR_LOCK_GUARD_ROLE_GUARD] = "--guard",
};

void
virLockGuardRankGet(virLockGuardRank *rank)
{
    g_autofree char *text = NULL;

    memset(rank, 0, sizeof(*rank));
    rank->nice = getpriority(PRIO_PROCESS, 0);
    if (g_file_get_contents(VIR_LOCK_GUARD_SPAWN_OOM, &text, NULL, NULL))
        g_strlcpy(rank->oom, text, sizeof(rank->oom));
}

/* ---- in the child, which may do only what a signal handler may ---- */

static void
virLockGuardSpawnTakeRank(const virLockGuardRank *rank)
{
    struct sched_param usual = { .sched_priority = 0 };
    int fd = rank->oom[0] ? open(VIR_LOCK_GUARD_SPAWN_OOM, O_WRONLY | O_CLOEXEC) : -1;

    /* Going back to less is always allowed. */
    (void) sched_setscheduler(0, SCHED_OTHER, &usual);
    (void) setpriority(PRIO_PROCESS, 0, rank->nice);
    if (fd >= 0 && write(fd, rank->oom, strlen(rank->oom)) < 0)
        (void) close(fd);
}

static gboolean
virLockGuardSpawnKeep(int fd)
{
    return fd < 0 || fcntl(fd, F_SETFD, 0) == 0;
}

static void G_GNUC_NORETURN
virLockGuardSpawnExec(char **argv, const virLockGuardInherited *inherited, const virLockGuardRank *rank)
{
    struct sigaction action = { .sa_handler = SIG_DFL };
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++)
        (void) sigaction(sig, &action, NULL);
    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);
    virLockGuardSpawnTakeRank(rank);
    if (virLockGuardSpawnKeep(inherited->page) && virLockGuardSpawnKeep(inherited->channel) &&
        virLockGuardSpawnKeep(inherited->socket) && virLockGuardSpawnKeep(inherited->watchdog) &&
        virLockGuardSpawnKeep(inherited->locks[0]) && virLockGuardSpawnKeep(inherited->locks[1]) &&
        virLockGuardSpawnKeep(inherited->starter))
        (void) execv(VIR_LOCK_GUARD_SPAWN_PROGRAM, argv);
    _exit(127);
}

/* ---- in the parent ---- */

static void
virLockGuardSpawnAdd(GPtrArray *argv, const char *option, const char *value)
{
    if (value)
        g_ptr_array_add(argv, g_strdup_printf("%s=%s", option, value));
}

static GPtrArray *
virLockGuardSpawnArguments(virLockGuardRole role,
                           const virLockDaemonOptions *options,
                           const virLockGuardInherited *inherited)
{
    GPtrArray *argv = g_ptr_array_new_with_free_func(g_free);

    g_ptr_array_add(argv, g_strdup("virtleased"));
    virLockGuardSpawnAdd(argv, "--config", options->config);
    virLockGuardSpawnAdd(argv, "--socket", options->socket);
    virLockGuardSpawnAdd(argv, "--state-dir", options->stateDir);
    virLockGuardSpawnAdd(argv, "--pid-file", options->pidFile);
    if (options->verbose)
        g_ptr_array_add(argv, g_strdup("--verbose"));
    g_ptr_array_add(argv, g_strdup_printf("%s=%d,%d,%d,%d,%d,%d,%d,%lld", virLockGuardSpawnOptions[role],
                                          inherited->page, inherited->channel, inherited->socket,
                                          inherited->watchdog, inherited->locks[0], inherited->locks[1],
                                          inherited->starter, (long long) getpid()));
    g_ptr_array_add(argv, NULL);
    return argv;
}

pid_t
virLockGuardSpawn(virLockGuardRole role,
                  const virLockDaemonOptions *options,
                  const virLockGuardInherited *inherited,
                  const virLockGuardRank *rank)
{
    g_autoptr(GPtrArray) argv = virLockGuardSpawnArguments(role, options, inherited);
    sigset_t all;
    sigset_t old;
    pid_t pid;

    /* No handler of this process may run in the child. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pid = fork();
    if (pid == 0)
        virLockGuardSpawnExec((char **) argv->pdata, inherited, rank);
    if (pid < 0)
        virReportSystemError(errno, "%s",
                             role == VIR_LOCK_GUARD_ROLE_WORKER ? _("cannot start a worker") : _("cannot start a guard"));
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid;
}

/* ---- in the new program ---- */

static gboolean
virLockGuardInheritedTake(int fd)
{
    return fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

int
virLockGuardInheritedParse(const char *text, virLockGuardInherited *inherited)
{
    virLockGuardInherited found = { .page = -1 };
    long long pid = 0;
    char end;

    if (sscanf(text, "%9d,%9d,%9d,%9d,%9d,%9d,%9d,%9lld%c",
               &found.page, &found.channel, &found.socket, &found.watchdog, &found.locks[0], &found.locks[1],
               &found.starter, &pid, &end) == 8 &&
        pid > 1 &&
        virLockGuardInheritedTake(found.page) && virLockGuardInheritedTake(found.channel) &&
        (found.socket == -1 || virLockGuardInheritedTake(found.socket)) &&
        (found.watchdog == -1 || virLockGuardInheritedTake(found.watchdog)) &&
        virLockGuardInheritedTake(found.locks[0]) && virLockGuardInheritedTake(found.locks[1]) &&
        virLockGuardInheritedTake(found.starter)) {
        found.pid = (pid_t) pid;
        *inherited = found;
        return 0;
    }
    virReportError(VIR_ERR_INVALID_ARG, "%s",
                   _("the options --worker and --guard are virtleased's own, not to be used by anybody else"));
    return -1;
}
