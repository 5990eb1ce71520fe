/*
 * lock_daemon_calls.h: a program of the daemon, and its calls that wait for answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A call has a number, by which whoever carries it out answers; by then its
 * client may be gone, and the number is not known any more. To be used from the
 * main loop.
 */
#pragma once

#include "lock_daemon_lockspace.h"
#include "virnetserver.h"

typedef struct _virLockDaemonCalls virLockDaemonCalls;

typedef struct _virLockDaemonCall virLockDaemonCall;
struct _virLockDaemonCall {
    guint64 number;
    virNetServerRequest *request;
    virLockDaemonCalls *calls;
    virLockDaemonLockspace *lockspace;  /* told when nobody waits any more; NULL: nobody is */
    gboolean token;                     /* the program's: the answer carries one */
};

/* Numbers are above @after. @program is copied, with what it points to left
 * where it is. */
virLockDaemonCalls *virLockDaemonCallsNew(const virNetServerProgram *program,
                                          guint64 after);
/* Not before the servers were freed. */
void virLockDaemonCallsFree(virLockDaemonCalls *calls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonCalls, virLockDaemonCallsFree);

/* For virNetServerAddProgram(); lives as long as @calls. */
const virNetServerProgram *virLockDaemonCallsGetProgram(const virLockDaemonCalls *calls);

/* @request waits from now on. Returns its call, good until it was answered or
 * its client has gone. */
virLockDaemonCall *virLockDaemonCallsAdd(virLockDaemonCalls *calls,
                                         virNetServerRequest *request,
                                         virLockDaemonLockspace *lockspace);

/* NULL if it has been answered, or its client has gone. */
virLockDaemonCall *virLockDaemonCallsFind(const virLockDaemonCalls *calls,
                                          guint64 number);

/* Answers with @ret, or with an error if @code is not VIR_ERR_OK; frees @call.
 * @message may be NULL. */
void virLockDaemonCallFinish(virLockDaemonCall *call,
                             int code,
                             const char *message,
                             void *ret);

/* Answers the call @number, if it waits still, with the error that was
 * reported last: it could not even be tried. */
void virLockDaemonCallsRefuse(virLockDaemonCalls *calls,
                              guint64 number);

/* Answers @request with the error that was reported last, and forgets that. */
void virLockDaemonRequestFail(virNetServerRequest *request);
