// SPDX-License-Identifier: PostgreSQL
/*
 * label.h - backup_label and tablespace_map, the two files that a base backup
 * adds to the data directory.
 *
 * The server at its start takes the place to recover from out of backup_label.
 * tablespace_map says where each tablespace was; the server makes the symbolic
 * links from it.
 */
#pragma once

#include "base/bytes.h"
#include "pg/lsn.h"
#include "pg/segment.h"

struct pg_backup_label
{
    struct pg_wal_position start; /* replay starts here: the checkpoint's redo */
    char start_segment[PG_WAL_SEGMENT_NAME_SIZE];
    pg_lsn checkpoint;
    char method[32]; /* "streamed", or "pg_rewind" */
    bool from_standby;
    char start_time[64]; /* as the server wrote it, in its log_timezone */
    char label[1025];
    bool incremental; /* the server refuses to start with these two lines */
    struct pg_wal_position incremental_from;
};

/* CORRUPT when a line is missing or malformed.  Unknown lines are skipped. */
NODISCARD enum status pg_backup_label_parse(struct bytes content, struct pg_backup_label *label,
                                            struct error *err);

/*
 * Append the label without the two lines that make it an incremental backup's,
 * and otherwise byte for byte: what a server starts with once the blocks are
 * put together.  A label that has no such lines stays as it is.
 */
NODISCARD enum status pg_backup_label_strip_incremental(struct bytes content,
                                                        struct buffer *stripped, struct error *err);

struct pg_tablespace
{
    uint32_t oid;
    char *location; /* absolute */
};

struct pg_tablespace_map
{
    struct pg_tablespace *entries; /* owned */
    size_t count;
};

NODISCARD enum status pg_tablespace_map_parse(struct bytes content, struct pg_tablespace_map *map,
                                              struct error *err);

/* Append one line as the server would write it. */
NODISCARD enum status pg_tablespace_map_append(struct buffer *content, uint32_t oid,
                                               const char *location, struct error *err);

/* For SCOPED on an initialised struct, any number of times. */
void pg_tablespace_map_release(struct pg_tablespace_map *map);
