/*
 * stuckprocess.c: a process that not even SIGKILL ends
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stuckprocess.h"

#define STUCK_REQUEST_MAX (256 * 1024)

struct _stuckProcess {
    char *dir;
    int fd;             /* of the server; -1: released */
    pid_t pid;
};

typedef struct {
    struct fuse_out_header header;
    struct fuse_init_out init;
} stuckGreeting;

/* Takes one request; returns its number, 0 if there is none. */
static guint64
stuckTakeRequest(int fd)
{
    g_autofree char *buffer = g_malloc(STUCK_REQUEST_MAX);
    const struct fuse_in_header *header = (const struct fuse_in_header *) (void *) buffer;

    return read(fd, buffer, STUCK_REQUEST_MAX) >= (ssize_t) sizeof(*header) ? header->unique : 0;
}

static gboolean
stuckGreet(int fd)
{
    stuckGreeting greeting = {
        .header = { .len = sizeof(greeting), .unique = stuckTakeRequest(fd) },
        .init = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_write = 4096 },
    };

    return greeting.header.unique && write(fd, &greeting, sizeof(greeting)) == sizeof(greeting);
}

static gboolean
stuckMount(const stuckProcess *stuck)
{
    g_autofree char *options = g_strdup_printf("fd=%d,rootmode=40000,user_id=0,group_id=0", stuck->fd);

    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
        mount("stuck", stuck->dir, "fuse", MS_NOSUID | MS_NODEV, options) == 0 && stuckGreet(stuck->fd);
}

static void G_GNUC_NORETURN
stuckChild(const stuckProcess *stuck)
{
    g_autofree char *path = g_build_filename(stuck->dir, "file", NULL);
    struct stat file;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(stuck->fd);
    (void) !stat(path, &file);
    _exit(0);
}

stuckProcess *
stuckProcessNew(void)
{
    stuckProcess *stuck = g_new0(stuckProcess, 1);

    stuck->dir = g_dir_make_tmp("stuck-XXXXXX", NULL);
    g_assert_nonnull(stuck->dir);
    stuck->fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (stuck->fd < 0 || !stuckMount(stuck)) {
        stuckProcessFree(stuck);
        return NULL;
    }
    stuck->pid = fork();
    g_assert_cmpint(stuck->pid, >=, 0);
    if (stuck->pid == 0)
        stuckChild(stuck);
    /* From now on the request is with the server, and no signal takes it back. */
    g_assert_cmpuint(stuckTakeRequest(stuck->fd), !=, 0);
    return stuck;
}

pid_t
stuckProcessGetPid(const stuckProcess *stuck)
{
    return stuck->pid;
}

void
stuckProcessRelease(stuckProcess *stuck)
{
    if (stuck->fd >= 0)
        close(stuck->fd);
    stuck->fd = -1;
}

void
stuckProcessFree(stuckProcess *stuck)
{
    stuckProcessRelease(stuck);
    if (stuck->pid > 0) {
        kill(stuck->pid, SIGKILL);
        waitpid(stuck->pid, NULL, 0);
    }
    umount2(stuck->dir, MNT_DETACH);
    g_rmdir(stuck->dir);
    g_free(stuck->dir);
    g_free(stuck);
}
