/*
 * lock_driver_nop.c: the lock driver that locks nothing
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_nop.h"

static int
virLockManagerNopInit(unsigned int version G_GNUC_UNUSED,
                      const char *configFile G_GNUC_UNUSED,
                      unsigned int flags G_GNUC_UNUSED)
{
    return 0;
}

static int
virLockManagerNopDeinit(void)
{
    return 0;
}

static int
virLockManagerNopNew(virLockManager *man G_GNUC_UNUSED,
                     unsigned int type G_GNUC_UNUSED,
                     size_t nparams G_GNUC_UNUSED,
                     virLockManagerParam *params G_GNUC_UNUSED,
                     unsigned int flags G_GNUC_UNUSED)
{
    return 0;
}

static void
virLockManagerNopFree(virLockManager *man G_GNUC_UNUSED)
{
}

static int
virLockManagerNopAddResource(virLockManager *man G_GNUC_UNUSED,
                             unsigned int type G_GNUC_UNUSED,
                             const char *name G_GNUC_UNUSED,
                             size_t nparams G_GNUC_UNUSED,
                             virLockManagerParam *params G_GNUC_UNUSED,
                             unsigned int flags G_GNUC_UNUSED)
{
    return 0;
}

static int
virLockManagerNopAcquire(virLockManager *man G_GNUC_UNUSED,
                         const char *state G_GNUC_UNUSED,
                         unsigned int flags G_GNUC_UNUSED,
                         virDomainLockFailureAction action G_GNUC_UNUSED,
                         int *fd)
{
    if (fd)
        *fd = -1;
    return 0;
}

static int
virLockManagerNopRelease(virLockManager *man G_GNUC_UNUSED,
                         char **state,
                         unsigned int flags G_GNUC_UNUSED)
{
    if (state)
        *state = NULL;
    return 0;
}

virLockDriver virLockDriverNop = {
    .version = VIR_LOCK_MANAGER_VERSION,
    .flags = VIR_LOCK_MANAGER_NEVER_WAITS | VIR_LOCK_MANAGER_CAN_FORCE,

    .drvInit = virLockManagerNopInit,
    .drvDeinit = virLockManagerNopDeinit,

    .drvNew = virLockManagerNopNew,
    .drvFree = virLockManagerNopFree,

    .drvAddResource = virLockManagerNopAddResource,

    .drvAcquire = virLockManagerNopAcquire,
    .drvRelease = virLockManagerNopRelease,
    .drvInquire = virLockManagerNopRelease,     /* both have nothing to tell */
};
