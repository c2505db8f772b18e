// SPDX-License-Identifier: PostgreSQL
/*
 * context.h - what all checks of a verification share, and how they read and
 * judge objects.
 *
 * A check that finds something adds a finding and goes on.  Only what ends the
 * run travels on as a failure: a signal, no memory, or a store that has failed
 * too often in a row to be worth asking further.
 */
#pragma once

#include "base/progress.h"
#include "repo/catalog.h"
#include "repo/object.h"
#include "stream/throttle.h"
#include "verify/verified.h"
#include "verify/verify.h"

struct verify_context
{
    struct repo *repo; /* these do not change while threads run */
    const struct verify_options *options;
    const struct catalog *catalog; /* NULL: it cannot be read */
    time_us started;
    struct findings *findings;
    struct verified *verified;
    struct throttle *throttle; /* NULL: as fast as it goes */

    struct progress progress;
    _Atomic uint64_t objects;    /* read to their end and found good */
    _Atomic uint64_t bytes;      /* read of all */
    _Atomic uint64_t remembered; /* objects that were verified lately */
    _Atomic uint64_t remembered_bytes;
    _Atomic unsigned doubts_in_a_row;
};

/* Read stored bytes into *sink and finish it, no faster than the rate allows. */
NODISCARD enum status context_read(struct verify_context *context, const char *key,
                                   struct sink **sink, struct error *err);

/* The same for an object's content. */
NODISCARD enum status context_read_object(struct verify_context *context, const char *key,
                                          enum object_form form, struct sink **sink,
                                          struct error *err);

/*
 * What came of reading an object: good, or a finding made of the reason.  Fails
 * only with what ends the run.  *good may be NULL.
 */
NODISCARD enum status context_judge(struct verify_context *context, const char *object,
                                    enum status status, const struct error *reason, bool *good,
                                    struct error *err);

/* The same for a whole object, which is remembered as verified if it is good. */
NODISCARD enum status context_conclude(struct verify_context *context, const char *key,
                                       uint64_t size_bytes, enum status status,
                                       const struct error *reason, struct error *err);

/* It was verified lately: remember that on, and count it. */
NODISCARD enum status context_carry(struct verify_context *context,
                                    const struct verified_record *record, struct error *err);

/* Add a finding; hint "" for none. */
NODISCARD enum status context_find(struct verify_context *context,
                                   const struct verify_finding *finding, struct error *err);

/* Is it something that the run cannot go on after? */
bool context_is_fatal(enum status status);

/* The key's part behind the cluster's name. */
const char *context_name(const struct verify_context *context, const char *key);
