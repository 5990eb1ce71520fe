/*
 * virt-lease.h: what the commands of virt-lease have in common
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* Exit codes; the man page explains them. */
typedef enum {
    VL_EXIT_OK = 0,
    VL_EXIT_FAILED = 1,         /* an error was reported */
    VL_EXIT_USAGE = 2,          /* the command line makes no sense */
    VL_EXIT_EXISTS = 3,         /* init: it is a lockspace already */
    VL_EXIT_UNREACHABLE = 4,    /* status: virtleased does not answer; else the lockspace can't be read */
    VL_EXIT_NO_LEASE = 5,       /* status: a lockspace has no lease */
} vlExit;

/* Options that every command takes. Strings may be NULL. */
typedef struct _vlOptions vlOptions;
struct _vlOptions {
    char *config;
    char *socket;
    char *lockspace;
    int timeout;        /* seconds, at least 1 */
    gboolean json;
    gboolean version;
};

/* A command. Texts are marked for translation, not translated. */
typedef struct _vlCommand vlCommand;
struct _vlCommand {
    const char *name;
    const char *parameters;     /* for the usage line; NULL: takes none */
    const char *summary;
    const GOptionEntry *entries;/* its own options; NULL: none */
    guint minArgs;
    guint maxArgs;

    /* Returns an exit code. For any but VL_EXIT_OK and VL_EXIT_NO_LEASE an
     * error was reported. @args ends with NULL. */
    vlExit (*run)(const vlOptions *options, char **args);
};

extern const vlCommand vlCommandInit;
extern const vlCommand vlCommandStatus;
extern const vlCommand vlCommandList;
