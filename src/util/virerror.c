/*
 * virerror.c: reporting errors
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "virerror.h"
#include "virlog.h"

VIR_LOG_INIT("util.error");

typedef struct _virErrorLast virErrorLast;
struct _virErrorLast {
    int domain;
    int code;
    char message[VIR_ERROR_MESSAGE_MAX];
};

/* Of fixed size: freeing something at a thread's end would call code of a
 * plugin that may be unloaded by then. */
static __thread virErrorLast virErrorThreadLast;

static virErrorReportFunc virErrorReporter;

void
virErrorSetReporter(virErrorReportFunc func)
{
    virErrorReporter = func;
}

int
virGetLastErrorCode(void)
{
    return virErrorThreadLast.code;
}

int
virGetLastErrorDomain(void)
{
    return virErrorThreadLast.domain;
}

const char *
virGetLastErrorMessage(void)
{
    if (virErrorThreadLast.code == VIR_ERR_OK)
        return _("no error");
    return virErrorThreadLast.message;
}

void
virResetLastError(void)
{
    virErrorThreadLast.domain = VIR_FROM_NONE;
    virErrorThreadLast.code = VIR_ERR_OK;
    virErrorThreadLast.message[0] = '\0';
}

static void
virErrorRemember(int domain, int code, const char *message)
{
    virErrorLast *last = &virErrorThreadLast;
    const char *end;

    last->domain = domain;
    last->code = code;
    if (g_strlcpy(last->message, message, sizeof(last->message)) >= sizeof(last->message) &&
        !g_utf8_validate(last->message, -1, &end) &&
        g_utf8_get_char_validated(end, -1) == (gunichar) -2)
        last->message[end - last->message] = '\0';
}

static void
virErrorRaise(int domain,
              int code,
              const char *filename,
              const char *funcname,
              size_t linenr,
              const char *message)
{
    virErrorRemember(domain, code, message);
    VIR_DEBUG("%s:%zu: error %d: %s", funcname, linenr, code, message);
    if (virErrorReporter)
        virErrorReporter(domain, code, filename, funcname, linenr,
                         virErrorThreadLast.message);
}

void
virReportErrorHelper(int domcode,
                     int errcode,
                     const char *filename,
                     const char *funcname,
                     size_t linenr,
                     const char *fmt,
                     ...)
{
    int saved = errno;
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, fmt);
    message = g_strdup_vprintf(fmt, args);
    va_end(args);

    virErrorRaise(domcode, errcode, filename, funcname, linenr, message);
    errno = saved;
}

void
virReportSystemErrorHelper(int domcode,
                           int errnum,
                           const char *filename,
                           const char *funcname,
                           size_t linenr,
                           const char *fmt,
                           ...)
{
    int saved = errno;
    g_autofree char *what = NULL;
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, fmt);
    what = g_strdup_vprintf(fmt, args);
    va_end(args);

    message = g_strdup_printf("%s: %s", what, g_strerror(errnum));
    virErrorRaise(domcode, VIR_ERR_SYSTEM_ERROR, filename, funcname, linenr, message);
    errno = saved;
}
