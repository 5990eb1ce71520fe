/*
 * virlog.c: logging to standard error
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "virlog.h"

static virLogPriority virLogLeast = VIR_LOG_WARN;

void
virLogSetPriority(virLogPriority priority)
{
    virLogLeast = priority;
}

virLogPriority
virLogGetPriority(void)
{
    return virLogLeast;
}

gboolean
virLogIsEnabled(virLogPriority priority)
{
    return priority >= virLogLeast;
}

/* systemd says in $JOURNAL_STREAM which file, "device:inode", is the journal's
 * stream. A program that was started with standard error put elsewhere still
 * inherits the variable, so the file itself is compared. */
static gboolean
virLogIsJournal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    g_autofree char *own = NULL;
    struct stat sb;

    if (!stream || fstat(STDERR_FILENO, &sb) < 0)
        return FALSE;
    own = g_strdup_printf("%llu:%llu",
                          (unsigned long long) sb.st_dev,
                          (unsigned long long) sb.st_ino);
    return g_str_equal(stream, own);
}

static int
virLogPriorityToSyslog(virLogPriority priority)
{
    switch (priority) {
    case VIR_LOG_ERROR:
        return 3;
    case VIR_LOG_WARN:
        return 4;
    case VIR_LOG_INFO:
        return 6;
    case VIR_LOG_DEBUG:
    default:
        return 7;
    }
}

static const char *
virLogPriorityToString(virLogPriority priority)
{
    switch (priority) {
    case VIR_LOG_ERROR:
        return "error";
    case VIR_LOG_WARN:
        return "warning";
    case VIR_LOG_INFO:
        return "info";
    case VIR_LOG_DEBUG:
    default:
        return "debug";
    }
}

static void
virLogAppendTime(GString *line)
{
    struct timespec now;
    struct tm tm;
    char text[sizeof("2026-01-02 10:11:12")];

    clock_gettime(CLOCK_REALTIME, &now);
    if (!gmtime_r(&now.tv_sec, &tm) ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
        return;
    g_string_append_printf(line, "%s.%03ld+0000: ", text, now.tv_nsec / 1000000);
}

static void
virLogAppendEscaped(GString *line, const char *message)
{
    const unsigned char *p;

    for (p = (const unsigned char *) message; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            g_string_append_printf(line, "\\x%02x", *p);
        else
            g_string_append_c(line, (char) *p);
    }
}

static void
virLogWrite(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t done = write(STDERR_FILENO, text, len);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;             /* nowhere to complain to */
        text += done;
        len -= (size_t) done;
    }
}

void
virLogMessage(const virLogSource *source,
              virLogPriority priority,
              const char *fmt,
              ...)
{
    int saved = errno;
    g_autofree char *message = NULL;
    g_autoptr(GString) line = g_string_new(NULL);
    va_list args;

    va_start(args, fmt);
    message = g_strdup_vprintf(fmt, args);
    va_end(args);

    if (virLogIsJournal()) {
        g_string_append_printf(line, "<%d>", virLogPriorityToSyslog(priority));
    } else {
        virLogAppendTime(line);
        g_string_append_printf(line, "%d: %s : ", (int) getpid(),
                               virLogPriorityToString(priority));
    }
    g_string_append_printf(line, "%s: ", source->name);
    virLogAppendEscaped(line, message);
    g_string_append_c(line, '\n');

    /* One write: lines of several processes do not mix. */
    virLogWrite(line->str, line->len);
    errno = saved;
}
