/*
 * virleasestorenfscall.h: one operation as a sequence of RPCs
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestorenfsversion.h"

/* A connection that is ready for operations. */
typedef struct _virLeaseNfsExport virLeaseNfsExport;
struct _virLeaseNfsExport {
    virLeaseNfsLink *link;
    const virLeaseNfsVersion *version;
    virLeaseNfsHandles *handles;    /* below where the server let us in */
    char *directory;                /* of the lockspace, below there; no slash at its ends, may be empty */
    gsize scanned;                  /* bytes held by the READDIRs under way */
};

/* Not from inside libnfs, as it frees the link. */
void virLeaseNfsExportFree(virLeaseNfsExport *export);

typedef struct _virLeaseNfsCall virLeaseNfsCall;

/* Called once, from inside libnfs or from virLeaseNfsCallStart(). The callee
 * owns @reply and is expected to free the call. */
typedef void (*virLeaseNfsCallDoneFunc)(virLeaseReply *reply,
                                        void *opaque);

/* Begins to carry out @op, which is valid and outlives the call like
 * @export. If the link is lost nothing is called back. */
virLeaseNfsCall *virLeaseNfsCallNew(virLeaseNfsExport *export,
                                    const virLeaseOp *op,
                                    virLeaseNfsCallDoneFunc done,
                                    void *opaque);
void virLeaseNfsCallStart(virLeaseNfsCall *call);
void virLeaseNfsCallFree(virLeaseNfsCall *call);
