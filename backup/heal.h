// SPDX-License-Identifier: PostgreSQL
/*
 * heal.h - do the parent's pages still read as the server has them?
 *
 * A block that never changes is stored once and shared by every backup, so
 * damage to it would spread to all.  Each night a share of the files is stored
 * whole again; their pages that are older than the parent must be the parent's,
 * and are compared: as they came now, and as the repository gives them back.
 * Where hint bits change without WAL, they are masked, and only heap pages are
 * compared (see pg_page_mask_heap_hints).  Another server with the same WAL has
 * other hints, command ids and remains of old rows: there pages are only read.
 *
 * Belongs to one thread at a time.
 */
#pragma once

#include "repo/manifest.h"

struct backup_heal;

enum backup_heal_rule
{
    HEAL_READ,   /* that it is there and opens */
    HEAL_MASKED, /* and is the same but for hints */
    HEAL_EXACT,  /* and is the same: data checksums, so that no hint changes without WAL */
};

NODISCARD enum status backup_heal_create(struct backup_heal **heal, enum backup_heal_rule rule,
                                         size_t sort_memory, struct error *err);
void backup_heal_freep(struct backup_heal **heal);

/* While files are received: one more is healed; a page of it that the parent must have. */
void backup_heal_begin(struct backup_heal *heal);
NODISCARD enum status backup_heal_page(struct backup_heal *heal, const char *path, uint64_t offset,
                                       const uint8_t *page, struct error *err);

/* Then: the parent's extents, in the order of its manifest. */
NODISCARD enum status backup_heal_match(struct backup_heal *heal, const char *path,
                                        const struct manifest_extent *extent, struct error *err);

struct backup_heal_result
{
    uint32_t files;
    uint64_t compared; /* blocks */
    uint32_t wrong;    /* blocks that differ, are missing or could not be read back */
};

/*
 * Then: fetch and compare.  packs are the parent's.  Each wrong file is logged;
 * a store that cannot be read is an error.
 */
NODISCARD enum status backup_heal_compare(struct backup_heal *heal, struct repo *repo,
                                          const struct pack *packs, size_t pack_count,
                                          struct backup_heal_result *result, struct error *err);
