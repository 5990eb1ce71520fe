/*
 * virlockspacebox.c: lock files that are kept open beyond this process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "virerror.h"
#include "virlockspacebox.h"

#define VIR_FROM_THIS VIR_FROM_LOCKSPACE

/* Twice that is what the kernel gives, enough for twice as many locks as a
 * lockspace may have, of 768 bytes each. Only a privileged process gets so much;
 * others have room for 278. */
#define VIR_LOCK_SPACE_BOX_BYTES (64 * 1024 * 1024)

/* What is sent along with a descriptor. */
typedef struct _virLockSpaceBoxLabel virLockSpaceBoxLabel;
struct _virLockSpaceBoxLabel {
    guint64 device;
    guint64 inode;
};

typedef union _virLockSpaceBoxControl virLockSpaceBoxControl;
union _virLockSpaceBoxControl {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int))];
};

int
virLockSpaceBoxMake(int box[2])
{
    int bytes = VIR_LOCK_SPACE_BOX_BYTES;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, box) < 0) {
        virReportSystemError(errno, "%s", _("nothing can be made to keep lock files open"));
        return -1;
    }
    (void) setsockopt(box[0], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
    return 0;
}

gboolean
virLockSpaceBoxPut(const int box[2], const virLockSpaceBoxItem *item)
{
    virLockSpaceBoxLabel label = { .device = item->device, .inode = item->inode };
    struct iovec iov = { .iov_base = &label, .iov_len = sizeof(label) };
    virLockSpaceBoxControl control = { .space = { 0 } };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.space, .msg_controllen = sizeof(control.space),
    };
    ssize_t sent;

    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &item->fd, sizeof(int));
    do {
        sent = sendmsg(box[0], &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && errno == EINTR);
    return sent == sizeof(label);
}

gboolean
virLockSpaceBoxTake(const int box[2], virLockSpaceBoxItem *item)
{
    virLockSpaceBoxLabel label = { 0 };
    struct iovec iov = { .iov_base = &label, .iov_len = sizeof(label) };
    virLockSpaceBoxControl control = { .space = { 0 } };
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1,
        .msg_control = control.space, .msg_controllen = sizeof(control.space),
    };
    const struct cmsghdr *header;
    ssize_t got;

    do {
        got = recvmsg(box[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    header = got == sizeof(label) ? CMSG_FIRSTHDR(&msg) : NULL;
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)))
        return FALSE;
    item->device = label.device;
    item->inode = label.inode;
    memcpy(&item->fd, CMSG_DATA(header), sizeof(int));
    return TRUE;
}
