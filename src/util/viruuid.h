/*
 * viruuid.h: UUIDs as text and as bytes
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>    /* VIR_UUID_BUFLEN: 16, VIR_UUID_STRING_BUFLEN: 37 with the NUL */

/**
 * virUUIDParse:
 * @text: 32 hex digits of either case; a hyphen may stand between two bytes
 * @uuid: VIR_UUID_BUFLEN bytes to be filled
 *
 * Returns 0, or -1 with VIR_ERR_INVALID_ARG reported; @uuid is then untouched.
 */
int virUUIDParse(const char *text,
                 unsigned char *uuid) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virUUIDFormat:
 * @uuid: VIR_UUID_BUFLEN bytes
 * @text: VIR_UUID_STRING_BUFLEN bytes to be filled
 *
 * Writes the usual form with four hyphens, in lower case. Returns @text.
 */
const char *virUUIDFormat(const unsigned char *uuid,
                          char *text);
