/*
 * lock_driver_sanlock_lockspace.c: the lockspace of all disks, and its leases
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_sanlock_lockspace.h"

#include <errno.h>
#include <fcntl.h>
#include <sanlock_admin.h>
#include <sanlock_resource.h>
#include <sanlock_rv.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock_driver_sanlock_error.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_driver_sanlock_lockspace");

#define VIR_LOCK_MANAGER_SANLOCK_TRIES 60           /* of joining a lockspace that is just being left */
#define VIR_LOCK_MANAGER_SANLOCK_PAUSE_US G_USEC_PER_SEC

int
virLockManagerSanlockCheckDaemon(void)
{
    uint32_t version = 0;
    uint32_t proto = 0;
    int rc = sanlock_version(0, &version, &proto);

    if (rc >= 0)
        return 0;
    virReportError(VIR_ERR_OPERATION_FAILED,
                   _("the sanlock daemon of this host does not answer (%1$s): see that the service 'sanlock' runs"),
                   virLockManagerSanlockWhy(rc));
    return -1;
}

/* ---- files ---- */

/* A file that is being made: a lockspace, or a lease. */
typedef struct _virLockManagerSanlockFile virLockManagerSanlockFile;
struct _virLockManagerSanlockFile {
    const char *path;                       /* what it is to be called */
    struct sanlk_disk disk;                 /* what it is called until then */
    const struct sanlk_resource *resource;  /* NULL: it is the lockspace */
    int fd;
};

static int
virLockManagerSanlockFileOpen(virLockManagerSanlockFile *file, const virLockManagerSanlockConf *conf)
{
    gboolean given = conf->user != (uid_t) -1 || conf->group != (gid_t) -1;
    const char *name = file->disk.path;

    file->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file->fd < 0) {
        virReportSystemError(errno, _("'%1$s' cannot be made: disk_lease_dir has to be a directory for it"), name);
        return -1;
    }
    if (given && fchown(file->fd, conf->user, conf->group) < 0) {
        virReportSystemError(errno, _("'%1$s' cannot be given to user %2$d and group %3$d"),
                             name, (int) conf->user, (int) conf->group);
        return -1;
    }
    if (given && fchmod(file->fd, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) < 0) {
        virReportSystemError(errno, _("the permissions of '%1$s' cannot be set"), name);
        return -1;
    }
    return 0;
}

/* Has the daemon write what the file is to have. */
static int
virLockManagerSanlockFileWrite(virLockManagerSanlockFile *file, const virLockManagerSanlockConf *conf)
{
    struct sanlk_lockspace lockspace = { .name = VIR_LOCK_MANAGER_SANLOCK_LOCKSPACE };
    g_autofree struct sanlk_resource *resource = NULL;

    if (!file->resource) {
        lockspace.host_id_disk = file->disk;
        return sanlock_write_lockspace(&lockspace, 0, 0, conf->ioTimeout);
    }
    resource = g_malloc0(sizeof(*resource) + sizeof(file->disk));
    *resource = *file->resource;
    resource->flags = 0;
    resource->disks[0] = file->disk;
    return sanlock_write_resource(resource, 0, 0, 0);
}

static int
virLockManagerSanlockFileFill(virLockManagerSanlockFile *file, const virLockManagerSanlockConf *conf)
{
    int size = sanlock_align(&file->disk);
    int rc;

    if (size <= 0) {
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("the sanlock daemon cannot open '%1$s' (%2$s): see 'user' and 'group' in the settings"),
                       file->disk.path, virLockManagerSanlockWhy(size));
        return -1;
    }
    if ((rc = posix_fallocate(file->fd, 0, size)) != 0) {
        virReportSystemError(rc, _("there is no room for '%1$s', which needs %2$d bytes"), file->path, size);
        return -1;
    }
    if ((rc = virLockManagerSanlockFileWrite(file, conf)) < 0) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("the sanlock daemon cannot initialize '%1$s': %2$s"),
                       file->path, virLockManagerSanlockWhy(rc));
        return -1;
    }
    return 0;
}

/* Gives the file its name, unless another host was quicker. */
static int
virLockManagerSanlockFileName(const virLockManagerSanlockFile *file)
{
    if (link(file->disk.path, file->path) == 0 || errno == EEXIST)
        return 0;
    virReportSystemError(errno, _("'%1$s' cannot be made"), file->path);
    return -1;
}

static int
virLockManagerSanlockFileMake(virLockManagerSanlockFile *file, const virLockManagerSanlockConf *conf)
{
    int rc = -1;

    if (virLockManagerSanlockFileOpen(file, conf) == 0 &&
        virLockManagerSanlockFileFill(file, conf) == 0)
        rc = virLockManagerSanlockFileName(file);
    if (file->fd >= 0) {
        close(file->fd);
        unlink(file->disk.path);
    }
    return rc;
}

/* Whether there is something at @path; -1 with an error if nobody knows. */
static int
virLockManagerSanlockFileIsThere(const char *path)
{
    if (access(path, F_OK) == 0)
        return 1;
    if (errno == ENOENT)
        return 0;
    virReportSystemError(errno, _("'%1$s' cannot be accessed"), path);
    return -1;
}

static int
virLockManagerSanlockMake(const virLockManagerSanlockConf *conf,
                          const char *path,
                          const struct sanlk_resource *resource)
{
    static int counter;
    virLockManagerSanlockFile file = { .path = path, .resource = resource, .fd = -1 };
    g_autofree char *name = g_path_get_basename(path);
    int there = virLockManagerSanlockFileIsThere(path);

    if (there != 0)
        return MIN(there, 0);
    /* The settings leave room for that. */
    g_snprintf(file.disk.path, sizeof(file.disk.path), "%s/.%s.%u.%d.%d", conf->diskLeaseDir, name,
               conf->hostId, (int) getpid(), g_atomic_int_add(&counter, 1));
    return virLockManagerSanlockFileMake(&file, conf);
}

int
virLockManagerSanlockMakeLease(const virLockManagerSanlockConf *conf,
                               const struct sanlk_resource *resource)
{
    return virLockManagerSanlockMake(conf, resource->disks[0].path, resource);
}

/* ---- joining ---- */

static void
virLockManagerSanlockDescribe(const virLockManagerSanlockConf *conf, struct sanlk_lockspace *lockspace)
{
    memset(lockspace, 0, sizeof(*lockspace));
    g_strlcpy(lockspace->name, VIR_LOCK_MANAGER_SANLOCK_LOCKSPACE, sizeof(lockspace->name));
    lockspace->host_id = conf->hostId;
    g_snprintf(lockspace->host_id_disk.path, sizeof(lockspace->host_id_disk.path), "%s/%s",
               conf->diskLeaseDir, VIR_LOCK_MANAGER_SANLOCK_LOCKSPACE);
}

/* Returns what sanlock says in the end. */
static int
virLockManagerSanlockAdd(const virLockManagerSanlockConf *conf, struct sanlk_lockspace *lockspace)
{
    int rc = 0;
    int i;

    for (i = 0; i < VIR_LOCK_MANAGER_SANLOCK_TRIES; i++) {
        rc = sanlock_add_lockspace_timeout(lockspace, 0, conf->ioTimeout);
        if (rc == -EEXIST)
            return 0;
        /* Somebody else has begun; whether he makes it is not said. */
        if (rc == -EINPROGRESS && sanlock_inq_lockspace(lockspace, SANLK_INQ_WAIT) == 0)
            return 0;
        if (rc != -EINPROGRESS && rc != -EAGAIN)
            break;
        VIR_DEBUG("lockspace '%s' is busy: %s", lockspace->name, virLockManagerSanlockWhy(rc));
        g_usleep(VIR_LOCK_MANAGER_SANLOCK_PAUSE_US);
    }
    return rc;
}

int
virLockManagerSanlockJoin(const virLockManagerSanlockConf *conf)
{
    struct sanlk_lockspace lockspace;
    const char *path = lockspace.host_id_disk.path;
    int rc;

    virLockManagerSanlockDescribe(conf, &lockspace);
    if (virLockManagerSanlockCheckDaemon() < 0 ||
        virLockManagerSanlockMake(conf, path, NULL) < 0)
        return -1;
    if ((rc = virLockManagerSanlockAdd(conf, &lockspace)) == 0) {
        VIR_INFO("host %u is in the lockspace '%s'", conf->hostId, path);
        return 0;
    }
    if (rc == SANLK_HOSTID_BUSY || rc == SANLK_ADDLS_INVALID_HOSTID || rc == -EINVAL)
        virReportError(VIR_ERR_OPERATION_FAILED,
                       _("host_id %1$u cannot be had in the lockspace '%2$s' (%3$s): each host needs one of its own, and keeps it until sanlock is stopped"),
                       conf->hostId, path, virLockManagerSanlockWhy(rc));
    else
        virReportError(VIR_ERR_OPERATION_FAILED, _("this host cannot join the lockspace '%1$s': %2$s"),
                       path, virLockManagerSanlockWhy(rc));
    return -1;
}

void
virLockManagerSanlockJoinAgain(const virLockManagerSanlockConf *conf)
{
    struct sanlk_lockspace lockspace;
    int rc;

    virLockManagerSanlockDescribe(conf, &lockspace);
    rc = sanlock_add_lockspace_timeout(&lockspace, SANLK_ADD_ASYNC, conf->ioTimeout);
    VIR_INFO("joining the lockspace '%s' again: %s", lockspace.host_id_disk.path, virLockManagerSanlockWhy(rc));
}
