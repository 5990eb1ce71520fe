/*
 * fuzz-token.c: lock state that libvirt hands on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * It comes from another host, or out of a file.
 */
#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "virerror.h"
#include "virleasetoken.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = fuzzText(data, size);
    g_autoptr(virLeaseToken) token = virLeaseTokenParse(text);
    g_autofree char *again = NULL;

    if (!token) {
        fuzzAssertError(VIR_ERR_INVALID_ARG);
        return 0;
    }
    again = virLeaseTokenFormat(token);
    g_assert_cmpstr(again, ==, text);
    g_assert_cmpuint(strlen(text), <=, VIR_LEASE_TOKEN_MAX);
    g_assert_cmpuint(token->entries->len, <=, VIR_LEASE_RESOURCES_MAX);
    for (guint i = 0; i < token->entries->len; i++) {
        const virLeaseTokenEntry *entry = &g_array_index(token->entries, virLeaseTokenEntry, i);

        g_assert_true(virLeaseNameIsHex(entry->name.hash, VIR_LEASE_HASH_LEN));
        g_assert_cmpstr(entry->name.sid, ==, token->sid);
        g_assert_cmpuint(entry->name.run, ==, token->run);
        g_assert_true(virLeaseTokenNames(token, entry->name.hash));
    }
    return 0;
}
