/*
 * fuzz-conf.c: configuration files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virconf.h"
#include "virerror.h"

/* Names that the dictionary has too. */
static const char *const fuzzNames[] = {
    "name", "url", "on_lockfailure", "number", "flag", "list", "_a", NULL
};

/* Quotes @text as something that means it. */
static void
fuzzAddQuoted(GString *out, const char *text)
{
    const char *quote = "\"\"\"";

    if (!strpbrk(text, "\"\n"))
        quote = "\"";
    else if (!strpbrk(text, "'\n"))
        quote = "'";
    g_string_append_printf(out, "%s%s%s", quote, text, quote);
}

static void
fuzzAddList(GString *out, char **list)
{
    g_assert_cmpuint(g_strv_length(list), <=, VIR_CONF_ENTRIES_MAX);
    g_string_append(out, "[ ");
    for (gsize i = 0; list[i]; i++) {
        fuzzAddQuoted(out, list[i]);
        g_string_append(out, ", ");
    }
    g_string_append(out, "]");
}

/* Appends the value of @name. Asserts that it is of one kind only. */
static void
fuzzAddValue(const virConf *conf, const char *name, GString *out)
{
    g_autofree char *string = NULL;
    g_auto(GStrv) list = NULL;
    g_auto(GStrv) either = NULL;
    gboolean flag = FALSE;
    int number = 0;
    unsigned int size = 0;
    int isString = virConfGetValueString(conf, name, &string);
    int isList = virConfGetValueStringList(conf, name, FALSE, &list);
    int isEither = virConfGetValueStringList(conf, name, TRUE, &either);
    int isInt = virConfGetValueInt(conf, name, &number);
    int isUInt = virConfGetValueUInt(conf, name, &size);
    int isBool = virConfGetValueBool(conf, name, &flag);

    g_assert_cmpint(isEither, ==, MAX(isString, isList));
    g_assert_cmpint((isString == 1) + (isList == 1) + (isInt == 1 || isUInt == 1), <=, 1);
    if (isString == 0) {
        g_assert_true(!isList && !isInt && !isUInt && !isBool);
        return;
    }
    g_string_append_printf(out, "%s = ", name);
    if (isString == 1)
        fuzzAddQuoted(out, string);
    else if (isList == 1)
        fuzzAddList(out, list);
    else if (isInt == 1)
        g_string_append_printf(out, "%d", number);
    else
        g_string_append_printf(out, "%u", size);
    g_string_append(out, "\n");
}

static char *
fuzzFormat(const virConf *conf)
{
    GString *out = g_string_new(NULL);

    for (gsize i = 0; fuzzNames[i]; i++)
        fuzzAddValue(conf, fuzzNames[i], out);
    return g_string_free(out, FALSE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    g_autoptr(virConf) conf = virConfReadString(text, "fuzz.conf");
    g_autoptr(virConf) again = NULL;
    g_autofree char *values = NULL;
    g_autofree char *twice = NULL;

    if (!conf) {
        fuzzAssertError(VIR_ERR_CONF_SYNTAX);
        return 0;
    }
    if (virConfCheckNames(conf, fuzzNames) < 0)
        fuzzAssertError(VIR_ERR_CONF_SYNTAX);
    values = fuzzFormat(conf);
    again = virConfReadString(values, "again.conf");
    g_assert_nonnull(again);
    g_assert_cmpint(virConfCheckNames(again, fuzzNames), ==, 0);
    twice = fuzzFormat(again);
    g_assert_cmpstr(twice, ==, values);
    return 0;
}
