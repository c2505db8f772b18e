// SPDX-License-Identifier: PostgreSQL
/*
 * wal_job.h - one WAL file, archived or kept with a backup: authentic, with the
 * content that its digest was taken of, and what its name says.
 */
#pragma once

#include "pg/segment.h"
#include "verify/crew.h"
#include "verify/inventory.h"

/* Whose WAL it is. */
struct wal_owner
{
    uint64_t system_identifier;
    uint32_t segment_size; /* 0: not known; then segments are not looked into */
};

/* Check it if it is due, and remember that; carry what is remembered if it is not. */
NODISCARD enum status wal_job_send(struct crew *crew, struct verify_context *context,
                                   const struct inventory_item *item, const struct wal_owner *owner,
                                   const struct pg_wal_file *file, struct error *err);
