/*
 * lockdaemoninhibittest.c: keeping the host awake, with a private bus
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The test itself stands for systemd-logind.
 */
#include <config.h>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lock_daemon_inhibit.h"

#define TEST_LIMIT_S 20

typedef struct {
    GSubprocess *daemon;
    char *address;
    GDBusConnection *ours;  /* this process's one of the system bus, which GLib shares */
    GDBusConnection *bus;   /* logind's */
    guint name;
    guint object;
    gboolean owned;
    guint asked;
    int held;               /* logind's end of what it gave out; -1: nothing */
    gboolean refuses;
    virLockDaemonInhibit *inhibit;
} testBus;

static const char testInterface[] =
    "<node><interface name='org.freedesktop.login1.Manager'><method name='Inhibit'>"
    "<arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='s' direction='in'/>"
    "<arg type='s' direction='in'/><arg type='h' direction='out'/></method></interface></node>";

static void
testAsked(GDBusConnection *bus G_GNUC_UNUSED, const char *sender G_GNUC_UNUSED, const char *path G_GNUC_UNUSED,
          const char *interface G_GNUC_UNUSED, const char *method G_GNUC_UNUSED, GVariant *parameters,
          GDBusMethodInvocation *call, gpointer opaque)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    testBus *test = opaque;
    const char *what;
    const char *who;
    const char *mode;
    int ends[2];

    g_variant_get(parameters, "(&s&s&s&s)", &what, &who, NULL, &mode);
    g_assert_cmpstr(what, ==, "sleep");
    g_assert_cmpstr(who, ==, "virtleased");
    g_assert_cmpstr(mode, ==, "block");
    test->asked++;
    if (test->refuses) {
        g_dbus_method_invocation_return_error_literal(call, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED, "not you");
        return;
    }
    g_assert_true(g_unix_open_pipe(ends, FD_CLOEXEC, NULL));
    g_assert_cmpint(test->held, ==, -1);
    test->held = ends[0];
    g_assert_cmpint(g_unix_fd_list_append(fds, ends[1], NULL), ==, 0);
    close(ends[1]);
    g_dbus_method_invocation_return_value_with_unix_fd_list(call, g_variant_new("(h)", 0), fds);
}

static const GDBusInterfaceVTable testTable = { .method_call = testAsked };

/* Whether the inhibitor that was given out has been closed. */
static gboolean
testIsReleased(const testBus *test)
{
    struct pollfd end = { .fd = test->held, .events = POLLIN };

    return poll(&end, 1, 0) == 1 && (end.revents & POLLHUP);
}

static gboolean
testTimeIsUp(gpointer opaque G_GNUC_UNUSED)
{
    g_assert_not_reached();
    return G_SOURCE_REMOVE;
}

static gboolean
testTick(gpointer opaque G_GNUC_UNUSED)
{
    return G_SOURCE_CONTINUE;
}

#define TEST_UNTIL(condition) \
    do { \
        guint limit = g_timeout_add_seconds(TEST_LIMIT_S, testTimeIsUp, NULL); \
        guint tick = g_timeout_add(5, testTick, NULL); \
        while (!(condition)) \
            g_main_context_iteration(NULL, TRUE); \
        g_source_remove(tick); \
        g_source_remove(limit); \
    } while (0)

static void
testOwned(GDBusConnection *bus G_GNUC_UNUSED, const char *name G_GNUC_UNUSED, gpointer opaque)
{
    ((testBus *) opaque)->owned = TRUE;
}

/* It ends with the test, however that ends: GTestDBus's would go on. */
static void
testDieWithParent(gpointer opaque G_GNUC_UNUSED)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Starts a bus, which then is the system's. */
static void
testStartBus(testBus *test)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_autoptr(GDataInputStream) output = NULL;

    g_subprocess_launcher_set_child_setup(launcher, testDieWithParent, NULL, NULL);
    test->daemon = g_subprocess_launcher_spawn(launcher, NULL, "dbus-daemon", "--session", "--nofork", "--nopidfile",
                                               "--address=unix:tmpdir=/tmp", "--print-address", NULL);
    g_assert_nonnull(test->daemon);
    output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(test->daemon));
    test->address = g_data_input_stream_read_line(output, NULL, NULL, NULL);
    g_assert_nonnull(test->address);
    g_setenv("DBUS_SYSTEM_BUS_ADDRESS", test->address, TRUE);
}

static void
testServe(testBus *test)
{
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(testInterface, NULL);

    test->bus = g_dbus_connection_new_for_address_sync(test->address,
                                                       G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                       G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                       NULL, NULL, NULL);
    g_assert_nonnull(test->bus);
    test->object = g_dbus_connection_register_object(test->bus, "/org/freedesktop/login1", node->interfaces[0],
                                                     &testTable, test, NULL, NULL);
    test->name = g_bus_own_name_on_connection(test->bus, "org.freedesktop.login1", G_BUS_NAME_OWNER_FLAGS_NONE,
                                              testOwned, NULL, test, NULL);
    TEST_UNTIL(test->owned);
}

static void
testStop(testBus *test)
{
    g_subprocess_force_exit(test->daemon);
    g_assert_true(g_subprocess_wait(test->daemon, NULL, NULL));
}

static void
testSetUp(testBus *test, gconstpointer opaque G_GNUC_UNUSED)
{
    test->held = -1;
    testStartBus(test);
    test->ours = g_bus_get_sync(G_BUS_TYPE_SYSTEM, NULL, NULL);
    g_assert_nonnull(test->ours);
    testServe(test);
    test->inhibit = virLockDaemonInhibitNew();
}

/* Else the next test would be given it again, though its bus is gone. */
static void
testForgetOurs(testBus *test)
{
    GDBusConnection *ours = test->ours;

    g_object_add_weak_pointer(G_OBJECT(ours), (gpointer *) &test->ours);
    g_object_unref(ours);
    TEST_UNTIL(!test->ours);
}

static void
testTearDown(testBus *test, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockDaemonInhibitFree(test->inhibit);
    g_bus_unown_name(test->name);
    g_dbus_connection_unregister_object(test->bus, test->object);
    g_dbus_connection_close_sync(test->bus, NULL, NULL);
    g_object_unref(test->bus);
    if (test->held >= 0)
        close(test->held);
    testStop(test);
    testForgetOurs(test);
    g_object_unref(test->daemon);
    g_free(test->address);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
testAwakeWhileWanted(testBus *test, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    TEST_UNTIL(test->held >= 0);
    /* The answer has come when the bus has carried another round for us. */
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    g_assert_false(testIsReleased(test));
    g_assert_cmpuint(test->asked, ==, 1);

    virLockDaemonInhibitSet(test->inhibit, FALSE);
    TEST_UNTIL(testIsReleased(test));
    close(test->held);
    test->held = -1;
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    TEST_UNTIL(test->held >= 0);
    g_assert_cmpuint(test->asked, ==, 2);
}

static void
testEndOfProcess(testBus *test, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    TEST_UNTIL(test->held >= 0);
    g_clear_pointer(&test->inhibit, virLockDaemonInhibitFree);
    TEST_UNTIL(testIsReleased(test));
}

/* As often as guests come and go. */
static gboolean
testIsHeldWhenWantedAnew(testBus *test)
{
    virLockDaemonInhibitSet(test->inhibit, FALSE);
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    return test->held >= 0;
}

static void
testRefused(testBus *test, gconstpointer opaque G_GNUC_UNUSED)
{
    test->refuses = TRUE;
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    TEST_UNTIL(test->asked == 1);
    test->refuses = FALSE;
    TEST_UNTIL(testIsHeldWhenWantedAnew(test));
    g_assert_cmpuint(test->asked, >=, 2);
}

/* This process goes on without a bus. */
static void
testBusGone(testBus *test, gconstpointer opaque G_GNUC_UNUSED)
{
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    TEST_UNTIL(test->held >= 0);
    testStop(test);
    TEST_UNTIL(g_dbus_connection_is_closed(test->bus));
    virLockDaemonInhibitSet(test->inhibit, FALSE);
    TEST_UNTIL(testIsReleased(test));
    virLockDaemonInhibitSet(test->inhibit, TRUE);
    virLockDaemonInhibitSet(test->inhibit, FALSE);
}

int
main(int argc, char **argv)
{
    g_autofree char *program = g_find_program_in_path("dbus-daemon");

    g_test_init(&argc, &argv, NULL);
    if (!program) {
        g_print("1..0 # SKIP dbus-daemon is not installed\n");
        return 0;
    }
#define testAdd(name, func) \
    g_test_add("/locking/inhibit/" name, testBus, NULL, testSetUp, func, testTearDown)
    testAdd("awake-while-wanted", testAwakeWhileWanted);
    testAdd("end-of-process", testEndOfProcess);
    testAdd("refused", testRefused);
    testAdd("bus-gone", testBusGone);
    return g_test_run();
}
