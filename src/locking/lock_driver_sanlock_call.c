/*
 * lock_driver_sanlock_call.c: what the sanlock plugin asks of the sanlock daemon
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_sanlock_call.h"

#include <errno.h>
#include <fcntl.h>
#include <sanlock_resource.h>
#include <sanlock_rv.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lock_driver_sanlock_error.h"
#include "lock_driver_sanlock_holder.h"
#include "lock_driver_sanlock_lockspace.h"
#include "lock_driver_sanlock_past.h"
#include "lock_driver_sanlock_state.h"
#include "virerror.h"
#include "virlog.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_driver_sanlock_call");

#define VIR_LOCK_MANAGER_SANLOCK_URI "qemu:///system"   /* where the helper looks for guests */

/* ---- in the guest's process ---- */

/* The helper's verb for @action, or NULL if sanlock kills the process itself. */
static const char *
virLockManagerSanlockVerb(virDomainLockFailureAction action)
{
    if (action == VIR_DOMAIN_LOCK_FAILURE_POWEROFF)
        return "poweroff";
    return action == VIR_DOMAIN_LOCK_FAILURE_PAUSE ? "pause" : NULL;
}

int
virLockManagerSanlockCheckAction(const virLockManagerSanlockGuest *guest, virDomainLockFailureAction action)
{
    if (action == VIR_DOMAIN_LOCK_FAILURE_DEFAULT)
        return 0;
    if (!virLockManagerSanlockVerb(action)) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("<on_lockfailure> of guest '%1$s' has to be 'poweroff' or 'pause': sanlock can do nothing else"),
                       guest->name);
        return -1;
    }
    if (guest->uri && !g_str_equal(guest->uri, VIR_LOCK_MANAGER_SANLOCK_URI)) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                       _("<on_lockfailure> of guest '%1$s' is for guests of %2$s only, not for those of %3$s"),
                       guest->name, VIR_LOCK_MANAGER_SANLOCK_URI, guest->uri);
        return -1;
    }
    return 0;
}

/* As for virtleased. */
static const char *
virLockManagerSanlockHelper(void)
{
    const char *program = secure_getenv("VIRTLEASED_HELPER");

    return program && *program ? program : VIR_LOCK_DAEMON_HELPER;
}

static int
virLockManagerSanlockSetHelper(const virLockManagerSanlockGuest *guest,
                               virDomainLockFailureAction action,
                               int sock)
{
    const char *verb = virLockManagerSanlockVerb(action);
    const char *helper = virLockManagerSanlockHelper();
    char uuid[VIR_UUID_STRING_BUFLEN];
    char args[SANLK_HELPER_ARGS_LEN];
    int rc;

    if (!verb)
        return 0;
    if (strlen(helper) >= SANLK_HELPER_PATH_LEN) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("sanlock cannot run '%1$s': its path is too long"), helper);
        return -1;
    }
    g_snprintf(args, sizeof(args), "%s %s %d", verb, virUUIDFormat(guest->uuid, uuid), (int) guest->pid);
    if ((rc = sanlock_killpath(sock, 0, helper, args)) < 0) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("sanlock does not take <on_lockfailure> of guest '%1$s': %2$s"),
                       guest->name, virLockManagerSanlockWhy(rc));
        return -1;
    }
    return 0;
}

static int
virLockManagerSanlockSetUp(const virLockManagerSanlockGuest *guest,
                           gboolean restricted,
                           virDomainLockFailureAction action,
                           int sock)
{
    int rc;

    if (virLockManagerSanlockSetHelper(guest, action, sock) < 0)
        return -1;
    if (restricted && (rc = sanlock_restrict(sock, SANLK_RESTRICT_ALL)) < 0) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("sanlock does not restrict guest '%1$s': %2$s"),
                       guest->name, virLockManagerSanlockWhy(rc));
        return -1;
    }
    if (fcntl(sock, F_SETFD, 0) < 0) {
        virReportSystemError(errno, "%s", _("the connection to the sanlock daemon cannot be kept"));
        return -1;
    }
    return 0;
}

int
virLockManagerSanlockRegister(const virLockManagerSanlockGuest *guest,
                              gboolean restricted,
                              virDomainLockFailureAction action,
                              int *fd)
{
    int sock;

    if (guest->pid != getpid()) {
        virReportError(VIR_ERR_INTERNAL_ERROR, _("guest '%1$s' can be registered by its own process only"), guest->name);
        return -1;
    }
    if (virLockManagerSanlockCheckDaemon() < 0)
        return -1;
    if ((sock = sanlock_register()) < 0) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("the sanlock daemon does not take guest '%1$s': %2$s"),
                       guest->name, virLockManagerSanlockWhy(sock));
        return -1;
    }
    if (virLockManagerSanlockSetUp(guest, restricted, action, sock) < 0) {
        close(sock);
        return -1;
    }
    if (fd)
        *fd = sock;
    return 0;
}

/* ---- from libvirtd ---- */

/* Sets @held to what the guest's process holds, NULL if that is nothing.
 * Returns 1, 0 if sanlock does not know the process, or -1. */
static int
virLockManagerSanlockHeld(const virLockManagerSanlockGuest *guest, char **held)
{
    char *state = NULL;     /* malloc()ed, and left NULL for nothing */
    int count = 0;
    int rc = sanlock_inquire(-1, guest->pid, 0, &count, &state);

    if (rc == -ESRCH)
        return 0;
    if (rc < 0) {
        if (virLockManagerSanlockCheckDaemon() == 0)
            virReportError(VIR_ERR_OPERATION_FAILED, _("sanlock does not say what guest '%1$s' holds: %2$s"),
                           guest->name, virLockManagerSanlockWhy(rc));
        return -1;
    }
    *held = state && *state ? g_strdup(state) : NULL;
    free(state);
    return 1;
}

static int
virLockManagerSanlockCheckRegistered(const virLockManagerSanlockGuest *guest, char **held)
{
    int rc = virLockManagerSanlockHeld(guest, held);

    if (rc != 0)
        return MIN(rc, 0);
    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("sanlock does not know the process %1$d of guest '%2$s': the guest was started without it, or before the daemon was, and has to be started anew"),
                   (int) guest->pid, guest->name);
    return -1;
}

static int
virLockManagerSanlockCheckRoom(const virLockManagerSanlockGuest *guest, const char *held)
{
    unsigned int count = virLockManagerSanlockStateCount(held);

    if (count + guest->resources->len <= SANLK_MAX_RESOURCES)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("sanlock locks %1$d disks and leases of a guest at most: guest '%2$s' has %3$u"),
                   SANLK_MAX_RESOURCES, guest->name, count);
    return -1;
}

/* A shared one has no version in the state: others may have shared it since,
 * which is nothing to complain of. */
static void
virLockManagerSanlockSetVersion(struct sanlk_resource *lease, const char *state)
{
    if (virLockManagerSanlockStateVersion(state, lease->lockspace_name, lease->name, &lease->lver))
        lease->flags |= SANLK_RES_LVER;
}

/* The leases of @guest, those that are @held if @only. */
static GPtrArray *
virLockManagerSanlockLeases(const virLockManagerSanlockGuest *guest, gboolean only, const char *held)
{
    GPtrArray *leases = g_ptr_array_new();
    guint i;

    for (i = 0; i < guest->resources->len; i++) {
        virLockManagerSanlockResource *resource = g_ptr_array_index(guest->resources, i);

        if (!only || virLockManagerSanlockStateHas(held, resource->lease->lockspace_name, resource->lease->name))
            g_ptr_array_add(leases, resource->lease);
    }
    return leases;
}

static int
virLockManagerSanlockMakeLeases(const virLockManagerSanlockConf *conf,
                                const virLockManagerSanlockGuest *guest,
                                const char *state)
{
    guint i;

    for (i = 0; i < guest->resources->len; i++) {
        virLockManagerSanlockResource *resource = g_ptr_array_index(guest->resources, i);

        if (resource->automatic && virLockManagerSanlockMakeLease(conf, resource->lease) < 0)
            return -1;
        virLockManagerSanlockSetVersion(resource->lease, state);
    }
    return 0;
}

/* sanlock takes one lease after the other, and if it comes to one that it cannot
 * have, those before have another version. A guest that is stopped, here or on
 * the host that it comes from, then could not go on: so it is looked first. */
static int
virLockManagerSanlockTake(const virLockManagerSanlockGuest *guest, const GPtrArray *leases)
{
    struct sanlk_options options = { .len = 0 };
    virLockManagerSanlockHolder holder;

    if (leases->len > 1 && virLockManagerSanlockFindHolder(guest, TRUE, &holder))
        return SANLK_ACQUIRE_IDLIVE;
    g_strlcpy(options.owner_name, guest->name, sizeof(options.owner_name));
    return sanlock_acquire(-1, guest->pid, SANLK_ACQUIRE_OWNER_NOWAIT, (int) leases->len,
                           (struct sanlk_resource **) leases->pdata, &options);
}

int
virLockManagerSanlockLock(const virLockManagerSanlockConf *conf,
                          const virLockManagerSanlockGuest *guest,
                          const char *state)
{
    g_autoptr(GPtrArray) leases = virLockManagerSanlockLeases(guest, FALSE, NULL);
    g_autofree char *held = NULL;
    int rc;

    if (virLockManagerSanlockCheckRegistered(guest, &held) < 0 ||
        virLockManagerSanlockCheckRoom(guest, held) < 0 ||
        virLockManagerSanlockMakeLeases(conf, guest, state) < 0)
        return -1;
    rc = virLockManagerSanlockTake(guest, leases);
    if (rc < 0) {
        virLockManagerSanlockReportLock(conf, guest, held, rc);
        return -1;
    }
    virLockManagerSanlockPastForget(guest->uuid, guest->pid);
    return 0;
}

int
virLockManagerSanlockUnlock(const virLockManagerSanlockGuest *guest, char **state)
{
    g_autofree char *held = NULL;
    g_autoptr(GPtrArray) leases = NULL;
    int rc = virLockManagerSanlockHeld(guest, &held);

    if (rc < 0)
        return -1;
    leases = virLockManagerSanlockLeases(guest, TRUE, held);
    rc = leases->len == 0 ? 0 : sanlock_release(-1, guest->pid, 0, (int) leases->len,
                                                (struct sanlk_resource **) leases->pdata);
    if (rc < 0) {
        virReportError(VIR_ERR_OPERATION_FAILED, _("sanlock does not release the disks of guest '%1$s': %2$s"),
                       guest->name, virLockManagerSanlockWhy(rc));
        return -1;
    }
    if (!state)
        return 0;
    if (held)
        virLockManagerSanlockPastRemember(guest->uuid, guest->pid, held);
    *state = held ? g_steal_pointer(&held) : virLockManagerSanlockPastRecall(guest->uuid, guest->pid);
    VIR_DEBUG("guest '%s' is stopped with '%s'", guest->name, *state ? *state : "");
    return 0;
}

int
virLockManagerSanlockAsk(const virLockManagerSanlockGuest *guest, char **state)
{
    g_autofree char *held = NULL;

    if (virLockManagerSanlockHeld(guest, &held) < 0)
        return -1;
    *state = held ? g_steal_pointer(&held) : virLockManagerSanlockPastRecall(guest->uuid, guest->pid);
    return 0;
}
