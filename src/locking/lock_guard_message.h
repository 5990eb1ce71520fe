/*
 * lock_guard_message.h: what worker and guard say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Over a pair of sockets that keeps messages whole and in order. What lasts is
 * in the page; a message says that there is something to look at.
 */
#pragma once

#include <glib.h>

typedef enum {
    /* from the worker */
    VIR_LOCK_GUARD_MESSAGE_READY = 1,   /* it serves; with the socket that it listens on */
    VIR_LOCK_GUARD_MESSAGE_ENTER,       /* an owner runs: look at @slot, then answer */

    /* from the guard */
    VIR_LOCK_GUARD_MESSAGE_ENTERED,     /* the answer to the ENTER of @serial: @ok or not */
    VIR_LOCK_GUARD_MESSAGE_KEEP,        /* hold the descriptor for the next guard; none: no longer */
    VIR_LOCK_GUARD_MESSAGE_END,         /* end in good order */
    VIR_LOCK_GUARD_MESSAGE_HURRY,       /* end at once */
    VIR_LOCK_GUARD_MESSAGE_RELOAD,
    VIR_LOCK_GUARD_MESSAGE_LOG,

    VIR_LOCK_GUARD_MESSAGE_LAST
} virLockGuardMessageType;

typedef struct _virLockGuardMessage virLockGuardMessage;
struct _virLockGuardMessage {
    guint32 type;
    guint32 slot;
    guint64 serial;
    guint32 ok;
    guint32 unused;
};

/* Makes both ends, with close-on-exec and nonblocking. Returns 0, or -1 with an
 * error reported. */
int virLockGuardMessagePair(int fds[2]) G_GNUC_WARN_UNUSED_RESULT;

/* Sends @message, with a copy of the descriptor @passed unless that is -1.
 * Never blocks. Returns 0, or -1 with errno set. */
int virLockGuardMessageSend(int channel,
                            const virLockGuardMessage *message,
                            int passed) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockGuardMessageReceive:
 * @channel: this side's end
 * @message: gets the next one
 * @passed: gets the descriptor that came with it, or -1
 *
 * Never blocks. Returns 1 with a message, 0 if there is none now, or -1 if the
 * other side is gone.
 */
int virLockGuardMessageReceive(int channel,
                               virLockGuardMessage *message,
                               int *passed) G_GNUC_WARN_UNUSED_RESULT;
