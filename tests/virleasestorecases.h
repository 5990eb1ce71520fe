/*
 * virleasestorecases.h: what every store must do alike
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestore.h"

/* A store, and the replies that it gave. */
typedef struct _testStore testStore;
struct _testStore {
    virLeaseStore *store;
    GHashTable *replies;        /* id -> virLeaseReply */
    guint64 lastId;
};

testStore *testStoreNew(const char *url);
void testStoreFree(testStore *test);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(testStore, testStoreFree);

/* Submits an operation and returns its id. @target is for SYMLINK. */
guint64 testStoreSubmit(testStore *test,
                        virLeaseOpType type,
                        const char *path,
                        const char *target,
                        virLeaseSpan timeout);

/* Runs the main loop until @id is answered. The caller owns the reply. */
virLeaseReply *testStoreWait(testStore *test,
                             guint64 id);

/* Both of these. */
virLeaseReply *testStoreRun(testStore *test,
                            virLeaseOpType type,
                            const char *path,
                            const char *target);

/* Likewise, and checks the status. */
void testStoreExpect(testStore *test,
                     virLeaseOpType type,
                     const char *path,
                     virLeaseStatus status);

/* Goes through all operations in the lockspace at @url, that is not there
 * yet. @local is the directory where it will be on this host. */
void testStoreCases(const char *url,
                    const char *local);

/* Many operations at a time in the lockspace at @url, that is there. */
void testStoreParallel(const char *url);

/* A directory with many entries, made at @local. */
void testStoreManyEntries(const char *url,
                          const char *local);
