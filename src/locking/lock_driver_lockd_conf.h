/*
 * lock_driver_lockd_conf.h: settings of the lockd plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The names are those that libvirt's own lockd.so knows, and one more: socket.
 */
#pragma once

#include <glib.h>

/* Not changed once it is made: for all threads. */
typedef struct _virLockManagerLockDaemonConf virLockManagerLockDaemonConf;
struct _virLockManagerLockDaemonConf {
    gboolean autoDiskLeases;
    gboolean requireLeaseForDisks;
    char *fileLockSpaceDir;     /* these three may be NULL: then such a disk is locked itself */
    char *lvmLockSpaceDir;
    char *scsiLockSpaceDir;
    char *socket;               /* of virtlockd, or of virtleased */
};

/**
 * virLockManagerLockDaemonConfNew:
 * @path: of the file; it need not exist
 *
 * Returns the settings, or NULL with an error reported.
 */
virLockManagerLockDaemonConf *
virLockManagerLockDaemonConfNew(const char *path) G_GNUC_WARN_UNUSED_RESULT;

void virLockManagerLockDaemonConfFree(virLockManagerLockDaemonConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerLockDaemonConf, virLockManagerLockDaemonConfFree);
