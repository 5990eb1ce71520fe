/*
 * lock_driver_lockd_conf.c: settings of the lockd plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_lockd_conf.h"

#include <string.h>

#include "virconf.h"
#include "virgettext.h"

#define VIR_LOCK_MANAGER_LOCK_DAEMON_SOCKET "/run/libvirt/virtlockd-sock"

static const char *const virLockManagerLockDaemonConfNames[] = {
    "auto_disk_leases",
    "require_lease_for_disks",
    "file_lockspace_dir",
    "lvm_lockspace_dir",
    "scsi_lockspace_dir",
    "socket",
    NULL
};

void
virLockManagerLockDaemonConfFree(virLockManagerLockDaemonConf *conf)
{
    if (!conf)
        return;
    g_free(conf->fileLockSpaceDir);
    g_free(conf->lvmLockSpaceDir);
    g_free(conf->scsiLockSpaceDir);
    g_free(conf->socket);
    g_free(conf);
}

/* An absolute path; or with @url also what virtleased takes in its place. */
static int
virLockManagerLockDaemonConfPath(const virConf *file, const char *name, gboolean url, char **value)
{
    g_autofree char *text = NULL;
    g_autofree char *problem = NULL;
    int rc = virConfGetValueString(file, name, &text);

    if (rc <= 0)
        return rc;
    if (*text == '/' || (url && strchr(text, ':'))) {
        g_free(*value);
        *value = g_steal_pointer(&text);
        return 0;
    }
    problem = g_strdup_printf(_("'%1$s' must be an absolute path"), name);
    virConfReportValue(file, name, problem);
    return -1;
}

static int
virLockManagerLockDaemonConfLoad(const virConf *file, virLockManagerLockDaemonConf *conf)
{
    if (virConfCheckNames(file, virLockManagerLockDaemonConfNames) < 0 ||
        virConfGetValueBool(file, "auto_disk_leases", &conf->autoDiskLeases) < 0)
        return -1;
    conf->requireLeaseForDisks = !conf->autoDiskLeases;
    if (virConfGetValueBool(file, "require_lease_for_disks", &conf->requireLeaseForDisks) < 0 ||
        virLockManagerLockDaemonConfPath(file, "file_lockspace_dir", TRUE, &conf->fileLockSpaceDir) < 0 ||
        virLockManagerLockDaemonConfPath(file, "lvm_lockspace_dir", TRUE, &conf->lvmLockSpaceDir) < 0 ||
        virLockManagerLockDaemonConfPath(file, "scsi_lockspace_dir", TRUE, &conf->scsiLockSpaceDir) < 0)
        return -1;
    return virLockManagerLockDaemonConfPath(file, "socket", FALSE, &conf->socket);
}

virLockManagerLockDaemonConf *
virLockManagerLockDaemonConfNew(const char *path)
{
    g_autoptr(virConf) file = virConfReadFile(path, VIR_CONF_FLAG_OPTIONAL);
    g_autoptr(virLockManagerLockDaemonConf) conf = g_new0(virLockManagerLockDaemonConf, 1);

    if (!file)
        return NULL;
    conf->autoDiskLeases = TRUE;
    conf->socket = g_strdup(VIR_LOCK_MANAGER_LOCK_DAEMON_SOCKET);
    if (virLockManagerLockDaemonConfLoad(file, conf) < 0)
        return NULL;
    return g_steal_pointer(&conf);
}
