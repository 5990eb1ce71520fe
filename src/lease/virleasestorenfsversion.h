/*
 * virleasestorenfsversion.h: the calls of one version of NFS
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestorenfsrequest.h"

#define VIR_LEASE_NFS_PAGE_SIZE (1024 * 1024)   /* of a READDIR; libnfs 4.0 takes no more */
#define VIR_LEASE_NFS_DIRECTORY_MODE 0755       /* people may look */

struct rpc_context;

/* Each sends one RPC for a request, whose answer it converts. Arguments are
 * not kept. Returns 0, or -1 if the call could not be sent. */
typedef struct _virLeaseNfsVersion virLeaseNfsVersion;
struct _virLeaseNfsVersion {
    int number;
    int (*lookup)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                  const virLeaseNfsHandle *directory, const char *name);
    int (*getattr)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *handle);
    int (*readlink)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                    const virLeaseNfsHandle *handle);
    int (*setattr)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *handle, gint64 mtime);
    int (*mkdir)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                 const virLeaseNfsHandle *directory, const char *name);
    int (*symlink)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *directory, const char *name, const char *target);
    int (*remove)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                  const virLeaseNfsHandle *directory, const char *name);
    int (*rmdir)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                 const virLeaseNfsHandle *directory, const char *name);
    /* One page, from where the request's scan stands. */
    int (*readdir)(struct rpc_context *rpc, virLeaseNfsRequest *request,
                   const virLeaseNfsHandle *directory);
};

extern const virLeaseNfsVersion virLeaseNfsVersion3;
extern const virLeaseNfsVersion virLeaseNfsVersion4;

/* The first handle of NFSv4, which has no mount protocol. */
int virLeaseNfs4SendRoot(struct rpc_context *rpc,
                         virLeaseNfsRequest *request);
