/*
 * filelimit.h: for tests that need many descriptors
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <sys/resource.h>

/* Has the limit of open files raised to @wanted, if it is lower. */
static inline gboolean
testRaiseFileLimit(rlim_t wanted)
{
    struct rlimit limit;

    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    if (limit.rlim_cur >= wanted)
        return TRUE;
    limit.rlim_cur = wanted;
    limit.rlim_max = MAX(limit.rlim_max, wanted);
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}
