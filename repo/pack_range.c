// SPDX-License-Identifier: PostgreSQL
#include "repo/pack_range.h"

#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

/* How a piece stands in a range; its path follows. */
struct stored_piece
{
    struct manifest_extent extent;
    uint32_t note;
    uint32_t path_size; /* with its terminator */
};

void
pack_range_free(void *range)
{
    struct pack_range *gone = range;

    if (gone == NULL)
        return;
    buffer_release(&gone->pieces);
    free(gone);
}

void
pack_range_freep(struct pack_range **range)
{
    pack_range_free(*range);
    *range = NULL;
}

enum status
pack_range_fetch(const struct pack_range *range, struct repo *repo, struct buffer *stored,
                 struct error *err)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];

    stored->size = 0;
    TRY(pack_key(repo, range->pack->id, key, err));
    TRY(buffer_reserve(stored, range->end - range->begin, err));
    TRY(sink_open_buffer(&sink, stored, err));
    return store_read(repo->store, key, range->begin, range->end - range->begin, sink, err);
}

enum status
pack_range_turn(const struct pack_range *range, struct bytes stored, struct pack_reader *reader,
                struct error *err)
{
    if (range->begin == 0)
        TRY(pack_reader_check(range->pack, stored.data, err));
    return pack_reader_turn(reader, range->pack, err);
}

enum status
pack_range_open(const struct pack_range *range, struct bytes stored,
                const struct frame_place *place, struct pack_reader *reader, struct bytes *content,
                struct error *err)
{
    const struct bytes frame = {stored.data + (place->offset - range->begin), place->size};

    return pack_reader_open(reader, frame, place, content, err);
}

enum status
pack_range_add(struct pack_range *range, const struct pack_piece *piece, struct error *err)
{
    const struct frame_place *place = &piece->extent.frame;
    const struct stored_piece head = {piece->extent, piece->note,
                                      (uint32_t) strlen(piece->path) + 1};

    if (range->end < place->offset + place->size)
        range->end = place->offset + place->size;
    TRY(buffer_append(&range->pieces, (struct bytes){(const uint8_t *) &head, sizeof(head)}, err));
    return buffer_append(&range->pieces,
                         (struct bytes){(const uint8_t *) piece->path, head.path_size}, err);
}

bool
pack_range_next(const struct pack_range *range, size_t *at, struct pack_piece *piece)
{
    struct stored_piece head;

    if (*at == range->pieces.size)
        return false;
    memcpy(&head, range->pieces.data + *at, sizeof(head));
    *piece = (struct pack_piece){(const char *) range->pieces.data + *at + sizeof(head),
                                 head.extent, head.note};
    *at += sizeof(head) + head.path_size;
    return true;
}
