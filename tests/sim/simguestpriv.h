/*
 * simguestpriv.h: what the files that drive guests share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "simguest.h"

/* ---- simguest.c ---- */
simProcess *simProcessNew(simHost *host,
                          simGuest *guest);
simDisk *simProcessAddDisk(simProcess *process,
                           const char *name,
                           const char *path,
                           virLeaseMode mode);
void simProcessOpenDisks(simProcess *process);
void simProcessSetState(simProcess *process,
                        simProcessState state,
                        const char *why);
void simProcessStopCPUs(simProcess *process,
                        const char *why);
/* libvirt kills what it could not start. */
void simProcessAbandon(simProcess *process,
                       const char *why);
/* Runs @func(@process) within @max. */
void simProcessLater(simProcess *process,
                     virLeaseSpan max,
                     simQueueFunc func);

/* A call to be filled in; simRequestMake() takes it. */
simRequest *simProcessCall(simProcess *process,
                           virLeaseEventType type,
                           simRequestFunc done);
/* Remembers why not. */
gboolean simRequestWorked(const simRequest *request);
void simProcessKeepToken(simRequest *request);
void simProcessRegister(simProcess *process,
                        gboolean reserve,
                        simRequestFunc done);
/* For all its disks, with its token; @data is the process. */
void simProcessAcquire(gpointer data);

/* ---- simmigration.c ---- */
void simMigrationArrived(simMigration *migration);
void simMigrationRefused(simMigration *migration);
/* @process, one of the two, has died. */
void simMigrationLost(simMigration *migration,
                      simProcess *process);
