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

#define LAB_LEASE_SECONDS 3

typedef struct _labDaemon labDaemon;
struct _labDaemon {
    char *dir;          /* its own, with all files of it */
    char *config;
    char *socket;
    char *state;
    char *log;
    pid_t pid;          /* 0: not running */
};

typedef struct _labGuest labGuest;
struct _labGuest {
    char *name;
    unsigned char uuid[16];
    pid_t pid;
    unsigned int failure;   /* of virLeaseFailure: what it asks for when it registers or acquires */
};

/* Makes a lockspace with leases of LAB_LEASE_SECONDS in a new directory;
 * returns that. */
char *labLockspaceNew(void);
/* Removes @dir and all in it, and frees it. */
void labRemove(char *dir);

/* Makes one in the directory @dir, which must be there. */
void labLockspaceMake(const char *dir);

/* A daemon that serves the lockspace "default" at @url; not started. */
labDaemon *labDaemonNew(const char *url);
/* Starts it and waits until it says that it is ready. */
void labDaemonStart(labDaemon *daemon);
/* Starts it and waits until it ends by itself; returns whether with success. */
gboolean labDaemonStartFails(labDaemon *daemon);
/* Sends it @sig and waits for its end; returns its status of waitpid(). */
int labDaemonStop(labDaemon *daemon,
                  int sig);
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
