/*
 * virt-lease-output.h: what virt-lease prints: tables, JSON, errors
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

/* A copy of @text that does a terminal no harm; the caller frees it. */
char *vlPrintable(const char *text);

/* Tells the last error that was reported on standard error and, with @json,
 * as an object on standard output too. */
void vlPrintError(gboolean json);

/* Prints what @builder holds, and a line's end. */
void vlPrintJSON(JsonBuilder *builder);

/* Adds @value under @name: text, made printable; null for NULL or "". */
void vlJSONAddText(JsonBuilder *builder,
                   const char *name,
                   const char *value);
void vlJSONAddNumber(JsonBuilder *builder,
                     const char *name,
                     gint64 value);
void vlJSONAddFlag(JsonBuilder *builder,
                   const char *name,
                   gboolean value);
/* Adds seconds since the epoch as an ISO 8601 text in UTC; null for 0. */
void vlJSONAddTime(JsonBuilder *builder,
                   const char *name,
                   gint64 seconds);

/* Seconds since the epoch as people read them, in local time: "-" for 0. The
 * caller frees it. */
char *vlFormatTime(gint64 seconds);

/* Lines of cells, printed with columns as wide as they need to be. */
typedef struct _vlTable vlTable;

/* @columns headings follow. */
vlTable *vlTableNew(guint columns,
                    ...);
void vlTableFree(vlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(vlTable, vlTableFree);

/* As many cells as there are columns follow: strings; NULL and "" print as
 * "-". They are copied and made printable. */
void vlTableAdd(vlTable *table,
                ...);
void vlTablePrint(const vlTable *table);
