/*
 * virlockspacefile.c: the lock files that this process has open
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virerror.h"
#include "virlockspacefile.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKSPACE

VIR_LOG_INIT("util.lockspacefile");

/* Somebody who replaces the file time and again does not keep us for ever. */
#define VIR_LOCK_SPACE_FILE_TRIES 100

/* virtlockd locks the same byte, so the two keep clear of each other. QEMU's
 * own locks are further up. */
#define VIR_LOCK_SPACE_FILE_START 0
#define VIR_LOCK_SPACE_FILE_LEN 1

typedef struct _virLockSpaceInode virLockSpaceInode;
struct _virLockSpaceInode {
    dev_t dev;
    ino_t ino;
};

struct _virLockSpaceFile {
    virLockSpaceInode inode;    /* first: the key in the table */
    int fd;
    gboolean shared;
    unsigned int refs;
};

static GMutex virLockSpaceFileMutex;
static GHashTable *virLockSpaceFileTable;

static guint
virLockSpaceInodeHash(const void *key)
{
    const virLockSpaceInode *inode = key;

    return (guint) inode->ino ^ ((guint) inode->dev << 16);
}

static gboolean
virLockSpaceInodeEqual(const void *a, const void *b)
{
    const virLockSpaceInode *one = a;
    const virLockSpaceInode *two = b;

    return one->ino == two->ino && one->dev == two->dev;
}

static virLockSpaceInode
virLockSpaceInodeOf(const struct stat *st)
{
    virLockSpaceInode inode = { .dev = st->st_dev, .ino = st->st_ino };

    return inode;
}

static virLockSpaceFile *
virLockSpaceFileInsert(const struct stat *st, int fd, gboolean shared)
{
    virLockSpaceFile *file = g_new0(virLockSpaceFile, 1);

    file->inode = virLockSpaceInodeOf(st);
    file->fd = fd;
    file->shared = shared;
    file->refs = 1;
    if (!virLockSpaceFileTable)
        virLockSpaceFileTable = g_hash_table_new(virLockSpaceInodeHash, virLockSpaceInodeEqual);
    g_hash_table_add(virLockSpaceFileTable, file);
    return file;
}

static void
virLockSpaceFileRemove(virLockSpaceFile *file)
{
    g_hash_table_remove(virLockSpaceFileTable, file);
    if (g_hash_table_size(virLockSpaceFileTable) == 0)
        g_clear_pointer(&virLockSpaceFileTable, g_hash_table_unref);
    close(file->fd);
    g_free(file);
}

static virLockSpaceFile *
virLockSpaceFileLookup(const struct stat *st)
{
    virLockSpaceInode inode = virLockSpaceInodeOf(st);

    return virLockSpaceFileTable ? g_hash_table_lookup(virLockSpaceFileTable, &inode) : NULL;
}

static struct flock
virLockSpaceFileRange(short type)
{
    struct flock range = {
        .l_type = type,
        .l_whence = SEEK_SET,
        .l_start = VIR_LOCK_SPACE_FILE_START,
        .l_len = VIR_LOCK_SPACE_FILE_LEN,
    };

    return range;
}

/* Returns 0, or -1 with errno set. */
static int
virLockSpaceFileSetLock(int fd, short type)
{
    struct flock lock = virLockSpaceFileRange(type);

    return fcntl(fd, F_SETLK, &lock);
}

/* The process that is in the way; 0 if it has just gone or is on another host. */
static pid_t
virLockSpaceFileHolder(int fd, short type)
{
    struct flock lock = virLockSpaceFileRange(type);

    if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0)
        return 0;
    return lock.l_pid;
}

static void
virLockSpaceFileReportBusy(const char *name, int fd, short type)
{
    pid_t holder = virLockSpaceFileHolder(fd, type);

    if (holder > 0)
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("resource '%1$s' is locked by process %2$lld"), name, (long long) holder);
    else
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("resource '%1$s' is locked by another host, or was until now"), name);
}

static int
virLockSpaceFileLock(const char *name, int fd, gboolean shared)
{
    short type = shared ? F_RDLCK : F_WRLCK;

    if (virLockSpaceFileSetLock(fd, type) == 0)
        return 0;
    if (errno == EAGAIN || errno == EACCES)
        virLockSpaceFileReportBusy(name, fd, type);
    else
        virReportSystemError(errno, _("resource '%1$s' cannot be locked"), name);
    return -1;
}

static int
virLockSpaceFileCheckType(const char *name, const struct stat *st, gboolean plain)
{
    if (S_ISREG(st->st_mode) || (S_ISBLK(st->st_mode) && !plain))
        return 0;
    virReportError(VIR_ERR_INVALID_ARG,
                   _("resource '%1$s' cannot be locked: it is neither a file nor, where that is allowed, a block device"), name);
    return -1;
}

/* Opens the inode that @probe stands for, and no other one. A file that is only
 * to be read is good enough for a shared lock. */
static int
virLockSpaceFileOpenProbed(const char *name, int probe, gboolean shared)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", probe);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

    if (fd < 0 && shared)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        virReportSystemError(errno, _("the file of resource '%1$s' cannot be opened"), name);
    return fd;
}

static gboolean
virLockSpaceFilePathIs(const char *path, const virLockSpaceInode *inode)
{
    struct stat st;
    virLockSpaceInode found;

    if (stat(path, &st) < 0)
        return FALSE;
    found = virLockSpaceInodeOf(&st);
    return virLockSpaceInodeEqual(&found, inode);
}

/* Locks @fd, which is not in the table yet, and takes it over. Returns 1, or 0
 * if the file was replaced meanwhile, or -1 with an error reported. */
static int
virLockSpaceFileTake(const char *name,
                     const char *path,
                     unsigned int flags,
                     int fd,
                     virLockSpaceFile **file)
{
    gboolean shared = (flags & VIR_LOCK_SPACE_FILE_SHARED) != 0;
    virLockSpaceInode inode;
    struct stat st;
    int result = -1;

    if (fstat(fd, &st) < 0) {
        virReportSystemError(errno, _("the file of resource '%1$s' cannot be examined"), name);
    } else if (virLockSpaceFileLock(name, fd, shared) == 0) {
        /* Whoever had the lock before us may have unlinked the file, and
         * others may have locked a new one since. */
        inode = virLockSpaceInodeOf(&st);
        result = virLockSpaceFilePathIs(path, &inode);
    }
    if (result > 0)
        *file = virLockSpaceFileInsert(&st, fd, shared);
    else
        close(fd);
    return result;
}

/* Adds a user to a file that this process has locked. */
static int
virLockSpaceFileJoin(const char *name, virLockSpaceFile *other, unsigned int flags, virLockSpaceFile **file)
{
    if (!other->shared || !(flags & VIR_LOCK_SPACE_FILE_SHARED)) {
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("resource '%1$s' is locked by this process already, maybe by another name"), name);
        return -1;
    }
    other->refs++;
    *file = other;
    return 1;
}

static int
virLockSpaceFileTryProbed(const char *name,
                          const char *path,
                          unsigned int flags,
                          int probe,
                          virLockSpaceFile **file)
{
    virLockSpaceFile *other;
    struct stat st;
    int fd;

    if (fstat(probe, &st) < 0) {
        virReportSystemError(errno, _("the file of resource '%1$s' cannot be examined"), name);
        return -1;
    }
    if (virLockSpaceFileCheckType(name, &st, (flags & VIR_LOCK_SPACE_FILE_PLAIN) != 0) < 0)
        return -1;
    if ((other = virLockSpaceFileLookup(&st)))
        return virLockSpaceFileJoin(name, other, flags, file);
    if ((fd = virLockSpaceFileOpenProbed(name, probe, (flags & VIR_LOCK_SPACE_FILE_SHARED) != 0)) < 0)
        return -1;
    return virLockSpaceFileTake(name, path, flags, fd, file);
}

static int
virLockSpaceFileTryNew(const char *name, const char *path, unsigned int flags, virLockSpaceFile **file)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);

    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd < 0) {
        virReportSystemError(errno, _("the file of resource '%1$s' cannot be created"), name);
        return -1;
    }
    return virLockSpaceFileTake(name, path, flags, fd, file);
}

/* One attempt. Returns 1, or 0 if it is to be repeated, or -1 with an error
 * reported. Closing a descriptor with O_PATH leaves locks alone. */
static int
virLockSpaceFileTry(const char *name, const char *path, unsigned int flags, virLockSpaceFile **file)
{
    int nofollow = flags & VIR_LOCK_SPACE_FILE_PLAIN ? O_NOFOLLOW : 0;
    int probe = open(path, O_PATH | O_CLOEXEC | nofollow);
    int result;

    if (probe < 0 && errno == ENOENT && (flags & VIR_LOCK_SPACE_FILE_CREATE))
        return virLockSpaceFileTryNew(name, path, flags, file);
    if (probe < 0) {
        virReportSystemError(errno, _("the file of resource '%1$s' cannot be opened"), name);
        return -1;
    }
    result = virLockSpaceFileTryProbed(name, path, flags, probe, file);
    close(probe);
    return result;
}

virLockSpaceFile *
virLockSpaceFileAcquire(const char *name, const char *path, unsigned int flags)
{
    virLockSpaceFile *file = NULL;
    int result = 0;
    int i;

    g_mutex_lock(&virLockSpaceFileMutex);
    for (i = 0; i < VIR_LOCK_SPACE_FILE_TRIES && result == 0; i++)
        result = virLockSpaceFileTry(name, path, flags, &file);
    g_mutex_unlock(&virLockSpaceFileMutex);

    if (result == 0)
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("resource '%1$s' cannot be locked: its file '%2$s' is replaced again and again, or a symlink to nowhere"),
                       name, path);
    return file;
}

gboolean
virLockSpaceFileIsAt(const virLockSpaceFile *file, const char *path)
{
    return virLockSpaceFilePathIs(path, &file->inode);
}

/* Whether nobody would miss the file. */
static gboolean
virLockSpaceFileIsEmpty(const virLockSpaceFile *file)
{
    struct stat st;

    return fstat(file->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

/* With a shared lock others may have it too: they notice only if we are the
 * last when we can have it alone. */
static void
virLockSpaceFileUnlinkUnused(const virLockSpaceFile *file, const char *path)
{
    if (!virLockSpaceFileIsEmpty(file) || !virLockSpaceFileIsAt(file, path) ||
        (file->shared && virLockSpaceFileSetLock(file->fd, F_WRLCK) < 0))
        return;
    if (unlink(path) < 0)
        VIR_DEBUG("'%s' cannot be unlinked: %s", path, g_strerror(errno));
}

void
virLockSpaceFileRelease(virLockSpaceFile *file, const char *path)
{
    g_mutex_lock(&virLockSpaceFileMutex);
    if (--file->refs == 0) {
        if (path)
            virLockSpaceFileUnlinkUnused(file, path);
        virLockSpaceFileRemove(file);
    }
    g_mutex_unlock(&virLockSpaceFileMutex);
}

int
virLockSpaceFileUnlink(const virLockSpaceFile *file, const char *path)
{
    if (!virLockSpaceFileIsEmpty(file)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("'%1$s' is not deleted: it is not empty, so it is no lock file"), path);
        return -1;
    }
    if (unlink(path) < 0) {
        virReportSystemError(errno, _("'%1$s' cannot be deleted"), path);
        return -1;
    }
    return 0;
}

int
virLockSpaceFileBequeath(const virLockSpaceFile *file)
{
    if (fcntl(file->fd, F_SETFD, 0) < 0) {
        virReportSystemError(errno, "%s", _("a lock file cannot be kept open for the next program"));
        return -1;
    }
    return file->fd;
}

/* Two lockspaces may have shared one file before the exec. */
static virLockSpaceFile *
virLockSpaceFileAdoptKnown(const char *name, virLockSpaceFile *other, int fd, gboolean shared)
{
    if (other->fd != fd || !other->shared || !shared) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("the saved state has the file of resource '%1$s' twice"), name);
        return NULL;
    }
    other->refs++;
    return other;
}

/* The lock is ours still, so this only makes sure. After a fork, or if the
 * descriptor is another one's, it may not be. */
static virLockSpaceFile *
virLockSpaceFileAdoptNew(const char *name, const struct stat *st, int fd, gboolean shared)
{
    if (virLockSpaceFileCheckType(name, st, FALSE) < 0 ||
        virLockSpaceFileLock(name, fd, shared) < 0)
        return NULL;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        virReportSystemError(errno, _("the file of resource '%1$s' cannot be taken over"), name);
        return NULL;
    }
    return virLockSpaceFileInsert(st, fd, shared);
}

virLockSpaceFile *
virLockSpaceFileAdopt(const char *name, int fd, gboolean shared)
{
    virLockSpaceFile *file;
    struct stat st;

    if (fstat(fd, &st) < 0) {
        virReportSystemError(errno, _("the file of resource '%1$s' was not handed over"), name);
        return NULL;
    }
    g_mutex_lock(&virLockSpaceFileMutex);
    if ((file = virLockSpaceFileLookup(&st)))
        file = virLockSpaceFileAdoptKnown(name, file, fd, shared);
    else
        file = virLockSpaceFileAdoptNew(name, &st, fd, shared);
    g_mutex_unlock(&virLockSpaceFileMutex);
    return file;
}
