/*
 * virleasestorenfsresolve.c: the addresses of a server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfsresolve.h"

#include <gio/gio.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "virgettext.h"

struct _virLeaseNfsResolve {
    virLeaseNfsResolveFunc resolved;    /* NULL: nobody waits any more */
    void *opaque;
    gint refs;                          /* main thread only: the caller and the task */
};

static void
virLeaseNfsResolveUnref(virLeaseNfsResolve *resolve)
{
    if (--resolve->refs == 0)
        g_free(resolve);
}

/* Each address once, in the order in which the system would try them. */
static char **
virLeaseNfsResolveList(const struct addrinfo *info)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

    for (; info && list->len < VIR_LEASE_NFS_ADDRESSES_MAX; info = info->ai_next) {
        char address[NI_MAXHOST];

        if (getnameinfo(info->ai_addr, info->ai_addrlen, address, sizeof(address),
                        NULL, 0, NI_NUMERICHOST) == 0 &&
            !g_ptr_array_find_with_equal_func(list, address, g_str_equal, NULL))
            g_ptr_array_add(list, g_strdup(address));
    }
    g_ptr_array_add(list, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

static void
virLeaseNfsResolveRun(GTask *task, gpointer source G_GNUC_UNUSED, gpointer host,
                      GCancellable *cancellable G_GNUC_UNUSED)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    struct addrinfo *info = NULL;
    int result = getaddrinfo(host, NULL, &hints, &info);

    if (result != 0) {
        g_task_return_new_error(task, G_IO_ERROR, G_IO_ERROR_FAILED,
                                _("cannot find the address of '%1$s': %2$s"),
                                (const char *) host, gai_strerror(result));
        return;
    }
    g_task_return_pointer(task, virLeaseNfsResolveList(info), (GDestroyNotify) g_strfreev);
    freeaddrinfo(info);
}

static void
virLeaseNfsResolveEnd(GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer opaque)
{
    virLeaseNfsResolve *resolve = opaque;
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) addresses = g_task_propagate_pointer(G_TASK(result), &error);

    if (resolve->resolved)
        resolve->resolved((const char *const *) addresses, error ? error->message : NULL,
                          resolve->opaque);
    virLeaseNfsResolveUnref(resolve);
}

virLeaseNfsResolve *
virLeaseNfsResolveNew(const char *host, virLeaseNfsResolveFunc resolved, void *opaque)
{
    virLeaseNfsResolve *resolve = g_new0(virLeaseNfsResolve, 1);
    g_autoptr(GTask) task = g_task_new(NULL, NULL, virLeaseNfsResolveEnd, resolve);

    resolve->resolved = resolved;
    resolve->opaque = opaque;
    resolve->refs = 2;
    g_task_set_task_data(task, g_strdup(host), g_free);
    g_task_run_in_thread(task, virLeaseNfsResolveRun);
    return resolve;
}

void
virLeaseNfsResolveFree(virLeaseNfsResolve *resolve)
{
    if (!resolve)
        return;
    resolve->resolved = NULL;
    virLeaseNfsResolveUnref(resolve);
}
