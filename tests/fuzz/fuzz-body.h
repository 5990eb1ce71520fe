/*
 * fuzz-body.h: the bodies of one program's calls and answers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "fuzz.h"
#include "virnetmessage.h"

/* Arguments or results of a call. */
typedef struct _fuzzBodyType fuzzBodyType;
struct _fuzzBodyType {
    xdrproc_t filter;
    size_t size;        /* of the C type that it fills */
};

/* One input: the first byte says which of @ntypes the others are taken for, in
 * a message with @header. What can be read must come back as it was written;
 * what can't is refused. */
void fuzzBody(const virNetMessageHeader *header,
              const fuzzBodyType *types,
              size_t ntypes,
              const uint8_t *data,
              size_t size);
