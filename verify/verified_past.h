// SPDX-License-Identifier: PostgreSQL
/*
 * verified_past.h - what earlier runs verified, and when.
 *
 * Everything that the newest "all" and the parts behind it remember; see
 * verified.h.
 */
#pragma once

#include "verify/findings.h"
#include "verify/verified_record.h"

struct verified_past;

/*
 * Read it.  What is said to have been verified after now is left out.  A memory
 * that cannot be read is a finding.
 */
NODISCARD enum status verified_past_open(struct verified_past **past, struct repo *repo,
                                         struct findings *findings, time_us now, struct error *err);

/* The next, in the order of names, each once.  The record is valid until the next call. */
NODISCARD enum status verified_past_next(struct verified_past *past, bool *more,
                                         struct verified_record *record, struct error *err);
void verified_past_freep(struct verified_past **past);
