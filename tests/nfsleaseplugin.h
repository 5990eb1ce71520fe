/*
 * nfsleaseplugin.h: nfslease.so, loaded as libvirt does it, and a fake virtleased
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The program that uses this has to export its symbols (-export-dynamic): the
 * plugin finds virReportErrorHelper() in it, as it does in libvirtd.
 */
#pragma once

#include <glib.h>

#include "fakevirtleased.h"
#include "lock_driver.h"

typedef struct _testPlugin testPlugin;
struct _testPlugin {
    virLockDriver *driver;
    fakeDaemon *daemon;
    char *dir;                  /* with the files below, and the images; its real path */
    char *conf;                 /* written by testPluginInit() */
    char *socket;               /* where the daemon listens */
};

/* For g_test_add(): a daemon and a plugin that is not initialized yet. */
void testPluginSetUp(testPlugin *plugin,
                     const void *opaque);
void testPluginTearDown(testPlugin *plugin,
                        const void *opaque);

/* The file that is tested. */
char *testPluginFile(void);

/* Calls drvInit with a file that has the socket and the lines @settings. */
int testPluginInit(testPlugin *plugin,
                   const char *settings);

/* An image in the plugin's directory: its path, to be freed by the caller. */
char *testPluginImage(const testPlugin *plugin,
                      const char *name);

/* drvNew as libvirt calls it, of a guest "web01"; @pid may be 0. */
int testPluginNew(const testPlugin *plugin,
                  virLockManager *man,
                  unsigned int pid,
                  unsigned int flags);

/* drvAddResource of a disk, or of a lease in "space". */
int testPluginAddDisk(virLockManager *man,
                      const char *path,
                      unsigned int flags);
int testPluginAddLease(virLockManager *man,
                       const char *key);

/* What was reported through virReportErrorHelper() since the last call of
 * testErrorReset(); the text is good until then. */
typedef struct _testError testError;
struct _testError {
    unsigned int count;
    int domain;
    int code;
    char message[8192];
};

/* The error, which must be the only one. Its @code, and parts of its text. */
void testErrorExpect(int code,
                     const char *part,
                     const char *otherPart);
const testError *testErrorGet(void);
void testErrorReset(void);
