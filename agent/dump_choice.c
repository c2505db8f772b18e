// SPDX-License-Identifier: PostgreSQL
#include "agent/dump_choice.h"

#include "base/similar.h"

#include <string.h>

/* For the hints: every database that has dumps. */
static const char *
similar_database(const struct catalog *catalog, const char *database)
{
    struct similar similar;

    similar_start(&similar, database);
    for (size_t index = 0; index < catalog->dump_count; index++)
        similar_offer(&similar, catalog->dumps[index].database);
    return similar.best;
}

static enum status
refuse_database(const struct catalog *catalog, const char *database, struct error *err)
{
    const char *nearest = similar_database(catalog, database);

    error_set(err, STATUS_REFUSED, "the repository holds no dump of database \"%s\"", database);
    if (nearest != NULL)
        error_hint(err, "Did you mean \"%s\"? \"redoubt list\" shows all dumps.", nearest);
    else
        error_hint(err, "\"redoubt list\" shows all dumps, \"redoubt dump\" makes one.");
    return STATUS_REFUSED;
}

static enum status
find_newest(const struct catalog *catalog, const char *database, const struct dump **dump,
            struct error *err)
{
    bool any = false;

    *dump = NULL;
    for (size_t index = 0; index < catalog->dump_count; index++)
    {
        const struct dump *candidate = &catalog->dumps[index];

        if (strcmp(candidate->database, database) != 0)
            continue;
        any = true;
        if (!candidate->suspicious && (*dump == NULL || candidate->started >= (*dump)->started))
            *dump = candidate;
    }
    if (*dump != NULL)
        return OK;
    if (!any)
        return refuse_database(catalog, database, err);
    error_set(err, STATUS_REFUSED, "every dump of database \"%s\" is suspicious", database);
    error_hint(err, "\"redoubt list\" shows them; name one with --dump to take it nevertheless.");
    return STATUS_REFUSED;
}

/* "shop/backup-..." is that of "shop" only. */
static bool
has_name(const struct dump *dump, const char *name)
{
    char id[DUMP_ID_SIZE];

    dump_id(dump, id);
    return strcmp(dump->name, name) == 0 || strcmp(id, name) == 0;
}

enum status
dump_choice_make(const struct catalog *catalog, const char *database, const char *name,
                 const struct dump **dump, struct error *err)
{
    struct similar similar;

    if (name == NULL)
        return find_newest(catalog, database, dump, err);
    similar_start(&similar, name);
    for (size_t index = 0; index < catalog->dump_count; index++)
    {
        *dump = &catalog->dumps[index];
        if (strcmp((*dump)->database, database) != 0)
            continue;
        if (has_name(*dump, name))
            return OK;
        similar_offer(&similar, (*dump)->name);
    }
    error_set(err, STATUS_REFUSED, "there is no dump \"%s\" of database \"%s\"", name, database);
    if (similar.best != NULL)
        error_hint(err, "Did you mean \"%s\"? \"redoubt list\" shows all dumps.", similar.best);
    else
        error_hint(err, "\"redoubt list\" shows all dumps.");
    return STATUS_REFUSED;
}
