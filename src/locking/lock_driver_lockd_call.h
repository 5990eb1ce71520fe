/*
 * lock_driver_lockd_call.h: what the lockd plugin asks of virtlockd
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each call is a connection of its own, made and used by one thread; it ends
 * within half a minute. All that return int give -1 with an error reported.
 */
#pragma once

#include <libvirt/libvirt.h>
#include <sys/types.h>

#include "lock_driver_lockd_conf.h"

typedef struct _virLockManagerLockDaemonResource virLockManagerLockDaemonResource;
struct _virLockManagerLockDaemonResource {
    char *lockspace;        /* "": @name is the path of what is locked */
    char *name;
    unsigned int flags;     /* of virLockSpaceProtocolAcquireResourceFlags */
    gboolean make;          /* the lockspace may not be there yet */
};

typedef struct _virLockManagerLockDaemonGuest virLockManagerLockDaemonGuest;
struct _virLockManagerLockDaemonGuest {
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *name;
    int id;
    pid_t pid;
    GPtrArray *resources;   /* of virLockManagerLockDaemonResource */
    gboolean hasRWDisks;    /* it writes to disks that are not locked */
};

/* Has lockspaces made for each directory of @conf. */
int virLockManagerLockDaemonSetup(const virLockManagerLockDaemonConf *conf) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockManagerLockDaemonRegister:
 * @conf: the settings
 * @guest: the guest, in its own process
 * @restricted: the connection is good for nothing more
 * @fd: NULL, or to be set to a copy of the connection that survives exec:
 *      virtlockd takes its end for that of the guest
 */
int virLockManagerLockDaemonRegister(const virLockManagerLockDaemonConf *conf,
                                     const virLockManagerLockDaemonGuest *guest,
                                     gboolean restricted,
                                     int *fd) G_GNUC_WARN_UNUSED_RESULT;

/* Acquires all resources of @guest, or none. */
int virLockManagerLockDaemonLock(const virLockManagerLockDaemonConf *conf,
                                 const virLockManagerLockDaemonGuest *guest) G_GNUC_WARN_UNUSED_RESULT;

/* Releases all of them; those that it does not hold are as good as released. */
int virLockManagerLockDaemonUnlock(const virLockManagerLockDaemonConf *conf,
                                   const virLockManagerLockDaemonGuest *guest) G_GNUC_WARN_UNUSED_RESULT;
