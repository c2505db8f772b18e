// SPDX-License-Identifier: PostgreSQL
#include "pg/wal_assembly.h"

#include "base/crc32c.h"
#include "pg/native.h"

#include <string.h>

/* XLogRecordMaxSize; a larger length is damage. */
#define RECORD_LENGTH_MAX (UINT32_C(1020) * 1024 * 1024)

/* The last built-in resource manager of any version, and the first of extensions. */
#define RMID_BUILTIN_MAX 22
#define RMID_CUSTOM_MIN  128

/* Offsets in a record's header (struct XLogRecord in src/include/access/xlogrecord.h). */
enum
{
    XID_AT = 4,
    PREVIOUS_AT = 8,
    INFO_AT = 16,
    RMID_AT = 17,
    CRC_AT = 20,

    LENGTH_SIZE = 4,
};

void
pg_wal_assembly_begin(struct pg_wal_assembly *assembly, pg_lsn start, pg_lsn previous)
{
    assembly->start = start;
    assembly->previous = previous;
    assembly->total_length = 0;
    assembly->size = 0;
    assembly->crc = CRC32C_INIT;
    assembly->front_size = 0;
    assembly->layout = (struct pg_wal_record_layout){0};
    assembly->layout_valid = false;
    assembly->main.size = 0;
    assembly->main_cut = false;
}

static uint32_t
payload_length(const struct pg_wal_assembly *assembly)
{
    return assembly->total_length - PG_WAL_RECORD_HEADER_SIZE;
}

static enum pg_wal_end_reason
check_length(uint32_t total_length)
{
    if (total_length == 0)
        return PG_WAL_END_ZEROS;
    if (total_length < PG_WAL_RECORD_HEADER_SIZE || total_length > RECORD_LENGTH_MAX)
        return PG_WAL_END_RECORD;
    return PG_WAL_END_NONE;
}

static enum pg_wal_end_reason
check_header(const struct pg_wal_assembly *assembly)
{
    pg_lsn previous = native_u64(assembly->header + PREVIOUS_AT);
    uint8_t rmid = assembly->header[RMID_AT];

    if (rmid > RMID_BUILTIN_MAX && rmid < RMID_CUSTOM_MIN)
        return PG_WAL_END_RECORD;
    if (assembly->previous == PG_LSN_NONE ? previous >= assembly->start
                                          : previous != assembly->previous)
        return PG_WAL_END_RECORD;
    return PG_WAL_END_NONE;
}

/* The length first: it says whether a whole header is there. */
static enum pg_wal_end_reason
feed_header(struct pg_wal_assembly *assembly, struct bytes bytes, size_t *taken)
{
    size_t wanted = assembly->size < LENGTH_SIZE ? LENGTH_SIZE : PG_WAL_RECORD_HEADER_SIZE;
    size_t missing = wanted - assembly->size;

    *taken = bytes.size < missing ? bytes.size : missing;
    memcpy(assembly->header + assembly->size, bytes.data, *taken);
    assembly->size += (uint32_t) *taken;
    if (assembly->size == LENGTH_SIZE)
    {
        assembly->total_length = native_u32(assembly->header);
        return check_length(assembly->total_length);
    }
    return assembly->size == PG_WAL_RECORD_HEADER_SIZE ? check_header(assembly) : PG_WAL_END_NONE;
}

/* Keep what is main data in a piece that begins at this offset of the payload. */
static enum status
keep_main(struct pg_wal_assembly *assembly, size_t offset, struct bytes piece, struct error *err)
{
    size_t main_start = payload_length(assembly) - assembly->layout.main_length;
    size_t room = assembly->main.limit - assembly->main.size;
    size_t skip = main_start > offset ? main_start - offset : 0;

    if (!assembly->layout_valid || skip >= piece.size)
        return OK;
    piece.data += skip;
    piece.size -= skip;
    if (piece.size > room)
    {
        piece.size = room;
        assembly->main_cut = true;
    }
    return buffer_append(&assembly->main, piece, err);
}

/* Fill the front; once it holds all headers there can be, read them. */
static enum status
feed_front(struct pg_wal_assembly *assembly, struct bytes *piece, struct error *err)
{
    size_t room = sizeof(assembly->front) - assembly->front_size;
    size_t size = piece->size < room ? piece->size : room;
    struct bytes front;

    memcpy(assembly->front + assembly->front_size, piece->data, size);
    assembly->front_size += size;
    piece->data += size;
    piece->size -= size;
    if (assembly->front_size < sizeof(assembly->front) &&
        assembly->front_size < payload_length(assembly))
        return OK;

    front = (struct bytes){assembly->front, assembly->front_size};
    assembly->layout_valid =
        pg_wal_record_headers_read(front, payload_length(assembly), &assembly->layout);
    return keep_main(assembly, 0, front, err);
}

static enum status
feed_payload(struct pg_wal_assembly *assembly, struct bytes bytes, size_t *taken, struct error *err)
{
    size_t missing = assembly->total_length - assembly->size;
    struct bytes piece = {bytes.data, bytes.size < missing ? bytes.size : missing};
    size_t offset;

    *taken = piece.size;
    assembly->crc = crc32c_update(assembly->crc, piece);
    assembly->size += (uint32_t) piece.size;
    if (assembly->front_size < sizeof(assembly->front))
        TRY(feed_front(assembly, &piece, err));
    offset = assembly->size - PG_WAL_RECORD_HEADER_SIZE - piece.size;
    return piece.size == 0 ? OK : keep_main(assembly, offset, piece, err);
}

/* The header comes last in the checksum, without the checksum. */
static enum pg_wal_end_reason
check_record(const struct pg_wal_assembly *assembly)
{
    struct bytes header = {assembly->header, CRC_AT};
    uint32_t crc = crc32c_finish(crc32c_update(assembly->crc, header));

    if (crc != native_u32(assembly->header + CRC_AT))
        return PG_WAL_END_CHECKSUM;
    if (!assembly->layout_valid && payload_length(assembly) > 0)
        return PG_WAL_END_RECORD;
    return PG_WAL_END_NONE;
}

enum status
pg_wal_assembly_feed(struct pg_wal_assembly *assembly, struct bytes bytes, size_t *taken,
                     enum pg_wal_end_reason *reason, struct error *err)
{
    *reason = PG_WAL_END_NONE;
    if (assembly->size < PG_WAL_RECORD_HEADER_SIZE)
        *reason = feed_header(assembly, bytes, taken);
    else
        TRY(feed_payload(assembly, bytes, taken, err));
    if (*reason == PG_WAL_END_NONE && pg_wal_assembly_complete(assembly))
        *reason = check_record(assembly);
    return OK;
}

bool
pg_wal_assembly_complete(const struct pg_wal_assembly *assembly)
{
    return assembly->size >= PG_WAL_RECORD_HEADER_SIZE && assembly->size == assembly->total_length;
}

struct pg_wal_record
pg_wal_assembly_record(const struct pg_wal_assembly *assembly)
{
    return (struct pg_wal_record){
        .start = assembly->start,
        .previous = native_u64(assembly->header + PREVIOUS_AT),
        .total_length = assembly->total_length,
        .xid = native_u32(assembly->header + XID_AT),
        .rmid = assembly->header[RMID_AT],
        .info = assembly->header[INFO_AT],
        .headers = {assembly->front, assembly->layout.headers_size},
        .main = buffer_bytes(&assembly->main),
        .main_cut = assembly->main_cut,
    };
}
