/*
 * virleaseengine.h: the lease engine of one lockspace, as a step function
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An event that carries its time goes in, a list of actions comes out. The
 * engine has no clock, no I/O, no thread and no callback; its randomness is a
 * seed that comes with its making. docs/internals/nfs-lease.rst has the
 * numbered rules that its code cites.
 */
#pragma once

#include "virleasestore.h"

typedef struct _virLeaseEngine virLeaseEngine;

#define VIR_LEASE_RESOURCES_MAX 1024        /* of one guest */
#define VIR_LEASE_SEED_WORDS 8

typedef enum {
    VIR_LEASE_MODE_EXCLUSIVE,
    VIR_LEASE_MODE_SHARED,

    VIR_LEASE_MODE_LAST
} virLeaseMode;

/* Something to be locked. Two are the same when their @name is. */
typedef struct _virLeaseResource virLeaseResource;
struct _virLeaseResource {
    char *name;         /* canonical, the same on every host; its hash goes on the export */
    char *path;         /* what this host's people call it; for messages */
    virLeaseMode mode;
};

virLeaseResource *virLeaseResourceNew(const char *name,
                                      const char *path,
                                      virLeaseMode mode);
void virLeaseResourceFree(virLeaseResource *resource);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseResource, virLeaseResourceFree);

/* What is to happen to a guest that loses its lease, as <on_lockfailure> says.
 * Numbers are also those of lease_protocol.x. */
typedef enum {
    VIR_LEASE_FAILURE_POWEROFF,
    VIR_LEASE_FAILURE_RESTART,
    VIR_LEASE_FAILURE_PAUSE,
    VIR_LEASE_FAILURE_IGNORE,

    VIR_LEASE_FAILURE_LAST
} virLeaseFailure;

/* As <on_lockfailure> spells it. */
const char *virLeaseFailureToString(virLeaseFailure failure);
/* The opposite; VIR_LEASE_FAILURE_LAST for anything else, and for NULL. */
virLeaseFailure virLeaseFailureFromString(const char *name);

typedef enum {
    VIR_LEASE_EVENT_TIMER,      /* virLeaseEngineGetWakeup() has come, or nothing special */
    VIR_LEASE_EVENT_REPLY,      /* a store answered */
    VIR_LEASE_EVENT_REGISTER,   /* a guest's process exists and will want its resources (rule 21) */
    VIR_LEASE_EVENT_ACQUIRE,    /* its CPUs are about to run, or a resource is attached */
    VIR_LEASE_EVENT_SUSPEND,    /* its CPUs were stopped: end its run, give its token (rule 15) */
    VIR_LEASE_EVENT_DETACH,     /* it gave up some resources (rule 17) */
    VIR_LEASE_EVENT_INQUIRE,    /* give its token, and let it run on (rule 15) */
    VIR_LEASE_EVENT_CANCEL,     /* who made the request @request no longer waits for an answer */
    VIR_LEASE_EVENT_ENTERED,    /* the guard knows @owner as running (rule 13), what was to be saved of it
                                 * is saved; @ok says whether */
    VIR_LEASE_EVENT_EXITED,     /* @owner's process is gone for certain (rule 17) */
    VIR_LEASE_EVENT_SHUTDOWN,   /* the daemon is about to end; guests run on */

    VIR_LEASE_EVENT_LAST
} virLeaseEventType;

/* One event. All pointers stay the caller's and are not kept. */
typedef struct _virLeaseEvent virLeaseEvent;
struct _virLeaseEvent {
    virLeaseEventType type;
    virLeaseTime now;           /* CLOCK_BOOTTIME; never goes back between two steps */
    gint64 wall;                /* seconds since the epoch by this host's clock: for people, and for mtimes */

    virLeaseReply *reply;       /* REPLY */

    guint64 owner;              /* all that concern an owner: a number never used again in this state directory */
    gboolean ok;                /* ENTERED */

    /* REGISTER, ACQUIRE, SUSPEND, DETACH, INQUIRE: each is answered once */
    guint64 request;            /* a number never used again by this daemon; also in CANCEL */
    virLeaseTime deadline;      /* answered by then at the latest */

    /* REGISTER and ACQUIRE: who it is. An owner need not be registered to acquire. */
    const char *guest;
    const char *uuid;           /* 36 characters */
    gint64 pid;
    virLeaseFailure failure;

    /* REGISTER, ACQUIRE, DETACH: of virLeaseResource; no two of one name */
    GPtrArray *resources;

    gboolean reserve;           /* REGISTER: lock at once (rule 21), else only remember the owner */
    const char *token;          /* ACQUIRE: what SUSPEND or INQUIRE gave, here or elsewhere; or NULL */
    gboolean boots;             /* ACQUIRE: its process was not begun in order to take over another's memory */
    virLeaseSpan handoverWait;  /* ACQUIRE with @token: how long the old run may take to stop (rule 12a) */
};

typedef enum {
    VIR_LEASE_ACTION_STORE,     /* submit @op to the store; if the last that was to be saved of @owner (0: of nobody)
                                 * could not be, answer with a reply UNSAVED instead, after this step */
    VIR_LEASE_ACTION_ANSWER,    /* answer @request with @code, @message, @token */
    VIR_LEASE_ACTION_SAVE_SESSION,  /* replace what is saved of the session by @text */
    VIR_LEASE_ACTION_SAVE_OWNER,    /* replace what is saved of @owner by @text */
    VIR_LEASE_ACTION_FORGET_OWNER,  /* remove what is saved of @owner; its number does not come again */
    VIR_LEASE_ACTION_ENTER,     /* tell the guard that @owner runs, and with @failure IGNORE is spared; answer with an event ENTERED */
    VIR_LEASE_ACTION_LEAVE,     /* tell the guard that @owner no longer runs */
    VIR_LEASE_ACTION_CONFIRM,   /* answer with an event ENTERED as after ENTER, without telling the guard */
    VIR_LEASE_ACTION_END,       /* tell the guard that the lease now lasts until @end */
    VIR_LEASE_ACTION_FAILING,   /* begin what @owner's failure action needs of libvirt (PAUSE: stop its CPUs,
                                 * RESTART: what a later start needs), for the reason @message: unless its
                                 * lease is renewed, or it is suspended, FENCE follows at @end */
    VIR_LEASE_ACTION_FENCE,     /* stop @owner's process for good, for the reason @message; @restart: and have
                                 * it started again when its locks can be had */
    VIR_LEASE_ACTION_DONE,      /* after SHUTDOWN: nothing more to wait for */

    VIR_LEASE_ACTION_LAST
} virLeaseActionType;

/* One action. They are to be carried out in the order in which they came; one
 * that fails (a SAVE that could not be written) stops none of the later ones,
 * but makes the next ENTER or CONFIRM of that owner answer with ok = FALSE. */
typedef struct _virLeaseAction virLeaseAction;
struct _virLeaseAction {
    virLeaseActionType type;
    virLeaseOp *op;             /* STORE: steal it */
    guint64 owner;
    guint64 request;
    int code;                   /* ANSWER: VIR_ERR_OK or a virErrorNumber */
    char *message;              /* ANSWER with an error: whole sentence, translated. FAILING, FENCE: the reason */
    char *token;                /* ANSWER to SUSPEND and INQUIRE; NULL if there is nothing to hand over */
    char *text;                 /* SAVE_*: JSON */
    virLeaseTime end;           /* END, FAILING */
    virLeaseFailure failure;    /* ENTER, FAILING: @owner's */
    gboolean restart;           /* FENCE */
    gboolean elsewhere;         /* ANSWER with RESOURCE_BUSY: the very same guest, @owner's, lives on another host */
};

void virLeaseActionFree(virLeaseAction *action);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseAction, virLeaseActionFree);

typedef struct _virLeaseEngineConfig virLeaseEngineConfig;
struct _virLeaseEngineConfig {
    const char *lockspace;      /* its name in the configuration, for messages */
    const char *url;            /* for messages */
    const char *host;           /* this host's name, for people everywhere */
    const char *bootid;         /* of this boot: saved state of another boot is not adopted */
    guint32 seed[VIR_LEASE_SEED_WORDS]; /* from getrandom(); session ids come from it */
};

/* Makes an engine that has done nothing yet: the first step starts it. */
virLeaseEngine *virLeaseEngineNew(const virLeaseEngineConfig *config);
void virLeaseEngineFree(virLeaseEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseEngine, virLeaseEngineFree);

/**
 * virLeaseEngineRestore:
 * @engine: an engine before its first step
 * @session: the text of the last SAVE_SESSION, or NULL
 * @owners: the texts of all SAVE_OWNER that were not forgotten; may be NULL
 * @now: the present
 *
 * Takes up what an earlier daemon of this host left. If its lease still has
 * time the session goes on; else its running owners are fenced by the first
 * step. The caller opens each restored owner's process again (see
 * virLeaseEngineGetStatus()) and sends EXITED for those that are gone.
 *
 * Returns 0, or -1 with an error reported if a text is not what the engine
 * wrote; the engine is then of no use.
 */
int virLeaseEngineRestore(virLeaseEngine *engine,
                          const char *session,
                          GPtrArray *owners,
                          virLeaseTime now) G_GNUC_WARN_UNUSED_RESULT;

/* Takes @event in and appends what is to be done to @actions (a queue of
 * virLeaseAction). Never blocks, never calls back. */
void virLeaseEngineStep(virLeaseEngine *engine,
                        const virLeaseEvent *event,
                        GQueue *actions);

/* When the engine wants its next step at the latest, if nothing else
 * happens; VIR_LEASE_TIME_NEVER if it does not care. Changes with each step. */
virLeaseTime virLeaseEngineGetWakeup(const virLeaseEngine *engine);

/* K: owners that still run so long before the end of the lease are stopped
 * (rule 6). 0 before the lockspace was read, and so before the first END. */
virLeaseSpan virLeaseEngineMargin(const virLeaseEngine *engine);

typedef struct _virLeaseOwnerStatus virLeaseOwnerStatus;
struct _virLeaseOwnerStatus {
    guint64 owner;
    char *guest;
    char *uuid;
    gint64 pid;
    const char *state;          /* "registered", "acquiring", "running", "stopped", "lost" */
    guint64 run;                /* 0 if none */
    gint64 since;               /* seconds since the epoch of the run's grant; 0 if none */
    virLeaseFailure failure;
    GPtrArray *resources;       /* of virLeaseResource: what is held */
};

typedef struct _virLeaseEngineStatus virLeaseEngineStatus;
struct _virLeaseEngineStatus {
    const char *state;          /* "starting", "active", "lost" */
    char *session;              /* id, or NULL */
    virLeaseTime end;           /* of the lease; 0 if there is none */
    virLeaseSpan length;        /* L; 0 if not known yet */
    char *problem;              /* what keeps the lockspace from working, translated; or NULL */
    gboolean coherent;          /* rule 7: own renewals were seen to move */
    GPtrArray *owners;          /* of virLeaseOwnerStatus */
};

/* A copy of the engine's state for people. */
virLeaseEngineStatus *virLeaseEngineGetStatus(const virLeaseEngine *engine,
                                              virLeaseTime now);
void virLeaseEngineStatusFree(virLeaseEngineStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseEngineStatus, virLeaseEngineStatusFree);
