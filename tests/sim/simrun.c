/*
 * simrun.c: random worlds in processes of their own
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "simjudge.h"
#include "simrun.h"

#define SIM_WORLDS_MAX 50       /* in one process */
#define SIM_SECONDS_MAX 60      /* of the processor, for all of them */

static gint64
simRunCpu(void)
{
    struct timespec time = { 0 };

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* "PROMISE: at TIME s: SENTENCE" */
static void
simRunTakeStory(const char *violation, simResult *result)
{
    const char *end = strstr(violation, ": ");

    g_strlcpy(result->promise, violation, MIN(sizeof(result->promise), (gsize) (end - violation) + 1));
    g_strlcpy(result->story, end + 2, sizeof(result->story));
}

void
simResultTakeWorld(simResult *result, const simWorld *world)
{
    const GPtrArray *violations = simJudgeViolations(world->judge);

    memset(result, 0, sizeof(*result));
    result->histories = 1;
    result->bad = violations->len > 0;
    result->hosts = world->hosts->len;
    result->grants = simJudgeGrants(world->judge);
    result->events = simQueueCount(world->queue);
    result->span = simWorldNow(world);
    if (violations->len > 0)
        simRunTakeStory(g_ptr_array_index(violations, 0), result);
}

void
simRunHere(const simChaosConfig *config, gboolean quiet, simResult *result)
{
    gint64 begin = simRunCpu();
    g_autoptr(simWorld) world = simChaosRun(config);
    const GPtrArray *violations = simJudgeViolations(world->judge);
    guint i;

    simResultTakeWorld(result, world);
    result->cpu = simRunCpu() - begin;
    for (i = 0; i < violations->len && !quiet; i++)
        printf("seed %" G_GUINT64_FORMAT ": %s\n", config->seed, (const char *) g_ptr_array_index(violations, i));
    fflush(stdout);
}

static G_GNUC_NORETURN void
simRunChild(simChaosConfig config, guint count, gboolean quiet, int fd)
{
    const struct rlimit limit = { .rlim_cur = SIM_SECONDS_MAX, .rlim_max = SIM_SECONDS_MAX + 1 };
    const struct rlimit none = { 0 };

    setrlimit(RLIMIT_CPU, &limit);
    setrlimit(RLIMIT_CORE, &none);
    for (; count > 0; count--) {
        simResult result;

        simRunHere(&config, quiet, &result);
        if (write(fd, &result, sizeof(result)) != (ssize_t) sizeof(result))
            _exit(EXIT_FAILURE);
        config.seed++;
    }
    _exit(EXIT_SUCCESS);
}

static void
simRunCrashed(guint64 seed, int status, simResult *result)
{
    memset(result, 0, sizeof(*result));
    result->histories = result->bad = 1;
    g_strlcpy(result->promise, "crash", sizeof(result->promise));
    g_snprintf(result->story, sizeof(result->story), "ended by signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    printf("seed %" G_GUINT64_FORMAT ": crash: %s\n", seed, result->story);
    fflush(stdout);
}

/* Returns how many worlds came to their end. */
static guint
simRunRead(int fd, simResult *total)
{
    simResult result;
    guint count;

    for (count = 0; read(fd, &result, sizeof(result)) == (ssize_t) sizeof(result); count++)
        simResultAdd(total, &result);
    return count;
}

/* Returns how many worlds it has dealt with: a child ends with the first that
 * crashes. */
static guint
simRunBatch(const simChaosConfig *config, guint count, gboolean quiet, simResult *total)
{
    int fds[2];
    int status = 0;
    simResult result;
    pid_t child;
    guint done;

    fflush(stdout);
    if (pipe(fds) < 0 || (child = fork()) < 0) {
        perror("simulator");
        exit(EXIT_FAILURE);
    }
    if (child == 0)
        simRunChild(*config, count, quiet, fds[1]);
    close(fds[1]);
    done = simRunRead(fds[0], total);
    close(fds[0]);
    if (waitpid(child, &status, 0) != child || done == count)
        return done;
    simRunCrashed(config->seed + done, status, &result);
    simResultAdd(total, &result);
    return done + 1;
}

void
simRunForked(const simChaosConfig *config, guint64 count, gboolean quiet, simResult *total)
{
    simChaosConfig next = *config;

    while (count > 0) {
        guint done = simRunBatch(&next, (guint) MIN(count, SIM_WORLDS_MAX), quiet, total);

        next.seed += done;
        count -= done;
    }
}

void
simResultAdd(simResult *total, const simResult *result)
{
    total->histories += result->histories;
    total->bad += result->bad;
    total->hosts += result->hosts;
    total->grants += result->grants;
    total->events += result->events;
    total->span += result->span;
    total->cpu += result->cpu;
    if (!*total->promise) {
        g_strlcpy(total->promise, result->promise, sizeof(total->promise));
        g_strlcpy(total->story, result->story, sizeof(total->story));
    }
}

void
simResultPrint(const simResult *total)
{
    double hours = (double) total->span / (3600.0 * (double) VIR_LEASE_SECOND);
    double seconds = (double) total->cpu / (double) G_USEC_PER_SEC;

    printf("%" G_GUINT64_FORMAT " histories, %" G_GUINT64_FORMAT " bad; %" G_GUINT64_FORMAT " hosts, %.1f virtual hours, %"
           G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT " grants; %.1f s of the processor, %.0f times real time\n",
           total->histories, total->bad, total->hosts, hours, total->events, total->grants, seconds,
           seconds > 0 ? hours * 3600.0 / seconds : 0.0);
    fflush(stdout);
}
