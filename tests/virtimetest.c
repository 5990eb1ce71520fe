/*
 * virtimetest.c: the clock that counts leases, and the id of a boot
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <time.h>

#include "virerror.h"
#include "virtime.h"
#include "viruuid.h"

static gint64
testClock(clockid_t clock)
{
    struct timespec now;

    g_assert_cmpint(clock_gettime(clock, &now), ==, 0);
    return (gint64) now.tv_sec * 1000 * 1000 * 1000 + now.tv_nsec;
}

/* Between two readings of the very clock that rule 5 names. */
static void
testBootNowIsBootTime(void)
{
    gint64 before = testClock(CLOCK_BOOTTIME);
    gint64 now = virTimeBootNow();
    gint64 after = testClock(CLOCK_BOOTTIME);

    g_assert_cmpint(before, <=, now);
    g_assert_cmpint(now, <=, after);
}

static void
testBootIDIsOneUUID(void)
{
    g_autofree char *first = virTimeBootID();
    g_autofree char *second = virTimeBootID();
    unsigned char uuid[VIR_UUID_BUFLEN];
    char text[VIR_UUID_STRING_BUFLEN];

    g_assert_nonnull(first);
    g_assert_cmpstr(first, ==, second);
    g_assert_cmpint(virUUIDParse(first, uuid), ==, 0);
    g_assert_cmpstr(virUUIDFormat(uuid, text), ==, first);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/time/boot-now-is-boot-time", testBootNowIsBootTime);
    g_test_add_func("/util/time/boot-id-is-one-uuid", testBootIDIsOneUUID);

    return g_test_run();
}
