/*
 * virnetsocket.c: Unix sockets to listen on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "virnetsocket.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_RPC

/* Connections that the kernel keeps until they are accepted; it lowers this
 * to net.core.somaxconn. */
#define VIR_NET_SOCKET_BACKLOG 1024

static int
virNetSocketNew(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        virReportSystemError(errno, "%s", _("cannot make a socket"));
    return fd;
}

static int
virNetSocketSetAddress(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if (g_strlcpy(address->sun_path, path, sizeof(address->sun_path)) <
        sizeof(address->sun_path))
        return 0;

    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("the name of the socket '%1$s' is too long, at most %2$zu bytes are possible"),
                   path, sizeof(address->sun_path) - 1);
    return -1;
}

/* Removes a socket that nobody listens on. Returns 0, or -1 with errno set to
 * why @address can't be had. */
static int
virNetSocketRemoveStale(const struct sockaddr_un *address)
{
    struct stat st;
    int fd;
    int rc;

    if (virNetSocketIdentify(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -1;
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return -1;
    }

    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
        return -1;
    rc = connect(fd, (const struct sockaddr *) address, sizeof(*address));
    if (rc == 0 || errno != ECONNREFUSED) {
        close(fd);
        errno = EADDRINUSE;
        return -1;
    }
    close(fd);
    return unlink(address->sun_path) < 0 && errno != ENOENT ? -1 : 0;
}

static int
virNetSocketBind(int fd, const char *path, mode_t mode)
{
    struct sockaddr_un address;

    if (virNetSocketSetAddress(&address, path) < 0)
        return -1;

    /* Before bind(), no right is lent that the end mode doesn't give; after it,
     * those that the umask took are given. Nobody can connect before listen(). */
    if (fchmod(fd, mode) == 0 &&
        virNetSocketRemoveStale(&address) == 0 &&
        bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0 &&
        chmod(path, mode) == 0 &&
        listen(fd, VIR_NET_SOCKET_BACKLOG) == 0)
        return 0;

    virReportSystemError(errno, _("cannot listen on the socket '%1$s'"), path);
    return -1;
}

int
virNetSocketListen(const char *path, mode_t mode)
{
    int fd = virNetSocketNew();

    if (fd < 0)
        return -1;
    if (virNetSocketBind(fd, path, mode) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static gboolean
virNetSocketHasOption(int fd, int option, int wanted)
{
    int value = -1;
    socklen_t length = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 && value == wanted;
}

int
virNetSocketAdopt(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (!virNetSocketHasOption(fd, SO_DOMAIN, AF_UNIX) ||
        !virNetSocketHasOption(fd, SO_TYPE, SOCK_STREAM) ||
        !virNetSocketHasOption(fd, SO_ACCEPTCONN, 1)) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("file descriptor %1$d is not a listening Unix stream socket"), fd);
        return -1;
    }
    if (flags < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        virReportSystemError(errno, _("cannot prepare the socket with file descriptor %1$d"), fd);
        return -1;
    }
    return 0;
}

int
virNetSocketIdentify(const char *path, struct stat *st)
{
    return lstat(path, st);
}

void
virNetSocketRemove(const char *path, const struct stat *st)
{
    struct stat now;

    if (virNetSocketIdentify(path, &now) == 0 &&
        now.st_dev == st->st_dev && now.st_ino == st->st_ino)
        unlink(path);
}

int
virNetSocketGetPeer(int fd, struct ucred *peer)
{
    socklen_t length = sizeof(*peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &length) < 0) {
        virReportSystemError(errno, "%s", _("cannot tell who connected"));
        return -1;
    }
    return 0;
}
