// SPDX-License-Identifier: PostgreSQL
/* Version, resource manager and info come first, then main data or headers, or both. */
#include "pg/unsound_wal.h"

#include <stdlib.h>
#include <string.h>

static void
read_headers(struct bytes bytes)
{
    struct bytes front = bytes;
    struct pg_wal_record_layout layout;

    if (front.size > PG_WAL_RECORD_HEADERS_MAX)
        front.size = PG_WAL_RECORD_HEADERS_MAX;
    if (pg_wal_record_headers_read(front, (uint32_t) bytes.size, &layout) &&
        layout.headers_size + layout.main_length > bytes.size)
        abort();
}

/* The same bytes once as main data and once as headers. */
static void
judge(struct pg_wal_record record, struct bytes bytes)
{
    struct pg_unsound unsound;
    struct error err;

    record.headers = record.main = bytes;
    if (pg_unsound_wal_read(&record, &unsound, &err) == OK &&
        (unsound.tablespace == 1663 || unsound.tablespace == 1664))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct pg_wal_record record = {.start = 0x3000028};
    struct pg_wal_event event;
    struct error err;

    if (size < 3)
        return 0;
    record.major = 15 + input[0] % 5;
    record.main_cut = (input[0] & 0x80) != 0;
    record.rmid = input[1] & 15;
    record.info = input[2];
    record.main = (struct bytes){input + 3, size - 3};
    if (pg_wal_record_event(&record, &event, &err) == OK)
    {
        uint32_t sum = 0;

        for (size_t index = 0; index < pg_wal_event_subxid_count(&event); index++)
            sum += pg_wal_event_subxid(&event, index);
        if (strlen(event.name) > 64)
            abort();
        (void) sum;
    }
    read_headers(record.main);
    judge(record, record.main);
    return 0;
}
