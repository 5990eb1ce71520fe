/*
 * virlockspace.c: locks by name, held by this process for its clients
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virerror.h"
#include "virlockspacepriv.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKSPACE

VIR_LOG_INIT("util.lockspace");

static char *
virLockSpacePath(const virLockSpace *lockspace, const char *resname)
{
    return lockspace->dir ? g_build_filename(lockspace->dir, resname, NULL) : g_strdup(resname);
}

static void
virLockSpaceResourceFree(void *opaque)
{
    virLockSpaceResource *resource = opaque;

    virLockSpaceFileRelease(resource->file, resource->unlinks ? resource->path : NULL);
    g_array_unref(resource->owners);
    g_free(resource->name);
    g_free(resource->path);
    g_free(resource);
}

virLockSpace *
virLockSpaceAlloc(const char *directory)
{
    virLockSpace *lockspace = g_new0(virLockSpace, 1);

    lockspace->dir = g_strdup(directory);
    g_mutex_init(&lockspace->lock);
    lockspace->resources = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                 virLockSpaceResourceFree);
    return lockspace;
}

void
virLockSpaceFree(virLockSpace *lockspace)
{
    if (!lockspace)
        return;
    g_hash_table_unref(lockspace->resources);
    g_mutex_clear(&lockspace->lock);
    g_free(lockspace->dir);
    g_free(lockspace);
}

static gboolean
virLockSpaceIsFileName(const char *name)
{
    return *name && !strchr(name, '/') && strlen(name) <= NAME_MAX && g_utf8_validate(name, -1, NULL) &&
           !g_str_equal(name, ".") && !g_str_equal(name, "..");
}

/* UTF-8, as both end up in JSON. */
static gboolean
virLockSpaceIsPath(const char *path)
{
    return g_path_is_absolute(path) && strlen(path) < PATH_MAX && g_utf8_validate(path, -1, NULL);
}

/* What can be shown of a name that anybody may have sent. */
static char *
virLockSpaceShow(const char *name)
{
    return g_utf8_make_valid(name, (gssize) strnlen(name, NAME_MAX + 1));
}

int
virLockSpaceCheckDirectory(const char *directory)
{
    g_autofree char *shown = NULL;

    if (!directory || virLockSpaceIsPath(directory))
        return 0;
    shown = virLockSpaceShow(directory);
    virReportError(VIR_ERR_INVALID_ARG,
                   _("lockspace '%1$s' needs an absolute path of fewer than %2$d bytes of UTF-8"),
                   shown, PATH_MAX);
    return -1;
}

static int
virLockSpaceMakeDirectory(const char *directory)
{
    struct stat st;

    if (g_mkdir_with_parents(directory, S_IRWXU) < 0 || stat(directory, &st) < 0) {
        virReportSystemError(errno, _("the directory of lockspace '%1$s' cannot be made"), directory);
        return -1;
    }
    if (!S_ISDIR(st.st_mode)) {
        virReportSystemError(ENOTDIR, _("lockspace '%1$s' cannot be used"), directory);
        return -1;
    }
    return 0;
}

virLockSpace *
virLockSpaceNew(const char *directory)
{
    if (virLockSpaceCheckDirectory(directory) < 0 ||
        (directory && virLockSpaceMakeDirectory(directory) < 0))
        return NULL;
    return virLockSpaceAlloc(directory);
}

const char *
virLockSpaceGetDirectory(const virLockSpace *lockspace)
{
    return lockspace->dir;
}

int
virLockSpaceCheckName(const virLockSpace *lockspace, const char *resname)
{
    g_autofree char *shown = NULL;

    if (lockspace->dir ? virLockSpaceIsFileName(resname) : virLockSpaceIsPath(resname))
        return 0;
    shown = virLockSpaceShow(resname);
    if (lockspace->dir)
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'%1$s' is no name of a resource in lockspace '%2$s': it has to be a file name of UTF-8, of at most %3$d bytes"),
                       shown, lockspace->dir, NAME_MAX);
    else
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'%1$s' is no name of a resource: it has to be an absolute path of UTF-8, of at most %2$d bytes"),
                       shown, PATH_MAX - 1);
    return -1;
}

static unsigned int
virLockSpaceFileFlagsFor(const virLockSpace *lockspace, unsigned int flags)
{
    return (lockspace->dir ? VIR_LOCK_SPACE_FILE_PLAIN : 0) |
           (flags & VIR_LOCK_SPACE_ACQUIRE_SHARED ? VIR_LOCK_SPACE_FILE_SHARED : 0) |
           (flags & VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE ? VIR_LOCK_SPACE_FILE_CREATE : 0) |
           (flags & VIR_LOCK_SPACE_ACQUIRE_AGAIN ? VIR_LOCK_SPACE_FILE_AGAIN : 0);
}

virLockSpaceResource *
virLockSpaceAddResource(virLockSpace *lockspace,
                        const char *resname,
                        virLockSpaceFile *file,
                        unsigned int flags)
{
    virLockSpaceResource *resource = g_new0(virLockSpaceResource, 1);

    resource->name = g_strdup(resname);
    resource->path = virLockSpacePath(lockspace, resname);
    resource->file = file;
    resource->flags = flags;
    /* Without a directory the files are somebody's images, so they stay. */
    resource->unlinks = lockspace->dir && (flags & VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE);
    resource->owners = g_array_new(FALSE, FALSE, sizeof(pid_t));
    g_hash_table_insert(lockspace->resources, resource->name, resource);
    return resource;
}

static void
virLockSpaceReportBusy(const virLockSpaceResource *resource)
{
    virReportError(VIR_ERR_RESOURCE_BUSY, _("resource '%1$s' is locked for process %2$lld"),
                   resource->name, (long long) g_array_index(resource->owners, pid_t, 0));
}

int
virLockSpaceCreateResource(virLockSpace *lockspace, const char *resname)
{
    g_autofree char *path = NULL;
    struct stat st;
    int fd;

    if (virLockSpaceCheckName(lockspace, resname) < 0)
        return -1;
    path = virLockSpacePath(lockspace, resname);
    /* A new file has no lock that closing it could drop. */
    if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)) >= 0) {
        close(fd);
        return 0;
    }
    if (errno == EEXIST && lstat(path, &st) == 0 && S_ISREG(st.st_mode))
        return 0;
    virReportSystemError(errno, _("resource '%1$s' cannot be created"), resname);
    return -1;
}

static int
virLockSpaceDeleteUnlocked(const virLockSpace *lockspace, const char *resname)
{
    const virLockSpaceResource *resource = g_hash_table_lookup(lockspace->resources, resname);
    g_autofree char *path = virLockSpacePath(lockspace, resname);
    virLockSpaceFile *file;
    int result;

    if (resource) {
        virLockSpaceReportBusy(resource);
        return -1;
    }
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    /* Nobody can lock it while it goes, so nobody is left with a lock on a
     * file that others do not find. */
    if (!(file = virLockSpaceFileAcquire(resname, path, VIR_LOCK_SPACE_FILE_PLAIN)))
        return -1;
    result = virLockSpaceFileUnlink(file, path);
    virLockSpaceFileRelease(file, NULL);
    return result;
}

int
virLockSpaceDeleteResource(virLockSpace *lockspace, const char *resname)
{
    int result;

    if (virLockSpaceCheckName(lockspace, resname) < 0)
        return -1;
    g_mutex_lock(&lockspace->lock);
    result = virLockSpaceDeleteUnlocked(lockspace, resname);
    g_mutex_unlock(&lockspace->lock);
    return result;
}

static int
virLockSpaceAcquireNew(virLockSpace *lockspace, const char *resname, pid_t owner, unsigned int flags)
{
    g_autofree char *path = virLockSpacePath(lockspace, resname);
    virLockSpaceResource *resource;
    virLockSpaceFile *file;

    if (g_hash_table_size(lockspace->resources) >= VIR_LOCK_SPACE_RESOURCES_MAX) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("resource '%1$s' cannot be locked: there are %2$d locks already"),
                       resname, VIR_LOCK_SPACE_RESOURCES_MAX);
        return -1;
    }
    if (!(file = virLockSpaceFileAcquire(resname, path, virLockSpaceFileFlagsFor(lockspace, flags))))
        return -1;
    resource = virLockSpaceAddResource(lockspace, resname, file,
                                       flags & ~(unsigned int) VIR_LOCK_SPACE_ACQUIRE_AGAIN);
    g_array_append_val(resource->owners, owner);
    return 0;
}

static int
virLockSpaceAcquireMore(virLockSpaceResource *resource, pid_t owner, unsigned int flags)
{
    if (!(flags & resource->flags & VIR_LOCK_SPACE_ACQUIRE_SHARED)) {
        virLockSpaceReportBusy(resource);
        return -1;
    }
    /* Others may have locked the file that is there now: a lock on what it
     * was would be worth nothing. */
    if (!virLockSpaceFileIsAt(resource->file, resource->path)) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("resource '%1$s' cannot be shared: its file '%2$s' was deleted or replaced while process %3$lld holds it"),
                       resource->name, resource->path,
                       (long long) g_array_index(resource->owners, pid_t, 0));
        return -1;
    }
    if (resource->owners->len >= VIR_LOCK_SPACE_OWNERS_MAX) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("resource '%1$s' has %2$d owners already"),
                       resource->name, VIR_LOCK_SPACE_OWNERS_MAX);
        return -1;
    }
    g_array_append_val(resource->owners, owner);
    return 0;
}

static int
virLockSpaceCheckAcquire(const virLockSpace *lockspace, const char *resname, pid_t owner, unsigned int flags)
{
    unsigned int unknown = flags & ~(VIR_LOCK_SPACE_ACQUIRE_SHARED | VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE |
                                     VIR_LOCK_SPACE_ACQUIRE_AGAIN);

    if (virLockSpaceCheckName(lockspace, resname) < 0)
        return -1;
    if (unknown || owner <= 0) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("resource '%1$s' cannot be locked for process %2$lld with the flags 0x%3$x"),
                       resname, (long long) owner, flags);
        return -1;
    }
    return 0;
}

int
virLockSpaceAcquireResource(virLockSpace *lockspace,
                            const char *resname,
                            pid_t owner,
                            unsigned int flags)
{
    virLockSpaceResource *resource;
    int result;

    if (virLockSpaceCheckAcquire(lockspace, resname, owner, flags) < 0)
        return -1;
    g_mutex_lock(&lockspace->lock);
    resource = g_hash_table_lookup(lockspace->resources, resname);
    result = resource ? virLockSpaceAcquireMore(resource, owner, flags)
                      : virLockSpaceAcquireNew(lockspace, resname, owner, flags);
    g_mutex_unlock(&lockspace->lock);
    VIR_DEBUG("acquire '%s' for %lld, flags 0x%x: %d", resname, (long long) owner, flags, result);
    return result;
}

/* Takes out one acquisition of @owner. Returns whether there was one. */
static gboolean
virLockSpaceResourceDrop(virLockSpaceResource *resource, pid_t owner)
{
    guint i;

    for (i = 0; i < resource->owners->len; i++) {
        if (g_array_index(resource->owners, pid_t, i) == owner) {
            g_array_remove_index_fast(resource->owners, i);
            return TRUE;
        }
    }
    return FALSE;
}

int
virLockSpaceReleaseResource(virLockSpace *lockspace, const char *resname, pid_t owner)
{
    virLockSpaceResource *resource;
    gboolean dropped;

    g_mutex_lock(&lockspace->lock);
    resource = g_hash_table_lookup(lockspace->resources, resname);
    dropped = resource && virLockSpaceResourceDrop(resource, owner);
    if (dropped && resource->owners->len == 0)
        g_hash_table_remove(lockspace->resources, resname);
    g_mutex_unlock(&lockspace->lock);

    if (dropped)
        return 0;
    virReportError(VIR_ERR_OPERATION_INVALID, _("resource '%1$s' is not locked for process %2$lld"),
                   resname, (long long) owner);
    return -1;
}

int
virLockSpaceReleaseResourcesForOwner(virLockSpace *lockspace, pid_t owner)
{
    GHashTableIter iter;
    void *value;
    int count = 0;

    g_mutex_lock(&lockspace->lock);
    g_hash_table_iter_init(&iter, lockspace->resources);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLockSpaceResource *resource = value;
        guint had = resource->owners->len;

        while (virLockSpaceResourceDrop(resource, owner))
            continue;
        count += resource->owners->len < had;
        if (resource->owners->len == 0)
            g_hash_table_iter_remove(&iter);
    }
    g_mutex_unlock(&lockspace->lock);
    VIR_DEBUG("released %d resources of process %lld", count, (long long) owner);
    return count;
}
