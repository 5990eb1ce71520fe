/*
 * virnetservertest.c: a server among clients of every kind
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Server and clients are in one thread: the clients are bare sockets, and
 * whatever is waited for, the main loop runs meanwhile.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filelimit.h"
#include "virerror.h"
#include "virnetmessage.h"
#include "virnetserver.h"

#define TEST_PROGRAM 0x54455354
#define TEST_PROC_ECHO 1        /* gives back its argument */
#define TEST_PROC_LATER 2       /* is kept until the test answers it */
#define TEST_PROC_BIG 3         /* answers with 1 MiB */
#define TEST_PROC_FORGET 4      /* never answers */
#define TEST_PROC_UNSENDABLE 5  /* answers with more than a frame can hold */
#define TEST_PROC_FAIL 6
#define TEST_PROC_REMEMBER 7    /* gives back the argument of the connection's call before */
#define TEST_BIG ((size_t) 1024 * 1024)
#define TEST_LIMIT_US (20 * G_USEC_PER_SEC)

typedef struct _testServer testServer;
struct _testServer {
    char *dir;
    char *path;
    virNetServer *server;
    virNetServerProgram program;
    GPtrArray *kept;            /* of virNetServerRequest */
    int gone;
    uid_t refused;
};

/* ---- the service ---- */

static void
testEcho(virNetServerRequest *request, void *args, void *opaque G_GNUC_UNUSED)
{
    g_assert_true(args == virNetServerRequestGetArgs(request));
    g_assert_cmpint(virNetServerRequestGetPid(request), ==, getpid());
    g_assert_cmpuint(virNetServerRequestGetUid(request), ==, geteuid());
    g_assert_cmpint(virNetServerRequestGetProcedure(request), ==, TEST_PROC_ECHO);
    virNetServerRequestReply(request, args);
}

static void
testGone(virNetServerRequest *request, void *opaque)
{
    testServer *test = opaque;

    g_assert_true(virNetServerRequestIsGone(request));
    test->gone++;
}

static void
testLater(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque)
{
    testServer *test = opaque;

    g_ptr_array_add(test->kept, virNetServerRequestRef(request));
    virNetServerRequestSetGone(request, testGone, test);
}

static void
testSendMany(virNetServerRequest *request, size_t length)
{
    g_autofree char *text = g_strnfill(length, 'x');

    virNetServerRequestReply(request, &text);
}

static void
testBig(virNetServerRequest *request, void *args, void *opaque G_GNUC_UNUSED)
{
    g_assert_null(args);
    testSendMany(request, TEST_BIG);
}

static void
testUnsendable(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    testSendMany(request, VIR_NET_MESSAGE_MAX);
}

static void
testForget(virNetServerRequest *request G_GNUC_UNUSED,
           void *args G_GNUC_UNUSED,
           void *opaque G_GNUC_UNUSED)
{
}

static void
testFail(virNetServerRequest *request, void *args G_GNUC_UNUSED, void *opaque G_GNUC_UNUSED)
{
    virNetServerRequestFail(request, VIR_ERR_RESOURCE_BUSY, "disk '/a' is in use");
}

static int testForgotten;       /* texts that were kept with a connection, and destroyed */

static void
testForgetText(void *text)
{
    testForgotten++;
    g_free(text);
}

static void
testRemember(virNetServerRequest *request, void *args, void *opaque G_GNUC_UNUSED)
{
    g_autofree char *before = g_strdup(virNetServerRequestGetClientData(request));
    char *answer = before ? before : (char *) "nothing";

    virNetServerRequestSetClientData(request, g_strdup(*(char **) args), testForgetText);
    virNetServerRequestReply(request, &answer);
}

#define TEST_STRING (xdrproc_t) xdr_virNetMessageNonnullString

static const virNetServerProcedure testProcedures[] = {
    { TEST_PROC_ECHO, "echo", sizeof(char *), TEST_STRING, TEST_STRING, testEcho },
    { TEST_PROC_LATER, "later", sizeof(char *), TEST_STRING, TEST_STRING, testLater },
    { TEST_PROC_BIG, "big", 0, NULL, TEST_STRING, testBig },
    { TEST_PROC_FORGET, "forget", sizeof(char *), TEST_STRING, NULL, testForget },
    { TEST_PROC_UNSENDABLE, "unsendable", 0, NULL, TEST_STRING, testUnsendable },
    { TEST_PROC_FAIL, "fail", 0, NULL, NULL, testFail },
    { TEST_PROC_REMEMBER, "remember", sizeof(char *), TEST_STRING, TEST_STRING, testRemember },
};

static gboolean
testMayConnect(pid_t pid G_GNUC_UNUSED, uid_t uid, gid_t gid G_GNUC_UNUSED, void *opaque)
{
    return uid != ((testServer *) opaque)->refused;
}

static void
testUnrefRequest(void *request)
{
    virNetServerRequestUnref(request);
}

static testServer *
testServerNew(const virNetServerConfig *config)
{
    testServer *test = g_new0(testServer, 1);

    test->dir = g_dir_make_tmp("virnetservertest-XXXXXX", NULL);
    g_assert_nonnull(test->dir);
    test->path = g_build_filename(test->dir, "sock", NULL);
    test->kept = g_ptr_array_new_with_free_func(testUnrefRequest);
    test->refused = (uid_t) -1;
    test->program = (virNetServerProgram) {
        .program = TEST_PROGRAM, .version = 1, .opaque = test,
        .procedures = testProcedures, .nprocedures = G_N_ELEMENTS(testProcedures),
    };
    test->server = virNetServerNew(config);
    virNetServerAddProgram(test->server, &test->program);
    g_assert_cmpint(virNetServerListen(test->server, test->path, 0600), ==, 0);
    return test;
}

static void
testServerFree(testServer *test)
{
    virNetServerFree(test->server);
    g_ptr_array_unref(test->kept);
    g_assert_cmpint(g_rmdir(test->dir), ==, 0);
    g_free(test->dir);
    g_free(test->path);
    g_free(test);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testServer, testServerFree);

/* ---- the clients ---- */

/* Lets the server do what it can, for a moment if there is nothing. */
static void
testTurn(gint64 since)
{
    g_assert_cmpint(g_get_monotonic_time() - since, <, TEST_LIMIT_US);
    if (!g_main_context_iteration(NULL, FALSE))
        g_usleep(200);
}

#define TEST_WAIT(condition) \
    do { \
        gint64 since_ = g_get_monotonic_time(); \
        while (!(condition)) \
            testTurn(since_); \
    } while (0)

/* Lets the server do all that it has to do now. */
static void
testSettle(void)
{
    int idle = 0;

    while (idle < 20)
        idle = g_main_context_iteration(NULL, FALSE) ? 0 : idle + 1;
}

static int
testConnect(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (connect(fd, (struct sockaddr *) &address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void
testSendBytes(int fd, const void *bytes, size_t length)
{
    gint64 since = g_get_monotonic_time();
    size_t done = 0;

    while (done < length) {
        ssize_t n = send(fd, (const char *) bytes + done, length - done, MSG_NOSIGNAL);

        if (n > 0)
            done += n;
        else
            testTurn(since);
    }
}

static virNetMessageHeader
testHeader(int procedure, guint32 serial)
{
    virNetMessageHeader header = {
        .prog = TEST_PROGRAM, .vers = 1, .proc = procedure, .type = VIR_NET_CALL, .serial = serial,
    };

    return header;
}

static GByteArray *
testEncode(int procedure, guint32 serial, const char *text)
{
    virNetMessageHeader header = testHeader(procedure, serial);
    GByteArray *frame = virNetMessageEncode(&header, text ? TEST_STRING : NULL, &text);

    g_assert_nonnull(frame);
    return frame;
}

static void
testSend(int fd, int procedure, guint32 serial, const char *text)
{
    g_autoptr(GByteArray) frame = testEncode(procedure, serial, text);

    testSendBytes(fd, frame->data, frame->len);
}

/* Returns FALSE if the server closed the connection. */
static gboolean
testReceiveBytes(int fd, void *bytes, size_t length)
{
    gint64 since = g_get_monotonic_time();
    size_t done = 0;

    while (done < length) {
        ssize_t n = recv(fd, (char *) bytes + done, length - done, 0);

        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return FALSE;
        if (n > 0)
            done += n;
        else
            testTurn(since);
    }
    return TRUE;
}

static GByteArray *
testReceive(int fd, virNetMessageHeader *header)
{
    GByteArray *frame = g_byte_array_new();
    size_t length;

    g_byte_array_set_size(frame, 4);
    g_assert_true(testReceiveBytes(fd, frame->data, 4));
    g_assert_cmpint(virNetMessageDecodeLength(frame->data, &length), ==, 0);
    g_byte_array_set_size(frame, length);
    g_assert_true(testReceiveBytes(fd, frame->data + 4, length - 4));
    g_assert_cmpint(virNetMessageDecodeHeader(frame, header), ==, 0);
    return frame;
}

static void
testExpect(int fd, int procedure, guint32 serial, const char *text)
{
    virNetMessageHeader expected = testHeader(procedure, serial);
    virNetMessageHeader header;
    g_autoptr(GByteArray) frame = testReceive(fd, &header);
    char *answer = NULL;

    expected.type = VIR_NET_REPLY;
    g_assert_cmpmem(&header, sizeof(header), &expected, sizeof(expected));
    g_assert_cmpint(virNetMessageDecodePayload(frame, TEST_STRING, &answer), ==, 0);
    if (text)
        g_assert_cmpstr(answer, ==, text);
    xdr_free(TEST_STRING, &answer);
}

static void
testExpectError(int fd, guint32 serial, int domain, int code)
{
    virNetMessageHeader header;
    g_autoptr(GByteArray) frame = testReceive(fd, &header);
    virNetMessageError error = { 0 };

    g_assert_cmpuint(header.type, ==, VIR_NET_REPLY);
    g_assert_cmpuint(header.status, ==, VIR_NET_ERROR);
    g_assert_cmpuint(header.serial, ==, serial);
    g_assert_cmpint(virNetMessageDecodePayload(frame, (xdrproc_t) xdr_virNetMessageError, &error), ==, 0);
    g_assert_cmpint(error.domain, ==, domain);
    g_assert_cmpint(error.code, ==, code);
    g_assert_cmpint(error.level, ==, VIR_ERR_ERROR);
    g_assert_cmpstr(*error.message, !=, "");
    xdr_free((xdrproc_t) xdr_virNetMessageError, &error);
}

static void
testExpectClosed(int fd)
{
    guint8 byte;

    g_assert_false(testReceiveBytes(fd, &byte, 1));
}

static void
testExpectNothing(int fd)
{
    guint8 byte;

    testSettle();
    g_assert_cmpint(recv(fd, &byte, 1, 0), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
}

static void
testEchoWorks(int fd)
{
    testSend(fd, TEST_PROC_ECHO, 77, "hello");
    testExpect(fd, TEST_PROC_ECHO, 77, "hello");
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

/* ---- calls and answers ---- */

static void
testCallsAreAnswered(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    int fd = testConnect(test->path);

    testEchoWorks(fd);
    testSend(fd, TEST_PROC_ECHO, 1, "");
    testSend(fd, TEST_PROC_FAIL, 2, NULL);
    testSend(fd, TEST_PROC_BIG, 3, NULL);
    testExpect(fd, TEST_PROC_ECHO, 1, "");
    testExpectError(fd, 2, VIR_FROM_LOCKING, VIR_ERR_RESOURCE_BUSY);
    testExpect(fd, TEST_PROC_BIG, 3, NULL);
    g_assert_cmpuint(virNetServerGetCalls(test->server), ==, 0);
    close(fd);
}

static void
testBytesComeOneByOne(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    g_autoptr(GByteArray) frame = testEncode(TEST_PROC_ECHO, 5, "slowly");
    int fd = testConnect(test->path);
    guint i;

    for (i = 0; i < frame->len; i++) {
        testSendBytes(fd, frame->data + i, 1);
        testSettle();
    }
    testExpect(fd, TEST_PROC_ECHO, 5, "slowly");
    close(fd);
}

static void
testWhatIsNoCallIsAnError(void)
{
    static const virNetMessageHeader headers[] = {
        { .prog = TEST_PROGRAM + 1, .vers = 1, .proc = TEST_PROC_ECHO },
        { .prog = TEST_PROGRAM, .vers = 2, .proc = TEST_PROC_ECHO },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = 0 },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = -1 },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = 99 },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_ECHO, .type = VIR_NET_REPLY },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_ECHO, .type = VIR_NET_STREAM },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_ECHO, .type = VIR_NET_CALL_WITH_FDS },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_ECHO, .type = 4711 },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_ECHO, .status = VIR_NET_ERROR },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_ECHO, .status = -1 },
        /* without its argument, and with one too many */
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_ECHO },
        { .prog = TEST_PROGRAM, .vers = 1, .proc = TEST_PROC_BIG },
    };
    g_autoptr(testServer) test = testServerNew(NULL);
    int fd = testConnect(test->path);
    char *text = (char *) "text";
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(GByteArray) frame =
            virNetMessageEncode(&headers[i], i == 11 ? NULL : TEST_STRING, &text);

        g_test_message("message %zu", i);
        testSendBytes(fd, frame->data, frame->len);
        testExpectError(fd, 0, VIR_FROM_RPC, VIR_ERR_RPC);
        testEchoWorks(fd);
    }
    close(fd);
}

static void
testPingIsAnswered(void)
{
    /* as libvirt's clients send it */
    static const guint8 ping[] = {
        0, 0, 0, 28, 'k', 'e', 'e', 'p', 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
    };
    static const guint8 pong[] = {
        0, 0, 0, 28, 'k', 'e', 'e', 'p', 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
    };
    g_autoptr(testServer) test = testServerNew(NULL);
    int fd = testConnect(test->path);
    guint8 answer[sizeof(pong)];

    testSendBytes(fd, ping, sizeof(ping));
    g_assert_true(testReceiveBytes(fd, answer, sizeof(answer)));
    g_assert_cmpmem(answer, sizeof(answer), pong, sizeof(pong));
    close(fd);
}

static void
testNoAnswerIsAnError(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    int fd = testConnect(test->path);

    testSend(fd, TEST_PROC_FORGET, 9, "text");
    testExpectError(fd, 9, VIR_FROM_LOCKING, VIR_ERR_INTERNAL_ERROR);
    testSend(fd, TEST_PROC_UNSENDABLE, 10, NULL);
    testExpectError(fd, 10, VIR_FROM_RPC, VIR_ERR_RPC);
    testEchoWorks(fd);
    close(fd);
}

static void
testAnswersMayComeLaterAndInAnyOrder(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    int fd = testConnect(test->path);
    char *text = (char *) "at last";
    int i;

    for (i = 0; i < 3; i++)
        testSend(fd, TEST_PROC_LATER, 10 + i, "text");
    TEST_WAIT(test->kept->len == 3);
    g_assert_cmpuint(virNetServerGetCalls(test->server), ==, 3);
    testEchoWorks(fd);

    virNetServerRequestReply(g_ptr_array_index(test->kept, 2), &text);
    testExpect(fd, TEST_PROC_LATER, 12, "at last");
    virNetServerRequestFail(g_ptr_array_index(test->kept, 0), VIR_ERR_NO_DOMAIN, "no such guest");
    testExpectError(fd, 10, VIR_FROM_LOCKING, VIR_ERR_NO_DOMAIN);
    virNetServerRequestReply(g_ptr_array_index(test->kept, 1), &text);
    testExpect(fd, TEST_PROC_LATER, 11, "at last");

    close(fd);
    TEST_WAIT(virNetServerGetClients(test->server) == 0);
    g_assert_cmpint(test->gone, ==, 0);
}

static void
testClientGoneIsTold(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    int fd = testConnect(test->path);
    char *text = (char *) "too late";
    int i;

    for (i = 0; i < 4; i++)
        testSend(fd, TEST_PROC_LATER, i, "text");
    TEST_WAIT(test->kept->len == 4);
    virNetServerRequestReply(g_ptr_array_index(test->kept, 0), &text);
    virNetServerRequestSetGone(g_ptr_array_index(test->kept, 1), NULL, NULL);
    close(fd);
    TEST_WAIT(virNetServerGetClients(test->server) == 0);

    g_assert_cmpint(test->gone, ==, 2);
    g_assert_cmpuint(virNetServerGetCalls(test->server), ==, 0);
    g_assert_false(virNetServerRequestIsGone(g_ptr_array_index(test->kept, 0)));
    g_assert_true(virNetServerRequestIsGone(g_ptr_array_index(test->kept, 1)));
    virNetServerRequestReply(g_ptr_array_index(test->kept, 2), &text);
    virNetServerRequestFail(g_ptr_array_index(test->kept, 3), VIR_ERR_NO_DOMAIN, text);
    g_assert_cmpint(test->gone, ==, 2);
    g_assert_cmpstr(*(char **) virNetServerRequestGetArgs(g_ptr_array_index(test->kept, 1)), ==, "text");
}

static void
testEachConnectionHasItsData(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    int a = testConnect(test->path);
    int b = testConnect(test->path);

    testForgotten = 0;
    testSend(a, TEST_PROC_REMEMBER, 1, "one");
    testExpect(a, TEST_PROC_REMEMBER, 1, "nothing");
    testSend(b, TEST_PROC_REMEMBER, 1, "other");
    testExpect(b, TEST_PROC_REMEMBER, 1, "nothing");
    testSend(a, TEST_PROC_REMEMBER, 2, "two");
    testExpect(a, TEST_PROC_REMEMBER, 2, "one");
    g_assert_cmpint(testForgotten, ==, 1);

    /* A call that was not answered holds it beyond the connection's end. */
    testSend(b, TEST_PROC_LATER, 2, "text");
    TEST_WAIT(test->kept->len == 1);
    close(a);
    close(b);
    TEST_WAIT(virNetServerGetClients(test->server) == 0);
    g_assert_cmpint(testForgotten, ==, 2);
    g_assert_cmpstr(virNetServerRequestGetClientData(g_ptr_array_index(test->kept, 0)), ==, "other");
    g_ptr_array_set_size(test->kept, 0);
    g_assert_cmpint(testForgotten, ==, 3);
}

/* ---- clients that misbehave ---- */

static void
testHostileLengthsEndTheConnection(void)
{
    static const guint32 lengths[] = { 0, 3, 27, VIR_NET_MESSAGE_MAX + 1, 0xffffffff };
    g_autoptr(testServer) test = testServerNew(NULL);
    int other = testConnect(test->path);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        guint32 big = GUINT32_TO_BE(lengths[i]);
        int fd = testConnect(test->path);

        g_test_message("length %u", lengths[i]);
        testSendBytes(fd, &big, sizeof(big));
        testExpectClosed(fd);
        close(fd);
        testEchoWorks(other);
    }
    close(other);
}

static void
testTruncatedFramesHarmNobody(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    g_autoptr(GByteArray) frame = testEncode(TEST_PROC_ECHO, 5, "text");
    int other = testConnect(test->path);
    guint i;

    for (i = 0; i < frame->len; i++) {
        int fd = testConnect(test->path);

        testSendBytes(fd, frame->data, i);
        if (i % 2 == 0)
            testSettle();
        close(fd);
    }
    testEchoWorks(other);
    TEST_WAIT(virNetServerGetClients(test->server) == 1);
    close(other);
}

static void
testHalfAFrameHoldsUpNobody(void)
{
    virNetServerConfig config = { .frameTimeoutMs = 700 };
    g_autoptr(testServer) test = testServerNew(&config);
    g_autoptr(GByteArray) frame = testEncode(TEST_PROC_ECHO, 5, "text");
    int silent = testConnect(test->path);
    int half = testConnect(test->path);
    int other = testConnect(test->path);

    testEchoWorks(half);
    testEchoWorks(other);
    testSendBytes(half, frame->data, frame->len / 2);
    testSettle();
    testEchoWorks(other);

    testExpectClosed(half);
    testExpectClosed(silent);
    g_assert_cmpuint(virNetServerGetClients(test->server), ==, 1);
    testEchoWorks(other);
    close(silent);
    close(half);
    close(other);
}

/* A byte now and then doesn't make the time start again. */
static void
testTricklingIsCutOff(void)
{
    virNetServerConfig config = { .frameTimeoutMs = 100 };
    g_autoptr(testServer) test = testServerNew(&config);
    g_autofree char *text = g_strnfill(5000, 'x');
    g_autoptr(GByteArray) frame = testEncode(TEST_PROC_ECHO, 5, text);
    int fd = testConnect(test->path);
    gint64 since = g_get_monotonic_time();
    guint sent = 0;

    TEST_WAIT(virNetServerGetClients(test->server) == 1);
    while (virNetServerGetClients(test->server) == 1) {
        g_assert_cmpuint(sent, <, frame->len);
        if (send(fd, frame->data + sent, 1, MSG_NOSIGNAL) == 1)
            sent++;
        g_usleep(1000);
        testTurn(since);
    }
    close(fd);
}

static void
testSlowReaderIsCutOff(void)
{
    virNetServerConfig config = { .frameTimeoutMs = 500 };
    g_autoptr(testServer) test = testServerNew(&config);
    int slow = testConnect(test->path);
    int other = testConnect(test->path);
    int i;

    testEchoWorks(slow);
    testEchoWorks(other);
    for (i = 0; i < 4; i++)
        testSend(slow, TEST_PROC_BIG, i, NULL);
    testEchoWorks(other);
    TEST_WAIT(virNetServerGetClients(test->server) == 1);
    testEchoWorks(other);
    close(slow);
    close(other);
}

static void
testAnswersNotTakenAreLimited(void)
{
    virNetServerConfig config = { .maxQueueBytes = 3 * TEST_BIG, .frameTimeoutMs = 60000 };
    g_autoptr(testServer) test = testServerNew(&config);
    int slow = testConnect(test->path);
    int i;

    for (i = 0; i < 6; i++)
        testSend(slow, TEST_PROC_BIG, i, NULL);
    TEST_WAIT(virNetServerGetClients(test->server) == 1);
    TEST_WAIT(virNetServerGetClients(test->server) == 0);
    close(slow);
}

/* What is read ahead waits in the socket, also when the calls are no good. */
static void
testCallsInFlightAreLimited(void)
{
    virNetServerConfig config = { .maxCalls = 2 };
    g_autoptr(testServer) test = testServerNew(&config);
    int fd = testConnect(test->path);
    int other = testConnect(test->path);
    char *text = (char *) "done";
    int i;

    for (i = 0; i < 5; i++)
        testSend(fd, TEST_PROC_LATER, i, "text");
    testSend(fd, 99, 5, NULL);
    testEchoWorks(other);
    testSettle();
    g_assert_cmpuint(test->kept->len, ==, 2);

    for (i = 0; i < 5; i++) {
        TEST_WAIT(test->kept->len > (guint) i);
        testSettle();
        g_assert_cmpuint(test->kept->len, ==, MIN(i + 2, 5));
        if (i == 4)
            testExpectError(fd, 5, VIR_FROM_RPC, VIR_ERR_RPC);
        else
            testExpectNothing(fd);
        virNetServerRequestReply(g_ptr_array_index(test->kept, i), &text);
        testExpect(fd, TEST_PROC_LATER, i, "done");
    }
    close(fd);
    close(other);
}

/* The client goes while it is not being read from. */
static void
testGoneIsSeenWhileNotReading(void)
{
    virNetServerConfig config = { .maxCalls = 1 };
    g_autoptr(testServer) test = testServerNew(&config);
    int fd = testConnect(test->path);

    testSend(fd, TEST_PROC_LATER, 1, "text");
    testSend(fd, TEST_PROC_LATER, 2, "text");
    TEST_WAIT(test->kept->len == 1);
    testSettle();
    close(fd);
    TEST_WAIT(virNetServerGetClients(test->server) == 0);
    g_assert_cmpint(test->gone, ==, 1);
    g_assert_cmpuint(test->kept->len, ==, 1);
}

/* ---- who and how many ---- */

#define TEST_MANY 1500

static void
testFifteenHundredConnections(void)
{
    virNetServerConfig config = { .maxClientsPerUid = TEST_MANY, .frameTimeoutMs = 60000 };
    g_autoptr(testServer) test = NULL;
    int fds[TEST_MANY];
    int i;

    if (!testRaiseFileLimit(4096)) {
        g_test_skip("the limit of open files can't be raised to 4096");
        return;
    }

    test = testServerNew(&config);
    for (i = 0; i < TEST_MANY; i++)
        TEST_WAIT((fds[i] = testConnect(test->path)) >= 0);
    TEST_WAIT(virNetServerGetClients(test->server) == VIR_NET_SERVER_CLIENTS_MAX);
    testSettle();
    g_assert_cmpuint(virNetServerGetClients(test->server), ==, VIR_NET_SERVER_CLIENTS_MAX);

    for (i = 0; i < VIR_NET_SERVER_CLIENTS_MAX; i++)
        testEchoWorks(fds[i]);
    testSend(fds[TEST_MANY - 1], TEST_PROC_ECHO, 5, "waiting");
    testExpectNothing(fds[TEST_MANY - 1]);

    for (i = 0; i < TEST_MANY - VIR_NET_SERVER_CLIENTS_MAX; i++)
        close(fds[i]);
    testExpect(fds[TEST_MANY - 1], TEST_PROC_ECHO, 5, "waiting");
    for (; i < TEST_MANY; i++)
        close(fds[i]);
    TEST_WAIT(virNetServerGetClients(test->server) == 0);
}

static void
testEachUidHasItsLimit(void)
{
    virNetServerConfig config = { .maxClientsPerUid = 3 };
    g_autoptr(testServer) test = testServerNew(&config);
    int fds[4];
    size_t i;

    for (i = 0; i < 3; i++) {
        fds[i] = testConnect(test->path);
        testSend(fds[i], TEST_PROC_LATER, i, "text");
        TEST_WAIT(test->kept->len == i + 1);
    }
    fds[3] = testConnect(test->path);
    testExpectClosed(fds[3]);
    close(fds[3]);

    close(fds[0]);
    TEST_WAIT(virNetServerGetClients(test->server) == 2);
    fds[3] = testConnect(test->path);
    testEchoWorks(fds[3]);
    for (i = 1; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

/* Connections that are only kept give way to those that are used. */
static void
testIdleOnesGiveWay(void)
{
    virNetServerConfig config = { .maxClientsPerUid = 3 };
    g_autoptr(testServer) test = testServerNew(&config);
    int fds[5];
    size_t i;

    for (i = 0; i < 3; i++) {
        fds[i] = testConnect(test->path);
        testEchoWorks(fds[i]);
    }
    testSend(fds[0], TEST_PROC_LATER, 1, "text");
    TEST_WAIT(test->kept->len == 1);
    fds[3] = testConnect(test->path);
    testEchoWorks(fds[3]);
    testExpectClosed(fds[1]);
    fds[4] = testConnect(test->path);
    testExpectClosed(fds[2]);
    testEchoWorks(fds[4]);
    testEchoWorks(fds[3]);
    for (i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
}

/* What is held for all clients is limited, but for small messages. */
static void
testHeldIsLimited(void)
{
    virNetServerConfig config = { .maxHeldBytes = 2 * TEST_BIG, .frameTimeoutMs = 60000 };
    g_autoptr(testServer) test = testServerNew(&config);
    int fds[4];
    int other = testConnect(test->path);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(fds); i++) {
        fds[i] = testConnect(test->path);
        testSend(fds[i], TEST_PROC_BIG, i, NULL);
    }
    TEST_WAIT(virNetServerGetClients(test->server) == 3);
    testSettle();
    testEchoWorks(other);
    g_assert_cmpuint(virNetServerGetClients(test->server), ==, 3);
    for (i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    TEST_WAIT(virNetServerGetClients(test->server) == 1);
    fds[0] = testConnect(test->path);
    testSend(fds[0], TEST_PROC_BIG, 7, NULL);
    testSettle();
    g_assert_cmpuint(virNetServerGetClients(test->server), ==, 2);
    close(fds[0]);
    close(other);
}

static void
testPeersMayBeRefused(void)
{
    testServer whom = { .refused = geteuid() };
    virNetServerConfig config = { .mayConnect = testMayConnect, .opaque = &whom };
    g_autoptr(testServer) test = testServerNew(&config);
    int fd = testConnect(test->path);

    testExpectClosed(fd);
    close(fd);
    whom.refused = (uid_t) -1;
    fd = testConnect(test->path);
    testEchoWorks(fd);
    close(fd);
}

/* In a child: 0 if the server cut us off, 1 if it served us. */
static int
testConnectAs(const char *path, uid_t uid)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    guint8 byte;

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (setuid(uid) < 0 || connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
        return 2;
    return recv(fd, &byte, 1, 0) == 0 ? 0 : 1;
}

static void
testStrangersAreRefused(void)
{
    virNetServerConfig config = { .frameTimeoutMs = 60000 };
    g_autoptr(testServer) test = NULL;
    int status;
    pid_t pid;

    if (geteuid() != 0) {
        g_test_skip("only root can become somebody else");
        return;
    }

    test = testServerNew(&config);
    g_assert_cmpint(chmod(test->dir, 0755), ==, 0);
    g_assert_cmpint(chmod(test->path, 0666), ==, 0);
    g_assert_cmpint(pid = fork(), >=, 0);
    if (pid == 0) {
        alarm(3);
        _exit(testConnectAs(test->path, 65534));
    }
    TEST_WAIT(waitpid(pid, &status, WNOHANG) == pid);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
    g_assert_cmpuint(virNetServerGetClients(test->server), ==, 0);
}

static void
testNoDescriptorsLeft(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    int served = testConnect(test->path);
    struct rlimit before;
    struct rlimit limit;
    int waiting;
    int turns;

    testEchoWorks(served);
    waiting = testConnect(test->path);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
    limit = before;
    limit.rlim_cur = 3;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &limit), ==, 0);
    testSend(waiting, TEST_PROC_ECHO, 1, "waiting");
    testEchoWorks(served);
    testSettle();

    /* It doesn't try again and again. */
    for (turns = 0; g_main_context_iteration(NULL, FALSE); turns++)
        g_assert_cmpint(turns, <, 100);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
    g_assert_cmpuint(virNetServerGetClients(test->server), ==, 1);
    close(served);
    testExpect(waiting, TEST_PROC_ECHO, 1, "waiting");
    close(waiting);
}

/* ---- sockets ---- */

static void
testStopDropsAll(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    int fd = testConnect(test->path);
    char *text = (char *) "goodbye";

    testSend(fd, TEST_PROC_LATER, 1, "text");
    testSend(fd, TEST_PROC_LATER, 2, "text");
    TEST_WAIT(test->kept->len == 2);
    virNetServerRequestReply(g_ptr_array_index(test->kept, 0), &text);
    virNetServerStop(test->server);

    g_assert_cmpint(test->gone, ==, 1);
    g_assert_cmpuint(virNetServerGetClients(test->server), ==, 0);
    testExpect(fd, TEST_PROC_LATER, 1, "goodbye");
    testExpectClosed(fd);
    close(fd);
    g_assert_false(g_file_test(test->path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(testConnect(test->path), ==, -1);
    virNetServerStop(test->server);
}

static void
testStaleSocketIsReplaced(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    g_autofree char *path = g_build_filename(test->dir, "stale", NULL);
    g_autoptr(virNetServer) server = virNetServerNew(NULL);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t mask = umask(0077);
    struct stat st;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    close(fd);
    g_assert_cmpint(virNetServerListen(server, path, 0660), ==, 0);
    umask(mask);
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpuint(st.st_mode & 07777, ==, 0660);
    virNetServerStop(server);
    g_assert_cmpint(stat(path, &st), ==, -1);
}

static void
testWhatIsInUseIsLeftAlone(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    g_autofree char *path = g_build_filename(test->dir, "file", NULL);
    g_autofree char *tooLong = g_strnfill(108, '/');
    const char *paths[] = { path, test->path, tooLong, "/nonexistent/sock" };
    g_autoptr(virNetServer) server = virNetServerNew(NULL);
    int before;
    size_t i;
    int fd;

    g_assert_true(g_file_set_contents(path, "text", -1, NULL));
    before = testCountFDs();
    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        virResetLastError();
        g_assert_cmpint(virNetServerListen(server, paths[i], 0600), ==, -1);
        g_assert_cmpint(virGetLastErrorCode(), !=, VIR_ERR_OK);
        g_test_message("%s", virGetLastErrorMessage());
    }
    g_assert_cmpint(testCountFDs(), ==, before);
    g_assert_cmpint(g_remove(path), ==, 0);

    fd = testConnect(test->path);
    testEchoWorks(fd);
    close(fd);
}

/* The file of somebody who came later stays. */
static void
testForeignSocketIsNotRemoved(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);

    g_assert_cmpint(g_remove(test->path), ==, 0);
    g_assert_true(g_file_set_contents(test->path, "text", -1, NULL));
    virNetServerStop(test->server);
    g_assert_true(g_file_test(test->path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_remove(test->path), ==, 0);
}

static void
testListeningSocketIsAdopted(void)
{
    g_autoptr(testServer) test = testServerNew(NULL);
    g_autofree char *path = g_build_filename(test->dir, "activated", NULL);
    g_autoptr(virNetServer) server = virNetServerNew(NULL);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int client;

    virNetServerAddProgram(server, &test->program);
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
    g_assert_cmpint(virNetServerListenFD(server, fd), ==, -1);
    g_assert_cmpint(virNetServerListenFD(server, STDERR_FILENO), ==, -1);
    g_assert_cmpint(virNetServerListenFD(server, 9999), ==, -1);
    g_assert_cmpint(listen(fd, 5), ==, 0);
    g_assert_cmpint(virNetServerListenFD(server, fd), ==, 0);
    g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);

    client = testConnect(path);
    testEchoWorks(client);
    close(client);
    virNetServerStop(server);
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void
testNoDescriptorLeaks(void)
{
    int before;
    int i;

    testCallsAreAnswered();
    before = testCountFDs();
    for (i = 0; i < 3; i++) {
        testCallsAreAnswered();
        testClientGoneIsTold();
        testHostileLengthsEndTheConnection();
        testPeersMayBeRefused();
        testStopDropsAll();
        testListeningSocketIsAdopted();
    }
    g_assert_cmpint(testCountFDs(), ==, before);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/rpc/server/calls-are-answered", testCallsAreAnswered);
    g_test_add_func("/rpc/server/bytes-come-one-by-one", testBytesComeOneByOne);
    g_test_add_func("/rpc/server/what-is-no-call-is-an-error", testWhatIsNoCallIsAnError);
    g_test_add_func("/rpc/server/ping-is-answered", testPingIsAnswered);
    g_test_add_func("/rpc/server/no-answer-is-an-error", testNoAnswerIsAnError);
    g_test_add_func("/rpc/server/answers-may-come-later-and-in-any-order",
                    testAnswersMayComeLaterAndInAnyOrder);
    g_test_add_func("/rpc/server/client-gone-is-told", testClientGoneIsTold);
    g_test_add_func("/rpc/server/each-connection-has-its-data", testEachConnectionHasItsData);
    g_test_add_func("/rpc/server/hostile-lengths-end-the-connection", testHostileLengthsEndTheConnection);
    g_test_add_func("/rpc/server/truncated-frames-harm-nobody", testTruncatedFramesHarmNobody);
    g_test_add_func("/rpc/server/half-a-frame-holds-up-nobody", testHalfAFrameHoldsUpNobody);
    g_test_add_func("/rpc/server/trickling-is-cut-off", testTricklingIsCutOff);
    g_test_add_func("/rpc/server/slow-reader-is-cut-off", testSlowReaderIsCutOff);
    g_test_add_func("/rpc/server/answers-not-taken-are-limited", testAnswersNotTakenAreLimited);
    g_test_add_func("/rpc/server/calls-in-flight-are-limited", testCallsInFlightAreLimited);
    g_test_add_func("/rpc/server/gone-is-seen-while-not-reading", testGoneIsSeenWhileNotReading);
    g_test_add_func("/rpc/server/fifteen-hundred-connections", testFifteenHundredConnections);
    g_test_add_func("/rpc/server/each-uid-has-its-limit", testEachUidHasItsLimit);
    g_test_add_func("/rpc/server/idle-ones-give-way", testIdleOnesGiveWay);
    g_test_add_func("/rpc/server/held-is-limited", testHeldIsLimited);
    g_test_add_func("/rpc/server/peers-may-be-refused", testPeersMayBeRefused);
    g_test_add_func("/rpc/server/strangers-are-refused", testStrangersAreRefused);
    g_test_add_func("/rpc/server/no-descriptors-left", testNoDescriptorsLeft);
    g_test_add_func("/rpc/server/stop-drops-all", testStopDropsAll);
    g_test_add_func("/rpc/server/stale-socket-is-replaced", testStaleSocketIsReplaced);
    g_test_add_func("/rpc/server/what-is-in-use-is-left-alone", testWhatIsInUseIsLeftAlone);
    g_test_add_func("/rpc/server/foreign-socket-is-not-removed", testForeignSocketIsNotRemoved);
    g_test_add_func("/rpc/server/listening-socket-is-adopted", testListeningSocketIsAdopted);
    g_test_add_func("/rpc/server/no-descriptor-leaks", testNoDescriptorLeaks);

    return g_test_run();
}
