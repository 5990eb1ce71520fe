/*
 * virfdpass.h: descriptors that are passed over a socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <sys/types.h>

/* Sends @data as one message, with a copy of the descriptor @fd unless that is
 * -1. Never blocks. Returns 0, or -1 with errno set. */
int virFDPassSend(int channel,
                  const void *data,
                  size_t size,
                  int fd) __attribute__((warn_unused_result));

/**
 * virFDPassReceive:
 * @channel: a socket that keeps messages whole
 * @data: gets the next one
 * @size: at most so many bytes of it
 * @fd: gets the descriptor that came with it, which is closed on exec, or -1
 *
 * Never blocks. Returns how many bytes came, 0 if the other side is gone, or -1
 * with errno set, EAGAIN if there is no message.
 */
ssize_t virFDPassReceive(int channel,
                         void *data,
                         size_t size,
                         int *fd) __attribute__((warn_unused_result));
