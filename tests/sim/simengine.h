/*
 * simengine.h: the engine that a world runs, as a set of functions
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The real one, and the naive ones on which the judge is tried. Each function
 * is as the one of virleaseengine.h that has its name.
 */
#pragma once

#include "virleaseengine.h"

typedef struct _simEngineClass simEngineClass;
struct _simEngineClass {
    gpointer (*create)(const simEngineClass *which, const virLeaseEngineConfig *config);
    void (*free)(gpointer engine);
    int (*restore)(gpointer engine, const char *session, GPtrArray *owners, virLeaseTime now);
    void (*step)(gpointer engine, const virLeaseEvent *event, GQueue *actions);
    virLeaseTime (*wakeup)(gpointer engine);
    guint mutant;               /* for @create: which rule it is to do without */
    guint also;                 /* and which other one */
};

/* src/lease/virleaseengine.c */
extern const simEngineClass simEngineReal;

/* Grants whatever is asked, and keeps nothing on the export. */
extern const simEngineClass simEngineYes;
/* Makes entries and grants without looking who else has some. */
extern const simEngineClass simEngineBlind;
/* Makes entries, grants, and never removes them. */
extern const simEngineClass simEngineHoarder;
/* Never answers. */
extern const simEngineClass simEngineMute;
/* Grants whatever is asked, twice. */
extern const simEngineClass simEngineEcho;
