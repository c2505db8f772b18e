// SPDX-License-Identifier: PostgreSQL
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_IN_A_DOUBLE (UINT64_C(1) << 53)

/* Some 30,000 years: its milliseconds have 15 digits. */
#define SECONDS_LIMIT 1e12

static const char *type_name(const json_t *value);
static enum status find(const json_t *object, const char *name, const json_t **value,
                        struct error *err);
static enum status wrong_type(const json_t *value, const char *name, const char *expected,
                              struct error *err);
static bool decimal_u64(const char *text, size_t length, uint64_t *number);

enum status
json_parse(struct bytes text, size_t limit, json_t **value, struct error *err)
{
    json_error_t reason;
    json_t *parsed;

    if (text.size > limit)
        return error_set(err, STATUS_CORRUPT, "JSON text of %zu bytes is larger than %zu",
                         text.size, limit);
    /* jansson takes a null pointer for a fault of the caller. */
    if (text.size == 0)
        return error_set(err, STATUS_CORRUPT, "could not parse JSON: text is empty");
    parsed = json_loadb((const char *) text.data, text.size, JSON_REJECT_DUPLICATES, &reason);
    if (parsed == NULL)
    {
        if (json_error_code(&reason) == json_error_out_of_memory)
            return error_no_memory(err);
        return error_set(err, STATUS_CORRUPT, "could not parse JSON: line %d column %d: %s",
                         reason.line, reason.column, reason.text);
    }
    *value = parsed;
    return OK;
}

struct appending
{
    struct buffer *text;
    struct error *err;
    enum status status;
};

static int
append_chunk(const char *chunk, size_t size, void *arg)
{
    struct appending *appending = arg;

    appending->status = buffer_append(
        appending->text, (struct bytes){(const uint8_t *) chunk, size}, appending->err);
    return appending->status == OK ? 0 : -1;
}

enum status
json_append(const json_t *value, struct buffer *text, struct error *err)
{
    struct appending appending = {.text = text, .err = err};

    if (json_dump_callback(value, append_chunk, &appending,
                           JSON_COMPACT | JSON_ENCODE_ANY | JSON_EXACT) == 0)
        return OK;
    return appending.status != OK ? appending.status : error_no_memory(err);
}

json_t *
json_u64(uint64_t value)
{
    char text[24];

    if (value < EXACT_IN_A_DOUBLE)
        return json_integer((json_int_t) value);
    snprintf(text, sizeof(text), "%" PRIu64, value);
    return json_string(text);
}

json_t *
json_seconds(int64_t duration_ms)
{
    return duration_ms < 0 ? json_null() : json_real((double) duration_ms / 1000);
}

json_t *
json_text(const char *text)
{
    json_t *value = json_string(text);
    char *plain;

    if (value != NULL || (plain = strdup(text)) == NULL)
        return value;
    for (char *byte = plain; *byte != '\0'; byte++)
        if ((*byte & 0x80) != 0)
            *byte = '?';
    value = json_string(plain);
    free(plain);
    return value;
}

json_t *
json_array_of(size_t count, json_t *(*make)(const void *items, size_t index), const void *items)
{
    json_t *array = json_array();

    for (size_t index = 0; index < count && array != NULL; index++)
        if (json_array_append_new(array, make(items, index)) != 0)
            json_freep(&array);
    return array;
}

void
json_freep(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

enum status
member_text(const json_t *object, const char *name, const char **text, struct error *err)
{
    const json_t *value;

    TRY(find(object, name, &value, err));
    if (!json_is_string(value))
        return wrong_type(value, name, "a string", err);
    *text = json_string_value(value);
    return OK;
}

enum status
member_text_into(const json_t *object, const char *name, char *text, size_t size, struct error *err)
{
    const char *found;

    TRY(member_text(object, name, &found, err));
    if (strlen(found) >= size)
        return error_set(err, STATUS_CORRUPT, "member \"%s\": longer than %zu bytes", name,
                         size - 1);
    memcpy(text, found, strlen(found) + 1);
    return OK;
}

enum status
member_i64(const json_t *object, const char *name, int64_t *number, struct error *err)
{
    const json_t *value;

    TRY(find(object, name, &value, err));
    if (!json_is_integer(value))
        return wrong_type(value, name, "an integer", err);
    *number = json_integer_value(value);
    return OK;
}

enum status
member_u64(const json_t *object, const char *name, uint64_t *number, struct error *err)
{
    const json_t *value;

    TRY(find(object, name, &value, err));
    if (json_is_string(value))
    {
        if (!decimal_u64(json_string_value(value), json_string_length(value), number))
            return error_set(err, STATUS_CORRUPT, "member \"%s\": not a 64-bit number: \"%.40s\"",
                             name, json_string_value(value));
        return OK;
    }
    if (!json_is_integer(value))
        return wrong_type(value, name, "an integer", err);
    if (json_integer_value(value) < 0)
        return error_set(err, STATUS_CORRUPT, "member \"%s\": negative: %" JSON_INTEGER_FORMAT,
                         name, json_integer_value(value));
    *number = (uint64_t) json_integer_value(value);
    return OK;
}

enum status
member_u32(const json_t *object, const char *name, uint32_t *number, struct error *err)
{
    uint64_t wide;

    TRY(member_u64(object, name, &wide, err));
    if (wide > UINT32_MAX)
        return error_set(err, STATUS_CORRUPT, "member \"%s\": larger than 32 bits allow: %" PRIu64,
                         name, wide);
    *number = (uint32_t) wide;
    return OK;
}

enum status
member_bool(const json_t *object, const char *name, bool *value, struct error *err)
{
    const json_t *found;

    TRY(find(object, name, &found, err));
    if (!json_is_boolean(found))
        return wrong_type(found, name, "true or false", err);
    *value = json_is_true(found);
    return OK;
}

enum status
member_time(const json_t *object, const char *name, time_us *time, struct error *err)
{
    const char *text;

    TRY(member_text(object, name, &text, err));
    if (time_parse(text, time, err) == OK)
        return OK;
    return error_set(err, STATUS_CORRUPT, "member \"%s\": invalid time \"%s\"", name, text);
}

enum status
member_seconds(const json_t *object, const char *name, int64_t *duration_ms, struct error *err)
{
    const json_t *value;
    double seconds;

    TRY(find(object, name, &value, err));
    *duration_ms = -1;
    if (json_is_null(value))
        return OK;
    if (!json_is_number(value))
        return wrong_type(value, name, "seconds", err);
    seconds = json_number_value(value);
    if (!(seconds >= 0 && seconds < SECONDS_LIMIT))
        return error_set(err, STATUS_CORRUPT, "member \"%s\": no duration: %g", name, seconds);
    *duration_ms = (int64_t) (seconds * 1000 + 0.5);
    return OK;
}

enum status
member_hex(const json_t *object, const char *name, uint8_t *out, size_t size, struct error *err)
{
    const char *text;

    TRY(member_text(object, name, &text, err));
    if (!hex_decode(text, out, size))
        return error_set(err, STATUS_CORRUPT,
                         "member \"%s\": expected %zu hexadecimal digits, found \"%.80s\"", name,
                         size * 2, text);
    return OK;
}

enum status
member_object(const json_t *object, const char *name, const json_t **value, struct error *err)
{
    const json_t *found;

    TRY(find(object, name, &found, err));
    if (!json_is_object(found))
        return wrong_type(found, name, "an object", err);
    *value = found;
    return OK;
}

enum status
member_array(const json_t *object, const char *name, const json_t **value, struct error *err)
{
    const json_t *found;

    TRY(find(object, name, &found, err));
    if (!json_is_array(found))
        return wrong_type(found, name, "an array", err);
    *value = found;
    return OK;
}

bool
member_exists(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return value != NULL && !json_is_null(value);
}

/*
 * Only a missing member of an object is optional: something that is no object
 * goes to the strict getter, which refuses it.
 */
static bool
is_left_out(const json_t *object, const char *name)
{
    return json_is_object(object) && !member_exists(object, name);
}

enum status
member_text_optional(const json_t *object, const char *name, const char **text, struct error *err)
{
    return is_left_out(object, name) ? OK : member_text(object, name, text, err);
}

enum status
member_i64_optional(const json_t *object, const char *name, int64_t *number, struct error *err)
{
    return is_left_out(object, name) ? OK : member_i64(object, name, number, err);
}

enum status
member_u64_optional(const json_t *object, const char *name, uint64_t *number, struct error *err)
{
    return is_left_out(object, name) ? OK : member_u64(object, name, number, err);
}

enum status
member_u32_optional(const json_t *object, const char *name, uint32_t *number, struct error *err)
{
    return is_left_out(object, name) ? OK : member_u32(object, name, number, err);
}

enum status
member_bool_optional(const json_t *object, const char *name, bool *value, struct error *err)
{
    return is_left_out(object, name) ? OK : member_bool(object, name, value, err);
}

static enum status
find(const json_t *object, const char *name, const json_t **value, struct error *err)
{
    if (!json_is_object(object))
        return error_set(err, STATUS_CORRUPT, "expected an object with member \"%s\", found %s",
                         name, type_name(object));
    *value = json_object_get(object, name);
    if (*value == NULL)
        return error_set(err, STATUS_CORRUPT, "member \"%s\" is missing", name);
    return OK;
}

static enum status
wrong_type(const json_t *value, const char *name, const char *expected, struct error *err)
{
    return error_set(err, STATUS_CORRUPT, "member \"%s\": expected %s, found %s", name, expected,
                     type_name(value));
}

static const char *
type_name(const json_t *value)
{
    static const char *const names[] = {
        [JSON_OBJECT] = "an object",   [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
        [JSON_INTEGER] = "an integer", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",        [JSON_NULL] = "null",
    };

    return value == NULL ? "nothing" : names[json_typeof(value)];
}

/* Digits only, no sign, no space, no needless zero in front: one spelling per number. */
static bool
decimal_u64(const char *text, size_t length, uint64_t *number)
{
    uint64_t value = 0;

    if (length == 0 || (length > 1 && text[0] == '0'))
        return false;
    for (size_t index = 0; index < length; index++)
    {
        unsigned digit = (unsigned char) text[index] - (unsigned) '0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *number = value;
    return true;
}
