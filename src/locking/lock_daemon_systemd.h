/*
 * lock_daemon_systemd.h: what systemd and a daemon say to each other
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

/**
 * virLockDaemonSystemdGetSocket:
 *
 * To be called once, before any process is started: the variables that say so
 * are taken out of the environment.
 *
 * Returns the descriptor of the one socket that was passed, -1 if none was, or
 * -2 with an error reported if it was more than one.
 */
int virLockDaemonSystemdGetSocket(void);

/* Sends @state, as "READY=1", to whoever asked for it by $NOTIFY_SOCKET; to
 * nobody otherwise. */
void virLockDaemonSystemdNotify(const char *state);
