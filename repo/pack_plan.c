// SPDX-License-Identifier: PostgreSQL
#include "repo/pack_plan.h"

#include "base/sorter.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* What the sorter keeps, before the path, under pack and offset. */
struct sorted_piece
{
    struct manifest_extent extent;
    uint32_t note;
};

struct pack_plan
{
    struct pack_plan_options options;
    struct sorter *sorter;
    const struct pack *packs;
    size_t pack_count;

    bool more; /* there is a piece that is in no range yet; valid until the sorter goes on */
    struct pack_piece ahead;
};

enum status
pack_plan_create(struct pack_plan **plan, const struct pack_plan_options *options,
                 struct error *err)
{
    SCOPED(pack_plan_freep) struct pack_plan *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->options = *options;
    TRY(sorter_create(&made->sorter, options->sort_memory, err));
    *plan = made;
    made = NULL;
    return OK;
}

void
pack_plan_freep(struct pack_plan **plan)
{
    if (*plan == NULL)
        return;
    sorter_freep(&(*plan)->sorter);
    free(*plan);
    *plan = NULL;
}

enum status
pack_plan_add(struct pack_plan *plan, const struct pack_piece *piece, struct error *err)
{
    const struct frame_place *place = &piece->extent.frame;
    const uint32_t key[2] = {htobe32(place->pack), htobe32(place->offset)};
    const struct sorted_piece head = {piece->extent, piece->note};
    uint8_t value[sizeof(head) + PACK_PLAN_PATH_SIZE];
    size_t path_size = strlen(piece->path) + 1;

    if (path_size > PACK_PLAN_PATH_SIZE)
        return error_set(err, STATUS_UNSUPPORTED, "path \"%s\" is too long", piece->path);
    memcpy(value, &head, sizeof(head));
    memcpy(value + sizeof(head), piece->path, path_size);
    return sorter_add(plan->sorter, (struct bytes){(const uint8_t *) key, sizeof(key)},
                      (struct bytes){value, sizeof(head) + path_size}, err);
}

static enum status
look_ahead(struct pack_plan *plan, struct error *err)
{
    struct sorted_piece head;
    struct bytes key;
    struct bytes value;

    TRY(sorter_next(plan->sorter, &plan->more, &key, &value, err));
    if (!plan->more)
        return OK;
    memcpy(&head, value.data, sizeof(head));
    plan->ahead =
        (struct pack_piece){(const char *) value.data + sizeof(head), head.extent, head.note};
    if (head.extent.frame.pack >= plan->pack_count)
        return error_set(err, STATUS_CORRUPT, "a piece lies in a pack that is not listed");
    return OK;
}

enum status
pack_plan_sort(struct pack_plan *plan, const struct pack *packs, size_t pack_count,
               struct error *err)
{
    plan->packs = packs;
    plan->pack_count = pack_count;
    TRY(sorter_sort(plan->sorter, err));
    return look_ahead(plan, err);
}

/* Does the piece that is ahead fit into the range and its memory? */
static bool
belongs_to(const struct pack_plan *plan, const struct pack_range *range)
{
    const struct frame_place *place = &plan->ahead.extent.frame;
    uint64_t end = (uint64_t) place->offset + place->size;

    return range->pack == &plan->packs[place->pack] && place->offset >= range->begin &&
           place->offset <= (uint64_t) range->end + PACK_PLAN_GAP_MAX &&
           end - range->begin <= plan->options.range_bytes &&
           range->pieces.size < plan->options.pieces_bytes;
}

static enum status
begin_range(const struct pack_plan *plan, struct pack_range **range, struct error *err)
{
    const struct frame_place *place = &plan->ahead.extent.frame;

    *range = calloc(1, sizeof(**range));
    if (*range == NULL)
        return error_no_memory(err);
    (*range)->pack = &plan->packs[place->pack];
    (*range)->begin = place->offset == PACK_HEADER_SIZE ? 0 : place->offset;
    (*range)->end = place->offset;
    /* The last piece may go beyond what makes a range full. */
    (*range)->pieces = BUFFER_INIT(plan->options.pieces_bytes + 2 * PACK_PLAN_PATH_SIZE);
    return OK;
}

enum status
pack_plan_next(struct pack_plan *plan, struct pack_range **range, struct error *err)
{
    SCOPED(pack_range_freep) struct pack_range *made = NULL;

    *range = NULL;
    if (!plan->more)
        return OK;
    TRY(begin_range(plan, &made, err));
    do
    {
        TRY(pack_range_add(made, &plan->ahead, err));
        TRY(look_ahead(plan, err));
    } while (plan->more && belongs_to(plan, made));
    *range = made;
    made = NULL;
    return OK;
}
