// SPDX-License-Identifier: PostgreSQL
#include "verify/verified_record.h"

#include <string.h>

/* How a record stands in a sorter; pairs of a frame's sizes follow. */
struct stored_record
{
    uint64_t size_bytes;
    time_us at;
    uint32_t has_frames;
    uint32_t frame_count;
};

static bool
has_frames(const struct verified_record *record)
{
    return record->frames != NULL && record->frames->count <= VERIFIED_FRAMES_MAX;
}

enum status
verified_record_append(const struct verified_record *record, struct buffer *text, struct error *err)
{
    const struct frame_table *frames = record->frames;

    /* A key has no character that JSON would need to escape. */
    TRY(buffer_append_text(text, err, "{\"name\":\"%s\",\"size\":%llu,\"at\":%lld", record->name,
                           (unsigned long long) record->size_bytes,
                           (long long) (record->at / US_PER_SECOND)));
    if (has_frames(record))
    {
        TRY(buffer_append(text, BYTES(",\"frames\":["), err));
        for (size_t index = 0; index < frames->count; index++)
            TRY(buffer_append_text(text, err, "%s%u,%u", index == 0 ? "" : ",",
                                   frames->rows[index].size, frames->rows[index].content));
        TRY(buffer_append(text, BYTES("]"), err));
    }
    return buffer_append(text, BYTES("}\n"), err);
}

static enum status
read_number(const json_t *array, size_t index, uint32_t limit, uint32_t *number, struct error *err)
{
    const json_t *value = json_array_get(array, index);

    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > limit)
        return error_set(err, STATUS_CORRUPT, "impossible size of a frame");
    *number = (uint32_t) json_integer_value(value);
    return OK;
}

static enum status
read_frames(const json_t *object, struct frame_table *frames, struct error *err)
{
    const json_t *array;

    TRY(member_array(object, "frames", &array, err));
    frames->count = 0;
    if (json_array_size(array) % 2 != 0 || json_array_size(array) / 2 > VERIFIED_FRAMES_MAX)
        return error_set(err, STATUS_CORRUPT, "impossible number of frames");
    for (size_t index = 0; index < json_array_size(array); index += 2)
    {
        uint32_t size;
        uint32_t content;

        TRY(read_number(array, index, FRAME_STORED_MAX, &size, err));
        TRY(read_number(array, index + 1, FRAME_SIZE, &content, err));
        TRY(frame_table_add(frames, size, content, false, err));
    }
    return OK;
}

enum status
verified_record_parse(const json_t *object, struct verified_record *record, struct error *err)
{
    int64_t seconds;

    TRY(member_text(object, "name", &record->name, err));
    TRY(member_u64(object, "size", &record->size_bytes, err));
    TRY(member_i64(object, "at", &seconds, err));
    if (seconds < 0 || seconds > INT64_MAX / US_PER_SECOND)
        return error_set(err, STATUS_CORRUPT, "impossible time");
    record->at = seconds * US_PER_SECOND;
    if (member_exists(object, "frames"))
        return read_frames(object, record->frames, err);
    record->frames = NULL;
    return OK;
}

enum status
verified_record_sort(struct sorter *sorter, const struct verified_record *record, struct error *err)
{
    SCOPED(buffer_release) struct buffer value = BUFFER_INIT(VERIFIED_LINE_LIMIT);
    const struct frame_table *frames = record->frames;
    struct stored_record head = {.size_bytes = record->size_bytes,
                                 .at = record->at,
                                 .has_frames = has_frames(record),
                                 .frame_count = has_frames(record) ? (uint32_t) frames->count : 0};

    TRY(buffer_append(&value, (struct bytes){(uint8_t *) &head, sizeof(head)}, err));
    for (uint32_t index = 0; index < head.frame_count; index++)
    {
        uint32_t pair[2] = {frames->rows[index].size, frames->rows[index].content};

        TRY(buffer_append(&value, (struct bytes){(uint8_t *) pair, sizeof(pair)}, err));
    }
    return sorter_add(sorter, bytes_of(record->name), buffer_bytes(&value), err);
}

/* The frames of a stored record, which follow its head. */
static enum status
take_frames(struct bytes pairs, struct frame_table *frames, struct error *err)
{
    frames->count = 0;
    for (size_t at = 0; at < pairs.size; at += 2 * sizeof(uint32_t))
    {
        uint32_t pair[2];

        memcpy(pair, pairs.data + at, sizeof(pair));
        TRY(frame_table_add(frames, pair[0], pair[1], false, err));
    }
    return OK;
}

/* The given value, as a record whose frames live in the table. */
enum status
verified_record_decode(const char *name, struct bytes value, struct frame_table *frames,
                       struct verified_record *record, struct error *err)
{
    struct stored_record head;

    memcpy(&head, value.data, sizeof(head));
    *record = (struct verified_record){.name = name,
                                       .size_bytes = head.size_bytes,
                                       .at = head.at,
                                       .frames = head.has_frames ? frames : NULL};
    return take_frames((struct bytes){value.data + sizeof(head), value.size - sizeof(head)}, frames,
                       err);
}

time_us
verified_record_time(struct bytes value)
{
    struct stored_record head;

    memcpy(&head, value.data, sizeof(head));
    return head.at;
}
