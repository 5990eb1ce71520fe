/*
 * lock_driver_nfslease_guest.h: a guest and its resources, as libvirt named them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The private data of one virLockManager: used by one thread, for one call.
 */
#pragma once

#include <libvirt/libvirt.h>
#include <sys/types.h>

#include "lock_driver.h"
#include "lock_driver_nfslease_conf.h"
#include "virleaseengine.h"

typedef struct _virLockManagerNfsleaseResource virLockManagerNfsleaseResource;
struct _virLockManagerNfsleaseResource {
    char *path;         /* a disk's, or what people call a lease */
    char *name;         /* canonical; of a disk NULL until resolved */
    char *real;         /* a disk's real path once it is resolved, else NULL */
    gboolean shared;
};

typedef struct _virLockManagerNfsleaseGuest virLockManagerNfsleaseGuest;
struct _virLockManagerNfsleaseGuest {
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *name;
    pid_t pid;                  /* 0 if there is none */
    virLeaseFailure failure;    /* what to do with it when its lock is lost */
    gboolean writes;            /* to a disk that is not locked by itself */
    GPtrArray *resources;       /* of virLockManagerNfsleaseResource */
};

/**
 * virLockManagerNfsleaseGuestNew:
 * @params: what libvirt says about the guest
 * @nparams: how many there are
 * @started: this process is to become the guest's; its id is taken if there is none in @params
 *
 * Returns a guest without resources, or NULL with an error reported.
 */
virLockManagerNfsleaseGuest *
virLockManagerNfsleaseGuestNew(const virLockManagerParam *params,
                               size_t nparams,
                               gboolean started) G_GNUC_WARN_UNUSED_RESULT;

void virLockManagerNfsleaseGuestFree(virLockManagerNfsleaseGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerNfsleaseGuest, virLockManagerNfsleaseGuestFree);

/* Adds the disk @path with @flags of virLockManagerResourceFlags, unless @conf
 * says that such a disk is not locked. Does not look at the disk: it may be on
 * a server that does not answer, and a guest has to be paused all the same. */
void virLockManagerNfsleaseGuestAddDisk(virLockManagerNfsleaseGuest *guest,
                                        const virLockManagerNfsleaseConf *conf,
                                        const char *path,
                                        unsigned int flags);

/* Adds a lease; @params as in drvAddResource. */
void virLockManagerNfsleaseGuestAddLease(virLockManagerNfsleaseGuest *guest,
                                         const char *key,
                                         const virLockManagerParam *params,
                                         size_t nparams,
                                         unsigned int flags);

/**
 * virLockManagerNfsleaseGuestResolve:
 * @guest: a guest to which all resources were added
 * @conf: where its resource_map is
 *
 * Finds the canonical name of every resource; of several that are of one name
 * and shared, one is kept. Blocks as long as the file systems of the disks do.
 *
 * Returns 0, or -1 with an error reported: a path leads nowhere, or the guest
 * would be in its own way.
 */
int virLockManagerNfsleaseGuestResolve(virLockManagerNfsleaseGuest *guest,
                                       const virLockManagerNfsleaseConf *conf) G_GNUC_WARN_UNUSED_RESULT;

/* Takes out the disks that the guest's process still has open: libvirt takes
 * back the lock of a disk that could not be attached, but the guest may have
 * the same image by another disk. Needs resolved resources. */
void virLockManagerNfsleaseGuestKeepOpen(virLockManagerNfsleaseGuest *guest);
