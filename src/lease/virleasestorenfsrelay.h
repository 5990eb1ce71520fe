/*
 * virleasestorenfsrelay.h: lets libnfs see only answers that are in order
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *   libnfs ◄── socket pair ──► relay ◄── TCP ──► server
 *
 * The calls pass as they are, and are remembered. What comes back is put
 * together, and passed on if it answers one of them, for the first time, and
 * virleasestorenfscheck.h has nothing against it. Anything else breaks the
 * connection. So a server can neither confuse libnfs nor keep it busy, and
 * costs no more memory than two answers.
 */
#pragma once

typedef struct _virLeaseNfsRelay virLeaseNfsRelay;

/* Called once, from the main loop and outside of libnfs. The callee may free
 * the relay. @detail is good during the call. */
typedef void (*virLeaseNfsRelayBrokenFunc)(const char *detail,
                                           void *opaque);

/**
 * virLeaseNfsRelayNew:
 * @fd: a connected socket without traffic yet
 * @broken: called when the server did what it may not
 * @opaque: for @broken
 *
 * Takes the connection over: @fd stays its owner's, but is from now on one end
 * of a socket pair, which is closed at its other end when the server closes
 * the connection. The relay runs in the calling thread's default main context.
 *
 * Returns the relay, or NULL with errno set.
 */
virLeaseNfsRelay *virLeaseNfsRelayNew(int fd,
                                      virLeaseNfsRelayBrokenFunc broken,
                                      void *opaque);

/* Closes the connection. */
void virLeaseNfsRelayFree(virLeaseNfsRelay *relay);
