/*
 * virlockresourcemount.c: what a file on a shared file system is called
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virlockresourcemount.h"

#include <stdio.h>
#include <string.h>

#include "virlockresourceblock.h"

/* One line of the table: what of it is of use here, unescaped. */
typedef struct _virLockResourceMount virLockResourceMount;
struct _virLockResourceMount {
    unsigned int maj;
    unsigned int min;
    char *root;         /* the directory of the file system that is mounted */
    char *point;        /* where */
    char *type;
    char *source;
};

static void
virLockResourceMountFree(virLockResourceMount *mount)
{
    if (!mount)
        return;
    g_free(mount->root);
    g_free(mount->point);
    g_free(mount->type);
    g_free(mount->source);
    g_free(mount);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLockResourceMount, virLockResourceMountFree)

enum {
    VIR_LOCK_RESOURCE_FIELD_DEVICE = 2,
    VIR_LOCK_RESOURCE_FIELD_ROOT = 3,
    VIR_LOCK_RESOURCE_FIELD_POINT = 4,
    VIR_LOCK_RESOURCE_FIELD_OPTIONAL = 6,   /* any number, then "-", type, source */
};

/* Undoes the kernel's escapes: a backslash and three octal digits. */
static char *
virLockResourceMountUnescape(const char *field)
{
    g_autofree char *out = g_malloc(strlen(field) + 1);
    size_t len = 0;

    while (*field) {
        if (field[0] == '\\' && field[1] >= '0' && field[1] <= '3' &&
            field[2] >= '0' && field[2] <= '7' && field[3] >= '0' && field[3] <= '7') {
            out[len++] = (char) ((field[1] - '0') * 64 + (field[2] - '0') * 8 + (field[3] - '0'));
            field += 4;
        } else {
            out[len++] = *field++;
        }
    }
    out[len] = '\0';
    return g_steal_pointer(&out);
}

static virLockResourceMount *
virLockResourceMountParse(const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", 0);
    g_autoptr(virLockResourceMount) mount = g_new0(virLockResourceMount, 1);
    guint n = g_strv_length(fields);
    guint sep = VIR_LOCK_RESOURCE_FIELD_OPTIONAL;

    while (sep < n && !g_str_equal(fields[sep], "-"))
        sep++;
    if (sep + 2 >= n ||
        sscanf(fields[VIR_LOCK_RESOURCE_FIELD_DEVICE], "%u:%u", &mount->maj, &mount->min) != 2)
        return NULL;

    mount->root = virLockResourceMountUnescape(fields[VIR_LOCK_RESOURCE_FIELD_ROOT]);
    mount->point = virLockResourceMountUnescape(fields[VIR_LOCK_RESOURCE_FIELD_POINT]);
    mount->type = virLockResourceMountUnescape(fields[sep + 1]);
    mount->source = virLockResourceMountUnescape(fields[sep + 2]);
    return g_steal_pointer(&mount);
}

/* Whether @path is @dir or below it. */
static gboolean
virLockResourceMountCovers(const char *dir,
                           const char *path)
{
    size_t len = strlen(dir);

    if (g_str_equal(dir, "/"))
        return TRUE;
    return strncmp(dir, path, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The mount that @real is on: the longest mount point, and of several on one
 * point the last, which hides the others. */
static virLockResourceMount *
virLockResourceMountFind(const char *mountinfo,
                         const char *real)
{
    g_auto(GStrv) lines = g_strsplit(mountinfo, "\n", 0);
    g_autoptr(virLockResourceMount) best = NULL;
    char **line;

    for (line = lines; *line; line++) {
        g_autoptr(virLockResourceMount) mount = virLockResourceMountParse(*line);

        if (!mount || !virLockResourceMountCovers(mount->point, real) ||
            (best && strlen(mount->point) < strlen(best->point)))
            continue;
        virLockResourceMountFree(best);
        best = g_steal_pointer(&mount);
    }
    return g_steal_pointer(&best);
}

/* @real as a path inside the mounted file system, or "" for its root. */
static char *
virLockResourceMountInside(const virLockResourceMount *mount,
                           const char *real)
{
    const char *root = g_str_equal(mount->root, "/") ? "" : mount->root;
    const char *rest = g_str_equal(mount->point, "/") ? real : real + strlen(mount->point);

    return g_strconcat(root, rest, NULL);
}

/* Joins without a double slash; @inside is empty or begins with one. */
static char *
virLockResourceMountJoin(const char *prefix,
                         const char *base,
                         const char *inside)
{
    size_t len = strlen(base);

    while (len > 0 && base[len - 1] == '/')
        len--;
    return g_strdup_printf("%s%.*s%s", prefix, (int) len, base, inside);
}

typedef char *(*virLockResourceMountNameFunc)(const virLockResourceMount *mount,
                                              const char *sysfs,
                                              const char *inside);

/* "SERVER:/EXPORT". The kernel shows a directory of an export that is mounted
 * by itself as part of the source, with the root "/". */
static char *
virLockResourceMountNameNFS(const virLockResourceMount *mount,
                            const char *sysfs G_GNUC_UNUSED,
                            const char *inside)
{
    const char *export = strstr(mount->source, ":/");
    g_autofree char *server = NULL;
    g_autofree char *prefix = NULL;
    size_t len;

    if (!export)
        return NULL;
    server = g_ascii_strdown(mount->source, export - mount->source);
    len = strlen(server);
    if (len > 0 && server[len - 1] == '.')
        server[len - 1] = '\0';
    prefix = g_strconcat(server, ":", NULL);
    return virLockResourceMountJoin(prefix, export + 1, inside);
}

/* "//SERVER/SHARE[/DIR]". A directory of a share that is mounted is in the
 * source, and with some kernels also in the root. */
static char *
virLockResourceMountNameSMB(const virLockResourceMount *mount,
                            const char *sysfs G_GNUC_UNUSED,
                            const char *inside)
{
    const char *share = g_str_has_prefix(mount->source, "//") ? strchr(mount->source + 2, '/') : NULL;
    const char *dir = share ? strchr(share + 1, '/') : NULL;
    g_autofree char *lower = NULL;

    if (!share || share == mount->source + 2)
        return NULL;
    if (!dir || virLockResourceMountCovers(dir, mount->root)) {
        lower = g_ascii_strdown(mount->source, dir ? dir - mount->source : -1);
        return virLockResourceMountJoin("", lower, inside);
    }
    lower = g_ascii_strdown(mount->source, dir - mount->source);
    return virLockResourceMountJoin(lower, dir, inside);
}

/* What @source names on whatever servers it lists: "a,b:/x", "u@id.fs=/x" and
 * "a:x" are all "/x". */
static char *
virLockResourceMountVolume(const char *source)
{
    const char *slash = strchr(source, '/');
    const char *colon = strrchr(source, ':');

    if (slash)
        return g_strdup(slash);
    return g_strconcat("/", colon ? colon + 1 : source, NULL);
}

/* Served by a cluster: hosts mount it by way of different servers, or of
 * themselves. Its type stands for the servers. */
static char *
virLockResourceMountNameCluster(const virLockResourceMount *mount,
                                const char *sysfs G_GNUC_UNUSED,
                                const char *inside)
{
    g_autofree char *volume = virLockResourceMountVolume(mount->source);
    const char *type = g_str_has_prefix(mount->type, "fuse.") ? mount->type + 5 : mount->type;
    g_autofree char *prefix = g_strconcat(type, ":", NULL);

    return virLockResourceMountJoin(prefix, volume, inside);
}

/* On a disk that several hosts have. */
static char *
virLockResourceMountNameShared(const virLockResourceMount *mount,
                               const char *sysfs,
                               const char *inside)
{
    g_autofree char *disk = virLockResourceBlockName(sysfs, mount->maj, mount->min);

    return disk ? g_strconcat(disk, ":", inside, NULL) : NULL;
}

static const struct {
    const char *type;
    virLockResourceMountNameFunc name;
} virLockResourceMountTypes[] = {
    { "nfs", virLockResourceMountNameNFS },
    { "nfs4", virLockResourceMountNameNFS },
    { "cifs", virLockResourceMountNameSMB },
    { "smb3", virLockResourceMountNameSMB },
    { "ceph", virLockResourceMountNameCluster },
    { "glusterfs", virLockResourceMountNameCluster },
    { "fuse.glusterfs", virLockResourceMountNameCluster },
    { "lustre", virLockResourceMountNameCluster },
    { "gpfs", virLockResourceMountNameCluster },
    { "beegfs", virLockResourceMountNameCluster },
    { "gfs2", virLockResourceMountNameShared },
    { "ocfs2", virLockResourceMountNameShared },
};

char *
virLockResourceMountName(const char *mountinfo,
                         const char *sysfs,
                         const char *real)
{
    g_autoptr(virLockResourceMount) mount = virLockResourceMountFind(mountinfo, real);
    g_autofree char *inside = NULL;
    size_t i;

    if (!mount)
        return NULL;
    inside = virLockResourceMountInside(mount, real);
    for (i = 0; i < G_N_ELEMENTS(virLockResourceMountTypes); i++) {
        if (g_str_equal(mount->type, virLockResourceMountTypes[i].type))
            return virLockResourceMountTypes[i].name(mount, sysfs, inside);
    }
    return NULL;
}
