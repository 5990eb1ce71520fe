/*
 * lock_daemon_statefile.h: small files that are replaced as a whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nothing is synced to a disk: what is kept here is of use only until the
 * host goes down, and the system keeps it as long as that.
 */
#pragma once

#include <glib.h>

#define VIR_LOCK_DAEMON_STATE_FILE_MAX (32 * 1024 * 1024)

/**
 * virLockDaemonStateFileWrite:
 * @dir: a directory's descriptor
 * @name: of the file in it
 * @text: what it shall hold
 *
 * Replaces the file, readable by nobody else, such that at any instant either
 * the old or the new text is there.
 *
 * Returns 0, or -1 with an error reported and the old file as it was.
 */
int virLockDaemonStateFileWrite(int dir,
                                const char *name,
                                const char *text) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockDaemonStateFileRead:
 * @dir: a directory's descriptor
 * @name: of the file in it
 *
 * Takes only a regular file that belongs to this user, that no one else can
 * write, and that is of sane size.
 *
 * Returns its text, or NULL with an error reported.
 */
char *virLockDaemonStateFileRead(int dir,
                                 const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE for the name of a file that a write left behind when it was cut short. */
gboolean virLockDaemonStateFileIsLeftover(const char *name);
