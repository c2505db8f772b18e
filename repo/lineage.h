// SPDX-License-Identifier: PostgreSQL
/*
 * lineage.h - which PostgreSQL clusters a repository's cluster has been.
 *
 * A cluster's name outlives its system identifier: pg_upgrade and initdb make
 * a new one.  A system identifier is accepted once, on purpose, by an entry in
 * the cluster's log; beside its WAL an object then says so, which archive-push
 * can read by one request.  WAL of any other cluster is refused.
 */
#pragma once

#include "base/json.h"
#include "repo/repo.h"

struct lineage
{
    uint64_t system_identifier;
    uint32_t wal_segment_size; /* bytes */
    uint32_t major;            /* of PostgreSQL, when it was accepted */
};

/* Write the object beside the WAL.  There already with the same content is OK. */
NODISCARD enum status lineage_publish(struct repo *repo, const struct lineage *lineage,
                                      struct error *err);

/* NOT_FOUND: the repository was asked, and does not accept this cluster. */
NODISCARD enum status lineage_read(struct repo *repo, uint64_t system_identifier,
                                   struct lineage *lineage, struct error *err);

/* As it stands in the log and beside the WAL.  NULL when out of memory. */
json_t *lineage_to_json(const struct lineage *lineage);
NODISCARD enum status lineage_from_json(const json_t *object, struct lineage *lineage,
                                        struct error *err);
