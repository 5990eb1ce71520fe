/*
 * lock_guard_message.c: what worker and guard say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lock_guard_message.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

typedef union _virLockGuardControl virLockGuardControl;
union _virLockGuardControl {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

int
virLockGuardMessagePair(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0)
        return 0;
    virReportSystemError(errno, "%s", _("cannot connect the guard and its worker"));
    return -1;
}

int
virLockGuardMessageSend(int channel, const virLockGuardMessage *message, int passed)
{
    return virLockGuardMessageSendRaw(channel, message, sizeof(*message), passed);
}

int
virLockGuardMessageSendRaw(int channel, const void *message, size_t size, int passed)
{
    struct iovec iov = { .iov_base = (void *) message, .iov_len = size };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    virLockGuardControl control = { .space = { 0 } };
    ssize_t sent;

    if (passed >= 0) {
        msg.msg_control = control.space;
        msg.msg_controllen = sizeof(control.space);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &passed, sizeof(int));
    }
    do {
        sent = sendmsg(channel, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t) size ? 0 : -1;
}

static int
virLockGuardMessageTakeFD(const struct msghdr *msg)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(msg);
    int fd = -1;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(header), sizeof(int));
    return fd;
}

int
virLockGuardMessageReceive(int channel, virLockGuardMessage *message, int *passed)
{
    struct iovec iov = { .iov_base = message, .iov_len = sizeof(*message) };
    virLockGuardControl control;
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.space, .msg_controllen = sizeof(control.space),
    };
    ssize_t got;

    do {
        got = recvmsg(channel, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got <= 0)
        return -1;
    *passed = virLockGuardMessageTakeFD(&msg);
    if (got == sizeof(*message))
        return 1;
    if (*passed >= 0)
        close(*passed);
    *passed = -1;
    return -1;
}
