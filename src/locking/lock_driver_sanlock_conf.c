/*
 * lock_driver_sanlock_conf.c: settings of the sanlock plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_sanlock_conf.h"

#include <grp.h>
#include <pwd.h>
#include <stddef.h>     /* sanlock.h needs this, and the next one */
#include <stdint.h>
#include <sanlock.h>
#include <string.h>

#include "virconf.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LOCK_MANAGER_SANLOCK_DIR "/var/lib/libvirt/sanlock"
#define VIR_LOCK_MANAGER_SANLOCK_DIR_MAX (SANLK_PATH_LEN - 128)     /* leaves room for the names of files */
#define VIR_LOCK_MANAGER_SANLOCK_HOST_ID_MAX 2000   /* of a lockspace with sectors of 512 bytes */
#define VIR_LOCK_MANAGER_SANLOCK_IO_TIMEOUT_MAX 600 /* seconds */
#define VIR_LOCK_MANAGER_SANLOCK_NAMES 16384        /* bytes, for an entry of the user or group database */

static const char *const virLockManagerSanlockConfNames[] = {
    "auto_disk_leases",
    "disk_lease_dir",
    "host_id",
    "io_timeout",
    "require_lease_for_disks",
    "user",
    "group",
    NULL
};

void
virLockManagerSanlockConfFree(virLockManagerSanlockConf *conf)
{
    if (!conf)
        return;
    g_free(conf->diskLeaseDir);
    g_free(conf);
}

static int
virLockManagerSanlockConfDir(const virConf *file, virLockManagerSanlockConf *conf)
{
    g_autofree char *dir = NULL;
    g_autofree char *problem = NULL;
    int rc = virConfGetValueString(file, "disk_lease_dir", &dir);

    if (rc <= 0)
        return rc;
    if (g_path_is_absolute(dir) && strlen(dir) <= VIR_LOCK_MANAGER_SANLOCK_DIR_MAX) {
        g_free(conf->diskLeaseDir);
        conf->diskLeaseDir = g_steal_pointer(&dir);
        return 0;
    }
    problem = g_strdup_printf(_("'%1$s' must be an absolute path of %2$d bytes at most"), "disk_lease_dir",
                              VIR_LOCK_MANAGER_SANLOCK_DIR_MAX);
    virConfReportValue(file, "disk_lease_dir", problem);
    return -1;
}

/* A number from @least to @most. */
static int
virLockManagerSanlockConfNumber(const virConf *file,
                                const char *name,
                                unsigned int least,
                                unsigned int most,
                                unsigned int *value)
{
    g_autofree char *problem = NULL;
    unsigned int number = 0;
    int rc = virConfGetValueUInt(file, name, &number);

    if (rc <= 0)
        return rc;
    if (number >= least && number <= most) {
        *value = number;
        return 0;
    }
    problem = g_strdup_printf(_("'%1$s' must be a number from %2$u to %3$u"), name, least, most);
    virConfReportValue(file, name, problem);
    return -1;
}

/* ---- user and group: by name, or by number, with or without a '+' ---- */

/* How a name is looked up: returns whether it is there. */
typedef gboolean (*virLockManagerSanlockConfLookup)(const char *name, unsigned int *id);

static gboolean
virLockManagerSanlockConfFindUser(const char *name, unsigned int *id)
{
    g_autofree char *buffer = g_malloc(VIR_LOCK_MANAGER_SANLOCK_NAMES);
    struct passwd entry;
    struct passwd *found = NULL;

    if (getpwnam_r(name, &entry, buffer, VIR_LOCK_MANAGER_SANLOCK_NAMES, &found) != 0 || !found)
        return FALSE;
    *id = found->pw_uid;
    return TRUE;
}

static gboolean
virLockManagerSanlockConfFindGroup(const char *name, unsigned int *id)
{
    g_autofree char *buffer = g_malloc(VIR_LOCK_MANAGER_SANLOCK_NAMES);
    struct group entry;
    struct group *found = NULL;

    if (getgrnam_r(name, &entry, buffer, VIR_LOCK_MANAGER_SANLOCK_NAMES, &found) != 0 || !found)
        return FALSE;
    *id = found->gr_gid;
    return TRUE;
}

/* Leaves @id as it is if the setting is not there. */
static int
virLockManagerSanlockConfOwner(const virConf *file,
                               const char *name,
                               virLockManagerSanlockConfLookup lookup,
                               unsigned int *id)
{
    g_autofree char *text = NULL;
    g_autofree char *problem = NULL;
    guint64 number = 0;
    int rc = virConfGetValueString(file, name, &text);

    if (rc <= 0 || (*text != '+' && lookup(text, id)))
        return MIN(rc, 0);
    if (g_ascii_string_to_unsigned(*text == '+' ? text + 1 : text, 10, 0, G_MAXINT32, &number, NULL)) {
        *id = (unsigned int) number;
        return 0;
    }
    problem = g_strdup_printf(_("'%1$s' is '%2$s', which this host does not have"), name, text);
    virConfReportValue(file, name, problem);
    return -1;
}

static int
virLockManagerSanlockConfLoad(const virConf *file, virLockManagerSanlockConf *conf)
{
    if (virConfCheckNames(file, virLockManagerSanlockConfNames) < 0 ||
        virConfGetValueBool(file, "auto_disk_leases", &conf->autoDiskLeases) < 0)
        return -1;
    /* Without leases of their own, disks are as good as not protected. */
    conf->requireLeaseForDisks = !conf->autoDiskLeases;
    if (virConfGetValueBool(file, "require_lease_for_disks", &conf->requireLeaseForDisks) < 0 ||
        virLockManagerSanlockConfDir(file, conf) < 0 ||
        virLockManagerSanlockConfNumber(file, "host_id", 1, VIR_LOCK_MANAGER_SANLOCK_HOST_ID_MAX,
                                        &conf->hostId) < 0 ||
        virLockManagerSanlockConfNumber(file, "io_timeout", 0, VIR_LOCK_MANAGER_SANLOCK_IO_TIMEOUT_MAX,
                                        &conf->ioTimeout) < 0 ||
        virLockManagerSanlockConfOwner(file, "user", virLockManagerSanlockConfFindUser, &conf->user) < 0)
        return -1;
    return virLockManagerSanlockConfOwner(file, "group", virLockManagerSanlockConfFindGroup, &conf->group);
}

virLockManagerSanlockConf *
virLockManagerSanlockConfNew(const char *path)
{
    g_autoptr(virConf) file = virConfReadFile(path, VIR_CONF_FLAG_OPTIONAL);
    g_autoptr(virLockManagerSanlockConf) conf = g_new0(virLockManagerSanlockConf, 1);

    if (!file)
        return NULL;
    conf->diskLeaseDir = g_strdup(VIR_LOCK_MANAGER_SANLOCK_DIR);
    conf->user = (uid_t) -1;
    conf->group = (gid_t) -1;
    if (virLockManagerSanlockConfLoad(file, conf) < 0)
        return NULL;
    if (conf->autoDiskLeases && conf->hostId == 0) {
        virReportError(VIR_ERR_CONF_SYNTAX,
                       _("'%1$s' has auto_disk_leases, but no host_id: give each host a number of its own"), path);
        return NULL;
    }
    return g_steal_pointer(&conf);
}
