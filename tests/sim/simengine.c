/*
 * simengine.c: the real engine, as a world runs it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simengine.h"

static gpointer
simEngineRealCreate(const simEngineClass *which G_GNUC_UNUSED, const virLeaseEngineConfig *config)
{
    return virLeaseEngineNew(config);
}

static void
simEngineRealFree(gpointer engine)
{
    virLeaseEngineFree(engine);
}

static int
simEngineRealRestore(gpointer engine, const char *session, GPtrArray *owners, virLeaseTime now)
{
    return virLeaseEngineRestore(engine, session, owners, now);
}

static void
simEngineRealStep(gpointer engine, const virLeaseEvent *event, GQueue *actions)
{
    virLeaseEngineStep(engine, event, actions);
}

static virLeaseTime
simEngineRealWakeup(gpointer engine)
{
    return virLeaseEngineGetWakeup(engine);
}

const simEngineClass simEngineReal = {
    .create = simEngineRealCreate,
    .free = simEngineRealFree,
    .restore = simEngineRealRestore,
    .step = simEngineRealStep,
    .wakeup = simEngineRealWakeup,
};
