/*
 * simjudgecalm.c: what must work when nothing fails
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * In a calm world nothing is lost and nobody crashes, so that a refusal needs
 * a reason that can be seen.
 */
#include <config.h>

#include "simguest.h"
#include "simjudge.h"
#include "simjudgepriv.h"
#include "virerror.h"

/* A guest that ended is gone from the export after that. */
#define SIM_JUDGE_CALM_END (2 * VIR_LEASE_SECOND)
/* Nobody waits for a slow one for longer. */
#define SIM_JUDGE_LINGERS (150 * VIR_LEASE_MILLISECOND)

static gboolean
simJudgeConflicts(const virLeaseResource *resource, const simProcess *process)
{
    const simDisk *disk = simProcessFindDisk(process, resource->name);

    return disk && !(disk->resource->mode == VIR_LEASE_MODE_SHARED && resource->mode == VIR_LEASE_MODE_SHARED);
}

static gboolean
simJudgeIsInTheWay(const simRequest *request, const simProcess *process)
{
    guint i;

    for (i = 0; i < request->resources->len; i++) {
        if (simJudgeConflicts(g_ptr_array_index(request->resources, i), process))
            return TRUE;
    }
    return FALSE;
}

/* Whether somebody unplugged some of it at about that time. */
static gboolean
simJudgeWasGivenUp(const simJudge *judge, const simRequest *request)
{
    guint i;

    for (i = 0; i < request->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(request->resources, i);
        const virLeaseTime *when = g_hash_table_lookup(judge->givenUp, resource->name);

        if (when && *when + SIM_JUDGE_CALM_END > request->sent)
            return TRUE;
    }
    return FALSE;
}

/* Nobody else has had anything to do with what is asked for, since long
 * enough before it was asked for. */
static gboolean
simJudgeNobodyElse(const simJudge *judge, const simRequest *request)
{
    const GPtrArray *processes = judge->world->processes;
    guint i;

    for (i = 0; i < processes->len; i++) {
        const simProcess *process = g_ptr_array_index(processes, i);

        if (process != request->process && simJudgeIsInTheWay(request, process) &&
            (process->state != SIM_PROCESS_DEAD || process->diedAt + SIM_JUDGE_CALM_END > request->sent))
            return FALSE;
    }
    return TRUE;
}

/* Whether @process may have had entries of an attempt while @request was under
 * way. They are in the way of who asks afresh, not of who presents a token. */
static gboolean
simJudgeContends(const simRequest *request, const simProcess *process)
{
    return !request->token && (process->busy || process->dying || process->state == SIM_PROCESS_DEAD);
}

/* Rule 11: who comes with a token waits for those who ask afresh to see it, but not
 * for ever. One that has to read a directory again that changed is slower. */
static gboolean
simJudgeLingers(const simJudge *judge, const simRequest *request, const simProcess *process)
{
    guint i;

    for (i = 0; process->busy && i < request->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(request->resources, i);
        g_autofree char *entry = simJudgeFindEntry(judge, process->pid, resource->name);
        const virLeaseTime *made = entry ? g_hash_table_lookup(judge->made, entry) : NULL;

        if (made && *made + SIM_JUDGE_LINGERS < simWorldNow(judge->world))
            return TRUE;
    }
    return FALSE;
}

/* Whether somebody else holds some of it: by a grant or a reservation, or by
 * a token that is presented now; or is about to. */
static gboolean
simJudgeSomebodyHolds(const simJudge *judge, const simRequest *request, const simProcess *presented)
{
    const GPtrArray *processes = judge->world->processes;
    guint i;
    guint j;

    for (i = 0; i < processes->len; i++) {
        const simProcess *process = g_ptr_array_index(processes, i);

        if (process == request->process || process == presented ||
            (process->state == SIM_PROCESS_DEAD && process->diedAt + SIM_JUDGE_CALM_END < request->sent) ||
            !simJudgeIsInTheWay(request, process))
            continue;
        if (simJudgeContends(request, process) || simJudgeLingers(judge, request, process))
            return TRUE;
        /* Rule 9: who is acquiring on the same host comes first. */
        if (process->host == request->host && (process->busy || process->dying || process->state == SIM_PROCESS_DEAD))
            return TRUE;
        for (j = 0; j < process->disks->len; j++) {
            if (process->token || ((simDisk *) g_ptr_array_index(process->disks, j))->heldBy)
                return TRUE;
        }
    }
    return FALSE;
}

typedef struct {
    const simRequest *request;
    const char *found;
} simJudgeOwn;

static void
simJudgeFindOwn(simJudge *judge, char **words G_GNUC_UNUSED, const char *name, gint64 pid, gpointer opaque)
{
    simJudgeOwn *own = opaque;
    const virLeaseTime *made = g_hash_table_lookup(judge->made, name);

    if (pid == own->request->process->pid && made && *made >= own->request->sent)
        own->found = name;
}

/* Who is told that something is busy has nothing of it any more (rule 3). */
static void
simJudgeCheckWithdrawn(simJudge *judge, const simRequest *request)
{
    simJudgeOwn own = { .request = request };

    simJudgeEachEntry(judge, simJudgeFindOwn, &own);
    if (own.found)
        simJudgeViolation(judge, "L1", "%s refused '%s' (pid %" G_GINT64_FORMAT "), and '%s' is there still",
                          request->process->host->name, request->process->guest->name, request->process->pid, own.found);
}

static void
simJudgeCheckUndone(gpointer data)
{
    simRequest *request = data;
    simJudge *judge = request->host->world->judge;

    if (request->process->state == SIM_PROCESS_DEAD)
        return;
    simJudgeCheckWithdrawn(judge, request);
}

/* Whether another guest of the same host is about the same resource: it removes
 * what a guest that ended has left, and comes first in memory. */
static gboolean
simJudgeMayBeOthers(const simJudge *judge, const simRequest *request, const simDisk *disk)
{
    const GPtrArray *alive = judge->world->alive;
    guint i;

    for (i = 0; i < alive->len; i++) {
        const simProcess *process = g_ptr_array_index(alive, i);

        if (process != request->process && process->host == request->host && process->busy &&
            simJudgeConflicts(disk->resource, process))
            return TRUE;
    }
    return FALSE;
}

/* What failed before it took the old run's place leaves its locks (rule 16). */
static void
simJudgeCheckUntouched(simJudge *judge, const simRequest *request, const simProcess *presented)
{
    guint i;

    for (i = 0; i < presented->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(presented->disks, i);

        const simJudgeRemoval *removal = disk->heldBy ? g_hash_table_lookup(judge->removed, disk->heldBy) : NULL;

        if (disk->opened && removal && removal->host == request->host && removal->sent >= request->sent &&
            !simJudgeMayBeOthers(judge, request, disk))
            simJudgeViolation(judge, "S3", "%s refused '%s' (pid %" G_GINT64_FORMAT "), and removed '%s'",
                              request->process->host->name, request->process->guest->name, request->process->pid,
                              disk->heldBy);
    }
}

void
simJudgeRefusedCalmly(simJudge *judge, const simRequest *request)
{
    const simProcess *process = request->process;
    /* Who comes from another host is not kept out by itself (rule 21). */
    gboolean arrives = process->migration && process->migration->destination == process;
    simProcess *source = arrives ? process->migration->source : NULL;
    simProcess *presented = request->token ? g_hash_table_lookup(judge->tokens, request->token) : source;

    if (request->code == VIR_ERR_OPERATION_FAILED)
        simQueueAdd(judge->world->queue, simWorldNow(judge->world) + SIM_JUDGE_CALM_END, simJudgeCheckUndone,
                    (gpointer) request, NULL);
    if (request->code != VIR_ERR_RESOURCE_BUSY || process->state == SIM_PROCESS_DEAD || process->dying)
        return;
    simJudgeCheckWithdrawn(judge, request);
    if (presented)
        simJudgeCheckUntouched(judge, request, presented);
    /* A guest that ended before its stop was told has handed nothing over, and
     * a disk that was unplugged is locked for a moment more. */
    if ((presented && presented->state == SIM_PROCESS_DEAD) || simJudgeWasGivenUp(judge, request))
        return;
    if (presented ? !simJudgeSomebodyHolds(judge, request, presented) : simJudgeNobodyElse(judge, request))
        simJudgeViolation(judge, "L1", "%s refused '%s' (pid %" G_GINT64_FORMAT ") for somebody who has nothing: %s",
                          process->host->name, process->guest->name, process->pid, request->message);
}

/* ---- ends ---- */
typedef struct {
    simJudge *judge;
    simProcess *process;
} simJudgeEnd;

static void
simJudgeFindEnded(simJudge *judge, char **words, const char *name, gint64 pid, gpointer opaque)
{
    const simProcess *process = opaque;

    if (pid != process->pid || simJudgeMarkerExists(judge, words[3], "exited", words[4]))
        return;
    simJudgeViolation(judge, "L1", "'%s' (pid %" G_GINT64_FORMAT " on %s) has ended, and '%s' is there still",
                      process->guest->name, pid, process->host->name, name);
}

static void
simJudgeCheckEnded(gpointer data)
{
    simJudgeEnd *end = data;

    simJudgeEachEntry(end->judge, simJudgeFindEnded, end->process);
}

void
simJudgeDiedCalmly(simJudge *judge, simProcess *process)
{
    simJudgeEnd *end = g_new0(simJudgeEnd, 1);

    end->judge = judge;
    end->process = process;
    simQueueAdd(judge->world->queue, simWorldNow(judge->world) + SIM_JUDGE_CALM_END, simJudgeCheckEnded, end, g_free);
}
