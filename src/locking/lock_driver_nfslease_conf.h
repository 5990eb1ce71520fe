/*
 * lock_driver_nfslease_conf.h: settings of the nfslease plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /etc/libvirt/qemu-nfslease.conf has a text on each of them.
 */
#pragma once

#include <glib.h>

/* What to do about a disk that several guests may have. */
typedef enum {
    VIR_LOCK_MANAGER_NFSLEASE_DISK_SHARED,  /* lock it against those that would have it alone */
    VIR_LOCK_MANAGER_NFSLEASE_DISK_NONE,    /* do not lock it */
} virLockManagerNfsleaseDisk;

/* Not changed once it is made: for all threads. */
typedef struct _virLockManagerNfsleaseConf virLockManagerNfsleaseConf;
struct _virLockManagerNfsleaseConf {
    char *lockspace;
    char *socket;
    gboolean autoDiskLeases;
    gboolean requireLeaseForDisks;
    gboolean reserve;
    virLockManagerNfsleaseDisk readonlyDisks;
    virLockManagerNfsleaseDisk shareableDisks;
    unsigned int acquireTimeoutMs;
    unsigned int handoverWaitMs;
    char **resourceMap;         /* entries "PREFIX=REPLACEMENT", then NULL */
};

/**
 * virLockManagerNfsleaseConfNew:
 * @path: of the file; it need not exist
 *
 * Returns the settings, or NULL with an error reported.
 */
virLockManagerNfsleaseConf *
virLockManagerNfsleaseConfNew(const char *path) G_GNUC_WARN_UNUSED_RESULT;

void virLockManagerNfsleaseConfFree(virLockManagerNfsleaseConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerNfsleaseConf, virLockManagerNfsleaseConfFree);
