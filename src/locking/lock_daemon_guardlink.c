/*
 * lock_daemon_guardlink.c: the worker's connection with its guard
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock_daemon_guardlink.h"
#include "lock_daemon_inhibit.h"
#include "lock_guard_life.h"
#include "lock_guard_page.h"
#include "virerror.h"
#include "virlog.h"
#include "virprocess.h"
#include "virtime.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.guardlink");

#define VIR_LOCK_DAEMON_GUARD_LINK_ANSWER_MS 500
/* Before a guard is replaced that died: so that somebody who kills all that
 * is called virtleased has killed us too by then. */
#define VIR_LOCK_DAEMON_GUARD_LINK_PAUSE (50 * VIR_LEASE_MILLISECOND)
/* Before there is a lease. */
#define VIR_LOCK_DAEMON_GUARD_LINK_MARGIN (10 * VIR_LEASE_SECOND)

/* A slot of the page. */
typedef enum {
    VIR_LOCK_DAEMON_GUARD_SLOT_FREE,
    VIR_LOCK_DAEMON_GUARD_SLOT_FOUND,   /* an earlier worker's owner; not entered again yet */
    VIR_LOCK_DAEMON_GUARD_SLOT_OURS,
} virLockDaemonGuardSlot;

struct _virLockDaemonGuardLink {
    const virLockDaemonOptions *options;
    virLockDaemonGuardLinkFunc func;
    void *opaque;
    virLockGuardPage *page;
    virLockGuardRank rank;
    int channel;            /* -1: there is no guard now */
    int socket;
    int watchdog;           /* the guard's connection with wdmd, for the next guard; -1: none */
    int locks[2];           /* this process's lock files, which the next guard is to have open too; not
                             * the link's to close */
    int pidfd;              /* the guard's */
    pid_t pid;
    gboolean child;         /* it is a child of this process */
    gboolean deaf;          /* it has not answered yet: what is asked meanwhile is refused at once */
    gboolean ending;
    guint64 serial;         /* of the last ENTER */
    guint8 *slots;          /* virLockDaemonGuardSlot of each */
    virLockDaemonInhibit *inhibit;
    guint32 orders;         /* messages that came while an answer was waited for, a bit each */
    virLockGuardLife life;
    GSource *watch;         /* of the channel */
    guint beat;             /* the source that beats and looks */
    guint later;            /* the source that starts a guard, or carries out orders; or 0 */
};

/* ---- a guard is replaced ---- */

static void virLockDaemonGuardLinkWatch(virLockDaemonGuardLink *link);

/* The guard that was started here does not stay a zombie. */
static void
virLockDaemonGuardLinkReap(virLockDaemonGuardLink *link)
{
    if (link->child && waitpid(link->pid, NULL, WNOHANG) == link->pid)
        link->child = FALSE;
}

static void
virLockDaemonGuardLinkUnwatch(virLockDaemonGuardLink *link)
{
    if (link->watch) {
        g_source_destroy(link->watch);
        g_source_unref(link->watch);
        link->watch = NULL;
    }
    if (link->channel >= 0)
        close(link->channel);
    link->channel = -1;
}

static int
virLockDaemonGuardLinkSpawn(virLockDaemonGuardLink *link, int channel)
{
    virLockGuardInherited inherited = {
        .page = virLockGuardPageGetFD(link->page),
        .channel = channel,
        .socket = link->socket,
        .watchdog = link->watchdog,
        .locks = { link->locks[0], link->locks[1] },
        .starter = virPidFDOpen(getpid()),
    };
    pid_t pid = -1;

    if (inherited.starter < 0)
        return -1;
    pid = virLockGuardSpawn(VIR_LOCK_GUARD_ROLE_GUARD, link->options, &inherited, &link->rank);
    close(inherited.starter);
    if (pid < 0)
        return -1;
    if (link->pidfd >= 0)
        close(link->pidfd);
    link->pid = pid;
    link->child = TRUE;
    link->pidfd = virPidFDOpen(pid);
    return link->pidfd < 0 ? -1 : 0;
}

static int
virLockDaemonGuardLinkStart(virLockDaemonGuardLink *link)
{
    int fds[2];
    int rc;

    if (virLockGuardMessagePair(fds) < 0)
        return -1;
    rc = virLockDaemonGuardLinkSpawn(link, fds[1]);
    close(fds[1]);
    if (rc < 0) {
        close(fds[0]);
        return -1;
    }
    link->channel = fds[0];
    link->deaf = FALSE;
    virLockGuardLifeBegin(&link->life, virTimeBootNow());
    virLockDaemonGuardLinkWatch(link);
    return 0;
}

static void virLockDaemonGuardLinkReplace(virLockDaemonGuardLink *link);

static gboolean
virLockDaemonGuardLinkReplaceNow(void *opaque)
{
    virLockDaemonGuardLink *link = opaque;

    link->later = 0;
    if (link->ending)
        return G_SOURCE_REMOVE;
    virLockDaemonGuardLinkReap(link);
    if (virLockDaemonGuardLinkStart(link) == 0) {
        VIR_INFO("the guard is now process %d", (int) link->pid);
        return G_SOURCE_REMOVE;
    }
    VIR_ERROR("no guard: %s", virGetLastErrorMessage());
    virResetLastError();
    virLockDaemonGuardLinkReplace(link);
    return G_SOURCE_REMOVE;
}

static void
virLockDaemonGuardLinkReplace(virLockDaemonGuardLink *link)
{
    virLeaseSpan pause = virLockGuardLifeEnd(&link->life, virTimeBootNow());

    virLockDaemonGuardLinkUnwatch(link);
    if (link->ending)
        return;
    if (link->later)
        g_source_remove(link->later);
    link->later = g_timeout_add_full(G_PRIORITY_HIGH, pause / VIR_LEASE_MILLISECOND,
                                     virLockDaemonGuardLinkReplaceNow, link, NULL);
}

static void
virLockDaemonGuardLinkGone(virLockDaemonGuardLink *link)
{
    if (!link->ending)
        VIR_ERROR("the guard (process %d) is gone: it is replaced; nothing is granted until then", (int) link->pid);
    virLockDaemonGuardLinkReplace(link);
}

static void
virLockDaemonGuardLinkLook(virLockDaemonGuardLink *link)
{
    virLeaseSpan silent = virLockGuardLifeLook(&link->life,
                                               virLockGuardPageGetBeats(link->page, VIR_LOCK_GUARD_SIDE_GUARD),
                                               virTimeBootNow());

    if (link->channel < 0 || silent < VIR_LOCK_GUARD_LIFE_HUNG)
        return;
    VIR_ERROR("the guard (process %d) has hung for %.1f s: it is killed and replaced", (int) link->pid, silent / 1e9);
    if (link->pidfd >= 0 && virPidFDSendSignal(link->pidfd, SIGKILL) < 0 && errno != ESRCH)
        VIR_ERROR("the guard (process %d) cannot be killed: %s", (int) link->pid, virGetLastErrorMessage());
    virLockDaemonGuardLinkReplace(link);
}

static gboolean
virLockDaemonGuardLinkBeat(void *opaque)
{
    virLockDaemonGuardLink *link = opaque;

    virLockGuardPageBeat(link->page, VIR_LOCK_GUARD_SIDE_WORKER);
    virLockDaemonGuardLinkReap(link);
    if (!link->ending)
        virLockDaemonGuardLinkLook(link);
    return G_SOURCE_CONTINUE;
}

/* ---- messages ---- */

static void
virLockDaemonGuardLinkObey(virLockDaemonGuardLink *link)
{
    guint32 orders = link->orders;

    link->orders = 0;
    for (guint i = VIR_LOCK_GUARD_MESSAGE_END; i < VIR_LOCK_GUARD_MESSAGE_LAST; i++) {
        if (orders & (1U << i))
            link->func(i, link->opaque);
    }
}

static gboolean
virLockDaemonGuardLinkObeyLater(void *opaque)
{
    virLockDaemonGuardLink *link = opaque;

    virLockDaemonGuardLinkObey(link);
    return G_SOURCE_REMOVE;
}

/* Nothing is done with it here but that it stays open while no guard lives. */
static void
virLockDaemonGuardLinkKeep(virLockDaemonGuardLink *link, int *passed)
{
    if (link->watchdog >= 0)
        close(link->watchdog);
    link->watchdog = *passed;
    *passed = -1;
}

/* Takes all messages in. Returns 1 if the answer to the ENTER @serial was one
 * of them and good, 0 if there was none, or -1 if it was bad, or the guard is
 * gone. */
static int
virLockDaemonGuardLinkHear(virLockDaemonGuardLink *link, guint64 serial)
{
    virLockGuardMessage message;
    int passed = -1;
    int rc;
    int answer = 0;

    while ((rc = virLockGuardMessageReceive(link->channel, &message, &passed)) > 0) {
        if (message.type == VIR_LOCK_GUARD_MESSAGE_KEEP)
            virLockDaemonGuardLinkKeep(link, &passed);
        if (passed >= 0)
            close(passed);
        /* Even if it comes too late: it answers again. */
        if (message.type == VIR_LOCK_GUARD_MESSAGE_ENTERED)
            link->deaf = FALSE;
        if (message.type == VIR_LOCK_GUARD_MESSAGE_ENTERED && message.serial == serial)
            answer = message.ok ? 1 : -1;
        else if (message.type >= VIR_LOCK_GUARD_MESSAGE_END && message.type < VIR_LOCK_GUARD_MESSAGE_LAST)
            link->orders |= 1U << message.type;
    }
    return rc < 0 ? -1 : answer;
}

static gboolean
virLockDaemonGuardLinkHeard(gint fd G_GNUC_UNUSED, GIOCondition condition G_GNUC_UNUSED, gpointer opaque)
{
    virLockDaemonGuardLink *link = opaque;

    /* No answer is waited for: that of 0 never comes. */
    if (virLockDaemonGuardLinkHear(link, 0) < 0)
        virLockDaemonGuardLinkGone(link);
    virLockDaemonGuardLinkObey(link);
    return G_SOURCE_CONTINUE;
}

static void
virLockDaemonGuardLinkWatch(virLockDaemonGuardLink *link)
{
    link->watch = g_unix_fd_source_new(link->channel, G_IO_IN);
    g_source_set_priority(link->watch, G_PRIORITY_HIGH);
    g_source_set_callback(link->watch, G_SOURCE_FUNC(virLockDaemonGuardLinkHeard), link, NULL);
    g_source_attach(link->watch, NULL);
}

/* Waits for the answer to the ENTER @serial, no longer than until @limit. */
static int
virLockDaemonGuardLinkAwait(virLockDaemonGuardLink *link, guint64 serial, virLeaseTime limit)
{
    struct pollfd pfd = { .fd = link->channel, .events = POLLIN };
    virLeaseTime now;
    int rc;

    while ((rc = virLockDaemonGuardLinkHear(link, serial)) == 0 && (now = virTimeBootNow()) < limit) {
        if (poll(&pfd, 1, (limit - now) / VIR_LEASE_MILLISECOND + 1) < 0 && errno != EINTR)
            break;
    }
    if (link->orders)
        g_idle_add(virLockDaemonGuardLinkObeyLater, link);
    if (rc != 0)
        return rc;
    link->deaf = TRUE;
    return -1;
}

static int
virLockDaemonGuardLinkAsk(virLockDaemonGuardLink *link, guint slot)
{
    virLockGuardMessage message = {
        .type = VIR_LOCK_GUARD_MESSAGE_ENTER,
        .slot = slot,
        .serial = ++link->serial,
    };

    if (link->channel < 0 || link->deaf ||
        virLockGuardMessageSend(link->channel, &message, -1) < 0)
        return -1;
    return virLockDaemonGuardLinkAwait(link, message.serial,
                                       virTimeBootNow() + VIR_LOCK_DAEMON_GUARD_LINK_ANSWER_MS * VIR_LEASE_MILLISECOND);
}

/* ---- owners ---- */

static gboolean
virLockDaemonGuardLinkIs(const virLockDaemonGuardLink *link, guint slot, const virLockDaemonOwner *owner)
{
    virLockGuardOwner record;

    return link->slots[slot] != VIR_LOCK_DAEMON_GUARD_SLOT_FREE &&
        virLockGuardPageGetOwner(link->page, slot, &record) &&
        record.running && record.number == owner->number &&
        record.pid == owner->pid && record.start == owner->start;
}

/* The slot that @owner has, or else a free one; -1: neither. */
static int
virLockDaemonGuardLinkFind(const virLockDaemonGuardLink *link, const virLockDaemonOwner *owner, gboolean make)
{
    guint n = virLockGuardPageGetOwners(link->page);

    for (guint i = 0; i < n; i++) {
        if (virLockDaemonGuardLinkIs(link, i, owner))
            return (int) i;
    }
    for (guint i = 0; make && i < n; i++) {
        if (link->slots[i] == VIR_LOCK_DAEMON_GUARD_SLOT_FREE)
            return (int) i;
    }
    return -1;
}

static void
virLockDaemonGuardLinkWrite(virLockDaemonGuardLink *link, guint slot, int index, const virLockDaemonOwner *owner)
{
    virLockGuardOwner record = {
        .number = owner->number,
        .start = owner->start,
        .pid = owner->pid,
        .lockspace = (guint16) index,
        .running = 1,
        .ignore = owner->ignore != FALSE,
    };

    if (virUUIDParse(owner->uuid, record.uuid) < 0)
        virResetLastError();
    g_strlcpy(record.name, owner->name, sizeof(record.name));
    virLockGuardPageSetOwner(link->page, slot, &record);
    link->slots[slot] = VIR_LOCK_DAEMON_GUARD_SLOT_OURS;
}

/* The host is not to sleep while anybody runs. */
static void
virLockDaemonGuardLinkStayAwake(virLockDaemonGuardLink *link)
{
    gboolean running = FALSE;

    for (guint i = 0; !running && i < virLockGuardPageGetOwners(link->page); i++)
        running = link->slots[i] != VIR_LOCK_DAEMON_GUARD_SLOT_FREE;
    virLockDaemonInhibitSet(link->inhibit, running);
}

static void
virLockDaemonGuardLinkErase(virLockDaemonGuardLink *link, guint slot)
{
    const virLockGuardOwner nobody = { 0 };

    virLockGuardPageSetOwner(link->page, slot, &nobody);
    link->slots[slot] = VIR_LOCK_DAEMON_GUARD_SLOT_FREE;
    virLockDaemonGuardLinkStayAwake(link);
}

int
virLockDaemonGuardLinkEnter(virLockDaemonGuardLink *link, int index, const virLockDaemonOwner *owner)
{
    int slot = virLockDaemonGuardLinkFind(link, owner, TRUE);

    if (slot < 0) {
        virReportError(VIR_ERR_OVERFLOW, _("the guard watches over %1$u running guests already, and takes no more"),
                       virLockGuardPageGetOwners(link->page));
        return -1;
    }
    virLockDaemonGuardLinkWrite(link, (guint) slot, index, owner);
    virLockDaemonGuardLinkStayAwake(link);
    if (virLockDaemonGuardLinkAsk(link, (guint) slot) > 0)
        return 0;
    virReportError(VIR_ERR_OPERATION_FAILED,
                   _("the guard does not confirm that it watches over guest '%1$s' (process %2$lld)"),
                   owner->name, (long long) owner->pid);
    return -1;
}

void
virLockDaemonGuardLinkLeave(virLockDaemonGuardLink *link, const virLockDaemonOwner *owner)
{
    int slot = virLockDaemonGuardLinkFind(link, owner, FALSE);

    if (slot >= 0)
        virLockDaemonGuardLinkErase(link, (guint) slot);
}

/* ---- lockspaces ---- */

static gboolean
virLockDaemonGuardLinkNamed(const virLockGuardLockspace *record, const char *name)
{
    return strncmp(record->name, name, sizeof(record->name) - 1) == 0;
}

/* Damaged ones count as not in use. */
static int
virLockDaemonGuardLinkFindLockspace(const virLockDaemonGuardLink *link, const char *name)
{
    int unused = -1;

    for (guint i = 0; i < VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX; i++) {
        virLockGuardLockspace record;

        if (!virLockGuardPageGetLockspace(link->page, i, &record))
            continue;
        record.name[sizeof(record.name) - 1] = '\0';
        if (record.name[0] && virLockDaemonGuardLinkNamed(&record, name))
            return (int) i;
        if (!record.name[0] && unused < 0)
            unused = (int) i;
    }
    return unused;
}

int
virLockDaemonGuardLinkAddLockspace(virLockDaemonGuardLink *link, const char *name)
{
    virLockGuardLockspace record = {
        .end = VIR_LEASE_TIME_NEVER,
        .margin = VIR_LOCK_DAEMON_GUARD_LINK_MARGIN,
    };
    int index = virLockDaemonGuardLinkFindLockspace(link, name);

    if (index < 0) {
        virReportError(VIR_ERR_OVERFLOW, _("the guard knows %1$d lockspaces already, and takes no more: restart virtleased"),
                       VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX);
        return -1;
    }
    if (virLockGuardPageGetLockspace(link->page, (guint) index, &record) && record.name[0])
        return index;
    g_strlcpy(record.name, name, sizeof(record.name));
    virLockGuardPageSetLockspace(link->page, (guint) index, &record);
    return index;
}

void
virLockDaemonGuardLinkSetEnd(virLockDaemonGuardLink *link,
                             int index,
                             const char *name,
                             virLeaseTime end,
                             virLeaseSpan margin)
{
    virLockGuardLockspace record = { .end = end, .margin = margin };

    g_strlcpy(record.name, name, sizeof(record.name));
    virLockGuardPageSetLockspace(link->page, (guint) index, &record);
}

/* ---- beginning and end ---- */

int
virLockDaemonGuardLinkGetSocket(const virLockDaemonGuardLink *link)
{
    return link->socket;
}

void
virLockDaemonGuardLinkSetSocket(virLockDaemonGuardLink *link, int socket, const struct stat *file)
{
    virLockGuardPageSet(link->page, VIR_LOCK_GUARD_SETTING_SOCKET_DEVICE, file ? file->st_dev : 0);
    virLockGuardPageSet(link->page, VIR_LOCK_GUARD_SETTING_SOCKET_INODE, file ? file->st_ino : 0);
    link->socket = socket;
}

void
virLockDaemonGuardLinkReady(virLockDaemonGuardLink *link)
{
    virLockGuardMessage message = { .type = VIR_LOCK_GUARD_MESSAGE_READY };

    for (guint i = 0; i < virLockGuardPageGetOwners(link->page); i++) {
        if (link->slots[i] == VIR_LOCK_DAEMON_GUARD_SLOT_FOUND)
            virLockDaemonGuardLinkErase(link, i);
    }
    if (virLockGuardMessageSend(link->channel, &message, link->socket) < 0)
        VIR_WARN("the guard is not told that all is ready, ignoring: %s", g_strerror(errno));
}

void
virLockDaemonGuardLinkEnd(virLockDaemonGuardLink *link)
{
    link->ending = TRUE;
}

void
virLockDaemonGuardLinkSetLogLevel(virLockDaemonGuardLink *link)
{
    virLockGuardPageSet(link->page, VIR_LOCK_GUARD_SETTING_LOG_LEVEL, virLogGetPriority());
}

static void
virLockDaemonGuardLinkReadSlots(virLockDaemonGuardLink *link)
{
    guint n = virLockGuardPageGetOwners(link->page);

    link->slots = g_new0(guint8, n);
    for (guint i = 0; i < n; i++) {
        virLockGuardOwner record;

        if (!virLockGuardPageGetOwner(link->page, i, &record) || record.running)
            link->slots[i] = VIR_LOCK_DAEMON_GUARD_SLOT_FOUND;
    }
}

virLockDaemonGuardLink *
virLockDaemonGuardLinkNew(const virLockDaemonOptions *options,
                          const virLockGuardInherited *inherited,
                          virLockDaemonGuardLinkFunc func,
                          void *opaque)
{
    virLockGuardPage *page = virLockGuardPageOpen(inherited->page);
    virLockDaemonGuardLink *link;

    if (!page)
        return NULL;
    link = g_new0(virLockDaemonGuardLink, 1);
    link->options = options;
    link->func = func;
    link->opaque = opaque;
    link->page = page;
    link->channel = inherited->channel;
    link->socket = inherited->socket;
    link->watchdog = inherited->watchdog;
    memcpy(link->locks, inherited->locks, sizeof(link->locks));
    link->pidfd = inherited->starter;
    link->pid = inherited->pid;
    link->inhibit = virLockDaemonInhibitNew();
    virLockGuardRankGet(&link->rank);
    virLockGuardLifeInit(&link->life, VIR_LOCK_DAEMON_GUARD_LINK_PAUSE, virTimeBootNow());
    virLockDaemonGuardLinkReadSlots(link);
    virLockDaemonGuardLinkWatch(link);
    virLockGuardPageBeat(page, VIR_LOCK_GUARD_SIDE_WORKER);
    link->beat = g_timeout_add(VIR_LOCK_GUARD_LIFE_BEAT / VIR_LEASE_MILLISECOND, virLockDaemonGuardLinkBeat, link);
    return link;
}

void
virLockDaemonGuardLinkFree(virLockDaemonGuardLink *link)
{
    if (!link)
        return;
    g_idle_remove_by_data(link);
    if (link->beat)
        g_source_remove(link->beat);
    if (link->later)
        g_source_remove(link->later);
    virLockDaemonGuardLinkUnwatch(link);
    if (link->pidfd >= 0)
        close(link->pidfd);
    if (link->socket >= 0)
        close(link->socket);
    if (link->watchdog >= 0)
        close(link->watchdog);
    virLockDaemonInhibitFree(link->inhibit);
    virLockGuardPageFree(link->page);
    g_free(link->slots);
    g_free(link);
}
