/*
 * lock_manager_plugin.h: lock drivers, found and loaded by name
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * NAME.so is looked for in this project's directory of lock drivers and then in
 * libvirt's, so libvirt's own lockd and sanlock can be had where this project's
 * are not installed. They need libvirt.so in the process, which comes with them.
 * The driver "nop" is built in.
 *
 * A program that is to see the errors of this project's plugins has to export
 * its symbols (-export-dynamic): they look for virLockManagerReportError() in
 * it. Those of libvirt's plugins are taken over from libvirt.
 *
 * Safe to use from any thread.
 */
#pragma once

#include <glib.h>

#include "lock_driver.h"

/* Directories with colons between them, looked into instead of the two; for
 * build trees. Left aside in a process with more rights than its user. */
#define VIR_LOCK_MANAGER_PLUGIN_DIR_ENV "LIBVIRT_LOCK_MANAGER_PLUGIN_DIR"

/* Bytes of a lock driver's name, of letters, digits, '-' and '_'. */
#define VIR_LOCK_MANAGER_PLUGIN_NAME_MAX 64

typedef struct _virLockManagerPlugin virLockManagerPlugin;

/**
 * virLockManagerPluginNew:
 * @name: of the lock driver
 * @driverName: what kind of guests it is for, "qemu": with @name it makes the
 *              name of the driver's configuration file
 * @configDir: where that file is; NULL: SYSCONFDIR/libvirt
 * @flags: none are defined
 *
 * Loads the lock driver and initializes it.
 *
 * Returns it, to be unref'd by the caller, or NULL with an error reported:
 * VIR_ERR_INVALID_ARG for what can't be a name, VIR_ERR_NO_SUPPORT if there is
 * no such lock driver, VIR_ERR_CONFIG_UNSUPPORTED if it is none that can be
 * used, or that of the driver itself.
 */
virLockManagerPlugin *virLockManagerPluginNew(const char *name,
                                              const char *driverName,
                                              const char *configDir,
                                              unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/* Returns @plugin. */
virLockManagerPlugin *virLockManagerPluginRef(virLockManagerPlugin *plugin);

/* The last one deinitializes the lock driver, and unloads it if that agrees. */
void virLockManagerPluginUnref(virLockManagerPlugin *plugin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockManagerPlugin, virLockManagerPluginUnref)

const char *virLockManagerPluginGetName(const virLockManagerPlugin *plugin);

/* Whether the state that it gives has to be kept and passed on. */
gboolean virLockManagerPluginUsesState(const virLockManagerPlugin *plugin);

virLockDriver *virLockManagerPluginGetDriver(const virLockManagerPlugin *plugin);
