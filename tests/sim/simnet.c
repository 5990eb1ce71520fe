/*
 * simnet.c: what lies between the hosts' daemons and the server, with faults
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simnet.h"

typedef struct {
    simFaultRule rule;
    guint matched;
} simNetRule;

typedef struct {
    virLeaseTime requestsCut;
    virLeaseTime repliesCut;
    GHashTable *calls;          /* of simNetCall that are not answered */
    guint64 counts[VIR_LEASE_OP_LAST + 1];
} simNetHost;

struct _simNet {
    simQueue *queue;
    simServer *server;
    simDice dice;
    simNetConfig config;
    guint hosts;
    simNetHost *host;
    virLeaseTime down;
    guint64 heals;
    guint64 serial;
    GPtrArray *rules;           /* of simNetRule */
    simNetDeliverFunc deliver;
    gpointer opaque;
};

/* One operation under way; its pending events in the queue hold references. */
typedef struct {
    gint refs;
    simNet *net;
    guint host;
    guint64 generation;
    guint64 heals;              /* when it was sent: late ones do not outlive a healing */
    guint64 serial;
    virLeaseOp *op;
    gboolean answered;
    gboolean muted;             /* its reply is lost */
    gboolean stray;             /* carried out after its answer: dropped by a healing */
    virLeaseSpan holdReply;
    virLeaseSpan pagePause;     /* of a slow scan */
    virLeaseSpan scanBehind;    /* of an old one */
    gboolean scanCounts;
    simServerScan *scan;
    virLeaseReply *reply;
} simNetCall;

simNet *
simNetNew(simQueue *queue,
          simServer *server,
          guint hosts,
          guint64 seed,
          simNetDeliverFunc deliver,
          gpointer opaque)
{
    simNet *net = g_new0(simNet, 1);
    guint i;

    net->queue = queue;
    net->server = server;
    net->dice.state = seed;
    net->hosts = hosts;
    net->host = g_new0(simNetHost, hosts);
    for (i = 0; i < hosts; i++)
        net->host[i].calls = g_hash_table_new(NULL, NULL);
    net->rules = g_ptr_array_new_with_free_func(g_free);
    net->deliver = deliver;
    net->opaque = opaque;
    net->config.delayMin = net->config.delayMax = VIR_LEASE_MILLISECOND / 2;
    return net;
}

void
simNetFree(simNet *net)
{
    guint i;

    if (!net)
        return;
    for (i = 0; i < net->hosts; i++)
        g_hash_table_unref(net->host[i].calls);
    g_ptr_array_unref(net->rules);
    g_free(net->host);
    g_free(net);
}

void
simNetConfigure(simNet *net, const simNetConfig *config)
{
    net->config = *config;
}

void
simNetAddRule(simNet *net, const simFaultRule *rule)
{
    simNetRule *added = g_new0(simNetRule, 1);

    added->rule = *rule;
    g_ptr_array_add(net->rules, added);
}

void
simNetClearRules(simNet *net)
{
    g_ptr_array_set_size(net->rules, 0);
}

static simNetCall *
simNetCallRef(simNetCall *call)
{
    call->refs++;
    return call;
}

static void
simNetCallUnref(simNetCall *call)
{
    if (--call->refs > 0)
        return;
    virLeaseOpFree(call->op);
    virLeaseReplyFree(call->reply);
    simServerScanFree(call->scan);
    g_free(call);
}

static void
simNetCallLater(simNetCall *call, virLeaseSpan span, simQueueFunc func)
{
    simQueueAdd(call->net->queue, simQueueNow(call->net->queue) + span, func,
                simNetCallRef(call), (GDestroyNotify) simNetCallUnref);
}

static virLeaseSpan
simNetDelay(simNet *net)
{
    if (simDiceChance(&net->dice, net->config.slow))
        return simDiceSpan(&net->dice, net->config.delayMax, net->config.slowMax);
    return simDiceSpan(&net->dice, net->config.delayMin, net->config.delayMax);
}

static void
simNetAnswer(simNetCall *call, virLeaseReply *reply)
{
    simNetCallRef(call);
    call->answered = TRUE;
    g_hash_table_remove(call->net->host[call->host].calls, call);
    call->net->deliver(call->host, call->generation, reply, call->net->opaque);
    simNetCallUnref(call);
}

static void
simNetCallTimeout(gpointer data)
{
    simNetCall *call = data;

    if (!call->answered)
        simNetAnswer(call, virLeaseReplyNew(call->op->id, VIR_LEASE_STATUS_LOST));
}

static void
simNetCallReplyArrives(gpointer data)
{
    simNetCall *call = data;
    simNet *net = call->net;

    if (call->answered || call->muted || simQueueNow(net->queue) < net->host[call->host].repliesCut)
        return;
    simNetAnswer(call, g_steal_pointer(&call->reply));
}

static void
simNetCallReply(simNetCall *call, virLeaseReply *reply)
{
    if (call->answered || call->reply) {
        virLeaseReplyFree(reply);       /* carried out twice or too late: nobody waits */
        return;
    }
    call->reply = reply;
    simNetCallLater(call, simNetDelay(call->net) + call->holdReply, simNetCallReplyArrives);
}

static void
simNetCallPage(gpointer data)
{
    simNetCall *call = data;
    simNet *net = call->net;
    virLeaseReply *reply = NULL;

    if (call->answered || simQueueNow(net->queue) < net->down ||
        simQueueNow(net->queue) < net->host[call->host].requestsCut)
        return;
    if (!simServerScanStep(call->scan, call->pagePause ? 1 : 1 + simDiceBelow(&net->dice, 8), &reply)) {
        simNetCallLater(call, call->pagePause + 2 * simNetDelay(net), simNetCallPage);
        return;
    }
    if (call->pagePause && !call->scanCounts)
        reply->moved = FALSE;
    simNetCallReply(call, reply);
}

/* What is sent into a cut is lost, or arrives after it, as TCP may have it. */
static gboolean
simNetCallBlocked(simNetCall *call, simQueueFunc again)
{
    simNet *net = call->net;
    virLeaseTime until = MAX(net->down, net->host[call->host].requestsCut);

    if (simQueueNow(net->queue) >= until)
        return FALSE;
    if (until < VIR_LEASE_TIME_NEVER && simDiceChance(&net->dice, net->config.survives)) {
        call->stray = TRUE;
        simNetCallLater(call, until - simQueueNow(net->queue) + simNetDelay(net), again);
    }
    return TRUE;
}

static void
simNetCallArrives(gpointer data)
{
    simNetCall *call = data;
    simNet *net = call->net;

    if (simNetCallBlocked(call, simNetCallArrives) ||
        (call->stray && call->heals != net->heals))
        return;
    if (call->op->type == VIR_LEASE_OP_READDIR && !call->scan &&
        (call->pagePause || call->scanBehind || simDiceChance(&net->dice, net->config.pages))) {
        call->scan = simServerScanNew(net->server, call->op);
        simServerScanLag(call->scan, call->scanBehind);
        if (call->scanCounts)
            simServerScanCount(call->scan);
        simNetCallPage(call);
        return;
    }
    simNetCallReply(call, simServerExecute(net->server, call->op));
}

static void
simNetCallArrivesLate(gpointer data)
{
    simNetCall *call = data;

    if (call->heals == call->net->heals && call->op->type != VIR_LEASE_OP_READDIR)
        virLeaseReplyFree(simServerExecute(call->net->server, call->op));
}

static gboolean
simNetRuleMatches(simNetRule *rule, virLeaseTime now, guint host, const virLeaseOp *op)
{
    if ((rule->rule.host != SIM_NET_ANY_HOST && rule->rule.host != host) ||
        (rule->rule.type != VIR_LEASE_OP_LAST && rule->rule.type != op->type) ||
        (rule->rule.path && !strstr(op->path, rule->rule.path)) ||
        (rule->rule.until && now >= rule->rule.until))
        return FALSE;
    rule->matched++;
    return rule->rule.nth == 0 || rule->matched == rule->rule.nth;
}

static gboolean
simNetPickRule(simNet *net, guint host, const virLeaseOp *op, simFaultRule *picked)
{
    gboolean found = FALSE;
    guint i;

    for (i = 0; i < net->rules->len; i++) {
        simNetRule *rule = g_ptr_array_index(net->rules, i);

        if (simNetRuleMatches(rule, simQueueNow(net->queue), host, op) && !found) {
            *picked = rule->rule;
            found = TRUE;
        }
    }
    return found;
}

static virLeaseStatus
simNetDrawStatus(simNet *net, virLeaseOpType type)
{
    if (type == VIR_LEASE_OP_READDIR && simDiceChance(&net->dice, 400))
        return VIR_LEASE_STATUS_UNSTABLE;
    return simDiceChance(&net->dice, 500) ? VIR_LEASE_STATUS_DELAYED : VIR_LEASE_STATUS_FAILED;
}

/* Lets the dice choose a fault, or none. */
static gboolean
simNetDrawFault(simNet *net, const virLeaseOp *op, simFaultRule *fault)
{
    const simNetConfig *config = &net->config;
    guint dice = simDiceBelow(&net->dice, 1000);
    guint i;
    const guint twice = op->type == VIR_LEASE_OP_SETATTR ? MAX(config->twice, config->replays) : config->twice;
    const guint chances[] = { config->loseRequest, config->loseReply, config->late, twice, config->refuse };
    const simFaultKind kinds[] = { SIM_FAULT_LOSE_REQUEST, SIM_FAULT_LOSE_REPLY, SIM_FAULT_LATE,
                                   SIM_FAULT_TWICE, SIM_FAULT_REFUSE };

    for (i = 0; i < G_N_ELEMENTS(chances); i++) {
        if (dice < chances[i]) {
            fault->kind = kinds[i];
            fault->span = simDiceSpan(&net->dice, 0, config->lateMax);
            fault->status = simNetDrawStatus(net, op->type);
            return TRUE;
        }
        dice -= chances[i];
    }
    return FALSE;
}

static void
simNetCallBefall(simNetCall *call, const simFaultRule *fault)
{
    virLeaseSpan delay = simNetDelay(call->net);

    switch (fault->kind) {
    case SIM_FAULT_LOSE_REQUEST:
        break;
    case SIM_FAULT_LOSE_REPLY:
        call->muted = TRUE;
        simNetCallLater(call, delay, simNetCallArrives);
        break;
    case SIM_FAULT_LATE:
        simNetCallLater(call, fault->span, simNetCallArrivesLate);
        break;
    case SIM_FAULT_TWICE:
        simNetCallLater(call, delay, simNetCallArrives);
        simNetCallLater(call, delay + fault->span, simNetCallArrivesLate);
        break;
    case SIM_FAULT_REFUSE:
        simNetCallReply(call, virLeaseReplyNew(call->op->id, fault->status));
        break;
    case SIM_FAULT_HOLD:
        simNetCallLater(call, delay + fault->span, simNetCallArrives);
        break;
    case SIM_FAULT_OLD_SCAN:
        call->scanBehind = fault->span;
        simNetCallLater(call, delay, simNetCallArrives);
        break;
    case SIM_FAULT_SLOW_SCAN:
    case SIM_FAULT_COUNTED_SCAN:
        call->pagePause = fault->span;
        call->scanCounts = fault->kind == SIM_FAULT_COUNTED_SCAN;
        simNetCallLater(call, delay, simNetCallArrives);
        break;
    case SIM_FAULT_HOLD_REPLY:
        call->holdReply = fault->span;
        simNetCallLater(call, delay, simNetCallArrives);
        break;
    default:
        g_assert_not_reached();
    }
}

void
simNetSubmit(simNet *net, guint host, guint64 generation, virLeaseOp *op)
{
    simNetCall *call = g_new0(simNetCall, 1);
    simFaultRule fault = { 0 };

    call->refs = 1;
    call->net = net;
    call->host = host;
    call->generation = generation;
    call->heals = net->heals;
    call->serial = net->serial++;
    call->op = op;
    g_hash_table_add(net->host[host].calls, call);
    net->host[host].counts[op->type]++;
    net->host[host].counts[VIR_LEASE_OP_LAST]++;
    simNetCallLater(call, op->timeout, simNetCallTimeout);
    if (simNetPickRule(net, host, op, &fault) || simNetDrawFault(net, op, &fault)) {
        simNetCallBefall(call, &fault);
    } else {
        simNetCallLater(call, simNetDelay(net), simNetCallArrives);
    }
    simNetCallUnref(call);
}

void
simNetCutRequests(simNet *net, guint host, virLeaseTime until)
{
    net->host[host].requestsCut = until;
}

void
simNetCutReplies(simNet *net, guint host, virLeaseTime until)
{
    net->host[host].repliesCut = until;
}

void
simNetServerDown(simNet *net, virLeaseTime until)
{
    net->down = until;
}

static int
simNetCallCompare(gconstpointer a, gconstpointer b)
{
    const simNetCall *first = *(simNetCall *const *) a;
    const simNetCall *second = *(simNetCall *const *) b;

    return first->serial < second->serial ? -1 : first->serial > second->serial;
}

void
simNetReset(simNet *net, guint host)
{
    g_autoptr(GPtrArray) calls = g_ptr_array_new();
    GHashTableIter iter;
    gpointer call;
    guint i;

    g_hash_table_iter_init(&iter, net->host[host].calls);
    while (g_hash_table_iter_next(&iter, &call, NULL))
        g_ptr_array_add(calls, simNetCallRef(call));
    g_ptr_array_sort(calls, simNetCallCompare);
    for (i = 0; i < calls->len; i++) {
        call = g_ptr_array_index(calls, i);
        simNetCallTimeout(call);
        simNetCallUnref(call);
    }
}

void
simNetHeal(simNet *net)
{
    const simNetConfig none = {
        .delayMin = net->config.delayMin,
        .delayMax = net->config.delayMax,
        .pages = net->config.pages,
    };
    guint i;

    net->heals++;
    net->config = none;
    net->down = 0;
    simNetClearRules(net);
    for (i = 0; i < net->hosts; i++)
        net->host[i].requestsCut = net->host[i].repliesCut = 0;
}

guint64
simNetCount(const simNet *net, guint host, virLeaseOpType type)
{
    return net->host[host].counts[type];
}
