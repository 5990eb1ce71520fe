/*
 * lock_daemon_lockd.h: the calls of lock_protocol.x
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A lockspace's path that is absolute is a directory of lock files, "" stands
 * for files by their own paths, and one that is the URL of a lockspace in
 * virtleased.conf is served by the lease engine.
 */
#pragma once

#include "lock_daemon_lockspace.h"
#include "virnetserver.h"

typedef struct _virLockDaemonLockd virLockDaemonLockd;

/* @lockspaces is an array of virLockDaemonLockspace; it is kept, as is @state,
 * and must be freed after this. */
virLockDaemonLockd *virLockDaemonLockdNew(GPtrArray *lockspaces,
                                          virLockDaemonState *state);

/* Not before the servers were freed. */
void virLockDaemonLockdFree(virLockDaemonLockd *lockd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonLockd, virLockDaemonLockdFree);

/* For virNetServerAddProgram(); lives as long as @lockd. */
const virNetServerProgram *virLockDaemonLockdGetProgram(virLockDaemonLockd *lockd);

/* The answer of a lockspace to a request. Returns whether it was one of this
 * program's: their numbers are not those of any other. */
gboolean virLockDaemonLockdAnswer(virLockDaemonLockd *lockd,
                                  guint64 request,
                                  int code,
                                  const char *message);
