// SPDX-License-Identifier: PostgreSQL
#include "pg/wal_record.h"

#include "pg/native.h"

#include <inttypes.h>

/* Numbers and flags of src/include/access/xlogrecord.h. */
enum
{
    BLOCK_ID_MAX = 32,
    BLOCK_ID_TOPLEVEL_XID = 252,
    BLOCK_ID_ORIGIN = 253,
    BLOCK_ID_MAIN_LONG = 254,
    BLOCK_ID_MAIN_SHORT = 255,

    BLOCK_FORK_MASK = 0x0F,
    BLOCK_HAS_IMAGE = 0x10,
    BLOCK_HAS_DATA = 0x20,
    BLOCK_SAME_RELATION = 0x80,

    IMAGE_HAS_HOLE = 0x01,
    IMAGE_COMPRESSED = 0x1C, /* since 15: by pglz, lz4 or zstd */

    RELATION_SIZE = 12,
};

/* And of src/include/access/xact.h and src/include/catalog/pg_control.h. */
enum
{
    XLOG_RESTORE_POINT = 0x70,

    XACT_MASK = 0x70,
    XACT_COMMIT = 0x00,
    XACT_ABORT = 0x20,
    XACT_COMMIT_PREPARED = 0x30,
    XACT_ABORT_PREPARED = 0x40,
    XACT_HAS_INFO = 0x80,

    XINFO_DATABASE = 0x01,
    XINFO_SUBXIDS = 0x02,
    XINFO_FILES = 0x04,
    XINFO_INVALIDATIONS = 0x08,
    XINFO_TWO_PHASE = 0x10,
    XINFO_STATISTICS = 0x100,

    RESTORE_POINT_NAME_SIZE = 64,
};

static bool
take(struct bytes *bytes, size_t size, const uint8_t **taken)
{
    if (bytes->size < size)
        return false;
    *taken = bytes->data;
    bytes->data += size;
    bytes->size -= size;
    return true;
}

/* What has been read of a record's headers so far. */
struct header_cursor
{
    struct bytes left;
    uint64_t announced; /* bytes of images, data and main data */
    int last_id;
    const uint8_t *relation;   /* of the last block: tablespace, database, relfilenode */
    struct pg_wal_block block; /* the last, which has last_id */
    uint32_t main_length;
};

static bool
read_image_header(struct header_cursor *cursor)
{
    const uint8_t *image;
    const uint8_t *hole;

    if (!take(&cursor->left, 5, &image))
        return false;
    cursor->announced += native_u16(image);
    if ((image[4] & IMAGE_HAS_HOLE) != 0 && (image[4] & IMAGE_COMPRESSED) != 0)
        return take(&cursor->left, 2, &hole);
    return true;
}

static bool
read_block_header(struct header_cursor *cursor, uint8_t id)
{
    const uint8_t *block;
    const uint8_t *number;
    uint16_t data_length;

    if (id > BLOCK_ID_MAX || id <= cursor->last_id || !take(&cursor->left, 3, &block))
        return false;
    cursor->last_id = id;
    data_length = native_u16(block + 1);
    if (((block[0] & BLOCK_HAS_DATA) != 0) != (data_length != 0))
        return false;
    cursor->announced += data_length;
    if ((block[0] & BLOCK_HAS_IMAGE) != 0 && !read_image_header(cursor))
        return false;
    if ((block[0] & BLOCK_SAME_RELATION) == 0 &&
        !take(&cursor->left, RELATION_SIZE, &cursor->relation))
        return false;
    if (cursor->relation == NULL || !take(&cursor->left, 4, &number))
        return false;
    cursor->block = (struct pg_wal_block){
        .tablespace = native_u32(cursor->relation),
        .database = native_u32(cursor->relation + 4),
        .relfilenode = native_u32(cursor->relation + 8),
        .fork = block[0] & BLOCK_FORK_MASK,
        .block = native_u32(number),
    };
    return true;
}

/* One header, whatever it is. */
static bool
read_header(struct header_cursor *cursor, uint8_t id)
{
    const uint8_t *value;

    switch (id)
    {
    case BLOCK_ID_MAIN_SHORT:
        if (!take(&cursor->left, 1, &value))
            return false;
        cursor->main_length = value[0];
        break;
    case BLOCK_ID_MAIN_LONG:
        if (!take(&cursor->left, 4, &value))
            return false;
        cursor->main_length = native_u32(value);
        break;
    case BLOCK_ID_ORIGIN:
        return take(&cursor->left, 2, &value);
    case BLOCK_ID_TOPLEVEL_XID:
        return take(&cursor->left, 4, &value);
    default:
        return read_block_header(cursor, id);
    }
    cursor->announced += cursor->main_length;
    return true;
}

bool
pg_wal_record_headers_read(struct bytes bytes, uint32_t payload_length,
                           struct pg_wal_record_layout *layout)
{
    struct header_cursor cursor = {.left = bytes, .last_id = -1};
    uint64_t payload_left = payload_length;
    bool at_main = false;

    while (payload_left > cursor.announced && !at_main)
    {
        const uint8_t *id;

        if (!take(&cursor.left, 1, &id) || !read_header(&cursor, *id))
            return false;
        at_main = *id >= BLOCK_ID_MAIN_LONG;
        payload_left = payload_length - (bytes.size - cursor.left.size);
    }
    layout->headers_size = bytes.size - cursor.left.size;
    layout->main_length = cursor.main_length;
    return payload_left == cursor.announced;
}

bool
pg_wal_record_block(const struct pg_wal_record *record, uint8_t id, struct pg_wal_block *block)
{
    struct header_cursor cursor = {.left = record->headers, .last_id = -1};
    const uint8_t *next;

    while (cursor.last_id < id && take(&cursor.left, 1, &next) && *next <= BLOCK_ID_MAX)
        if (!read_header(&cursor, *next))
            return false;
    *block = cursor.block;
    return cursor.last_id == id;
}

static bool
take_u32(struct bytes *bytes, uint32_t *value)
{
    const uint8_t *taken;

    if (!take(bytes, 4, &taken))
        return false;
    *value = native_u32(taken);
    return true;
}

/* A count and so many items. */
static bool
take_array(struct bytes *bytes, size_t item_size, struct bytes *items)
{
    uint32_t count;

    if (!take_u32(bytes, &count) || count > bytes->size / item_size)
        return false;
    items->size = count * item_size;
    return take(bytes, items->size, &items->data);
}

static bool
skip_array(struct bytes *bytes, size_t item_size)
{
    struct bytes items;

    return take_array(bytes, item_size, &items);
}

/*
 * The end of a transaction, up to the XID of a prepared one.  False when the
 * data ends before that.  What follows, origin and GID, is not asked about.
 */
static bool
read_transaction(const struct pg_wal_record *record, struct pg_wal_event *event)
{
    struct bytes data = record->main;
    const uint8_t *value;
    uint32_t xinfo = 0;

    if (!take(&data, 8, &value))
        return false;
    event->time = time_from_postgres((int64_t) native_u64(value));
    if ((record->info & XACT_HAS_INFO) != 0 && !take_u32(&data, &xinfo))
        return false;
    if ((xinfo & XINFO_DATABASE) != 0 && !take(&data, 8, &value))
        return false;
    if ((xinfo & XINFO_SUBXIDS) != 0 && !take_array(&data, 4, &event->subxids))
        return false;
    if (!event->prepared)
        return true;

    if ((xinfo & XINFO_FILES) != 0 && !skip_array(&data, RELATION_SIZE))
        return false;
    /* An object's number grew to 64 bits in 18. */
    if ((xinfo & XINFO_STATISTICS) != 0 && !skip_array(&data, record->major >= 18 ? 16 : 12))
        return false;
    if ((xinfo & XINFO_INVALIDATIONS) != 0 && !skip_array(&data, 16))
        return false;
    return (xinfo & XINFO_TWO_PHASE) != 0 && take_u32(&data, &event->xid);
}

static enum status
malformed(const struct pg_wal_record *record, const char *what, struct error *err)
{
    char text[PG_LSN_TEXT_SIZE];

    pg_lsn_format(record->start, text);
    return error_set(err, STATUS_CORRUPT, "malformed %s in the WAL record at %s", what, text);
}

static enum status
read_transaction_event(const struct pg_wal_record *record, struct pg_wal_event *event,
                       struct error *err)
{
    uint8_t operation = record->info & XACT_MASK;

    if (operation == XACT_COMMIT || operation == XACT_COMMIT_PREPARED)
        event->kind = PG_WAL_EVENT_COMMIT;
    else if (operation == XACT_ABORT || operation == XACT_ABORT_PREPARED)
        event->kind = PG_WAL_EVENT_ABORT;
    else
        return OK;
    event->xid = record->xid;
    event->prepared = operation == XACT_COMMIT_PREPARED || operation == XACT_ABORT_PREPARED;
    if (read_transaction(record, event))
        return OK;
    /* Only the subtransactions did not fit; their parent and its time are there. */
    if (record->main_cut && !event->prepared)
        return OK;
    return malformed(record, "transaction end", err);
}

static enum status
read_restore_point(const struct pg_wal_record *record, struct pg_wal_event *event,
                   struct error *err)
{
    struct bytes data = record->main;
    const uint8_t *time;
    const uint8_t *name;

    if (!take(&data, 8, &time) || !take(&data, RESTORE_POINT_NAME_SIZE, &name))
        return malformed(record, "restore point", err);
    event->kind = PG_WAL_EVENT_RESTORE_POINT;
    event->xid = record->xid;
    event->time = time_from_postgres((int64_t) native_u64(time));
    memcpy(event->name, name, RESTORE_POINT_NAME_SIZE);
    event->name[RESTORE_POINT_NAME_SIZE] = '\0';
    return OK;
}

enum status
pg_wal_record_event(const struct pg_wal_record *record, struct pg_wal_event *event,
                    struct error *err)
{
    *event = (struct pg_wal_event){.kind = PG_WAL_EVENT_NONE};
    if (record->rmid == PG_WAL_RM_XACT)
        return read_transaction_event(record, event, err);
    if (record->rmid == PG_WAL_RM_XLOG && (record->info & PG_WAL_INFO_MASK) == XLOG_RESTORE_POINT)
        return read_restore_point(record, event, err);
    return OK;
}

size_t
pg_wal_event_subxid_count(const struct pg_wal_event *event)
{
    return event->subxids.size / 4;
}

uint32_t
pg_wal_event_subxid(const struct pg_wal_event *event, size_t index)
{
    return native_u32(event->subxids.data + index * 4);
}
