// SPDX-License-Identifier: PostgreSQL
#include "checks/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer than any of a result's texts. */
#define DRAFT_SIZE 2048
#define CUT        "..."

static const struct
{
    uint32_t size;
    uint32_t least;      /* less would be too long a form */
    unsigned char first; /* the least of its kind */
} utf8_kinds[] = {{4, 0x10000, 0xf0}, {3, 0x800, 0xe0}, {2, 0x80, 0xc2}, {1, 0, 0x00}};

/* The character at a place, and its bytes; 0 where no valid one is. */
static size_t
decode(const unsigned char *at, uint32_t *character)
{
    size_t kind = 0;
    size_t size;

    while (*at < utf8_kinds[kind].first)
        kind++;
    size = utf8_kinds[kind].size;
    if (*at > 0xf4 || (size == 1 && *at >= 0x80))
        return 0;
    *character = size == 1 ? *at : *at & (0x7fU >> size);
    for (size_t index = 1; index < size; index++)
    {
        if ((at[index] & 0xc0) != 0x80)
            return 0;
        *character = *character << 6 | (at[index] & 0x3f);
    }
    if (*character < utf8_kinds[kind].least || *character > 0x10ffff ||
        (*character >= 0xd800 && *character <= 0xdfff))
        return 0;
    return size;
}

/* Terminals obey control characters, and JSON takes nothing but UTF-8. */
static void
clean(const char *text, char *into, size_t size)
{
    const unsigned char *at = (const unsigned char *) text;
    size_t used = 0;

    while (*at != '\0')
    {
        uint32_t character = 0;
        size_t length = decode(at, &character);
        bool control = length > 0 && (character < 0x20 || (character >= 0x7f && character < 0xa0));

        if (used + length + sizeof(CUT) > size)
        {
            memcpy(into + used, CUT, sizeof(CUT));
            return;
        }
        if (length == 0 || control)
            into[used++] = control ? ' ' : '?';
        else
            memcpy(into + used, at, length);
        used += length == 0 || control ? 0 : length;
        at += length == 0 ? 1 : length;
    }
    into[used] = '\0';
}

static void PRINTF_LIKE(3, 0)
    set_text(char *into, size_t size, const char *format, va_list arguments)
{
    char draft[DRAFT_SIZE];

    vsnprintf(draft, sizeof(draft), format, arguments);
    clean(draft, into, size);
}

void
check_result_name(struct check_result *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_text(result->name, sizeof(result->name), format, arguments);
    va_end(arguments);
}

void
check_result_expected(struct check_result *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_text(result->expected, sizeof(result->expected), format, arguments);
    va_end(arguments);
}

void
check_result_found(struct check_result *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_text(result->found, sizeof(result->found), format, arguments);
    va_end(arguments);
}

void
check_result_judge(struct check_result *result, bool good)
{
    result->state = good ? CHECK_PASSED : CHECK_FAILED;
}

void
check_result_skip(struct check_result *result, const char *reason)
{
    check_result_found(result, "%s", reason);
    result->state = CHECK_SKIPPED;
}

static const char *const state_names[] = {
    [CHECK_BROKEN] = "broken",
    [CHECK_PASSED] = "passed",
    [CHECK_FAILED] = "failed",
    [CHECK_SKIPPED] = "skipped",
};

static const char *const kind_names[] = {
    [CHECK_EXISTS] = "exists",       [CHECK_ROWS] = "rows",
    [CHECK_FRESHNESS] = "freshness", [CHECK_FOREIGN_KEY] = "foreign_key",
    [CHECK_COLLATION] = "collation", [CHECK_QUERY] = "query",
    [CHECK_COMMAND] = "command",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *
check_state_name(enum check_state state)
{
    return state_names[state];
}

const char *
check_kind_name(enum check_kind kind)
{
    return kind_names[kind];
}

/* The place of a member's text among the names. */
static enum status
read_name(const json_t *object, const char *member, const char *const *names, size_t count,
          unsigned *place, struct error *err)
{
    const char *text;

    TRY(member_text(object, member, &text, err));
    for (*place = 0; *place < count; (*place)++)
        if (strcmp(names[*place], text) == 0)
            return OK;
    return error_set(err, STATUS_CORRUPT, "member \"%s\": unknown \"%s\"", member, text);
}

enum status
check_state_from_json(const json_t *object, enum check_state *state, struct error *err)
{
    unsigned place;

    TRY(read_name(object, "state", state_names, COUNT(state_names), &place, err));
    *state = (enum check_state) place;
    return OK;
}

json_t *
check_result_to_json(const struct check_result *result)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "kind", check_kind_name(result->kind),
                     "name", result->name, "expected", result->expected, "found", result->found,
                     "state", check_state_name(result->state), "seconds",
                     json_seconds(result->duration_ms));
}

enum status
check_result_from_json(const json_t *object, struct check_result *result, struct error *err)
{
    unsigned kind;

    *result = (struct check_result){0};
    TRY(read_name(object, "kind", kind_names, COUNT(kind_names), &kind, err));
    result->kind = (enum check_kind) kind;
    TRY(member_text_into(object, "name", result->name, sizeof(result->name), err));
    TRY(member_text_into(object, "expected", result->expected, sizeof(result->expected), err));
    TRY(member_text_into(object, "found", result->found, sizeof(result->found), err));
    TRY(check_state_from_json(object, &result->state, err));
    return member_seconds(object, "seconds", &result->duration_ms, err);
}

static json_t *
one_result(const void *items, size_t index)
{
    return check_result_to_json((const struct check_result *) items + index);
}

json_t *
check_results_to_json(const struct check_results *results)
{
    return json_array_of(results->count, one_result, results->items);
}

void
check_results_release(struct check_results *results)
{
    free(results->items);
    free(results->counts);
    pg_tables_release(&results->tables);
    *results = (struct check_results){0};
}
