/*
 * virleasesession.c: one daemon's membership of one lockspace
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include <config.h>

#include "virleaseenginepriv.h"
#include "virerror.h"
#include "virlog.h"

#define VIR_FROM_THIS VIR_FROM_LOCKING

VIR_LOG_INIT("lease.session");

#define VIR_LEASE_BACKOFF_MIN (100 * VIR_LEASE_MILLISECOND)
#define VIR_LEASE_BACKOFF_MAX (5 * VIR_LEASE_SECOND)

/* The allowed moves of a session; the reasons stand where they are made. */
static const gboolean virLeaseSessionMoves[VIR_LEASE_SESSION_LAST][VIR_LEASE_SESSION_LAST] = {
    [VIR_LEASE_SESSION_NONE] = { [VIR_LEASE_SESSION_MAKING] = TRUE },
    [VIR_LEASE_SESSION_MAKING] = { [VIR_LEASE_SESSION_ACTIVE] = TRUE, [VIR_LEASE_SESSION_NONE] = TRUE },
    [VIR_LEASE_SESSION_ACTIVE] = { [VIR_LEASE_SESSION_NONE] = TRUE },
};

static const char *const virLeaseSessionStateNames[VIR_LEASE_SESSION_LAST] = { "none", "making", "active" };


static void
virLeaseSessionMove(virLeaseEngine *engine,
                    virLeaseSessionState state)
{
    virLeaseSession *session = &engine->session;

    g_assert(virLeaseSessionMoves[session->state][state]);
    VIR_DEBUG("lockspace '%s' session '%s': %s -> %s", engine->lockspace, session->sid,
              virLeaseSessionStateNames[session->state], virLeaseSessionStateNames[state]);
    session->state = state;
    /* No lease counts without a session, and none before its first renewal. */
    g_assert(state == VIR_LEASE_SESSION_ACTIVE ? session->end > 0 : session->end == 0);
}


static virLeaseSpan
virLeaseSessionBackoff(virLeaseSpan *backoff,
                       virLeaseSpan max)
{
    *backoff = CLAMP(*backoff * 2, MIN(VIR_LEASE_BACKOFF_MIN, max), max);
    return *backoff;
}


/* ---- the format of the lockspace ---- */

static void
virLeaseSessionReadFormat(virLeaseEngine *engine)
{
    engine->formatOutstanding = TRUE;
    virLeaseEngineSubmit(engine, VIR_LEASE_FOR_FORMAT, VIR_LEASE_OP_READLINK, 0, "format", NULL, 0);
}


/* What people did to the lockspace shows at the next try; a guest that is
 * being started asks for one at once. */
void
virLeaseSessionWant(virLeaseEngine *engine)
{
    if (engine->formatNext > engine->now)
        engine->formatNext = engine->now;
    if (engine->session.state == VIR_LEASE_SESSION_MAKING && engine->session.next > engine->now)
        engine->session.next = engine->now;
}


static void
virLeaseSessionFormatFailed(virLeaseEngine *engine,
                            virLeaseStatus status,
                            const char *detail)
{
    virLeaseEngineSetProblem(engine, status, detail);
    engine->formatNext = engine->now + virLeaseSessionBackoff(&engine->formatBackoff, VIR_LEASE_BACKOFF_MAX);
}


static void
virLeaseSessionFormatChanged(virLeaseEngine *engine,
                             const virLeaseFormat *format)
{
    if (g_str_equal(format->id, engine->format.id) && format->length == engine->format.length &&
        format->shards == engine->format.shards)
        return;
    VIR_ERROR("lockspace '%s' at %s was made anew under this daemon", engine->lockspace, engine->url);
    virLeaseSessionEnd(engine, _("the lockspace was made anew"));
    engine->formatKnown = FALSE;
}


static void
virLeaseSessionUseFormat(virLeaseEngine *engine,
                         const virLeaseFormat *format)
{
    engine->format = *format;
    engine->formatKnown = TRUE;
    engine->formatBackoff = 0;
    g_free(engine->usedShards);
    engine->usedShards = g_new0(gboolean, format->shards);
    VIR_INFO("lockspace '%s' at %s: leases last %.1f s, %u shards",
             engine->lockspace, engine->url, format->length / 1e9, format->shards);
}


void
virLeaseSessionFormatReply(virLeaseEngine *engine,
                           const virLeaseReply *reply)
{
    virLeaseFormat format;

    engine->formatOutstanding = FALSE;
    if (reply->status != VIR_LEASE_STATUS_OK) {
        virLeaseSessionFormatFailed(engine, reply->status, reply->detail);
        return;
    }
    if (virLeaseFormatParse(reply->target, &format) < 0) {
        virLeaseSessionFormatFailed(engine, VIR_LEASE_STATUS_WRONG_TYPE, virGetLastErrorMessage());
        virResetLastError();
        return;
    }
    if (engine->formatKnown)
        virLeaseSessionFormatChanged(engine, &format);
    if (!engine->formatKnown)
        virLeaseSessionUseFormat(engine, &format);
    engine->formatNext = VIR_LEASE_TIME_NEVER;
}


/* ---- making a session (rule 8: its directory before any entry) ---- */

static void
virLeaseSessionSendMkdir(virLeaseEngine *engine)
{
    g_autofree char *path = virLeaseSessionPath(engine->session.sid);

    engine->session.outstanding = TRUE;
    virLeaseEngineSubmit(engine, VIR_LEASE_FOR_SESSION_MKDIR, VIR_LEASE_OP_MKDIR, 0, path, NULL, 0);
}


static void
virLeaseSessionMake(virLeaseEngine *engine)
{
    virLeaseSession *session = &engine->session;

    memset(session, 0, sizeof(*session));
    for (int i = 0; i < VIR_LEASE_SID_LEN; i += 8)
        g_snprintf(session->sid + i, 9, "%08x", g_rand_int(engine->rand));
    session->born = engine->now;
    virLeaseSessionMove(engine, VIR_LEASE_SESSION_MAKING);
    /* Saved first: a name is never used by two lives of the daemon. */
    virLeaseEngineSaveSession(engine);
    virLeaseSessionSendMkdir(engine);
}


/* Rule 5: whole seconds, and another value each time. */
static void
virLeaseSessionSendRenewal(virLeaseEngine *engine)
{
    virLeaseSession *session = &engine->session;
    g_autofree char *path = virLeaseSessionPath(session->sid);

    session->mtime = MAX(session->mtime + 1, engine->wall);
    session->outstanding = TRUE;
    session->sent = engine->now;
    session->next = engine->now + virLeaseEngineRenewalSpan(engine);
    virLeaseEngineSubmit(engine, VIR_LEASE_FOR_RENEWAL, VIR_LEASE_OP_SETATTR, 0, path, NULL, session->mtime);
}


static void
virLeaseSessionRetry(virLeaseEngine *engine)
{
    virLeaseSession *session = &engine->session;

    session->next = engine->now + virLeaseSessionBackoff(&session->backoff, virLeaseEngineRenewalSpan(engine) / 2);
}


/* Whether @op was about the present session, and not an ended one. */
static gboolean
virLeaseSessionIsMeant(const virLeaseEngine *engine,
                       const virLeaseOpContext *op)
{
    g_autofree char *path = virLeaseSessionPath(engine->session.sid);

    return engine->session.state != VIR_LEASE_SESSION_NONE && g_str_equal(path, op->path);
}


void
virLeaseSessionMkdirReply(virLeaseEngine *engine,
                          const virLeaseOpContext *op,
                          const virLeaseReply *reply)
{
    virLeaseSession *session = &engine->session;

    if (!virLeaseSessionIsMeant(engine, op))
        return;
    session->outstanding = FALSE;
    /* Rule 2: "exists" is an earlier try of this very call. */
    if (reply->status == VIR_LEASE_STATUS_OK ||
        (reply->status == VIR_LEASE_STATUS_EXISTS && VIR_LEASE_RULE(engine, EXISTS_FAILS))) {
        session->fileid = reply->attr.fileid;
        virLeaseSessionSendRenewal(engine);
        return;
    }
    virLeaseEngineSetProblem(engine, reply->status, reply->detail);
    if (reply->status == VIR_LEASE_STATUS_NOENT) {
        /* No sessions/ below it: what answers is no whole lockspace. */
        virLeaseSessionMove(engine, VIR_LEASE_SESSION_NONE);
        engine->formatKnown = FALSE;
        virLeaseSessionFormatFailed(engine, reply->status, reply->detail);
        return;
    }
    virLeaseSessionRetry(engine);
}


/* ---- renewal ---- */

/* Before its first renewal a session is as old as its directory may be: from
 * then on others count its lease. */
static virLeaseTime
virLeaseSessionPresentEnd(const virLeaseEngine *engine)
{
    return engine->session.end ? engine->session.end : engine->session.born + engine->format.length;
}


static void
virLeaseSessionFirstRenewal(virLeaseEngine *engine)
{
    virLeaseSessionMove(engine, VIR_LEASE_SESSION_ACTIVE);
    VIR_INFO("lockspace '%s': session '%s' began", engine->lockspace, engine->session.sid);
    virLeaseEngineSetProblem(engine, VIR_LEASE_STATUS_OK, NULL);
    engine->observeNext = engine->now;
    engine->upkeepNext = engine->now + virLeaseEngineRenewalSpan(engine);
}


static void
virLeaseSessionRenewed(virLeaseEngine *engine,
                       const virLeaseOpContext *op)
{
    virLeaseSession *session = &engine->session;
    virLeaseTime end = (VIR_LEASE_RULE(engine, LEASE_FROM_REPLY) ? op->sent : engine->now) + engine->format.length;

    session->backoff = 0;
    session->end = MAX(session->end, end);
    session->ackedMtimeBefore = session->ackedMtime;
    session->ackedBefore = session->acked;
    session->ackedMtime = op->mtime;
    session->acked = engine->now;
    /* Saved first, so that a daemon that takes over knows no earlier end than
     * the guard does. */
    virLeaseEngineSaveSession(engine);
    virLeaseEngineAct(engine, VIR_LEASE_ACTION_END)->end = session->end;
    if (session->state == VIR_LEASE_SESSION_MAKING)
        virLeaseSessionFirstRenewal(engine);
    else if (engine->problem != VIR_LEASE_STATUS_OK)
        virLeaseEngineSetProblem(engine, VIR_LEASE_STATUS_OK, NULL);
}


/* An answer at or after the end is ignored (rules 5 and 8). */
static gboolean
virLeaseSessionIsInTime(const virLeaseEngine *engine)
{
    gboolean born = engine->session.end != 0;

    if ((born && !(VIR_LEASE_RULE(engine, LATE_REVIVES) && VIR_LEASE_RULE(engine, LATE_ANSWER_CHECK))) ||
        (!born && !(VIR_LEASE_RULE(engine, SLOW_BIRTH) && VIR_LEASE_RULE(engine, SLOW_BIRTH_CHECK))))
        return TRUE;
    return engine->now < virLeaseSessionPresentEnd(engine);
}


void
virLeaseSessionRenewalReply(virLeaseEngine *engine,
                            const virLeaseOpContext *op,
                            const virLeaseReply *reply)
{
    virLeaseSession *session = &engine->session;

    /* An answer to a renewal of an ended session revives nothing (rule 5). */
    if (!virLeaseSessionIsMeant(engine, op))
        return;

    session->outstanding = FALSE;
    if ((reply->status == VIR_LEASE_STATUS_OK ||
         (reply->status == VIR_LEASE_STATUS_NOENT && !VIR_LEASE_RULE(engine, NOENT_ACKNOWLEDGES))) &&
        virLeaseSessionIsInTime(engine)) {
        virLeaseSessionRenewed(engine, op);
        return;
    }
    if (reply->status == VIR_LEASE_STATUS_NOENT && !VIR_LEASE_RULE(engine, DIRECTORY_REMADE)) {
        virLeaseSessionSendMkdir(engine);
        return;
    }
    if (reply->status != VIR_LEASE_STATUS_OK) {
        virLeaseEngineSetProblem(engine, reply->status, reply->detail);
        VIR_WARN("lockspace '%s': the lease could not be renewed: %s; it lasts %.1f s more", engine->lockspace,
                 engine->problemText ? engine->problemText : "", (session->end - engine->now) / 1e9);
    }
    virLeaseSessionRetry(engine);
}


static void
virLeaseSessionRolledBack(virLeaseEngine *engine)
{
    engine->distrust = TRUE;
    VIR_ERROR("lockspace '%s' at %s was rolled back to an older state under running hosts; the session is ended, and "
              "paused guests of ended sessions are not resumed until this daemon is restarted",
              engine->lockspace, engine->url);
    virLeaseSessionEnd(engine, _("the export was rolled back to an older state"));
}


/* What a read showed of the own session's directory, compared with what an
 * earlier read showed (rule 20). A renewal of an earlier life that the server
 * carries out late sets an old mtime too, but with a new ctime; a cache shows
 * the past, but never goes back; only a restored export does both. */
void
virLeaseSessionOwnTuple(virLeaseEngine *engine,
                        virLeaseTime sent,
                        const virLeaseAttr *attr)
{
    virLeaseSession *session = &engine->session;
    gboolean later = sent >= session->readReplied;
    gboolean back = attr->ctime < session->read.ctime && attr->mtime < session->read.mtime;

    if (session->state != VIR_LEASE_SESSION_ACTIVE || !later || !VIR_LEASE_RULE(engine, ROLLBACK_UNNOTICED))
        return;
    if (back || (session->fileid && attr->fileid != session->fileid)) {
        virLeaseSessionRolledBack(engine);
        return;
    }
    session->fileid = attr->fileid;
    session->read = *attr;
    session->readReplied = engine->now;
}


/* ---- the end ---- */

static guint
virLeaseSessionCountRunning(const virLeaseEngine *engine,
                            const char *sid)
{
    GHashTableIter iter;
    gpointer value;
    guint count = 0;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const virLeaseOwner *owner = value;

        if (virLeaseOwnerIsRunning(owner) && g_str_equal(owner->run->sid, sid))
            count++;
    }
    return count;
}


/* Rule 12a: an own ended session counts as dead for this daemon as soon as
 * none of its owners can run. */
gboolean
virLeaseSessionEndedAndStopped(const virLeaseEngine *engine,
                               const char *sid)
{
    return g_hash_table_contains(engine->endedSids, sid) &&
        (virLeaseSessionCountRunning(engine, sid) == 0 || !VIR_LEASE_RULE(engine, ENDED_IS_DEAD));
}


void
virLeaseSessionOwnerStopped(virLeaseEngine *engine,
                            const char *sid)
{
    if (virLeaseSessionEndedAndStopped(engine, sid))
        virLeaseObserverSetDead(engine->observer, sid);
}


static void
virLeaseSessionFenceAll(virLeaseEngine *engine,
                        const char *reason)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, engine->owners);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        virLeaseOwner *owner = value;

        if (!VIR_LEASE_RULE(engine, NO_FENCE) ||
            (!VIR_LEASE_RULE(engine, CHECK_FIRST) && owner->attempt &&
             owner->attempt->state == VIR_LEASE_ATTEMPT_ENTERING))
            continue;
        if (owner->entered || virLeaseOwnerIsRunning(owner))
            virLeaseFailureNow(engine, owner, reason);
    }
}


/* Runs of an ended session that nobody holds a token of, or whose process is
 * gone, mean nothing any more: their entries are dead. */
static void
virLeaseSessionDropRuns(virLeaseEngine *engine)
{
    g_autoptr(GList) owners = g_hash_table_get_values(engine->owners);

    for (GList *next = owners; next; next = next->next) {
        virLeaseOwner *owner = next->data;

        if (owner->gone)
            virLeaseOwnerForget(engine, owner);
        else if (owner->run && (owner->run->state == VIR_LEASE_RUN_RESERVED ||
                                (owner->run->state == VIR_LEASE_RUN_STOPPED && !VIR_LEASE_RULE(engine, LOST_FORGETS))))
            virLeaseOwnerDropRun(engine, owner);
    }
}


/* Rule 18: what ran has been stopped by now, what is paused keeps its token,
 * and a new session is made as soon as the server answers. */
void
virLeaseSessionEnd(virLeaseEngine *engine,
                   const char *reason)
{
    virLeaseSession *session = &engine->session;
    g_autofree char *sid = g_strdup(session->sid);

    if (session->state != VIR_LEASE_SESSION_ACTIVE)
        return;
    VIR_WARN("lockspace '%s': session '%s' is over: %s", engine->lockspace, sid, reason);
    virLeaseSessionFenceAll(engine, reason);
    g_hash_table_add(engine->endedSids, g_strdup(sid));
    memset(session, 0, sizeof(*session));
    session->state = VIR_LEASE_SESSION_ACTIVE;
    virLeaseSessionMove(engine, VIR_LEASE_SESSION_NONE);
    virLeaseAttemptSessionEnded(engine);
    virLeaseFailureSessionEnded(engine);
    virLeaseSessionDropRuns(engine);
    virLeaseSessionOwnerStopped(engine, sid);
}


/* It never began: others may have called it dead already. */
static void
virLeaseSessionAbandon(virLeaseEngine *engine)
{
    g_autofree char *path = virLeaseSessionPath(engine->session.sid);

    virLeaseChoreRmdir(engine, path);
    virLeaseSessionMove(engine, VIR_LEASE_SESSION_NONE);
    engine->session.outstanding = FALSE;
}


/* Rule 6: what may take longer than a kill is begun before. */
static void
virLeaseSessionCheckLead(virLeaseEngine *engine)
{
    virLeaseSession *session = &engine->session;

    if (engine->now >= virLeaseFailureLeadBegins(engine)) {
        session->failing = TRUE;
        virLeaseFailureApproach(engine);
    } else if (session->failing) {
        session->failing = FALSE;
        virLeaseFailureAverted(engine);
    }
}


/* Rule 8: a session whose birth takes longer than a lease is given up. */
static gboolean
virLeaseSessionMayDieUnborn(const virLeaseEngine *engine)
{
    return engine->session.state == VIR_LEASE_SESSION_MAKING &&
        VIR_LEASE_RULE(engine, SLOW_BIRTH) && VIR_LEASE_RULE(engine, SLOW_BIRTH_TIMER);
}


/* Rule 6: at end - K whoever still runs is stopped. */
static void
virLeaseSessionCheckEnd(virLeaseEngine *engine)
{
    virLeaseSession *session = &engine->session;

    if (virLeaseSessionMayDieUnborn(engine) && engine->now >= virLeaseSessionPresentEnd(engine))
        virLeaseSessionAbandon(engine);
    if (session->state != VIR_LEASE_SESSION_ACTIVE)
        return;
    virLeaseSessionCheckLead(engine);
    if (engine->now >= session->end - virLeaseEngineMargin(engine)) {
        if (!session->fencing)
            VIR_WARN("lockspace '%s': the lease runs out in %.1f s, guests are stopped now",
                     engine->lockspace, (session->end - engine->now) / 1e9);
        session->fencing = TRUE;
        virLeaseSessionFenceAll(engine, _("the lease on its disks could not be renewed in time"));
    } else {
        session->fencing = FALSE;
    }
    if (engine->now >= session->end)
        virLeaseSessionEnd(engine, _("its lease was not renewed in time"));
}


void
virLeaseSessionTimers(virLeaseEngine *engine)
{
    virLeaseSession *session = &engine->session;

    virLeaseSessionCheckEnd(engine);
    if (engine->shutdown)
        return;
    if (!engine->formatOutstanding && engine->now >= engine->formatNext)
        virLeaseSessionReadFormat(engine);
    if (session->state == VIR_LEASE_SESSION_NONE && engine->formatKnown && !virLeaseFailureHoldsUp(engine))
        virLeaseSessionMake(engine);
    if (session->outstanding || session->state == VIR_LEASE_SESSION_NONE || engine->now < session->next)
        return;
    if (session->state == VIR_LEASE_SESSION_MAKING)
        virLeaseSessionSendMkdir(engine);
    else
        virLeaseSessionSendRenewal(engine);
}


virLeaseTime
virLeaseSessionWakeup(const virLeaseEngine *engine)
{
    const virLeaseSession *session = &engine->session;
    virLeaseTime wakeup = VIR_LEASE_TIME_NEVER;

    if (session->state == VIR_LEASE_SESSION_ACTIVE)
        wakeup = session->fencing ? session->end : session->end - virLeaseEngineMargin(engine);
    if (virLeaseSessionMayDieUnborn(engine))
        wakeup = virLeaseSessionPresentEnd(engine);
    if (engine->shutdown)
        return wakeup;
    if (!engine->formatOutstanding)
        wakeup = MIN(wakeup, engine->formatNext);
    if (session->state != VIR_LEASE_SESSION_NONE && !session->outstanding)
        wakeup = MIN(wakeup, session->next);
    return wakeup;
}
