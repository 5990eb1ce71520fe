/*
 * domain_lock.h: the locks of a whole guest, step by step through its life
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each function is one step: it makes a lock manager, tells it what the guest
 * has, and has it do one thing. src/locking/README has the order of the steps.
 *
 * A guest's resources are its <lease> elements and those of its disks, and of
 * the images that block jobs copy to, that are files, block devices or
 * directories of this host. Network disks, volumes and devices that are passed
 * through have no path of this host, so they need a <lease>.
 *
 * All return 0, or -1 with an error reported: VIR_ERR_RESOURCE_BUSY if another
 * guest is in the way. A step that failed changed nothing, unless it says
 * otherwise. They may wait for a lock manager's daemon.
 */
#pragma once

#include <sys/types.h>

#include "domain_conf.h"
#include "lock_manager.h"

/* A guest on this host; belongs to the caller. */
typedef struct _virDomainLockGuest virDomainLockGuest;
struct _virDomainLockGuest {
    const virDomainDef *def;
    pid_t pid;              /* its process; in virDomainLockProcessStart() the caller's own */
    const char *uri;        /* of the libvirt driver that runs it, "qemu:///system"; NULL: none */
};

/* For the two that complete a migration. */
typedef enum {
    VIR_DOMAIN_LOCK_MIGRATE_CANCEL = (1 << 0),      /* it failed */
} virDomainLockMigrateFlags;

/**
 * virDomainLockProcessStart:
 * @plugin: the lock driver
 * @guest: the guest that this process is about to become
 * @paused: its CPUs do not run at first: virDomainLockProcessResume() follows
 * @fd: NULL, or set to a descriptor that must survive the exec, or to -1
 *
 * In the child, before it opens an image. If it fails, the guest must not be
 * run.
 */
int virDomainLockProcessStart(virLockManagerPlugin *plugin,
                              const virDomainLockGuest *guest,
                              gboolean paused,
                              int *fd) G_GNUC_WARN_UNUSED_RESULT;

/* The guest's CPUs were stopped. Sets @state to what Resume needs, to be freed by
 * the caller, or to NULL; also if it fails. May be repeated, and the last state
 * counts. */
int virDomainLockProcessPause(virLockManagerPlugin *plugin,
                              const virDomainLockGuest *guest,
                              char **state) G_GNUC_WARN_UNUSED_RESULT;

/* The guest's CPUs are about to run, and may only if this succeeds. @state: of
 * the last Pause, or NULL for a guest that was started and never ran. */
int virDomainLockProcessResume(virLockManagerPlugin *plugin,
                               const virDomainLockGuest *guest,
                               const char *state) G_GNUC_WARN_UNUSED_RESULT;

/* While the guest runs. Sets @state as Pause does. After a restart of the
 * management program it says whether the lock manager still knows the guest. */
int virDomainLockProcessInquire(virLockManagerPlugin *plugin,
                                const virDomainLockGuest *guest,
                                char **state) G_GNUC_WARN_UNUSED_RESULT;

/* Before the guest opens @src. It may have no path of this host: then there is
 * nothing to lock. */
int virDomainLockImageAttach(virLockManagerPlugin *plugin,
                             const virDomainLockGuest *guest,
                             const virStorageSource *src) G_GNUC_WARN_UNUSED_RESULT;

/* After the guest has closed @src, or could not open it. If it fails, the image
 * may stay locked until the guest ends. */
int virDomainLockImageDetach(virLockManagerPlugin *plugin,
                             const virDomainLockGuest *guest,
                             const virStorageSource *src) G_GNUC_WARN_UNUSED_RESULT;

int virDomainLockLeaseAttach(virLockManagerPlugin *plugin,
                             const virDomainLockGuest *guest,
                             const virDomainLeaseDef *lease) G_GNUC_WARN_UNUSED_RESULT;

int virDomainLockLeaseDetach(virLockManagerPlugin *plugin,
                             const virDomainLockGuest *guest,
                             const virDomainLeaseDef *lease) G_GNUC_WARN_UNUSED_RESULT;

/* Source, before a migration begins; the guest runs on. Sets @cookie to what
 * the other host may be told in advance, or to NULL. If it fails, the guest
 * must not be migrated. */
int virDomainLockMigratePrepareOut(virLockManagerPlugin *plugin,
                                   const virDomainLockGuest *guest,
                                   char **cookie) G_GNUC_WARN_UNUSED_RESULT;

/* Destination, as virDomainLockProcessStart(): in the child that is to become
 * the guest. The source has the locks still. */
int virDomainLockMigratePrepareIn(virLockManagerPlugin *plugin,
                                  const virDomainLockGuest *guest,
                                  int *fd) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virDomainLockMigrateCompleteIn:
 * @plugin: the lock driver
 * @guest: the guest on the destination
 * @state: what virDomainLockProcessPause() gave on the source
 * @flags: of virDomainLockMigrateFlags
 *
 * Destination: takes the locks over, and the guest's CPUs may run. With CANCEL
 * it only makes sure that the guest's process has ended, which gives up what
 * was prepared: VIR_ERR_OPERATION_INVALID if it has not.
 */
int virDomainLockMigrateCompleteIn(virLockManagerPlugin *plugin,
                                   const virDomainLockGuest *guest,
                                   const char *state,
                                   unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/* Source: gives up what the guest may still have here; it must not run any more,
 * and is to be ended. With CANCEL it gets its locks back with @state, and its
 * CPUs may run; if that fails they must not, as another one may have them. */
int virDomainLockMigrateCompleteOut(virLockManagerPlugin *plugin,
                                    const virDomainLockGuest *guest,
                                    const char *state,
                                    unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;
