/*
 * domainlockhost.c: a host, as a process that uses a lock driver for its guests
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "domainlockhost.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virerror.h"

struct _testHost {
    pid_t pid;
    int fd;
};

/* In the host's process. */
typedef struct _hostSelf hostSelf;
struct _hostSelf {
    const char *driver;
    const char *configDir;
    virLockManagerPlugin *plugin;
};

static hostAnswer
hostSay(int result, const char *state)
{
    hostAnswer answer = { .result = result };

    if (state)
        g_strlcpy(answer.state, state, sizeof(answer.state));
    if (result < 0) {
        answer.code = virGetLastErrorCode();
        g_strlcpy(answer.message, virGetLastErrorMessage(), sizeof(answer.message));
    }
    return answer;
}

static hostAnswer
hostLoad(hostSelf *self)
{
    virLockManagerPlugin *plugin = virLockManagerPluginNew(self->driver, "qemu", self->configDir, 0);

    if (!plugin)
        return hostSay(-1, NULL);
    g_clear_pointer(&self->plugin, virLockManagerPluginUnref);
    self->plugin = plugin;
    return hostSay(0, NULL);
}

/* ---- the guest's process ---- */

/* After the exec. */
void
testHostGuestMain(char **argv)
{
    int fd = (int) g_ascii_strtoll(argv[2], NULL, 10);
    hostAnswer answer = { .result = 0 };

    if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
        _exit(1);
    close(fd);
    for (;;)
        pause();
}

static void G_GNUC_NORETURN
hostGuestExec(hostAction action, int fd)
{
    g_autofree char *number = g_strdup_printf("%d", fd);

    fcntl(fd, F_SETFD, 0);
    execl("/proc/self/exe", "guest", TEST_HOST_GUEST, number,
          action == HOST_START ? "-boot" : "-incoming", "defer", NULL);
    _exit(1);
}

static void G_GNUC_NORETURN
hostGuestRun(virLockManagerPlugin *plugin, const virDomainDef *def, hostAction action, int fd)
{
    virDomainLockGuest guest = { .def = def, .pid = getpid(), .uri = "qemu:///system" };
    hostAnswer answer;
    int result;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    result = action == HOST_START ? virDomainLockProcessStart(plugin, &guest, TRUE, NULL)
                                  : virDomainLockMigratePrepareIn(plugin, &guest, NULL);
    if (result == 0)
        hostGuestExec(action, fd);
    answer = hostSay(result, NULL);
    if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
        _exit(2);
    _exit(1);
}

static hostAnswer
hostGuestNew(virLockManagerPlugin *plugin, const virDomainDef *def, hostAction action)
{
    hostAnswer answer = { .result = -1 };
    pid_t pid;
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
    pid = fork();
    g_assert_cmpint(pid, >=, 0);
    if (pid == 0)
        hostGuestRun(plugin, def, action, fds[1]);
    close(fds[1]);
    g_assert_cmpint(read(fds[0], &answer, sizeof(answer)), ==, (int) sizeof(answer));
    close(fds[0]);
    if (answer.result < 0)
        g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    else
        answer.pid = pid;
    return answer;
}

static hostAnswer
hostGuestEnd(pid_t pid)
{
    g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
    return hostSay(0, NULL);
}

/* ---- orders ---- */

/* Without domain_lock.h, which has no modes and does not wait. */
static int
hostAcquire(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const hostOrder *order)
{
    virLockManagerParam params[] = {
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UUID, .key = "uuid" },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_STRING, .key = "name", .value.str = guest->def->name },
        { .type = VIR_LOCK_MANAGER_PARAM_TYPE_UINT, .key = "pid", .value.ui = (unsigned int) guest->pid },
    };
    g_autoptr(virLockManager) lock = NULL;
    size_t i;

    memcpy(params[0].value.uuid, guest->def->uuid, VIR_UUID_BUFLEN);
    lock = virLockManagerNew(plugin, VIR_LOCK_MANAGER_OBJECT_TYPE_DOMAIN, G_N_ELEMENTS(params), params, 0);
    if (!lock)
        return -1;
    for (i = 0; i < guest->def->ndisks; i++) {
        const virStorageSource *src = guest->def->disks[i]->src;

        if (virLockManagerAddResourceMode(lock, VIR_LOCK_MANAGER_RESOURCE_TYPE_DISK, src->path, 0, NULL,
                                          virLockManagerModeForDisk(src->readonly, src->shared)) < 0)
            return -1;
    }
    if (order->timeoutMs > 0)
        return virLockManagerAcquireWait(lock, NULL, order->flags, guest->def->onLockFailure, NULL, order->timeoutMs);
    return virLockManagerAcquire(lock, NULL, order->flags, guest->def->onLockFailure, NULL);
}

static int
hostDoDisk(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const hostOrder *order)
{
    g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParseString(order->device);

    g_assert_nonnull(disk);
    return order->action == HOST_ATTACH ? virDomainLockImageAttach(plugin, guest, disk->src)
                                        : virDomainLockImageDetach(plugin, guest, disk->src);
}

static int
hostDoLease(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const hostOrder *order)
{
    g_autoptr(virDomainLeaseDef) lease = virDomainLeaseDefParseString(order->device);

    g_assert_nonnull(lease);
    return order->action == HOST_LEASE_ATTACH ? virDomainLockLeaseAttach(plugin, guest, lease)
                                              : virDomainLockLeaseDetach(plugin, guest, lease);
}

static int
hostDoStep(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, const hostOrder *order, char **given)
{
    const char *state = *order->state ? order->state : NULL;

    switch (order->action) {
    case HOST_PAUSE:
        return virDomainLockProcessPause(plugin, guest, given);
    case HOST_RESUME:
        return virDomainLockProcessResume(plugin, guest, state);
    case HOST_INQUIRE:
        return virDomainLockProcessInquire(plugin, guest, given);
    case HOST_ATTACH:
    case HOST_DETACH:
        return hostDoDisk(plugin, guest, order);
    case HOST_LEASE_ATTACH:
    case HOST_LEASE_DETACH:
        return hostDoLease(plugin, guest, order);
    case HOST_PREPARE_OUT:
        return virDomainLockMigratePrepareOut(plugin, guest, given);
    case HOST_COMPLETE_IN:
        return virDomainLockMigrateCompleteIn(plugin, guest, state, order->flags);
    case HOST_COMPLETE_OUT:
        return virDomainLockMigrateCompleteOut(plugin, guest, state, order->flags);
    case HOST_ACQUIRE:
        return hostAcquire(plugin, guest, order);
    case HOST_LOAD:
    case HOST_UNLOAD:
    case HOST_START:
    case HOST_PREPARE_IN:
    case HOST_END:
    case HOST_LAST:
    default:
        g_assert_not_reached();
    }
}

static hostAnswer
hostDo(hostSelf *self, const hostOrder *order)
{
    g_autoptr(virDomainDef) def = NULL;
    virDomainLockGuest guest = { .pid = order->pid, .uri = "qemu:///system" };
    g_autofree char *given = NULL;
    int result;

    if (order->action == HOST_LOAD)
        return hostLoad(self);
    if (order->action == HOST_UNLOAD) {
        g_clear_pointer(&self->plugin, virLockManagerPluginUnref);
        return hostSay(0, NULL);
    }
    if (order->action == HOST_END)
        return hostGuestEnd(order->pid);
    def = virDomainDefParseString(order->xml);
    g_assert_nonnull(def);
    if (order->action == HOST_START || order->action == HOST_PREPARE_IN)
        return hostGuestNew(self->plugin, def, order->action);
    guest.def = def;
    result = hostDoStep(self->plugin, &guest, order, &given);
    return hostSay(result, given);
}

static void G_GNUC_NORETURN
hostRun(hostSelf *self, int fd)
{
    hostOrder order;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (read(fd, &order, sizeof(order)) == sizeof(order)) {
        hostAnswer answer = hostDo(self, &order);

        if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
            _exit(1);
    }
    virLockManagerPluginUnref(self->plugin);
    _exit(0);
}

/* ---- for the test ---- */

char *
testHostUseBuilt(void)
{
    g_autofree char *built = g_test_build_filename(G_TEST_BUILT, "..", "src", "locking", ".libs", NULL);
    char *plugins = g_canonicalize_filename(built, NULL);

    g_setenv(VIR_LOCK_MANAGER_PLUGIN_DIR_ENV, plugins, TRUE);
    return plugins;
}

testHost *
testHostNew(const char *driver, const char *configDir)
{
    testHost *host = g_new0(testHost, 1);
    hostSelf self = { .driver = driver, .configDir = configDir };
    int fds[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
    host->pid = fork();
    g_assert_cmpint(host->pid, >=, 0);
    if (host->pid == 0) {
        close(fds[0]);
        hostRun(&self, fds[1]);
    }
    close(fds[1]);
    host->fd = fds[0];
    return host;
}

hostAnswer
testHostDo(testHost *host, const hostOrder *order)
{
    hostAnswer answer = { .result = -1 };

    g_assert_cmpint(write(host->fd, order, sizeof(*order)), ==, (int) sizeof(*order));
    g_assert_cmpint(read(host->fd, &answer, sizeof(answer)), ==, (int) sizeof(answer));
    return answer;
}

void
testHostFree(testHost *host)
{
    int status;

    if (!host)
        return;
    /* Closing is not enough: the hosts made later have it open as well. */
    g_assert_cmpint(shutdown(host->fd, SHUT_WR), ==, 0);
    close(host->fd);
    g_assert_cmpint(waitpid(host->pid, &status, 0), ==, host->pid);
    g_assert_cmpint(status, ==, 0);
    g_free(host);
}
