/*
 * domainconftest.c: tests what is read of a domain XML
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "domain_conf.h"
#include "virerror.h"
#include "viruuid.h"

#define TEST_UUID "3e1cf3f2-40f5-4a6d-9f1a-0c2b7d9d5b11"
#define TEST_IDENTITY "<name>web01</name><uuid>" TEST_UUID "</uuid>"

/* A whole guest with @devices. */
#define TEST_GUEST(devices) \
    "<domain type='kvm'>" TEST_IDENTITY "<devices>" devices "</devices></domain>"
#define TEST_DISK(inside) \
    "<disk type='file'><target dev='vda'/>" inside "</disk>"

static void
testWholeGuest(void)
{
    g_autoptr(virDomainDef) def = virDomainDefParseString(
        "<?xml version='1.0' encoding='utf-8'?>\n"
        "<!-- somebody's note -->\n"
        "<domain type='kvm' id='7' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
        "  <name>web01</name>\n"
        "  <uuid>" TEST_UUID "</uuid>\n"
        "  <title>front &lt;end&gt;</title>\n"
        "  <metadata><own:app xmlns:own='urn:x'><own:name>other</own:name><disk/></own:app></metadata>\n"
        "  <memory unit='KiB'>65536</memory>\n"
        "  <on_poweroff>destroy</on_poweroff>\n"
        "  <on_lockfailure>pause</on_lockfailure>\n"
        "  <devices>\n"
        "    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
        "    <disk type='file' device='disk' snapshot='external'>\n"
        "      <driver name='qemu' type='qcow2' cache='none'/>\n"
        "      <source file='/images/a &amp; b.qcow2' index='2'>\n"
        "        <seclabel model='dac' relabel='no'/>\n"
        "      </source>\n"
        "      <backingStore type='file' index='3'>\n"
        "        <format type='qcow2'/><source file='/images/base.qcow2'/><backingStore/>\n"
        "      </backingStore>\n"
        "      <target dev='vda' bus='virtio'/>\n"
        "    </disk>\n"
        "    <disk type='block' device='lun'>\n"
        "      <source dev='/dev/vg0/data'/><target dev='sda' bus='scsi'/><shareable/>\n"
        "    </disk>\n"
        "    <lease><lockspace>acme</lockspace><key>web01-1</key><target path='/leases/acme' offset='1048576'/></lease>\n"
        "    <interface type='network'><source network='default'/><target dev='vnet0'/></interface>\n"
        "  </devices>\n"
        "  <qemu:commandline><qemu:arg value='-disk'/></qemu:commandline>\n"
        "</domain>\n");
    char uuid[VIR_UUID_STRING_BUFLEN];

    g_assert_nonnull(def);
    g_assert_cmpint(def->id, ==, 7);
    g_assert_cmpstr(def->name, ==, "web01");
    g_assert_cmpstr(virUUIDFormat(def->uuid, uuid), ==, TEST_UUID);
    g_assert_cmpint(def->onLockFailure, ==, VIR_DOMAIN_LOCK_FAILURE_PAUSE);
    g_assert_cmpuint(def->ndisks, ==, 2);
    g_assert_cmpstr(def->disks[0]->dst, ==, "vda");
    g_assert_cmpint(def->disks[0]->device, ==, VIR_DOMAIN_DISK_DEVICE_DISK);
    g_assert_cmpint(def->disks[0]->src->type, ==, VIR_STORAGE_TYPE_FILE);
    g_assert_cmpstr(def->disks[0]->src->path, ==, "/images/a & b.qcow2");
    g_assert_false(def->disks[0]->src->readonly);
    g_assert_false(def->disks[0]->src->shared);
    g_assert_null(def->disks[0]->mirror);
    g_assert_cmpint(def->disks[1]->device, ==, VIR_DOMAIN_DISK_DEVICE_LUN);
    g_assert_cmpint(def->disks[1]->src->type, ==, VIR_STORAGE_TYPE_BLOCK);
    g_assert_cmpstr(def->disks[1]->src->path, ==, "/dev/vg0/data");
    g_assert_true(def->disks[1]->src->shared);
    g_assert_cmpuint(def->nleases, ==, 1);
    g_assert_cmpstr(def->leases[0]->lockspace, ==, "acme");
    g_assert_cmpstr(def->leases[0]->key, ==, "web01-1");
    g_assert_cmpstr(def->leases[0]->path, ==, "/leases/acme");
    g_assert_cmpuint(def->leases[0]->offset, ==, 1048576);
}

static void
testLeastGuest(void)
{
    g_autoptr(virDomainDef) def = virDomainDefParseString("<domain>" TEST_IDENTITY "</domain>");

    g_assert_nonnull(def);
    g_assert_cmpint(def->id, ==, -1);
    g_assert_cmpint(def->onLockFailure, ==, VIR_DOMAIN_LOCK_FAILURE_DEFAULT);
    g_assert_cmpuint(def->ndisks, ==, 0);
    g_assert_cmpuint(def->nleases, ==, 0);
}

/* One disk of each type of source, as it stands inside <disk ...>. */
static const struct {
    const char *head;
    const char *source;
    virStorageType type;
    const char *path;
    const char *protocol;
    const char *hosts;
    const char *pool;
    const char *volume;
    const char *nvme;
    gboolean local;
} testSources[] = {
    { "", "<source file='/a.img'/>", VIR_STORAGE_TYPE_FILE, "/a.img", NULL, "", NULL, NULL, NULL, TRUE },
    { "type='file'", "<source file='/\xc3\xa4 \t.img'/>", VIR_STORAGE_TYPE_FILE, "/\xc3\xa4  .img",
      NULL, "", NULL, NULL, NULL, TRUE },
    { "type='file'", "<source><![CDATA[x]]></source>", VIR_STORAGE_TYPE_FILE, NULL,
      NULL, "", NULL, NULL, NULL, TRUE },
    { "type='block'", "<source dev='/dev/sdb' file='/x'/>", VIR_STORAGE_TYPE_BLOCK, "/dev/sdb",
      NULL, "", NULL, NULL, NULL, TRUE },
    { "type='dir'", "<source dir='/share'/>", VIR_STORAGE_TYPE_DIR, "/share",
      NULL, "", NULL, NULL, NULL, TRUE },
    { "type='network'", "<source protocol='rbd' name='pool/image'><host name='mon1' port='6789'/>"
      "<host name='mon2'/><snapshot name='s'/></source>", VIR_STORAGE_TYPE_NETWORK, "pool/image",
      "rbd", "mon1:6789 mon2", NULL, NULL, NULL, FALSE },
    { "type='network'", "<source protocol='nbd'><host transport='unix' socket='/run/nbd.sock'/></source>",
      VIR_STORAGE_TYPE_NETWORK, NULL, "nbd", "/run/nbd.sock", NULL, NULL, NULL, FALSE },
    { "type='volume'", "<source pool='p' volume='v' mode='host'/>", VIR_STORAGE_TYPE_VOLUME, NULL,
      NULL, "", "p", "v", NULL, FALSE },
    { "type='nvme'", "<source type='pci' managed='yes' namespace='1'>"
      "<address domain='0x0000' bus='0x01' slot='0x1f' function='0x7'/></source>", VIR_STORAGE_TYPE_NVME, NULL,
      NULL, "", NULL, NULL, "0000:01:1f.7/1", FALSE },
    { "type='vhostuser'", "<source type='unix' path='/run/vhost.sock'><reconnect enabled='yes'/></source>",
      VIR_STORAGE_TYPE_VHOST_USER, "/run/vhost.sock", NULL, "", NULL, NULL, NULL, FALSE },
    { "type='vhostvdpa'", "<source dev='/dev/vhost-vdpa-0'/>", VIR_STORAGE_TYPE_VHOST_VDPA, "/dev/vhost-vdpa-0",
      NULL, "", NULL, NULL, NULL, FALSE },
};

static void
testEverySource(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(testSources); i++) {
        gboolean empty = !testSources[i].path && testSources[i].local;
        g_autofree char *xml = g_strdup_printf("<disk %s device='%s'>%s<target dev='sda'/></disk>",
                                               testSources[i].head, empty ? "floppy" : "disk", testSources[i].source);
        g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParseString(xml);
        g_autofree char *hosts = NULL;

        g_test_message("%s", xml);
        g_assert_nonnull(disk);
        g_assert_cmpint(disk->src->type, ==, testSources[i].type);
        g_assert_cmpstr(disk->src->path, ==, testSources[i].path);
        g_assert_cmpstr(disk->src->protocol, ==, testSources[i].protocol);
        g_assert_cmpstr(disk->src->pool, ==, testSources[i].pool);
        g_assert_cmpstr(disk->src->volume, ==, testSources[i].volume);
        g_assert_cmpstr(disk->src->nvme, ==, testSources[i].nvme);
        g_assert_true(virStorageSourceIsEmpty(disk->src) == empty);
        g_assert_true(virStorageSourceIsLocalStorage(disk->src) == testSources[i].local);
        g_ptr_array_add(disk->src->hosts, NULL);
        hosts = g_strjoinv(" ", (char **) disk->src->hosts->pdata);
        g_assert_cmpstr(hosts, ==, testSources[i].hosts);
    }
}

/* A type that the table above lacks would go unnoticed otherwise. */
static void
testNoSourceForgotten(void)
{
    unsigned int seen = 1u << VIR_STORAGE_TYPE_NONE;

    for (gsize i = 0; i < G_N_ELEMENTS(testSources); i++)
        seen |= 1u << testSources[i].type;
    g_assert_cmphex(seen, ==, (1u << VIR_STORAGE_TYPE_LAST) - 1);
    g_assert_cmpstr(virStorageTypeToString(VIR_STORAGE_TYPE_NONE), ==, "none");
    g_assert_cmpstr(virStorageTypeToString(VIR_STORAGE_TYPE_VHOST_VDPA), ==, "vhostvdpa");
}

static void
testReadonlyAndShareable(void)
{
    static const struct {
        const char *head;
        const char *inside;
        gboolean readonly;
        gboolean shared;
    } cases[] = {
        { "", "", FALSE, FALSE },
        { "", "<readonly/>", TRUE, FALSE },
        { "", "<shareable/>", FALSE, TRUE },
        { "", "<readonly/><shareable/><readonly/>", TRUE, TRUE },
        { "device='cdrom'", "", TRUE, FALSE },
        { "device='floppy'", "", FALSE, FALSE },
        { "device='lun'", "<x:readonly xmlns:x='urn:x'/>", FALSE, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf("<disk %s><source file='/a'/>%s<target dev='hda'/></disk>",
                                               cases[i].head, cases[i].inside);
        g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParseString(xml);

        g_test_message("%s", xml);
        g_assert_nonnull(disk);
        g_assert_true(disk->src->readonly == cases[i].readonly);
        g_assert_true(disk->src->shared == cases[i].shared);
    }
}

static void
testDevices(void)
{
    for (unsigned int i = 0; i < VIR_DOMAIN_DISK_DEVICE_LAST; i++) {
        g_autofree char *xml = g_strdup_printf("<disk device='%s'><source file='/a'/><target dev='x'/></disk>",
                                               virDomainDiskDeviceTypeToString(i));
        g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParseString(xml);

        g_assert_nonnull(disk);
        g_assert_cmpuint(disk->device, ==, i);
    }
}

static void
testLockFailure(void)
{
    for (unsigned int i = VIR_DOMAIN_LOCK_FAILURE_POWEROFF; i < VIR_DOMAIN_LOCK_FAILURE_LAST; i++) {
        g_autofree char *xml = g_strdup_printf("<domain>" TEST_IDENTITY "<on_lockfailure>%s</on_lockfailure></domain>",
                                               virDomainLockFailureTypeToString(i));
        g_autoptr(virDomainDef) def = virDomainDefParseString(xml);

        g_assert_nonnull(def);
        g_assert_cmpuint(def->onLockFailure, ==, i);
    }
}

static void
testMirror(void)
{
    g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParseString(
        TEST_DISK("<source file='/a'/><mirror type='block' job='copy' ready='yes'><format type='raw'/>"
                  "<source dev='/dev/sdc'/></mirror>"));

    g_assert_nonnull(disk);
    g_assert_cmpint(disk->mirror->type, ==, VIR_STORAGE_TYPE_BLOCK);
    g_assert_cmpstr(disk->mirror->path, ==, "/dev/sdc");
    g_assert_cmpstr(disk->src->path, ==, "/a");
}

static void
testEmptyDrive(void)
{
    static const char *const cases[] = {
        "<disk device='cdrom'><target dev='hdc'/></disk>",
        "<disk type='file' device='cdrom'><source startupPolicy='optional'/><target dev='hdc'/></disk>",
        "<disk type='block' device='floppy'><target dev='fda'/></disk>",
        "<disk type='network' device='cdrom'><target dev='hdc'/></disk>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(virDomainDiskDef) disk = virDomainDiskDefParseString(cases[i]);

        g_assert_nonnull(disk);
        g_assert_true(virStorageSourceIsEmpty(disk->src));
    }
}

static void
testLeases(void)
{
    g_autoptr(virDomainLeaseDef) lease = virDomainLeaseDefParseString("<lease><key>k</key><target path='l'/></lease>");
    g_autoptr(virDomainLeaseDef) far =
        virDomainLeaseDefParseString("<lease><lockspace>s</lockspace><key>k</key>"
                                     "<target path='/l' offset='18446744073709551615'/></lease>");

    g_assert_nonnull(lease);
    g_assert_null(lease->lockspace);
    g_assert_cmpuint(lease->offset, ==, 0);
    g_assert_nonnull(far);
    g_assert_cmpuint(far->offset, ==, G_MAXUINT64);
}

static const struct {
    const char *xml;
    int code;
} testBad[] = {
    /* no document */
    { "", VIR_ERR_XML_ERROR },
    { "web01", VIR_ERR_XML_ERROR },
    { "<domain>", VIR_ERR_XML_ERROR },
    { "<domain></domian>", VIR_ERR_XML_ERROR },
    { "<domain>" TEST_IDENTITY "</domain><domain/>", VIR_ERR_XML_ERROR },
    { "<domain>" TEST_IDENTITY "</domain>junk", VIR_ERR_XML_ERROR },
    { "<domain>" TEST_IDENTITY "&nbsp;</domain>", VIR_ERR_XML_ERROR },
    { "<domain a='1' a='2'>" TEST_IDENTITY "</domain>", VIR_ERR_XML_ERROR },
    { "<domain>" TEST_IDENTITY "&#0;</domain>", VIR_ERR_XML_ERROR },
    { "<domain>" TEST_IDENTITY "\xff</domain>", VIR_ERR_XML_ERROR },
    /* another document */
    { "<network>" TEST_IDENTITY "</network>", VIR_ERR_XML_ERROR },
    { "<domain xmlns='urn:x'>" TEST_IDENTITY "</domain>", VIR_ERR_XML_ERROR },
    { "<x:domain xmlns:x='urn:x'>" TEST_IDENTITY "</x:domain>", VIR_ERR_XML_ERROR },
    /* identity */
    { "<domain><uuid>" TEST_UUID "</uuid></domain>", VIR_ERR_XML_ERROR },
    { "<domain><name/><uuid>" TEST_UUID "</uuid></domain>", VIR_ERR_XML_ERROR },
    { "<domain><name>a</name><name>b</name><uuid>" TEST_UUID "</uuid></domain>", VIR_ERR_XML_ERROR },
    { "<domain><name>a<b/>c</name><uuid>" TEST_UUID "</uuid></domain>", VIR_ERR_XML_ERROR },
    { "<domain><name>a&#10;b</name><uuid>" TEST_UUID "</uuid></domain>", VIR_ERR_XML_ERROR },
    { "<domain><name>a\xc2\x9b" "2J</name><uuid>" TEST_UUID "</uuid></domain>", VIR_ERR_XML_ERROR },
    { "<domain><name>a</name></domain>", VIR_ERR_XML_ERROR },
    { "<domain><name>a</name><uuid>3e1cf3f2</uuid></domain>", VIR_ERR_INVALID_ARG },
    { "<domain id='x'>" TEST_IDENTITY "</domain>", VIR_ERR_XML_ERROR },
    { "<domain id=''>" TEST_IDENTITY "</domain>", VIR_ERR_XML_ERROR },
    { "<domain id='-2'>" TEST_IDENTITY "</domain>", VIR_ERR_XML_ERROR },
    { "<domain id='2147483648'>" TEST_IDENTITY "</domain>", VIR_ERR_XML_ERROR },
    { "<domain>" TEST_IDENTITY "<on_lockfailure>shrug</on_lockfailure></domain>", VIR_ERR_CONFIG_UNSUPPORTED },
    { "<domain>" TEST_IDENTITY "<on_lockfailure>default</on_lockfailure></domain>", VIR_ERR_CONFIG_UNSUPPORTED },
    { "<domain>" TEST_IDENTITY "<on_lockfailure>pause</on_lockfailure><on_lockfailure>ignore</on_lockfailure></domain>",
      VIR_ERR_XML_ERROR },
    { "<domain>" TEST_IDENTITY "<devices/><devices/></domain>", VIR_ERR_XML_ERROR },
    /* disks */
    { TEST_GUEST("<disk/>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk><source file='/a'/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk><source file='/a'/><target/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk><source file='/a'/><target dev='v&#9;a'/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk><source file='/a'/><target dev='a'/><target dev='b'/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source file=''/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source file='a.img'/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source dev='/dev/sda'/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source file='/a'/><source file='/b'/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source x:file='/a' xmlns:x='urn:x'/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source file='/a'/>") TEST_DISK("<source file='/b'/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source file='/a'/><mirror/>")), VIR_ERR_XML_ERROR },
    { TEST_GUEST(TEST_DISK("<source file='/a'/><mirror type='y'><source file='/b'/></mirror>")),
      VIR_ERR_CONFIG_UNSUPPORTED },
    { TEST_GUEST("<disk type='tape'><source file='/a'/><target dev='a'/></disk>"), VIR_ERR_CONFIG_UNSUPPORTED },
    { TEST_GUEST("<disk type='none'><source file='/a'/><target dev='a'/></disk>"), VIR_ERR_CONFIG_UNSUPPORTED },
    { TEST_GUEST("<disk device='drum'><source file='/a'/><target dev='a'/></disk>"), VIR_ERR_CONFIG_UNSUPPORTED },
    { TEST_GUEST("<disk type='network'><source name='x'/><target dev='a'/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk type='network'><source protocol='nbd'><host port='1'/></source><target dev='a'/></disk>"),
      VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk type='volume'><source pool='p'/><target dev='a'/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk type='vhostuser'><source/><target dev='a'/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk type='nvme'><source namespace='1'/><target dev='a'/></disk>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<disk type='nvme'><source namespace='1'><address domain='0' bus='256' slot='0' function='0'/>"
                 "</source><target dev='a'/></disk>"), VIR_ERR_XML_ERROR },
    /* leases */
    { TEST_GUEST("<lease/>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<lease><key>k</key></lease>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<lease><target path='/l'/></lease>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<lease><key>k&#127;</key><target path='/l'/></lease>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<lease><key>k</key><target path='/l' offset='-1'/></lease>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<lease><key>k</key><target path='/l' offset='0x10'/></lease>"), VIR_ERR_XML_ERROR },
    { TEST_GUEST("<lease><key>k</key><target path='/l' offset='18446744073709551616'/></lease>"), VIR_ERR_XML_ERROR },
};

static void
testRefuse(const char *xml, int code, const char *text)
{
    g_autoptr(virDomainDef) def = virDomainDefParseString(xml);

    g_assert_null(def);
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    g_test_message("%s", virGetLastErrorMessage());
    if (text)
        g_assert_nonnull(strstr(virGetLastErrorMessage(), text));
    virResetLastError();
}

static void
testParseBad(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(testBad); i++) {
        g_test_message("%s", testBad[i].xml);
        testRefuse(testBad[i].xml, testBad[i].code, NULL);
    }
}

/* Entities, in whichever way: none gets as far as being read. */
static void
testNoEntities(void)
{
    static const char *const cases[] = {
        "<!DOCTYPE domain><domain>" TEST_IDENTITY "</domain>",
        "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:1/x.dtd'><domain>" TEST_IDENTITY "</domain>",
        "<!DOCTYPE domain PUBLIC '-//X//EN' 'file:///etc/passwd'><domain>" TEST_IDENTITY "</domain>",
        "<!DOCTYPE d [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><domain><name>&e;</name></domain>",
        "<!DOCTYPE d [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]><domain/>",
        "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]><domain><name>&c;</name></domain>",
        "<!DOCTYPE d [<!ATTLIST domain id CDATA '5'>]><domain>" TEST_IDENTITY "</domain>",
        "<!DOCTYPE",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases) - 1; i++)
        testRefuse(cases[i], VIR_ERR_XML_ERROR, "document type declaration");
    testRefuse(cases[G_N_ELEMENTS(cases) - 1], VIR_ERR_XML_ERROR, NULL);
}

/* @head, @count times @part with its number, and @tail. */
static char *
testRepeat(const char *head, unsigned int count, const char *part, const char *tail)
{
    GString *xml = g_string_new(head);
    g_auto(GStrv) halves = g_strsplit(part, "#", 2);

    for (unsigned int i = 0; i < count; i++) {
        g_string_append(xml, halves[0]);
        if (halves[1])
            g_string_append_printf(xml, "%u%s", i, halves[1]);
    }
    g_string_append(xml, tail);
    return g_string_free(xml, FALSE);
}

static const struct {
    const char *head;
    const char *part;
    const char *tail;
    unsigned int most;      /* so many are taken, one more is refused */
    const char *text;
} testLimits[] = {
    { "<domain>" TEST_IDENTITY "<devices>", "<disk><source file='/a'/><target dev='d#'/></disk>", "</devices></domain>",
      VIR_DOMAIN_DISKS_MAX, "more than 1024 <disk>" },
    { "<domain>" TEST_IDENTITY "<devices>", "<lease><key>#</key><target path='/l'/></lease>", "</devices></domain>",
      VIR_DOMAIN_LEASES_MAX, "more than 1024 <lease>" },
    { "<domain>" TEST_IDENTITY "<devices><disk type='network'><target dev='d'/><source protocol='rbd'>",
      "<host name='h#'/>", "</source></disk></devices></domain>", VIR_STORAGE_HOSTS_MAX, "more than 64 hosts" },
    /* the domain, its name and its uuid are three */
    { "<domain>" TEST_IDENTITY, "<a/>", "</domain>", 131072 - 3, "too many elements" },
    { "<domain ", "a#='' ", ">" TEST_IDENTITY "</domain>", 64, "too many attributes" },
    { "<domain ", "xmlns:a#='urn:#' ", ">" TEST_IDENTITY "</domain>", 64, "too many attributes" },
    { "<domain><uuid>" TEST_UUID "</uuid><name>", "n", "</name></domain>", VIR_DOMAIN_NAME_MAX, "name is longer" },
    { "<domain>" TEST_IDENTITY "<devices><lease><target path='/l'/><key>", "k", "</key></lease></devices></domain>",
      4096, "too long" },
};

static void
testBounds(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(testLimits); i++) {
        g_autofree char *most = testRepeat(testLimits[i].head, testLimits[i].most, testLimits[i].part, testLimits[i].tail);
        g_autofree char *more = testRepeat(testLimits[i].head, testLimits[i].most + 1, testLimits[i].part, testLimits[i].tail);
        g_autoptr(virDomainDef) def = virDomainDefParseString(most);

        g_test_message("%s", testLimits[i].text);
        g_assert_nonnull(def);
        testRefuse(more, VIR_ERR_XML_ERROR, testLimits[i].text);
    }
}

static void
testDepth(void)
{
    g_autofree char *open = testRepeat("<domain>" TEST_IDENTITY, 239, "<a>", "");
    g_autofree char *fits = testRepeat(open, 239, "</a>", "</domain>");
    g_autofree char *deep = testRepeat(open, 1, "<a>", "");
    g_autoptr(virDomainDef) def = virDomainDefParseString(fits);

    g_assert_nonnull(def);
    testRefuse(deep, VIR_ERR_XML_ERROR, "inside each other");
}

static void
testSize(void)
{
    gsize max = (gsize) 4 * 1024 * 1024;
    g_autofree char *xml = g_malloc(max + 2);
    const char *guest = "<domain>" TEST_IDENTITY "</domain>";
    g_autoptr(virDomainDef) def = NULL;

    memset(xml, ' ', max + 1);
    memcpy(xml, guest, strlen(guest));
    xml[max] = '\0';
    def = virDomainDefParseString(xml);
    g_assert_nonnull(def);
    xml[max] = ' ';
    xml[max + 1] = '\0';
    testRefuse(xml, VIR_ERR_XML_ERROR, "longer than 4194304 bytes");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/conf/domain/whole-guest", testWholeGuest);
    g_test_add_func("/conf/domain/least-guest", testLeastGuest);
    g_test_add_func("/conf/domain/every-source", testEverySource);
    g_test_add_func("/conf/domain/no-source-forgotten", testNoSourceForgotten);
    g_test_add_func("/conf/domain/readonly-and-shareable", testReadonlyAndShareable);
    g_test_add_func("/conf/domain/devices", testDevices);
    g_test_add_func("/conf/domain/lock-failure", testLockFailure);
    g_test_add_func("/conf/domain/mirror", testMirror);
    g_test_add_func("/conf/domain/empty-drive", testEmptyDrive);
    g_test_add_func("/conf/domain/leases", testLeases);
    g_test_add_func("/conf/domain/bad", testParseBad);
    g_test_add_func("/conf/domain/no-entities", testNoEntities);
    g_test_add_func("/conf/domain/bounds", testBounds);
    g_test_add_func("/conf/domain/depth", testDepth);
    g_test_add_func("/conf/domain/size", testSize);
    return g_test_run();
}
