/*
 * lockdrivernfsleasefaulttest.c: nfslease.so when virtleased fails it, and its limits
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <glib.h>
#include <glib/gstdio.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "nfsleaseplugin.h"
#include "virleasetoken.h"

#define TEST_PID 4711
/* acquire_timeout is 1 s here, the margin another one. Nothing waits longer;
 * what is more than that here is for a machine that is busy. */
#define TEST_WAIT_MIN (1900 * G_TIME_SPAN_MILLISECOND)
#define TEST_WAIT_MAX (10 * G_TIME_SPAN_SECOND)

typedef enum {
    TEST_CALL_ACQUIRE,
    TEST_CALL_SUSPEND,
    TEST_CALL_INQUIRE,
    TEST_CALL_DETACH,

    TEST_CALL_LAST
} testCallType;

/* Makes the call about a guest with a lease, and expects it to fail. */
static void
testCallFails(testPlugin *plugin,
              testCallType type)
{
    virLockManager man;
    char *state = (char *) "before";
    int rc = 0;

    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 0), ==, 0);
    g_assert_cmpint(testPluginAddLease(&man, "key"), ==, 0);
    switch (type) {
    case TEST_CALL_ACQUIRE:
        rc = plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL);
        break;
    case TEST_CALL_SUSPEND:
        rc = plugin->driver->drvRelease(&man, &state, 0);
        break;
    case TEST_CALL_INQUIRE:
        rc = plugin->driver->drvInquire(&man, &state, 0);
        break;
    case TEST_CALL_DETACH:
        rc = plugin->driver->drvRelease(&man, NULL, 0);
        break;
    case TEST_CALL_LAST:
        g_assert_not_reached();
    }
    plugin->driver->drvFree(&man);
    g_assert_cmpint(rc, ==, -1);
    if (type == TEST_CALL_SUSPEND) {
        /* libvirt keeps it: the guest must not look as if it had never run. */
        g_assert_cmpstr(state, ==, VIR_LEASE_TOKEN_UNKNOWN);
        g_free(state);
    } else {
        g_assert_cmpstr(state, ==, "before");
    }
}

static void
testAbsent(testPlugin *plugin,
           const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *other = g_build_filename(plugin->dir, "other", NULL);
    int type;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(g_rename(plugin->socket, other), ==, 0);
    for (type = 0; type < TEST_CALL_LAST; type++) {
        testCallFails(plugin, type);
        g_assert_nonnull(strstr(testErrorGet()->message, "running?"));
        testErrorExpect(VIR_ERR_SYSTEM_ERROR, "virtleased", plugin->socket);
    }
}

/* Every call ends by its deadline, and not before the daemon's own. */
static void
testWaits(testPlugin *plugin,
          fakeReply reply)
{
    int type;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    fakeDaemonSetReply(plugin->daemon, reply, "token");
    for (type = 0; type < TEST_CALL_LAST; type++) {
        gint64 start = g_get_monotonic_time();
        gint64 took;

        testCallFails(plugin, type);
        took = g_get_monotonic_time() - start;
        g_assert_cmpint(took, >=, TEST_WAIT_MIN);
        g_assert_cmpint(took, <, TEST_WAIT_MAX);
        testErrorExpect(VIR_ERR_OPERATION_TIMEOUT, "virtleased", "");
    }
}

static void
testSilent(testPlugin *plugin,
           const void *opaque G_GNUC_UNUSED)
{
    testWaits(plugin, FAKE_REPLY_NONE);
}

static void
testHalf(testPlugin *plugin,
         const void *opaque G_GNUC_UNUSED)
{
    testWaits(plugin, FAKE_REPLY_HALF);
}

/* The daemon dies, or is none of ours: known at once. */
static void
testBroken(testPlugin *plugin,
           const void *opaque G_GNUC_UNUSED)
{
    const fakeReply replies[] = { FAKE_REPLY_CLOSE, FAKE_REPLY_GARBAGE };
    int type;
    size_t i;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    for (i = 0; i < G_N_ELEMENTS(replies); i++) {
        fakeDaemonSetReply(plugin->daemon, replies[i], "token");
        for (type = 0; type < TEST_CALL_LAST; type++) {
            testCallFails(plugin, type);
            testErrorExpect(VIR_ERR_RPC, "", "");
        }
    }
}

/* A guest with @count leases. */
static void
testNewWithLeases(testPlugin *plugin,
                  virLockManager *man,
                  size_t count)
{
    size_t i;

    g_assert_cmpint(testPluginNew(plugin, man, TEST_PID, 0), ==, 0);
    for (i = 0; i < count; i++) {
        g_autofree char *key = g_strdup_printf("key%zu", i);

        g_assert_cmpint(testPluginAddLease(man, key), ==, 0);
    }
}

static void
testMany(testPlugin *plugin,
         const void *opaque G_GNUC_UNUSED)
{
    g_autoptr(fakeCall) call = NULL;
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    testNewWithLeases(plugin, &man, VIR_LEASE_PROTOCOL_RESOURCES_MAX);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, 0);
    plugin->driver->drvFree(&man);
    call = fakeDaemonTake(plugin->daemon);
    g_assert_nonnull(call);
    g_assert_cmpuint(call->request->resources.resources_len, ==, VIR_LEASE_PROTOCOL_RESOURCES_MAX);
    g_assert_cmpstr(call->request->resources.resources_val[1000].name, ==, "lease:space:key1000");
}

static void
testTooMany(testPlugin *plugin,
            const void *opaque G_GNUC_UNUSED)
{
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    testNewWithLeases(plugin, &man, VIR_LEASE_PROTOCOL_RESOURCES_MAX + 1);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, "web01", "1025");
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

static void
testTooLong(testPlugin *plugin,
            const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *name = g_strnfill(VIR_LEASE_PROTOCOL_STRING_MAX + 1, 'n');
    g_autofree char *token = g_strnfill(VIR_LEASE_PROTOCOL_TOKEN_MAX + 1, 't');
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    testNewWithLeases(plugin, &man, 1);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, token, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_OPERATION_INVALID, "web01", "too long");
    g_assert_cmpint(testPluginAddLease(&man, name), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, "lease:space:nnn", "4096");
    plugin->driver->drvFree(&man);

    testNewWithLeases(plugin, &man, 0);
    g_assert_cmpint(testPluginAddDisk(&man, "images/a.img", 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, "disk 'images/a.img'", "absolute");
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

static void
testMissingDisk(testPlugin *plugin,
                const void *opaque G_GNUC_UNUSED)
{
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    testNewWithLeases(plugin, &man, 1);
    g_assert_cmpint(testPluginAddDisk(&man, "/nonexistent/dir/a.img", 0), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_SYSTEM_ERROR, "/nonexistent/dir/a.img", "No such file");
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

/* What libvirt never does, or not yet. */
static void
testUnknown(testPlugin *plugin,
            const void *opaque G_GNUC_UNUSED)
{
    virLockManagerParam xen[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.cstr = "x" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri", .value.cstr = "xen:///system" },
    };
    virLockManager man = { .driver = plugin->driver };
    char *state = NULL;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(plugin->driver->drvNew(&man, 0, G_N_ELEMENTS(xen), xen, 0), ==, -1);
    testErrorExpect(VIR_ERR_CONFIG_UNSUPPORTED, "Xen", "nfslease");
    g_assert_cmpint(plugin->driver->drvNew(&man, 0, 1, xen, 0), ==, -1);
    testErrorExpect(VIR_ERR_INTERNAL_ERROR, "no name", "");
    g_assert_cmpint(testPluginNew(plugin, &man, TEST_PID, 2), ==, -1);
    testErrorExpect(VIR_ERR_INVALID_ARG, "flags", "0x2");

    testNewWithLeases(plugin, &man, 1);
    g_assert_cmpint(testPluginAddDisk(&man, "/a", 4), ==, -1);
    testErrorExpect(VIR_ERR_INVALID_ARG, "flags", "0x4");
    g_assert_cmpint(plugin->driver->drvAddResource(&man, 2, "x", 0, NULL, 0), ==, -1);
    testErrorExpect(VIR_ERR_INTERNAL_ERROR, "unknown type", "2");
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 4, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_INVALID_ARG, "flags", "0x4");
    g_assert_cmpint(plugin->driver->drvRelease(&man, &state, 1), ==, -1);
    testErrorExpect(VIR_ERR_INVALID_ARG, "flags", "0x1");
    g_assert_cmpint(plugin->driver->drvInquire(&man, &state, 1), ==, -1);
    testErrorExpect(VIR_ERR_INVALID_ARG, "flags", "0x1");
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

/* A running guest whose process libvirt does not know can't be watched. */
static void
testNoProcess(testPlugin *plugin,
              const void *opaque G_GNUC_UNUSED)
{
    virLockManager man;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    g_assert_cmpint(testPluginNew(plugin, &man, 0, 0), ==, 0);
    g_assert_cmpint(testPluginAddLease(&man, "key"), ==, 0);
    g_assert_cmpint(plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL), ==, -1);
    testErrorExpect(VIR_ERR_OPERATION_INVALID, "web01", "no process");
    plugin->driver->drvFree(&man);
    g_assert_null(fakeDaemonTake(plugin->daemon));
}

static guint
testOpenFiles(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

/* The daemon's thread may still have a connection open: it is stopped first. */
static void
testNoLeak(testPlugin *plugin,
           const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testPluginImage(plugin, "a.img");
    const fakeReply replies[] = { FAKE_REPLY_OK, FAKE_REPLY_ERROR, FAKE_REPLY_CLOSE, FAKE_REPLY_GARBAGE };
    guint before;
    size_t i;

    g_assert_cmpint(testPluginInit(plugin, ""), ==, 0);
    fakeDaemonFree(plugin->daemon);
    before = testOpenFiles();
    g_assert_cmpint(g_unlink(plugin->socket), ==, 0);
    plugin->daemon = fakeDaemonNew(plugin->socket);

    for (i = 0; i < 40; i++) {
        g_autofree char *state = NULL;
        virLockManager man;

        fakeDaemonSetReply(plugin->daemon, replies[i % G_N_ELEMENTS(replies)], "token");
        g_assert_cmpint(testPluginNew(plugin, &man, getpid(), 0), ==, 0);
        g_assert_cmpint(testPluginAddDisk(&man, image, 0), ==, 0);
        (void) plugin->driver->drvAcquire(&man, NULL, 0, VIR_DOMAIN_LOCK_FAILURE_DEFAULT, NULL);
        (void) plugin->driver->drvInquire(&man, &state, 0);
        (void) plugin->driver->drvRelease(&man, NULL, 0);
        plugin->driver->drvFree(&man);
    }
    g_assert_cmpuint(testErrorGet()->count, ==, 40 / 4 * 3 * 3);
    testErrorReset();

    fakeDaemonFree(plugin->daemon);
    g_assert_cmpuint(testOpenFiles(), ==, before);
    g_assert_cmpint(g_unlink(plugin->socket), ==, 0);
    plugin->daemon = fakeDaemonNew(plugin->socket);
}

/* Lines of what @argv, a tool of the binutils, says of the plugin; NULL if it
 * is not here. */
static char **
testTool(const char *tool,
         const char *option,
         const char *otherOption)
{
    g_autofree char *found = g_find_program_in_path(tool);
    g_autofree char *file = testPluginFile();
    const char *argv[] = { tool, option, otherOption, file, NULL };
    g_autofree char *text = NULL;
    int status;

    if (!found) {
        g_test_skip("nm and objdump (package binutils) are not here");
        return NULL;
    }
    g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL,
                               &text, NULL, &status, NULL));
    g_assert_cmpint(status, ==, 0);
    return g_strsplit(text, "\n", 0);
}

static void
testSymbols(void)
{
    g_auto(GStrv) lines = testTool("nm", "-D", "-P");
    guint exported = 0;
    guint i;

    for (i = 0; lines && lines[i]; i++) {
        g_auto(GStrv) fields = g_strsplit(lines[i], " ", 0);

        /* A sanitizer's are not ours. */
        if (g_strv_length(fields) < 2 || strstr(fields[0], "asan") || strstr(fields[0], "ubsan"))
            continue;
        g_assert_false(g_str_has_prefix(fields[0], "vir") && fields[1][0] == 'U');
        if (fields[1][0] == 'U' || fields[1][0] == 'w')
            continue;
        exported++;
        g_assert_cmpstr(fields[0], ==, VIR_LOCK_DRIVER_SYMBOL);
    }
    g_assert_true(!lines || exported == 1);
}

static void
testLibraries(void)
{
    const char *const allowed[] = {
        "libglib-2.0.so", "libtirpc.so", "libc.so", "ld-linux",
#ifdef __SANITIZE_ADDRESS__     /* whose linking leaves no library out that is not needed */
        "libasan.so", "libubsan.so", "libgio-2.0.so", "libgobject-2.0.so",
#endif
    };
    g_auto(GStrv) lines = testTool("objdump", "-p", "-w");
    guint i, j;

    for (i = 0; lines && lines[i]; i++) {
        const char *name;
        gboolean known = FALSE;

        if (!strstr(lines[i], "NEEDED"))
            continue;
        name = lines[i] + strlen(lines[i]);
        while (name > lines[i] && name[-1] != ' ')
            name--;
        for (j = 0; j < G_N_ELEMENTS(allowed); j++)
            known |= g_str_has_prefix(name, allowed[j]);
        g_test_message("%s", name);
        g_assert_true(known);
    }
}

int
main(int argc,
     char **argv)
{
    g_test_init(&argc, &argv, NULL);

#define TEST(path, func) \
    g_test_add("/locking/nfslease-fault/" path, testPlugin, NULL, testPluginSetUp, func, testPluginTearDown)

    TEST("daemon-not-running", testAbsent);
    TEST("daemon-never-answers", testSilent);
    TEST("daemon-answers-half", testHalf);
    TEST("daemon-breaks-off", testBroken);
    TEST("many-resources", testMany);
    TEST("too-many-resources", testTooMany);
    TEST("too-long", testTooLong);
    TEST("missing-disk", testMissingDisk);
    TEST("unknown-flags-and-types", testUnknown);
    TEST("guest-without-process", testNoProcess);
    TEST("no-file-stays-open", testNoLeak);
    g_test_add_func("/locking/nfslease-fault/one-symbol", testSymbols);
    g_test_add_func("/locking/nfslease-fault/libraries", testLibraries);

    return g_test_run();
}
