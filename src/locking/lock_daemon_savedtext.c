/*
 * lock_daemon_savedtext.c: the JSON object around the engine's saved text
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <json-glib/json-glib.h>

#include "lock_daemon_savedtext.h"
#include "virerror.h"
#include "virgettext.h"
#include "virjson.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

#define VIR_LOCK_DAEMON_SAVED_TEXT_VERSION 1

void
virLockDaemonSavedTextFree(virLockDaemonSavedText *saved)
{
    if (!saved)
        return;
    g_free(saved->bootid);
    g_free(saved->url);
    g_free(saved->uuid);
    g_free(saved->name);
    g_free(saved->text);
    g_free(saved);
}

static void
virLockDaemonSavedTextAdd(JsonObject *object, const char *member, const char *value)
{
    if (value)
        json_object_set_string_member(object, member, value);
}

char *
virLockDaemonSavedTextFormat(const virLockDaemonSavedText *saved)
{
    JsonObject *object = json_object_new();
    JsonNode *root = json_node_init_object(json_node_alloc(), object);
    char *text;

    json_object_set_int_member(object, "version", VIR_LOCK_DAEMON_SAVED_TEXT_VERSION);
    virLockDaemonSavedTextAdd(object, "bootid", saved->bootid);
    virLockDaemonSavedTextAdd(object, "url", saved->url);
    virLockDaemonSavedTextAdd(object, "uuid", saved->uuid);
    virLockDaemonSavedTextAdd(object, "name", saved->name);
    virLockDaemonSavedTextAdd(object, "engine", saved->text);
    text = json_to_string(root, FALSE);
    json_node_unref(root);
    json_object_unref(object);
    return text;
}

/* A copy of a member that is a string, else NULL. */
static char *
virLockDaemonSavedTextGet(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    if (!node || json_node_get_value_type(node) != G_TYPE_STRING)
        return NULL;
    return g_strdup(json_node_get_string(node));
}

static virLockDaemonSavedText *
virLockDaemonSavedTextFromObject(JsonObject *object)
{
    g_autoptr(virLockDaemonSavedText) saved = g_new0(virLockDaemonSavedText, 1);
    JsonNode *version = json_object_get_member(object, "version");
    unsigned char uuid[VIR_UUID_BUFLEN];

    if (!version || json_node_get_value_type(version) != G_TYPE_INT64 ||
        json_node_get_int(version) != VIR_LOCK_DAEMON_SAVED_TEXT_VERSION)
        return NULL;
    saved->bootid = virLockDaemonSavedTextGet(object, "bootid");
    saved->url = virLockDaemonSavedTextGet(object, "url");
    saved->uuid = virLockDaemonSavedTextGet(object, "uuid");
    saved->name = virLockDaemonSavedTextGet(object, "name");
    saved->text = virLockDaemonSavedTextGet(object, "engine");
    if (!saved->bootid || !saved->text)
        return NULL;
    if (saved->uuid && virUUIDParse(saved->uuid, uuid) < 0)
        return NULL;
    return g_steal_pointer(&saved);
}

virLockDaemonSavedText *
virLockDaemonSavedTextParse(const char *text, const char *file)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    virLockDaemonSavedText *saved = NULL;

    if (virJSONIsPlain(text) && json_parser_load_from_data(parser, text, -1, NULL)) {
        JsonNode *root = json_parser_get_root(parser);

        if (root && JSON_NODE_HOLDS_OBJECT(root))
            saved = virLockDaemonSavedTextFromObject(json_node_get_object(root));
    }
    if (!saved)
        virReportError(VIR_ERR_INTERNAL_ERROR, _("the state file '%1$s' is damaged"), file);
    return saved;
}
