/*
 * lock_manager.h: locks for one guest, by whatever lock driver
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a management program calls; lock_driver.h says in which order, and
 * domain_lock.h does it for a whole guest. A manager stands for one owner and
 * is used from one thread. It may be used in a forked child that is to become
 * the guest's process.
 *
 * All that return int give -1 with an error reported: the driver's own, or
 * VIR_ERR_INVALID_ARG for what cannot be meant, or VIR_ERR_OPERATION_UNSUPPORTED
 * for what the driver cannot do. What is passed in stays the caller's.
 */
#pragma once

#include "lock_driver.h"
#include "lock_manager_plugin.h"

/* Bytes of the name of a resource, and of any text among the parameters. */
#define VIR_LOCK_MANAGER_NAME_MAX 4096
#define VIR_LOCK_MANAGER_PARAMS_MAX 64
#define VIR_LOCK_MANAGER_STATE_MAX (64 * 1024)

/* How a resource is to be locked, whatever it is. */
typedef enum {
    VIR_LOCK_MANAGER_MODE_EXCLUSIVE,    /* beside no other lock */
    VIR_LOCK_MANAGER_MODE_SHARED,       /* beside other shared ones */
    VIR_LOCK_MANAGER_MODE_NONE,         /* not at all: it is somebody else's business */

    VIR_LOCK_MANAGER_MODE_LAST
} virLockManagerMode;

/* For virLockManagerAcquire(), beside the driver's own flags: fail with
 * VIR_ERR_OPERATION_UNSUPPORTED if the driver might wait for another's lock. */
#define VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK (1U << 17)

/* The mode for a disk that is used like this. One that several guests write to
 * is locked against those who would have it alone. */
virLockManagerMode virLockManagerModeForDisk(gboolean readonly,
                                             gboolean shareable);

/* "exclusive", "shared", "none" */
const char *virLockManagerModeToString(virLockManagerMode mode);

/**
 * virLockManagerNew:
 * @plugin: the lock driver; the manager keeps a reference
 * @type: a virLockManagerObjectType
 * @nparams: how many @params there are
 * @params: about the owner, those of virLockDriverNew
 * @flags: of virLockManagerNewFlags
 *
 * Returns a manager without resources, to be freed by virLockManagerFree(),
 * or NULL with an error reported.
 */
virLockManager *virLockManagerNew(virLockManagerPlugin *plugin,
                                  unsigned int type,
                                  size_t nparams,
                                  virLockManagerParam *params,
                                  unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/* Releases no lock. */
void virLockManagerFree(virLockManager *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManager, virLockManagerFree)

/* As virLockDriverAddResource: @flags tells the driver about the disk, and its
 * configuration decides how such a disk is locked. */
int virLockManagerAddResource(virLockManager *lock,
                              unsigned int type,
                              const char *name,
                              size_t nparams,
                              virLockManagerParam *params,
                              unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/* Likewise, but the caller decides. With VIR_LOCK_MANAGER_MODE_NONE the driver
 * is not told. */
int virLockManagerAddResourceMode(virLockManager *lock,
                                  unsigned int type,
                                  const char *name,
                                  size_t nparams,
                                  virLockManagerParam *params,
                                  virLockManagerMode mode) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockManagerAcquire:
 * @lock: a manager with all its resources
 * @state: what Release or Inquire gave last, or NULL
 * @flags: of virLockManagerAcquireFlags, and VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK;
 *         VIR_LOCK_MANAGER_ACQUIRE_FORCE only if the driver can
 * @action: what is to happen if the lock is lost later
 * @fd: NULL, or set to a descriptor that is to stay open in the guest's
 *      process, or to -1
 *
 * Locks all resources or none. Returns 0, or -1 with an error reported:
 * VIR_ERR_RESOURCE_BUSY if somebody else has one.
 */
int virLockManagerAcquire(virLockManager *lock,
                          const char *state,
                          unsigned int flags,
                          virDomainLockFailureAction action,
                          int *fd) G_GNUC_WARN_UNUSED_RESULT;

/* Likewise, but while somebody else has a resource it is tried again, for
 * @timeoutMs at the most. Needs a driver that never waits by itself. */
int virLockManagerAcquireWait(virLockManager *lock,
                              const char *state,
                              unsigned int flags,
                              virDomainLockFailureAction action,
                              int *fd,
                              unsigned int timeoutMs) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @flags of virLockManagerAcquire() can be had. Reports no error. */
gboolean virLockManagerCanAcquire(const virLockManager *lock,
                                  unsigned int flags);

/* @state: NULL if the resources are given up for good, else set to what the
 * next Acquire is to be given, to be freed by the caller, or to NULL. */
int virLockManagerRelease(virLockManager *lock,
                          char **state,
                          unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/* Likewise, while the locks stay; @state is not NULL. */
int virLockManagerInquire(virLockManager *lock,
                          char **state,
                          unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;
