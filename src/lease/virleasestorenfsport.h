/*
 * virleasestorenfsport.h: asks a server where a service is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestorenfsrequest.h"

#define VIR_LEASE_NFS_PORT_MAPPER 111       /* its own port */
#define VIR_LEASE_NFS_PORT_PROGRAM 100000

struct rpc_context;

/* Which version of the port mapper's protocol knows of ports at @address: 2
 * knows IPv4 only. */
int virLeaseNfsPortVersion(const char *address);

/* Asks the port mapper at @address that @rpc is connected to for the TCP port
 * of @program. The request's result has it. Returns 0, or -1 if the call could
 * not be sent. */
int virLeaseNfsPortAsk(struct rpc_context *rpc,
                       virLeaseNfsRequest *request,
                       const char *address,
                       int program,
                       int version);
