/*
 * virt-lease-conf.h: which lockspace and which socket are meant
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virt-lease.h"

/**
 * vlConfFindLockspace:
 * @options: --lockspace and --config are looked at
 * @wanted: a name or a URL; NULL: what --lockspace says, else the only one or
 *          the one called "default" in the configuration
 * @name: gets its name, NULL if a URL was given; may be NULL
 * @url: gets its URL
 *
 * Returns 0 and strings to be freed, or -1 with an error reported.
 */
int vlConfFindLockspace(const vlOptions *options,
                        const char *wanted,
                        char **name,
                        char **url) G_GNUC_WARN_UNUSED_RESULT;

/* The socket of virtleased. The caller frees it. */
char *vlConfFindSocket(const vlOptions *options);
