/*
 * domain_lock.c: the locks of a whole guest, step by step through its life
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "domain_lock.h"

#include <string.h>
#include <unistd.h>

#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.domain_lock");

/* uuid, name, pid, id, uri */
#define VIR_DOMAIN_LOCK_PARAMS 5

/* A lock manager that knows the guest, but nothing of what it has. */
static virLockManager *
virDomainLockManagerNew(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, unsigned int flags)
{
    virLockManagerParam params[VIR_DOMAIN_LOCK_PARAMS] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.str = guest->def->name },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = (unsigned int) guest->pid },
    };
    size_t nparams = 3;

    memcpy(params[0].value.uuid, guest->def->uuid, VIR_UUID_BUFLEN);
    if (guest->def->id >= 0)
        params[nparams++] = (virLockManagerParam) { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "id",
                                                    .value.ui = (unsigned int) guest->def->id };
    if (guest->uri)
        params[nparams++] = (virLockManagerParam) { .type = VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, .key = "uri",
                                                    .value.cstr = guest->uri };
    return virLockManagerNew(plugin, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, nparams, params, flags);
}

static int
virDomainLockManagerAddLease(virLockManager *lock, const virDomainLeaseDef *lease)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "path", .value.str = lease->path },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_ULONG, .key = "offset", .value.ul = lease->offset },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "lockspace", .value.str = lease->lockspace },
    };
    size_t nparams = lease->lockspace ? G_N_ELEMENTS(params) : G_N_ELEMENTS(params) - 1;

    return virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE, lease->key, nparams, params, 0);
}

static gboolean
virDomainLockSourceHasPath(const virStorageSource *src)
{
    return src && !virStorageSourceIsEmpty(src) && virStorageSourceIsLocalStorage(src);
}

static int
virDomainLockManagerAddImage(virLockManager *lock, const virStorageSource *src)
{
    unsigned int flags = 0;

    if (!virDomainLockSourceHasPath(src)) {
        VIR_DEBUG("lock=%p: a disk has no path of this host", (void *) lock);
        return 0;
    }
    if (src->readonly)
        flags |= VIR_LOCK_MANAGER_RESOURCE_READONLY;
    if (src->shared)
        flags |= VIR_LOCK_MANAGER_RESOURCE_SHARED;
    return virLockManagerAddResource(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, src->path, 0, NULL, flags);
}

static int
virDomainLockManagerAddAll(virLockManager *lock, const virDomainDef *def)
{
    size_t i;

    for (i = 0; i < def->nleases; i++) {
        if (virDomainLockManagerAddLease(lock, def->leases[i]) < 0)
            return -1;
    }
    for (i = 0; i < def->ndisks; i++) {
        if (virDomainLockManagerAddImage(lock, def->disks[i]->src) < 0 ||
            virDomainLockManagerAddImage(lock, def->disks[i]->mirror) < 0)
            return -1;
    }
    return 0;
}

/* A lock manager that knows the guest and all that it has. */
static virLockManager *
virDomainLockManagerNewFull(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, unsigned int flags)
{
    g_autoptr(virLockManager) lock = virDomainLockManagerNew(plugin, guest, flags);

    if (!lock || virDomainLockManagerAddAll(lock, guest->def) < 0)
        return NULL;
    return g_steal_pointer(&lock);
}

int
virDomainLockProcessStart(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, gboolean paused, int *fd)
{
    unsigned int flags = VIR_LOCK_MANAGER_ACQUIRE_RESTRICT;
    g_autoptr(virLockManager) lock = NULL;

    VIR_DEBUG("guest '%s', process %lld, paused %d", guest->def->name, (long long) guest->pid, paused);
    if (guest->pid != getpid()) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("the locks of guest '%1$s' have to be taken by the process that it will be"), guest->def->name);
        return -1;
    }
    if (!(lock = virDomainLockManagerNewFull(plugin, guest, VIR_LOCK_MANAGER_NEW_STARTED)))
        return -1;
    if (paused)
        flags |= VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY;
    return virLockManagerAcquire(lock, NULL, flags, guest->def->onLockFailure, fd);
}

int
virDomainLockProcessPause(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, char **state)
{
    g_autoptr(virLockManager) lock = virDomainLockManagerNewFull(plugin, guest, 0);

    *state = NULL;
    return lock ? virLockManagerRelease(lock, state, 0) : -1;
}

int
virDomainLockProcessResume(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const char *state)
{
    g_autoptr(virLockManager) lock = virDomainLockManagerNewFull(plugin, guest, 0);

    return lock ? virLockManagerAcquire(lock, state, 0, guest->def->onLockFailure, NULL) : -1;
}

int
virDomainLockProcessInquire(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, char **state)
{
    g_autoptr(virLockManager) lock = virDomainLockManagerNewFull(plugin, guest, 0);

    return lock ? virLockManagerInquire(lock, state, 0) : -1;
}

/* Ends a step that is about one image or one lease: @lock has it, or is NULL. */
static int
virDomainLockAttachOne(virLockManager *lock, int added, const virDomainLockGuest *guest)
{
    if (!lock || added < 0)
        return -1;
    return virLockManagerAcquire(lock, NULL, 0, guest->def->onLockFailure, NULL);
}

static int
virDomainLockDetachOne(virLockManager *lock, int added)
{
    if (!lock || added < 0)
        return -1;
    return virLockManagerRelease(lock, NULL, 0);
}

int
virDomainLockImageAttach(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const virStorageSource *src)
{
    g_autoptr(virLockManager) lock = NULL;

    if (!virDomainLockSourceHasPath(src))
        return 0;
    lock = virDomainLockManagerNew(plugin, guest, 0);
    return virDomainLockAttachOne(lock, lock ? virDomainLockManagerAddImage(lock, src) : -1, guest);
}

int
virDomainLockImageDetach(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const virStorageSource *src)
{
    g_autoptr(virLockManager) lock = NULL;

    if (!virDomainLockSourceHasPath(src))
        return 0;
    lock = virDomainLockManagerNew(plugin, guest, 0);
    return virDomainLockDetachOne(lock, lock ? virDomainLockManagerAddImage(lock, src) : -1);
}

int
virDomainLockLeaseAttach(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const virDomainLeaseDef *lease)
{
    g_autoptr(virLockManager) lock = virDomainLockManagerNew(plugin, guest, 0);

    return virDomainLockAttachOne(lock, lock ? virDomainLockManagerAddLease(lock, lease) : -1, guest);
}

int
virDomainLockLeaseDetach(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const virDomainLeaseDef *lease)
{
    g_autoptr(virLockManager) lock = virDomainLockManagerNew(plugin, guest, 0);

    return virDomainLockDetachOne(lock, lock ? virDomainLockManagerAddLease(lock, lease) : -1);
}
