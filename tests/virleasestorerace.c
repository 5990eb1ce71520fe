/*
 * virleasestorerace.c: several processes after one entry's place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorerace.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <unistd.h>

#include "virleasestorecases.h"

#define TEST_RACERS 4
#define TEST_RACE_US (2 * G_USEC_PER_SEC)
#define TEST_PREFIX "race."

/* Whether @own is the only entry of a race in its directory. */
static gboolean
testStoreRaceIsAlone(testStore *test, const char *own)
{
    g_autoptr(virLeaseReply) reply = testStoreRun(test, VIR_LEASE_OP_READDIR, "locks/00", NULL);
    gboolean seen = FALSE;
    guint others = 0;
    guint i;

    if (reply->status != VIR_LEASE_STATUS_OK || reply->moved)
        return FALSE;
    for (i = 0; i < reply->entries->len; i++) {
        const virLeaseDirEntry *entry = g_ptr_array_index(reply->entries, i);

        if (g_str_equal(entry->name, own))
            seen = TRUE;
        else if (g_str_has_prefix(entry->name, TEST_PREFIX))
            others++;
    }
    return seen && others == 0;
}

/* Only one process at a time can have made the witness. */
static void
testStoreRaceHold(const char *witness)
{
    int fd = open(witness, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0)
        g_error("two processes were granted the same place");
    g_usleep(5000);
    close(fd);
    unlink(witness);
}

static guint
testStoreRaceTry(testStore *test, const char *witness, guint attempt)
{
    g_autofree char *own = g_strdup_printf(TEST_PREFIX "%d.%u", (int) getpid(), attempt);
    g_autofree char *path = g_strconcat("locks/00/", own, NULL);
    gboolean alone;

    testStoreExpect(test, VIR_LEASE_OP_SYMLINK, path, VIR_LEASE_STATUS_OK);
    alone = testStoreRaceIsAlone(test, own);
    if (alone)
        testStoreRaceHold(witness);
    testStoreExpect(test, VIR_LEASE_OP_REMOVE, path, VIR_LEASE_STATUS_OK);
    return alone;
}

void
testStoreRaceMain(void)
{
    const char *url = g_getenv("TEST_RACE_URL");
    const char *witness = g_getenv("TEST_RACE_WITNESS");
    gint64 end = g_get_monotonic_time() + TEST_RACE_US;
    guint grants = 0;
    guint attempt;

    if (!url || !witness)
        return;
    {
        g_autoptr(testStore) test = testStoreNew(url);

        for (attempt = 0; g_get_monotonic_time() < end; attempt++) {
            grants += testStoreRaceTry(test, witness, attempt);
            g_usleep(g_random_int_range(0, 20000));
        }
    }
    g_print("%u", grants);
    exit(EXIT_SUCCESS);
}

void
testStoreRace(const char *url, const char *witness)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    GSubprocess *racers[TEST_RACERS];
    guint64 grants = 0;
    guint i;

    g_subprocess_launcher_setenv(launcher, "TEST_RACE_URL", url, TRUE);
    g_subprocess_launcher_setenv(launcher, "TEST_RACE_WITNESS", witness, TRUE);
    for (i = 0; i < TEST_RACERS; i++) {
        racers[i] = g_subprocess_launcher_spawn(launcher, NULL, "/proc/self/exe", NULL);
        g_assert_nonnull(racers[i]);
    }
    for (i = 0; i < TEST_RACERS; i++) {
        g_autofree char *out = NULL;

        g_assert_true(g_subprocess_communicate_utf8(racers[i], NULL, NULL, &out, NULL, NULL));
        g_assert_true(g_subprocess_get_successful(racers[i]));
        grants += g_ascii_strtoull(out, NULL, 10);
        g_object_unref(racers[i]);
    }
    g_test_message("%s: %" G_GUINT64_FORMAT " grants", url, grants);
    g_assert_cmpuint(grants, >, 0);
}
