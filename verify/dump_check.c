// SPDX-License-Identifier: PostgreSQL
#include "verify/dump_check.h"

#include "base/units.h"
#include "verify/dump_job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of a dump in the catalog: what of it was listed. */
struct presence
{
    bool data;
    bool globals;
    bool document;
};

/* Objects of a dump that the catalog does not have. */
struct stray_dump
{
    char id[DUMP_ID_SIZE]; /* "" for none */
    uint64_t objects;
    uint64_t bytes;
};

struct walk
{
    struct verify_context *context;
    struct crew *crew;
    struct presence *presence; /* owned; as the catalog's dumps */
    struct stray_dump stray;
};

static void
release_walk(struct walk *walk)
{
    free(walk->presence);
}

static enum status
end_stray(struct walk *walk, struct error *err)
{
    struct stray_dump *stray = &walk->stray;
    char size[UNITS_TEXT_SIZE];
    char key[STORE_KEY_MAX + 1];
    struct error text;
    const struct verify_finding finding = {
        VERIFY_INFORMATION, "orphan", key, text.message,
        "A dump that failed leaves it behind, and one under way has one. \"redoubt expire\" "
        "collects it."};

    if (stray->id[0] == '\0')
        return OK;
    TRY(repo_key(walk->context->repo, key, err, "dumps/%s", stray->id));
    units_format_size(stray->bytes, size);
    error_set(&text, STATUS_CORRUPT,
              "%" PRIu64 " objects of %s belong to a dump that the log does not have",
              stray->objects, size);
    *stray = (struct stray_dump){0};
    return context_find(walk->context, &finding, err);
}

static enum status
visit_stray(struct walk *walk, const char *id, const struct inventory_item *item, struct error *err)
{
    struct stray_dump *stray = &walk->stray;

    if (catalog_condemned_dump(walk->context->catalog, id))
        return OK;
    if (strcmp(stray->id, id) != 0)
    {
        TRY(end_stray(walk, err));
        memcpy(stray->id, id, sizeof(stray->id));
    }
    stray->objects++;
    stray->bytes += item->size_bytes;
    return OK;
}

/* Is it one of the objects that this dump must have? */
static bool
note_presence(struct presence *presence, const struct dump *dump, const struct object_name *name,
              const char *key)
{
    const char *extension = strchr(key, '.') + 1;

    if (name->kind == OBJECT_KIND_DUMP && strcmp(extension, dump_extension(dump)) != 0)
        return false;
    presence->data |= name->kind == OBJECT_KIND_DUMP;
    presence->globals |= name->kind == OBJECT_KIND_DUMP_GLOBALS;
    presence->document |= name->kind == OBJECT_KIND_DUMP_DOCUMENT;
    return true;
}

static enum status
find_unexpected(struct walk *walk, const char *key, struct error *err)
{
    const struct verify_finding finding = {VERIFY_INFORMATION, "unexpected", key,
                                           "a dump has no object of this name", ""};

    return context_find(walk->context, &finding, err);
}

static enum status
visit(struct walk *walk, const struct inventory_item *item, struct error *err)
{
    const struct catalog *catalog = walk->context->catalog;
    const struct dump *dump = NULL;
    struct object_name name;
    char key[STORE_KEY_MAX + 1];

    if (!item->present)
        return OK;
    TRY(repo_key(walk->context->repo, key, err, "%s", item->name));
    TRY(object_name_read(walk->context->repo, key, &name, err));
    if (name.kind == OBJECT_KIND_NONE)
        return find_unexpected(walk, key, err);
    if (catalog != NULL)
    {
        dump = catalog_find_dump(catalog, name.dump);
        if (dump == NULL)
            return visit_stray(walk, name.dump, item, err);
        if (!note_presence(&walk->presence[dump - catalog->dumps], dump, &name, item->name))
            return find_unexpected(walk, key, err);
    }
    return dump_job_send(walk->crew, walk->context, item, &name, dump, err);
}

static enum status
walk_all(struct walk *walk, struct inventory *inventory, struct error *err)
{
    struct inventory_item item;
    bool more;

    TRY(inventory_next(inventory, "dumps/", &more, &item, err));
    while (more)
    {
        TRY(visit(walk, &item, err));
        TRY(inventory_next(inventory, "dumps/", &more, &item, err));
    }
    return end_stray(walk, err);
}

static enum status
require(struct verify_context *context, bool there, const struct dump *dump, const char *extension,
        const char *text, struct error *err)
{
    char id[DUMP_ID_SIZE];
    char key[STORE_KEY_MAX + 1];
    const struct verify_finding finding = {VERIFY_DAMAGE, "missing", key, text, ""};

    if (there)
        return OK;
    dump_id(dump, id);
    TRY(dump_key(context->repo, id, extension, key, err));
    return context_find(context, &finding, err);
}

static enum status
check_presence(struct verify_context *context, const struct dump *dump,
               const struct presence *presence, struct error *err)
{
    TRY(require(context, presence->data, dump, dump_extension(dump),
                "the data is not there: the dump cannot be restored", err));
    TRY(require(context, presence->globals, dump, DUMP_EXTENSION_GLOBALS,
                "the roles and tablespaces of that time are not there: they must exist where the "
                "dump is restored",
                err));
    return require(context, presence->document, dump, DUMP_EXTENSION_DOCUMENT,
                   "what is known of the dump is not there: it can only be restored by hand", err);
}

enum status
dump_check_run(struct verify_context *context, struct inventory *inventory, struct error *err)
{
    const size_t count = context->catalog == NULL ? 0 : context->catalog->dump_count;
    SCOPED(crew_freep) struct crew *crew = NULL;
    SCOPED(release_walk) struct walk walk = {.context = context};

    walk.presence = calloc(count + 1, sizeof(*walk.presence));
    if (walk.presence == NULL)
        return error_no_memory(err);
    TRY(crew_start(&crew, context, err));
    walk.crew = crew;
    TRY(walk_all(&walk, inventory, err));
    TRY(crew_finish(crew, err));
    for (size_t index = 0; index < count; index++)
        TRY(check_presence(context, &context->catalog->dumps[index], &walk.presence[index], err));
    return OK;
}
