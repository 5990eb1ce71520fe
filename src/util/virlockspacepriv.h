/*
 * virlockspacepriv.h: what a lockspace is made of
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * For virlockspace.c and virlockspacestate.c.
 */
#pragma once

#include "virlockspace.h"
#include "virlockspacefile.h"

typedef struct _virLockSpaceResource virLockSpaceResource;
struct _virLockSpaceResource {
    char *name;
    char *path;
    virLockSpaceFile *file;
    unsigned int flags;     /* of virLockSpaceAcquireFlags, of who came first */
    gboolean unlinks;       /* the file, with the last release */
    GArray *owners;         /* of pid_t, one for each acquisition; never empty */
};

struct _virLockSpace {
    char *dir;
    GMutex lock;
    GHashTable *resources;  /* name → virLockSpaceResource; those that are locked */
};

/* A lockspace of @directory, as it is. */
virLockSpace *virLockSpaceAlloc(const char *directory);

/* Whether @directory can be one: NULL, or absolute. Returns 0 or -1 with an
 * error reported. */
int virLockSpaceCheckDirectory(const char *directory) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @resname can be one. Returns 0, or -1 with an error reported. */
int virLockSpaceCheckName(const virLockSpace *lockspace,
                          const char *resname) G_GNUC_WARN_UNUSED_RESULT;

/* Adds a resource without owners; takes over @file. */
virLockSpaceResource *virLockSpaceAddResource(virLockSpace *lockspace,
                                              const char *resname,
                                              virLockSpaceFile *file,
                                              unsigned int flags);
