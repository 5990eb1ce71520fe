/*
 * lock_daemon_inhibit.c: keeps this host awake while guests run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "lock_daemon_inhibit.h"
#include "virlog.h"

VIR_LOG_INIT("locking.inhibit");

#define VIR_LOCK_DAEMON_INHIBIT_NAME "org.freedesktop.login1"
#define VIR_LOCK_DAEMON_INHIBIT_PATH "/org/freedesktop/login1"
#define VIR_LOCK_DAEMON_INHIBIT_INTERFACE "org.freedesktop.login1.Manager"
#define VIR_LOCK_DAEMON_INHIBIT_MS 10000

struct _virLockDaemonInhibit {
    GCancellable *cancellable;
    int fd;             /* as long as it is open the host stays awake; -1: it is not */
    gboolean wanted;
    gboolean asking;
    gboolean refused;   /* which the log has */
};

static void
virLockDaemonInhibitRefused(virLockDaemonInhibit *inhibit, const GError *error)
{
    inhibit->asking = FALSE;
    if (!inhibit->refused)
        VIR_INFO("nothing keeps this host from sleeping while guests run, so nobody must send it to sleep: %s",
                 error->message);
    inhibit->refused = TRUE;
}

/* The number of the descriptor that the answer names; -1 with @error set. */
static int
virLockDaemonInhibitTakeDescriptor(GVariant *answer, GUnixFDList *fds, GError **error)
{
    gint32 index = -1;

    g_variant_get(answer, "(h)", &index);
    if (fds && index >= 0 && index < g_unix_fd_list_get_length(fds))
        return g_unix_fd_list_get(fds, index, error);
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "systemd-logind sent no descriptor");
    return -1;
}

static void
virLockDaemonInhibitAnswered(GObject *source, GAsyncResult *result, gpointer opaque)
{
    virLockDaemonInhibit *inhibit = opaque;
    g_autoptr(GUnixFDList) fds = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(source), &fds, result, &error);
    int fd = answer ? virLockDaemonInhibitTakeDescriptor(answer, fds, &error) : -1;

    /* Then @inhibit is no more. */
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (fd < 0) {
        virLockDaemonInhibitRefused(inhibit, error);
        return;
    }
    inhibit->asking = inhibit->refused = FALSE;
    inhibit->fd = fd;
    VIR_DEBUG("this host does not sleep while guests run");
    virLockDaemonInhibitSet(inhibit, inhibit->wanted);
}

static void
virLockDaemonInhibitConnected(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer opaque)
{
    virLockDaemonInhibit *inhibit = opaque;
    g_autoptr(GError) error = NULL;
    g_autoptr(GDBusConnection) bus = g_bus_get_finish(result, &error);

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (!bus) {
        virLockDaemonInhibitRefused(inhibit, error);
        return;
    }
    /* GLib would end this process with the bus. */
    g_dbus_connection_set_exit_on_close(bus, FALSE);
    g_dbus_connection_call_with_unix_fd_list(bus, VIR_LOCK_DAEMON_INHIBIT_NAME, VIR_LOCK_DAEMON_INHIBIT_PATH,
                                             VIR_LOCK_DAEMON_INHIBIT_INTERFACE, "Inhibit",
                                             g_variant_new("(ssss)", "sleep", "virtleased",
                                                           "guests run whose locks must be renewed", "block"),
                                             G_VARIANT_TYPE("(h)"), G_DBUS_CALL_FLAGS_NONE,
                                             VIR_LOCK_DAEMON_INHIBIT_MS, NULL, inhibit->cancellable,
                                             virLockDaemonInhibitAnswered, inhibit);
}

void
virLockDaemonInhibitSet(virLockDaemonInhibit *inhibit, gboolean wanted)
{
    gboolean anew = wanted && !inhibit->wanted;

    inhibit->wanted = wanted;
    if (!wanted && inhibit->fd >= 0) {
        close(inhibit->fd);
        inhibit->fd = -1;
    }
    if (!anew || inhibit->fd >= 0 || inhibit->asking)
        return;
    inhibit->asking = TRUE;
    g_bus_get(G_BUS_TYPE_SYSTEM, inhibit->cancellable, virLockDaemonInhibitConnected, inhibit);
}

virLockDaemonInhibit *
virLockDaemonInhibitNew(void)
{
    virLockDaemonInhibit *inhibit = g_new0(virLockDaemonInhibit, 1);

    inhibit->cancellable = g_cancellable_new();
    inhibit->fd = -1;
    return inhibit;
}

void
virLockDaemonInhibitFree(virLockDaemonInhibit *inhibit)
{
    if (!inhibit)
        return;
    g_cancellable_cancel(inhibit->cancellable);
    g_object_unref(inhibit->cancellable);
    if (inhibit->fd >= 0)
        close(inhibit->fd);
    g_free(inhibit);
}
