/*
 * lock_manager_error.c: what a lock driver said when it failed
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_manager_error.h"

#include <dlfcn.h>

#include "lock_driver.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

/* For plugins of this project to find: the one symbol that is not hidden. */
extern __attribute__((visibility("default"), format(printf, 6, 7))) void
virLockManagerReportError(int domcode,
                          int errcode,
                          const char *filename,
                          const char *funcname,
                          size_t linenr,
                          const char *fmt,
                          ...);

void
virLockManagerReportError(int domcode,
                          int errcode,
                          const char *filename,
                          const char *funcname,
                          size_t linenr,
                          const char *fmt,
                          ...)
{
    g_autofree char *message = NULL;
    va_list args;

    va_start(args, fmt);
    message = g_strdup_vprintf(fmt, args);
    va_end(args);
    virReportErrorHelper(domcode, errcode, filename, funcname, linenr, "%s", message);
}

/* A plugin of libvirt brings libvirt.so with it, whose public functions of these
 * names are others than ours. They are looked for in the plugin and what it
 * needs only: it reports its errors there. */
int
virLockManagerErrorStart(void *handle, const char *name)
{
    int (*initialize)(void) = (int (*)(void)) dlsym(handle, "virInitialize");

    /* Before that, libvirt has no place for a thread's last error. */
    if (!initialize || initialize() == 0)
        return 0;
    virReportError(VIR_ERR_INTERNAL_ERROR, _("libvirt, which lock driver '%1$s' needs, cannot be initialized"), name);
    return -1;
}

static void
virLockManagerErrorResetLibvirt(void *handle)
{
    void (*reset)(void) = (void (*)(void)) dlsym(handle, "virResetLastError");

    if (reset)
        reset();
}

static void
virLockManagerErrorTakeLibvirt(void *handle)
{
    virErrorPtr (*get)(void) = (virErrorPtr (*)(void)) dlsym(handle, "virGetLastError");
    virErrorPtr error = get ? get() : NULL;

    if (error && error->code != VIR_ERR_OK && error->message)
        virReportErrorHelper(error->domain, error->code, __FILE__, __func__, (size_t) __LINE__,
                             "%s", error->message);
}

void
virLockManagerErrorPrepare(void *handle)
{
    virResetLastError();
    if (handle)
        virLockManagerErrorResetLibvirt(handle);
}

void
virLockManagerErrorEnsure(void *handle, const char *name, const char *callback)
{
    if (handle && virGetLastErrorCode() == VIR_ERR_OK)
        virLockManagerErrorTakeLibvirt(handle);
    if (virGetLastErrorCode() == VIR_ERR_OK)
        virReportError(VIR_ERR_INTERNAL_ERROR, _("lock driver '%1$s' failed in '%2$s' without saying why"),
                       name, callback);
}
