/*
 * virt-lease-status.c: how virtleased and its leases are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdio.h>

#include "lease_protocol.h"
#include "virerror.h"
#include "virleaseengine.h"
#include "virnetclient.h"
#include "virtime.h"
#include "viruuid.h"
#include "virt-lease.h"
#include "virt-lease-conf.h"
#include "virt-lease-output.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

static int
vlStatusCall(const vlOptions *options, virLeaseProtocolStatusRet *ret)
{
    g_autofree char *socket = vlConfFindSocket(options);
    gint64 deadline = virTimeBootNow() + options->timeout * VIR_LEASE_SECOND;
    g_autoptr(virNetClient) client = virNetClientNew("virtleased", socket, deadline);

    if (!client)
        return -1;
    return virNetClientCall(client,
                            VIR_LEASE_PROTOCOL_PROGRAM, VIR_LEASE_PROTOCOL_VERSION,
                            VIR_LEASE_PROTOCOL_PROC_STATUS,
                            (xdrproc_t) xdr_void, NULL,
                            (xdrproc_t) xdr_virLeaseProtocolStatusRet, ret,
                            deadline);
}

/* Whether --lockspace leaves @lockspace in. */
static gboolean
vlStatusIsWanted(const vlOptions *options, const virLeaseProtocolLockspaceStatus *lockspace)
{
    return !options->lockspace ||
           g_str_equal(options->lockspace, lockspace->name) ||
           g_str_equal(options->lockspace, lockspace->url);
}

static gboolean
vlStatusHasLease(const virLeaseProtocolLockspaceStatus *lockspace)
{
    return g_str_equal(lockspace->state, "active") && lockspace->left > 0;
}

static const char *
vlStatusMode(const virLeaseProtocolResource *resource)
{
    return resource->mode ? "shared" : "exclusive";
}

static const char *
vlStatusFailure(const virLeaseProtocolOwnerStatus *owner)
{
    return owner->failure < VIR_LEASE_FAILURE_LAST ? virLeaseFailureToString(owner->failure) : "?";
}

static void
vlStatusAddOwner(vlTable *table, const virLeaseProtocolOwnerStatus *owner)
{
    g_autofree char *since = vlFormatTime(owner->since);
    g_autofree char *pid = g_strdup_printf("%" G_GINT64_FORMAT, (gint64) owner->owner.pid);
    u_int i;

    for (i = 0; i < owner->resources.resources_len; i++) {
        const virLeaseProtocolResource *resource = &owner->resources.resources_val[i];

        vlTableAdd(table, owner->owner.name, pid, owner->state, vlStatusFailure(owner), since,
                   vlStatusMode(resource), resource->path);
    }
    if (!owner->resources.resources_len)
        vlTableAdd(table, owner->owner.name, pid, owner->state, vlStatusFailure(owner), since, "", "");
}

static void
vlStatusPrintLease(const virLeaseProtocolLockspaceStatus *lockspace)
{
    if (!lockspace->length)
        return;
    printf(_("  lease:     %1$.1f s left of %2$.1f s\n"),
           MAX(lockspace->left, 0) / 1000.0, lockspace->length / 1000.0);
}

static void
vlStatusPrintLockspace(const virLeaseProtocolLockspaceStatus *lockspace)
{
    g_autoptr(vlTable) table = vlTableNew(7, _("GUEST"), _("PID"), _("STATE"), _("IF LOST"), _("SINCE"),
                                          _("MODE"), _("PATH"));
    g_autofree char *name = vlPrintable(lockspace->name);
    g_autofree char *url = vlPrintable(lockspace->url);
    g_autofree char *state = vlPrintable(lockspace->state);
    g_autofree char *session = vlPrintable(*lockspace->session ? lockspace->session : "-");
    g_autofree char *problem = vlPrintable(lockspace->problem);
    u_int i;

    printf(_("lockspace '%1$s' at %2$s: %3$s\n"), name, url, state);
    vlStatusPrintLease(lockspace);
    printf(_("  session:   %1$s\n"), session);
    if (*problem)
        printf(_("  problem:   %1$s\n"), problem);
    if (!lockspace->coherent && vlStatusHasLease(lockspace))
        printf("%s", _("  warning:   own renewals were not seen to move yet, so no other session is taken for dead\n"));

    for (i = 0; i < lockspace->owners.owners_len; i++)
        vlStatusAddOwner(table, &lockspace->owners.owners_val[i]);
    if (lockspace->owners.owners_len)
        vlTablePrint(table);
    else
        printf("%s", _("  no guests\n"));
}

static void
vlStatusPrintText(const vlOptions *options, const virLeaseProtocolStatusRet *ret)
{
    g_autofree char *version = vlPrintable(ret->release);
    u_int i;

    printf(_("virtleased %1$s, process %2$lld\n"), version, (long long) ret->pid);
    for (i = 0; i < ret->lockspaces.lockspaces_len; i++) {
        const virLeaseProtocolLockspaceStatus *lockspace = &ret->lockspaces.lockspaces_val[i];

        if (vlStatusIsWanted(options, lockspace)) {
            putchar('\n');
            vlStatusPrintLockspace(lockspace);
        }
    }
}

static void
vlStatusAddResourceJSON(JsonBuilder *builder, const virLeaseProtocolResource *resource)
{
    json_builder_begin_object(builder);
    vlJSONAddText(builder, "resource", resource->name);
    vlJSONAddText(builder, "path", resource->path);
    vlJSONAddText(builder, "mode", vlStatusMode(resource));
    json_builder_end_object(builder);
}

static void
vlStatusAddOwnerJSON(JsonBuilder *builder, const virLeaseProtocolOwnerStatus *owner)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    u_int i;

    virUUIDFormat((const unsigned char *) owner->owner.uuid, uuid);
    json_builder_begin_object(builder);
    vlJSONAddText(builder, "guest", owner->owner.name);
    vlJSONAddText(builder, "uuid", uuid);
    vlJSONAddNumber(builder, "pid", owner->owner.pid);
    vlJSONAddText(builder, "state", owner->state);
    vlJSONAddText(builder, "onLockFailure", vlStatusFailure(owner));
    vlJSONAddNumber(builder, "run", (gint64) owner->run);
    vlJSONAddTime(builder, "since", owner->since);
    json_builder_set_member_name(builder, "resources");
    json_builder_begin_array(builder);
    for (i = 0; i < owner->resources.resources_len; i++)
        vlStatusAddResourceJSON(builder, &owner->resources.resources_val[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
vlStatusAddLockspaceJSON(JsonBuilder *builder, const virLeaseProtocolLockspaceStatus *lockspace)
{
    u_int i;

    json_builder_begin_object(builder);
    vlJSONAddText(builder, "lockspace", lockspace->name);
    vlJSONAddText(builder, "url", lockspace->url);
    vlJSONAddText(builder, "state", lockspace->state);
    vlJSONAddText(builder, "session", lockspace->session);
    vlJSONAddText(builder, "problem", lockspace->problem);
    vlJSONAddNumber(builder, "leaseMs", lockspace->length);
    vlJSONAddNumber(builder, "leftMs", lockspace->left);
    vlJSONAddFlag(builder, "coherent", lockspace->coherent != 0);
    json_builder_set_member_name(builder, "owners");
    json_builder_begin_array(builder);
    for (i = 0; i < lockspace->owners.owners_len; i++)
        vlStatusAddOwnerJSON(builder, &lockspace->owners.owners_val[i]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void
vlStatusPrintJSON(const vlOptions *options, const virLeaseProtocolStatusRet *ret)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    u_int i;

    json_builder_begin_object(builder);
    vlJSONAddText(builder, "version", ret->release);
    vlJSONAddNumber(builder, "pid", ret->pid);
    json_builder_set_member_name(builder, "lockspaces");
    json_builder_begin_array(builder);
    for (i = 0; i < ret->lockspaces.lockspaces_len; i++) {
        if (vlStatusIsWanted(options, &ret->lockspaces.lockspaces_val[i]))
            vlStatusAddLockspaceJSON(builder, &ret->lockspaces.lockspaces_val[i]);
    }
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    vlPrintJSON(builder);
}

/* What the state of the lockspaces makes of the exit code. */
static vlExit
vlStatusJudge(const vlOptions *options, const virLeaseProtocolStatusRet *ret)
{
    gboolean found = FALSE;
    vlExit result = VL_EXIT_OK;
    u_int i;

    for (i = 0; i < ret->lockspaces.lockspaces_len; i++) {
        const virLeaseProtocolLockspaceStatus *lockspace = &ret->lockspaces.lockspaces_val[i];

        if (!vlStatusIsWanted(options, lockspace))
            continue;
        found = TRUE;
        if (!vlStatusHasLease(lockspace))
            result = VL_EXIT_NO_LEASE;
    }
    if (options->lockspace && !found) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("virtleased has no lockspace '%1$s': see 'lockspaces' in virtleased.conf"),
                       options->lockspace);
        return VL_EXIT_FAILED;
    }
    return result;
}

static vlExit
vlStatusRun(const vlOptions *options, char **args G_GNUC_UNUSED)
{
    virLeaseProtocolStatusRet ret = { 0 };
    vlExit result;

    if (vlStatusCall(options, &ret) < 0)
        return VL_EXIT_UNREACHABLE;

    result = vlStatusJudge(options, &ret);
    if (result != VL_EXIT_FAILED) {
        if (options->json)
            vlStatusPrintJSON(options, &ret);
        else
            vlStatusPrintText(options, &ret);
    }
    xdr_free((xdrproc_t) xdr_virLeaseProtocolStatusRet, (char *) &ret);
    return result;
}

const vlCommand vlCommandStatus = {
    .name = "status",
    .parameters = NULL,
    .summary = N_("Ask virtleased on this host for its leases and guests"),
    .entries = NULL,
    .minArgs = 0,
    .maxArgs = 0,
    .run = vlStatusRun,
};
