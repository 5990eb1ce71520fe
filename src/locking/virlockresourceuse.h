/*
 * virlockresourceuse.h: whether a process has an image open
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Whether the process @pid, as the proc file system at @proc shows it, has the
 * file with the real path @real open. Only names are compared, so a server
 * that does not answer does not matter. FALSE if that can't be known. */
gboolean virLockResourceIsOpen(const char *proc,
                               pid_t pid,
                               const char *real);
