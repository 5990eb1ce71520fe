/*
 * virlockresourceblock.h: what identifies a block device on every host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Read from sysfs: the links in /dev/disk depend on udev, and are not in the
 * /dev that libvirt makes for a guest.
 */
#pragma once

#include <glib.h>

/**
 * virLockResourceBlockName:
 * @sysfs: where sysfs is mounted
 * @maj, @min: number of the device
 *
 * Returns the name of the device by its LVM UUIDs, its LUKS UUID, its SCSI or
 * NVMe identity (the same with and without multipath), or another identity
 * that device mapper has for it; a partition's is its disk's with "-partN".
 * NULL if it has none.
 */
char *virLockResourceBlockName(const char *sysfs,
                               unsigned int maj,
                               unsigned int min);

/* The file behind a loop device, NULL if it is none. */
char *virLockResourceBlockBacking(const char *sysfs,
                                  unsigned int maj,
                                  unsigned int min);
