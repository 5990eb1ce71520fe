/*
 * lock_daemon_dispatch.h: the calls of lease_protocol.x
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_daemon_lockspace.h"
#include "virnetserver.h"

typedef struct _virLockDaemonDispatch virLockDaemonDispatch;

/* @lockspaces is an array of virLockDaemonLockspace, which may still be empty.
 * It is kept and must be freed after the dispatch. */
virLockDaemonDispatch *virLockDaemonDispatchNew(GPtrArray *lockspaces);

/* Not before the server was freed. */
void virLockDaemonDispatchFree(virLockDaemonDispatch *dispatch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonDispatch, virLockDaemonDispatchFree);

/* For virNetServerAddProgram(); lives as long as @dispatch. */
const virNetServerProgram *virLockDaemonDispatchGetProgram(virLockDaemonDispatch *dispatch);

/* To be given to every lockspace, with the dispatch as @opaque. */
void virLockDaemonDispatchAnswer(virLockDaemonDispatch *dispatch,
                                 guint64 request,
                                 int code,
                                 const char *message,
                                 const char *token);
