// SPDX-License-Identifier: PostgreSQL
#include "repo/wal_set.h"

#include <inttypes.h>
#include <stdlib.h>

void
wal_set_release(struct wal_set *set)
{
    for (size_t index = 0; index < set->count; index++)
        wal_runs_release(&set->parts[index].runs);
    free(set->parts);
    *set = (struct wal_set){0};
}

static struct wal_part *
find_part(const struct wal_set *set, uint64_t system_identifier)
{
    for (size_t index = 0; index < set->count; index++)
        if (set->parts[index].system_identifier == system_identifier)
            return &set->parts[index];
    return NULL;
}

/* The part of this cluster, made when it is not there. */
static enum status
need_part(struct wal_set *set, uint64_t system_identifier, uint32_t segment_size,
          struct wal_part **part, struct error *err)
{
    struct wal_part *grown;

    *part = find_part(set, system_identifier);
    if (*part != NULL && (*part)->segment_size == segment_size)
        return OK;
    if (*part != NULL)
        return error_set(err, STATUS_CORRUPT,
                         "WAL of system identifier %" PRIu64 " with segments of %u and of %u bytes",
                         system_identifier, (*part)->segment_size, segment_size);
    grown = realloc(set->parts, (set->count + 1) * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    set->parts = grown;
    *part = &set->parts[set->count++];
    **part = (struct wal_part){system_identifier, segment_size, {0}};
    return OK;
}

enum status
wal_set_add(struct wal_set *set, const struct wal_part *part, struct error *err)
{
    struct wal_part *into;

    if (part->runs.count == 0)
        return OK;
    TRY(need_part(set, part->system_identifier, part->segment_size, &into, err));
    for (size_t index = 0; index < part->runs.count; index++)
        TRY(wal_runs_add(&into->runs, part->runs.items[index], err));
    return OK;
}

enum status
wal_set_add_all(struct wal_set *set, const struct wal_set *other, struct error *err)
{
    for (size_t index = 0; index < other->count; index++)
        TRY(wal_set_add(set, &other->parts[index], err));
    return OK;
}

const struct wal_runs *
wal_set_runs(const struct wal_set *set, uint64_t system_identifier)
{
    static const struct wal_runs none = {0};
    const struct wal_part *part = find_part(set, system_identifier);

    return part == NULL ? &none : &part->runs;
}

static json_t *
run_to_json(const struct wal_part *part, const struct wal_run *run)
{
    char first[PG_WAL_SEGMENT_NAME_SIZE];
    char last[PG_WAL_SEGMENT_NAME_SIZE];

    pg_wal_segment_name((struct pg_wal_segment){run->timeline, run->first}, part->segment_size,
                        first);
    pg_wal_segment_name((struct pg_wal_segment){run->timeline, run->last}, part->segment_size,
                        last);
    return json_pack("{s:o, s:I, s:s, s:s}", "system_identifier", json_u64(part->system_identifier),
                     "wal_segment_size", (json_int_t) part->segment_size, "first", first, "last",
                     last);
}

json_t *
wal_set_to_json(const struct wal_set *set)
{
    json_t *array = json_array();

    for (size_t index = 0; index < set->count; index++)
        for (size_t run = 0; run < set->parts[index].runs.count; run++)
            if (array != NULL &&
                json_array_append_new(array, run_to_json(&set->parts[index],
                                                         &set->parts[index].runs.items[run])) != 0)
                json_freep(&array);
    return array;
}

static enum status
segment_from_json(const json_t *object, const char *name, uint32_t segment_size,
                  struct pg_wal_segment *segment, struct error *err)
{
    const char *text;

    TRY(member_text(object, name, &text, err));
    /* To its parser it is an argument, wrong; here it is a stored object, damaged. */
    return pg_wal_segment_parse(text, segment_size, segment, err) == OK ? OK : STATUS_CORRUPT;
}

static enum status
add_run_json(struct wal_set *set, const json_t *object, struct error *err)
{
    struct pg_wal_segment first;
    struct pg_wal_segment last;
    struct wal_part *part;
    uint64_t system_identifier;
    uint32_t segment_size;

    TRY(member_u64(object, "system_identifier", &system_identifier, err));
    TRY(member_u32(object, "wal_segment_size", &segment_size, err));
    if (!pg_wal_segment_size_valid(segment_size))
        return error_set(err, STATUS_CORRUPT, "impossible WAL segment size %u", segment_size);
    TRY(segment_from_json(object, "first", segment_size, &first, err));
    TRY(segment_from_json(object, "last", segment_size, &last, err));
    if (first.timeline != last.timeline || first.number > last.number)
        return error_set(err, STATUS_CORRUPT, "a run of WAL segments ends before it begins");
    TRY(need_part(set, system_identifier, segment_size, &part, err));
    return wal_runs_add(&part->runs, (struct wal_run){first.timeline, first.number, last.number},
                        err);
}

enum status
wal_set_add_json(struct wal_set *set, const json_t *array, struct error *err)
{
    for (size_t index = 0; index < json_array_size(array); index++)
        TRY(add_run_json(set, json_array_get(array, index), err));
    return OK;
}
