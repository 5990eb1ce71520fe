/*
 * lock_daemon_process.h: the daemon as a process
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

/**
 * virLockDaemonProcessDaemonize:
 *
 * Goes to the background: returns in a child, while the parent waits until
 * the child says that it is ready, or ends, and exits with 0 or 1. To be
 * called before there are threads. Standard error stays unless it is a
 * terminal.
 *
 * Returns a descriptor for virLockDaemonProcessReady(), or -1 with an error
 * reported.
 */
int virLockDaemonProcessDaemonize(void);

/* Lets the parent go. @fd may be -1: there is none. */
void virLockDaemonProcessReady(int fd);

/* Writes this process's id into @path. Returns 0, or -1 with an error reported. */
int virLockDaemonProcessWritePidFile(const char *path);

/* Each guest and each client needs a descriptor or two. */
void virLockDaemonProcessRaiseFiles(void);
