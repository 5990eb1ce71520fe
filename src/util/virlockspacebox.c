/*
 * virlockspacebox.c: lock files that are kept open beyond this process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <sys/socket.h>

#include "virerror.h"
#include "virfdpass.h"
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

    return virFDPassSend(box[0], &label, sizeof(label), item->fd) == 0;
}

gboolean
virLockSpaceBoxTake(const int box[2], virLockSpaceBoxItem *item)
{
    virLockSpaceBoxLabel label = { 0 };
    int fd = -1;

    if (virFDPassReceive(box[1], &label, sizeof(label), &fd) != sizeof(label) || fd < 0)
        return FALSE;
    item->device = label.device;
    item->inode = label.inode;
    item->fd = fd;
    return TRUE;
}
