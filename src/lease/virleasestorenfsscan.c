/*
 * virleasestorenfsscan.c: a directory's entries, as pages of them come in
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfsscan.h"

#include <string.h>

#include "virgettext.h"
#include "virleasestorepriv.h"

typedef struct _virLeaseNfsScanEntry virLeaseNfsScanEntry;
struct _virLeaseNfsScanEntry {
    char *name;
    virLeaseAttr attr;
    gboolean hasAttr;
    gboolean gone;
};

/* What an entry costs apart from its name: itself, its place in the table of
 * names, and what the allocator adds. */
#define VIR_LEASE_NFS_SCAN_ENTRY_COST (sizeof(virLeaseNfsScanEntry) + 64)

struct _virLeaseNfsScan {
    virLeaseReply *reply;
    gsize *held;                /* by all scans */
    gsize heldHere;             /* by this one */
    GArray *entries;            /* of virLeaseNfsScanEntry */
    GHashTable *names;          /* name, owned by the entry -> its index + 1 */
    guint seen;                 /* entries, also those that came twice */
    guint seenBefore;           /* as the page began */
    guint pages;
    guint lookup;               /* where the search for a missing attribute goes on */
    guint64 cookie;
    char verifier[VIR_LEASE_NFS_VERIFIER_SIZE];
    virLeaseNfsStamp first;
    gboolean complete;
};

static void
virLeaseNfsScanEntryClear(void *opaque)
{
    virLeaseNfsScanEntry *entry = opaque;

    g_free(entry->name);
}

virLeaseNfsScan *
virLeaseNfsScanNew(virLeaseReply *reply, gsize *held)
{
    virLeaseNfsScan *scan = g_new0(virLeaseNfsScan, 1);

    scan->reply = reply;
    scan->held = held;
    scan->entries = g_array_new(FALSE, TRUE, sizeof(virLeaseNfsScanEntry));
    g_array_set_clear_func(scan->entries, virLeaseNfsScanEntryClear);
    scan->names = g_hash_table_new(g_str_hash, g_str_equal);
    return scan;
}

void
virLeaseNfsScanFree(virLeaseNfsScan *scan)
{
    if (!scan)
        return;
    *scan->held -= scan->heldHere;
    g_hash_table_unref(scan->names);
    g_array_unref(scan->entries);
    g_free(scan);
}

guint64
virLeaseNfsScanGetCookie(const virLeaseNfsScan *scan)
{
    return scan->cookie;
}

const char *
virLeaseNfsScanGetVerifier(const virLeaseNfsScan *scan)
{
    return scan->verifier;
}

static void
virLeaseNfsScanFail(virLeaseNfsScan *scan, virLeaseStatus status, const char *detail)
{
    if (scan->reply->status == VIR_LEASE_STATUS_OK) {
        scan->reply->status = status;
        scan->reply->detail = g_strdup(detail);
    }
    scan->complete = TRUE;
}

void
virLeaseNfsScanBeginPage(virLeaseNfsScan *scan, const virLeaseNfsStamp *before, const char *verifier)
{
    if (scan->pages++ == 0)
        scan->first = *before;
    if (scan->pages > VIR_LEASE_NFS_PAGES_MAX)
        virLeaseNfsScanFail(scan, VIR_LEASE_STATUS_UNSTABLE,
                            _("the server's listing of the directory does not end"));
    scan->seenBefore = scan->seen;
    memcpy(scan->verifier, verifier, sizeof(scan->verifier));
}

static gboolean
virLeaseNfsScanIsName(const char *name, gsize length)
{
    return length > 0 && length <= VIR_LEASE_STORE_NAME_MAX &&
           !memchr(name, '/', length) && !memchr(name, '\0', length);
}

/* A busy directory may list a name twice; that is harmless as long as both
 * are the same file. */
static void
virLeaseNfsScanAddAgain(virLeaseNfsScan *scan, guint index, const virLeaseAttr *attr)
{
    virLeaseNfsScanEntry *entry = &g_array_index(scan->entries, virLeaseNfsScanEntry, index);

    if (!attr)
        return;
    if (entry->hasAttr && entry->attr.fileid != attr->fileid) {
        virLeaseNfsScanFail(scan, VIR_LEASE_STATUS_UNSTABLE,
                            _("the server listed two files under one name"));
        return;
    }
    entry->attr = *attr;
    entry->hasAttr = TRUE;
}

/* Takes @name over. */
static void
virLeaseNfsScanAddNew(virLeaseNfsScan *scan, char *name, const virLeaseAttr *attr)
{
    gsize cost = strlen(name) + VIR_LEASE_NFS_SCAN_ENTRY_COST;
    virLeaseNfsScanEntry entry = { .name = name };

    if (cost > VIR_LEASE_NFS_SCANS_MAX - *scan->held) {
        virLeaseNfsScanFail(scan, VIR_LEASE_STATUS_PROTOCOL,
                            _("the server's directories have too many entries together"));
        g_free(name);
        return;
    }
    *scan->held += cost;
    scan->heldHere += cost;
    if (attr) {
        entry.attr = *attr;
        entry.hasAttr = TRUE;
    }
    g_array_append_val(scan->entries, entry);
    g_hash_table_insert(scan->names, name, GUINT_TO_POINTER(scan->entries->len));
}

void
virLeaseNfsScanAdd(virLeaseNfsScan *scan, const char *name, gsize length,
                   const virLeaseAttr *attr, guint64 cookie)
{
    g_autofree char *copy = NULL;
    guint index;

    scan->cookie = cookie;
    if (++scan->seen > VIR_LEASE_STORE_ENTRIES_MAX + 2) {
        virLeaseNfsScanFail(scan, VIR_LEASE_STATUS_PROTOCOL, _("the directory has too many entries"));
        return;
    }
    if (!name || !virLeaseNfsScanIsName(name, length)) {
        virLeaseNfsScanFail(scan, VIR_LEASE_STATUS_PROTOCOL,
                            _("the server listed a name that can be none"));
        return;
    }
    if (scan->reply->status != VIR_LEASE_STATUS_OK)
        return;
    copy = g_strndup(name, length);
    if (g_str_equal(copy, ".") || g_str_equal(copy, ".."))
        return;
    index = GPOINTER_TO_UINT(g_hash_table_lookup(scan->names, copy));
    if (index > 0)
        virLeaseNfsScanAddAgain(scan, index - 1, attr);
    else
        virLeaseNfsScanAddNew(scan, g_steal_pointer(&copy), attr);
}

static gboolean
virLeaseNfsStampEqual(const virLeaseNfsStamp *a, const virLeaseNfsStamp *b)
{
    return a->known && b->known && a->ctime == b->ctime &&
           a->mtime == b->mtime && a->change == b->change;
}

void
virLeaseNfsScanEndPage(virLeaseNfsScan *scan, const virLeaseNfsStamp *after, gboolean eof)
{
    if (eof) {
        scan->complete = TRUE;
        scan->reply->moved = scan->pages > 1 && !virLeaseNfsStampEqual(&scan->first, after);
    } else if (scan->seen == scan->seenBefore) {
        virLeaseNfsScanFail(scan, VIR_LEASE_STATUS_UNSTABLE,
                            _("the server's listing of the directory does not go on"));
    }
}

gboolean
virLeaseNfsScanIsComplete(const virLeaseNfsScan *scan)
{
    return scan->complete;
}

const char *
virLeaseNfsScanNextLookup(virLeaseNfsScan *scan, guint *index)
{
    while (scan->lookup < scan->entries->len && scan->reply->status == VIR_LEASE_STATUS_OK) {
        virLeaseNfsScanEntry *entry = &g_array_index(scan->entries, virLeaseNfsScanEntry, scan->lookup);

        if (!entry->hasAttr) {
            *index = scan->lookup++;
            return entry->name;
        }
        scan->lookup++;
    }
    return NULL;
}

void
virLeaseNfsScanLookedUp(virLeaseNfsScan *scan, guint index, const virLeaseAttr *attr)
{
    virLeaseNfsScanEntry *entry = &g_array_index(scan->entries, virLeaseNfsScanEntry, index);

    if (attr)
        entry->attr = *attr;
    entry->hasAttr = !!attr;
    entry->gone = !attr;
}

void
virLeaseNfsScanFinish(virLeaseNfsScan *scan)
{
    guint i;

    if (scan->reply->status != VIR_LEASE_STATUS_OK) {
        scan->reply->moved = FALSE;
        return;
    }
    virLeaseReplyInitEntries(scan->reply);
    for (i = 0; i < scan->entries->len; i++) {
        virLeaseNfsScanEntry *entry = &g_array_index(scan->entries, virLeaseNfsScanEntry, i);

        if (!entry->gone)
            virLeaseReplyAddEntry(scan->reply, entry->name, &entry->attr);
    }
}
