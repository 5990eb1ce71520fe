/*
 * virfdpass.c: descriptors that are passed over a socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "virfdpass.h"

typedef union _virFDPassControl virFDPassControl;
union _virFDPassControl {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

int
virFDPassSend(int channel, const void *data, size_t size, int fd)
{
    struct iovec iov = { .iov_base = (void *) data, .iov_len = size };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    virFDPassControl control = { .space = { 0 } };
    ssize_t sent;

    if (fd >= 0) {
        msg.msg_control = control.space;
        msg.msg_controllen = sizeof(control.space);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
    }
    do {
        sent = sendmsg(channel, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t) size ? 0 : -1;
}

static int
virFDPassTake(const struct msghdr *msg)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(msg);
    int fd = -1;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(header), sizeof(int));
    return fd;
}

ssize_t
virFDPassReceive(int channel, void *data, size_t size, int *fd)
{
    struct iovec iov = { .iov_base = data, .iov_len = size };
    virFDPassControl control = { .space = { 0 } };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.space, .msg_controllen = sizeof(control.space),
    };
    ssize_t got;

    do {
        got = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    *fd = got < 0 ? -1 : virFDPassTake(&msg);
    return got;
}
