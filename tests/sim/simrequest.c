/*
 * simrequest.c: calls of libvirt on their way to a daemon and back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simhost.h"
#include "simjudge.h"
#include "simrequest.h"
#include "virerror.h"

#define SIM_REQUEST_LATE_MAX (200 * VIR_LEASE_MILLISECOND) /* an answer may be late by this */

void
simRequestFree(simRequest *request)
{
    g_ptr_array_unref(request->resources);
    g_free(request->token);
    g_free(request->message);
    g_free(request->result);
    g_free(request);
}

static void
simRequestFinish(simRequest *request, int code, const char *message)
{
    if (request->finished)
        return;
    request->finished = simWorldNow(request->host->world);
    request->code = code;
    if (!request->message)
        request->message = g_strdup(message);
    simWorldTrace(request->host->world, request->host, "call %" G_GUINT64_FORMAT " of '%s' %s%s",
                  request->id, request->process->guest->name,
                  code == VIR_ERR_OK ? "succeeded" : "failed: ",
                  code == VIR_ERR_OK ? "" : request->message);
    if (code != VIR_ERR_OK)
        simJudgeFailed(request->host->world->judge, request);
    request->done(request);
}

static void
simRequestUnreachable(gpointer data)
{
    simRequestFinish(data, VIR_ERR_RPC, "the daemon is not there");
}

void
simRequestGiveUp(simRequest *request)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_CANCEL, .request = request->id };

    if (request->finished)
        return;
    request->givenUp = TRUE;
    if (request->generation == request->host->generation)
        simHostSend(request->host, &event);
    simRequestFinish(request, VIR_ERR_OPERATION_TIMEOUT, "the daemon did not answer in time");
}

static void
simRequestTimesOut(gpointer data)
{
    simRequestGiveUp(data);
}

/* An answer is due; a daemon that hung has as much longer as it takes to wake. */
static void
simRequestDue(gpointer data)
{
    simRequest *request = data;
    simHost *host = request->host;
    virLeaseTime now = simWorldNow(host->world);

    if (request->answers || request->givenUp || request->generation != host->generation ||
        !host->engine)
        return;
    if (now < host->hungUntil + SIM_REQUEST_LATE_MAX && host->hungUntil) {
        simQueueAdd(host->world->queue, host->hungUntil + SIM_REQUEST_LATE_MAX, simRequestDue, request, NULL);
        return;
    }
    simJudgeOverdue(host->world->judge, request);
}

static const char *
simRequestName(virLeaseEventType type)
{
    switch (type) {
    case VIR_LEASE_EVENT_REGISTER:
        return "REGISTER";
    case VIR_LEASE_EVENT_ACQUIRE:
        return "ACQUIRE";
    case VIR_LEASE_EVENT_SUSPEND:
        return "SUSPEND";
    case VIR_LEASE_EVENT_DETACH:
        return "DETACH";
    case VIR_LEASE_EVENT_INQUIRE:
        return "INQUIRE";
    case VIR_LEASE_EVENT_TIMER:
    case VIR_LEASE_EVENT_REPLY:
    case VIR_LEASE_EVENT_CANCEL:
    case VIR_LEASE_EVENT_ENTERED:
    case VIR_LEASE_EVENT_EXITED:
    case VIR_LEASE_EVENT_SHUTDOWN:
    case VIR_LEASE_EVENT_LAST:
    default:
        return "?";
    }
}

static void
simRequestTrace(const simRequest *request)
{
    g_autoptr(GString) names = g_string_new(NULL);
    guint i;

    for (i = 0; request->host->world->config.trace && i < request->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(request->resources, i);

        g_string_append_printf(names, " %s:%c", resource->name,
                               resource->mode == VIR_LEASE_MODE_SHARED ? 'r' : 'x');
    }
    simWorldTrace(request->host->world, request->host,
                  "call %" G_GUINT64_FORMAT ": %s by '%s' (owner %" G_GUINT64_FORMAT ", pid %" G_GINT64_FORMAT ")%s%s",
                  request->id, simRequestName(request->type), request->process->guest->name,
                  request->process->owner, request->process->pid, names->str,
                  request->token ? " with a token" : "");
}

static void
simRequestSend(simRequest *request)
{
    const simProcess *process = request->process;
    virLeaseEvent event = {
        .type = request->type,
        .owner = process->owner,
        .request = request->id,
        .deadline = request->deadline,
        .guest = process->guest->name,
        .uuid = process->guest->uuid,
        .pid = process->pid,
        .failure = process->guest->failure,
        .resources = request->resources,
        .reserve = request->reserve,
        .token = request->token,
        .boots = !process->incoming,
        .handoverWait = request->handoverWait,
    };

    simHostSend(request->host, &event);
}

void
simRequestMake(simHost *host, simRequest *request, virLeaseSpan timeout)
{
    simQueue *queue = host->world->queue;
    virLeaseTime due;

    request->host = host;
    request->id = ++host->nextRequest;
    request->generation = host->generation;
    request->deadline = simHostTime(host) + timeout;
    request->sent = simWorldNow(host->world);
    g_ptr_array_add(host->world->requests, request);
    simRequestTrace(request);
    simJudgeAsks(host->world->judge, request);
    if (!host->engine) {
        simQueueAdd(queue, simWorldNow(host->world) + VIR_LEASE_MILLISECOND, simRequestUnreachable, request, NULL);
        return;
    }
    simRequestSend(request);
    due = simHostWorldTime(host, request->deadline);
    simQueueAdd(queue, due + SIM_REQUEST_LATE_MAX, simRequestDue, request, NULL);
    simQueueAdd(queue, due + VIR_LEASE_SECOND, simRequestTimesOut, request, NULL);
}

static simRequest *
simRequestFind(const simHost *host, guint64 id)
{
    const GPtrArray *requests = host->world->requests;
    guint i;

    for (i = requests->len; i > 0; i--) {
        simRequest *request = g_ptr_array_index(requests, i - 1);

        if (request->host == host && request->id == id)
            return request;
    }
    return NULL;
}

static void
simRequestAnswerArrives(gpointer data)
{
    simRequest *request = data;

    simRequestFinish(request, request->code, request->message);
}

void
simRequestAnswered(simHost *host, virLeaseAction *action)
{
    simRequest *request = simRequestFind(host, action->request);

    if (!request || request->generation != host->generation) {
        simJudgeViolation(host->world->judge, "answers", "%s answered a request that nobody made", host->name);
        return;
    }
    if (request->answers++) {
        simJudgeViolation(host->world->judge, "answers", "%s answered %s of '%s' twice", host->name,
                          simRequestName(request->type), request->process->guest->name);
        return;
    }
    if (request->finished)
        return;
    request->code = action->code;
    request->process->elsewhere = action->elsewhere;
    request->message = g_steal_pointer(&action->message);
    request->result = g_steal_pointer(&action->token);
    simJudgeAnswered(host->world->judge, request);
    simQueueAdd(host->world->queue, simWorldNow(host->world) + simDiceSpan(&host->world->dice, 10000, VIR_LEASE_MILLISECOND),
                simRequestAnswerArrives, request, NULL);
}

/* Those who wait for an answer see the connection break. */
void
simRequestsBreak(simHost *host)
{
    guint i;

    for (i = 0; i < host->world->requests->len; i++) {
        simRequest *request = g_ptr_array_index(host->world->requests, i);

        if (request->host == host && !request->finished && !request->answers && !request->givenUp)
            simQueueAdd(host->world->queue, simWorldNow(host->world) + VIR_LEASE_MILLISECOND,
                        simRequestUnreachable, request, NULL);
    }
}
