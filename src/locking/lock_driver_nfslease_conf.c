/*
 * lock_driver_nfslease_conf.c: settings of the nfslease plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_nfslease_conf.h"

#include "virconf.h"
#include "virgettext.h"
#include "virlockresource.h"

#define VIR_LOCK_MANAGER_NFSLEASE_LOCKSPACE "default"
#define VIR_LOCK_MANAGER_NFSLEASE_SOCKET "/run/libvirt/virtleased-sock"
#define VIR_LOCK_MANAGER_NFSLEASE_SECONDS 5         /* for either wait */
#define VIR_LOCK_MANAGER_NFSLEASE_SECONDS_MAX 600

static const char *const virLockManagerNfsleaseConfNames[] = {
    "lockspace",
    "socket",
    "auto_disk_leases",
    "require_lease_for_disks",
    "readonly_disks",
    "shareable_disks",
    "reserve",
    "acquire_timeout",
    "handover_wait",
    "resource_map",
    NULL
};

void
virLockManagerNfsleaseConfFree(virLockManagerNfsleaseConf *conf)
{
    if (!conf)
        return;
    g_free(conf->lockspace);
    g_free(conf->socket);
    g_strfreev(conf->resourceMap);
    g_free(conf);
}

/* Reports what @format and its arguments say of the setting @name. */
static void G_GNUC_PRINTF(3, 4)
virLockManagerNfsleaseConfRefuse(const virConf *file,
                                 const char *name,
                                 const char *format,
                                 ...)
{
    g_autofree char *problem = NULL;
    va_list args;

    va_start(args, format);
    problem = g_strdup_vprintf(format, args);
    va_end(args);
    virConfReportValue(file, name, problem);
}

/* A text that is not empty; else what is in @value stays. */
static int
virLockManagerNfsleaseConfText(const virConf *file,
                               const char *name,
                               char **value)
{
    g_autofree char *text = NULL;
    int rc = virConfGetValueString(file, name, &text);

    if (rc <= 0)
        return rc;
    if (!*text) {
        virLockManagerNfsleaseConfRefuse(file, name, _("'%1$s' must not be empty"), name);
        return -1;
    }
    g_free(*value);
    *value = g_steal_pointer(&text);
    return 0;
}

static int
virLockManagerNfsleaseConfSocket(const virConf *file,
                                 virLockManagerNfsleaseConf *conf)
{
    if (virLockManagerNfsleaseConfText(file, "socket", &conf->socket) < 0)
        return -1;
    if (g_path_is_absolute(conf->socket))
        return 0;
    virLockManagerNfsleaseConfRefuse(file, "socket", _("'%1$s' must be an absolute path"), "socket");
    return -1;
}

static int
virLockManagerNfsleaseConfDisk(const virConf *file,
                               const char *name,
                               virLockManagerNfsleaseDisk *value)
{
    g_autofree char *text = NULL;
    int rc = virConfGetValueString(file, name, &text);

    if (rc <= 0)
        return rc;
    if (g_str_equal(text, "shared")) {
        *value = VIR_LOCK_MANAGER_NFSLEASE_DISK_SHARED;
    } else if (g_str_equal(text, "none")) {
        *value = VIR_LOCK_MANAGER_NFSLEASE_DISK_NONE;
    } else {
        virLockManagerNfsleaseConfRefuse(file, name, _("'%1$s' must be \"shared\" or \"none\""), name);
        return -1;
    }
    return 0;
}

static int
virLockManagerNfsleaseConfSeconds(const virConf *file,
                                  const char *name,
                                  unsigned int least,
                                  unsigned int *valueMs)
{
    unsigned int seconds = 0;
    int rc = virConfGetValueUInt(file, name, &seconds);

    if (rc <= 0)
        return rc;
    if (seconds < least || seconds > VIR_LOCK_MANAGER_NFSLEASE_SECONDS_MAX) {
        virLockManagerNfsleaseConfRefuse(file, name,
                                         _("'%1$s' must be a number of seconds from %2$u to %3$u"), name,
                                         least, (unsigned int) VIR_LOCK_MANAGER_NFSLEASE_SECONDS_MAX);
        return -1;
    }
    *valueMs = seconds * 1000;
    return 0;
}

static int
virLockManagerNfsleaseConfMap(const virConf *file,
                              char ***map)
{
    g_auto(GStrv) entries = NULL;
    int rc = virConfGetValueStringList(file, "resource_map", TRUE, &entries);
    char **entry;

    if (rc <= 0)
        return rc;
    for (entry = entries; *entry; entry++) {
        if (virLockResourceMapEntryIsValid(*entry))
            continue;
        virLockManagerNfsleaseConfRefuse(file, "resource_map",
                                         _("'%1$s' has '%2$s' where it must have \"/PREFIX=REPLACEMENT\""),
                                         "resource_map", *entry);
        return -1;
    }
    *map = g_steal_pointer(&entries);
    return 0;
}

static int
virLockManagerNfsleaseConfDisks(const virConf *file,
                                virLockManagerNfsleaseConf *conf)
{
    if (virConfGetValueBool(file, "auto_disk_leases", &conf->autoDiskLeases) < 0)
        return -1;
    /* Without leases of their own, disks are as good as not protected. */
    conf->requireLeaseForDisks = !conf->autoDiskLeases;
    if (virConfGetValueBool(file, "require_lease_for_disks", &conf->requireLeaseForDisks) < 0 ||
        virLockManagerNfsleaseConfDisk(file, "readonly_disks", &conf->readonlyDisks) < 0 ||
        virLockManagerNfsleaseConfDisk(file, "shareable_disks", &conf->shareableDisks) < 0)
        return -1;
    return virLockManagerNfsleaseConfMap(file, &conf->resourceMap);
}

static int
virLockManagerNfsleaseConfLoad(const virConf *file,
                               virLockManagerNfsleaseConf *conf)
{
    if (virConfCheckNames(file, virLockManagerNfsleaseConfNames) < 0 ||
        virLockManagerNfsleaseConfText(file, "lockspace", &conf->lockspace) < 0 ||
        virLockManagerNfsleaseConfSocket(file, conf) < 0 ||
        virLockManagerNfsleaseConfDisks(file, conf) < 0 ||
        virConfGetValueBool(file, "reserve", &conf->reserve) < 0 ||
        virLockManagerNfsleaseConfSeconds(file, "acquire_timeout", 1, &conf->acquireTimeoutMs) < 0 ||
        virLockManagerNfsleaseConfSeconds(file, "handover_wait", 0, &conf->handoverWaitMs) < 0)
        return -1;
    return 0;
}

virLockManagerNfsleaseConf *
virLockManagerNfsleaseConfNew(const char *path)
{
    g_autoptr(virConf) file = virConfReadFile(path, VIR_CONF_FLAG_OPTIONAL);
    g_autoptr(virLockManagerNfsleaseConf) conf = g_new0(virLockManagerNfsleaseConf, 1);

    if (!file)
        return NULL;
    conf->lockspace = g_strdup(VIR_LOCK_MANAGER_NFSLEASE_LOCKSPACE);
    conf->socket = g_strdup(VIR_LOCK_MANAGER_NFSLEASE_SOCKET);
    conf->autoDiskLeases = TRUE;
    conf->reserve = TRUE;
    conf->acquireTimeoutMs = VIR_LOCK_MANAGER_NFSLEASE_SECONDS * 1000;
    conf->handoverWaitMs = VIR_LOCK_MANAGER_NFSLEASE_SECONDS * 1000;

    if (virLockManagerNfsleaseConfLoad(file, conf) < 0)
        return NULL;
    return g_steal_pointer(&conf);
}
