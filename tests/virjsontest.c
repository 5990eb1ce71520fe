/*
 * virjsontest.c: what json-glib does not read well is kept from it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virjson.h"

static void
testPlainIsLetThrough(void)
{
    static const char *const texts[] = {
        "", "{}", "[]", "null", "-1.5e+3", "{\"a\":[1,\"b\",true],\r\n\t\"c\":{}}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00fc\\ud7ff\\ue000\"", "\"{[\xc3\xbc\"",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_test_message("%s", texts[i]);
        g_assert_true(virJSONIsPlain(texts[i]));
    }
}

static void
testOthersAreNot(void)
{
    static const char *const texts[] = {
        "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u\"", "\"\\u12\"", "\"\\u123g\"",
        "\"\\u0000\"", "\"\\ud800\"", "\"\\uDFFF\"", "\"\\ud83d\\ude00\"",
        "/* \" */", "{} // x", "'a'", "# a", "]", "{}}", "\x01", "\xc3\xbc",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_test_message("%s", texts[i]);
        g_assert_false(virJSONIsPlain(texts[i]));
    }
}

static void
testDepthHasALimit(void)
{
    for (gsize depth = 1; depth < 2 * VIR_JSON_DEPTH_MAX; depth++) {
        g_autofree char *open = g_strnfill(depth, '[');
        g_autofree char *close = g_strnfill(depth, ']');
        g_autofree char *text = g_strconcat(open, close, NULL);

        g_assert_cmpint(virJSONIsPlain(text), ==, depth <= VIR_JSON_DEPTH_MAX);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/json/plain-is-let-through", testPlainIsLetThrough);
    g_test_add_func("/util/json/others-are-not", testOthersAreNot);
    g_test_add_func("/util/json/depth-has-a-limit", testDepthHasALimit);

    return g_test_run();
}
