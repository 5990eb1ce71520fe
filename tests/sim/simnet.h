/*
 * simnet.h: what lies between the hosts' daemons and the server, with faults
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Takes an operation and answers it exactly once, within its timeout or with
 * LOST. Whether, when and how often the server carries it out is a matter of
 * dice and of rules ("the third SYMLINK of host 1 is refused").
 */
#pragma once

#include "simserver.h"

#define SIM_NET_ANY_HOST G_MAXUINT

typedef struct _simNet simNet;

/* @generation: what was given with the operation */
typedef void (*simNetDeliverFunc)(guint host,
                                  guint64 generation,
                                  virLeaseReply *reply,
                                  gpointer opaque);

typedef enum {
    SIM_FAULT_LOSE_REQUEST,     /* never carried out; LOST */
    SIM_FAULT_LOSE_REPLY,       /* carried out; LOST */
    SIM_FAULT_LATE,             /* LOST, and carried out @span after it was sent, dead or alive */
    SIM_FAULT_TWICE,            /* carried out, and once more @span later */
    SIM_FAULT_REFUSE,           /* answered with @status, not carried out */
    SIM_FAULT_HOLD,             /* its request takes @span longer */
    SIM_FAULT_HOLD_REPLY,       /* its reply takes @span longer */
    SIM_FAULT_SLOW_SCAN,        /* READDIR: a name at a time, @span apart, and changes do not show */
    SIM_FAULT_COUNTED_SCAN,     /* READDIR: likewise, by simServerScanCount(); changes show */
    SIM_FAULT_OLD_SCAN,         /* READDIR: without the links of the last @span */
} simFaultKind;

/* What befalls an operation; the same one can match several rules, the first wins. */
typedef struct {
    guint host;                 /* or SIM_NET_ANY_HOST */
    virLeaseOpType type;        /* or VIR_LEASE_OP_LAST: any */
    const char *path;           /* a part of the path, or NULL; not copied */
    guint nth;                  /* of those that match, counted from 1; 0: all */
    simFaultKind kind;
    virLeaseSpan span;
    virLeaseStatus status;
    virLeaseTime until;         /* 0: always */
} simFaultRule;

/* Probabilities per 1000 operations; delays of one way. */
typedef struct {
    virLeaseSpan delayMin;
    virLeaseSpan delayMax;
    guint slow;                 /* takes up to @slowMax instead */
    virLeaseSpan slowMax;
    guint loseRequest;
    guint loseReply;
    guint late;                 /* up to @lateMax after it was sent */
    virLeaseSpan lateMax;
    guint twice;
    guint refuse;               /* DELAYED, FAILED or, for READDIR, UNSTABLE */
    guint replays;              /* of SETATTRs: carried out once more up to @lateMax later */
    guint pages;                /* a READDIR comes in pages of 1 to 8 names */
    guint survives;             /* what is sent into a cut, or to a dead server, arrives when that is over */
} simNetConfig;

simNet *simNetNew(simQueue *queue,
                  simServer *server,
                  guint hosts,
                  guint64 seed,
                  simNetDeliverFunc deliver,
                  gpointer opaque);
void simNetFree(simNet *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(simNet, simNetFree);

/* Zero faults and half a millisecond each way until it is called. */
void simNetConfigure(simNet *net,
                     const simNetConfig *config);
void simNetAddRule(simNet *net,
                   const simFaultRule *rule);
void simNetClearRules(simNet *net);

/* Takes @op. */
void simNetSubmit(simNet *net,
                  guint host,
                  guint64 generation,
                  virLeaseOp *op);

/* Cuts last until @until; an earlier time ends them. */
void simNetCutRequests(simNet *net,
                       guint host,
                       virLeaseTime until);
void simNetCutReplies(simNet *net,
                      guint host,
                      virLeaseTime until);
void simNetServerDown(simNet *net,
                      virLeaseTime until);

/* The connection breaks: all that is under way is answered LOST. */
void simNetReset(simNet *net,
                 guint host);

/* Ends all faults, cuts and rules; what was still to be carried out late is not. */
void simNetHeal(simNet *net);

/* Operations that a host sent, of one type or VIR_LEASE_OP_LAST for all. */
guint64 simNetCount(const simNet *net,
                    guint host,
                    virLeaseOpType type);
