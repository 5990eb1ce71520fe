/*
 * virleasestoredirop.c: one operation on a directory of this host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestoredirop.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virgettext.h"
#include "virleasestorepriv.h"

#define VIR_LEASE_STORE_DIR_OPEN (O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A descriptor is closed at the end of its block. */
typedef int virLeaseStoreDirFD;

static void
virLeaseStoreDirFDClose(virLeaseStoreDirFD *fd)
{
    if (*fd >= 0)
        close(*fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(virLeaseStoreDirFD, virLeaseStoreDirFDClose)

/* After these it is not known whether the call had its effect: the file
 * system may itself be a client of a server that does not answer. */
static gboolean
virLeaseStoreDirIsLost(int errnum)
{
    return errnum == EIO || errnum == ETIMEDOUT || errnum == EINTR ||
           errnum == ENOTCONN || errnum == ECONNRESET || errnum == EHOSTDOWN ||
           errnum == EHOSTUNREACH || errnum == EREMOTEIO;
}

static virLeaseStatus
virLeaseStoreDirStatus(virLeaseOpType type, int errnum)
{
    switch (errnum) {
    case EEXIST:
        return type == VIR_LEASE_OP_RMDIR ? VIR_LEASE_STATUS_NOTEMPTY : VIR_LEASE_STATUS_EXISTS;
    case ENOTEMPTY:
        return VIR_LEASE_STATUS_NOTEMPTY;
    case ENOENT:
        return VIR_LEASE_STATUS_NOENT;
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
        return VIR_LEASE_STATUS_WRONG_TYPE;
    case EACCES:
    case EPERM:
        return VIR_LEASE_STATUS_ACCESS;
    case EROFS:
        return VIR_LEASE_STATUS_READONLY;
    case ENOSPC:
    case EDQUOT:
        return VIR_LEASE_STATUS_FULL;
    default:
        return virLeaseStoreDirIsLost(errnum) ? VIR_LEASE_STATUS_LOST : VIR_LEASE_STATUS_FAILED;
    }
}

/* Fills @reply in from errno; returns -1. */
static int
virLeaseStoreDirFail(virLeaseReply *reply, virLeaseOpType type)
{
    int errnum = errno;

    reply->status = virLeaseStoreDirStatus(type, errnum);
    reply->detail = g_strdup(g_strerror(errnum));
    return -1;
}

/* Says which name it is that stands for something else than it should. */
static void
virLeaseStoreDirNameIt(virLeaseReply *reply, const char *path)
{
    char *detail;

    if (reply->status != VIR_LEASE_STATUS_WRONG_TYPE || !*path)
        return;
    detail = g_strdup_printf("'%s': %s", path, reply->detail);
    g_free(reply->detail);
    reply->detail = detail;
}

static void
virLeaseStoreDirAttr(virLeaseAttr *attr, const struct stat *st)
{
    attr->fileid = st->st_ino;
    attr->ctime = st->st_ctim.tv_sec * VIR_LEASE_SECOND + st->st_ctim.tv_nsec;
    attr->mtime = st->st_mtim.tv_sec * VIR_LEASE_SECOND + st->st_mtim.tv_nsec;
}

static int
virLeaseStoreDirStat(int dirfd, const char *name, virLeaseAttr *attr)
{
    struct stat st;

    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0)
        return -1;
    virLeaseStoreDirAttr(attr, &st);
    return 0;
}

/* For a reply whose operation has had its effect: attributes are an extra. */
static void
virLeaseStoreDirTryStat(int dirfd, const char *name, virLeaseReply *reply)
{
    virLeaseAttr attr;

    if (virLeaseStoreDirStat(dirfd, name, &attr) == 0)
        reply->attr = attr;
}

/* Opens the directory @path below @root, component by component, so that a
 * planted link leads nowhere. Only the administrator's own @root may have
 * links in it. */
static int
virLeaseStoreDirWalk(const char *root, const char *path, int flags)
{
    g_auto(GStrv) components = g_strsplit(path, "/", -1);
    g_auto(virLeaseStoreDirFD) fd = open(root, O_DIRECTORY | O_CLOEXEC | (*path ? O_PATH : flags));
    gsize i;
    int result;

    for (i = 0; fd >= 0 && *path && components[i]; i++) {
        int next = openat(fd, components[i],
                          VIR_LEASE_STORE_DIR_OPEN | (components[i + 1] ? O_PATH : flags));
        int errnum = errno;

        close(fd);
        fd = next;
        errno = errnum;
    }
    result = fd;
    fd = -1;
    return result;
}

/* Takes @path apart. A lockspace's own directory, with the empty path, is a
 * name in the directory above it. */
static int
virLeaseStoreDirWalkToParent(const char *root, const char *path, char **name)
{
    g_autofree char *parent = g_path_get_dirname(*path ? path : root);
    int fd;

    if (!*path)
        fd = virLeaseStoreDirWalk(parent, "", O_PATH);
    else
        fd = virLeaseStoreDirWalk(root, g_str_equal(parent, ".") ? "" : parent, O_PATH);
    if (fd >= 0)
        *name = g_path_get_basename(*path ? path : root);
    return fd;
}

static int
virLeaseStoreDirMkdir(int dirfd, const char *name, virLeaseReply *reply)
{
    g_auto(virLeaseStoreDirFD) fd = -1;

    if (mkdirat(dirfd, name, 0755) < 0)
        return -1;
    /* People may look whatever our umask is. The directory exists by now, so
     * neither this nor the attributes are a reason to fail. */
    fd = openat(dirfd, name, VIR_LEASE_STORE_DIR_OPEN | O_RDONLY);
    if (fd >= 0 && fchmod(fd, 0755) == 0)
        virLeaseStoreDirTryStat(fd, "", reply);
    return 0;
}

static int
virLeaseStoreDirSymlink(int dirfd, const char *name, const char *target, virLeaseReply *reply)
{
    if (symlinkat(target, dirfd, name) < 0)
        return -1;
    virLeaseStoreDirTryStat(dirfd, name, reply);
    return 0;
}

static int
virLeaseStoreDirReadlink(int dirfd, const char *name, virLeaseReply *reply)
{
    char buffer[VIR_LEASE_STORE_TARGET_MAX + 1];
    ssize_t length = readlinkat(dirfd, name, buffer, sizeof(buffer));

    if (length < 0) {
        /* What readlink() says of anything that is no link. */
        if (errno == EINVAL)
            errno = ENOTDIR;
        return -1;
    }
    if (length > VIR_LEASE_STORE_TARGET_MAX || memchr(buffer, '\0', length)) {
        reply->status = VIR_LEASE_STATUS_PROTOCOL;
        reply->detail = g_strdup(_("the link's target is too long"));
        return 0;
    }
    reply->target = g_strndup(buffer, length);
    return 0;
}

static int
virLeaseStoreDirSetattr(int fd, gint64 mtime, virLeaseReply *reply)
{
    struct timespec times[2] = { { 0, UTIME_OMIT }, { mtime, 0 } };

    if (futimens(fd, times) < 0)
        return -1;
    virLeaseStoreDirTryStat(fd, "", reply);
    return 0;
}

/* Returns 1 if there was an entry, 0 at the end, -1 with @reply filled in. */
static int
virLeaseStoreDirReadEntry(DIR *dir, virLeaseReply *reply)
{
    struct dirent *entry;
    virLeaseAttr attr;

    errno = 0;
    entry = readdir(dir);
    if (!entry)
        return errno ? virLeaseStoreDirFail(reply, VIR_LEASE_OP_READDIR) : 0;
    if (g_str_equal(entry->d_name, ".") || g_str_equal(entry->d_name, ".."))
        return 1;
    if (virLeaseStoreDirStat(dirfd(dir), entry->d_name, &attr) < 0) {
        if (errno == ENOENT)
            return 1;   /* removed since */
        return virLeaseStoreDirFail(reply, VIR_LEASE_OP_READDIR);
    }
    if (reply->entries->len == VIR_LEASE_STORE_ENTRIES_MAX) {
        reply->status = VIR_LEASE_STATUS_PROTOCOL;
        reply->detail = g_strdup_printf(_("the directory has more than %1$d entries"),
                                        VIR_LEASE_STORE_ENTRIES_MAX);
        return -1;
    }
    virLeaseReplyAddEntry(reply, entry->d_name, &attr);
    return 1;
}

/* Takes @fd over. */
static int
virLeaseStoreDirReaddir(int fd, virLeaseReply *reply)
{
    DIR *dir = fdopendir(fd);
    int more;

    if (!dir) {
        virLeaseStoreDirFail(reply, VIR_LEASE_OP_READDIR);
        close(fd);
        return 0;
    }
    virLeaseReplyInitEntries(reply);
    do {
        more = virLeaseStoreDirReadEntry(dir, reply);
    } while (more > 0);
    closedir(dir);
    if (more < 0)
        g_clear_pointer(&reply->entries, g_ptr_array_unref);
    return 0;
}

/* Operations on a directory itself. */
static int
virLeaseStoreDirOpOnDirectory(const char *root, const virLeaseOp *op, virLeaseReply *reply)
{
    g_auto(virLeaseStoreDirFD) fd = virLeaseStoreDirWalk(root, op->path, O_RDONLY);
    int taken;

    if (fd < 0)
        return -1;
    if (op->type == VIR_LEASE_OP_SETATTR)
        return virLeaseStoreDirSetattr(fd, op->mtime, reply);
    taken = fd;
    fd = -1;
    return virLeaseStoreDirReaddir(taken, reply);
}

/* Operations on a name in a directory. */
static int
virLeaseStoreDirOpOnName(const char *root, const virLeaseOp *op, virLeaseReply *reply)
{
    g_autofree char *name = NULL;
    g_auto(virLeaseStoreDirFD) dirfd = virLeaseStoreDirWalkToParent(root, op->path, &name);

    if (dirfd < 0)
        return -1;
    switch (op->type) {
    case VIR_LEASE_OP_MKDIR:
        return virLeaseStoreDirMkdir(dirfd, name, reply);
    case VIR_LEASE_OP_SYMLINK:
        return virLeaseStoreDirSymlink(dirfd, name, op->target, reply);
    case VIR_LEASE_OP_READLINK:
        return virLeaseStoreDirReadlink(dirfd, name, reply);
    case VIR_LEASE_OP_GETATTR:
        return virLeaseStoreDirStat(dirfd, name, &reply->attr);
    case VIR_LEASE_OP_REMOVE:
        return unlinkat(dirfd, name, 0);
    case VIR_LEASE_OP_RMDIR:
        return unlinkat(dirfd, name, AT_REMOVEDIR);
    case VIR_LEASE_OP_READDIR:
    case VIR_LEASE_OP_SETATTR:
    case VIR_LEASE_OP_LAST:
    default:
        g_assert_not_reached();
    }
}

virLeaseReply *
virLeaseStoreDirOpRun(const char *root, const virLeaseOp *op)
{
    virLeaseReply *reply = virLeaseReplyNew(op->id, VIR_LEASE_STATUS_OK);
    int result;

    if (op->type == VIR_LEASE_OP_READDIR || op->type == VIR_LEASE_OP_SETATTR)
        result = virLeaseStoreDirOpOnDirectory(root, op, reply);
    else
        result = virLeaseStoreDirOpOnName(root, op, reply);
    if (result < 0)
        virLeaseStoreDirFail(reply, op->type);
    virLeaseStoreDirNameIt(reply, op->path);
    return reply;
}
