// SPDX-License-Identifier: PostgreSQL
#include "pg/wal_page.h"

#include "pg/native.h"
#include "pg/segment.h"

#include <inttypes.h>

/* XLOG_PAGE_MAGIC of each release. */
static const struct
{
    uint16_t magic;
    int major;
} magics[] = {{0xD110, 15}, {0xD113, 16}, {0xD116, 17}, {0xD118, 18}, {0xD122, 19}};

/* Until 18 another flag had this place. */
#define OVERWRITES_19 4
#define OVERWRITES_18 8

#define BLOCK_SIZE_MIN 1024
#define BLOCK_SIZE_MAX 65536

int
pg_wal_magic_major(uint16_t magic)
{
    for (size_t index = 0; index < sizeof(magics) / sizeof(magics[0]); index++)
        if (magics[index].magic == magic)
            return magics[index].major;
    return 0;
}

bool
pg_wal_page_overwrites(const struct pg_wal_page *page)
{
    return (page->info & (pg_wal_magic_major(page->magic) >= 19 ? OVERWRITES_19 : OVERWRITES_18)) !=
           0;
}

bool
pg_wal_page_info_valid(const struct pg_wal_page *page)
{
    return (page->info & ~(pg_wal_magic_major(page->magic) >= 19 ? 7 : 15)) == 0;
}

struct pg_wal_page
pg_wal_page_read(const uint8_t *header)
{
    return (struct pg_wal_page){
        .magic = native_u16(header),
        .info = native_u16(header + 2),
        .timeline = native_u32(header + 4),
        .address = native_u64(header + 8),
        .continued_size = native_u32(header + 16),
    };
}

static enum status
check_magic(uint16_t magic, struct error *err)
{
    if (pg_wal_magic_major(magic) != 0)
        return OK;
    if (magic >> 8 != 0xD0 && magic >> 8 != 0xD1)
        return error_set(err, STATUS_CORRUPT, "not a WAL segment: page magic is %04X", magic);
    error_set(err, STATUS_UNSUPPORTED,
              "WAL page magic %04X is that of no supported PostgreSQL version", magic);
    error_hint(err, "PostgreSQL 15 to 19 are supported.");
    return STATUS_UNSUPPORTED;
}

static bool
block_size_valid(uint32_t size)
{
    return size >= BLOCK_SIZE_MIN && size <= BLOCK_SIZE_MAX && (size & (size - 1)) == 0;
}

enum status
pg_wal_header_parse(struct bytes bytes, struct pg_wal_header *header, struct error *err)
{
    struct pg_wal_page page;

    if (bytes.size < PG_WAL_LONG_HEADER_SIZE)
        return error_set(err, STATUS_CORRUPT, "not a WAL segment: only %zu bytes", bytes.size);
    page = pg_wal_page_read(bytes.data);
    TRY(check_magic(page.magic, err));
    *header = (struct pg_wal_header){
        .magic = page.magic,
        .timeline = page.timeline,
        .page_address = page.address,
        .system_identifier = native_u64(bytes.data + 24),
        .segment_size = native_u32(bytes.data + 32),
        .block_size = native_u32(bytes.data + 36),
        .major = pg_wal_magic_major(page.magic),
    };

    if ((page.info & PG_WAL_PAGE_LONG) == 0 || !pg_wal_page_info_valid(&page))
        return error_set(err, STATUS_CORRUPT, "not the start of a WAL segment: page flags are %04X",
                         page.info);
    if (header->timeline == 0)
        return error_set(err, STATUS_CORRUPT, "WAL segment has timeline 0");
    if (!pg_wal_segment_size_valid(header->segment_size))
        return error_set(err, STATUS_CORRUPT, "WAL segment has an invalid segment size %" PRIu32,
                         header->segment_size);
    if (!block_size_valid(header->block_size))
        return error_set(err, STATUS_CORRUPT, "WAL segment has an invalid block size %" PRIu32,
                         header->block_size);
    if (header->page_address % header->segment_size != 0)
    {
        char text[PG_LSN_TEXT_SIZE];

        pg_lsn_format(header->page_address, text);
        return error_set(err, STATUS_CORRUPT,
                         "WAL segment has page address %s, which is not the start of a segment",
                         text);
    }
    return OK;
}
