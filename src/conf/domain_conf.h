/*
 * domain_conf.h: what locks need to know of a guest, from libvirt's domain XML
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>    /* VIR_UUID_BUFLEN */

#include "storage_source_conf.h"

#define VIR_DOMAIN_DISKS_MAX 1024
#define VIR_DOMAIN_LEASES_MAX 1024
#define VIR_DOMAIN_NAME_MAX 1024    /* bytes of a guest's name */

/* <on_lockfailure>: what to do with the guest when its lock is lost. The
 * numbers are those of the lock drivers' ABI. */
typedef enum {
    VIR_DOMAIN_LOCK_FAILURE_DEFAULT,
    VIR_DOMAIN_LOCK_FAILURE_POWEROFF,
    VIR_DOMAIN_LOCK_FAILURE_RESTART,
    VIR_DOMAIN_LOCK_FAILURE_PAUSE,
    VIR_DOMAIN_LOCK_FAILURE_IGNORE,

    VIR_DOMAIN_LOCK_FAILURE_LAST
} virDomainLockFailureAction;

/* The attribute "device" of <disk>. */
typedef enum {
    VIR_DOMAIN_DISK_DEVICE_DISK,
    VIR_DOMAIN_DISK_DEVICE_CDROM,
    VIR_DOMAIN_DISK_DEVICE_FLOPPY,
    VIR_DOMAIN_DISK_DEVICE_LUN,

    VIR_DOMAIN_DISK_DEVICE_LAST
} virDomainDiskDevice;

typedef struct _virDomainDiskDef virDomainDiskDef;
struct _virDomainDiskDef {
    virDomainDiskDevice device;
    char *dst;                  /* as the guest is told to call it: "vda" */
    virStorageSource *src;      /* empty only in a drive for removable media; its backing files are left out */
    virStorageSource *mirror;   /* what a block job copies to; NULL: none */
};

/* A <lease> element. */
typedef struct _virDomainLeaseDef virDomainLeaseDef;
struct _virDomainLeaseDef {
    char *lockspace;            /* may be NULL */
    char *key;
    char *path;
    guint64 offset;             /* in @path, bytes */
};

typedef struct _virDomainDef virDomainDef;
struct _virDomainDef {
    int id;                     /* -1: not running */
    unsigned char uuid[VIR_UUID_BUFLEN];
    char *name;
    virDomainLockFailureAction onLockFailure;

    /* In the XML's order; no two disks of one @dst. */
    size_t ndisks;
    virDomainDiskDef **disks;
    size_t nleases;
    virDomainLeaseDef **leases;
};

/**
 * virDomainDefParseString:
 * @xml: a <domain> element, as "virsh dumpxml" prints it; trusted in nothing
 *
 * Elements that have nothing to do with locks are ignored.
 *
 * Returns the guest, or NULL with an error reported: VIR_ERR_XML_ERROR,
 * VIR_ERR_INVALID_ARG if the uuid is none, VIR_ERR_CONFIG_UNSUPPORTED if a
 * word is not known that a newer libvirt may know.
 */
virDomainDef *virDomainDefParseString(const char *xml) G_GNUC_WARN_UNUSED_RESULT;

void virDomainDefFree(virDomainDef *def);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomainDef, virDomainDefFree);

void virDomainDiskDefFree(virDomainDiskDef *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomainDiskDef, virDomainDiskDefFree);

void virDomainLeaseDefFree(virDomainLeaseDef *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomainLeaseDef, virDomainLeaseDefFree);

/**
 * virDomainDiskDefParseString:
 * @xml: a <disk> element, as "virsh attach-device" takes it
 *
 * Returns the disk, or NULL with an error reported as above.
 */
virDomainDiskDef *virDomainDiskDefParseString(const char *xml) G_GNUC_WARN_UNUSED_RESULT;

/* Likewise with a <lease> element. */
virDomainLeaseDef *virDomainLeaseDefParseString(const char *xml) G_GNUC_WARN_UNUSED_RESULT;

/* As in the XML: "poweroff"; "default" if there was none. */
const char *virDomainLockFailureTypeToString(virDomainLockFailureAction action);

/* As in the XML: "cdrom". */
const char *virDomainDiskDeviceTypeToString(virDomainDiskDevice device);
