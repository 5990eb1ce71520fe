/*
 * simjudgeexport.c: what the judge sees on the export and on the way to it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "simjudgepriv.h"

#define SIM_JUDGE_HASH_LEN 40
#define SIM_JUDGE_SID_LEN 32

/* ---- the export, read anew, not by the engine's code ---- */
const char *
simJudgeHash(simJudge *judge, const char *resource)
{
    char *hash = g_hash_table_lookup(judge->hashes, resource);

    if (!hash) {
        hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, resource, -1);
        hash[SIM_JUDGE_HASH_LEN] = '\0';
        g_hash_table_insert(judge->hashes, g_strdup(resource), hash);
    }
    return hash;
}

/* The process id that a link's target names, or 0. */
static gint64
simJudgeTargetPid(const char *target)
{
    const char *word = g_str_has_prefix(target, "pid=") ? target : strstr(target, ",pid=");

    return word ? g_ascii_strtoll(strchr(word, '=') + 1, NULL, 10) : 0;
}

typedef struct {
    simJudge *judge;
    simJudgeEntryFunc func;
    gpointer opaque;
    const char *shard;
} simJudgeWalk;

static void
simJudgeWalkEntry(const char *name, const char *target, const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    const simJudgeWalk *walk = opaque;
    g_auto(GStrv) words = g_strsplit(name, ".", 8);

    if (target && g_strv_length(words) == 6)
        walk->func(walk->judge, words, name, simJudgeTargetPid(target), walk->opaque);
}

static void
simJudgeWalkShard(const char *name, const char *target G_GNUC_UNUSED,
                  const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simJudgeWalk *walk = opaque;
    g_autofree char *path = g_strdup_printf("locks/%s", name);

    simServerList(walk->judge->world->server, path, simJudgeWalkEntry, walk);
}

void
simJudgeEachEntry(simJudge *judge, simJudgeEntryFunc func, gpointer opaque)
{
    simJudgeWalk walk = { .judge = judge, .func = func, .opaque = opaque };

    simServerList(judge->world->server, "locks", simJudgeWalkShard, &walk);
}

static void
simJudgeSearchEntry(simJudge *judge, char **words, const char *name, gint64 pid, gpointer opaque)
{
    simJudgeSearch *search = opaque;
    guint64 attempt = g_ascii_strtoull(words[5], NULL, 10);

    if (!g_str_equal(words[0], search->hash) || pid != search->pid || attempt < search->attempt ||
        g_hash_table_contains(judge->removed, name))
        return;
    g_free(search->found);
    search->found = g_strdup(name);
    search->attempt = attempt;
    search->mode = g_str_equal(words[1], "r") ? VIR_LEASE_MODE_SHARED : VIR_LEASE_MODE_EXCLUSIVE;
}

gboolean
simJudgeSearchFor(simJudge *judge, gint64 pid, const char *resource, simJudgeSearch *search)
{
    search->hash = simJudgeHash(judge, resource);
    search->pid = pid;
    simJudgeEachEntry(judge, simJudgeSearchEntry, search);
    return search->found != NULL;
}

char *
simJudgeFindEntry(const simJudge *judge, gint64 pid, const char *resource)
{
    simJudgeSearch search = { 0 };

    simJudgeSearchFor((simJudge *) judge, pid, resource, &search);
    return search.found;
}

const char *
simJudgeNewestLink(const simJudge *judge, gint64 pid, const char *resource)
{
    const char *hash = simJudgeHash((simJudge *) judge, resource);
    const char *newest = NULL;
    virLeaseTime when = 0;
    GHashTableIter iter;
    gpointer path;
    gpointer value;

    g_hash_table_iter_init(&iter, judge->links);
    while (g_hash_table_iter_next(&iter, &path, &value)) {
        const char *name = strrchr(path, '/') + 1;
        const virLeaseTime *made = g_hash_table_lookup(judge->made, name);

        if (GPOINTER_TO_SIZE(value) != (gsize) pid || !made || *made < when || !g_str_has_prefix(name, hash))
            continue;
        newest = name;
        when = *made;
    }
    return newest;
}

gboolean
simJudgeSessionLives(const simJudge *judge, const char *sid)
{
    const simJudgeSession *session = g_hash_table_lookup(judge->sessions, sid);
    virLeaseSpan length = judge->world->config.length;

    return session && !session->gap &&
        simWorldNow(judge->world) - session->renewed < length - length / 50;
}

/* ---- rule 1: names ---- */
static void
simJudgeSendsLink(simJudge *judge, const simHost *host, const virLeaseOp *op)
{
    gpointer pid = GSIZE_TO_POINTER(simJudgeTargetPid(op->target));
    gpointer before = NULL;

    if (g_hash_table_contains(judge->removed, strrchr(op->path, '/') + 1))
        simJudgeViolation(judge, "rule 1", "%s makes '%s' again, after a REMOVE of it was sent", host->name, op->path);
    if (!g_hash_table_lookup_extended(judge->links, op->path, NULL, &before))
        g_hash_table_insert(judge->links, g_strdup(op->path), pid);
    else if (before != pid)
        simJudgeViolation(judge, "rule 1", "%s makes '%s' for another guest", host->name, op->path);
}

/* ---- rule 7: nobody is taken over from before the lease has ended ---- */
/* Rule 6: nobody runs on a lease that has ended. */
static gboolean
simJudgeRunsOn(const simProcess *process, const char *sid)
{
    guint i;

    /* What no kill ends is told of by other means (A3). */
    if (process->immortal || simJudgeIsIgnoring(process))
        return FALSE;
    for (i = 0; process->state == SIM_PROCESS_RUNNING && i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);
        g_auto(GStrv) words = g_strsplit(disk->heldBy ? disk->heldBy : "", ".", 8);

        if (disk->opened && g_strv_length(words) == 6 && g_str_equal(words[3], sid))
            return TRUE;
    }
    return FALSE;
}

static void
simJudgeLeaseEnds(gpointer data)
{
    const simJudgeAlarm *alarm = data;
    simJudge *judge = alarm->judge;
    const simJudgeLease *lease = g_hash_table_lookup(judge->leases, alarm->sid);
    guint i;

    /* Nobody is there who could have stopped them: see "What it cannot do". */
    if (lease->end != alarm->end || lease->host->unguarded)
        return;
    for (i = 0; i < judge->world->alive->len; i++) {
        const simProcess *process = g_ptr_array_index(judge->world->alive, i);

        if (process->host == lease->host && simJudgeRunsOn(process, alarm->sid))
            simJudgeViolation(judge, "rule 6", "'%s' (pid %" G_GINT64_FORMAT " on %s) runs on a lease that has ended",
                              process->guest->name, process->pid, process->host->name);
    }
}

static void
simJudgeAlarmFree(gpointer data)
{
    simJudgeAlarm *alarm = data;

    g_free(alarm->sid);
    g_free(alarm);
}

static void
simJudgeSetAlarm(simJudge *judge, const char *sid, virLeaseTime end)
{
    simJudgeAlarm *alarm = g_new0(simJudgeAlarm, 1);

    alarm->judge = judge;
    alarm->sid = g_strdup(sid);
    alarm->end = end;
    simQueueAdd(judge->world->queue, end, simJudgeLeaseEnds, alarm, simJudgeAlarmFree);
}

/* Rule 5: L after a renewal was sent, and not after it has ended. */
static void
simJudgeCheckEnd(simJudge *judge, const simHost *host, const char *sid, virLeaseTime hostEnd, virLeaseTime end)
{
    const simJudgeLease *before = g_hash_table_lookup(judge->leases, sid);

    if (hostEnd > judge->renewed[host->index] + judge->world->config.length)
        simJudgeViolation(judge, "rule 5", "the lease of %s lasts %.6f s after it was last renewed", host->name,
                          (double) (hostEnd - judge->renewed[host->index]) / (double) VIR_LEASE_SECOND);
    /* A daemon that takes over may know of an end that the guard did not hear of. */
    if (before && before->host == host && before->generation == host->generation && before->end <= simWorldNow(judge->world) && end > before->end)
        simJudgeViolation(judge, "rule 5", "the lease of %s, ended at %.6f s, is renewed", host->name,
                          (double) before->end / (double) VIR_LEASE_SECOND);
}

static void
simJudgeCheckDirectory(simJudge *judge, const simHost *host, const char *sid, virLeaseTime end)
{
    const simJudgeLease *before = g_hash_table_lookup(judge->leases, sid);
    const simJudgeSession *session = g_hash_table_lookup(judge->sessions, sid);
    g_autofree char *path = g_strdup_printf("sessions/%s", sid);

    /* A roll-back may have brought it back. */
    if (simServerExists(judge->world->server, path))
        return;
    /* An answer may be on its way while the directory goes. */
    if (before && end > before->end && session && session->gone &&
        simWorldNow(judge->world) > session->gone + judge->world->config.length / 3)
        simJudgeViolation(judge, "rule 5", "the lease of %s is renewed, and its directory is gone since %.6f s", host->name,
                          (double) session->gone / (double) VIR_LEASE_SECOND);
}

void
simJudgeLeaseLasts(simJudge *judge, const simHost *host, virLeaseTime hostEnd)
{
    const char *sid = judge->renewing[host->index];
    virLeaseTime end = simHostWorldTime(host, hostEnd);
    simJudgeLease *lease;

    if (!sid)
        return;
    simJudgeCheckEnd(judge, host, sid, hostEnd, end);
    simJudgeCheckDirectory(judge, host, sid, end);
    simJudgeSetAlarm(judge, sid, end);
    lease = g_new0(simJudgeLease, 1);
    lease->host = host;
    lease->generation = host->generation;
    lease->end = end;
    g_hash_table_replace(judge->leases, g_strdup(sid), lease);
}

void
simJudgeAsks(simJudge *judge, const simRequest *request)
{
    const simProcess *presented = request->token ? g_hash_table_lookup(judge->tokens, request->token) : NULL;

    if (presented)
        g_hash_table_replace(judge->presented,
                             g_strdup_printf("%u %" G_GINT64_FORMAT, request->host->index, presented->pid),
                             g_memdup2(&request->sent, sizeof(request->sent)));
}

const virLeaseTime *
simJudgePresented(const simJudge *judge, const simHost *host, gint64 pid)
{
    g_autofree char *presented = g_strdup_printf("%u %" G_GINT64_FORMAT, host->index, pid);

    return g_hash_table_lookup(judge->presented, presented);
}

gboolean
simJudgeMarkerExists(const simJudge *judge, const char *sid, const char *marker, const char *run)
{
    g_autofree char *path = g_strdup_printf("sessions/%s.%s.%s", sid, marker, run);

    return simServerExists(judge->world->server, path);
}

/* Whether it is the first. */
static gboolean
simJudgeNotesRemoval(simJudge *judge, const simHost *host, const char *name)
{
    const simJudgeRemoval removal = { .host = host, .sent = simWorldNow(judge->world) };

    return !g_hash_table_contains(judge->removed, name) &&
        g_hash_table_insert(judge->removed, g_strdup(name), g_memdup2(&removal, sizeof(removal)));
}

static gboolean
simJudgeWasGranted(const simProcess *process, const char *name)
{
    guint i;

    for (i = 0; i < process->disks->len; i++) {
        if (g_strcmp0(((simDisk *) g_ptr_array_index(process->disks, i))->heldBy, name) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Rule 17: the locks of a guest that ended while it was paused are its
 * token's. Who acquires them on its host may remove them, and nobody else there. */
static void
simJudgeSendsOwnRemove(simJudge *judge, const simHost *host, char **words, const char *name, gint64 pid)
{
    const simProcess *process = simWorldFindPid(judge->world, pid);
    guint i;

    /* What it asked for and was not granted is only withdrawn. */
    if (!process || !process->diedPaused || process->kept->len > 0 || judge->world->lostData ||
        !simJudgeWasGranted(process, name) || simJudgeMarkerExists(judge, words[3], "exited", words[4]))
        return;
    for (i = 0; i < judge->world->alive->len; i++) {
        const simProcess *other = g_ptr_array_index(judge->world->alive, i);

        if (other->host == host && other->busy)
            return;
    }
    simJudgeViolation(judge, "S3", "%s removes '%s', which '%s' (pid %" G_GINT64_FORMAT ") had when it was paused and ended",
                      host->name, name, process->guest->name, pid);
}

static void
simJudgeSendsRemove(simJudge *judge, const simHost *host, const virLeaseOp *op)
{
    const char *name = strrchr(op->path, '/') + 1;
    g_auto(GStrv) words = g_strsplit(name, ".", 8);
    gsize pid = GPOINTER_TO_SIZE(g_hash_table_lookup(judge->links, op->path));
    const simJudgeLease *lease = g_strv_length(words) == 6 ? g_hash_table_lookup(judge->leases, words[3]) : NULL;

    if (!simJudgeNotesRemoval(judge, host, name) || !lease || simJudgePresented(judge, host, (gint64) pid))
        return;
    if (lease->host == host) {
        simJudgeSendsOwnRemove(judge, host, words, name, (gint64) pid);
        return;
    }
    if (simWorldNow(judge->world) >= lease->end || judge->world->lostData ||
        simJudgeMarkerExists(judge, words[3], "exited", words[4]))
        return;
    simJudgeViolation(judge, "rule 7", "%s removes '%s', but the lease of %s lasts until %.6f s", host->name, name,
                      lease->host->name, (double) lease->end / (double) VIR_LEASE_SECOND);
}

void
simJudgeSends(simJudge *judge, const simHost *host, const virLeaseOp *op)
{
    if (op->type == VIR_LEASE_OP_SYMLINK)
        simJudgeSendsLink(judge, host, op);
    else if (op->type == VIR_LEASE_OP_REMOVE)
        simJudgeSendsRemove(judge, host, op);
    if (op->type == VIR_LEASE_OP_MKDIR && g_hash_table_contains(judge->leases, strrchr(op->path, '/') + 1))
        simJudgeViolation(judge, "rule 5", "%s makes its session's directory again", host->name);
    if (op->type == VIR_LEASE_OP_SETATTR) {
        g_free(judge->renewing[host->index]);
        judge->renewing[host->index] = g_strdup(strrchr(op->path, '/') + 1);
        judge->renewed[host->index] = simHostTime(host);
    }
}

/* ---- changes of the export ---- */
static void
simJudgeRenewed(simJudge *judge, const char *sid)
{
    simJudgeSession *session = g_hash_table_lookup(judge->sessions, sid);
    virLeaseTime now = simWorldNow(judge->world);
    virLeaseSpan length = judge->world->config.length;

    if (!session) {
        session = g_new0(simJudgeSession, 1);
        g_hash_table_insert(judge->sessions, g_strdup(sid), session);
    } else if (now - session->renewed >= length - length / 50) {
        session->gap = TRUE;
    }
    session->renewed = now;
}

static void
simJudgeForgetHold(simJudge *judge, simProcess *process, const char *name)
{
    guint i;

    for (i = 0; i < process->disks->len; i++) {
        simDisk *disk = g_ptr_array_index(process->disks, i);

        if (g_strcmp0(disk->heldBy, name) == 0 && simWorldNow(judge->world) < disk->doubted)
            g_clear_pointer(&disk->heldBy, g_free);
    }
}

static void
simJudgeRemoved(simJudge *judge, const char *name, const char *target)
{
    simProcess *process = simWorldFindPid(judge->world, simJudgeTargetPid(target));
    guint i;

    if (process)
        simJudgeForgetHold(judge, process, name);
    if (!process || process->state != SIM_PROCESS_RUNNING || judge->world->lostData || simJudgeIsIgnoring(process))
        return;
    for (i = 0; i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);
        g_autofree char *left = NULL;

        if (!disk->opened || !g_str_has_prefix(name, simJudgeHash(judge, disk->resource->name)))
            continue;
        left = simJudgeFindEntry(judge, process->pid, disk->resource->name);
        if (!left)
            simJudgeViolation(judge, "entries", "the last entry of '%s' for '%s' was removed while it runs (pid %" G_GINT64_FORMAT " on %s)",
                              process->guest->name, disk->resource->name, process->pid, process->host->name);
    }
}

void
simJudgeChanged(simJudge *judge, virLeaseOpType type, const char *path, const char *target)
{
    const char *name = strrchr(path, '/');

    if (!name)
        return;
    if ((type == VIR_LEASE_OP_SETATTR || type == VIR_LEASE_OP_MKDIR) &&
        g_str_has_prefix(path, "sessions/"))
        simJudgeRenewed(judge, name + 1);
    if (type == VIR_LEASE_OP_RMDIR && g_hash_table_contains(judge->sessions, name + 1))
        ((simJudgeSession *) g_hash_table_lookup(judge->sessions, name + 1))->gone = simWorldNow(judge->world);
    if (type == VIR_LEASE_OP_SYMLINK && g_str_has_prefix(path, "locks/")) {
        const virLeaseTime now = simWorldNow(judge->world);

        g_hash_table_replace(judge->made, g_strdup(name + 1), g_memdup2(&now, sizeof(now)));
    }
    if (type == VIR_LEASE_OP_REMOVE && target && g_str_has_prefix(path, "locks/"))
        simJudgeRemoved(judge, name + 1, target);
}

/* ---- L1: what is left when all is calm ---- */
static void
simJudgeCheckLeftover(simJudge *judge, char **words, const char *name, gint64 pid, gpointer opaque G_GNUC_UNUSED)
{
    const simProcess *process = simWorldFindPid(judge->world, pid);

    if ((process && process->state != SIM_PROCESS_DEAD) || !simJudgeSessionLives(judge, words[3]) ||
        simJudgeMarkerExists(judge, words[3], "exited", words[4]))
        return;
    simJudgeViolation(judge, "L1", "the entry %s locks for a guest that is gone ('%s', pid %" G_GINT64_FORMAT ")",
                      name, process ? process->guest->name : "?", pid);
}

typedef struct {
    const char *sid;
    const char *run;
    gboolean found;
} simJudgeRunSearch;

static void
simJudgeSearchRun(simJudge *judge G_GNUC_UNUSED, char **words, const char *name G_GNUC_UNUSED,
                  gint64 pid G_GNUC_UNUSED, gpointer opaque)
{
    simJudgeRunSearch *search = opaque;

    search->found |= g_str_equal(words[3], search->sid) && g_str_equal(words[4], search->run);
}

static void
simJudgeCheckMarker(const char *name, const char *target, const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simJudge *judge = opaque;
    g_auto(GStrv) words = g_strsplit(name, ".", 4);
    simJudgeRunSearch search = { 0 };

    if (!target || g_strv_length(words) != 3 || !simJudgeSessionLives(judge, words[0]))
        return;
    search.sid = words[0];
    search.run = words[2];
    simJudgeEachEntry(judge, simJudgeSearchRun, &search);
    if (!search.found)
        simJudgeViolation(judge, "L1", "the marker %s belongs to no entry any more", name);
}

static void
simJudgeCountLiving(const char *name, const char *target, const virLeaseAttr *attr G_GNUC_UNUSED, gpointer opaque)
{
    simJudge *judge = ((gpointer *) opaque)[0];
    guint *count = ((gpointer *) opaque)[1];

    if (!target && strlen(name) == SIM_JUDGE_SID_LEN && simJudgeSessionLives(judge, name))
        (*count)++;
}

void
simJudgeLeftovers(simJudge *judge)
{
    guint count = 0;
    gpointer opaque[] = { judge, &count };

    simJudgeEachEntry(judge, simJudgeCheckLeftover, NULL);
    simServerList(judge->world->server, "sessions", simJudgeCheckMarker, judge);
    simServerList(judge->world->server, "sessions", simJudgeCountLiving, opaque);
    if (count > judge->world->config.hosts)
        simJudgeViolation(judge, "L1", "%u sessions are renewed by %u hosts", count, judge->world->config.hosts);
}

static gboolean
simJudgeMayHold(const simProcess *process, const char *resource)
{
    return simProcessFindDisk(process, resource) ||
        g_ptr_array_find_with_equal_func(process->kept, resource, g_str_equal, NULL);
}

gboolean
simJudgeIsFree(const simJudge *judge, const char *resource)
{
    guint i;

    for (i = 0; i < judge->world->alive->len; i++) {
        if (simJudgeMayHold(g_ptr_array_index(judge->world->alive, i), resource))
            return FALSE;
    }
    return TRUE;
}

gboolean
simJudgeIsFreeFor(const simJudge *judge, const simProcess *process, const simDisk *disk)
{
    guint i;

    for (i = 0; i < judge->world->alive->len; i++) {
        const simProcess *other = g_ptr_array_index(judge->world->alive, i);
        const simDisk *same = simProcessFindDisk(other, disk->resource->name);

        if (other != process && same &&
            (same->resource->mode == VIR_LEASE_MODE_EXCLUSIVE || disk->resource->mode == VIR_LEASE_MODE_EXCLUSIVE))
            return FALSE;
    }
    return TRUE;
}
