/*
 * fuzz-url.c: where a lockspace is said to be
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virerror.h"
#include "virleaseurl.h"

static void
fuzzAssertPath(const char *path)
{
    g_auto(GStrv) components = g_strsplit(path, "/", -1);

    g_assert_cmpint(path[0], ==, '/');
    g_assert_cmpuint(g_strv_length(components), >=, 2);
    g_assert_cmpuint(g_strv_length(components) - 1, <=, VIR_LEASE_URL_COMPONENTS_MAX);
    for (gsize i = 1; components[i]; i++) {
        g_assert_cmpstr(components[i], !=, "");
        g_assert_cmpstr(components[i], !=, ".");
        g_assert_cmpstr(components[i], !=, "..");
    }
    for (const char *p = path; *p; p++)
        g_assert_false(g_ascii_iscntrl(*p));
}

static void
fuzzAddOption(GString *out, const char *name, int value)
{
    if (value >= 0)
        g_string_append_printf(out, "%c%s=%d", strchr(out->str, '?') ? '&' : '?', name, value);
}

/* @url put together again. */
static char *
fuzzFormat(const virLeaseURL *url)
{
    g_autofree char *path = g_uri_escape_string(url->path, "/:", FALSE);
    GString *out = g_string_new(NULL);

    if (url->scheme == VIR_LEASE_URL_DIR) {
        g_string_printf(out, "dir:%s", path);
        return g_string_free(out, FALSE);
    }
    g_string_printf(out, strchr(url->host, ':') ? "nfs://[%s]%s" : "nfs://%s%s", url->host, path);
    fuzzAddOption(out, "version", url->version);
    fuzzAddOption(out, "nfsport", url->nfsport);
    fuzzAddOption(out, "mountport", url->mountport);
    fuzzAddOption(out, "uid", url->uid);
    fuzzAddOption(out, "gid", url->gid);
    fuzzAddOption(out, "tcp-syncnt", url->synCount);
    fuzzAddOption(out, "debug", url->debug);
    if (url->interface)
        g_string_append_printf(out, "%cif=%s", strchr(out->str, '?') ? '&' : '?', url->interface);
    return g_string_free(out, FALSE);
}

static void
fuzzAssertSame(const virLeaseURL *a, const virLeaseURL *b)
{
    g_assert_cmpint(a->scheme, ==, b->scheme);
    g_assert_cmpstr(a->host, ==, b->host);
    g_assert_cmpstr(a->path, ==, b->path);
    g_assert_cmpint(a->version, ==, b->version);
    g_assert_cmpint(a->nfsport, ==, b->nfsport);
    g_assert_cmpint(a->mountport, ==, b->mountport);
    g_assert_cmpint(a->uid, ==, b->uid);
    g_assert_cmpint(a->gid, ==, b->gid);
    g_assert_cmpint(a->synCount, ==, b->synCount);
    g_assert_cmpint(a->debug, ==, b->debug);
    g_assert_cmpstr(a->interface, ==, b->interface);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    g_autoptr(virLeaseURL) url = virLeaseURLParse(text);
    g_autoptr(virLeaseURL) again = NULL;
    g_autofree char *formatted = NULL;

    if (!url) {
        fuzzAssertError(VIR_ERR_INVALID_ARG);
        return 0;
    }
    fuzzAssertPath(url->path);
    formatted = fuzzFormat(url);
    if (strlen(formatted) > VIR_LEASE_URL_MAX)      /* more of it is encoded now */
        return 0;
    again = virLeaseURLParse(formatted);
    g_assert_nonnull(again);
    fuzzAssertSame(again, url);
    return 0;
}
