/*
 * lock_daemon_default.c: the lockspace that is there when none is configured
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock_daemon_default.h"
#include "virerror.h"
#include "virleaseformat.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.default");

static int
virLockDaemonDefaultMakeDir(const char *path, const char *name)
{
    g_autofree char *dir = g_build_filename(path, name, NULL);

    if (g_mkdir_with_parents(dir, 0700) < 0) {
        virReportSystemError(errno, _("cannot make the directory '%1$s'"), dir);
        return -1;
    }
    return 0;
}

static int
virLockDaemonDefaultFormat(virLeaseFormat *format)
{
    unsigned char bytes[VIR_LEASE_SID_LEN / 2];

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        virReportSystemError(errno, "%s", _("no random number for the lockspace's id"));
        return -1;
    }
    for (size_t i = 0; i < sizeof(bytes); i++)
        g_snprintf(format->id + 2 * i, 3, "%02x", bytes[i]);
    format->version = VIR_LEASE_FORMAT_VERSION;
    format->length = VIR_LEASE_FORMAT_LENGTH_DEFAULT;
    format->shards = VIR_LEASE_FORMAT_SHARDS_DEFAULT;
    return 0;
}

static int
virLockDaemonDefaultMakeShards(const char *path, unsigned shards)
{
    for (unsigned i = 0; i < shards; i++) {
        g_autofree char *shard = virLeaseShardPath(i);

        if (virLockDaemonDefaultMakeDir(path, shard) < 0)
            return -1;
    }
    return 0;
}

int
virLockDaemonDefaultMake(const char *path)
{
    g_autofree char *link = g_build_filename(path, VIR_LEASE_FORMAT_PATH, NULL);
    g_autofree char *target = NULL;
    virLeaseFormat format = { 0 };
    struct stat sb;

    if (lstat(link, &sb) == 0)
        return 0;
    if (virLockDaemonDefaultFormat(&format) < 0 ||
        virLockDaemonDefaultMakeDir(path, "sessions") < 0 ||
        virLockDaemonDefaultMakeShards(path, format.shards) < 0)
        return -1;

    /* The link comes last: it makes the directory a lockspace. */
    target = virLeaseFormatString(&format);
    if (symlink(target, link) < 0 && errno != EEXIST) {
        virReportSystemError(errno, _("cannot make the link '%1$s'"), link);
        return -1;
    }
    VIR_INFO("made the embedded lockspace '%s'", path);
    return 0;
}
