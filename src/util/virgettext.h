/*
 * virgettext.h: translated messages
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <libintl.h>

#define VIR_GETTEXT_DOMAIN "virtlease"

/* The domain is always named, as the plugin lives in a process whose default
 * domain is somebody else's. N_() only marks a text; pass it to _() later. */
#define _(text) dgettext(VIR_GETTEXT_DOMAIN, text)
#define N_(text) text
/* Singular and plural form of a message about @count things. */
#define P_(one, many, count) dngettext(VIR_GETTEXT_DOMAIN, one, many, count)

/**
 * virGettextBind:
 *
 * Tells gettext where the translations are: where they were installed, or in
 * $VIRTLEASE_LOCALEDIR unless the process runs with more rights than its
 * user. Leaves the locale alone, so it is fit for the plugin. May be called
 * more than once.
 */
void virGettextBind(void);

/**
 * virGettextInitialize:
 *
 * For a program, first thing in main: takes the user's locale and binds the
 * translations. An unknown locale is no error, messages are then English.
 */
void virGettextInitialize(void);
