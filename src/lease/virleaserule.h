/*
 * virleaserule.h: rules of the protocol that a test build can leave out
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each line is an engine that is wrong in one thing: a name, the rule that it
 * breaks, and what it does instead. VIR_LEASE_RULE() stands where the rule is
 * kept. In what is shipped it is the constant TRUE, and costs nothing; built
 * with VIR_LEASE_MUTATIONS the engine asks which rule it was made without.
 * tests/sim finds out whether anybody would notice.
 */
#pragma once

#define VIR_LEASE_MUTANTS(X) \
    X(NAMES_REUSED, "1", "a retry uses the names of the try before again") \
    X(COUNTER_FORGOTTEN, "1", "a restarted daemon counts runs and attempts from 1 again") \
    X(EXISTS_FAILS, "2", "'exists' on an own SYMLINK or MKDIR is an error") \
    X(NOENT_FAILS, "2", "'no entry' on a REMOVE is an error, and it is repeated") \
    X(REMOVE_ONCE, "3", "a REMOVE whose answer was lost is not repeated") \
    X(REMOVE_ON_ITS_WAY, "3", "a REMOVE that is on its way counts for what was seen since") \
    X(REMOVE_EARLY, "3", "a withdrawal does not wait for the answers to its SYMLINKs") \
    X(WITHDRAW_UNANSWERED, "3", "a withdrawal does not wait for the answers to its REMOVEs") \
    X(NO_SWEEP, "4", "own entries that no table knows are not swept") \
    X(NO_MARKER_SWEEP, "4", "own markers that no table knows are not swept") \
    X(TABLE_FIRST, "4", "the sweep looks at its table first, and reads then") \
    X(SWEEP_OTHERS, "4", "the sweep removes the entries of other sessions too") \
    X(REVOKE_IGNORED, "4", "an administrator's marker stops nobody") \
    X(LEASE_FROM_REPLY, "5", "the lease counts from the renewal's answer") \
    X(LATE_REVIVES, "5", "an answer after the lease's end moves the end") \
    X(LATE_ANSWER_TIMERS, "5", "what time has ended is not ended before an answer is looked at") \
    X(LATE_ANSWER_CHECK, "5", "an answer to a renewal is not compared with the lease's end") \
    X(NOENT_ACKNOWLEDGES, "5", "'no entry' counts as an acknowledged renewal") \
    X(DIRECTORY_REMADE, "5", "the session's directory is made again when it is missing") \
    X(NO_FENCE, "6", "the worker itself stops nobody at end - K") \
    X(NOT_ENTERED, "6", "the guard is not told of an owner that runs") \
    X(LEFT_AT_INQUIRE, "6", "an owner whose token is asked for leaves the guard's page") \
    X(NO_LEAD, "6", "who is to be paused is left until end - K") \
    X(OBSERVED_FROM_START, "7", "an observer counts from the sending of its first read") \
    X(NO_DRIFT, "7", "an observer waits for L only") \
    X(NO_CTIME, "7", "an observer compares mtimes only") \
    X(NO_COHERENCE, "7", "verdicts are given without own renewals seen to move") \
    X(COHERENCE_FLAG, "7", "verdicts are given before own renewals were ever seen to move") \
    X(COHERENCE_NOT_RECENT, "7", "own renewals need not have moved lately") \
    X(OVERTAKEN_MOVES, "7", "an answer that was overtaken, and shows an older own renewal, counts as one that moved") \
    X(STALE_UNNOTICED, "7", "a read that lacks an acknowledged own renewal is not noticed") \
    X(ABSENT_LIVES, "7", "a session without a directory is never dead") \
    X(VERDICT_NOT_FINAL, "7", "a dead session lives again when its directory changes") \
    X(ENTRY_BEFORE_DIRECTORY, "8", "entries are made before the session's first renewal is acknowledged") \
    X(SLOW_BIRTH, "8", "a session counts from its first renewal, however late") \
    X(SLOW_BIRTH_TIMER, "8", "a session that was not renewed within a lease is not given up by itself") \
    X(SLOW_BIRTH_CHECK, "8", "the first renewal's answer is not compared with the session's age") \
    X(RMDIR_EARLY, "8", "the session's directory is removed under owners, at the daemon's end") \
    X(NO_MEMORY, "9", "conflicts with owners of the same daemon are not looked for in memory") \
    X(OWN_TOKEN_RUNS, "9", "the token of an own run need not be stopped") \
    X(SCAN_EARLY, "10", "the scan begins with the first answer to a SYMLINK") \
    X(ERROR_IS_EMPTY, "10", "a scan that failed counts as one that showed nothing") \
    X(OWN_MISSING, "10", "a scan without the own entries counts") \
    X(MOVED_COUNTS, "10", "a scan of a directory that changed between replies counts") \
    X(IDENTITY_FORGOTTEN, "10", "the identities of own entries are not kept") \
    X(MODES_IGNORED, "11", "shared and exclusive do not conflict") \
    X(LIVE_IS_OVER, "11", "a live session's entries count as dead") \
    X(DEAD_IGNORED, "11", "dead entries are not removed") \
    X(EXITED_IGNORED, "11", "entries of exited runs are not removed") \
    X(EXITED_FORGOTTEN, "11", "a marker that is gone when the token is checked was never seen") \
    X(EXITED_CONFLICTS, "11", "entries of exited runs are in the way") \
    X(SESSIONS_NOT_READ, "11", "sessions/ is not read anew after the shards") \
    X(RANK_TOKEN, "11", "class t does not rank before f") \
    X(RANK_NONE, "11", "nobody ranks better than oneself") \
    X(WORSE_IGNORED, "11", "worse-ranked entries are not in the way") \
    X(CONTENDS_ON, "11", "who sees worse ones only waits until they are gone") \
    X(STOPPED_CONTENDED, "11", "a fresh attempt does not give way to a stopped run at once") \
    X(STOPPED_IS_OVER, "11", "a stopped run is in nobody's way") \
    X(STOP_NOT_AWAITED, "12a", "the token's run may still go on") \
    X(ENDED_IS_DEAD, "12a", "an own ended session is dead before its owners are stopped") \
    X(NO_HANDOVER_WAIT, "12a", "the marker is not waited for") \
    X(ONE_SCAN, "12b", "token and conflict are read in one scan") \
    X(NO_IDENTITY, "12b", "the token's entries are looked for by name only") \
    X(TOKEN_NOT_CHECKED, "12b", "the token's entries are not looked for") \
    X(PART_TOKEN, "12c", "part of a guest may come with the token, part fresh") \
    X(TOKEN_KEPT, "12", "the token's entries are not removed") \
    X(OWN_NOT_AWAITED, "12", "own entries that are on their way out are not waited for") \
    X(CLEAR_UNANSWERED, "12", "the grant does not wait for the REMOVEs' answers") \
    X(CHECK_FIRST, "13", "the lease is checked before the guard knows the owner") \
    X(ENTERED_STAYS, "13", "who was entered too late stays entered, and granted in memory") \
    X(RETRY_SKIPS, "14", "a retry begins with the scan") \
    X(NO_BACKOFF, "14", "a retry begins at once") \
    X(MARKER_REMADE, "15", "a resume takes the stop back, and goes on with the old run") \
    X(STOP_NOT_MARKED, "15", "a suspended guest makes no marker") \
    X(MARKER_ONCE, "15", "a marker whose answer was lost is not repeated") \
    X(TOKEN_OPENS, "15", "a token that was asked for stops its run, though the guest goes on") \
    X(RESUME_FRESH, "16", "a paused guest of this daemon is resumed without its token") \
    X(FAILURE_USES_TOKEN, "16", "an acquire that fails removes the token's entries") \
    X(EXIT_KEEPS, "17", "the entries of a running guest that ended stay") \
    X(EXIT_REMOVES, "17", "the entries of a stopped guest that ended are removed") \
    X(EXIT_NOT_MARKED, "17", "a stopped guest that ended makes no marker") \
    X(EXITED_EARLY, "17", "a stopped guest is marked as exited while its process is there") \
    X(RESTORED_NOT_STOPPED, "18", "a daemon that comes too late does not stop the running owners") \
    X(ENDED_ADOPTED, "18", "a daemon that comes too late takes the session up again") \
    X(BOOT_ADOPTED, "18", "what another boot left is taken up") \
    X(LOST_FORGETS, "18", "a paused guest's run is forgotten with its session") \
    X(MARKERS_EARLY, "19", "an exited run's markers are removed while its entries exist") \
    X(MARKERS_SWEPT, "19", "markers that no table knows are swept while entries exist") \
    X(EXITED_UNREAD, "19", "an exited run is dropped before its marker was read") \
    X(RUN_STAYS, "19", "an exited run is never dropped") \
    X(NO_AUDIT, "20", "a missing entry is not noticed") \
    X(AUDIT_BY_NAME, "20", "an entry that was replaced is not noticed") \
    X(AUDIT_SELDOM, "20", "there is no audit right after a reconnect") \
    X(ROLLBACK_UNNOTICED, "20", "a directory that went back is not noticed") \
    X(DISTRUST_FORGOTTEN, "20", "after a roll-back tokens of dead sessions open") \
    X(ENTRY_REMADE, "20", "a missing entry is made again") \
    X(NO_RESERVATION, "21", "a guest that is registered holds nothing") \
    X(SAME_GUEST_REFUSED, "21", "a reservation is refused for an entry of the same guest") \
    X(RESERVATION_REMOVES, "21", "a reservation removes entries of its own guest") \
    X(RUNS_ON_FRESH, "21", "an owner that presents a token runs on its reservation")

#ifdef VIR_LEASE_MUTATIONS

typedef enum {
    VIR_LEASE_MUTANT_NONE,
# define VIR_LEASE_MUTANT_VALUE(name, rule, text) VIR_LEASE_MUTANT_ ## name,
    VIR_LEASE_MUTANTS(VIR_LEASE_MUTANT_VALUE)
# undef VIR_LEASE_MUTANT_VALUE

    VIR_LEASE_MUTANT_LAST
} virLeaseMutant;

/* @who: the engine, or its observer. */
# define VIR_LEASE_RULE(who, name) \
    ((who)->mutant != VIR_LEASE_MUTANT_ ## name && (who)->also != VIR_LEASE_MUTANT_ ## name)

struct _virLeaseEngine;
struct _virLeaseObserver;

/* Has @engine, and so its @observer, do without one thing from now on, or
 * without two of which either would be enough. */
void virLeaseEngineSetMutant(struct _virLeaseEngine *engine,
                             virLeaseMutant mutant,
                             virLeaseMutant also);
void virLeaseObserverSetMutant(struct _virLeaseObserver *observer,
                               virLeaseMutant mutant,
                               virLeaseMutant also);

#else
# define VIR_LEASE_RULE(who, name) TRUE
#endif
