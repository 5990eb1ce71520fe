/*
 * virleasenfscompat.h: one way to call libnfs, whatever its version
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Before 6.0 a call rpc_X_async() returns 0 or -1, from then on rpc_X_task()
 * returns a handle or NULL. The arguments are the same, and are copied.
 */
#pragma once

#include <nfsc/libnfs.h>
#include <nfsc/libnfs-raw.h>

/* Returns 0 if the call was queued; then, and only then, its callback comes,
 * once, at the latest when the context is destroyed. */
#ifdef LIBNFS_API_V2
# define VIR_LEASE_NFS_SEND(name, ...) (rpc_##name##_task(__VA_ARGS__) ? 0 : -1)
#else
# define VIR_LEASE_NFS_SEND(name, ...) (rpc_##name##_async(__VA_ARGS__) ? -1 : 0)
#endif
