/*
 * lock_daemon_systemd.c: what systemd and a daemon say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lock_daemon_systemd.h"
#include "virerror.h"
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

int
virLockDaemonSystemdGetSocket(void)
{
    guint64 pid = 0;
    guint64 count = 0;
    gboolean ours = virLockDaemonSystemdGetNumber("LISTEN_PID", &pid) &&
        virLockDaemonSystemdGetNumber("LISTEN_FDS", &count) &&
        pid == (guint64) getpid();

    g_unsetenv("LISTEN_PID");
    g_unsetenv("LISTEN_FDS");
    g_unsetenv("LISTEN_FDNAMES");
    if (!ours || count == 0)
        return -1;
    if (count > 1) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("%1$d sockets were passed to virtleased, which wants one"), (int) count);
        return -2;
    }
    return VIR_LOCK_DAEMON_SYSTEMD_FD;
}

static int
virLockDaemonSystemdSend(const char *path, const char *state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t length = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t sent;

    if (fd < 0)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    if (*path == '@')
        address.sun_path[0] = '\0';
    sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *) &address, length);
    close(fd);
    return sent < 0 ? -1 : 0;
}

void
virLockDaemonSystemdNotify(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");

    if (!path)
        return;
    if ((*path != '/' && *path != '@') ||
        strlen(path) >= sizeof(((struct sockaddr_un *) NULL)->sun_path) ||
        virLockDaemonSystemdSend(path, state) < 0)
        VIR_WARN("cannot tell '%s' to '%s', ignoring", state, path);
}
