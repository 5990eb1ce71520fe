/*
 * fuzz-domainxml.c: domain XML of libvirt's
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "domain_conf.h"
#include "fuzz.h"
#include "virerror.h"

/* What a text or a number in it, or the whole, can be wrong with. */
static void
fuzzCheckError(void)
{
    int code = virGetLastErrorCode();

    if (code != VIR_ERR_INVALID_ARG && code != VIR_ERR_CONFIG_UNSUPPORTED)
        code = VIR_ERR_XML_ERROR;
    fuzzAssertError(code);
}

static void
fuzzCheckText(const char *text)
{
    if (text) {
        g_assert_cmpuint(strlen(text), >, 0);
        g_assert_true(g_utf8_validate(text, -1, NULL));
    }
}

static void
fuzzCheckSource(const virStorageSource *src)
{
    g_assert_nonnull(virStorageTypeToString(src->type));
    g_assert_cmpint(src->type, !=, VIR_STORAGE_TYPE_NONE);
    fuzzCheckText(src->path);
    fuzzCheckText(src->protocol);
    fuzzCheckText(src->pool);
    fuzzCheckText(src->volume);
    fuzzCheckText(src->nvme);
    g_assert_cmpuint(src->hosts->len, <=, VIR_STORAGE_HOSTS_MAX);
    for (guint i = 0; i < src->hosts->len; i++)
        fuzzCheckText(g_ptr_array_index(src->hosts, i));
    if (virStorageSourceIsLocalStorage(src) && !virStorageSourceIsEmpty(src))
        g_assert_cmpint(*src->path, ==, '/');
}

static void
fuzzCheckDisk(const virDomainDiskDef *disk)
{
    g_assert_nonnull(disk->dst);
    fuzzCheckText(disk->dst);
    g_assert_nonnull(virDomainDiskDeviceTypeToString(disk->device));
    fuzzCheckSource(disk->src);
    if (disk->device == VIR_DOMAIN_DISK_DEVICE_CDROM)
        g_assert_true(disk->src->readonly);
    if (virStorageSourceIsEmpty(disk->src))
        g_assert_true(disk->device == VIR_DOMAIN_DISK_DEVICE_CDROM || disk->device == VIR_DOMAIN_DISK_DEVICE_FLOPPY);
    if (disk->mirror) {
        fuzzCheckSource(disk->mirror);
        g_assert_false(virStorageSourceIsEmpty(disk->mirror));
    }
}

static void
fuzzCheckLease(const virDomainLeaseDef *lease)
{
    g_assert_nonnull(lease->key);
    g_assert_nonnull(lease->path);
    fuzzCheckText(lease->key);
    fuzzCheckText(lease->path);
    fuzzCheckText(lease->lockspace);
}

static void
fuzzGuest(const char *text)
{
    g_autoptr(virDomainDef) def = virDomainDefParseString(text);

    if (!def) {
        fuzzCheckError();
        return;
    }
    g_assert_nonnull(def->name);
    fuzzCheckText(def->name);
    g_assert_cmpuint(strlen(def->name), <=, VIR_DOMAIN_NAME_MAX);
    g_assert_cmpint(def->id, >=, -1);
    g_assert_nonnull(virDomainLockFailureTypeToString(def->onLockFailure));
    g_assert_cmpuint(def->ndisks, <=, VIR_DOMAIN_DISKS_MAX);
    for (size_t i = 0; i < def->ndisks; i++)
        fuzzCheckDisk(def->disks[i]);
    g_assert_cmpuint(def->nleases, <=, VIR_DOMAIN_LEASES_MAX);
    for (size_t i = 0; i < def->nleases; i++)
        fuzzCheckLease(def->leases[i]);
}

static void
fuzzDisk(const char *text)
{
    g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParseString(text);

    if (disk)
        fuzzCheckDisk(disk);
    else
        fuzzCheckError();
}

static void
fuzzLease(const char *text)
{
    g_autoptr(virDomainLeaseDef) lease = virDomainLeaseDefParseString(text);

    if (lease)
        fuzzCheckLease(lease);
    else
        fuzzCheckError();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);

    /* What has no such element is none: no need to parse it thrice. */
    if (strstr(text, "<disk"))
        fuzzDisk(text);
    if (strstr(text, "<lease"))
        fuzzLease(text);
    fuzzGuest(text);
    return 0;
}
