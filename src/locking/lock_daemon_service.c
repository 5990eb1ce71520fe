/*
 * lock_daemon_service.c: virtleased as a whole
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#include "lock_daemon_config.h"
#include "lock_daemon_default.h"
#include "lock_daemon_dispatch.h"
#include "lock_daemon_guardlink.h"
#include "lock_daemon_lockd.h"
#include "lock_daemon_process.h"
#include "lock_daemon_restore.h"
#include "lock_daemon_service.h"
#include "virerror.h"
#include "virlockspacefile.h"
#include "virlog.h"
#include "virnetsocket.h"
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
    virLockDaemonGuardLink *link;
    virLockDaemonState *state;
    virLockDaemonOwnerTable *owners;
    GPtrArray *lockspaces;          /* of virLockDaemonLockspace */
    virLockDaemonDispatch *dispatch;
    virLockDaemonLockd *lockd;
    virNetServer *server;
    virNetServer *lockdServer;      /* on virtlockd's socket; NULL: not wanted */
    GMainLoop *loop;
    guint signals[4];
    guint farewell;                 /* the source that ends waiting for lockspaces, or 0 */
    guint waiting;                  /* lockspaces that have not ended yet */
    gboolean ending;
};

virLockDaemonConfig *
virLockDaemonServiceLoadConfig(const virLockDaemonOptions *options)
{
    return virLockDaemonConfigLoad(options->config ? options->config : VIR_LOCK_DAEMON_SERVICE_CONFIG,
                                   !options->config);
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

static void
virLockDaemonServiceEnd(virLockDaemonService *service)
{
    if (service->ending)
        return;
    if (virLockDaemonOwnerTableSize(service->owners) > 0)
        VIR_WARN("ending while %zu guests run on: their leases are not renewed until virtleased is started again",
                 virLockDaemonOwnerTableSize(service->owners));
    else
        VIR_INFO("ending; there are no guests");
    service->ending = TRUE;
    virLockDaemonGuardLinkEnd(service->link);
    service->waiting = service->lockspaces->len;
    service->farewell = g_timeout_add(VIR_LOCK_DAEMON_SERVICE_FAREWELL_MS, virLockDaemonServiceFarewell, service);
    for (guint i = 0; i < service->lockspaces->len; i++)
        virLockDaemonLockspaceShutdown(g_ptr_array_index(service->lockspaces, i));
}

/* A signal to the worker itself. The second one does not wait any more. */
static gboolean
virLockDaemonServiceEndSignal(void *opaque)
{
    virLockDaemonService *service = opaque;

    if (service->ending)
        g_main_loop_quit(service->loop);
    virLockDaemonServiceEnd(service);
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

    if (!(config = virLockDaemonServiceLoadConfig(service->options))) {
        VIR_ERROR("the configuration is not taken over: %s", virGetLastErrorMessage());
        virResetLastError();
        return G_SOURCE_CONTINUE;
    }
    virLockDaemonServiceSetLogLevel(service->options, config);
    virLockDaemonGuardLinkSetLogLevel(service->link);
    VIR_INFO("the log level was read again");
    if (!virLockDaemonServiceSameLockspaces(service->config, config) ||
        g_strcmp0(config->lockdSocket, service->config->lockdSocket) != 0 ||
        config->maxClients != service->config->maxClients ||
        config->watchdog != service->config->watchdog)
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
    service->signals[0] = g_unix_signal_add(SIGTERM, virLockDaemonServiceEndSignal, service);
    service->signals[1] = g_unix_signal_add(SIGINT, virLockDaemonServiceEndSignal, service);
    service->signals[2] = g_unix_signal_add(SIGHUP, virLockDaemonServiceReload, service);
    service->signals[3] = g_unix_signal_add(SIGUSR1, virLockDaemonServiceLog, service);
}

/* What the guard wants: it passes on what it is told by signals. */
static void
virLockDaemonServiceObey(virLockGuardMessageType what, void *opaque)
{
    virLockDaemonService *service = opaque;

    switch ((int) what) {
    case VIR_LOCK_GUARD_MESSAGE_END:
        virLockDaemonServiceEnd(service);
        break;
    case VIR_LOCK_GUARD_MESSAGE_HURRY:
        g_main_loop_quit(service->loop);
        break;
    case VIR_LOCK_GUARD_MESSAGE_RELOAD:
        virLockDaemonServiceReload(service);
        break;
    case VIR_LOCK_GUARD_MESSAGE_LOG:
        virLockDaemonServiceLog(service);
        break;
    default:
        VIR_WARN("the guard says something unknown (%d), ignoring", (int) what);
    }
}

/* ---- lockspaces ---- */

static void
virLockDaemonServiceAnswer(guint64 request, int code, const char *message, const char *token, void *opaque)
{
    virLockDaemonService *service = opaque;

    if (!virLockDaemonLockdAnswer(service->lockd, request, code, message))
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
        .link = service->link,
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
virLockDaemonServiceMakeSocketDir(const char *path)
{
    g_autofree char *dir = g_path_get_dirname(path);

    if (g_mkdir_with_parents(dir, 0755) == 0)
        return 0;
    virReportSystemError(errno, _("cannot make the socket's directory '%1$s'"), dir);
    return -1;
}

/* The guard keeps the socket over the death of a worker. */
static int
virLockDaemonServiceMakeSocket(virLockDaemonService *service)
{
    struct stat file;
    int fd;

    if (virLockDaemonGuardLinkGetSocket(service->link) >= 0)
        return 0;
    if (virLockDaemonServiceMakeSocketDir(service->options->socket) < 0)
        return -1;
    if ((fd = virNetSocketListen(service->options->socket, VIR_LOCK_DAEMON_SERVICE_SOCKET_MODE)) < 0)
        return -1;
    virLockDaemonGuardLinkSetSocket(service->link, fd,
                                    virNetSocketIdentify(service->options->socket, &file) == 0 ? &file : NULL);
    return 0;
}

/* A server that knows the program of libvirt's lock driver lockd. */
static virNetServer *
virLockDaemonServiceNewServer(virLockDaemonService *service)
{
    virNetServerConfig config = {
        .maxClients = service->config->maxClients,
        /* All clients are root's. Below the limit in all, the one that has been
         * idle longest gives way; at it, the next would wait for ever. */
        .maxClientsPerUid = MAX(service->config->maxClients * 9 / 10, 1),
    };
    virNetServer *server = virNetServerNew(&config);

    virNetServerAddProgram(server, virLockDaemonLockdGetProgram(service->lockd));
    return server;
}

/* That driver finds nobody here for as long as a worker is replaced. */
static int
virLockDaemonServiceListenLockd(virLockDaemonService *service)
{
    const char *path = service->config->lockdSocket;

    if (!path)
        return 0;
    service->lockdServer = virLockDaemonServiceNewServer(service);
    if (virLockDaemonServiceMakeSocketDir(path) < 0)
        return -1;
    return virNetServerListen(service->lockdServer, path, VIR_LOCK_DAEMON_SERVICE_SOCKET_MODE);
}

static int
virLockDaemonServiceListen(virLockDaemonService *service)
{
    int fd;

    service->server = virLockDaemonServiceNewServer(service);
    virNetServerAddProgram(service->server, virLockDaemonDispatchGetProgram(service->dispatch));
    if (virLockDaemonServiceListenLockd(service) < 0 ||
        virLockDaemonServiceMakeSocket(service) < 0)
        return -1;
    fd = fcntl(virLockDaemonGuardLinkGetSocket(service->link), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0) {
        virReportSystemError(errno, "%s", _("cannot copy the socket"));
        return -1;
    }
    if (virNetServerListenFD(service->server, fd) == 0)
        return 0;
    close(fd);
    return -1;
}

static int
virLockDaemonServiceBegin(virLockDaemonService *service, const virLockGuardInherited *inherited)
{
    virLockDaemonProcessRaiseFiles();
    if (!(service->bootid = virTimeBootID()) ||
        !(service->state = virLockDaemonStateNew(service->options->stateDir, service->bootid)))
        return -1;
    service->owners = virLockDaemonOwnerTableNew();
    service->lockspaces = g_ptr_array_new_with_free_func((GDestroyNotify) virLockDaemonLockspaceFree);
    service->dispatch = virLockDaemonDispatchNew(service->lockspaces);
    /* Open until the process ends: a thread that hangs in a file system may
     * need it to the last. */
    virLockSpaceFileUseBox(inherited->locks);
    service->lockd = virLockDaemonLockdNew(service->lockspaces, service->state);
    service->loop = g_main_loop_new(NULL, FALSE);
    virLockDaemonServiceWatchSignals(service);
    service->link = virLockDaemonGuardLinkNew(service->options, inherited, virLockDaemonServiceObey, service);
    if (!service->link)
        return -1;
    virLockDaemonGuardLinkSetLogLevel(service->link);
    if (virLockDaemonServiceOpenLockspaces(service) < 0 ||
        virLockDaemonServiceListen(service) < 0)
        return -1;
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
    virNetServerFree(service->lockdServer);
    if (service->owners)
        virLockDaemonOwnerTableForeach(service->owners, virLockDaemonServiceHurryOwner, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(service->signals); i++) {
        if (service->signals[i])
            g_source_remove(service->signals[i]);
    }
    if (service->farewell)
        g_source_remove(service->farewell);
    virLockDaemonDispatchFree(service->dispatch);
    virLockDaemonLockdFree(service->lockd);
    if (service->lockspaces)
        g_ptr_array_unref(service->lockspaces);
    virLockDaemonGuardLinkFree(service->link);
    virLockDaemonOwnerTableFree(service->owners);
    virLockDaemonStateFree(service->state);
    if (service->loop)
        g_main_loop_unref(service->loop);
    g_free(service->bootid);
    virLockDaemonConfigFree(service->config);
}

static int
virLockDaemonServiceServe(virLockDaemonService *service, const virLockGuardInherited *inherited)
{
    if (virLockDaemonServiceBegin(service, inherited) < 0)
        return -1;
    VIR_INFO("virtleased %s serves %u lockspaces", PACKAGE_VERSION, service->lockspaces->len);
    virLockDaemonGuardLinkReady(service->link);
    g_main_loop_run(service->loop);
    return 0;
}

int
virLockDaemonServiceRun(const virLockDaemonOptions *options, const virLockGuardInherited *inherited)
{
    virLockDaemonService service = { .options = options };
    int rc;

    if (!(service.config = virLockDaemonServiceLoadConfig(options)))
        return -1;
    virLockDaemonServiceSetLogLevel(options, service.config);
    rc = virLockDaemonServiceServe(&service, inherited);
    virLockDaemonServiceClear(&service);
    return rc;
}
