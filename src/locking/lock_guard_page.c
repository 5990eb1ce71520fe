/*
 * lock_guard_page.c: what worker and guard share in memory
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock_guard_page.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LOCK_GUARD_PAGE_MAGIC G_GUINT64_CONSTANT(0x6472617567646c76)
#define VIR_LOCK_GUARD_PAGE_VERSION 1
#define VIR_LOCK_GUARD_PAGE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define VIR_LOCK_GUARD_PAGE_WORDS 15    /* of a record */
#define VIR_LOCK_GUARD_PAGE_TRIES 100   /* to read a record that is being written */

/* One copy of a record. The head is its serial number and its checksum. */
typedef struct _virLockGuardCopy virLockGuardCopy;
struct _virLockGuardCopy {
    guint64 head;
    guint64 words[VIR_LOCK_GUARD_PAGE_WORDS];
};

typedef struct _virLockGuardRecord virLockGuardRecord;
struct _virLockGuardRecord {
    virLockGuardCopy copies[2];
};

typedef struct _virLockGuardHeader virLockGuardHeader;
struct _virLockGuardHeader {
    guint64 magic;
    guint64 version;
    guint64 owners;
    guint64 changes;
    guint64 beats[2];
    guint64 settings[VIR_LOCK_GUARD_SETTING_LAST];
};

typedef struct _virLockGuardLayout virLockGuardLayout;
struct _virLockGuardLayout {
    virLockGuardHeader header;
    virLockGuardRecord lockspaces[VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX];
    virLockGuardRecord owners[];
};

struct _virLockGuardPage {
    int fd;
    size_t size;
    guint owners;
    virLockGuardLayout *layout;
};

G_STATIC_ASSERT(sizeof(virLockGuardLockspace) == VIR_LOCK_GUARD_PAGE_WORDS * sizeof(guint64));
G_STATIC_ASSERT(sizeof(virLockGuardOwner) == VIR_LOCK_GUARD_PAGE_WORDS * sizeof(guint64));

/* ---- one record ---- */

static guint32
virLockGuardCopySum(guint32 serial, const guint64 *words)
{
    guint64 sum = G_GUINT64_CONSTANT(14695981039346656037) ^ serial;

    for (guint i = 0; i < VIR_LOCK_GUARD_PAGE_WORDS; i++) {
        sum = (sum ^ words[i]) * G_GUINT64_CONSTANT(1099511628211);
        sum ^= sum >> 29;
    }
    return (guint32) (sum ^ (sum >> 32));
}

/* Whoever else writes meanwhile is found out by the checksum. */
static gboolean
virLockGuardCopyRead(const virLockGuardCopy *copy, guint32 *serial, guint64 *words)
{
    guint64 head = __atomic_load_n(&copy->head, __ATOMIC_ACQUIRE);

    for (guint i = 0; i < VIR_LOCK_GUARD_PAGE_WORDS; i++)
        words[i] = __atomic_load_n(&copy->words[i], __ATOMIC_RELAXED);
    *serial = (guint32) (head >> 32);
    return virLockGuardCopySum(*serial, words) == (guint32) head;
}

static void
virLockGuardCopyWrite(virLockGuardCopy *copy, guint32 serial, const guint64 *words)
{
    guint64 head = ((guint64) serial << 32) | virLockGuardCopySum(serial, words);

    for (guint i = 0; i < VIR_LOCK_GUARD_PAGE_WORDS; i++)
        __atomic_store_n(&copy->words[i], words[i], __ATOMIC_RELAXED);
    __atomic_store_n(&copy->head, head, __ATOMIC_RELEASE);
}

/* Which of the copies is the newer good one, with its content; -1: none. */
static int
virLockGuardRecordNewest(const virLockGuardRecord *record, guint32 *serial, guint64 *words)
{
    guint64 content[2][VIR_LOCK_GUARD_PAGE_WORDS];
    guint32 serials[2];
    gboolean good[2];
    int newest;

    for (int i = 0; i < 2; i++)
        good[i] = virLockGuardCopyRead(&record->copies[i], &serials[i], content[i]);
    if (!good[0] && !good[1])
        return -1;
    newest = good[1] && (!good[0] || (gint32) (serials[1] - serials[0]) > 0);
    *serial = serials[newest];
    memcpy(words, content[newest], sizeof(content[newest]));
    return newest;
}

static gboolean
virLockGuardRecordGet(const virLockGuardRecord *record, void *content)
{
    guint64 words[VIR_LOCK_GUARD_PAGE_WORDS];
    guint32 serial;
    int newest = -1;

    /* Both are bad for an instant if two were written while one was read. */
    for (int i = 0; newest < 0 && i < VIR_LOCK_GUARD_PAGE_TRIES; i++)
        newest = virLockGuardRecordNewest(record, &serial, words);
    if (newest < 0)
        return FALSE;
    memcpy(content, words, sizeof(words));
    return TRUE;
}

static void
virLockGuardRecordSet(virLockGuardRecord *record, const void *content)
{
    guint64 words[VIR_LOCK_GUARD_PAGE_WORDS];
    guint32 serial = 0;
    int newest = virLockGuardRecordNewest(record, &serial, words);

    memcpy(words, content, sizeof(words));
    virLockGuardCopyWrite(&record->copies[newest == 0], serial + 1, words);
}

/* ---- the whole ---- */

static size_t
virLockGuardPageSize(guint owners)
{
    return sizeof(virLockGuardLayout) + owners * sizeof(virLockGuardRecord);
}

static void
virLockGuardPageFill(virLockGuardLayout *layout, guint owners)
{
    const virLockGuardOwner owner = { 0 };
    const virLockGuardLockspace lockspace = { .end = VIR_LEASE_TIME_NEVER };

    /* Both copies, as zeroes must not pass for a free slot. */
    for (guint i = 0; i < 2 * owners; i++)
        virLockGuardRecordSet(&layout->owners[i / 2], &owner);
    for (guint i = 0; i < 2 * VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX; i++)
        virLockGuardRecordSet(&layout->lockspaces[i / 2], &lockspace);
    layout->header.magic = VIR_LOCK_GUARD_PAGE_MAGIC;
    layout->header.version = VIR_LOCK_GUARD_PAGE_VERSION;
    layout->header.owners = owners;
}

static int
virLockGuardPageMap(virLockGuardPage *page, int fd, size_t size)
{
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (start == MAP_FAILED) {
        virReportSystemError(errno, "%s", _("cannot map the memory that the guard shares with its worker"));
        return -1;
    }
    page->layout = start;
    page->size = size;
    page->fd = fd;
    return 0;
}

static int
virLockGuardPageMakeFile(size_t size)
{
    int fd = memfd_create("virtleased", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && ftruncate(fd, (off_t) size) == 0 && fcntl(fd, F_ADD_SEALS, VIR_LOCK_GUARD_PAGE_SEALS) == 0)
        return fd;
    virReportSystemError(errno, "%s", _("cannot make the memory that the guard shares with its worker"));
    if (fd >= 0)
        close(fd);
    return -1;
}

virLockGuardPage *
virLockGuardPageNew(guint owners)
{
    g_autoptr(virLockGuardPage) page = g_new0(virLockGuardPage, 1);
    size_t size = virLockGuardPageSize(owners);
    int fd;

    g_assert(owners <= VIR_LOCK_GUARD_PAGE_OWNERS_MAX);
    page->fd = -1;
    page->owners = owners;
    if ((fd = virLockGuardPageMakeFile(size)) < 0)
        return NULL;
    if (virLockGuardPageMap(page, fd, size) < 0) {
        close(fd);
        return NULL;
    }
    virLockGuardPageFill(page->layout, owners);
    return g_steal_pointer(&page);
}

/* Only what is sealed is sure not to shrink under our hands. */
static gboolean
virLockGuardPageIsOne(int fd, size_t *size)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct stat sb;

    if (seals < 0 || (seals & VIR_LOCK_GUARD_PAGE_SEALS) != VIR_LOCK_GUARD_PAGE_SEALS ||
        fstat(fd, &sb) < 0 || sb.st_size < (off_t) sizeof(virLockGuardLayout) ||
        sb.st_size > (off_t) virLockGuardPageSize(VIR_LOCK_GUARD_PAGE_OWNERS_MAX))
        return FALSE;
    *size = (size_t) sb.st_size;
    return TRUE;
}

static gboolean
virLockGuardPageHeaderIsGood(const virLockGuardPage *page)
{
    const virLockGuardHeader *header = &page->layout->header;

    return header->magic == VIR_LOCK_GUARD_PAGE_MAGIC &&
        header->version == VIR_LOCK_GUARD_PAGE_VERSION &&
        header->owners == page->owners &&
        virLockGuardPageSize(page->owners) == page->size;
}

virLockGuardPage *
virLockGuardPageOpen(int fd)
{
    g_autoptr(virLockGuardPage) page = g_new0(virLockGuardPage, 1);
    size_t size = 0;

    page->fd = -1;
    if (!virLockGuardPageIsOne(fd, &size)) {
        virReportError(VIR_ERR_INTERNAL_ERROR,
                       _("file descriptor %1$d is not the memory that the guard shares with its worker"), fd);
        return NULL;
    }
    if (virLockGuardPageMap(page, fd, size) < 0)
        return NULL;
    page->owners = (size - sizeof(virLockGuardLayout)) / sizeof(virLockGuardRecord);
    if (virLockGuardPageHeaderIsGood(page))
        return g_steal_pointer(&page);
    page->fd = -1;
    virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                   _("the memory that the guard shares with its worker is damaged, or another version's"));
    return NULL;
}

void
virLockGuardPageFree(virLockGuardPage *page)
{
    if (!page)
        return;
    if (page->layout)
        munmap(page->layout, page->size);
    if (page->fd >= 0)
        close(page->fd);
    g_free(page);
}

int
virLockGuardPageGetFD(const virLockGuardPage *page)
{
    return page->fd;
}

guint
virLockGuardPageGetOwners(const virLockGuardPage *page)
{
    return page->owners;
}

void
virLockGuardPageSetLockspace(virLockGuardPage *page, guint index, const virLockGuardLockspace *lockspace)
{
    g_assert(index < VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX);
    virLockGuardRecordSet(&page->layout->lockspaces[index], lockspace);
}

gboolean
virLockGuardPageGetLockspace(const virLockGuardPage *page, guint index, virLockGuardLockspace *lockspace)
{
    g_assert(index < VIR_LOCK_GUARD_PAGE_LOCKSPACES_MAX);
    return virLockGuardRecordGet(&page->layout->lockspaces[index], lockspace);
}

void
virLockGuardPageSetOwner(virLockGuardPage *page, guint slot, const virLockGuardOwner *owner)
{
    g_assert(slot < page->owners);
    virLockGuardRecordSet(&page->layout->owners[slot], owner);
    __atomic_fetch_add(&page->layout->header.changes, 1, __ATOMIC_RELEASE);
}

gboolean
virLockGuardPageGetOwner(const virLockGuardPage *page, guint slot, virLockGuardOwner *owner)
{
    g_assert(slot < page->owners);
    return virLockGuardRecordGet(&page->layout->owners[slot], owner);
}

guint64
virLockGuardPageGetChanges(const virLockGuardPage *page)
{
    return __atomic_load_n(&page->layout->header.changes, __ATOMIC_ACQUIRE);
}

void
virLockGuardPageBeat(virLockGuardPage *page, virLockGuardSide side)
{
    __atomic_fetch_add(&page->layout->header.beats[side], 1, __ATOMIC_RELAXED);
}

guint64
virLockGuardPageGetBeats(const virLockGuardPage *page, virLockGuardSide side)
{
    return __atomic_load_n(&page->layout->header.beats[side], __ATOMIC_RELAXED);
}

void
virLockGuardPageSet(virLockGuardPage *page, virLockGuardSetting setting, guint64 value)
{
    __atomic_store_n(&page->layout->header.settings[setting], value, __ATOMIC_RELAXED);
}

guint64
virLockGuardPageGet(const virLockGuardPage *page, virLockGuardSetting setting)
{
    return __atomic_load_n(&page->layout->header.settings[setting], __ATOMIC_RELAXED);
}
