// SPDX-License-Identifier: PostgreSQL
#include "verify/frame_table.h"

#include <stdlib.h>

enum status
frame_table_add(struct frame_table *table, uint32_t size, uint32_t content, bool damaged,
                struct error *err)
{
    const struct frame_row *last = table->count == 0 ? NULL : &table->rows[table->count - 1];
    uint32_t offset = last == NULL ? PACK_HEADER_SIZE : last->offset + last->size;

    if (table->count == table->capacity)
    {
        size_t capacity = table->capacity == 0 ? 256 : table->capacity * 2;
        struct frame_row *grown = realloc(table->rows, capacity * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        table->rows = grown;
        table->capacity = capacity;
    }
    table->rows[table->count++] = (struct frame_row){offset, size, content, damaged};
    return OK;
}

void
frame_table_release(struct frame_table *table)
{
    free(table->rows);
    *table = (struct frame_table){0};
}

uint64_t
frame_table_content(const struct frame_table *table)
{
    uint64_t content = 0;

    for (size_t index = 0; index < table->count; index++)
        content += table->rows[index].content;
    return content;
}

enum status
frame_table_match(const struct frame_table *table, const struct frame_need *need, bool *damaged,
                  struct error *err)
{
    const struct frame_place *place = &need->place;
    const struct frame_row *row;

    *damaged = false;
    if (place->number >= table->count)
        return error_set(err, STATUS_CORRUPT, "it has %zu frames, and frame %u is wanted of it",
                         table->count, place->number);
    row = &table->rows[place->number];
    if (row->offset != place->offset || row->size != place->size)
        return error_set(err, STATUS_CORRUPT,
                         "frame %u is at byte %u with %u bytes, and wanted at %u with %u",
                         place->number, row->offset, row->size, place->offset, place->size);
    if (!row->damaged && need->content > row->content)
        return error_set(err, STATUS_CORRUPT, "frame %u holds %u bytes, and %u are wanted of it",
                         place->number, row->content, need->content);
    *damaged = row->damaged;
    return OK;
}
