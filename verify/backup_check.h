// SPDX-License-Identifier: PostgreSQL
/*
 * backup_check.h - the folders of backups: what belongs there is there, opens,
 * and says what the catalog says.
 */
#pragma once

#include "verify/backup_list.h"
#include "verify/context.h"
#include "verify/inventory.h"
#include "verify/needs.h"

/*
 * Go through "backups/" and read every manifest into needs.  Without a catalog
 * the list is filled with what has a folder.
 */
NODISCARD enum status backup_check_run(struct verify_context *context, struct inventory *inventory,
                                       struct backup_list *backups, struct needs *needs,
                                       struct error *err);

/* After the packs: remember the manifests whose packs are as they say. */
NODISCARD enum status backup_check_remember(struct verify_context *context,
                                            const struct backup_list *backups, struct error *err);
