/*
 * lock_driver_sanlock_guest.h: a guest and its resources, for sanlock
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libvirt/libvirt.h>
#include <stddef.h>     /* sanlock.h needs this, and the next one */
#include <stdint.h>
#include <sanlock.h>
#include <sys/types.h>

#include "lock_driver.h"
#include "lock_driver_sanlock_conf.h"

typedef struct _virLockManagerSanlockResource virLockManagerSanlockResource;
struct _virLockManagerSanlockResource {
    char *title;                    /* for messages: the path of a disk, or LOCKSPACE/KEY */
    gboolean automatic;             /* its lease is made when it is needed */
    struct sanlk_resource *lease;   /* with one disk */
};

typedef struct _virLockManagerSanlockGuest virLockManagerSanlockGuest;
struct _virLockManagerSanlockGuest {
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *name;
    char *uri;              /* NULL: not said */
    pid_t pid;
    GPtrArray *resources;   /* of virLockManagerSanlockResource, no more than sanlock takes at once */
    gboolean writes;        /* it writes to disks that are not locked */
};

/* The guest of drvNew's @params; if @started in its own process. NULL with an
 * error reported if they do not suffice. */
virLockManagerSanlockGuest *
virLockManagerSanlockGuestNew(const virLockManagerParam *params,
                              size_t nparams,
                              gboolean started) G_GNUC_WARN_UNUSED_RESULT;

void virLockManagerSanlockGuestFree(virLockManagerSanlockGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerSanlockGuest, virLockManagerSanlockGuestFree);

/* These return 0, or -1 with an error reported; @flags are drvAddResource's. */

int virLockManagerSanlockGuestAddDisk(virLockManagerSanlockGuest *guest,
                                      const virLockManagerSanlockConf *conf,
                                      const char *path,
                                      unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

int virLockManagerSanlockGuestAddLease(virLockManagerSanlockGuest *guest,
                                       const char *key,
                                       const virLockManagerParam *params,
                                       size_t nparams,
                                       unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;
