/*
 * virt-lease-output.c: what virt-lease prints: tables, JSON, errors
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>

#include "virerror.h"
#include "virgettext.h"
#include "virleasetarget.h"
#include "virt-lease-output.h"

struct _vlTable {
    guint columns;
    GPtrArray *cells;   /* of char *, line after line */
};

char *
vlPrintable(const char *text)
{
    return virLeaseTargetPrintable(text);
}

static void
vlPrintJSONError(const char *message)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "error");
    json_builder_begin_object(builder);
    vlJSONAddNumber(builder, "code", virGetLastErrorCode());
    vlJSONAddText(builder, "message", message);
    json_builder_end_object(builder);
    json_builder_end_object(builder);
    vlPrintJSON(builder);
}

void
vlPrintError(gboolean json)
{
    g_autofree char *message = vlPrintable(virGetLastErrorMessage());

    fprintf(stderr, _("virt-lease: %1$s\n"), message);
    if (json)
        vlPrintJSONError(message);
}

void
vlPrintJSON(JsonBuilder *builder)
{
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, TRUE);

    puts(text);
}

void
vlJSONAddText(JsonBuilder *builder, const char *name, const char *value)
{
    g_autofree char *safe = value && *value ? vlPrintable(value) : NULL;

    json_builder_set_member_name(builder, name);
    if (safe)
        json_builder_add_string_value(builder, safe);
    else
        json_builder_add_null_value(builder);
}

void
vlJSONAddNumber(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_int_value(builder, value);
}

void
vlJSONAddFlag(JsonBuilder *builder, const char *name, gboolean value)
{
    json_builder_set_member_name(builder, name);
    json_builder_add_boolean_value(builder, value);
}

void
vlJSONAddTime(JsonBuilder *builder, const char *name, gint64 seconds)
{
    g_autoptr(GDateTime) when = seconds > 0 ? g_date_time_new_from_unix_utc(seconds) : NULL;
    g_autofree char *text = when ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ") : NULL;

    vlJSONAddText(builder, name, text);
}

char *
vlFormatTime(gint64 seconds)
{
    g_autoptr(GDateTime) when = seconds > 0 ? g_date_time_new_from_unix_local(seconds) : NULL;

    return when ? g_date_time_format(when, "%Y-%m-%d %H:%M:%S") : g_strdup("-");
}

static void
vlTableAddCells(vlTable *table, va_list cells)
{
    guint i;

    for (i = 0; i < table->columns; i++) {
        const char *cell = va_arg(cells, const char *);

        g_ptr_array_add(table->cells, vlPrintable(cell && *cell ? cell : "-"));
    }
}

vlTable *
vlTableNew(guint columns, ...)
{
    vlTable *table = g_new0(vlTable, 1);
    va_list headings;

    table->columns = columns;
    table->cells = g_ptr_array_new_with_free_func(g_free);
    va_start(headings, columns);
    vlTableAddCells(table, headings);
    va_end(headings);
    return table;
}

void
vlTableFree(vlTable *table)
{
    if (!table)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}

void
vlTableAdd(vlTable *table, ...)
{
    va_list cells;

    va_start(cells, table);
    vlTableAddCells(table, cells);
    va_end(cells);
}

/* Columns of a terminal that @text takes. */
static guint
vlTextWidth(const char *text)
{
    guint width = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);

        if (!g_unichar_iszerowidth(c))
            width += g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

static guint
vlTableWidth(const vlTable *table, guint column)
{
    guint width = 0;
    guint i;

    for (i = column; i < table->cells->len; i += table->columns)
        width = MAX(width, vlTextWidth(g_ptr_array_index(table->cells, i)));
    return width;
}

void
vlTablePrint(const vlTable *table)
{
    g_autofree guint *widths = g_new0(guint, table->columns);
    guint i;

    for (i = 0; i < table->columns; i++)
        widths[i] = vlTableWidth(table, i);

    for (i = 0; i < table->cells->len; i++) {
        const char *cell = g_ptr_array_index(table->cells, i);
        guint column = i % table->columns;

        fputs(cell, stdout);
        if (column + 1 == table->columns)
            putchar('\n');
        else
            printf("%*s", (int) (widths[column] - vlTextWidth(cell) + 2), "");
    }
}
