// SPDX-License-Identifier: PostgreSQL
/*
 * wal_rules.h - which archived WAL to keep, and why.
 *
 * Rules only ever keep; what none of them covers may go.  They are about
 * places, not about files, so that they hold for the .partial and .backup files
 * of a segment as for the segment.
 */
#pragma once

#include "pg/history.h"
#include "repo/wal_runs.h"
#include "retention/reasons.h"

#define WAL_RULE_NO_END UINT64_MAX

/* A range of segments on a range of timelines; all ends included. */
struct wal_rule
{
    uint64_t system_identifier;
    pg_timeline first_timeline;
    pg_timeline last_timeline;
    uint64_t first;
    uint64_t last;
    char reason[REASON_SIZE];
};

struct wal_rules
{
    struct wal_rule *items; /* owned */
    size_t count;
};

/* Archived segments that stay or go for one reason. */
struct wal_span
{
    uint64_t system_identifier;
    uint32_t segment_size;
    struct wal_run run;
    bool keep;
    char reason[REASON_SIZE];
};

struct wal_spans
{
    struct wal_span *items; /* owned; by timeline and number, for each system identifier */
    size_t count;
};

NODISCARD enum status wal_rules_add(struct wal_rules *rules, const struct wal_rule *rule,
                                    struct error *err);

/*
 * Keep what recovery reads along a path from a segment number on; template has
 * the system identifier and the reason.  The segment in which the path leaves
 * a timeline is kept of both timelines.
 */
NODISCARD enum status wal_rules_add_path(struct wal_rules *rules, const struct wal_rule *template,
                                         const struct pg_history *path, uint32_t segment_size,
                                         uint64_t first, struct error *err);

/* A rule that keeps the segment, or NULL. */
const struct wal_rule *wal_rules_find(const struct wal_rules *rules, uint64_t system_identifier,
                                      struct pg_wal_segment segment);

/* Cut a run into spans behind those that there are; template says whose, and why WAL goes. */
NODISCARD enum status wal_rules_cut(const struct wal_rules *rules, const struct wal_span *template,
                                    struct wal_run run, struct wal_spans *spans, struct error *err);

/* For SCOPED on initialised structs. */
void wal_rules_release(struct wal_rules *rules);
void wal_rules_release_spans(struct wal_spans *spans);
