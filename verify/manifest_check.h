// SPDX-License-Identifier: PostgreSQL
/*
 * manifest_check.h - a backup's manifest: does it open to its end, is it what
 * the catalog says, and what does it want of which packs?
 */
#pragma once

#include "verify/backup_list.h"
#include "verify/crew.h"
#include "verify/needs.h"

/*
 * Have a listed backup's manifest read.  Its packs go into needs; its frames too
 * unless they were found to be right lately.  What is wrong makes findings and
 * sets the backup's failed.
 */
NODISCARD enum status manifest_check_send(struct crew *crew, struct verify_context *context,
                                          struct needs *needs, struct listed_backup *backup,
                                          struct error *err);
