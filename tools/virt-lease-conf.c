/*
 * virt-lease-conf.c: which lockspace and which socket are meant
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "lock_daemon_config.h"
#include "virerror.h"
#include "virt-lease-conf.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VL_CONF_FILE SYSCONFDIR "/libvirt/virtleased.conf"
#define VL_CONF_SOCKET "/run/libvirt/virtleased-sock"

static virLockDaemonConfig *
vlConfLoad(const vlOptions *options)
{
    if (options->config)
        return virLockDaemonConfigLoad(options->config, FALSE);
    return virLockDaemonConfigLoad(VL_CONF_FILE, TRUE);
}

/* The lockspace @name, or without a name the only one, or the one that is
 * called "default". NULL with an error reported. */
static const virLockDaemonConfigLockspace *
vlConfFindByName(const virLockDaemonConfig *config, const char *name)
{
    guint i;

    if (!name && config->lockspaces->len == 1)
        return g_ptr_array_index(config->lockspaces, 0);
    if (!name)
        name = VIR_LOCK_DAEMON_CONFIG_LOCKSPACE;

    for (i = 0; i < config->lockspaces->len; i++) {
        const virLockDaemonConfigLockspace *lockspace = g_ptr_array_index(config->lockspaces, i);

        if (g_str_equal(lockspace->name, name))
            return lockspace;
    }
    virReportError(VIR_ERR_INVALID_ARG,
                   _("there is no lockspace '%1$s' in the configuration: name one that is there, or give a URL"),
                   name);
    return NULL;
}

static gboolean
vlConfIsURL(const char *text)
{
    return g_str_has_prefix(text, "nfs:") || g_str_has_prefix(text, "dir:") || strstr(text, "://");
}

int
vlConfFindLockspace(const vlOptions *options, const char *wanted, char **name, char **url)
{
    g_autoptr(virLockDaemonConfig) config = NULL;
    const virLockDaemonConfigLockspace *lockspace;

    if (!wanted)
        wanted = options->lockspace;
    if (wanted && vlConfIsURL(wanted)) {
        *url = g_strdup(wanted);
        if (name)
            *name = NULL;
        return 0;
    }

    config = vlConfLoad(options);
    if (!config)
        return -1;
    lockspace = vlConfFindByName(config, wanted);
    if (!lockspace)
        return -1;
    *url = g_strdup(lockspace->url);
    if (name)
        *name = g_strdup(lockspace->name);
    return 0;
}

char *
vlConfFindSocket(const vlOptions *options)
{
    return g_strdup(options->socket ? options->socket : VL_CONF_SOCKET);
}
