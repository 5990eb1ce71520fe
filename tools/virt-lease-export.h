/*
 * virt-lease-export.h: operations on a lockspace, one batch after the other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleaseformat.h"
#include "virleasestore.h"

/* A lockspace's store with a main loop of its own and a time limit for all
 * that is asked of it. Used from one thread. */
typedef struct _vlExport vlExport;

/**
 * vlExportOpen:
 * @url: of the lockspace
 * @timeout: seconds until whatever is still asked fails
 *
 * Returns NULL with an error reported if the URL is no good.
 */
vlExport *vlExportOpen(const char *url,
                       int timeout) G_GNUC_WARN_UNUSED_RESULT;
void vlExportFree(vlExport *export);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(vlExport, vlExportFree);

/* Gives @seconds more, from now on. */
void vlExportSetTimeout(vlExport *export,
                        int seconds);

/* Appends an operation to @ops, an array of virLeaseOp. */
void vlExportAdd(GPtrArray *ops,
                 virLeaseOpType type,
                 const char *path,
                 const char *target);
/* An array for vlExportAdd(); unref it. */
GPtrArray *vlExportOpsNew(void);

/* Carries out @ops, many at a time and in no order; returns an array of as
 * many virLeaseReply, in their order, to be unref'd. Blocks. What gets no
 * answer, or is asked to come again, is repeated until time is up, so EXISTS
 * and NOENT may come from an earlier try of one's own. */
GPtrArray *vlExportCallAll(vlExport *export,
                           GPtrArray *ops);

/* The same for one operation; free the reply. */
virLeaseReply *vlExportCall(vlExport *export,
                            virLeaseOpType type,
                            const char *path,
                            const char *target);

/* Reports why @reply to an operation on @path is no success, and what can be
 * done about it. */
void vlExportReport(const vlExport *export,
                    const char *path,
                    const virLeaseReply *reply);

/* Reads what the lockspace says of itself. Returns 0, or -1 with an error
 * reported. */
int vlExportReadFormat(vlExport *export,
                       virLeaseFormat *format) G_GNUC_WARN_UNUSED_RESULT;
