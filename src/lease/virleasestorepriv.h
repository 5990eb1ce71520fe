/*
 * virleasestorepriv.h: what stores share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestore.h"

/* Gives a READDIR's reply an array without entries, so that an empty
 * directory can be told from one that was not read. */
void virLeaseReplyInitEntries(virLeaseReply *reply);

/* A reply with @status and a copy of @detail, which may be NULL. */
virLeaseReply *virLeaseReplyNewDetail(guint64 id,
                                      virLeaseStatus status,
                                      const char *detail);

/* Whether a store can be asked for @op: its path and target are within the
 * limits and say nothing but names. The empty path is the lockspace's own
 * directory, which can be made, looked at and read. */
gboolean virLeaseOpIsValid(const virLeaseOp *op);
