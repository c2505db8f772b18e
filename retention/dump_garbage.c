// SPDX-License-Identifier: PostgreSQL
#include "retention/dump_garbage.h"

#include "repo/object_name.h"

#include <string.h>

struct sweep
{
    const struct dump_question *question;
    struct condemnation *condemned;
    uint64_t *bytes;
    char last[DUMP_ID_SIZE]; /* the dump that was looked at last, */
    bool goes;               /* and what was decided about it */
};

static bool
is_pending(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->condemnation_count; index++)
        if (!catalog->condemnations[index].deleted &&
            condemnation_has_dump(&catalog->condemnations[index], id))
            return true;
    return false;
}

/* NULL when the catalog does not have it. */
static const struct planned_dump *
find_planned(const struct dump_question *question, const char *id)
{
    const struct dump *dump = catalog_find_dump(question->catalog, id);

    return dump == NULL ? NULL : &question->plan->dumps[dump - question->catalog->dumps];
}

static bool
is_departed(const struct catalog *catalog, const char *id)
{
    for (size_t index = 0; index < catalog->departed_dump_count; index++)
        if (strcmp(catalog->departed_dumps[index], id) == 0)
            return true;
    return false;
}

static bool
is_dead(const struct dump_question *question, const char *id)
{
    time_us began;
    struct error ignored;

    /* No time that there is: not a name of ours. */
    return dump_name_time(strchr(id, '/') + 1, &began, &ignored) == OK &&
           began < question->dead_before;
}

static bool
may_go(const struct dump_question *question, const char *id)
{
    const struct planned_dump *planned = find_planned(question, id);

    if (is_pending(question->catalog, id))
        return false;
    if (planned != NULL)
        return !planned->keep;
    return is_departed(question->catalog, id) || is_dead(question, id);
}

/* The objects of a dump come one behind the other. */
static enum status
see_object(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    struct sweep *sweep = arg;
    struct object_name name;

    TRY(object_name_read(sweep->question->repo, key, &name, err));
    if (name.kind == OBJECT_KIND_NONE)
        return OK;
    if (strcmp(sweep->last, name.dump) != 0)
    {
        memcpy(sweep->last, name.dump, sizeof(sweep->last));
        sweep->goes = may_go(sweep->question, name.dump);
        if (sweep->goes)
            TRY(condemnation_add_dump(sweep->condemned, name.dump, err));
    }
    *sweep->bytes += sweep->goes ? size_bytes : 0;
    return OK;
}

/* One that departed goes, though nothing of it was listed: else it would be remembered for ever. */
static enum status
condemn_departed(const struct sweep *sweep, struct error *err)
{
    const struct catalog *catalog = sweep->question->catalog;

    for (size_t index = 0; index < catalog->departed_dump_count; index++)
    {
        const char *id = catalog->departed_dumps[index];

        if (!is_pending(catalog, id) && !condemnation_has_dump(sweep->condemned, id))
            TRY(condemnation_add_dump(sweep->condemned, id, err));
    }
    return OK;
}

enum status
dump_garbage_find(const struct dump_question *question, struct condemnation *condemned,
                  uint64_t *bytes, struct error *err)
{
    struct sweep sweep = {.question = question, .condemned = condemned, .bytes = bytes};
    char prefix[STORE_KEY_MAX + 1];

    TRY(repo_key(question->repo, prefix, err, "dumps/"));
    TRY(store_list(question->repo->store, prefix, "", see_object, &sweep, err));
    return condemn_departed(&sweep, err);
}
