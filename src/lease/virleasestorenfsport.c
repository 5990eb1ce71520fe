/*
 * virleasestorenfsport.c: asks a server where a service is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleasestorenfsport.h"

#include <netinet/in.h>
#include <string.h>

#include "virleasenfscompat.h"
#include <nfsc/libnfs-raw-portmap.h>

#define VIR_LEASE_NFS_PORT_MAX 65535

int
virLeaseNfsPortVersion(const char *address)
{
    return strchr(address, ':') ? 3 : 2;
}

static void
virLeaseNfsPortEnd(virLeaseNfsRequest *request, guint64 port)
{
    virLeaseNfsResult result = { .port = port <= VIR_LEASE_NFS_PORT_MAX ? (int) port : 0 };

    virLeaseNfsRequestEnd(request, &result);
}

static void
virLeaseNfsPort2End(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    guint32 port;

    if (!virLeaseNfsRequestIsAnswered(opaque, status, data))
        return;
    memcpy(&port, data, sizeof(port));
    virLeaseNfsPortEnd(opaque, port);
}

/* Takes ".NUMBER" off the end of @address. Returns the number, one that is
 * too large for a byte if there is none. */
static guint64
virLeaseNfsPortTakeByte(char *address)
{
    char *dot = strrchr(address, '.');
    guint64 number = G_MAXUINT8 + 1;

    if (!dot)
        return number;
    g_ascii_string_to_unsigned(dot + 1, 10, 0, G_MAXUINT8, &number, NULL);
    *dot = '\0';
    return number;
}

/* The answer is an address that ends in the port's two bytes, as in
 * "::1.8.1", or empty. */
static void
virLeaseNfsPort3End(struct rpc_context *rpc G_GNUC_UNUSED, int status, void *data, void *opaque)
{
    const struct pmap3_string_result *answer = data;
    g_autofree char *address = NULL;
    guint64 low;
    guint64 high;

    if (!virLeaseNfsRequestIsAnswered(opaque, status, data))
        return;
    address = g_strdup(answer->addr ? answer->addr : "");
    low = virLeaseNfsPortTakeByte(address);
    high = virLeaseNfsPortTakeByte(address);
    virLeaseNfsPortEnd(opaque, low > G_MAXUINT8 || high > G_MAXUINT8 ? 0 : high << 8 | low);
}

int
virLeaseNfsPortAsk(struct rpc_context *rpc, virLeaseNfsRequest *request, const char *address, int program, int version)
{
    /* libnfs's structures are not const, but it only reads the arguments. */
    struct pmap3_mapping mapping = {
        .prog = program, .vers = version, .netid = (char *) "", .addr = (char *) "", .owner = (char *) "",
    };

    if (virLeaseNfsPortVersion(address) == 2)
        return VIR_LEASE_NFS_SEND(pmap2_getport, rpc, program, version, IPPROTO_TCP, virLeaseNfsPort2End, request);
    return VIR_LEASE_NFS_SEND(pmap3_getaddr, rpc, &mapping, virLeaseNfsPort3End, request);
}
