/*
 * fuzz-entryname.c: names found in a lockspace's directories
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Anybody who may write to the export makes them.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virleaseformat.h"
#include "virleasename.h"

/* What a directory's entry can be at most on any server. */
#define FUZZ_NAME_MAX 255

static void
fuzzEntryName(const char *text)
{
    virLeaseEntryName name;
    g_autofree char *again = NULL;
    g_autofree char *path = NULL;

    if (!virLeaseEntryNameParse(text, &name))
        return;
    again = virLeaseEntryNameFormat(&name);
    g_assert_cmpstr(again, ==, text);
    g_assert_cmpuint(strlen(text), <=, FUZZ_NAME_MAX);
    g_assert_cmpuint(name.run, <=, VIR_LEASE_COUNTER_MAX);
    g_assert_cmpuint(name.attempt, <=, VIR_LEASE_COUNTER_MAX);

    path = virLeaseEntryPath(&name, VIR_LEASE_FORMAT_SHARDS_MAX);
    g_assert_true(g_str_has_prefix(path, "locks/"));
    g_assert_cmpstr(strrchr(path, '/') + 1, ==, text);
}

static void
fuzzSessionName(const char *text)
{
    char sid[VIR_LEASE_SID_LEN + 1] = "";
    gboolean isMarker = 7;
    virLeaseMarker marker = VIR_LEASE_MARKER_LAST;
    guint64 run = 7;
    g_autofree char *path = NULL;

    if (!virLeaseSessionNameParse(text, sid, &isMarker, &marker, &run)) {
        g_assert_cmpstr(sid, ==, "");
        g_assert_cmpint(isMarker, ==, 7);
        return;
    }
    g_assert_true(virLeaseNameIsHex(sid, VIR_LEASE_SID_LEN));
    path = isMarker ? virLeaseMarkerPath(sid, marker, run) : virLeaseSessionPath(sid);
    g_assert_true(g_str_has_prefix(path, "sessions/"));
    g_assert_cmpstr(path + strlen("sessions/"), ==, text);
    g_assert_cmpuint(strlen(text), <=, FUZZ_NAME_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);

    fuzzEntryName(text);
    fuzzSessionName(text);
    return 0;
}
