/*
 * lock_daemon_heldlocks.c: which lock files are held for whom
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_heldlocks.h"
#include "virerror.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

/* Paths of lockspaces; and path, name, pid, start, flags, uuid and guest of
 * each lock. */
#define VIR_LOCK_DAEMON_HELD_LOCKS_TYPE "(asa(ssxtuss))"

static void
virLockDaemonHeldLockFree(void *opaque)
{
    virLockDaemonHeldLock *lock = opaque;

    g_free(lock->path);
    g_free(lock->name);
    g_free(lock->uuid);
    g_free(lock->guest);
    g_free(lock->text);
    g_free(lock);
}

virLockDaemonHeldLocks *
virLockDaemonHeldLocksNew(void)
{
    virLockDaemonHeldLocks *held = g_new0(virLockDaemonHeldLocks, 1);

    held->lockspaces = g_ptr_array_new_with_free_func(g_free);
    held->locks = g_ptr_array_new_with_free_func(virLockDaemonHeldLockFree);
    return held;
}

void
virLockDaemonHeldLocksFree(virLockDaemonHeldLocks *held)
{
    if (!held)
        return;
    g_ptr_array_unref(held->lockspaces);
    g_ptr_array_unref(held->locks);
    g_free(held);
}

/* Done once for each lock: the list is saved at every change, and may be long. */
static char *
virLockDaemonHeldLockFormat(const virLockDaemonHeldLock *lock)
{
    g_autoptr(GVariant) value = g_variant_ref_sink(g_variant_new("(ssxtuss)", lock->path, lock->name, lock->pid,
                                                                 lock->start, lock->flags, lock->uuid, lock->guest));

    return g_variant_print(value, FALSE);
}

gboolean
virLockDaemonHeldLocksAdd(virLockDaemonHeldLocks *held, const virLockDaemonHeldLock *lock)
{
    virLockDaemonHeldLock *copy;

    if (held->locks->len >= VIR_LOCK_DAEMON_HELD_LOCKS_MAX)
        return FALSE;
    copy = g_memdup2(lock, sizeof(*lock));
    copy->path = g_strdup(lock->path);
    copy->name = g_strdup(lock->name);
    copy->uuid = g_strdup(lock->uuid);
    copy->guest = g_strdup(lock->guest);
    copy->text = virLockDaemonHeldLockFormat(copy);
    g_ptr_array_add(held->locks, copy);
    return TRUE;
}

void
virLockDaemonHeldLocksRemove(virLockDaemonHeldLocks *held, const virLockDaemonHeldLock *lock)
{
    for (guint i = 0; i < held->locks->len; i++) {
        const virLockDaemonHeldLock *one = g_ptr_array_index(held->locks, i);

        if (one->pid == lock->pid && one->start == lock->start &&
            g_str_equal(one->name, lock->name) && g_str_equal(one->path, lock->path)) {
            g_ptr_array_remove_index_fast(held->locks, i);
            return;
        }
    }
}

guint
virLockDaemonHeldLocksRemoveOwner(virLockDaemonHeldLocks *held, gint64 pid, guint64 start)
{
    guint before = held->locks->len;

    for (guint i = before; i > 0; i--) {
        const virLockDaemonHeldLock *one = g_ptr_array_index(held->locks, i - 1);

        if (one->pid == pid && one->start == start)
            g_ptr_array_remove_index_fast(held->locks, i - 1);
    }
    return before - held->locks->len;
}

char *
virLockDaemonHeldLocksFormat(const virLockDaemonHeldLocks *held)
{
    g_autoptr(GVariant) paths = NULL;
    GString *text = g_string_new("(");

    paths = g_variant_ref_sink(g_variant_new_strv((const char *const *) held->lockspaces->pdata,
                                                  held->lockspaces->len));
    g_variant_print_string(paths, text, FALSE);
    g_string_append(text, ", [");
    for (guint i = 0; i < held->locks->len; i++) {
        const virLockDaemonHeldLock *lock = g_ptr_array_index(held->locks, i);

        if (i > 0)
            g_string_append(text, ", ");
        g_string_append(text, lock->text);
    }
    return g_string_free(g_string_append(text, "])"), FALSE);
}

/* Whether it is one that a daemon would save. */
static gboolean
virLockDaemonHeldLockIsSound(const virLockDaemonHeldLock *lock)
{
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (lock->pid <= 1 || lock->pid > G_MAXINT32 || !*lock->name || !*lock->guest)
        return FALSE;
    if (virUUIDParse(lock->uuid, uuid) == 0)
        return TRUE;
    virResetLastError();
    return FALSE;
}

/* Copies what @value has. Returns whether all of it is sound. */
static gboolean
virLockDaemonHeldLocksFill(virLockDaemonHeldLocks *held, GVariant *value)
{
    g_autoptr(GVariant) paths = g_variant_get_child_value(value, 0);
    g_autoptr(GVariant) locks = g_variant_get_child_value(value, 1);

    if (g_variant_n_children(paths) > VIR_LOCK_DAEMON_HELD_LOCKS_LOCKSPACES_MAX)
        return FALSE;
    for (gsize i = 0; i < g_variant_n_children(paths); i++) {
        char *path = NULL;

        g_variant_get_child(paths, i, "s", &path);
        g_ptr_array_add(held->lockspaces, path);
    }
    for (gsize i = 0; i < g_variant_n_children(locks); i++) {
        virLockDaemonHeldLock lock;

        g_variant_get_child(locks, i, "(&s&sxtu&s&s)", &lock.path, &lock.name, &lock.pid, &lock.start,
                            &lock.flags, &lock.uuid, &lock.guest);
        if (!virLockDaemonHeldLockIsSound(&lock) || !virLockDaemonHeldLocksAdd(held, &lock))
            return FALSE;
    }
    return TRUE;
}

virLockDaemonHeldLocks *
virLockDaemonHeldLocksParse(const char *text)
{
    g_autoptr(virLockDaemonHeldLocks) held = virLockDaemonHeldLocksNew();
    g_autoptr(GVariant) value = g_variant_parse(G_VARIANT_TYPE(VIR_LOCK_DAEMON_HELD_LOCKS_TYPE),
                                                text, NULL, NULL, NULL);

    if (value && virLockDaemonHeldLocksFill(held, value))
        return g_steal_pointer(&held);
    virReportError(VIR_ERR_INTERNAL_ERROR, "%s", _("the list of the locks that an earlier daemon held is damaged"));
    return NULL;
}
