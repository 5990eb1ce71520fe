/*
 * virlockspacestate.c: a lockspace as JSON, to outlive an exec
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <limits.h>
#include <unistd.h>

#include "virerror.h"
#include "virlockspacepriv.h"

#define VIR_FROM_THIS VIR_FROM_LOCKSPACE

#define VIR_LOCK_SPACE_FLAGS_ALL \
    (VIR_LOCK_SPACE_ACQUIRE_SHARED | VIR_LOCK_SPACE_ACQUIRE_AUTOCREATE)

static JsonArray *
virLockSpaceFormatOwners(const GArray *owners)
{
    JsonArray *array = json_array_new();
    guint i;

    for (i = 0; i < owners->len; i++)
        json_array_add_int_element(array, g_array_index(owners, pid_t, i));
    return array;
}

/* Returns 0, or -1 with an error reported. */
static int
virLockSpaceFormatResource(const virLockSpaceResource *resource, JsonArray *resources)
{
    JsonObject *object;
    int fd = virLockSpaceFileBequeath(resource->file);

    if (fd < 0)
        return -1;
    object = json_object_new();
    json_object_set_string_member(object, "name", resource->name);
    json_object_set_int_member(object, "fd", fd);
    json_object_set_int_member(object, "flags", resource->flags);
    json_object_set_array_member(object, "owners", virLockSpaceFormatOwners(resource->owners));
    json_array_add_object_element(resources, object);
    return 0;
}

JsonObject *
virLockSpacePreExecRestart(virLockSpace *lockspace)
{
    g_autoptr(JsonObject) object = json_object_new();
    JsonArray *resources = json_array_new();
    GHashTableIter iter;
    void *value;
    int result = 0;

    if (lockspace->dir)
        json_object_set_string_member(object, "directory", lockspace->dir);
    json_object_set_array_member(object, "resources", resources);
    g_mutex_lock(&lockspace->lock);
    g_hash_table_iter_init(&iter, lockspace->resources);
    while (result == 0 && g_hash_table_iter_next(&iter, NULL, &value))
        result = virLockSpaceFormatResource(value, resources);
    g_mutex_unlock(&lockspace->lock);
    return result == 0 ? g_steal_pointer(&object) : NULL;
}

/* Returns 0 or -1, without reporting an error. */
static int
virLockSpaceGetInt(JsonNode *node, gint64 min, gint64 max, gint64 *value)
{
    if (!node || json_node_get_value_type(node) != G_TYPE_INT64 ||
        json_node_get_int(node) < min || json_node_get_int(node) > max)
        return -1;
    *value = json_node_get_int(node);
    return 0;
}

static const char *
virLockSpaceGetString(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : NULL;
}

static JsonArray *
virLockSpaceGetArray(JsonObject *object, const char *member, guint max)
{
    JsonNode *node = json_object_get_member(object, member);
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

    return array && json_array_get_length(array) <= max ? array : NULL;
}

/* Returns what it says, or NULL without an error reported. */
static GArray *
virLockSpaceParseOwners(JsonArray *array, gboolean shared)
{
    g_autoptr(GArray) owners = g_array_new(FALSE, FALSE, sizeof(pid_t));
    guint count = array ? json_array_get_length(array) : 0;
    guint i;

    if (count == 0 || (count > 1 && !shared))
        return NULL;
    for (i = 0; i < count; i++) {
        gint64 value;
        pid_t owner;

        if (virLockSpaceGetInt(json_array_get_element(array, i), 1, INT_MAX, &value) < 0)
            return NULL;
        owner = (pid_t) value;
        g_array_append_val(owners, owner);
    }
    return g_steal_pointer(&owners);
}

static void
virLockSpaceReportDamage(void)
{
    virReportError(VIR_ERR_INTERNAL_ERROR, "%s", _("the saved state of a lockspace is damaged"));
}

static int
virLockSpaceParseResource(virLockSpace *lockspace, JsonObject *object)
{
    const char *name = virLockSpaceGetString(object, "name");
    g_autoptr(GArray) owners = NULL;
    virLockSpaceResource *resource;
    virLockSpaceFile *file;
    gint64 flags;
    gint64 fd;

    /* Whatever is below is no lock file. */
    if (!name || virLockSpaceGetInt(json_object_get_member(object, "fd"), STDERR_FILENO + 1, INT_MAX, &fd) < 0 ||
        virLockSpaceGetInt(json_object_get_member(object, "flags"), 0, VIR_LOCK_SPACE_FLAGS_ALL, &flags) < 0 ||
        !(owners = virLockSpaceParseOwners(virLockSpaceGetArray(object, "owners", VIR_LOCK_SPACE_OWNERS_MAX),
                                           (flags & VIR_LOCK_SPACE_ACQUIRE_SHARED) != 0)) ||
        g_hash_table_contains(lockspace->resources, name)) {
        virLockSpaceReportDamage();
        return -1;
    }
    if (virLockSpaceCheckName(lockspace, name) < 0 ||
        !(file = virLockSpaceFileAdopt(name, (int) fd, (flags & VIR_LOCK_SPACE_ACQUIRE_SHARED) != 0)))
        return -1;
    resource = virLockSpaceAddResource(lockspace, name, file, (unsigned int) flags);
    g_array_append_vals(resource->owners, owners->data, owners->len);
    return 0;
}

virLockSpace *
virLockSpaceNewPostExecRestart(JsonObject *object)
{
    const char *directory = virLockSpaceGetString(object, "directory");
    JsonArray *resources = virLockSpaceGetArray(object, "resources", VIR_LOCK_SPACE_RESOURCES_MAX);
    g_autoptr(virLockSpace) lockspace = NULL;
    guint i;

    if (!resources || (!directory && json_object_has_member(object, "directory"))) {
        virLockSpaceReportDamage();
        return NULL;
    }
    if (virLockSpaceCheckDirectory(directory) < 0)
        return NULL;
    lockspace = virLockSpaceAlloc(directory);
    for (i = 0; i < json_array_get_length(resources); i++) {
        JsonNode *node = json_array_get_element(resources, i);

        if (!JSON_NODE_HOLDS_OBJECT(node)) {
            virLockSpaceReportDamage();
            return NULL;
        }
        if (virLockSpaceParseResource(lockspace, json_node_get_object(node)) < 0)
            return NULL;
    }
    return g_steal_pointer(&lockspace);
}
