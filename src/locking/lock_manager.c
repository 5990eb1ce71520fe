/*
 * lock_manager.c: locks for one guest, by whatever lock driver
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_manager.h"

#include <string.h>

#include "lock_manager_error.h"
#include "lock_manager_param.h"
#include "lock_manager_pluginpriv.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_manager");

/* Between two attempts; doubled each time. */
#define VIR_LOCK_MANAGER_WAIT_FIRST_MS 20
#define VIR_LOCK_MANAGER_WAIT_LAST_MS 500

#define VIR_LOCK_MANAGER_ACQUIRE_FLAGS \
    (VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY | VIR_LOCK_MANAGER_ACQUIRE_RESTRICT | \
     VIR_LOCK_MANAGER_ACQUIRE_FORCE | VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK)

/* What the driver sees of it is its beginning. */
typedef struct _virLockManagerOwned virLockManagerOwned;
struct _virLockManagerOwned {
    virLockManager man;
    virLockManagerPlugin *plugin;
};

static const char *const virLockManagerModes[] = { "exclusive", "shared", "none" };
G_STATIC_ASSERT(G_N_ELEMENTS(virLockManagerModes) == VIR_LOCK_MANAGER_MODE_LAST);

static const virLockManagerPlugin *
virLockManagerGetPlugin(const virLockManager *lock)
{
    return ((const virLockManagerOwned *) lock)->plugin;
}

static const char *
virLockManagerGetName(const virLockManager *lock)
{
    return virLockManagerPluginGetName(virLockManagerGetPlugin(lock));
}

static void
virLockManagerPrepare(const virLockManager *lock)
{
    virLockManagerErrorPrepare(virLockManagerPluginGetHandle(virLockManagerGetPlugin(lock)));
}

/* Passes @result of the @callback on, with an error if it failed. */
static int
virLockManagerDone(const virLockManager *lock, const char *callback, int result)
{
    VIR_DEBUG("lock=%p %s: %d", (const void *) lock, callback, result);
    if (result >= 0)
        return 0;
    virLockManagerErrorEnsure(virLockManagerPluginGetHandle(virLockManagerGetPlugin(lock)),
                              virLockManagerGetName(lock), callback);
    return -1;
}

virLockManagerMode
virLockManagerModeForDisk(gboolean readonly, gboolean shareable)
{
    return readonly || shareable ? VIR_LOCK_MANAGER_MODE_SHARED : VIR_LOCK_MANAGER_MODE_EXCLUSIVE;
}

const char *
virLockManagerModeToString(virLockManagerMode mode)
{
    g_assert(mode < VIR_LOCK_MANAGER_MODE_LAST);
    return virLockManagerModes[mode];
}

virLockManager *
virLockManagerNew(virLockManagerPlugin *plugin,
                  unsigned int type,
                  size_t nparams,
                  virLockManagerParam *params,
                  unsigned int flags)
{
    virLockManagerOwned *owned;

    VIR_DEBUG("plugin=%s type=%u nparams=%zu flags=0x%x",
              virLockManagerPluginGetName(plugin), type, nparams, flags);
    if (type != VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN || (flags & ~(unsigned int) VIR_LOCK_MANAGER_NEW_STARTED)) {
        virReportError(VIR_ERR_INVALID_ARG, _("there are no locks for an owner of type %1$u with the flags 0x%2$x"),
                       type, flags);
        return NULL;
    }
    if (virLockManagerParamsCheck(VIR_LOCK_MANAGER_PARAM_OF_OBJECT, nparams, params) < 0)
        return NULL;
    virLockManagerParamsLog(nparams, params);

    owned = g_new0(virLockManagerOwned, 1);
    owned->plugin = virLockManagerPluginRef(plugin);
    owned->man.driver = virLockManagerPluginGetDriver(plugin);
    virLockManagerPrepare(&owned->man);
    if (virLockManagerDone(&owned->man, "drvNew",
                           owned->man.driver->drvNew(&owned->man, type, nparams, params, flags)) < 0) {
        virLockManagerPluginUnref(owned->plugin);
        g_free(owned);
        return NULL;
    }
    return &owned->man;
}

void
virLockManagerFree(virLockManager *lock)
{
    virLockManagerOwned *owned = (virLockManagerOwned *) lock;

    if (!lock)
        return;
    VIR_DEBUG("lock=%p", (void *) lock);
    lock->driver->drvFree(lock);
    virLockManagerPluginUnref(owned->plugin);
    g_free(owned);
}

static int
virLockManagerCheckResource(unsigned int type,
                            const char *name,
                            size_t nparams,
                            const virLockManagerParam *params,
                            unsigned int flags)
{
    size_t len = strlen(name);

    if (len == 0 || len > VIR_LOCK_MANAGER_NAME_MAX) {
        virReportError(VIR_ERR_INVALID_ARG, _("the name of what is to be locked has 1 to %1$d bytes, not %2$zu"),
                       VIR_LOCK_MANAGER_NAME_MAX, len);
        return -1;
    }
    if (type > VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE ||
        (flags & ~(unsigned int) (VIR_LOCK_MANAGER_RESOURCE_READONLY | VIR_LOCK_MANAGER_RESOURCE_SHARED))) {
        virReportError(VIR_ERR_INVALID_ARG, _("'%1$s' cannot be locked: its type is %2$u, with the flags 0x%3$x"),
                       name, type, flags);
        return -1;
    }
    return virLockManagerParamsCheck(type == VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE
                                     ? VIR_LOCK_MANAGER_PARAM_OF_LEASE
                                     : VIR_LOCK_MANAGER_PARAM_OF_DISK,
                                     nparams, params);
}

int
virLockManagerAddResource(virLockManager *lock,
                          unsigned int type,
                          const char *name,
                          size_t nparams,
                          virLockManagerParam *params,
                          unsigned int flags)
{
    VIR_DEBUG("lock=%p type=%u name=%s nparams=%zu flags=0x%x", (void *) lock, type, name, nparams, flags);
    if (virLockManagerCheckResource(type, name, nparams, params, flags) < 0)
        return -1;
    virLockManagerParamsLog(nparams, params);
    virLockManagerPrepare(lock);
    return virLockManagerDone(lock, "drvAddResource",
                              lock->driver->drvAddResource(lock, type, name, nparams, params, flags));
}

int
virLockManagerAddResourceMode(virLockManager *lock,
                              unsigned int type,
                              const char *name,
                              size_t nparams,
                              virLockManagerParam *params,
                              virLockManagerMode mode)
{
    VIR_DEBUG("lock=%p name=%s mode=%s", (void *) lock, name, virLockManagerModeToString(mode));
    if (mode == VIR_LOCK_MANAGER_MODE_NONE)
        return virLockManagerCheckResource(type, name, nparams, params, 0);
    return virLockManagerAddResource(lock, type, name, nparams, params,
                                     mode == VIR_LOCK_MANAGER_MODE_SHARED ? VIR_LOCK_MANAGER_RESOURCE_SHARED : 0);
}

gboolean
virLockManagerCanAcquire(const virLockManager *lock, unsigned int flags)
{
    unsigned int driver = lock->driver->flags;

    return !((flags & VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK) && !(driver & VIR_LOCK_MANAGER_NEVER_WAITS)) &&
           !((flags & VIR_LOCK_MANAGER_ACQUIRE_FORCE) && !(driver & VIR_LOCK_MANAGER_CAN_FORCE));
}

static int
virLockManagerCheckAcquire(const virLockManager *lock,
                           const char *state,
                           unsigned int flags,
                           virDomainLockFailureAction action)
{
    if ((flags & ~VIR_LOCK_MANAGER_ACQUIRE_FLAGS) || action >= VIR_DOMAIN_LOCK_FAILURE_LAST) {
        virReportError(VIR_ERR_INVALID_ARG, _("locks cannot be acquired with the flags 0x%1$x and the action %2$d"),
                       flags, action);
        return -1;
    }
    if (state && strlen(state) > VIR_LOCK_MANAGER_STATE_MAX) {
        virReportError(VIR_ERR_INVALID_ARG, _("the state of locks has %1$d bytes at most"),
                       VIR_LOCK_MANAGER_STATE_MAX);
        return -1;
    }
    if (virLockManagerCanAcquire(lock, flags))
        return 0;
    virReportError(VIR_ERR_OPERATION_UNSUPPORTED,
                   flags & VIR_LOCK_MANAGER_ACQUIRE_FORCE
                   ? _("the lock driver '%1$s' cannot take a lock away from who has it")
                   : _("the lock driver '%1$s' cannot be kept from waiting for a lock"),
                   virLockManagerGetName(lock));
    return -1;
}

int
virLockManagerAcquire(virLockManager *lock,
                      const char *state,
                      unsigned int flags,
                      virDomainLockFailureAction action,
                      int *fd)
{
    VIR_DEBUG("lock=%p state=%s flags=0x%x action=%d", (void *) lock, state ? state : "-", flags, action);
    if (virLockManagerCheckAcquire(lock, state, flags, action) < 0)
        return -1;
    if (fd)
        *fd = -1;
    virLockManagerPrepare(lock);
    return virLockManagerDone(lock, "drvAcquire",
                              lock->driver->drvAcquire(lock, state, flags & ~VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK,
                                                       action, fd));
}

int
virLockManagerAcquireWait(virLockManager *lock,
                          const char *state,
                          unsigned int flags,
                          virDomainLockFailureAction action,
                          int *fd,
                          unsigned int timeoutMs)
{
    gint64 end = g_get_monotonic_time() + (gint64) timeoutMs * 1000;
    gint64 pause = VIR_LOCK_MANAGER_WAIT_FIRST_MS * 1000;

    for (;;) {
        gint64 left;

        if (virLockManagerAcquire(lock, state, flags | VIR_LOCK_MANAGER_ACQUIRE_NONBLOCK, action, fd) == 0)
            return 0;
        left = end - g_get_monotonic_time();
        if (virGetLastErrorCode() != VIR_ERR_RESOURCE_BUSY || left <= 0)
            return -1;
        g_usleep((gulong) MIN(pause, left));
        pause = MIN(pause * 2, VIR_LOCK_MANAGER_WAIT_LAST_MS * 1000);
    }
}

int
virLockManagerRelease(virLockManager *lock, char **state, unsigned int flags)
{
    char *given = NULL;
    int result;

    VIR_DEBUG("lock=%p state=%s flags=0x%x", (void *) lock, state ? "wanted" : "-", flags);
    virLockManagerPrepare(lock);
    result = virLockManagerDone(lock, "drvRelease",
                                lock->driver->drvRelease(lock, state ? &given : NULL, flags));
    /* A driver may give one also when it fails: the next Acquire needs it. */
    if (state)
        *state = given;
    return result;
}

int
virLockManagerInquire(virLockManager *lock, char **state, unsigned int flags)
{
    char *given = NULL;

    VIR_DEBUG("lock=%p flags=0x%x", (void *) lock, flags);
    virLockManagerPrepare(lock);
    if (virLockManagerDone(lock, "drvInquire", lock->driver->drvInquire(lock, &given, flags)) < 0) {
        g_free(given);
        return -1;
    }
    *state = given;
    return 0;
}
