// SPDX-License-Identifier: PostgreSQL
#include "pg/limit_block.h"

#include <stdlib.h>

/* src/include/catalog/pg_tablespace.dat */
#define PG_DEFAULT_OID 1663
#define PG_GLOBAL_OID  1664

struct pg_limit_blocks
{
    struct pg_limit_block *entries; /* sorted, each key once, up to sorted_count */
    size_t count;
    size_t sorted_count;
    size_t capacity;
};

enum status
pg_limit_blocks_create(struct pg_limit_blocks **limits, struct error *err)
{
    *limits = calloc(1, sizeof(**limits));
    return *limits == NULL ? error_no_memory(err) : OK;
}

void
pg_limit_blocks_freep(struct pg_limit_blocks **limits)
{
    if (*limits == NULL)
        return;
    free((*limits)->entries);
    free(*limits);
    *limits = NULL;
}

static int
compare_numbers(uint32_t left, uint32_t right)
{
    return left < right ? -1 : left > right;
}

static int
compare_keys(const void *left_entry, const void *right_entry)
{
    const struct pg_limit_block *left = left_entry;
    const struct pg_limit_block *right = right_entry;
    int order = compare_numbers(left->tablespace, right->tablespace);

    if (order == 0)
        order = compare_numbers(left->database, right->database);
    if (order == 0)
        order = compare_numbers(left->relfilenode, right->relfilenode);
    if (order == 0)
        order = compare_numbers(left->fork, right->fork);
    return order;
}

static int
compare_entries(const void *left_entry, const void *right_entry)
{
    const struct pg_limit_block *left = left_entry;
    const struct pg_limit_block *right = right_entry;
    int order = compare_keys(left, right);

    if (order == 0)
        order = compare_numbers(left->block, right->block);
    return order == 0 ? left->early - right->early : order;
}

void
pg_limit_blocks_sort(struct pg_limit_blocks *limits)
{
    size_t kept = 0;

    if (limits->count == limits->sorted_count)
        return;
    qsort(limits->entries, limits->count, sizeof(*limits->entries), compare_entries);
    /* The one that counts comes first of its key. */
    for (size_t index = 0; index < limits->count; index++)
        if (kept == 0 || compare_keys(&limits->entries[kept - 1], &limits->entries[index]) != 0)
            limits->entries[kept++] = limits->entries[index];
    limits->count = limits->sorted_count = kept;
}

/* Summaries repeat each other, so first see whether merging makes room. */
static enum status
make_room(struct pg_limit_blocks *limits, struct error *err)
{
    size_t capacity = limits->capacity == 0 ? 1024 : limits->capacity * 2;
    struct pg_limit_block *grown;

    pg_limit_blocks_sort(limits);
    if (limits->count <= limits->capacity / 2 && limits->capacity > 0)
        return OK;
    if (capacity > PG_LIMIT_BLOCKS_MAX)
        return error_set(err, STATUS_REFUSED,
                         "WAL summaries have limit blocks for more than %zu relation forks",
                         limits->count);
    grown = realloc(limits->entries, capacity * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    limits->entries = grown;
    limits->capacity = capacity;
    return OK;
}

enum status
pg_limit_blocks_add(struct pg_limit_blocks *limits, const struct pg_limit_block *limit,
                    struct error *err)
{
    if (limits->count == limits->capacity)
        TRY(make_room(limits, err));
    limits->entries[limits->count++] = *limit;
    return OK;
}

size_t
pg_limit_blocks_count(const struct pg_limit_blocks *limits)
{
    return limits->count;
}

static const struct pg_limit_block *
find_key(const struct pg_limit_blocks *limits, const struct pg_limit_block *key)
{
    return limits->count == 0 ? NULL
                              : bsearch(key, limits->entries, limits->count,
                                        sizeof(*limits->entries), compare_keys);
}

/* Of the database first: it speaks for all that is in it. */
static const struct pg_limit_block *
find(const struct pg_limit_blocks *limits, const struct pg_relation_path *relation)
{
    struct pg_limit_block key = {
        .tablespace = relation->tablespace,
        .database = relation->database,
        .fork = PG_FORK_MAIN,
    };
    const struct pg_limit_block *found;

    if (key.tablespace == 0)
        key.tablespace = key.database == 0 ? PG_GLOBAL_OID : PG_DEFAULT_OID;
    found = find_key(limits, &key);
    if (found != NULL)
        return found;
    key.relfilenode = relation->relfilenode;
    key.fork = (uint16_t) relation->fork;
    return find_key(limits, &key);
}

bool
pg_limit_blocks_find(const struct pg_limit_blocks *limits, const struct pg_relation_path *relation,
                     uint32_t *block)
{
    const struct pg_limit_block *found = find(limits, relation);

    if (found != NULL)
        *block = found->relfilenode == 0 ? 0 : found->block;
    return found != NULL;
}

bool
pg_limit_blocks_early(const struct pg_limit_blocks *limits, const struct pg_relation_path *relation)
{
    const struct pg_limit_block *found = find(limits, relation);

    return found != NULL && found->relfilenode != 0 && found->block != 0 && found->early;
}
