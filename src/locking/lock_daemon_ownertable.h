/*
 * lock_daemon_ownertable.h: all owners of the daemon
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_daemon_owner.h"

typedef struct _virLockDaemonOwnerTable virLockDaemonOwnerTable;

virLockDaemonOwnerTable *virLockDaemonOwnerTableNew(void);
/* Frees the owners too. */
void virLockDaemonOwnerTableFree(virLockDaemonOwnerTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonOwnerTable, virLockDaemonOwnerTableFree);

/* Takes @owner over, whose number must be new. */
void virLockDaemonOwnerTableAdd(virLockDaemonOwnerTable *table,
                                virLockDaemonOwner *owner);
/* Takes @owner out and frees it. */
void virLockDaemonOwnerTableRemove(virLockDaemonOwnerTable *table,
                                   virLockDaemonOwner *owner);

size_t virLockDaemonOwnerTableSize(const virLockDaemonOwnerTable *table);

/* NULL if there is none. */
virLockDaemonOwner *virLockDaemonOwnerTableGet(const virLockDaemonOwnerTable *table,
                                               guint64 number);

/* The owner whose process has the id @pid and, for all that is known, still
 * exists; NULL if there is none. */
virLockDaemonOwner *virLockDaemonOwnerTableFind(const virLockDaemonOwnerTable *table,
                                                pid_t pid);

typedef void (*virLockDaemonOwnerTableFunc)(virLockDaemonOwner *owner,
                                            void *opaque);

/* @func may not change the table. */
void virLockDaemonOwnerTableForeach(const virLockDaemonOwnerTable *table,
                                    virLockDaemonOwnerTableFunc func,
                                    void *opaque);
