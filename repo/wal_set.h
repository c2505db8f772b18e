// SPDX-License-Identifier: PostgreSQL
/*
 * wal_set.h - WAL segments of several clusters, as the log writes them down.
 *
 * As JSON, an array of runs: {"system_identifier": n, "wal_segment_size": n,
 * "first": name, "last": name}.
 */
#pragma once

#include "base/json.h"
#include "repo/wal_runs.h"

/* All of one system identifier. */
struct wal_part
{
    uint64_t system_identifier;
    uint32_t segment_size;
    struct wal_runs runs;
};

struct wal_set
{
    struct wal_part *parts; /* owned */
    size_t count;
};

/* Include the runs of a part. */
NODISCARD enum status wal_set_add(struct wal_set *set, const struct wal_part *part,
                                  struct error *err);

/* Include all of another set. */
NODISCARD enum status wal_set_add_all(struct wal_set *set, const struct wal_set *other,
                                      struct error *err);

/* The runs of one cluster; empty ones when there are none.  Borrowed. */
const struct wal_runs *wal_set_runs(const struct wal_set *set, uint64_t system_identifier);

/* NULL when out of memory. */
json_t *wal_set_to_json(const struct wal_set *set);

/* Include what the array names. */
NODISCARD enum status wal_set_add_json(struct wal_set *set, const json_t *array, struct error *err);

/* For SCOPED on an initialised struct. */
void wal_set_release(struct wal_set *set);
