/*
 * virlockresource.h: canonical names of what is locked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One image has to have one name on every host, by whatever path a host
 * reaches it: two names for one image are two locks, and two writers. Two
 * images of one name only get in each other's way, and the message says so.
 * Where it can't be told what a path is, the rule is therefore to take the
 * name that others would take too, which is the path.
 *
 * A name is one of
 *     what resource_map says
 *     filer:/export/a.qcow2       on NFS; likewise other network file systems
 *     lvm:UUIDS, wwid:naa.6001405..., luks:UUID, dm:UUID     block devices
 *     /images/a.qcow2             all else: the real path
 *     lease:LOCKSPACE:KEY         a <lease> element
 *
 * Nothing here keeps state; all of it may be used in a forked child.
 */
#pragma once

#include <glib.h>

/* What names are made from. Tests put their own in. */
typedef struct _virLockResourceHost virLockResourceHost;
struct _virLockResourceHost {
    const char *mountinfo;      /* what /proc/self/mountinfo says */
    const char *sysfs;          /* "/sys" */
    const char *const *map;     /* entries "PREFIX=REPLACEMENT"; may be NULL */
};

/**
 * virLockResourceRealPath:
 * @path: absolute path of an image
 *
 * Resolves all symbolic links. An image that does not exist yet is named by
 * its directory's real path. Blocks as long as the file system does.
 *
 * Returns the path, or NULL with an error reported.
 */
char *virLockResourceRealPath(const char *path) G_GNUC_WARN_UNUSED_RESULT;

/* The name of the image with the real path @real; never NULL. Blocks as long
 * as stat() of it does. */
char *virLockResourceDiskName(const virLockResourceHost *host,
                              const char *real);

/* The name of a <lease> element; @lockspace may be NULL. */
char *virLockResourceLeaseName(const char *lockspace,
                               const char *key);

/* Whether @entry can stand in a resource_map: an absolute prefix, '=', and
 * what replaces it, not empty. */
gboolean virLockResourceMapEntryIsValid(const char *entry);

/* The name that @map gives to @real, by its longest prefix that ends where a
 * component of @real does; NULL if there is none. */
char *virLockResourceMapName(const char *const *map,
                             const char *real);
