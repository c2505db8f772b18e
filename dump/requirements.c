// SPDX-License-Identifier: PostgreSQL
#include "dump/requirements.h"

#include <string.h>

#define COMMAND_LIMIT ((size_t) 16 << 20)

/* Append the texts as an array in SQL. */
static enum status
append_array(const struct dump_texts *texts, struct buffer *command, struct error *err)
{
    TRY(buffer_append_text(command, err, "ARRAY["));
    for (size_t index = 0; index < texts->count; index++)
    {
        TRY(buffer_append_text(command, err, "%s", index == 0 ? "" : ", "));
        TRY(pg_quote_literal(texts->items[index], command, err));
    }
    return buffer_append_text(command, err, "]::text[]");
}

/* Of these names, those that the catalog does not have. */
static enum status
find_missing(struct pg_connection *connection, const struct dump_texts *names, const char *catalog,
             struct dump_texts *missing, struct error *err)
{
    SCOPED(buffer_release) struct buffer command = BUFFER_INIT(COMMAND_LIMIT);
    SCOPED(pg_result_freep) PGresult *result = NULL;
    const char *text;

    TRY(buffer_append_text(&command, err, "SELECT DISTINCT wanted FROM pg_catalog.unnest("));
    TRY(append_array(names, &command, err));
    TRY(buffer_append_text(&command, err, ") AS wanted WHERE wanted NOT IN (%s) ORDER BY 1",
                           catalog));
    TRY(buffer_text(&command, &text, err));
    TRY(pg_query(connection, text, &result, err));
    for (int row = 0; row < PQntuples(result); row++)
        TRY(dump_texts_add(missing, PQgetvalue(result, row, 0), err));
    return OK;
}

/* "roles \"a\", \"b\"" */
static enum status
append_names(const char *what, const struct dump_texts *names, struct buffer *text,
             struct error *err)
{
    if (names->count == 0)
        return OK;
    TRY(buffer_append_text(text, err, "%s%s%s ", text->size == 0 ? "" : "; ", what,
                           names->count == 1 ? "" : "s"));
    for (size_t index = 0; index < names->count; index++)
        TRY(buffer_append_text(text, err, "%s\"%s\"", index == 0 ? "" : ", ", names->items[index]));
    return OK;
}

static void
hint(const struct dump_document *document, bool roles, bool extensions, struct error *err)
{
    const char *database = document->dump.database;

    if (roles)
        error_hint(err,
                   "\"redoubt restore-dump '%s' --globals\" prints the commands that make the "
                   "roles, for psql; --no-owner loads without them.%s",
                   database, extensions ? " Install the packages of the extensions." : "");
    else
        error_hint(err, "Install the packages of the extensions on the server.");
}

/* The owner of the database may own nothing in it. */
static enum status
missing_roles(struct pg_connection *connection, const struct dump_document *document,
              struct dump_texts *missing, struct error *err)
{
    static const char catalog[] = "SELECT rolname::text FROM pg_catalog.pg_roles";
    struct dump_texts owner = {.items = (char **) &document->owner, .count = 1};

    TRY(find_missing(connection, &document->roles, catalog, missing, err));
    if (document->owner[0] == '\0')
        return OK;
    for (size_t index = 0; index < document->roles.count; index++)
        if (strcmp(document->roles.items[index], document->owner) == 0)
            return OK;
    return find_missing(connection, &owner, catalog, missing, err);
}

enum status
requirements_check(struct pg_connection *connection, const struct dump_document *document,
                   bool no_owner, struct error *err)
{
    SCOPED(dump_texts_release) struct dump_texts roles = {0};
    SCOPED(dump_texts_release) struct dump_texts extensions = {0};
    SCOPED(buffer_release) struct buffer names = BUFFER_INIT(COMMAND_LIMIT);
    const char *text;

    if (!no_owner)
        TRY(missing_roles(connection, document, &roles, err));
    TRY(find_missing(connection, &document->extensions,
                     "SELECT name::text FROM pg_catalog.pg_available_extensions", &extensions,
                     err));
    if (roles.count + extensions.count == 0)
        return OK;
    TRY(append_names("role", &roles, &names, err));
    TRY(append_names("extension", &extensions, &names, err));
    TRY(buffer_text(&names, &text, err));
    error_set(err, STATUS_REFUSED, "the server lacks what the dump needs: %s", text);
    hint(document, roles.count > 0, extensions.count > 0, err);
    return STATUS_REFUSED;
}
