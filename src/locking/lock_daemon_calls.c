/*
 * lock_daemon_calls.c: a program of the daemon, and its calls that wait for answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_calls.h"
#include "virerror.h"

struct _virLockDaemonCalls {
    GHashTable *waiting;    /* number -> virLockDaemonCall */
    guint64 last;           /* the number given out last */
    virNetServerProgram program;
};

static void
virLockDaemonCallFree(void *opaque)
{
    virLockDaemonCall *call = opaque;

    virNetServerRequestUnref(call->request);
    g_free(call);
}

virLockDaemonCalls *
virLockDaemonCallsNew(const virNetServerProgram *program, guint64 after)
{
    virLockDaemonCalls *calls = g_new0(virLockDaemonCalls, 1);

    calls->waiting = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, virLockDaemonCallFree);
    calls->last = after;
    calls->program = *program;
    return calls;
}

void
virLockDaemonCallsFree(virLockDaemonCalls *calls)
{
    if (!calls)
        return;
    g_hash_table_unref(calls->waiting);
    g_free(calls);
}

const virNetServerProgram *
virLockDaemonCallsGetProgram(const virLockDaemonCalls *calls)
{
    return &calls->program;
}

static void
virLockDaemonCallGone(virNetServerRequest *request G_GNUC_UNUSED, void *opaque)
{
    virLockDaemonCall *call = opaque;
    virLockDaemonLockspace *lockspace = call->lockspace;
    guint64 number = call->number;

    g_hash_table_remove(call->calls->waiting, &call->number);
    virLockDaemonLockspaceCancel(lockspace, number);
}

virLockDaemonCall *
virLockDaemonCallsAdd(virLockDaemonCalls *calls, virNetServerRequest *request, virLockDaemonLockspace *lockspace)
{
    virLockDaemonCall *call = g_new0(virLockDaemonCall, 1);

    call->number = ++calls->last;
    call->request = virNetServerRequestRef(request);
    call->calls = calls;
    call->lockspace = lockspace;
    g_hash_table_insert(calls->waiting, &call->number, call);
    if (lockspace)
        virNetServerRequestSetGone(request, virLockDaemonCallGone, call);
    return call;
}

virLockDaemonCall *
virLockDaemonCallsFind(const virLockDaemonCalls *calls, guint64 number)
{
    return g_hash_table_lookup(calls->waiting, &number);
}

void
virLockDaemonCallFinish(virLockDaemonCall *call, int code, const char *message, void *ret)
{
    if (code == VIR_ERR_OK)
        virNetServerRequestReply(call->request, ret);
    else
        virNetServerRequestFail(call->request, code, message ? message : _("the request failed"));
    g_hash_table_remove(call->calls->waiting, &call->number);
}

void
virLockDaemonCallsRefuse(virLockDaemonCalls *calls, guint64 number)
{
    virLockDaemonCall *call = virLockDaemonCallsFind(calls, number);

    if (!call)
        return;
    virLockDaemonRequestFail(call->request);
    g_hash_table_remove(calls->waiting, &number);
}

void
virLockDaemonRequestFail(virNetServerRequest *request)
{
    virNetServerRequestFail(request, virGetLastErrorCode(), virGetLastErrorMessage());
    virResetLastError();
}
