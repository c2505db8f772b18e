// SPDX-License-Identifier: PostgreSQL
/*
 * manifest.h - the server's own manifest of a base backup: stored as it
 * is for whoever needs it later, and held against what arrived.
 */
#pragma once

#include "backup/overlay.h"

struct backup_manifest;

/* Start the object <cluster>/backups/<id>/postgres-manifest. */
NODISCARD enum status backup_manifest_create(struct backup_manifest **manifest, struct repo *repo,
                                             const char *backup_id, size_t sort_memory,
                                             struct error *err);

/* The server's bytes, as they come. */
NODISCARD enum status backup_manifest_write(struct backup_manifest *manifest, struct bytes bytes,
                                            struct error *err);

/* The server has sent all of it: check that it is whole, and store it. */
NODISCARD enum status backup_manifest_finish(struct backup_manifest *manifest, struct error *err);

/*
 * Write our own manifest from what arrived, laid over the parent's, holding
 * each file against the server's: another size or CRC-32C, a file too many or
 * too few is CORRUPT.
 */
NODISCARD enum status backup_manifest_commit(struct backup_manifest *manifest,
                                             const struct backup_overlay_options *overlay,
                                             const struct manifest_header *header,
                                             struct manifest_totals *totals, struct error *err);

/* After that: the packs that the backup uses, and how much of them. */
uint64_t backup_manifest_live(const struct backup_manifest *manifest); /* bytes of their content */
const struct pack *backup_manifest_packs(const struct backup_manifest *manifest, size_t *count);

void backup_manifest_freep(struct backup_manifest **manifest);
