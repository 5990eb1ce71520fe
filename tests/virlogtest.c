/*
 * virlogtest.c: what is logged, and that no message breaks the log
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virlog.h"

VIR_LOG_INIT("test.log");

/* Standard error goes to a file between begin and end. */
typedef struct _testCapture testCapture;
struct _testCapture {
    char *path;
    int saved;
};

static void
testCaptureBegin(testCapture *capture)
{
    int fd = g_file_open_tmp("virlogtest-XXXXXX", &capture->path, NULL);

    g_assert_cmpint(fd, >=, 0);
    capture->saved = dup(STDERR_FILENO);
    g_assert_cmpint(dup2(fd, STDERR_FILENO), ==, STDERR_FILENO);
    close(fd);
}

static char *
testCaptureEnd(testCapture *capture)
{
    char *text = NULL;

    g_assert_cmpint(dup2(capture->saved, STDERR_FILENO), ==, STDERR_FILENO);
    close(capture->saved);
    g_assert_true(g_file_get_contents(capture->path, &text, NULL, NULL));
    unlink(capture->path);
    g_free(capture->path);
    return text;
}

/* Names standard error as the journal's stream, as systemd would, or by an
 * inode that is not its own. */
static void
testSetJournal(ino_t inodeOffset)
{
    struct stat sb;
    g_autofree char *stream = NULL;

    g_assert_cmpint(fstat(STDERR_FILENO, &sb), ==, 0);
    stream = g_strdup_printf("%llu:%llu", (unsigned long long) sb.st_dev,
                             (unsigned long long) (sb.st_ino + inodeOffset));
    g_setenv("JOURNAL_STREAM", stream, TRUE);
}

static int testCounter;

static int
testCount(void)
{
    return ++testCounter;
}

static void
testPriorityDecides(void)
{
    testCapture capture;
    g_autofree char *text = NULL;

    testCounter = 0;
    testCaptureBegin(&capture);
    virLogSetPriority(VIR_LOG_WARN);
    VIR_INFO("not written %d", testCount());
    VIR_WARN("written %d", testCount());
    virLogSetPriority(VIR_LOG_DEBUG);
    VIR_DEBUG("written too %d", testCount());
    virLogSetPriority(VIR_LOG_WARN);
    text = testCaptureEnd(&capture);

    g_assert_null(strstr(text, "not written"));
    g_assert_nonnull(strstr(text, " : test.log: written 1\n"));
    g_assert_nonnull(strstr(text, ": debug : test.log: written too 2\n"));
    g_assert_cmpint(testCounter, ==, 2);
}

static void
testJournalGetsPriorities(void)
{
    testCapture capture;
    g_autofree char *text = NULL;

    testCaptureBegin(&capture);
    testSetJournal(0);
    virLogSetPriority(VIR_LOG_DEBUG);
    VIR_ERROR("one");
    VIR_WARN("two");
    VIR_INFO("three");
    VIR_DEBUG("four");
    virLogSetPriority(VIR_LOG_WARN);
    g_unsetenv("JOURNAL_STREAM");
    text = testCaptureEnd(&capture);

    g_assert_cmpstr(text, ==,
                    "<3>test.log: one\n"
                    "<4>test.log: two\n"
                    "<6>test.log: three\n"
                    "<7>test.log: four\n");
}

static void
testOtherStreamIsNoJournal(void)
{
    testCapture capture;
    g_autofree char *text = NULL;

    testCaptureBegin(&capture);
    testSetJournal(1);
    VIR_WARN("one");
    g_unsetenv("JOURNAL_STREAM");
    text = testCaptureEnd(&capture);

    g_assert_cmpint(text[0], !=, '<');
    g_assert_nonnull(strstr(text, ": warning : test.log: one\n"));
}

/* A guest's name from the export must not make up lines of ours. */
static void
testControlCharactersAreEscaped(void)
{
    testCapture capture;
    g_autofree char *text = NULL;
    const char *line;

    testCaptureBegin(&capture);
    VIR_WARN("guest '%s'", "a\n<3>b\x1b[2Jc\x7f\tß");
    text = testCaptureEnd(&capture);

    line = strstr(text, "guest '");
    g_assert_nonnull(line);
    g_assert_cmpstr(line, ==, "guest 'a\\x0a<3>b\\x1b[2Jc\\x7f\\x09ß'\n");
}

/* Also where nobody reads the log. */
static void
testErrnoIsKept(void)
{
    testCapture capture;
    g_autofree char *text = NULL;
    int after;

    testCaptureBegin(&capture);
    close(STDERR_FILENO);
    errno = ESTALE;
    VIR_WARN("x");
    after = errno;
    text = testCaptureEnd(&capture);
    g_assert_cmpint(after, ==, ESTALE);
    g_assert_cmpstr(text, ==, "");
}

int
main(int argc, char **argv)
{
    g_unsetenv("JOURNAL_STREAM");
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/log/priority-decides", testPriorityDecides);
    g_test_add_func("/util/log/journal-gets-priorities", testJournalGetsPriorities);
    g_test_add_func("/util/log/other-stream-is-no-journal", testOtherStreamIsNoJournal);
    g_test_add_func("/util/log/control-characters-are-escaped", testControlCharactersAreEscaped);
    g_test_add_func("/util/log/errno-is-kept", testErrnoIsKept);

    return g_test_run();
}
