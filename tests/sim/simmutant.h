/*
 * simmutant.h: engines that each do without one rule
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For programs that are linked with libvirtlease_mutants.la.
 */
#pragma once

#include "simengine.h"
#include "virleaserule.h"

/* For so many leases the faults last in a world that is to notice a mutant: few
 * long worlds notice more than many short ones. */
#define SIM_MUTANT_LEASES 8

typedef struct {
    const char *name;
    const char *rule;           /* its number, maybe with a letter */
    const char *text;           /* what the engine does instead */
    simEngineClass engine;
} simMutant;

/* Of VIR_LEASE_MUTANT_LAST; the first is an engine that keeps all rules. */
const simMutant *simMutants(void);
/* Ends the program if nobody is called so. */
const simMutant *simMutantFind(const char *name);
