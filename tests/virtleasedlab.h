/*
 * virtleasedlab.h: real daemons, with sleeping processes for guests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each function fails the test at once if it can't do what it says.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "lease_protocol.h"
#include "virleasetime.h"

#define LAB_LEASE_SECONDS 3

typedef struct _labDaemon labDaemon;
struct _labDaemon {
    char *dir;          /* its own, with all files of it */
    char *config;
    char *socket;
    char *state;
    char *log;
    char *pidFile;
    pid_t pid;          /* of its guard; 0: not running */
    pid_t group;        /* the process group of all that it consists of */
    pid_t keeper;       /* ends the group if this test dies */
    int leash;          /* the keeper sees the test's end by its */
};

typedef struct _labGuest labGuest;
struct _labGuest {
    char *name;
    unsigned char uuid[16];
    pid_t pid;
    unsigned int failure;   /* of virLeaseFailure: what it asks for when it registers or acquires */
};

/* Makes a lockspace with leases of @seconds in a new directory; returns that. */
char *labLockspaceNew(unsigned int seconds);
/* Removes @dir and all in it, and frees it. */
void labRemove(char *dir);

/* Makes one in the directory @dir, which must be there. */
void labLockspaceMake(const char *dir,
                      unsigned int seconds);

/* A daemon that serves the lockspace "default" at @url; not started. */
labDaemon *labDaemonNew(const char *url);
/* Starts it and waits until it says that it is ready. */
void labDaemonStart(labDaemon *daemon);
/* Starts it and waits until it ends by itself; returns whether with success. */
gboolean labDaemonStartFails(labDaemon *daemon);
/* Sends its guard @sig, or with SIGKILL all that it consists of, and waits for
 * the end of all. Returns the guard's status of waitpid(). */
int labDaemonStop(labDaemon *daemon,
                  int sig);
/* The process of its worker; 0 if there is none now. */
pid_t labDaemonWorker(const labDaemon *daemon);
/* Waits until it has a worker that is not the process @old. */
pid_t labDaemonNextWorker(const labDaemon *daemon,
                          pid_t old);
/* Waits until it has another guard, which is the one to be signalled from now on. */
void labDaemonNextGuard(labDaemon *daemon);
/* When the lease ends, or ended, that it saved last. */
virLeaseTime labDaemonEnd(const labDaemon *daemon);

/* Its log so far. */
char *labDaemonReadLog(const labDaemon *daemon);
/* Kills it if it runs, removes its files. */
void labDaemonFree(labDaemon *daemon);

/* A process that sleeps; one that does not care about SIGTERM if @stubborn. */
labGuest *labGuestNew(const char *name,
                      gboolean stubborn);
/* Kills it and waits for its end. */
void labGuestKill(labGuest *guest);
/* Whether its process ends within @ms; it is reaped then. */
gboolean labGuestEnds(labGuest *guest,
                      unsigned int ms);
void labGuestFree(labGuest *guest);

/* Each makes one call and returns the code of its error, 0 if there is none.
 * @message gets the error's text if it is not NULL. @resource may be NULL. */
int labRegister(const labDaemon *daemon,
                const labGuest *guest,
                const char *resource,
                char **message);
int labAcquire(const labDaemon *daemon,
               const labGuest *guest,
               const char *resource,
               const char *token,
               char **message);
int labDetach(const labDaemon *daemon,
              const labGuest *guest,
              const char *resource);
/* @token gets what was answered, to be freed. */
int labSuspend(const labDaemon *daemon,
               const labGuest *guest,
               char **token);

/* Acquires again and again, while it is refused, for @ms at most. Returns the
 * code of the last error, 0 if it was granted. */
int labAcquirePatiently(const labDaemon *daemon,
                        const labGuest *guest,
                        const char *resource,
                        unsigned int ms);

/* The first lockspace's status, to be freed by labStatusFree(). */
virLeaseProtocolStatusRet *labStatus(const labDaemon *daemon);
void labStatusFree(virLeaseProtocolStatusRet *status);

/* The state that @daemon shows of @guest; "" if it doesn't know it. */
char *labGuestState(const labDaemon *daemon,
                    const labGuest *guest);
/* Waits until it shows @state, for some seconds at most. */
void labWaitGuestState(const labDaemon *daemon,
                       const labGuest *guest,
                       const char *state);

/* One lockspace, two daemons, two guests. */
typedef struct _labHosts labHosts;
struct _labHosts {
    char *lockspace;    /* the directory that it is in */
    labDaemon *a;
    labDaemon *b;
    labGuest *web;
    labGuest *db;
};

/* @lockspace is taken over. Both daemons, which serve it at @url, are started. */
void labHostsStart(labHosts *hosts,
                   char *lockspace,
                   const char *url);
/* Ends and removes it all. Prints the logs if the test has failed. */
void labHostsStop(labHosts *hosts);
