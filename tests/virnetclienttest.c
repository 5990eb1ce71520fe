/*
 * virnetclienttest.c: calls to servers of every kind
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The client blocks, so each server is a process of its own, which does
 * without libraries what its case asks, or runs virNetServer.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virerror.h"
#include "virnetclient.h"
#include "virnetmessage.h"
#include "virnetserver.h"
#include "virtime.h"

#define TEST_PROGRAM 0x54455354
#define TEST_PROC_ECHO 1
#define TEST_PROC_FAIL 2
#define TEST_PROC_NOTHING 3
#define TEST_STRING ((xdrproc_t) xdr_virNetMessageNonnullString)
#define TEST_MS ((gint64) 1000 * 1000)
#define TEST_LONG (20000 * TEST_MS)
#define TEST_TEXT "disk '/images/a.qcow2' is in use by guest 'web01' 100 %s"

/* What a server does with its listening socket, in a process of its own. */
typedef void (*testServeFunc)(int listener);

typedef struct _testPeer testPeer;
struct _testPeer {
    char *dir;
    char *path;
    pid_t pid;
};

static int
testListen(const char *path, int backlog)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(fd, backlog), ==, 0);
    return fd;
}

static testPeer *
testPeerNew(testServeFunc serve)
{
    testPeer *peer = g_new0(testPeer, 1);
    int fd;

    peer->dir = g_dir_make_tmp("virnetclienttest-XXXXXX", NULL);
    g_assert_nonnull(peer->dir);
    peer->path = g_build_filename(peer->dir, "sock", NULL);
    fd = testListen(peer->path, 5);
    g_assert_cmpint(peer->pid = fork(), >=, 0);
    if (peer->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(60);
        serve(fd);
        _exit(0);
    }
    close(fd);
    return peer;
}

static void
testPeerKill(testPeer *peer)
{
    kill(peer->pid, SIGKILL);
    g_assert_cmpint(waitpid(peer->pid, NULL, 0), ==, peer->pid);
    peer->pid = 0;
}

static void
testPeerFree(testPeer *peer)
{
    if (peer->pid > 0)
        testPeerKill(peer);
    g_remove(peer->path);
    g_assert_cmpint(g_rmdir(peer->dir), ==, 0);
    g_free(peer->dir);
    g_free(peer->path);
    g_free(peer);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testPeer, testPeerFree);

static virNetClient *
testConnect(const testPeer *peer)
{
    virNetClient *client = virNetClientNew("testd", peer->path, virTimeBootNow() + TEST_LONG);

    g_assert_nonnull(client);
    return client;
}

static int
testCallBy(virNetClient *client, const char *text, char **answer, gint64 span)
{
    virResetLastError();
    return virNetClientCall(client, TEST_PROGRAM, 1, TEST_PROC_ECHO, TEST_STRING, &text,
                            TEST_STRING, answer, virTimeBootNow() + span);
}

static int
testCall(virNetClient *client, const char *text, char **answer)
{
    return testCallBy(client, text, answer, TEST_LONG);
}

static void
testEchoWorks(virNetClient *client)
{
    char *answer = NULL;

    g_assert_cmpint(testCall(client, "hello", &answer), ==, 0);
    g_assert_cmpstr(answer, ==, "hello");
    xdr_free(TEST_STRING, &answer);
}

static void
testCallFails(virNetClient *client, int code)
{
    char *answer = NULL;

    g_assert_cmpint(testCall(client, "hello", &answer), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    g_assert_null(answer);
    g_test_message("%s", virGetLastErrorMessage());
}

/* It failed for the time, and took about that time. */
static void
testTookAbout(gint64 since, gint64 span)
{
    gint64 took = virTimeBootNow() - since;

    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_TIMEOUT);
    g_assert_cmpint(took, >=, span);
    g_assert_cmpint(took, <, span + 3000 * TEST_MS);
}

static void
testCallTimesOut(virNetClient *client, const char *text, gint64 span)
{
    gint64 since = virTimeBootNow();
    char *answer = NULL;

    g_assert_cmpint(testCallBy(client, text, &answer, span), ==, -1);
    testTookAbout(since, span);
    g_assert_null(answer);
    testCallFails(client, VIR_ERR_RPC);
}

static int
testCountFDs(void)
{
    g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
    int count = 0;

    while (g_dir_read_name(dir))
        count++;
    return count;
}

/* ---- servers ---- */

static void
testHandleEcho(virNetServerRequest *request, void *args, void *opaque G_GNUC_UNUSED)
{
    virNetServerRequestReply(request, args);
}

static void
testHandleFail(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    virNetServerRequestFail(request, VIR_ERR_RESOURCE_BUSY, TEST_TEXT);
}

static void
testHandleNothing(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    virNetServerRequestReply(request, NULL);
}

static void
testServe(int listener)
{
    static const virNetServerProcedure procedures[] = {
        { TEST_PROC_ECHO, "echo", sizeof(char *), TEST_STRING, TEST_STRING, testHandleEcho },
        { TEST_PROC_FAIL, "fail", 0, NULL, NULL, testHandleFail },
        { TEST_PROC_NOTHING, "nothing", 0, NULL, NULL, testHandleNothing },
    };
    static const virNetServerProgram program = {
        .program = TEST_PROGRAM, .version = 1,
        .procedures = procedures, .nprocedures = G_N_ELEMENTS(procedures),
    };
    virNetServer *server = virNetServerNew(NULL);

    virNetServerAddProgram(server, &program);
    if (virNetServerListenFD(server, listener) < 0)
        return;
    for (;;)
        g_main_context_iteration(NULL, TRUE);
}

static void
testServeNobody(int listener G_GNUC_UNUSED)
{
    for (;;)
        pause();
}

static void
testServeSilence(int listener)
{
    while (accept(listener, NULL, NULL) >= 0)
        continue;
}

static void
testServeClose(int listener)
{
    int fd;

    while ((fd = accept(listener, NULL, NULL)) >= 0)
        close(fd);
}

/* Takes one call of any client and gives its frame. */
static int
testTakeCall(int listener, GByteArray *frame)
{
    int fd = accept(listener, NULL, NULL);
    size_t length;

    g_byte_array_set_size(frame, 4);
    if (recv(fd, frame->data, 4, MSG_WAITALL) != 4 ||
        virNetMessageDecodeLength(frame->data, &length) < 0)
        _exit(1);
    g_byte_array_set_size(frame, length);
    if (recv(fd, frame->data + 4, length - 4, MSG_WAITALL) != (ssize_t) length - 4)
        _exit(1);
    return fd;
}

/* Dies with the call in its hands. */
static void
testServeDeath(int listener)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();

    testTakeCall(listener, frame);
    _exit(0);
}

/* Gives back what it got, as a reply, byte by byte. */
static void
testServeTrickle(int listener)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    int fd = testTakeCall(listener, frame);
    guint i;

    frame->data[19] = VIR_NET_REPLY;
    for (i = 0; i < frame->len; i++) {
        send(fd, frame->data + i, 1, MSG_NOSIGNAL);
        g_usleep(10000);
    }
    pause();
}

/* Likewise, each time with one other byte of the header changed. The last
 * time what is changed are the contents. */
#define TEST_CHANGES 11

static void
testServeChanged(int listener)
{
    static const struct { int offset; guint8 value; } changes[TEST_CHANGES] = {
        { 19, VIR_NET_CALL }, { 19, VIR_NET_STREAM }, { 16, 0x80 }, { 7, 1 }, { 11, 2 },
        { 15, 2 }, { 23, 0 }, { 27, VIR_NET_CONTINUE }, { 24, 0xff },
        { 0, 0xff }, { 28, 0x7f },
    };
    int i;

    for (i = 0; i < TEST_CHANGES; i++) {
        g_autoptr(GByteArray) frame = g_byte_array_new();
        int fd = testTakeCall(listener, frame);

        frame->data[19] = VIR_NET_REPLY;
        frame->data[changes[i].offset] = changes[i].value;
        send(fd, frame->data, frame->len, MSG_NOSIGNAL);
    }
    pause();
}

static void
testSendFrame(int fd, GByteArray *frame)
{
    send(fd, frame->data, frame->len, MSG_NOSIGNAL);
    g_byte_array_unref(frame);
}

/* Something for everybody first, then the answer. */
static void
testServeEvents(int listener)
{
    virNetMessageHeader event = { .prog = 1, .vers = 2, .proc = 3, .type = VIR_NET_MESSAGE };
    GByteArray *frame = g_byte_array_new();
    int fd = testTakeCall(listener, frame);

    testSendFrame(fd, virNetMessageEncode(&event, NULL, NULL));
    testSendFrame(fd, virNetMessageEncode(&event, NULL, NULL));
    frame->data[19] = VIR_NET_REPLY;
    testSendFrame(fd, frame);
    pause();
}

/* Nothing but messages to everybody, without end. */
static void
testServeFlood(int listener)
{
    virNetMessageHeader event = { .type = VIR_NET_MESSAGE };
    GByteArray *frame = virNetMessageEncode(&event, NULL, NULL);
    int fd = accept(listener, NULL, NULL);

    while (send(fd, frame->data, frame->len, MSG_NOSIGNAL) > 0)
        continue;
}

/* An error without a text, then one without a code. */
static void
testServeEmptyErrors(int listener)
{
    char *text = (char *) "text";
    virNetMessageError errors[] = {
        { .code = VIR_ERR_RESOURCE_BUSY }, { .code = VIR_ERR_OK, .message = &text },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(errors); i++) {
        g_autoptr(GByteArray) frame = g_byte_array_new();
        int fd = testTakeCall(listener, frame);
        virNetMessageHeader header;

        if (virNetMessageDecodeHeader(frame, &header) < 0)
            _exit(1);
        header.type = VIR_NET_REPLY;
        header.status = VIR_NET_ERROR;
        testSendFrame(fd, virNetMessageEncode(&header, (xdrproc_t) xdr_virNetMessageError, &errors[i]));
    }
    pause();
}

/* ---- calls that work ---- */

static void
testCallsAreAnswered(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServe);
    g_autoptr(virNetClient) client = testConnect(peer);
    g_autofree char *text = g_strnfill(3 * 1024 * 1024, 'x');
    char *answer = NULL;
    int i;

    for (i = 0; i < 3; i++)
        testEchoWorks(client);
    g_assert_cmpint(testCall(client, text, &answer), ==, 0);
    g_assert_cmpstr(answer, ==, text);
    xdr_free(TEST_STRING, &answer);
    g_assert_cmpint(virNetClientCall(client, TEST_PROGRAM, 1, TEST_PROC_NOTHING, NULL, NULL,
                                     NULL, NULL, virTimeBootNow() + TEST_LONG), ==, 0);
}

static void
testServersErrorIsPassedOn(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServe);
    g_autoptr(virNetClient) client = testConnect(peer);

    g_assert_cmpint(virNetClientCall(client, TEST_PROGRAM, 1, TEST_PROC_FAIL, NULL, NULL,
                                     NULL, NULL, virTimeBootNow() + TEST_LONG), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(virGetLastErrorDomain(), ==, VIR_FROM_LOCKING);
    g_assert_cmpstr(virGetLastErrorMessage(), ==, TEST_TEXT);
    testEchoWorks(client);

    g_assert_cmpint(virNetClientCall(client, TEST_PROGRAM, 2, TEST_PROC_FAIL, NULL, NULL,
                                     NULL, NULL, virTimeBootNow() + TEST_LONG), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
    testEchoWorks(client);
}

static void
testTooMuchIsNotSent(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServe);
    g_autoptr(virNetClient) client = testConnect(peer);
    g_autofree char *text = g_strnfill(VIR_NET_MESSAGE_MAX, 'x');
    char *answer = NULL;

    g_assert_cmpint(testCall(client, text, &answer), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
    testEchoWorks(client);
}

static void
testEventsAreSkipped(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServeEvents);
    g_autoptr(virNetClient) client = testConnect(peer);

    testEchoWorks(client);
}

static void
testIgnoreSignal(int signum G_GNUC_UNUSED)
{
}

/* The answer takes half a second, and each hundredth of one there's a signal. */
static void
testSignalsDoNoHarm(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServeTrickle);
    struct sigaction action = { .sa_handler = testIgnoreSignal };
    struct itimerval timer = { .it_interval = { 0, 10000 }, .it_value = { 0, 10000 } };
    struct itimerval off = { { 0, 0 }, { 0, 0 } };
    g_autoptr(virNetClient) client = NULL;

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    client = testConnect(peer);
    testEchoWorks(client);
    setitimer(ITIMER_REAL, &off, NULL);
    signal(SIGALRM, SIG_DFL);
}

/* ---- no service ---- */

static void
testConnectFails(const char *path, const char *expected)
{
    g_autofree char *start = g_strdup_printf("cannot connect to testd at '%s': ", path);

    virResetLastError();
    g_assert_null(virNetClientNew("testd", path, virTimeBootNow() + TEST_LONG));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_true(g_str_has_prefix(virGetLastErrorMessage(), start));
    g_assert_nonnull(strstr(virGetLastErrorMessage(), expected));
}

static void
testNoServiceIsSaidSo(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServe);
    g_autofree char *tooLong = g_strnfill(108, '/');
    int before = testCountFDs();

    testPeerKill(peer);
    testConnectFails(peer->path, "is the service running?");
    g_remove(peer->path);
    testConnectFails(peer->path, "is the service running?");
    testConnectFails(tooLong, ": ");
    g_assert_null(strstr(virGetLastErrorMessage(), "running"));
    g_assert_cmpint(testCountFDs(), ==, before);
}

static void
testFullQueueTimesOut(void)
{
    g_autofree char *dir = g_dir_make_tmp("virnetclienttest-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "sock", NULL);
    int listener = testListen(path, 0);
    g_autoptr(virNetClient) first = virNetClientNew("testd", path, virTimeBootNow());
    gint64 since = virTimeBootNow();

    g_assert_nonnull(first);
    g_assert_null(virNetClientNew("testd", path, since + 150 * TEST_MS));
    testTookAbout(since, 150 * TEST_MS);
    close(listener);
    g_remove(path);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

/* ---- services that don't answer ---- */

static void
testSilenceTimesOut(void)
{
    static const testServeFunc serves[] = { testServeSilence, testServeNobody, testServeFlood };
    g_autofree char *large = g_strnfill(3 * 1024 * 1024, 'x');
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(serves); i++) {
        g_autoptr(testPeer) peer = testPeerNew(serves[i]);
        g_autoptr(virNetClient) client = testConnect(peer);
        g_autoptr(virNetClient) sender = i == 2 ? NULL : testConnect(peer);

        testCallTimesOut(client, "hello", 100 * TEST_MS);
        if (sender)
            testCallTimesOut(sender, large, 100 * TEST_MS);
    }
}

static void
testTrickleTimesOut(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServeTrickle);
    g_autoptr(virNetClient) client = testConnect(peer);

    testCallTimesOut(client, "hello", 150 * TEST_MS);
}

static void
testDeathEndsTheCall(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServeDeath);
    g_autoptr(virNetClient) client = testConnect(peer);

    testCallFails(client, VIR_ERR_RPC);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "closed the connection"));
    testCallFails(client, VIR_ERR_RPC);
}

/* SIGPIPE would end this process. */
static void
testRefusalRaisesNoSignal(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServeClose);
    g_autofree char *large = g_strnfill(3 * 1024 * 1024, 'x');
    int i;

    for (i = 0; i < 5; i++) {
        g_autoptr(virNetClient) client = testConnect(peer);
        char *answer = NULL;

        g_assert_cmpint(testCall(client, large, &answer), ==, -1);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RPC);
    }
}

static void
testWhatIsNoAnswerIsRefused(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServeChanged);
    int i;

    for (i = 0; i < TEST_CHANGES; i++) {
        g_autoptr(virNetClient) client = testConnect(peer);

        g_test_message("change %d", i);
        testCallFails(client, VIR_ERR_RPC);
        testCallFails(client, VIR_ERR_RPC);
    }
}

static void
testEmptyErrorsAreErrors(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServeEmptyErrors);
    g_autoptr(virNetClient) first = testConnect(peer);
    g_autoptr(virNetClient) second = NULL;

    testCallFails(first, VIR_ERR_INTERNAL_ERROR);
    second = testConnect(peer);
    testCallFails(second, VIR_ERR_INTERNAL_ERROR);
}

/* ---- as a plugin uses it ---- */

static void *
testThread(void *opaque)
{
    while (!g_atomic_int_get((int *) opaque))
        g_free(g_strnfill(100, 'x'));
    return NULL;
}

static void
testWorksInAForkedChild(void)
{
    g_autoptr(testPeer) peer = testPeerNew(testServe);
    pthread_t thread;
    int stop = 0;
    int i;

    g_assert_cmpint(pthread_create(&thread, NULL, testThread, &stop), ==, 0);
    for (i = 0; i < 10; i++) {
        pid_t pid = fork();
        int status;

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
            g_autoptr(virNetClient) client = NULL;

            alarm(20);
            client = testConnect(peer);
            testEchoWorks(client);
            _exit(0);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_cmpint(status, ==, 0);
    }
    g_atomic_int_set(&stop, 1);
    pthread_join(thread, NULL);
}

static void
testNoDescriptorLeaks(void)
{
    int before = testCountFDs();
    int next = dup(STDERR_FILENO);      /* the descriptor that the client will get */
    g_autoptr(testPeer) peer = NULL;

    close(next);
    peer = testPeerNew(testServe);
    {
        g_autoptr(virNetClient) client = testConnect(peer);

        testEchoWorks(client);
        g_assert_cmpint(testCountFDs(), ==, before + 1);
        g_assert_cmpint(fcntl(next, F_GETFD), ==, FD_CLOEXEC);
    }
    testDeathEndsTheCall();
    testWhatIsNoAnswerIsRefused();
    testNoServiceIsSaidSo();
    g_assert_cmpint(testCountFDs(), ==, before);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/rpc/client/calls-are-answered", testCallsAreAnswered);
    g_test_add_func("/rpc/client/servers-error-is-passed-on", testServersErrorIsPassedOn);
    g_test_add_func("/rpc/client/too-much-is-not-sent", testTooMuchIsNotSent);
    g_test_add_func("/rpc/client/events-are-skipped", testEventsAreSkipped);
    g_test_add_func("/rpc/client/signals-do-no-harm", testSignalsDoNoHarm);
    g_test_add_func("/rpc/client/no-service-is-said-so", testNoServiceIsSaidSo);
    g_test_add_func("/rpc/client/full-queue-times-out", testFullQueueTimesOut);
    g_test_add_func("/rpc/client/silence-times-out", testSilenceTimesOut);
    g_test_add_func("/rpc/client/trickle-times-out", testTrickleTimesOut);
    g_test_add_func("/rpc/client/death-ends-the-call", testDeathEndsTheCall);
    g_test_add_func("/rpc/client/refusal-raises-no-signal", testRefusalRaisesNoSignal);
    g_test_add_func("/rpc/client/what-is-no-answer-is-refused", testWhatIsNoAnswerIsRefused);
    g_test_add_func("/rpc/client/empty-errors-are-errors", testEmptyErrorsAreErrors);
    g_test_add_func("/rpc/client/works-in-a-forked-child", testWorksInAForkedChild);
    g_test_add_func("/rpc/client/no-descriptor-leaks", testNoDescriptorLeaks);

    return g_test_run();
}
