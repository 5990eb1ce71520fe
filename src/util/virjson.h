/*
 * virjson.h: what JSON text json-glib may be given
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include <glib.h>

/* Arrays and objects inside each other; json-glib's parser calls itself for
 * each, and some versions set no end to that. */
#define VIR_JSON_DEPTH_MAX 16

/**
 * virJSONIsPlain:
 * @text: what was read
 *
 * Tells apart what json-glib reads well from what it does not: nesting beyond
 * VIR_JSON_DEPTH_MAX, which ends in a stack overflow, and escapes of surrogates
 * or of NUL, of which it makes strings that are not UTF-8 or are cut. Says
 * nothing else of the grammar, which stays the parser's business.
 *
 * Returns whether @text has none of these and no comments, and whether each of
 * its strings has an end.
 */
gboolean virJSONIsPlain(const char *text);
