/*
 * virerror.h: reporting errors
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A function that fails reports its error once and returns -1 or NULL; every
 * thread remembers its last one. The names are those of libvirt's public API,
 * so that code reads alike in both trees, but the functions are this project's
 * own and hidden in each of its binaries: virGetLastErrorCode(),
 * virGetLastErrorDomain(), virGetLastErrorMessage() and virResetLastError()
 * never see an error of libvirt.so, nor it ours. virGetLastErrorMessage()
 * gives the text alone; it stays good until the thread's next error.
 */
#pragma once

#include <glib.h>
#include <libvirt/virterror.h>

#include "virgettext.h"

/* A longer message is cut short at a character's end. */
#define VIR_ERROR_MESSAGE_MAX 4096

/**
 * virReportError:
 * @code: a virErrorNumber
 * @...: translated format and its arguments
 *
 * Reports an error of the domain VIR_FROM_THIS, which each source file
 * defines. Leaves errno as it was.
 */
#define virReportError(code, ...) \
    virReportErrorHelper(VIR_FROM_THIS, code, __FILE__, __func__, \
                         (size_t) __LINE__, __VA_ARGS__)

/* Likewise with VIR_ERR_SYSTEM_ERROR; adds ": " and what @errnum means. */
#define virReportSystemError(errnum, ...) \
    virReportSystemErrorHelper(VIR_FROM_THIS, errnum, __FILE__, __func__, \
                               (size_t) __LINE__, __VA_ARGS__)

void virReportErrorHelper(int domcode,
                          int errcode,
                          const char *filename,
                          const char *funcname,
                          size_t linenr,
                          const char *fmt,
                          ...) G_GNUC_PRINTF(6, 7);

void virReportSystemErrorHelper(int domcode,
                                int errnum,
                                const char *filename,
                                const char *funcname,
                                size_t linenr,
                                const char *fmt,
                                ...) G_GNUC_PRINTF(6, 7);

/**
 * virErrorReportFunc:
 *
 * Called in the thread that reports, after the error was remembered. @message
 * is good during the call only. It may be called from several threads at once
 * and must not report errors itself.
 */
typedef void (*virErrorReportFunc)(int domain,
                                   int code,
                                   const char *filename,
                                   const char *funcname,
                                   size_t linenr,
                                   const char *message);

/* Has every error of the process passed to @func; NULL: to nobody, as in the
 * beginning. Set it before other threads start. */
void virErrorSetReporter(virErrorReportFunc func);
