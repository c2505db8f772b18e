// SPDX-License-Identifier: PostgreSQL
/*
 * incremental_file.h - the changed blocks of one relation file, as a server of
 * version 17 or later sends them in an incremental backup.
 *
 * INCREMENTAL.16384 stands where 16384 would.  Its numbers are in the server's
 * byte order (sendFile in src/backend/backup/basebackup.c, read back by
 * src/bin/pg_combinebackup/reconstruct.c):
 *
 *     uint32 magic, block count, truncation block length
 *     uint32 number of each block, counted in this file, ascending
 *     zeros up to a multiple of the page size, unless there is no block
 *     the blocks, in the same order
 *
 * A push reader: create, feed a file's bytes in any pieces, finish; then the
 * next file may be fed.  Blocks that are not in it are the older backup's where
 * that is sound; limit_block.h says where it is not.
 *
 * Memory: up to 512 KiB of block numbers.  A reader belongs to one thread, and
 * after a failure there is nothing to do with it but free it.
 */
#pragma once

#include "base/bytes.h"

#include <stdbool.h>

/* Blocks in a relation's file before the next one begins (RELSEG_SIZE as shipped). */
#define PG_FILE_BLOCKS UINT32_C(131072)

struct pg_incremental_file;

/* Borrowed until the file's end. */
struct pg_incremental_header
{
    uint32_t block_count;
    const uint32_t *blocks;
    uint32_t truncation_block_length; /* the relation's file has at least so many blocks */
    uint64_t size_bytes;              /* of that file: up to there, or to the last block here */
};

/* Both must be there.  A failure ends the feed with it. */
struct pg_incremental_handler
{
    /* Once for a file, before all data. */
    enum status (*header)(void *arg, const struct pg_incremental_header *header, struct error *err);

    /* Content at an offset in the relation's file; in order, each byte once, never copied. */
    enum status (*data)(void *arg, uint64_t offset, struct bytes bytes, struct error *err);

    void *arg;
};

NODISCARD enum status pg_incremental_file_create(struct pg_incremental_file **file,
                                                 const struct pg_incremental_handler *handler,
                                                 struct error *err);

/*
 * CORRUPT: not such a file.  UNSUPPORTED: the mark of a server whose
 * incremental backups of truncated relations are wrong.
 */
NODISCARD enum status pg_incremental_file_feed(struct pg_incremental_file *file, struct bytes bytes,
                                               struct error *err);

/* The file must have come whole.  size_bytes is the header's. */
NODISCARD enum status pg_incremental_file_finish(struct pg_incremental_file *file,
                                                 uint64_t *size_bytes, struct error *err);

/* For SCOPED.  NULL is allowed. */
void pg_incremental_file_freep(struct pg_incremental_file **file);

/* Is this path, relative to the data directory, that of a relation's INCREMENTAL file? */
bool pg_incremental_name(const char *path);

/*
 * The path of the file that an INCREMENTAL file stands for; another path as it
 * is.  plain holds strlen(path) + 1 bytes.
 */
void pg_incremental_plain_path(const char *path, char *plain);

/* The other way, for a relation's file; false when it is none or does not fit. */
bool pg_incremental_path(const char *plain, char *path, size_t size);
