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
#include "virlockspacebox.h"
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
    unsigned int refs;          /* 0: an earlier process left it, and nobody has asked for it yet */
};

static GMutex virLockSpaceFileMutex;
static GHashTable *virLockSpaceFileTable;

/* What is in the table is in the box too, and more: files that are not locked
 * any more. */
static const int *virLockSpaceFileBox;
static guint virLockSpaceFileBoxed;     /* how many are in the box */

/* The box is cleared up when it has so many more than what there is twice. */
#define VIR_LOCK_SPACE_FILE_BOX_SLACK 64

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

/* ---- the table, and the box ---- */

static virLockSpaceFile *
virLockSpaceFileFind(const virLockSpaceInode *inode)
{
    return virLockSpaceFileTable ? g_hash_table_lookup(virLockSpaceFileTable, inode) : NULL;
}

static virLockSpaceFile *
virLockSpaceFileLookup(const struct stat *st)
{
    virLockSpaceInode inode = virLockSpaceInodeOf(st);

    return virLockSpaceFileFind(&inode);
}

static virLockSpaceFile *
virLockSpaceFileAdd(const virLockSpaceInode *inode, int fd)
{
    virLockSpaceFile *file = g_new0(virLockSpaceFile, 1);

    file->inode = *inode;
    file->fd = fd;
    if (!virLockSpaceFileTable)
        virLockSpaceFileTable = g_hash_table_new(virLockSpaceInodeHash, virLockSpaceInodeEqual);
    g_hash_table_add(virLockSpaceFileTable, file);
    return file;
}

static void
virLockSpaceFilePut(const virLockSpaceFile *file)
{
    const virLockSpaceBoxItem item = { .device = file->inode.dev, .inode = file->inode.ino, .fd = file->fd };

    if (!virLockSpaceFileBox)
        return;
    if (virLockSpaceBoxPut(virLockSpaceFileBox, &item))
        virLockSpaceFileBoxed++;
    else
        VIR_WARN("a lock file cannot be kept open for a next process, ignoring: the lock would be lost with this one");
}

static void
virLockSpaceFilePutAll(void)
{
    GHashTableIter iter;
    void *file;

    if (!virLockSpaceFileTable)
        return;
    g_hash_table_iter_init(&iter, virLockSpaceFileTable);
    while (g_hash_table_iter_next(&iter, NULL, &file))
        virLockSpaceFilePut(file);
}

static void
virLockSpaceFileClearUp(void)
{
    guint size = virLockSpaceFileTable ? g_hash_table_size(virLockSpaceFileTable) : 0;
    virLockSpaceBoxItem item;

    if (!virLockSpaceFileBox || virLockSpaceFileBoxed < 2 * size + VIR_LOCK_SPACE_FILE_BOX_SLACK)
        return;
    while (virLockSpaceBoxTake(virLockSpaceFileBox, &item))
        close(item.fd);
    virLockSpaceFileBoxed = 0;
    virLockSpaceFilePutAll();
}

static virLockSpaceFile *
virLockSpaceFileInsert(const struct stat *st, int fd, gboolean shared)
{
    virLockSpaceInode inode = virLockSpaceInodeOf(st);
    virLockSpaceFile *file = virLockSpaceFileAdd(&inode, fd);

    file->shared = shared;
    file->refs = 1;
    virLockSpaceFilePut(file);
    return file;
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

/* A lock of the open file, and not of this process: it is held as long as
 * anybody has it open. Those that processes have are in its way, and it in
 * theirs. Returns 0, or -1 with errno set. */
static int
virLockSpaceFileSetLock(int fd, short type)
{
    struct flock lock = virLockSpaceFileRange(type);

    return fcntl(fd, F_OFD_SETLK, &lock);
}

/* There may be copies of the descriptor elsewhere, so closing it does not drop
 * the lock. */
static void
virLockSpaceFileRemove(virLockSpaceFile *file)
{
    g_hash_table_remove(virLockSpaceFileTable, file);
    if (g_hash_table_size(virLockSpaceFileTable) == 0)
        g_clear_pointer(&virLockSpaceFileTable, g_hash_table_unref);
    if (virLockSpaceFileSetLock(file->fd, F_UNLCK) < 0)
        VIR_WARN("a lock file cannot be unlocked, ignoring: %s", g_strerror(errno));
    close(file->fd);
    g_free(file);
    virLockSpaceFileClearUp();
}

/* The process that is in the way; -1 if it is one of this host that has locked
 * as we do, and 0 if it has just gone or is on another host. */
static pid_t
virLockSpaceFileHolder(int fd, short type)
{
    struct flock lock = virLockSpaceFileRange(type);

    if (fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
        return 0;
    return MAX(lock.l_pid, -1);
}

static void
virLockSpaceFileReportBusy(const char *name, int fd, short type)
{
    pid_t holder = virLockSpaceFileHolder(fd, type);

    if (holder > 0)
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("resource '%1$s' is locked by process %2$lld"), name, (long long) holder);
    else if (holder < 0)
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("resource '%1$s' is locked by another process of this host, virtleased maybe"), name);
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

/* Goes on with what an earlier process had locked. */
static int
virLockSpaceFileTakeUp(const char *name,
                       const char *path,
                       virLockSpaceFile *left,
                       unsigned int flags,
                       virLockSpaceFile **file)
{
    gboolean shared = (flags & VIR_LOCK_SPACE_FILE_SHARED) != 0;

    if (!(flags & VIR_LOCK_SPACE_FILE_AGAIN)) {
        virReportError(VIR_ERR_RESOURCE_BUSY,
                       _("resource '%1$s' was locked by the process before this one, and its owner is being looked for"), name);
        return -1;
    }
    if (virLockSpaceFileLock(name, left->fd, shared) < 0)
        return -1;
    if (!virLockSpaceFilePathIs(path, &left->inode))
        return 0;
    left->shared = shared;
    left->refs = 1;
    *file = left;
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
        return other->refs > 0 ? virLockSpaceFileJoin(name, other, flags, file)
                               : virLockSpaceFileTakeUp(name, path, other, flags, file);
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

/* The lock is ours still, so this only makes sure. If the descriptor is another
 * one's, it is not. */
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

/* ---- what an earlier process left ---- */

/* Of two that were in the box, the later one is that which may be locked. */
static void
virLockSpaceFileFindLeft(const virLockSpaceBoxItem *item)
{
    virLockSpaceInode inode = { .dev = item->device, .ino = item->inode };
    virLockSpaceFile *left = virLockSpaceFileFind(&inode);

    if (left) {
        close(left->fd);
        left->fd = item->fd;
    } else {
        virLockSpaceFileAdd(&inode, item->fd);
    }
}

void
virLockSpaceFileUseBox(const int *box)
{
    virLockSpaceBoxItem item;

    g_mutex_lock(&virLockSpaceFileMutex);
    virLockSpaceFileBox = box;
    while (box && virLockSpaceBoxTake(box, &item))
        virLockSpaceFileFindLeft(&item);
    virLockSpaceFileBoxed = 0;
    virLockSpaceFilePutAll();
    g_mutex_unlock(&virLockSpaceFileMutex);
}

void
virLockSpaceFileDropLeft(void)
{
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    GHashTableIter iter;
    void *file;

    g_mutex_lock(&virLockSpaceFileMutex);
    if (virLockSpaceFileTable) {
        g_hash_table_iter_init(&iter, virLockSpaceFileTable);
        while (g_hash_table_iter_next(&iter, NULL, &file)) {
            if (((virLockSpaceFile *) file)->refs == 0)
                g_ptr_array_add(left, file);
        }
    }
    for (guint i = 0; i < left->len; i++)
        virLockSpaceFileRemove(g_ptr_array_index(left, i));
    g_mutex_unlock(&virLockSpaceFileMutex);
}
