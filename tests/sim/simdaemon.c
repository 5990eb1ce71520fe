/*
 * simdaemon.c: what a daemon decides before its engine is asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simdaemon.h"
#include "simrequest.h"
#include "virerror.h"

static void
simDaemonAnswer(simHost *host, guint64 request, int code, const char *message)
{
    virLeaseAction action = {
        .type = VIR_LEASE_ACTION_ANSWER,
        .request = request,
        .code = code,
        .message = g_strdup(message),
    };

    simRequestAnswered(host, &action);
    g_free(action.message);
}

/* Of a guest that may not be known yet: its process has to be there. */
static gboolean
simDaemonObtains(simHost *host, const virLeaseEvent *event)
{
    const simProcess *process = simWorldFindPid(host->world, event->pid);

    if (process->state == SIM_PROCESS_DEAD)
        simDaemonAnswer(host, event->request, VIR_ERR_INVALID_ARG, "the guest has no process that could be watched");
    else if (process->fencedBy == host->generation)
        simDaemonAnswer(host, event->request, VIR_ERR_OPERATION_INVALID, "the guest is being stopped");
    else
        return TRUE;
    return FALSE;
}

/* Who is not known, or no more, holds nothing. */
static gboolean
simDaemonKnows(simHost *host, const virLeaseEvent *event)
{
    if (!simWorldFindPid(host->world, event->pid)->exitTold)
        return TRUE;
    simDaemonAnswer(host, event->request, VIR_ERR_OK, NULL);
    return FALSE;
}

static void
simDaemonNotesEnd(simHost *host, guint64 owner)
{
    const GPtrArray *processes = host->world->processes;
    guint i;

    /* Numbers may come again after a boot: the newest is meant. */
    for (i = processes->len; i > 0; i--) {
        simProcess *process = g_ptr_array_index(processes, i - 1);

        if (process->host == host && process->owner == owner) {
            process->exitTold = TRUE;
            return;
        }
    }
}

gboolean
simDaemonPasses(simHost *host, const virLeaseEvent *event)
{
    switch (event->type) {
    case VIR_LEASE_EVENT_REGISTER:
    case VIR_LEASE_EVENT_ACQUIRE:
        return simDaemonObtains(host, event);
    case VIR_LEASE_EVENT_SUSPEND:
    case VIR_LEASE_EVENT_DETACH:
    case VIR_LEASE_EVENT_INQUIRE:
        return simDaemonKnows(host, event);
    case VIR_LEASE_EVENT_EXITED:
        simDaemonNotesEnd(host, event->owner);
        return TRUE;
    case VIR_LEASE_EVENT_TIMER:
    case VIR_LEASE_EVENT_REPLY:
    case VIR_LEASE_EVENT_CANCEL:
    case VIR_LEASE_EVENT_ENTERED:
    case VIR_LEASE_EVENT_SHUTDOWN:
    case VIR_LEASE_EVENT_LAST:
    default:
        return TRUE;
    }
}

void
simDaemonStarts(simHost *host)
{
    const GPtrArray *processes = host->world->processes;
    guint i;

    for (i = 0; i < processes->len; i++) {
        simProcess *process = g_ptr_array_index(processes, i);

        process->exitTold |= process->host == host && process->state == SIM_PROCESS_DEAD;
    }
}

void
simDaemonFences(simProcess *process)
{
    process->fencedBy = process->host->generation;
}
