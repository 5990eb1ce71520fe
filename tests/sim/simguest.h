/*
 * simguest.h: guests, driven as libvirt drives them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each of these begins something and returns at once; simProcess.busy says
 * whether it still goes on. What fails is undone as libvirt undoes it.
 */
#pragma once

#include "simworld.h"

/* How long libvirt's calls wait for the daemon. */
#define SIM_CALL_TIMEOUT (10 * VIR_LEASE_SECOND)
#define SIM_HANDOVER_WAIT (5 * VIR_LEASE_SECOND)

/* @resources: name and mode pairs, ended by NULL: "a", "x", "b", "r", NULL */
simGuest *simGuestNew(simWorld *world,
                      const char *name,
                      ...) G_GNUC_NULL_TERMINATED;
void simGuestFree(simGuest *guest);
void simProcessFree(simProcess *process);

/* @paused: as "virsh create --paused" does; @reserve: rule 21 */
simProcess *simGuestStart(simHost *host,
                          simGuest *guest,
                          gboolean paused,
                          gboolean reserve);
void simProcessSuspend(simProcess *process);
/* Also starts one that was started paused. */
void simProcessResume(simProcess *process);
/* What a migration begins with: asks for the token, and keeps it. */
void simProcessInquire(simProcess *process);
/* To be called on a running or paused one; returns the destination's process.
 * @confused: the destination's success is taken for a failure */
simProcess *simProcessMigrate(simProcess *process,
                              simHost *destination,
                              gboolean confused);
/* A copy of its memory with its token, paused, as it was at this instant. */
simProcess *simProcessCopy(const simProcess *process,
                           simHost *host);
void simProcessAttach(simProcess *process,
                      const char *name,
                      virLeaseMode mode);
void simProcessDetach(simProcess *process,
                      const char *name);
/* It dies after @delay; its daemon learns of it some ms later. */
void simProcessKill(simProcess *process,
                    virLeaseSpan delay,
                    const char *why);

/* The whole of its memory is gone this instant (the host's power is off). */
void simProcessDie(simProcess *process,
                   const char *why);
simDisk *simProcessFindDisk(const simProcess *process,
                            const char *name);
const char *simProcessStateToString(simProcessState state);
