/*
 * virprocesstest.c: processes are told apart and their end is seen
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virerror.h"
#include "virprocess.h"

#define TEST_WAIT_MS (60 * 1000)

/* A child that does nothing until it is killed or this process ends. Its name
 * is @name once this returns. */
static pid_t
testChildNew(const char *name)
{
    int ready[2];
    char c;
    pid_t pid;

    g_assert_cmpint(pipe(ready), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, name);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    g_assert_cmpint(read(ready[0], &c, 1), ==, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void
testChildReap(pid_t pid)
{
    kill(pid, SIGKILL);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

/* A pid that was ours a moment ago and is nobody's now. */
static pid_t
testGonePid(void)
{
    pid_t pid = testChildNew("gone");

    testChildReap(pid);
    return pid;
}

/* ps reads the same field, in its own way. */
static unsigned long long
testStartTimeOfShell(pid_t pid)
{
    g_autofree char *command = g_strdup_printf("sed 's/.*) //' /proc/%d/stat | cut -d ' ' -f 20", (int) pid);
    g_autofree char *quoted = g_shell_quote(command);
    g_autofree char *line = g_strdup_printf("sh -c %s", quoted);
    g_autofree char *out = NULL;

    g_assert_true(g_spawn_command_line_sync(line, &out, NULL, NULL, NULL));
    return g_ascii_strtoull(out, NULL, 10);
}

static void
testStartTimeIsThatOfTheProcess(void)
{
    pid_t pid = testChildNew("plain");
    unsigned long long start = 0;
    unsigned long long again = 0;

    g_assert_cmpint(virProcessGetStartTime(pid, &start), ==, 0);
    g_assert_cmpint(virProcessGetStartTime(pid, &again), ==, 0);
    g_assert_cmpuint(start, >, 0);
    g_assert_cmpuint(start, ==, again);
    g_assert_cmpuint(start, ==, testStartTimeOfShell(pid));
    testChildReap(pid);
}

/* Guests choose their process names; what they put in must not shift fields. */
static void
testStartTimeSurvivesHostileNames(void)
{
    static const char *const names[] = { ") R 1 2 3 4", "a b) (c)", "))))", "x\ny) S 1" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        pid_t pid = testChildNew(names[i]);
        unsigned long long start = 0;
        unsigned long long plain = 0;

        g_assert_cmpint(virProcessGetStartTime(pid, &start), ==, 0);
        g_assert_cmpint(virProcessGetStartTime(getpid(), &plain), ==, 0);
        /* The child is younger than the test, by minutes at most. */
        g_assert_cmpuint(start, >=, plain);
        g_assert_cmpuint(start, <=, plain + 600ULL * (unsigned long) sysconf(_SC_CLK_TCK));
        testChildReap(pid);
    }
}

static void
testStartTimeOfZombie(void)
{
    pid_t pid = testChildNew("zombie");
    unsigned long long before = 0;
    unsigned long long after = 0;
    siginfo_t info;

    g_assert_cmpint(virProcessGetStartTime(pid, &before), ==, 0);
    kill(pid, SIGKILL);
    g_assert_cmpint(waitid(P_PID, (id_t) pid, &info, WEXITED | WNOWAIT), ==, 0);
    g_assert_cmpint(virProcessGetStartTime(pid, &after), ==, 0);
    g_assert_cmpuint(before, ==, after);
    testChildReap(pid);
}

static void
testGoneProcessIsSaidToBeGone(void)
{
    pid_t pid = testGonePid();
    unsigned long long start = 42;

    errno = 0;
    g_assert_cmpint(virProcessGetStartTime(pid, &start), ==, -1);
    g_assert_cmpint(errno, ==, ESRCH);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_cmpuint(start, ==, 42);

    errno = 0;
    g_assert_cmpint(virPidFDOpen(pid), ==, -1);
    g_assert_cmpint(errno, ==, ESRCH);
}

static void
testPidFDSeesTheEnd(void)
{
    pid_t pid = testChildNew("ends");
    int fd = virPidFDOpen(pid);
    struct pollfd pfd = { .fd = fd, .events = POLLIN };

    g_assert_cmpint(fd, >=, 0);
    g_assert_false(virPidFDExited(fd));
    g_assert_cmpint(virPidFDSendSignal(fd, 0), ==, 0);
    g_assert_false(virPidFDExited(fd));

    g_assert_cmpint(virPidFDSendSignal(fd, SIGKILL), ==, 0);
    g_assert_cmpint(poll(&pfd, 1, TEST_WAIT_MS), ==, 1);
    /* It is a zombie still: nobody has waited for it. */
    g_assert_true(virPidFDExited(fd));

    testChildReap(pid);
    g_assert_true(virPidFDExited(fd));
    errno = 0;
    g_assert_cmpint(virPidFDSendSignal(fd, SIGKILL), ==, -1);
    g_assert_cmpint(errno, ==, ESRCH);
    close(fd);
}

static void
testPidFDIsNotInherited(void)
{
    int fd = virPidFDOpen(getpid());

    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
    close(fd);
}

static void
testHasArgument(void)
{
    const char *argv[] = { "sleep", "60", NULL };
    g_autoptr(GError) error = NULL;
    GPid pid;

    g_assert_true(g_spawn_async(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                NULL, NULL, &pid, &error));
    g_assert_true(virProcessHasArgument(pid, "sleep"));
    g_assert_true(virProcessHasArgument(pid, "60"));
    g_assert_false(virProcessHasArgument(pid, "6"));
    g_assert_false(virProcessHasArgument(pid, "-incoming"));
    testChildReap(pid);
}

/* In doubt it has it: of what is gone nothing is known. */
static void
testHasArgumentOfGoneProcess(void)
{
    g_assert_true(virProcessHasArgument(testGonePid(), "-incoming"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/util/process/start-time-is-that-of-the-process", testStartTimeIsThatOfTheProcess);
    g_test_add_func("/util/process/start-time-survives-hostile-names", testStartTimeSurvivesHostileNames);
    g_test_add_func("/util/process/start-time-of-zombie", testStartTimeOfZombie);
    g_test_add_func("/util/process/gone-process-is-said-to-be-gone", testGoneProcessIsSaidToBeGone);
    g_test_add_func("/util/process/has-argument", testHasArgument);
    g_test_add_func("/util/process/has-argument-of-gone-process", testHasArgumentOfGoneProcess);
    g_test_add_func("/util/process/pidfd-sees-the-end", testPidFDSeesTheEnd);
    g_test_add_func("/util/process/pidfd-is-not-inherited", testPidFDIsNotInherited);

    return g_test_run();
}
