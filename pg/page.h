// SPDX-License-Identifier: PostgreSQL
/*
 * page.h - the pages of relation files: their LSN and checksum, and which
 * files have pages.
 *
 * src/include/storage/bufpage.h, checksum_impl.h; src/common/relpath.c.
 */
#pragma once

#include "pg/lsn.h"

#include <stdbool.h>

/* The only block size that pages are read at; see pg_control's block_size. */
#define PG_PAGE_SIZE 8192

/* Never initialised: zeros, or extended and left. */
bool pg_page_is_new(const uint8_t *page);

pg_lsn pg_page_lsn(const uint8_t *page);

/* The checksum that the page should carry; block_number counts from the relation's start. */
uint16_t pg_page_checksum(const uint8_t *page, uint32_t block_number);

/* All its bytes are zero: PostgreSQL takes that for new, and any file system for a hole. */
bool pg_page_is_zero(const uint8_t *page);

/* Could PostgreSQL have written this header?  As PageIsVerified in bufpage.c, without the checksum.
 */
bool pg_page_header_is_valid(const uint8_t *page);

/*
 * Is it of a kind that changes without WAL and without a new LSN, more than by
 * hints?  A sequence's, by nextval between the records that it does write
 * (src/backend/commands/sequence.c), and the first page of an SP-GiST index,
 * which remembers where there was room (src/backend/access/spgist/spgutils.c).
 */
bool pg_page_changes_silently(const uint8_t *page);

/*
 * Blot out what changes in a heap page without WAL, as the masks of
 * src/backend/access/common/bufmask.c do: the page's hints and checksum, and the
 * hint bits of its tuples.  False for what is no heap page.
 */
bool pg_page_mask_heap_hints(uint8_t *page);

enum pg_page_state
{
    PG_PAGE_GOOD,
    PG_PAGE_NEW,     /* has no checksum, and needs none */
    PG_PAGE_TOO_NEW, /* changed since the given LSN: may be torn, and replay mends it */
    PG_PAGE_CORRUPT, /* wrong checksum */
};

/* Check one page.  changed_since 0 takes none to be too new. */
enum pg_page_state pg_page_verify(const uint8_t *page, uint32_t block_number, pg_lsn changed_since);

enum pg_fork
{
    PG_FORK_MAIN,
    PG_FORK_FSM,
    PG_FORK_VM,
    PG_FORK_INIT,
};

struct pg_relation_path
{
    uint32_t tablespace; /* its OID in pg_tblspc; 0 for base and global */
    uint32_t database;   /* 0 for global */
    uint32_t relfilenode;
    enum pg_fork fork;
    uint32_t segment; /* the ".1", ".2" files of a large relation */
};

/*
 * Is this path, relative to the data directory, a relation's file?  False for
 * all others, temporary relations among them.  The file name of an incremental
 * ("INCREMENTAL.16384") is not one.
 */
bool pg_relation_path_parse(const char *path, struct pg_relation_path *relation);

/* The number of a file's first block, for files of segment_blocks (131072 as shipped). */
uint32_t pg_relation_first_block(const struct pg_relation_path *relation, uint32_t segment_blocks);
