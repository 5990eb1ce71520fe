/*
 * simmutant.c: engines that each do without one rule
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "simmutant.h"

static gpointer
simMutantCreate(const simEngineClass *which, const virLeaseEngineConfig *config)
{
    virLeaseEngine *engine = simEngineReal.create(which, config);

    virLeaseEngineSetMutant(engine, which->mutant, which->also);
    return engine;
}

const simMutant *
simMutants(void)
{
    static simMutant mutants[VIR_LEASE_MUTANT_LAST] = {
        { "NONE", "-", "keeps every rule", { 0 } },
#define SIM_MUTANT_LINE(name, rule, text) { #name, rule, text, { 0 } },
        VIR_LEASE_MUTANTS(SIM_MUTANT_LINE)
#undef SIM_MUTANT_LINE
    };
    guint i;

    for (i = 0; i < VIR_LEASE_MUTANT_LAST; i++) {
        mutants[i].engine = simEngineReal;
        mutants[i].engine.create = simMutantCreate;
        mutants[i].engine.mutant = i;
    }
    return mutants;
}

const simMutant *
simMutantFind(const char *name)
{
    const simMutant *mutants = simMutants();
    guint i;

    for (i = 1; i < VIR_LEASE_MUTANT_LAST; i++) {
        if (g_str_equal(mutants[i].name, name))
            return &mutants[i];
    }
    g_error("no rule of src/lease/virleaserule.h is called %s", name);
}
