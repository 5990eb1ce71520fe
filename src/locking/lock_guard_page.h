/*
 * lock_guard_page.h: what worker and guard share in memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The worker writes the lockspaces and the owners, the guard reads them. Each
 * record is kept twice, with a serial number and a checksum; a new one is
 * written over the older copy. So a worker that dies at any instruction leaves
 * the one before, and what was written by mistake is noticed. The guard trusts
 * nothing that it reads here.
 *
 * Its layout belongs to the program: both map it by /proc/self/exe, never by
 * another version.
 */
#pragma once

#include <sys/types.h>

#include "virleasetime.h"
#include "viruuid.h"

typedef struct _virLockGuardPage virLockGuardPage;

/* Owners that run at the same time. */
#define VIR_LOCK_GUARD_PAGE_OWNERS_MAX 4096
/* What was left by an earlier worker, and what is configured. */
#define VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX 128

/* One lockspace. */
typedef struct _virLockGuardLockspace virLockGuardLockspace;
struct _virLockGuardLockspace {
    virLeaseTime end;           /* of the lease; VIR_LEASE_TIME_NEVER before there was one */
    virLeaseSpan margin;        /* K */
    char name[72];              /* cut short if need be; empty: not in use */
    char unused[32];
};

/* One owner that runs. */
typedef struct _virLockGuardOwner virLockGuardOwner;
struct _virLockGuardOwner {
    guint64 number;
    guint64 start;              /* of the process, as the kernel counts it */
    gint32 pid;
    guint16 lockspace;          /* index of it */
    guint8 running;             /* 0: the slot is free */
    guint8 ignore;              /* it is never killed */
    guint8 uuid[VIR_UUID_BUFLEN];
    char name[80];              /* of the guest, cut short if need be */
};

/* Makes one for @owners, at most VIR_LOCK_GUARD_PAGE_OWNERS_MAX. Returns it, or
 * NULL with an error reported. */
virLockGuardPage *virLockGuardPageNew(guint owners) G_GNUC_WARN_UNUSED_RESULT;

/* Maps the one of the descriptor @fd, which is taken over on success. Returns
 * it, or NULL with an error reported if that is something else. */
virLockGuardPage *virLockGuardPageOpen(int fd) G_GNUC_WARN_UNUSED_RESULT;
void virLockGuardPageFree(virLockGuardPage *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockGuardPage, virLockGuardPageFree);

int virLockGuardPageGetFD(const virLockGuardPage *page);
guint virLockGuardPageGetOwners(const virLockGuardPage *page);

/* Each Get returns FALSE, and leaves the record alone, if it is damaged. */
void virLockGuardPageSetLockspace(virLockGuardPage *page,
                                  guint index,
                                  const virLockGuardLockspace *lockspace);
gboolean virLockGuardPageGetLockspace(const virLockGuardPage *page,
                                      guint index,
                                      virLockGuardLockspace *lockspace);
void virLockGuardPageSetOwner(virLockGuardPage *page,
                              guint slot,
                              const virLockGuardOwner *owner);
gboolean virLockGuardPageGetOwner(const virLockGuardPage *page,
                                  guint slot,
                                  virLockGuardOwner *owner);

/* A number that is another one after each virLockGuardPageSetOwner(). */
guint64 virLockGuardPageGetChanges(const virLockGuardPage *page);

/* Signs of life: each side beats, and looks whether the other did. */
typedef enum {
    VIR_LOCK_GUARD_SIDE_WORKER,
    VIR_LOCK_GUARD_SIDE_GUARD,
} virLockGuardSide;

void virLockGuardPageBeat(virLockGuardPage *page,
                          virLockGuardSide side);
guint64 virLockGuardPageGetBeats(const virLockGuardPage *page,
                                 virLockGuardSide side);

/* What else a guard must know that comes later; whoever reads it checks it. */
typedef enum {
    VIR_LOCK_GUARD_SETTING_LOG_LEVEL,       /* a virLogPriority */
    VIR_LOCK_GUARD_SETTING_SOCKET_DEVICE,   /* which file the socket is, to be removed in the end */
    VIR_LOCK_GUARD_SETTING_SOCKET_INODE,    /* 0: not ours */
    VIR_LOCK_GUARD_SETTING_WATCHDOG,        /* 1: wdmd is to be fed */

    VIR_LOCK_GUARD_SETTING_LAST
} virLockGuardSetting;

void virLockGuardPageSet(virLockGuardPage *page,
                         virLockGuardSetting setting,
                         guint64 value);
guint64 virLockGuardPageGet(const virLockGuardPage *page,
                            virLockGuardSetting setting);
