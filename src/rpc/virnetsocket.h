/*
 * virnetsocket.h: Unix sockets to listen on
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Functions without state. Every descriptor that they give has close-on-exec
 * and nonblocking set.
 */
#pragma once

#include <glib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Makes a socket at @path, as virNetServerListen() says. Returns its
 * descriptor, or -1 with an error reported. */
int virNetSocketListen(const char *path,
                       mode_t mode) G_GNUC_WARN_UNUSED_RESULT;

/* Makes sure that @fd is a Unix stream socket that listens. Returns 0, or -1
 * with an error reported. */
int virNetSocketAdopt(int fd) G_GNUC_WARN_UNUSED_RESULT;

/* Which file @path is. Returns 0, or -1, and reports nothing, if there is none. */
int virNetSocketIdentify(const char *path,
                         struct stat *st);

/* Removes @path if it is still the file @st. */
void virNetSocketRemove(const char *path,
                        const struct stat *st);

/* Who is at the other end of @fd. Returns 0, or -1 with an error reported. */
int virNetSocketGetPeer(int fd,
                        struct ucred *peer) G_GNUC_WARN_UNUSED_RESULT;
