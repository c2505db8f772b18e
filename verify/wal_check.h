// SPDX-License-Identifier: PostgreSQL
/*
 * wal_check.h - the archived WAL: each file by itself, and each cluster's as a
 * whole.
 */
#pragma once

#include "verify/backup_list.h"
#include "verify/context.h"
#include "verify/inventory.h"

/* Everything below "wal/".  Without a catalog, files only. */
NODISCARD enum status wal_check_run(struct verify_context *context, struct inventory *inventory,
                                    struct error *err);

/* Only what makes one backup consistent. */
NODISCARD enum status wal_check_backup(struct verify_context *context, struct inventory *inventory,
                                       const struct backup *backup, struct error *err);
