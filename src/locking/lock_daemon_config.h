/*
 * lock_daemon_config.h: virtleased.conf
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

#include "virlog.h"

/* What is used when the configuration names no lockspace. */
#define VIR_LOCK_DAEMON_CONFIG_LOCKSPACE "default"
#define VIR_LOCK_DAEMON_CONFIG_DIR "/var/lib/virtleased/lockspace"

#define VIR_LOCK_DAEMON_CONFIG_LOCKSPACES_MAX 64
#define VIR_LOCK_DAEMON_CONFIG_NAME_MAX 64

typedef struct _virLockDaemonConfigLockspace virLockDaemonConfigLockspace;
struct _virLockDaemonConfigLockspace {
    char *name;         /* letters, digits, and '_', '-', '.' but not in front */
    char *url;
};

virLockDaemonConfigLockspace *virLockDaemonConfigLockspaceNew(const char *name,
                                                              const char *url);
void virLockDaemonConfigLockspaceFree(virLockDaemonConfigLockspace *lockspace);

typedef struct _virLockDaemonConfig virLockDaemonConfig;
struct _virLockDaemonConfig {
    GPtrArray *lockspaces;      /* of virLockDaemonConfigLockspace; no two of one name */
    gboolean embedded;          /* nothing was set: the one lockspace is the default, made by the daemon */
    virLogPriority logLevel;
    unsigned int maxClients;
    char *lockdSocket;          /* where libvirt's lockd.so is answered; NULL: nowhere else */
    gboolean watchdog;          /* wdmd is to reset the host if all else fails */
};

/**
 * virLockDaemonConfigLoad:
 * @path: of the file
 * @mayMiss: a file that does not exist counts as an empty one
 *
 * Returns what is configured, or NULL with an error reported that names the
 * file and the line.
 */
virLockDaemonConfig *virLockDaemonConfigLoad(const char *path,
                                             gboolean mayMiss) G_GNUC_WARN_UNUSED_RESULT;

void virLockDaemonConfigFree(virLockDaemonConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonConfig, virLockDaemonConfigFree);
