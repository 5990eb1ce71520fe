/*
 * lock_driver_error.c: how a plugin's errors reach who loaded it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_error.h"

#include <dlfcn.h>
#include <glib.h>

#include "lock_driver.h"
#include "virerror.h"

/* libvirt's function of this name, which it keeps to itself. */
#define VIR_LOCK_DRIVER_REPORTER_LIBVIRT "virReportErrorHelper"

typedef void (*virLockDriverErrorFunc)(int domcode,
                                       int errcode,
                                       const char *filename,
                                       const char *funcname,
                                       size_t linenr,
                                       const char *fmt,
                                       ...) G_GNUC_PRINTF(6, 7);

static virLockDriverErrorFunc virLockDriverErrorPass;

static void
virLockDriverErrorReport(int domain,
                         int code,
                         const char *filename,
                         const char *funcname,
                         size_t linenr,
                         const char *message)
{
    virLockDriverErrorPass(domain, code, filename, funcname, linenr, "%s", message);
}

/* The symbols are looked up by name: one that is linked to ties the plugin to
 * one release. */
void
virLockDriverErrorFindReporter(void)
{
    void *symbol = dlsym(RTLD_DEFAULT, VIR_LOCK_MANAGER_REPORTER);

    if (!symbol)
        symbol = dlsym(RTLD_DEFAULT, VIR_LOCK_DRIVER_REPORTER_LIBVIRT);
    if (!symbol)
        return;
    virLockDriverErrorPass = (virLockDriverErrorFunc) symbol;
    virErrorSetReporter(virLockDriverErrorReport);
}
