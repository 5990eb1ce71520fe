/*
 * lock_daemon_service.c: virtleased as a whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "lock_daemon_config.h"
#include "lock_daemon_default.h"
#include "lock_daemon_dispatch.h"
#include "lock_daemon_process.h"
#include "lock_daemon_restore.h"
#include "lock_daemon_service.h"
#include "lock_daemon_systemd.h"
#include "virerror.h"
#include "virlog.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.daemon");

#define VIR_LOCK_DAEMON_SERVICE_CONFIG SYSCONFDIR "/libvirt/virtleased.conf"
#define VIR_LOCK_DAEMON_SERVICE_SOCKET_MODE 0600
#define VIR_LOCK_DAEMON_SERVICE_FAREWELL_MS 3000    /* for the lockspaces to end in good order */

typedef struct _virLockDaemonService virLockDaemonService;
struct _virLockDaemonService {
    const virLockDaemonOptions *options;
    virLockDaemonConfig *config;
    char *bootid;
    virLockDaemonState *state;
    virLockDaemonOwnerTable *owners;
    GPtrArray *lockspaces;          /* of virLockDaemonLockspace */
    virLockDaemonDispatch *dispatch;
    virNetServer *server;
    GMainLoop *loop;
    guint signals[4];
    guint farewell;                 /* the source that ends waiting for lockspaces, or 0 */
    guint waiting;                  /* lockspaces that have not ended yet */
    gboolean ending;
};

static const char *
virLockDaemonServiceConfigPath(const virLockDaemonOptions *options)
{
    return options->config ? options->config : VIR_LOCK_DAEMON_SERVICE_CONFIG;
}

static void
virLockDaemonServiceSetLogLevel(const virLockDaemonOptions *options, const virLockDaemonConfig *config)
{
    virLogSetPriority(options->verbose ? VIR_LOG_DEBUG : config->logLevel);
}

/* ---- signals ---- */

static gboolean
virLockDaemonServiceFarewell(void *opaque)
{
    virLockDaemonService *service = opaque;

    service->farewell = 0;
    VIR_WARN("%u lockspaces have not ended in time, ignoring: what they left is tidied up by the next start",
             service->waiting);
    g_main_loop_quit(service->loop);
    return G_SOURCE_REMOVE;
}

static void
virLockDaemonServiceLockspaceDone(virLockDaemonLockspace *lockspace, void *opaque)
{
    virLockDaemonService *service = opaque;

    VIR_DEBUG("lockspace '%s' has ended", virLockDaemonLockspaceGetName(lockspace));
    if (service->waiting > 0 && --service->waiting == 0)
        g_main_loop_quit(service->loop);
}

/* The second signal of this kind does not wait any more. */
static gboolean
virLockDaemonServiceEnd(void *opaque)
{
    virLockDaemonService *service = opaque;

    if (service->ending) {
        g_main_loop_quit(service->loop);
        return G_SOURCE_CONTINUE;
    }
    if (virLockDaemonOwnerTableSize(service->owners) > 0)
        VIR_WARN("ending while %zu guests run on: their leases are not renewed until virtleased is started again",
                 virLockDaemonOwnerTableSize(service->owners));
    else
        VIR_INFO("ending; there are no guests");
    service->ending = TRUE;
    virLockDaemonSystemdNotify("STOPPING=1");
    service->waiting = service->lockspaces->len;
    service->farewell = g_timeout_add(VIR_LOCK_DAEMON_SERVICE_FAREWELL_MS, virLockDaemonServiceFarewell, service);
    for (guint i = 0; i < service->lockspaces->len; i++)
        virLockDaemonLockspaceShutdown(g_ptr_array_index(service->lockspaces, i));
    return G_SOURCE_CONTINUE;
}

static gboolean
virLockDaemonServiceSameLockspaces(const virLockDaemonConfig *a, const virLockDaemonConfig *b)
{
    if (a->lockspaces->len != b->lockspaces->len)
        return FALSE;
    for (guint i = 0; i < a->lockspaces->len; i++) {
        const virLockDaemonConfigLockspace *one = g_ptr_array_index(a->lockspaces, i);
        const virLockDaemonConfigLockspace *other = g_ptr_array_index(b->lockspaces, i);

        if (!g_str_equal(one->name, other->name) || !g_str_equal(one->url, other->url))
            return FALSE;
    }
    return TRUE;
}

static gboolean
virLockDaemonServiceReload(void *opaque)
{
    virLockDaemonService *service = opaque;
    g_autoptr(virLockDaemonConfig) config = NULL;

    config = virLockDaemonConfigLoad(virLockDaemonServiceConfigPath(service->options), !service->options->config);
    if (!config) {
        VIR_ERROR("the configuration is not taken over: %s", virGetLastErrorMessage());
        virResetLastError();
        return G_SOURCE_CONTINUE;
    }
    virLockDaemonServiceSetLogLevel(service->options, config);
    VIR_INFO("the log level was read again");
    if (!virLockDaemonServiceSameLockspaces(service->config, config) ||
        config->maxClients != service->config->maxClients)
        VIR_WARN("the rest of the configuration was changed too: that needs a restart, ignoring");
    return G_SOURCE_CONTINUE;
}

static gboolean
virLockDaemonServiceLog(void *opaque)
{
    virLockDaemonService *service = opaque;

    VIR_INFO("%zu clients, %zu calls under way, %zu guests",
             virNetServerGetClients(service->server), virNetServerGetCalls(service->server),
             virLockDaemonOwnerTableSize(service->owners));
    for (guint i = 0; i < service->lockspaces->len; i++)
        virLockDaemonLockspaceLog(g_ptr_array_index(service->lockspaces, i));
    return G_SOURCE_CONTINUE;
}

static void
virLockDaemonServiceWatchSignals(virLockDaemonService *service)
{
    signal(SIGPIPE, SIG_IGN);
    service->signals[0] = g_unix_signal_add(SIGTERM, virLockDaemonServiceEnd, service);
    service->signals[1] = g_unix_signal_add(SIGINT, virLockDaemonServiceEnd, service);
    service->signals[2] = g_unix_signal_add(SIGHUP, virLockDaemonServiceReload, service);
    service->signals[3] = g_unix_signal_add(SIGUSR1, virLockDaemonServiceLog, service);
}

/* ---- lockspaces ---- */

static void
virLockDaemonServiceAnswer(guint64 request, int code, const char *message, const char *token, void *opaque)
{
    virLockDaemonService *service = opaque;

    virLockDaemonDispatchAnswer(service->dispatch, request, code, message, token);
}

static int
virLockDaemonServiceOpenLockspace(virLockDaemonService *service,
                                  const char *name,
                                  const char *url,
                                  virLockDaemonSavedLockspace *saved)
{
    virLockDaemonLockspaceConfig config = {
        .name = name,
        .url = url,
        .host = g_get_host_name(),
        .bootid = service->bootid,
        .state = service->state,
        .owners = service->owners,
        .answer = virLockDaemonServiceAnswer,
        .done = virLockDaemonServiceLockspaceDone,
        .opaque = service,
    };
    virLockDaemonLockspace *lockspace = virLockDaemonLockspaceNew(&config, saved);

    if (!lockspace)
        return -1;
    g_ptr_array_add(service->lockspaces, lockspace);
    return 0;
}

/* A lockspace that has guests stays where they have their locks. */
static const char *
virLockDaemonServiceChooseURL(virLockDaemonService *service,
                              const virLockDaemonConfigLockspace *configured,
                              virLockDaemonSavedLockspace *saved)
{
    if (!saved || !saved->url || g_str_equal(saved->url, configured->url))
        return configured->url;
    if (saved->owners->len > 0) {
        VIR_WARN("lockspace '%s' is configured as '%s', ignoring: %u guests have their locks at '%s'; restart virtleased when they are gone",
                 configured->name, configured->url, saved->owners->len, saved->url);
        return saved->url;
    }
    VIR_INFO("lockspace '%s' is now at '%s', no longer at '%s'", configured->name, configured->url, saved->url);
    virLockDaemonStateForgetSession(service->state, saved->name);
    g_clear_pointer(&saved->session, g_free);
    return configured->url;
}

/* Takes what is saved of @name out of @found. */
static virLockDaemonSavedLockspace *
virLockDaemonServiceStealSaved(GPtrArray *found, const char *name)
{
    for (guint i = 0; i < found->len; i++) {
        virLockDaemonSavedLockspace *saved = g_ptr_array_index(found, i);

        if (g_str_equal(saved->name, name))
            return g_ptr_array_steal_index(found, i);
    }
    return NULL;
}

static int
virLockDaemonServiceOpenConfigured(virLockDaemonService *service, GPtrArray *found)
{
    for (guint i = 0; i < service->config->lockspaces->len; i++) {
        const virLockDaemonConfigLockspace *configured = g_ptr_array_index(service->config->lockspaces, i);
        g_autoptr(virLockDaemonSavedLockspace) saved = virLockDaemonServiceStealSaved(found, configured->name);
        const char *url = virLockDaemonServiceChooseURL(service, configured, saved);

        if (virLockDaemonServiceOpenLockspace(service, configured->name, url, saved) < 0)
            return -1;
    }
    return 0;
}

/* Those that are not configured any more, but have guests. */
static int
virLockDaemonServiceOpenLeft(virLockDaemonService *service, GPtrArray *found)
{
    for (guint i = 0; i < found->len; i++) {
        virLockDaemonSavedLockspace *saved = g_ptr_array_index(found, i);

        if (saved->owners->len == 0 || !saved->url) {
            if (virLockDaemonRestoreGiveUp(service->state, saved) < 0)
                return -1;
            continue;
        }
        VIR_WARN("lockspace '%s' is not configured any more, but %u guests have their locks there: it is served until virtleased is restarted without them",
                 saved->name, saved->owners->len);
        if (virLockDaemonServiceOpenLockspace(service, saved->name, saved->url, saved) < 0)
            return -1;
    }
    return 0;
}

static int
virLockDaemonServiceOpenLockspaces(virLockDaemonService *service)
{
    g_autoptr(GPtrArray) found = virLockDaemonStateRead(service->state);

    if (!found)
        return -1;
    if (service->config->embedded && virLockDaemonDefaultMake(VIR_LOCK_DAEMON_CONFIG_DIR) < 0)
        return -1;
    if (virLockDaemonServiceOpenConfigured(service, found) < 0)
        return -1;
    return virLockDaemonServiceOpenLeft(service, found);
}

/* ---- beginning ---- */

static int
virLockDaemonServiceListen(virLockDaemonService *service, int socket)
{
    virNetServerConfig config = {
        .maxClients = service->config->maxClients,
        .maxClientsPerUid = service->config->maxClients,
    };
    g_autofree char *dir = g_path_get_dirname(service->options->socket);

    service->server = virNetServerNew(&config);
    virNetServerAddProgram(service->server, virLockDaemonDispatchGetProgram(service->dispatch));
    if (socket >= 0)
        return virNetServerListenFD(service->server, socket);
    if (g_mkdir_with_parents(dir, 0755) < 0) {
        virReportSystemError(errno, _("cannot make the socket's directory '%1$s'"), dir);
        return -1;
    }
    return virNetServerListen(service->server, service->options->socket, VIR_LOCK_DAEMON_SERVICE_SOCKET_MODE);
}

static int
virLockDaemonServiceBegin(virLockDaemonService *service, int socket)
{
    virLockDaemonProcessRaiseFiles();
    if (!(service->bootid = virTimeBootID()) ||
        !(service->state = virLockDaemonStateNew(service->options->stateDir, service->bootid)))
        return -1;
    service->owners = virLockDaemonOwnerTableNew();
    service->lockspaces = g_ptr_array_new_with_free_func((GDestroyNotify) virLockDaemonLockspaceFree);
    service->dispatch = virLockDaemonDispatchNew(service->lockspaces);
    service->loop = g_main_loop_new(NULL, FALSE);
    virLockDaemonServiceWatchSignals(service);
    if (virLockDaemonServiceOpenLockspaces(service) < 0 ||
        virLockDaemonServiceListen(service, socket) < 0)
        return -1;
    if (service->options->pidFile)
        return virLockDaemonProcessWritePidFile(service->options->pidFile);
    return 0;
}

/* ---- end ---- */

static void
virLockDaemonServiceHurryOwner(virLockDaemonOwner *owner, void *opaque G_GNUC_UNUSED)
{
    virLockDaemonOwnerHurry(owner);
}

static void
virLockDaemonServiceClear(virLockDaemonService *service)
{
    /* Clients go first, as their going concerns the lockspaces. */
    virNetServerFree(service->server);
    if (service->owners)
        virLockDaemonOwnerTableForeach(service->owners, virLockDaemonServiceHurryOwner, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(service->signals); i++) {
        if (service->signals[i])
            g_source_remove(service->signals[i]);
    }
    if (service->farewell)
        g_source_remove(service->farewell);
    virLockDaemonDispatchFree(service->dispatch);
    if (service->lockspaces)
        g_ptr_array_unref(service->lockspaces);
    virLockDaemonOwnerTableFree(service->owners);
    virLockDaemonStateFree(service->state);
    if (service->loop)
        g_main_loop_unref(service->loop);
    g_free(service->bootid);
    virLockDaemonConfigFree(service->config);
}

static int
virLockDaemonServiceServe(virLockDaemonService *service, int socket, int ready)
{
    if (virLockDaemonServiceBegin(service, socket) < 0)
        return -1;
    VIR_INFO("virtleased %s serves %u lockspaces", PACKAGE_VERSION, service->lockspaces->len);
    virLockDaemonProcessReady(ready);
    virLockDaemonSystemdNotify("READY=1");
    g_main_loop_run(service->loop);
    if (service->options->pidFile)
        unlink(service->options->pidFile);
    return 0;
}

int
virLockDaemonServiceRun(const virLockDaemonOptions *options)
{
    virLockDaemonService service = { .options = options };
    int socket = virLockDaemonSystemdGetSocket();
    int ready = -1;
    int rc;

    if (socket == -2)
        return -1;
    service.config = virLockDaemonConfigLoad(virLockDaemonServiceConfigPath(options), !options->config);
    if (!service.config)
        return -1;
    virLockDaemonServiceSetLogLevel(options, service.config);
    if (options->daemon && (ready = virLockDaemonProcessDaemonize()) < 0)
        rc = -1;
    else
        rc = virLockDaemonServiceServe(&service, socket, ready);
    virLockDaemonServiceClear(&service);
    return rc;
}
