// SPDX-License-Identifier: PostgreSQL
/*
 * records.h - what became of each file of a base backup, and where its
 * ranges went.
 *
 * Records come in any order, from any thread, and come back file by file in the
 * order of their paths, each file's ranges in the order of their offsets.  What
 * was moved out of the parent's packs comes back apart.  Sorters hold them, so
 * that memory does not grow with the cluster.
 */
#pragma once

#include "repo/manifest.h"

/* Of a path with its terminator, at most; PostgreSQL's own have MAXPGPATH, 1024 bytes. */
#define BACKUP_PATH_SIZE 1025

struct backup_records;

/* A file as it will be listed, and as the server sent it. */
struct backup_file
{
    struct manifest_file file;
    uint64_t sent_bytes;
    uint32_t sent_crc32c;
    bool incremental; /* sent as an incremental file, which has another size and checksum */
};

/* The parent's bytes, or an extent in a pack of this run. */
struct backup_range
{
    bool inherited;
    uint64_t offset;
    uint64_t length;
    struct frame_place frame; /* unless it is inherited, as is skip */
    uint32_t skip;
};

/* What comes back: a file, or a range of the file before it. */
struct backup_record
{
    bool is_file;
    struct backup_file file; /* its path is valid until the next record */
    struct backup_range range;
};

/* sort_memory: bytes, and a quarter of it for what is moved. */
NODISCARD enum status backup_records_create(struct backup_records **records, size_t sort_memory,
                                            struct error *err);
void backup_records_freep(struct backup_records **records);

/* Each of these from any thread; the file's own path is not looked at. */
NODISCARD enum status backup_records_add_file(struct backup_records *records, const char *path,
                                              const struct backup_file *file, struct error *err);
NODISCARD enum status backup_records_add_range(struct backup_records *records, const char *path,
                                               const struct backup_range *range, struct error *err);
NODISCARD enum status backup_records_add_moved(struct backup_records *records, const char *path,
                                               const struct backup_range *range, struct error *err);

/* Nothing is added any more: begin to give back, in one thread; then one after the other. */
NODISCARD enum status backup_records_sort(struct backup_records *records, struct error *err);
NODISCARD enum status backup_records_next(struct backup_records *records,
                                          struct backup_record *record, bool *more,
                                          struct error *err);

/* The same for what was moved; its path is valid until the next. */
NODISCARD enum status backup_records_next_moved(struct backup_records *records, const char **path,
                                                struct backup_range *range, bool *more,
                                                struct error *err);
