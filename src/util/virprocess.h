/*
 * virprocess.h: other processes, found again for sure
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A process id is used again some day. Together with the start time it is
 * unique in one boot, and a pidfd never comes to mean another process: open
 * the pidfd first, then compare the start time.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * virProcessGetStartTime:
 * @pid: of a process, which may be a zombie
 * @start: to be set to the time, in clock ticks since boot, when it began
 *
 * Returns 0, or -1 with an error reported; errno is then ESRCH if there is no
 * such process.
 */
int virProcessGetStartTime(pid_t pid,
                           unsigned long long *start) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virProcessHasArgument:
 * @pid: of a process
 * @argument: a whole word of a command line
 *
 * Returns whether the process was begun with @argument; TRUE too if that cannot
 * be read, or is not there, as for a zombie.
 */
gboolean virProcessHasArgument(pid_t pid,
                               const char *argument);

/**
 * virPidFDOpen:
 * @pid: of a process, not of one of its threads
 *
 * Returns a file descriptor with close-on-exec set, to be closed by the caller, or -1
 * with an error reported; errno is then ESRCH if there is no such process.
 */
int virPidFDOpen(pid_t pid) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virPidFDSendSignal:
 * @pidfd: from virPidFDOpen()
 * @sig: what to send; 0 only asks whether one could
 *
 * Returns 0, or -1 with an error reported; errno is then ESRCH if the process
 * is gone already.
 */
int virPidFDSendSignal(int pidfd,
                       int sig) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the process of @pidfd has ended, if only to be a zombie. Does not
 * block. The fd polls readable from that moment. */
gboolean virPidFDExited(int pidfd);
