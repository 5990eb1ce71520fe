/*
 * storage_source_conf.c: where the contents of a disk are
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "storage_source_conf.h"
#include "storage_source_confpriv.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_XML

static const char *const virStorageTypes[] = {
    "none", "file", "block", "dir", "network", "volume", "nvme", "vhostuser", "vhostvdpa",
};
G_STATIC_ASSERT(G_N_ELEMENTS(virStorageTypes) == VIR_STORAGE_TYPE_LAST);

/* The attribute of <source> that becomes the path. */
static const char *const virStoragePathNames[] = {
    [VIR_STORAGE_TYPE_FILE] = "file",
    [VIR_STORAGE_TYPE_BLOCK] = "dev",
    [VIR_STORAGE_TYPE_DIR] = "dir",
    [VIR_STORAGE_TYPE_NETWORK] = "name",
    [VIR_STORAGE_TYPE_VHOST_USER] = "path",
    [VIR_STORAGE_TYPE_VHOST_VDPA] = "dev",
    [VIR_STORAGE_TYPE_LAST] = NULL,
};

void
virStorageSourceFree(virStorageSource *src)
{
    if (!src)
        return;
    g_free(src->path);
    g_free(src->protocol);
    g_ptr_array_unref(src->hosts);
    g_free(src->pool);
    g_free(src->volume);
    g_free(src->nvme);
    g_free(src);
}

const char *
virStorageTypeToString(virStorageType type)
{
    g_assert(type < VIR_STORAGE_TYPE_LAST);
    return virStorageTypes[type];
}

gboolean
virStorageSourceIsLocalStorage(const virStorageSource *src)
{
    return src->type == VIR_STORAGE_TYPE_FILE ||
        src->type == VIR_STORAGE_TYPE_BLOCK ||
        src->type == VIR_STORAGE_TYPE_DIR;
}

gboolean
virStorageSourceIsEmpty(const virStorageSource *src)
{
    return !src->path && !src->protocol && !src->volume && !src->nvme;
}

static int
virStorageSourceReportMissing(const char *disk, const char *attribute)
{
    virReportError(VIR_ERR_XML_ERROR, _("the source of disk '%1$s' lacks '%2$s'"), disk, attribute);
    return -1;
}

/* Like virXMLGetProp(), of an attribute that must be there. */
static int
virStorageSourceNeedProp(const xmlNode *node, const char *disk, const char *attribute, char **value)
{
    if (virXMLGetProp(node, attribute, value) < 0)
        return -1;
    return *value ? 0 : virStorageSourceReportMissing(disk, attribute);
}

static int
virStorageSourceParsePath(virStorageSource *src, const xmlNode *node, const char *disk)
{
    if (virXMLGetProp(node, virStoragePathNames[src->type], &src->path) < 0)
        return -1;
    if (src->path && src->type != VIR_STORAGE_TYPE_NETWORK && *src->path != '/') {
        virReportError(VIR_ERR_XML_ERROR, _("the source '%1$s' of disk '%2$s' must be an absolute path"),
                       src->path, disk);
        return -1;
    }
    return 0;
}

static int
virStorageSourceParseHost(virStorageSource *src, const xmlNode *node, const char *disk)
{
    g_autofree char *name = NULL;
    g_autofree char *port = NULL;
    g_autofree char *path = NULL;

    if (virXMLGetProp(node, "name", &name) < 0 ||
        virXMLGetProp(node, "port", &port) < 0 ||
        virXMLGetProp(node, "socket", &path) < 0)
        return -1;
    if (!name && !path)
        return virStorageSourceReportMissing(disk, "host");
    if (src->hosts->len >= VIR_STORAGE_HOSTS_MAX) {
        virReportError(VIR_ERR_XML_ERROR, _("the source of disk '%1$s' has more than %2$d hosts"),
                       disk, VIR_STORAGE_HOSTS_MAX);
        return -1;
    }
    if (!name)
        g_ptr_array_add(src->hosts, g_steal_pointer(&path));
    else if (!port)
        g_ptr_array_add(src->hosts, g_steal_pointer(&name));
    else
        g_ptr_array_add(src->hosts, g_strdup_printf("%s:%s", name, port));
    return 0;
}

static int
virStorageSourceParseNetwork(virStorageSource *src, const xmlNode *node, const char *disk)
{
    if (virStorageSourceNeedProp(node, disk, "protocol", &src->protocol) < 0 ||
        virStorageSourceParsePath(src, node, disk) < 0)
        return -1;
    for (const xmlNode *child = node->children; child; child = child->next) {
        if (virXMLIsElement(child, "host") && virStorageSourceParseHost(src, child, disk) < 0)
            return -1;
    }
    return 0;
}

static int
virStorageSourceParseVolume(virStorageSource *src, const xmlNode *node, const char *disk)
{
    if (virStorageSourceNeedProp(node, disk, "pool", &src->pool) < 0)
        return -1;
    return virStorageSourceNeedProp(node, disk, "volume", &src->volume);
}

/* A number of a PCI address, 0x and hex digits or decimal. */
static int
virStorageSourceParseNumber(const xmlNode *node,
                            const char *disk,
                            const char *attribute,
                            guint64 max,
                            guint64 *number)
{
    g_autofree char *text = NULL;
    gboolean hex;

    if (virStorageSourceNeedProp(node, disk, attribute, &text) < 0)
        return -1;
    hex = g_str_has_prefix(text, "0x");
    if (g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 0, max, number, NULL))
        return 0;
    virReportError(VIR_ERR_XML_ERROR, _("the source of disk '%1$s' has '%2$s' for '%3$s', which is no such number"),
                   disk, text, attribute);
    return -1;
}

static int
virStorageSourceParseNVMe(virStorageSource *src, const xmlNode *node, const char *disk)
{
    guint64 domain, bus, slot, function, namespace;
    xmlNode *address;

    if (virXMLGetChild(node, "address", &address) < 0)
        return -1;
    if (!address)
        return virStorageSourceReportMissing(disk, "address");
    if (virStorageSourceParseNumber(address, disk, "domain", 0xffffffff, &domain) < 0 ||
        virStorageSourceParseNumber(address, disk, "bus", 0xff, &bus) < 0 ||
        virStorageSourceParseNumber(address, disk, "slot", 0x1f, &slot) < 0 ||
        virStorageSourceParseNumber(address, disk, "function", 7, &function) < 0 ||
        virStorageSourceParseNumber(node, disk, "namespace", G_MAXUINT32, &namespace) < 0)
        return -1;
    src->nvme = g_strdup_printf("%04x:%02x:%02x.%x/%u", (unsigned) domain, (unsigned) bus,
                                (unsigned) slot, (unsigned) function, (unsigned) namespace);
    return 0;
}

static int
virStorageSourceParseSource(virStorageSource *src, const xmlNode *node, const char *disk)
{
    switch (src->type) {
    case VIR_STORAGE_TYPE_FILE:
    case VIR_STORAGE_TYPE_BLOCK:
    case VIR_STORAGE_TYPE_DIR:
        return virStorageSourceParsePath(src, node, disk);
    case VIR_STORAGE_TYPE_VHOST_USER:
    case VIR_STORAGE_TYPE_VHOST_VDPA:
        if (virStorageSourceParsePath(src, node, disk) < 0)
            return -1;
        return src->path ? 0 : virStorageSourceReportMissing(disk, virStoragePathNames[src->type]);
    case VIR_STORAGE_TYPE_NETWORK:
        return virStorageSourceParseNetwork(src, node, disk);
    case VIR_STORAGE_TYPE_VOLUME:
        return virStorageSourceParseVolume(src, node, disk);
    case VIR_STORAGE_TYPE_NVME:
        return virStorageSourceParseNVMe(src, node, disk);
    case VIR_STORAGE_TYPE_NONE:
    case VIR_STORAGE_TYPE_LAST:
        break;
    }
    return 0;
}

/* Without the attribute it is a file. */
static int
virStorageSourceParseType(virStorageSource *src, const xmlNode *node, const char *disk)
{
    g_autofree char *text = NULL;
    int type;

    src->type = VIR_STORAGE_TYPE_FILE;
    if (virXMLGetProp(node, "type", &text) < 0)
        return -1;
    if (!text)
        return 0;
    type = virXMLFindWord(virStorageTypes, G_N_ELEMENTS(virStorageTypes), text);
    if (type <= VIR_STORAGE_TYPE_NONE) {
        virReportError(VIR_ERR_CONFIG_UNSUPPORTED, _("disk '%1$s' is of the type '%2$s', which is not known here"),
                       disk, text);
        return -1;
    }
    src->type = type;
    return 0;
}

virStorageSource *
virStorageSourceParse(const xmlNode *node, const char *name)
{
    g_autoptr(virStorageSource) src = g_new0(virStorageSource, 1);
    xmlNode *source;

    src->hosts = g_ptr_array_new_with_free_func(g_free);
    if (virStorageSourceParseType(src, node, name) < 0 ||
        virXMLGetChild(node, "source", &source) < 0)
        return NULL;
    if (source && virStorageSourceParseSource(src, source, name) < 0)
        return NULL;
    return g_steal_pointer(&src);
}
