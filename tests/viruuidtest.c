/*
 * viruuidtest.c: UUIDs are read strictly and written one way
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "viruuid.h"

static const unsigned char raw[VIR_UUID_BUFLEN] = {
    0xc7, 0xa5, 0xfd, 0xbd, 0xcd, 0xaf, 0x94, 0x55,
    0x92, 0x6a, 0xd6, 0x5c, 0x16, 0xdb, 0x18, 0x09,
};

static void
testFormat(void)
{
    char text[VIR_UUID_STRING_BUFLEN];

    g_assert_true(virUUIDFormat(raw, text) == text);
    g_assert_cmpstr(text, ==, "c7a5fdbd-cdaf-9455-926a-d65c16db1809");
}

static void
testParse(void)
{
    static const char *const good[] = {
        "c7a5fdbd-cdaf-9455-926a-d65c16db1809",
        "C7A5FDBD-CDAF-9455-926A-D65C16DB1809",
        "c7a5fdbdcdaf9455926ad65c16db1809",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        unsigned char uuid[VIR_UUID_BUFLEN] = { 0 };

        g_assert_cmpint(virUUIDParse(good[i], uuid), ==, 0);
        g_assert_cmpmem(uuid, sizeof(uuid), raw, sizeof(raw));
    }
}

static void
testParseRefuses(void)
{
    static const char *const bad[] = {
        "",
        "-",
        "c7a5fdbd-cdaf-9455-926a-d65c16db180",
        "c7a5fdbd-cdaf-9455-926a-d65c16db18091",
        "c7a5fdbd-cdaf-9455-926a-d65c16db1809-",
        "c7a5fdbd-cdaf-9455-926a-d65c16db1809 ",
        " c7a5fdbd-cdaf-9455-926a-d65c16db1809",
        "c7a5fdbd--cdaf-9455-926a-d65c16db1809",
        "-c7a5fdbd-cdaf-9455-926a-d65c16db1809",
        "c-7a5fdbd-cdaf-9455-926a-d65c16db1809",
        "g7a5fdbd-cdaf-9455-926a-d65c16db1809",
        "c7a5fdbd-cdaf-9455-926a-d65c16db180\xc3",
    };
    unsigned char untouched[VIR_UUID_BUFLEN];
    size_t i;

    memset(untouched, 0x55, sizeof(untouched));
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        unsigned char uuid[VIR_UUID_BUFLEN];

        memset(uuid, 0x55, sizeof(uuid));
        virResetLastError();
        g_assert_cmpint(virUUIDParse(bad[i], uuid), ==, -1);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
        g_assert_cmpmem(uuid, sizeof(uuid), untouched, sizeof(untouched));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/uuid/format", testFormat);
    g_test_add_func("/util/uuid/parse", testParse);
    g_test_add_func("/util/uuid/parse-refuses", testParseRefuses);

    return g_test_run();
}
