/*
 * lock_daemon_config.c: virtleased.conf
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>
#include <sys/un.h>

#include "lock_daemon_config.h"
#include "virconf.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_CONF

#define VIR_LOCK_DAEMON_CONFIG_CLIENTS 500
#define VIR_LOCK_DAEMON_CONFIG_CLIENTS_MAX 16384

static const char *const virLockDaemonConfigNames[] = {
    "lockd_socket", "lockspaces", "log_level", "max_clients", "watchdog", NULL,
};

virLockDaemonConfigLockspace *
virLockDaemonConfigLockspaceNew(const char *name, const char *url)
{
    virLockDaemonConfigLockspace *lockspace = g_new0(virLockDaemonConfigLockspace, 1);

    lockspace->name = g_strdup(name);
    lockspace->url = g_strdup(url);
    return lockspace;
}

void
virLockDaemonConfigLockspaceFree(virLockDaemonConfigLockspace *lockspace)
{
    if (!lockspace)
        return;
    g_free(lockspace->name);
    g_free(lockspace->url);
    g_free(lockspace);
}

void
virLockDaemonConfigFree(virLockDaemonConfig *config)
{
    if (!config)
        return;
    g_ptr_array_unref(config->lockspaces);
    g_free(config->lockdSocket);
    g_free(config);
}

/* A name is also a directory's in the state directory. */
static gboolean
virLockDaemonConfigNameIsValid(const char *name)
{
    size_t length = strlen(name);

    return length > 0 && length <= VIR_LOCK_DAEMON_CONFIG_NAME_MAX && *name != '.' && *name != '-' &&
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == length;
}

static gboolean
virLockDaemonConfigHas(const virLockDaemonConfig *config, const char *name)
{
    for (guint i = 0; i < config->lockspaces->len; i++) {
        const virLockDaemonConfigLockspace *other = g_ptr_array_index(config->lockspaces, i);

        if (g_str_equal(other->name, name))
            return TRUE;
    }
    return FALSE;
}

static int
virLockDaemonConfigAddLockspace(virLockDaemonConfig *config, const virConf *conf, const char *item)
{
    const char *equals = strchr(item, '=');
    g_autofree char *name = g_strndup(item, equals ? equals - item : 0);

    if (!equals || !equals[1] || !virLockDaemonConfigNameIsValid(name)) {
        g_autofree char *problem = g_strdup_printf(_("'%1$s' must be NAME=URL, NAME being at most %2$d letters, digits, '_', '-' and '.'"),
                                                   item, VIR_LOCK_DAEMON_CONFIG_NAME_MAX);

        virConfReportValue(conf, "lockspaces", problem);
        return -1;
    }
    if (virLockDaemonConfigHas(config, name)) {
        g_autofree char *problem = g_strdup_printf(_("the lockspace '%1$s' must be there only once"), name);

        virConfReportValue(conf, "lockspaces", problem);
        return -1;
    }
    g_ptr_array_add(config->lockspaces, virLockDaemonConfigLockspaceNew(name, equals + 1));
    return 0;
}

static int
virLockDaemonConfigReadLockspaces(virLockDaemonConfig *config, const virConf *conf)
{
    g_auto(GStrv) items = NULL;
    int rc = virConfGetValueStringList(conf, "lockspaces", TRUE, &items);

    if (rc < 0)
        return -1;
    if (rc == 0) {
        config->embedded = TRUE;
        g_ptr_array_add(config->lockspaces,
                        virLockDaemonConfigLockspaceNew(VIR_LOCK_DAEMON_CONFIG_LOCKSPACE,
                                                        "dir:" VIR_LOCK_DAEMON_CONFIG_DIR));
        return 0;
    }
    if (g_strv_length(items) < 1 || g_strv_length(items) > VIR_LOCK_DAEMON_CONFIG_LOCKSPACES_MAX) {
        virConfReportValue(conf, "lockspaces", _("from 1 to 64 lockspaces must be there"));
        return -1;
    }
    for (guint i = 0; items[i]; i++) {
        if (virLockDaemonConfigAddLockspace(config, conf, items[i]) < 0)
            return -1;
    }
    return 0;
}

/* A number from @min to @max; @value is left alone if it is not set. */
static int
virLockDaemonConfigReadNumber(const virConf *conf, const char *name, unsigned int min, unsigned int max, unsigned int *value)
{
    g_autofree char *problem = NULL;
    unsigned int number = 0;
    int rc = virConfGetValueUInt(conf, name, &number);

    if (rc <= 0)
        return rc;
    if (number >= min && number <= max) {
        *value = number;
        return 0;
    }
    problem = g_strdup_printf(_("'%1$s' must be from %2$u to %3$u"), name, min, max);
    virConfReportValue(conf, name, problem);
    return -1;
}

static int
virLockDaemonConfigReadLockdSocket(virLockDaemonConfig *config, const virConf *conf)
{
    int rc = virConfGetValueString(conf, "lockd_socket", &config->lockdSocket);

    if (rc <= 0)
        return rc;
    if (*config->lockdSocket == '/' && strlen(config->lockdSocket) < sizeof(((struct sockaddr_un *) NULL)->sun_path))
        return 0;
    virConfReportValue(conf, "lockd_socket", _("'lockd_socket' must be an absolute path of at most 107 bytes"));
    return -1;
}

static int
virLockDaemonConfigReadWatchdog(virLockDaemonConfig *config, const virConf *conf)
{
    g_autofree char *value = NULL;
    int rc = virConfGetValueString(conf, "watchdog", &value);

    if (rc <= 0 || g_str_equal(value, "none"))
        return MIN(rc, 0);
    if (!g_str_equal(value, "wdmd")) {
        virConfReportValue(conf, "watchdog", _("'watchdog' must be \"none\" or \"wdmd\""));
        return -1;
    }
    if (!WITH_WDMD) {
        virConfReportValue(conf, "watchdog", _("'watchdog' must be \"none\", as this virtleased was built without wdmd"));
        return -1;
    }
    config->watchdog = TRUE;
    return 0;
}

static int
virLockDaemonConfigRead(virLockDaemonConfig *config, const virConf *conf)
{
    unsigned int level = VIR_LOG_INFO;

    if (virConfCheckNames(conf, virLockDaemonConfigNames) < 0 ||
        virLockDaemonConfigReadLockspaces(config, conf) < 0 ||
        virLockDaemonConfigReadLockdSocket(config, conf) < 0 ||
        virLockDaemonConfigReadWatchdog(config, conf) < 0 ||
        virLockDaemonConfigReadNumber(conf, "log_level", VIR_LOG_DEBUG, VIR_LOG_ERROR, &level) < 0 ||
        virLockDaemonConfigReadNumber(conf, "max_clients", 1, VIR_LOCK_DAEMON_CONFIG_CLIENTS_MAX,
                                      &config->maxClients) < 0)
        return -1;
    config->logLevel = level;
    return 0;
}

virLockDaemonConfig *
virLockDaemonConfigLoad(const char *path, gboolean mayMiss)
{
    g_autoptr(virConf) conf = virConfReadFile(path, mayMiss ? VIR_CONF_FLAG_OPTIONAL : 0);
    g_autoptr(virLockDaemonConfig) config = NULL;

    if (!conf)
        return NULL;
    config = g_new0(virLockDaemonConfig, 1);
    config->maxClients = VIR_LOCK_DAEMON_CONFIG_CLIENTS;
    config->lockspaces = g_ptr_array_new_with_free_func((GDestroyNotify) virLockDaemonConfigLockspaceFree);
    if (virLockDaemonConfigRead(config, conf) < 0)
        return NULL;
    return g_steal_pointer(&config);
}
