/*
 * lock_driver_args.c: what a plugin's callbacks are given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver_args.h"

#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

int
virLockDriverCheckFlags(const char *driver,
                        unsigned int flags,
                        unsigned int known)
{
    if ((flags & ~known) == 0)
        return 0;
    virReportError(VIR_ERR_INVALID_ARG, _("%1$s does not know the flags 0x%2$x"), driver, flags & ~known);
    return -1;
}

int
virLockDriverCheckVersion(const char *driver,
                          unsigned int version)
{
    if (version / (1000 * 1000) == VIR_LOCK_MANAGER_VERSION_MAJOR)
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("%1$s needs a libvirt with version 1 of the lock driver interface, this one has %2$u"),
                   driver, version / (1000 * 1000));
    return -1;
}

const virLockManagerParam *
virLockDriverParam(const virLockManagerParam *params,
                   size_t nparams,
                   const char *key)
{
    size_t i;

    for (i = 0; i < nparams; i++) {
        if (g_str_equal(params[i].key, key))
            return &params[i];
    }
    return NULL;
}

const char *
virLockDriverParamText(const virLockManagerParam *params,
                       size_t nparams,
                       const char *key)
{
    const virLockManagerParam *param = virLockDriverParam(params, nparams, key);

    if (!param)
        return NULL;
    return param->type == VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING ? param->value.cstr : param->value.str;
}

/* What libvirt gives for the process of a Xen guest is its own daemon, whose end
 * would be taken for the guest's. */
int
virLockDriverCheckProcess(const char *driver,
                          const virLockManagerParam *params,
                          size_t nparams)
{
    const char *uri = virLockDriverParamText(params, nparams, "uri");

    if (!uri || !g_str_has_prefix(uri, "xen"))
        return 0;
    virReportError(VIR_ERR_CONFIG_UNSUPPORTED,
                   _("%1$s cannot protect Xen guests: they have no process that could be watched"), driver);
    return -1;
}
