// SPDX-License-Identifier: PostgreSQL
/*
 * page_build.h - pages of relations, with the headers that PostgreSQL gives them.
 */
#pragma once

#include "pg/page.h"

#include <stddef.h>

#define PAGE_BUILD_TUPLES     3
#define PAGE_BUILD_TUPLE_SIZE 104

/* A heap page of a few tuples, whose bytes follow from seed. */
void page_build_heap(uint8_t page[PG_PAGE_SIZE], pg_lsn lsn, uint8_t seed);

/* The same with a special space, as index pages have one. */
void page_build_index(uint8_t page[PG_PAGE_SIZE], pg_lsn lsn, uint8_t seed);

/* Where a tuple begins; its infomask is 20 bytes behind. */
size_t page_build_tuple(const uint8_t page[PG_PAGE_SIZE], int index);

/* Fields of the header, by their offset. */
void page_build_u16(uint8_t *page, size_t at, uint16_t value);
void page_build_u32(uint8_t *page, size_t at, uint32_t value);
