/*
 * lock_guard_life.h: whether the other side lives, and when to start it anew
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Worker and guard look after each other by the same rules: who does not beat
 * is taken for hung, and who keeps dying is started after pauses that double.
 * Time is passed in, and only time in which this process ran itself counts: a
 * host that slept, or was too busy for both, makes nobody hung.
 */
#pragma once

#include "virleasetime.h"

/* How often each side beats. */
#define VIR_LOCK_GUARD_LIFE_BEAT (500 * VIR_LEASE_MILLISECOND)
/* Without a beat for so long it hangs. */
#define VIR_LOCK_GUARD_LIFE_HUNG (2 * VIR_LEASE_SECOND)
/* Who lived for so long is taken for sound again. */
#define VIR_LOCK_GUARD_LIFE_STABLE (10 * VIR_LEASE_SECOND)
#define VIR_LOCK_GUARD_LIFE_PAUSE_MIN (100 * VIR_LEASE_MILLISECOND)
#define VIR_LOCK_GUARD_LIFE_PAUSE_MAX (5 * VIR_LEASE_SECOND)

typedef struct _virLockGuardLife virLockGuardLife;
struct _virLockGuardLife {
    virLeaseSpan first;     /* the pause after the end of one that was sound */
    virLeaseTime began;     /* of the present one */
    virLeaseTime looked;    /* when it was last looked after */
    guint64 beats;
    virLeaseSpan silent;    /* for how long there was no new beat */
    guint deaths;           /* in a row */
};

/* It begins at @now, as sound as any. */
void virLockGuardLifeInit(virLockGuardLife *life,
                          virLeaseSpan first,
                          virLeaseTime now);

/* It was started at @now, once more. */
void virLockGuardLifeBegin(virLockGuardLife *life,
                           virLeaseTime now);

/* Looks after it: @beats is what it has counted so far. Returns for how long
 * it has not counted. */
virLeaseSpan virLockGuardLifeLook(virLockGuardLife *life,
                                  guint64 beats,
                                  virLeaseTime now);

/* It ended at @now. Returns how long to wait before it is started again. */
virLeaseSpan virLockGuardLifeEnd(virLockGuardLife *life,
                                 virLeaseTime now);
