/*
 * fuzz-state.c: what the engine saved
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The input's first line is the session's text, the others are owners' texts.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virerror.h"
#include "virleaseenginepriv.h"

#define FUZZ_NOW (100 * VIR_LEASE_SECOND)
#define FUZZ_WALL 1700000000
#define FUZZ_OWNERS_MAX 16

static virLeaseEngine *
fuzzEngine(void)
{
    virLeaseEngineConfig config = {
        .lockspace = "default", .url = "dir:/nowhere", .host = "kvm1", .bootid = "boot", .seed = { 1 },
    };

    return virLeaseEngineNew(&config);
}

/* What is saved is read again, as the same. */
static void
fuzzAssertOwnerComesBack(const char *text)
{
    virLeaseOwner *owner = virLeaseStateParseOwner(text);
    g_autofree char *again = NULL;

    g_assert_nonnull(owner);
    again = virLeaseStateOwner(owner);
    g_assert_cmpstr(again, ==, text);
    virLeaseOwnerFree(owner);
}

static void
fuzzAssertSessionComesBack(const char *text)
{
    g_autoptr(virLeaseEngine) engine = fuzzEngine();
    g_autofree char *again = NULL;
    gboolean sameBoot = FALSE;

    g_assert_cmpint(virLeaseStateParseSession(engine, text, &sameBoot), ==, 0);
    g_assert_true(sameBoot);
    again = virLeaseStateSession(engine);
    g_assert_cmpstr(again, ==, text);
}

static void
fuzzAssertOwnersComeBack(virLeaseEngine *engine)
{
    GHashTableIter iter;
    void *owner;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &owner)) {
        g_autofree char *text = virLeaseStateOwner(owner);

        fuzzAssertOwnerComesBack(text);
    }
}

/* One step; what it has to be done is looked at, and left undone. */
static void
fuzzStep(virLeaseEngine *engine, virLeaseEvent *event)
{
    GQueue actions = G_QUEUE_INIT;
    virLeaseAction *action;

    virLeaseEngineStep(engine, event, &actions);
    while ((action = g_queue_pop_head(&actions))) {
        if (action->type == VIR_LEASE_ACTION_SAVE_OWNER)
            fuzzAssertOwnerComesBack(action->text);
        else if (action->type == VIR_LEASE_ACTION_SAVE_SESSION)
            fuzzAssertSessionComesBack(action->text);
        else if (action->type == VIR_LEASE_ACTION_STORE)
            g_assert_nonnull(action->op->path);
        virLeaseActionFree(action);
    }
}

static void
fuzzStatus(virLeaseEngine *engine, virLeaseTime now)
{
    virLeaseEngineStatus *status = virLeaseEngineGetStatus(engine, now);

    g_assert_cmpuint(status->owners->len, <=, FUZZ_OWNERS_MAX);
    virLeaseEngineStatusFree(status);
}

/* Goes on with what was restored, until all processes are gone. */
static void
fuzzGoOn(virLeaseEngine *engine)
{
    g_autoptr(GList) owners = g_hash_table_get_keys(engine->owners);
    virLeaseEvent event = { .type = VIR_LEASE_EVENT_TIMER, .now = FUZZ_NOW, .wall = FUZZ_WALL };
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));

    for (GList *next = owners; next; next = next->next)
        g_array_append_vals(ids, next->data, 1);

    fuzzStep(engine, &event);
    fuzzStatus(engine, event.now);
    event.now += VIR_LEASE_SECOND;
    for (guint i = 0; i < ids->len; i++) {
        event.type = i % 2 ? VIR_LEASE_EVENT_SUSPEND : VIR_LEASE_EVENT_INQUIRE;
        event.owner = g_array_index(ids, guint64, i);
        event.request = i + 1;
        event.deadline = event.now + VIR_LEASE_SECOND;
        fuzzStep(engine, &event);
    }
    event.now += 3600 * VIR_LEASE_SECOND;
    event.type = VIR_LEASE_EVENT_TIMER;
    fuzzStep(engine, &event);
    event.type = VIR_LEASE_EVENT_EXITED;
    for (guint i = 0; i < ids->len; i++) {
        event.owner = g_array_index(ids, guint64, i);
        fuzzStep(engine, &event);
    }
    event.type = VIR_LEASE_EVENT_SHUTDOWN;
    fuzzStep(engine, &event);
    fuzzStatus(engine, event.now);
    g_assert_cmpint(virLeaseEngineGetWakeup(engine), >, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", FUZZ_OWNERS_MAX + 1);
    g_autoptr(GPtrArray) owners = g_ptr_array_new();
    g_autoptr(virLeaseEngine) engine = fuzzEngine();
    const char *session = lines[0] && *lines[0] ? lines[0] : NULL;

    for (gsize i = 1; lines[0] && lines[i]; i++) {
        if (*lines[i])
            g_ptr_array_add(owners, lines[i]);
    }
    if (virLeaseEngineRestore(engine, session, owners, FUZZ_NOW) < 0) {
        fuzzAssertError(VIR_ERR_INTERNAL_ERROR);
        return 0;
    }
    fuzzAssertOwnersComeBack(engine);
    fuzzGoOn(engine);
    return 0;
}
