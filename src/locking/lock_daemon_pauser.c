/*
 * lock_daemon_pauser.c: has libvirt pause a guest that may soon lose its lease
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_daemon_helper.h"
#include "lock_daemon_pauser.h"
#include "virlog.h"
#include "virtime.h"

VIR_LOG_INIT("locking.pauser");

#define VIR_LOCK_DAEMON_PAUSER_AGAIN_MS 100     /* libvirtd may just be restarting */

struct _virLockDaemonPauser {
    const virLockDaemonOwner *owner;
    virLeaseTime begun;
    virLeaseTime until;
    virLockDaemonHelper *helper;
    guint again;                /* the source that tries again, or 0 */
};

static void virLockDaemonPauserTry(virLockDaemonPauser *pauser);

static gboolean
virLockDaemonPauserAgain(gpointer opaque)
{
    virLockDaemonPauser *pauser = opaque;

    pauser->again = 0;
    virLockDaemonPauserTry(pauser);
    return G_SOURCE_REMOVE;
}

static void
virLockDaemonPauserDone(virLockDaemonHelper *helper G_GNUC_UNUSED,
                        virLockHelperExit result,
                        const char *output G_GNUC_UNUSED,
                        const char *problem,
                        void *opaque)
{
    virLockDaemonPauser *pauser = opaque;
    const virLockDaemonOwner *owner = pauser->owner;

    g_clear_pointer(&pauser->helper, virLockDaemonHelperFree);
    if (result == VIR_LOCK_HELPER_EXIT_OK) {
        VIR_INFO("lockspace '%s': libvirt has paused guest '%s' (uuid %s, process %lld) within %.3f s; 'virsh resume' lets it go on when its locks can be had again",
                 owner->lockspace, owner->name, owner->uuid, (long long) owner->pid,
                 (virTimeBootNow() - pauser->begun) / 1e9);
        return;
    }
    VIR_WARN("lockspace '%s': guest '%s' (uuid %s, process %lld) is not paused: %s",
             owner->lockspace, owner->name, owner->uuid, (long long) owner->pid, problem);
    if (result == VIR_LOCK_HELPER_EXIT_FAILED && !owner->exited && !owner->fencing)
        pauser->again = g_timeout_add(VIR_LOCK_DAEMON_PAUSER_AGAIN_MS, virLockDaemonPauserAgain, pauser);
}

static void
virLockDaemonPauserTry(virLockDaemonPauser *pauser)
{
    virLeaseSpan left = pauser->until - virTimeBootNow();

    if (left <= 0 || pauser->owner->exited || pauser->owner->fencing)
        return;
    pauser->helper = virLockDaemonHelperNew("pause", pauser->owner->uuid, pauser->owner->pid, NULL, left,
                                            virLockDaemonPauserDone, pauser);
}

virLockDaemonPauser *
virLockDaemonPauserNew(const virLockDaemonOwner *owner, virLeaseTime until)
{
    virLockDaemonPauser *pauser = g_new0(virLockDaemonPauser, 1);

    pauser->owner = owner;
    pauser->begun = virTimeBootNow();
    pauser->until = until;
    virLockDaemonPauserTry(pauser);
    return pauser;
}

void
virLockDaemonPauserFree(virLockDaemonPauser *pauser)
{
    if (!pauser)
        return;
    virLockDaemonHelperFree(pauser->helper);
    g_clear_handle_id(&pauser->again, g_source_remove);
    g_free(pauser);
}
