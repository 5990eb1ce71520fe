/*
 * virleaseformat.h: what a lockspace says of itself, in the link "format"
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasename.h"
#include "virleasetime.h"

#define VIR_LEASE_FORMAT_PATH "format"      /* in the lockspace */
#define VIR_LEASE_FORMAT_VERSION 1

#define VIR_LEASE_FORMAT_LENGTH_MIN (3 * VIR_LEASE_SECOND)
#define VIR_LEASE_FORMAT_LENGTH_MAX (600 * VIR_LEASE_SECOND)
#define VIR_LEASE_FORMAT_LENGTH_DEFAULT (30 * VIR_LEASE_SECOND)

#define VIR_LEASE_FORMAT_SHARDS_MAX 1024
#define VIR_LEASE_FORMAT_SHARDS_DEFAULT 16

typedef struct _virLeaseFormat virLeaseFormat;
struct _virLeaseFormat {
    unsigned version;
    virLeaseSpan length;                /* of a lease (L), whole milliseconds */
    unsigned shards;                    /* at least 1 */
    char id[VIR_LEASE_SID_LEN + 1];     /* random, so that a lockspace made anew is another one */
};

/* The target of the link; the caller frees it. @format must be within the
 * limits above. */
char *virLeaseFormatString(const virLeaseFormat *format);

/**
 * virLeaseFormatParse:
 * @target: what a READLINK of "format" gave
 * @format: gets what it says
 *
 * Returns 0, or -1 with @format untouched and an error reported:
 * VIR_ERR_OPERATION_INVALID for a link that is not of virtlease,
 * VIR_ERR_CONFIG_UNSUPPORTED for one of a newer version, and
 * VIR_ERR_PARSE_FAILED for one that is ours but damaged.
 */
int virLeaseFormatParse(const char *target,
                        virLeaseFormat *format) G_GNUC_WARN_UNUSED_RESULT;
