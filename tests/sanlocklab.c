/*
 * sanlocklab.c: two hosts, each with a real sanlock daemon
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "sanlocklab.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_manager_plugin.h"
#include "virerror.h"
#include "virtleasedlab.h"

#define LAB_PROGRAM "sanlock"
#define LAB_PROGRAM_PATH "/usr/sbin/sanlock"
#define LAB_PATIENCE_US (20 * G_USEC_PER_SEC)
#define LAB_LEASE_SIZE 1048576
#define LAB_IO_TIMEOUT 1        /* seconds, and the least: all else is many times as long */

static char *
labProgram(void)
{
    char *program = g_find_program_in_path(LAB_PROGRAM);

    return program ? program : g_strdup(LAB_PROGRAM_PATH);
}

gboolean
sanlockLabIsPossible(void)
{
    g_autofree char *program = labProgram();

    if (WITH_SANLOCK && g_file_test(program, G_FILE_TEST_IS_EXECUTABLE))
        return TRUE;
    g_test_skip(WITH_SANLOCK ? "sanlock is not installed" : "the lock driver sanlock was not built");
    return FALSE;
}

void
sanlockLabEnter(const sanlockLab *lab, int host)
{
    g_setenv("SANLOCK_RUN_DIR", lab->run[host], TRUE);
}

/* In the child. */
static void G_GNUC_NORETURN
labRunDaemon(const sanlockLab *lab, int host)
{
    g_autofree char *program = labProgram();
    g_autofree char *log = g_build_filename(lab->run[host], "log", NULL);
    const struct passwd *user = getpwuid(geteuid());
    const struct group *group = getgrgid(getegid());
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!user || !group || fd < 0 || dup2(fd, STDERR_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
        _exit(127);
    sanlockLabEnter(lab, host);
    g_setenv("SANLOCK_PRIVILEGED", "0", TRUE);
    execl(program, LAB_PROGRAM, "daemon", "-D", "-w", "0", "-l", "0", "-h", "0",
          "-U", user->pw_name, "-G", group->gr_name, NULL);
    _exit(127);
}

static void
labStartDaemon(sanlockLab *lab, int host)
{
    g_autofree char *sock = g_build_filename(lab->run[host], "sanlock.sock", NULL);
    gint64 end = g_get_monotonic_time() + LAB_PATIENCE_US;

    lab->pid[host] = fork();
    g_assert_cmpint(lab->pid[host], >=, 0);
    if (lab->pid[host] == 0)
        labRunDaemon(lab, host);
    while (!g_file_test(sock, G_FILE_TEST_EXISTS)) {
        g_assert_cmpint(g_get_monotonic_time(), <, end);
        g_assert_cmpint(waitpid(lab->pid[host], NULL, WNOHANG), ==, 0);
        g_usleep(5000);
    }
}

static void
labWriteSettings(const sanlockLab *lab, int host)
{
    g_autofree char *file = g_build_filename(lab->conf[host], "qemu-sanlock.conf", NULL);
    g_autofree char *text = g_strdup_printf("auto_disk_leases = 1\ndisk_lease_dir = \"%s\"\nhost_id = %d\nio_timeout = %d\n",
                                            lab->leases, host + 1, LAB_IO_TIMEOUT);

    g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static char *
labDirectory(const sanlockLab *lab, const char *name, int host)
{
    g_autofree char *file = g_strdup_printf("%s-%d", name, host + 1);
    char *dir = g_build_filename(lab->dir, file, NULL);

    g_assert_cmpint(g_mkdir(dir, 0755), ==, 0);
    return dir;
}

sanlockLab *
sanlockLabNew(void)
{
    sanlockLab *lab = g_new0(sanlockLab, 1);
    int host;

    lab->dir = g_dir_make_tmp("sanlock-XXXXXX", NULL);
    g_assert_nonnull(lab->dir);
    lab->leases = g_build_filename(lab->dir, "leases", NULL);
    g_assert_cmpint(g_mkdir(lab->leases, 0755), ==, 0);
    for (host = 0; host < SANLOCK_LAB_HOSTS; host++) {
        lab->run[host] = labDirectory(lab, "run", host);
        lab->conf[host] = labDirectory(lab, "conf", host);
        labWriteSettings(lab, host);
        labStartDaemon(lab, host);
    }
    return lab;
}

static void G_GNUC_NORETURN
labJoin(const sanlockLab *lab, int host)
{
    virLockManagerPlugin *plugin;

    sanlockLabEnter(lab, host);
    plugin = virLockManagerPluginNew("sanlock", "qemu", lab->conf[host], 0);
    if (!plugin)
        g_printerr("host %d: %s\n", host + 1, virGetLastErrorMessage());
    _exit(plugin ? 0 : 1);
}

void
sanlockLabJoin(const sanlockLab *lab)
{
    pid_t pid[SANLOCK_LAB_HOSTS];
    int host;
    int status;

    for (host = 0; host < SANLOCK_LAB_HOSTS; host++) {
        pid[host] = fork();
        g_assert_cmpint(pid[host], >=, 0);
        if (pid[host] == 0)
            labJoin(lab, host);
    }
    for (host = 0; host < SANLOCK_LAB_HOSTS; host++) {
        g_assert_cmpint(waitpid(pid[host], &status, 0), ==, pid[host]);
        g_assert_cmpint(status, ==, 0);
    }
}

char *
sanlockLabClient(const sanlockLab *lab, int host, const char *const *argv)
{
    g_autoptr(GPtrArray) args = g_ptr_array_new();
    g_autofree char *program = labProgram();
    char *output = NULL;

    g_ptr_array_add(args, program);
    g_ptr_array_add(args, (char *) "client");
    for (; *argv; argv++)
        g_ptr_array_add(args, (char *) *argv);
    g_ptr_array_add(args, NULL);
    sanlockLabEnter(lab, host);
    g_assert_true(g_spawn_sync(NULL, (char **) args->pdata, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                               &output, NULL, NULL, NULL));
    return output;
}

void
sanlockLabMakeLease(const sanlockLab *lab, const char *name, const char *file)
{
    g_autofree char *lease = g_strdup_printf(SANLOCK_LAB_LOCKSPACE ":%s:%s:0", name, file);
    const char *const argv[] = { "init", "-r", lease, NULL };
    g_autofree char *output = NULL;

    g_assert_cmpint(truncate(file, LAB_LEASE_SIZE), ==, 0);
    output = sanlockLabClient(lab, 0, argv);
    g_assert_nonnull(strstr(output, "done 0"));
}

void
sanlockLabKill(sanlockLab *lab, int host)
{
    if (lab->pid[host] <= 0)
        return;
    g_assert_cmpint(kill(lab->pid[host], SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(lab->pid[host], NULL, 0), ==, lab->pid[host]);
    lab->pid[host] = 0;
}

void
sanlockLabFree(sanlockLab *lab)
{
    int host;

    if (!lab)
        return;
    for (host = 0; host < SANLOCK_LAB_HOSTS; host++) {
        sanlockLabKill(lab, host);
        g_free(lab->run[host]);
        g_free(lab->conf[host]);
    }
    g_free(lab->leases);
    labRemove(lab->dir);
    g_free(lab);
}
