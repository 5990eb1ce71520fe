/*
 * virleasefailure.c: what happens to a guest whose lease is lost
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"

static const char *const virLeaseFailureNames[VIR_LEASE_FAILURE_LAST] = {
    "poweroff", "restart", "pause", "ignore"
};


const char *
virLeaseFailureToString(virLeaseFailure failure)
{
    return virLeaseFailureNames[failure];
}


virLeaseFailure
virLeaseFailureFromString(const char *name)
{
    virLeaseFailure failure = VIR_LEASE_FAILURE_POWEROFF;

    while (failure < VIR_LEASE_FAILURE_LAST && g_strcmp0(name, virLeaseFailureNames[failure]) != 0)
        failure++;
    return failure;
}
