// SPDX-License-Identifier: PostgreSQL
/*
 * Raw bytes end at the first page header, so the harness makes the headers:
 * pages are right, and the records on the first page get the checksum and back
 * link they should have.  What is in the records is the fuzzer's.
 */
#include "pg/wal_reader.h"

#include "base/crc32c.h"

#include <stdlib.h>
#include <string.h>

#define PAGE    8192
#define SEGMENT (UINT32_C(1) << 20)
#define START   (UINT64_C(3) * SEGMENT)
#define LIMIT   300

struct seen
{
    pg_lsn end;
    size_t count;
};

static enum status
see(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct seen *seen = arg;
    struct pg_wal_event event;

    if (record->start < seen->end || record->end <= record->start || record->end % 8 != 0 ||
        record->main.size > LIMIT)
        abort();
    seen->end = record->end;
    seen->count++;
    if (pg_wal_record_event(record, &event, err) != OK)
        return OK;
    for (size_t index = 0; index < pg_wal_event_subxid_count(&event); index++)
        (void) pg_wal_event_subxid(&event, index);
    return OK;
}

static void
put(uint8_t *bytes, const void *value, size_t size)
{
    memcpy(bytes, value, size);
}

/* The header of the page at this offset, with the fuzzer's flags if it wants any. */
static void
make_page(uint8_t *page, size_t offset, uint16_t flags)
{
    uint16_t magic = 0xD110;
    uint16_t info = (uint16_t) (offset == 0 ? 2 : flags & 9);
    pg_timeline timeline = 1;
    pg_lsn address = START + offset;
    uint64_t system_identifier = 42;
    uint32_t sizes[2] = {SEGMENT, PAGE};

    put(page, &magic, 2);
    put(page + 2, &info, 2);
    put(page + 4, &timeline, 4);
    put(page + 8, &address, 8);
    if (offset != 0)
        return;
    put(page + 16, "\0\0\0\0", 4);
    put(page + 24, &system_identifier, 8);
    put(page + 32, sizes, 8);
}

static void
make_records(uint8_t *page, size_t size)
{
    pg_lsn previous = 0;

    for (size_t at = 40; at + 24 <= size;)
    {
        uint32_t length;
        uint32_t crc;

        put((uint8_t *) &length, page + at, 4);
        if (length < 24 || length > size - at)
            return;
        put(page + at + 8, &previous, 8);
        crc = crc32c_update(CRC32C_INIT, (struct bytes){page + at + 24, length - 24});
        crc = crc32c_finish(crc32c_update(crc, (struct bytes){page + at, 20}));
        put(page + at + 20, &crc, 4);
        previous = START + at;
        at = (at + length + 7) & ~(size_t) 7;
    }
}

static struct pg_wal_end
read_pieces(const uint8_t *wal, size_t size, size_t step, struct seen *seen)
{
    struct pg_wal_reader_options options = {
        .first = {1, 3}, .segment_size = SEGMENT, .main_limit = LIMIT, .record = see, .arg = seen};
    struct pg_wal_reader *reader;
    struct pg_wal_end end;
    struct error err;

    if (pg_wal_reader_create(&reader, &options, &err) != OK)
        abort();
    for (size_t at = 0; at < size; at += step)
        if (pg_wal_reader_feed(
                reader, (struct bytes){wal + at, size - at < step ? size - at : step}, &err) != OK)
            break;
    end = pg_wal_reader_end(reader);
    if (end.lsn != seen->end)
        abort();
    pg_wal_reader_freep(&reader);
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct seen whole = {0};
    struct seen pieces = {0};
    struct pg_wal_end first;
    struct pg_wal_end second;
    uint8_t *copy;

    if (size < 64)
        return 0;
    copy = malloc(--size);
    if (copy == NULL)
        abort();
    memcpy(copy, input + 1, size);
    if ((input[0] & 1) == 0)
    {
        for (size_t at = 0; at + 40 <= size; at += PAGE)
            make_page(copy + at, at, copy[at + 2]);
        make_records(copy, size < PAGE ? size : PAGE);
    }
    first = read_pieces(copy, size, size, &whole);
    second = read_pieces(copy, size, (size_t) input[0] + 1, &pieces);
    if (first.reason != second.reason || first.lsn != second.lsn || whole.count != pieces.count)
        abort();
    free(copy);
    return 0;
}
