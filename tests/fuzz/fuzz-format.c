/*
 * fuzz-format.c: what a lockspace says of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virerror.h"
#include "virleaseformat.h"

static void
fuzzAssertRefused(void)
{
    int code = virGetLastErrorCode();

    g_assert_true(code == VIR_ERR_OPERATION_INVALID ||
                  code == VIR_ERR_CONFIG_UNSUPPORTED ||
                  code == VIR_ERR_PARSE_FAILED);
    for (const char *p = virGetLastErrorMessage(); *p; p++)
        g_assert_false(g_ascii_iscntrl(*p));
    fuzzAssertError(code);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    g_autofree char *again = NULL;
    virLeaseFormat format;
    virLeaseFormat before;

    memset(&format, 7, sizeof(format));
    memcpy(&before, &format, sizeof(before));
    if (virLeaseFormatParse(text, &format) < 0) {
        g_assert_cmpmem(&format, sizeof(format), &before, sizeof(before));
        fuzzAssertRefused();
        return 0;
    }
    /* It asserts that all numbers are within their limits. */
    again = virLeaseFormatString(&format);
    g_assert_cmpstr(again, ==, text);
    return 0;
}
