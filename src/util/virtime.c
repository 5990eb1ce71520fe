/*
 * virtime.c: the clock of this boot
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <time.h>

#include "virerror.h"
#include "virtime.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_NONE

#define VIR_TIME_BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

gint64
virTimeBootNow(void)
{
    struct timespec now;

    /* Can only fail for a clock that the kernel does not have. */
    if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
        g_error("CLOCK_BOOTTIME: %s", g_strerror(errno));
    return (gint64) now.tv_sec * 1000 * 1000 * 1000 + now.tv_nsec;
}

char *
virTimeBootID(void)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *id = NULL;
    unsigned char raw[VIR_UUID_BUFLEN];

    if (!g_file_get_contents(VIR_TIME_BOOT_ID_PATH, &id, NULL, &err)) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("cannot read the id of this boot: %1$s"), err->message);
        return NULL;
    }
    g_strstrip(id);
    if (virUUIDParse(id, raw) < 0)
        return NULL;
    return g_steal_pointer(&id);
}
