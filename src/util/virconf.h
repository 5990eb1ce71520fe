/*
 * virconf.h: configuration files in libvirt's syntax
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *     # a comment
 *     name = "text"            or 'text', or """text over
 *                              several lines"""
 *     number = 42              also -42, 0x2a
 *     list = [ "one", "two" ]  over several lines, a last comma may stand
 *
 * Quoted text has no escapes. Names are made of letters, digits and '_', and
 * may not be given twice. A list holds texts. What is refused is reported as
 * VIR_ERR_CONF_SYNTAX, naming the file and the line.
 */
#pragma once

#include <glib.h>

#define VIR_CONF_SIZE_MAX (1024 * 1024) /* bytes of one file */
#define VIR_CONF_ENTRIES_MAX 1024       /* names in one file, and texts in one list */

typedef enum {
    VIR_CONF_FLAG_OPTIONAL = 1 << 0,    /* a file that does not exist is an empty one */
} virConfFlags;

typedef struct _virConf virConf;

/**
 * virConfReadFile:
 * @path: the file
 * @flags: of virConfFlags
 *
 * Returns what the file says, or NULL with an error reported.
 */
virConf *virConfReadFile(const char *path,
                         unsigned int flags) G_GNUC_WARN_UNUSED_RESULT;

/**
 * virConfReadString:
 * @text: what would be in the file; must be UTF-8
 * @name: called the file's name in messages
 *
 * Returns what the text says, or NULL with an error reported.
 */
virConf *virConfReadString(const char *text,
                           const char *name) G_GNUC_WARN_UNUSED_RESULT;

void virConfFree(virConf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virConf, virConfFree);

/**
 * virConfCheckNames:
 * @conf: what was read
 * @known: every name that the caller knows, then NULL
 *
 * Returns 0, or -1 with an error reported that names the first unknown one.
 */
int virConfCheckNames(const virConf *conf,
                      const char *const *known) G_GNUC_WARN_UNUSED_RESULT;

/*
 * The getters return 1 if @name is set, 0 if it is not, and -1 with an error
 * reported if its value is of another kind or out of range. @value is touched
 * only when 1 is returned; strings and lists are copies that the caller frees.
 */
int virConfGetValueString(const virConf *conf,
                          const char *name,
                          char **value) G_GNUC_WARN_UNUSED_RESULT;

/* With @compatString a text alone is taken for a list of one. */
int virConfGetValueStringList(const virConf *conf,
                              const char *name,
                              gboolean compatString,
                              char ***values) G_GNUC_WARN_UNUSED_RESULT;

/* 0 or 1 in the file. */
int virConfGetValueBool(const virConf *conf,
                        const char *name,
                        gboolean *value) G_GNUC_WARN_UNUSED_RESULT;

int virConfGetValueInt(const virConf *conf,
                       const char *name,
                       int *value) G_GNUC_WARN_UNUSED_RESULT;

int virConfGetValueUInt(const virConf *conf,
                        const char *name,
                        unsigned int *value) G_GNUC_WARN_UNUSED_RESULT;

/* Reports VIR_ERR_CONF_SYNTAX about the value of @name, naming the file and
 * the line: @problem is a translated sentence, "... must be ...". */
void virConfReportValue(const virConf *conf,
                        const char *name,
                        const char *problem);
