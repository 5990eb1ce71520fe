/*
 * domainlockhost.h: a host, as a process that uses a lock driver for its guests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A lock driver's settings are those of its process, so two hosts are two
 * processes. A guest is a child of the host's that takes its locks and then
 * becomes this program once more, and sleeps. On the destination of a migration
 * it has "-incoming" on its command line, as QEMU has: virtleased looks for it.
 */
#pragma once

#include <sys/types.h>

#include "domain_lock.h"

/* What a host does with its guest when it is told to. */
typedef enum {
    HOST_LOAD,              /* the lock driver; before anything else */
    HOST_UNLOAD,
    HOST_START,             /* makes the guest's process */
    HOST_PAUSE,
    HOST_RESUME,
    HOST_INQUIRE,
    HOST_ATTACH,            /* the disk in @device */
    HOST_DETACH,
    HOST_LEASE_ATTACH,      /* the lease in @device */
    HOST_LEASE_DETACH,
    HOST_PREPARE_OUT,
    HOST_PREPARE_IN,        /* makes the guest's process */
    HOST_COMPLETE_IN,
    HOST_COMPLETE_OUT,
    HOST_END,               /* kills the guest's process: no call of the driver */
    HOST_ACQUIRE,           /* all that the guest has, for @timeoutMs and with @flags */

    HOST_LAST
} hostAction;

#define HOST_TEXT_MAX 8192

typedef struct _hostOrder hostOrder;
struct _hostOrder {
    hostAction action;
    char xml[HOST_TEXT_MAX];        /* of the guest */
    char device[HOST_TEXT_MAX];
    char state[HOST_TEXT_MAX];      /* "": none */
    unsigned int flags;
    unsigned int timeoutMs;
    pid_t pid;                      /* of the guest */
};

typedef struct _hostAnswer hostAnswer;
struct _hostAnswer {
    int result;
    int code;                       /* of the error */
    char message[HOST_TEXT_MAX];
    char state[HOST_TEXT_MAX];
    pid_t pid;                      /* of the guest that was made */
};

typedef struct _testHost testHost;

/* Has the lock manager look for drivers in the build tree only. Returns where
 * that is, to be freed. */
char *testHostUseBuilt(void);

/* One that uses @driver, whose settings are in @configDir. Loads nothing yet. */
testHost *testHostNew(const char *driver,
                      const char *configDir);

/* Carries out @order and waits for the answer. */
hostAnswer testHostDo(testHost *host,
                      const hostOrder *order);

/* The first argument of a program that is a guest: it calls the function. */
#define TEST_HOST_GUEST "-guest"
void testHostGuestMain(char **argv) G_GNUC_NORETURN;

/* Ends it and its guests. */
void testHostFree(testHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testHost, testHostFree)
