/*
 * testlockbad.c: shared objects that are no lock drivers
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "lock_driver.h"

#ifdef TEST_UNDEFINED
extern int testLockIsNowhere(void);
extern __attribute__((visibility("default"))) int (*testLockUndefined)(void);
int (*testLockUndefined)(void) = testLockIsNowhere;
#else
extern __attribute__((visibility("default"))) int testLockNoSymbol;
int testLockNoSymbol = 1;
#endif
