/*
 * virleaseobserver.h: which sessions live, and which are dead for certain
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rule 7: a session is dead when its directory has not changed for longer
 * than a lease, by the observer's clock alone. The verdict is final, and is
 * only given while the own renewals are seen to move through the same reads.
 */
#pragma once

#include "virleasename.h"
#include "virleasestore.h"

typedef struct _virLeaseObserver virLeaseObserver;

virLeaseObserver *virLeaseObserverNew(void);
void virLeaseObserverFree(virLeaseObserver *observer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseObserver, virLeaseObserverFree);

/* What the own session did, to compare what is read with. */
typedef struct _virLeaseObserverSelf virLeaseObserverSelf;
struct _virLeaseObserverSelf {
    const char *sid;            /* NULL: there is none */
    gint64 mtime;               /* nanoseconds: of the last renewal acknowledged before the read was sent */
    virLeaseTime acked;         /* when it was acknowledged */
    gint64 newest;              /* nanoseconds: of the last renewal that was sent */
    virLeaseSpan renewal;       /* R */
    virLeaseSpan length;        /* L */
};

/**
 * virLeaseObserverRead:
 * @observer: the observer
 * @sent: when the read of sessions/ was sent
 * @replied: when its last reply came
 * @entries: of virLeaseDirEntry: all of sessions/
 * @self: the own session
 *
 * Takes in one complete read of sessions/. Gives verdicts where they are due.
 */
void virLeaseObserverRead(virLeaseObserver *observer,
                          virLeaseTime sent,
                          virLeaseTime replied,
                          GPtrArray *entries,
                          const virLeaseObserverSelf *self);

/* Begins to watch a session that is known only by its entries. */
void virLeaseObserverWatch(virLeaseObserver *observer,
                           const char *sid,
                           virLeaseTime now);

/* Known dead by a verdict, or by virLeaseObserverSetDead(). */
gboolean virLeaseObserverIsDead(const virLeaseObserver *observer,
                                const char *sid);

/* The own ended session @sid, none of whose owners runs any more (rule 12a). */
void virLeaseObserverSetDead(virLeaseObserver *observer,
                             const char *sid);

/* Whether the last read of sessions/ showed that marker. */
gboolean virLeaseObserverHasMarker(const virLeaseObserver *observer,
                                   const char *sid,
                                   virLeaseMarker marker,
                                   guint64 run);

/* When @sid was last seen to change; 0 if it is not known. */
virLeaseTime virLeaseObserverLastMove(const virLeaseObserver *observer,
                                      const char *sid);

/* Whether verdicts may be given at all: the own renewals move. */
gboolean virLeaseObserverIsCoherent(const virLeaseObserver *observer);
