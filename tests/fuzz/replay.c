/*
 * replay.c: feeds a fuzz target with what corpus/ has for it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Linked with one target, whose name is FUZZ_WHAT: an ordinary test, for any
 * compiler. What once crashed a target goes into its corpus.
 */
#include <config.h>

#include "fuzz.h"

static void
testReplay(gconstpointer opaque)
{
    const char *path = opaque;
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_file_get_contents(path, &data, &size, &error);
    g_assert_no_error(error);
    LLVMFuzzerTestOneInput((const uint8_t *) data, size);
}

/* Inputs of no bytes, and of the first bytes of others, are inputs too. */
static void
testCutShort(gconstpointer opaque)
{
    const char *path = opaque;
    g_autofree char *data = NULL;
    g_autoptr(GError) error = NULL;
    gsize size;

    g_file_get_contents(path, &data, &size, &error);
    g_assert_no_error(error);
    for (gsize i = 0; i < size; i += 1 + size / 64) {
        g_autofree uint8_t *cut = g_memdup2(data, i);

        LLVMFuzzerTestOneInput(cut, i);
    }
}

static int
addFiles(const char *directory, GPtrArray *paths)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, &error);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir))) {
        char *path = g_build_filename(directory, name, NULL);
        g_autofree char *whole = g_strdup_printf("/fuzz/" FUZZ_WHAT "/%s/whole", name);
        g_autofree char *cut = g_strdup_printf("/fuzz/" FUZZ_WHAT "/%s/cut-short", name);

        g_ptr_array_add(paths, path);
        g_test_add_data_func(whole, path, testReplay);
        g_test_add_data_func(cut, path, testCutShort);
    }
    return paths->len;
}

int
main(int argc, char **argv)
{
    g_autofree char *directory = NULL;
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    g_test_init(&argc, &argv, NULL);
    LLVMFuzzerInitialize(&argc, &argv);
    directory = g_test_build_filename(G_TEST_DIST, "fuzz", "corpus", FUZZ_WHAT, NULL);
    g_assert_cmpint(addFiles(directory, paths), >, 0);
    return g_test_run();
}
