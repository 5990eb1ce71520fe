/*
 * fuzz-mountinfo.c: mount tables
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input's first line is a file's path, the others are the table: a user
 * may choose what is mounted where, and from a source of which name.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virlockresourcemount.h"

#define FUZZ_SYSFS "/nonexistent"

/* Lines that can't be understood, and mounts elsewhere, change nothing. */
static void
fuzzAssertUnmoved(const char *name, const char *table, const char *path)
{
    g_autofree char *more = g_strconcat("\n - \n1 2 3:x / / - nfs a:/b\n", table,
                                        "\n1 1 0:1 / ", path, "/below rw - nfs4 other:/x rw\n-", NULL);
    g_autofree char *again = virLockResourceMountName(more, FUZZ_SYSFS, path);

    g_assert_cmpstr(again, ==, name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    char *newline = strchr(text, '\n');
    g_autofree char *path = g_strdup_printf("/%.*s", (int) strcspn(text, "\n"), text);
    g_autofree char *table = g_strdup(newline ? newline + 1 : "");
    g_autofree char *name = virLockResourceMountName(table, FUZZ_SYSFS, path);

    if (name) {
        /* A server, a share, or a type, and then the place; never only a path. */
        g_assert_true(strchr(name, ':') || g_str_has_prefix(name, "//"));
        g_assert_cmpuint(strlen(name), <=, size + strlen("glusterfs://") + 2);
    }
    if (!strpbrk(path, " \\"))
        fuzzAssertUnmoved(name, table, path);
    return 0;
}
