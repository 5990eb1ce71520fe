/*
 * simmigration.c: a guest goes from one host to another, as libvirt does it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simguest.h"
#include "simguestpriv.h"
#include "simjudge.h"
#include "simrequest.h"

static void
simMigrationEnd(simMigration *migration)
{
    migration->over = TRUE;
    migration->source->migration = NULL;
    migration->destination->migration = NULL;
    migration->source->busy = FALSE;
}

/* The source goes on: at once if it was never stopped, else as soon as its
 * call that said so has returned. */
static void
simMigrationFail(simMigration *migration)
{
    simProcess *source = migration->source;

    migration->failed = TRUE;
    simProcessAbandon(migration->destination, "the migration failed");
    if (migration->stopped && !migration->suspended && source->state != SIM_PROCESS_DEAD)
        return;
    simMigrationEnd(migration);
    if (source->state == SIM_PROCESS_PAUSED && migration->live && migration->stopped)
        simProcessResume(source);
}

void
simMigrationLost(simMigration *migration, simProcess *process)
{
    if (process == migration->destination) {
        simMigrationFail(migration);
    } else if (migration->destination->state != SIM_PROCESS_RUNNING && !migration->stopped) {
        simMigrationFail(migration);
    }
}

void
simMigrationRefused(simMigration *migration)
{
    simMigrationFail(migration);
}

static void
simMigrationConfused(gpointer data)
{
    simProcess *source = data;

    if (source->suspending)
        simProcessLater(source, VIR_LEASE_SECOND, simMigrationConfused);
    else if (source->state == SIM_PROCESS_PAUSED && !source->busy)
        simProcessResume(source);
}

/* The destination runs, or holds the paused guest: the source's process ends. */
void
simMigrationArrived(simMigration *migration)
{
    simProcess *source = migration->source;

    simMigrationEnd(migration);
    if (source->state == SIM_PROCESS_DEAD)
        return;
    if (migration->confused && migration->live) {
        simProcessLater(source, VIR_LEASE_SECOND, simMigrationConfused);
        return;
    }
    simProcessAbandon(source, "it has migrated");
}

static void
simMigrationSuspended(simRequest *request)
{
    simProcess *process = request->process;
    simMigration *migration = process->migration;

    simProcessKeepToken(request);
    process->suspending = FALSE;
    if (!migration || migration->source != process)
        return;
    migration->suspended = TRUE;
    if (migration->failed)
        simMigrationFail(migration);
}

static void
simMigrationSuspend(gpointer data)
{
    simProcess *process = data;

    if (process->state == SIM_PROCESS_PAUSED)
        simRequestMake(process->host, simProcessCall(process, VIR_LEASE_EVENT_SUSPEND, simMigrationSuspended),
                       SIM_CALL_TIMEOUT);
}

/* The memory is over. A paused guest stays paused, with its state. */
static void
simMigrationHandOverPaused(simMigration *migration)
{
    simProcess *destination = migration->destination;

    migration->stopped = migration->suspended = TRUE;
    simProcessSetState(destination, SIM_PROCESS_PAUSED, "its memory is here");
    destination->busy = FALSE;
    simMigrationArrived(migration);
}

static void
simMigrationCopyCurrent(const simMigration *migration)
{
    guint i;

    for (i = 0; i < migration->source->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(migration->source->disks, i);
        simDisk *copy = simProcessFindDisk(migration->destination, disk->resource->name);

        g_assert(copy != NULL);
        copy->current = disk->current;
        copy->ran = disk->ran;
    }
    migration->destination->unplugged = migration->source->unplugged;
}

static void
simMigrationStop(gpointer data)
{
    simProcess *destination = data;
    simMigration *migration = destination->migration;
    simProcess *source;

    if (!migration || destination->state == SIM_PROCESS_DEAD)
        return;
    source = migration->source;
    if (source->state == SIM_PROCESS_DEAD)
        return;
    if (migration->live)
        simProcessStopCPUs(source, "its memory goes over");
    simMigrationCopyCurrent(migration);
    if (!migration->live) {
        simMigrationHandOverPaused(migration);
        return;
    }
    migration->stopped = source->suspending = TRUE;
    simProcessLater(source, 300 * VIR_LEASE_MILLISECOND, simMigrationSuspend);
    simProcessLater(destination, 500 * VIR_LEASE_MILLISECOND, simProcessAcquire);
}

static void
simMigrationCopy(simMigration *migration, const char *token)
{
    simProcess *destination = migration->destination;

    destination->token = g_strdup(token);
    simProcessLater(destination, 3 * VIR_LEASE_SECOND, simMigrationStop);
}

static void
simMigrationInquired(simRequest *request)
{
    simMigration *migration = request->process->migration;

    if (!migration || migration->over)
        return;
    if (!simRequestWorked(request)) {
        simMigrationFail(migration);
        return;
    }
    simMigrationCopy(migration, request->result);
}

static void
simMigrationRegistered(simRequest *request)
{
    simProcess *destination = request->process;
    simMigration *migration = destination->migration;

    if (!migration || destination->state == SIM_PROCESS_DEAD)
        return;
    if (!simRequestWorked(request)) {
        simMigrationFail(migration);
        return;
    }
    simProcessOpenDisks(destination);
    simProcessSetState(destination, SIM_PROCESS_READY, "waits for its memory");
    if (!migration->live) {
        simMigrationCopy(migration, migration->source->token);
        return;
    }
    simRequestMake(migration->source->host,
                   simProcessCall(migration->source, VIR_LEASE_EVENT_INQUIRE, simMigrationInquired), SIM_CALL_TIMEOUT);
}

simProcess *
simProcessMigrate(simProcess *process, simHost *destination, gboolean confused)
{
    simMigration *migration = g_new0(simMigration, 1);
    simProcess *incoming = simProcessNew(destination, process->guest);
    guint i;

    g_ptr_array_add(process->host->world->migrations, migration);
    migration->source = process;
    migration->destination = incoming;
    incoming->incoming = TRUE;
    migration->live = process->state == SIM_PROCESS_RUNNING;
    migration->confused = confused;
    process->migration = incoming->migration = migration;
    process->busy = TRUE;
    for (i = 0; i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);

        simProcessAddDisk(incoming, disk->resource->name, disk->resource->path, disk->resource->mode);
    }
    simProcessRegister(incoming, TRUE, simMigrationRegistered);
    return incoming;
}

simProcess *
simProcessCopy(const simProcess *process, simHost *host)
{
    simProcess *copy = simProcessNew(host, process->guest);
    gboolean runs = process->state == SIM_PROCESS_RUNNING;
    guint i;

    for (i = 0; i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);
        simDisk *same = simProcessAddDisk(copy, disk->resource->name, disk->resource->path, disk->resource->mode);

        /* What stops later takes its memory along: nothing is said of a copy before that. */
        same->current = runs ? VIR_LEASE_TIME_NEVER : disk->current;
        same->ran = disk->ran;
        same->opened = TRUE;
    }
    copy->unplugged = process->unplugged;
    copy->incoming = TRUE;
    copy->token = g_strdup(process->token);
    simProcessSetState(copy, SIM_PROCESS_PAUSED, "a copy of its memory is here");
    copy->busy = FALSE;
    return copy;
}
