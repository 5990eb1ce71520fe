/*
 * lock_daemon_systemd.h: what systemd and a daemon say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* What systemd passed; -1 for what it didn't. */
typedef struct _virLockDaemonPassed virLockDaemonPassed;
struct _virLockDaemonPassed {
    int socket;
    int stored;
};

/**
 * virLockDaemonSystemdGetPassed:
 * @name: under which a descriptor may have been stored
 * @passed: gets what was passed
 *
 * To be called once, before any process is started: the variables that say so
 * are taken out of the environment.
 *
 * Returns 0, or -1 with an error reported if it was more than one of a kind.
 */
int virLockDaemonSystemdGetPassed(const char *name,
                                  virLockDaemonPassed *passed) G_GNUC_WARN_UNUSED_RESULT;

/* Has systemd keep a copy of @fd, to be passed to the next process that it
 * starts for this service. */
void virLockDaemonSystemdStore(const char *name,
                               int fd);

/* Sends @state, as "READY=1", to whoever asked for it by $NOTIFY_SOCKET; to
 * nobody otherwise. */
void virLockDaemonSystemdNotify(const char *state);
