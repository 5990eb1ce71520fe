/*
 * testexpect.c: the error that a test expects
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "testexpect.h"

#include <string.h>

#include "virerror.h"

void
testExpectError(int domain,
                int code,
                const char *part)
{
    g_test_message("%s", virGetLastErrorMessage());
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    g_assert_cmpint(virGetLastErrorDomain(), ==, domain);
    g_assert_true(g_utf8_validate(virGetLastErrorMessage(), -1, NULL));
    g_assert_nonnull(strstr(virGetLastErrorMessage(), part));
    virResetLastError();
}
