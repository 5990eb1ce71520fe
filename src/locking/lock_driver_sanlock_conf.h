/*
 * lock_driver_sanlock_conf.h: settings of the sanlock plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names and defaults are those of libvirt's own sanlock.so: both read the
 * same file. examples/qemu-sanlock.conf describes them.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Not changed once it is made: for all threads. */
typedef struct _virLockManagerSanlockConf virLockManagerSanlockConf;
struct _virLockManagerSanlockConf {
    gboolean autoDiskLeases;
    gboolean requireLeaseForDisks;
    char *diskLeaseDir;
    unsigned int hostId;        /* 0: not set */
    unsigned int ioTimeout;     /* seconds; 0: as the daemon is set */
    uid_t user;                 /* of the files made for the daemon; (uid_t) -1: as they come */
    gid_t group;                /* likewise */
};

/**
 * virLockManagerSanlockConfNew:
 * @path: of the file; it need not exist
 *
 * Returns the settings, or NULL with an error reported.
 */
virLockManagerSanlockConf *
virLockManagerSanlockConfNew(const char *path) G_GNUC_WARN_UNUSED_RESULT;

void virLockManagerSanlockConfFree(virLockManagerSanlockConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerSanlockConf, virLockManagerSanlockConfFree);
