/*
 * virleasetokentest.c: tokens come from other hosts and from files
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <string.h>

#include "virerror.h"
#include "virleasetoken.h"

#define ID "0123456789abcdef0123456789abcdef"
#define SID "fedcba9876543210fedcba9876543210"


static virLeaseToken *
testTokenNew(guint count)
{
    virLeaseToken *token = virLeaseTokenNew(ID, SID, 17);

    for (guint i = 0; i < count; i++) {
        g_autofree char *resource = g_strdup_printf("/images/%u", i);
        virLeaseEntryName name = { .shared = i % 2, .token = i % 3 == 0, .run = 17, .attempt = 18 + i };

        virLeaseResourceHash(resource, name.hash);
        g_strlcpy(name.sid, SID, sizeof(name.sid));
        virLeaseTokenAdd(token, &name, G_MAXUINT64 - i, -1 - (gint64) i);
    }
    return token;
}


static void
testRoundTrip(void)
{
    static const guint counts[] = { 0, 1, 16, VIR_LEASE_RESOURCES_MAX };

    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autoptr(virLeaseToken) token = testTokenNew(counts[i]);
        g_autofree char *text = virLeaseTokenFormat(token);
        g_autoptr(virLeaseToken) again = virLeaseTokenParse(text);

        g_assert_nonnull(again);
        g_assert_cmpstr(again->lockspace, ==, ID);
        g_assert_cmpstr(again->sid, ==, SID);
        g_assert_cmpuint(again->run, ==, 17);
        g_assert_cmpuint(again->entries->len, ==, counts[i]);
        for (guint j = 0; j < counts[i]; j++)
            g_assert_cmpmem(&g_array_index(again->entries, virLeaseTokenEntry, j), sizeof(virLeaseTokenEntry),
                            &g_array_index(token->entries, virLeaseTokenEntry, j), sizeof(virLeaseTokenEntry));
        g_assert_cmpuint(strlen(text), <=, VIR_LEASE_TOKEN_MAX);
        g_assert_cmpuint(strcspn(text, " \t\n<>&\"'"), ==, strlen(text));
    }
}


static void
testRefused(const char *text)
{
    g_assert_null(virLeaseTokenParse(text));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
    virResetLastError();
}


static void
testHostile(void)
{
    static const char *const texts[] = {
        "", ":", "nfslease1", "nfslease1:::", "lockd", "nfslease2:" ID ":" SID ":17",
        "nfslease1:" ID ":" SID, "nfslease1:" ID ":" SID ":", "nfslease1:" ID ":" SID ":0",
        "nfslease1:" ID ":" SID ":017", "nfslease1:" ID ":" SID ":-1", "nfslease1:" ID ":" SID ":17:",
        "nfslease1:" ID ":../../../../../../../../../../ab:17", "nfslease1:" ID ":" SID ":17 ",
        "nfslease1:" ID ":FEDCBA9876543210FEDCBA9876543210:17",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        testRefused(texts[i]);
}


/* No byte of a token can be changed into something that means nothing; what
 * is still a token says something else. */
static void
testEveryByteCounts(void)
{
    g_autoptr(virLeaseToken) token = testTokenNew(2);
    g_autofree char *text = virLeaseTokenFormat(token);

    for (gsize i = 0; text[i]; i++) {
        g_autofree char *changed = g_strdup(text);
        g_autofree char *cut = g_strndup(text, i);
        g_autoptr(virLeaseToken) parsed = NULL;
        g_autofree char *again = NULL;

        changed[i] = '\x01';
        testRefused(changed);
        parsed = virLeaseTokenParse(cut);
        virResetLastError();
        if (!parsed)
            continue;
        again = virLeaseTokenFormat(parsed);
        g_assert_cmpstr(again, ==, cut);
    }
}


static void
testTooLong(void)
{
    g_autoptr(virLeaseToken) token = testTokenNew(VIR_LEASE_RESOURCES_MAX + 1);
    g_autofree char *text = virLeaseTokenFormat(token);
    g_autofree char *huge = g_strnfill(VIR_LEASE_TOKEN_MAX + 1, 'a');

    testRefused(text);
    testRefused(huge);
}


int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lease/token/round-trip", testRoundTrip);
    g_test_add_func("/lease/token/hostile", testHostile);
    g_test_add_func("/lease/token/every-byte-counts", testEveryByteCounts);
    g_test_add_func("/lease/token/too-long", testTooLong);
    return g_test_run();
}
