/*
 * lock_guard_spawn.h: guard and worker start each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each is this very program, with an option that --help does not tell. Its
 * value says which descriptors it inherits.
 */
#pragma once

#include <sys/types.h>

#include "lock_daemon_options.h"

typedef struct _virLockGuardInherited virLockGuardInherited;
struct _virLockGuardInherited {
    int page;
    int channel;
    int socket;         /* which is listened on; -1: there is none yet */
    int watchdog;       /* connection with wdmd, for a guard; -1: none */
    int locks[2];       /* the worker's lock files (virlockspacebox.h): the guard only has it open */
    int starter;        /* pidfd of who starts it */
    pid_t pid;          /* of who starts it */
};

typedef enum {
    VIR_LOCK_GUARD_ROLE_WORKER,
    VIR_LOCK_GUARD_ROLE_GUARD,      /* instead of one that is gone */
} virLockGuardRole;

/* What a process is like as it was started; a guard makes itself something
 * better, and its worker is not to inherit that. */
typedef struct _virLockGuardRank virLockGuardRank;
struct _virLockGuardRank {
    int nice;
    char oom[16];       /* of oom_score_adj; empty: not known */
};

void virLockGuardRankGet(virLockGuardRank *rank);

/**
 * virLockGuardSpawn:
 * @role: what to start
 * @options: of the command line
 * @inherited: the descriptors for it, of this process; they stay open here
 * @rank: what it is to be like
 *
 * Returns the id of the new process, a child of this one, or -1 with an error
 * reported.
 */
pid_t virLockGuardSpawn(virLockGuardRole role,
                        const virLockDaemonOptions *options,
                        const virLockGuardInherited *inherited,
                        const virLockGuardRank *rank) G_GNUC_WARN_UNUSED_RESULT;

/* The other end of it: what the option's value @text says. The descriptors are
 * this process's from now on. Returns 0, or -1 with an error reported. */
int virLockGuardInheritedParse(const char *text,
                               virLockGuardInherited *inherited) G_GNUC_WARN_UNUSED_RESULT;
