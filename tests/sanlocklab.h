/*
 * sanlocklab.h: two hosts, each with a real sanlock daemon
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The daemons run without privileges and without watchdog, each with a directory
 * of its own for its socket, and share a directory for leases. Each function
 * fails the test at once if it can't do what it says.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#define SANLOCK_LAB_HOSTS 2
#define SANLOCK_LAB_LOCKSPACE "__LIBVIRT__DISKS__"      /* as libvirt's own driver names it */

typedef struct _sanlockLab sanlockLab;
struct _sanlockLab {
    char *dir;
    char *leases;
    char *run[SANLOCK_LAB_HOSTS];   /* where the daemon's socket is */
    char *conf[SANLOCK_LAB_HOSTS];  /* where the driver's settings are: automatic leases, host_id 1 and 2 */
    pid_t pid[SANLOCK_LAB_HOSTS];
};

/* Whether there is a sanlock on this machine, and the driver was built; if not
 * the test is skipped. */
gboolean sanlockLabIsPossible(void);

/* Starts the daemons. Leases are for virLockManagerPluginNew() to make, which
 * sanlockLabJoin() calls on both hosts at once: it takes long. */
sanlockLab *sanlockLabNew(void);
void sanlockLabJoin(const sanlockLab *lab);

/* From now on this process, and those that it makes, are on @host. */
void sanlockLabEnter(const sanlockLab *lab,
                     int host);

/* Makes the lease @name of the joined lockspace in @file. */
void sanlockLabMakeLease(const sanlockLab *lab,
                         const char *name,
                         const char *file);

/* Runs "sanlock client" with @argv, ended by NULL, on @host. Returns what it
 * prints, to be freed; whether it was successful is not in its exit status. */
char *sanlockLabClient(const sanlockLab *lab,
                       int host,
                       const char *const *argv);

/* Kills the daemon of @host. */
void sanlockLabKill(sanlockLab *lab,
                    int host);

void sanlockLabFree(sanlockLab *lab);
