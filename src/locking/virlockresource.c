/*
 * virlockresource.c: canonical names of what is locked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virlockresource.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "virerror.h"
#include "virlockresourceblock.h"
#include "virlockresourcemount.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

/* A loop device may lie on a file on a loop device, but not for ever. */
#define VIR_LOCK_RESOURCE_LOOP_MAX 4

/* What realpath() would give if the file were there. */
static char *
virLockResourceRealPathOfNew(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *realdir = NULL;
    struct stat sb;

    /* A link that leads nowhere is there: it has no name that could be known. */
    if (lstat(path, &sb) == 0 || g_str_equal(base, "..") || g_str_equal(base, "."))
        return NULL;
    if (!(realdir = realpath(dir, NULL)))
        return NULL;
    return g_build_filename(realdir, base, NULL);
}

char *
virLockResourceRealPath(const char *path)
{
    char *real;
    int saved;

    if (!g_path_is_absolute(path)) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("disk '%1$s' cannot be locked: its path is not absolute"), path);
        return NULL;
    }
    if ((real = realpath(path, NULL)))
        return real;
    saved = errno;
    if (saved == ENOENT && (real = virLockResourceRealPathOfNew(path)))
        return real;
    virReportSystemError(saved, _("disk '%1$s' cannot be locked: its path cannot be resolved"), path);
    return NULL;
}

gboolean
virLockResourceMapEntryIsValid(const char *entry)
{
    const char *sep = strchr(entry, '=');

    return entry[0] == '/' && sep && sep[1] != '\0';
}

/* How much of @real the prefix of @entry covers; 0 if it is none. */
static size_t
virLockResourceMapMatch(const char *entry,
                        const char *real)
{
    size_t len = strcspn(entry, "=");

    if (entry[len] != '=' || len == 0 || strncmp(entry, real, len) != 0)
        return 0;
    if (entry[len - 1] != '/' && real[len] != '/' && real[len] != '\0')
        return 0;
    return len;
}

char *
virLockResourceMapName(const char *const *map,
                       const char *real)
{
    const char *best = NULL;
    size_t bestlen = 0;

    for (; map && *map; map++) {
        size_t len = virLockResourceMapMatch(*map, real);

        if (len > bestlen) {
            best = *map;
            bestlen = len;
        }
    }
    return best ? g_strconcat(best + bestlen + 1, real + bestlen, NULL) : NULL;
}

static char *
virLockResourceDiskNameLimited(const virLockResourceHost *host,
                               const char *real,
                               unsigned int loops)
{
    struct stat sb;
    char *name;

    if ((name = virLockResourceMapName(host->map, real)))
        return name;

    if (stat(real, &sb) == 0 && S_ISBLK(sb.st_mode)) {
        unsigned int maj = major(sb.st_rdev);
        unsigned int min = minor(sb.st_rdev);
        g_autofree char *backing = virLockResourceBlockBacking(host->sysfs, maj, min);

        if (backing && loops > 0)
            return virLockResourceDiskNameLimited(host, backing, loops - 1);
        name = virLockResourceBlockName(host->sysfs, maj, min);
    } else {
        name = virLockResourceMountName(host->mountinfo, host->sysfs, real);
    }
    if (name)
        return name;

    /* It looks local, but need not be: a cluster file system not known here, a
     * replicated block device, a directory kept in step. Were the host part of
     * the name, such an image would not be protected at all. So two hosts that
     * have images of their own under one path share a lock; resource_map (or
     * a lockspace of its own) tells them apart. */
    return g_strdup(real);
}

char *
virLockResourceDiskName(const virLockResourceHost *host,
                        const char *real)
{
    return virLockResourceDiskNameLimited(host, real, VIR_LOCK_RESOURCE_LOOP_MAX);
}

char *
virLockResourceLeaseName(const char *lockspace,
                         const char *key)
{
    g_autofree char *space = g_uri_escape_string(lockspace ? lockspace : "", NULL, FALSE);
    g_autofree char *escaped = g_uri_escape_string(key, NULL, FALSE);

    return g_strdup_printf("lease:%s:%s", space, escaped);
}
