/*
 * virleaseurltest.c: tests the parser of lockspace URLs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "virleaseurl.h"

static const struct {
    const char *text;
    const char *host;
    const char *path;
    int nfsport;
    int version;
} testGood[] = {
    { "nfs://filer/export/dir", "filer", "/export/dir", -1, -1 },
    { "nfs://filer.example.org/export//dir/", "filer.example.org", "/export/dir", -1, -1 },
    { "nfs://192.0.2.1:20049/x", "192.0.2.1", "/x", 20049, -1 },
    { "nfs://[2001:db8::1]/x", "2001:db8::1", "/x", -1, -1 },
    { "nfs://[::1]:2050/x?version=4", "::1", "/x", 2050, 4 },
    { "nfs://[fe80::1%eth0]/x", "fe80::1%eth0", "/x", -1, -1 },
    { "nfs://filer/vol:1/a%20b%3Fc%25", "filer", "/vol:1/a b?c%", -1, -1 },
    { "nfs://filer/x?nfsport=1&version=3&mountport=65535&uid=0&gid=7&tcp-syncnt=3&debug=0&if=eth0",
      "filer", "/x", 1, 3 },
    { "dir:/var/lib/lockspace", NULL, "/var/lib/lockspace", -1, -1 },
    { "dir:/a%20b//c:d/", NULL, "/a b/c:d", -1, -1 },
};

static const char *const testBad[] = {
    "", "x", "/x", "nfs:", "nfs://", "nfs:/filer/x", "http://filer/x", "NFS://filer/x",
    "nfs://filer", "nfs://filer/", "nfs://filer//", "nfs://filer?version=3", "nfs:///x",
    "nfs://:2049/x", "nfs://filer:/x", "nfs://filer:0/x", "nfs://filer:65536/x",
    "nfs://filer:2049x/x", "nfs://filer:1?nfsport=2/x", "nfs://::1/x", "nfs://[::1/x", "nfs://[::1]x/x",
    "nfs://[]/x", "nfs://[filer]/x", "nfs://user@filer/x", "nfs://-filer/x", "nfs://fi ler/x",
    "nfs://filer/..", "nfs://filer/a/../b", "nfs://filer/./b", "nfs://filer/%2e%2e/b",
    "nfs://filer/a%2Fb", "nfs://filer/a%00b", "nfs://filer/a%zz", "nfs://filer/a%2", "nfs://filer/a%0Ab",
    "nfs://filer/a\nb", "nfs://filer/a#b", "nfs://filer/\xff",
    "nfs://filer/x?", "nfs://filer/x?version", "nfs://filer/x?version=", "nfs://filer/x?version=2",
    "nfs://filer/x?version=3&version=3", "nfs://filer:1/x?nfsport=1", "nfs://filer/x?version=+3",
    "nfs://filer/x?version=3&", "nfs://filer/x?uid=-1", "nfs://filer/x?gid=99999999999",
    "nfs://filer/x?colour=red", "nfs://filer/x?version=4&mountport=1", "nfs://filer/x?if=",
    "nfs://filer/x?if=a/b", "nfs://filer/x?autoreconnect=1",
    "dir:", "dir:/", "dir:x", "dir://", "dir:/x?version=3", "dir:/x/../y",
};

static void
testParseGood(void)
{
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(testGood); i++) {
        g_autoptr(virLeaseURL) url = virLeaseURLParse(testGood[i].text);

        g_test_message("%s", testGood[i].text);
        g_assert_nonnull(url);
        g_assert_cmpint(url->scheme, ==, testGood[i].host ? VIR_LEASE_URL_NFS : VIR_LEASE_URL_DIR);
        g_assert_cmpstr(url->host, ==, testGood[i].host);
        g_assert_cmpstr(url->path, ==, testGood[i].path);
        g_assert_cmpint(url->nfsport, ==, testGood[i].nfsport);
        g_assert_cmpint(url->version, ==, testGood[i].version);
    }
}

static void
testParseOptions(void)
{
    g_autoptr(virLeaseURL) url = virLeaseURLParse(testGood[7].text);

    g_assert_nonnull(url);
    g_assert_cmpint(url->mountport, ==, 65535);
    g_assert_cmpint(url->uid, ==, 0);
    g_assert_cmpint(url->gid, ==, 7);
    g_assert_cmpint(url->synCount, ==, 3);
    g_assert_cmpint(url->debug, ==, 0);
    g_assert_cmpstr(url->interface, ==, "eth0");
}

/* Each is refused with an error of its own. */
static void
testParseBad(void)
{
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(testBad); i++) {
        g_autoptr(virLeaseURL) url = NULL;
        g_autofree char *shown = g_strescape(testBad[i], NULL);

        g_test_message("%s", shown);
        virResetLastError();
        url = virLeaseURLParse(testBad[i]);
        g_assert_null(url);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
    }
}

static void
testParseLong(void)
{
    g_autofree char *name = g_strnfill(256, 'n');
    g_autofree char *longName = g_strdup_printf("dir:/%s", name);
    g_autofree char *slashes = g_strnfill(5000, '/');
    g_autofree char *longURL = g_strdup_printf("dir:%sx", slashes);
    g_autoptr(GString) deep = g_string_new("dir:");
    const char *texts[] = { longName, longURL, NULL };
    gsize i;

    for (i = 0; i <= VIR_LEASE_URL_COMPONENTS_MAX; i++)
        g_string_append(deep, "/x");
    texts[2] = deep->str;
    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(virLeaseURL) url = virLeaseURLParse(texts[i]);

        g_assert_null(url);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lease/url/good", testParseGood);
    g_test_add_func("/lease/url/options", testParseOptions);
    g_test_add_func("/lease/url/bad", testParseBad);
    g_test_add_func("/lease/url/long", testParseLong);
    return g_test_run();
}
