/*
 * simjudge.h: whether the promises are kept
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Knows nothing of the engine: it looks at which guest processes run where
 * with which resources in which mode, at the answers they get, and at what is
 * on the export.
 */
#pragma once

#include "simworld.h"

simJudge *simJudgeNew(simWorld *world);
void simJudgeFree(simJudge *judge);

/* All violations so far, each a sentence that begins with the promise's name. */
const GPtrArray *simJudgeViolations(const simJudge *judge);
void simJudgeViolation(simJudge *judge,
                       const char *promise,
                       const char *fmt,
                       ...) G_GNUC_PRINTF(3, 4);
guint64 simJudgeGrants(const simJudge *judge);

/* What the world tells, each at the moment when it happens. */
void simJudgeRuns(simJudge *judge,
                  const simProcess *process);
void simJudgeOpens(simJudge *judge,
                   const simProcess *process,
                   simDisk *disk);
void simJudgeCloses(simJudge *judge,
                    const simProcess *process,
                    const simDisk *disk);
/* It is unplugged, or could not be plugged in; its lock goes a moment later. */
void simJudgeGivesUp(simJudge *judge,
                     const simDisk *disk);
void simJudgeStops(simJudge *judge,
                   const simProcess *process);
void simJudgeDies(simJudge *judge,
                  simProcess *process);
void simJudgeAnswered(simJudge *judge,
                      simRequest *request);
void simJudgeFailed(simJudge *judge,
                    const simRequest *request);
void simJudgeOverdue(simJudge *judge,
                     const simRequest *request);
void simJudgeLeft(simJudge *judge,
                  const simProcess *process);
/* The engine has it killed; @early: while its host's lease has more than K to go. */
void simJudgeFenced(simJudge *judge,
                    const simProcess *process,
                    gboolean early);
/* A4 has failed just now: from now on only what rule 20 promises is asked for. */
void simJudgeDataLost(simJudge *judge);
/* The guard of @host hears that its lease lasts until @end, host's time. */
void simJudgeLeaseLasts(simJudge *judge,
                        const simHost *host,
                        virLeaseTime end);
void simJudgeAsks(simJudge *judge,
                  const simRequest *request);
void simJudgeSends(simJudge *judge,
                   const simHost *host,
                   const virLeaseOp *op);
void simJudgeChanged(simJudge *judge,
                     virLeaseOpType type,
                     const char *path,
                     const char *target);

/* For the end of a story, when all is calm and every host and daemon is up:
 * nothing on the export locks anything for a guest that does not exist. */
void simJudgeLeftovers(simJudge *judge);

/* The name of an entry of @pid for the resource that nobody is removing, or NULL. */
char *simJudgeFindEntry(const simJudge *judge,
                        gint64 pid,
                        const char *resource);
/* Whether anything on the export or any living process is in the way of a
 * fresh guest that wants the resource exclusively. */
gboolean simJudgeIsFree(const simJudge *judge,
                        const char *resource);
/* Whether no other living process has the resource of @disk in a mode that
 * conflicts. */
gboolean simJudgeIsFreeFor(const simJudge *judge,
                           const simProcess *process,
                           const simDisk *disk);
