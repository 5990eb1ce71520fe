/*
 * virtime.h: the clock of this boot
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* CLOCK_BOOTTIME in nanoseconds: never set, and goes on while suspended. */
gint64 virTimeBootNow(void);

/**
 * virTimeBootID:
 *
 * Returns the random id of this boot in the form of a UUID, to be freed by the
 * caller, or NULL with an error reported.
 */
char *virTimeBootID(void) G_GNUC_WARN_UNUSED_RESULT;
