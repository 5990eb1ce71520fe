/*
 * renewal.pml: the time of one lease, its guard and one observer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rules 5, 6, 7 and 13 (docs/internals/nfs-lease.rst). It shows what lease.pml
 * takes for granted: whoever calls a session dead is right, that is, no owner
 * of it runs then or later.
 *
 * Time is counted in ticks. Everything may take any time, except the guard,
 * which acts in the tick in which it must, and the kill, which takes less
 * than K. -DMUTANT_x builds one thing wrongly.
 */

#ifndef L
# define L      3
#endif
#define K       (L / 3)
#ifndef HORIZON
# define HORIZON 8              /* ticks after which nothing new is looked at */
#endif
#ifndef RENEWALS
# define RENEWALS 3             /* renewals sent */
#endif
#ifndef COPIES
# define COPIES 1               /* renewals that are carried out a second time */
#endif
#ifndef PAUSES
# define PAUSES 1
#endif

byte now;

/*
 * The server. With ctime or the change attribute no two states of the session's
 * directory look alike, so all that a reader learns is whether it moved since
 * the read before. Without them there is the mtime alone.
 */
bool moved;
#ifdef MUTANT_NO_CTIME
byte mtime = 1;
byte previous = 1;              /* mtime of the renewal sent last */
byte sentValue;
byte againValue[2];
#endif

/* The holder's host. The first renewal was acknowledged at time 0. */
byte end = L;
bool sessionOver;               /* the worker has noticed */

#define NOT     0               /* owner's entry in the guard's page */
#define LISTED  1
byte page;
bool runs;                      /* the guest's CPUs */
bool doomed;                    /* the guard has sent the kill */
byte killEnd;                   /* by when the kill must have worked */
bool killed;                    /* its process is gone */

/* One renewal under way: when it was sent, not carried out yet, carried out and not answered yet. */
byte sentAt;
bool unexecuted, unanswered;
byte copies = COPIES;
byte again;                     /* renewals that will be carried out once more */

/* The observer. */
bool verdict;

proctype Clock()
{
    do
    :: atomic { now < HORIZON && !killed && !(page == LISTED && !doomed && !killed && now + K >= end) &&
                !(doomed && !killed && now + 1 >= killEnd) -> now++ }
    od
}

proctype Guard()
{
    do
    :: atomic { page == LISTED && !doomed && !killed && now + K >= end -> doomed = true; killEnd = now + K }
    :: atomic { doomed && !killed -> killed = true; runs = false; page = NOT; doomed = false; killEnd = 0 }
    od
}

/* Renewals, one under way at a time; a renewal given up may still be carried out. */
proctype Renewer()
{
    byte n;

    do
    :: atomic { now < HORIZON && n < RENEWALS && !unanswered && !sessionOver && !unexecuted -> n++;
#ifdef MUTANT_NO_CTIME
           if
           :: previous + 1 > now -> previous = previous + 1
           :: else -> previous = now
           fi;
           sentValue = previous;
#endif
           sentAt = now;
           unexecuted = true }
    :: atomic { unanswered ->
           unanswered = false;
           if
#ifdef MUTANT_LATE_REVIVES
           :: now >= end && !sessionOver -> end = sentAt + L
#else
           :: now >= end -> sessionOver = true
#endif
#ifdef MUTANT_LEASE_FROM_REPLY
           :: now < end -> end = now + L
#else
           :: now < end -> end = sentAt + L
#endif
           fi;
           sentAt = 0 }
    od
}

proctype Server()
{
    do
    :: atomic { unexecuted && now < HORIZON ->
           unexecuted = false;
           unanswered = true;
           moved = true;
#ifdef MUTANT_NO_CTIME
           mtime = sentValue;
#endif
           if
           :: true
           :: copies > 0 ->
               copies--;
#ifdef MUTANT_NO_CTIME
               againValue[again] = sentValue;
#endif
               again++
           fi }
    :: atomic { again > 0 && now < HORIZON ->
           again--;
#ifdef MUTANT_NO_CTIME
           mtime = againValue[again];
#endif
           moved = true }
    od
}

/* Rule 13 and 6: a guest is granted, may be paused in time, and granted anew. */
proctype Owner()
{
    bool checked;
    byte pauses;

grantAnew:
#ifdef MUTANT_CHECK_FIRST
    atomic { !killed && now + K < end && !sessionOver };
    atomic { !killed -> page = LISTED };
    atomic { !killed -> runs = true; assert(!verdict) };
#else
    atomic { !killed && page == NOT -> page = LISTED };
    if
    :: atomic { now + K < end && !sessionOver };
       if
       :: atomic { !killed && page == LISTED -> runs = true; assert(!verdict) }
       :: atomic { killed -> goto out }
       fi
    :: atomic { !(now + K < end && !sessionOver) ->
           if
           :: !killed && !doomed -> page = NOT
           :: else
           fi;
           goto out }
    fi;
#endif
    if
    :: atomic { pauses < PAUSES && runs -> pauses++; runs = false };
       /* the confirmation takes its time, and only then the guard forgets the owner */
       if
       :: atomic { !killed && !doomed -> page = NOT }; goto grantAnew
       :: killed
       fi
    :: true
    fi;
out:
    skip
}

/* Rule 7. */
proctype Observer()
{
    byte since, sent;
    bool has, same;
#ifdef MUTANT_NO_CTIME
    byte seen;
#endif

    do
    :: atomic { now < HORIZON -> sent = now };
       atomic {
#ifdef MUTANT_NO_CTIME
           same = (mtime == seen);
           seen = mtime;
#else
           same = !moved;
#endif
           moved = false };
       atomic {
           if
           :: has && same && sent > since + L -> verdict = true; assert(!runs); break
           :: has && same && sent <= since + L
           :: !has || !same ->
               has = true;
#ifdef MUTANT_OBSERVED_FROM_START
               since = sent
#else
               since = now
#endif
           fi;
           same = false;
           sent = 0 }
    od
}

init {
    atomic {
        run Clock();
        run Guard();
        run Renewer();
        run Server();
        run Owner();
        run Observer()
    }
}
