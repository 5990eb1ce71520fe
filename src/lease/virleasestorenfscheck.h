/*
 * virleasestorenfscheck.h: whether an RPC answer is what it must be
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libnfs 4.0 reads answers without looking: counts that overflow, lengths that
 * go backwards, bytes behind the end, and lists as deep as the server likes. So
 * it is given nothing that was not found in order here.
 */
#pragma once

#include <glib.h>

/* An answer, as many bytes as one may have. */
#define VIR_LEASE_NFS_ANSWER_MAX (1024 * 1024 + 4096)
/* Entries in one page of a directory: libnfs goes one call deeper for each. */
#define VIR_LEASE_NFS_ANSWER_ENTRIES_MAX 16384
/* Of the calls that we make none has more operations. */
#define VIR_LEASE_NFS_ANSWER_OPS_MAX 8

/**
 * virLeaseNfsCheckAnswer:
 * @program: of the call; a port mapper's, mountd's or nfsd's
 * @version: of the call
 * @procedure: of the call; one of those that the store makes
 * @data: the answer, from its transaction id on
 * @length: its bytes
 *
 * Goes through the answer without keeping, copying or calling anything.
 * Bytes that follow it are allowed.
 *
 * Returns whether every part of it is there, and every count and every
 * length within its limits. What the parts mean is not looked at.
 */
gboolean virLeaseNfsCheckAnswer(guint32 program,
                                guint32 version,
                                guint32 procedure,
                                const guint8 *data,
                                gsize length);
