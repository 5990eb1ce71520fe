/*
 * lock_daemon_state.c: what a daemon leaves to the one that comes after it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock_daemon_state.h"
#include "lock_daemon_savedtext.h"
#include "lock_daemon_statefile.h"
#include "virerror.h"
#include "virgettext.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.state");

#define VIR_LOCK_DAEMON_STATE_NEXT "next-owner"
#define VIR_LOCK_DAEMON_STATE_LOCK "lock"
#define VIR_LOCK_DAEMON_STATE_SESSION "session"
#define VIR_LOCK_DAEMON_STATE_LOCKS "locks"
#define VIR_LOCK_DAEMON_STATE_BLOCK 64  /* owner numbers reserved at a time */

struct _virLockDaemonState {
    char *dir;
    char *bootid;
    int lockfd;
    int dirfd;          /* of DIR */
    int lockspacesfd;   /* of DIR/lockspaces */
    guint64 next;       /* the next owner number */
    guint64 reserved;   /* numbers below are ours to give out */
};

void
virLockDaemonSavedOwnerFree(virLockDaemonSavedOwner *owner)
{
    if (!owner)
        return;
    g_free(owner->uuid);
    g_free(owner->name);
    g_free(owner->text);
    g_free(owner);
}

void
virLockDaemonSavedLockspaceFree(virLockDaemonSavedLockspace *lockspace)
{
    if (!lockspace)
        return;
    g_free(lockspace->name);
    g_free(lockspace->url);
    g_free(lockspace->session);
    g_ptr_array_unref(lockspace->owners);
    g_free(lockspace);
}

/* Opens the directory @name below @parent; makes it if @create. */
static int
virLockDaemonStateOpenDir(int parent, const char *name, gboolean create)
{
    int fd;

    if (create && mkdirat(parent, name, 0700) < 0 && errno != EEXIST) {
        virReportSystemError(errno, _("cannot make the state directory '%1$s'"), name);
        return -1;
    }
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        virReportSystemError(errno, _("cannot open the state directory '%1$s'"), name);
    return fd;
}

static int
virLockDaemonStateCheckDir(virLockDaemonState *state)
{
    struct stat sb;

    if (fstat(state->dirfd, &sb) < 0) {
        virReportSystemError(errno, _("cannot examine the state directory '%1$s'"), state->dir);
        return -1;
    }
    if (sb.st_uid != geteuid() || (sb.st_mode & 022)) {
        virReportError(VIR_ERR_OPERATION_DENIED,
                       _("the state directory '%1$s' belongs to another user, or others can write it: remove it, or take their permission away"),
                       state->dir);
        return -1;
    }
    return 0;
}

/* Who holds the lock file wrote its process id into it. */
static void
virLockDaemonStateReportLocked(virLockDaemonState *state)
{
    char pid[32] = "?";
    ssize_t got = pread(state->lockfd, pid, sizeof(pid) - 1, 0);

    pid[got > 0 ? got : 1] = '\0';
    g_strchomp(pid);
    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("another virtleased (process %1$s) uses the state directory '%2$s': stop that one, or give this one its own --state-dir and --socket"),
                   pid, state->dir);
}

static int
virLockDaemonStateLock(virLockDaemonState *state)
{
    g_autofree char *pid = g_strdup_printf("%lld\n", (long long) getpid());

    state->lockfd = openat(state->dirfd, VIR_LOCK_DAEMON_STATE_LOCK,
                           O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (state->lockfd < 0) {
        virReportSystemError(errno, _("cannot open the lock file of the state directory '%1$s'"), state->dir);
        return -1;
    }
    if (flock(state->lockfd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            virLockDaemonStateReportLocked(state);
        else
            virReportSystemError(errno, _("cannot lock the state directory '%1$s'"), state->dir);
        return -1;
    }
    if (ftruncate(state->lockfd, 0) < 0 ||
        pwrite(state->lockfd, pid, strlen(pid), 0) < 0)
        VIR_WARN("cannot write this process's id into the lock file of '%s', ignoring", state->dir);
    return 0;
}

virLockDaemonState *
virLockDaemonStateNew(const char *dir, const char *bootid)
{
    g_autoptr(virLockDaemonState) state = g_new0(virLockDaemonState, 1);

    state->dir = g_strdup(dir);
    state->bootid = g_strdup(bootid);
    state->dirfd = state->lockfd = state->lockspacesfd = -1;

    if (g_mkdir_with_parents(dir, 0700) < 0) {
        virReportSystemError(errno, _("cannot make the state directory '%1$s'"), dir);
        return NULL;
    }
    state->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->dirfd < 0) {
        virReportSystemError(errno, _("cannot open the state directory '%1$s'"), dir);
        return NULL;
    }
    if (virLockDaemonStateCheckDir(state) < 0 || virLockDaemonStateLock(state) < 0)
        return NULL;

    state->lockspacesfd = virLockDaemonStateOpenDir(state->dirfd, "lockspaces", TRUE);
    if (state->lockspacesfd < 0)
        return NULL;
    return g_steal_pointer(&state);
}

void
virLockDaemonStateFree(virLockDaemonState *state)
{
    if (!state)
        return;
    if (state->lockspacesfd >= 0)
        close(state->lockspacesfd);
    if (state->lockfd >= 0)
        close(state->lockfd);
    if (state->dirfd >= 0)
        close(state->dirfd);
    g_free(state->dir);
    g_free(state->bootid);
    g_free(state);
}

static char *
virLockDaemonStateOwnerFile(const virLockDaemonSavedOwner *owner)
{
    return g_strdup_printf("owner.%" PRIu64 ".%" PRId64 ".%" PRIu64,
                           owner->number, owner->pid, owner->start);
}

/* The opposite; NULL if @file is not such a name to the letter. */
static virLockDaemonSavedOwner *
virLockDaemonStateOwnerFromFile(const char *file)
{
    g_autoptr(virLockDaemonSavedOwner) owner = g_new0(virLockDaemonSavedOwner, 1);
    g_autofree char *again = NULL;

    if (sscanf(file, "owner.%" SCNu64 ".%" SCNd64 ".%" SCNu64,
               &owner->number, &owner->pid, &owner->start) != 3)
        return NULL;
    again = virLockDaemonStateOwnerFile(owner);
    if (!g_str_equal(again, file) || owner->number == 0 || owner->pid <= 1 || owner->pid > G_MAXINT32)
        return NULL;
    return g_steal_pointer(&owner);
}

/* Names in the directory @fd, @max at most; the array may be NULL on error. */
static GPtrArray *
virLockDaemonStateList(int fd, size_t max)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent *entry;
    DIR *dir;

    if (copy < 0 || !(dir = fdopendir(copy))) {
        virReportSystemError(errno, "%s", _("cannot read the state directory"));
        if (copy >= 0)
            close(copy);
        return NULL;
    }
    errno = 0;
    while (names->len < max && (entry = readdir(dir))) {
        if (!g_str_equal(entry->d_name, ".") && !g_str_equal(entry->d_name, ".."))
            g_ptr_array_add(names, g_strdup(entry->d_name));
        errno = 0;
    }
    if (errno) {
        virReportSystemError(errno, "%s", _("cannot read the state directory"));
        closedir(dir);
        return NULL;
    }
    closedir(dir);
    return g_steal_pointer(&names);
}

/* Fills in what the file @name says of @owner.
 * Returns 1, 0 if it is of another boot, -1 with an error reported. */
static int
virLockDaemonStateReadOwner(virLockDaemonState *state, int dir, const char *name, virLockDaemonSavedOwner *owner)
{
    g_autofree char *text = virLockDaemonStateFileRead(dir, name);
    g_autoptr(virLockDaemonSavedText) saved = NULL;

    if (!text || !(saved = virLockDaemonSavedTextParse(text, name)))
        return -1;
    if (!g_str_equal(saved->bootid, state->bootid))
        return 0;
    if (!saved->uuid || !saved->name) {
        virReportError(VIR_ERR_INTERNAL_ERROR, _("the state file '%1$s' is damaged"), name);
        return -1;
    }
    owner->uuid = g_steal_pointer(&saved->uuid);
    owner->name = g_steal_pointer(&saved->name);
    owner->text = g_steal_pointer(&saved->text);
    return 1;
}

static void
virLockDaemonStateAddOwner(virLockDaemonState *state,
                           int dir,
                           const char *name,
                           virLockDaemonSavedLockspace *lockspace)
{
    g_autoptr(virLockDaemonSavedOwner) owner = virLockDaemonStateOwnerFromFile(name);
    int rc;

    if (!owner) {
        VIR_WARN("'%s' in the state directory '%s' is not one of this daemon's files, ignoring", name, state->dir);
        return;
    }
    state->next = MAX(state->next, owner->number + 1);
    rc = virLockDaemonStateReadOwner(state, dir, name, owner);
    if (rc == 0) {
        VIR_INFO("removing the state of process %" PRId64 " in lockspace '%s': it is of another boot",
                 owner->pid, lockspace->name);
        unlinkat(dir, name, 0);
        return;
    }
    if (rc < 0) {
        VIR_ERROR("lockspace '%s': what was saved of process %" PRId64 " is of no use: %s",
                  lockspace->name, owner->pid, virGetLastErrorMessage());
        virResetLastError();
    }
    g_ptr_array_add(lockspace->owners, g_steal_pointer(&owner));
}

static void
virLockDaemonStateReadSession(virLockDaemonState *state, int dir, virLockDaemonSavedLockspace *lockspace)
{
    g_autofree char *text = virLockDaemonStateFileRead(dir, VIR_LOCK_DAEMON_STATE_SESSION);
    g_autoptr(virLockDaemonSavedText) saved = NULL;

    if (text)
        saved = virLockDaemonSavedTextParse(text, VIR_LOCK_DAEMON_STATE_SESSION);
    if (!saved || !saved->url) {
        VIR_ERROR("lockspace '%s': what was saved of its session is of no use: %s",
                  lockspace->name, virGetLastErrorMessage());
        virResetLastError();
        return;
    }
    if (!g_str_equal(saved->bootid, state->bootid)) {
        VIR_INFO("removing the saved session of lockspace '%s': it is of another boot", lockspace->name);
        unlinkat(dir, VIR_LOCK_DAEMON_STATE_SESSION, 0);
        return;
    }
    lockspace->url = g_steal_pointer(&saved->url);
    lockspace->session = g_steal_pointer(&saved->text);
}

static void
virLockDaemonStateReadFile(virLockDaemonState *state, int dir, const char *name, virLockDaemonSavedLockspace *lockspace)
{
    if (virLockDaemonStateFileIsLeftover(name))
        unlinkat(dir, name, 0);
    else if (g_str_equal(name, VIR_LOCK_DAEMON_STATE_SESSION))
        virLockDaemonStateReadSession(state, dir, lockspace);
    else
        virLockDaemonStateAddOwner(state, dir, name, lockspace);
}

static virLockDaemonSavedLockspace *
virLockDaemonStateReadLockspace(virLockDaemonState *state, const char *name)
{
    g_autoptr(virLockDaemonSavedLockspace) lockspace = g_new0(virLockDaemonSavedLockspace, 1);
    g_autoptr(GPtrArray) files = NULL;
    int dir;

    lockspace->name = g_strdup(name);
    lockspace->owners = g_ptr_array_new_with_free_func((GDestroyNotify) virLockDaemonSavedOwnerFree);

    if ((dir = virLockDaemonStateOpenDir(state->lockspacesfd, name, FALSE)) < 0)
        return NULL;
    files = virLockDaemonStateList(dir, VIR_LOCK_DAEMON_STATE_OWNERS_MAX + 2);
    for (guint i = 0; files && i < files->len; i++)
        virLockDaemonStateReadFile(state, dir, g_ptr_array_index(files, i), lockspace);
    close(dir);
    return files ? g_steal_pointer(&lockspace) : NULL;
}

/* The numbers that an earlier daemon reserved are lost, used or not. */
static void
virLockDaemonStateReadNext(virLockDaemonState *state)
{
    g_autofree char *text = NULL;
    guint64 next;

    if (faccessat(state->dirfd, VIR_LOCK_DAEMON_STATE_NEXT, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return;
    text = virLockDaemonStateFileRead(state->dirfd, VIR_LOCK_DAEMON_STATE_NEXT);
    if (text && g_ascii_string_to_unsigned(g_strchomp(text), 10, 1, G_MAXINT64, &next, NULL)) {
        state->next = MAX(state->next, next);
        return;
    }
    VIR_ERROR("the file '%s/%s' is damaged: counting on from the owners that are known",
              state->dir, VIR_LOCK_DAEMON_STATE_NEXT);
    virResetLastError();
    state->next += 1000 * VIR_LOCK_DAEMON_STATE_BLOCK;
}

GPtrArray *
virLockDaemonStateRead(virLockDaemonState *state)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify) virLockDaemonSavedLockspaceFree);
    g_autoptr(GPtrArray) names = virLockDaemonStateList(state->lockspacesfd, VIR_LOCK_DAEMON_STATE_LOCKSPACES_MAX);

    if (!names)
        return NULL;
    state->next = 1;
    for (guint i = 0; i < names->len; i++) {
        virLockDaemonSavedLockspace *lockspace;

        lockspace = virLockDaemonStateReadLockspace(state, g_ptr_array_index(names, i));
        if (!lockspace)
            return NULL;
        g_ptr_array_add(found, lockspace);
    }
    virLockDaemonStateReadNext(state);
    state->reserved = state->next;
    return g_steal_pointer(&found);
}

int
virLockDaemonStateGetDir(const virLockDaemonState *state)
{
    return state->dirfd;
}

guint64
virLockDaemonStateNextOwner(virLockDaemonState *state)
{
    if (state->next >= state->reserved) {
        guint64 reserved = state->next + VIR_LOCK_DAEMON_STATE_BLOCK;
        g_autofree char *text = g_strdup_printf("%" PRIu64 "\n", reserved);

        if (virLockDaemonStateFileWrite(state->dirfd, VIR_LOCK_DAEMON_STATE_NEXT, text) < 0)
            return 0;
        state->reserved = reserved;
    }
    return state->next++;
}

static int
virLockDaemonStateSave(virLockDaemonState *state,
                       const char *lockspace,
                       const char *file,
                       const virLockDaemonSavedText *saved)
{
    g_autofree char *text = virLockDaemonSavedTextFormat(saved);
    int dir = virLockDaemonStateOpenDir(state->lockspacesfd, lockspace, TRUE);
    int rc;

    if (dir < 0)
        return -1;
    rc = virLockDaemonStateFileWrite(dir, file, text);
    close(dir);
    return rc;
}

int
virLockDaemonStateSaveSession(virLockDaemonState *state, const char *lockspace, const char *url, const char *text)
{
    virLockDaemonSavedText saved = {
        .bootid = state->bootid,
        .url = (char *) url,
        .text = (char *) text,
    };

    return virLockDaemonStateSave(state, lockspace, VIR_LOCK_DAEMON_STATE_SESSION, &saved);
}

int
virLockDaemonStateSaveOwner(virLockDaemonState *state, const char *lockspace, const virLockDaemonSavedOwner *owner)
{
    g_autofree char *file = virLockDaemonStateOwnerFile(owner);
    virLockDaemonSavedText saved = {
        .bootid = state->bootid,
        .uuid = owner->uuid,
        .name = owner->name,
        .text = owner->text,
    };

    return virLockDaemonStateSave(state, lockspace, file, &saved);
}

static void
virLockDaemonStateForget(virLockDaemonState *state, const char *lockspace, const char *file)
{
    g_autofree char *path = g_strdup_printf("%s/%s", lockspace, file);

    if (unlinkat(state->lockspacesfd, path, 0) < 0 && errno != ENOENT)
        VIR_WARN("cannot remove '%s/lockspaces/%s', ignoring: %s", state->dir, path, g_strerror(errno));
}

void
virLockDaemonStateForgetOwner(virLockDaemonState *state, const char *lockspace, const virLockDaemonSavedOwner *owner)
{
    g_autofree char *file = virLockDaemonStateOwnerFile(owner);

    virLockDaemonStateForget(state, lockspace, file);
}

void
virLockDaemonStateForgetSession(virLockDaemonState *state, const char *lockspace)
{
    virLockDaemonStateForget(state, lockspace, VIR_LOCK_DAEMON_STATE_SESSION);
}

/* ---- lock files ---- */

int
virLockDaemonStateSaveLocks(virLockDaemonState *state, const char *text)
{
    virLockDaemonSavedText saved = { .bootid = state->bootid, .text = (char *) text };
    g_autofree char *whole = virLockDaemonSavedTextFormat(&saved);

    return virLockDaemonStateFileWrite(state->dirfd, VIR_LOCK_DAEMON_STATE_LOCKS, whole);
}

char *
virLockDaemonStateReadLocks(virLockDaemonState *state)
{
    g_autofree char *whole = NULL;
    g_autoptr(virLockDaemonSavedText) saved = NULL;

    if (faccessat(state->dirfd, VIR_LOCK_DAEMON_STATE_LOCKS, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return NULL;
    whole = virLockDaemonStateFileRead(state->dirfd, VIR_LOCK_DAEMON_STATE_LOCKS);
    if (!whole || !(saved = virLockDaemonSavedTextParse(whole, VIR_LOCK_DAEMON_STATE_LOCKS))) {
        VIR_ERROR("which lock files were held is not known any more: %s", virGetLastErrorMessage());
        virResetLastError();
        return NULL;
    }
    return g_str_equal(saved->bootid, state->bootid) ? g_steal_pointer(&saved->text) : NULL;
}
