/*
 * virlockresourceblock.c: what identifies a block device on every host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virlockresourceblock.h"

#include <stdlib.h>
#include <string.h>

#define VIR_LOCK_RESOURCE_LVM_PREFIX "LVM-"
#define VIR_LOCK_RESOURCE_MPATH_PREFIX "mpath-"
#define VIR_LOCK_RESOURCE_LUKS_PREFIX "CRYPT-LUKS"  /* then a digit and '-' */
#define VIR_LOCK_RESOURCE_LUKS_UUID_LEN 32

/* The text of the attribute @name in @dir, NULL if there is none. */
static char *
virLockResourceBlockRead(const char *dir,
                         const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    g_strstrip(text);
    return *text ? g_steal_pointer(&text) : NULL;
}

/* Multipath puts the type of a SCSI identifier in front as a digit, where the
 * kernel's wwid has a word. */
static char *
virLockResourceBlockMpathName(const char *id,
                              const char *suffix)
{
    if (*id == '3')
        return g_strconcat("wwid:naa.", id + 1, suffix, NULL);
    if (*id == '2')
        return g_strconcat("wwid:eui.", id + 1, suffix, NULL);
    return g_strconcat("wwid:", id, suffix, NULL);
}

/* "partN-mpath-ID": made by kpartx. NULL if @uuid is not of this form. */
static char *
virLockResourceBlockMpathPartName(const char *uuid)
{
    g_autofree char *suffix = NULL;
    size_t digits;

    if (!g_str_has_prefix(uuid, "part"))
        return NULL;
    digits = strspn(uuid + 4, "0123456789");
    if (digits == 0 || !g_str_has_prefix(uuid + 4 + digits, "-" VIR_LOCK_RESOURCE_MPATH_PREFIX))
        return NULL;
    suffix = g_strdup_printf("-part%.*s", (int) digits, uuid + 4);
    return virLockResourceBlockMpathName(uuid + 4 + digits + 1 +
                                         strlen(VIR_LOCK_RESOURCE_MPATH_PREFIX), suffix);
}

/* A LUKS device's name on this host follows its UUID: leave it out. */
static char *
virLockResourceBlockLuksName(const char *uuid)
{
    const char *id = uuid + strlen(VIR_LOCK_RESOURCE_LUKS_PREFIX);

    if (!g_str_has_prefix(uuid, VIR_LOCK_RESOURCE_LUKS_PREFIX) ||
        !g_ascii_isdigit(id[0]) || id[1] != '-' ||
        strspn(id + 2, "0123456789abcdef") != VIR_LOCK_RESOURCE_LUKS_UUID_LEN)
        return NULL;
    return g_strdup_printf("luks:%.*s", VIR_LOCK_RESOURCE_LUKS_UUID_LEN, id + 2);
}

static char *
virLockResourceBlockMapperName(const char *uuid)
{
    char *name;

    if (g_str_has_prefix(uuid, VIR_LOCK_RESOURCE_LVM_PREFIX))
        return g_strconcat("lvm:", uuid + strlen(VIR_LOCK_RESOURCE_LVM_PREFIX), NULL);
    if (g_str_has_prefix(uuid, VIR_LOCK_RESOURCE_MPATH_PREFIX))
        return virLockResourceBlockMpathName(uuid + strlen(VIR_LOCK_RESOURCE_MPATH_PREFIX), NULL);
    if ((name = virLockResourceBlockMpathPartName(uuid)) ||
        (name = virLockResourceBlockLuksName(uuid)))
        return name;
    return g_strconcat("dm:", uuid, NULL);
}

/* The identity of the whole disk whose directory in sysfs is @dir. */
static char *
virLockResourceBlockDiskName(const char *dir)
{
    g_autofree char *mapper = virLockResourceBlockRead(dir, "dm/uuid");
    g_autofree char *nvme = virLockResourceBlockRead(dir, "wwid");
    g_autofree char *scsi = virLockResourceBlockRead(dir, "device/wwid");

    if (mapper)
        return virLockResourceBlockMapperName(mapper);
    if (nvme || scsi)
        return g_strconcat("wwid:", nvme ? nvme : scsi, NULL);
    return NULL;
}

/* Where sysfs has the device, NULL if it has not. */
static char *
virLockResourceBlockDir(const char *sysfs,
                        unsigned int maj,
                        unsigned int min)
{
    g_autofree char *link = g_strdup_printf("%s/dev/block/%u:%u", sysfs, maj, min);

    return realpath(link, NULL);
}

char *
virLockResourceBlockName(const char *sysfs,
                         unsigned int maj,
                         unsigned int min)
{
    g_autofree char *dir = virLockResourceBlockDir(sysfs, maj, min);
    g_autofree char *partition = NULL;
    g_autofree char *diskdir = NULL;
    g_autofree char *disk = NULL;

    if (!dir)
        return NULL;
    if (!(partition = virLockResourceBlockRead(dir, "partition")))
        return virLockResourceBlockDiskName(dir);

    diskdir = g_path_get_dirname(dir);
    if (!(disk = virLockResourceBlockDiskName(diskdir)))
        return NULL;
    return g_strconcat(disk, "-part", partition, NULL);
}

char *
virLockResourceBlockBacking(const char *sysfs,
                            unsigned int maj,
                            unsigned int min)
{
    g_autofree char *dir = virLockResourceBlockDir(sysfs, maj, min);

    return dir ? virLockResourceBlockRead(dir, "loop/backing_file") : NULL;
}
