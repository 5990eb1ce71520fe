/*
 * simdaemon.h: what a daemon decides before its engine is asked
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * As virtleased does: it knows each guest's process by a pidfd, so that no
 * request reaches the engine for a process whose end was told to it.
 */
#pragma once

#include "simworld.h"

/* Whether the engine is to hear of @event; if not, it was answered here. */
gboolean simDaemonPasses(simHost *host,
                         const virLeaseEvent *event);
/* It starts, and finds out which of its guests are gone. */
void simDaemonStarts(simHost *host);
/* It was told to end @process. */
void simDaemonFences(simProcess *process);
