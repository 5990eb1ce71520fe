/*
 * virlockresourcemount.h: what a file on a shared file system is called
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/**
 * virLockResourceMountName:
 * @mountinfo: a mount table in the form of /proc/self/mountinfo
 * @sysfs: where sysfs is mounted; for cluster file systems on a shared disk
 * @real: real path of a file
 *
 * The server's name is taken as it was given to mount, in lower case: all
 * hosts have to mount by the same one. File systems that can be mounted by way
 * of any of several servers are named without a server.
 *
 * Returns the file's name on the network, or NULL if it is not on a file
 * system that is known to be shared. Lines that can't be understood are
 * passed over.
 */
char *virLockResourceMountName(const char *mountinfo,
                               const char *sysfs,
                               const char *real);
