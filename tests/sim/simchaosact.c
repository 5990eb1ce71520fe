/*
 * simchaosact.c: what can happen in a random world
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simchaospriv.h"
#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "simrequest.h"
#include "virleasename.h"

/* ---- picking ---- */
static simHost *
simChaosPickHost(simChaos *chaos)
{
    simHost *host = simWorldHost(chaos->world, simDiceBelow(&chaos->dice, chaos->world->hosts->len));

    return host->up ? host : NULL;
}

/* A living process that no call of libvirt is busy with, in one of two states. */
static simProcess *
simChaosPick(simChaos *chaos, simProcessState state, simProcessState orState)
{
    const GPtrArray *alive = chaos->world->alive;
    simProcess *process;

    if (alive->len == 0)
        return NULL;
    process = g_ptr_array_index(alive, simDiceBelow(&chaos->dice, alive->len));
    if (process->busy || process->dying || process->migration || process->suspending ||
        (process->state != state && process->state != orState))
        return NULL;
    return process;
}

static gboolean
simChaosIsThere(const simChaos *chaos, const simHost *host, const simGuest *guest)
{
    const GPtrArray *alive = chaos->world->alive;
    guint i;

    for (i = 0; i < alive->len; i++) {
        const simProcess *process = g_ptr_array_index(alive, i);

        if (process->host == host && process->guest == guest)
            return TRUE;
    }
    return FALSE;
}

static virLeaseSpan
simChaosSpan(simChaos *chaos)
{
    virLeaseSpan length = chaos->world->config.length;

    if (chaos->theme->siege)
        return simDiceSpan(&chaos->dice, length / 2, 2 * length);
    return simDiceChance(&chaos->dice, 600) ? simDiceSpan(&chaos->dice, 0, length / 3)
                                            : simDiceSpan(&chaos->dice, length / 3, 2 * length);
}

/* ---- what can happen ---- */
static void
simChaosStart(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);
    simGuest *guest = g_ptr_array_index(chaos->world->guests, simDiceBelow(&chaos->dice, chaos->world->guests->len));

    if (host && !simChaosIsThere(chaos, host, guest))
        simGuestStart(host, guest, simDiceChance(&chaos->dice, 150), simDiceChance(&chaos->dice, 900));
}

/* Several want the same at the same moment. */
static void
simChaosRush(simChaos *chaos)
{
    guint count = 2 + simDiceBelow(&chaos->dice, 3);

    while (count-- > 0)
        simChaosStart(chaos);
}

/* A copy of a guest's memory, with its token, goes on elsewhere: a saved image
 * restored twice, or while the guest still runs. */
static void
simChaosCopy(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_PAUSED);
    simHost *host = simChaosPickHost(chaos);

    if (!process || !host)
        return;
    if (!process->token)
        simProcessInquire(process);
    else if (!simChaosIsThere(chaos, host, process->guest))
        simProcessResume(simProcessCopy(process, host));
}

static void
simChaosSuspend(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_RUNNING);

    if (process)
        simProcessSuspend(process);
}

static void
simChaosResume(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_PAUSED, SIM_PROCESS_READY);

    if (process && (process->state == SIM_PROCESS_PAUSED || process->startPaused))
        simProcessResume(process);
}

static void
simChaosMigrate(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_PAUSED);
    simHost *host = simChaosPickHost(chaos);

    if (process && host && !simChaosIsThere(chaos, host, process->guest))
        simProcessMigrate(process, host, simDiceChance(&chaos->dice, 100));
}

static void
simChaosAttach(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_PAUSED);
    const char *resource = simChaosResources[simDiceBelow(&chaos->dice, chaos->resources)];

    if (process && !simProcessFindDisk(process, resource))
        simProcessAttach(process, resource, simDiceChance(&chaos->dice, 250) ? VIR_LEASE_MODE_SHARED : VIR_LEASE_MODE_EXCLUSIVE);
}

static void
simChaosDetach(simChaos *chaos)
{
    simProcess *process = simChaosPick(chaos, SIM_PROCESS_RUNNING, SIM_PROCESS_PAUSED);
    const simDisk *disk;

    if (!process || process->disks->len < 2)
        return;
    disk = g_ptr_array_index(process->disks, simDiceBelow(&chaos->dice, process->disks->len));
    simProcessDetach(process, disk->resource->name);
}

static void
simChaosKill(simChaos *chaos)
{
    const GPtrArray *alive = chaos->world->alive;

    if (alive->len)
        simProcessKill(g_ptr_array_index(alive, simDiceBelow(&chaos->dice, alive->len)), VIR_LEASE_MILLISECOND, "destroyed");
}

static void
simChaosKillBusy(simChaos *chaos)
{
    const GPtrArray *alive = chaos->world->alive;
    simProcess *process = alive->len ? g_ptr_array_index(alive, simDiceBelow(&chaos->dice, alive->len)) : NULL;

    if (process && process->busy)
        simProcessKill(process, simDiceSpan(&chaos->dice, 0, 20 * VIR_LEASE_MILLISECOND), "destroyed in the middle");
}

static void
simChaosGiveUp(simChaos *chaos)
{
    const GPtrArray *requests = chaos->world->requests;

    if (requests->len && !((simRequest *) g_ptr_array_index(requests, requests->len - 1))->finished)
        simRequestGiveUp(g_ptr_array_index(requests, requests->len - 1));
}

static void
simChaosStartsDaemon(gpointer data)
{
    simHostStartDaemon(data);
}

static void
simChaosBoots(gpointer data)
{
    simHostBoot(data);
}

static void
simChaosLater(simChaos *chaos, virLeaseSpan span, simQueueFunc func, simHost *host)
{
    simQueueAdd(chaos->world->queue, simWorldNow(chaos->world) + span, func, host, NULL);
}

static void
simChaosCrashDaemon(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (!host)
        return;
    if (simDiceChance(&chaos->dice, 500))
        simHostCrashDaemonAfter(host, simDiceBelow(&chaos->dice, 30));
    else
        simHostCrashDaemon(host);
}

static void
simChaosShutdownDaemon(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        simHostShutdownDaemon(host);
}

static void
simChaosHang(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        simHostHang(host, simChaosSpan(chaos));
}

static void
simChaosCrash(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (!host)
        return;
    simHostCrash(host);
    simChaosLater(chaos, simChaosSpan(chaos), simChaosBoots, host);
}

static void
simChaosCut(simChaos *chaos)
{
    guint host = simDiceBelow(&chaos->dice, chaos->world->hosts->len);
    virLeaseTime until = simWorldNow(chaos->world) + simChaosSpan(chaos);
    guint which = simDiceBelow(&chaos->dice, 3);

    simWorldTrace(chaos->world, simWorldHost(chaos->world, host), "the network is cut (%u) until %.3f s", which,
                  (double) until / (double) VIR_LEASE_SECOND);
    if (which != 1)
        simNetCutRequests(chaos->world->net, host, until);
    if (which != 0)
        simNetCutReplies(chaos->world->net, host, until);
}

static void
simChaosServerDown(simChaos *chaos)
{
    virLeaseTime until = simWorldNow(chaos->world) + simChaosSpan(chaos);

    simWorldTrace(chaos->world, NULL, "the server is down until %.3f s", (double) until / (double) VIR_LEASE_SECOND);
    simNetServerDown(chaos->world->net, until);
}

static void
simChaosReset(simChaos *chaos)
{
    guint host = simDiceBelow(&chaos->dice, chaos->world->hosts->len);

    simWorldTrace(chaos->world, simWorldHost(chaos->world, host), "the connection breaks");
    simNetReset(chaos->world->net, host);
}

/* Somebody sets a host's wall clock. */
static void
simChaosSetClock(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        host->wallSkew = simDiceSpan(&chaos->dice, -86400, 86400);
}

static void
simChaosFailSave(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        host->failSaves = 1;
}

typedef struct {
    guint seen;
    simDice *dice;
    char *picked;
} simChaosEntry;

static void
simChaosConsiderEntry(const char *name, const char *target, const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simChaosEntry *entry = opaque;

    if (!target || simDiceBelow(entry->dice, ++entry->seen) > 0)
        return;
    g_free(entry->picked);
    entry->picked = g_strdup(name);
}

/* The name of some entry in the directory @shard, or NULL. */
static char *
simChaosPickEntry(simChaos *chaos, const char *shard)
{
    simChaosEntry entry = { .dice = &chaos->dice };

    simServerList(chaos->world->server, shard, simChaosConsiderEntry, &entry);
    return entry.picked;
}

/* An administrator wants a guest to go; rarely. */
static void
simChaosRevoke(simChaos *chaos)
{
    g_autofree char *shard = virLeaseShardPath(simDiceBelow(&chaos->dice, chaos->world->config.shards));
    g_autofree char *entry = simDiceChance(&chaos->dice, 200) ? simChaosPickEntry(chaos, shard) : NULL;
    g_auto(GStrv) words = entry ? g_strsplit(entry, ".", 8) : NULL;
    g_autofree char *path = words ? g_strdup_printf("sessions/%s.revoke.%s", words[3], words[4]) : NULL;

    if (path && !simServerExists(chaos->world->server, path))
        simServerLink(chaos->world->server, path, "by=admin");
}

/* A lock, or the directory of a session that has one. */
static void
simChaosDelete(simChaos *chaos)
{
    g_autofree char *shard = virLeaseShardPath(simDiceBelow(&chaos->dice, chaos->world->config.shards));
    g_autofree char *entry = simChaosPickEntry(chaos, shard);
    g_auto(GStrv) words = entry ? g_strsplit(entry, ".", 8) : NULL;
    g_autofree char *path = words ? g_strdup_printf("%s/%s", shard, entry) : NULL;

    if (words && simDiceChance(&chaos->dice, 400)) {
        g_free(path);
        path = g_strdup_printf("sessions/%s", words[3]);
        if (!simServerExists(chaos->world->server, path))
            return;
    }

    if (!path)
        return;
    simWorldTrace(chaos->world, NULL, "somebody deletes %s", path);
    simJudgeDataLost(chaos->world->judge);
    simServerDelete(chaos->world->server, path);
}

/* Who has no daemon gets one; sooner or later. */
static void
simChaosRepair(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host && !host->engine)
        simChaosLater(chaos, simChaosSpan(chaos), simChaosStartsDaemon, host);
}

static void
simChaosHangGuard(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        simHostHangGuard(host, simChaosSpan(chaos));
}

static void
simChaosSleep(simChaos *chaos)
{
    simHost *host = simChaosPickHost(chaos);

    if (host)
        simHostSleep(host, simChaosSpan(chaos));
}

static void
simChaosStall(simChaos *chaos)
{
    static const virLeaseOpType types[] = { VIR_LEASE_OP_SETATTR, VIR_LEASE_OP_SETATTR, VIR_LEASE_OP_READDIR,
                                            VIR_LEASE_OP_SYMLINK, VIR_LEASE_OP_REMOVE, VIR_LEASE_OP_MKDIR };
    static const simFaultKind kinds[] = { SIM_FAULT_LOSE_REQUEST, SIM_FAULT_LOSE_REPLY, SIM_FAULT_HOLD,
                                          SIM_FAULT_HOLD_REPLY, SIM_FAULT_LATE };
    virLeaseSpan length = chaos->world->config.length;
    simFaultRule rule = {
        .host = simDiceBelow(&chaos->dice, chaos->world->hosts->len),
        .type = types[simDiceBelow(&chaos->dice, G_N_ELEMENTS(types))],
        .kind = kinds[simDiceBelow(&chaos->dice, G_N_ELEMENTS(kinds))],
        .span = simDiceSpan(&chaos->dice, length / 50, length / 6),
        .until = simWorldNow(chaos->world) + simChaosSpan(chaos),
    };

    if (rule.kind == SIM_FAULT_LATE)
        rule.span *= 8;
    if (rule.type == VIR_LEASE_OP_READDIR)
        rule.path = "sessions";
    simWorldTrace(chaos->world, simWorldHost(chaos->world, rule.host), "%s stalls (%d) until %.3f s",
                  virLeaseOpTypeToString(rule.type), rule.kind, (double) rule.until / (double) VIR_LEASE_SECOND);
    simNetAddRule(chaos->world->net, &rule);
}

/* A1 fails for attributes. What must hold all the same is that nobody who
 * lives is called dead: the judge's rule 7. */
static void
simChaosStale(simChaos *chaos)
{
    virLeaseSpan length = chaos->world->config.length;
    virLeaseSpan stale = simDiceChance(&chaos->dice, 250) ? 0 : simDiceSpan(&chaos->dice, length / 4, 4 * length);

    simWorldTrace(chaos->world, NULL, "the server shows attributes of up to %.3f s ago",
                  (double) stale / (double) VIR_LEASE_SECOND);
    simServerSetStale(chaos->world->server, stale);
}

/* A4 fails. From then on the judge asks only that rule 20 bounds the harm. */
static void
simChaosLoseData(simChaos *chaos)
{
    virLeaseTime now = simWorldNow(chaos->world);
    virLeaseSpan span = simDiceSpan(&chaos->dice, VIR_LEASE_MILLISECOND, chaos->world->config.length);
    guint i;

    if (now < VIR_LEASE_SECOND)
        return;
    simWorldTrace(chaos->world, NULL, "the server restarts, and has lost %.3f s", (double) span / (double) VIR_LEASE_SECOND);
    simJudgeDataLost(chaos->world->judge);
    simServerRollBack(chaos->world->server, now - MIN(span, now));
    for (i = 0; i < chaos->world->hosts->len; i++)
        simNetReset(chaos->world->net, i);
}

static void (*const simChaosActs[SIM_ACT_LAST])(simChaos *chaos) = {
    [SIM_ACT_START] = simChaosStart,
    [SIM_ACT_RUSH] = simChaosRush,
    [SIM_ACT_SUSPEND] = simChaosSuspend,
    [SIM_ACT_RESUME] = simChaosResume,
    [SIM_ACT_MIGRATE] = simChaosMigrate,
    [SIM_ACT_COPY] = simChaosCopy,
    [SIM_ACT_ATTACH] = simChaosAttach,
    [SIM_ACT_DETACH] = simChaosDetach,
    [SIM_ACT_KILL] = simChaosKill,
    [SIM_ACT_KILL_BUSY] = simChaosKillBusy,
    [SIM_ACT_GIVE_UP] = simChaosGiveUp,
    [SIM_ACT_CRASH_DAEMON] = simChaosCrashDaemon,
    [SIM_ACT_STOP_DAEMON] = simChaosShutdownDaemon,
    [SIM_ACT_HANG] = simChaosHang,
    [SIM_ACT_HANG_GUARD] = simChaosHangGuard,
    [SIM_ACT_SLEEP] = simChaosSleep,
    [SIM_ACT_CRASH] = simChaosCrash,
    [SIM_ACT_CUT] = simChaosCut,
    [SIM_ACT_SERVER_DOWN] = simChaosServerDown,
    [SIM_ACT_RESET] = simChaosReset,
    [SIM_ACT_STALL] = simChaosStall,
    [SIM_ACT_STALE] = simChaosStale,
    [SIM_ACT_LOSE_DATA] = simChaosLoseData,
    [SIM_ACT_DELETE] = simChaosDelete,
    [SIM_ACT_FAIL_SAVE] = simChaosFailSave,
    [SIM_ACT_SET_CLOCK] = simChaosSetClock,
    [SIM_ACT_REVOKE] = simChaosRevoke,
    [SIM_ACT_REPAIR] = simChaosRepair,
};

void
simChaosAct(gpointer data)
{
    simChaos *chaos = data;
    const simTheme *theme = chaos->theme;
    virLeaseSpan pause = chaos->world->config.length / theme->pace;
    guint total = 0;
    guint dice;
    guint i;

    if (simWorldNow(chaos->world) >= chaos->end)
        return;
    for (i = 0; i < SIM_ACT_LAST; i++)
        total += theme->acts[i];
    dice = simDiceBelow(&chaos->dice, total);
    for (i = 0; dice >= theme->acts[i]; i++)
        dice -= theme->acts[i];
    simChaosActs[i](chaos);
    simQueueAdd(chaos->world->queue,
                simWorldNow(chaos->world) + simDiceSpan(&chaos->dice, VIR_LEASE_MILLISECOND, pause),
                simChaosAct, chaos, NULL);
}
