/*
 * virleasetargettest.c: what an entry's link target says to people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virleasestore.h"
#include "virleasetarget.h"

#define TEST_UUID "11111111-2222-3333-4444-555555555555"

/* The caller frees it. */
static char *
testRepeat(const char *text, gsize times)
{
    g_autoptr(GString) out = g_string_new(NULL);

    while (times--)
        g_string_append(out, text);
    return g_strdup(out->str);
}

static void
testTargetIsSpeltAsDocumented(void)
{
    virLeaseTarget target = {
        .host = (char *) "kvm1",
        .guest = (char *) "web01",
        .uuid = (char *) TEST_UUID,
        .resource = (char *) "filer:/vm/a b,c=d%.qcow2",
        .path = (char *) "/images/a.qcow2",
        .pid = 123,
        .since = 1767348672,
    };
    g_autofree char *text = virLeaseTargetFormat(&target);

    g_assert_cmpstr(text, ==,
                    "host=kvm1,guest=web01,uuid=" TEST_UUID ",pid=123,since=2026-01-02T10:11:12Z,"
                    "path=/images/a.qcow2,resource=filer:/vm/a%20b%2cc%3dd%25.qcow2");
}

static void
testTargetComesBack(void)
{
    virLeaseTarget target = {
        .host = (char *) "kvm1.example.org",
        .guest = (char *) "b\303\244r=1,2%20",
        .uuid = (char *) TEST_UUID,
        .resource = (char *) "filer:/vm/a.qcow2",
        .path = (char *) "/images/ a,b.qcow2",
        .pid = 4194303,
        .since = 1767348672,
    };
    g_autofree char *text = virLeaseTargetFormat(&target);
    g_autoptr(virLeaseTarget) read = virLeaseTargetParse(text);

    g_assert_cmpstr(read->host, ==, target.host);
    g_assert_cmpstr(read->guest, ==, target.guest);
    g_assert_cmpstr(read->uuid, ==, target.uuid);
    g_assert_cmpstr(read->resource, ==, target.resource);
    g_assert_cmpstr(read->path, ==, target.path);
    g_assert_cmpint(read->pid, ==, target.pid);
    g_assert_cmpint(read->since, ==, target.since);
}

static void
testEmptyTarget(void)
{
    virLeaseTarget target = { 0 };
    g_autofree char *text = virLeaseTargetFormat(&target);
    g_autoptr(virLeaseTarget) read = virLeaseTargetParse(text);

    g_assert_cmpstr(text, ==, "");
    g_assert_cmpstr(read->host, ==, "");
    g_assert_cmpstr(read->guest, ==, "");
    g_assert_cmpstr(read->uuid, ==, "");
    g_assert_cmpstr(read->resource, ==, "");
    g_assert_cmpstr(read->path, ==, "");
    g_assert_cmpint(read->pid, ==, 0);
    g_assert_cmpint(read->since, ==, 0);
}

/* The longest names of every kind of character still fit, and who holds it
 * stays readable. */
static void
testLongValuesAreCut(void)
{
    static const char *const letters[] = { "a", " ", "\303\244", "\360\237\230\200", "\377" };
    gsize i;
    gsize length;

    for (i = 0; i < G_N_ELEMENTS(letters); i++) {
        for (length = 40; length < 5000; length = length * 5 / 4 + 1) {
            g_autofree char *lengthy = testRepeat(letters[i], length);
            virLeaseTarget target = {
                .host = lengthy, .guest = lengthy, .uuid = (char *) TEST_UUID,
                .resource = lengthy, .path = lengthy,
                .pid = G_MAXINT32, .since = 253402300799,
            };
            g_autofree char *text = virLeaseTargetFormat(&target);
            g_autoptr(virLeaseTarget) read = virLeaseTargetParse(text);

            g_assert_cmpuint(strlen(text), <=, VIR_LEASE_STORE_TARGET_MAX);
            g_assert_cmpstr(read->uuid, ==, TEST_UUID);
            g_assert_cmpint(read->pid, ==, G_MAXINT32);
            g_assert_cmpint(read->since, ==, 253402300799);
            g_assert_true(g_utf8_validate(read->guest, -1, NULL));
            if (letters[i][0] != '\377')
                g_assert_null(strstr(read->guest, "\\x"));
            if (length > 250) {
                g_assert_true(g_str_has_suffix(read->host, "..."));
                g_assert_true(g_str_has_suffix(read->guest, "..."));
                g_assert_true(g_str_has_suffix(read->resource, "..."));
                g_assert_true(g_str_has_suffix(read->path, "..."));
            }
        }
    }
}

static void
testWhatFitsIsNotCut(void)
{
    g_autofree char *guest = testRepeat("g", 220);
    virLeaseTarget target = { .guest = guest };
    g_autofree char *text = virLeaseTargetFormat(&target);
    g_autoptr(virLeaseTarget) read = virLeaseTargetParse(text);

    g_assert_cmpstr(read->guest, ==, guest);
}

static void
testHostileTargetIsReadAsFarAsItGoes(void)
{
    g_autoptr(virLeaseTarget) read =
        virLeaseTargetParse(",,=,host=%1b[31mkvm%0a,host=second,guest=\xff\xfe%,uuid=../../etc,pid=-1,"
                            "since=tomorrow,resource=a%00b,path=%zz%4,unknown=1,hos");

    g_assert_cmpstr(read->host, ==, "\\x1b[31mkvm\\x0a");
    g_assert_cmpstr(read->guest, ==, "\\xff\\xfe%");
    g_assert_cmpstr(read->uuid, ==, "");
    g_assert_cmpint(read->pid, ==, 0);
    g_assert_cmpint(read->since, ==, 0);
    g_assert_cmpstr(read->resource, ==, "a");
    g_assert_cmpstr(read->path, ==, "%zz%4");
}

static void
testUUIDIsLowerCase(void)
{
    g_autoptr(virLeaseTarget) read = virLeaseTargetParse("uuid=ABCDEF00-2222-3333-4444-555555555555");

    g_assert_cmpstr(read->uuid, ==, "abcdef00-2222-3333-4444-555555555555");
}

static void
testOddNumbersAreNone(void)
{
    static const char *const targets[] = {
        "pid=,since=", "pid=0,since=1960-01-01T00:00:00Z", "pid=99999999999999999999,since=2026-01-02",
        "pid=12x,since=2026-13-41T10:11:12Z", "pid= 12,since=9999999999999", "pid=0x10,since=2026-01-02T10:11:12",
    };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autoptr(virLeaseTarget) read = virLeaseTargetParse(targets[i]);

        g_test_message("'%s'", targets[i]);
        g_assert_cmpint(read->pid, ==, 0);
        g_assert_cmpint(read->since, ==, 0);
    }
}

static void
testPrintable(void)
{
    static const struct {
        const char *text;
        const char *printable;
    } cases[] = {
        { "", "" },
        { "plain b\303\244r", "plain b\303\244r" },
        { "\033]0;title\007", "\\x1b]0;title\\x07" },
        { "\302\233" "31m", "\\xc2\\x9b31m" },              /* CSI as one character */
        { "a\342\200\256b", "a\\xe2\\x80\\xaeb" },          /* right-to-left override */
        { "a\342\200\250b", "a\\xe2\\x80\\xa8b" },          /* line separator */
        { "\356\200\200", "\\xee\\x80\\x80" },         /* private use */
        { "\300\200", "\\xc0\\x80" },                       /* overlong NUL */
        { "\355\240\200", "\\xed\\xa0\\x80" },              /* surrogate */
        { "cut \303", "cut \\xc3" },
        { "\177", "\\x7f" },
    };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *printable = virLeaseTargetPrintable(cases[i].text);

        g_assert_cmpstr(printable, ==, cases[i].printable);
    }
}

/* Any bytes at all: fields are there, are UTF-8 and hold no control character. */
static void
testAnyBytesAreRead(void)
{
    static const char letters[] = "host=guest,uuid%0a%1b\033\n\377\200pid=since=12,path=";
    int i;

    for (i = 0; i < 5000; i++) {
        char text[200];
        gsize length = (gsize) g_test_rand_int_range(0, sizeof(text));
        g_autoptr(virLeaseTarget) read = NULL;
        const char *p;
        gsize j;

        for (j = 0; j < length; j++)
            text[j] = letters[g_test_rand_int_range(0, sizeof(letters) - 1)];
        text[length] = '\0';

        read = virLeaseTargetParse(text);
        g_assert_true(g_utf8_validate(read->host, -1, NULL));
        for (p = read->host; *p; p++)
            g_assert_false(g_ascii_iscntrl(*p));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/lease/target/is-spelt-as-documented", testTargetIsSpeltAsDocumented);
    g_test_add_func("/lease/target/comes-back", testTargetComesBack);
    g_test_add_func("/lease/target/empty", testEmptyTarget);
    g_test_add_func("/lease/target/long-values-are-cut", testLongValuesAreCut);
    g_test_add_func("/lease/target/what-fits-is-not-cut", testWhatFitsIsNotCut);
    g_test_add_func("/lease/target/hostile", testHostileTargetIsReadAsFarAsItGoes);
    g_test_add_func("/lease/target/uuid-is-lower-case", testUUIDIsLowerCase);
    g_test_add_func("/lease/target/odd-numbers-are-none", testOddNumbersAreNone);
    g_test_add_func("/lease/target/printable", testPrintable);
    g_test_add_func("/lease/target/any-bytes-are-read", testAnyBytesAreRead);

    return g_test_run();
}
