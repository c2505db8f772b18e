// SPDX-License-Identifier: PostgreSQL
#include "pg/wal_reader.h"

#include "pg/wal_assembly.h"
#include "pg/wal_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAIN_LIMIT_DEFAULT (16 * 1024 * 1024)

#define XLOG_SWITCH 0x40

/* Until the first page says it. */
#define BLOCK_SIZE_ASSUMED 8192

enum reader_state
{
    AT_START,        /* no page was read */
    SKIPPING_RECORD, /* one that began before the first segment */
    BETWEEN_RECORDS, /* perhaps at padding */
    IN_RECORD,
    SKIPPING_SEGMENT, /* the rest of it, after a switch */
    ENDED,
};

struct pg_wal_reader
{
    struct pg_wal_reader_options options; /* set at creation, never changed after */

    /* Set by the first page, never changed after. */
    uint16_t magic;
    int major;
    uint32_t block_size;
    uint64_t system_identifier;

    enum reader_state state;
    pg_lsn next; /* of the next byte */
    uint8_t page_header[PG_WAL_LONG_HEADER_SIZE];
    pg_timeline page_timeline;
    uint64_t skip_left;
    struct pg_wal_assembly record;
    pg_lsn previous; /* the last record's start; 0 before the first */
    struct pg_wal_end end;
};

enum status
pg_wal_reader_create(struct pg_wal_reader **reader, const struct pg_wal_reader_options *options,
                     struct error *err)
{
    struct pg_wal_reader *created;

    if (!pg_wal_segment_size_valid(options->segment_size))
        return error_set(err, STATUS_CONFIG, "invalid WAL segment size %" PRIu32,
                         options->segment_size);
    created = calloc(1, sizeof(*created));
    if (created == NULL)
        return error_no_memory(err);
    created->options = *options;
    created->block_size = BLOCK_SIZE_ASSUMED;
    created->system_identifier = options->system_identifier;
    created->next = pg_wal_segment_start(options->first, options->segment_size);
    created->record.main =
        BUFFER_INIT(options->main_limit == 0 ? MAIN_LIMIT_DEFAULT : options->main_limit);
    *reader = created;
    return OK;
}

void
pg_wal_reader_freep(struct pg_wal_reader **reader)
{
    if (*reader == NULL)
        return;
    buffer_release(&(*reader)->record.main);
    free(*reader);
    *reader = NULL;
}

struct pg_wal_end
pg_wal_reader_end(const struct pg_wal_reader *reader)
{
    struct pg_wal_end end = reader->end;

    if (reader->state != ENDED)
        end.at = reader->next;
    return end;
}

const char *
pg_wal_end_reason_text(enum pg_wal_end_reason reason)
{
    static const char *const texts[] = {
        [PG_WAL_END_NONE] = "more may follow",
        [PG_WAL_END_ZEROS] = "never written",
        [PG_WAL_END_RECYCLED] = "old content of a recycled segment",
        [PG_WAL_END_PAGE_HEADER] = "invalid page header",
        [PG_WAL_END_RECORD] = "invalid record",
        [PG_WAL_END_CONTINUATION] = "record is not continued on the next page",
        [PG_WAL_END_CHECKSUM] = "wrong record checksum",
    };

    return reason <= PG_WAL_END_CHECKSUM ? texts[reason] : "unknown";
}

static void
end_here(struct pg_wal_reader *reader, enum pg_wal_end_reason reason, pg_lsn at)
{
    reader->state = ENDED;
    reader->end.reason = reason;
    reader->end.at = at;
}

static pg_lsn
aligned(pg_lsn lsn)
{
    return (lsn + 7) & ~(pg_lsn) 7;
}

/* Pages. */

static size_t
page_header_size(const struct pg_wal_reader *reader, pg_lsn page_start)
{
    return page_start % reader->options.segment_size == 0 ? PG_WAL_LONG_HEADER_SIZE
                                                          : PG_WAL_PAGE_HEADER_SIZE;
}

/* Why this cannot be the page expected here; NONE when it is. */
static enum pg_wal_end_reason
check_page(const struct pg_wal_reader *reader, const struct pg_wal_page *page, pg_lsn page_start)
{
    bool is_long = page_header_size(reader, page_start) == PG_WAL_LONG_HEADER_SIZE;

    if (page->magic == 0 && page->timeline == 0 && page->address == 0)
        return PG_WAL_END_ZEROS;
    if ((reader->state != AT_START && page->magic != reader->magic) ||
        !pg_wal_page_info_valid(page) || ((page->info & PG_WAL_PAGE_LONG) != 0) != is_long)
        return PG_WAL_END_PAGE_HEADER;
    if (page->address != page_start)
        return PG_WAL_END_RECYCLED;
    /* Time goes forward, timelines too. */
    if (page->timeline == 0 || page->timeline < reader->page_timeline)
        return PG_WAL_END_PAGE_HEADER;
    return PG_WAL_END_NONE;
}

/* What the first page of a segment says besides. */
static enum status
check_segment(struct pg_wal_reader *reader, struct error *err)
{
    struct bytes bytes = {reader->page_header, PG_WAL_LONG_HEADER_SIZE};
    uint64_t wanted = reader->system_identifier;
    struct pg_wal_header header;

    TRY(pg_wal_header_parse(bytes, &header, err));
    if (wanted != 0 && header.system_identifier != wanted)
        return error_set(err, STATUS_REFUSED,
                         "WAL of another cluster: system identifier %" PRIu64 ", expected %" PRIu64,
                         header.system_identifier, wanted);
    if (header.segment_size != reader->options.segment_size)
        return error_set(err, STATUS_REFUSED,
                         "WAL with segments of %" PRIu32 " bytes, expected %" PRIu32,
                         header.segment_size, reader->options.segment_size);
    if (reader->state != AT_START)
        return header.block_size == reader->block_size ? OK : STATUS_CORRUPT;
    reader->system_identifier = header.system_identifier;
    reader->magic = header.magic;
    reader->major = header.major;
    reader->block_size = header.block_size;
    return OK;
}

/* Does the page go on with what the last one began?  Sets the state. */
static bool
follow_page(struct pg_wal_reader *reader, const struct pg_wal_page *page)
{
    bool continued = (page->info & PG_WAL_PAGE_CONTINUED) != 0;
    uint64_t missing = 0;

    if (reader->state == AT_START)
    {
        reader->skip_left = continued ? page->continued_size : 0;
        reader->state = reader->skip_left > 0 ? SKIPPING_RECORD : BETWEEN_RECORDS;
        return true;
    }
    if (reader->state == SKIPPING_RECORD)
        missing = reader->skip_left;
    else if (reader->state == IN_RECORD)
        missing = reader->record.total_length - reader->record.size;

    if (missing > 0 && !continued && pg_wal_page_overwrites(page))
    {
        /* The server crashed inside the record and gave it up. */
        reader->state = BETWEEN_RECORDS;
        return true;
    }
    return missing == 0 ? !continued : continued && page->continued_size == missing;
}

static enum status
take_page_header(struct pg_wal_reader *reader, pg_lsn page_start, struct error *err)
{
    struct pg_wal_page page = pg_wal_page_read(reader->page_header);
    enum pg_wal_end_reason reason = check_page(reader, &page, page_start);

    if (reason == PG_WAL_END_NONE && (page.info & PG_WAL_PAGE_LONG) != 0)
    {
        enum status status = check_segment(reader, err);

        if (status == STATUS_CORRUPT)
            reason = PG_WAL_END_PAGE_HEADER;
        else
            TRY(status);
    }
    if (reason == PG_WAL_END_NONE && !follow_page(reader, &page))
        reason = PG_WAL_END_CONTINUATION;
    if (reason != PG_WAL_END_NONE)
        end_here(reader, reason, page_start);
    reader->page_timeline = page.timeline;
    return OK;
}

static enum status
feed_page_header(struct pg_wal_reader *reader, struct bytes bytes, size_t *taken, struct error *err)
{
    size_t offset = reader->next % reader->block_size;
    pg_lsn page_start = reader->next - offset;
    size_t missing = page_header_size(reader, page_start) - offset;

    *taken = bytes.size < missing ? bytes.size : missing;
    memcpy(reader->page_header + offset, bytes.data, *taken);
    reader->next += *taken;
    return *taken == missing ? take_page_header(reader, page_start, err) : OK;
}

/* Records. */

/* After a switch the server uses nothing more of the segment. */
static bool
is_switch(const struct pg_wal_record *record)
{
    return record->rmid == PG_WAL_RM_XLOG && (record->info & 0xF0) == XLOG_SWITCH;
}

static enum status
take_record(struct pg_wal_reader *reader, struct error *err)
{
    struct pg_wal_record record = pg_wal_assembly_record(&reader->record);
    uint32_t segment_size = reader->options.segment_size;

    record.major = reader->major;
    record.end = aligned(reader->next);
    reader->state = BETWEEN_RECORDS;
    if (is_switch(&record) && record.end % segment_size != 0)
    {
        record.end += segment_size - record.end % segment_size;
        reader->state = SKIPPING_SEGMENT;
    }
    reader->previous = record.start;
    reader->end.lsn = record.end;
    return reader->options.record(reader->options.arg, &record, err);
}

static enum status
feed_record(struct pg_wal_reader *reader, struct bytes bytes, size_t *taken, struct error *err)
{
    enum pg_wal_end_reason reason;

    TRY(pg_wal_assembly_feed(&reader->record, bytes, taken, &reason, err));
    reader->next += *taken;
    if (reason != PG_WAL_END_NONE)
        end_here(reader, reason, reader->record.start);
    else if (pg_wal_assembly_complete(&reader->record))
        return take_record(reader, err);
    return OK;
}

static void
skip(struct pg_wal_reader *reader, uint64_t count, size_t available, size_t *taken)
{
    *taken = available < count ? available : (size_t) count;
    reader->next += *taken;
}

/* Bytes of one page, behind its header. */
static enum status
feed_page(struct pg_wal_reader *reader, struct bytes bytes, size_t *taken, struct error *err)
{
    uint64_t padding = aligned(reader->next) - reader->next;

    if (reader->state == SKIPPING_RECORD)
    {
        skip(reader, reader->skip_left, bytes.size, taken);
        reader->skip_left -= *taken;
        if (reader->skip_left == 0)
            reader->state = BETWEEN_RECORDS;
        return OK;
    }
    if (reader->state == BETWEEN_RECORDS && padding > 0)
    {
        skip(reader, padding, bytes.size, taken);
        return OK;
    }
    if (reader->state == BETWEEN_RECORDS)
    {
        pg_wal_assembly_begin(&reader->record, reader->next, reader->previous);
        reader->state = IN_RECORD;
    }
    return feed_record(reader, bytes, taken, err);
}

static enum status
feed_some(struct pg_wal_reader *reader, struct bytes bytes, size_t *taken, struct error *err)
{
    size_t offset = reader->next % reader->block_size;
    size_t room = reader->block_size - offset;

    if (reader->state == SKIPPING_SEGMENT)
    {
        uint64_t left = reader->end.lsn - reader->next;

        skip(reader, left, bytes.size, taken);
        if (*taken == left)
            reader->state = BETWEEN_RECORDS;
        return OK;
    }
    if (offset < page_header_size(reader, reader->next - offset))
        return feed_page_header(reader, bytes, taken, err);
    if (bytes.size > room)
        bytes.size = room;
    return feed_page(reader, bytes, taken, err);
}

enum status
pg_wal_reader_feed(struct pg_wal_reader *reader, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0 && reader->state != ENDED)
    {
        size_t taken = 0;

        TRY(feed_some(reader, bytes, &taken, err));
        bytes.data += taken;
        bytes.size -= taken;
    }
    return OK;
}
