/*
 * lock_daemon_inhibit.h: keeps this host awake while guests run
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A host that sleeps renews nothing, and its guests may write for a moment when
 * it wakes (assumption A2). systemd-logind is asked over the system bus not to let
 * it sleep; where there is none, nothing is done but to say so. From the default
 * main loop; nothing here blocks.
 */
#pragma once

#include <glib.h>

typedef struct _virLockDaemonInhibit virLockDaemonInhibit;

virLockDaemonInhibit *virLockDaemonInhibitNew(void);

/* The host may sleep again, as far as this process is concerned. */
void virLockDaemonInhibitFree(virLockDaemonInhibit *inhibit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonInhibit, virLockDaemonInhibitFree);

/* Whether the host is to stay awake from now on. Saying so twice is fine. What
 * failed is tried again when it is wanted anew. */
void virLockDaemonInhibitSet(virLockDaemonInhibit *inhibit,
                             gboolean wanted);
