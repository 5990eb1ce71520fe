/*
 * lock_daemon_ownertable.c: all owners of the daemon
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_ownertable.h"

struct _virLockDaemonOwnerTable {
    GHashTable *owners;     /* number -> virLockDaemonOwner */
};

virLockDaemonOwnerTable *
virLockDaemonOwnerTableNew(void)
{
    virLockDaemonOwnerTable *table = g_new0(virLockDaemonOwnerTable, 1);

    table->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                          (GDestroyNotify) virLockDaemonOwnerFree);
    return table;
}

void
virLockDaemonOwnerTableFree(virLockDaemonOwnerTable *table)
{
    if (!table)
        return;
    g_hash_table_unref(table->owners);
    g_free(table);
}

void
virLockDaemonOwnerTableAdd(virLockDaemonOwnerTable *table, virLockDaemonOwner *owner)
{
    g_assert(!g_hash_table_contains(table->owners, &owner->number));
    g_hash_table_insert(table->owners, &owner->number, owner);
}

void
virLockDaemonOwnerTableRemove(virLockDaemonOwnerTable *table, virLockDaemonOwner *owner)
{
    g_hash_table_remove(table->owners, &owner->number);
}

size_t
virLockDaemonOwnerTableSize(const virLockDaemonOwnerTable *table)
{
    return g_hash_table_size(table->owners);
}

virLockDaemonOwner *
virLockDaemonOwnerTableGet(const virLockDaemonOwnerTable *table, guint64 number)
{
    return g_hash_table_lookup(table->owners, &number);
}

virLockDaemonOwner *
virLockDaemonOwnerTableFind(const virLockDaemonOwnerTable *table, pid_t pid)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, table->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLockDaemonOwner *owner = value;

        if (owner->pid == pid && !owner->exited && !owner->forgotten)
            return owner;
    }
    return NULL;
}

void
virLockDaemonOwnerTableForeach(const virLockDaemonOwnerTable *table, virLockDaemonOwnerTableFunc func, void *opaque)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, table->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        func(value, opaque);
}
