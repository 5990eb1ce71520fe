/*
 * lock_daemon_guardlink.h: the worker's connection with its guard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells the guard by the page that they share which owners run and until when
 * their leases last; and looks after the guard itself: one that is dead or
 * hangs is replaced by another, which takes up the page and this worker. All
 * from the default main loop.
 */
#pragma once

#include <sys/stat.h>

#include "lock_daemon_owner.h"
#include "lock_guard_message.h"
#include "lock_guard_spawn.h"

typedef struct _virLockDaemonGuardLink virLockDaemonGuardLink;

/* The guard wants something: END, HURRY, RELOAD or LOG. From the main loop. */
typedef void (*virLockDaemonGuardLinkFunc)(virLockGuardMessageType what,
                                           void *opaque);

/**
 * virLockDaemonGuardLinkNew:
 * @options: of the command line, for a guard that has to be started; must live longer
 * @inherited: what the guard gave this process; taken over on success
 * @func: called for what it wants
 * @opaque: for @func
 *
 * Returns the link, or NULL with an error reported.
 */
virLockDaemonGuardLink *virLockDaemonGuardLinkNew(const virLockDaemonOptions *options,
                                                  const virLockGuardInherited *inherited,
                                                  virLockDaemonGuardLinkFunc func,
                                                  void *opaque) G_GNUC_WARN_UNUSED_RESULT;
void virLockDaemonGuardLinkFree(virLockDaemonGuardLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonGuardLink, virLockDaemonGuardLinkFree);

/* The socket that an earlier worker listened on, or that was passed by
 * systemd; -1 if there is none. It stays the link's. */
int virLockDaemonGuardLinkGetSocket(const virLockDaemonGuardLink *link);

/* Takes @socket over, to be kept for later workers. @file is which one it is, to
 * be removed when all ends; NULL: it is not to be removed. */
void virLockDaemonGuardLinkSetSocket(virLockDaemonGuardLink *link,
                                     int socket,
                                     const struct stat *file);

/* This worker serves. Owners that ran under an earlier one and have not been
 * entered by now are taken for not running. */
void virLockDaemonGuardLinkReady(virLockDaemonGuardLink *link);

/* It is about to end: a guard that dies is not replaced from now on. */
void virLockDaemonGuardLinkEnd(virLockDaemonGuardLink *link);

/* The guard logs from the level on that this process does. */
void virLockDaemonGuardLinkSetLogLevel(virLockDaemonGuardLink *link);

/**
 * virLockDaemonGuardLinkAddLockspace:
 * @link: the link
 * @name: of the lockspace
 *
 * What the guard knows of it from an earlier worker stays.
 *
 * Returns its index, or -1 with an error reported if there are too many.
 */
int virLockDaemonGuardLinkAddLockspace(virLockDaemonGuardLink *link,
                                       const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* The lease of the lockspace @index, called @name, lasts until @end. */
void virLockDaemonGuardLinkSetEnd(virLockDaemonGuardLink *link,
                                  int index,
                                  const char *name,
                                  virLeaseTime end,
                                  virLeaseSpan margin);

/**
 * virLockDaemonGuardLinkEnter:
 * @link: the link
 * @index: of the owner's lockspace
 * @owner: who runs from now on
 *
 * Waits until the guard has said that it watches over @owner, for half a
 * second at most. May be done again with a changed @owner->ignore.
 *
 * Returns 0, or -1 with an error reported. The guard may know the owner even
 * so, until it leaves.
 */
int virLockDaemonGuardLinkEnter(virLockDaemonGuardLink *link,
                                int index,
                                const virLockDaemonOwner *owner) G_GNUC_WARN_UNUSED_RESULT;

/* @owner does not run. Doing it twice is fine. */
void virLockDaemonGuardLinkLeave(virLockDaemonGuardLink *link,
                                 const virLockDaemonOwner *owner);
