/*
 * lock_daemon_pauser.h: has libvirt pause a guest that may soon lose its lease
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_daemon_owner.h"

/**
 * virLockDaemonPauserNew:
 * @owner: whose guest; must live longer
 * @until: when it is too late
 *
 * Asks libvirt by the helper, again and again until it says that it did so, or
 * until it is too late. That the guest is stopped is told by libvirt, which
 * releases its locks, not by the pauser.
 */
virLockDaemonPauser *virLockDaemonPauserNew(const virLockDaemonOwner *owner,
                                            virLeaseTime until) G_GNUC_WARN_UNUSED_RESULT;
void virLockDaemonPauserFree(virLockDaemonPauser *pauser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonPauser, virLockDaemonPauserFree);
