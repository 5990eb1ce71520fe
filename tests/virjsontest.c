/*
 * virjsontest.c: what json-glib does not read well is kept from it, and what is written is read
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <json-glib/json-glib.h>
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

/* Every character that there is below 128, and some above. */
static char *
testAllCharacters(void)
{
    GString *text = g_string_new(NULL);

    for (int c = 1; c < 128; c++)
        g_string_append_c(text, (char) c);
    g_string_append(text, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
    return g_string_free(text, FALSE);
}

static void
testWrittenIsRead(void)
{
    g_autoptr(GString) json = g_string_new(NULL);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autofree char *all = testAllCharacters();
    JsonObject *object;
    JsonArray *array;

    virJSONAppendOpen(json, '{');
    virJSONAppendName(json, all);
    virJSONAppendString(json, all);
    virJSONAppendName(json, "list");
    virJSONAppendOpen(json, '[');
    virJSONAppendOpen(json, '[');
    g_string_append_c(json, ']');
    virJSONAppendString(json, "");
    virJSONAppendString(json, "[");
    virJSONAppendString(json, "last");
    g_string_append(json, "]}");

    g_assert_true(virJSONIsPlain(json->str));
    g_assert_true(json_parser_load_from_data(parser, json->str, -1, NULL));
    object = json_node_get_object(json_parser_get_root(parser));
    g_assert_cmpuint(json_object_get_size(object), ==, 2);
    g_assert_cmpstr(json_object_get_string_member(object, all), ==, all);
    array = json_object_get_array_member(object, "list");
    g_assert_cmpuint(json_array_get_length(array), ==, 4);
    g_assert_cmpuint(json_array_get_length(json_array_get_array_element(array, 0)), ==, 0);
    g_assert_cmpstr(json_array_get_string_element(array, 1), ==, "");
    g_assert_cmpstr(json_array_get_string_element(array, 3), ==, "last");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/json/plain-is-let-through", testPlainIsLetThrough);
    g_test_add_func("/util/json/others-are-not", testOthersAreNot);
    g_test_add_func("/util/json/depth-has-a-limit", testDepthHasALimit);
    g_test_add_func("/util/json/written-is-read", testWrittenIsRead);

    return g_test_run();
}
