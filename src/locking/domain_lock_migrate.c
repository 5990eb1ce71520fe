/*
 * domain_lock_migrate.c: the locks of a guest that moves to another host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "domain_lock.h"

#include <errno.h>
#include <unistd.h>

#include "virerror.h"
#include "virlog.h"
#include "virprocess.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.domain_lock_migrate");

static int
virDomainLockMigrateCheckFlags(unsigned int flags)
{
    if ((flags & ~(unsigned int) VIR_DOMAIN_LOCK_MIGRATE_CANCEL) == 0)
        return 0;
    virReportError(VIR_ERR_INVALID_ARG, _("a migration does not end with the flags 0x%1$x"), flags);
    return -1;
}

/* One that nobody has waited for yet has ended too: it opens no image. */
static int
virDomainLockMigrateCheckEnded(const virDomainLockGuest *guest)
{
    gboolean ended;
    int fd = virPidFDOpen(guest->pid);

    if (fd < 0 && errno == ESRCH) {
        virResetLastError();
        return 0;
    }
    if (fd < 0)
        return -1;
    ended = virPidFDExited(fd);
    close(fd);
    if (ended)
        return 0;
    virReportError(VIR_ERR_OPERATION_INVALID,
                   _("the migration of guest '%1$s' cannot be cancelled while its process %2$lld runs here: end it first"),
                   guest->def->name, (long long) guest->pid);
    return -1;
}

int
virDomainLockMigratePrepareOut(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, char **cookie)
{
    return virDomainLockProcessInquire(plugin, guest, cookie);
}

int
virDomainLockMigratePrepareIn(virLockManagerPlugin *plugin, const virDomainLockGuest *guest, int *fd)
{
    return virDomainLockProcessStart(plugin, guest, TRUE, fd);
}

int
virDomainLockMigrateCompleteIn(virLockManagerPlugin *plugin,
                               const virDomainLockGuest *guest,
                               const char *state,
                               unsigned int flags)
{
    VIR_DEBUG("guest '%s', flags 0x%x", guest->def->name, flags);
    if (virDomainLockMigrateCheckFlags(flags) < 0)
        return -1;
    if (flags & VIR_DOMAIN_LOCK_MIGRATE_CANCEL)
        return virDomainLockMigrateCheckEnded(guest);
    return virDomainLockProcessResume(plugin, guest, state);
}

int
virDomainLockMigrateCompleteOut(virLockManagerPlugin *plugin,
                                const virDomainLockGuest *guest,
                                const char *state,
                                unsigned int flags)
{
    g_autofree char *left = NULL;

    VIR_DEBUG("guest '%s', flags 0x%x", guest->def->name, flags);
    if (virDomainLockMigrateCheckFlags(flags) < 0)
        return -1;
    if (flags & VIR_DOMAIN_LOCK_MIGRATE_CANCEL)
        return virDomainLockProcessResume(plugin, guest, state);
    return virDomainLockProcessPause(plugin, guest, &left);
}
