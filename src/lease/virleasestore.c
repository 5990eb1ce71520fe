/*
 * virleasestore.c: the operations on a lockspace, and who carries them out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestore.h"

#include <string.h>

#include "virleasestoredir.h"
#include "virleasestorenfs.h"
#include "virleasestorepriv.h"
#include "virleaseurl.h"
#include "virgettext.h"

#define VIR_LEASE_OP_COMPONENTS_MAX 3

static const char *const virLeaseOpTypeNames[] = {
    [VIR_LEASE_OP_MKDIR] = "MKDIR",
    [VIR_LEASE_OP_SYMLINK] = "SYMLINK",
    [VIR_LEASE_OP_READLINK] = "READLINK",
    [VIR_LEASE_OP_GETATTR] = "GETATTR",
    [VIR_LEASE_OP_READDIR] = "READDIR",
    [VIR_LEASE_OP_SETATTR] = "SETATTR",
    [VIR_LEASE_OP_REMOVE] = "REMOVE",
    [VIR_LEASE_OP_RMDIR] = "RMDIR",
};
G_STATIC_ASSERT(G_N_ELEMENTS(virLeaseOpTypeNames) == VIR_LEASE_OP_LAST);

static const char *const virLeaseStatusMessages[] = {
    [VIR_LEASE_STATUS_OK] = N_("success"),
    [VIR_LEASE_STATUS_EXISTS] = N_("the name exists already"),
    [VIR_LEASE_STATUS_NOENT] = N_("no such file or directory"),
    [VIR_LEASE_STATUS_NOTEMPTY] = N_("the directory is not empty"),
    [VIR_LEASE_STATUS_WRONG_TYPE] = N_("not the expected kind of file"),
    [VIR_LEASE_STATUS_ACCESS] = N_("permission denied"),
    [VIR_LEASE_STATUS_READONLY] = N_("the file system is read-only"),
    [VIR_LEASE_STATUS_FULL] = N_("no space is left or the quota is exceeded"),
    [VIR_LEASE_STATUS_DELAYED] = N_("the server asks to try again later"),
    [VIR_LEASE_STATUS_UNSTABLE] = N_("the directory could not be read in one piece"),
    [VIR_LEASE_STATUS_PROTOCOL] = N_("the server's answer makes no sense"),
    [VIR_LEASE_STATUS_FAILED] = N_("the server reported an error"),
    [VIR_LEASE_STATUS_LOST] = N_("no answer from the server"),
    [VIR_LEASE_STATUS_UNSAVED] = N_("virtleased could not write down that it is given up (is its state directory full?)"),
};
G_STATIC_ASSERT(G_N_ELEMENTS(virLeaseStatusMessages) == VIR_LEASE_STATUS_LAST);

virLeaseOp *
virLeaseOpNew(guint64 id, virLeaseOpType type, const char *path, virLeaseSpan timeout)
{
    virLeaseOp *op = g_new0(virLeaseOp, 1);

    op->id = id;
    op->type = type;
    op->path = g_strdup(path);
    op->timeout = timeout;
    return op;
}

void
virLeaseOpFree(virLeaseOp *op)
{
    if (!op)
        return;
    g_free(op->path);
    g_free(op->target);
    g_free(op);
}

static gboolean
virLeaseOpIsPath(const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    gsize i;

    for (i = 0; names[i]; i++) {
        if (!*names[i] || strlen(names[i]) > VIR_LEASE_STORE_NAME_MAX ||
            g_str_equal(names[i], ".") || g_str_equal(names[i], ".."))
            return FALSE;
    }
    return i <= VIR_LEASE_OP_COMPONENTS_MAX;
}

gboolean
virLeaseOpIsValid(const virLeaseOp *op)
{
    if ((guint) op->type >= VIR_LEASE_OP_LAST || !op->path || !virLeaseOpIsPath(op->path))
        return FALSE;
    if (op->type == VIR_LEASE_OP_SYMLINK)
        return op->target && *op->target && strlen(op->target) <= VIR_LEASE_STORE_TARGET_MAX;
    /* What NFSv3 can say. */
    if (op->type == VIR_LEASE_OP_SETATTR)
        return op->mtime >= 0 && op->mtime <= G_MAXUINT32;
    if (!*op->path)
        return op->type == VIR_LEASE_OP_MKDIR || op->type == VIR_LEASE_OP_GETATTR ||
               op->type == VIR_LEASE_OP_READDIR;
    return TRUE;
}

const char *
virLeaseOpTypeToString(virLeaseOpType type)
{
    if ((guint) type >= VIR_LEASE_OP_LAST)
        return "?";
    return virLeaseOpTypeNames[type];
}

const char *
virLeaseStatusToMessage(virLeaseStatus status)
{
    if ((guint) status >= VIR_LEASE_STATUS_LAST)
        return "?";
    return _(virLeaseStatusMessages[status]);
}

virLeaseReply *
virLeaseReplyNew(guint64 id, virLeaseStatus status)
{
    virLeaseReply *reply = g_new0(virLeaseReply, 1);

    reply->id = id;
    reply->status = status;
    return reply;
}

virLeaseReply *
virLeaseReplyNewDetail(guint64 id, virLeaseStatus status, const char *detail)
{
    virLeaseReply *reply = virLeaseReplyNew(id, status);

    reply->detail = g_strdup(detail);
    return reply;
}

void
virLeaseReplyFree(virLeaseReply *reply)
{
    if (!reply)
        return;
    g_free(reply->detail);
    g_free(reply->target);
    g_clear_pointer(&reply->entries, g_ptr_array_unref);
    g_free(reply);
}

static void
virLeaseDirEntryFree(void *opaque)
{
    virLeaseDirEntry *entry = opaque;

    g_free(entry->name);
    g_free(entry);
}

void
virLeaseReplyInitEntries(virLeaseReply *reply)
{
    if (!reply->entries)
        reply->entries = g_ptr_array_new_with_free_func(virLeaseDirEntryFree);
}

void
virLeaseReplyAddEntry(virLeaseReply *reply, const char *name, const virLeaseAttr *attr)
{
    virLeaseDirEntry *entry = g_new0(virLeaseDirEntry, 1);

    virLeaseReplyInitEntries(reply);
    entry->name = g_strdup(name);
    entry->attr = *attr;
    g_ptr_array_add(reply->entries, entry);
}

virLeaseStore *
virLeaseStoreNew(const char *url, virLeaseStoreReplyFunc replied, void *opaque)
{
    g_autoptr(virLeaseURL) parsed = virLeaseURLParse(url);
    virLeaseStore *store = NULL;

    if (!parsed)
        return NULL;

    switch (parsed->scheme) {
    case VIR_LEASE_URL_NFS:
        store = virLeaseStoreNfsNew(g_steal_pointer(&parsed));
        break;
    case VIR_LEASE_URL_DIR:
        store = virLeaseStoreDirNew(parsed->path);
        break;
    case VIR_LEASE_URL_LAST:
    default:
        g_assert_not_reached();
    }
    store->replied = replied;
    store->opaque = opaque;
    return store;
}

void
virLeaseStoreSubmit(virLeaseStore *store, virLeaseOp *op)
{
    store->klass->submit(store, op);
}

void
virLeaseStoreFree(virLeaseStore *store)
{
    if (store)
        store->klass->free(store);
}
