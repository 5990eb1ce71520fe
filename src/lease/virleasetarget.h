/*
 * virleasetarget.h: what an entry's link target says to people
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * "host=kvm1,guest=web01,uuid=...,pid=123,since=2026-01-02T10:11:12Z,..."
 * Nothing about safety hangs on it: it goes into messages and lists, and its
 * uuid into rule 21.
 */
#pragma once

#include <glib.h>

/* Percent-encoded key=value words joined by commas, at most 1,024 bytes. */
typedef struct _virLeaseTarget virLeaseTarget;
struct _virLeaseTarget {
    char *host;
    char *guest;
    char *uuid;         /* 36 characters in lower case */
    char *resource;     /* canonical name */
    char *path;         /* what the people of that host call it */
    gint64 pid;         /* 0: not known */
    gint64 since;       /* seconds since the epoch; 0: not known */
};

void virLeaseTargetFree(virLeaseTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(virLeaseTarget, virLeaseTargetFree);

/* The target for a link; the caller frees it. Strings may be NULL. What is too
 * long loses its end and gets "..." instead; uuid, pid and since never do. */
char *virLeaseTargetFormat(const virLeaseTarget *target);

/**
 * virLeaseTargetParse:
 * @text: what a READLINK gave, whoever wrote it
 *
 * Reads what can be read. Never fails: what is missing or senseless is the
 * empty string or 0. No string is NULL, and all are as virLeaseTargetPrintable()
 * makes them. A uuid that is none is empty.
 */
virLeaseTarget *virLeaseTargetParse(const char *text);

/* A copy of @text that is UTF-8 and may be written to a terminal: what is
 * invalid, or does not print, is spelt \xNN. The caller frees it. */
char *virLeaseTargetPrintable(const char *text);
