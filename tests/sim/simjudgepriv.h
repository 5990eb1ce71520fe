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
    GHashTable *removed;        /* names of which a REMOVE was sent */
    GHashTable *leases;         /* of simJudgeLease: sid -> */
    GHashTable *presented;      /* "host pid" of each process whose token a host was given */
    char **renewing;            /* by host: the session that it renewed last */
};

/* What a session's own host believes. */
typedef struct {
    const simHost *host;
    virLeaseTime end;           /* world's time */
} simJudgeLease;

/* An entry that is looked for, and found. */
typedef struct {
    const char *hash;
    gint64 pid;
    char *found;
    guint64 attempt;
    virLeaseMode mode;
} simJudgeSearch;

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
