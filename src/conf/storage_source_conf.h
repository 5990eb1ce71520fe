/*
 * storage_source_conf.h: where the contents of a disk are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* The attribute "type" of <disk>. */
typedef enum {
    VIR_STORAGE_TYPE_NONE,
    VIR_STORAGE_TYPE_FILE,
    VIR_STORAGE_TYPE_BLOCK,
    VIR_STORAGE_TYPE_DIR,
    VIR_STORAGE_TYPE_NETWORK,
    VIR_STORAGE_TYPE_VOLUME,
    VIR_STORAGE_TYPE_NVME,
    VIR_STORAGE_TYPE_VHOST_USER,
    VIR_STORAGE_TYPE_VHOST_VDPA,

    VIR_STORAGE_TYPE_LAST
} virStorageType;

#define VIR_STORAGE_HOSTS_MAX 64    /* of one network source */

typedef struct _virStorageSource virStorageSource;
struct _virStorageSource {
    virStorageType type;
    /* file, block, dir: absolute. network: the name on the server, as "pool/image".
     * vhostuser: of the socket. vhostvdpa: of the device. NULL for volume and
     * nvme, and for a drive without a medium. */
    char *path;
    char *protocol;     /* network: "nbd", "rbd", "iscsi" ...; else NULL */
    GPtrArray *hosts;   /* network: of char *, "NAME", "NAME:PORT" or the path of a socket; else empty */
    char *pool;         /* volume; else NULL */
    char *volume;       /* volume; else NULL */
    char *nvme;         /* nvme: "DDDD:BB:SS.F/NAMESPACE"; else NULL */
    gboolean readonly;  /* the guest cannot write to it */
    gboolean shared;    /* other guests may write to it at the same time */
};

void virStorageSourceFree(virStorageSource *src);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virStorageSource, virStorageSourceFree);

/* As in the XML, "file". */
const char *virStorageTypeToString(virStorageType type);

/* Whether it has a @path that is the file's or device's own: what libvirt has
 * locked. */
gboolean virStorageSourceIsLocalStorage(const virStorageSource *src);

/* Whether it is a drive without a medium. */
gboolean virStorageSourceIsEmpty(const virStorageSource *src);
