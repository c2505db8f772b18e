// SPDX-License-Identifier: PostgreSQL
#include "dump/selection.h"

#include "pg/connection.h"

#include <string.h>

#define PATTERN_LIMIT 4096

/* A name's part may hold wildcards beside its 63 bytes. */
#define PART_SIZE 128

/* What '*' and '?' are in a part once it is read: names hold no such bytes. */
#define ANY_CHARACTERS '\1'
#define ANY_ONE        '\2'

struct name
{
    char parts[2][PART_SIZE];
    size_t count;
};

static enum status
refuse(const char *text, const char *why, struct error *err)
{
    return error_set(err, STATUS_CONFIG, "invalid name '%s': %s", text, why);
}

/* One character outside of quotes. */
static char
read_bare(char character)
{
    if (character == '*')
        return ANY_CHARACTERS;
    if (character == '?')
        return ANY_ONE;
    return character >= 'A' && character <= 'Z' ? (char) (character - 'A' + 'a') : character;
}

/* Reads up to the dot, or the end; *at is there then. */
static enum status
read_part(const char *text, const char **at, char part[PART_SIZE], struct error *err)
{
    bool quoted = false;
    size_t size = 0;

    for (; **at != '\0' && (quoted || **at != '.'); (*at)++)
    {
        if (size + 1 == PART_SIZE)
            return refuse(text, "too long", err);
        if (**at == '"' && quoted && (*at)[1] == '"')
            part[size++] = *(*at)++;
        else if (**at == '"')
            quoted = !quoted;
        else
            part[size++] = quoted ? **at : read_bare(**at);
    }
    part[size] = '\0';
    if (quoted)
        return refuse(text, "a quote is missing", err);
    return size == 0 ? refuse(text, "a part is empty", err) : OK;
}

static enum status
read_name(const char *text, struct name *name, struct error *err)
{
    const char *at = text;

    for (name->count = 0; name->count < 2; at++)
    {
        TRY(read_part(text, &at, name->parts[name->count++], err));
        if (*at == '\0')
            return OK;
    }
    return refuse(text, "it has more than two parts", err);
}

static enum status
read_schema(const char *text, struct name *name, struct error *err)
{
    TRY(read_name(text, name, err));
    return name->count == 1 ? OK : refuse(text, "a schema has no second part", err);
}

static enum status
read_table(const char *text, struct name *name, struct error *err)
{
    TRY(read_name(text, name, err));
    if (name->count == 2)
        return OK;
    memcpy(name->parts[1], name->parts[0], PART_SIZE);
    memcpy(name->parts[0], "public", sizeof("public"));
    name->count = 2;
    return OK;
}

enum status
dump_selection_check_schema(const char *text, struct error *err)
{
    struct name name;

    return read_schema(text, &name, err);
}

enum status
dump_selection_check_table(const char *text, struct error *err)
{
    struct name name;

    return read_table(text, &name, err);
}

bool
dump_selection_is_whole(const struct dump_selection *selection)
{
    return selection->schemas == NULL && selection->tables == NULL;
}

static bool
is_wildcard(char character)
{
    return character == ANY_CHARACTERS || character == ANY_ONE;
}

/*
 * As a pattern of pg_dump's, which is psql's: what is quoted stands for itself,
 * and quotes may come anywhere in a name.
 */
static enum status
append_pattern(struct buffer *text, const char *part, struct error *err)
{
    bool quoted = false;

    for (; *part != '\0'; part++)
    {

        if (is_wildcard(*part) == quoted)
        {
            TRY(buffer_append(text, BYTES("\""), err));
            quoted = !quoted;
        }
        if (is_wildcard(*part))
            TRY(buffer_append_text(text, err, "%c", *part == ANY_ONE ? '?' : '*'));
        else
            TRY(buffer_append_text(text, err, *part == '"' ? "\"\"" : "%c", *part));
    }
    return quoted ? buffer_append(text, BYTES("\""), err) : OK;
}

/* As a pattern of LIKE, in a literal. */
static enum status
append_like(struct buffer *sql, const char *part, struct error *err)
{
    char like[2 * PART_SIZE];
    char *end = like;

    for (; *part != '\0'; part++)
    {
        if (strchr("%_\\", *part) != NULL)
            *end++ = '\\';
        *end++ = *part == ANY_CHARACTERS ? '%' : *part == ANY_ONE ? '_' : *part;
    }
    *end = '\0';
    return pg_quote_literal(like, sql, err);
}

static enum status
add_argument(const char *option, const struct name *name, struct dump_texts *arguments,
             struct error *err)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(PATTERN_LIMIT);
    const char *argument;

    TRY(buffer_append_text(&text, err, "--%s=", option));
    TRY(append_pattern(&text, name->parts[0], err));
    if (name->count == 2)
    {
        TRY(buffer_append(&text, BYTES("."), err));
        TRY(append_pattern(&text, name->parts[1], err));
    }
    TRY(buffer_text(&text, &argument, err));
    return dump_texts_add(arguments, argument, err);
}

static enum status
add_schemas(const char *const *texts, const char *option, struct dump_texts *arguments,
            struct error *err)
{
    for (; texts != NULL && *texts != NULL; texts++)
    {
        struct name name;

        TRY(read_schema(*texts, &name, err));
        TRY(add_argument(option, &name, arguments, err));
    }
    return OK;
}

static enum status
add_tables(const char *const *texts, const char *option, struct dump_texts *arguments,
           struct error *err)
{
    for (; texts != NULL && *texts != NULL; texts++)
    {
        struct name name;

        TRY(read_table(*texts, &name, err));
        TRY(add_argument(option, &name, arguments, err));
    }
    return OK;
}

enum status
dump_selection_arguments(const struct dump_selection *selection, struct dump_texts *arguments,
                         struct error *err)
{
    TRY(add_schemas(selection->schemas, "schema", arguments, err));
    TRY(add_schemas(selection->exclude_schemas, "exclude-schema", arguments, err));
    TRY(add_tables(selection->tables, "table", arguments, err));
    TRY(add_tables(selection->exclude_tables, "exclude-table", arguments, err));
    TRY(add_tables(selection->exclude_table_data, "exclude-table-data", arguments, err));
    /* Who names what is to be dumped wants to hear that it is not there. */
    if (!dump_selection_is_whole(selection))
        return dump_texts_add(arguments, "--strict-names", err);
    return OK;
}

static enum status
append_any_schema(const char *const *texts, struct buffer *sql, struct error *err)
{
    TRY(buffer_append(sql, BYTES("(false"), err));
    for (; texts != NULL && *texts != NULL; texts++)
    {
        struct name name;

        TRY(read_schema(*texts, &name, err));
        TRY(buffer_append(sql, BYTES(" OR n.nspname LIKE "), err));
        TRY(append_like(sql, name.parts[0], err));
    }
    return buffer_append(sql, BYTES(")"), err);
}

static enum status
append_any_table(const char *const *texts, struct buffer *sql, struct error *err)
{
    TRY(buffer_append(sql, BYTES("(false"), err));
    for (; texts != NULL && *texts != NULL; texts++)
    {
        struct name name;

        TRY(read_table(*texts, &name, err));
        TRY(buffer_append(sql, BYTES(" OR n.nspname LIKE "), err));
        TRY(append_like(sql, name.parts[0], err));
        TRY(buffer_append(sql, BYTES(" AND c.relname LIKE "), err));
        TRY(append_like(sql, name.parts[1], err));
    }
    return buffer_append(sql, BYTES(")"), err);
}

enum status
dump_selection_condition(const struct dump_selection *selection, struct buffer *sql,
                         struct error *err)
{
    TRY(buffer_append(sql, BYTES("NOT "), err));
    TRY(append_any_schema(selection->exclude_schemas, sql, err));
    TRY(buffer_append(sql, BYTES(" AND NOT "), err));
    TRY(append_any_table(selection->exclude_tables, sql, err));
    if (selection->schemas != NULL)
    {
        TRY(buffer_append(sql, BYTES(" AND "), err));
        TRY(append_any_schema(selection->schemas, sql, err));
    }
    if (selection->tables == NULL)
        return OK;
    TRY(buffer_append(sql, BYTES(" AND "), err));
    return append_any_table(selection->tables, sql, err);
}

enum status
dump_selection_without_rows(const struct dump_selection *selection, struct buffer *sql,
                            struct error *err)
{
    return append_any_table(selection->exclude_table_data, sql, err);
}
