// SPDX-License-Identifier: PostgreSQL
#include "tests/support/wal_build.h"

#include "base/crc32c.h"
#include "tests/support/assert.h"

static void
append(struct wal_build *build, const void *data, size_t size)
{
    struct error err;

    assert_ok(buffer_append(&build->bytes, (struct bytes){data, size}, &err));
}

void
wal_build_begin(struct wal_build *build, struct pg_wal_segment first)
{
    *build = (struct wal_build){
        .bytes = BUFFER_INIT(64 * 1024 * 1024),
        .segment_size = 1024 * 1024,
        .block_size = 8192,
        .magic = 0xD110,
        .timeline = first.timeline,
        .system_identifier = 42,
    };
    build->start = pg_wal_segment_start(first, build->segment_size);
}

void
wal_build_release(struct wal_build *build)
{
    buffer_release(&build->bytes);
}

pg_lsn
wal_build_next(const struct wal_build *build)
{
    return build->start + build->bytes.size;
}

void
wal_build_page(struct wal_build *build)
{
    pg_lsn address = wal_build_next(build);
    bool is_long = address % build->segment_size == 0;
    uint16_t info = (uint16_t) ((is_long ? 2 : 0) | (build->missing > 0 ? 1 : 0));
    uint32_t padding = 0;

    if (address % build->block_size != 0)
        return;
    info |= build->page_flags;
    build->page_flags = 0;
    append(build, &build->magic, 2);
    append(build, &info, 2);
    append(build, &build->timeline, 4);
    append(build, &address, 8);
    append(build, &build->missing, 4);
    append(build, &padding, 4);
    if (!is_long)
        return;
    append(build, &build->system_identifier, 8);
    append(build, &build->segment_size, 4);
    append(build, &build->block_size, 4);
}

static void
append_across_pages(struct wal_build *build, struct bytes bytes)
{
    while (bytes.size > 0)
    {
        size_t room;

        wal_build_page(build);
        room = build->block_size - wal_build_next(build) % build->block_size;
        if (room > bytes.size)
            room = bytes.size;
        append(build, bytes.data, room);
        build->missing -= (uint32_t) room;
        bytes.data += room;
        bytes.size -= room;
    }
}

static void
fill_header(uint8_t header[24], const struct wal_build *build,
            const struct wal_build_record *record)
{
    uint32_t total = (uint32_t) (24 + record->payload.size);
    uint32_t crc = crc32c_update(CRC32C_INIT, record->payload);

    memset(header, 0, 24);
    memcpy(header, &total, 4);
    memcpy(header + 4, &record->xid, 4);
    memcpy(header + 8, &build->previous, 8);
    header[16] = record->info;
    header[17] = record->rmid;
    crc = crc32c_finish(crc32c_update(crc, (struct bytes){header, 20}));
    memcpy(header + 20, &crc, 4);
}

pg_lsn
wal_build_add(struct wal_build *build, struct wal_build_record record)
{
    struct error err;
    struct buffer whole = BUFFER_INIT(24 + record.payload.size);
    uint8_t header[24];
    pg_lsn start;

    wal_build_zeros(build, (wal_build_next(build) + 7) & ~(pg_lsn) 7);
    build->missing = 0;
    wal_build_page(build);
    start = wal_build_next(build);
    fill_header(header, build, &record);
    build->missing = (uint32_t) (24 + record.payload.size);
    assert_ok(buffer_append(&whole, (struct bytes){header, 24}, &err));
    assert_ok(buffer_append(&whole, record.payload, &err));
    append_across_pages(build, (struct bytes){whole.data, whole.size - record.cut});
    buffer_release(&whole);
    build->missing = 0;
    if (record.cut == 0)
        build->previous = start;
    return start;
}

void
wal_build_main(struct buffer *payload, struct bytes main)
{
    struct error err;
    uint32_t size = (uint32_t) main.size;
    uint8_t short_header[2] = {255, (uint8_t) size};
    uint8_t long_header[5] = {254};

    memcpy(long_header + 1, &size, 4);
    if (size < 256)
        assert_ok(buffer_append(payload, (struct bytes){short_header, 2}, &err));
    else
        assert_ok(buffer_append(payload, (struct bytes){long_header, 5}, &err));
    assert_ok(buffer_append(payload, main, &err));
}

void
wal_build_zeros(struct wal_build *build, pg_lsn until)
{
    static const uint8_t zeros[4096];

    while (wal_build_next(build) < until)
    {
        size_t left = until - wal_build_next(build);

        append(build, zeros, left < sizeof(zeros) ? left : sizeof(zeros));
    }
}
