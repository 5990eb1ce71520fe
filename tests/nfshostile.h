/*
 * nfshostile.h: an NFS server that breaks the rules
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Speaks the mount protocol, NFSv3 and NFSv4 on one port of 127.0.0.1, as far
 * as the nfs store needs them, and shows a lockspace in which every name is
 * there: "format" is a link, "file" a file, all others are directories. It is
 * honest until a call of the kind that its behaviour waits for.
 */
#pragma once

#include <glib.h>

/* Serves in the way called @behaviour until the process is killed. Prints its
 * port and a line end first. */
void nfsHostileServe(const char *behaviour) G_GNUC_NORETURN;
