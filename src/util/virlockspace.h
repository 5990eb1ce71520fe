/*
 * virlockspace.h: locks by name, held by this process for its clients
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is locked is remembered, so that nobody gets a lock that is in use, and
 * nobody's opening and closing of a lock file drops one (virlockspacefile.h). The
 * locks conflict with those that virtlockd takes, so that other processes, and
 * other hosts on one file system, see them.
 *
 * With a directory, a resource is a file in it and its name a file name, for
 * instance a checksum of the path of an image; symlinks are refused. Without,
 * the name is itself the absolute path of what is locked, a file or a block
 * device; symlinks are followed, and two names of one file are one resource.
 *
 * An owner is a process that this one keeps a lock for. Nothing here watches
 * it: whoever sees its end calls virLockSpaceReleaseResourcesForOwner().
 *
 * Safe to use from any thread. No call waits for a lock, but a server of the
 * files may make it wait. All that return int give -1 with an error reported:
 * VIR_ERR_RESOURCE_BUSY if somebody else has the lock, VIR_ERR_INVALID_ARG for
 * a name that cannot be.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <sys/types.h>

/* Owners of one shared resource, in this process */
#define VIR_LOCK_SPACE_OWNERS_MAX 4096
/* Resources of one lockspace; each takes a descriptor */
#define VIR_LOCK_SPACE_RESOURCES_MAX 65536

typedef struct _virLockSpace virLockSpace;

typedef enum {
    VIR_LOCK_SPACE_ACQUIRE_SHARED = (1 << 0),       /* beside others that ask for the same */
    VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE = (1 << 1),   /* the file, if there is none; in a directory
                                                     * it is unlinked with the last release */
    VIR_LOCK_SPACE_ACQUIRE_AGAIN = (1 << 2),        /* that it had in an earlier process, if it was
                                                     * kept (virLockSpaceFileUseBox) */
} virLockSpaceAcquireFlags;

/**
 * virLockSpaceNew:
 * @directory: absolute path, made with mode 0700 if there is none; or NULL
 *
 * Returns an empty lockspace, to be freed by virLockSpaceFree(), or NULL with
 * an error reported.
 */
virLockSpace *virLockSpaceNew(const char *directory) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockSpacePreExecRestart:
 * @lockspace: a lockspace whose locks are to outlive an exec of this process
 *
 * Leaves the lock files open for the next program. If the exec fails, the
 * lockspace works on; what is started afterwards inherits the descriptors, and
 * holds the locks until it ends or they are released.
 *
 * Returns what virLockSpaceNewPostExecRestart() needs, to be unref'd by the
 * caller, or NULL with an error reported.
 */
JsonObject *virLockSpacePreExecRestart(virLockSpace *lockspace) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockSpaceNewPostExecRestart:
 * @object: what virLockSpacePreExecRestart() gave, or anything
 *
 * Returns the lockspace as it was, or NULL with an error reported: what was
 * locked then may not be any more.
 */
virLockSpace *virLockSpaceNewPostExecRestart(JsonObject *object) G_GNUC_WARN_UNUSED_RESULT;

/* Releases everything. */
void virLockSpaceFree(virLockSpace *lockspace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockSpace, virLockSpaceFree)

/* NULL if there is none; good as long as the lockspace. */
const char *virLockSpaceGetDirectory(const virLockSpace *lockspace);

/* Makes the empty file of a resource; it may be there already. */
int virLockSpaceCreateResource(virLockSpace *lockspace,
                               const char *resname) G_GNUC_WARN_UNUSED_RESULT;

/* Unlinks the file of a resource that nobody has locked. There need not be one;
 * one that is not empty is no lock file, and stays. */
int virLockSpaceDeleteResource(virLockSpace *lockspace,
                               const char *resname) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockSpaceAcquireResource:
 * @lockspace: where
 * @resname: what
 * @owner: process that it is for
 * @flags: of virLockSpaceAcquireFlags
 *
 * A shared resource may be acquired more than once for one owner, and is then
 * to be released as often.
 *
 * Returns 0, or -1 with an error reported.
 */
int virLockSpaceAcquireResource(virLockSpace *lockspace,
                                const char *resname,
                                pid_t owner,
                                unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/* Undoes one acquisition. */
int virLockSpaceReleaseResource(virLockSpace *lockspace,
                                const char *resname,
                                pid_t owner) G_GNUC_WARN_UNUSED_RESULT;

/* Undoes all of @owner's acquisitions. Returns how many resources it had. */
int virLockSpaceReleaseResourcesForOwner(virLockSpace *lockspace,
                                         pid_t owner);
