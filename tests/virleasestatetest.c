/*
 * virleasestatetest.c: what a daemon saved is read again, or refused
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "virleaseenginepriv.h"

#define ID "0123456789abcdef0123456789abcdef"
#define SID "fedcba9876543210fedcba9876543210"
#define UUID "11111111-2222-3333-4444-555555555555"


static virLeaseEngine *
testEngineNew(const char *bootid)
{
    virLeaseEngineConfig config = {
        .lockspace = "default", .url = "dir:/nowhere", .host = "kvm1", .bootid = bootid, .seed = { 1 },
    };

    return virLeaseEngineNew(&config);
}


/* The text of a session that lasts until @end. */
static char *
testSession(virLeaseTime end)
{
    g_autoptr(virLeaseEngine) engine = testEngineNew("boot");

    engine->format = (virLeaseFormat) { .version = 1, .length = 6 * VIR_LEASE_SECOND, .shards = 4, .id = ID };
    g_strlcpy(engine->session.sid, SID, sizeof(engine->session.sid));
    engine->session.end = end;
    engine->session.mtime = 1000;
    engine->counterLimit = 2049;
    return virLeaseStateSession(engine);
}


static virLeaseOwner *
testOwner(virLeaseRunState state)
{
    virLeaseOwner *owner = virLeaseOwnerNew(G_MAXINT64 - 1, "web\n01 \"ü\"", UUID, 4711);

    owner->run = virLeaseRunNew(5, SID, state, 77);
    for (int i = 0; i < 3; i++) {
        g_autofree char *name = g_strdup_printf("filer:/images/%d", i);
        g_autoptr(virLeaseResource) resource = virLeaseResourceNew(name, "/images/x", i % 2);
        virLeaseEntry *entry = virLeaseEntryNew(resource);

        g_strlcpy(entry->name.sid, SID, sizeof(entry->name.sid));
        entry->name.run = 5;
        entry->name.attempt = 6;
        entry->path = virLeaseEntryPath(&entry->name, 4);
        entry->fileid = G_MAXUINT64 - 7;
        entry->ctime = -5;
        g_ptr_array_add(owner->run->entries, entry);
    }
    return owner;
}


static void
testOwnerRoundTrip(void)
{
    for (virLeaseRunState state = 0; state < VIR_LEASE_RUN_LAST; state++) {
        virLeaseOwner *owner = testOwner(state);
        g_autofree char *text = virLeaseStateOwner(owner);
        virLeaseOwner *again = virLeaseStateParseOwner(text);
        g_autofree char *twice = NULL;

        g_assert_nonnull(again);
        twice = virLeaseStateOwner(again);
        g_assert_cmpstr(text, ==, twice);
        g_assert_cmpstr(again->guest, ==, owner->guest);
        g_assert_cmpint(again->run->state, ==, state);
        g_assert_cmpuint(((virLeaseEntry *) again->run->entries->pdata[0])->fileid, ==, G_MAXUINT64 - 7);
        virLeaseOwnerFree(owner);
        virLeaseOwnerFree(again);
    }
}


static void
testRefusedOwner(const char *text)
{
    g_assert_null(virLeaseStateParseOwner(text));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INTERNAL_ERROR);
    virResetLastError();
}


/* A state file that was cut anywhere is refused, never half believed. */
static void
testCutOwner(void)
{
    virLeaseOwner *owner = testOwner(VIR_LEASE_RUN_RUNNING);
    g_autofree char *text = virLeaseStateOwner(owner);

    for (gsize i = 0; i + 1 < strlen(text); i++) {
        g_autofree char *cut = g_strndup(text, i);

        testRefusedOwner(cut);
    }
    virLeaseOwnerFree(owner);
}


/* What is to be done with the guest is known after a restart, too; who wrote
 * nothing about it knew poweroff only. */
static void
testFailure(void)
{
    static const char member[] = ",\"failure\":\"poweroff\"";

    for (virLeaseFailure failure = 0; failure < VIR_LEASE_FAILURE_LAST; failure++) {
        virLeaseOwner *owner = testOwner(VIR_LEASE_RUN_RUNNING);
        g_autofree char *text = NULL;
        g_autofree char *cut = NULL;
        virLeaseOwner *again;

        owner->failure = failure;
        text = virLeaseStateOwner(owner);
        again = virLeaseStateParseOwner(text);
        g_assert_nonnull(again);
        g_assert_cmpint(again->failure, ==, failure);
        virLeaseOwnerFree(again);
        if (failure == VIR_LEASE_FAILURE_POWEROFF) {
            const char *at = strstr(text, member);

            g_assert_nonnull(at);
            cut = g_strdup_printf("%.*s%s", (int) (at - text), text, at + strlen(member));
            again = virLeaseStateParseOwner(cut);
            g_assert_nonnull(again);
            g_assert_cmpint(again->failure, ==, VIR_LEASE_FAILURE_POWEROFF);
            virLeaseOwnerFree(again);
        }
        virLeaseOwnerFree(owner);
    }
}


static void
testForeignTypes(void)
{
    static const char *const texts[] = {
        "[]", "null", "7", "\"x\"", "{}", "{\"version\":1}", "{\"version\":\"2\"}",
        "{\"version\":\"1\",\"owner\":[],\"guest\":{},\"uuid\":1,\"pid\":\"1\",\"gone\":\"0\"}",
        "{\"version\":\"1\",\"owner\":\"1\",\"guest\":\"g\",\"uuid\":\"u\",\"pid\":\"-1\",\"gone\":\"0\"}",
        "{\"version\":\"1\",\"owner\":\"1\",\"guest\":\"g\",\"uuid\":\"u\",\"pid\":\"1\",\"gone\":\"0\",\"run\":[]}",
        "{\"version\":\"1\",\"owner\":\"1\",\"guest\":\"g\",\"uuid\":\"u\",\"pid\":\"1\",\"gone\":\"0\",\"wanted\":[],"
        "\"failure\":\"explode\"}",
        "{\"version\":\"1\",\"owner\":\"1\",\"guest\":\"g\",\"uuid\":\"u\",\"pid\":\"1\",\"gone\":\"0\",\"wanted\":[],"
        "\"failure\":0}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        testRefusedOwner(texts[i]);
}


/* What is no session's name would be cut to the length of one, in the middle of a
 * character perhaps, and then saved so. */
static void
testForeignFromSession(void)
{
    static const char *const names[] = { "x", "fedcba9876543210fedcba9876543210f", "\u00fc" };
    virLeaseOwner *owner = testOwner(VIR_LEASE_RUN_RUNNING);
    g_autofree char *text = NULL;

    *owner->run->fromSid = '\0';
    text = virLeaseStateOwner(owner);
    virLeaseOwnerFree(owner);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_auto(GStrv) halves = g_strsplit(text, "\"fromSession\":\"", 2);
        g_autofree char *foreign = g_strconcat(halves[0], "\"fromSession\":\"", names[i], halves[1], NULL);

        testRefusedOwner(foreign);
    }
}


static int
testRestore(virLeaseEngine *engine,
            const char *session,
            virLeaseRunState state,
            virLeaseTime now)
{
    g_autoptr(GPtrArray) owners = g_ptr_array_new_with_free_func(g_free);
    virLeaseOwner *owner = testOwner(state);

    g_ptr_array_add(owners, virLeaseStateOwner(owner));
    virLeaseOwnerFree(owner);
    return virLeaseEngineRestore(engine, session, owners, now);
}


static guint
testCountActions(virLeaseEngine *engine,
                 virLeaseTime now,
                 virLeaseActionType type)
{
    GQueue actions = G_QUEUE_INIT;
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_TIMER, .now = now, .wall = 2000 };
    virLeaseAction *action;
    guint count = 0;

    virLeaseEngineStep(engine, &event, &actions);
    while ((action = g_queue_pop_head(&actions))) {
        count += action->type == type;
        virLeaseActionFree(action);
    }
    return count;
}


static void
testAdopted(void)
{
    g_autofree char *session = testSession(100 * VIR_LEASE_SECOND);
    g_autoptr(virLeaseEngine) engine = testEngineNew("boot");
    g_autoptr(virLeaseEngine) second = testEngineNew("boot");

    g_assert_cmpint(testRestore(engine, session, VIR_LEASE_RUN_RUNNING, 99 * VIR_LEASE_SECOND), ==, 0);
    g_assert_true(virLeaseEngineIsOwnSid(engine, SID));
    /* Rule 1: a number that may have been used is not used again. */
    g_assert_cmpuint(engine->counter, >=, 2049);
    g_assert_cmpint(testRestore(second, session, VIR_LEASE_RUN_RUNNING, 97 * VIR_LEASE_SECOND), ==, 0);
    g_assert_cmpuint(testCountActions(second, 97 * VIR_LEASE_SECOND, VIR_LEASE_ACTION_ENTER), ==, 1);
    /* Inside the margin of the adopted lease the guests are stopped all the same (rule 6). */
    g_assert_cmpuint(testCountActions(engine, 99 * VIR_LEASE_SECOND, VIR_LEASE_ACTION_FENCE), ==, 1);
}


static void
testTooLateToAdopt(void)
{
    g_autofree char *session = testSession(100 * VIR_LEASE_SECOND);
    g_autoptr(virLeaseEngine) engine = testEngineNew("boot");

    g_assert_cmpint(testRestore(engine, session, VIR_LEASE_RUN_RUNNING, 100 * VIR_LEASE_SECOND), ==, 0);
    g_assert_false(virLeaseEngineIsOwnSid(engine, SID));
    g_assert_cmpuint(testCountActions(engine, 100 * VIR_LEASE_SECOND, VIR_LEASE_ACTION_FENCE), ==, 1);
}


static void
testAnotherBoot(void)
{
    g_autofree char *session = testSession(100 * VIR_LEASE_SECOND);
    g_autoptr(virLeaseEngine) engine = testEngineNew("another boot");

    g_assert_cmpint(testRestore(engine, session, VIR_LEASE_RUN_RUNNING, VIR_LEASE_SECOND), ==, 0);
    g_assert_cmpuint(g_hash_table_size(engine->owners), ==, 0);
    g_assert_cmpuint(testCountActions(engine, VIR_LEASE_SECOND, VIR_LEASE_ACTION_FENCE), ==, 0);
}


static void
testDamagedSession(void)
{
    g_autofree char *session = testSession(100 * VIR_LEASE_SECOND);

    for (gsize i = 0; i + 1 < strlen(session); i++) {
        g_autoptr(virLeaseEngine) engine = testEngineNew("boot");
        g_autofree char *cut = g_strndup(session, i);

        g_assert_cmpint(virLeaseEngineRestore(engine, cut, NULL, 0), ==, -1);
        virResetLastError();
    }
}


int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lease/state/owner-round-trip", testOwnerRoundTrip);
    g_test_add_func("/lease/state/cut-owner", testCutOwner);
    g_test_add_func("/lease/state/failure", testFailure);
    g_test_add_func("/lease/state/foreign-types", testForeignTypes);
    g_test_add_func("/lease/state/foreign-from-session", testForeignFromSession);
    g_test_add_func("/lease/state/adopted", testAdopted);
    g_test_add_func("/lease/state/too-late-to-adopt", testTooLateToAdopt);
    g_test_add_func("/lease/state/another-boot", testAnotherBoot);
    g_test_add_func("/lease/state/damaged-session", testDamagedSession);
    return g_test_run();
}
