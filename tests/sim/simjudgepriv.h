/*
 * simjudgepriv.h: what the files of the judge share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "simjudge.h"

/* Who ran with a resource, and until when. */
typedef struct {
    const simProcess *process;
    virLeaseMode mode;
    gboolean runs;
    virLeaseTime last;
} simJudgeUse;

/* What the export showed of a session. */
typedef struct {
    virLeaseTime renewed;
    gboolean gap;               /* it was once not renewed for the length of a lease */
    virLeaseTime gone;          /* its directory was removed then; 0: it is there, or never was */
} simJudgeSession;

struct _simJudge {
    simWorld *world;
    GPtrArray *violations;
    guint64 grants;
    GHashTable *uses;           /* of GArray of simJudgeUse: resource -> */
    GHashTable *sessions;       /* of simJudgeSession: sid -> */
    GHashTable *tokens;         /* text -> simProcess whose run it names */
    GHashTable *hashes;         /* resource -> hash */
    GHashTable *links;          /* path -> process id in its target; keys are all that was ever sent */
    GHashTable *removed;        /* of simJudgeRemoval: names of which a REMOVE was sent -> the first one */
    GHashTable *leases;         /* of simJudgeLease: sid -> */
    GHashTable *presented;      /* of virLeaseTime: "host pid" of each process whose token a host was given -> when last */
    char **renewing;            /* by host: the session that it renewed last */
    virLeaseTime *renewed;      /* by host: when that was sent, host's time */
    GHashTable *givenUp;        /* of virLeaseTime: resource -> when somebody last did without it from then on */
    GHashTable *made;           /* of virLeaseTime: name of an entry -> when it last appeared */
    virLeaseTime lost;          /* when A4 failed last */
};

/* What a session's own host believes. */
typedef struct {
    const simHost *host;
    guint64 generation;         /* of the daemon that said so */
    virLeaseTime end;           /* world's time */
} simJudgeLease;

typedef struct {
    const simHost *host;
    virLeaseTime sent;
} simJudgeRemoval;

/* An end that comes, for the rule 6. */
typedef struct {
    simJudge *judge;
    char *sid;
    virLeaseTime end;
} simJudgeAlarm;

/* An entry that is looked for, and found. */
typedef struct {
    const char *hash;
    gint64 pid;
    char *found;
    guint64 attempt;
    virLeaseMode mode;
} simJudgeSearch;

/* A grant, and what is beside it. */
typedef struct {
    const simRequest *request;
    const virLeaseResource *resource;
    const char *hash;
    virLeaseTime since;         /* when its entry was made */
} simJudgeGrant;

typedef void (*simJudgeEntryFunc)(simJudge *judge, char **words, const char *name, gint64 pid, gpointer opaque);

/* ---- simjudgeexport.c ---- */
const char *simJudgeHash(simJudge *judge,
                         const char *resource);
/* Calls @func for each entry: its name's words are hash, mode, class, sid, run, attempt. */
void simJudgeEachEntry(simJudge *judge,
                       simJudgeEntryFunc func,
                       gpointer opaque);
/* The entry of @pid for @resource that was made last, whatever became of it. */
const char *simJudgeNewestLink(const simJudge *judge,
                               gint64 pid,
                               const char *resource);
/* When @host was last given the token of @pid, and so may remove its entries; or
 * NULL. */
const virLeaseTime *simJudgePresented(const simJudge *judge,
                                      const simHost *host,
                                      gint64 pid);
gboolean simJudgeMarkerExists(const simJudge *judge,
                              const char *sid,
                              const char *marker,
                              const char *run);

/* ---- simjudgecalm.c ---- */
/* What else must be true of a refusal, and of an end, when nothing fails. */
void simJudgeRefusedCalmly(simJudge *judge,
                           const simRequest *request);
void simJudgeDiedCalmly(simJudge *judge,
                        simProcess *process);

/* The newest entry of @pid for @resource that nobody is removing. Returns
 * whether there is one; the caller frees its name. */
gboolean simJudgeIsIgnoring(const simProcess *process);
gboolean simJudgeSearchFor(simJudge *judge,
                           gint64 pid,
                           const char *resource,
                           simJudgeSearch *search);
/* Whether its directory was never left unchanged for the length of a lease. */
gboolean simJudgeSessionLives(const simJudge *judge,
                              const char *sid);
