/*
 * virleaseenginepriv.h: what the files of the lease engine share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Not for callers of the engine. Everything here runs inside one
 * virLeaseEngineStep(): @now and @wall of the engine are the event's.
 */
#pragma once

#include "virleaseengine.h"
#include "virleaseformat.h"
#include "virleasename.h"
#include "virleaseobserver.h"
#include "virleaserule.h"
#include "virleasetarget.h"
#include "virleasetoken.h"

/* How many renewals fit into a lease (rule 5), and the margin K = L / 3 (rule 6). */
#define VIR_LEASE_RENEWALS 6
#define VIR_LEASE_MARGIN_DIVISOR 3

/* p and a are drawn from one counter, saved ahead in blocks of this many. */
#define VIR_LEASE_COUNTER_BLOCK 1024

typedef struct _virLeaseEntry virLeaseEntry;
typedef struct _virLeaseRun virLeaseRun;
typedef struct _virLeaseOwner virLeaseOwner;
typedef struct _virLeaseScan virLeaseScan;
typedef struct _virLeaseAttempt virLeaseAttempt;
typedef struct _virLeaseChore virLeaseChore;

/* ---- what is on the export for one resource of one run ---- */
struct _virLeaseEntry {
    virLeaseResource *resource;
    virLeaseEntryName name;
    char *path;
    guint64 fileid;         /* identity as the own scan showed it (rule 10) */
    gint64 ctime;
    virLeaseTime since;     /* granted; an audit that began earlier says nothing of it */
    gboolean sent;          /* SYMLINK: submitted at least once */
    gboolean outstanding;   /* SYMLINK: not answered yet */
    gboolean answered;      /* SYMLINK: answered with success */
    gboolean seen;          /* in the present scan */
    gboolean missed;        /* an audit did not find it, and said so */
};

typedef enum {
    VIR_LEASE_RUN_RESERVED, /* locked for a process whose CPUs have not run (rule 21) */
    VIR_LEASE_RUN_RUNNING,
    VIR_LEASE_RUN_STOPPED,  /* will never go on; its entries keep others out (rule 15) */
    VIR_LEASE_RUN_EXITED,   /* stopped, and its process is gone (rule 17) */

    VIR_LEASE_RUN_LAST
} virLeaseRunState;

struct _virLeaseRun {
    guint64 number;         /* p */
    char sid[VIR_LEASE_SID_LEN + 1];
    virLeaseRunState state;
    gint64 since;           /* seconds since the epoch of its grant */
    char fromSid[VIR_LEASE_SID_LEN + 1];    /* the run that its token named; empty: fresh */
    guint64 fromRun;
    GPtrArray *entries;     /* of virLeaseEntry */
    gboolean stoppedKnown;  /* .stopped was acknowledged */
    gboolean exitedKnown;   /* .exited was acknowledged */
};

struct _virLeaseOwner {
    guint64 id;
    char *guest;
    char *uuid;
    gint64 pid;
    virLeaseFailure failure;
    gboolean gone;          /* the process is known dead; kept for its exited run only */
    gboolean entered;       /* the guard has it as running */
    gboolean failing;       /* its failure action was begun: a FAILING went out */
    gboolean lost;          /* it runs on without a lease, as it is to ignore that */
    virLeaseTime regainNext; /* when its locks are tried for again */
    virLeaseSpan regainBackoff;
    virLeaseTime fenceAt;   /* when FENCE follows on that for another reason than the lease's end; 0: none */
    gboolean fenced;        /* a FENCE went out; it never runs again */
    virLeaseTime fencedAt;
    gboolean ran;           /* it was granted a run at some time, or that is not known */
    GHashTable *wanted;     /* names of the resources that it was registered with */
    virLeaseRun *run;       /* the present one, or NULL */
    virLeaseAttempt *attempt; /* under way and not answered, or NULL; not owned */
};

/* ---- one pass over shards, and over sessions/ ---- */
typedef enum {
    VIR_LEASE_SCAN_SHARDS,          /* only the shards */
    VIR_LEASE_SCAN_SESSIONS_LATER,  /* the shards, then sessions/ (rule 11) */
    VIR_LEASE_SCAN_SESSIONS_FIRST,  /* sessions/, then the shards (rules 4 and 19) */
    VIR_LEASE_SCAN_SESSIONS_ONLY,
} virLeaseScanOrder;

typedef struct _virLeaseSeen virLeaseSeen;
struct _virLeaseSeen {
    virLeaseEntryName name;
    virLeaseAttr attr;
};

struct _virLeaseScan {
    guint64 id;
    guint64 attempt;        /* whose it is; 0: the upkeep's */
    virLeaseScanOrder order;
    GArray *shards;         /* of guint */
    guint pending;          /* replies not in yet */
    gboolean sessionsRead;
    gboolean shardsRead;
    gboolean failed;        /* some reply was an error: this is no scan (rule 10) */
    gboolean moved;
    virLeaseStatus status;  /* the first error */
    char *detail;
    virLeaseTime started;
    GArray *seen;           /* of virLeaseSeen */
    GHashTable *markers;    /* own session's markers as sessions/ showed them: name -> itself */
};

/* ---- something on the export that is repeated until it is acknowledged (rules 3, 15, 17) ---- */
struct _virLeaseChore {
    virLeaseOpType type;    /* REMOVE, SYMLINK for a marker, RMDIR for a session that never began */
    char *path;
    char *target;
    guint64 owner;          /* REMOVE: who gives it up, which has to be saved first; 0: nobody */
    gboolean outstanding;
    gboolean anew;          /* meant once more while it was on its way */
    virLeaseTime next;
    virLeaseSpan backoff;
    gboolean refused;       /* the server will not do it, which the log has */
};

/* A request that is answered when some paths' chores are done, or at a time. */
typedef struct _virLeaseWait virLeaseWait;
struct _virLeaseWait {
    guint64 request;
    char *token;
    GHashTable *paths;
    virLeaseTime until;
};

/* ---- acquiring (rules 9 to 14, 21) ---- */
typedef enum {
    VIR_LEASE_ATTEMPT_RESERVE,  /* rule 21 */
    VIR_LEASE_ATTEMPT_START,    /* fresh, for CPUs that are about to run */
    VIR_LEASE_ATTEMPT_TOKEN,    /* the same, presenting an old run */
    VIR_LEASE_ATTEMPT_ATTACH,   /* more resources for the present run */
    VIR_LEASE_ATTEMPT_REGAIN,   /* afresh, for CPUs that run without a lease; nobody waits for an answer */
} virLeaseAttemptKind;

typedef enum {
    VIR_LEASE_ATTEMPT_WAITING,  /* for a session */
    VIR_LEASE_ATTEMPT_MARKING,  /* SYMLINKs under way */
    VIR_LEASE_ATTEMPT_SCANNING,
    VIR_LEASE_ATTEMPT_DESCRIBING, /* READLINKs of what is in the way */
    VIR_LEASE_ATTEMPT_CONTENDING, /* only worse-ranked ones in the way: a pause before the next scan */
    VIR_LEASE_ATTEMPT_HANDOVER, /* for the token's run to stop (rule 12a) */
    VIR_LEASE_ATTEMPT_VERIFYING,/* the token's entries (rule 12b) */
    VIR_LEASE_ATTEMPT_CLEARING, /* REMOVEs of rule 12 */
    VIR_LEASE_ATTEMPT_ENTERING, /* the guard's page (rule 13) */
    VIR_LEASE_ATTEMPT_WITHDRAWING,
    VIR_LEASE_ATTEMPT_RESTING,  /* back-off (rule 14) */
    VIR_LEASE_ATTEMPT_LOOKING,  /* a courtesy scan before the next try (rule 9) */
    VIR_LEASE_ATTEMPT_DONE,

    VIR_LEASE_ATTEMPT_LAST
} virLeaseAttemptState;

/* Someone else's entry that is in the way, or would be if it were not dead. */
typedef struct _virLeaseOther virLeaseOther;
struct _virLeaseOther {
    virLeaseEntryName name;
    char *path;
    gboolean over;          /* of a dead session or an exited run: removed by rule 12 */
    gboolean described;
    virLeaseTarget *target; /* what it says of itself; NULL if it vanished or was not read */
};

struct _virLeaseAttempt {
    guint64 id;
    virLeaseAttemptKind kind;
    virLeaseAttemptState state;
    virLeaseOwner *owner;   /* NULL once it no longer waits for this */
    char *guest;
    char *uuid;
    gint64 pid;
    guint64 request;        /* 0 once answered */
    virLeaseTime deadline;
    virLeaseSpan handoverWait;
    GPtrArray *asked;       /* of virLeaseResource */
    GPtrArray *resources;   /* likewise: what this try is to lock, as the run lacks it */
    virLeaseToken *token;
    char sid[VIR_LEASE_SID_LEN + 1];    /* session of this try */
    guint64 runNumber;      /* p */
    guint64 number;         /* a */
    GPtrArray *entries;     /* of virLeaseEntry */
    virLeaseScan *scan;     /* owned by the engine; NULL if none is under way */
    virLeaseScan *result;   /* the last complete scan; owned */
    GPtrArray *others;      /* of virLeaseOther */
    GHashTable *tokenPaths; /* entries of the token's run that the scans showed */
    guint describing;       /* READLINKs outstanding */
    GHashTable *clearing;   /* paths whose REMOVE is waited for */
    virLeaseTime next;      /* when a pause ends */
    virLeaseTime contendUntil;
    virLeaseTime handoverUntil;
    virLeaseSpan backoff;
    guint scans;            /* scans repeated for errors, or an own entry missing */
    guint moves;            /* scans repeated because the directory moved */
    guint tries;
    gboolean tokenUsed;     /* a REMOVE of rule 12 was sent */
    gboolean redo;          /* withdraw, then try again */
    char *blocker;          /* path of the entry that the last try withdrew for */
    int code;               /* what to answer after the withdrawal */
    char *message;
};

/* ---- the own session ---- */
typedef enum {
    VIR_LEASE_SESSION_NONE,     /* the lockspace's format is not known yet */
    VIR_LEASE_SESSION_MAKING,
    VIR_LEASE_SESSION_ACTIVE,

    VIR_LEASE_SESSION_LAST
} virLeaseSessionState;

typedef struct _virLeaseSession virLeaseSession;
struct _virLeaseSession {
    virLeaseSessionState state;
    char sid[VIR_LEASE_SID_LEN + 1];
    virLeaseTime born;          /* when its first MKDIR was sent */
    virLeaseTime end;           /* 0 before the first renewal */
    gboolean outstanding;       /* MKDIR or SETATTR */
    virLeaseTime sent;          /* of the last renewal */
    virLeaseTime next;          /* when to send again */
    virLeaseSpan backoff;
    gint64 mtime;               /* the last one sent */
    gint64 ackedMtime;          /* the last one acknowledged */
    gint64 ackedMtimeBefore;    /* the one acknowledged before that; 0: none */
    virLeaseTime ackedBefore;   /* when */
    guint64 fileid;
    virLeaseAttr read;          /* the newest tuple that a read showed; all 0: none */
    virLeaseTime readReplied;   /* when that read's reply came */
    virLeaseTime acked;         /* when */
    gboolean failing;           /* end - K is a lead's time away, or less */
    gboolean fencing;           /* end - K has come */
};

struct _virLeaseEngine {
    char *lockspace;
    char *url;
    char *host;
    char *bootid;
    GRand *rand;
    gboolean started;
    gboolean shutdown;
    gboolean doneSent;

    virLeaseTime now;
    gint64 wall;
    GQueue *actions;            /* of the present step; the caller's */

    virLeaseFormat format;
    gboolean formatKnown;
    gboolean formatOutstanding;
    virLeaseTime formatNext;
    virLeaseSpan formatBackoff;

    virLeaseStatus problem;     /* what keeps us from a session, or OK */
    char *problemText;
    virLeaseTime silentSince;   /* of the first LOST since the last answer; 0 if the server answers */
    gboolean distrust;          /* the export was rolled back: no tokens of dead sessions (rule 20) */

    virLeaseSession session;
    char *heldUp;               /* who outlived its lease, so that there is no new session; or NULL */
    GHashTable *endedSids;      /* own ended sessions: sid -> number of owners that may still run, as pointer */
    virLeaseObserver *observer;
    gboolean observing;
    virLeaseTime observeSent;
    virLeaseTime observeNext;

    guint64 counter;            /* next p or a */
    guint64 counterLimit;       /* saved: numbers below it may have been used */
    guint64 nextId;             /* operations, attempts, scans */
    virLeaseSpan roundTrip;     /* smoothed */

    GHashTable *ops;            /* id -> virLeaseOpContext */
    GHashTable *owners;         /* id -> virLeaseOwner */
    GHashTable *attempts;       /* id -> virLeaseAttempt */
    GHashTable *scans;          /* id -> virLeaseScan */
    GHashTable *chores;         /* path -> virLeaseChore */
    GPtrArray *waits;           /* of virLeaseWait */
    gboolean *usedShards;       /* of format.shards */

    virLeaseScan *upkeep;       /* sweep and audit under way, or NULL; in @scans */
    virLeaseTime upkeepNext;
    gboolean upkeepWanted;      /* at once: a reconnect, or a revoke for an unknown run */
    gboolean lastSweep;         /* started at the shutdown */
    gboolean rmdirSent;
#ifdef VIR_LEASE_MUTATIONS
    virLeaseMutant mutant;
    virLeaseMutant also;
#endif
};

typedef enum {
    VIR_LEASE_FOR_FORMAT,
    VIR_LEASE_FOR_SESSION_MKDIR,
    VIR_LEASE_FOR_RENEWAL,
    VIR_LEASE_FOR_OBSERVER,
    VIR_LEASE_FOR_MARK,         /* SYMLINK of an attempt's entry */
    VIR_LEASE_FOR_SCAN_SHARD,
    VIR_LEASE_FOR_SCAN_SESSIONS,
    VIR_LEASE_FOR_DESCRIPTION,
    VIR_LEASE_FOR_CHORE,
    VIR_LEASE_FOR_RMDIR,
} virLeaseOpPurpose;

/* Where the answer of an operation goes. */
typedef struct _virLeaseOpContext virLeaseOpContext;
struct _virLeaseOpContext {
    virLeaseOpPurpose purpose;
    virLeaseOpType type;
    guint64 ref;                /* attempt or scan */
    char *path;
    gint64 mtime;
    virLeaseTime sent;
};

/* virleaseengine.c: lengths that follow from L */
virLeaseSpan virLeaseEngineRenewalSpan(const virLeaseEngine *engine);
virLeaseSpan virLeaseEngineOpTimeout(const virLeaseEngine *engine);
gboolean virLeaseEngineSessionUsable(const virLeaseEngine *engine);
guint64 virLeaseEngineNextNumber(virLeaseEngine *engine);
gboolean virLeaseEngineIsOwnSid(const virLeaseEngine *engine, const char *sid);
void virLeaseEngineSetProblem(virLeaseEngine *engine, virLeaseStatus status, const char *detail);

/* virleaseaction.c: what goes out */
virLeaseAction *virLeaseEngineAct(virLeaseEngine *engine, virLeaseActionType type);
virLeaseAction *virLeaseEngineActOwner(virLeaseEngine *engine, virLeaseActionType type, const virLeaseOwner *owner);
virLeaseAction *virLeaseEngineSubmit(virLeaseEngine *engine, virLeaseOpPurpose purpose, virLeaseOpType type,
                          guint64 ref, const char *path, const char *target, gint64 mtime);
virLeaseAction *virLeaseEngineAnswer(virLeaseEngine *engine, guint64 request, int code,
                          const char *message, const char *token);
virLeaseAction *virLeaseEngineFence(virLeaseEngine *engine, virLeaseOwner *owner, const char *reason);
void virLeaseEngineLeave(virLeaseEngine *engine, virLeaseOwner *owner);

/* virleasesession.c: rules 5 and 8 */
void virLeaseSessionTimers(virLeaseEngine *engine);
virLeaseTime virLeaseSessionWakeup(const virLeaseEngine *engine);
void virLeaseSessionFormatReply(virLeaseEngine *engine, const virLeaseReply *reply);
void virLeaseSessionMkdirReply(virLeaseEngine *engine, const virLeaseOpContext *op, const virLeaseReply *reply);
void virLeaseSessionRenewalReply(virLeaseEngine *engine, const virLeaseOpContext *op, const virLeaseReply *reply);
void virLeaseSessionEnd(virLeaseEngine *engine, const char *reason);
void virLeaseSessionWant(virLeaseEngine *engine);
void virLeaseSessionOwnTuple(virLeaseEngine *engine, virLeaseTime sent, const virLeaseAttr *attr);
void virLeaseSessionOwnerStopped(virLeaseEngine *engine, const char *sid);
gboolean virLeaseSessionEndedAndStopped(const virLeaseEngine *engine, const char *sid);

/* virleasefailure.c: what happens to owners whose lease is lost (rules 6, 18, 20) */
virLeaseTime virLeaseFailureLeadBegins(const virLeaseEngine *engine);
void virLeaseFailureApproach(virLeaseEngine *engine);
void virLeaseFailureAverted(virLeaseEngine *engine);
void virLeaseFailureBegin(virLeaseEngine *engine, virLeaseOwner *owner);
void virLeaseFailureNow(virLeaseEngine *engine, virLeaseOwner *owner, const char *reason);
void virLeaseFailureSessionEnded(virLeaseEngine *engine);
void virLeaseFailureRegained(virLeaseEngine *engine, virLeaseOwner *owner, int code, const char *message);
void virLeaseFailureStopped(virLeaseOwner *owner);
gboolean virLeaseFailureHoldsUp(virLeaseEngine *engine);
void virLeaseFailureTimers(virLeaseEngine *engine);
virLeaseTime virLeaseFailureWakeup(const virLeaseEngine *engine);

/* virleaserun.c: tables of owners, runs and entries */
virLeaseEntry *virLeaseEntryNew(const virLeaseResource *resource);
void virLeaseEntryFree(virLeaseEntry *entry);
virLeaseRun *virLeaseRunNew(guint64 number, const char *sid, virLeaseRunState state, gint64 since);
void virLeaseRunFree(virLeaseRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseRun, virLeaseRunFree);
virLeaseEntry *virLeaseRunFind(const virLeaseRun *run, const char *resourceName);
gboolean virLeaseRunHas(const virLeaseRun *run, const char *path);
virLeaseOwner *virLeaseOwnerNew(guint64 id, const char *guest, const char *uuid, gint64 pid);
void virLeaseOwnerFree(virLeaseOwner *owner);
void virLeaseOwnerSetRun(virLeaseEngine *engine, virLeaseOwner *owner, virLeaseRun *run);
void virLeaseOwnerMoveRun(virLeaseEngine *engine, virLeaseOwner *owner, virLeaseRunState state);
void virLeaseOwnerDropRun(virLeaseEngine *engine, virLeaseOwner *owner);
void virLeaseOwnerReleaseRun(virLeaseEngine *engine, virLeaseOwner *owner, GHashTable *paths);
gboolean virLeaseOwnerIsRunning(const virLeaseOwner *owner);
void virLeaseOwnerForget(virLeaseEngine *engine, virLeaseOwner *owner);
virLeaseOwner *virLeaseEngineFindRun(const virLeaseEngine *engine, const char *sid, guint64 number);
virLeaseAttempt *virLeaseEngineFindAttempt(const virLeaseEngine *engine, const char *sid, guint64 run, guint64 attempt);
void virLeaseEngineRemoveEntries(virLeaseEngine *engine, const virLeaseOwner *owner, GPtrArray *entries, GHashTable *paths);
virLeaseToken *virLeaseRunToken(const virLeaseEngine *engine, const virLeaseRun *run);

/* virleaseownerops.c: suspend, detach, inquire, exit (rules 15 and 17) */
void virLeaseOwnerSuspend(virLeaseEngine *engine, const virLeaseEvent *event);
void virLeaseOwnerDetach(virLeaseEngine *engine, const virLeaseEvent *event);
void virLeaseOwnerInquire(virLeaseEngine *engine, const virLeaseEvent *event);
void virLeaseOwnerExited(virLeaseEngine *engine, guint64 id);
void virLeaseOwnerStopMarkers(virLeaseEngine *engine, virLeaseOwner *owner);

/* virleasescan.c */
void virLeaseScanFree(virLeaseScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseScan, virLeaseScanFree);
virLeaseScan *virLeaseScanStart(virLeaseEngine *engine, guint64 attempt, virLeaseScanOrder order, GArray *shards);
void virLeaseScanReply(virLeaseEngine *engine, const virLeaseOpContext *op, const virLeaseReply *reply);
const virLeaseSeen *virLeaseScanFind(const virLeaseScan *scan, const virLeaseEntryName *name);
gboolean virLeaseScanHasShard(const GArray *shards, guint shard);
gboolean virLeaseScanHasRun(const virLeaseScan *scan, const char *sid, guint64 run);

/* virleasechore.c: rule 3 */
void virLeaseChoreFree(virLeaseChore *chore);
void virLeaseChoreRemove(virLeaseEngine *engine, const char *path);
void virLeaseChoreRelease(virLeaseEngine *engine, const char *path, const virLeaseOwner *owner);
void virLeaseChoreRmdir(virLeaseEngine *engine, const char *path);
void virLeaseChoreMark(virLeaseEngine *engine, const char *path, const char *target);
gboolean virLeaseChorePending(const virLeaseEngine *engine, const char *path);
void virLeaseChoreReply(virLeaseEngine *engine, const virLeaseOpContext *op, const virLeaseReply *reply);
void virLeaseChoreTimers(virLeaseEngine *engine);
virLeaseTime virLeaseChoreWakeup(const virLeaseEngine *engine);
void virLeaseWaitAdd(virLeaseEngine *engine, guint64 request, const char *token, GHashTable *paths, virLeaseTime until);
void virLeaseWaitFree(virLeaseWait *wait);

/* virleaseupkeep.c: observation of all sessions, sweep, audit, revoke (rules 4, 7, 19, 20) */
void virLeaseUpkeepStart(virLeaseEngine *engine);
void virLeaseUpkeepTimers(virLeaseEngine *engine);
virLeaseTime virLeaseUpkeepWakeup(const virLeaseEngine *engine);
void virLeaseUpkeepObserved(virLeaseEngine *engine, virLeaseTime sent, const virLeaseReply *reply);
void virLeaseUpkeepObserverReply(virLeaseEngine *engine, const virLeaseOpContext *op, const virLeaseReply *reply);
void virLeaseUpkeepScanned(virLeaseEngine *engine, virLeaseScan *scan);

/* virleaserequest.c: what is asked for (rules 16 and 21) */
void virLeaseAttemptRegister(virLeaseEngine *engine, const virLeaseEvent *event);
void virLeaseAttemptAcquire(virLeaseEngine *engine, const virLeaseEvent *event);
void virLeaseAttemptRegain(virLeaseEngine *engine, virLeaseOwner *owner);

/* virleaseattempt.c: the course of an acquisition */
void virLeaseAttemptCancel(virLeaseEngine *engine, virLeaseAttempt *attempt, int code, const char *message);
void virLeaseAttemptClientGone(virLeaseEngine *engine, guint64 request);
void virLeaseAttemptFree(virLeaseAttempt *attempt);
void virLeaseAttemptMarkReply(virLeaseEngine *engine, const virLeaseOpContext *op, const virLeaseReply *reply);
void virLeaseAttemptScanned(virLeaseEngine *engine, virLeaseAttempt *attempt, virLeaseScan *scan);
void virLeaseAttemptDescribed(virLeaseEngine *engine, const virLeaseOpContext *op, const virLeaseReply *reply);
void virLeaseAttemptCleared(virLeaseEngine *engine, const char *path);
void virLeaseAttemptNotCleared(virLeaseEngine *engine, const char *path, virLeaseStatus status);
void virLeaseAttemptEntered(virLeaseEngine *engine, guint64 owner, gboolean ok);
void virLeaseAttemptNotEntered(virLeaseEngine *engine, virLeaseAttempt *attempt, const char *message);
void virLeaseAttemptSessionEnded(virLeaseEngine *engine);
void virLeaseAttemptProblem(virLeaseEngine *engine);
void virLeaseAttemptTimers(virLeaseEngine *engine);
virLeaseTime virLeaseAttemptWakeup(const virLeaseEngine *engine);

/* virleaseattempttry.c: one try, from its SYMLINKs to its grant or withdrawal */
gboolean virLeaseAttemptIsNewRun(const virLeaseAttempt *attempt);
void virLeaseAttemptMove(virLeaseEngine *engine, virLeaseAttempt *attempt, virLeaseAttemptState state);
void virLeaseAttemptTry(virLeaseEngine *engine, virLeaseAttempt *attempt);
void virLeaseAttemptWantMissing(virLeaseAttempt *attempt);
void virLeaseAttemptMakeEntries(virLeaseEngine *engine, virLeaseAttempt *attempt);
void virLeaseAttemptMark(virLeaseEngine *engine, virLeaseAttempt *attempt);
void virLeaseAttemptScan(virLeaseEngine *engine, virLeaseAttempt *attempt, virLeaseScanOrder order);
void virLeaseAttemptClear(virLeaseEngine *engine, virLeaseAttempt *attempt);
void virLeaseAttemptEnter(virLeaseEngine *engine, virLeaseAttempt *attempt);
void virLeaseAttemptWithdraw(virLeaseEngine *engine, virLeaseAttempt *attempt, gboolean redo, int code, char *message);
void virLeaseAttemptWithdrawn(virLeaseEngine *engine, virLeaseAttempt *attempt);
void virLeaseAttemptAnswer(virLeaseEngine *engine, virLeaseAttempt *attempt, int code, const char *message);
void virLeaseAttemptFinish(virLeaseEngine *engine, virLeaseAttempt *attempt, int code, const char *message);

/* virleaseattempttoken.c: rule 12 b and c */
gboolean virLeaseAttemptTokenIsVoid(virLeaseEngine *engine, virLeaseAttempt *attempt);
void virLeaseAttemptVerify(virLeaseEngine *engine, virLeaseAttempt *attempt);

/* virleaseconflict.c: who is in the way (rules 9, 11, 12) */
typedef enum {
    VIR_LEASE_CONFLICT_NONE,
    VIR_LEASE_CONFLICT_WORSE,   /* only worse-ranked ones: they will give way */
    VIR_LEASE_CONFLICT_BETTER,  /* give way */
} virLeaseConflict;

void virLeaseOtherFree(virLeaseOther *other);
const virLeaseOwner *virLeaseConflictInMemory(const virLeaseEngine *engine, const virLeaseAttempt *attempt, const virLeaseResource **resource);
void virLeaseConflictCollect(virLeaseEngine *engine, virLeaseAttempt *attempt, const virLeaseScan *scan);
virLeaseConflict virLeaseConflictJudge(const virLeaseEngine *engine, const virLeaseAttempt *attempt, const virLeaseOther **blocker);
gboolean virLeaseConflictSameGuest(const virLeaseAttempt *attempt);
gboolean virLeaseConflictElsewhere(const virLeaseEngine *engine, const virLeaseAttempt *attempt);
gboolean virLeaseConflictIsTokenRun(const virLeaseAttempt *attempt, const virLeaseEntryName *name);
gboolean virLeaseConflictTokenStopped(const virLeaseEngine *engine, const virLeaseAttempt *attempt);

/* virleasemessage.c: texts for people; each returns a new string */
char *virLeaseMessageBusy(const virLeaseEngine *engine, const virLeaseAttempt *attempt, const virLeaseOther *other);
char *virLeaseMessageBusyHere(const virLeaseEngine *engine, const virLeaseResource *resource, const virLeaseOwner *owner);
char *virLeaseMessageProblem(const virLeaseEngine *engine, virLeaseStatus status, const char *detail);
char *virLeaseMessageNotRemoved(const virLeaseEngine *engine, const char *path, virLeaseStatus status);
char *virLeaseMessageTokenVoid(const char *guest, const char *path);
char *virLeaseMessageHeldUp(const virLeaseEngine *engine, const virLeaseOwner *owner);
char *virLeaseMessageHandover(const virLeaseAttempt *attempt);
int virLeaseMessageProblemCode(virLeaseStatus status);

/* virleasestate.c: what is saved, as JSON */
char *virLeaseStateSession(const virLeaseEngine *engine);
char *virLeaseStateOwner(const virLeaseOwner *owner);
void virLeaseEngineSaveSession(virLeaseEngine *engine);
void virLeaseEngineSaveOwner(virLeaseEngine *engine, const virLeaseOwner *owner);
int virLeaseStateParseSession(virLeaseEngine *engine, const char *text, gboolean *sameBoot) G_GNUC_WARN_UNUSED_RESULT;
virLeaseOwner *virLeaseStateParseOwner(const char *text) G_GNUC_WARN_UNUSED_RESULT;
