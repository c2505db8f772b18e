// SPDX-License-Identifier: PostgreSQL
#include "agent/frame_visit.h"

#include "base/sorter.h"
#include "base/stop.h"
#include "stream/sink.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 1025

/* What the sorter keeps, before the path, under pack and offset. */
struct piece
{
    struct manifest_extent extent;
    uint32_t note;
};

struct frame_visits
{
    struct sorter *sorter;

    struct repo *repo; /* of the run, as are the following */
    const struct pack *packs;
    size_t pack_count;
    struct pack_reader *reader;
    struct buffer stored;
    bool open; /* a frame was fetched: this one */
    struct frame_place place;
    struct bytes content;
    enum status status; /* of opening it */
    struct error why;
};

enum status
frame_visits_create(struct frame_visits **visits, size_t sort_memory, struct error *err)
{
    SCOPED(frame_visits_freep) struct frame_visits *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->stored = BUFFER_INIT(FRAME_STORED_MAX);
    TRY(sorter_create(&made->sorter, sort_memory, err));
    *visits = made;
    made = NULL;
    return OK;
}

void
frame_visits_freep(struct frame_visits **visits)
{
    if (*visits == NULL)
        return;
    sorter_freep(&(*visits)->sorter);
    pack_reader_freep(&(*visits)->reader);
    buffer_release(&(*visits)->stored);
    free(*visits);
    *visits = NULL;
}

enum status
frame_visits_add(struct frame_visits *visits, const char *path,
                 const struct manifest_extent *extent, uint32_t note, struct error *err)
{
    uint32_t key[2] = {htobe32(extent->frame.pack), htobe32(extent->frame.offset)};
    struct piece piece = {*extent, note};
    uint8_t value[sizeof(piece) + PATH_SIZE];
    size_t path_size = strlen(path) + 1;

    if (path_size > PATH_SIZE)
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", path);
    memcpy(value, &piece, sizeof(piece));
    memcpy(value + sizeof(piece), path, path_size);
    return sorter_add(visits->sorter, (struct bytes){(const uint8_t *) key, sizeof(key)},
                      (struct bytes){value, sizeof(piece) + path_size}, err);
}

static enum status
fetch(struct frame_visits *visits, const struct frame_place *place, struct error *err)
{
    const struct pack *pack = &visits->packs[place->pack];
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];

    visits->stored.size = 0;
    TRY(pack_key(visits->repo, pack->id, key, err));
    TRY(sink_open_buffer(&sink, &visits->stored, err));
    TRY(store_read(visits->repo->store, key, place->offset, place->size, sink, err));
    TRY(pack_reader_turn(visits->reader, pack, err));
    return pack_reader_open(visits->reader, buffer_bytes(&visits->stored), place, &visits->content,
                            err);
}

/* A frame that is damaged or gone is the visitor's to judge; doubt ends the visit. */
static enum status
open_frame(struct frame_visits *visits, const struct frame_place *place, struct error *err)
{
    if (place->pack >= visits->pack_count)
        return error_set(err, STATUS_CORRUPT, "a piece lies in a pack that is not listed");
    if (visits->open && memcmp(place, &visits->place, sizeof(*place)) == 0)
        return OK;
    TRY(stop_check(err));
    visits->why = (struct error){0};
    visits->status = fetch(visits, place, &visits->why);
    visits->open = true;
    visits->place = *place;
    if (visits->status == OK || visits->status == STATUS_CORRUPT ||
        visits->status == STATUS_NOT_FOUND)
        return OK;
    *err = visits->why;
    return visits->status;
}

static enum status
visit_piece(struct frame_visits *visits, const struct frame_visitor *visitor, struct bytes value,
            struct error *err)
{
    struct frame_visit visit;
    struct piece piece;

    memcpy(&piece, value.data, sizeof(piece));
    visit =
        (struct frame_visit){(const char *) value.data + sizeof(piece), piece.extent, piece.note};
    TRY(open_frame(visits, &piece.extent.frame, err));
    if (visits->status != OK)
        return visitor->damaged(visitor->arg, &visit, &visits->why, err);
    if (piece.extent.skip + piece.extent.length > visits->content.size)
    {
        (void) error_set(&visits->why, STATUS_CORRUPT, "a frame is shorter than its use");
        return visitor->damaged(visitor->arg, &visit, &visits->why, err);
    }
    return visitor->piece(
        visitor->arg, &visit,
        (struct bytes){visits->content.data + piece.extent.skip, piece.extent.length}, err);
}

enum status
frame_visits_run(struct frame_visits *visits, struct repo *repo, const struct pack *packs,
                 size_t pack_count, const struct frame_visitor *visitor, struct error *err)
{
    struct bytes key;
    struct bytes value;
    bool more;

    visits->repo = repo;
    visits->packs = packs;
    visits->pack_count = pack_count;
    TRY(pack_reader_create(&visits->reader, repo, err));
    TRY(sorter_sort(visits->sorter, err));
    for (;;)
    {
        TRY(sorter_next(visits->sorter, &more, &key, &value, err));
        if (!more)
            return OK;
        TRY(visit_piece(visits, visitor, value, err));
    }
}
