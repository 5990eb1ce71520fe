/*
 * lock_guard_life.c: whether the other side lives, and when to start it anew
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_guard_life.h"

void
virLockGuardLifeInit(virLockGuardLife *life, virLeaseSpan first, virLeaseTime now)
{
    life->first = first;
    life->beats = 0;
    life->deaths = 0;
    virLockGuardLifeBegin(life, now);
}

void
virLockGuardLifeBegin(virLockGuardLife *life, virLeaseTime now)
{
    life->began = now;
    life->looked = now;
    life->silent = 0;
}

virLeaseSpan
virLockGuardLifeLook(virLockGuardLife *life, guint64 beats, virLeaseTime now)
{
    /* More than that, and it was us who did not run. */
    life->silent += CLAMP(now - life->looked, 0, 2 * VIR_LOCK_GUARD_LIFE_BEAT);
    life->looked = now;
    if (beats != life->beats)
        life->silent = 0;
    life->beats = beats;
    return life->silent;
}

virLeaseSpan
virLockGuardLifeEnd(virLockGuardLife *life, virLeaseTime now)
{
    virLeaseSpan pause = VIR_LOCK_GUARD_LIFE_PAUSE_MIN;

    if (now - life->began >= VIR_LOCK_GUARD_LIFE_STABLE)
        life->deaths = 0;
    if (life->deaths++ == 0)
        return life->first;
    for (guint i = 2; i < life->deaths && pause < VIR_LOCK_GUARD_LIFE_PAUSE_MAX; i++)
        pause *= 2;
    return MIN(pause, VIR_LOCK_GUARD_LIFE_PAUSE_MAX);
}
