// SPDX-License-Identifier: PostgreSQL
/*
 * affected.h - which files of which backups lie in what is damaged.
 *
 * Damage is met in packs; what people want to know is which of their tables are
 * concerned.  When there is any, the manifests of the backups that use it are
 * read once more, for the names.
 */
#pragma once

#include "verify/backup_list.h"
#include "verify/context.h"

struct affected;

NODISCARD enum status affected_create(struct affected **affected, struct error *err);
void affected_freep(struct affected **affected);

/* A frame cannot be read, or none from it on.  From any thread. */
NODISCARD enum status affected_add(struct affected *affected, const uint8_t id[PACK_ID_SIZE],
                                   uint32_t number, bool and_behind, struct error *err);

/* After all packs: a finding for each backup that has files in what was added. */
NODISCARD enum status affected_tell(struct affected *affected, struct verify_context *context,
                                    const struct backup_list *backups, struct error *err);
