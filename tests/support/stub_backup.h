// SPDX-License-Identifier: PostgreSQL
/*
 * stub_backup.h - backups that are nothing but names: packs of a few bytes, a
 * manifest that lists them, WAL files with nothing in them.
 *
 * Enough for whoever asks what uses what, and quick enough to be made ten
 * thousand times.  Safe in any thread: failures are returned, not asserted.
 */
#pragma once

#include "repo/catalog.h"

#define STUB_SYSTEM_IDENTIFIER UINT64_C(42)
#define STUB_SEGMENT_SIZE      (UINT32_C(1) << 20)
#define STUB_PACKS_MAX         8

/* A backup and its packs, its own and its parent's. */
struct stub_backup
{
    struct backup backup;
    struct pack packs[STUB_PACKS_MAX];
    size_t pack_count;
};

/* A cluster that the log accepts. */
NODISCARD enum status stub_accept_cluster(struct repo *repo, struct catalog *catalog,
                                          struct error *err);

/* Begun at a time; serial tells apart what began in one second.  Replays one segment. */
struct stub_backup stub_backup_make(time_us started, unsigned serial, uint64_t segment);

/* Share a pack of another backup. */
void stub_backup_share(struct stub_backup *backup, const struct stub_backup *parent, size_t index);

/* Store a pack of the backup's own, begun at a time. */
NODISCARD enum status stub_backup_add_pack(struct repo *repo, struct stub_backup *backup,
                                           time_us time, struct error *err);

/* Store the manifest and what lies beside it. */
NODISCARD enum status stub_backup_write(struct repo *repo, const struct stub_backup *backup,
                                        struct error *err);

/* Commit it as a backup does, with its check; without it when checked is false. */
NODISCARD enum status stub_backup_commit(struct repo *repo, struct catalog *catalog,
                                         const struct stub_backup *backup, bool checked,
                                         struct error *err);

/* Archive an empty file under a name. */
NODISCARD enum status stub_archive(struct repo *repo, const char *name, struct error *err);

/* Segments first to last of timeline 1. */
NODISCARD enum status stub_archive_segments(struct repo *repo, uint64_t first, uint64_t last,
                                            struct error *err);
