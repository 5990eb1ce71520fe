/*
 * fuzz-target.c: what the links of a lockspace say to people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Anybody who may write to the export makes them, and they are shown.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virleasestore.h"
#include "virleasetarget.h"

static void
fuzzAssertPrints(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (const char *p = text; *p; p = g_utf8_next_char(p))
        g_assert_true(g_unichar_isprint(g_utf8_get_char(p)));
}

/* What is fit to be shown stays as it is. */
static void
fuzzAssertShown(const char *shown, const char *text)
{
    g_autofree char *again = virLeaseTargetPrintable(shown);

    fuzzAssertPrints(shown);
    g_assert_cmpstr(again, ==, shown);
    g_assert_cmpuint(strlen(shown), <=, strlen("\\x00") * strlen(text));
}

static void
fuzzAssertSane(const virLeaseTarget *target)
{
    const char *const texts[] = { target->host, target->guest, target->uuid, target->resource, target->path };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        fuzzAssertPrints(texts[i]);
    g_assert_true(!*target->uuid || g_uuid_string_is_valid(target->uuid));
    g_assert_cmpint(target->pid, >=, 0);
    g_assert_cmpint(target->since, >=, 0);
}

/* Either the same, or the beginning of it with a sign that there was more. */
static void
fuzzAssertCut(const char *text, const char *whole)
{
    gsize length = strlen(text);

    if (g_str_equal(text, whole))
        return;
    g_assert_true(g_str_has_suffix(text, "..."));
    g_assert_true(strncmp(text, whole, length - strlen("...")) == 0);
}

static void
fuzzAssertComesBack(const virLeaseTarget *target)
{
    g_autofree char *text = virLeaseTargetFormat(target);
    g_autoptr(virLeaseTarget) again = virLeaseTargetParse(text);

    g_assert_cmpuint(strlen(text), <=, VIR_LEASE_STORE_TARGET_MAX);
    fuzzAssertSane(again);
    fuzzAssertCut(again->host, target->host);
    fuzzAssertCut(again->guest, target->guest);
    fuzzAssertCut(again->resource, target->resource);
    fuzzAssertCut(again->path, target->path);
    g_assert_cmpstr(again->uuid, ==, target->uuid);
    g_assert_cmpint(again->pid, ==, target->pid);
    /* The year 10000 can be read, but not written. */
    if (strstr(text, "since="))
        g_assert_cmpint(again->since, ==, target->since);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    g_autofree char *shown = virLeaseTargetPrintable(text);
    g_autoptr(virLeaseTarget) target = virLeaseTargetParse(text);

    fuzzAssertShown(shown, text);
    fuzzAssertSane(target);
    fuzzAssertComesBack(target);
    return 0;
}
