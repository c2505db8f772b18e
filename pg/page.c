// SPDX-License-Identifier: PostgreSQL
#include "pg/page.h"

#include "base/bytes.h"
#include "pg/line.h"
#include "pg/native.h"

#include <string.h>

/* Offsets in a page's header (src/include/storage/bufpage.h). */
enum
{
    LSN_HIGH_AT = 0,
    LSN_LOW_AT = 4,
    CHECKSUM_AT = 8,
    FLAGS_AT = 10,
    LOWER_AT = 12,
    UPPER_AT = 14,
    SPECIAL_AT = 16,
    VERSION_AT = 18, /* the page's size with the layout's version in its low byte */
    PRUNE_XID_AT = 20,
    LINES_AT = 24, /* line pointers, four bytes each */
};

#define FLAGS_KNOWN    0x0007 /* PD_VALID_FLAG_BITS: all three may change without a new LSN */
#define LAYOUT_VERSION 4

/* The special spaces of sequences (commands/sequence.c) and SP-GiST (access/spgist_private.h). */
#define SHORT_SPECIAL     (PG_PAGE_SIZE - 8)
#define SEQUENCE_MAGIC    0x1717
#define SPGIST_ID_AT      (PG_PAGE_SIZE - 2)
#define SPGIST_ID         0xFF82
#define SPGIST_META_MAGIC 0xBA0BABEE

/* Of a heap tuple (src/include/access/htup_details.h). */
#define INFOMASK_AT    20
#define TUPLE_SIZE_MIN 23
#define HINT_BITS      0x0F00 /* XMIN and XMAX COMMITTED and INVALID */
#define LINE_NORMAL    1      /* LP_NORMAL (src/include/storage/itemid.h) */

/*
 * The checksum is 32 FNV-1a hashes side by side, each over its column of the
 * page (src/include/storage/checksum_impl.h).  As one wide vector the compiler
 * splits them over whatever registers the machine has, at any -O level.
 */
#define LANES 32
#define PRIME UINT32_C(16777619)

typedef uint32_t lanes __attribute__((vector_size(LANES * sizeof(uint32_t))));

static const lanes base_offsets = {
    0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
    0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
    0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
    0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
};

bool
pg_page_is_new(const uint8_t *page)
{
    return native_u16(page + UPPER_AT) == 0;
}

pg_lsn
pg_page_lsn(const uint8_t *page)
{
    return (pg_lsn) native_u32(page + LSN_HIGH_AT) << 32 | native_u32(page + LSN_LOW_AT);
}

bool
pg_page_is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PG_PAGE_SIZE - 1) == 0;
}

bool
pg_page_header_is_valid(const uint8_t *page)
{
    uint16_t lower = native_u16(page + LOWER_AT);
    uint16_t upper = native_u16(page + UPPER_AT);
    uint16_t special = native_u16(page + SPECIAL_AT);

    return (native_u16(page + FLAGS_AT) & ~FLAGS_KNOWN) == 0 && lower >= LINES_AT &&
           lower <= upper && upper <= special && special <= PG_PAGE_SIZE && special % 8 == 0 &&
           native_u16(page + VERSION_AT) == (PG_PAGE_SIZE | LAYOUT_VERSION);
}

bool
pg_page_changes_silently(const uint8_t *page)
{
    return native_u16(page + SPECIAL_AT) == SHORT_SPECIAL &&
           (native_u32(page + SHORT_SPECIAL) == SEQUENCE_MAGIC ||
            (native_u16(page + SPGIST_ID_AT) == SPGIST_ID &&
             native_u32(page + LINES_AT) == SPGIST_META_MAGIC));
}

/* A line pointer is 15 bits of offset, 2 of state, 15 of length, from the lowest bit on. */
static void
mask_tuple(uint8_t *page, uint32_t line)
{
    uint32_t offset = line & 0x7FFF;
    uint32_t length = line >> 17;

    if ((line >> 15 & 3) == LINE_NORMAL && length >= TUPLE_SIZE_MIN &&
        offset + length <= PG_PAGE_SIZE)
        page[offset + INFOMASK_AT + 1] &= (uint8_t) ~(HINT_BITS >> 8);
}

bool
pg_page_mask_heap_hints(uint8_t *page)
{
    uint16_t lower = native_u16(page + LOWER_AT);

    /* Heap pages are the ones without a special space. */
    if (!pg_page_header_is_valid(page) || native_u16(page + SPECIAL_AT) != PG_PAGE_SIZE)
        return false;
    memset(page + CHECKSUM_AT, 0, sizeof(uint16_t));
    memset(page + FLAGS_AT, 0, sizeof(uint16_t));
    memset(page + PRUNE_XID_AT, 0, sizeof(uint32_t));
    for (size_t at = LINES_AT; at + sizeof(uint32_t) <= lower; at += sizeof(uint32_t))
        mask_tuple(page, native_u32(page + at));
    return true;
}

static void
mix(lanes *state, const lanes *row)
{
    lanes mixed = *state ^ *row;

    *state = (mixed * PRIME) ^ (mixed >> 17);
}

uint16_t
pg_page_checksum(const uint8_t *page, uint32_t block_number)
{
    lanes state = base_offsets;
    lanes row;
    uint32_t sum = 0;

    /* The checksum itself counts as zero. */
    memcpy(&row, page, sizeof(row));
    memset((uint8_t *) &row + CHECKSUM_AT, 0, sizeof(uint16_t));
    mix(&state, &row);
    for (size_t offset = sizeof(row); offset < PG_PAGE_SIZE; offset += sizeof(row))
    {
        memcpy(&row, page + offset, sizeof(row));
        mix(&state, &row);
    }
    row = (lanes){0};
    mix(&state, &row);
    mix(&state, &row);

    for (int lane = 0; lane < LANES; lane++)
        sum ^= state[lane];
    return (uint16_t) ((sum ^ block_number) % 65535 + 1);
}

enum pg_page_state
pg_page_verify(const uint8_t *page, uint32_t block_number, pg_lsn changed_since)
{
    if (pg_page_is_new(page))
        return PG_PAGE_NEW;
    if (changed_since != PG_LSN_NONE && pg_page_lsn(page) >= changed_since)
        return PG_PAGE_TOO_NEW;
    if (pg_page_checksum(page, block_number) != native_u16(page + CHECKSUM_AT))
        return PG_PAGE_CORRUPT;
    return PG_PAGE_GOOD;
}

/* A number as the server prints it: not 0, no leading zeros. */
static bool
take_oid(struct bytes *path, uint32_t *oid)
{
    return path->size > 0 && path->data[0] != '0' && line_take_u32(path, oid);
}

static bool
take_directory(struct bytes *path, uint32_t *oid)
{
    return take_oid(path, oid) && line_take(path, "/");
}

/* "16384/PG_15_202209061/": the tablespace and the version's own directory in it. */
static bool
take_tablespace(struct bytes *path, uint32_t *tablespace)
{
    uint32_t major;
    uint32_t catalog_version;

    return take_directory(path, tablespace) && line_take(path, "PG_") && take_oid(path, &major) &&
           line_take(path, "_") && take_directory(path, &catalog_version);
}

static void
take_fork(struct bytes *path, enum pg_fork *fork)
{
    if (line_take(path, "_fsm"))
        *fork = PG_FORK_FSM;
    else if (line_take(path, "_vm"))
        *fork = PG_FORK_VM;
    else if (line_take(path, "_init"))
        *fork = PG_FORK_INIT;
}

bool
pg_relation_path_parse(const char *path, struct pg_relation_path *relation)
{
    struct bytes left = bytes_of(path);

    *relation = (struct pg_relation_path){.fork = PG_FORK_MAIN};
    if (line_take(&left, "pg_tblspc/"))
    {
        if (!take_tablespace(&left, &relation->tablespace) ||
            !take_directory(&left, &relation->database))
            return false;
    }
    else if (line_take(&left, "base/"))
    {
        if (!take_directory(&left, &relation->database))
            return false;
    }
    else if (!line_take(&left, "global/"))
        return false;

    if (!take_oid(&left, &relation->relfilenode))
        return false;
    take_fork(&left, &relation->fork);
    if (line_take(&left, ".") && !take_oid(&left, &relation->segment))
        return false;
    return left.size == 0;
}

uint32_t
pg_relation_first_block(const struct pg_relation_path *relation, uint32_t segment_blocks)
{
    return relation->segment * segment_blocks;
}
