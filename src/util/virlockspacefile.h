/*
 * virlockspacefile.h: the lock files that this process has open
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A POSIX lock of a process is gone as soon as that closes any descriptor of the
 * inode. Those taken here belong to the open file instead (F_OFD_SETLK), which
 * can be kept open by others when this process ends. Such locks are in each
 * other's way within the process, too: so there is one table of inodes for the
 * whole of it, whatever the names they were reached by. Safe to use from any
 * thread.
 */
#pragma once

#include <glib.h>

typedef struct _virLockSpaceFile virLockSpaceFile;

typedef enum {
    VIR_LOCK_SPACE_FILE_SHARED = (1 << 0),      /* beside other shared ones */
    VIR_LOCK_SPACE_FILE_CREATE = (1 << 1),      /* if there is none */
    VIR_LOCK_SPACE_FILE_PLAIN = (1 << 2),       /* a symlink or a device is refused */
    VIR_LOCK_SPACE_FILE_AGAIN = (1 << 3),       /* may be one that an earlier process left */
} virLockSpaceFileFlags;

/**
 * virLockSpaceFileAcquire:
 * @name: what people call the resource, for errors
 * @path: its file
 * @flags: of virLockSpaceFileFlags
 *
 * Opens and locks @path, or shares what the process has locked already. Never
 * waits for a lock. When it returns, the file that is locked is the one that
 * @path led to.
 *
 * Returns what virLockSpaceFileRelease() takes, or NULL with an error reported:
 * VIR_ERR_RESOURCE_BUSY if the lock is another's, of this process or not.
 */
virLockSpaceFile *virLockSpaceFileAcquire(const char *name,
                                          const char *path,
                                          unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @path still leads to @file. */
gboolean virLockSpaceFileIsAt(const virLockSpaceFile *file,
                              const char *path);

/* Gives back what one call of Acquire or Adopt gave. @path: NULL, or where to
 * unlink the file with the last of them, if it is empty and nobody else has
 * it. */
void virLockSpaceFileRelease(virLockSpaceFile *file,
                             const char *path);

/* Unlinks the file at @path, which must be locked alone. Returns 0, or -1 with
 * an error reported: it has content, so it is no lock file. */
int virLockSpaceFileUnlink(const virLockSpaceFile *file,
                           const char *path) G_GNUC_WARN_UNUSED_RESULT;

/* Lets the next program that this process becomes have the file, and its lock
 * with it. Returns the descriptor, or -1 with an error reported. */
int virLockSpaceFileBequeath(const virLockSpaceFile *file) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockSpaceFileAdopt:
 * @name: what people call the resource, for errors
 * @fd: what virLockSpaceFileBequeath() gave before the exec; taken over
 * @shared: how it was locked
 *
 * Returns the file, locked as it was, or NULL with an error reported; @fd is
 * then as it was.
 */
virLockSpaceFile *virLockSpaceFileAdopt(const char *name,
                                        int fd,
                                        gboolean shared) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockSpaceFileUseBox:
 * @box: of virLockSpaceBoxMake(), open as long as it is used; NULL: none any more
 *
 * Finds what an earlier process left in @box, locked as it was, and keeps in it
 * from now on what is locked here. Before anything is; nobody else may touch the
 * box meanwhile.
 */
void virLockSpaceFileUseBox(const int *box);

/* Unlocks what was left and has not been acquired again. */
void virLockSpaceFileDropLeft(void);
