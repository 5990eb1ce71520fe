/*
 * virleasestoredir.h: a lockspace in a directory of this host
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestore.h"

/* Makes a store for the directory at the absolute @path. Its blocking calls
 * run in threads of its own. A call that was begun cannot be taken back: it
 * may still be carried out after its operation was answered LOST. */
virLeaseStore *virLeaseStoreDirNew(const char *path);
