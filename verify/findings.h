// SPDX-License-Identifier: PostgreSQL
/*
 * findings.h - everything that verification has to say, sorted, however much.
 *
 * Findings are added in any order and by any thread, and read in order: the
 * worst first, then by kind and object.  Memory does not grow with them.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum verify_severity
{
    VERIFY_INFORMATION,
    VERIFY_WARNING, /* nothing is lost, and somebody should look */
    VERIFY_DOUBT,   /* could not be read now: neither good nor bad */
    VERIFY_DAMAGE,  /* something is lost, or is not what was stored */
    VERIFY_SEVERITIES,
};

/* The texts are borrowed: when added by the call, when read until the next call. */
struct verify_finding
{
    enum verify_severity severity;
    const char *kind;   /* one stable word: "damaged", "missing", "gap" */
    const char *object; /* an object's key, a backup's id or a WAL segment's name */
    const char *text;   /* what is the case; a phrase */
    const char *hint;   /* what to do about it, a sentence; "" for nothing */
};

struct findings;

NODISCARD enum status findings_create(struct findings **findings, struct error *err);
void findings_freep(struct findings **findings);

NODISCARD enum status findings_add(struct findings *findings, const struct verify_finding *finding,
                                   struct error *err);

uint64_t findings_count(struct findings *findings, enum verify_severity severity);

/* No more will be added: from now on findings_next. */
NODISCARD enum status findings_sort(struct findings *findings, struct error *err);
NODISCARD enum status findings_next(struct findings *findings, bool *more,
                                    struct verify_finding *finding, struct error *err);

/* "damage" */
const char *findings_severity_name(enum verify_severity severity);
