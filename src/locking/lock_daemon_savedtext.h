/*
 * lock_daemon_savedtext.h: the JSON object around the engine's saved text
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* What stands beside the engine's text. Only @bootid and @text are always
 * there: a session has @url, an owner @uuid and @name. */
typedef struct _virLockDaemonSavedText virLockDaemonSavedText;
struct _virLockDaemonSavedText {
    char *bootid;
    char *url;
    char *uuid;
    char *name;
    char *text;
};

void virLockDaemonSavedTextFree(virLockDaemonSavedText *saved);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockDaemonSavedText, virLockDaemonSavedTextFree);

/* Writes it as one line. */
char *virLockDaemonSavedTextFormat(const virLockDaemonSavedText *saved) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virLockDaemonSavedTextParse:
 * @text: what virLockDaemonSavedTextFormat() made, or anything
 * @file: its name, for errors
 *
 * Returns what it says, or NULL with an error reported.
 */
virLockDaemonSavedText *virLockDaemonSavedTextParse(const char *text,
                                                    const char *file) G_GNUC_WARN_UNUSED_RESULT;
