/*
 * simchaospriv.h: what the files of the random worlds share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "simchaos.h"

/* What can happen; each is a function of simchaosact.c. */
typedef enum {
    SIM_ACT_START,
    SIM_ACT_RUSH,               /* several start at once */
    SIM_ACT_SUSPEND,
    SIM_ACT_RESUME,
    SIM_ACT_MIGRATE,
    SIM_ACT_COPY,               /* a token is presented by somebody else, maybe while its guest runs */
    SIM_ACT_ATTACH,
    SIM_ACT_DETACH,
    SIM_ACT_KILL,
    SIM_ACT_KILL_BUSY,          /* in the middle of a call */
    SIM_ACT_GIVE_UP,
    SIM_ACT_CRASH_DAEMON,
    SIM_ACT_STOP_DAEMON,
    SIM_ACT_HANG,
    SIM_ACT_HANG_GUARD,
    SIM_ACT_SLEEP,              /* the host is suspended */
    SIM_ACT_CRASH,
    SIM_ACT_CUT,
    SIM_ACT_SERVER_DOWN,
    SIM_ACT_RESET,
    SIM_ACT_STALL,              /* one kind of operation of one host is lost or late for a while */
    SIM_ACT_STALE,              /* the server shows old attributes for a while (not A1) */
    SIM_ACT_LOSE_DATA,          /* it forgets what it acknowledged last (not A4) */
    SIM_ACT_DELETE,             /* somebody deletes a lock by hand (not A4) */
    SIM_ACT_FAIL_SAVE,
    SIM_ACT_SET_CLOCK,
    SIM_ACT_REVOKE,
    SIM_ACT_REPAIR,

    SIM_ACT_LAST
} simAct;

/* A kind of world: what happens how often, and on which net. */
typedef struct {
    const char *name;
    guint share;                /* how many of the worlds are like this */
    guint acts[SIM_ACT_LAST];   /* weights */
    guint pace;                 /* acts come up to L divided by this apart */
    guint resources;            /* at most */
    gboolean calm;              /* nothing is lost, nobody crashes: what must work then works */
    gboolean siege;             /* faults last long, so that leases are lost */
    guint slow;                 /* permille of operations that take up to L/5 */
    guint slowGuard;            /* permille of entries and kills that take up to L/4 */
    guint late;                 /* permille of operations that are lost, and carried out late */
    guint replays;              /* permille of renewals that are carried out once more, later */
    virLeaseSpan delay;         /* of one way at most; 0: the dice say */
} simTheme;

typedef struct {
    simWorld *world;
    const simTheme *theme;
    simDice dice;
    virLeaseTime end;
    guint resources;
    guint probes;
} simChaos;

/* ---- simchaostheme.c ---- */
extern const char *const simChaosResources[5];
simChaos *simChaosNew(const simChaosConfig *config);

/* ---- simchaosact.c ---- */
/* Does something, and again until the end. */
void simChaosAct(gpointer data);

/* ---- simchaospeace.c ---- */
void simChaosHeal(simChaos *chaos);
void simChaosKillAll(simChaos *chaos,
                     gboolean running);
/* L1: who has lost nothing goes on; what is free can be had. */
void simChaosResumeAll(simChaos *chaos);
void simChaosCheckFree(simChaos *chaos);
