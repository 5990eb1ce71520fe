/*
 * lock_guard_table.h: the owners that the guard watches over
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the guard made of the page. Each owner is held by a pidfd, opened when
 * the page first told of it and only if the process was started when the page
 * says; so what is killed is never another process, whatever is in the page.
 * What was good once stays known when its record is damaged later.
 */
#pragma once

#include "lock_guard_page.h"

typedef struct _virLockGuardTable virLockGuardTable;

/* @page must live longer. Nothing is allocated for owners later. */
virLockGuardTable *virLockGuardTableNew(const virLockGuardPage *page);
void virLockGuardTableFree(virLockGuardTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockGuardTable, virLockGuardTableFree);

/**
 * virLockGuardTableTake:
 * @table: the table
 * @slot: from the worker: any number
 *
 * Looks at the slot, as the worker says that its owner runs from now on.
 *
 * Returns TRUE if that is so and the owner is watched over.
 */
gboolean virLockGuardTableTake(virLockGuardTable *table,
                               guint slot);

/**
 * virLockGuardTableAct:
 * @table: the table
 * @now: the present
 *
 * Looks at the page, and does what is due: SIGTERM to each running owner whose
 * lease has only the margin left (rule 6), SIGKILL a quarter of the margin
 * later, and a complaint, again and again, about one that is still there.
 *
 * Returns when to be called again at the latest.
 */
virLeaseTime virLockGuardTableAct(virLockGuardTable *table,
                                  virLeaseTime now);

/* Whether an owner is being killed and still exists. */
gboolean virLockGuardTableIsKilling(const virLockGuardTable *table);

/* How many owners were told to end, ever. */
guint virLockGuardTableGetFenced(const virLockGuardTable *table);

/* How many are watched over. */
guint virLockGuardTableGetRunning(const virLockGuardTable *table);

/* When the first lease ends, or ended, of an owner that exists and is not to
 * be ignored; VIR_LEASE_TIME_NEVER if there is none. */
virLeaseTime virLockGuardTableGetEnd(const virLockGuardTable *table);

/* Sends SIGKILL to those that got SIGTERM, as nobody will do it later. */
void virLockGuardTableHurry(virLockGuardTable *table);
