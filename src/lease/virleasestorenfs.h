/*
 * virleasestorenfs.h: a lockspace on an NFS export, without mounting it
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestore.h"
#include "virleaseurl.h"

/* Makes a store for @url, which it takes over. */
virLeaseStore *virLeaseStoreNfsNew(virLeaseURL *url);
