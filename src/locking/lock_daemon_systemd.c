/*
 * lock_daemon_systemd.c: what systemd and a daemon say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lock_daemon_systemd.h"
#include "virerror.h"
#include "virfdpass.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.systemd");

#define VIR_LOCK_DAEMON_SYSTEMD_FD 3    /* where passed descriptors begin */

static gboolean
virLockDaemonSystemdGetNumber(const char *variable, guint64 *value)
{
    const char *text = g_getenv(variable);

    return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT32, value, NULL);
}

static int
virLockDaemonSystemdTake(int fd, gboolean isStored, virLockDaemonPassed *passed)
{
    int *place = isStored ? &passed->stored : &passed->socket;

    if (*place >= 0) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, "%s", _("more than one socket was passed to virtleased, which wants one"));
        return -1;
    }
    *place = fd;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        return 0;
    virReportSystemError(errno, _("cannot use file descriptor %1$d, which was passed"), fd);
    return -1;
}

int
virLockDaemonSystemdGetPassed(const char *name, virLockDaemonPassed *passed)
{
    g_auto(GStrv) names = g_strsplit(g_getenv("LISTEN_FDNAMES") ? g_getenv("LISTEN_FDNAMES") : "", ":", -1);
    guint n = g_strv_length(names);
    guint64 pid = 0;
    guint64 count = 0;
    gboolean ours = virLockDaemonSystemdGetNumber("LISTEN_PID", &pid) &&
        virLockDaemonSystemdGetNumber("LISTEN_FDS", &count) &&
        pid == (guint64) getpid();

    passed->socket = passed->stored = -1;
    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
    for (guint64 i = 0; ours && i < count; i++) {
        gboolean isStored = i < n && g_str_equal(names[i], name);

        if (virLockDaemonSystemdTake(VIR_LOCK_DAEMON_SYSTEMD_FD + (int) i, isStored, passed) < 0)
            return -1;
    }
    return 0;
}

static int
virLockDaemonSystemdConnect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    int fd;

    if ((*path != '/' && *path != '@') || strlen(path) >= sizeof(address.sun_path) ||
        (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    if (*path == '@')
        address.sun_path[0] = '\0';
    if (connect(fd, (struct sockaddr *) &address, length) == 0)
        return fd;
    close(fd);
    return -1;
}

/* With a copy of @passed unless that is -1. */
static void
virLockDaemonSystemdSend(const char *state, int passed)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    int fd;

    if (!path)
        return;
    fd = virLockDaemonSystemdConnect(path);
    if (fd < 0 || virFDPassSend(fd, state, strlen(state), passed) < 0)
        VIR_WARN("cannot tell '%s' to '%s', ignoring", state, path);
    if (fd >= 0)
        close(fd);
}

void
virLockDaemonSystemdNotify(const char *state)
{
    virLockDaemonSystemdSend(state, -1);
}

void
virLockDaemonSystemdStore(const char *name, int fd)
{
    g_autofree char *state = g_strdup_printf("FDSTORE=1\nFDNAME=%s", name);

    virLockDaemonSystemdSend(state, fd);
}
