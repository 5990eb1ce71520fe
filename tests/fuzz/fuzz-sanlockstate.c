/*
 * fuzz-sanlockstate.c: sanlock's lock state that libvirt hands on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It comes from another host, or out of a file, and is read within libvirtd.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "lock_driver_sanlock_state.h"

/* The dictionary has them, too. */
#define FUZZ_LOCKSPACE "__LIBVIRT__DISKS__"
#define FUZZ_NAME "0123456789abcdef0123456789abcdef"
#define FUZZ_VERSION 7

/* One resource more at the beginning is counted, and found before all others. */
static void
fuzzAssertFirstFound(const char *state)
{
    g_autofree char *more = g_strconcat(FUZZ_LOCKSPACE ":" FUZZ_NAME ":/leases/a\\ b:1048576:7 ", state, NULL);
    guint64 version = 0;

    g_assert_true(virLockManagerSanlockStateHas(more, FUZZ_LOCKSPACE, FUZZ_NAME));
    g_assert_true(virLockManagerSanlockStateVersion(more, FUZZ_LOCKSPACE, FUZZ_NAME, &version));
    g_assert_cmpuint(version, ==, FUZZ_VERSION);
    g_assert_cmpuint(virLockManagerSanlockStateCount(more), ==, virLockManagerSanlockStateCount(state) + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *state = fuzzText(data, size);
    gboolean has = virLockManagerSanlockStateHas(state, FUZZ_LOCKSPACE, FUZZ_NAME);
    guint64 version = FUZZ_VERSION;

    if (virLockManagerSanlockStateVersion(state, FUZZ_LOCKSPACE, FUZZ_NAME, &version))
        g_assert_true(has);
    else
        g_assert_cmpuint(version, ==, FUZZ_VERSION);
    g_assert_cmpuint(virLockManagerSanlockStateCount(state), >=, has ? 1 : 0);
    g_assert_cmpuint(virLockManagerSanlockStateCount(state), <=, (strlen(state) + 1) / 2);
    fuzzAssertFirstFound(state);
    return 0;
}
