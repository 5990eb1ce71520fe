/*
 * virleasestorerace.h: several processes after one entry's place
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

/* Has several processes of this program race in the lockspace at @url, which
 * is there: each makes an entry, then reads the directory, and is granted the
 * place if it is alone. No two may be at a time. @witness is the path of a
 * file that is not there. */
void testStoreRace(const char *url,
                   const char *witness);

/* For main(): if this process is one of those, races and exits. */
void testStoreRaceMain(void);
