/*
 * lockdaemonconfigtest.c: virtleased.conf
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <glib/gstdio.h>
#include <string.h>

#include "lock_daemon_config.h"
#include "virerror.h"

static virLockDaemonConfig *
testLoad(const char *text)
{
    g_autofree char *dir = g_dir_make_tmp("lockdaemonconfigtest-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "virtleased.conf", NULL);
    virLockDaemonConfig *config;

    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    virResetLastError();
    config = virLockDaemonConfigLoad(path, FALSE);
    g_remove(path);
    g_rmdir(dir);
    return config;
}

static void
testRefused(const char *text, const char *reason)
{
    g_assert_null(testLoad(text));
    g_test_message("%s", virGetLastErrorMessage());
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONF_SYNTAX);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "virtleased.conf"));
    g_assert_nonnull(strstr(virGetLastErrorMessage(), reason));
}

static void
testDefault(void)
{
    g_autoptr(virLockDaemonConfig) config = testLoad("# nothing\n");
    const virLockDaemonConfigLockspace *lockspace;

    g_assert_nonnull(config);
    g_assert_true(config->embedded);
    g_assert_cmpint(config->logLevel, ==, VIR_LOG_INFO);
    g_assert_cmpuint(config->lockspaces->len, ==, 1);
    lockspace = g_ptr_array_index(config->lockspaces, 0);
    g_assert_cmpstr(lockspace->name, ==, "default");
    g_assert_cmpstr(lockspace->url, ==, "dir:/var/lib/virtleased/lockspace");
}

static void
testWatchdog(void)
{
    g_autoptr(virLockDaemonConfig) none = testLoad("watchdog = \"none\"\n");
    g_autoptr(virLockDaemonConfig) wdmd = NULL;

    g_assert_false(none->watchdog);
    testRefused("watchdog = \"softdog\"\n", "'watchdog' must be");
    testRefused("watchdog = 1\n", "watchdog");
    if (!WITH_WDMD) {
        testRefused("watchdog = \"wdmd\"\n", "built without wdmd");
        return;
    }
    wdmd = testLoad("watchdog = \"wdmd\"\n");
    g_assert_true(wdmd->watchdog);
}

/* The sample says what is true when its lines stay commented out. */
static void
testSample(void)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", "src", "locking", "virtleased.conf", NULL);
    g_autofree char *text = NULL;
    g_autofree char *first = NULL;
    g_autoptr(virLockDaemonConfig) config = virLockDaemonConfigLoad(path, FALSE);
    g_autoptr(virLockDaemonConfig) nothing = testLoad("");

    g_assert_nonnull(config);
    g_assert_true(config->embedded);
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    first = g_strdup_printf("#max_clients = %u\n", nothing->maxClients);
    g_assert_nonnull(strstr(text, first));
    g_assert_nonnull(strstr(text, "#lockspaces = [ \"default=dir:" VIR_LOCK_DAEMON_CONFIG_DIR "\" ]\n"));
}

static void
testLockspaces(void)
{
    g_autoptr(virLockDaemonConfig) config =
        testLoad("lockspaces = [ \"a=nfs://h/e/d?version=3\",\n  \"B_2.x-y=dir:/d=e\" ]\nlog_level = 1\nmax_clients = 7\n"
                 "lockd_socket = \"/run/lockd-sock\"\n");
    const virLockDaemonConfigLockspace *lockspace;

    g_assert_nonnull(config);
    g_assert_false(config->embedded);
    g_assert_cmpint(config->logLevel, ==, VIR_LOG_DEBUG);
    g_assert_cmpuint(config->maxClients, ==, 7);
    g_assert_cmpstr(config->lockdSocket, ==, "/run/lockd-sock");
    g_assert_cmpuint(config->lockspaces->len, ==, 2);
    lockspace = g_ptr_array_index(config->lockspaces, 0);
    g_assert_cmpstr(lockspace->name, ==, "a");
    g_assert_cmpstr(lockspace->url, ==, "nfs://h/e/d?version=3");
    lockspace = g_ptr_array_index(config->lockspaces, 1);
    g_assert_cmpstr(lockspace->name, ==, "B_2.x-y");
    g_assert_cmpstr(lockspace->url, ==, "dir:/d=e");
}

static void
testHostile(void)
{
    g_autofree char *longName = g_strnfill(VIR_LOCK_DAEMON_CONFIG_NAME_MAX + 1, 'n');
    g_autofree char *longText = g_strdup_printf("lockspaces = [ \"%s=dir:/d\" ]\n", longName);
    g_autofree char *longPath = g_strnfill(107, 's');
    g_autofree char *longSocket = g_strdup_printf("lockd_socket = \"/%s\"\n", longPath);
    g_autoptr(GString) many = g_string_new("lockspaces = [");

    testRefused("colour = \"red\"\n", "colour");
    testRefused("lockspaces = [ \"default\" ]\n", "NAME=URL");
    testRefused("lockspaces = [ \"default=\" ]\n", "NAME=URL");
    testRefused("lockspaces = [ \"=dir:/d\" ]\n", "NAME=URL");
    testRefused("lockspaces = [ \"../a=dir:/d\" ]\n", "NAME=URL");
    testRefused("lockspaces = [ \".a=dir:/d\" ]\n", "NAME=URL");
    testRefused("lockspaces = [ \"a b=dir:/d\" ]\n", "NAME=URL");
    testRefused(longText, "NAME=URL");
    testRefused("lockspaces = [ \"a=dir:/d\", \"a=dir:/e\" ]\n", "'a'");
    testRefused("lockspaces = [ ]\n", "lockspaces");
    testRefused("lockspaces = 3\n", "lockspaces");
    testRefused("log_level = 0\n", "log_level");
    testRefused("log_level = 5\n", "log_level");
    testRefused("max_clients = 0\n", "max_clients");
    testRefused("lockd_socket = \"\"\n", "lockd_socket");
    testRefused("lockd_socket = \"sock\"\n", "lockd_socket");
    testRefused("lockd_socket = 1\n", "lockd_socket");
    testRefused(longSocket, "lockd_socket");

    for (int i = 0; i <= VIR_LOCK_DAEMON_CONFIG_LOCKSPACES_MAX; i++)
        g_string_append_printf(many, "\"l%d=dir:/d\",", i);
    g_string_append(many, "]\n");
    testRefused(many->str, "64");
}

static void
testMissing(void)
{
    g_autoptr(virLockDaemonConfig) config = virLockDaemonConfigLoad("/nonexistent/virtleased.conf", TRUE);

    g_assert_nonnull(config);
    g_assert_true(config->embedded);
    g_assert_null(virLockDaemonConfigLoad("/nonexistent/virtleased.conf", FALSE));
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "/nonexistent/virtleased.conf"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/locking/daemon/config/nothing-set-is-embedded", testDefault);
    g_test_add_func("/locking/daemon/config/sample-shows-the-defaults", testSample);
    g_test_add_func("/locking/daemon/config/lockspaces", testLockspaces);
    g_test_add_func("/locking/daemon/config/watchdog", testWatchdog);
    g_test_add_func("/locking/daemon/config/hostile", testHostile);
    g_test_add_func("/locking/daemon/config/missing-file", testMissing);
    return g_test_run();
}
