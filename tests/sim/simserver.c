/*
 * simserver.c: a file server in memory, as the lockspace sees one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "simserver.h"
#include "virleaseformat.h"
#include "virleasestorepriv.h"

#define SIM_SERVER_JOURNAL_MAX 20000

typedef struct _simNode simNode;
struct _simNode {
    gint refs;
    char *target;           /* a link, else a directory */
    virLeaseAttr attr;
    virLeaseAttr shown;     /* what a stale read shows, since @shownAt */
    virLeaseTime shownAt;
    virLeaseSpan stale;     /* for how long; 0: as the server's */
    guint64 change;         /* of a directory: the change attribute */
    guint64 order;          /* where a READDIR shows it */
    GHashTable *children;   /* of a directory: name -> simNode */
};

/* A change, and what takes it back. */
typedef struct {
    virLeaseTime time;
    simNode *parent;
    char *name;
    simNode *made;          /* remove it */
    simNode *removed;       /* put it back */
    virLeaseAttr attr;      /* of neither: the parent's attributes before a SETATTR */
} simServerUndo;

struct _simServer {
    const simQueue *queue;
    gint64 epoch;
    gint64 lastClock;
    guint64 lastFileid;
    simDice dice;
    simServerMode mode;
    virLeaseSpan stale;
    simNode *root;
    GQueue *journal;        /* of simServerUndo, the newest first */
    simServerChangeFunc changed;
    gpointer opaque;
};

struct _simServerScan {
    simServer *server;
    simNode *directory;
    guint64 cookie;
    guint64 change;
    virLeaseReply *reply;
    virLeaseSpan behind;    /* names younger than this are not shown */
    gboolean counts;        /* it goes on behind so many names, not behind a name */
    guint shown;
};

static simNode *
simNodeRef(simNode *node)
{
    node->refs++;
    return node;
}

static void
simNodeUnref(simNode *node)
{
    if (!node || --node->refs > 0)
        return;
    g_free(node->target);
    if (node->children)
        g_hash_table_unref(node->children);
    g_free(node);
}

static gint64
simServerClock(simServer *server)
{
    server->lastClock = MAX(server->lastClock + 1, server->epoch + simQueueNow(server->queue));
    return server->lastClock;
}

static simNode *
simServerNodeNew(simServer *server, const char *target)
{
    simNode *node = g_new0(simNode, 1);

    node->refs = 1;
    node->target = g_strdup(target);
    node->attr.fileid = ++server->lastFileid;
    node->attr.ctime = node->attr.mtime = simServerClock(server);
    node->order = (simDiceRoll(&server->dice) & ~G_GUINT64_CONSTANT(0xffffff)) | (server->lastFileid & 0xffffff);
    if (!target)
        node->children = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                               (GDestroyNotify) simNodeUnref);
    return node;
}

simServer *
simServerNew(const simQueue *queue, gint64 epoch)
{
    simServer *server = g_new0(simServer, 1);

    server->queue = queue;
    server->epoch = epoch;
    server->lastFileid = 1000;
    server->dice.state = (guint64) epoch;
    server->journal = g_queue_new();
    server->root = simServerNodeNew(server, NULL);
    return server;
}

static void
simServerUndoFree(simServerUndo *undo)
{
    simNodeUnref(undo->parent);
    simNodeUnref(undo->made);
    simNodeUnref(undo->removed);
    g_free(undo->name);
    g_free(undo);
}

void
simServerFree(simServer *server)
{
    if (!server)
        return;
    g_queue_free_full(server->journal, (GDestroyNotify) simServerUndoFree);
    simNodeUnref(server->root);
    g_free(server);
}

void
simServerSetChangeFunc(simServer *server, simServerChangeFunc changed, gpointer opaque)
{
    server->changed = changed;
    server->opaque = opaque;
}

void
simServerSetMode(simServer *server, simServerMode mode)
{
    server->mode = mode;
}

void
simServerSetStale(simServer *server, virLeaseSpan span)
{
    server->stale = span;
}

/* The directory that holds @path, and the last component in *@name. */
static simNode *
simServerParent(const simServer *server, const char *path, const char **name)
{
    simNode *node = server->root;
    const char *slash;

    while ((slash = strchr(path, '/'))) {
        g_autofree char *word = g_strndup(path, (gsize) (slash - path));

        if (!node->children || !(node = g_hash_table_lookup(node->children, word)))
            return NULL;
        path = slash + 1;
    }
    *name = path;
    return node->children ? node : NULL;
}

static simNode *
simServerFind(const simServer *server, const char *path)
{
    const char *name;
    simNode *parent = simServerParent(server, path, &name);

    if (!parent)
        return NULL;
    return *name ? g_hash_table_lookup(parent->children, name) : parent;
}

static simServerUndo *
simServerRecord(simServer *server, simNode *parent, const char *name)
{
    simServerUndo *undo = g_new0(simServerUndo, 1);

    undo->time = simQueueNow(server->queue);
    undo->parent = simNodeRef(parent);
    undo->name = g_strdup(name);
    undo->attr = parent->attr;
    g_queue_push_head(server->journal, undo);
    if (g_queue_get_length(server->journal) > SIM_SERVER_JOURNAL_MAX)
        simServerUndoFree(g_queue_pop_tail(server->journal));
    return undo;
}

static void
simServerTouch(simServer *server, simNode *directory)
{
    directory->attr.mtime = directory->attr.ctime = simServerClock(server);
    directory->change++;
}

static void
simServerTell(simServer *server, virLeaseOpType type, const char *path, const char *target)
{
    if (server->changed)
        server->changed(type, path, target, server->opaque);
}

static virLeaseStatus
simServerMake(simServer *server, const char *path, const char *target, virLeaseAttr *attr)
{
    const char *name;
    simNode *parent = simServerParent(server, path, &name);
    simNode *node;

    if (!parent)
        return VIR_LEASE_STATUS_NOENT;
    if (g_hash_table_contains(parent->children, name))
        return VIR_LEASE_STATUS_EXISTS;
    node = simServerNodeNew(server, target);
    simServerRecord(server, parent, name)->made = simNodeRef(node);
    g_hash_table_insert(parent->children, g_strdup(name), node);
    simServerTouch(server, parent);
    *attr = node->attr;
    simServerTell(server, target ? VIR_LEASE_OP_SYMLINK : VIR_LEASE_OP_MKDIR, path, target);
    return VIR_LEASE_STATUS_OK;
}

static virLeaseStatus
simServerUnmake(simServer *server, virLeaseOpType type, const char *path)
{
    const char *name;
    simNode *parent = simServerParent(server, path, &name);
    simNode *node = parent ? g_hash_table_lookup(parent->children, name) : NULL;

    if (!node)
        return VIR_LEASE_STATUS_NOENT;
    if ((type == VIR_LEASE_OP_RMDIR) != (node->children != NULL))
        return VIR_LEASE_STATUS_WRONG_TYPE;
    if (node->children && g_hash_table_size(node->children) > 0)
        return VIR_LEASE_STATUS_NOTEMPTY;
    simNodeRef(node);
    simServerRecord(server, parent, name)->removed = node;
    g_hash_table_remove(parent->children, name);
    simServerTouch(server, parent);
    simServerTell(server, type, path, node->target);
    return VIR_LEASE_STATUS_OK;
}

static virLeaseStatus
simServerSetattr(simServer *server, const virLeaseOp *op, virLeaseAttr *attr)
{
    simNode *node = simServerFind(server, op->path);

    if (!node)
        return VIR_LEASE_STATUS_NOENT;
    if (!node->children)
        return VIR_LEASE_STATUS_WRONG_TYPE;
    simServerRecord(server, node, NULL);
    node->attr.mtime = op->mtime * VIR_LEASE_SECOND;
    node->attr.ctime = simServerClock(server);
    *attr = node->attr;
    simServerTell(server, VIR_LEASE_OP_SETATTR, op->path, NULL);
    return VIR_LEASE_STATUS_OK;
}

static const virLeaseAttr *
simServerShow(simServer *server, simNode *node)
{
    virLeaseTime now = simQueueNow(server->queue);
    virLeaseSpan stale = node->stale ? node->stale : server->stale;

    if (stale == 0 || !node->children || node->shownAt == 0 ||
        now - node->shownAt >= stale) {
        node->shown = node->attr;
        node->shownAt = MAX(now, 1);
    }
    return &node->shown;
}

static virLeaseStatus
simServerRead(simServer *server, const virLeaseOp *op, virLeaseReply *reply)
{
    simNode *node = simServerFind(server, op->path);

    if (!node)
        return VIR_LEASE_STATUS_NOENT;
    if (op->type == VIR_LEASE_OP_GETATTR) {
        reply->attr = *simServerShow(server, node);
        return VIR_LEASE_STATUS_OK;
    }
    if (!node->target)
        return VIR_LEASE_STATUS_WRONG_TYPE;
    reply->target = g_strdup(node->target);
    return VIR_LEASE_STATUS_OK;
}

static virLeaseStatus
simServerRefusal(const simServer *server, virLeaseOpType type)
{
    gboolean makes = type == VIR_LEASE_OP_MKDIR || type == VIR_LEASE_OP_SYMLINK;
    gboolean changes = makes || type == VIR_LEASE_OP_SETATTR ||
        type == VIR_LEASE_OP_REMOVE || type == VIR_LEASE_OP_RMDIR;

    if (server->mode == SIM_SERVER_FORBIDDEN)
        return VIR_LEASE_STATUS_ACCESS;
    if (server->mode == SIM_SERVER_READONLY && changes)
        return VIR_LEASE_STATUS_READONLY;
    if (server->mode == SIM_SERVER_FULL && makes)
        return VIR_LEASE_STATUS_FULL;
    return VIR_LEASE_STATUS_OK;
}

static virLeaseReply *
simServerReaddir(simServer *server, const virLeaseOp *op)
{
    simServerScan *scan = simServerScanNew(server, op);
    virLeaseReply *reply = NULL;

    simServerScanStep(scan, G_MAXUINT, &reply);
    simServerScanFree(scan);
    return reply;
}

virLeaseReply *
simServerExecute(simServer *server, const virLeaseOp *op)
{
    g_autoptr(virLeaseReply) reply = virLeaseReplyNew(op->id, simServerRefusal(server, op->type));

    if (reply->status != VIR_LEASE_STATUS_OK)
        return g_steal_pointer(&reply);
    switch (op->type) {
    case VIR_LEASE_OP_MKDIR:
        reply->status = simServerMake(server, op->path, NULL, &reply->attr);
        break;
    case VIR_LEASE_OP_SYMLINK:
        reply->status = simServerMake(server, op->path, op->target, &reply->attr);
        break;
    case VIR_LEASE_OP_READLINK:
    case VIR_LEASE_OP_GETATTR:
        reply->status = simServerRead(server, op, reply);
        break;
    case VIR_LEASE_OP_READDIR:
        return simServerReaddir(server, op);
    case VIR_LEASE_OP_SETATTR:
        reply->status = simServerSetattr(server, op, &reply->attr);
        break;
    case VIR_LEASE_OP_REMOVE:
    case VIR_LEASE_OP_RMDIR:
        reply->status = simServerUnmake(server, op->type, op->path);
        break;
    case VIR_LEASE_OP_LAST:
    default:
        g_assert_not_reached();
    }
    return g_steal_pointer(&reply);
}

simServerScan *
simServerScanNew(simServer *server, const virLeaseOp *op)
{
    simServerScan *scan = g_new0(simServerScan, 1);
    simNode *node = simServerFind(server, op->path);

    scan->server = server;
    scan->reply = virLeaseReplyNew(op->id, simServerRefusal(server, op->type));
    if (scan->reply->status != VIR_LEASE_STATUS_OK)
        return scan;
    if (!node || !node->children) {
        scan->reply->status = node ? VIR_LEASE_STATUS_WRONG_TYPE : VIR_LEASE_STATUS_NOENT;
        return scan;
    }
    virLeaseReplyInitEntries(scan->reply);
    scan->directory = simNodeRef(node);
    scan->change = node->change;
    return scan;
}

void
simServerScanLag(simServerScan *scan, virLeaseSpan span)
{
    scan->behind = span;
}

void
simServerScanCount(simServerScan *scan)
{
    scan->counts = TRUE;
}

void
simServerScanFree(simServerScan *scan)
{
    if (!scan)
        return;
    simNodeUnref(scan->directory);
    virLeaseReplyFree(scan->reply);
    g_free(scan);
}

/* What a READDIR shows of a name. */
typedef struct {
    const char *name;
    simNode *node;
} simServerName;

static int
simServerCompareNames(gconstpointer a, gconstpointer b)
{
    guint64 first = ((const simServerName *) a)->node->order;
    guint64 second = ((const simServerName *) b)->node->order;

    return first < second ? -1 : first > second;
}

/* Whether a server that lags behind shows it. */
static gboolean
simServerScanKnows(const simServerScan *scan, const simNode *node)
{
    const simServer *server = scan->server;

    return !scan->behind || !node->target ||
        node->attr.ctime <= server->epoch + simQueueNow(server->queue) - scan->behind;
}

/* The names behind the cookie, in the order of READDIR. */
static GArray *
simServerScanRest(const simServerScan *scan)
{
    GArray *rest = g_array_new(FALSE, FALSE, sizeof(simServerName));
    GHashTableIter iter;
    gpointer key;
    gpointer value;

    g_hash_table_iter_init(&iter, scan->directory->children);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const simServerName name = { .name = key, .node = value };

        if ((scan->counts || name.node->order > scan->cookie) && simServerScanKnows(scan, name.node))
            g_array_append_val(rest, name);
    }
    g_array_sort(rest, simServerCompareNames);
    if (scan->counts)
        g_array_remove_range(rest, 0, MIN(scan->shown, rest->len));
    return rest;
}

/* Returns whether that was the last page. */
static gboolean
simServerScanPage(simServerScan *scan, guint max)
{
    g_autoptr(GArray) rest = simServerScanRest(scan);
    guint i;

    for (i = 0; i < rest->len && i < max; i++) {
        const simServerName *name = &g_array_index(rest, simServerName, i);

        scan->cookie = name->node->order;
        scan->shown++;
        virLeaseReplyAddEntry(scan->reply, name->name, simServerShow(scan->server, name->node));
    }
    return rest->len <= max;
}

gboolean
simServerScanStep(simServerScan *scan, guint max, virLeaseReply **reply)
{
    if (scan->directory && !simServerScanPage(scan, max))
        return FALSE;
    if (scan->directory)
        scan->reply->moved = scan->directory->change != scan->change;
    *reply = g_steal_pointer(&scan->reply);
    return TRUE;
}

static void
simServerUndoOne(simServerUndo *undo)
{
    if (undo->made) {
        g_hash_table_remove(undo->parent->children, undo->name);
    } else if (undo->removed) {
        g_hash_table_insert(undo->parent->children, g_strdup(undo->name), simNodeRef(undo->removed));
    }
    undo->parent->attr = undo->attr;
    undo->parent->change++;
    simServerUndoFree(undo);
}

void
simServerRollBack(simServer *server, virLeaseTime time)
{
    simServerUndo *undo;

    while ((undo = g_queue_peek_head(server->journal)) && undo->time > time)
        simServerUndoOne(g_queue_pop_head(server->journal));
}

void
simServerSetStaleAt(simServer *server, const char *path, virLeaseSpan span)
{
    simNode *node = simServerFind(server, path);

    g_assert(node != NULL);
    node->stale = span;
}

gboolean
simServerExists(const simServer *server, const char *path)
{
    return simServerFind(server, path) != NULL;
}

void
simServerDelete(simServer *server, const char *path)
{
    const simNode *node = simServerFind(server, path);
    virLeaseStatus status = simServerUnmake(server, node && node->children ? VIR_LEASE_OP_RMDIR : VIR_LEASE_OP_REMOVE, path);

    g_assert(status == VIR_LEASE_STATUS_OK);
}

void
simServerLink(simServer *server, const char *path, const char *target)
{
    virLeaseAttr attr;
    virLeaseStatus status = simServerMake(server, path, target, &attr);

    g_assert(status == VIR_LEASE_STATUS_OK);
}

void
simServerList(const simServer *server, const char *path, simServerListFunc func, gpointer opaque)
{
    const simNode *directory = simServerFind(server, path);
    GList *names;
    GList *item;

    if (!directory || !directory->children)
        return;
    names = g_list_sort(g_hash_table_get_keys(directory->children), (GCompareFunc) strcmp);
    for (item = names; item; item = item->next) {
        const simNode *node = g_hash_table_lookup(directory->children, item->data);

        func(item->data, node->target, &node->attr, opaque);
    }
    g_list_free(names);
}

static void
simServerMakeDirectory(simServer *server, const char *path)
{
    virLeaseAttr attr;
    virLeaseStatus status = simServerMake(server, path, NULL, &attr);

    g_assert(status == VIR_LEASE_STATUS_OK);
}

void
simServerMakeLockspace(simServer *server, virLeaseSpan length, unsigned shards)
{
    virLeaseFormat format = { .version = VIR_LEASE_FORMAT_VERSION, .length = length, .shards = shards };
    g_autofree char *text = NULL;
    unsigned i;

    memset(format.id, '5', VIR_LEASE_SID_LEN);
    text = virLeaseFormatString(&format);
    simServerMakeDirectory(server, "sessions");
    simServerMakeDirectory(server, "locks");
    for (i = 0; i < shards; i++) {
        g_autofree char *path = virLeaseShardPath(i);

        simServerMakeDirectory(server, path);
    }
    simServerLink(server, VIR_LEASE_FORMAT_PATH, text);
}
