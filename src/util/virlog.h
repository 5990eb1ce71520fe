/*
 * virlog.h: logging to standard error
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line per message. When standard error is the journal's stream, each line
 * carries the priority in the form that systemd reads; otherwise the time.
 * Control characters in a message are escaped, as some texts come from other
 * hosts. Safe to use from any thread and in a forked child. Keeps errno.
 */
#pragma once

#include <glib.h>

typedef enum {
    VIR_LOG_DEBUG = 1,
    VIR_LOG_INFO,
    VIR_LOG_WARN,
    VIR_LOG_ERROR,
} virLogPriority;

typedef struct _virLogSource virLogSource;
struct _virLogSource {
    const char *name;
};

/* Once in each source file that logs: names it, "room.thing". */
#define VIR_LOG_INIT(n) \
    static G_GNUC_UNUSED virLogSource virLogSelf = { .name = "" n }

#define VIR_LOG_INT(priority, ...) \
    do { \
        if (virLogIsEnabled(priority)) \
            virLogMessage(&virLogSelf, priority, __VA_ARGS__); \
    } while (0)

/* The arguments are not evaluated when the priority is not logged. Messages
 * of the log are not translated. */
#define VIR_DEBUG(...) VIR_LOG_INT(VIR_LOG_DEBUG, __VA_ARGS__)
#define VIR_INFO(...) VIR_LOG_INT(VIR_LOG_INFO, __VA_ARGS__)
#define VIR_WARN(...) VIR_LOG_INT(VIR_LOG_WARN, __VA_ARGS__)
#define VIR_ERROR(...) VIR_LOG_INT(VIR_LOG_ERROR, __VA_ARGS__)

/* The least priority that is written: VIR_LOG_WARN in the beginning. Set it
 * before other threads start. */
void virLogSetPriority(virLogPriority priority);
virLogPriority virLogGetPriority(void);
gboolean virLogIsEnabled(virLogPriority priority);

/* For the macros above. */
void virLogMessage(const virLogSource *source,
                   virLogPriority priority,
                   const char *fmt,
                   ...) G_GNUC_PRINTF(3, 4);
