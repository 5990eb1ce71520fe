/*
 * lock_daemon_statefile.c: small files that are replaced as a whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock_daemon_statefile.h"
#include "virerror.h"
#include "virgettext.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LOCK_DAEMON_STATE_FILE_NEW "new."

static int
virLockDaemonStateFileWriteAll(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t done = write(fd, text, left);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        text += done;
        left -= done;
    }
    return 0;
}

static int
virLockDaemonStateFileCreate(int dir, const char *name, const char *text)
{
    int fd;

    /* What a killed daemon left under this name is of no use. */
    if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
        return -1;
    fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    if (virLockDaemonStateFileWriteAll(fd, text) < 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return -1;
    }
    return close(fd);
}

int
virLockDaemonStateFileWrite(int dir, const char *name, const char *text)
{
    g_autofree char *temporary = g_strconcat(VIR_LOCK_DAEMON_STATE_FILE_NEW, name, NULL);

    if (strlen(text) > VIR_LOCK_DAEMON_STATE_FILE_MAX) {
        virReportError(VIR_ERR_OVERFLOW, _("the state file '%1$s' would become too large"), name);
        return -1;
    }
    if (virLockDaemonStateFileCreate(dir, temporary, text) < 0 ||
        renameat(dir, temporary, dir, name) < 0) {
        virReportSystemError(errno, _("cannot write the state file '%1$s'"), name);
        unlinkat(dir, temporary, 0);
        return -1;
    }
    return 0;
}

static int
virLockDaemonStateFileCheck(int fd, const char *name, size_t *sizeBytes)
{
    struct stat sb;

    if (fstat(fd, &sb) < 0) {
        virReportSystemError(errno, _("cannot examine the state file '%1$s'"), name);
        return -1;
    }
    if (!S_ISREG(sb.st_mode) || sb.st_uid != geteuid() || (sb.st_mode & 022) ||
        sb.st_size > VIR_LOCK_DAEMON_STATE_FILE_MAX) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("the state file '%1$s' is not one that this daemon wrote"), name);
        return -1;
    }
    *sizeBytes = sb.st_size;
    return 0;
}

static char *
virLockDaemonStateFileReadAll(int fd, const char *name)
{
    g_autofree char *text = NULL;
    size_t size = 0;
    size_t have = 0;

    if (virLockDaemonStateFileCheck(fd, name, &size) < 0)
        return NULL;

    text = g_malloc0(size + 1);
    while (have < size) {
        ssize_t got = read(fd, text + have, size - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            virReportSystemError(errno, _("cannot read the state file '%1$s'"), name);
            return NULL;
        }
        if (got == 0)
            break;
        have += got;
    }
    if (have < size || memchr(text, 0, size)) {
        virReportError(VIR_ERR_INTERNAL_ERROR, _("the state file '%1$s' is damaged"), name);
        return NULL;
    }
    return g_steal_pointer(&text);
}

char *
virLockDaemonStateFileRead(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *text;

    if (fd < 0) {
        virReportSystemError(errno, _("cannot open the state file '%1$s'"), name);
        return NULL;
    }
    text = virLockDaemonStateFileReadAll(fd, name);
    close(fd);
    return text;
}

gboolean
virLockDaemonStateFileIsLeftover(const char *name)
{
    return g_str_has_prefix(name, VIR_LOCK_DAEMON_STATE_FILE_NEW);
}
