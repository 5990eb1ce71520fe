/*
 * lock_driver_sanlock.c: libvirt lock driver that has sanlock hold its locks
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * lock_driver.h says when each of the callbacks comes, and what it may do. What
 * is locked, and by what name, is what libvirt's own sanlock.so locks: hosts
 * with either keep each other out.
 */
#include <config.h>

#include "lock_driver.h"

#include "lock_driver_args.h"
#include "lock_driver_error.h"
#include "lock_driver_sanlock_call.h"
#include "lock_driver_sanlock_conf.h"
#include "lock_driver_sanlock_lockspace.h"
#include "lock_driver_sanlock_past.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_driver_sanlock");

/* All that outlives a call. Set by drvInit, which comes before any other
 * callback, and not changed until the last drvDeinit. */
static virLockManagerSanlockConf *virLockManagerSanlockGlobalConf;
static char *virLockManagerSanlockGlobalConfPath;
static unsigned int virLockManagerSanlockUsers;

static int
virLockManagerSanlockStart(const char *configFile)
{
    g_autoptr(virLockManagerSanlockConf) conf = virLockManagerSanlockConfNew(configFile);

    if (!conf || (conf->autoDiskLeases && virLockManagerSanlockJoin(conf) < 0))
        return -1;
    virLockManagerSanlockGlobalConf = g_steal_pointer(&conf);
    virLockManagerSanlockGlobalConfPath = g_strdup(configFile);
    return 0;
}

/* libvirtd calls it twice for one driver. */
static int
virLockManagerSanlockInit(unsigned int version, const char *configFile, unsigned int flags)
{
    virGettextBind();
    virLockDriverErrorFindReporter();
    if (virLockDriverCheckFlags("sanlock", flags, 0) < 0 ||
        virLockDriverCheckVersion("sanlock", version) < 0 ||
        (virLockManagerSanlockUsers == 0 && virLockManagerSanlockStart(configFile) < 0))
        return -1;
    if (!g_str_equal(configFile, virLockManagerSanlockGlobalConfPath))
        VIR_WARN("ignoring '%s': the settings of '%s' hold for all drivers of this process",
                 configFile, virLockManagerSanlockGlobalConfPath);
    virLockManagerSanlockUsers++;
    return 0;
}

/* The daemon stays in the lockspace: guests run on. */
static int
virLockManagerSanlockDeinit(void)
{
    if (virLockManagerSanlockUsers == 0 || --virLockManagerSanlockUsers > 0)
        return 0;
    g_clear_pointer(&virLockManagerSanlockGlobalConf, virLockManagerSanlockConfFree);
    g_clear_pointer(&virLockManagerSanlockGlobalConfPath, g_free);
    virLockManagerSanlockPastClear();
    return 0;
}

static int
virLockManagerSanlockNew(virLockManager *man,
                         unsigned int type,
                         size_t nparams,
                         virLockManagerParam *params,
                         unsigned int flags)
{
    if (virLockDriverCheckFlags("sanlock", flags, VIR_LOCK_MANAGER_NEW_STARTED) < 0)
        return -1;
    if (!virLockManagerSanlockGlobalConf || type != VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("sanlock is not initialized, or asked to lock for an object of unknown type %1$u"), type);
        return -1;
    }
    man->privateData = virLockManagerSanlockGuestNew(params, nparams, (flags & VIR_LOCK_MANAGER_NEW_STARTED) != 0);
    return man->privateData ? 0 : -1;
}

static void
virLockManagerSanlockFree(virLockManager *man)
{
    virLockManagerSanlockGuestFree(man->privateData);
    man->privateData = NULL;
}

static int
virLockManagerSanlockAddResource(virLockManager *man,
                                 unsigned int type,
                                 const char *name,
                                 size_t nparams,
                                 virLockManagerParam *params,
                                 unsigned int flags)
{
    if (virLockDriverCheckFlags("sanlock", flags, VIR_LOCK_MANAGER_RESOURCE_READONLY |
                                VIR_LOCK_MANAGER_RESOURCE_SHARED) < 0)
        return -1;
    switch (type) {
    case VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK:
        return virLockManagerSanlockGuestAddDisk(man->privateData, virLockManagerSanlockGlobalConf, name, flags);
    case VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE:
        return virLockManagerSanlockGuestAddLease(man->privateData, name, params, nparams, flags);
    default:
        virReportError(VIR_ERR_INTERNAL_ERROR, _("sanlock is asked to lock '%1$s' of unknown type %2$u"), name, type);
        return -1;
    }
}

static int
virLockManagerSanlockCheckLease(const virLockManagerSanlockGuest *guest)
{
    if (guest->resources->len > 0 || !guest->writes || !virLockManagerSanlockGlobalConf->requireLeaseForDisks)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("guest '%1$s' writes to a disk but has no lease: add a <lease> to it, or set auto_disk_leases in '%2$s'"),
                   guest->name, virLockManagerSanlockGlobalConfPath);
    return -1;
}

static int
virLockManagerSanlockAcquire(virLockManager *man,
                             const char *state,
                             unsigned int flags,
                             virDomainLockFailureAction action,
                             int *fd)
{
    const virLockManagerSanlockGuest *guest = man->privateData;

    if (fd)
        *fd = -1;
    if (virLockDriverCheckFlags("sanlock", flags, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY |
                                VIR_LOCK_MANAGER_ACQUIRE_RESTRICT) < 0 ||
        virLockManagerSanlockCheckAction(guest, action) < 0 ||
        virLockManagerSanlockCheckLease(guest) < 0)
        return -1;
    if (flags & VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY)
        return virLockManagerSanlockRegister(guest, (flags & VIR_LOCK_MANAGER_ACQUIRE_RESTRICT) != 0, action, fd);
    if (guest->resources->len == 0)
        return 0;
    return virLockManagerSanlockLock(virLockManagerSanlockGlobalConf, guest, state);
}

static int
virLockManagerSanlockRelease(virLockManager *man, char **state, unsigned int flags)
{
    if (virLockDriverCheckFlags("sanlock", flags, 0) < 0)
        return -1;
    return virLockManagerSanlockUnlock(man->privateData, state);
}

static int
virLockManagerSanlockInquire(virLockManager *man, char **state, unsigned int flags)
{
    if (virLockDriverCheckFlags("sanlock", flags, 0) < 0)
        return -1;
    return virLockManagerSanlockAsk(man->privateData, state);
}

/* The only symbol that the plugin exports. */
extern __attribute__((visibility("default"))) virLockDriver virLockDriverImpl;

virLockDriver virLockDriverImpl = {
    .version = VIR_LOCK_MANAGER_VERSION,
    .flags = VIR_LOCK_MANAGER_USES_STATE | VIR_LOCK_MANAGER_NEVER_WAITS,

    .drvInit = virLockManagerSanlockInit,
    .drvDeinit = virLockManagerSanlockDeinit,

    .drvNew = virLockManagerSanlockNew,
    .drvFree = virLockManagerSanlockFree,

    .drvAddResource = virLockManagerSanlockAddResource,

    .drvAcquire = virLockManagerSanlockAcquire,
    .drvRelease = virLockManagerSanlockRelease,
    .drvInquire = virLockManagerSanlockInquire,
};
