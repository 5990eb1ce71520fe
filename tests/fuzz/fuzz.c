/*
 * fuzz.c: what every fuzz target shares
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virerror.h"
#include "virlog.h"

int
LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    /* Above the highest: ten million inputs would fill a disk. */
    virLogSetPriority((virLogPriority) (VIR_LOG_ERROR + 1));
    g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING);
    return 0;
}

char *
fuzzText(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\0', size) : NULL;
    size_t length = end ? (size_t) (end - data) : size;
    char *text = g_malloc(length + 1);

    if (length)
        memcpy(text, data, length);
    text[length] = '\0';
    return text;
}

void
fuzzAssertError(int code)
{
    const char *message = virGetLastErrorMessage();

    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    g_assert_nonnull(message);
    g_assert_cmpuint(strlen(message), >, 0);
    g_assert_cmpuint(strlen(message), <=, VIR_ERROR_MESSAGE_MAX);
    virResetLastError();
}
