/*
 * virleaseurl.c: where a lockspace is
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseurl.h"

#include <string.h>

#include "virerror.h"
#define VIR_FROM_THIS VIR_FROM_LOCKING

/* An option that takes a number. */
typedef struct _virLeaseURLNumber virLeaseURLNumber;
struct _virLeaseURLNumber {
    const char *name;
    size_t offset;
    int min;
    int max;
};

static const virLeaseURLNumber virLeaseURLNumbers[] = {
    { "version", G_STRUCT_OFFSET(virLeaseURL, version), 3, 4 },
    { "nfsport", G_STRUCT_OFFSET(virLeaseURL, nfsport), 1, 65535 },
    { "mountport", G_STRUCT_OFFSET(virLeaseURL, mountport), 1, 65535 },
    { "uid", G_STRUCT_OFFSET(virLeaseURL, uid), 0, G_MAXINT },
    { "gid", G_STRUCT_OFFSET(virLeaseURL, gid), 0, G_MAXINT },
    { "tcp-syncnt", G_STRUCT_OFFSET(virLeaseURL, synCount), 1, 255 },
    { "debug", G_STRUCT_OFFSET(virLeaseURL, debug), 0, 9 },
};

static int
virLeaseURLParseNumber(virLeaseURL *url, const virLeaseURLNumber *number,
                       const char *value, const char *text)
{
    int *field = G_STRUCT_MEMBER_P(url, number->offset);
    guint64 parsed;

    if (*field != -1) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'%1$s' is given twice in the URL '%2$s'"), number->name, text);
        return -1;
    }
    if (!g_ascii_string_to_unsigned(value, 10, number->min, number->max, &parsed, NULL)) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'%1$s' of '%2$s' in the URL '%3$s' is not a number from %4$d to %5$d"),
                       value, number->name, text, number->min, number->max);
        return -1;
    }
    *field = parsed;
    return 0;
}

static int
virLeaseURLParseInterface(virLeaseURL *url, const char *value, const char *text)
{
    if (url->interface || !*value || strlen(value) > 15 || strpbrk(value, "/% ")) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'if' in the URL '%1$s' must name one network interface"), text);
        return -1;
    }
    url->interface = g_strdup(value);
    return 0;
}

static int
virLeaseURLParseOption(virLeaseURL *url, const char *option, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(option, "=", 2);
    gsize i;

    if (!parts[0] || !parts[1]) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("option '%1$s' in the URL '%2$s' has no value"), option, text);
        return -1;
    }
    for (i = 0; i < G_N_ELEMENTS(virLeaseURLNumbers); i++) {
        if (g_str_equal(parts[0], virLeaseURLNumbers[i].name))
            return virLeaseURLParseNumber(url, &virLeaseURLNumbers[i], parts[1], text);
    }
    if (g_str_equal(parts[0], "if"))
        return virLeaseURLParseInterface(url, parts[1], text);

    virReportError(VIR_ERR_INVALID_ARG,
                   _("unknown option '%1$s' in the URL '%2$s'"), parts[0], text);
    return -1;
}

static int
virLeaseURLParseOptions(virLeaseURL *url, const char *options, const char *text)
{
    g_auto(GStrv) list = g_strsplit(options, "&", -1);
    gsize i;

    if (!*options) {
        virReportError(VIR_ERR_INVALID_ARG, _("no options follow the '?' in the URL '%1$s'"), text);
        return -1;
    }
    if (url->scheme != VIR_LEASE_URL_NFS) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("the URL '%1$s' cannot have options; a '?' in a path is written '%%3F'"), text);
        return -1;
    }
    for (i = 0; list[i]; i++) {
        if (virLeaseURLParseOption(url, list[i], text) < 0)
            return -1;
    }
    return 0;
}

static gboolean
virLeaseURLIsPrintable(const char *text)
{
    const char *p;

    for (p = text; *p; p++) {
        if (g_ascii_iscntrl(*p))
            return FALSE;
    }
    return TRUE;
}

static int
virLeaseURLAddComponent(GString *path, const char *encoded, const char *text)
{
    /* A slash or NUL that was encoded would change meaning on its way. */
    g_autofree char *component = g_uri_unescape_string(encoded, "/");

    if (!component || strlen(component) > 255 || !virLeaseURLIsPrintable(component) ||
        g_str_equal(component, ".") || g_str_equal(component, "..")) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'%1$s' in the URL '%2$s' cannot be part of a path"), encoded, text);
        return -1;
    }
    g_string_append_printf(path, "/%s", component);
    return 0;
}

static int
virLeaseURLParsePath(virLeaseURL *url, const char *encoded, const char *text)
{
    g_auto(GStrv) components = g_strsplit(encoded, "/", -1);
    g_autoptr(GString) path = g_string_new(NULL);
    gsize count = 0;
    gsize i;

    for (i = 0; components[i]; i++) {
        if (!*components[i])
            continue;
        if (virLeaseURLAddComponent(path, components[i], text) < 0)
            return -1;
        count++;
    }
    if (*encoded != '/' || count == 0) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("the URL '%1$s' names no directory by an absolute path"), text);
        return -1;
    }
    if (count > VIR_LEASE_URL_COMPONENTS_MAX) {
        virReportError(VIR_ERR_INVALID_ARG, _("the path in the URL '%1$s' is too deep"), text);
        return -1;
    }
    url->path = g_string_free(g_steal_pointer(&path), FALSE);
    return 0;
}

static gboolean
virLeaseURLIsHost(const char *host, gboolean bracketed)
{
    const char *allowed = bracketed ? ":.%-_" : ".-_";
    const char *p;

    if (!*host || strlen(host) > 255 || *host == '-')
        return FALSE;
    for (p = host; *p; p++) {
        if (!g_ascii_isalnum(*p) && !strchr(allowed, *p))
            return FALSE;
    }
    return !bracketed || strchr(host, ':');
}

/* @authority is "HOST", "HOST:PORT", "[ADDRESS]" or "[ADDRESS]:PORT". */
static int
virLeaseURLParseAuthority(virLeaseURL *url, const char *authority, const char *text)
{
    gboolean bracketed = *authority == '[';
    const char *host = authority + bracketed;
    gsize length = strcspn(host, bracketed ? "]" : ":");
    const char *port = host + length;

    if (bracketed && *port == ']')
        port++;
    url->host = g_strndup(host, length);
    if (!virLeaseURLIsHost(url->host, bracketed) ||
        (*port && *port != ':') ||
        (bracketed && host[length] != ']')) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'%1$s' in the URL '%2$s' is no host name or address; an IPv6 address needs brackets"),
                       authority, text);
        return -1;
    }
    return *port ? virLeaseURLParseNumber(url, &virLeaseURLNumbers[1], port + 1, text) : 0;
}

static virLeaseURL *
virLeaseURLNew(virLeaseURLScheme scheme)
{
    virLeaseURL *url = g_new0(virLeaseURL, 1);
    gsize i;

    url->scheme = scheme;
    for (i = 0; i < G_N_ELEMENTS(virLeaseURLNumbers); i++) {
        int *field = G_STRUCT_MEMBER_P(url, virLeaseURLNumbers[i].offset);
        *field = -1;
    }
    return url;
}

static gboolean
virLeaseURLIsText(const char *text)
{
    return strlen(text) <= VIR_LEASE_URL_MAX && g_utf8_validate(text, -1, NULL) &&
           virLeaseURLIsPrintable(text) && !strchr(text, '#');
}

static virLeaseURL *
virLeaseURLParseNfs(const char *rest, const char *text)
{
    g_autoptr(virLeaseURL) url = virLeaseURLNew(VIR_LEASE_URL_NFS);
    gsize length = strcspn(rest, "/?");
    g_autofree char *authority = g_strndup(rest, length);
    g_auto(GStrv) parts = g_strsplit(rest + length, "?", 2);

    if (virLeaseURLParseAuthority(url, authority, text) < 0 ||
        virLeaseURLParsePath(url, parts[0] ? parts[0] : "", text) < 0 ||
        (parts[0] && parts[1] && virLeaseURLParseOptions(url, parts[1], text) < 0))
        return NULL;
    if (url->version == 4 && url->mountport != -1) {
        virReportError(VIR_ERR_INVALID_ARG,
                       _("'mountport' in the URL '%1$s' means nothing for NFS version 4"), text);
        return NULL;
    }
    return g_steal_pointer(&url);
}

static virLeaseURL *
virLeaseURLParseDir(const char *rest, const char *text)
{
    g_autoptr(virLeaseURL) url = virLeaseURLNew(VIR_LEASE_URL_DIR);
    g_auto(GStrv) parts = g_strsplit(rest, "?", 2);

    if (virLeaseURLParsePath(url, parts[0] ? parts[0] : "", text) < 0 ||
        (parts[0] && parts[1] && virLeaseURLParseOptions(url, parts[1], text) < 0))
        return NULL;
    return g_steal_pointer(&url);
}

virLeaseURL *
virLeaseURLParse(const char *text)
{
    if (!virLeaseURLIsText(text)) {
        virReportError(VIR_ERR_INVALID_ARG, "%s",
                       _("a lockspace's URL is too long, is not UTF-8 or has a control character or '#' in it"));
        return NULL;
    }
    if (g_str_has_prefix(text, "nfs://"))
        return virLeaseURLParseNfs(text + strlen("nfs://"), text);
    if (g_str_has_prefix(text, "dir:"))
        return virLeaseURLParseDir(text + strlen("dir:"), text);

    virReportError(VIR_ERR_INVALID_ARG,
                   _("'%1$s' is no URL of a lockspace: it must begin with 'nfs://' or 'dir:/'"), text);
    return NULL;
}

void
virLeaseURLFree(virLeaseURL *url)
{
    if (!url)
        return;
    g_free(url->host);
    g_free(url->path);
    g_free(url->interface);
    g_free(url);
}
