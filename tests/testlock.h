/*
 * testlock.h: a lock driver that does what its test wants
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * testlock.so reads TEST_LOCK from the environment whenever it is loaded:
 *
 *   old, new        claims version 0 or 2 of the interface
 *   newer           claims version 1.7
 *   null=CALLBACK   lacks that callback
 *   init            drvInit fails, and says why; init-silent: it does not
 *   stay            drvDeinit wants it to stay in memory
 *   able            never waits, and can be forced
 *
 * What the names of resources are good for:
 *
 *   refused         drvAddResource fails
 *   busy=N          the next N calls of drvAcquire find somebody else
 *   silent          drvAcquire fails without a word
 *   broken          drvAcquire fails, but not because it is busy
 *   lost            drvRelease fails, and gives a state all the same
 *
 * drvAcquire gives the descriptor TEST_LOCK_FD.
 */
#pragma once

#include "lock_driver.h"

#define TEST_LOCK_ENV "TEST_LOCK"
#define TEST_LOCK_FD 77

/* What is exported beside the driver: "testLockCalls". */
typedef struct _testLockRecord testLockRecord;
struct _testLockRecord {
    unsigned int loaded;        /* 1: since it was loaded last */
    unsigned int inits;
    unsigned int managers;      /* that were not freed yet */
    unsigned int resources;     /* of all of them */
    unsigned int acquires;
    unsigned int flags;         /* of the last callback that has some */
    char configFile[256];
    char state[256];            /* that drvAcquire was given */
};
