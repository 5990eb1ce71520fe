/*
 * virleasestorenfslink.h: one connection to a server
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Owns a libnfs context and serves its socket from the main loop, with a
 * relay between that and the server (virleasestorenfsrelay.h). A link
 * never connects again: when anything goes wrong it is lost for good, which
 * its owner hears from the main loop, outside of libnfs, where alone it is
 * safe to destroy a context.
 */
#pragma once

#include "virleaseurl.h"

struct rpc_context;

typedef struct _virLeaseNfsLink virLeaseNfsLink;

/* Called once, from the main loop and outside of libnfs. The callee is
 * expected to free the link. @detail is good during the call. */
typedef void (*virLeaseNfsLinkLostFunc)(virLeaseNfsLink *link,
                                        const char *detail,
                                        void *opaque);

/* Called from inside libnfs: the callee may send calls and may not free the
 * link. */
typedef void (*virLeaseNfsLinkConnectedFunc)(virLeaseNfsLink *link,
                                             void *opaque);

/* Makes a link with the settings of @url that does nothing yet. */
virLeaseNfsLink *virLeaseNfsLinkNew(const virLeaseURL *url,
                                    virLeaseNfsLinkLostFunc lost,
                                    void *opaque);

/* From now on @lost goes to another owner. */
void virLeaseNfsLinkSetOwner(virLeaseNfsLink *link,
                             virLeaseNfsLinkLostFunc lost,
                             void *opaque);

/**
 * virLeaseNfsLinkConnect:
 * @link: a new link
 * @address: numeric
 * @port: of the program
 * @program: the RPC program to reach
 * @version: its version
 * @connected: called when the program has answered
 *
 * A failure, also an immediate one, ends in the link's being lost.
 */
void virLeaseNfsLinkConnect(virLeaseNfsLink *link,
                            const char *address,
                            int port,
                            int program,
                            int version,
                            virLeaseNfsLinkConnectedFunc connected);

/* Whether something went wrong, though @lost may not have been told yet.
 * libnfs would take calls all the same, and never send them. */
gboolean virLeaseNfsLinkIsLost(const virLeaseNfsLink *link);

/* For sending calls. */
struct rpc_context *virLeaseNfsLinkGetRPC(virLeaseNfsLink *link);

/* Gives the link up because of @detail, which is copied; NULL: for what
 * libnfs says. May be called from anywhere and more than once. */
void virLeaseNfsLinkFail(virLeaseNfsLink *link,
                         const char *detail);

/* Not from inside libnfs. Calls that are outstanding get their callback. */
void virLeaseNfsLinkFree(virLeaseNfsLink *link);
