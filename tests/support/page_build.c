// SPDX-License-Identifier: PostgreSQL
#include "tests/support/page_build.h"

#include <string.h>

#define HEADER_SIZE 24

void
page_build_u16(uint8_t *page, size_t at, uint16_t value)
{
    memcpy(page + at, &value, sizeof(value));
}

void
page_build_u32(uint8_t *page, size_t at, uint32_t value)
{
    memcpy(page + at, &value, sizeof(value));
}

static void
build(uint8_t page[PG_PAGE_SIZE], pg_lsn lsn, uint8_t seed, uint16_t special)
{
    uint16_t upper = special;

    memset(page, 0, PG_PAGE_SIZE);
    memset(page + special, 0x5A, (size_t) PG_PAGE_SIZE - special);
    for (int tuple = 0; tuple < PAGE_BUILD_TUPLES; tuple++)
    {
        upper = (uint16_t) (upper - PAGE_BUILD_TUPLE_SIZE);
        memset(page + upper, seed + tuple, PAGE_BUILD_TUPLE_SIZE);
        /* Offset, LP_NORMAL, length. */
        page_build_u32(page, HEADER_SIZE + (size_t) tuple * 4,
                       upper | UINT32_C(1) << 15 | (uint32_t) PAGE_BUILD_TUPLE_SIZE << 17);
    }
    page_build_u32(page, 0, (uint32_t) (lsn >> 32));
    page_build_u32(page, 4, (uint32_t) lsn);
    page_build_u16(page, 12, HEADER_SIZE + PAGE_BUILD_TUPLES * 4);
    page_build_u16(page, 14, upper);
    page_build_u16(page, 16, special);
    page_build_u16(page, 18, PG_PAGE_SIZE | 4);
}

void
page_build_heap(uint8_t page[PG_PAGE_SIZE], pg_lsn lsn, uint8_t seed)
{
    build(page, lsn, seed, PG_PAGE_SIZE);
}

void
page_build_index(uint8_t page[PG_PAGE_SIZE], pg_lsn lsn, uint8_t seed)
{
    build(page, lsn, seed, PG_PAGE_SIZE - 16);
}

size_t
page_build_tuple(const uint8_t page[PG_PAGE_SIZE], int index)
{
    uint32_t line;

    memcpy(&line, page + HEADER_SIZE + (size_t) index * 4, sizeof(line));
    return line & 0x7FFF;
}
