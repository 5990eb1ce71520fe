/*
 * virlockspacebox.h: lock files that are kept open beyond this process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A descriptor that was sent over a pair of sockets stays open, and its lock is
 * held, until it is received or both ends are closed. So whoever has the pair
 * open keeps what is in it, without ever touching a file system.
 */
#pragma once

#include <glib.h>

typedef struct _virLockSpaceBoxItem virLockSpaceBoxItem;
struct _virLockSpaceBoxItem {
    guint64 device;     /* of the file */
    guint64 inode;
    int fd;
};

/* Makes an empty one, to be closed by the caller: items go in at the first
 * descriptor, and come out at the second. Returns 0, or -1 with an error
 * reported. */
int virLockSpaceBoxMake(int box[2]) G_GNUC_WARN_UNUSED_RESULT;

/* Puts a copy of @item in. Returns FALSE if the box is full. */
gboolean virLockSpaceBoxPut(const int box[2],
                            const virLockSpaceBoxItem *item);

/* Takes out what was put in first; the descriptor is the caller's. Returns
 * FALSE if the box is empty. */
gboolean virLockSpaceBoxTake(const int box[2],
                             virLockSpaceBoxItem *item);
