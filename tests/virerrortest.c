/*
 * virerrortest.c: errors are remembered, cut short safely, and passed on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

typedef struct _testReported testReported;
struct _testReported {
    guint count;
    int domain;
    int code;
    char *filename;
    size_t linenr;
    char *message;
};

static testReported reported;

static void
testReporter(int domain,
             int code,
             const char *filename,
             const char *funcname G_GNUC_UNUSED,
             size_t linenr,
             const char *message)
{
    reported.count++;
    reported.domain = domain;
    reported.code = code;
    reported.linenr = linenr;
    g_free(reported.filename);
    reported.filename = g_path_get_basename(filename);
    g_free(reported.message);
    reported.message = g_strdup(message);
}

static void
testReportIsRemembered(void)
{
    virResetLastError();
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    g_assert_cmpstr(virGetLastErrorMessage(), ==, "no error");

    virReportError(VIR_ERR_RESOURCE_BUSY, "disk '%1$s' is in use by '%2$s'", "a", "web01");
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpint(virGetLastErrorDomain(), ==, VIR_FROM_LOCKING);
    g_assert_cmpstr(virGetLastErrorMessage(), ==, "disk 'a' is in use by 'web01'");

    virResetLastError();
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    g_assert_cmpint(virGetLastErrorDomain(), ==, VIR_FROM_NONE);
}

static void
testSystemErrorSaysWhy(void)
{
    virReportSystemError(ENOSPC, "cannot write '%1$s'", "/x");
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_cmpstr(virGetLastErrorMessage(), ==, "cannot write '/x': No space left on device");
}

static void
testReporterWithErrno(int domain G_GNUC_UNUSED,
                      int code G_GNUC_UNUSED,
                      const char *filename G_GNUC_UNUSED,
                      const char *funcname G_GNUC_UNUSED,
                      size_t linenr G_GNUC_UNUSED,
                      const char *message G_GNUC_UNUSED)
{
    errno = EBADF;
}

/* Whatever happens while it is reported. */
static void
testErrnoIsKept(void)
{
    virErrorSetReporter(testReporterWithErrno);
    errno = ESRCH;
    virReportError(VIR_ERR_INTERNAL_ERROR, "a message of %1$s", "some kind");
    g_assert_cmpint(errno, ==, ESRCH);
    virReportSystemError(EIO, "another");
    g_assert_cmpint(errno, ==, ESRCH);
    virErrorSetReporter(NULL);
}

/* A message may quote the last one: it must be read before it is replaced. */
static void
testMessageMayQuoteTheLast(void)
{
    virReportError(VIR_ERR_INTERNAL_ERROR, "inner");
    virReportError(VIR_ERR_INTERNAL_ERROR, "outer: %1$s", virGetLastErrorMessage());
    g_assert_cmpstr(virGetLastErrorMessage(), ==, "outer: inner");
}

static void
testLongMessageIsCutAtACharacter(void)
{
    g_autoptr(GString) text = g_string_new("x");

    while (text->len < VIR_ERROR_MESSAGE_MAX * 2)
        g_string_append(text, "ß");
    virReportError(VIR_ERR_INTERNAL_ERROR, "%1$s", text->str);

    g_assert_true(g_utf8_validate(virGetLastErrorMessage(), -1, NULL));
    g_assert_cmpuint(strlen(virGetLastErrorMessage()), >, VIR_ERROR_MESSAGE_MAX - 4);
    g_assert_cmpuint(strlen(virGetLastErrorMessage()), <, VIR_ERROR_MESSAGE_MAX);
    g_assert_true(g_str_has_prefix(text->str, virGetLastErrorMessage()));
}

/* The same with the cut one byte further on. */
static void
testLongMessageIsCutAtACharacterToo(void)
{
    g_autoptr(GString) text = g_string_new("xy");

    while (text->len < VIR_ERROR_MESSAGE_MAX * 2)
        g_string_append(text, "ß");
    virReportError(VIR_ERR_INTERNAL_ERROR, "%1$s", text->str);
    g_assert_true(g_utf8_validate(virGetLastErrorMessage(), -1, NULL));
}

static void
testReporterGetsIt(void)
{
    size_t line;

    virErrorSetReporter(testReporter);
    virReportError(VIR_ERR_CONF_SYNTAX, "a message of %1$s", "some kind"); line = __LINE__;
    virErrorSetReporter(NULL);
    virReportError(VIR_ERR_INTERNAL_ERROR, "not passed on");

    g_assert_cmpuint(reported.count, ==, 1);
    g_assert_cmpint(reported.domain, ==, VIR_FROM_LOCKING);
    g_assert_cmpint(reported.code, ==, VIR_ERR_CONF_SYNTAX);
    g_assert_cmpstr(reported.filename, ==, "virerrortest.c");
    g_assert_cmpuint(reported.linenr, ==, line);
    g_assert_cmpstr(reported.message, ==, "a message of some kind");
    g_clear_pointer(&reported.filename, g_free);
    g_clear_pointer(&reported.message, g_free);
}

static gpointer
testThread(gpointer opaque G_GNUC_UNUSED)
{
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    virReportError(VIR_ERR_NO_DOMAIN, "of the other thread");
    return NULL;
}

static void
testThreadsHaveTheirOwn(void)
{
    GThread *thread;

    virReportError(VIR_ERR_RESOURCE_BUSY, "of this thread");
    thread = g_thread_new("other", testThread, NULL);
    g_thread_join(thread);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_RESOURCE_BUSY);
    g_assert_cmpstr(virGetLastErrorMessage(), ==, "of this thread");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/error/report-is-remembered", testReportIsRemembered);
    g_test_add_func("/util/error/system-error-says-why", testSystemErrorSaysWhy);
    g_test_add_func("/util/error/errno-is-kept", testErrnoIsKept);
    g_test_add_func("/util/error/message-may-quote-the-last", testMessageMayQuoteTheLast);
    g_test_add_func("/util/error/long-message-is-cut-at-a-character", testLongMessageIsCutAtACharacter);
    g_test_add_func("/util/error/long-message-is-cut-at-a-character-too", testLongMessageIsCutAtACharacterToo);
    g_test_add_func("/util/error/reporter-gets-it", testReporterGetsIt);
    g_test_add_func("/util/error/threads-have-their-own", testThreadsHaveTheirOwn);

    return g_test_run();
}
