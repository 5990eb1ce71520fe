/*
 * lock_manager_param.c: parameters of guests and resources, checked and logged
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_manager_param.h"

#include <string.h>

#include "lock_manager.h"
#include "virerror.h"
#include "virlog.h"
#include "viruuid.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("locking.lock_manager_param");

/* A parameter that is known. */
typedef struct _virLockManagerParamKind virLockManagerParamKind;
struct _virLockManagerParamKind {
    virLockManagerParamOf of;
    const char *key;
    int type;
    gboolean needed;
};

static const virLockManagerParamKind virLockManagerParamKinds[] = {
    { VIR_LOCK_MANAGER_PARAM_OF_OBJECT, "uuid", VIR_LOCK_MANAGER_PARAM_TYPE_UUID, TRUE },
    { VIR_LOCK_MANAGER_PARAM_OF_OBJECT, "name", VIR_LOCK_MANAGER_PARAM_TYPE_STRING, TRUE },
    { VIR_LOCK_MANAGER_PARAM_OF_OBJECT, "id", VIR_LOCK_MANAGER_PARAM_TYPE_UINT, FALSE },
    { VIR_LOCK_MANAGER_PARAM_OF_OBJECT, "pid", VIR_LOCK_MANAGER_PARAM_TYPE_UINT, FALSE },
    { VIR_LOCK_MANAGER_PARAM_OF_OBJECT, "uri", VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING, FALSE },
    { VIR_LOCK_MANAGER_PARAM_OF_LEASE, "path", VIR_LOCK_MANAGER_PARAM_TYPE_STRING, TRUE },
    { VIR_LOCK_MANAGER_PARAM_OF_LEASE, "offset", VIR_LOCK_MANAGER_PARAM_TYPE_ULONG, TRUE },
    { VIR_LOCK_MANAGER_PARAM_OF_LEASE, "lockspace", VIR_LOCK_MANAGER_PARAM_TYPE_STRING, FALSE },
};

static const virLockManagerParamKind *
virLockManagerParamFindKind(virLockManagerParamOf of, const char *key)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(virLockManagerParamKinds); i++) {
        const virLockManagerParamKind *kind = &virLockManagerParamKinds[i];

        if (kind->of == of && g_str_equal(kind->key, key))
            return kind;
    }
    return NULL;
}

/* Returns how often @key is there. */
static size_t
virLockManagerParamsCount(size_t nparams, const virLockManagerParam *params, const char *key)
{
    size_t count = 0;
    size_t i;

    for (i = 0; i < nparams; i++)
        count += params[i].key && g_str_equal(params[i].key, key);
    return count;
}

/* NULL if the parameter holds no text. */
static const char *
virLockManagerParamText(const virLockManagerParam *param)
{
    switch (param->type) {
    case VIR_LOCK_MANAGER_PARAM_TYPE_STRING:
        return param->value.str;
    case VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING:
        return param->value.cstr;
    default:
        return NULL;
    }
}

static int
virLockManagerParamCheckValue(const virLockManagerParam *param)
{
    gboolean holdsText = param->type == VIR_LOCK_MANAGER_PARAM_TYPE_STRING ||
                         param->type == VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING;
    const char *text = virLockManagerParamText(param);

    if (!holdsText || (text && strlen(text) <= VIR_LOCK_MANAGER_NAME_MAX))
        return 0;
    virReportError(VIR_ERR_INVALID_ARG,
                   _("the parameter '%1$s' of a lock has no text, or one of more than %2$d bytes"),
                   param->key, VIR_LOCK_MANAGER_NAME_MAX);
    return -1;
}

static int
virLockManagerParamCheck(virLockManagerParamOf of, const virLockManagerParam *param)
{
    const virLockManagerParamKind *kind = param->key ? virLockManagerParamFindKind(of, param->key) : NULL;

    if (!kind) {
        virReportError(VIR_ERR_INVALID_ARG, _("a lock has no parameter '%1$.64s'"),
                       param->key ? param->key : "");
        return -1;
    }
    if (param->type != kind->type) {
        virReportError(VIR_ERR_INVALID_ARG, _("the parameter '%1$s' of a lock has type %2$d, not %3$d"),
                       param->key, kind->type, param->type);
        return -1;
    }
    return virLockManagerParamCheckValue(param);
}

static int
virLockManagerParamsCheckNumber(virLockManagerParamOf of, size_t nparams, const virLockManagerParam *params)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(virLockManagerParamKinds); i++) {
        const virLockManagerParamKind *kind = &virLockManagerParamKinds[i];
        size_t count = kind->of == of ? virLockManagerParamsCount(nparams, params, kind->key) : 1;

        if (count > 1 || (count == 0 && kind->needed)) {
            virReportError(VIR_ERR_INVALID_ARG, _("a lock needs one parameter '%1$s', not %2$zu"),
                           kind->key, count);
            return -1;
        }
    }
    return 0;
}

int
virLockManagerParamsCheck(virLockManagerParamOf of, size_t nparams, const virLockManagerParam *params)
{
    size_t i;

    if (nparams > VIR_LOCK_MANAGER_PARAMS_MAX) {
        virReportError(VIR_ERR_INVALID_ARG, _("a lock has %1$d parameters at most, not %2$zu"),
                       VIR_LOCK_MANAGER_PARAMS_MAX, nparams);
        return -1;
    }
    for (i = 0; i < nparams; i++) {
        if (virLockManagerParamCheck(of, &params[i]) < 0)
            return -1;
    }
    return virLockManagerParamsCheckNumber(of, nparams, params);
}

static void
virLockManagerParamLog(const virLockManagerParam *param)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    switch (param->type) {
    case VIR_LOCK_MANAGER_PARAM_TYPE_STRING:
    case VIR_LOCK_MANAGER_PARAM_TYPE_CSTRING:
        VIR_DEBUG("  key=%s value=%s", param->key, virLockManagerParamText(param));
        break;
    case VIR_LOCK_MANAGER_PARAM_TYPE_UINT:
        VIR_DEBUG("  key=%s value=%u", param->key, param->value.ui);
        break;
    case VIR_LOCK_MANAGER_PARAM_TYPE_ULONG:
        VIR_DEBUG("  key=%s value=%llu", param->key, param->value.ul);
        break;
    case VIR_LOCK_MANAGER_PARAM_TYPE_UUID:
        VIR_DEBUG("  key=%s value=%s", param->key, virUUIDFormat(param->value.uuid, uuid));
        break;
    default:
        /* No known parameter has another type. */
        g_assert_not_reached();
    }
}

void
virLockManagerParamsLog(size_t nparams, const virLockManagerParam *params)
{
    size_t i;

    for (i = 0; i < nparams; i++)
        virLockManagerParamLog(&params[i]);
}
