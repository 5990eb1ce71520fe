/*
 * simhost.h: a host: its clock, its daemon with the engine, its guard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "simworld.h"

/* Comes up, with its daemon. */
simHost *simHostNew(simWorld *world,
                    guint index);
void simHostFree(simHost *host);

/* CLOCK_BOOTTIME, and back. */
virLeaseTime simHostTime(const simHost *host);
virLeaseTime simHostWorldTime(const simHost *host,
                              virLeaseTime time);

/* Has the daemon take in @event after a moment, unless it is another by then. */
void simHostSend(simHost *host,
                 const virLeaseEvent *event);
void simHostReply(simHost *host,
                  guint64 generation,
                  virLeaseReply *reply);
void simHostExited(simHost *host,
                   guint64 owner);

void simHostStartDaemon(simHost *host);
/* All at once, or in the middle of what its next step wants done. */
void simHostCrashDaemon(simHost *host);
void simHostCrashDaemonAfter(simHost *host,
                             guint actions);
/* And its guard: nobody stops anybody until the daemon is started again. */
void simHostCrashBoth(simHost *host);
void simHostShutdownDaemon(simHost *host);
/* Nothing is taken in for @span, then everything that came meanwhile. */
void simHostHang(simHost *host,
                 virLeaseSpan span);
/* Only while the daemon works: one of the two has to. It wakes when that goes. */
void simHostHangGuard(simHost *host,
                      virLeaseSpan span);
void simHostWakeGuard(simHost *host);
/* Suspended to memory, if no guest runs: all stands still, and the clock goes on. */
void simHostSleep(simHost *host,
                  virLeaseSpan span);
/* Power off, with all guests; and on again. */
void simHostCrash(simHost *host);
void simHostBoot(simHost *host);

/* Whether its present lease has not ended. */
gboolean simHostLeaseHolds(const simHost *host);
