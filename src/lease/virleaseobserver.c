/*
 * virleaseobserver.c: which sessions live, and which are dead for certain
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseobserver.h"

#include <string.h>

#include "virleaserule.h"
#include "virlog.h"

VIR_LOG_INIT("lease.observer");

/* Clocks of two hosts may run apart by one part in this many (assumption A2). */
#define VIR_LEASE_OBSERVER_DRIFT 64

/* How often the own renewals must have been seen to move before any verdict. */
#define VIR_LEASE_OBSERVER_MOVES 2

/* ... each so many renewals after the one before, at most: one that a read has
 * just missed is seen by the next. */
#define VIR_LEASE_OBSERVER_GAP 3

/* Sessions remembered at most; verdicts on absent ones are dropped beyond it. */
#define VIR_LEASE_OBSERVER_MAX 65536

typedef struct _virLeaseObserved virLeaseObserved;
struct _virLeaseObserved {
    gboolean present;
    virLeaseAttr attr;
    virLeaseTime since;         /* reply of the read that first showed this */
    gboolean dead;
    guint64 generation;         /* of the last read that showed it */
};

struct _virLeaseObserver {
    GHashTable *sessions;       /* sid -> virLeaseObserved */
    GHashTable *markers;        /* names in sessions/ that are markers */
    guint64 generation;
    guint moves;                /* own renewals seen to move, in a row */
    virLeaseTime lastMove;
    gboolean warned;
#ifdef VIR_LEASE_MUTATIONS
    virLeaseMutant mutant;
    virLeaseMutant also;
#endif
};


virLeaseObserver *
virLeaseObserverNew(void)
{
    virLeaseObserver *observer = g_new0(virLeaseObserver, 1);

    observer->sessions = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    observer->markers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return observer;
}


#ifdef VIR_LEASE_MUTATIONS
void
virLeaseObserverSetMutant(virLeaseObserver *observer,
                          virLeaseMutant mutant,
                          virLeaseMutant also)
{
    observer->mutant = mutant;
    observer->also = also;
}


#endif
void
virLeaseObserverFree(virLeaseObserver *observer)
{
    if (!observer)
        return;
    g_hash_table_unref(observer->sessions);
    g_hash_table_unref(observer->markers);
    g_free(observer);
}


static virLeaseObserved *
virLeaseObserverAdd(virLeaseObserver *observer,
                    const char *sid,
                    virLeaseTime since)
{
    virLeaseObserved *seen = g_new0(virLeaseObserved, 1);

    seen->since = since;
    g_hash_table_insert(observer->sessions, g_strdup(sid), seen);
    return seen;
}


static gboolean
virLeaseObservedSame(const virLeaseObserver *observer G_GNUC_UNUSED,
                     const virLeaseObserved *seen,
                     const virLeaseAttr *attr)
{
    if (!attr)
        return !seen->present;
    return seen->present &&
        seen->attr.fileid == attr->fileid &&
        seen->attr.mtime == attr->mtime &&
        (seen->attr.ctime == attr->ctime || !VIR_LEASE_RULE(observer, NO_CTIME));
}


/* Whether a read comes in only now that others, sent later, have overtaken: it
 * shows an own renewal before the one seen last. */
static gboolean
virLeaseObserverIsOvertaken(const virLeaseObserver *observer G_GNUC_UNUSED,
                            const virLeaseObserved *before,
                            const virLeaseAttr *attr,
                            const virLeaseObserverSelf *self)
{
    return before && before->attr.mtime <= self->newest && attr->mtime < before->attr.mtime &&
        VIR_LEASE_RULE(observer, OVERTAKEN_MOVES);
}


/* Compares what was read of the own session with what was acknowledged. Returns
 * FALSE if it is not to be compared with. */
static gboolean
virLeaseObserverReadSelf(virLeaseObserver *observer,
                         virLeaseTime sent,
                         virLeaseTime replied,
                         const virLeaseObserved *before,
                         const virLeaseAttr *attr,
                         const virLeaseObserverSelf *self)
{
    /* Before the first renewal the server's clock had set the mtime: to any. */
    if (self->acked > 0 && sent >= self->acked && (attr->mtime < self->mtime || attr->mtime > self->newest) &&
        VIR_LEASE_RULE(observer, STALE_UNNOTICED) && VIR_LEASE_RULE(observer, NO_COHERENCE)) {
        observer->moves = 0;
        if (!observer->warned)
            VIR_WARN("the server is not coherent: a read sent after this host's renewal was acknowledged "
                     "does not show it; no other host is declared dead until it does (a cache, a second head?)");
        observer->warned = TRUE;
        return TRUE;
    }

    if (virLeaseObserverIsOvertaken(observer, before, attr, self))
        return FALSE;
    if (!before || virLeaseObservedSame(observer, before, attr))
        return TRUE;
    /* Only such count together as followed each other. */
    if (replied - observer->lastMove > VIR_LEASE_OBSERVER_GAP * self->renewal)
        observer->moves = 0;
    observer->moves++;
    observer->lastMove = replied;
    if (observer->moves == VIR_LEASE_OBSERVER_MOVES && observer->warned) {
        VIR_INFO("the server shows this host's renewals again");
        observer->warned = FALSE;
    }
    return TRUE;
}


/* The verdict of rule 7: a read sent more than L (1 + drift) after the reply
 * of the one that first showed the present tuple shows it still. */
static void
virLeaseObserverJudge(virLeaseObserver *observer,
                      const char *sid,
                      virLeaseObserved *seen,
                      virLeaseTime sent,
                      const virLeaseObserverSelf *self)
{
    virLeaseSpan drift = VIR_LEASE_RULE(observer, NO_DRIFT) ? self->length / VIR_LEASE_OBSERVER_DRIFT : 0;
    virLeaseSpan patience = self->length + drift;

    if (seen->dead || sent - seen->since <= patience)
        return;
    if (VIR_LEASE_RULE(observer, NO_COHERENCE) &&
        ((!virLeaseObserverIsCoherent(observer) && VIR_LEASE_RULE(observer, COHERENCE_FLAG)) ||
         (sent - observer->lastMove > 2 * self->renewal && VIR_LEASE_RULE(observer, COHERENCE_NOT_RECENT))))
        return;

    seen->dead = TRUE;
    VIR_INFO("session '%s' is dead: unchanged for %.1f s, a lease lasts %.1f s",
             sid, (sent - seen->since) / 1e9, self->length / 1e9);
}


static void
virLeaseObserverTuple(virLeaseObserver *observer,
                      const char *sid,
                      const virLeaseAttr *attr,
                      virLeaseTime sent,
                      virLeaseTime replied,
                      const virLeaseObserverSelf *self)
{
    virLeaseObserved *seen = g_hash_table_lookup(observer->sessions, sid);
    gboolean known = seen != NULL;

    if (!known)
        seen = virLeaseObserverAdd(observer, sid, VIR_LEASE_RULE(observer, OBSERVED_FROM_START) ? replied : sent);
    if (attr)
        seen->generation = observer->generation;

    if (attr && self->sid && g_str_equal(sid, self->sid) &&
        !virLeaseObserverReadSelf(observer, sent, replied, known ? seen : NULL, attr, self))
        return;

    if (!known || !virLeaseObservedSame(observer, seen, attr)) {
        seen->present = attr != NULL;
        if (attr)
            seen->attr = *attr;
        seen->since = VIR_LEASE_RULE(observer, OBSERVED_FROM_START) ? replied : sent;
        if (!VIR_LEASE_RULE(observer, VERDICT_NOT_FINAL))
            seen->dead = FALSE;
        return;
    }
    /* One's own session is never judged: its end is known. */
    if (!self->sid || !g_str_equal(sid, self->sid))
        virLeaseObserverJudge(observer, sid, seen, sent, self);
}


/* Sessions whose directory the read did not show. */
static void
virLeaseObserverAbsent(virLeaseObserver *observer,
                       virLeaseTime sent,
                       virLeaseTime replied,
                       const virLeaseObserverSelf *self)
{
    gboolean crowded = g_hash_table_size(observer->sessions) > VIR_LEASE_OBSERVER_MAX;
    GHashTableIter iter;
    gpointer sid, value;

    g_hash_table_iter_init(&iter, observer->sessions);
    while (g_hash_table_iter_next(&iter, &sid, &value)) {
        virLeaseObserved *seen = value;

        if (seen->generation == observer->generation)
            continue;
        if (crowded && seen->dead)
            g_hash_table_iter_remove(&iter);
        else if (VIR_LEASE_RULE(observer, ABSENT_LIVES))
            virLeaseObserverTuple(observer, sid, NULL, sent, replied, self);
    }
}


void
virLeaseObserverRead(virLeaseObserver *observer,
                     virLeaseTime sent,
                     virLeaseTime replied,
                     GPtrArray *entries,
                     const virLeaseObserverSelf *self)
{
    observer->generation++;
    g_hash_table_remove_all(observer->markers);

    /* The own session first: the verdicts on the others hang on it. */
    for (int own = 1; own >= 0; own--) {
        for (guint i = 0; i < entries->len; i++) {
            virLeaseDirEntry *entry = g_ptr_array_index(entries, i);
            char sid[VIR_LEASE_SID_LEN + 1];
            gboolean isMarker = FALSE;
            virLeaseMarker marker;
            guint64 run;

            if ((self->sid && g_str_equal(entry->name, self->sid)) != own ||
                !virLeaseSessionNameParse(entry->name, sid, &isMarker, &marker, &run))
                continue;
            if (isMarker)
                g_hash_table_add(observer->markers, g_strdup(entry->name));
            else
                virLeaseObserverTuple(observer, sid, &entry->attr, sent, replied, self);
        }
    }
    virLeaseObserverAbsent(observer, sent, replied, self);
}


void
virLeaseObserverWatch(virLeaseObserver *observer,
                      const char *sid,
                      virLeaseTime now)
{
    if (!g_hash_table_contains(observer->sessions, sid))
        virLeaseObserverAdd(observer, sid, now);
}


gboolean
virLeaseObserverIsDead(const virLeaseObserver *observer,
                       const char *sid)
{
    const virLeaseObserved *seen = g_hash_table_lookup(observer->sessions, sid);

    return seen && seen->dead;
}


void
virLeaseObserverSetDead(virLeaseObserver *observer,
                        const char *sid)
{
    virLeaseObserved *seen = g_hash_table_lookup(observer->sessions, sid);

    if (!seen)
        seen = virLeaseObserverAdd(observer, sid, 0);
    seen->dead = TRUE;
}


gboolean
virLeaseObserverHasMarker(const virLeaseObserver *observer,
                          const char *sid,
                          virLeaseMarker marker,
                          guint64 run)
{
    g_autofree char *path = virLeaseMarkerPath(sid, marker, run);

    return g_hash_table_contains(observer->markers, strrchr(path, '/') + 1);
}


virLeaseTime
virLeaseObserverLastMove(const virLeaseObserver *observer,
                         const char *sid)
{
    const virLeaseObserved *seen = g_hash_table_lookup(observer->sessions, sid);

    return seen && seen->present ? seen->since : 0;
}


gboolean
virLeaseObserverIsCoherent(const virLeaseObserver *observer)
{
    return observer->moves >= VIR_LEASE_OBSERVER_MOVES;
}
