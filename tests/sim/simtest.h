/*
 * simtest.h: what scenarios share
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A calm world of three hosts with the real engine: L = 6 s, half a
 * millisecond each way, four shards. What a scenario does not break works.
 */
#pragma once

#include "simguest.h"
#include "simhost.h"
#include "simjudge.h"
#include "simrequest.h"
#include "virerror.h"

#define SIM_TEST_SECOND VIR_LEASE_SECOND
#define SIM_TEST_LENGTH (6 * SIM_TEST_SECOND)

typedef struct {
    simWorld *world;
    simHost *a;
    simHost *b;
    simHost *c;
} simTest;

#define SIM_TEST(path, func) \
    g_test_add("/lease/engine/" path, simTest, NULL, simTestSetUp, func, simTestTearDown)

/* After a second all three have their sessions. */
void simTestOpen(simTest *test,
                 virLeaseSpan length,
                 const simEngineClass *engine);
void simTestSetUp(simTest *test,
                  gconstpointer data);
/* Fails if the judge saw any promise broken. */
void simTestTearDown(simTest *test,
                     gconstpointer data);
/* A calm one with leases of another length; for the fixture's world. */
void simTestRestart(simTest *test,
                    virLeaseSpan length);

void simTestRun(simTest *test,
                double seconds);
/* Until no call of libvirt for @process is under way. */
void simTestSettle(simTest *test,
                   simProcess *process);

/* Starts and settles. The guest may be refused. */
simProcess *simTestStart(simTest *test,
                         simHost *host,
                         simGuest *guest);
/* One that wants "img" for itself. */
simProcess *simTestStartOne(simTest *test,
                            simHost *host,
                            const char *name);
simProcess *simTestStartPaused(simTest *test,
                               simHost *host,
                               simGuest *guest);
void simTestSuspend(simTest *test,
                    simProcess *process);
void simTestResume(simTest *test,
                   simProcess *process);
void simTestAttach(simTest *test,
                   simProcess *process,
                   const char *name);
void simTestDetach(simTest *test,
                   simProcess *process,
                   const char *name);
/* Dead, and its daemon knows. */
void simTestKill(simTest *test,
                 simProcess *process);
/* A process of the same guest that waits at @host, paused, with the token of
 * @process, which it does not stop. */
simProcess *simTestIncoming(simTest *test,
                            simProcess *process,
                            simHost *host);

/* The guest's memory is what it is now: it was stopped elsewhere this instant. */
void simTestMemoryArrives(simTest *test,
                          simProcess *incoming);

void simTestAssertState(const simProcess *process,
                        simProcessState state);
#define simTestAssertRuns(process) simTestAssertState(process, SIM_PROCESS_RUNNING)
/* It was refused, with that code and a message with each of these words, NULL
 * at the end. */
void simTestAssertRefused(const simProcess *process,
                          int code,
                          ...) G_GNUC_NULL_TERMINATED;
/* How many entries on the export name @process, or any process for NULL. */
guint simTestCountEntries(simTest *test,
                          const simProcess *process);
/* Names in sessions/ that end in @suffix, or that have no dot for NULL. */
guint simTestCountSessions(simTest *test,
                           const char *suffix);
/* The session of @host, to be freed; NULL if there is none. */
char *simTestSession(const simHost *host);
/* A path of the entry of @process for @resource, to be freed. */
char *simTestEntryPath(simTest *test,
                       const simProcess *process,
                       const char *resource);
/* Neither requests nor replies get through for so long. */
void simTestCut(simTest *test,
                const simHost *host,
                double seconds);
/* Applies to all operations of @type by @host, counted from now. */
void simTestFault(simTest *test,
                  const simHost *host,
                  virLeaseOpType type,
                  const char *path,
                  guint nth,
                  simFaultKind kind,
                  double seconds);
