/*
 * virgettext.c: translated messages
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include <locale.h>
#include <stdlib.h>

#include "virgettext.h"

void
virGettextBind(void)
{
    const char *dir = secure_getenv("VIRTLEASE_LOCALEDIR");

    if (!dir || !*dir)
        dir = LOCALEDIR;
    bindtextdomain(VIR_GETTEXT_DOMAIN, dir);
}

void
virGettextInitialize(void)
{
    setlocale(LC_ALL, "");
    virGettextBind();
}
