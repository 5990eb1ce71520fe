/*
 * fuzz.h: what every fuzz target has, and shares
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A target is LLVMFuzzerTestOneInput() in a file of its own. libFuzzer drives
 * it with inputs that it makes up, replay.c with those of corpus/. It fails by
 * an assertion, or by what a sanitizer or a critical message of GLib ends.
 */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

/* One input. Returns 0: worth keeping if it reached something new. Has given
 * back all that it took when it returns. */
int LLVMFuzzerTestOneInput(const uint8_t *data,
                           size_t size);

/* Called once, before the first input. */
int LLVMFuzzerInitialize(int *argc,
                         char ***argv);

/* The input as text, up to its first NUL; the caller frees it. Nothing lies
 * behind its end, so that a sanitizer sees who reads on. */
char *fuzzText(const uint8_t *data,
               size_t size);

/* Asserts that the last error is @code, and that its text is fit to be shown
 * and logged; forgets it. */
void fuzzAssertError(int code);
