/*
 * simworld.h: hosts, guests and a server in virtual time
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Everything in a world follows from its configuration: the same seed makes
 * the same story. Its parts know each other's insides; scenarios may look at
 * all of them and change them by the functions only.
 *
 *     scenario or chaos ─► simguest (libvirt) ─► simhost (daemon, guard) ─► engine
 *                              │                     │
 *                          simjudge ◄──────────── simnet ─► simserver
 */
#pragma once

#include "simengine.h"
#include "simnet.h"

typedef struct _simWorld simWorld;
typedef struct _simHost simHost;
typedef struct _simGuest simGuest;
typedef struct _simDisk simDisk;
typedef struct _simProcess simProcess;
typedef struct _simMigration simMigration;
typedef struct _simRequest simRequest;
typedef struct _simJudge simJudge;

typedef struct {
    guint64 seed;
    guint hosts;
    virLeaseSpan length;        /* L */
    unsigned shards;
    const simEngineClass *engine;
    gboolean drift;             /* hosts' clocks run apart, within the margin */
    gboolean lazyGuard;         /* looks only once, when the time has come; else refuses late owners too */
    guint slow;                 /* permille of what guard and kernel do that takes as long as it may */
    gboolean calm;              /* the judge may expect that nothing fails without a reason */
    gboolean keepsState;        /* what a daemon saved outlives a boot */
    gboolean trace;
} simWorldConfig;

struct _simWorld {
    simWorldConfig config;
    simQueue *queue;
    simServer *server;
    simNet *net;
    simDice dice;
    simJudge *judge;
    GPtrArray *hosts;           /* of simHost */
    GPtrArray *guests;          /* of simGuest */
    GPtrArray *processes;       /* of simProcess: all that ever were */
    GPtrArray *alive;           /* of simProcess: those that are; not owned */
    GPtrArray *migrations;      /* of simMigration */
    GPtrArray *requests;        /* of simRequest */
    gint64 nextPid;
    gboolean lostData;          /* the server forgot what it had acknowledged, or somebody deleted it (not A4) */
};

/* One machine. Its daemon comes and goes; its guard stays. */
struct _simHost {
    simWorld *world;
    guint index;
    char *name;
    char *bootid;
    guint boots;
    gint64 ppm;                 /* by how much its clock is fast */
    virLeaseTime bootedAt;      /* world's time */
    virLeaseTime offset;        /* of CLOCK_BOOTTIME then */
    gint64 wallSkew;            /* seconds */
    gboolean up;

    gpointer engine;            /* NULL: the daemon does not run */
    guint64 generation;         /* counts daemons */
    virLeaseTime hungUntil;     /* world's time: nothing is taken in before */
    virLeaseTime guardHungUntil;    /* likewise: the guard does nothing before */
    virLeaseTime wakeup;        /* of the timer that is set, host's time */
    guint64 wakeSerial;
    virLeaseTime stepTime;      /* to notice an engine that spins */
    guint stepsThen;
    gint crashAfter;            /* actions; -1: not */
    guint64 nextRequest;

    char *savedSession;         /* what outlives a daemon, but not a boot */
    GHashTable *savedOwners;    /* of char: owner -> text */
    guint savedBoots;           /* boots when the saved state was last taken up */
    guint64 nextOwner;
    guint failSaves;            /* this many SAVE_OWNER to come fail */
    GHashTable *unsaved;        /* of char: owner of which one failed -> text, to be tried again */

    gboolean libvirtHangs;      /* the daemon gets no help from it */
    virLeaseTime failingAt;     /* world's time: when its engine asked for that last */
    guint restarts;             /* guests that were stopped to be started again */
    GHashTable *entered;        /* the guard's page: owners that run */
    gboolean unguarded;         /* neither of virtleased's processes is there */
    virLeaseTime end;           /* of the lease, host's time */
    guint64 guardSerial;
    guint leaseLosses;          /* how often a new end came after the old one had passed */
};

/* A guest's definition, the same for every host. */
struct _simGuest {
    char *name;
    char *uuid;
    virLeaseFailure failure;    /* what it wants when its lease is lost */
    GPtrArray *resources;       /* of virLeaseResource */
};

struct _simDisk {
    virLeaseResource *resource;
    virLeaseTime current;       /* as of then the guest's memory knows what is on it */
    char *heldBy;               /* name of the entry that stood there at the last grant, or NULL */
    guint heldLosses;           /* leaseLosses then */
    virLeaseTime doubted;       /* a call failed; until then the entry may be withdrawn for that */
    gboolean opened;            /* part of the guest; else only asked for */
    gboolean ran;               /* the guest's CPUs ran with it */
};

typedef enum {
    SIM_PROCESS_STARTING,       /* forked, not yet QEMU */
    SIM_PROCESS_READY,          /* QEMU runs, its CPUs never did here */
    SIM_PROCESS_RUNNING,
    SIM_PROCESS_PAUSED,
    SIM_PROCESS_DEAD,
} simProcessState;

struct _simProcess {
    simGuest *guest;
    simHost *host;
    guint64 owner;
    gint64 pid;                 /* never used again in a world */
    simProcessState state;
    GPtrArray *disks;           /* of simDisk */
    GPtrArray *kept;            /* of char: what the daemon may hold for it, as it could not tell, or be told: until the guest ends */
    char *token;                /* libvirt's lock state */
    gboolean busy;              /* a call of libvirt is under way */
    gboolean dying;             /* a kill was sent */
    gboolean exitTold;          /* its daemon knows that it is dead */
    guint64 fencedBy;           /* the daemon, by its generation, that has it killed; 0: none */
    gboolean immortal;          /* no kill ends it: it waits for a device in the kernel */
    virLeaseTime diedAt;
    gboolean diedPaused;        /* and its daemon had been told that it was */
    simMigration *migration;    /* or NULL */
    gboolean startPaused;
    gboolean incoming;          /* begun as the destination of a migration */
    gboolean ranHere;
    gboolean unplugged;         /* while it was paused, here or where it came from */
    simProcess *successorOf;    /* whose run it presented when it got its locks */
    gboolean suspending;        /* in a migration: the call that says it was stopped has not returned */
    char *lastMessage;          /* of the last call that failed */
    int lastCode;
    gboolean elsewhere;         /* it failed because the guest is on another host */
};

struct _simMigration {
    simProcess *source;
    simProcess *destination;
    gboolean live;              /* the source ran when it began */
    gboolean confused;          /* the destination's success will be taken for a failure */
    gboolean stopped;           /* the source's CPUs were, and its memory is over */
    gboolean suspended;         /* the call that says so has returned */
    gboolean failed;            /* the source is to go on */
    gboolean over;
};

typedef void (*simRequestFunc)(simRequest *request);

/* One call of libvirt; @done is called exactly once, whatever happens. */
struct _simRequest {
    virLeaseEventType type;
    guint64 id;
    simHost *host;
    simProcess *process;
    guint64 generation;
    GPtrArray *resources;       /* of virLeaseResource */
    char *token;
    gboolean reserve;
    virLeaseSpan handoverWait;
    virLeaseTime deadline;      /* host's time */
    virLeaseTime sent;          /* world's time */
    virLeaseTime finished;      /* likewise; 0: not yet */
    guint answers;
    gboolean givenUp;
    int code;
    char *message;
    char *result;               /* a token */
    simRequestFunc done;
};

simWorld *simWorldNew(const simWorldConfig *config);
void simWorldFree(simWorld *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(simWorld, simWorldFree);

virLeaseTime simWorldNow(const simWorld *world);
void simWorldRun(simWorld *world,
                 virLeaseSpan span);
simHost *simWorldHost(simWorld *world,
                      guint index);
simProcess *simWorldFindPid(simWorld *world,
                            gint64 pid);

/* A line of the story; @who may be NULL. */
void simWorldTrace(simWorld *world,
                   const simHost *who,
                   const char *fmt,
                   ...) G_GNUC_PRINTF(3, 4);
