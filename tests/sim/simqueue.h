/*
 * simqueue.h: virtual time, what happens in it, and the dice
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Time only moves when the next thing is taken from the queue. What was put
 * in for the same instant comes out in the order in which it was put in, so a
 * world with the same seed always runs alike.
 */
#pragma once

#include "virleasetime.h"

typedef struct _simQueue simQueue;
typedef void (*simQueueFunc)(gpointer data);

simQueue *simQueueNew(void);
/* Frees what is still waiting, without running it. */
void simQueueFree(simQueue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(simQueue, simQueueFree);

/* Nanoseconds since the world began. */
virLeaseTime simQueueNow(const simQueue *queue);

/* Runs @func(@data) at @at, or now if that has passed; then @destroy(@data). */
void simQueueAdd(simQueue *queue,
                 virLeaseTime at,
                 simQueueFunc func,
                 gpointer data,
                 GDestroyNotify destroy);

/* Runs the next thing, if it comes not later than @limit. Returns FALSE, with
 * the time moved to @limit, if there is none. */
gboolean simQueueRunNext(simQueue *queue,
                         virLeaseTime limit);

/* How many things were run. */
guint64 simQueueCount(const simQueue *queue);

/* Dice that fall alike on every machine. */
typedef struct _simDice simDice;
struct _simDice {
    guint64 state;
};

guint64 simDiceRoll(simDice *dice);
/* 0 to @limit - 1 */
guint simDiceBelow(simDice *dice,
                   guint limit);
gboolean simDiceChance(simDice *dice,
                       guint permille);
/* @min to @max, both possible */
virLeaseSpan simDiceSpan(simDice *dice,
                         virLeaseSpan min,
                         virLeaseSpan max);
