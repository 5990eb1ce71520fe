/*
 * fakevirtleased.h: a virtleased that says what it is told to
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A thread that takes one connection after the other, and one call on each. It
 * reads and writes frames by itself, so that what it takes for one does not
 * hang on the code that is tested.
 */
#pragma once

#include <glib.h>

#include "lease_protocol.h"

typedef enum {
    FAKE_REPLY_OK,          /* a token, where the procedure returns one */
    FAKE_REPLY_ERROR,       /* VIR_ERR_RESOURCE_BUSY with FAKE_ERROR */
    FAKE_REPLY_NONE,        /* never, but the connection stays */
    FAKE_REPLY_HALF,        /* the first half of an answer, and then nothing */
    FAKE_REPLY_CLOSE,       /* the connection is closed */
    FAKE_REPLY_GARBAGE,     /* bytes that are no frame */
} fakeReply;

#define FAKE_ERROR "disk '/images/a.img' is in use by guest 'web01' on host 'kvm1'"

typedef struct _fakeDaemon fakeDaemon;

/* One call that came. */
typedef struct _fakeCall fakeCall;
struct _fakeCall {
    int procedure;
    const virLeaseProtocolRequest *request;
    union {
        virLeaseProtocolRegisterArgs registers;
        virLeaseProtocolAcquireArgs acquire;
        virLeaseProtocolDetachArgs detach;
        virLeaseProtocolSuspendArgs suspend;
        virLeaseProtocolInquireArgs inquire;
    } args;
};

void fakeCallFree(fakeCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(fakeCall, fakeCallFree)

/* Starts one that listens on @path and answers FAKE_REPLY_OK with the token "". */
fakeDaemon *fakeDaemonNew(const char *path);

/* Stops it, also in the middle of a call. */
void fakeDaemonFree(fakeDaemon *daemon);

/* Before the call that it is about. @token is kept, not copied. */
void fakeDaemonSetReply(fakeDaemon *daemon,
                        fakeReply reply,
                        const char *token);

/* The oldest call that was not taken yet, NULL if there is none. A call is
 * there before it is answered. */
fakeCall *fakeDaemonTake(fakeDaemon *daemon);
