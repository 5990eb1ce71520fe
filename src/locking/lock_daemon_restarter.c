/*
 * lock_daemon_restarter.c: guests that are to be started again
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock_daemon_helper.h"
#include "lock_daemon_restarter.h"
#include "lock_daemon_savedtext.h"
#include "lock_daemon_statefile.h"
#include "virerror.h"
#include "virlog.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.restarter");

#define VIR_LOCK_DAEMON_RESTARTER_DIR "restarts"
#define VIR_LOCK_DAEMON_RESTARTER_FILES_MAX 16384
#define VIR_LOCK_DAEMON_RESTARTER_TICK_MS 500
#define VIR_LOCK_DAEMON_RESTARTER_PATIENCE (60 * VIR_LEASE_SECOND)  /* with libvirt, for one start */
#define VIR_LOCK_DAEMON_RESTARTER_LATE (5 * VIR_LEASE_SECOND)       /* a guest does not end at once */
#define VIR_LOCK_DAEMON_RESTARTER_PAUSE (2 * VIR_LEASE_SECOND)
#define VIR_LOCK_DAEMON_RESTARTER_PAUSE_MAX (60 * VIR_LEASE_SECOND)

/* One guest. */
typedef struct _virLockDaemonRestart virLockDaemonRestart;
struct _virLockDaemonRestart {
    virLockDaemonRestarter *restarter;
    char *uuid;
    char *name;
    pid_t pid;                  /* of the process that has to be gone */
    unsigned long long start;
    char *xml;                  /* empty: libvirt keeps it, or nobody asked yet */
    char *file;                 /* NULL: it may never be wanted */
    virLockDaemonHelper *helper;
    virLeaseTime next;
    virLeaseSpan pause;
    char *problem;              /* that was logged last, or NULL */
};

struct _virLockDaemonRestarter {
    int dir;                    /* STATE-DIR/restarts */
    char *bootid;
    char *lockspace;
    GHashTable *restarts;       /* uuid -> virLockDaemonRestart */
    guint tick;                 /* the source that looks at them, or 0 */
    virLockDaemonRestarterReadyFunc ready;
    void *opaque;
};

static void
virLockDaemonRestartFree(virLockDaemonRestart *restart)
{
    virLockDaemonHelperFree(restart->helper);
    g_free(restart->uuid);
    g_free(restart->name);
    g_free(restart->xml);
    g_free(restart->file);
    g_free(restart->problem);
    g_free(restart);
}

static virLockDaemonRestart *
virLockDaemonRestartNew(virLockDaemonRestarter *restarter, const char *uuid, const char *name,
                        pid_t pid, unsigned long long start)
{
    virLockDaemonRestart *restart = g_new0(virLockDaemonRestart, 1);

    restart->restarter = restarter;
    restart->uuid = g_strdup(uuid);
    restart->name = g_strdup(name);
    restart->pid = pid;
    restart->start = start;
    restart->xml = g_strdup("");
    g_hash_table_replace(restarter->restarts, restart->uuid, restart);
    return restart;
}

/* Frees @restart. */
static void
virLockDaemonRestartDrop(virLockDaemonRestart *restart)
{
    virLockDaemonRestarter *restarter = restart->restarter;

    if (restart->file && unlinkat(restarter->dir, restart->file, 0) < 0 && errno != ENOENT)
        VIR_WARN("cannot remove the file '%s' of a guest that needs no restart, ignoring: %s",
                 restart->file, g_strerror(errno));
    g_hash_table_remove(restarter->restarts, restart->uuid);
}

/* ---- files ---- */

static void
virLockDaemonRestartSave(virLockDaemonRestart *restart)
{
    const virLockDaemonSavedText saved = {
        .bootid = restart->restarter->bootid,
        .url = restart->restarter->lockspace,
        .uuid = restart->uuid,
        .name = restart->name,
        .text = restart->xml,
    };
    g_autofree char *text = virLockDaemonSavedTextFormat(&saved);

    g_free(restart->file);
    restart->file = g_strdup_printf("%lld.%llu.%s", (long long) restart->pid, restart->start, restart->uuid);
    if (virLockDaemonStateFileWrite(restart->restarter->dir, restart->file, text) == 0)
        return;
    VIR_ERROR("lockspace '%s': guest '%s' is not started again if virtleased is: %s",
              restart->restarter->lockspace, restart->name, virGetLastErrorMessage());
    virResetLastError();
    g_clear_pointer(&restart->file, g_free);
}

static void
virLockDaemonRestarterTake(virLockDaemonRestarter *restarter, const char *file)
{
    g_autofree char *text = virLockDaemonStateFileRead(restarter->dir, file);
    g_autoptr(virLockDaemonSavedText) saved = text ? virLockDaemonSavedTextParse(text, file) : NULL;
    g_autofree char *again = NULL;
    virLockDaemonRestart *restart;
    unsigned long long start = 0;
    long long pid = 0;

    if (saved && saved->url && !g_str_equal(saved->url, restarter->lockspace))
        return;
    if (saved && saved->uuid && saved->name && sscanf(file, "%lld.%llu.", &pid, &start) == 2 &&
        pid > 1 && pid <= G_MAXINT32)
        again = g_strdup_printf("%lld.%llu.%s", pid, start, saved->uuid);
    if (g_strcmp0(again, file) != 0 || !g_str_equal(saved->bootid, restarter->bootid)) {
        VIR_WARN("removing '%s', which asks for no restart of this boot: %s", file, virGetLastErrorMessage());
        virResetLastError();
        unlinkat(restarter->dir, file, 0);
        return;
    }
    restart = virLockDaemonRestartNew(restarter, saved->uuid, saved->name, pid, start);
    g_free(restart->xml);
    restart->xml = g_steal_pointer(&saved->text);
    restart->file = g_strdup(file);
    VIR_INFO("lockspace '%s': guest '%s' (uuid %s) is still to be started again", restarter->lockspace,
             restart->name, restart->uuid);
}

static int
virLockDaemonRestarterRead(virLockDaemonRestarter *restarter)
{
    int copy = openat(restarter->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;
    guint files = 0;

    if (!dir) {
        virReportSystemError(errno, "%s", _("cannot read which guests are to be started again"));
        if (copy >= 0)
            close(copy);
        return -1;
    }
    while (files++ < VIR_LOCK_DAEMON_RESTARTER_FILES_MAX && (entry = readdir(dir))) {
        if (virLockDaemonStateFileIsLeftover(entry->d_name))
            unlinkat(restarter->dir, entry->d_name, 0);
        else if (*entry->d_name != '.')
            virLockDaemonRestarterTake(restarter, entry->d_name);
    }
    closedir(dir);
    return 0;
}

/* ---- trying ---- */

static void
virLockDaemonRestartFailed(virLockDaemonRestart *restart, const char *problem)
{
    if (g_strcmp0(problem, restart->problem) != 0)
        VIR_WARN("lockspace '%s': guest '%s' (uuid %s) is not started again yet: %s",
                 restart->restarter->lockspace, restart->name, restart->uuid, problem);
    g_free(restart->problem);
    restart->problem = g_strdup(problem);
    restart->pause = CLAMP(2 * restart->pause, VIR_LOCK_DAEMON_RESTARTER_PAUSE, VIR_LOCK_DAEMON_RESTARTER_PAUSE_MAX);
    restart->next = virTimeBootNow() + restart->pause;
}

static void
virLockDaemonRestartTried(virLockDaemonHelper *helper G_GNUC_UNUSED,
                          virLockHelperExit result,
                          const char *output G_GNUC_UNUSED,
                          const char *problem,
                          void *opaque)
{
    virLockDaemonRestart *restart = opaque;
    const char *lockspace = restart->restarter->lockspace;

    if (result == VIR_LOCK_HELPER_EXIT_OK)
        VIR_INFO("lockspace '%s': guest '%s' (uuid %s) was started again", lockspace, restart->name, restart->uuid);
    else if (result == VIR_LOCK_HELPER_EXIT_RUNS)
        VIR_INFO("lockspace '%s': guest '%s' (uuid %s) runs already, it is not started again",
                 lockspace, restart->name, restart->uuid);
    else if (result == VIR_LOCK_HELPER_EXIT_GONE)
        VIR_WARN("lockspace '%s': guest '%s' (uuid %s) is not started again: libvirt does not know it any more",
                 lockspace, restart->name, restart->uuid);
    g_clear_pointer(&restart->helper, virLockDaemonHelperFree);
    if (result == VIR_LOCK_HELPER_EXIT_FAILED || result == VIR_LOCK_HELPER_EXIT_USAGE)
        virLockDaemonRestartFailed(restart, problem);
    else
        virLockDaemonRestartDrop(restart);
}

/* Whether its process exists still; libvirt would say that it runs. */
static gboolean
virLockDaemonRestartIsEarly(const virLockDaemonRestart *restart)
{
    int pidfd = virLockDaemonOwnerReopenProcess(restart->pid, restart->start);

    if (pidfd >= 0)
        close(pidfd);
    return pidfd >= 0;
}

static void
virLockDaemonRestartLook(virLockDaemonRestart *restart)
{
    if (!restart->file || restart->helper || virTimeBootNow() < restart->next ||
        virLockDaemonRestartIsEarly(restart))
        return;
    if (faccessat(restart->restarter->dir, restart->file, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
        VIR_INFO("lockspace '%s': guest '%s' (uuid %s) is not started again, as its file was removed",
                 restart->restarter->lockspace, restart->name, restart->uuid);
        virLockDaemonRestartDrop(restart);
        return;
    }
    if (restart->restarter->ready(restart->restarter->opaque))
        restart->helper = virLockDaemonHelperNew("start", restart->uuid, 0, restart->xml,
                                                 VIR_LOCK_DAEMON_RESTARTER_PATIENCE,
                                                 virLockDaemonRestartTried, restart);
}

static gboolean
virLockDaemonRestarterTick(gpointer opaque)
{
    virLockDaemonRestarter *restarter = opaque;
    g_autoptr(GList) restarts = g_hash_table_get_values(restarter->restarts);

    for (GList *next = restarts; next; next = next->next)
        virLockDaemonRestartLook(next->data);
    if (g_hash_table_size(restarter->restarts) > 0)
        return G_SOURCE_CONTINUE;
    restarter->tick = 0;
    return G_SOURCE_REMOVE;
}

static void
virLockDaemonRestarterWake(virLockDaemonRestarter *restarter)
{
    if (!restarter->tick && g_hash_table_size(restarter->restarts) > 0)
        restarter->tick = g_timeout_add(VIR_LOCK_DAEMON_RESTARTER_TICK_MS, virLockDaemonRestarterTick, restarter);
}

/* ---- the guests ---- */

static void
virLockDaemonRestartPrepared(virLockDaemonHelper *helper G_GNUC_UNUSED,
                             virLockHelperExit result,
                             const char *output,
                             const char *problem,
                             void *opaque)
{
    virLockDaemonRestart *restart = opaque;

    g_clear_pointer(&restart->helper, virLockDaemonHelperFree);
    if (result != VIR_LOCK_HELPER_EXIT_OK) {
        VIR_WARN("lockspace '%s': guest '%s' (uuid %s) cannot be started again unless libvirt keeps its configuration: %s",
                 restart->restarter->lockspace, restart->name, restart->uuid, problem);
        return;
    }
    g_free(restart->xml);
    restart->xml = g_strdup(output);
    if (restart->file)
        virLockDaemonRestartSave(restart);
}

void
virLockDaemonRestarterPrepare(virLockDaemonRestarter *restarter, const virLockDaemonOwner *owner, virLeaseTime until)
{
    virLockDaemonRestart *restart = virLockDaemonRestartNew(restarter, owner->uuid, owner->name, owner->pid, owner->start);

    restart->helper = virLockDaemonHelperNew("describe", owner->uuid, owner->pid, NULL, MAX(until - virTimeBootNow(), 0) + VIR_LOCK_DAEMON_RESTARTER_LATE,
                                             virLockDaemonRestartPrepared, restart);
}

void
virLockDaemonRestarterWant(virLockDaemonRestarter *restarter, const virLockDaemonOwner *owner)
{
    virLockDaemonRestart *restart = g_hash_table_lookup(restarter->restarts, owner->uuid);

    if (!restart || restart->pid != owner->pid || restart->start != owner->start)
        restart = virLockDaemonRestartNew(restarter, owner->uuid, owner->name, owner->pid, owner->start);
    VIR_INFO("lockspace '%s': guest '%s' (uuid %s) is to be started again when its locks can be had",
             restarter->lockspace, owner->name, owner->uuid);
    virLockDaemonRestartSave(restart);
    virLockDaemonRestarterWake(restarter);
}

void
virLockDaemonRestarterExited(virLockDaemonRestarter *restarter, const virLockDaemonOwner *owner)
{
    virLockDaemonRestart *restart = g_hash_table_lookup(restarter->restarts, owner->uuid);

    if (restart && !restart->file && restart->pid == owner->pid && restart->start == owner->start)
        virLockDaemonRestartDrop(restart);
}

void
virLockDaemonRestarterElsewhere(virLockDaemonRestarter *restarter, const char *uuid)
{
    virLockDaemonRestart *restart = g_hash_table_lookup(restarter->restarts, uuid);

    if (!restart || !restart->file)
        return;
    VIR_WARN("lockspace '%s': guest '%s' (uuid %s) is not started again: it has its disks on another host",
             restarter->lockspace, restart->name, restart->uuid);
    virLockDaemonRestartDrop(restart);
}

virLockDaemonRestarter *
virLockDaemonRestarterNew(int dir, const char *bootid, const char *lockspace,
                          virLockDaemonRestarterReadyFunc ready, void *opaque)
{
    g_autoptr(virLockDaemonRestarter) restarter = g_new0(virLockDaemonRestarter, 1);

    restarter->bootid = g_strdup(bootid);
    restarter->lockspace = g_strdup(lockspace);
    restarter->ready = ready;
    restarter->opaque = opaque;
    restarter->restarts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify) virLockDaemonRestartFree);
    restarter->dir = -1;
    if ((mkdirat(dir, VIR_LOCK_DAEMON_RESTARTER_DIR, 0700) < 0 && errno != EEXIST) ||
        (restarter->dir = openat(dir, VIR_LOCK_DAEMON_RESTARTER_DIR,
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
        virReportSystemError(errno, "%s", _("cannot make the directory of guests that are to be started again"));
        return NULL;
    }
    if (virLockDaemonRestarterRead(restarter) < 0)
        return NULL;
    virLockDaemonRestarterWake(restarter);
    return g_steal_pointer(&restarter);
}

void
virLockDaemonRestarterFree(virLockDaemonRestarter *restarter)
{
    if (!restarter)
        return;
    g_clear_handle_id(&restarter->tick, g_source_remove);
    g_hash_table_unref(restarter->restarts);
    if (restarter->dir >= 0)
        close(restarter->dir);
    g_free(restarter->bootid);
    g_free(restarter->lockspace);
    g_free(restarter);
}
