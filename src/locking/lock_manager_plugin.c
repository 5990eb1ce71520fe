/*
 * lock_manager_plugin.c: lock drivers, found and loaded by name
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_manager_plugin.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "lock_driver_nop.h"
#include "lock_manager_error.h"
#include "lock_manager_pluginpriv.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_manager_plugin");

#define VIR_LOCK_MANAGER_PLUGIN_CONFIG_DIR SYSCONFDIR "/libvirt"
#define VIR_LOCK_MANAGER_PLUGIN_DIRS VIR_LOCK_MANAGER_OWN_PLUGIN_DIR ":" VIR_LOCK_MANAGER_LIBVIRT_PLUGIN_DIR

#define VIR_LOCK_MANAGER_PLUGIN_MAJOR(version) ((version) / (1000 * 1000))

struct _virLockManagerPlugin {
    gatomicrefcount refs;
    char *name;
    virLockDriver *driver;
    void *handle;           /* of dlopen(); NULL: built in */
    gboolean initialized;
};

static int
virLockManagerPluginCheckName(const char *name)
{
    size_t len = strlen(name);

    if (len > 0 && len <= VIR_LOCK_MANAGER_PLUGIN_NAME_MAX &&
        strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") == len)
        return 0;
    virReportError(VIR_ERR_INVALID_ARG,
                   _("a lock driver and what it is for have names of 1 to %1$d letters, digits, '-' and '_'"),
                   VIR_LOCK_MANAGER_PLUGIN_NAME_MAX);
    return -1;
}

static const char *
virLockManagerPluginDirs(void)
{
    const char *dirs = secure_getenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV);

    return dirs && *dirs ? dirs : VIR_LOCK_MANAGER_PLUGIN_DIRS;
}

/* The first file of that name, to be freed by the caller; NULL with an error
 * reported if there is none. */
static char *
virLockManagerPluginFind(const char *name)
{
    g_auto(GStrv) dirs = g_strsplit(virLockManagerPluginDirs(), ":", -1);
    g_autofree char *file = g_strconcat(name, ".so", NULL);
    size_t i;

    for (i = 0; dirs[i]; i++) {
        g_autofree char *path = g_build_filename(dirs[i], file, NULL);

        /* dlopen() would look for a relative path elsewhere. */
        if (g_path_is_absolute(path) && g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
    virReportError(VIR_ERR_NO_SUPPORT,
                   _("there is no lock driver '%1$s': no file '%2$s' in '%3$s'"),
                   name, file, virLockManagerPluginDirs());
    return NULL;
}

static int
virLockManagerPluginOpen(virLockManagerPlugin *plugin, const char *path)
{
    plugin->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->handle) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("the lock driver '%1$s' cannot be loaded: %2$s"),
                       plugin->name, dlerror());
        return -1;
    }
    plugin->driver = dlsym(plugin->handle, VIR_LOCK_DRIVER_SYMBOL);
    if (!plugin->driver) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("'%1$s' is no lock driver: it has no symbol '%2$s'"),
                       path, VIR_LOCK_DRIVER_SYMBOL);
        return -1;
    }
    return virLockManagerErrorStart(plugin->handle, plugin->name);
}

static int
virLockManagerPluginLoad(virLockManagerPlugin *plugin)
{
    g_autofree char *path = NULL;

    if (g_str_equal(plugin->name, "nop")) {
        plugin->driver = &virLockDriverNop;
        return 0;
    }
    if (!(path = virLockManagerPluginFind(plugin->name)))
        return -1;
    VIR_DEBUG("lock driver '%s' is '%s'", plugin->name, path);
    return virLockManagerPluginOpen(plugin, path);
}

/* A newer one of the same major version has all that we call. */
static int
virLockManagerPluginCheckVersion(const virLockManagerPlugin *plugin)
{
    unsigned int major = VIR_LOCK_MANAGER_PLUGIN_MAJOR(plugin->driver->version);

    if (major == VIR_LOCK_MANAGER_VERSION_MAJOR)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   major < VIR_LOCK_MANAGER_VERSION_MAJOR
                   ? _("the lock driver '%1$s' is too old: it has version %2$u of the interface, version %3$u is needed")
                   : _("the lock driver '%1$s' is too new: it has version %2$u of the interface, version %3$u is needed"),
                   plugin->name, major, VIR_LOCK_MANAGER_VERSION_MAJOR);
    return -1;
}

/* The name of a callback that is missing, or NULL. */
static const char *
virLockManagerPluginMissing(const virLockDriver *driver)
{
    const struct {
        gboolean there;
        const char *name;
    } callbacks[] = {
        { driver->drvInit != NULL, "drvInit" },
        { driver->drvDeinit != NULL, "drvDeinit" },
        { driver->drvNew != NULL, "drvNew" },
        { driver->drvFree != NULL, "drvFree" },
        { driver->drvAddResource != NULL, "drvAddResource" },
        { driver->drvAcquire != NULL, "drvAcquire" },
        { driver->drvRelease != NULL, "drvRelease" },
        { driver->drvInquire != NULL, "drvInquire" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(callbacks); i++) {
        if (!callbacks[i].there)
            return callbacks[i].name;
    }
    return NULL;
}

static int
virLockManagerPluginCheckCallbacks(const virLockManagerPlugin *plugin)
{
    const char *missing = virLockManagerPluginMissing(plugin->driver);

    if (!missing)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("the lock driver '%1$s' cannot be used: it has no '%2$s'"),
                   plugin->name, missing);
    return -1;
}

static int
virLockManagerPluginInit(virLockManagerPlugin *plugin, const char *driverName, const char *configDir)
{
    g_autofree char *file = g_strdup_printf("%s-%s.conf", driverName, plugin->name);
    g_autofree char *path = g_build_filename(configDir ? configDir : VIR_LOCK_MANAGER_PLUGIN_CONFIG_DIR,
                                             file, NULL);

    virLockManagerErrorPrepare(plugin->handle);
    if (plugin->driver->drvInit(VIR_LOCK_MANAGER_VERSION, path, 0) < 0) {
        virLockManagerErrorEnsure(plugin->handle, plugin->name, "drvInit");
        return -1;
    }
    plugin->initialized = TRUE;
    return 0;
}

static void
virLockManagerPluginFree(virLockManagerPlugin *plugin)
{
    gboolean stays = plugin->initialized && plugin->driver->drvDeinit() < 0;

    VIR_DEBUG("lock driver '%s' is %s", plugin->name, stays ? "kept in memory" : "unloaded");
    if (plugin->handle && !stays)
        dlclose(plugin->handle);
    g_free(plugin->name);
    g_free(plugin);
}

virLockManagerPlugin *
virLockManagerPluginRef(virLockManagerPlugin *plugin)
{
    g_atomic_ref_count_inc(&plugin->refs);
    return plugin;
}

void
virLockManagerPluginUnref(virLockManagerPlugin *plugin)
{
    if (plugin && g_atomic_ref_count_dec(&plugin->refs))
        virLockManagerPluginFree(plugin);
}

virLockManagerPlugin *
virLockManagerPluginNew(const char *name, const char *driverName, const char *configDir, unsigned int flags)
{
    g_autoptr(virLockManagerPlugin) plugin = NULL;

    VIR_DEBUG("name=%s driverName=%s configDir=%s flags=0x%x", name, driverName,
              configDir ? configDir : "-", flags);
    if (virLockManagerPluginCheckName(name) < 0 || virLockManagerPluginCheckName(driverName) < 0)
        return NULL;
    if (flags != 0) {
        virReportError(VIR_ERR_INVALID_ARG, _("a lock driver is loaded without flags, not with 0x%1$x"), flags);
        return NULL;
    }
    plugin = g_new0(virLockManagerPlugin, 1);
    g_atomic_ref_count_init(&plugin->refs);
    plugin->name = g_strdup(name);
    if (virLockManagerPluginLoad(plugin) < 0 ||
        virLockManagerPluginCheckVersion(plugin) < 0 ||
        virLockManagerPluginCheckCallbacks(plugin) < 0 ||
        virLockManagerPluginInit(plugin, driverName, configDir) < 0)
        return NULL;
    return g_steal_pointer(&plugin);
}

const char *
virLockManagerPluginGetName(const virLockManagerPlugin *plugin)
{
    return plugin->name;
}

gboolean
virLockManagerPluginUsesState(const virLockManagerPlugin *plugin)
{
    return (plugin->driver->flags & VIR_LOCK_MANAGER_USES_STATE) != 0;
}

virLockDriver *
virLockManagerPluginGetDriver(const virLockManagerPlugin *plugin)
{
    return plugin->driver;
}

void *
virLockManagerPluginGetHandle(const virLockManagerPlugin *plugin)
{
    return plugin->handle;
}
