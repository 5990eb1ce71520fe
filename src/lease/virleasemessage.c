/*
 * virleasemessage.c: what the engine tells people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whatever was read from the export was written by somebody else: it is made
 * printable before it gets into a message.
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"


static char *
virLeaseMessageTime(gint64 since)
{
    g_autoptr(GDateTime) when = since > 0 ? g_date_time_new_from_unix_local(since) : NULL;

    return when ? g_date_time_format(when, "%Y-%m-%d %H:%M:%S") : g_strdup(_("an unknown time"));
}


static char *
virLeaseMessageWord(const char *text)
{
    return text && *text ? virLeaseTargetPrintable(text) : g_strdup(_("unknown"));
}


/* Management programs name leases of their own beside the disks. */
static char *
virLeaseMessageSubject(const virLeaseResource *resource)
{
    if (g_str_has_prefix(resource->name, "lease:"))
        return g_strdup_printf(_("lease '%1$s'"), resource->path);
    return g_strdup_printf(_("disk '%1$s'"), resource->path);
}


/* The wanted resource that @hash stands for. */
static const virLeaseResource *
virLeaseMessageResource(const virLeaseAttempt *attempt,
                    const char *hash)
{
    for (guint i = 0; i < attempt->resources->len; i++) {
        const virLeaseResource *resource = g_ptr_array_index(attempt->resources, i);
        char own[VIR_LEASE_HASH_LEN + 1];

        virLeaseResourceHash(resource->name, own);
        if (g_str_equal(own, hash))
            return resource;
    }
    g_assert_not_reached();
}


static const char *
virLeaseMessageMode(gboolean shared,
                    gboolean stopped)
{
    if (stopped)
        return shared ? _("shared, paused") : _("exclusive, paused");
    return shared ? _("shared") : _("exclusive");
}


static char *
virLeaseMessageInUse(const char *subject,
                     const char *guest,
                     const char *host,
                     const char *mode,
                     const char *since,
                     virLeaseSpan renewed)
{
    /* TRANSLATORS: %1$s is "disk '...'" or "lease '...'" */
    return g_strdup_printf(_("%1$s is in use by guest '%2$s' on host '%3$s' (%4$s, since %5$s, "
                             "last renewed %6$lld s ago)"),
                           subject, guest, host, mode, since, (long long) (renewed / VIR_LEASE_SECOND));
}


char *
virLeaseMessageBusy(const virLeaseEngine *engine,
                    const virLeaseAttempt *attempt,
                    const virLeaseOther *other)
{
    const virLeaseTarget *target = other->target;
    virLeaseTime moved = virLeaseObserverLastMove(engine->observer, other->name.sid);
    gboolean stopped = virLeaseObserverHasMarker(engine->observer, other->name.sid,
                                                 VIR_LEASE_MARKER_STOPPED, other->name.run);
    g_autofree char *guest = virLeaseMessageWord(target ? target->guest : NULL);
    g_autofree char *host = virLeaseMessageWord(target ? target->host : NULL);
    g_autofree char *since = virLeaseMessageTime(target ? target->since : 0);

    g_autofree char *subject = virLeaseMessageSubject(virLeaseMessageResource(attempt, other->name.hash));

    return virLeaseMessageInUse(subject, guest, host, virLeaseMessageMode(other->name.shared, stopped), since,
                                moved ? engine->now - moved : 0);
}


char *
virLeaseMessageBusyHere(const virLeaseEngine *engine,
                        const virLeaseResource *resource,
                        const virLeaseOwner *owner)
{
    const virLeaseEntry *entry = virLeaseRunFind(owner->run, resource->name);
    gboolean shared = entry && entry->resource->mode == VIR_LEASE_MODE_SHARED;
    gboolean stopped = owner->run && owner->run->state == VIR_LEASE_RUN_STOPPED;
    g_autofree char *since = virLeaseMessageTime(owner->run ? owner->run->since : engine->wall);

    g_autofree char *subject = virLeaseMessageSubject(resource);

    return virLeaseMessageInUse(subject, owner->guest, engine->host, virLeaseMessageMode(shared, stopped), since,
                                engine->session.acked ? engine->now - engine->session.acked : 0);
}


/* What is to be done about it. */
static const char *
virLeaseMessageRemedy(virLeaseStatus status)
{
    switch (status) {
    case VIR_LEASE_STATUS_ACCESS:
        return _("let this host's root write to the export (no_root_squash), and check the directory's mode");
    case VIR_LEASE_STATUS_READONLY:
        return _("export it for writing");
    case VIR_LEASE_STATUS_FULL:
        return _("free some space or inodes on the server, or raise the quota");
    case VIR_LEASE_STATUS_NOENT:
        return _("check the URL in virtleased.conf, or make the lockspace with 'virt-lease init'");
    case VIR_LEASE_STATUS_WRONG_TYPE:
    case VIR_LEASE_STATUS_PROTOCOL:
        return _("check the URL in virtleased.conf, and what else uses that directory");
    case VIR_LEASE_STATUS_LOST:
    case VIR_LEASE_STATUS_DELAYED:
        return _("check the NFS server and the network to it, then try again");
    case VIR_LEASE_STATUS_OK:
    case VIR_LEASE_STATUS_EXISTS:
    case VIR_LEASE_STATUS_NOTEMPTY:
    case VIR_LEASE_STATUS_UNSTABLE:
    case VIR_LEASE_STATUS_FAILED:
    case VIR_LEASE_STATUS_LAST:
    default:
        return _("look into the server's log");
    }
}


char *
virLeaseMessageProblem(const virLeaseEngine *engine,
                       virLeaseStatus status,
                       const char *detail)
{
    g_autofree char *printable = detail && *detail ? virLeaseTargetPrintable(detail) : NULL;
    const char *what = virLeaseStatusToMessage(status);

    /* A text about the format says all by itself. */
    if (status == VIR_LEASE_STATUS_WRONG_TYPE && printable)
        return g_strdup_printf(_("lockspace '%1$s' at %2$s cannot be used: %3$s"),
                               engine->lockspace, engine->url, printable);
    if (printable)
        return g_strdup_printf(_("lockspace '%1$s' at %2$s cannot be used: %3$s (%4$s); %5$s"),
                               engine->lockspace, engine->url, what, printable, virLeaseMessageRemedy(status));
    return g_strdup_printf(_("lockspace '%1$s' at %2$s cannot be used: %3$s; %4$s"),
                           engine->lockspace, engine->url, what, virLeaseMessageRemedy(status));
}


int
virLeaseMessageProblemCode(virLeaseStatus status)
{
    switch (status) {
    case VIR_LEASE_STATUS_ACCESS:
        return VIR_ERR_ACCESS_DENIED;
    case VIR_LEASE_STATUS_LOST:
    case VIR_LEASE_STATUS_DELAYED:
        return VIR_ERR_OPERATION_TIMEOUT;
    case VIR_LEASE_STATUS_NOENT:
    case VIR_LEASE_STATUS_WRONG_TYPE:
    case VIR_LEASE_STATUS_PROTOCOL:
        return VIR_ERR_CONFIG_UNSUPPORTED;
    case VIR_LEASE_STATUS_OK:
    case VIR_LEASE_STATUS_EXISTS:
    case VIR_LEASE_STATUS_NOTEMPTY:
    case VIR_LEASE_STATUS_READONLY:
    case VIR_LEASE_STATUS_FULL:
    case VIR_LEASE_STATUS_UNSTABLE:
    case VIR_LEASE_STATUS_FAILED:
    case VIR_LEASE_STATUS_LAST:
    default:
        return VIR_ERR_OPERATION_FAILED;
    }
}


/* @path is somebody's who is dead or gone. */
char *
virLeaseMessageNotRemoved(const virLeaseEngine *engine,
                          const char *path,
                          virLeaseStatus status)
{
    if (status == VIR_LEASE_STATUS_UNSAVED)
        return g_strdup_printf(_("'%1$s' in lockspace '%2$s' at %3$s is in the way, and cannot be removed yet: %4$s; make "
                                 "room for it on this host, then try again"),
                               path, engine->lockspace, engine->url, virLeaseStatusToMessage(status));
    return g_strdup_printf(_("'%1$s' in lockspace '%2$s' at %3$s is in the way, belongs to nobody, and cannot be removed: "
                             "%4$s; remove it on the server"),
                           path, engine->lockspace, engine->url, virLeaseStatusToMessage(status));
}


/* Refused for good (rule 12): @path may be NULL. */
char *
virLeaseMessageTokenVoid(const char *guest,
                         const char *path)
{
    if (path)
        return g_strdup_printf(_("guest '%1$s' must not go on: disk '%2$s' may have been used by another guest since this "
                                 "one was paused; destroy the guest and start it afresh"), guest, path);
    return g_strdup_printf(_("guest '%1$s' must not go on: its disks may have been used by another guest since it was "
                             "paused; destroy the guest and start it afresh"), guest);
}


/* No session is begun beside a guest that nobody can stop. */
char *
virLeaseMessageHeldUp(const virLeaseEngine *engine,
                      const virLeaseOwner *owner)
{
    return g_strdup_printf(_("lockspace '%1$s' grants nothing on this host: guest '%2$s' (process %3$lld) has lost its "
                             "lease and cannot be killed, so it may still write to its disks; reset this host"),
                           engine->lockspace, owner->guest, (long long) owner->pid);
}


char *
virLeaseMessageHandover(const virLeaseAttempt *attempt)
{
    return g_strdup_printf(_("guest '%1$s' was not stopped on the host that it comes from within %2$.1f s, so its disks are "
                             "still in use there; try again when it is stopped"),
                           attempt->guest, attempt->handoverWait / (double) VIR_LEASE_SECOND);
}
