/*
 * lock_driver_lockd.c: libvirt lock driver that has virtlockd hold its locks
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * lock_driver.h says when each of the callbacks comes, and what it may do. What
 * is locked, and by what name, is what libvirt's own lockd.so locks: hosts with
 * either keep each other out.
 */
#include <config.h>

#include "lock_driver.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lock_driver_args.h"
#include "lock_driver_error.h"
#include "lock_driver_lockd_call.h"
#include "lock_driver_lockd_conf.h"
#include "lock_protocol.h"
#include "virerror.h"
#include "virlockresourceblock.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_driver_lockd");

#define VIR_LOCK_MANAGER_LOCK_DAEMON_SYSFS "/sys"
#define VIR_LOCK_MANAGER_LOCK_DAEMON_LVM_ID 32  /* characters, of a volume and of a group */

/* All that outlives a call. Set by drvInit, which comes before any other
 * callback, and not changed until the last drvDeinit. */
static virLockManagerLockDaemonConf *virLockManagerLockDaemonGlobalConf;
static char *virLockManagerLockDaemonGlobalConfPath;
static unsigned int virLockManagerLockDaemonUsers;

static int
virLockManagerLockDaemonStart(const char *configFile)
{
    g_autoptr(virLockManagerLockDaemonConf) conf = virLockManagerLockDaemonConfNew(configFile);

    if (!conf || (conf->autoDiskLeases && virLockManagerLockDaemonSetup(conf) < 0))
        return -1;
    virLockManagerLockDaemonGlobalConf = g_steal_pointer(&conf);
    virLockManagerLockDaemonGlobalConfPath = g_strdup(configFile);
    return 0;
}

/* libvirtd calls it twice for one driver. */
static int
virLockManagerLockDaemonInit(unsigned int version, const char *configFile, unsigned int flags)
{
    virGettextBind();
    virLockDriverErrorFindReporter();
    if (virLockDriverCheckFlags("lockd", flags, 0) < 0 ||
        virLockDriverCheckVersion("lockd", version) < 0 ||
        (virLockManagerLockDaemonUsers == 0 && virLockManagerLockDaemonStart(configFile) < 0))
        return -1;
    if (!g_str_equal(configFile, virLockManagerLockDaemonGlobalConfPath))
        VIR_WARN("ignoring '%s': the settings of '%s' hold for all drivers of this process",
                 configFile, virLockManagerLockDaemonGlobalConfPath);
    virLockManagerLockDaemonUsers++;
    return 0;
}

static int
virLockManagerLockDaemonDeinit(void)
{
    if (virLockManagerLockDaemonUsers == 0 || --virLockManagerLockDaemonUsers > 0)
        return 0;
    g_clear_pointer(&virLockManagerLockDaemonGlobalConf, virLockManagerLockDaemonConfFree);
    g_clear_pointer(&virLockManagerLockDaemonGlobalConfPath, g_free);
    return 0;
}

/* ---- the guest ---- */

static void
virLockManagerLockDaemonResourceFree(void *opaque)
{
    virLockManagerLockDaemonResource *resource = opaque;

    g_free(resource->lockspace);
    g_free(resource->name);
    g_free(resource);
}

static void
virLockManagerLockDaemonGuestFree(virLockManagerLockDaemonGuest *guest)
{
    if (!guest)
        return;
    g_free(guest->name);
    g_ptr_array_unref(guest->resources);
    g_free(guest);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerLockDaemonGuest, virLockManagerLockDaemonGuestFree);

/* Parameters that are not known here may come with a newer libvirt. */
static void
virLockManagerLockDaemonTakeParam(virLockManagerLockDaemonGuest *guest, const virLockManagerParam *param)
{
    if (g_str_equal(param->key, "uuid"))
        memcpy(guest->uuid, param->value.uuid, VIR_UUID_BUFLEN);
    else if (g_str_equal(param->key, "name") && !guest->name)
        guest->name = g_strdup(param->value.str);
    else if (g_str_equal(param->key, "id"))
        guest->id = param->value.iv;
    else if (g_str_equal(param->key, "pid"))
        guest->pid = param->value.iv;
}

static int
virLockManagerLockDaemonNew(virLockManager *man,
                            unsigned int type,
                            size_t nparams,
                            virLockManagerParam *params,
                            unsigned int flags)
{
    g_autoptr(virLockManagerLockDaemonGuest) guest = g_new0(virLockManagerLockDaemonGuest, 1);

    guest->resources = g_ptr_array_new_with_free_func(virLockManagerLockDaemonResourceFree);
    if (virLockDriverCheckFlags("lockd", flags, VIR_LOCK_MANAGER_NEW_STARTED) < 0)
        return -1;
    for (size_t i = 0; i < nparams; i++)
        virLockManagerLockDaemonTakeParam(guest, &params[i]);
    if (!virLockManagerLockDaemonGlobalConf || type != VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN || !guest->name) {
        virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                       _("lockd is not initialized, or asked to lock for something that is no guest with a name"));
        return -1;
    }
    if (guest->pid == 0 && (flags & VIR_LOCK_MANAGER_NEW_STARTED))
        guest->pid = getpid();
    man->privateData = g_steal_pointer(&guest);
    return 0;
}

static void
virLockManagerLockDaemonFree(virLockManager *man)
{
    virLockManagerLockDaemonGuestFree(man->privateData);
    man->privateData = NULL;
}

/* ---- what is locked ---- */

/* Takes @name over. */
static void
virLockManagerLockDaemonAdd(virLockManagerLockDaemonGuest *guest,
                            const char *lockspace,
                            char *name,
                            unsigned int flags,
                            gboolean make)
{
    virLockManagerLockDaemonResource *resource = g_new0(virLockManagerLockDaemonResource, 1);

    resource->lockspace = g_strdup(lockspace);
    resource->name = name;
    resource->make = make;
    if (flags & VIR_LOCK_MANAGER_RESOURCE_SHARED)
        resource->flags |= VIR_LOCK_SPACE_PROTOCOL_ACQUIRE_RESOURCE_SHARED;
    if (*lockspace)
        resource->flags |= VIR_LOCK_SPACE_PROTOCOL_ACQUIRE_RESOURCE_AUTOCREATE;
    g_ptr_array_add(guest->resources, resource);
}

/* As the tools of LVM print the UUID of the volume with the number @id. */
static char *
virLockManagerLockDaemonFormatLVM(const char *id)
{
    static const int parts[] = { 6, 4, 4, 4, 4, 4, 6 };
    GString *text;

    if (strlen(id) != 2 * VIR_LOCK_MANAGER_LOCK_DAEMON_LVM_ID)
        return NULL;
    id += VIR_LOCK_MANAGER_LOCK_DAEMON_LVM_ID;      /* that of the group */
    text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_string_append_printf(text, "%s%.*s", i ? "-" : "", parts[i], id);
        id += parts[i];
    }
    return g_string_free(text, FALSE);
}

/* As scsi_id prints the identity of a disk: the number of its kind, then it. */
static char *
virLockManagerLockDaemonFormatSCSI(const char *wwid)
{
    if (strstr(wwid, "-part"))
        return NULL;
    if (g_str_has_prefix(wwid, "naa."))
        return g_strconcat("3", wwid + strlen("naa."), NULL);
    if (g_str_has_prefix(wwid, "eui."))
        return g_strconcat("2", wwid + strlen("eui."), NULL);
    return NULL;
}

/* Adds the block device @path by an identity of its own, where that is wanted
 * and it has one. Returns whether it did. */
static gboolean
virLockManagerLockDaemonAddDevice(virLockManagerLockDaemonGuest *guest,
                                  const virLockManagerLockDaemonConf *conf,
                                  const char *path,
                                  unsigned int flags)
{
    g_autofree char *name = NULL;
    const char *lockspace = NULL;
    char *key = NULL;
    struct stat st;

    if ((!conf->lvmLockSpaceDir && !conf->scsiLockSpaceDir) || stat(path, &st) < 0 || !S_ISBLK(st.st_mode) ||
        !(name = virLockResourceBlockName(VIR_LOCK_MANAGER_LOCK_DAEMON_SYSFS, major(st.st_rdev), minor(st.st_rdev))))
        return FALSE;
    if (g_str_has_prefix(name, "lvm:") && (lockspace = conf->lvmLockSpaceDir))
        key = virLockManagerLockDaemonFormatLVM(name + strlen("lvm:"));
    else if (g_str_has_prefix(name, "wwid:") && (lockspace = conf->scsiLockSpaceDir))
        key = virLockManagerLockDaemonFormatSCSI(name + strlen("wwid:"));
    if (!key)
        return FALSE;
    virLockManagerLockDaemonAdd(guest, lockspace, key, flags, FALSE);
    return TRUE;
}

static void
virLockManagerLockDaemonAddDisk(virLockManagerLockDaemonGuest *guest,
                                const virLockManagerLockDaemonConf *conf,
                                const char *path,
                                unsigned int flags)
{
    /* Whoever only reads is not in anybody's way, says libvirt's lockd.so. */
    if (flags & VIR_LOCK_MANAGER_RESOURCE_READONLY)
        return;
    if (!conf->autoDiskLeases)
        guest->hasRWDisks |= !(flags & VIR_LOCK_MANAGER_RESOURCE_SHARED);
    else if (virLockManagerLockDaemonAddDevice(guest, conf, path, flags))
        return;
    else if (conf->fileLockSpaceDir)
        virLockManagerLockDaemonAdd(guest, conf->fileLockSpaceDir,
                                    g_compute_checksum_for_string(G_CHECKSUM_SHA256, path, -1), flags, FALSE);
    else
        virLockManagerLockDaemonAdd(guest, "", g_strdup(path), flags, FALSE);
}

/* A lease is a file in the directory that its path and lockspace name. */
static int
virLockManagerLockDaemonAddLease(virLockManagerLockDaemonGuest *guest,
                                 const char *key,
                                 const virLockManagerParam *params,
                                 size_t nparams,
                                 unsigned int flags)
{
    const char *path = NULL;
    const char *lockspace = NULL;
    unsigned long long offset = 0;
    g_autofree char *dir = NULL;

    for (size_t i = 0; i < nparams; i++) {
        if (g_str_equal(params[i].key, "path"))
            path = params[i].value.str;
        else if (g_str_equal(params[i].key, "lockspace"))
            lockspace = params[i].value.str;
        else if (g_str_equal(params[i].key, "offset"))
            offset = params[i].value.ul;
    }
    if (!path || !lockspace || offset != 0) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("lease '%1$s' of guest '%2$s' needs a lockspace, a path, and no offset, for lockd to lock it"),
                       key, guest->name);
        return -1;
    }
    dir = g_strdup_printf("%s/%s", path, lockspace);
    virLockManagerLockDaemonAdd(guest, dir, g_strdup(key), flags, TRUE);
    return 0;
}

static int
virLockManagerLockDaemonAddResource(virLockManager *man,
                                    unsigned int type,
                                    const char *name,
                                    size_t nparams,
                                    virLockManagerParam *params,
                                    unsigned int flags)
{
    if (virLockDriverCheckFlags("lockd", flags, VIR_LOCK_MANAGER_RESOURCE_READONLY |
                                VIR_LOCK_MANAGER_RESOURCE_SHARED) < 0)
        return -1;
    switch (type) {
    case VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK:
        virLockManagerLockDaemonAddDisk(man->privateData, virLockManagerLockDaemonGlobalConf, name, flags);
        return 0;
    case VIR_LOCK_MANAGER_RESOURCE_TYPE_LEASE:
        return virLockManagerLockDaemonAddLease(man->privateData, name, params, nparams, flags);
    default:
        virReportError(VIR_ERR_INTERNAL_ERROR, _("lockd is asked to lock '%1$s' of unknown type %2$u"), name, type);
        return -1;
    }
}

/* ---- locking ---- */

/* virtlockd loses its locks unnoticed, or not at all. */
static int
virLockManagerLockDaemonCheckAction(virDomainLockFailureAction action)
{
    if (action == VIR_DOMAIN_LOCK_FAILURE_DEFAULT || action == VIR_DOMAIN_LOCK_FAILURE_IGNORE)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED, "%s",
                   _("lockd does not notice when a lock is lost: only 'ignore' can be had for <on_lockfailure>"));
    return -1;
}

static int
virLockManagerLockDaemonCheckLease(const virLockManagerLockDaemonGuest *guest)
{
    if (guest->resources->len > 0 || !guest->hasRWDisks || !virLockManagerLockDaemonGlobalConf->requireLeaseForDisks)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("guest '%1$s' writes to a disk but has no lease: add a <lease> to it, or set auto_disk_leases in '%2$s'"),
                   guest->name, virLockManagerLockDaemonGlobalConfPath);
    return -1;
}

static int
virLockManagerLockDaemonCheckName(const virLockManagerLockDaemonGuest *guest, const char *name)
{
    if (strlen(name) <= VIR_LOCK_SPACE_PROTOCOL_STRING_MAX)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("lockd cannot lock for guest '%1$.80s': the name '%2$.80s' goes on and is too long, as it has more than %3$d bytes"),
                   guest->name, name, VIR_LOCK_SPACE_PROTOCOL_STRING_MAX);
    return -1;
}

/* What a message cannot carry is told here, where it has a name. */
static int
virLockManagerLockDaemonCheckNames(const virLockManagerLockDaemonGuest *guest)
{
    if (virLockManagerLockDaemonCheckName(guest, guest->name) < 0)
        return -1;
    for (guint i = 0; i < guest->resources->len; i++) {
        const virLockManagerLockDaemonResource *resource = g_ptr_array_index(guest->resources, i);

        if (virLockManagerLockDaemonCheckName(guest, resource->lockspace) < 0 ||
            virLockManagerLockDaemonCheckName(guest, resource->name) < 0)
            return -1;
    }
    return 0;
}

static int
virLockManagerLockDaemonAcquire(virLockManager *man,
                                const char *state G_GNUC_UNUSED,
                                unsigned int flags,
                                virDomainLockFailureAction action,
                                int *fd)
{
    const virLockManagerLockDaemonConf *conf = virLockManagerLockDaemonGlobalConf;
    const virLockManagerLockDaemonGuest *guest = man->privateData;

    if (fd)
        *fd = -1;
    if (virLockDriverCheckFlags("lockd", flags, VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY |
                                VIR_LOCK_MANAGER_ACQUIRE_RESTRICT) < 0 ||
        virLockManagerLockDaemonCheckAction(action) < 0 ||
        virLockManagerLockDaemonCheckLease(guest) < 0 ||
        virLockManagerLockDaemonCheckNames(guest) < 0)
        return -1;
    if (flags & VIR_LOCK_MANAGER_ACQUIRE_REGISTER_ONLY)
        return virLockManagerLockDaemonRegister(conf, guest, (flags & VIR_LOCK_MANAGER_ACQUIRE_RESTRICT) != 0, fd);
    return guest->resources->len > 0 ? virLockManagerLockDaemonLock(conf, guest) : 0;
}

static int
virLockManagerLockDaemonRelease(virLockManager *man, char **state, unsigned int flags)
{
    const virLockManagerLockDaemonGuest *guest = man->privateData;

    if (virLockDriverCheckFlags("lockd", flags, 0) < 0)
        return -1;
    if (state)
        *state = NULL;
    if (guest->resources->len == 0)
        return 0;
    return virLockManagerLockDaemonUnlock(virLockManagerLockDaemonGlobalConf, guest);
}

static int
virLockManagerLockDaemonInquire(virLockManager *man G_GNUC_UNUSED, char **state, unsigned int flags)
{
    if (virLockDriverCheckFlags("lockd", flags, 0) < 0)
        return -1;
    *state = NULL;
    return 0;
}

/* The only symbol that the plugin exports. */
extern __attribute__((visibility("default"))) virLockDriver virLockDriverImpl;

virLockDriver virLockDriverImpl = {
    .version = VIR_LOCK_MANAGER_VERSION,
    .flags = VIR_LOCK_MANAGER_NEVER_WAITS,

    .drvInit = virLockManagerLockDaemonInit,
    .drvDeinit = virLockManagerLockDaemonDeinit,

    .drvNew = virLockManagerLockDaemonNew,
    .drvFree = virLockManagerLockDaemonFree,

    .drvAddResource = virLockManagerLockDaemonAddResource,

    .drvAcquire = virLockManagerLockDaemonAcquire,
    .drvRelease = virLockManagerLockDaemonRelease,
    .drvInquire = virLockManagerLockDaemonInquire,
};
