/*
 * lock_driver.h: what libvirt and a lock driver plugin expect of each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * ABI 1.0.0, as every libvirt from 9.0 to the newest known has it; libvirt
 * does not install a header for it. A plugin is LIBDIR/libvirt/lock-driver/
 * NAME.so, opened with RTLD_NOW | RTLD_LOCAL, and exports one object:
 *
 *     virLockDriver virLockDriverImpl = { .version = VIR_LOCK_MANAGER_VERSION, ... };
 *
 * No member of it may be NULL. The order of the calls, with "new" standing for
 * drvNew and then drvAddResource for every lease and every disk that has a
 * path (file, block and dir; network disks are never offered), and with
 * drvFree at the end of each line:
 *
 *     libvirtd starts     drvInit, once for each libvirt driver that uses the
 *                         plugin, and possibly more than once for one of them
 *
 *                         child (forked, to become QEMU)    libvirtd
 *     guest starts        new(STARTED)
 *                         drvAcquire(REGISTER_ONLY|RESTRICT)
 *                         exec QEMU, opens the images
 *       its CPUs start                                      new, drvAcquire(no state)
 *     pause, I/O error                                      new, drvRelease(&state), often twice;
 *                                                           the state of the last call is kept
 *     resume                                                new, drvAcquire(state)
 *     migration, source                                     new, drvInquire(&state): goes to the
 *                                                             other host while the guest runs
 *                                                           new, drvRelease(&state), often twice
 *                destination  as a start, up to exec
 *                                                           new, drvAcquire(the source's state)
 *                source, if it failed                       new, drvAcquire(its own state)
 *     a disk is attached                                    drvNew, drvAddResource of it alone,
 *                                                           drvAcquire(no state); then QEMU opens it
 *       that fails, or it is detached                       drvNew, drvAddResource of it alone,
 *                                                           drvRelease(NULL)
 *     QEMU exits          no call: the lock manager has to notice that by itself
 *     libvirtd restarts   drvInit; no call for the guests that run
 *
 * libvirt keeps the state of a guest that has ended, and passes it to the
 * drvAcquire of its next start. No call tells a guest that boots from one that
 * goes on (a migration's destination, a saved guest): only the latter's process
 * has "-incoming" among its arguments, after exec. virtleased relies on that and
 * takes no notice of the state of one that boots. A driver without a state, as
 * lockd, need not know.
 *
 * What holds for every callback:
 *
 * - libvirtd calls from many threads at once, but uses one virLockManager in
 *   one thread only, and holds the guest's job meanwhile: a callback that
 *   blocks holds up that guest and everything that asks about it.
 * - The child has one thread, copied from a process that had many, whose
 *   locks may be held for ever by threads that are gone: no threads, no main
 *   loop, no waiting for another thread, and descriptors with O_CLOEXEC.
 * - Everything passed in belongs to the caller and is good until the callback
 *   returns. What is to be kept has to be copied.
 * - Failure is -1, after an error was reported with libvirt's own
 *   virReportErrorHelper(). An error in the child reaches the user wrapped
 *   into another one, with the code VIR_ERR_INTERNAL_ERROR.
 */
#pragma once

#include <stddef.h>

#include <glib.h>

#include "domain_conf.h"      /* virDomainLockFailureAction */

#define VIR_LOCK_MANAGER_VERSION_MAJOR 1    /* another one: not compatible */
#define VIR_LOCK_MANAGER_VERSION_MINOR 0    /* grows with the callbacks */
#define VIR_LOCK_MANAGER_VERSION_MICRO 0    /* grows with the flags */

#define VIR_LOCK_MANAGER_VERSION \
    (VIR_LOCK_MANAGER_VERSION_MAJOR * 1000 * 1000 + \
     VIR_LOCK_MANAGER_VERSION_MINOR * 1000 + \
     VIR_LOCK_MANAGER_VERSION_MICRO)

/* The name of the symbol that a plugin exports. */
#define VIR_LOCK_DRIVER_SYMBOL "virLockDriverImpl"

/* Like libvirt's virReportErrorHelper(), for programs that load plugins with
 * the lock manager of this project. */
#define VIR_LOCK_MANAGER_REPORTER "virLockManagerReportError"

typedef struct _virLockManager virLockManager;
typedef struct _virLockDriver virLockDriver;
typedef struct _virLockManagerParam virLockManagerParam;

/* virLockDriver.flags */
typedef enum {
    /* libvirt is to keep the state that drvRelease and drvInquire give, pass
     * it to the next drvAcquire and carry it along in a migration */
    VIR_LOCK_MANAGER_USES_STATE = (1 << 0),

    /* What follows is for the lock manager of this project; libvirt does not
     * look at it. drvAcquire refuses at once what somebody else has, unless
     * that one is to hand it over, which a state says: */
    VIR_LOCK_MANAGER_NEVER_WAITS = (1 << 16),
    /* drvAcquire knows VIR_LOCK_MANAGER_ACQUIRE_FORCE */
    VIR_LOCK_MANAGER_CAN_FORCE = (1 << 17),
} virLockManagerFlags;

/* drvNew's type */
typedef enum {
    VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN = 0,
} virLockManagerObjectType;

/* drvNew's flags */
typedef enum {
    /* the guest is just being started; we are in the process it will be */
    VIR_LOCK_MANAGER_NEW_STARTED = (1 << 0),
} virLockManagerNewFlags;

/* drvAddResource's type */
typedef enum {
    VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK = 0,    /* name: absolute path of the image */
    VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE = 1,   /* name: key of a <lease> element */
} virLockManagerResourceType;

/* drvAddResource's flags; none: written to, by this guest alone */
typedef enum {
    VIR_LOCK_MANAGER_RESOURCE_READONLY = (1 << 0),
    VIR_LOCK_MANAGER_RESOURCE_SHARED = (1 << 1),    /* written to by several */
} virLockManagerResourceFlags;

/* drvAcquire's flags */
typedef enum {
    /* the guest's CPUs do not run yet; another drvAcquire comes before they do */
    VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY = (1 << 0),
    /* what this process becomes is not to be heard any more */
    VIR_LOCK_MANAGER_ACQUIRE_RESTRICT = (1 << 1),

    /* From this project's lock manager only, and to a driver that says that
     * it can: whoever is in the way loses its lock. */
    VIR_LOCK_MANAGER_ACQUIRE_FORCE = (1 << 16),
} virLockManagerAcquireFlags;

/* Which member of a parameter's value is meant; what it points to, if
 * anything, belongs to the caller. */
enum {
    VIR_LOCK_MANAGER_PARAM_TYPE_STRING,     /* str */
    VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING,    /* cstr */
    VIR_LOCK_MANAGER_PARAM_TYPE_INT,        /* iv */
    VIR_LOCK_MANAGER_PARAM_TYPE_LONG,       /* l */
    VIR_LOCK_MANAGER_PARAM_TYPE_UINT,       /* ui */
    VIR_LOCK_MANAGER_PARAM_TYPE_ULONG,      /* ul */
    VIR_LOCK_MANAGER_PARAM_TYPE_DOUBLE,     /* d */
    VIR_LOCK_MANAGER_PARAM_TYPE_UUID,       /* uuid */
};

struct _virLockManagerParam {
    int type;
    const char *key;
    union {
        int iv;
        long long l;
        unsigned int ui;
        unsigned long long ul;
        double d;
        char *str;
        const char *cstr;
        unsigned char uuid[16];
    } value;
};

/**
 * virLockDriverInit:
 * @version: newest ABI that libvirt knows: VIR_LOCK_MANAGER_VERSION
 * @configFile: absolute path of /etc/libvirt/<libvirt driver>-<plugin>.conf;
 *              the file need not exist
 * @flags: none are defined
 *
 * Called in libvirtd while it starts, one call at a time and before any other
 * callback, but repeatedly. libvirtd is not usable before it returns.
 *
 * Returns 0, or -1 to refuse: libvirt's driver then does not come up.
 */
typedef int (*virLockDriverInit)(unsigned int version,
                                 const char *configFile,
                                 unsigned int flags);

/**
 * virLockDriverDeinit:
 *
 * Called in libvirtd when the last user of what one drvInit gave is gone, with
 * no virLockManager left.
 *
 * Returns 0 if the plugin may be unloaded from memory, or -1 if not.
 */
typedef int (*virLockDriverDeinit)(void);

/**
 * virLockDriverNew:
 * @man: a new lock manager; only its driver is set
 * @type: a virLockManagerObjectType
 * @nparams: how many @params there are
 * @params: about the guest; further ones may come with newer libvirt:
 *          "uuid" (UUID), "name" (STRING), "id" (UINT),
 *          "pid" (UINT: of QEMU; in the child that is itself; 0 if none),
 *          "uri" (CSTRING: of the libvirt driver; not with every call)
 * @flags: of virLockManagerNewFlags
 *
 * Sets @man->privateData. Called in the child or in libvirtd; to be quick. It
 * says nothing about what is to happen to the guest: that is left to the
 * callbacks that follow, and there may be none but drvFree.
 *
 * Returns 0, or -1: @man is then thrown away without a call of drvFree.
 */
typedef int (*virLockDriverNew)(virLockManager *man,
                                unsigned int type,
                                size_t nparams,
                                virLockManagerParam *params,
                                unsigned int flags);

/**
 * virLockDriverFree:
 * @man: a lock manager
 *
 * Frees @man->privateData, not @man. Releases no lock. Must not fail.
 */
typedef void (*virLockDriverFree)(virLockManager *man);

/**
 * virLockDriverAddResource:
 * @man: a lock manager
 * @type: a virLockManagerResourceType
 * @name: depends on @type
 * @nparams: how many @params there are
 * @params: for a lease "path" (STRING), "offset" (ULONG) and, unless the
 *          element has none, "lockspace" (STRING); for a disk there are none
 * @flags: of virLockManagerResourceFlags
 *
 * Says what the next callback is about; locks nothing. To be quick.
 *
 * Returns 0, or -1: nothing but drvFree follows.
 */
typedef int (*virLockDriverAddResource)(virLockManager *man,
                                        unsigned int type,
                                        const char *name,
                                        size_t nparams,
                                        virLockManagerParam *params,
                                        unsigned int flags);

/**
 * virLockDriverAcquire:
 * @man: a lock manager to which all resources were added
 * @state: what drvRelease or drvInquire gave last for this guest, here or on
 *         the host it comes from; NULL if there is none
 * @flags: of virLockManagerAcquireFlags
 * @action: what is to happen if the lock is lost later
 * @fd: NULL, or -1 in it; a descriptor put there stays open in the child
 *      across exec and gets the guest's security label
 *
 * Called in the child (with REGISTER_ONLY) or in libvirtd. Locks all resources
 * or none. May wait for the lock, but only as long as an administrator is
 * willing to.
 *
 * Returns 0, or -1: the guest is not started, not resumed, or does not get the
 * disk.
 */
typedef int (*virLockDriverAcquire)(virLockManager *man,
                                    const char *state,
                                    unsigned int flags,
                                    virDomainLockFailureAction action,
                                    int *fd);

/**
 * virLockDriverRelease:
 * @man: a lock manager to which all resources were added, or the one that is
 *       detached
 * @state: where to put what the next drvAcquire shall be given, allocated with
 *         g_malloc() and then libvirt's, or NULL in it if there is nothing to
 *         give; or itself NULL if the resources are given up for good
 * @flags: none are defined
 *
 * Called in libvirtd, when the guest's CPUs are stopped or the disk has been
 * taken out. Repeated for what is released already, where it has to succeed.
 * The state is text: it is kept in libvirt's status XML and travels in the
 * migration's.
 *
 * Returns 0, or -1: libvirt only warns of it and goes on.
 */
typedef int (*virLockDriverRelease)(virLockManager *man,
                                    char **state,
                                    unsigned int flags);

/**
 * virLockDriverInquire:
 * @man: a lock manager to which all resources were added
 * @state: as of drvRelease, never NULL
 * @flags: none are defined
 *
 * Called in libvirtd as a migration begins. The guest runs on and its locks
 * stay; what is given must still be good after drvRelease.
 *
 * Returns 0, or -1: the migration fails.
 */
typedef int (*virLockDriverInquire)(virLockManager *man,
                                    char **state,
                                    unsigned int flags);

/* Allocated and freed by libvirt. */
struct _virLockManager {
    virLockDriver *driver;
    void *privateData;      /* the plugin's */
};

struct _virLockDriver {
    unsigned int version;   /* newest ABI that the plugin knows */
    unsigned int flags;     /* of virLockManagerFlags */

    virLockDriverInit drvInit;
    virLockDriverDeinit drvDeinit;

    virLockDriverNew drvNew;
    virLockDriverFree drvFree;

    virLockDriverAddResource drvAddResource;

    virLockDriverAcquire drvAcquire;
    virLockDriverRelease drvRelease;
    virLockDriverInquire drvInquire;
};

G_STATIC_ASSERT(VIR_LOCK_MANAGER_VERSION == 1000000);
G_STATIC_ASSERT(VIR_DOMAIN_LOCK_FAILURE_LAST == 5);
G_STATIC_ASSERT(VIR_LOCK_MANAGER_PARAM_TYPE_UUID == 7);
G_STATIC_ASSERT(sizeof(virDomainLockFailureAction) == sizeof(int));

#ifdef __LP64__
G_STATIC_ASSERT(sizeof(virLockManagerParam) == 32);
G_STATIC_ASSERT(offsetof(virLockManagerParam, type) == 0);
G_STATIC_ASSERT(offsetof(virLockManagerParam, key) == 8);
G_STATIC_ASSERT(offsetof(virLockManagerParam, value) == 16);

G_STATIC_ASSERT(sizeof(virLockManager) == 16);
G_STATIC_ASSERT(offsetof(virLockManager, driver) == 0);
G_STATIC_ASSERT(offsetof(virLockManager, privateData) == 8);

G_STATIC_ASSERT(sizeof(virLockDriver) == 72);
G_STATIC_ASSERT(offsetof(virLockDriver, version) == 0);
G_STATIC_ASSERT(offsetof(virLockDriver, flags) == 4);
G_STATIC_ASSERT(offsetof(virLockDriver, drvInit) == 8);
G_STATIC_ASSERT(offsetof(virLockDriver, drvDeinit) == 16);
G_STATIC_ASSERT(offsetof(virLockDriver, drvNew) == 24);
G_STATIC_ASSERT(offsetof(virLockDriver, drvFree) == 32);
G_STATIC_ASSERT(offsetof(virLockDriver, drvAddResource) == 40);
G_STATIC_ASSERT(offsetof(virLockDriver, drvAcquire) == 48);
G_STATIC_ASSERT(offsetof(virLockDriver, drvRelease) == 56);
G_STATIC_ASSERT(offsetof(virLockDriver, drvInquire) == 64);
#endif
