/*
 * lock_manager_pluginpriv.h: what the lock manager alone asks of a plugin
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "lock_manager_plugin.h"

/* The handle of dlopen(), NULL if the lock driver is built in. */
void *virLockManagerPluginGetHandle(const virLockManagerPlugin *plugin);
