/*
 * lock_daemon_restarter.h: guests that are to be started again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One for each lockspace. A guest that was stopped for the loss of its lease is
 * started again by libvirt, as soon as its process is gone and the lockspace
 * can be used, with growing pauses as long as that fails. It is no longer tried
 * when it runs, here or elsewhere, when libvirt does not know it any more, or
 * when its file is removed from STATE-DIR/restarts. Those files are why a
 * daemon that is started later goes on with it.
 */
#pragma once

#include "lock_daemon_owner.h"

typedef struct _virLockDaemonRestarter virLockDaemonRestarter;

/* Whether the lockspace can be used now. */
typedef gboolean (*virLockDaemonRestarterReadyFunc)(void *opaque);

/**
 * virLockDaemonRestarterNew:
 * @dir: descriptor of the state directory; must live longer
 * @bootid: of this boot: what an earlier one wanted is removed
 * @lockspace: name of the lockspace
 * @ready: asked before each try
 * @opaque: for @ready
 *
 * Returns it, or NULL with an error reported.
 */
virLockDaemonRestarter *virLockDaemonRestarterNew(int dir,
                                                  const char *bootid,
                                                  const char *lockspace,
                                                  virLockDaemonRestarterReadyFunc ready,
                                                  void *opaque) G_GNUC_WARN_UNUSED_RESULT;
void virLockDaemonRestarterFree(virLockDaemonRestarter *restarter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonRestarter, virLockDaemonRestarterFree);

/* @owner may be stopped at @until: asks libvirt for what it takes to start a
 * guest that libvirt forgets with its process. */
void virLockDaemonRestarterPrepare(virLockDaemonRestarter *restarter,
                                   const virLockDaemonOwner *owner,
                                   virLeaseTime until);

/* @owner is being stopped, and to be started again. */
void virLockDaemonRestarterWant(virLockDaemonRestarter *restarter,
                                const virLockDaemonOwner *owner);

/* @owner's process is gone: if it was not stopped, what was prepared is not needed. */
void virLockDaemonRestarterExited(virLockDaemonRestarter *restarter,
                                  const virLockDaemonOwner *owner);

/* The guest @uuid has its disks elsewhere: no more tries. */
void virLockDaemonRestarterElsewhere(virLockDaemonRestarter *restarter,
                                     const char *uuid);
