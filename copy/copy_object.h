// SPDX-License-Identifier: PostgreSQL
/*
 * copy_object.h - one object from a repository into its copy.
 */
#pragma once

#include "repo/object_name.h"

/* What one thread copies with. */
struct copy_hand
{
    struct repo *source;
    struct repo *target;
    struct pack_reader *reader; /* of the source */
};

enum copy_outcome
{
    COPY_OUTCOME_COPIED,
    COPY_OUTCOME_PRESENT,   /* the target has it */
    COPY_OUTCOME_DIFFERENT, /* it has another one */
    COPY_OUTCOME_DAMAGED,   /* the source's cannot be read, or does not open */
    COPY_OUTCOME_GONE,      /* the source has it no more */
};

/* Some object of the source. */
struct copy_subject
{
    const char *key;
    struct object_name name;
    uint64_t size_bytes;
};

/*
 * Create it in the target, unless something is there; then as copy_settle.
 * Fails only with what says nothing of the object.  reason: of the last three.
 */
NODISCARD enum status copy_object(const struct copy_hand *hand, const struct copy_subject *subject,
                                  enum copy_outcome *outcome, struct error *reason,
                                  struct error *err);

/*
 * The target has something under this name: is it the same?  Equal sizes say
 * so; WAL that was archived to both was sealed twice, and its digests decide.
 */
NODISCARD enum status copy_settle(const struct copy_hand *hand, const struct copy_subject *subject,
                                  enum copy_outcome *outcome, struct error *reason,
                                  struct error *err);
