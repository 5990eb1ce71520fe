/*
 * lease.pml: the life of entries, markers, tokens and runs on the export
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rule numbers are those of docs/internals/nfs-lease.rst. What is modelled,
 * what is not, and how large each configuration is: README.rst.
 *
 * -DCONFIG_x picks a configuration, -DMUTANT_x builds one thing wrongly.
 *
 * Time is not here: renewal.pml shows that a session is called dead only when
 * none of its owners runs or will run. Here a session dies in one step, and
 * its worker goes on without noticing until the check of rule 13.
 */

/* A configuration gives each run one decimal digit, run 0 rightmost; what is not written is 0. */
#define OF(digits, r)   (((digits) / ((r) == 0 -> 1 : ((r) == 1 -> 10 : ((r) == 2 -> 100 : 1000)))) % 10)
#define NONE    9

#ifdef CONFIG_HANDOVER      /* live migration against a third guest; it may fail and resume at home */
# define NRUN 4
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 1211
# define STOP_V  1
# define EXIT_V  101
#endif
#ifdef CONFIG_HANDOVER_DIES /* the same, source and destination may lose their leases */
# define NRUN 3
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 211
# define STOP_V  1
# define EXIT_V  101
# ifndef MORTAL
#  define MORTAL 3
# endif
#endif
#ifdef CONFIG_LOST          /* lost lease: stopped guest resumed by a new session, a copy, a stranger */
# define NRUN 4
# define SESS_V  3210
# define TOK_V   909
# define GUEST_V 1211
# define STOP_V  1
# define EXIT_V  100
# ifndef MORTAL
#  define MORTAL 1
# endif
#endif
#ifdef CONFIG_TWICE         /* one token, two who present it, each dying or stopping at will */
# define NRUN 3
# define SESS_V  210
# define TOK_V   9
# define GUEST_V 111
# define STOP_V  111
# define EXIT_V  110
# ifndef MORTAL
#  define MORTAL 3
# endif
# ifndef DUPR
#  define DUPR 1
# endif
# ifndef BUDGET
#  define BUDGET 1
# endif
#endif
#ifdef CONFIG_CHAIN         /* a token of a run that had a token itself, against a stranger */
# define NRUN 4
# define SESS_V  3210
# define TOK_V   9109
# define GUEST_V 2111
# define STOP_V  11
# define EXIT_V  1000
# ifndef MORTAL
#  define MORTAL 2
# endif
#endif
#ifdef CONFIG_EXITED        /* a migrated, paused guest whose source process is gone; the source sweeps */
# define NRUN 3
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 211
# define STOP_V  1
# define EXIT_V  101
# define JANITOR 0
#endif
#ifdef CONFIG_SHARED        /* two readers and a writer */
# define NRUN 4
# define SESS_V  3210
# define TOK_V   999
# define GUEST_V 1321
# define SHARE_V 1011
# define STOP_V  1
# define EXIT_V  111
#endif
#ifdef CONFIG_LATE          /* two strangers, retries, REMOVEs carried out again later */
# define NRUN 2
# define SESS_V  10
# define TOK_V   99
# define GUEST_V 21
# define STOP_V  0
# define EXIT_V  11
# ifndef NA
#  define NA 3
# endif
# ifndef DUPR
#  define DUPR 1
# endif
# ifndef DUPC
#  define DUPC 1
# endif
# ifndef BUDGET
#  define BUDGET 2
# endif
#endif
#ifdef CONFIG_LATE_TOKEN    /* SYMLINKs and markers carried out again later, with a token about */
# define NRUN 3
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 211
# define STOP_V  1
# define EXIT_V  100
# ifndef MORTAL
#  define MORTAL 1
# endif
# ifndef DUPC
#  define DUPC 1
# endif
# ifndef DUPR
#  define DUPR 1
# endif
# ifndef DUPM
#  define DUPM 1
# endif
# ifndef BUDGET
#  define BUDGET 2
# endif
#endif
#ifdef CONFIG_SWEEP         /* rule 4 while owners come and go, late SYMLINKs leave things to sweep */
# define NRUN 2
# define SESS_V  10
# define TOK_V   99
# define GUEST_V 21
# define STOP_V  1
# define EXIT_V  11
# ifndef NA
#  define NA 2
# endif
# define JANITOR 0
# ifndef DUPC
#  define DUPC 1
# endif
# ifndef DUPR
#  define DUPR 1
# endif
# ifndef BUDGET
#  define BUDGET 1
# endif
#endif
#ifdef CONFIG_PARTS         /* two resources; a stranger who wants one of them */
# define NRUN 3
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 211
# define WANT_V  233
# define STOP_V  1
# define EXIT_V  100
# define NR 2
# ifndef MORTAL
#  define MORTAL 1
# endif
#endif
#ifdef CONFIG_RESERVE       /* rule 21: an incoming migration that is registered before it has a token */
# define NRUN 3
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 211
# define STOP_V  1
# define EXIT_V  101
# define RESERVE_V 10
# ifndef NA
#  define NA 2
# endif
# ifndef MORTAL
#  define MORTAL 1
# endif
#endif
#ifdef CONFIG_HOLE_RENAMED  /* known hole: rule 12(c)'s exception; disk 1 attached while paused, disk 0 given up */
# define NRUN 3
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 211
# define WANT_V  223
# define NAMED_V 1
# define STOP_V  1
# define EXIT_V  100
# define NR 2
# define PAUSEDFIRST 1
# ifndef MORTAL
#  define MORTAL 1
# endif
#endif
#ifdef CONFIG_HOLE_ATTACHED /* hole: the entry of a disk attached while paused has no identity in the token */
# define NRUN 3
# define SESS_V  210
# define TOK_V   909
# define GUEST_V 211
# define WANT_V  233
# define NAMED_V 1
# define STOP_V  1
# define EXIT_V  100
# define NR 2
# define PAUSEDFIRST 1
# ifndef MORTAL
#  define MORTAL 1
# endif
# ifndef DUPC
#  define DUPC 1
# endif
# ifndef BUDGET
#  define BUDGET 1
# endif
#endif

#ifndef NA
# define NA 1               /* attempts of a run */
#endif
#ifndef NR
# define NR 1               /* resources */
#endif
#ifndef WANT_V
# define WANT_V 1111
#endif
#ifndef NAMED_V
# define NAMED_V WANT_V     /* resources that the run's token names */
#endif
#ifndef SHARE_V
# define SHARE_V 0
#endif
#ifndef RESERVE_V
# define RESERVE_V 0
#endif
#ifndef MORTAL
# define MORTAL 0           /* bit per session that may die */
#endif
#ifndef PAUSEDFIRST
# define PAUSEDFIRST 0      /* sessions die only while run 0 is paused */
#endif
#ifndef DUPC
# define DUPC 0
#endif
#ifndef DUPR
# define DUPR 0
#endif
#ifndef DUPM
# define DUPM 0
#endif
#ifndef BUDGET
# define BUDGET 0           /* operations that are carried out a second time */
#endif

#define SESS(r)     OF(SESS_V, r)
#define TOK(r)      OF(TOK_V, r)
#define GUEST(r)    OF(GUEST_V, r)
#define WANT(r)     OF(WANT_V, r)
#define NAMED(r)    OF(NAMED_V, r)
#define SHARE(r)    OF(SHARE_V, r)
#define MAYSTOP(r)  OF(STOP_V, r)
#define MAYEXIT(r)  OF(EXIT_V, r)
#define RESERVES(r) OF(RESERVE_V, r)

/* An entry is one bit: run, attempt, resource. */
#define WIDTH           (NA * NR)
#define RUNBITS(r)      (((1 << WIDTH) - 1) << ((r) * WIDTH))
#define ATTBITS(r, a, want) ((want) << ((r) * WIDTH + (a) * NR))
#define HAS(set, n)     (((set) >> (n)) & 1)

#define CLASH(q, r)     ((WANT(q) & WANT(r)) && !(SHARE(q) && SHARE(r)))
#define TOKENCLASS(r, a) (TOK(r) != NONE && !(RESERVES(r) && (a) == 0))

#define IDLE    0
#define ACQ     1   /* acquiring, or holding a reservation */
#define RUNNING 2
#define STOPPED 3   /* stopped for ever, its process is there */
#define EXITED  4   /* stopped, then its process ended */
#define GONE    5   /* ran until it ended or was killed */

/* The export. */
int dir;            /* entries that are there */
int other;          /* of these: made again by a late SYMLINK, so with another identity */
byte stoppedM, exitedM;

/* Operations that are going to be carried out once more. */
int againC, againR;
byte againS, againX;
byte budget = BUDGET;

/* What a scan in progress must and may show. */
#define NSCAN (NRUN + 1)
int must[NSCAN], may[NSCAN];
byte scanning;

/* The truth, and each live daemon's table. */
byte st[NRUN], cur[NRUN];
byte dead;          /* sessions */
byte granted;       /* runs that were granted */
byte tainted;       /* runs whose disk somebody else has run with since */
byte spent;         /* tokens used up by a grant */
byte usedBy[NRUN];  /* 1 + the run that began to remove this token's entries (rule 12) */
byte dropped;       /* runs that have left the table */
byte overrun;       /* runs whose entries others have removed, as rule 12 bids them */

hidden byte i, q;
hidden int bits, low;

inline put(e)
{
    dir = dir | (e);
    i = 0;
    do
    :: i < NSCAN ->
        if
        :: HAS(scanning, i) -> may[i] = may[i] | (e)
        :: else
        fi;
        i++
    :: else -> break
    od
}

inline del(e)
{
    dir = dir & ~(e);
    other = other & ~(e);
    i = 0;
    do
    :: i < NSCAN -> must[i] = must[i] & ~(e); i++
    :: else -> break
    od
}

/* An operation is carried out when its sender takes this step: it waits for
 * the answer anyway. A retry or a delayed copy may follow at any later time. */
inline opSymlink(e)
{
    put(e);
    if
    :: true
    :: DUPC && budget > 0 -> budget--; againC = againC | (e)
    fi
}

inline opRemove(e)
{
#ifdef MUTANT_REMOVE_UNANSWERED
    againR = againR | (e);
#else
    del(e);
    if
    :: true
    :: DUPR && budget > 0 -> budget--; againR = againR | (e)
    fi
#endif
}

inline opMark(set, again, r)
{
    set = set | (1 << (r));
    if
    :: true
    :: DUPM && budget > 0 -> budget--; again = again | (1 << (r))
    fi
}

/* An entry that is there from first to last is shown; one that comes or goes may be. */
inline scanBegin(n)
{
    must[n] = dir;
    may[n] = dir;
    scanning = scanning | (1 << (n))
}

inline scanEnd(n, seen)
{
    seen = must[n];
    bits = may[n] & ~must[n];
    do
    :: bits ->
        low = bits & (0 - bits);
        bits = bits & ~low;
        if
        :: seen = seen | low
        :: true
        fi
    :: else -> break
    od;
    must[n] = 0;
    may[n] = 0;
    scanning = scanning & ~(1 << (n))
}

/* Said in the protocol's assumptions: who dies between its first REMOVE and its grant uses the token up. */
#define USERDIED(t) (usedBy[t] && HAS(dead, SESS(usedBy[t] - 1)))

/* The promises, at the moment of a grant. token: the run whose state is gone on with, or NONE. */
inline grant(r, token)
{
    q = 0;
    do
    :: q < NRUN ->
        if
        :: q != r && CLASH(q, r) ->
            assert(st[q] != RUNNING);                               /* S1 */
            assert(!(st[q] == STOPPED && q != token &&
                     !HAS(dead, SESS(q)) && !HAS(spent, q) && !USERDIED(q)))    /* S3 */
        :: else
        fi;
        q++
    :: else -> break
    od;
    if
    :: token != NONE ->
        assert(!HAS(tainted, token));                               /* S2 */
        spent = spent | (1 << token)
    :: else
    fi;
    q = 0;
    do
    :: q < NRUN ->
        if
        :: q != r && HAS(granted, q) && CLASH(q, r) -> tainted = tainted | (1 << q)
        :: else
        fi;
        q++
    :: else -> break
    od;
    st[r] = RUNNING;
    granted = granted | (1 << r)
}

/* Rule 9: what the own daemon knows without asking the export. */
inline inMemory(r, busy)
{
    busy = 0;
    q = 0;
    do
    :: q < NRUN ->
        if
        :: q != r && SESS(q) == SESS(r) && CLASH(q, r) && (st[q] == ACQ || st[q] == RUNNING) -> busy = 1
        :: else
        fi;
        q++
    :: else -> break
    od
}

/* Rule 11. verdict: 0 nothing in the way, 1 worse-ranked only, 2 better-ranked, 3 the same guest (rule 21). */
inline judge(r, a, seen, seenExited, found, verdict)
{
    verdict = 0;
    seenExited = seenExited | exitedM;
    bits = seen & ~RUNBITS(r);
    if
    :: TOKENCLASS(r, a) -> bits = bits & ~RUNBITS(TOK(r))
    :: else
    fi;
    do
    :: bits ->
        low = bits & (0 - bits);
        bits = bits & ~low;
        q = 0;
        do
        :: !(low & RUNBITS(q)) -> q++
        :: else -> break
        od;
        i = 0;              /* which attempt, which resource */
        do
        :: low != (1 << (q * WIDTH + i)) -> i++
        :: else -> break
        od;
        if
        :: !HAS(WANT(r), i % NR) || (SHARE(q) && SHARE(r))
#ifndef MUTANT_RESERVATION_REMOVES
        :: else -> if
        :: RESERVES(r) && a == 0 && GUEST(q) == GUEST(r) -> verdict = 3
#endif
        :: else ->
            if
            :: HAS(dead, SESS(q)) || HAS(seenExited, q) -> found = found | low
#ifdef MUTANT_FRESH_TAKES_STOPPED
            :: else -> if
            :: HAS(stoppedM, q) -> found = found | low
#endif
            :: else ->
                if
                :: verdict == 3
                :: else ->
                    if
                    :: (TOKENCLASS(q, i / NR) && !TOKENCLASS(r, a)) ||
                       (TOKENCLASS(q, i / NR) == TOKENCLASS(r, a) && q < r) -> verdict = 2
                    :: else ->
                        if
                        :: verdict == 0 -> verdict = 1
                        :: else
                        fi
                    fi
                fi
#ifdef MUTANT_FRESH_TAKES_STOPPED
            fi
#endif
            fi
#ifndef MUTANT_RESERVATION_REMOVES
        fi
#endif
        fi
    :: else -> break
    od;
    q = 0
}

/* Rule 12(a), read when this is evaluated. */
#define OWNSTOPPED(t, r)  (SESS(t) == SESS(r) && (st[t] == STOPPED || st[t] == EXITED))
#define OVER(t, r)  (HAS(stoppedM, t) || HAS(exitedM, t) || HAS(dead, SESS(t)) || OWNSTOPPED(t, r))

#define TOKENBITS(t)    ATTBITS(t, cur[t], NAMED(t))
#ifdef CONFIG_HOLE_RENAMED
# define ATTACHED(t, r) 0   /* counts as fresh: the token names a disk that is not asked for */
#else
# define ATTACHED(t, r) ATTBITS(t, cur[t], WANT(r) & ~NAMED(t))
#endif

proctype Run(byte r)
{
    int seen, found, rest;
    byte a, try, made, seenExited, verdict;
    bool forGood, stopRead, entriesRead;

    /* A token may be had while its run still runs (rule 15). */
    if
    :: TOK(r) == NONE
    :: TOK(r) != NONE && RESERVES(r)
    :: TOK(r) != NONE && !RESERVES(r) && HAS(granted, TOK(r))
    fi;

attempt:
    atomic {
        if
        :: TOKENCLASS(r, a) ->
            HAS(granted, TOK(r)) && (SESS(TOK(r)) != SESS(r) || OWNSTOPPED(TOK(r), r))
        :: else
        fi;
        inMemory(r, verdict);
        if
        :: verdict -> verdict = 0; goto over
        :: else
        fi;
        st[r] = ACQ;
        cur[r] = a
    };

#ifdef MUTANT_SCAN_FIRST
    atomic { scanBegin(r) };
    atomic { scanEnd(r, seen); seen = seen & ~RUNBITS(r) };
#endif
    /* rule 10: every SYMLINK answered, then the scan */
    do
    :: atomic { HAS(WANT(r) & ~made, 0) -> opSymlink(ATTBITS(r, a, 1)); made = made | 1;
                if :: made == WANT(r) -> break :: else fi }
#if NR > 1
    :: atomic { HAS(WANT(r) & ~made, 1) -> opSymlink(ATTBITS(r, a, 2)); made = made | 2;
                if :: made == WANT(r) -> break :: else fi }
#endif
    od;

scan:
#ifndef MUTANT_SCAN_FIRST
    atomic { made = 0; scanBegin(r) };
    atomic {
        scanEnd(r, seen);
        if
        :: (seen & ATTBITS(r, a, WANT(r))) != ATTBITS(r, a, WANT(r)) -> seen = 0; goto withdraw
        :: else -> seen = seen & ~RUNBITS(r)
        fi
    };
#endif
    atomic {
        made = 0;
        judge(r, a, seen, seenExited, found, verdict);
        if
        :: verdict == 3 || verdict == 2 -> goto withdraw
        :: verdict == 1 -> seen = 0; verdict = 0; goto scan
        :: verdict == 1 -> goto withdraw
        :: verdict == 0
        fi;
#ifndef MUTANT_ONE_SCAN
        seen = 0
#endif
    };

    /* rule 12, (a) and (b) in either order */
    if
    :: TOKENCLASS(r, a) ->
        do
        :: atomic { !stopRead ->
               if
#ifdef MUTANT_STOP_NOT_AWAITED
               :: true -> stopRead = true
#else
               :: OVER(TOK(r), r) -> stopRead = true
#endif
               :: true -> goto withdraw                /* waited long enough */
               fi;
               if :: entriesRead -> break :: else fi }
        :: atomic { !entriesRead ->
               if
#ifdef MUTANT_ONE_SCAN
               :: (seen & TOKENBITS(TOK(r))) == TOKENBITS(TOK(r)) -> entriesRead = true; seen = 0
#else
# ifdef MUTANT_PART_TOKEN
               :: dir & ~other & TOKENBITS(TOK(r)) -> entriesRead = true
# else
#  ifdef MUTANT_NO_IDENTITY
               :: (dir & TOKENBITS(TOK(r))) == TOKENBITS(TOK(r)) -> entriesRead = true
#  else
               :: (dir & ~other & TOKENBITS(TOK(r))) == TOKENBITS(TOK(r)) &&
                  (dir & ATTACHED(TOK(r), r)) == ATTACHED(TOK(r), r) -> entriesRead = true
#  endif
# endif
#endif
               :: else -> forGood = true; goto withdraw
               fi;
               if :: stopRead -> break :: else fi }
        od
    :: else
    fi;

    atomic {
        stopRead = false;
        entriesRead = false;
        rest = found;
        if
        :: TOKENCLASS(r, a) -> rest = rest | ATTBITS(TOK(r), cur[TOK(r)], WANT(TOK(r)))
        :: else
        fi;
#ifdef MUTANT_DEAD_IGNORED
        q = 0;
        do
        :: q < NRUN -> if :: HAS(dead, SESS(q)) && q != TOK(r) -> rest = rest & ~RUNBITS(q) :: else fi; q++
        :: else -> q = 0; break
        od;
#endif
#ifdef MUTANT_EXITED_IGNORED
        q = 0;
        do
        :: q < NRUN -> if :: !HAS(dead, SESS(q)) && q != TOK(r) -> rest = rest & ~RUNBITS(q) :: else fi; q++
        :: else -> q = 0; break
        od;
#endif
        found = 0
    };
    do
    :: atomic { rest ->
           low = rest & (0 - rest);
           if
           :: true
           :: rest != low -> low = (rest & ~low) & (0 - (rest & ~low))
           fi;
           rest = rest & ~low;
           q = 0;
           do
           :: !(low & RUNBITS(q)) -> q++
           :: else -> break
           od;
           if
           :: TOKENCLASS(r, a) && q == TOK(r) -> usedBy[q] = r + 1
           :: else ->
               if
               :: RESERVES(r) && a == 0 && GUEST(q) == GUEST(r)     /* what rule 21 forbids is no excuse */
               :: else -> overrun = overrun | (1 << q)
               fi
           fi;
           q = 0;
           opRemove(low) }
    :: rest == 0 -> break
    od;

    if
    :: atomic { RESERVES(r) && a == 0 && !HAS(dead, SESS(r)) ->
#ifdef MUTANT_RUNS_ON_FRESH
           if
           :: HAS(granted, TOK(r)) && OVER(TOK(r), r) -> grant(r, TOK(r))
           :: true -> goto withdraw
           fi
#else
           goto withdraw                    /* rule 21: the CPUs start with a token */
#endif
       }
    /* rule 13 */
    :: atomic { !(RESERVES(r) && a == 0) && !HAS(dead, SESS(r)) ->
           if
           :: TOKENCLASS(r, a) -> grant(r, TOK(r))
           :: else -> grant(r, NONE)
           fi }
    :: atomic { HAS(dead, SESS(r)) ->
           goto withdraw }
    fi;

    if
    :: atomic { MAYSTOP(r) && st[r] == RUNNING -> st[r] = STOPPED }
    :: atomic { MAYEXIT(r) && st[r] == RUNNING -> st[r] = GONE; goto release }
    :: atomic { st[r] == STOPPED }          /* by its lost lease */
    :: goto over                            /* runs on, or was killed */
    fi;

    /* rule 15; the marker may be long in coming */
    if
    :: atomic { opMark(stoppedM, againS, r) }
    :: MAYEXIT(r)
    fi;
#ifdef MUTANT_MARKER_REMADE
    if
    :: atomic { st[r] == STOPPED && HAS(stoppedM, r) -> stoppedM = stoppedM & ~(1 << r); scanBegin(r) };
       atomic { scanEnd(r, seen) };
       atomic {
           judge(r, a, seen & ~RUNBITS(r), seenExited, found, verdict);
           if
           :: !verdict && (seen & ATTBITS(r, a, WANT(r))) && !HAS(dead, SESS(r)) && st[r] == STOPPED ->
               grant(r, NONE)
           :: else
           fi;
           goto over }
    :: true
    fi;
#endif
    if
    :: MAYEXIT(r) ->
#ifdef MUTANT_EXITED_EARLY
        atomic { opMark(exitedM, againX, r) };
        atomic { st[r] = EXITED };
#else
        atomic { st[r] = EXITED };
        atomic { opMark(exitedM, againX, r) };
#endif
    :: true
    fi;
    goto over;

release:    /* rule 17 */
    do
    :: atomic { HAS(WANT(r) & ~made, 0) -> opRemove(ATTBITS(r, a, 1)); made = made | 1;
                if :: made == WANT(r) -> break :: else fi }
#if NR > 1
    :: atomic { HAS(WANT(r) & ~made, 1) -> opRemove(ATTBITS(r, a, 2)); made = made | 2;
                if :: made == WANT(r) -> break :: else fi }
#endif
    od;
    goto over;

withdraw:
    atomic { seen = 0; found = 0; rest = 0; verdict = 0; made = 0; seenExited = 0;
             stopRead = false; entriesRead = false };
    do
    :: atomic { HAS(WANT(r) & ~made, 0) -> opRemove(ATTBITS(r, a, 1)); made = made | 1;
                if :: made == WANT(r) -> break :: else fi }
#if NR > 1
    :: atomic { HAS(WANT(r) & ~made, 1) -> opRemove(ATTBITS(r, a, 2)); made = made | 2;
                if :: made == WANT(r) -> break :: else fi }
#endif
    od;
    atomic {
        made = 0;
        st[r] = IDLE;
        try++;
        if
        :: forGood || try == NA -> goto over
        :: else ->
#ifndef MUTANT_NAMES_REUSED
            a = try;
#endif
            goto attempt
        fi
    };

over:
    atomic { seen = 0; found = 0; rest = 0; verdict = 0; made = 0; seenExited = 0; a = 0; try = 0; forGood = false }
}

#ifdef JANITOR
/* Rules 4 and 19 of one live session. */
inline readTable(table)
{
    table = 0;
    q = 0;
    do
    :: q < NRUN ->
        if
        :: SESS(q) == JANITOR && !HAS(dropped, q) &&
           (st[q] == ACQ || st[q] == RUNNING || st[q] == STOPPED || st[q] == EXITED) ->
            table = table | ATTBITS(q, cur[q], WANT(q))
        :: else
        fi;
        q++
    :: else -> break
    od;
    q = 0
}

proctype Janitor()
{
    int seen, table, victims;
    byte hadExited, rounds;

    do
    :: rounds < 2 ->
        atomic {
            rounds++;
# ifdef MUTANT_TABLE_FIRST
            readTable(table);
# endif
            hadExited = exitedM;
            scanBegin(NRUN)
        };
        atomic { scanEnd(NRUN, seen) };
        atomic {
# ifndef MUTANT_TABLE_FIRST
            readTable(table);
# endif
            q = 0;
            do
            :: q < NRUN ->
                if
                :: SESS(q) == JANITOR -> victims = victims | (seen & RUNBITS(q) & ~table);
                    if
# ifdef MUTANT_MARKERS_EARLY
                    :: HAS(hadExited, q) && st[q] == EXITED ->
# else
                    :: HAS(hadExited, q) && st[q] == EXITED && !(seen & RUNBITS(q)) ->
# endif
                        exitedM = exitedM & ~(1 << q);
                        stoppedM = stoppedM & ~(1 << q);
                        dropped = dropped | (1 << q)
                    :: else
                    fi
                :: else
                fi;
                q++
            :: else -> break
            od;
            q = 0;
            seen = 0;
            table = 0;
            hadExited = 0
        };
        do
        :: atomic { victims -> low = victims & (0 - victims); victims = victims & ~low; opRemove(low) }
        :: victims == 0 -> break
        od
    :: rounds == 2 -> break
    od
}
#endif

/* Late operations and lost leases. */
proctype World()
{
    do
    :: atomic { againC ->
           low = againC & (0 - againC);
           if
           :: true
           :: againC != low -> low = (againC & ~low) & (0 - (againC & ~low))
           fi;
           againC = againC & ~low;
           if
           :: !(dir & low) -> put(low); other = other | low
           :: else
           fi }
    :: atomic { againR ->
           low = againR & (0 - againR);
           if
           :: true
           :: againR != low -> low = (againR & ~low) & (0 - (againR & ~low))
           fi;
           againR = againR & ~low;
           del(low) }
    :: atomic { againS -> stoppedM = stoppedM | againS; againS = 0 }
    :: atomic { againX -> exitedM = exitedM | againX; againX = 0 }
#if MORTAL
    :: atomic { (MORTAL & ~dead) && (!PAUSEDFIRST || st[0] == STOPPED) ->
           low = (MORTAL & ~dead) & (0 - (MORTAL & ~dead));
           if
           :: true
           :: (MORTAL & ~dead) != low -> low = MORTAL & ~dead & ~low
           fi;
           dead = dead | low;
           q = 0;
           do
           :: q < NRUN ->
               if
               :: HAS(dead, SESS(q)) && st[q] == RUNNING ->
                   if
                   :: st[q] = GONE
                   :: st[q] = STOPPED
                   fi
               :: else
               fi;
               q++
           :: else -> break
           od;
           q = 0 }
#endif
    :: break
    od
}

/*
 * When nothing moves any more. L1: whatever is on the export belongs to a run
 * that may hold it, or can be cleared away by those whom rules 4, 11 and 19 name.
 * And a token that nobody has used or overrun can still be used.
 */
proctype Quiet()
{
    timeout ->
    d_step {
        q = 0;
        do
        :: q < NRUN ->
            /* a daemon that lives sweeps what is not in its table, so only what it keeps matters */
            if
            :: (dir & ATTBITS(q, cur[q], WANT(q))) && !HAS(dead, SESS(q)) && !HAS(dropped, q) ->
                assert(st[q] != ACQ && !(st[q] == EXITED && !HAS(exitedM, q)));     /* L1 */
            :: else
            fi;
            if
            :: HAS(granted, q) && (st[q] == STOPPED || st[q] == EXITED) &&
               !usedBy[q] && !HAS(tainted, q) && !HAS(overrun, q) ->
                assert((dir & ~other & ATTBITS(q, cur[q], WANT(q))) == ATTBITS(q, cur[q], WANT(q)));
                assert(HAS(dead, SESS(q)) || st[q] == STOPPED || HAS(exitedM, q))
            :: else
            fi;
            q++
        :: else -> break
        od;
        q = 0
    }
}

init {
    atomic {
        i = 0;
        do
        :: i < NRUN -> run Run(i); i++
        :: else -> break
        od;
        i = 0;
#ifdef JANITOR
        run Janitor();
#endif
        run World();
        run Quiet()
    }
}
