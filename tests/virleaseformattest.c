/*
 * virleaseformattest.c: what a lockspace says of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "virleaseformat.h"

#define TEST_ID "00112233445566778899aabbccddeeff"

static virLeaseFormat
testFormat(virLeaseSpan length, unsigned shards)
{
    virLeaseFormat format = {
        .version = VIR_LEASE_FORMAT_VERSION, .length = length, .shards = shards, .id = TEST_ID,
    };

    return format;
}

static void
testFormatIsSpeltAsDocumented(void)
{
    virLeaseFormat format = testFormat(VIR_LEASE_FORMAT_LENGTH_DEFAULT, VIR_LEASE_FORMAT_SHARDS_DEFAULT);
    g_autofree char *text = virLeaseFormatString(&format);

    g_assert_cmpstr(text, ==, "virtlease=1,lease_ms=30000,shards=16,id=" TEST_ID);
}

static void
testFormatComesBack(void)
{
    static const virLeaseSpan lengths[] = {
        VIR_LEASE_FORMAT_LENGTH_MIN, VIR_LEASE_FORMAT_LENGTH_MAX, 7 * VIR_LEASE_SECOND + VIR_LEASE_MILLISECOND,
    };
    static const unsigned shards[] = { 1, 16, VIR_LEASE_FORMAT_SHARDS_MAX };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(lengths) * G_N_ELEMENTS(shards); i++) {
        virLeaseFormat format = testFormat(lengths[i / 3], shards[i % 3]);
        g_autofree char *text = virLeaseFormatString(&format);
        virLeaseFormat read;

        g_assert_cmpint(virLeaseFormatParse(text, &read), ==, 0);
        g_assert_cmpuint(read.version, ==, VIR_LEASE_FORMAT_VERSION);
        g_assert_cmpint(read.length, ==, format.length);
        g_assert_cmpuint(read.shards, ==, format.shards);
        g_assert_cmpstr(read.id, ==, TEST_ID);
    }
}

static void
testFormatRefuses(const char *target, int code)
{
    virLeaseFormat format = testFormat(VIR_LEASE_FORMAT_LENGTH_MIN, 3);
    virLeaseFormat before = format;

    g_test_message("'%s'", target);
    virResetLastError();
    g_assert_cmpint(virLeaseFormatParse(target, &format), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    g_assert_cmpmem(&format, sizeof(format), &before, sizeof(before));
}

static void
testStrangersAreNotOurs(void)
{
    static const char *const targets[] = { "", "/etc/passwd", "virtlease", "virtlease 1", "VIRTLEASE=1", "format" };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(targets); i++)
        testFormatRefuses(targets[i], VIR_ERR_OPERATION_INVALID);
}

static void
testNewerVersionIsRefused(void)
{
    testFormatRefuses("virtlease=2", VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "2"));
    testFormatRefuses("virtlease=2,lease_ms=30000,shards=16,id=" TEST_ID, VIR_ERR_CONFIG_UNSUPPORTED);
    testFormatRefuses("virtlease=10,whatever,a,b,c,d,e,f,g,h,i", VIR_ERR_CONFIG_UNSUPPORTED);
}

static void
testDamagedIsRefused(void)
{
    static const char *const targets[] = {
        "virtlease=", "virtlease=0", "virtlease=-1", "virtlease=1", "virtlease=x", "virtlease=01",
        "virtlease=99999999999999999999",
        "virtlease=1,lease_ms=30000,shards=16",
        "virtlease=1,lease_ms=30000,shards=16,id=",
        "virtlease=1,lease_ms=30000,shards=16,id=" TEST_ID "0",
        "virtlease=1,lease_ms=30000,shards=16,id=" TEST_ID ",more=1",
        "virtlease=1,lease_ms=30000,shards=16,id=" TEST_ID "\n",
        "virtlease=1,lease_ms=30000,shards=16,id=00112233445566778899AABBCCDDEEFF",
        "virtlease=1,lease_ms=2999,shards=16,id=" TEST_ID,
        "virtlease=1,lease_ms=600001,shards=16,id=" TEST_ID,
        "virtlease=1,lease_ms=030000,shards=16,id=" TEST_ID,
        "virtlease=1,lease_ms=,shards=16,id=" TEST_ID,
        "virtlease=1,lease_ms=30000,shards=0,id=" TEST_ID,
        "virtlease=1,lease_ms=30000,shards=1025,id=" TEST_ID,
        "virtlease=1,lease_ms=30000,shards=1 6,id=" TEST_ID,
        "virtlease=1,shards=16,lease_ms=30000,id=" TEST_ID,
    };
    gsize i;

    for (i = 0; i < G_N_ELEMENTS(targets); i++)
        testFormatRefuses(targets[i], VIR_ERR_PARSE_FAILED);
}

static void
testMessagesAreSafeToPrint(void)
{
    testFormatRefuses("\033[2J", VIR_ERR_OPERATION_INVALID);
    g_assert_null(strchr(virGetLastErrorMessage(), '\033'));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/lease/format/is-spelt-as-documented", testFormatIsSpeltAsDocumented);
    g_test_add_func("/lease/format/comes-back", testFormatComesBack);
    g_test_add_func("/lease/format/strangers-are-not-ours", testStrangersAreNotOurs);
    g_test_add_func("/lease/format/newer-version-is-refused", testNewerVersionIsRefused);
    g_test_add_func("/lease/format/damaged-is-refused", testDamagedIsRefused);
    g_test_add_func("/lease/format/messages-are-safe-to-print", testMessagesAreSafeToPrint);

    return g_test_run();
}
