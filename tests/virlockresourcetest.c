/*
 * virlockresourcetest.c: one image has one name
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "virerror.h"
#include "virlockresource.h"
#include "virlockresourceblock.h"
#include "virlockresourcemount.h"
#include "virlockresourceuse.h"

/* A directory that goes away with all that is in it. */
typedef struct _testTree testTree;
struct _testTree {
    char *top;
};

static void
testTreeSetUp(testTree *tree,
              const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *made = g_dir_make_tmp("virlockresourcetest-XXXXXX", NULL);

    g_assert_nonnull(made);
    tree->top = realpath(made, NULL);
    g_assert_nonnull(tree->top);
}

static void
testRemove(const char *path)
{
    g_autoptr(GDir) dir = NULL;
    const char *name;

    if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK))
        dir = g_dir_open(path, 0, NULL);
    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        testRemove(child);
    }
    g_assert_cmpint(g_remove(path), ==, 0);
}

static void
testTreeTearDown(testTree *tree,
                 const void *opaque G_GNUC_UNUSED)
{
    testRemove(tree->top);
    g_free(tree->top);
}

/* Makes a file, and the directories above it. Returns its path. */
static char *
testFile(const testTree *tree,
         const char *name,
         const char *text)
{
    g_autofree char *path = g_build_filename(tree->top, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    return g_steal_pointer(&path);
}

static void
testLink(const testTree *tree,
         const char *target,
         const char *name)
{
    g_autofree char *path = g_build_filename(tree->top, name, NULL);
    g_autofree char *dir = g_path_get_dirname(path);

    g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
    g_assert_cmpint(symlink(target, path), ==, 0);
}

static void
testRealPath(testTree *tree,
             const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testFile(tree, "images/a.img", "");
    g_autofree char *other = g_build_filename(tree->top, "other/./../other/b.img", NULL);
    g_autofree char *real = NULL;

    testLink(tree, "../images/a.img", "other/b.img");
    real = virLockResourceRealPath(other);
    g_assert_cmpstr(real, ==, image);
}

/* libvirt locks an image before it makes it. */
static void
testRealPathOfNew(testTree *tree,
                  const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testFile(tree, "images/a.img", "");
    g_autofree char *fresh = g_build_filename(tree->top, "by-link", "new.img", NULL);
    g_autofree char *want = g_build_filename(tree->top, "images", "new.img", NULL);
    g_autofree char *real = NULL;

    testLink(tree, "images", "by-link");
    real = virLockResourceRealPath(fresh);
    g_assert_cmpstr(real, ==, want);
}

static void
testRealPathRefuses(testTree *tree,
                    const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *dangling = g_build_filename(tree->top, "dangling", NULL);
    g_autofree char *nodir = g_build_filename(tree->top, "no", "such", "a.img", NULL);

    testLink(tree, "nowhere", "dangling");
    g_assert_null(virLockResourceRealPath(dangling));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), dangling));
    g_assert_null(virLockResourceRealPath(nodir));
    g_assert_null(virLockResourceRealPath("a.img"));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_null(virLockResourceRealPath(""));
}

static const char testMountinfo[] =
    "21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "30 21 0:50 / /mnt/nfs rw shared:2 master:1 - nfs4 Filer.Example.:/export/vm rw,vers=4.2,addr=10.0.0.1\n"
    "31 21 0:50 / /srv/bound rw - nfs4 filer.example:/export/vm/sub rw\n"
    "32 21 0:51 / /mnt/root rw - nfs [fd00::1]:/ rw\n"
    "33 30 254:0 /var/local /mnt/nfs/local rw - ext4 /dev/vda rw\n"
    "34 21 0:52 / /mnt/with\\040space rw - nfs filer:/my\\040export rw\n"
    "35 21 0:53 / /mnt/smb rw - cifs //Win/Share rw\n"
    "36 21 0:54 /dir /mnt/smbdir rw - cifs //Win/Share/dir rw\n"
    "37 21 0:55 / /mnt/smbdir2 rw - smb3 //win/share/dir rw\n"
    "38 21 0:56 / /mnt/ceph rw - ceph 10.0.0.1:6789,10.0.0.2:6789:/vm rw\n"
    "39 21 0:57 / /mnt/ceph2 rw - ceph admin@1b2c.fs=/vm rw\n"
    "40 21 0:58 / /mnt/gluster rw - fuse.glusterfs localhost:/vol rw\n"
    "41 21 0:59 /deep /mnt/gluster2 rw - fuse.glusterfs gl1:vol rw\n"
    "42 21 8:17 /inner /mnt/gfs rw - gfs2 /dev/sdb1 rw\n"
    "43 21 0:60 / /mnt/lustre rw - lustre 10.0.0.1@tcp:10.0.0.2@tcp:/scratch rw\n"
    "44 21 0:61 / /mnt/twice rw - nfs old:/x rw\n"
    "45 44 0:62 / /mnt/twice rw - nfs new:/x rw\n"
    "46 21 0:63 / /home/u/sshfs rw - fuse.sshfs u@h:/ rw\n"
    "47 21 0:64 / /mnt/half - nfs\n"
    "48 21 0:65 / /mnt/nosource rw - nfs nonsense rw\n"
    "garbage\n"
    "49 21 x / /mnt/bad rw - nfs a:/b rw\n";

static const struct {
    const char *real;
    const char *name;
} testMounts[] = {
    { "/var/lib/libvirt/images/a.img", NULL },
    { "/mnt/nfs/a.img", "filer.example:/export/vm/a.img" },
    { "/mnt/nfs", "filer.example:/export/vm" },
    { "/mnt/nfsother/a.img", NULL },
    { "/srv/bound/a.img", "filer.example:/export/vm/sub/a.img" },
    { "/mnt/root/a.img", "[fd00::1]:/a.img" },
    { "/mnt/nfs/local/a.img", NULL },
    { "/mnt/with space/a.img", "filer:/my export/a.img" },
    { "/mnt/smb/dir/a.img", "//win/share/dir/a.img" },
    { "/mnt/smbdir/a.img", "//win/share/dir/a.img" },
    { "/mnt/smbdir2/a.img", "//win/share/dir/a.img" },
    { "/mnt/ceph/a.img", "ceph:/vm/a.img" },
    { "/mnt/ceph2/a.img", "ceph:/vm/a.img" },
    { "/mnt/gluster/deep/a.img", "glusterfs:/vol/deep/a.img" },
    { "/mnt/gluster2/a.img", "glusterfs:/vol/deep/a.img" },
    { "/mnt/gfs/a.img", "wwid:naa.6001-part1:/inner/a.img" },
    { "/mnt/lustre/a.img", "lustre:/scratch/a.img" },
    { "/mnt/twice/a.img", "new:/x/a.img" },
    { "/home/u/sshfs/a.img", NULL },
    { "/mnt/half/a.img", NULL },
    { "/mnt/nosource/a.img", NULL },
    { "/mnt/bad/a.img", NULL },
};

/* What sysfs shows of a disk with a partition, by two numbers. */
static void
testSysfsDisk(const testTree *tree)
{
    g_free(testFile(tree, "sys/devices/sdb/device/wwid", "naa.6001\n"));
    g_free(testFile(tree, "sys/devices/sdb/sdb1/partition", "1\n"));
    testLink(tree, "../../devices/sdb", "sys/dev/block/8:16");
    testLink(tree, "../../devices/sdb/sdb1", "sys/dev/block/8:17");
}

static void
testMountName(testTree *tree,
              const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *sysfs = g_build_filename(tree->top, "sys", NULL);
    size_t i;

    testSysfsDisk(tree);
    for (i = 0; i < G_N_ELEMENTS(testMounts); i++) {
        g_autofree char *name = virLockResourceMountName(testMountinfo, sysfs, testMounts[i].real);

        g_test_message("%s", testMounts[i].real);
        g_assert_cmpstr(name, ==, testMounts[i].name);
    }
}

static const struct {
    const char *uuid;
    const char *name;
} testMappers[] = {
    { "LVM-aaaabbbb", "lvm:aaaabbbb" },
    { "mpath-36001405abc", "wwid:naa.6001405abc" },
    { "mpath-2abcdef", "wwid:eui.abcdef" },
    { "mpath-eui.01", "wwid:eui.01" },
    { "part12-mpath-36001405abc", "wwid:naa.6001405abc-part12" },
    { "part-mpath-3600", "dm:part-mpath-3600" },
    { "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-home", "luks:0123456789abcdef0123456789abcdef" },
    { "CRYPT-LUKS2-0123-home", "dm:CRYPT-LUKS2-0123-home" },
    { "CRYPT-LUKS", "dm:CRYPT-LUKS" },
    { "DRBD-x", "dm:DRBD-x" },
};

static void
testBlockMapper(testTree *tree,
                const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *sysfs = g_build_filename(tree->top, "sys", NULL);
    size_t i;

    testLink(tree, "../../devices/dm-0", "sys/dev/block/253:0");
    for (i = 0; i < G_N_ELEMENTS(testMappers); i++) {
        g_autofree char *name = NULL;

        g_free(testFile(tree, "sys/devices/dm-0/dm/uuid", testMappers[i].uuid));
        name = virLockResourceBlockName(sysfs, 253, 0);
        g_assert_cmpstr(name, ==, testMappers[i].name);
    }
}

/* A disk is the same one by multipath and without it. */
static void
testBlockDisk(testTree *tree,
              const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *sysfs = g_build_filename(tree->top, "sys", NULL);
    g_autofree char *disk = NULL;
    g_autofree char *partition = NULL;
    g_autofree char *nvme = NULL;

    testSysfsDisk(tree);
    disk = virLockResourceBlockName(sysfs, 8, 16);
    g_assert_cmpstr(disk, ==, "wwid:naa.6001");
    partition = virLockResourceBlockName(sysfs, 8, 17);
    g_assert_cmpstr(partition, ==, "wwid:naa.6001-part1");

    g_free(testFile(tree, "sys/devices/nvme0n1/wwid", "eui.0025\n"));
    testLink(tree, "../../devices/nvme0n1", "sys/dev/block/259:0");
    nvme = virLockResourceBlockName(sysfs, 259, 0);
    g_assert_cmpstr(nvme, ==, "wwid:eui.0025");
}

static void
testBlockUnknown(testTree *tree,
                 const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *sysfs = g_build_filename(tree->top, "sys", NULL);

    g_free(testFile(tree, "sys/devices/vda/size", "1\n"));
    g_free(testFile(tree, "sys/devices/vda/device/wwid", "\n"));
    testLink(tree, "../../devices/vda", "sys/dev/block/254:0");
    g_assert_null(virLockResourceBlockName(sysfs, 254, 0));
    g_assert_null(virLockResourceBlockName(sysfs, 1, 2));
    g_assert_null(virLockResourceBlockBacking(sysfs, 254, 0));
}

static void
testBlockBacking(testTree *tree,
                 const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *sysfs = g_build_filename(tree->top, "sys", NULL);
    g_autofree char *file = NULL;

    g_free(testFile(tree, "sys/devices/loop0/loop/backing_file", "/mnt/nfs/a.img\n"));
    testLink(tree, "../../devices/loop0", "sys/dev/block/7:0");
    file = virLockResourceBlockBacking(sysfs, 7, 0);
    g_assert_cmpstr(file, ==, "/mnt/nfs/a.img");
}

static void
testMap(void)
{
    const char *const map[] = {
        "/srv/images=images", "/srv/images/special=special", "/mnt/=root/", "/a=b=c", NULL
    };
    const struct {
        const char *real;
        const char *name;
    } cases[] = {
        { "/srv/images/a.img", "images/a.img" },
        { "/srv/images", "images" },
        { "/srv/images2/a.img", NULL },
        { "/srv/images/special/a.img", "special/a.img" },
        { "/srv/images/specials/a.img", "images/specials/a.img" },
        { "/mnt/x/a.img", "root/x/a.img" },
        { "/mnt", NULL },
        { "/a/x", "b=c/x" },
        { "/", NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = virLockResourceMapName(map, cases[i].real);

        g_assert_cmpstr(name, ==, cases[i].name);
    }
    g_assert_null(virLockResourceMapName(NULL, "/a"));
}

static void
testMapEntry(void)
{
    g_assert_true(virLockResourceMapEntryIsValid("/a=b"));
    g_assert_true(virLockResourceMapEntryIsValid("/=b"));
    g_assert_false(virLockResourceMapEntryIsValid("a=b"));
    g_assert_false(virLockResourceMapEntryIsValid("/a="));
    g_assert_false(virLockResourceMapEntryIsValid("/a"));
    g_assert_false(virLockResourceMapEntryIsValid("=b"));
    g_assert_false(virLockResourceMapEntryIsValid(""));
}

static void
testDiskName(void)
{
    const char *const map[] = { "/mnt/nfs/mapped=m:", NULL };
    virLockResourceHost host = { .mountinfo = testMountinfo, .sysfs = "/nonexistent", .map = map };
    g_autofree char *nfs = virLockResourceDiskName(&host, "/mnt/nfs/a.img");
    g_autofree char *mapped = virLockResourceDiskName(&host, "/mnt/nfs/mapped/a.img");
    g_autofree char *local = virLockResourceDiskName(&host, "/nonexistent/a.img");

    g_assert_cmpstr(nfs, ==, "filer.example:/export/vm/a.img");
    g_assert_cmpstr(mapped, ==, "m:/a.img");
    g_assert_cmpstr(local, ==, "/nonexistent/a.img");
}

/* No two leases share a name, whatever is in theirs. */
static void
testLeaseName(void)
{
    g_autofree char *plain = virLockResourceLeaseName("ls", "key");
    g_autofree char *none = virLockResourceLeaseName(NULL, "key");
    g_autofree char *left = virLockResourceLeaseName("a:b", "c");
    g_autofree char *right = virLockResourceLeaseName("a", "b:c");
    g_autofree char *odd = virLockResourceLeaseName("\xff/", "%");

    g_assert_cmpstr(plain, ==, "lease:ls:key");
    g_assert_cmpstr(none, ==, "lease::key");
    g_assert_cmpstr(left, ==, "lease:a%3Ab:c");
    g_assert_cmpstr(right, ==, "lease:a:b%3Ac");
    g_assert_cmpstr(odd, ==, "lease:%FF%2F:%25");
}

static void
testIsOpen(testTree *tree,
           const void *opaque G_GNUC_UNUSED)
{
    g_autofree char *image = testFile(tree, "a.img", "");
    g_autofree char *other = testFile(tree, "b.img", "");
    int fd = open(image, O_RDONLY | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    g_assert_true(virLockResourceIsOpen("/proc", getpid(), image));
    g_assert_false(virLockResourceIsOpen("/proc", getpid(), other));
    close(fd);
    g_assert_false(virLockResourceIsOpen("/proc", getpid(), image));
    g_assert_false(virLockResourceIsOpen(tree->top, 1, image));
}

int
main(int argc,
     char **argv)
{
    g_test_init(&argc, &argv, NULL);

#define TEST_TREE(path, func) \
    g_test_add(path, testTree, NULL, testTreeSetUp, func, testTreeTearDown)

    TEST_TREE("/locking/resource/real-path-follows-links", testRealPath);
    TEST_TREE("/locking/resource/image-that-does-not-exist-yet", testRealPathOfNew);
    TEST_TREE("/locking/resource/paths-that-lead-nowhere-are-refused", testRealPathRefuses);
    TEST_TREE("/locking/resource/mount", testMountName);
    TEST_TREE("/locking/resource/block/mapper", testBlockMapper);
    TEST_TREE("/locking/resource/block/disk-and-partition", testBlockDisk);
    TEST_TREE("/locking/resource/block/unknown", testBlockUnknown);
    TEST_TREE("/locking/resource/block/loop", testBlockBacking);
    g_test_add_func("/locking/resource/map", testMap);
    g_test_add_func("/locking/resource/map-entry", testMapEntry);
    g_test_add_func("/locking/resource/disk", testDiskName);
    g_test_add_func("/locking/resource/lease-names-do-not-collide", testLeaseName);
    TEST_TREE("/locking/resource/still-open", testIsOpen);

    return g_test_run();
}
