/*
 * vlsim.c: runs random worlds and says which of them broke a promise
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each seed runs in a process of its own, so that an engine that fails an
 * assertion, or never comes back, is one bad seed and not the end.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simchaos.h"
#include "simjudge.h"
#include "virlog.h"

#define SIM_SECONDS_MAX 120     /* of the processor, for one seed */

static gint64 simSeed = 1;
static gint64 simCount = 1;
static gint simHosts;
static gint simGuests;
static gdouble simHours = 0.2;
static gboolean simTrace;
static gboolean simNoFork;

static const GOptionEntry simOptions[] = {
    { "seed", 's', 0, G_OPTION_ARG_INT64, &simSeed, "The first seed", "N" },
    { "count", 'n', 0, G_OPTION_ARG_INT64, &simCount, "How many seeds to run", "N" },
    { "hosts", 0, 0, G_OPTION_ARG_INT, &simHosts, "Hosts in each world", "N" },
    { "guests", 0, 0, G_OPTION_ARG_INT, &simGuests, "Guests in each world", "N" },
    { "hours", 0, 0, G_OPTION_ARG_DOUBLE, &simHours, "Virtual hours of faults in each world", "HOURS" },
    { "trace", 't', 0, G_OPTION_ARG_NONE, &simTrace, "Print the story", NULL },
    { "no-fork", 0, 0, G_OPTION_ARG_NONE, &simNoFork, "Run in this process", NULL },
    { NULL }
};

/* What a seed's process tells the one that counts. */
typedef struct {
    guint64 violations;
    guint64 grants;
    guint64 events;
    virLeaseTime span;
} simResult;

static simResult
simRunSeed(guint64 seed)
{
    simChaosConfig config = {
        .seed = seed,
        .hosts = (guint) simHosts,
        .guests = (guint) simGuests,
        .span = (virLeaseSpan) (simHours * 3600.0 * (double) VIR_LEASE_SECOND),
        .trace = simTrace,
    };
    g_autoptr(simWorld) world = simChaosRun(&config);
    const GPtrArray *violations = simJudgeViolations(world->judge);
    simResult result = { .violations = violations->len, .grants = simJudgeGrants(world->judge),
                         .events = simQueueCount(world->queue), .span = simWorldNow(world) };
    guint i;

    for (i = 0; i < violations->len; i++)
        printf("seed %" G_GUINT64_FORMAT ": %s\n", seed, (const char *) g_ptr_array_index(violations, i));
    fflush(stdout);
    return result;
}

static void
simRunChild(guint64 seed, int fd)
{
    const struct rlimit limit = { .rlim_cur = SIM_SECONDS_MAX, .rlim_max = SIM_SECONDS_MAX + 1 };
    simResult result;

    setrlimit(RLIMIT_CPU, &limit);
    result = simRunSeed(seed);
    if (write(fd, &result, sizeof(result)) != (ssize_t) sizeof(result))
        _exit(EXIT_FAILURE);
    _exit(EXIT_SUCCESS);
}

static simResult
simRunForked(guint64 seed)
{
    simResult result = { .violations = 1 };
    int fds[2];
    int status = 0;
    pid_t child;

    if (pipe(fds) < 0 || (child = fork()) < 0) {
        perror("vlsim");
        exit(EXIT_FAILURE);
    }
    if (child == 0)
        simRunChild(seed, fds[1]);
    close(fds[1]);
    if (read(fds[0], &result, sizeof(result)) != (ssize_t) sizeof(result))
        result.violations = 1;
    close(fds[0]);
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
        printf("seed %" G_GUINT64_FORMAT ": crash: ended by signal %d\n", seed, WTERMSIG(status));
    fflush(stdout);
    return result;
}

int
main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- run random worlds");
    g_autoptr(GError) error = NULL;
    simResult total = { 0 };
    gint64 bad = 0;
    gint64 i;

    g_option_context_add_main_entries(context, simOptions, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "vlsim: %s\n", error->message);
        return 2;
    }
    virLogSetPriority(simTrace ? VIR_LOG_DEBUG : VIR_LOG_ERROR);
    for (i = 0; i < simCount; i++) {
        guint64 seed = (guint64) (simSeed + i);
        simResult result = simNoFork ? simRunSeed(seed) : simRunForked(seed);

        bad += result.violations > 0;
        total.grants += result.grants;
        total.events += result.events;
        total.span += result.span;
    }
    printf("%" G_GINT64_FORMAT " seeds, %" G_GINT64_FORMAT " bad; %.1f virtual hours, %" G_GUINT64_FORMAT " events, %" G_GUINT64_FORMAT " grants\n",
           simCount, bad, (double) total.span / (3600.0 * (double) VIR_LEASE_SECOND), total.events, total.grants);
    return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
