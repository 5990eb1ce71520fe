/*
 * fuzz-savedtext.c: the daemon's state files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "lock_daemon_savedtext.h"
#include "virerror.h"
#include "viruuid.h"

static void
fuzzAssertSame(const virLockDaemonSavedText *a, const virLockDaemonSavedText *b)
{
    g_assert_cmpstr(a->bootid, ==, b->bootid);
    g_assert_cmpstr(a->url, ==, b->url);
    g_assert_cmpstr(a->uuid, ==, b->uuid);
    g_assert_cmpstr(a->name, ==, b->name);
    g_assert_cmpstr(a->text, ==, b->text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    g_autoptr(virLockDaemonSavedText) saved = virLockDaemonSavedTextParse(text, "fuzz");
    g_autoptr(virLockDaemonSavedText) again = NULL;
    g_autofree char *formatted = NULL;
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (!saved) {
        fuzzAssertError(VIR_ERR_INTERNAL_ERROR);
        return 0;
    }
    g_assert_nonnull(saved->bootid);
    g_assert_nonnull(saved->text);
    if (saved->uuid)
        g_assert_cmpint(virUUIDParse(saved->uuid, uuid), ==, 0);

    formatted = virLockDaemonSavedTextFormat(saved);
    g_assert_null(strchr(formatted, '\n'));
    again = virLockDaemonSavedTextParse(formatted, "again");
    g_assert_nonnull(again);
    fuzzAssertSame(again, saved);
    return 0;
}
