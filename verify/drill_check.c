// SPDX-License-Identifier: PostgreSQL
#include "verify/drill_check.h"

#include "repo/object_name.h"
#include "stream/sink.h"
#include "verify/object_job.h"

#include <stdlib.h>
#include <string.h>

#define FOLDER "drills/"

/* Some hundred thousand checks. */
#define RECEIPT_LIMIT ((size_t) 256 << 20)

struct drill_job
{
    struct object_job object;
    const struct drill *drill; /* the catalog's; NULL: nothing to compare with */
};

struct walk
{
    struct verify_context *context;
    struct crew *crew;
    bool *listed; /* owned; as the catalog's drills */
};

static void
release_walk(struct walk *walk)
{
    free(walk->listed);
}

static enum status
check_receipt(struct verify_context *context, const struct object_job *object, struct error *err)
{
    const struct drill_job *job = (const struct drill_job *) object;
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(RECEIPT_LIMIT);
    SCOPED(sink_freep) struct sink *sink = NULL;
    SCOPED(json_freep) json_t *receipt = NULL;
    SCOPED(json_freep) json_t *expected = NULL;
    const json_t *found;

    TRY(sink_open_buffer(&sink, &text, err));
    TRY(context_read_object(context, job->object.key, OBJECT_PLAIN, &sink, err));
    TRY(json_parse(buffer_bytes(&text), RECEIPT_LIMIT, &receipt, err));
    TRY(member_object(receipt, "drill", &found, err));
    if (job->drill == NULL)
        return OK;
    expected = drill_to_json(job->drill);
    if (expected == NULL)
        return error_no_memory(err);
    if (json_equal(expected, found) != 0)
        return OK;
    return error_set(err, STATUS_CORRUPT, "it does not say of the drill what the log says");
}

static enum status
find(struct walk *walk, enum verify_severity severity, const char *kind, const char *key,
     const char *text, const char *hint, struct error *err)
{
    const struct verify_finding finding = {severity, kind, key, text, hint};

    return context_find(walk->context, &finding, err);
}

/* The catalog forgets what is long ago. */
static bool
may_be_forgotten(const struct catalog *catalog, const char *id)
{
    return catalog == NULL ||
           (catalog->drill_count == CATALOG_DRILLS && strcmp(id, catalog->drills[0].id) < 0);
}

static enum status
visit_receipt(struct walk *walk, const char *id, const struct inventory_item *item, const char *key,
              struct error *err)
{
    const struct catalog *catalog = walk->context->catalog;
    struct drill_job job = {.object = {.check = check_receipt}};

    if (catalog != NULL)
        job.drill = catalog_find_drill(catalog, id);
    if (job.drill != NULL)
        walk->listed[job.drill - catalog->drills] = true;
    else if (!may_be_forgotten(catalog, id))
        return find(walk, VERIFY_INFORMATION, "orphan", key,
                    "it is the receipt of a drill that the log does not have",
                    "A drill that was killed leaves it behind, and one that is about to end has "
                    "one. It does no harm.",
                    err);
    return object_job_send(walk->crew, walk->context, item, &job.object, sizeof(job), err);
}

static enum status
visit(struct walk *walk, const struct inventory_item *item, struct error *err)
{
    struct object_name name;
    char key[STORE_KEY_MAX + 1];

    if (!item->present)
        return OK;
    TRY(repo_key(walk->context->repo, key, err, "%s", item->name));
    TRY(object_name_read(walk->context->repo, key, &name, err));
    if (name.kind == OBJECT_KIND_DRILL)
        return visit_receipt(walk, name.drill, item, key, err);
    return find(walk, VERIFY_INFORMATION, "unexpected", key, "no receipt has such a name", "", err);
}

static enum status
walk_all(struct walk *walk, struct inventory *inventory, struct error *err)
{
    struct inventory_item item;
    bool more;

    TRY(inventory_next(inventory, FOLDER, &more, &item, err));
    while (more)
    {
        TRY(visit(walk, &item, err));
        TRY(inventory_next(inventory, FOLDER, &more, &item, err));
    }
    return OK;
}

static enum status
check_presence(struct walk *walk, struct error *err)
{
    const struct catalog *catalog = walk->context->catalog;
    const size_t count = catalog == NULL ? 0 : catalog->drill_count;
    char key[STORE_KEY_MAX + 1];

    for (size_t index = 0; index < count; index++)
    {
        if (walk->listed[index])
            continue;
        TRY(drill_key(walk->context->repo, catalog->drills[index].id, key, err));
        TRY(find(walk, VERIFY_DAMAGE, "missing", key,
                 "the receipt is not there: only the log tells how the drill ended",
                 "No backup is the worse for it.", err));
    }
    return OK;
}

enum status
drill_check_run(struct verify_context *context, struct inventory *inventory, struct error *err)
{
    const size_t count = context->catalog == NULL ? 0 : context->catalog->drill_count;
    SCOPED(crew_freep) struct crew *crew = NULL;
    SCOPED(release_walk) struct walk walk = {.context = context};

    walk.listed = calloc(count + 1, sizeof(*walk.listed));
    if (walk.listed == NULL)
        return error_no_memory(err);
    TRY(crew_start(&crew, context, err));
    walk.crew = crew;
    TRY(walk_all(&walk, inventory, err));
    TRY(crew_finish(crew, err));
    return check_presence(&walk, err);
}
