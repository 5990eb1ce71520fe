/*
 * simhost.c: a host: its clock, its daemon with the engine, its guard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simdaemon.h"
#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "simrequest.h"
#include "virerror.h"

#define SIM_HOST_MILLION 1000000
#define SIM_HOST_DRIFT_PPM 7000         /* two of them are less than one part in 64 apart */
#define SIM_HOST_SPIN_MAX 20000         /* steps at one instant */
#define SIM_HOST_SAVES_AGAIN (500 * VIR_LEASE_MILLISECOND)

/* An event on its way to a daemon. */
typedef struct {
    simHost *host;
    guint64 generation;
    virLeaseEvent event;        /* with copies of its strings; resources are the request's */
} simHostMail;

/* ---- the clock ---- */
static virLeaseSpan
simHostSkewed(const simHost *host, virLeaseSpan span)
{
    return span + span / SIM_HOST_MILLION * host->ppm +
        span % SIM_HOST_MILLION * host->ppm / SIM_HOST_MILLION;
}

virLeaseTime
simHostTime(const simHost *host)
{
    return host->offset + simHostSkewed(host, simWorldNow(host->world) - host->bootedAt);
}

virLeaseTime
simHostWorldTime(const simHost *host, virLeaseTime time)
{
    virLeaseSpan wanted = time - host->offset;
    virLeaseSpan span = wanted;
    guint i;

    for (i = 0; i < 10; i++)
        span += wanted - simHostSkewed(host, span);
    while (simHostSkewed(host, span) < wanted)
        span++;
    return host->bootedAt + span;
}

static gint64
simHostWall(const simHost *host)
{
    return G_GINT64_CONSTANT(1767225600) + host->wallSkew +
        simWorldNow(host->world) / VIR_LEASE_SECOND;
}

gboolean
simHostLeaseHolds(const simHost *host)
{
    return host->up && simHostTime(host) < host->end;
}

/* ---- events in ---- */
static void simHostStep(simHost *host, virLeaseEvent *event);

static void
simHostMailFree(simHostMail *mail)
{
    virLeaseReplyFree(mail->event.reply);
    g_free(mail);
}

static void
simHostMailArrives(gpointer data)
{
    simHostMail *mail = data;
    simHost *host = mail->host;
    simHostMail *later;

    if (mail->generation != host->generation || !host->engine)
        return;
    if (simWorldNow(host->world) >= host->hungUntil) {
        if (simDaemonPasses(host, &mail->event))
            simHostStep(host, &mail->event);
        return;
    }
    later = g_memdup2(mail, sizeof(*mail));
    mail->event.reply = NULL;
    simQueueAdd(host->world->queue, host->hungUntil, simHostMailArrives, later,
                (GDestroyNotify) simHostMailFree);
}

static void
simHostMailSend(simHost *host, guint64 generation, const virLeaseEvent *event, virLeaseSpan delay)
{
    simHostMail *mail = g_new0(simHostMail, 1);

    mail->host = host;
    mail->generation = generation;
    mail->event = *event;
    simQueueAdd(host->world->queue, simWorldNow(host->world) + delay, simHostMailArrives, mail,
                (GDestroyNotify) simHostMailFree);
}

void
simHostSend(simHost *host, const virLeaseEvent *event)
{
    simHostMailSend(host, host->generation, event,
                    simDiceSpan(&host->world->dice, 10000, 2 * VIR_LEASE_MILLISECOND));
}

void
simHostReply(simHost *host, guint64 generation, virLeaseReply *reply)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_REPLY, .reply = reply };

    simHostMailSend(host, generation, &event, 0);
}

void
simHostExited(simHost *host, guint64 owner)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_EXITED, .owner = owner };

    simHostSend(host, &event);
}

/* ---- the guard (rule 6) ---- */
typedef struct {
    simHost *host;
    guint64 serial;
} simHostTimer;

static void
simHostTimerSet(simHost *host, guint64 serial, virLeaseTime at, simQueueFunc func)
{
    simHostTimer *timer = g_new0(simHostTimer, 1);

    timer->host = host;
    timer->serial = serial;
    simQueueAdd(host->world->queue, at, func, timer, g_free);
}

static virLeaseTime
simHostGuardTime(const simHost *host)
{
    return host->end - host->world->config.length / 3;
}

static simProcess *
simHostFindOwner(const simHost *host, guint64 owner)
{
    const GPtrArray *alive = host->world->alive;
    guint i;

    for (i = 0; i < alive->len; i++) {
        simProcess *process = g_ptr_array_index(alive, i);

        if (process->host == host && process->owner == owner)
            return process;
    }
    return NULL;
}

static gboolean
simHostIsSlow(simHost *host)
{
    return simDiceChance(&host->world->dice, host->world->config.slow);
}

/* Rule 6 and A3: gone within K; mostly at once. */
static void
simHostKill(simHost *host, simProcess *process, const char *why)
{
    simDice *dice = &host->world->dice;
    virLeaseSpan max = simHostIsSlow(host) ? host->world->config.length / 4 : 50 * VIR_LEASE_MILLISECOND;

    simProcessKill(process, simDiceSpan(dice, VIR_LEASE_MILLISECOND, max), why);
}

static void
simHostGuardRings(gpointer data)
{
    simHostTimer *timer = data;
    simHost *host = timer->host;
    guint i;

    if (timer->serial != host->guardSerial || !host->up || host->unguarded)
        return;
    if (simWorldNow(host->world) < host->guardHungUntil) {
        simHostTimerSet(host, timer->serial, host->guardHungUntil, simHostGuardRings);
        return;
    }
    for (i = 0; i < host->world->alive->len; i++) {
        simProcess *process = g_ptr_array_index(host->world->alive, i);

        if (process->host == host && g_hash_table_contains(host->entered, &process->owner) &&
            process->guest->failure != VIR_LEASE_FAILURE_IGNORE)
            simHostKill(host, process, "the guard: its lease is about to end");
    }
}

static void
simHostGuardSetEnd(simHost *host, virLeaseTime end)
{
    if (host->end && simHostTime(host) >= host->end)
        host->leaseLosses++;
    if (end < host->end)
        simJudgeViolation(host->world->judge, "rule 5", "the end of %s's lease went back", host->name);
    host->end = end;
    simJudgeLeaseLasts(host->world->judge, host, end);
    simHostTimerSet(host, ++host->guardSerial, simHostWorldTime(host, simHostGuardTime(host)),
                    simHostGuardRings);
}

static void
simHostGuardEnter(simHost *host, guint64 owner)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_ENTERED, .owner = owner };
    virLeaseSpan max = simHostIsSlow(host) ? host->world->config.length / 4 : VIR_LEASE_MILLISECOND;

    event.ok = !g_hash_table_contains(host->unsaved, &owner);
    if (!host->world->config.lazyGuard && simHostTime(host) >= simHostGuardTime(host))
        event.ok = FALSE;
    if (event.ok)
        g_hash_table_add(host->entered, g_memdup2(&owner, sizeof(owner)));
    simHostMailSend(host, host->generation, &event,
                    MAX(simDiceSpan(&host->world->dice, 10000, max), host->guardHungUntil - simWorldNow(host->world)));
}

void
simHostHangGuard(simHost *host, virLeaseSpan span)
{
    if (!host->engine || host->hungUntil > simWorldNow(host->world))
        return;
    simWorldTrace(host->world, host, "the guard hangs for %.3f s", (double) span / (double) VIR_LEASE_SECOND);
    host->guardHungUntil = simWorldNow(host->world) + span;
}

void
simHostWakeGuard(simHost *host)
{
    if (host->guardHungUntil <= simWorldNow(host->world))
        return;
    host->guardHungUntil = 0;
    simHostTimerSet(host, ++host->guardSerial, simHostWorldTime(host, simHostGuardTime(host)), simHostGuardRings);
}

static void
simHostConfirm(simHost *host, guint64 owner)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_ENTERED, .owner = owner };

    event.ok = !g_hash_table_contains(host->unsaved, &owner);
    simHostMailSend(host, host->generation, &event, simDiceSpan(&host->world->dice, 10000, VIR_LEASE_MILLISECOND));
}

static void
simHostGuardLeave(simHost *host, guint64 owner)
{
    simProcess *process = simHostFindOwner(host, owner);

    g_hash_table_remove(host->entered, &owner);
    if (process)
        simJudgeLeft(host->world->judge, process);
}

/* ---- actions out ---- */
static int
simHostCompareOwners(gconstpointer a, gconstpointer b)
{
    guint64 first = *(const guint64 *) a;
    guint64 second = *(const guint64 *) b;

    return first < second ? -1 : first > second;
}

static void
simHostTrySave(simHost *host, guint64 owner, char *text)
{
    guint64 *key = g_memdup2(&owner, sizeof(owner));

    if (host->failSaves) {
        host->failSaves--;
        simWorldTrace(host->world, host, "owner %" G_GUINT64_FORMAT " could not be saved", owner);
        g_hash_table_insert(host->unsaved, key, text);
        return;
    }
    g_hash_table_remove(host->unsaved, key);
    g_hash_table_insert(host->savedOwners, key, text);
}

static void
simHostTryUnsaved(simHost *host)
{
    g_autoptr(GList) owners = g_list_sort(g_hash_table_get_keys(host->unsaved), simHostCompareOwners);
    GList *item;

    for (item = owners; item; item = item->next)
        simHostTrySave(host, *(guint64 *) item->data, g_strdup(g_hash_table_lookup(host->unsaved, item->data)));
}

static void simHostSavesAgain(gpointer data);

/* The serial is the daemon's generation: the next one knows nothing of it. */
static void
simHostKeepsTrying(simHost *host)
{
    if (g_hash_table_size(host->unsaved) > 0)
        simHostTimerSet(host, host->generation, simWorldNow(host->world) + SIM_HOST_SAVES_AGAIN, simHostSavesAgain);
}

static void
simHostSavesAgain(gpointer data)
{
    simHostTimer *timer = data;
    simHost *host = timer->host;

    if (timer->serial != host->generation)
        return;
    if (simWorldNow(host->world) >= host->hungUntil)
        simHostTryUnsaved(host);
    simHostKeepsTrying(host);
}

static void
simHostSaveOwner(simHost *host, virLeaseAction *action)
{
    gboolean begins = g_hash_table_size(host->unsaved) == 0;

    simHostTrySave(host, action->owner, g_steal_pointer(&action->text));
    if (begins)
        simHostKeepsTrying(host);
}

static void
simHostFence(simHost *host, const virLeaseAction *action)
{
    simProcess *process = simHostFindOwner(host, action->owner);

    host->restarts += action->restart;
    if (!process)
        return;
    simDaemonFences(process);
    simJudgeFenced(host->world->judge, process, simHostTime(host) < simHostGuardTime(host));
    simHostKill(host, process, action->message);
}

/* ---- what the daemon asks of libvirt ---- */
static void
simHostPause(gpointer data)
{
    simProcess *process = data;

    if (process->state == SIM_PROCESS_RUNNING && !process->busy && !process->migration)
        simProcessSuspend(process);
}

static void
simHostFail(simHost *host, const virLeaseAction *action)
{
    simProcess *process = simHostFindOwner(host, action->owner);
    simWorld *world = host->world;

    if (!process)
        return;
    host->failingAt = simWorldNow(world);
    simWorldTrace(world, host, "guest '%s' (pid %" G_GINT64_FORMAT ", %s) is failing: %s", process->guest->name,
                  process->pid, virLeaseFailureToString(process->guest->failure), action->message);
    if (process->guest->failure == VIR_LEASE_FAILURE_PAUSE && !host->libvirtHangs)
        simQueueAdd(world->queue, simWorldNow(world) + simDiceSpan(&world->dice, VIR_LEASE_MILLISECOND, 300 * VIR_LEASE_MILLISECOND),
                    simHostPause, process, NULL);
}

static void
simHostTraceOp(simHost *host, const virLeaseOp *op)
{
    simWorldTrace(host->world, host, "  sends %s %s", virLeaseOpTypeToString(op->type), op->path);
}

static void
simHostSubmit(simHost *host, virLeaseAction *action)
{
    if (g_hash_table_contains(host->unsaved, &action->owner)) {
        simHostReply(host, host->generation, virLeaseReplyNew(action->op->id, VIR_LEASE_STATUS_UNSAVED));
        return;
    }
    simHostTraceOp(host, action->op);
    simJudgeSends(host->world->judge, host, action->op);
    simNetSubmit(host->world->net, host->index, host->generation, g_steal_pointer(&action->op));
}

/* Returns FALSE when the daemon ended by it. */
static gboolean
simHostAct(simHost *host, virLeaseAction *action)
{
    switch (action->type) {
    case VIR_LEASE_ACTION_STORE:
        simHostSubmit(host, action);
        return TRUE;
    case VIR_LEASE_ACTION_ANSWER:
        simRequestAnswered(host, action);
        return TRUE;
    case VIR_LEASE_ACTION_SAVE_SESSION:
        g_free(host->savedSession);
        host->savedSession = g_steal_pointer(&action->text);
        return TRUE;
    case VIR_LEASE_ACTION_SAVE_OWNER:
        simHostSaveOwner(host, action);
        return TRUE;
    case VIR_LEASE_ACTION_FORGET_OWNER:
        g_hash_table_remove(host->savedOwners, &action->owner);
        g_hash_table_remove(host->unsaved, &action->owner);
        return TRUE;
    case VIR_LEASE_ACTION_ENTER:
        simHostGuardEnter(host, action->owner);
        return TRUE;
    case VIR_LEASE_ACTION_CONFIRM:
        simHostConfirm(host, action->owner);
        return TRUE;
    case VIR_LEASE_ACTION_LEAVE:
        simHostGuardLeave(host, action->owner);
        return TRUE;
    case VIR_LEASE_ACTION_END:
        simHostGuardSetEnd(host, action->end);
        return TRUE;
    case VIR_LEASE_ACTION_FAILING:
        simHostFail(host, action);
        return TRUE;
    case VIR_LEASE_ACTION_FENCE:
        simHostFence(host, action);
        return TRUE;
    case VIR_LEASE_ACTION_DONE:
        simHostCrashDaemon(host);
        return FALSE;
    case VIR_LEASE_ACTION_LAST:
    default:
        g_assert_not_reached();
    }
}

static gboolean
simHostActOrCrash(simHost *host, virLeaseAction *action)
{
    if (host->crashAfter == 0) {
        simHostCrashDaemon(host);
        return FALSE;
    }
    if (host->crashAfter > 0)
        host->crashAfter--;
    return simHostAct(host, action);
}

static void
simHostActAll(simHost *host, GQueue *actions)
{
    virLeaseAction *action;
    gboolean alive = TRUE;

    while ((action = g_queue_pop_head(actions))) {
        if (alive)
            alive = simHostActOrCrash(host, action);
        virLeaseActionFree(action);
    }
}

static void
simHostWakes(gpointer data)
{
    simHostTimer *timer = data;
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_TIMER };

    if (timer->serial != timer->host->wakeSerial)
        return;
    timer->host->wakeup = 0;
    simHostMailSend(timer->host, timer->host->generation, &event, 0);
}

static void
simHostSetWakeup(simHost *host)
{
    virLeaseTime wakeup = host->world->config.engine->wakeup(host->engine);

    if (wakeup == host->wakeup)
        return;
    host->wakeup = wakeup;
    host->wakeSerial++;
    if (wakeup == VIR_LEASE_TIME_NEVER)
        return;
    simHostTimerSet(host, host->wakeSerial,
                    simHostWorldTime(host, MAX(wakeup, simHostTime(host))) + simDiceSpan(&host->world->dice, 0, VIR_LEASE_MILLISECOND),
                    simHostWakes);
}

/* Whether it took more steps without time going on than makes sense. */
static gboolean
simHostSpins(simHost *host)
{
    if (host->stepTime != simWorldNow(host->world)) {
        host->stepTime = simWorldNow(host->world);
        host->stepsThen = 0;
    }
    return ++host->stepsThen == SIM_HOST_SPIN_MAX;
}

static void
simHostStep(simHost *host, virLeaseEvent *event)
{
    GQueue actions = G_QUEUE_INIT;
    guint64 generation = host->generation;

    if (simHostSpins(host)) {
        simJudgeViolation(host->world->judge, "L1", "the engine of %s spins", host->name);
        simHostCrashDaemon(host);
        return;
    }
    event->now = simHostTime(host);
    event->wall = simHostWall(host);
    host->world->config.engine->step(host->engine, event, &actions);
    simHostActAll(host, &actions);
    if (host->engine && generation == host->generation)
        simHostSetWakeup(host);
}

/* ---- the daemon's life ---- */
static void
simHostOwnersGone(simHost *host)
{
    g_autoptr(GList) owners = g_hash_table_get_keys(host->savedOwners);
    guint64 owner;

    /* in the order of their numbers, so that the story is always the same */
    for (owner = 1; owner < host->nextOwner && owners; owner++) {
        if (g_hash_table_contains(host->savedOwners, &owner) && !simHostFindOwner(host, owner))
            simHostExited(host, owner);
    }
}

static GPtrArray *
simHostSavedOwnerTexts(simHost *host)
{
    GPtrArray *texts = g_ptr_array_new();
    GList *owners = g_list_sort(g_hash_table_get_keys(host->savedOwners), simHostCompareOwners);
    GList *item;

    for (item = owners; item; item = item->next)
        g_ptr_array_add(texts, g_hash_table_lookup(host->savedOwners, item->data));
    g_list_free(owners);
    return texts;
}

static void
simHostRestore(simHost *host)
{
    g_autoptr(GPtrArray) owners = simHostSavedOwnerTexts(host);
    gboolean sameBoot = host->savedBoots == host->boots;

    host->savedBoots = host->boots;
    if (!host->savedSession && owners->len == 0)
        return;
    if (host->world->config.engine->restore(host->engine, host->savedSession, owners, simHostTime(host)) < 0)
        simJudgeViolation(host->world->judge, "restore", "%s's engine does not read what it saved: %s",
                          host->name, virGetLastErrorMessage());
    if (!sameBoot)
        g_hash_table_remove_all(host->savedOwners);
}

void
simHostStartDaemon(simHost *host)
{
    virLeaseEngineConfig config = {
        .lockspace = "default",
        .url = "nfs://filer/export/virtlease",
        .host = host->name,
        .bootid = host->bootid,
    };
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_TIMER };
    guint i;

    if (!host->up || host->engine)
        return;
    for (i = 0; i < VIR_LEASE_SEED_WORDS; i++)
        config.seed[i] = (guint32) simDiceRoll(&host->world->dice);
    host->generation++;
    host->wakeup = 0;
    host->crashAfter = -1;
    host->unguarded = FALSE;
    host->engine = host->world->config.engine->create(host->world->config.engine, &config);
    simWorldTrace(host->world, host, "the daemon starts");
    simHostRestore(host);
    simDaemonStarts(host);
    simHostSend(host, &event);
    simHostOwnersGone(host);
}

void
simHostCrashDaemon(simHost *host)
{
    if (!host->engine)
        return;
    simWorldTrace(host->world, host, "the daemon is gone");
    simHostWakeGuard(host);
    host->world->config.engine->free(g_steal_pointer(&host->engine));
    host->generation++;
    host->wakeSerial++;
    host->hungUntil = 0;
    g_hash_table_remove_all(host->unsaved);
    simRequestsBreak(host);
}

void
simHostCrashBoth(simHost *host)
{
    simHostCrashDaemon(host);
    simWorldTrace(host->world, host, "the guard is gone, too");
    g_hash_table_remove_all(host->entered);
    host->unguarded = TRUE;
}

void
simHostCrashDaemonAfter(simHost *host, guint actions)
{
    host->crashAfter = (gint) actions;
}

void
simHostShutdownDaemon(simHost *host)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_SHUTDOWN };

    simWorldTrace(host->world, host, "the daemon is asked to end");
    simHostSend(host, &event);
}

void
simHostHang(simHost *host, virLeaseSpan span)
{
    simHostWakeGuard(host);
    simWorldTrace(host->world, host, "the daemon hangs for %.3f s", (double) span / (double) VIR_LEASE_SECOND);
    host->hungUntil = MAX(host->hungUntil, simWorldNow(host->world) + span);
}

/* No owner runs and nobody asks for anything: then sleep is not inhibited. */
static gboolean
simHostMaySleep(const simHost *host)
{
    const GPtrArray *alive = host->world->alive;
    guint i;

    for (i = 0; i < alive->len; i++) {
        const simProcess *process = g_ptr_array_index(alive, i);

        if (process->host == host && (process->busy || process->state == SIM_PROCESS_RUNNING))
            return FALSE;
    }
    return host->up && host->engine && g_hash_table_size(host->entered) == 0;
}

void
simHostSleep(simHost *host, virLeaseSpan span)
{
    if (!simHostMaySleep(host))
        return;
    simWorldTrace(host->world, host, "the host is suspended");
    simHostHang(host, span);
    host->guardHungUntil = host->hungUntil;
}

void
simHostCrash(simHost *host)
{
    guint i;

    if (!host->up)
        return;
    simWorldTrace(host->world, host, "the host crashes");
    host->up = FALSE;
    simHostCrashDaemon(host);
    for (i = host->world->alive->len; i > 0; i--) {
        simProcess *process = g_ptr_array_index(host->world->alive, i - 1);

        if (process->host == host)
            simProcessDie(process, "the host crashed");
    }
    host->guardSerial++;
    host->end = 0;
    if (!host->world->config.keepsState) {
        g_clear_pointer(&host->savedSession, g_free);
        g_hash_table_remove_all(host->savedOwners);
    }
    g_hash_table_remove_all(host->entered);
}

void
simHostBoot(simHost *host)
{
    simDice *dice = &host->world->dice;

    if (host->up)
        return;
    host->up = TRUE;
    g_free(host->bootid);
    host->bootid = g_strdup_printf("b007%04x-0000-4000-8000-%012x", host->index, ++host->boots);
    host->bootedAt = simWorldNow(host->world);
    host->offset = simDiceSpan(dice, VIR_LEASE_SECOND, 1000 * VIR_LEASE_SECOND);
    host->wallSkew = simDiceSpan(dice, -3600, 3600);
    if (host->world->config.drift)
        host->ppm = simDiceSpan(dice, -SIM_HOST_DRIFT_PPM, SIM_HOST_DRIFT_PPM);
    if (!host->world->config.keepsState || !host->nextOwner)
        host->nextOwner = 1;
    simWorldTrace(host->world, host, "the host boots");
    simHostStartDaemon(host);
}

simHost *
simHostNew(simWorld *world, guint index)
{
    simHost *host = g_new0(simHost, 1);

    host->world = world;
    host->index = index;
    host->name = g_strdup_printf("kvm%u", index + 1);
    host->savedOwners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    host->entered = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    host->unsaved = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    host->crashAfter = -1;
    simHostBoot(host);
    return host;
}

void
simHostFree(simHost *host)
{
    if (host->engine)
        host->world->config.engine->free(host->engine);
    g_hash_table_unref(host->savedOwners);
    g_hash_table_unref(host->entered);
    g_hash_table_unref(host->unsaved);
    g_free(host->savedSession);
    g_free(host->bootid);
    g_free(host->name);
    g_free(host);
}
