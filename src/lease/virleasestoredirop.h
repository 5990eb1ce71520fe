/*
 * virleasestoredirop.h: one operation on a directory of this host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestore.h"

/* Carries out @op below the directory @root. Blocks for as long as the file
 * system does; may be called from any thread. Never follows a link below
 * @root. Returns the reply. */
virLeaseReply *virLeaseStoreDirOpRun(const char *root,
                                     const virLeaseOp *op);
