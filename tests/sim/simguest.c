/*
 * simguest.c: guests, driven as libvirt drives them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdarg.h>

#include "simguest.h"
#include "simguestpriv.h"
#include "simhost.h"
#include "simjudge.h"
#include "simrequest.h"
#include "virerror.h"
#include "virleasetoken.h"

static const char *const simProcessStates[] = { "starting", "ready", "running", "paused", "dead" };

const char *
simProcessStateToString(simProcessState state)
{
    return simProcessStates[state];
}

/* ---- definitions ---- */
simGuest *
simGuestNew(simWorld *world, const char *name, ...)
{
    simGuest *guest = g_new0(simGuest, 1);
    const char *resource;
    va_list args;

    guest->name = g_strdup(name);
    guest->uuid = g_strdup_printf("9e570000-0000-4000-8000-%012x", world->guests->len + 1);
    guest->resources = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseResourceFree);
    va_start(args, name);
    while ((resource = va_arg(args, const char *))) {
        g_autofree char *path = g_strdup_printf("/images/%s.qcow2", resource);
        gboolean shared = *va_arg(args, const char *) == 'r';

        g_ptr_array_add(guest->resources,
                        virLeaseResourceNew(resource, path, shared ? VIR_LEASE_MODE_SHARED : VIR_LEASE_MODE_EXCLUSIVE));
    }
    va_end(args);
    g_ptr_array_add(world->guests, guest);
    return guest;
}

void
simGuestFree(simGuest *guest)
{
    g_ptr_array_unref(guest->resources);
    g_free(guest->name);
    g_free(guest->uuid);
    g_free(guest);
}

static void
simDiskFree(simDisk *disk)
{
    virLeaseResourceFree(disk->resource);
    g_free(disk->heldBy);
    g_free(disk);
}

simDisk *
simProcessAddDisk(simProcess *process, const char *name, const char *path, virLeaseMode mode)
{
    simDisk *disk = g_new0(simDisk, 1);

    disk->resource = virLeaseResourceNew(name, path, mode);
    g_ptr_array_add(process->disks, disk);
    return disk;
}

simDisk *
simProcessFindDisk(const simProcess *process, const char *name)
{
    guint i;

    for (i = 0; i < process->disks->len; i++) {
        simDisk *disk = g_ptr_array_index(process->disks, i);

        if (g_str_equal(disk->resource->name, name))
            return disk;
    }
    return NULL;
}

simProcess *
simProcessNew(simHost *host, simGuest *guest)
{
    simProcess *process = g_new0(simProcess, 1);

    process->guest = guest;
    process->host = host;
    process->owner = host->nextOwner++;
    process->pid = host->world->nextPid++;
    process->disks = g_ptr_array_new_with_free_func((GDestroyNotify) simDiskFree);
    process->kept = g_ptr_array_new_with_free_func(g_free);
    process->busy = TRUE;
    g_ptr_array_add(host->world->processes, process);
    g_ptr_array_add(host->world->alive, process);
    return process;
}

void
simProcessFree(simProcess *process)
{
    g_ptr_array_unref(process->disks);
    g_ptr_array_unref(process->kept);
    g_free(process->token);
    g_free(process->lastMessage);
    g_free(process);
}

/* ---- what happens to a process ---- */
void
simProcessSetState(simProcess *process, simProcessState state, const char *why)
{
    simWorldTrace(process->host->world, process->host, "guest '%s' (pid %" G_GINT64_FORMAT "): %s -> %s%s%s",
                  process->guest->name, process->pid, simProcessStateToString(process->state),
                  simProcessStateToString(state), why ? ": " : "", why ? why : "");
    process->state = state;
}

static void
simProcessSetCurrent(simProcess *process, virLeaseTime current)
{
    guint i;

    for (i = 0; i < process->disks->len; i++)
        ((simDisk *) g_ptr_array_index(process->disks, i))->current = current;
}

void
simProcessStopCPUs(simProcess *process, const char *why)
{
    simJudgeStops(process->host->world->judge, process);
    simProcessSetCurrent(process, simWorldNow(process->host->world));
    simProcessSetState(process, SIM_PROCESS_PAUSED, why);
}

void
simProcessDie(simProcess *process, const char *why)
{
    simWorld *world = process->host->world;

    if (process->state == SIM_PROCESS_DEAD)
        return;
    if (process->state == SIM_PROCESS_RUNNING)
        simJudgeStops(world->judge, process);
    process->diedPaused = process->state == SIM_PROCESS_PAUSED && process->ranHere && !process->busy &&
        process->token && !g_str_equal(process->token, VIR_LEASE_TOKEN_UNKNOWN);
    simProcessSetState(process, SIM_PROCESS_DEAD, why);
    process->diedAt = simWorldNow(world);
    process->busy = FALSE;
    g_ptr_array_remove(world->alive, process);
    simJudgeDies(world->judge, process);
    if (process->host->up)
        simHostExited(process->host, process->owner);
    if (process->migration)
        simMigrationLost(process->migration, process);
}

static void
simProcessKilled(gpointer data)
{
    const simProcess *process = data;

    if (!process->immortal)
        simProcessDie(data, "killed");
}

void
simProcessKill(simProcess *process, virLeaseSpan delay, const char *why)
{
    simWorld *world = process->host->world;

    simWorldTrace(world, process->host, "guest '%s' (pid %" G_GINT64_FORMAT ") is killed: %s",
                  process->guest->name, process->pid, why);
    process->dying = TRUE;
    simQueueAdd(world->queue, simWorldNow(world) + delay, simProcessKilled, process, NULL);
}

/* libvirt kills what it could not start. */
void
simProcessAbandon(simProcess *process, const char *why)
{
    if (process->state != SIM_PROCESS_DEAD)
        simProcessKill(process, simDiceSpan(&process->host->world->dice, VIR_LEASE_MILLISECOND, 30 * VIR_LEASE_MILLISECOND), why);
}

/* ---- calls ---- */
simRequest *
simProcessCall(simProcess *process, virLeaseEventType type, simRequestFunc done)
{
    simRequest *request = g_new0(simRequest, 1);

    request->type = type;
    request->process = process;
    request->done = done;
    request->resources = g_ptr_array_new_with_free_func((GDestroyNotify) virLeaseResourceFree);
    return request;
}

static void
simRequestAddResource(simRequest *request, const virLeaseResource *resource)
{
    g_ptr_array_add(request->resources,
                    virLeaseResourceNew(resource->name, resource->path, resource->mode));
}

static void
simRequestAddAll(simRequest *request)
{
    guint i;

    for (i = 0; i < request->process->disks->len; i++)
        simRequestAddResource(request, ((simDisk *) g_ptr_array_index(request->process->disks, i))->resource);
}

gboolean
simRequestWorked(const simRequest *request)
{
    simProcess *process = request->process;

    if (request->code != VIR_ERR_OK) {
        g_free(process->lastMessage);
        process->lastMessage = g_strdup(request->message);
    }
    process->lastCode = request->code;
    return request->code == VIR_ERR_OK;
}

void
simProcessLater(simProcess *process, virLeaseSpan max, simQueueFunc func)
{
    simWorld *world = process->host->world;

    simQueueAdd(world->queue, simWorldNow(world) + simDiceSpan(&world->dice, 0, max), func, process, NULL);
}

/* ---- running ---- */
static void
simProcessRun(gpointer data)
{
    simProcess *process = data;

    if (process->state == SIM_PROCESS_DEAD)
        return;
    process->busy = FALSE;
    if (process->dying)
        return;
    g_clear_pointer(&process->token, g_free);
    if (process->state == SIM_PROCESS_READY && !process->migration)
        simProcessSetCurrent(process, simWorldNow(process->host->world));
    simProcessSetState(process, SIM_PROCESS_RUNNING, NULL);
    simJudgeRuns(process->host->world->judge, process);
    process->unplugged = FALSE;
    process->ranHere = TRUE;
    if (process->migration && process->migration->destination == process)
        simMigrationArrived(process->migration);
}

static void
simProcessAcquired(simRequest *request)
{
    simProcess *process = request->process;

    if (process->state == SIM_PROCESS_DEAD)
        return;
    if (simRequestWorked(request)) {
        simProcessLater(process, 5 * VIR_LEASE_MILLISECOND, simProcessRun);
        return;
    }
    process->busy = FALSE;
    if (process->migration && process->migration->destination == process) {
        simMigrationRefused(process->migration);
    } else if (process->state == SIM_PROCESS_READY && !process->startPaused) {
        simProcessAbandon(process, "it could not get its disks");
    }
}

void
simProcessAcquire(gpointer data)
{
    simProcess *process = data;
    simRequest *request;

    if (process->state == SIM_PROCESS_DEAD)
        return;
    request = simProcessCall(process, VIR_LEASE_EVENT_ACQUIRE, simProcessAcquired);
    request->token = g_strdup(process->token);
    request->handoverWait = process->token ? SIM_HANDOVER_WAIT : 0;
    simRequestAddAll(request);
    simRequestMake(process->host, request, SIM_CALL_TIMEOUT);
}

void
simProcessResume(simProcess *process)
{
    process->busy = TRUE;
    simProcessAcquire(process);
}

/* ---- starting ---- */
void
simProcessOpenDisks(simProcess *process)
{
    guint i;

    for (i = 0; i < process->disks->len; i++)
        ((simDisk *) g_ptr_array_index(process->disks, i))->opened = TRUE;
}

static void
simProcessRegistered(simRequest *request)
{
    simProcess *process = request->process;

    if (process->state == SIM_PROCESS_DEAD)
        return;
    if (!simRequestWorked(request)) {
        simProcessAbandon(process, "it could not be registered");
        return;
    }
    simProcessOpenDisks(process);
    simProcessSetState(process, SIM_PROCESS_READY, NULL);
    if (process->startPaused) {
        process->busy = FALSE;
        return;
    }
    simProcessLater(process, 200 * VIR_LEASE_MILLISECOND, simProcessAcquire);
}

void
simProcessRegister(simProcess *process, gboolean reserve, simRequestFunc done)
{
    simRequest *request = simProcessCall(process, VIR_LEASE_EVENT_REGISTER, done);

    request->reserve = reserve;
    simRequestAddAll(request);
    simRequestMake(process->host, request, SIM_CALL_TIMEOUT);
}

simProcess *
simGuestStart(simHost *host, simGuest *guest, gboolean paused, gboolean reserve)
{
    simProcess *process = simProcessNew(host, guest);
    guint i;

    process->startPaused = paused;
    for (i = 0; i < guest->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(guest->resources, i);

        simProcessAddDisk(process, resource->name, resource->path, resource->mode);
    }
    simProcessRegister(process, reserve, simProcessRegistered);
    return process;
}

/* ---- pausing ---- */
/* What the plugin does: a call that failed gives a state all the same, so
 * that the guest is never taken for one that starts afresh. */
void
simProcessKeepToken(simRequest *request)
{
    simProcess *process = request->process;

    g_free(process->token);
    process->token = g_strdup(simRequestWorked(request) ? request->result : VIR_LEASE_TOKEN_UNKNOWN);
}

static void
simProcessTold(simRequest *request)
{
    if (request->type == VIR_LEASE_EVENT_SUSPEND || request->code == VIR_ERR_OK)
        simProcessKeepToken(request);
    request->process->busy = FALSE;
}

/* libvirt often says it twice. */
static void
simProcessSuspended(simRequest *request)
{
    simProcess *process = request->process;

    simProcessKeepToken(request);
    if (process->state != SIM_PROCESS_DEAD && simDiceChance(&process->host->world->dice, 300)) {
        simRequestMake(process->host, simProcessCall(process, VIR_LEASE_EVENT_SUSPEND, simProcessTold),
                       SIM_CALL_TIMEOUT);
        return;
    }
    process->busy = FALSE;
}

void
simProcessSuspend(simProcess *process)
{
    process->busy = TRUE;
    simProcessStopCPUs(process, "suspended");
    simRequestMake(process->host, simProcessCall(process, VIR_LEASE_EVENT_SUSPEND, simProcessSuspended),
                   SIM_CALL_TIMEOUT);
}

void
simProcessInquire(simProcess *process)
{
    process->busy = TRUE;
    simRequestMake(process->host, simProcessCall(process, VIR_LEASE_EVENT_INQUIRE, simProcessTold),
                   SIM_CALL_TIMEOUT);
}

/* ---- disks come and go ---- */
static void
simProcessAttached(simRequest *request)
{
    simProcess *process = request->process;
    const virLeaseResource *resource = g_ptr_array_index(request->resources, 0);
    simDisk *disk = simProcessFindDisk(process, resource->name);

    if (process->state == SIM_PROCESS_DEAD)
        return;
    g_assert(disk != NULL);
    process->busy = FALSE;
    if (!simRequestWorked(request)) {
        /* A daemon that was asked and did not answer may have granted it. */
        if (request->code == VIR_ERR_RPC || request->code == VIR_ERR_OPERATION_TIMEOUT)
            g_ptr_array_add(process->kept, g_strdup(resource->name));
        simJudgeGivesUp(process->host->world->judge, disk);
        g_ptr_array_remove(process->disks, disk);
        return;
    }
    disk->opened = TRUE;
    disk->current = simWorldNow(process->host->world);
    if (process->state == SIM_PROCESS_RUNNING)
        simJudgeOpens(process->host->world->judge, process, disk);
}

void
simProcessAttach(simProcess *process, const char *name, virLeaseMode mode)
{
    simRequest *request = simProcessCall(process, VIR_LEASE_EVENT_ACQUIRE, simProcessAttached);
    g_autofree char *path = g_strdup_printf("/images/%s.qcow2", name);

    process->busy = TRUE;
    simRequestAddResource(request, simProcessAddDisk(process, name, path, mode)->resource);
    simRequestMake(process->host, request, SIM_CALL_TIMEOUT);
}

static void
simProcessDetached(simRequest *request)
{
    simProcess *process = request->process;
    const virLeaseResource *resource = g_ptr_array_index(request->resources, 0);

    /* What is not written down is not removed; the next daemon has it as it was. */
    if (!simRequestWorked(request) || g_hash_table_contains(process->host->unsaved, &process->owner))
        g_ptr_array_add(process->kept, g_strdup(resource->name));
    process->busy = FALSE;
}

void
simProcessDetach(simProcess *process, const char *name)
{
    simRequest *request = simProcessCall(process, VIR_LEASE_EVENT_DETACH, simProcessDetached);
    simDisk *disk = simProcessFindDisk(process, name);

    g_assert(disk != NULL);
    process->busy = TRUE;
    simRequestAddResource(request, disk->resource);
    if (process->state == SIM_PROCESS_RUNNING)
        simJudgeCloses(process->host->world->judge, process, disk);
    else
        process->unplugged = TRUE;
    simJudgeGivesUp(process->host->world->judge, disk);
    g_ptr_array_remove(process->disks, disk);
    simRequestMake(process->host, request, SIM_CALL_TIMEOUT);
}
