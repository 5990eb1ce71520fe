/*
 * lock_driver_sanlock_state.c: sanlock's text of what a process holds
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_sanlock_state.h"

#include <string.h>

/* Where the resource that begins at @text ends. */
static const char *
virLockManagerSanlockStateEnd(const char *text)
{
    while (*text && *text != ' ') {
        if (*text == '\\' && text[1])
            text++;
        text++;
    }
    return text;
}

/* The beginning of the resource, or NULL if it is not there. */
static const char *
virLockManagerSanlockStateFind(const char *state, const char *lockspace, const char *name)
{
    g_autofree char *prefix = g_strdup_printf("%s:%s:", lockspace, name);

    while (state && *state) {
        if (g_str_has_prefix(state, prefix))
            return state;
        state = virLockManagerSanlockStateEnd(state);
        state += *state == ' ';
    }
    return NULL;
}

gboolean
virLockManagerSanlockStateHas(const char *state, const char *lockspace, const char *name)
{
    return virLockManagerSanlockStateFind(state, lockspace, name) != NULL;
}

gboolean
virLockManagerSanlockStateVersion(const char *state,
                                  const char *lockspace,
                                  const char *name,
                                  guint64 *version)
{
    const char *text = virLockManagerSanlockStateFind(state, lockspace, name);
    g_autofree char *resource = NULL;

    if (!text)
        return FALSE;
    resource = g_strndup(text, (gsize) (virLockManagerSanlockStateEnd(text) - text));
    return g_ascii_string_to_unsigned(strrchr(resource, ':') + 1, 10, 0, G_MAXUINT64, version, NULL);
}

unsigned int
virLockManagerSanlockStateCount(const char *state)
{
    unsigned int count = 0;

    while (state && *state) {
        const char *end = virLockManagerSanlockStateEnd(state);

        count += end > state;
        state = end + (*end == ' ');
    }
    return count;
}
