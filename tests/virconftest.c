/*
 * virconftest.c: what a configuration file may say, and what is refused
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "virconf.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_CONF

static virConf *
testRead(const char *text)
{
    virConf *conf = virConfReadString(text, "test.conf");

    if (!conf)
        g_error("%s", virGetLastErrorMessage());
    return conf;
}

static void
testAssertRefused(const char *text, unsigned int line)
{
    g_autoptr(virConf) conf = NULL;
    g_autofree char *where = g_strdup_printf("file 'test.conf', line %u: ", line);

    virResetLastError();
    conf = virConfReadString(text, "test.conf");
    if (conf)
        g_error("was not refused: %s", text);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);
    if (!g_str_has_prefix(virGetLastErrorMessage(), where))
        g_error("'%s' does not begin with '%s'", virGetLastErrorMessage(), where);
}

static void
testStrings(void)
{
    g_autoptr(virConf) conf = testRead("# a comment\n"
                                       "one = \"a 'b' # c\\n\"   # another\n"
                                       "\ttwo='say \"x\"'\r\n"
                                       "three = \"\"\"line 1\nline \"2\"\n\"\"\"\n"
                                       "empty = ''");
    g_autofree char *one = NULL;
    g_autofree char *two = NULL;
    g_autofree char *three = NULL;
    g_autofree char *empty = NULL;
    char *absent = NULL;

    g_assert_cmpint(virConfGetValueString(conf, "one", &one), ==, 1);
    g_assert_cmpstr(one, ==, "a 'b' # c\\n");
    g_assert_cmpint(virConfGetValueString(conf, "two", &two), ==, 1);
    g_assert_cmpstr(two, ==, "say \"x\"");
    g_assert_cmpint(virConfGetValueString(conf, "three", &three), ==, 1);
    g_assert_cmpstr(three, ==, "line 1\nline \"2\"\n");
    g_assert_cmpint(virConfGetValueString(conf, "empty", &empty), ==, 1);
    g_assert_cmpstr(empty, ==, "");
    g_assert_cmpint(virConfGetValueString(conf, "four", &absent), ==, 0);
    g_assert_null(absent);
}

static void
testNumbers(void)
{
    g_autoptr(virConf) conf = testRead("a = 42\nb = -42\nc = 0x2a\nd = 4294967295\ne = 4294967296\n"
                                       "f = -2147483648\ng = 1\nh = 0\n");
    int i = 0;
    unsigned int u = 0;
    gboolean b = FALSE;

    g_assert_cmpint(virConfGetValueInt(conf, "a", &i), ==, 1);
    g_assert_cmpint(i, ==, 42);
    g_assert_cmpint(virConfGetValueInt(conf, "b", &i), ==, 1);
    g_assert_cmpint(i, ==, -42);
    g_assert_cmpint(virConfGetValueUInt(conf, "c", &u), ==, 1);
    g_assert_cmpuint(u, ==, 42);
    g_assert_cmpint(virConfGetValueUInt(conf, "d", &u), ==, 1);
    g_assert_cmpuint(u, ==, G_MAXUINT32);
    g_assert_cmpint(virConfGetValueInt(conf, "f", &i), ==, 1);
    g_assert_cmpint(i, ==, G_MININT32);
    g_assert_cmpint(virConfGetValueBool(conf, "g", &b), ==, 1);
    g_assert_true(b);
    g_assert_cmpint(virConfGetValueBool(conf, "h", &b), ==, 1);
    g_assert_false(b);
    g_assert_cmpint(virConfGetValueBool(conf, "x", &b), ==, 0);
}

static void
testOutOfRangeLeavesTheValue(void)
{
    g_autoptr(virConf) conf = testRead("e = 4294967296\n\nb = -1\nc = 2\n");
    int i = 7;
    unsigned int u = 7;
    gboolean b = FALSE;

    g_assert_cmpint(virConfGetValueUInt(conf, "e", &u), ==, -1);
    g_assert_cmpstr(virGetLastErrorMessage(), ==,
                    "file 'test.conf', line 1: 'e' must be a number from 0 to 4294967295");
    g_assert_cmpint(virConfGetValueInt(conf, "e", &i), ==, -1);
    g_assert_cmpint(virConfGetValueUInt(conf, "b", &u), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);
    g_assert_cmpint(virConfGetValueBool(conf, "c", &b), ==, -1);
    g_assert_cmpstr(virGetLastErrorMessage(), ==,
                    "file 'test.conf', line 4: 'c' must be 0 or 1");
    g_assert_cmpint(i, ==, 7);
    g_assert_cmpuint(u, ==, 7);
    g_assert_false(b);
}

static void
testLists(void)
{
    g_autoptr(virConf) conf = testRead("none = []\n"
                                       "two = [ \"a\",  # first\n 'b',\n]\n"
                                       "text = \"alone\"\n");
    g_auto(GStrv) none = NULL;
    g_auto(GStrv) two = NULL;
    g_auto(GStrv) text = NULL;
    char **refused = NULL;

    g_assert_cmpint(virConfGetValueStringList(conf, "none", FALSE, &none), ==, 1);
    g_assert_cmpuint(g_strv_length(none), ==, 0);
    g_assert_cmpint(virConfGetValueStringList(conf, "two", FALSE, &two), ==, 1);
    g_assert_cmpuint(g_strv_length(two), ==, 2);
    g_assert_cmpstr(two[0], ==, "a");
    g_assert_cmpstr(two[1], ==, "b");
    g_assert_cmpint(virConfGetValueStringList(conf, "text", FALSE, &refused), ==, -1);
    g_assert_null(refused);
    g_assert_cmpint(virConfGetValueStringList(conf, "text", TRUE, &text), ==, 1);
    g_assert_cmpuint(g_strv_length(text), ==, 1);
    g_assert_cmpstr(text[0], ==, "alone");
    g_assert_cmpint(virConfGetValueStringList(conf, "x", TRUE, &refused), ==, 0);
}

static void
testWrongKindIsRefused(void)
{
    g_autoptr(virConf) conf = testRead("text = 'x'\nnumber = 1\nlist = []\n");
    char *text = NULL;
    char **list = NULL;
    int i = 0;

    g_assert_cmpint(virConfGetValueString(conf, "number", &text), ==, -1);
    g_assert_cmpint(virConfGetValueString(conf, "list", &text), ==, -1);
    g_assert_cmpint(virConfGetValueInt(conf, "text", &i), ==, -1);
    g_assert_cmpint(virConfGetValueInt(conf, "list", &i), ==, -1);
    g_assert_cmpint(virConfGetValueStringList(conf, "number", TRUE, &list), ==, -1);
    g_assert_null(text);
    g_assert_null(list);
}

static void
testUnknownNameIsRefused(void)
{
    g_autoptr(virConf) conf = testRead("known = 1\n\nlokspaces = []\n");
    const char *const known[] = { "known", "lockspaces", NULL };
    const char *const all[] = { "known", "lokspaces", NULL };

    g_assert_cmpint(virConfCheckNames(conf, all), ==, 0);
    g_assert_cmpint(virConfCheckNames(conf, known), ==, -1);
    g_assert_cmpstr(virGetLastErrorMessage(), ==,
                    "file 'test.conf', line 3: there is no setting named 'lokspaces'");
}

static void
testHostileText(void)
{
    g_autoptr(GString) list = g_string_new("a = [");
    g_autoptr(GString) entries = g_string_new(NULL);
    size_t i;

    testAssertRefused("a", 1);
    testAssertRefused("\n= 1", 2);
    testAssertRefused("a =", 1);
    testAssertRefused("a = \n1", 1);
    testAssertRefused("a = 1 b = 2", 1);
    testAssertRefused("a = 1\na = 2", 2);
    testAssertRefused("a = -", 1);
    testAssertRefused("a = - 1", 1);
    testAssertRefused("a = 1x", 1);
    testAssertRefused("a = 0x", 1);
    testAssertRefused("a = 99999999999999999999", 1);
    testAssertRefused("a = \"open", 1);
    testAssertRefused("\na = \"over\ntwo lines\"", 2);
    testAssertRefused("a = 'b\"", 1);
    testAssertRefused("a = \"\"\"open\n\"\"", 1);
    testAssertRefused("a = \"\"\"x\ny\"\"\" z", 2);
    testAssertRefused("a = [", 1);
    testAssertRefused("a = [ 'x' ", 1);
    testAssertRefused("a = [ 'x' 'y' ]", 1);
    testAssertRefused("a = [ , ]", 1);
    testAssertRefused("a = [ 'x',, ]", 1);
    testAssertRefused("a = [ 1 ]", 1);
    testAssertRefused("a = [\n [ 'x' ] ]", 2);
    testAssertRefused("a = 'x'\nb = '\xff'", 2);
    testAssertRefused("a = 1\n\n# \xc3", 3);
    testAssertRefused("a-b = 1", 1);
    testAssertRefused("\x01", 1);

    for (i = 0; i <= VIR_CONF_ENTRIES_MAX; i++)
        g_string_append(list, "'x',");
    g_string_append(list, "]\n");
    testAssertRefused(list->str, 1);

    for (i = 0; i <= VIR_CONF_ENTRIES_MAX; i++)
        g_string_append_printf(entries, "a%zu = 1\n", i);
    testAssertRefused(entries->str, VIR_CONF_ENTRIES_MAX + 1);
}

/* Whatever is cut off or changed in a good file: read or refused, no more. */
static void
testDamagedTextIsReadOrRefused(void)
{
    const char *good = "a = \"x\" # y\nb = [ 'c', \"d\" ]\ne = \"\"\"f\n\"\"\"\ng = -0x12\n";
    size_t round;

    for (round = 0; round < 20000; round++) {
        g_autofree char *text = g_strdup(good);
        g_autoptr(virConf) conf = NULL;
        int at = g_test_rand_int_range(0, (gint32) strlen(good));

        if (round % 2)
            text[at] = (char) g_test_rand_int_range(0, 128);
        else
            memmove(text + at, text + at + 1, strlen(text + at));

        virResetLastError();
        conf = virConfReadString(text, "test.conf");
        g_assert_cmpint(virGetLastErrorCode(), ==, conf ? VIR_ERR_OK : VIR_ERR_CONF_SYNTAX);
    }
}

/* ---- files ---- */

typedef struct _testFiles testFiles;
struct _testFiles {
    char *dir;
    char *path;
};

static void
testFilesSetUp(testFiles *files, gconstpointer opaque G_GNUC_UNUSED)
{
    files->dir = g_dir_make_tmp("virconftest-XXXXXX", NULL);
    g_assert_nonnull(files->dir);
    files->path = g_build_filename(files->dir, "a.conf", NULL);
}

static void
testFilesTearDown(testFiles *files, gconstpointer opaque G_GNUC_UNUSED)
{
    g_unlink(files->path);
    g_rmdir(files->dir);
    g_free(files->path);
    g_free(files->dir);
}

static void
testFilesWrite(const testFiles *files, const char *text, gssize len)
{
    g_assert_true(g_file_set_contents(files->path, text, len, NULL));
}

static void
testFileIsNamedInErrors(testFiles *files, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *expected = g_strdup_printf("file '%s', line 2: ", files->path);
    g_autoptr(virConf) conf = NULL;
    unsigned int u = 0;

    testFilesWrite(files, "a = 1\n?", -1);
    g_assert_null(virConfReadFile(files->path, 0));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);
    g_assert_true(g_str_has_prefix(virGetLastErrorMessage(), expected));

    testFilesWrite(files, "a = 1\n", -1);
    conf = virConfReadFile(files->path, 0);
    g_assert_nonnull(conf);
    g_assert_cmpint(virConfGetValueUInt(conf, "a", &u), ==, 1);
}

static void
testFileMayBeOptional(testFiles *files, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autoptr(virConf) conf = NULL;
    char *value = NULL;

    g_assert_null(virConfReadFile(files->path, 0));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_SYSTEM_ERROR);

    conf = virConfReadFile(files->path, VIR_CONF_FLAG_OPTIONAL);
    g_assert_nonnull(conf);
    g_assert_cmpint(virConfGetValueString(conf, "a", &value), ==, 0);
}

static void
testFileOfAnotherKindIsRefused(testFiles *files, gconstpointer opaque G_GNUC_UNUSED)
{
    g_assert_null(virConfReadFile(files->dir, VIR_CONF_FLAG_OPTIONAL));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);

    /* Nobody writes to it: reading must not wait. */
    g_assert_cmpint(mkfifo(files->path, 0600), ==, 0);
    virResetLastError();
    g_assert_null(virConfReadFile(files->path, 0));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);
}

static void
testFileSizeIsBounded(testFiles *files, gconstpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *text = g_malloc(VIR_CONF_SIZE_MAX + 1);
    g_autoptr(virConf) conf = NULL;

    memset(text, '\n', VIR_CONF_SIZE_MAX + 1);
    testFilesWrite(files, text, VIR_CONF_SIZE_MAX);
    conf = virConfReadFile(files->path, 0);
    g_assert_nonnull(conf);

    testFilesWrite(files, text, VIR_CONF_SIZE_MAX + 1);
    g_assert_null(virConfReadFile(files->path, 0));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);
}

static void
testFileWithNULIsRefused(testFiles *files, gconstpointer opaque G_GNUC_UNUSED)
{
    static const char text[] = "a = 1\n\0b = 2\n";

    testFilesWrite(files, text, sizeof(text) - 1);
    g_assert_null(virConfReadFile(files->path, 0));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);
}

#define TEST_FILES(path, func) \
    g_test_add(path, testFiles, NULL, testFilesSetUp, func, testFilesTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/conf/strings", testStrings);
    g_test_add_func("/util/conf/numbers", testNumbers);
    g_test_add_func("/util/conf/out-of-range-leaves-the-value", testOutOfRangeLeavesTheValue);
    g_test_add_func("/util/conf/lists", testLists);
    g_test_add_func("/util/conf/wrong-kind-is-refused", testWrongKindIsRefused);
    g_test_add_func("/util/conf/unknown-name-is-refused", testUnknownNameIsRefused);
    g_test_add_func("/util/conf/hostile-text", testHostileText);
    g_test_add_func("/util/conf/damaged-text-is-read-or-refused", testDamagedTextIsReadOrRefused);
    TEST_FILES("/util/conf/file-is-named-in-errors", testFileIsNamedInErrors);
    TEST_FILES("/util/conf/file-may-be-optional", testFileMayBeOptional);
    TEST_FILES("/util/conf/file-of-another-kind-is-refused", testFileOfAnotherKindIsRefused);
    TEST_FILES("/util/conf/file-size-is-bounded", testFileSizeIsBounded);
    TEST_FILES("/util/conf/file-with-nul-is-refused", testFileWithNULIsRefused);

    return g_test_run();
}
