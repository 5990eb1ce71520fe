/*
 * virleaseattempttoken.c: whether a token still opens what it names (rule 12 b and c)
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"


/* The token's first entry that the scan does not show as it was, or NULL. */
static const virLeaseTokenEntry *
virLeaseAttemptTokenMissing(const virLeaseEngine *engine G_GNUC_UNUSED,
                            const virLeaseAttempt *attempt)
{
    if (!VIR_LEASE_RULE(engine, TOKEN_NOT_CHECKED))
        return NULL;
    for (guint i = 0; i < attempt->token->entries->len; i++) {
        const virLeaseTokenEntry *entry = &g_array_index(attempt->token->entries, virLeaseTokenEntry, i);
        const virLeaseSeen *seen = virLeaseScanFind(attempt->result, &entry->name);

        if (!seen || (VIR_LEASE_RULE(engine, NO_IDENTITY) &&
                      (seen->attr.fileid != entry->fileid || seen->attr.ctime != entry->ctime)))
            return entry;
    }
    return NULL;
}


static gboolean
virLeaseAttemptRunHas(const virLeaseAttempt *attempt,
                      const char *hash)
{
    for (guint i = 0; i < attempt->result->seen->len; i++) {
        const virLeaseSeen *seen = &g_array_index(attempt->result->seen, virLeaseSeen, i);

        if (virLeaseConflictIsTokenRun(attempt, &seen->name) && g_str_equal(seen->name.hash, hash))
            return TRUE;
    }
    return FALSE;
}


static gboolean
virLeaseAttemptAsksFor(const virLeaseAttempt *attempt,
                       const char *hash)
{
    for (guint i = 0; i < attempt->entries->len; i++) {
        if (g_str_equal(((virLeaseEntry *) g_ptr_array_index(attempt->entries, i))->name.hash, hash))
            return TRUE;
    }
    return FALSE;
}


static gboolean
virLeaseAttemptTokenNamesMore(const virLeaseAttempt *attempt)
{
    for (guint i = 0; i < attempt->token->entries->len; i++) {
        const virLeaseTokenEntry *entry = &g_array_index(attempt->token->entries, virLeaseTokenEntry, i);

        if (!virLeaseAttemptAsksFor(attempt, entry->name.hash))
            return TRUE;
    }
    return FALSE;
}


/* Rule 12c: a resource that would be fresh beside the token's, or NULL. */
static const virLeaseResource *
virLeaseAttemptTokenPartFresh(const virLeaseAttempt *attempt)
{
    if (virLeaseAttemptTokenNamesMore(attempt))
        return NULL;
    for (guint i = 0; i < attempt->entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);

        if (!virLeaseTokenNames(attempt->token, entry->name.hash) &&
            !virLeaseAttemptRunHas(attempt, entry->name.hash))
            return entry->resource;
    }
    return NULL;
}


static const char *
virLeaseAttemptPathOfHash(const virLeaseAttempt *attempt,
                          const char *hash)
{
    for (guint i = 0; i < attempt->entries->len; i++) {
        const virLeaseEntry *entry = g_ptr_array_index(attempt->entries, i);

        if (g_str_equal(entry->name.hash, hash))
            return entry->resource->path;
    }
    return NULL;
}


static void
virLeaseAttemptRefuseToken(virLeaseEngine *engine,
                           virLeaseAttempt *attempt,
                           const char *path)
{
    virLeaseAttemptWithdraw(engine, attempt, FALSE, VIR_ERR_OPERATION_INVALID,
                            virLeaseMessageTokenVoid(attempt->guest, path));
}


/* Refuses, and says so, if the scan that found no conflict lacks an entry of
 * the token already: then there is no use in waiting for the old run's end. */
gboolean
virLeaseAttemptTokenIsVoid(virLeaseEngine *engine,
                           virLeaseAttempt *attempt)
{
    const virLeaseTokenEntry *missing = virLeaseAttemptTokenMissing(engine, attempt);

    if (missing)
        virLeaseAttemptRefuseToken(engine, attempt, virLeaseAttemptPathOfHash(attempt, missing->name.hash));
    return missing != NULL;
}


/* @result is a complete read that was sent after the scan without conflict. */
void
virLeaseAttemptVerify(virLeaseEngine *engine,
                      virLeaseAttempt *attempt)
{
    const virLeaseResource *fresh;

    if (virLeaseAttemptTokenIsVoid(engine, attempt))
        return;
    fresh = VIR_LEASE_RULE(engine, PART_TOKEN) ? virLeaseAttemptTokenPartFresh(attempt) : NULL;
    if (fresh) {
        virLeaseAttemptRefuseToken(engine, attempt, fresh->path);
        return;
    }
    virLeaseConflictCollect(engine, attempt, attempt->result);
    virLeaseAttemptClear(engine, attempt);
}
