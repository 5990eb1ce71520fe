/*
 * simtest.c: what scenarios share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdarg.h>
#include <string.h>

#include "simtest.h"
#include "virlog.h"

void
simTestOpen(simTest *test, virLeaseSpan length, const simEngineClass *engine)
{
    simWorldConfig config = {
        .seed = 11,
        .hosts = 3,
        .length = length,
        .shards = 4,
        .engine = engine,
        .lazyGuard = TRUE,
        .trace = g_test_verbose(),
    };

    virLogSetPriority(g_test_verbose() ? VIR_LOG_DEBUG : VIR_LOG_ERROR + 1);
    test->world = simWorldNew(&config);
    test->a = simWorldHost(test->world, 0);
    test->b = simWorldHost(test->world, 1);
    test->c = simWorldHost(test->world, 2);
    simTestRun(test, 1);
}

void
simTestSetUp(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    simTestOpen(test, SIM_TEST_LENGTH, &simEngineReal);
}

void
simTestTearDown(simTest *test, gconstpointer data G_GNUC_UNUSED)
{
    const GPtrArray *violations = simJudgeViolations(test->world->judge);
    guint i;

    for (i = 0; i < violations->len; i++)
        g_test_message("%s", (const char *) g_ptr_array_index(violations, i));
    g_assert_cmpuint(violations->len, ==, 0);
    simWorldFree(test->world);
}

void
simTestRestart(simTest *test, virLeaseSpan length)
{
    const simEngineClass *engine = test->world->config.engine;

    simWorldFree(test->world);
    simTestOpen(test, length, engine);
}

void
simTestRun(simTest *test, double seconds)
{
    simWorldRun(test->world, (virLeaseSpan) (seconds * (double) VIR_LEASE_SECOND));
}

void
simTestSettle(simTest *test, simProcess *process)
{
    guint i;

    for (i = 0; i < 2000 && (process->busy || process->dying) && process->state != SIM_PROCESS_DEAD; i++)
        simTestRun(test, 0.01);
    g_assert_true(process->state == SIM_PROCESS_DEAD || (!process->busy && !process->dying));
    simTestRun(test, 0.01);
}

simProcess *
simTestStart(simTest *test, simHost *host, simGuest *guest)
{
    simProcess *process = simGuestStart(host, guest, FALSE, TRUE);

    simTestSettle(test, process);
    return process;
}

simProcess *
simTestStartOne(simTest *test, simHost *host, const char *name)
{
    return simTestStart(test, host, simGuestNew(test->world, name, "img", "x", NULL));
}

simProcess *
simTestStartPaused(simTest *test, simHost *host, simGuest *guest)
{
    simProcess *process = simGuestStart(host, guest, TRUE, TRUE);

    simTestSettle(test, process);
    return process;
}

void
simTestSuspend(simTest *test, simProcess *process)
{
    simProcessSuspend(process);
    simTestSettle(test, process);
}

void
simTestResume(simTest *test, simProcess *process)
{
    simProcessResume(process);
    simTestSettle(test, process);
}

void
simTestAttach(simTest *test, simProcess *process, const char *name)
{
    simProcessAttach(process, name, VIR_LEASE_MODE_EXCLUSIVE);
    simTestSettle(test, process);
}

void
simTestDetach(simTest *test, simProcess *process, const char *name)
{
    simProcessDetach(process, name);
    simTestSettle(test, process);
}

void
simTestKill(simTest *test, simProcess *process)
{
    simProcessDie(process, "killed by the test");
    simTestRun(test, 0.1);
}

simProcess *
simTestIncoming(simTest *test, simProcess *process, simHost *host)
{
    simProcess *incoming = simTestStartPaused(test, host, process->guest);

    simTestAssertState(incoming, SIM_PROCESS_READY);
    if (process->state == SIM_PROCESS_RUNNING) {
        simProcessInquire(process);
        simTestSettle(test, process);
    }
    g_assert_nonnull(process->token);
    incoming->token = g_strdup(process->token);
    incoming->incoming = TRUE;
    incoming->state = SIM_PROCESS_PAUSED;
    simTestMemoryArrives(test, incoming);
    return incoming;
}

void
simTestMemoryArrives(simTest *test, simProcess *incoming)
{
    guint i;

    for (i = 0; i < incoming->disks->len; i++)
        ((simDisk *) g_ptr_array_index(incoming->disks, i))->current = simWorldNow(test->world);
}

void
simTestAssertState(const simProcess *process, simProcessState state)
{
    if (process->state != state && process->lastMessage)
        g_test_message("'%s' on %s: %s", process->guest->name, process->host->name, process->lastMessage);
    g_assert_cmpstr(simProcessStateToString(process->state), ==, simProcessStateToString(state));
}

void
simTestAssertRefused(const simProcess *process, int code, ...)
{
    const char *word;
    va_list args;

    g_assert_cmpint(process->state, !=, SIM_PROCESS_RUNNING);
    g_assert_nonnull(process->lastMessage);
    g_test_message("%s", process->lastMessage);
    g_assert_cmpint(process->lastCode, ==, code);
    va_start(args, code);
    while ((word = va_arg(args, const char *)))
        g_assert_nonnull(strstr(process->lastMessage, word));
    va_end(args);
}

typedef struct {
    simTest *test;
    char *pid;
    const char *suffix;
    guint count;
} simTestCount;

static void
simTestCountEntry(const char *name G_GNUC_UNUSED, const char *target,
                  const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simTestCount *count = opaque;

    if (target && (!count->pid || strstr(target, count->pid)))
        count->count++;
}

static void
simTestCountShard(const char *name, const char *target G_GNUC_UNUSED,
                  const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simTestCount *count = opaque;
    g_autofree char *path = g_strdup_printf("locks/%s", name);

    simServerList(count->test->world->server, path, simTestCountEntry, count);
}

guint
simTestCountEntries(simTest *test, const simProcess *process)
{
    g_autofree char *pid = process ? g_strdup_printf("pid=%" G_GINT64_FORMAT, process->pid) : NULL;
    simTestCount count = { .test = test, .pid = pid };

    simServerList(test->world->server, "locks", simTestCountShard, &count);
    return count.count;
}

static void
simTestCountSession(const char *name, const char *target G_GNUC_UNUSED,
                    const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simTestCount *count = opaque;

    if (count->suffix ? strstr(name, count->suffix) != NULL : strchr(name, '.') == NULL)
        count->count++;
}

guint
simTestCountSessions(simTest *test, const char *suffix)
{
    simTestCount count = { .suffix = suffix };

    simServerList(test->world->server, "sessions", simTestCountSession, &count);
    return count.count;
}

char *
simTestSession(const simHost *host)
{
    g_autoptr(virLeaseEngineStatus) status = virLeaseEngineGetStatus(host->engine, simHostTime(host));

    return g_strdup(status->session);
}

char *
simTestEntryPath(simTest *test, const simProcess *process, const char *resource)
{
    g_autofree char *name = simJudgeFindEntry(test->world->judge, process->pid, resource);
    unsigned i;

    g_assert_nonnull(name);
    for (i = 0; i < test->world->config.shards; i++) {
        g_autofree char *path = g_strdup_printf("locks/%03x/%s", i, name);

        if (simServerExists(test->world->server, path))
            return g_steal_pointer(&path);
    }
    g_assert_not_reached();
}

void
simTestCut(simTest *test, const simHost *host, double seconds)
{
    virLeaseTime until = simWorldNow(test->world) + (virLeaseSpan) (seconds * (double) SIM_TEST_SECOND);

    simNetCutRequests(test->world->net, host->index, until);
    simNetCutReplies(test->world->net, host->index, until);
}

void
simTestFault(simTest *test, const simHost *host, virLeaseOpType type, const char *path, guint nth,
             simFaultKind kind, double seconds)
{
    simFaultRule rule = {
        .host = host->index,
        .type = type,
        .path = path,
        .nth = nth,
        .kind = kind,
        .span = (virLeaseSpan) (seconds * (double) VIR_LEASE_SECOND),
        .status = VIR_LEASE_STATUS_FAILED,
    };

    simNetAddRule(test->world->net, &rule);
}
