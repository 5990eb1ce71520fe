/*
 * simrequest.h: calls of libvirt on their way to a daemon and back
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "simworld.h"

/* Sends @request on its way, whose caller has filled in what is asked. The
 * world owns it from now on; the answer is filled in later. */
void simRequestMake(simHost *host,
                    simRequest *request,
                    virLeaseSpan timeout);
/* The client goes away. */
void simRequestGiveUp(simRequest *request);
void simRequestFree(simRequest *request);

/* What the daemon of @host answers; steals from @action. */
void simRequestAnswered(simHost *host,
                        virLeaseAction *action);
/* The daemon of @host ended: who waits for an answer sees the connection break. */
void simRequestsBreak(simHost *host);
