/*
 * virleasestate.c: what the engine has saved, and reads again, as JSON
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Written before an answer is given. Numbers that may pass 2^53 are strings.
 */
#include <config.h>

#include <json-glib/json-glib.h>
#include <string.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virjson.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LEASE_STATE_VERSION 1
#define VIR_LEASE_STATE_MAX (8 * 1024 * 1024)

static const char *const virLeaseStateRunNames[VIR_LEASE_RUN_LAST] = { "reserved", "running", "stopped", "exited" };


/* ---- writing ---- */

static void
virLeaseStateAddString(JsonBuilder *builder,
                       const char *name,
                       const char *value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, value);
}


static void
virLeaseStateAddNumber(JsonBuilder *builder,
                       const char *name,
                       gint64 value)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);

    virLeaseStateAddString(builder, name, text);
}


static char *
virLeaseStateFinish(JsonBuilder *builder)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    JsonNode *root = json_builder_get_root(builder);
    char *text;

    json_generator_set_root(generator, root);
    text = json_generator_to_data(generator, NULL);
    json_node_unref(root);
    return text;
}


char *
virLeaseStateSession(const virLeaseEngine *engine)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    const virLeaseSession *session = &engine->session;
    g_autofree char *format = virLeaseFormatString(&engine->format);

    json_builder_begin_object(builder);
    virLeaseStateAddNumber(builder, "version", VIR_LEASE_STATE_VERSION);
    virLeaseStateAddString(builder, "bootid", engine->bootid);
    virLeaseStateAddString(builder, "format", format);
    virLeaseStateAddString(builder, "session", session->sid);
    virLeaseStateAddNumber(builder, "end", session->end);
    virLeaseStateAddNumber(builder, "mtime", session->mtime);
    virLeaseStateAddNumber(builder, "fileid", (gint64) session->fileid);
    virLeaseStateAddNumber(builder, "counter", (gint64) engine->counterLimit);
    json_builder_end_object(builder);
    return virLeaseStateFinish(builder);
}


static void
virLeaseStateAddEntry(JsonBuilder *builder,
                      const virLeaseEntry *entry)
{
    json_builder_begin_object(builder);
    virLeaseStateAddString(builder, "resource", entry->resource->name);
    virLeaseStateAddString(builder, "path", entry->resource->path);
    virLeaseStateAddNumber(builder, "shared", entry->name.shared);
    virLeaseStateAddNumber(builder, "token", entry->name.token);
    virLeaseStateAddNumber(builder, "attempt", (gint64) entry->name.attempt);
    virLeaseStateAddString(builder, "entry", entry->path);
    virLeaseStateAddNumber(builder, "fileid", (gint64) entry->fileid);
    virLeaseStateAddNumber(builder, "ctime", entry->ctime);
    json_builder_end_object(builder);
}


static void
virLeaseStateAddRun(JsonBuilder *builder,
                    const virLeaseRun *run)
{
    json_builder_set_member_name(builder, "run");
    json_builder_begin_object(builder);
    virLeaseStateAddNumber(builder, "number", (gint64) run->number);
    virLeaseStateAddString(builder, "session", run->sid);
    virLeaseStateAddString(builder, "state", virLeaseStateRunNames[run->state]);
    virLeaseStateAddNumber(builder, "since", run->since);
    virLeaseStateAddString(builder, "fromSession", run->fromSid);
    virLeaseStateAddNumber(builder, "fromRun", (gint64) run->fromRun);
    virLeaseStateAddNumber(builder, "stoppedKnown", run->stoppedKnown);
    virLeaseStateAddNumber(builder, "exitedKnown", run->exitedKnown);
    json_builder_set_member_name(builder, "entries");
    json_builder_begin_array(builder);
    for (guint i = 0; i < run->entries->len; i++)
        virLeaseStateAddEntry(builder, g_ptr_array_index(run->entries, i));
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}


static void
virLeaseStateAddWanted(JsonBuilder *builder,
                       const virLeaseOwner *owner)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(owner->wanted), (GCompareFunc) strcmp);

    json_builder_set_member_name(builder, "wanted");
    json_builder_begin_array(builder);
    for (GList *next = names; next; next = next->next)
        json_builder_add_string_value(builder, next->data);
    json_builder_end_array(builder);
}


char *
virLeaseStateOwner(const virLeaseOwner *owner)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    virLeaseStateAddNumber(builder, "version", VIR_LEASE_STATE_VERSION);
    virLeaseStateAddNumber(builder, "owner", (gint64) owner->id);
    virLeaseStateAddString(builder, "guest", owner->guest);
    virLeaseStateAddString(builder, "uuid", owner->uuid);
    virLeaseStateAddNumber(builder, "pid", owner->pid);
    virLeaseStateAddString(builder, "failure", virLeaseFailureToString(owner->failure));
    virLeaseStateAddNumber(builder, "gone", owner->gone);
    virLeaseStateAddNumber(builder, "ran", owner->ran);
    virLeaseStateAddWanted(builder, owner);
    if (owner->run)
        virLeaseStateAddRun(builder, owner->run);
    json_builder_end_object(builder);
    return virLeaseStateFinish(builder);
}


void
virLeaseEngineSaveSession(virLeaseEngine *engine)
{
    virLeaseEngineAct(engine, VIR_LEASE_ACTION_SAVE_SESSION)->text = virLeaseStateSession(engine);
}


void
virLeaseEngineSaveOwner(virLeaseEngine *engine,
                        const virLeaseOwner *owner)
{
    virLeaseAction *action = virLeaseEngineAct(engine, VIR_LEASE_ACTION_SAVE_OWNER);

    action->owner = owner->id;
    action->text = virLeaseStateOwner(owner);
}


/* ---- reading ---- */

static const char *
virLeaseStateGetString(JsonObject *object,
                       const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    if (!node || json_node_get_value_type(node) != G_TYPE_STRING)
        return NULL;
    return json_node_get_string(node);
}


static gboolean
virLeaseStateGetNumber(JsonObject *object,
                       const char *name,
                       gint64 min,
                       gint64 max,
                       gint64 *value)
{
    const char *text = virLeaseStateGetString(object, name);

    return text && g_ascii_string_to_signed(text, 10, min, max, value, NULL);
}


static JsonObject *
virLeaseStateParse(JsonParser *parser,
                   const char *text)
{
    JsonNode *root;
    JsonObject *object;
    gint64 version;

    if (strnlen(text, VIR_LEASE_STATE_MAX + 1) > VIR_LEASE_STATE_MAX ||
        !virJSONIsPlain(text) || !json_parser_load_from_data(parser, text, -1, NULL))
        return NULL;
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root))
        return NULL;
    object = json_node_get_object(root);
    if (!virLeaseStateGetNumber(object, "version", VIR_LEASE_STATE_VERSION, VIR_LEASE_STATE_VERSION, &version))
        return NULL;
    return object;
}


static gboolean
virLeaseStateReadSession(virLeaseEngine *engine,
                         JsonObject *object,
                         gboolean *sameBoot)
{
    const char *bootid = virLeaseStateGetString(object, "bootid");
    const char *format = virLeaseStateGetString(object, "format");
    const char *sid = virLeaseStateGetString(object, "session");
    gint64 end, mtime, fileid, counter;

    if (!bootid || !format || virLeaseFormatParse(format, &engine->format) < 0 ||
        !sid || !virLeaseNameIsHex(sid, VIR_LEASE_SID_LEN) ||
        !virLeaseStateGetNumber(object, "end", 0, G_MAXINT64, &end) ||
        !virLeaseStateGetNumber(object, "mtime", 0, G_MAXINT64 / VIR_LEASE_SECOND, &mtime) ||
        !virLeaseStateGetNumber(object, "fileid", G_MININT64, G_MAXINT64, &fileid) ||
        !virLeaseStateGetNumber(object, "counter", 1, VIR_LEASE_COUNTER_MAX, &counter))
        return FALSE;
    g_strlcpy(engine->session.sid, sid, sizeof(engine->session.sid));
    engine->session.end = end;
    engine->session.mtime = mtime;
    engine->session.fileid = (guint64) fileid;
    engine->counter = engine->counterLimit = VIR_LEASE_RULE(engine, COUNTER_FORGOTTEN) ? (guint64) counter : 1;
    *sameBoot = g_str_equal(bootid, engine->bootid);
    return TRUE;
}


static int
virLeaseStateDamaged(void)
{
    virReportError(VIR_ERR_INTERNAL_ERROR, "%s",
                   _("the saved state is damaged or was written by another version of virtleased"));
    return -1;
}


/* Fills in the format, the session's members and the counter. */
int
virLeaseStateParseSession(virLeaseEngine *engine,
                          const char *text,
                          gboolean *sameBoot)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *object = virLeaseStateParse(parser, text);

    if (!object || !virLeaseStateReadSession(engine, object, sameBoot))
        return virLeaseStateDamaged();
    return 0;
}


static virLeaseEntry *
virLeaseStateReadEntry(JsonObject *object,
                       const virLeaseRun *run)
{
    const char *name = virLeaseStateGetString(object, "resource");
    const char *path = virLeaseStateGetString(object, "path");
    const char *onExport = virLeaseStateGetString(object, "entry");
    g_autoptr(virLeaseResource) resource = NULL;
    virLeaseEntryName parsed;
    virLeaseEntry *entry;
    gint64 shared, token, attempt, fileid, ctime;

    if (!name || !path || !onExport || !strrchr(onExport, '/') ||
        !virLeaseStateGetNumber(object, "shared", 0, 1, &shared) ||
        !virLeaseStateGetNumber(object, "token", 0, 1, &token) ||
        !virLeaseStateGetNumber(object, "attempt", 1, VIR_LEASE_COUNTER_MAX, &attempt) ||
        !virLeaseStateGetNumber(object, "fileid", G_MININT64, G_MAXINT64, &fileid) ||
        !virLeaseStateGetNumber(object, "ctime", G_MININT64, G_MAXINT64, &ctime) ||
        !virLeaseEntryNameParse(strrchr(onExport, '/') + 1, &parsed))
        return NULL;
    resource = virLeaseResourceNew(name, path, shared ? VIR_LEASE_MODE_SHARED : VIR_LEASE_MODE_EXCLUSIVE);
    entry = virLeaseEntryNew(resource);
    entry->name.token = token;
    g_strlcpy(entry->name.sid, run->sid, sizeof(entry->name.sid));
    entry->name.run = run->number;
    entry->name.attempt = attempt;
    entry->path = g_strdup(onExport);
    entry->fileid = (guint64) fileid;
    entry->ctime = ctime;
    entry->sent = entry->answered = TRUE;
    return entry;
}


static int
virLeaseStateRunState(const char *name)
{
    for (int i = 0; name && i < VIR_LEASE_RUN_LAST; i++) {
        if (g_str_equal(name, virLeaseStateRunNames[i]))
            return i;
    }
    return -1;
}


/* An array of at most as many as a guest may have, or NULL. */
static JsonArray *
virLeaseStateGetArray(JsonObject *object,
                      const char *name)
{
    JsonNode *node = json_object_get_member(object, name);
    JsonArray *array;

    if (!node || !JSON_NODE_HOLDS_ARRAY(node))
        return NULL;
    array = json_node_get_array(node);
    return json_array_get_length(array) <= VIR_LEASE_RESOURCES_MAX ? array : NULL;
}


static gboolean
virLeaseStateReadWanted(JsonObject *object,
                        virLeaseOwner *owner)
{
    JsonArray *array = virLeaseStateGetArray(object, "wanted");

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *item = json_array_get_element(array, i);

        if (json_node_get_value_type(item) != G_TYPE_STRING)
            return FALSE;
        g_hash_table_add(owner->wanted, g_strdup(json_node_get_string(item)));
    }
    return array != NULL;
}


static gboolean
virLeaseStateReadEntries(JsonObject *object,
                         virLeaseRun *run)
{
    JsonArray *array = virLeaseStateGetArray(object, "entries");

    if (!array)
        return FALSE;
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonNode *item = json_array_get_element(array, i);
        virLeaseEntry *entry = JSON_NODE_HOLDS_OBJECT(item) ?
            virLeaseStateReadEntry(json_node_get_object(item), run) : NULL;

        if (!entry)
            return FALSE;
        g_ptr_array_add(run->entries, entry);
    }
    return TRUE;
}


static virLeaseRun *
virLeaseStateReadRun(JsonObject *object)
{
    const char *sid = virLeaseStateGetString(object, "session");
    const char *fromSid = virLeaseStateGetString(object, "fromSession");
    int state = virLeaseStateRunState(virLeaseStateGetString(object, "state"));
    g_autoptr(virLeaseRun) run = NULL;
    gint64 number, since, fromRun, stoppedKnown, exitedKnown;

    if (!sid || !virLeaseNameIsHex(sid, VIR_LEASE_SID_LEN) || state < 0 ||
        !fromSid || (*fromSid && !virLeaseNameIsHex(fromSid, VIR_LEASE_SID_LEN)) ||
        !virLeaseStateGetNumber(object, "number", 1, VIR_LEASE_COUNTER_MAX, &number) ||
        !virLeaseStateGetNumber(object, "since", 0, G_MAXINT64, &since) ||
        !virLeaseStateGetNumber(object, "fromRun", 0, VIR_LEASE_COUNTER_MAX, &fromRun) ||
        !virLeaseStateGetNumber(object, "stoppedKnown", 0, 1, &stoppedKnown) ||
        !virLeaseStateGetNumber(object, "exitedKnown", 0, 1, &exitedKnown))
        return NULL;
    run = virLeaseRunNew(number, sid, state, since);
    g_strlcpy(run->fromSid, fromSid, sizeof(run->fromSid));
    run->fromRun = fromRun;
    run->stoppedKnown = stoppedKnown;
    run->exitedKnown = exitedKnown;
    if (!virLeaseStateReadEntries(object, run))
        return NULL;
    return g_steal_pointer(&run);
}


/* Who wrote none knew only one. */
static virLeaseFailure
virLeaseStateGetFailure(JsonObject *object)
{
    if (!json_object_has_member(object, "failure"))
        return VIR_LEASE_FAILURE_POWEROFF;
    return virLeaseFailureFromString(virLeaseStateGetString(object, "failure"));
}


/* Who wrote none did not remember it. */
static gboolean
virLeaseStateGetRan(JsonObject *object,
                    gboolean *ran)
{
    gint64 value = 1;

    if (json_object_has_member(object, "ran") && !virLeaseStateGetNumber(object, "ran", 0, 1, &value))
        return FALSE;
    *ran = value != 0;
    return TRUE;
}


static virLeaseOwner *
virLeaseStateReadOwner(JsonObject *object)
{
    const char *guest = virLeaseStateGetString(object, "guest");
    const char *uuid = virLeaseStateGetString(object, "uuid");
    virLeaseFailure failure = virLeaseStateGetFailure(object);
    JsonNode *node = json_object_get_member(object, "run");
    virLeaseOwner *owner;
    gint64 id, pid, gone;
    gboolean ran;

    if (!guest || !uuid || failure == VIR_LEASE_FAILURE_LAST ||
        !virLeaseStateGetNumber(object, "owner", 1, G_MAXINT64, &id) ||
        !virLeaseStateGetNumber(object, "pid", 1, G_MAXINT32, &pid) ||
        !virLeaseStateGetNumber(object, "gone", 0, 1, &gone) ||
        !virLeaseStateGetRan(object, &ran))
        return NULL;
    owner = virLeaseOwnerNew(id, guest, uuid, pid);
    owner->gone = gone;
    owner->ran = ran;
    owner->failure = failure;
    if (node && JSON_NODE_HOLDS_OBJECT(node))
        owner->run = virLeaseStateReadRun(json_node_get_object(node));
    if (!virLeaseStateReadWanted(object, owner) || (node && !owner->run))
        g_clear_pointer(&owner, virLeaseOwnerFree);
    return owner;
}


virLeaseOwner *
virLeaseStateParseOwner(const char *text)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonObject *object = virLeaseStateParse(parser, text);
    virLeaseOwner *owner = object ? virLeaseStateReadOwner(object) : NULL;

    if (!owner)
        virLeaseStateDamaged();
    return owner;
}
