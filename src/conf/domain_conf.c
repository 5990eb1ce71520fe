/*
 * domain_conf.c: what locks need to know of a guest, from libvirt's domain XML
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "domain_conf.h"
#include "storage_source_confpriv.h"
#include "virerror.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_DOMAIN

static const char *const virDomainLockFailureTypes[] = {
    "default", "poweroff", "restart", "pause", "ignore",
};
G_STATIC_ASSERT(G_N_ELEMENTS(virDomainLockFailureTypes) == VIR_DOMAIN_LOCK_FAILURE_LAST);

static const char *const virDomainDiskDeviceTypes[] = {
    "disk", "cdrom", "floppy", "lun",
};
G_STATIC_ASSERT(G_N_ELEMENTS(virDomainDiskDeviceTypes) == VIR_DOMAIN_DISK_DEVICE_LAST);

const char *
virDomainLockFailureTypeToString(virDomainLockFailureAction action)
{
    g_assert(action < VIR_DOMAIN_LOCK_FAILURE_LAST);
    return virDomainLockFailureTypes[action];
}

const char *
virDomainDiskDeviceTypeToString(virDomainDiskDevice device)
{
    g_assert(device < VIR_DOMAIN_DISK_DEVICE_LAST);
    return virDomainDiskDeviceTypes[device];
}

void
virDomainDiskDefFree(virDomainDiskDef *disk)
{
    if (!disk)
        return;
    g_free(disk->dst);
    virStorageSourceFree(disk->src);
    virStorageSourceFree(disk->mirror);
    g_free(disk);
}

void
virDomainLeaseDefFree(virDomainLeaseDef *lease)
{
    if (!lease)
        return;
    g_free(lease->lockspace);
    g_free(lease->key);
    g_free(lease->path);
    g_free(lease);
}

void
virDomainDefFree(virDomainDef *def)
{
    if (!def)
        return;
    for (size_t i = 0; i < def->ndisks; i++)
        virDomainDiskDefFree(def->disks[i]);
    for (size_t i = 0; i < def->nleases; i++)
        virDomainLeaseDefFree(def->leases[i]);
    g_free(def->disks);
    g_free(def->leases);
    g_free(def->name);
    g_free(def);
}

/* Whether @text has no control character: it will stand in messages, and be
 * part of the names of locks. */
static gboolean
virDomainTextIsPlain(const char *text)
{
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        if (g_unichar_iscntrl(g_utf8_get_char(p)))
            return FALSE;
    }
    return TRUE;
}

/* Like virXMLGetChildText(), of a text without control characters. */
static int
virDomainGetPlainText(const xmlNode *node, const char *name, char **value)
{
    if (virXMLGetChildText(node, name, value) < 0)
        return -1;
    if (*value && !virDomainTextIsPlain(*value)) {
        virReportError(VIR_ERR_XML_ERROR, _("the '%1$s' of the XML has control characters"), name);
        return -1;
    }
    return 0;
}

static int
virDomainReportMissing(const char *element, const char *what)
{
    virReportError(VIR_ERR_XML_ERROR, _("<%1$s> of the XML lacks '%2$s'"), element, what);
    return -1;
}

/* ---- disks ---- */

static int
virDomainDiskDefParseTarget(virDomainDiskDef *disk, const xmlNode *node)
{
    xmlNode *target;

    if (virXMLGetChild(node, "target", &target) < 0 ||
        (target && virXMLGetProp(target, "dev", &disk->dst) < 0))
        return -1;
    if (!disk->dst)
        return virDomainReportMissing("disk", "target dev");
    if (!virDomainTextIsPlain(disk->dst)) {
        virReportError(VIR_ERR_XML_ERROR, _("the '%1$s' of the XML has control characters"), "target dev");
        return -1;
    }
    return 0;
}

static int
virDomainDiskDefParseDevice(virDomainDiskDef *disk, const xmlNode *node)
{
    g_autofree char *text = NULL;
    int device;

    if (virXMLGetProp(node, "device", &text) < 0)
        return -1;
    if (!text)
        return 0;
    device = virXMLFindWord(virDomainDiskDeviceTypes, G_N_ELEMENTS(virDomainDiskDeviceTypes), text);
    if (device < 0) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("disk '%1$s' is the device '%2$s', which is not known here"),
                       disk->dst, text);
        return -1;
    }
    disk->device = device;
    return 0;
}

static gboolean
virDomainDiskDefIsRemovable(const virDomainDiskDef *disk)
{
    return disk->device == VIR_DOMAIN_DISK_DEVICE_CDROM || disk->device == VIR_DOMAIN_DISK_DEVICE_FLOPPY;
}

static int
virDomainDiskDefParseSource(virDomainDiskDef *disk, const xmlNode *node)
{
    if (!(disk->src = virStorageSourceParse(node, disk->dst)))
        return -1;
    if (virStorageSourceIsEmpty(disk->src) && !virDomainDiskDefIsRemovable(disk)) {
        virReportError(VIR_ERR_XML_ERROR, _("disk '%1$s' has no source"), disk->dst);
        return -1;
    }
    /* Nobody writes to a CD, whether or not the XML says so. */
    disk->src->readonly = disk->device == VIR_DOMAIN_DISK_DEVICE_CDROM || virXMLHasChild(node, "readonly");
    disk->src->shared = virXMLHasChild(node, "shareable");
    return 0;
}

static int
virDomainDiskDefParseMirror(virDomainDiskDef *disk, const xmlNode *node)
{
    xmlNode *mirror;

    if (virXMLGetChild(node, "mirror", &mirror) < 0)
        return -1;
    if (!mirror)
        return 0;
    if (!(disk->mirror = virStorageSourceParse(mirror, disk->dst)))
        return -1;
    if (virStorageSourceIsEmpty(disk->mirror)) {
        virReportError(VIR_ERR_XML_ERROR, _("the mirror of disk '%1$s' has no source"), disk->dst);
        return -1;
    }
    return 0;
}

static virDomainDiskDef *
virDomainDiskDefParse(const xmlNode *node)
{
    g_autoptr(virDomainDiskDef) disk = g_new0(virDomainDiskDef, 1);

    if (virDomainDiskDefParseTarget(disk, node) < 0 ||
        virDomainDiskDefParseDevice(disk, node) < 0 ||
        virDomainDiskDefParseSource(disk, node) < 0 ||
        virDomainDiskDefParseMirror(disk, node) < 0)
        return NULL;
    return g_steal_pointer(&disk);
}

virDomainDiskDef *
virDomainDiskDefParseString(const char *xml)
{
    g_autoptr(xmlDoc) doc = virXMLParse(xml, "disk");

    return doc ? virDomainDiskDefParse(xmlDocGetRootElement(doc)) : NULL;
}

/* ---- leases ---- */

static int
virDomainLeaseDefParseTarget(virDomainLeaseDef *lease, const xmlNode *node)
{
    g_autofree char *offset = NULL;
    xmlNode *target;

    if (virXMLGetChild(node, "target", &target) < 0 ||
        (target && virXMLGetProp(target, "path", &lease->path) < 0) ||
        (target && virXMLGetProp(target, "offset", &offset) < 0))
        return -1;
    if (!lease->path)
        return virDomainReportMissing("lease", "target path");
    if (!offset || g_ascii_string_to_unsigned(offset, 10, 0, G_MAXUINT64, &lease->offset, NULL))
        return 0;
    virReportError(VIR_ERR_XML_ERROR, _("lease '%1$s' has the offset '%2$s', which is no number"),
                   lease->key, offset);
    return -1;
}

static virDomainLeaseDef *
virDomainLeaseDefParse(const xmlNode *node)
{
    g_autoptr(virDomainLeaseDef) lease = g_new0(virDomainLeaseDef, 1);

    if (virDomainGetPlainText(node, "lockspace", &lease->lockspace) < 0 ||
        virDomainGetPlainText(node, "key", &lease->key) < 0)
        return NULL;
    if (!lease->key) {
        virDomainReportMissing("lease", "key");
        return NULL;
    }
    if (virDomainLeaseDefParseTarget(lease, node) < 0)
        return NULL;
    return g_steal_pointer(&lease);
}

virDomainLeaseDef *
virDomainLeaseDefParseString(const char *xml)
{
    g_autoptr(xmlDoc) doc = virXMLParse(xml, "lease");

    return doc ? virDomainLeaseDefParse(xmlDocGetRootElement(doc)) : NULL;
}

/* ---- the guest ---- */

static int
virDomainDefParseId(virDomainDef *def, const xmlNode *root)
{
    g_autofree char *text = NULL;
    guint64 id;

    def->id = -1;
    if (virXMLGetProp(root, "id", &text) < 0)
        return -1;
    /* What is written for a guest that does not run, if it is written. */
    if (!text || g_str_equal(text, "-1"))
        return 0;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &id, NULL)) {
        virReportError(VIR_ERR_XML_ERROR, _("the guest's id '%1$s' is no number"), text);
        return -1;
    }
    def->id = (int) id;
    return 0;
}

static int
virDomainDefParseName(virDomainDef *def, const xmlNode *root)
{
    if (virDomainGetPlainText(root, "name", &def->name) < 0)
        return -1;
    if (!def->name)
        return virDomainReportMissing("domain", "name");
    if (strlen(def->name) > VIR_DOMAIN_NAME_MAX) {
        virReportError(VIR_ERR_XML_ERROR, _("the guest's name is longer than %1$d bytes"), VIR_DOMAIN_NAME_MAX);
        return -1;
    }
    return 0;
}

static int
virDomainDefParseUUID(virDomainDef *def, const xmlNode *root)
{
    g_autofree char *text = NULL;

    if (virXMLGetChildText(root, "uuid", &text) < 0)
        return -1;
    if (!text)
        return virDomainReportMissing("domain", "uuid");
    return virUUIDParse(text, def->uuid);
}

static int
virDomainDefParseLockFailure(virDomainDef *def, const xmlNode *root)
{
    g_autofree char *text = NULL;
    int action;

    if (virXMLGetChildText(root, "on_lockfailure", &text) < 0)
        return -1;
    if (!text)
        return 0;
    action = virXMLFindWord(virDomainLockFailureTypes, G_N_ELEMENTS(virDomainLockFailureTypes), text);
    if (action <= VIR_DOMAIN_LOCK_FAILURE_DEFAULT) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("guest '%1$s' has the on_lockfailure action '%2$s', which is not known here"),
                       def->name, text);
        return -1;
    }
    def->onLockFailure = action;
    return 0;
}

static int
virDomainReportTooMany(const virDomainDef *def, const char *element, int max)
{
    virReportError(VIR_ERR_XML_ERROR, _("guest '%1$s' has more than %2$d <%3$s> elements"),
                   def->name, max, element);
    return -1;
}

static int
virDomainDefAddDisk(virDomainDef *def, const xmlNode *node, GHashTable *targets)
{
    g_autoptr(virDomainDiskDef) disk = NULL;

    if (def->ndisks >= VIR_DOMAIN_DISKS_MAX)
        return virDomainReportTooMany(def, "disk", VIR_DOMAIN_DISKS_MAX);
    if (!(disk = virDomainDiskDefParse(node)))
        return -1;
    if (!g_hash_table_add(targets, disk->dst)) {
        virReportError(VIR_ERR_XML_ERROR, _("guest '%1$s' has two disks '%2$s'"), def->name, disk->dst);
        return -1;
    }
    def->disks = g_renew(virDomainDiskDef *, def->disks, def->ndisks + 1);
    def->disks[def->ndisks++] = g_steal_pointer(&disk);
    return 0;
}

static int
virDomainDefAddLease(virDomainDef *def, const xmlNode *node)
{
    virDomainLeaseDef *lease;

    if (def->nleases >= VIR_DOMAIN_LEASES_MAX)
        return virDomainReportTooMany(def, "lease", VIR_DOMAIN_LEASES_MAX);
    if (!(lease = virDomainLeaseDefParse(node)))
        return -1;
    def->leases = g_renew(virDomainLeaseDef *, def->leases, def->nleases + 1);
    def->leases[def->nleases++] = lease;
    return 0;
}

static int
virDomainDefParseDevices(virDomainDef *def, const xmlNode *root)
{
    g_autoptr(GHashTable) targets = g_hash_table_new(g_str_hash, g_str_equal);
    xmlNode *devices;

    if (virXMLGetChild(root, "devices", &devices) < 0)
        return -1;
    for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
        if (virXMLIsElement(node, "disk") && virDomainDefAddDisk(def, node, targets) < 0)
            return -1;
        if (virXMLIsElement(node, "lease") && virDomainDefAddLease(def, node) < 0)
            return -1;
    }
    return 0;
}

virDomainDef *
virDomainDefParseString(const char *xml)
{
    g_autoptr(virDomainDef) def = g_new0(virDomainDef, 1);
    g_autoptr(xmlDoc) doc = virXMLParse(xml, "domain");
    const xmlNode *root = NULL;

    if (!doc)
        return NULL;
    root = xmlDocGetRootElement(doc);
    if (virDomainDefParseId(def, root) < 0 ||
        virDomainDefParseName(def, root) < 0 ||
        virDomainDefParseUUID(def, root) < 0 ||
        virDomainDefParseLockFailure(def, root) < 0 ||
        virDomainDefParseDevices(def, root) < 0)
        return NULL;
    return g_steal_pointer(&def);
}
