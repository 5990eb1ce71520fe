/*
 * virconf.c: configuration files in libvirt's syntax
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virconf.h"
#include "virerror.h"

#define VIR_FROM_THIS VIR_FROM_CONF

typedef enum {
    VIR_CONF_TYPE_NUMBER,
    VIR_CONF_TYPE_STRING,
    VIR_CONF_TYPE_LIST,
} virConfType;

typedef struct _virConfEntry virConfEntry;
struct _virConfEntry {
    char *name;
    unsigned int line;
    virConfType type;
    gint64 number;
    char *string;
    GPtrArray *list;            /* of char *, ends with a NULL */
};

struct _virConf {
    char *filename;
    GPtrArray *entries;         /* of virConfEntry, as they stand in the file */
};

typedef struct _virConfParser virConfParser;
struct _virConfParser {
    const char *filename;
    const char *cur;
    unsigned int line;
};

static void
virConfEntryFree(virConfEntry *entry)
{
    if (!entry)
        return;
    g_free(entry->name);
    g_free(entry->string);
    g_clear_pointer(&entry->list, g_ptr_array_unref);
    g_free(entry);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConfEntry, virConfEntryFree);

void
virConfFree(virConf *conf)
{
    if (!conf)
        return;
    g_free(conf->filename);
    g_ptr_array_unref(conf->entries);
    g_free(conf);
}

static virConf *
virConfNew(const char *filename)
{
    virConf *conf = g_new0(virConf, 1);

    conf->filename = g_strdup(filename);
    conf->entries = g_ptr_array_new_with_free_func((GDestroyNotify) virConfEntryFree);
    return conf;
}

static virConfEntry *
virConfFind(const virConf *conf, const char *name)
{
    guint i;

    for (i = 0; i < conf->entries->len; i++) {
        virConfEntry *entry = g_ptr_array_index(conf->entries, i);

        if (g_str_equal(entry->name, name))
            return entry;
    }
    return NULL;
}

static void
virConfReport(const char *filename, unsigned int line, const char *problem)
{
    virReportError(VIR_ERR_CONF_SYNTAX, _("file '%1$s', line %2$u: %3$s"),
                   filename, line, problem);
}

/* ---- reading what the file says ---- */

static int
virConfParserFail(const virConfParser *parser, const char *problem)
{
    virConfReport(parser->filename, parser->line, problem);
    return -1;
}

static void
virConfParserSkipBlanks(virConfParser *parser)
{
    while (*parser->cur == ' ' || *parser->cur == '\t' || *parser->cur == '\r')
        parser->cur++;
}

/* Blanks, comments and line ends. */
static void
virConfParserSkipLines(virConfParser *parser)
{
    for (;;) {
        virConfParserSkipBlanks(parser);
        if (*parser->cur == '#') {
            parser->cur += strcspn(parser->cur, "\n");
        } else if (*parser->cur == '\n') {
            parser->line++;
            parser->cur++;
        } else {
            return;
        }
    }
}

static char *
virConfParserName(virConfParser *parser)
{
    const char *begin = parser->cur;

    if (!g_ascii_isalpha(*begin) && *begin != '_') {
        virConfParserFail(parser, _("a name must stand here"));
        return NULL;
    }
    while (g_ascii_isalnum(*parser->cur) || *parser->cur == '_')
        parser->cur++;
    return g_strndup(begin, (gsize) (parser->cur - begin));
}

static int
virConfParserNumber(virConfParser *parser, gint64 *number)
{
    const char *digits = parser->cur + (*parser->cur == '-' || *parser->cur == '+');
    guint base = 10;
    char *end;
    gint64 value;

    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') && g_ascii_isxdigit(digits[2]))
        base = 16;
    if (!g_ascii_isdigit(*digits))
        return virConfParserFail(parser, _("a value must stand here: a number, a quoted text, or a list in brackets"));

    errno = 0;
    value = g_ascii_strtoll(parser->cur, &end, base);
    if (errno != 0)
        return virConfParserFail(parser, _("the number is out of range"));
    parser->cur = end;
    *number = value;
    return 0;
}

/* What stands between @quote and the next @quote. */
static char *
virConfParserQuoted(virConfParser *parser, const char *quote, gboolean lines)
{
    const char *begin = parser->cur + strlen(quote);
    const char *end = strstr(begin, quote);
    const char *newline = strchr(begin, '\n');

    if (!end || (!lines && newline && newline < end)) {
        virConfParserFail(parser, _("the text has no closing quote"));
        return NULL;
    }
    for (; newline && newline < end; newline = strchr(newline + 1, '\n'))
        parser->line++;
    parser->cur = end + strlen(quote);
    return g_strndup(begin, (gsize) (end - begin));
}

static gboolean
virConfParserAtString(const virConfParser *parser)
{
    return *parser->cur == '"' || *parser->cur == '\'';
}

static char *
virConfParserString(virConfParser *parser)
{
    if (g_str_has_prefix(parser->cur, "\"\"\""))
        return virConfParserQuoted(parser, "\"\"\"", TRUE);
    return virConfParserQuoted(parser, *parser->cur == '"' ? "\"" : "'", FALSE);
}

static GPtrArray *
virConfParserList(virConfParser *parser)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

    parser->cur++;              /* the bracket */
    virConfParserSkipLines(parser);
    while (*parser->cur != ']') {
        char *string;

        if (!virConfParserAtString(parser)) {
            virConfParserFail(parser, _("a quoted text or the end of the list must stand here"));
            return NULL;
        }
        if (list->len == VIR_CONF_ENTRIES_MAX) {
            virConfParserFail(parser, _("the list is too long"));
            return NULL;
        }
        if (!(string = virConfParserString(parser)))
            return NULL;
        g_ptr_array_add(list, string);

        virConfParserSkipLines(parser);
        if (*parser->cur == ',') {
            parser->cur++;
            virConfParserSkipLines(parser);
        } else if (*parser->cur != ']') {
            virConfParserFail(parser, _("a comma or the end of the list must stand here"));
            return NULL;
        }
    }
    parser->cur++;
    g_ptr_array_add(list, NULL);
    return g_steal_pointer(&list);
}

static int
virConfParserValue(virConfParser *parser, virConfEntry *entry)
{
    if (virConfParserAtString(parser)) {
        entry->type = VIR_CONF_TYPE_STRING;
        entry->string = virConfParserString(parser);
        return entry->string ? 0 : -1;
    }
    if (*parser->cur == '[') {
        entry->type = VIR_CONF_TYPE_LIST;
        entry->list = virConfParserList(parser);
        return entry->list ? 0 : -1;
    }
    entry->type = VIR_CONF_TYPE_NUMBER;
    return virConfParserNumber(parser, &entry->number);
}

/* Nothing but a comment may follow a value on its line. */
static int
virConfParserEndOfLine(virConfParser *parser)
{
    virConfParserSkipBlanks(parser);
    if (*parser->cur && !strchr("#\n", *parser->cur))
        return virConfParserFail(parser, _("the line must end after the value"));
    return 0;
}

static virConfEntry *
virConfParserEntry(virConfParser *parser)
{
    g_autoptr(virConfEntry) entry = g_new0(virConfEntry, 1);

    entry->line = parser->line;
    if (!(entry->name = virConfParserName(parser)))
        return NULL;
    virConfParserSkipBlanks(parser);
    if (*parser->cur != '=') {
        virConfParserFail(parser, _("an equals sign must follow the name"));
        return NULL;
    }
    parser->cur++;
    virConfParserSkipBlanks(parser);
    if (virConfParserValue(parser, entry) < 0 ||
        virConfParserEndOfLine(parser) < 0)
        return NULL;
    return g_steal_pointer(&entry);
}

static int
virConfAdd(virConf *conf, virConfEntry *entry)
{
    g_autofree char *problem = NULL;

    if (conf->entries->len == VIR_CONF_ENTRIES_MAX) {
        problem = g_strdup(_("there are too many entries"));
    } else if (virConfFind(conf, entry->name)) {
        problem = g_strdup_printf(_("'%1$s' is set a second time"), entry->name);
    } else {
        g_ptr_array_add(conf->entries, entry);
        return 0;
    }
    virConfReport(conf->filename, entry->line, problem);
    virConfEntryFree(entry);
    return -1;
}

static unsigned int
virConfCountLines(const char *begin, const char *end)
{
    unsigned int line = 1;

    for (; begin < end; begin++)
        line += *begin == '\n';
    return line;
}

virConf *
virConfReadString(const char *text, const char *name)
{
    g_autoptr(virConf) conf = virConfNew(name);
    virConfParser parser = { .filename = name, .cur = text, .line = 1 };
    const char *bad;

    if (!g_utf8_validate(text, -1, &bad)) {
        virConfReport(name, virConfCountLines(text, bad), _("this is not UTF-8"));
        return NULL;
    }

    for (;;) {
        virConfEntry *entry;

        virConfParserSkipLines(&parser);
        if (!*parser.cur)
            break;
        if (!(entry = virConfParserEntry(&parser)) ||
            virConfAdd(conf, entry) < 0)
            return NULL;
    }
    return g_steal_pointer(&conf);
}

/* ---- reading the file itself ---- */

/* Returns the file's text, or NULL with an error reported. */
static char *
virConfReadFD(int fd, const char *path)
{
    g_autofree char *text = g_malloc(VIR_CONF_SIZE_MAX + 1);
    size_t len = 0;
    struct stat sb;

    if (fstat(fd, &sb) == 0 && !S_ISREG(sb.st_mode)) {
        virReportError(VIR_ERR_CONF_SYNTAX, _("'%1$s' is not a regular file"), path);
        return NULL;
    }
    for (;;) {
        ssize_t got = read(fd, text + len, VIR_CONF_SIZE_MAX + 1 - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            virReportSystemError(errno, _("cannot read file '%1$s'"), path);
            return NULL;
        }
        if (got == 0)
            break;
        len += (size_t) got;
        if (len > VIR_CONF_SIZE_MAX) {
            virReportError(VIR_ERR_CONF_SYNTAX, _("file '%1$s' is larger than %2$d bytes"),
                           path, VIR_CONF_SIZE_MAX);
            return NULL;
        }
    }
    text[len] = '\0';
    if (strlen(text) != len) {
        virConfReport(path, virConfCountLines(text, text + strlen(text)),
                      _("this is not UTF-8"));
        return NULL;
    }
    return g_steal_pointer(&text);
}

virConf *
virConfReadFile(const char *path, unsigned int flags)
{
    /* O_NONBLOCK: a pipe without a writer must not stop us here. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    g_autofree char *text = NULL;

    if (fd < 0) {
        if (errno == ENOENT && (flags & VIR_CONF_FLAG_OPTIONAL))
            return virConfNew(path);
        virReportSystemError(errno, _("cannot open file '%1$s'"), path);
        return NULL;
    }
    text = virConfReadFD(fd, path);
    close(fd);
    return text ? virConfReadString(text, path) : NULL;
}

/* ---- what was read ---- */

int
virConfCheckNames(const virConf *conf, const char *const *known)
{
    guint i;

    for (i = 0; i < conf->entries->len; i++) {
        virConfEntry *entry = g_ptr_array_index(conf->entries, i);
        g_autofree char *problem = NULL;

        if (g_strv_contains(known, entry->name))
            continue;
        problem = g_strdup_printf(_("there is no setting named '%1$s'"), entry->name);
        virConfReport(conf->filename, entry->line, problem);
        return -1;
    }
    return 0;
}

void
virConfReportValue(const virConf *conf, const char *name, const char *problem)
{
    virConfEntry *entry = virConfFind(conf, name);

    virConfReport(conf->filename, entry ? entry->line : 0, problem);
}

/* Reports that the value of @entry must be @kind. Returns -1. */
static int
virConfRefuse(const virConf *conf, const virConfEntry *entry, const char *kind)
{
    g_autofree char *problem = g_strdup_printf(_("'%1$s' must be %2$s"), entry->name, kind);

    virConfReport(conf->filename, entry->line, problem);
    return -1;
}

/* As the public getters; a number from @min to @max, which are described by
 * @kind. */
static int
virConfGetNumber(const virConf *conf,
                 const char *name,
                 gint64 min,
                 gint64 max,
                 const char *kind,
                 gint64 *value)
{
    virConfEntry *entry = virConfFind(conf, name);

    if (!entry)
        return 0;
    if (entry->type != VIR_CONF_TYPE_NUMBER || entry->number < min || entry->number > max)
        return virConfRefuse(conf, entry, kind);
    *value = entry->number;
    return 1;
}

int
virConfGetValueString(const virConf *conf, const char *name, char **value)
{
    virConfEntry *entry = virConfFind(conf, name);

    if (!entry)
        return 0;
    if (entry->type != VIR_CONF_TYPE_STRING)
        return virConfRefuse(conf, entry, _("a quoted text"));
    *value = g_strdup(entry->string);
    return 1;
}

int
virConfGetValueStringList(const virConf *conf,
                          const char *name,
                          gboolean compatString,
                          char ***values)
{
    virConfEntry *entry = virConfFind(conf, name);

    if (!entry)
        return 0;
    if (entry->type == VIR_CONF_TYPE_LIST) {
        *values = g_strdupv((char **) entry->list->pdata);
        return 1;
    }
    if (entry->type == VIR_CONF_TYPE_STRING && compatString) {
        *values = g_new0(char *, 2);
        (*values)[0] = g_strdup(entry->string);
        return 1;
    }
    return virConfRefuse(conf, entry, _("a list of quoted texts in brackets"));
}

int
virConfGetValueBool(const virConf *conf, const char *name, gboolean *value)
{
    gint64 number;
    int rc = virConfGetNumber(conf, name, 0, 1, _("0 or 1"), &number);

    if (rc == 1)
        *value = number == 1;
    return rc;
}

int
virConfGetValueInt(const virConf *conf, const char *name, int *value)
{
    g_autofree char *kind = g_strdup_printf(_("a number from %1$d to %2$d"), INT_MIN, INT_MAX);
    gint64 number;
    int rc = virConfGetNumber(conf, name, INT_MIN, INT_MAX, kind, &number);

    if (rc == 1)
        *value = (int) number;
    return rc;
}

int
virConfGetValueUInt(const virConf *conf, const char *name, unsigned int *value)
{
    g_autofree char *kind = g_strdup_printf(_("a number from 0 to %1$u"), UINT_MAX);
    gint64 number;
    int rc = virConfGetNumber(conf, name, 0, UINT_MAX, kind, &number);

    if (rc == 1)
        *value = (unsigned int) number;
    return rc;
}
