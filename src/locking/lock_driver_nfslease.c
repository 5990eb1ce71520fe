/*
 * lock_driver_nfslease.c: libvirt lock driver that takes leases from virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * lock_driver.h says when each of the callbacks comes, and what it may do.
 */
#include <config.h>

#include "lock_driver.h"

#include "lock_driver_args.h"
#include "lock_driver_error.h"
#include "lock_driver_nfslease_call.h"
#include "lock_driver_nfslease_conf.h"
#include "lock_driver_nfslease_guest.h"
#include "virerror.h"
#include "virleasetoken.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_driver_nfslease");

/* All that outlives a call. Set by drvInit, which comes before any other
 * callback, and not changed until the last drvDeinit. */
static virLockManagerNfsleaseConf *virLockManagerNfsleaseGlobalConf;
static char *virLockManagerNfsleaseGlobalConfPath;
static unsigned int virLockManagerNfsleaseUsers;

/* libvirtd calls it twice for one driver. Where it has several drivers, the
 * callbacks can't tell which of them calls: the first one's file counts. */
static int
virLockManagerNfsleaseInit(unsigned int version,
                           const char *configFile,
                           unsigned int flags)
{
    virGettextBind();
    virLockDriverErrorFindReporter();
    if (virLockDriverCheckFlags("nfslease", flags, 0) < 0 ||
        virLockDriverCheckVersion("nfslease", version) < 0)
        return -1;

    if (virLockManagerNfsleaseUsers == 0) {
        if (!(virLockManagerNfsleaseGlobalConf = virLockManagerNfsleaseConfNew(configFile)))
            return -1;
        virLockManagerNfsleaseGlobalConfPath = g_strdup(configFile);
    } else if (!g_str_equal(configFile, virLockManagerNfsleaseGlobalConfPath)) {
        VIR_WARN("ignoring '%s': the settings of '%s' hold for all drivers of this process",
                 configFile, virLockManagerNfsleaseGlobalConfPath);
    }
    virLockManagerNfsleaseUsers++;
    return 0;
}

static int
virLockManagerNfsleaseDeinit(void)
{
    if (virLockManagerNfsleaseUsers == 0 || --virLockManagerNfsleaseUsers > 0)
        return 0;
    g_clear_pointer(&virLockManagerNfsleaseGlobalConf, virLockManagerNfsleaseConfFree);
    g_clear_pointer(&virLockManagerNfsleaseGlobalConfPath, g_free);
    return 0;
}

static int
virLockManagerNfsleaseNew(virLockManager *man,
                          unsigned int type,
                          size_t nparams,
                          virLockManagerParam *params,
                          unsigned int flags)
{
    if (virLockDriverCheckFlags("nfslease", flags, VIR_LOCK_MANAGER_NEW_STARTED) < 0)
        return -1;
    if (!virLockManagerNfsleaseGlobalConf || type != VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("nfslease is not initialized, or asked to lock for an object of unknown type %1$u"), type);
        return -1;
    }
    man->privateData = virLockManagerNfsleaseGuestNew(params, nparams,
                                                      (flags & VIR_LOCK_MANAGER_NEW_STARTED) != 0);
    return man->privateData ? 0 : -1;
}

static void
virLockManagerNfsleaseFree(virLockManager *man)
{
    virLockManagerNfsleaseGuestFree(man->privateData);
    man->privateData = NULL;
}

static int
virLockManagerNfsleaseAddResource(virLockManager *man,
                                  unsigned int type,
                                  const char *name,
                                  size_t nparams,
                                  virLockManagerParam *params,
                                  unsigned int flags)
{
    if (virLockDriverCheckFlags("nfslease", flags, VIR_LOCK_MANAGER_RESOURCE_READONLY |
                                VIR_LOCK_MANAGER_RESOURCE_SHARED) < 0)
        return -1;
    switch (type) {
    case VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK:
        virLockManagerNfsleaseGuestAddDisk(man->privateData, virLockManagerNfsleaseGlobalConf, name, flags);
        return 0;
    case VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE:
        virLockManagerNfsleaseGuestAddLease(man->privateData, name, params, nparams, flags);
        return 0;
    default:
        virReportError(VIR_ERR_INTERNAL_ERROR, _("nfslease is asked to lock '%1$s' of unknown type %2$u"),
                       name, type);
        return -1;
    }
}

static int
virLockManagerNfsleaseTakeAction(virLockManagerNfsleaseGuest *guest,
                                 virDomainLockFailureAction action)
{
    switch (action) {
    case VIR_DOMAIN_LOCK_FAILURE_DEFAULT:
    case VIR_DOMAIN_LOCK_FAILURE_POWEROFF:
        guest->failure = VIR_LEASE_FAILURE_POWEROFF;
        return 0;
    case VIR_DOMAIN_LOCK_FAILURE_PAUSE:
        guest->failure = VIR_LEASE_FAILURE_PAUSE;
        return 0;
    case VIR_DOMAIN_LOCK_FAILURE_IGNORE:
        guest->failure = VIR_LEASE_FAILURE_IGNORE;
        return 0;
    case VIR_DOMAIN_LOCK_FAILURE_RESTART:
        guest->failure = VIR_LEASE_FAILURE_RESTART;
        return 0;
    case VIR_DOMAIN_LOCK_FAILURE_LAST:
    default:
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("nfslease does not know the <on_lockfailure> number %1$d"),
                       (int) action);
        return -1;
    }
}

/* Only a guest that is registered is offered whole: a disk that is attached
 * comes without the guest's leases, and could never be. */
static int
virLockManagerNfsleaseCheckLease(const virLockManagerNfsleaseConf *conf,
                                 const virLockManagerNfsleaseGuest *guest)
{
    if (!conf->requireLeaseForDisks || !guest->writes || guest->resources->len > 0)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("guest '%1$s' writes to a disk but has no lease: add a <lease> to it, or set auto_disk_leases in '%2$s'"),
                   guest->name, virLockManagerNfsleaseGlobalConfPath);
    return -1;
}

static int
virLockManagerNfsleaseDrvAcquire(virLockManager *man,
                                 const char *state,
                                 unsigned int flags,
                                 virDomainLockFailureAction action,
                                 int *fd)
{
    const virLockManagerNfsleaseConf *conf = virLockManagerNfsleaseGlobalConf;
    virLockManagerNfsleaseGuest *guest = man->privateData;
    gboolean registers = (flags & VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY) != 0;

    if (fd)
        *fd = -1;
    /* RESTRICT needs nothing: no connection stays open. */
    if (virLockDriverCheckFlags("nfslease", flags, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY |
                                VIR_LOCK_MANAGER_ACQUIRE_RESTRICT) < 0 ||
        virLockManagerNfsleaseTakeAction(guest, action) < 0 ||
        (registers && virLockManagerNfsleaseCheckLease(conf, guest) < 0) ||
        virLockManagerNfsleaseGuestResolve(guest, conf) < 0)
        return -1;

    /* A guest with nothing to lock does not depend on virtleased. */
    if (guest->resources->len == 0 && (!state || !*state))
        return 0;
    if (registers)
        return virLockManagerNfsleaseRegister(conf, guest);
    return virLockManagerNfsleaseAcquire(conf, guest, state);
}

static int
virLockManagerNfsleaseDrvDetach(const virLockManagerNfsleaseConf *conf,
                                virLockManagerNfsleaseGuest *guest)
{
    if (virLockManagerNfsleaseGuestResolve(guest, conf) < 0)
        return -1;
    virLockManagerNfsleaseGuestKeepOpen(guest);
    return guest->resources->len > 0 ? virLockManagerNfsleaseDetach(conf, guest) : 0;
}

/* libvirt lets the guest stop all the same, and keeps as its state what it
 * finds in @state. With none the guest would look as if it had never run, and
 * get its disks afresh after others have used them. */
static int
virLockManagerNfsleaseDrvSuspend(const virLockManagerNfsleaseConf *conf,
                                 const virLockManagerNfsleaseGuest *guest,
                                 char **state)
{
    if (virLockManagerNfsleaseSuspend(conf, guest, state) == 0)
        return 0;
    *state = g_strdup(VIR_LEASE_TOKEN_UNKNOWN);
    return -1;
}

static int
virLockManagerNfsleaseDrvRelease(virLockManager *man,
                                 char **state,
                                 unsigned int flags)
{
    const virLockManagerNfsleaseConf *conf = virLockManagerNfsleaseGlobalConf;
    virLockManagerNfsleaseGuest *guest = man->privateData;

    if (virLockDriverCheckFlags("nfslease", flags, 0) < 0)
        return -1;
    if (!state)
        return virLockManagerNfsleaseDrvDetach(conf, guest);
    if (guest->resources->len > 0)
        return virLockManagerNfsleaseDrvSuspend(conf, guest, state);
    *state = NULL;
    return 0;
}

static int
virLockManagerNfsleaseDrvInquire(virLockManager *man,
                                 char **state,
                                 unsigned int flags)
{
    const virLockManagerNfsleaseGuest *guest = man->privateData;

    if (virLockDriverCheckFlags("nfslease", flags, 0) < 0)
        return -1;
    /* A guest that is shut off is asked about when its definition is migrated. */
    if (guest->resources->len > 0 && guest->pid != 0)
        return virLockManagerNfsleaseInquire(virLockManagerNfsleaseGlobalConf, guest, state);
    *state = NULL;
    return 0;
}

/* The only symbol that the plugin exports. */
extern __attribute__((visibility("default"))) virLockDriver virLockDriverImpl;

virLockDriver virLockDriverImpl = {
    .version = VIR_LOCK_MANAGER_VERSION,
    .flags = VIR_LOCK_MANAGER_USES_STATE | VIR_LOCK_MANAGER_NEVER_WAITS,

    .drvInit = virLockManagerNfsleaseInit,
    .drvDeinit = virLockManagerNfsleaseDeinit,

    .drvNew = virLockManagerNfsleaseNew,
    .drvFree = virLockManagerNfsleaseFree,

    .drvAddResource = virLockManagerNfsleaseAddResource,

    .drvAcquire = virLockManagerNfsleaseDrvAcquire,
    .drvRelease = virLockManagerNfsleaseDrvRelease,
    .drvInquire = virLockManagerNfsleaseDrvInquire,
};
