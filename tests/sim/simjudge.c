/*
 * simjudge.c: whether the promises are kept
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdarg.h>
#include <string.h>

#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "simjudgepriv.h"
#include "virerror.h"

simJudge *
simJudgeNew(simWorld *world)
{
    simJudge *judge = g_new0(simJudge, 1);

    judge->world = world;
    judge->violations = g_ptr_array_new_with_free_func(g_free);
    judge->uses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_array_unref);
    judge->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    judge->tokens = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    judge->hashes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    judge->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    judge->removed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    judge->leases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    judge->presented = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    judge->renewing = g_new0(char *, world->config.hosts + 1);
    judge->renewed = g_new0(virLeaseTime, world->config.hosts + 1);
    judge->givenUp = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    judge->made = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return judge;
}

static void
simJudgeFreeRenewing(simJudge *judge)
{
    guint i;

    for (i = 0; i < judge->world->config.hosts; i++)
        g_free(judge->renewing[i]);
    g_free(judge->renewing);
}

void
simJudgeFree(simJudge *judge)
{
    g_ptr_array_unref(judge->violations);
    g_hash_table_unref(judge->uses);
    g_hash_table_unref(judge->sessions);
    g_hash_table_unref(judge->tokens);
    g_hash_table_unref(judge->hashes);
    g_hash_table_unref(judge->links);
    g_hash_table_unref(judge->removed);
    g_hash_table_unref(judge->leases);
    g_hash_table_unref(judge->presented);
    g_hash_table_unref(judge->givenUp);
    g_hash_table_unref(judge->made);
    g_free(judge->renewed);
    simJudgeFreeRenewing(judge);
    g_free(judge);
}

const GPtrArray *
simJudgeViolations(const simJudge *judge)
{
    return judge->violations;
}

guint64
simJudgeGrants(const simJudge *judge)
{
    return judge->grants;
}

void
simJudgeViolation(simJudge *judge, const char *promise, const char *fmt, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, fmt);
    text = g_strdup_vprintf(fmt, args);
    va_end(args);
    simWorldTrace(judge->world, NULL, "VIOLATION of %s: %s", promise, text);
    g_ptr_array_add(judge->violations,
                    g_strdup_printf("%s: at %.6f s: %s", promise,
                                    (double) simWorldNow(judge->world) / (double) VIR_LEASE_SECOND, text));
}

/* ---- S1 and S2: who runs ---- */
static gboolean
simJudgeConflict(virLeaseMode a, virLeaseMode b)
{
    return a == VIR_LEASE_MODE_EXCLUSIVE || b == VIR_LEASE_MODE_EXCLUSIVE;
}

static GArray *
simJudgeUses(simJudge *judge, const char *resource)
{
    GArray *uses = g_hash_table_lookup(judge->uses, resource);

    if (!uses) {
        uses = g_array_new(FALSE, TRUE, sizeof(simJudgeUse));
        g_hash_table_insert(judge->uses, g_strdup(resource), uses);
    }
    return uses;
}

static simJudgeUse *
simJudgeFindUse(simJudge *judge, const simProcess *process, const simDisk *disk)
{
    GArray *uses = simJudgeUses(judge, disk->resource->name);
    const simJudgeUse fresh = { .process = process, .mode = disk->resource->mode };
    guint i;

    for (i = 0; i < uses->len; i++) {
        simJudgeUse *use = &g_array_index(uses, simJudgeUse, i);

        if (use->process == process && use->mode == disk->resource->mode)
            return use;
    }
    g_array_append_val(uses, fresh);
    return &g_array_index(uses, simJudgeUse, uses->len - 1);
}

/* The exception at the end of rule 12c: a guest that gave up one disk and got
 * another one while it was paused, and then migrated, looks like one whose
 * disks were renamed on the way. It never ran with the new one. */
static gboolean
simJudgeInHole(const simProcess *process, const simDisk *disk)
{
    return process->unplugged && !disk->ran;
}

/* Nothing is promised to who ignores the loss of his lease, nor about him. */
gboolean
simJudgeIsIgnoring(const simProcess *process)
{
    return process->guest->failure == VIR_LEASE_FAILURE_IGNORE;
}

/* ---- A4 has failed: what rule 20 still promises ---- */
/* Two may run until both have looked for their entries, and were killed. */
static virLeaseSpan
simJudgeBound(const simJudge *judge)
{
    virLeaseSpan length = judge->world->config.length;

    return 2 * length + length / 2 + VIR_LEASE_SECOND;
}

static void
simJudgeCheckPair(simJudge *judge, const char *resource, const simJudgeUse *a, const simJudgeUse *b)
{
    if (a->process == b->process || !a->runs || !b->runs || !simJudgeConflict(a->mode, b->mode))
        return;
    simJudgeViolation(judge, "rule 20", "'%s' (pid %" G_GINT64_FORMAT " on %s) and '%s' (pid %" G_GINT64_FORMAT " on %s) still run with '%s'",
                      a->process->guest->name, a->process->pid, a->process->host->name,
                      b->process->guest->name, b->process->pid, b->process->host->name, resource);
}

static void
simJudgeCheckPairs(gpointer data)
{
    simJudge *judge = data;
    GHashTableIter iter;
    gpointer resource;
    gpointer value;

    if (simWorldNow(judge->world) < judge->lost + simJudgeBound(judge))
        return;     /* it has lost more since, and is asked later */
    g_hash_table_iter_init(&iter, judge->uses);
    while (g_hash_table_iter_next(&iter, &resource, &value)) {
        const GArray *uses = value;
        guint i;
        guint j;

        for (i = 0; i < uses->len; i++) {
            for (j = i + 1; j < uses->len; j++)
                simJudgeCheckPair(judge, resource, &g_array_index(uses, simJudgeUse, i), &g_array_index(uses, simJudgeUse, j));
        }
    }
}

static void
simJudgeSetBound(simJudge *judge)
{
    simQueueAdd(judge->world->queue, MAX(judge->lost + simJudgeBound(judge), simWorldNow(judge->world)),
                simJudgeCheckPairs, judge, NULL);
}

void
simJudgeDataLost(simJudge *judge)
{
    judge->world->lostData = TRUE;
    judge->lost = simWorldNow(judge->world);
    simJudgeSetBound(judge);
}

static void
simJudgeCheckUse(simJudge *judge, const simProcess *process, const simDisk *disk, const simJudgeUse *other)
{
    const simProcess *rival = other->process;

    if (rival == process || !simJudgeConflict(disk->resource->mode, other->mode) ||
        simJudgeIsIgnoring(process) || simJudgeIsIgnoring(rival))
        return;
    if (judge->world->lostData) {
        if (other->runs)
            simJudgeSetBound(judge);
    } else if (other->runs) {
        simJudgeViolation(judge, "S1", "'%s' (pid %" G_GINT64_FORMAT " on %s) runs with '%s' while '%s' (pid %" G_GINT64_FORMAT " on %s) does",
                          process->guest->name, process->pid, process->host->name, disk->resource->name,
                          rival->guest->name, rival->pid, rival->host->name);
    } else if (other->last > disk->current && !simJudgeInHole(process, disk)) {
        simJudgeViolation(judge, "S2", "'%s' (pid %" G_GINT64_FORMAT " on %s) goes on with '%s' as of %.6f s, but '%s' (pid %" G_GINT64_FORMAT " on %s) ran with it until %.6f s",
                          process->guest->name, process->pid, process->host->name, disk->resource->name,
                          (double) disk->current / (double) VIR_LEASE_SECOND,
                          rival->guest->name, rival->pid, rival->host->name,
                          (double) other->last / (double) VIR_LEASE_SECOND);
    }
}

/* ---- S3: a guest that is stopped, not gone, keeps others out ---- */
/* Who was given its token has begun to use it up. It may die before it is
 * granted anything, and answers late or never. */
static gboolean
simJudgeIsUsedUp(const simJudge *judge, const simProcess *process, const simDisk *disk)
{
    const simJudgeRemoval *removal = g_hash_table_lookup(judge->removed, disk->heldBy);
    const virLeaseTime *made = g_hash_table_lookup(judge->made, disk->heldBy);
    const virLeaseTime *presented = removal ? simJudgePresented(judge, removal->host, process->pid) : NULL;

    return presented && made && *presented >= *made && *presented <= removal->sent;
}

/* Whether the lock that @process was granted is one that must still hold. */
static gboolean
simJudgeHolds(const simJudge *judge, const simProcess *process, const simDisk *disk)
{
    g_auto(GStrv) words = g_strsplit(disk->heldBy ? disk->heldBy : "", ".", 8);

    return disk->opened && g_strv_length(words) == 6 && !judge->world->lostData && !process->dying &&
        disk->heldLosses == process->host->leaseLosses && simHostLeaseHolds(process->host) &&
        simJudgeSessionLives(judge, words[3]) && !simJudgeIsUsedUp(judge, process, disk);
}

static void
simJudgeCheckHolder(simJudge *judge, const simProcess *process, const simDisk *disk, const simProcess *holder)
{
    const simDisk *held = simProcessFindDisk(holder, disk->resource->name);

    if (holder == process || holder == process->successorOf || holder->state == SIM_PROCESS_RUNNING || !held ||
        !simJudgeConflict(held->resource->mode, disk->resource->mode) ||
        !simJudgeHolds(judge, holder, held) ||
        (holder->host == process->host && simWorldNow(judge->world) < held->doubted))
        return;
    simJudgeViolation(judge, "S3", "'%s' (pid %" G_GINT64_FORMAT " on %s) runs with '%s', but '%s' (pid %" G_GINT64_FORMAT " on %s, %s) holds it",
                      process->guest->name, process->pid, process->host->name, disk->resource->name,
                      holder->guest->name, holder->pid, holder->host->name,
                      simProcessStateToString(holder->state));
}

void
simJudgeOpens(simJudge *judge, const simProcess *process, simDisk *disk)
{
    const GPtrArray *alive = judge->world->alive;
    const GArray *uses;
    guint i;

    simJudgeFindUse(judge, process, disk)->runs = TRUE;
    uses = simJudgeUses(judge, disk->resource->name);
    for (i = 0; i < uses->len; i++)
        simJudgeCheckUse(judge, process, disk, &g_array_index(uses, simJudgeUse, i));
    for (i = 0; i < alive->len; i++)
        simJudgeCheckHolder(judge, process, disk, g_ptr_array_index(alive, i));
    disk->ran = TRUE;
}

void
simJudgeCloses(simJudge *judge, const simProcess *process, const simDisk *disk)
{
    simJudgeUse *use = simJudgeFindUse(judge, process, disk);

    use->runs = FALSE;
    use->last = simWorldNow(judge->world);
}

void
simJudgeGivesUp(simJudge *judge, const simDisk *disk)
{
    const virLeaseTime now = simWorldNow(judge->world);

    g_hash_table_replace(judge->givenUp, g_strdup(disk->resource->name), g_memdup2(&now, sizeof(now)));
}

void
simJudgeRuns(simJudge *judge, const simProcess *process)
{
    guint i;

    if (!g_hash_table_contains(process->host->entered, &process->owner))
        simJudgeViolation(judge, "rule 13", "'%s' (pid %" G_GINT64_FORMAT " on %s) runs, and the guard does not know",
                          process->guest->name, process->pid, process->host->name);
    for (i = 0; i < process->disks->len; i++) {
        simDisk *disk = g_ptr_array_index(process->disks, i);

        if (disk->opened)
            simJudgeOpens(judge, process, disk);
    }
}

void
simJudgeDies(simJudge *judge, simProcess *process)
{
    if (judge->world->config.calm)
        simJudgeDiedCalmly(judge, process);
}

void
simJudgeStops(simJudge *judge, const simProcess *process)
{
    guint i;

    for (i = 0; i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);

        if (disk->opened)
            simJudgeCloses(judge, process, disk);
    }
}

/* Whether an administrator asked for the end of one of its runs. */
static gboolean
simJudgeIsRevoked(const simJudge *judge, const simProcess *process)
{
    gboolean revoked = FALSE;
    guint i;

    for (i = 0; i < process->disks->len; i++) {
        const simDisk *disk = g_ptr_array_index(process->disks, i);
        g_auto(GStrv) words = g_strsplit(disk->heldBy ? disk->heldBy : "", ".", 8);

        revoked |= g_strv_length(words) == 6 && simJudgeMarkerExists(judge, words[3], "revoke", words[4]);
    }
    return revoked;
}

void
simJudgeFenced(simJudge *judge, const simProcess *process, gboolean early)
{
    if (!early || process->dying || process->state != SIM_PROCESS_RUNNING || judge->world->lostData ||
        simJudgeIsRevoked(judge, process))
        return;
    simJudgeViolation(judge, "L1", "'%s' (pid %" G_GINT64_FORMAT " on %s) is killed, and nobody knows why",
                      process->guest->name, process->pid, process->host->name);
}

void
simJudgeLeft(simJudge *judge, const simProcess *process)
{
    if (process->state == SIM_PROCESS_RUNNING && !process->dying)
        simJudgeViolation(judge, "rule 6", "'%s' (pid %" G_GINT64_FORMAT " on %s) was taken out of the guard's page while it runs",
                          process->guest->name, process->pid, process->host->name);
}

/* ---- answers ---- */
static void
simJudgeRenewHold(simJudge *judge, simProcess *process, simDisk *disk, gboolean granted)
{
    char *entry = simJudgeFindEntry(judge, process->pid, disk->resource->name);

    /* A refusal may have cost what it held, but gives nothing. */
    if (!granted && g_strcmp0(entry, disk->heldBy) != 0)
        g_clear_pointer(&entry, g_free);
    g_free(disk->heldBy);
    disk->heldBy = entry;
    disk->doubted = granted ? 0 : simWorldNow(judge->world) + judge->world->config.length;
    if (granted)
        disk->heldLosses = process->host->leaseLosses;
}

static void
simJudgeDoubtHolds(simJudge *judge, simProcess *process)
{
    guint i;

    for (i = 0; i < process->disks->len; i++)
        simJudgeRenewHold(judge, process, g_ptr_array_index(process->disks, i), FALSE);
}

/* What is granted is alone: what stood in its way before is gone. */
static void
simJudgeCheckBeside(simJudge *judge, char **words, const char *name, gint64 pid, gpointer opaque)
{
    const simJudgeGrant *grant = opaque;
    const virLeaseTime *made = g_hash_table_lookup(judge->made, name);
    gboolean shared = grant->resource->mode == VIR_LEASE_MODE_SHARED && g_str_equal(words[1], "r");

    if (shared || !g_str_equal(words[0], grant->hash) || pid == grant->request->process->pid ||
        !made || *made >= grant->since ||
        g_strcmp0(words[3], judge->renewing[grant->request->host->index]) == 0)
        return;
    simJudgeViolation(judge, "grants", "%s granted '%s' to '%s' (pid %" G_GINT64_FORMAT ") beside '%s'",
                      grant->request->host->name, grant->resource->name, grant->request->process->guest->name,
                      grant->request->process->pid, name);
}

static void
simJudgeCheckAlone(simJudge *judge, const simRequest *request, const virLeaseResource *resource, const char *entry)
{
    const virLeaseTime *since = g_hash_table_lookup(judge->made, entry);
    simJudgeGrant grant = {
        .request = request,
        .resource = resource,
        .hash = simJudgeHash(judge, resource->name),
        .since = since ? *since : 0,
    };

    simJudgeEachEntry(judge, simJudgeCheckBeside, &grant);
}

/* Rule 12: who uses up the token of a paused guest removes every entry of its
 * run, also one that was added a moment ago and is just being granted. */
static gboolean
simJudgeWentWithToken(const simJudge *judge, const simProcess *process, const char *resource)
{
    const char *newest = simJudgeNewestLink(judge, process->pid, resource);
    const simJudgeRemoval *removal = newest ? g_hash_table_lookup(judge->removed, newest) : NULL;

    return process->state == SIM_PROCESS_PAUSED && removal && simJudgePresented(judge, removal->host, process->pid);
}

static void
simJudgeCheckGrant(simJudge *judge, const simRequest *request, const virLeaseResource *resource)
{
    const simProcess *process = request->process;
    simJudgeSearch search = { 0 };

    simJudgeSearchFor(judge, process->pid, resource->name, &search);
    if (!search.found && simJudgeWentWithToken(judge, process, resource->name))
        return;
    if (!search.found || search.mode != resource->mode)
        simJudgeViolation(judge, "grants", "%s granted '%s' to '%s' (pid %" G_GINT64_FORMAT "), and the export has %s",
                          process->host->name, resource->name, process->guest->name, process->pid,
                          search.found ? "an entry of another mode" : "no entry");
    if (search.found)
        simJudgeCheckAlone(judge, request, resource, search.found);
    g_free(search.found);
}

static void
simJudgeGranted(simJudge *judge, const simRequest *request)
{
    simProcess *presented = request->token ? g_hash_table_lookup(judge->tokens, request->token) : NULL;
    guint i;

    judge->grants++;
    if (presented)
        simJudgeDoubtHolds(judge, presented);   /* used up, whatever becomes of who presented it */
    if (request->process->state == SIM_PROCESS_DEAD || request->process->dying)
        return;
    for (i = 0; i < request->resources->len && !judge->world->lostData; i++)
        simJudgeCheckGrant(judge, request, g_ptr_array_index(request->resources, i));
    request->process->successorOf = presented;
}

static void
simJudgeRemember(simJudge *judge, const simRequest *request)
{
    if (request->result)
        g_hash_table_replace(judge->tokens, g_strdup(request->result), request->process);
}

/* The lock is there from now on, as it stands on the export. */
static void
simJudgeTakeHolds(simJudge *judge, const simRequest *request)
{
    guint i;

    for (i = 0; i < request->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(request->resources, i);
        simDisk *disk = simProcessFindDisk(request->process, resource->name);

        if (disk)
            simJudgeRenewHold(judge, request->process, disk, TRUE);
    }
}

void
simJudgeAnswered(simJudge *judge, simRequest *request)
{
    simProcess *process = request->process;

    if (request->code != VIR_ERR_OK && (!request->message || !*request->message))
        simJudgeViolation(judge, "answers", "%s refused '%s' without a word", process->host->name,
                          process->guest->name);
    if (request->type == VIR_LEASE_EVENT_ACQUIRE && request->code == VIR_ERR_OK)
        simJudgeGranted(judge, request);
    if (request->code != VIR_ERR_OK && judge->world->config.calm)
        simJudgeRefusedCalmly(judge, request);
    if ((request->type == VIR_LEASE_EVENT_ACQUIRE || request->type == VIR_LEASE_EVENT_REGISTER) &&
        request->code == VIR_ERR_OK)
        simJudgeTakeHolds(judge, request);
    simJudgeRemember(judge, request);
}

/* Whatever it presented may be used up all the same. */
void
simJudgeFailed(simJudge *judge, const simRequest *request)
{
    simProcess *presented = request->token ? g_hash_table_lookup(judge->tokens, request->token) : NULL;

    if (request->type != VIR_LEASE_EVENT_ACQUIRE)
        return;
    if (presented)
        simJudgeDoubtHolds(judge, presented);
    simJudgeDoubtHolds(judge, request->process);
}

void
simJudgeOverdue(simJudge *judge, const simRequest *request)
{
    simJudgeViolation(judge, "answers", "%s did not answer call %" G_GUINT64_FORMAT " of '%s' by its deadline",
                      request->host->name, request->id, request->process->guest->name);
}
