/*
 * simscene.h: stories in which one rule is all that keeps a promise
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What random worlds do not come upon in a reasonable number is written down
 * here: the calm world of simtest.h, with faults at chosen moments. Each scene
 * is played by the engine that keeps all rules, and breaks no promise; and by
 * an engine without that rule, and the judge sees one broken.
 *
 * Where two checks of the engine do the same, a scene names both: with either
 * of them alone all is well.
 */
#pragma once

#include "simtest.h"

#define SIM_SCENE_L ((double) SIM_TEST_LENGTH / (double) SIM_TEST_SECOND)
#define SIM_SCENE_R (SIM_SCENE_L / 6)
#define SIM_SCENE_K (SIM_SCENE_L / 3)

typedef struct {
    const char *mutant;         /* the rule that is needed, as in virleaserule.h */
    const char *also;           /* another one that would do, or NULL */
    const char *promise;        /* what breaks without */
    void (*play)(simTest *test);
} simScene;

/* Each is ended by one without a mutant. */
extern const simScene simScenesOfLeases[];      /* rules 1 to 8 */
extern const simScene simScenesOfTries[];       /* rules 9 to 14 */
extern const simScene simScenesOfRuns[];        /* rules 15 to 21 */

/* The scene for @mutant, or NULL. */
const simScene *simSceneFind(const char *mutant);
/* The world when all is over, for the judge to be asked. */
simWorld *simScenePlay(const simScene *scene,
                       const simEngineClass *engine);

/* ---- what scenes are written in ---- */
/* Of the sessions' names, that of a is the first from now on, that of c the last. */
void simSceneRank(simTest *test);
/* Nothing fails from now on: the judge asks why anybody is refused. */
void simSceneCalm(simTest *test);
/* Until just after @host has sent its next renewal. */
void simSceneUntilRenewal(simTest *test,
                          const simHost *host);
/* Until @host's lease has @seconds left, if it is not renewed meanwhile. */
void simSceneUntilLeft(simTest *test,
                       const simHost *host,
                       double seconds);
/* The server carries out a renewal of @path, as it was sent long ago. */
void simSceneReplay(simTest *test,
                    const char *path,
                    gint64 mtime);
/* The server makes a link, as it was asked to long ago. */
void simSceneLateLink(simTest *test,
                      const char *path);
/* A guest has lost nothing, and has to be able to go on (L1). */
void simSceneGoesOn(simTest *test,
                    simProcess *process);
/* Nobody has "img": it can be had (L1). */
void simSceneIsFree(simTest *test,
                    simHost *host);
/* A guest on @host meets somebody who comes first, and gives way at once (rule 11). */
void simSceneGivesWay(simTest *test,
                      simHost *host);
/* What @promise says by itself, where it shows in no other one. */
void simSceneExpect(simTest *test,
                    gboolean kept,
                    const char *promise,
                    const char *what);
