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

const char *
check_state_name(enum check_state state)
{
    static const char *const names[] = {
        [CHECK_BROKEN] = "broken",
        [CHECK_PASSED] = "passed",
        [CHECK_FAILED] = "failed",
        [CHECK_SKIPPED] = "skipped",
    };

    return names[state];
}

static json_t *
result_to_json(const void *items, size_t index)
{
    const struct check_result *result = (const struct check_result *) items + index;

    return json_pack("{s:s, s:s, s:s, s:s, s:f}", "name", result->name, "expected",
                     result->expected, "found", result->found, "state",
                     check_state_name(result->state), "seconds",
                     (double) result->duration_ms / 1000);
}

json_t *
check_results_to_json(const struct check_results *results)
{
    return json_array_of(results->count, result_to_json, results->items);
}

void
check_results_release(struct check_results *results)
{
    free(results->items);
    *results = (struct check_results){0};
}
