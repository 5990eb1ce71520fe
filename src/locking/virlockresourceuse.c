/*
 * virlockresourceuse.c: whether a process has an image open
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virlockresourceuse.h"

gboolean
virLockResourceIsOpen(const char *proc,
                      pid_t pid,
                      const char *real)
{
    g_autofree char *path = g_strdup_printf("%s/%lld/fd", proc, (long long) pid);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *link = g_build_filename(path, name, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);

        if (target && g_str_equal(target, real))
            return TRUE;
    }
    return FALSE;
}
