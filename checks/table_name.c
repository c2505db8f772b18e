// SPDX-License-Identifier: PostgreSQL
#include "checks/table_name.h"

#include "pg/connection.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS  "0123456789$"

struct letters
{
    char *name; /* TABLE_NAME_SIZE bytes */
    size_t size;
};

static bool
add_letter(struct letters *into, char letter)
{
    if (into->size + 1 == TABLE_NAME_SIZE)
        return false;
    into->name[into->size++] = letter;
    into->name[into->size] = '\0';
    return true;
}

static bool
is_plain(char letter, bool first)
{
    return letter != '\0' && ((unsigned char) letter >= 0x80 || strchr(LETTERS, letter) != NULL ||
                              (!first && strchr(DIGITS, letter) != NULL));
}

/* Reads up to and past the closing quote; *cursor stands behind the opening one. */
static bool
read_quoted(const char **cursor, struct letters *into)
{
    const char *at = *cursor;

    for (; *at != '\0'; at++)
    {
        if (*at == '"' && at[1] != '"')
        {
            *cursor = at + 1;
            return into->size > 0;
        }
        if (*at == '"')
            at++;
        if (!add_letter(into, *at))
            return false;
    }
    return false;
}

static bool
read_plain(const char **cursor, struct letters *into)
{
    const char *at = *cursor;

    for (; is_plain(*at, at == *cursor); at++)
    {
        bool capital = *at >= 'A' && *at <= 'Z';

        if (!add_letter(into, capital ? (char) (*at - 'A' + 'a') : *at))
            return false;
    }
    *cursor = at;
    return into->size > 0;
}

static bool
read_identifier(const char **cursor, char name[TABLE_NAME_SIZE])
{
    struct letters into = {.name = name};

    name[0] = '\0';
    if (**cursor != '"')
        return read_plain(cursor, &into);
    (*cursor)++;
    return read_quoted(cursor, &into);
}

static enum status
refuse(const char *text, struct error *err)
{
    error_set(err, STATUS_CONFIG, "\"%s\" is not a name", text);
    error_hint(err,
               "Write it as in SQL, with at most %d bytes, and in double quotes where it has "
               "capitals or anything but letters, digits and _.",
               TABLE_NAME_SIZE - 1);
    return STATUS_CONFIG;
}

enum status
table_name_parse(const char *text, struct table_name *name, struct error *err)
{
    const char *cursor = text;

    *name = (struct table_name){.schema = "public"};
    if (!read_identifier(&cursor, name->table))
        return refuse(text, err);
    if (*cursor == '.')
    {
        cursor++;
        memcpy(name->schema, name->table, sizeof(name->schema));
        if (!read_identifier(&cursor, name->table))
            return refuse(text, err);
    }
    return *cursor == '\0' ? OK : refuse(text, err);
}

enum status
table_name_parse_column(const char *text, char column[TABLE_NAME_SIZE], struct error *err)
{
    const char *cursor = text;

    if (!read_identifier(&cursor, column) || *cursor != '\0')
        return refuse(text, err);
    return OK;
}

enum status
table_name_append(const struct table_name *name, struct buffer *sql, struct error *err)
{
    TRY(pg_quote_identifier(name->schema, sql, err));
    TRY(buffer_append(sql, BYTES("."), err));
    return pg_quote_identifier(name->table, sql, err);
}
