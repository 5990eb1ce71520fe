/*
 * virleasestore.h: the operations on a lockspace, and who carries them out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine asks for operations; a store carries them out and gives back one
 * reply for each. The same structures go through the simulator's store and
 * through stores that inject faults.
 */
#pragma once

#include "virleasetime.h"

/* Limits on what a store accepts from a server (all of it is hostile). */
#define VIR_LEASE_STORE_NAME_MAX 255        /* bytes in one name */
#define VIR_LEASE_STORE_TARGET_MAX 1024     /* bytes in a link's target */
#define VIR_LEASE_STORE_ENTRIES_MAX 65536   /* entries in one directory */

typedef enum {
    VIR_LEASE_OP_MKDIR,
    VIR_LEASE_OP_SYMLINK,
    VIR_LEASE_OP_READLINK,
    VIR_LEASE_OP_GETATTR,       /* LOOKUP with attributes; never follows a link */
    VIR_LEASE_OP_READDIR,       /* from cookie 0 to eof, each name with its attributes */
    VIR_LEASE_OP_SETATTR,       /* sets the mtime of a directory */
    VIR_LEASE_OP_REMOVE,
    VIR_LEASE_OP_RMDIR,

    VIR_LEASE_OP_LAST
} virLeaseOpType;

typedef enum {
    VIR_LEASE_STATUS_OK = 0,
    VIR_LEASE_STATUS_EXISTS,    /* MKDIR, SYMLINK: the name is taken */
    VIR_LEASE_STATUS_NOENT,
    VIR_LEASE_STATUS_NOTEMPTY,  /* RMDIR */
    VIR_LEASE_STATUS_WRONG_TYPE,/* not a directory, or not a link */
    VIR_LEASE_STATUS_ACCESS,    /* permission denied, also by the mount protocol */
    VIR_LEASE_STATUS_READONLY,
    VIR_LEASE_STATUS_FULL,      /* no space or quota exceeded */
    VIR_LEASE_STATUS_DELAYED,   /* the server asks to come again (grace, jukebox); not executed */
    VIR_LEASE_STATUS_UNSTABLE,  /* a READDIR that could not be carried through: bad cookie, loop */
    VIR_LEASE_STATUS_PROTOCOL,  /* the reply was malformed or beyond a limit */
    VIR_LEASE_STATUS_FAILED,    /* the server answered with any other error */
    VIR_LEASE_STATUS_LOST,      /* no answer. The server may have carried it out, or still will */
    VIR_LEASE_STATUS_UNSAVED,   /* not sent: see VIR_LEASE_ACTION_STORE; no store answers so */

    VIR_LEASE_STATUS_LAST
} virLeaseStatus;

typedef struct _virLeaseAttr virLeaseAttr;
struct _virLeaseAttr {
    guint64 fileid;
    gint64 ctime;       /* the server's clock, nanoseconds since its epoch */
    gint64 mtime;       /* likewise */
};

/* One operation. @path is relative to the lockspace, has no leading slash,
 * at most three components, none of them "." or "..". */
typedef struct _virLeaseOp virLeaseOp;
struct _virLeaseOp {
    guint64 id;         /* chosen by the asker, unique among what it has outstanding */
    virLeaseOpType type;
    char *path;
    char *target;       /* SYMLINK only, else NULL */
    gint64 mtime;       /* SETATTR only: whole seconds since the epoch */
    virLeaseSpan timeout; /* the store answers LOST when this much time has passed */
};

virLeaseOp *virLeaseOpNew(guint64 id,
                          virLeaseOpType type,
                          const char *path,
                          virLeaseSpan timeout);
void virLeaseOpFree(virLeaseOp *op);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseOp, virLeaseOpFree);

/* Name of an operation in upper case, for logs. */
const char *virLeaseOpTypeToString(virLeaseOpType type);
/* What a status means, for people and translated: "permission denied" ... */
const char *virLeaseStatusToMessage(virLeaseStatus status);

typedef struct _virLeaseDirEntry virLeaseDirEntry;
struct _virLeaseDirEntry {
    char *name;
    virLeaseAttr attr;
};

/* The reply to the operation @id. Fields that do not belong to the
 * operation's type, or to a status other than OK, are zero or NULL. */
typedef struct _virLeaseReply virLeaseReply;
struct _virLeaseReply {
    guint64 id;
    virLeaseStatus status;
    char *detail;       /* for a failure: what the server or the system said; may be NULL */
    virLeaseAttr attr;  /* GETATTR; also MKDIR, SETATTR and SYMLINK where the server gave it, else zero */
    char *target;       /* READLINK: at most VIR_LEASE_STORE_TARGET_MAX bytes, NUL-terminated, no NUL inside */
    GPtrArray *entries; /* READDIR: of virLeaseDirEntry, without "." and "..", every one with attributes */
    gboolean moved;     /* READDIR: took several replies, and the directory changed between them */
};

/* A reply with @status and nothing else. */
virLeaseReply *virLeaseReplyNew(guint64 id,
                                virLeaseStatus status);
void virLeaseReplyFree(virLeaseReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseReply, virLeaseReplyFree);

/* Appends an entry to a READDIR's reply; copies @name. */
void virLeaseReplyAddEntry(virLeaseReply *reply,
                           const char *name,
                           const virLeaseAttr *attr);

typedef struct _virLeaseStore virLeaseStore;

/* Called from the main loop of the thread that submitted the operation, never
 * before virLeaseStoreSubmit() returned, exactly once for each operation, and
 * never after virLeaseStoreFree(). The callee owns @reply. It may submit
 * operations, and may not free the store. */
typedef void (*virLeaseStoreReplyFunc)(virLeaseReply *reply,
                                       void *opaque);

/* What a kind of store provides; each as its wrapper below says. */
typedef struct _virLeaseStoreClass virLeaseStoreClass;
struct _virLeaseStoreClass {
    const char *scheme;
    void (*submit)(virLeaseStore *store, virLeaseOp *op);
    void (*free)(virLeaseStore *store);
};

/* Every store begins with this. */
struct _virLeaseStore {
    const virLeaseStoreClass *klass;
    virLeaseStoreReplyFunc replied;
    void *opaque;
};

/**
 * virLeaseStoreNew:
 * @url: "nfs://HOST/EXPORT/DIR[?options]" or "dir:/ABSOLUTE/PATH"
 * @replied: where replies go
 * @opaque: for @replied
 *
 * Makes a store that runs in the calling thread's default main context.
 * Nothing is connected or touched before the first operation: a store comes
 * into being while its server is away, and connects again by itself, with
 * growing pauses, whenever the connection is lost. What was outstanding on a
 * lost connection is answered LOST; it is not sent again.
 *
 * Returns the store, or NULL with an error reported (a URL that is no good).
 */
virLeaseStore *virLeaseStoreNew(const char *url,
                                virLeaseStoreReplyFunc replied,
                                void *opaque) G_GNUC_WARN_UNUSED_RESULT;

/* Takes @op over. Does not block. Operations run side by side and are
 * answered in any order. */
void virLeaseStoreSubmit(virLeaseStore *store,
                         virLeaseOp *op);

/* Drops the connection. What is outstanding is not answered any more. */
void virLeaseStoreFree(virLeaseStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseStore, virLeaseStoreFree);
