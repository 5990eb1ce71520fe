/*
 * lock_guard_message.c: what worker and guard say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lock_guard_message.h"
#include "virerror.h"
#include "virfdpass.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

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
    return virFDPassSend(channel, message, sizeof(*message), passed);
}

int
virLockGuardMessageReceive(int channel, virLockGuardMessage *message, int *passed)
{
    ssize_t got = virFDPassReceive(channel, message, sizeof(*message), passed);

    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got == sizeof(*message))
        return 1;
    if (*passed >= 0)
        close(*passed);
    *passed = -1;
    return -1;
}
