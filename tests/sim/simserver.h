/*
 * simserver.h: a file server in memory, as the lockspace sees one
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Directories and links; each change is atomic, moves the server's clock by
 * at least a nanosecond, and is kept in a journal, so that a server can come
 * back without what it had acknowledged last. File ids are never used again,
 * also not after that. The simulated network (simnet.h) decides when an
 * operation reaches it.
 */
#pragma once

#include "simqueue.h"
#include "virleasestore.h"

typedef struct _simServer simServer;

typedef enum {
    SIM_SERVER_NORMAL,
    SIM_SERVER_READONLY,
    SIM_SERVER_FULL,        /* refuses MKDIR and SYMLINK, not REMOVE and SETATTR */
    SIM_SERVER_FORBIDDEN,   /* permission denied for all */
} simServerMode;

/* Told of every change that was carried out. @target is that of the link
 * made or removed, else NULL. */
typedef void (*simServerChangeFunc)(virLeaseOpType type,
                                    const char *path,
                                    const char *target,
                                    gpointer opaque);

typedef void (*simServerListFunc)(const char *name,
                                  const char *target,
                                  const virLeaseAttr *attr,
                                  gpointer opaque);

/* @epoch: the server's clock at the begin of virtual time, nanoseconds */
simServer *simServerNew(const simQueue *queue,
                        gint64 epoch);
void simServerFree(simServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(simServer, simServerFree);

void simServerSetChangeFunc(simServer *server,
                            simServerChangeFunc changed,
                            gpointer opaque);
void simServerSetMode(simServer *server,
                      simServerMode mode);

/* Makes a lockspace as "virt-lease init" does. */
void simServerMakeLockspace(simServer *server,
                            virLeaseSpan length,
                            unsigned shards);

/* From now on each read shows a directory's times as they were up to @span
 * ago, as an attribute cache does; 0: no longer. */
void simServerSetStale(simServer *server,
                       virLeaseSpan span);

/* ... of one directory only, which is there. */
void simServerSetStaleAt(simServer *server,
                         const char *path,
                         virLeaseSpan span);

/* Carries out @op at once; a READDIR in one piece. */
virLeaseReply *simServerExecute(simServer *server,
                                const virLeaseOp *op);

/* A READDIR in several pages, at several times: one step is one page of at
 * most @max names. Returns TRUE when *@reply is complete. */
typedef struct _simServerScan simServerScan;
simServerScan *simServerScanNew(simServer *server,
                                const virLeaseOp *op);
void simServerScanFree(simServerScan *scan);
/* Links that were made in the last @span are not shown (not A1). */
void simServerScanLag(simServerScan *scan,
                      virLeaseSpan span);
/* A page begins behind as many names as were shown: one is left out for each
 * that went meanwhile (not A1). */
void simServerScanCount(simServerScan *scan);
gboolean simServerScanStep(simServerScan *scan,
                           guint max,
                           virLeaseReply **reply);

/* Takes back every change later than @time: a restart that lost what it had
 * acknowledged, or a snapshot restored. */
void simServerRollBack(simServer *server,
                       virLeaseTime time);

/* What somebody with a shell on the server does, past all modes. */
gboolean simServerExists(const simServer *server,
                         const char *path);
void simServerDelete(simServer *server,
                     const char *path);
void simServerLink(simServer *server,
                   const char *path,
                   const char *target);
void simServerList(const simServer *server,
                   const char *path,
                   simServerListFunc func,
                   gpointer opaque);
