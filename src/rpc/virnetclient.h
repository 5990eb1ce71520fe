/*
 * virnetclient.h: calling a daemon over a Unix socket
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Made for plugins: blocking, each wait ends at a deadline; no thread, no main
 * loop, no global state, no signal. May be used in a process forked from one
 * with threads, where nothing but this process's copy of memory is left. A
 * client belongs to one thread at a time, and to the process that made it: a
 * child may only free what its parent made, and makes its own to call.
 *
 * Deadlines are instants of virTimeBootNow(): absolute, in nanoseconds. One
 * that has passed already lets through what needs no waiting.
 *
 * Errors, each reported once:
 *   VIR_ERR_SYSTEM_ERROR        no connection; the message names the service,
 *                               the socket and the reason, and asks "is the
 *                               service running?" where that would explain it
 *   VIR_ERR_OPERATION_TIMEOUT   the deadline passed first
 *   VIR_ERR_RPC                 the connection ended before an answer, what came
 *                               is no answer, or the arguments can't be encoded
 *   any other, and these too    the service's own answer: its domain, code and
 *                               text, unchanged
 */
#pragma once

#include <glib.h>
#include <rpc/types.h>
#include <rpc/xdr.h>

typedef struct _virNetClient virNetClient;

/**
 * virNetClientNew:
 * @service: what the daemon is called, for messages: "virtleased"
 * @path: of its socket, absolute
 * @deadline: by when it must have been connected to
 *
 * The socket has close-on-exec set.
 *
 * Returns a connected client, or NULL with an error reported.
 */
virNetClient *virNetClientNew(const char *service,
                              const char *path,
                              gint64 deadline) G_GNUC_WARN_UNUSED_RESULT;

/* Closes the connection. NULL is fine. */
void virNetClientFree(virNetClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virNetClient, virNetClientFree);

/**
 * virNetClientCall:
 * @client: a client
 * @program: number of a program
 * @version: its version
 * @procedure: number of a procedure in it
 * @argFilter: XDR function of @args' type; NULL without arguments
 * @args: the arguments; not changed. NULL without
 * @retFilter: XDR function of @ret's type; NULL without a result
 * @ret: to be set; all zero bytes before. NULL without
 * @deadline: by when the whole answer must have come
 *
 * Makes one call and waits for its answer. On success free what @ret points
 * to with xdr_free(@retFilter, @ret); on failure @ret holds zero pointers.
 *
 * Whether the service carried out a call that failed with a time-out or
 * VIR_ERR_RPC is unknown, and then the connection is closed: further calls fail
 * with VIR_ERR_RPC. After an error that the service answered, or arguments that
 * could not be encoded, the client can call again.
 *
 * Returns 0, or 1 if virNetClientTolerate() was told so, or -1 with an error
 * reported.
 */
int virNetClientCall(virNetClient *client,
                     guint32 program,
                     guint32 version,
                     int procedure,
                     xdrproc_t argFilter,
                     void *args,
                     xdrproc_t retFilter,
                     void *ret,
                     gint64 deadline) G_GNUC_WARN_UNUSED_RESULT;

/* From now on a service's answer that is an error of @code (not VIR_ERR_OK) is
 * not reported, and virNetClientCall() returns 1 for it. */
void virNetClientTolerate(virNetClient *client,
                          int code);

/**
 * virNetClientDupFD:
 * @client: a client whose connection is good
 *
 * Returns a copy of the connection's descriptor that survives exec, to be
 * closed by the caller, or -1 with an error reported.
 */
int virNetClientDupFD(const virNetClient *client) G_GNUC_WARN_UNUSED_RESULT;
