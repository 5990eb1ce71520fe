/*
 * virprocess.c: other processes, found again for sure
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "virerror.h"
#include "virprocess.h"

#define VIR_FROM_THIS VIR_FROM_NONE

/* pid, name of at most 64 bytes, state, and 49 numbers of at most 20 digits */
#define VIR_PROCESS_STAT_MAX 2048

/* Fields are counted from 1; the name in parentheses is the second. */
#define VIR_PROCESS_STAT_FIELD_STATE 3
#define VIR_PROCESS_STAT_FIELD_START 22

static ssize_t
virProcessReadAll(int fd, char *buf, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = read(fd, buf + got, len - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        got += (size_t) n;
    }
    return (ssize_t) got;
}

/* Fills @buf with the process's stat line. Returns 0, or -1 with errno set. */
static int
virProcessReadStat(pid_t pid, char *buf, size_t len)
{
    g_autofree char *path = g_strdup_printf("/proc/%lld/stat", (long long) pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    int saved;

    if (fd < 0) {
        if (errno == ENOENT)
            errno = ESRCH;
        return -1;
    }
    got = virProcessReadAll(fd, buf, len - 1);
    saved = errno;
    close(fd);
    errno = saved;
    if (got < 0)
        return -1;
    buf[got] = '\0';
    return 0;
}

/* The name may hold blanks and parentheses, so fields are counted from the
 * last parenthesis on. Returns 0, or -1 if @stat is no such line. */
static int
virProcessParseStartTime(const char *stat, unsigned long long *start)
{
    const char *p = strrchr(stat, ')');
    guint64 value;
    char *end;
    int field;

    for (field = VIR_PROCESS_STAT_FIELD_STATE; p && field <= VIR_PROCESS_STAT_FIELD_START; field++) {
        p = strchr(p, ' ');
        if (p)
            p++;
    }
    if (!p || !g_ascii_isdigit(*p))
        return -1;
    errno = 0;
    value = g_ascii_strtoull(p, &end, 10);
    if (errno != 0 || *end != ' ')
        return -1;
    *start = value;
    return 0;
}

int
virProcessGetStartTime(pid_t pid, unsigned long long *start)
{
    char stat[VIR_PROCESS_STAT_MAX];

    if (virProcessReadStat(pid, stat, sizeof(stat)) < 0) {
        virReportSystemError(errno, _("cannot read when process %1$lld was started"),
                             (long long) pid);
        return -1;
    }
    if (virProcessParseStartTime(stat, start) < 0) {
        errno = EINVAL;
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("cannot tell from its status when process %1$lld was started"),
                       (long long) pid);
        return -1;
    }
    return 0;
}

gboolean
virProcessHasArgument(pid_t pid, const char *argument)
{
    g_autofree char *path = g_strdup_printf("/proc/%lld/cmdline", (long long) pid);
    g_autofree char *words = NULL;
    gsize len;
    gsize i;

    if (!g_file_get_contents(path, &words, &len, NULL) || len == 0)
        return TRUE;
    for (i = 0; i < len; i += strlen(words + i) + 1) {
        if (g_str_equal(words + i, argument))
            return TRUE;
    }
    return FALSE;
}

int
virPidFDOpen(pid_t pid)
{
    int fd = (int) syscall(SYS_pidfd_open, pid, 0);

    if (fd < 0)
        virReportSystemError(errno, _("cannot watch process %1$lld"), (long long) pid);
    return fd;
}

int
virPidFDSendSignal(int pidfd, int sig)
{
    if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0) {
        virReportSystemError(errno, _("cannot send signal %1$d to a process"), sig);
        return -1;
    }
    return 0;
}

gboolean
virPidFDExited(int pidfd)
{
    struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
    int n;

    do {
        n = poll(&pfd, 1, 0);
    } while (n < 0 && errno == EINTR);

    g_assert(n <= 0 || !(pfd.revents & POLLNVAL));
    return n > 0 && (pfd.revents & POLLIN);
}
