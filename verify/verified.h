// SPDX-License-Identifier: PostgreSQL
/*
 * verified.h - what was verified when, remembered in the repository itself, so
 * that any host goes on where the last one ended.
 *
 * Objects with the names of repo/verified_name.h, sealed: JSON, one object to a
 * line.  A run writes parts while it works, each with what it verified since the
 * last one, and in the end an "all", named by the time at which the run began,
 * which carries everything that still holds.  What sorts before the newest "all"
 * is superseded, and expiry deletes it.
 *
 * A damaged or lost memory costs time and nothing else: what nobody remembers
 * is verified again.
 */
#pragma once

#include "verify/findings.h"
#include "verify/verified_record.h"

struct verified;

/* What a run that began then is going to remember.  Nothing is written yet. */
NODISCARD enum status verified_create(struct verified **verified, struct repo *repo,
                                      struct findings *findings, time_us began, struct error *err);
void verified_freep(struct verified **verified);

/* An object was just verified.  From any thread. */
NODISCARD enum status verified_note(struct verified *verified, const struct verified_record *record,
                                    struct error *err);

/* What was verified earlier still holds.  From any thread. */
NODISCARD enum status verified_carry(struct verified *verified,
                                     const struct verified_record *record, struct error *err);

/*
 * Write what was noted: as a whole, with what was carried, or the last part.  A
 * store that does not take it is a finding.
 */
NODISCARD enum status verified_finish(struct verified *verified, bool whole, struct error *err);
