/*
 * testexpect.h: the error that a test expects
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

/* The thread's last error: of that domain and code, a text that can be shown,
 * with @part in it. It is forgotten then. */
void testExpectError(int domain,
                     int code,
                     const char *part);
