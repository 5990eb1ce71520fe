/*
 * lock_driver_sanlock_past.c: what stopped guests held
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_sanlock_past.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>

#include "viruuid.h"

/* "PID UUID" to the state; NULL until something is to be kept. */
static GHashTable *virLockManagerSanlockPast;
G_LOCK_DEFINE_STATIC(virLockManagerSanlockPast);

static char *
virLockManagerSanlockPastKey(const unsigned char *uuid, pid_t pid)
{
    char text[VIR_UUID_STRING_BUFLEN];

    virUUIDFormat(uuid, text);
    return g_strdup_printf("%ld %s", (long) pid, text);
}

/* Nobody tells a plugin that a guest has ended. */
static gboolean
virLockManagerSanlockPastIsOver(void *key, void *value G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    pid_t pid = (pid_t) g_ascii_strtoll(key, NULL, 10);

    return kill(pid, 0) < 0 && errno == ESRCH;
}

void
virLockManagerSanlockPastRemember(const unsigned char *uuid, pid_t pid, const char *state)
{
    G_LOCK(virLockManagerSanlockPast);
    if (!virLockManagerSanlockPast)
        virLockManagerSanlockPast = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_foreach_remove(virLockManagerSanlockPast, virLockManagerSanlockPastIsOver, NULL);
    g_hash_table_replace(virLockManagerSanlockPast, virLockManagerSanlockPastKey(uuid, pid), g_strdup(state));
    G_UNLOCK(virLockManagerSanlockPast);
}

char *
virLockManagerSanlockPastRecall(const unsigned char *uuid, pid_t pid)
{
    g_autofree char *key = virLockManagerSanlockPastKey(uuid, pid);
    char *state = NULL;

    G_LOCK(virLockManagerSanlockPast);
    if (virLockManagerSanlockPast)
        state = g_strdup(g_hash_table_lookup(virLockManagerSanlockPast, key));
    G_UNLOCK(virLockManagerSanlockPast);
    return state;
}

void
virLockManagerSanlockPastForget(const unsigned char *uuid, pid_t pid)
{
    g_autofree char *key = virLockManagerSanlockPastKey(uuid, pid);

    G_LOCK(virLockManagerSanlockPast);
    if (virLockManagerSanlockPast)
        g_hash_table_remove(virLockManagerSanlockPast, key);
    G_UNLOCK(virLockManagerSanlockPast);
}

void
virLockManagerSanlockPastClear(void)
{
    G_LOCK(virLockManagerSanlockPast);
    g_clear_pointer(&virLockManagerSanlockPast, g_hash_table_unref);
    G_UNLOCK(virLockManagerSanlockPast);
}
