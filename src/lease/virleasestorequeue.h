/*
 * virleasestorequeue.h: replies that wait for the main loop
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#pragma once

#include "virleasestore.h"

/* Keeps a store's promises about when replies are given: from the main loop,
 * and never before virLeaseStoreSubmit() returned. */
typedef struct _virLeaseStoreQueue virLeaseStoreQueue;

/* Makes a queue that belongs to @store and is served by the calling thread's
 * default main context. */
virLeaseStoreQueue *virLeaseStoreQueueNew(virLeaseStore *store);

/* Takes @reply over; it is given to the store's user as soon as the main
 * loop turns. */
void virLeaseStoreQueuePush(virLeaseStoreQueue *queue,
                            virLeaseReply *reply);

/* What was not given yet is dropped. */
void virLeaseStoreQueueFree(virLeaseStoreQueue *queue);
