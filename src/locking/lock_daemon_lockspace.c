/*
 * lock_daemon_lockspace.c: a lockspace as the daemon serves it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lock_daemon_guard.h"
#include "lock_daemon_lockspace.h"
#include "lock_daemon_pauser.h"
#include "lock_daemon_restarter.h"
#include "lock_daemon_restore.h"
#include "lock_daemon_timer.h"
#include "virerror.h"
#include "virlog.h"
#include "virprocess.h"
#include "virtime.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lockspace");

/* Until what could not be saved is tried again. */
#define VIR_LOCK_DAEMON_LOCKSPACE_RETRY_MS 500

struct _virLockDaemonLockspace {
    char *name;
    char *url;
    virLockDaemonState *state;
    virLockDaemonOwnerTable *owners;
    virLockDaemonLockspaceAnswerFunc answer;
    virLockDaemonLockspaceDoneFunc done;
    void *opaque;

    virLeaseEngine *engine;
    virLeaseStore *store;
    virLockDaemonTimer *timer;
    virLockDaemonGuard *guard;
    virLockDaemonRestarter *restarter;
    char *unsaved;              /* what should be saved of the session and could not be; else NULL */
    guint retry;                /* the source that tries to save again, or 0 */
    gboolean stepping;
    GQueue later;               /* of virLeaseEvent: what an action of the present step gave rise to */
};

/* ---- carrying out what the engine asks for ---- */

static virLockDaemonSavedOwner
virLockDaemonLockspaceToSaved(const virLockDaemonOwner *owner, char *text)
{
    virLockDaemonSavedOwner saved = {
        .number = owner->number,
        .pid = owner->pid,
        .start = owner->start,
        .uuid = (char *) owner->uuid,
        .name = owner->name,
        .text = text,
    };

    return saved;
}

/* Takes over what could not be written: in @unsaved; NULL if it could. */
static void
virLockDaemonLockspaceTrySession(virLockDaemonLockspace *lockspace, const char *text)
{
    gboolean failed = virLockDaemonStateSaveSession(lockspace->state, lockspace->name, lockspace->url, text) < 0;
    g_autofree char *old = g_steal_pointer(&lockspace->unsaved);

    if (failed && !old)
        VIR_ERROR("lockspace '%s': the session cannot be saved, no guest is granted its locks until it can: %s",
                  lockspace->name, virGetLastErrorMessage());
    if (failed)
        lockspace->unsaved = g_strdup(text);
    virResetLastError();
}

static void
virLockDaemonLockspaceTryOwner(virLockDaemonLockspace *lockspace, virLockDaemonOwner *owner, const char *text)
{
    virLockDaemonSavedOwner saved = virLockDaemonLockspaceToSaved(owner, (char *) text);
    gboolean failed = virLockDaemonStateSaveOwner(lockspace->state, lockspace->name, &saved) < 0;
    g_autofree char *old = g_steal_pointer(&owner->unsaved);

    if (failed && !old)
        VIR_ERROR("lockspace '%s': guest '%s' cannot be saved, it is granted nothing until it can: %s",
                  lockspace->name, owner->name, virGetLastErrorMessage());
    if (failed)
        owner->unsaved = g_strdup(text);
    else
        owner->saved = TRUE;
    virResetLastError();
}

static void
virLockDaemonLockspaceRetryOwner(virLockDaemonOwner *owner, void *opaque)
{
    virLockDaemonLockspace *lockspace = opaque;
    g_autofree char *text = g_strdup(owner->unsaved);

    if (text && g_str_equal(owner->lockspace, lockspace->name))
        virLockDaemonLockspaceTryOwner(lockspace, owner, text);
}

/* What was granted before (another disk to a running guest, say) must be known
 * to a restarted daemon as soon as there is room again. */
static gboolean
virLockDaemonLockspaceRetry(void *opaque)
{
    virLockDaemonLockspace *lockspace = opaque;
    g_autofree char *text = g_strdup(lockspace->unsaved);

    if (text)
        virLockDaemonLockspaceTrySession(lockspace, text);
    virLockDaemonOwnerTableForeach(lockspace->owners, virLockDaemonLockspaceRetryOwner, lockspace);
    return G_SOURCE_CONTINUE;
}

static void
virLockDaemonLockspaceKeepTrying(virLockDaemonLockspace *lockspace, const char *unsaved)
{
    if (unsaved && !lockspace->retry)
        lockspace->retry = g_timeout_add(VIR_LOCK_DAEMON_LOCKSPACE_RETRY_MS, virLockDaemonLockspaceRetry, lockspace);
}

static void
virLockDaemonLockspaceSaveSession(virLockDaemonLockspace *lockspace, const char *text)
{
    virLockDaemonLockspaceTrySession(lockspace, text);
    virLockDaemonLockspaceKeepTrying(lockspace, lockspace->unsaved);
}

static void
virLockDaemonLockspaceSaveOwner(virLockDaemonLockspace *lockspace, virLockDaemonOwner *owner, const char *text)
{
    virLockDaemonLockspaceTryOwner(lockspace, owner, text);
    virLockDaemonLockspaceKeepTrying(lockspace, owner->unsaved);
}

/* The record stays until the process is gone: it may have to be fenced. */
static void
virLockDaemonLockspaceForgetOwner(virLockDaemonLockspace *lockspace, virLockDaemonOwner *owner)
{
    virLockDaemonSavedOwner saved = virLockDaemonLockspaceToSaved(owner, NULL);

    virLockDaemonStateForgetOwner(lockspace->state, lockspace->name, &saved);
    virLockDaemonGuardLeave(lockspace->guard, owner);
    g_clear_pointer(&owner->unsaved, g_free);
    owner->forgotten = TRUE;
    if (owner->exited || !owner->fencing)
        virLockDaemonOwnerTableRemove(lockspace->owners, owner);
}

/* Whether the guard may know, or knows already, that @owner runs, and a daemon
 * that is started later will. */
static gboolean
virLockDaemonLockspaceMayEnter(virLockDaemonLockspace *lockspace,
                               virLeaseActionType type,
                               virLockDaemonOwner *owner)
{
    if (!owner || owner->unsaved || lockspace->unsaved)
        return FALSE;
    if (type == VIR_LEASE_ACTION_CONFIRM)
        return !owner->exited && !owner->fencing;
    return virLockDaemonGuardEnter(lockspace->guard, owner);
}

/* The event ENTERED comes after the actions that are still to be carried out. */
static void
virLockDaemonLockspaceEnter(virLockDaemonLockspace *lockspace, const virLeaseAction *action, virLockDaemonOwner *owner)
{
    virLeaseEvent *event = g_new0(virLeaseEvent, 1);

    event->type = VIR_LEASE_EVENT_ENTERED;
    event->owner = action->owner;
    if (owner && action->type == VIR_LEASE_ACTION_ENTER)
        owner->ignore = action->failure == VIR_LEASE_FAILURE_IGNORE;
    event->ok = virLockDaemonLockspaceMayEnter(lockspace, action->type, owner);
    g_queue_push_tail(&lockspace->later, event);
}

static void
virLockDaemonLockspaceFail(virLockDaemonLockspace *lockspace, virLockDaemonOwner *owner, const virLeaseAction *action)
{
    if (action->failure == VIR_LEASE_FAILURE_RESTART)
        virLockDaemonRestarterPrepare(lockspace->restarter, owner, action->end);
    if (action->failure != VIR_LEASE_FAILURE_PAUSE)
        return;
    g_clear_pointer(&owner->pauser, virLockDaemonPauserFree);
    owner->pauser = virLockDaemonPauserNew(owner, action->end);
}

static void
virLockDaemonLockspaceActOwner(virLockDaemonLockspace *lockspace, const virLeaseAction *action)
{
    virLockDaemonOwner *owner = virLockDaemonOwnerTableGet(lockspace->owners, action->owner);

    if (action->type == VIR_LEASE_ACTION_ENTER || action->type == VIR_LEASE_ACTION_CONFIRM) {
        virLockDaemonLockspaceEnter(lockspace, action, owner);
        return;
    }
    if (!owner) {
        VIR_DEBUG("lockspace '%s': owner %" PRIu64 " is not known here", lockspace->name, action->owner);
        return;
    }
    switch (action->type) {
    case VIR_LEASE_ACTION_SAVE_OWNER:
        virLockDaemonLockspaceSaveOwner(lockspace, owner, action->text);
        break;
    case VIR_LEASE_ACTION_FORGET_OWNER:
        virLockDaemonLockspaceForgetOwner(lockspace, owner);
        break;
    case VIR_LEASE_ACTION_LEAVE:
        virLockDaemonGuardLeave(lockspace->guard, owner);
        break;
    case VIR_LEASE_ACTION_FAILING:
        virLockDaemonLockspaceFail(lockspace, owner, action);
        break;
    case VIR_LEASE_ACTION_FENCE:
        if (action->restart)
            virLockDaemonRestarterWant(lockspace->restarter, owner);
        virLockDaemonOwnerFence(owner, action->message, virLockDaemonGuardGetGrace(lockspace->guard));
        break;
    case VIR_LEASE_ACTION_ENTER:
    case VIR_LEASE_ACTION_CONFIRM:
    case VIR_LEASE_ACTION_STORE:
    case VIR_LEASE_ACTION_ANSWER:
    case VIR_LEASE_ACTION_SAVE_SESSION:
    case VIR_LEASE_ACTION_END:
    case VIR_LEASE_ACTION_DONE:
    case VIR_LEASE_ACTION_LAST:
    default:
        g_assert_not_reached();
    }
}

static void
virLockDaemonLockspaceAnswer(virLockDaemonLockspace *lockspace, const virLeaseAction *action)
{
    const virLockDaemonOwner *owner = action->elsewhere ?
        virLockDaemonOwnerTableGet(lockspace->owners, action->owner) : NULL;

    if (owner)
        virLockDaemonRestarterElsewhere(lockspace->restarter, owner->uuid);
    lockspace->answer(action->request, action->code, action->message, action->token, lockspace->opaque);
}

static void
virLockDaemonLockspaceSubmit(virLockDaemonLockspace *lockspace, virLeaseAction *action)
{
    const virLockDaemonOwner *owner = virLockDaemonOwnerTableGet(lockspace->owners, action->owner);
    virLeaseEvent *event;

    if (!owner || !owner->unsaved) {
        virLeaseStoreSubmit(lockspace->store, g_steal_pointer(&action->op));
        return;
    }
    event = g_new0(virLeaseEvent, 1);
    event->type = VIR_LEASE_EVENT_REPLY;
    event->reply = virLeaseReplyNew(action->op->id, VIR_LEASE_STATUS_UNSAVED);
    g_queue_push_tail(&lockspace->later, event);
}

static void
virLockDaemonLockspaceAct(virLockDaemonLockspace *lockspace, virLeaseAction *action)
{
    switch (action->type) {
    case VIR_LEASE_ACTION_STORE:
        virLockDaemonLockspaceSubmit(lockspace, action);
        break;
    case VIR_LEASE_ACTION_ANSWER:
        virLockDaemonLockspaceAnswer(lockspace, action);
        break;
    case VIR_LEASE_ACTION_SAVE_SESSION:
        virLockDaemonLockspaceSaveSession(lockspace, action->text);
        break;
    case VIR_LEASE_ACTION_END:
        virLockDaemonGuardSetEnd(lockspace->guard, action->end, virLeaseEngineMargin(lockspace->engine));
        break;
    case VIR_LEASE_ACTION_DONE:
        lockspace->done(lockspace, lockspace->opaque);
        break;
    case VIR_LEASE_ACTION_SAVE_OWNER:
    case VIR_LEASE_ACTION_FORGET_OWNER:
    case VIR_LEASE_ACTION_ENTER:
    case VIR_LEASE_ACTION_LEAVE:
    case VIR_LEASE_ACTION_CONFIRM:
    case VIR_LEASE_ACTION_FAILING:
    case VIR_LEASE_ACTION_FENCE:
        virLockDaemonLockspaceActOwner(lockspace, action);
        break;
    case VIR_LEASE_ACTION_LAST:
    default:
        g_assert_not_reached();
    }
}

/* ---- events ---- */

static void
virLockDaemonLockspaceStepOnce(virLockDaemonLockspace *lockspace, virLeaseEvent *event)
{
    GQueue actions = G_QUEUE_INIT;
    virLeaseAction *action;

    event->now = virTimeBootNow();
    event->wall = g_get_real_time() / G_USEC_PER_SEC;
    virLeaseEngineStep(lockspace->engine, event, &actions);
    while ((action = g_queue_pop_head(&actions))) {
        virLockDaemonLockspaceAct(lockspace, action);
        virLeaseActionFree(action);
    }
}

static void
virLockDaemonLockspaceStep(virLockDaemonLockspace *lockspace, virLeaseEvent *event)
{
    virLeaseEvent *later;

    /* Nothing that an action calls comes back here before it returns. */
    g_assert(!lockspace->stepping);
    lockspace->stepping = TRUE;
    virLockDaemonLockspaceStepOnce(lockspace, event);
    while ((later = g_queue_pop_head(&lockspace->later))) {
        virLockDaemonLockspaceStepOnce(lockspace, later);
        virLeaseReplyFree(later->reply);
        g_free(later);
    }
    lockspace->stepping = FALSE;
    virLockDaemonTimerSet(lockspace->timer, virLeaseEngineGetWakeup(lockspace->engine));
}

static void
virLockDaemonLockspaceTimer(void *opaque)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_TIMER };

    virLockDaemonLockspaceStep(opaque, &event);
}

static void
virLockDaemonLockspaceReplied(virLeaseReply *reply, void *opaque)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_REPLY, .reply = reply };

    virLockDaemonLockspaceStep(opaque, &event);
    virLeaseReplyFree(reply);
}

static void
virLockDaemonLockspaceExited(virLockDaemonOwner *owner, void *opaque)
{
    virLockDaemonLockspace *lockspace = opaque;
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_EXITED, .owner = owner->number };
    guint64 number = owner->number;

    VIR_INFO("lockspace '%s': guest '%s' (uuid %s, process %lld) has ended",
             lockspace->name, owner->name, owner->uuid, (long long) owner->pid);
    virLockDaemonGuardLeave(lockspace->guard, owner);
    if (!owner->forgotten)
        virLockDaemonLockspaceStep(lockspace, &event);
    owner = virLockDaemonOwnerTableGet(lockspace->owners, number);
    if (owner)
        virLockDaemonRestarterExited(lockspace->restarter, owner);

    /* Unless it is saved the engine never knew it, or knows it no more. */
    owner = virLockDaemonOwnerTableGet(lockspace->owners, number);
    if (owner && (owner->forgotten || (!owner->saved && !owner->unsaved)))
        virLockDaemonOwnerTableRemove(lockspace->owners, owner);
}

/* ---- requests ---- */

static int
virLockDaemonLockspaceCheckOwner(const virLockDaemonLockspace *lockspace,
                                 const virLockDaemonOwner *owner,
                                 const virLeaseEvent *event)
{
    if (!g_str_equal(owner->uuid, event->uuid)) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("process %1$lld belongs to guest '%2$s' with the uuid %3$s, not to '%4$s' with %5$s"),
                       (long long) owner->pid, owner->name, owner->uuid, event->guest, event->uuid);
        return -1;
    }
    if (!g_str_equal(owner->lockspace, lockspace->name)) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("guest '%1$s' has its locks in lockspace '%2$s', it cannot have others in '%3$s'"),
                       owner->name, owner->lockspace, lockspace->name);
        return -1;
    }
    return 0;
}

/* Takes @pidfd over on success. */
static virLockDaemonOwner *
virLockDaemonLockspaceMakeOwner(virLockDaemonLockspace *lockspace,
                                const virLeaseEvent *event,
                                int pidfd,
                                unsigned long long start)
{
    virLockDaemonOwner *owner;
    guint64 number;

    if (virLockDaemonOwnerTableSize(lockspace->owners) >= VIR_LOCK_DAEMON_LOCKSPACE_OWNERS_MAX) {
        virReportError(VIR_ERR_OVERFLOW, _("virtleased watches over %1$d guests already, and takes no more"),
                       VIR_LOCK_DAEMON_LOCKSPACE_OWNERS_MAX);
        return NULL;
    }
    if ((number = virLockDaemonStateNextOwner(lockspace->state)) == 0)
        return NULL;
    owner = virLockDaemonOwnerNew(number, lockspace->name, event->uuid, event->guest, event->pid, start, pidfd);
    virLockDaemonOwnerTableAdd(lockspace->owners, owner);
    virLockDaemonOwnerWatch(owner, virLockDaemonLockspaceExited, lockspace);
    return owner;
}

/* The owner of a request that may come from a guest that is not known yet. */
static virLockDaemonOwner *
virLockDaemonLockspaceObtainOwner(virLockDaemonLockspace *lockspace, const virLeaseEvent *event)
{
    unsigned long long start = 0;
    int pidfd = virLockDaemonOwnerOpenProcess(event->pid, event->guest, &start);
    virLockDaemonOwner *owner;

    if (pidfd < 0)
        return NULL;
    owner = virLockDaemonOwnerTableFind(lockspace->owners, event->pid);
    if (owner && owner->start == start) {
        close(pidfd);
        return virLockDaemonLockspaceCheckOwner(lockspace, owner, event) < 0 ? NULL : owner;
    }
    /* The known one is gone, or its id could not have been used again. */
    if (owner)
        virLockDaemonOwnerPoll(owner);
    owner = virLockDaemonLockspaceMakeOwner(lockspace, event, pidfd, start);
    if (!owner)
        close(pidfd);
    return owner;
}

int
virLockDaemonLockspaceRequest(virLockDaemonLockspace *lockspace, virLeaseEvent *event, virLeaseSpan timeout)
{
    gboolean begins = event->type == VIR_LEASE_EVENT_REGISTER || event->type == VIR_LEASE_EVENT_ACQUIRE;
    virLockDaemonOwner *owner;

    if (begins) {
        if (!(owner = virLockDaemonLockspaceObtainOwner(lockspace, event)))
            return -1;
    } else {
        owner = virLockDaemonOwnerTableFind(lockspace->owners, event->pid);
        if (owner && virLockDaemonLockspaceCheckOwner(lockspace, owner, event) < 0)
            return -1;
    }
    /* A guest that was started under another lock manager holds nothing and
     * hands nothing over; it may be stopped and unplugged all the same. */
    if (!owner) {
        VIR_INFO("lockspace '%s': guest '%s' (process %lld) is not known and holds nothing",
                 lockspace->name, event->guest, (long long) event->pid);
        lockspace->answer(event->request, VIR_ERR_OK, NULL, NULL, lockspace->opaque);
        return 0;
    }
    if (owner->fencing && begins) {
        virReportError(VIR_ERR_OPERATION_INVALID,
                       _("guest '%1$s' (process %2$lld) is being stopped, as it lost its lease"),
                       owner->name, (long long) owner->pid);
        return -1;
    }
    event->owner = owner->number;
    /* QEMU waits for another's memory, of a migration or a saved guest, only
     * if it was started so. */
    event->boots = event->token && !virProcessHasArgument(owner->pid, "-incoming");
    event->deadline = virTimeBootNow() + timeout;
    virLockDaemonLockspaceStep(lockspace, event);
    return 0;
}

void
virLockDaemonLockspaceCancel(virLockDaemonLockspace *lockspace, guint64 request)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_CANCEL, .request = request };

    virLockDaemonLockspaceStep(lockspace, &event);
}

void
virLockDaemonLockspaceShutdown(virLockDaemonLockspace *lockspace)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_SHUTDOWN };

    virLockDaemonLockspaceStep(lockspace, &event);
}

/* ---- beginning and end ---- */

/* Returns whether its process is still there. */
static gboolean
virLockDaemonLockspaceTakeOwner(virLockDaemonLockspace *lockspace, const virLockDaemonSavedOwner *saved)
{
    int pidfd = virLockDaemonOwnerReopenProcess(saved->pid, saved->start);
    virLockDaemonOwner *owner = virLockDaemonOwnerNew(saved->number, lockspace->name, saved->uuid, saved->name,
                                                      saved->pid, saved->start, pidfd);

    owner->saved = TRUE;
    virLockDaemonOwnerTableAdd(lockspace->owners, owner);
    VIR_INFO("lockspace '%s': %s guest '%s' (uuid %s, process %lld)", lockspace->name,
             pidfd >= 0 ? "adopted" : "in the meantime ended",
             owner->name, owner->uuid, (long long) owner->pid);
    return pidfd >= 0;
}

/* Its first step: what was saved comes alive. */
static void
virLockDaemonLockspaceStart(virLockDaemonLockspace *lockspace, const virLockDaemonSavedLockspace *saved)
{
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_TIMER };
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(guint64));

    for (guint i = 0; saved && i < saved->owners->len; i++) {
        const virLockDaemonSavedOwner *owner = g_ptr_array_index(saved->owners, i);

        if (!virLockDaemonLockspaceTakeOwner(lockspace, owner))
            g_array_append_val(gone, owner->number);
    }
    virLockDaemonLockspaceStep(lockspace, &event);
    for (guint i = 0; i < gone->len; i++) {
        virLeaseEvent exited = { .type = VIR_LEASE_EVENT_EXITED, .owner = g_array_index(gone, guint64, i) };

        virLockDaemonLockspaceStep(lockspace, &exited);
    }
    for (guint i = 0; saved && i < saved->owners->len; i++) {
        const virLockDaemonSavedOwner *known = g_ptr_array_index(saved->owners, i);
        virLockDaemonOwner *owner = virLockDaemonOwnerTableGet(lockspace->owners, known->number);

        if (owner)
            virLockDaemonOwnerWatch(owner, virLockDaemonLockspaceExited, lockspace);
    }
}

/* Whether a guest could have its locks now. */
static gboolean
virLockDaemonLockspaceIsReady(void *opaque)
{
    const virLockDaemonLockspace *lockspace = opaque;
    g_autoptr(virLeaseEngineStatus) status = virLockDaemonLockspaceGetStatus(lockspace);

    return g_str_equal(status->state, "active") && !status->problem;
}

static int
virLockDaemonLockspaceOpen(virLockDaemonLockspace *lockspace,
                           const virLockDaemonLockspaceConfig *config,
                           virLockDaemonSavedLockspace *saved)
{
    g_autoptr(virLockDaemonSavedLockspace) nothing = g_new0(virLockDaemonSavedLockspace, 1);
    virLeaseEngineConfig engineConfig = {
        .lockspace = lockspace->name,
        .url = lockspace->url,
        .host = config->host,
        .bootid = config->bootid,
    };

    nothing->name = g_strdup(lockspace->name);
    nothing->owners = g_ptr_array_new();

    if (!(lockspace->timer = virLockDaemonTimerNew(virLockDaemonLockspaceTimer, lockspace)) ||
        !(lockspace->guard = virLockDaemonGuardNew(config->link, lockspace->name)) ||
        !(lockspace->restarter = virLockDaemonRestarterNew(virLockDaemonStateGetDir(lockspace->state), config->bootid,
                                                           lockspace->name, virLockDaemonLockspaceIsReady,
                                                           lockspace)) ||
        !(lockspace->store = virLeaseStoreNew(lockspace->url, virLockDaemonLockspaceReplied, lockspace)) ||
        !(lockspace->engine = virLockDaemonRestoreEngine(lockspace->state, saved ? saved : nothing, &engineConfig)))
        return -1;
    return 0;
}

virLockDaemonLockspace *
virLockDaemonLockspaceNew(const virLockDaemonLockspaceConfig *config, virLockDaemonSavedLockspace *saved)
{
    g_autoptr(virLockDaemonLockspace) lockspace = g_new0(virLockDaemonLockspace, 1);

    lockspace->name = g_strdup(config->name);
    lockspace->url = g_strdup(config->url);
    lockspace->state = config->state;
    lockspace->owners = config->owners;
    lockspace->answer = config->answer;
    lockspace->done = config->done;
    lockspace->opaque = config->opaque;
    g_queue_init(&lockspace->later);

    if (virLockDaemonLockspaceOpen(lockspace, config, saved) < 0)
        return NULL;
    VIR_INFO("lockspace '%s' at '%s' is opened", lockspace->name, lockspace->url);
    virLockDaemonLockspaceStart(lockspace, saved);
    return g_steal_pointer(&lockspace);
}

void
virLockDaemonLockspaceFree(virLockDaemonLockspace *lockspace)
{
    if (!lockspace)
        return;
    virLeaseStoreFree(lockspace->store);
    virLockDaemonTimerFree(lockspace->timer);
    virLockDaemonGuardFree(lockspace->guard);
    virLockDaemonRestarterFree(lockspace->restarter);
    virLeaseEngineFree(lockspace->engine);
    if (lockspace->retry)
        g_source_remove(lockspace->retry);
    g_free(lockspace->unsaved);
    g_free(lockspace->name);
    g_free(lockspace->url);
    g_free(lockspace);
}

const char *
virLockDaemonLockspaceGetName(const virLockDaemonLockspace *lockspace)
{
    return lockspace->name;
}

const char *
virLockDaemonLockspaceGetURL(const virLockDaemonLockspace *lockspace)
{
    return lockspace->url;
}

virLeaseEngineStatus *
virLockDaemonLockspaceGetStatus(const virLockDaemonLockspace *lockspace)
{
    return virLeaseEngineGetStatus(lockspace->engine, virTimeBootNow());
}

void
virLockDaemonLockspaceLog(const virLockDaemonLockspace *lockspace)
{
    g_autoptr(virLeaseEngineStatus) status = virLockDaemonLockspaceGetStatus(lockspace);

    VIR_INFO("lockspace '%s' at '%s': %s, session %s, lease of %.1f s ends in %.1f s%s%s",
             lockspace->name, lockspace->url, status->state, status->session ? status->session : "none",
             status->length / 1e9, status->end ? (status->end - virTimeBootNow()) / 1e9 : 0.0,
             status->problem ? ": " : "", status->problem ? status->problem : "");
    for (guint i = 0; i < status->owners->len; i++) {
        const virLeaseOwnerStatus *owner = g_ptr_array_index(status->owners, i);

        VIR_INFO("lockspace '%s': guest '%s' (uuid %s, process %" PRId64 "): %s, %u resources",
                 lockspace->name, owner->guest, owner->uuid, owner->pid, owner->state, owner->resources->len);
    }
}
