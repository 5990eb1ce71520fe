/*
 * virleasetime.h: instants and lengths of time as the lease engine counts them
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* An instant of CLOCK_BOOTTIME in nanoseconds. It means nothing on another
 * host or after a reboot and never goes on the export. */
typedef gint64 virLeaseTime;

/* A length of time in nanoseconds. */
typedef gint64 virLeaseSpan;

#define VIR_LEASE_MILLISECOND ((virLeaseSpan) 1000 * 1000)
#define VIR_LEASE_SECOND (1000 * VIR_LEASE_MILLISECOND)

/* Later than any instant that is ever asked for. */
#define VIR_LEASE_TIME_NEVER G_MAXINT64
