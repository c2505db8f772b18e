// SPDX-License-Identifier: PostgreSQL
/*
 * window.h - which backups must stay so that any moment of the recovery window
 * can be recovered.
 *
 * The window begins at a time and ends now.  A moment in it is reached from a
 * good backup that became consistent before it, by all the WAL between them.
 * So WAL is kept from an anchor on: the newest backup older than the window's
 * start, of those that stay.  The window's start moves on, and so must anchors:
 * inside the window the first of each week stays to become one (of each day,
 * when the policy keeps at least as many days as the window has; see
 * retention/periods.h), whatever else expires.  So the WAL before the window's
 * start, and what a recovery replays, is a week's or a day's, and the WAL
 * does not grow for ever.  Until a backup is older than the window's start the
 * oldest good one is the anchor.
 *
 * That holds for each stretch of WAL without a hole along the path of each
 * timeline (retention/stretches.h), because recovery passes neither holes nor
 * into what another branch has written:
 *
 * - What was lost from the archive does not make what follows it useless: the
 *   first good backup behind a hole is an anchor too.
 * - A timeline that was left inside the window, by a promotion or by recovery
 *   to an earlier point, has moments in the window that somebody may want back.
 *   A timeline is dead when it is older than that of the last good backup before
 *   the window, and none on it was committed since: PostgreSQL numbers timelines
 *   in the order in which they begin.
 * - A stretch is dead when a good backup behind it is older than the window:
 *   then so are all of its moments.
 *
 * Clocks are not trusted more than LSNs: a backup counts as older than the
 * window only if all backups before it on its path do.
 *
 * A backup of whose WAL nothing is archived, or nothing yet, leads to no moment
 * but its own end.  That makes it no anchor: the shelf decides about it.
 *
 * Pure.  One call for each system identifier.
 */
#pragma once

#include "repo/wal_chain.h"
#include "retention/policy.h"
#include "retention/wal_rules.h"

enum window_role
{
    WINDOW_NONE,
    WINDOW_LATER,      /* it stays to become an anchor */
    WINDOW_BEHIND_GAP, /* an anchor that WAL before it does not reach */
    WINDOW_START,      /* an anchor */
};

struct window_backup
{
    const struct backup *backup; /* borrowed */
    bool usable;                 /* good, and not dated in the future */
    bool stays;                  /* whatever the window needs */

    /* Found; WINDOW_NONE before. */
    enum window_role role;
    pg_timeline timeline; /* the newest of which that is the role */
};

struct window_question
{
    const struct wal_chain *chain; /* only the names it knows are looked at */
    const struct retention_policy *policy;
    time_us start; /* of the window */

    /* In the order of their commits; those of other system identifiers are passed over. */
    struct window_backup *backups;
    size_t count;
    struct wal_rules *rules; /* get what keeps the WAL from anchors on */
};

/* When the window begins: it is never shorter than the minimum age. */
time_us window_start(const struct retention_policy *policy, time_us now);

/*
 * Find the role of each backup of the chain's cluster.  REFUSED when a timeline's
 * history is needed and missing: nothing then says which backups lead to it.
 */
NODISCARD enum status window_find(const struct window_question *question, struct error *err);
