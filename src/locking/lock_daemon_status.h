/*
 * lock_daemon_status.h: what the daemon tells of itself
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

#include "lease_protocol.h"

/* Fills @ret, all zero bytes before, with the state of @lockspaces, an array
 * of virLockDaemonLockspace. To be freed with xdr_free(). */
void virLockDaemonStatusFill(virLeaseProtocolStatusRet *ret,
                             GPtrArray *lockspaces);
