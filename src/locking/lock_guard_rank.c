/*
 * lock_guard_rank.c: what lets the guard act when the host is in trouble
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lock_guard_rank.h"
#include "virlog.h"

VIR_LOG_INIT("locking.guard");

#define VIR_LOCK_GUARD_RANK_NICE (-20)

static void
virLockGuardRankSpareFromOOM(void)
{
    static const char *const wishes[] = { "-1000", "-999" };
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    gboolean done = FALSE;

    for (size_t i = 0; fd >= 0 && !done && i < G_N_ELEMENTS(wishes); i++)
        done = write(fd, wishes[i], strlen(wishes[i])) > 0;
    if (!done)
        VIR_WARN("the guard may be killed when memory runs out, ignoring: %s", g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void
virLockGuardRankSchedule(void)
{
    struct sched_param param = { .sched_priority = sched_get_priority_min(SCHED_RR) };

    if (sched_setscheduler(0, SCHED_RR, &param) == 0)
        return;
    VIR_INFO("the guard cannot have a real-time priority: %s", g_strerror(errno));
    if (setpriority(PRIO_PROCESS, 0, VIR_LOCK_GUARD_RANK_NICE) < 0)
        VIR_WARN("the guard may have to wait for a busy host, ignoring: %s", g_strerror(errno));
}

void
virLockGuardRankRaise(void)
{
    virLockGuardRankSpareFromOOM();
    virLockGuardRankSchedule();
    if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
        VIR_WARN("the guard's memory may be swapped out, ignoring: %s", g_strerror(errno));
}
