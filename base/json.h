// SPDX-License-Identifier: PostgreSQL
/*
 * json.h - reading JSON that we do not trust, strictly.
 *
 * The values are jansson's.  Its getters answer a wrong type with zero or NULL;
 * these refuse, and name the member: STATUS_CORRUPT, 'member "size": expected an
 * integer, found a string'.  Callers add which document it was.  jansson owns
 * the prefix json_ and has none of the names used here.
 *
 * A value belongs to one thread at a time: jansson's reference counts do too.
 */
#pragma once

#include "base/bytes.h"
#include "base/clock.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * One whole JSON object or array in text; CORRUPT for anything else, for a
 * member named twice and for more than limit bytes.  The value is the caller's.
 */
NODISCARD enum status json_parse(struct bytes text, size_t limit, json_t **value,
                                 struct error *err);

/* Append a value on one line, members in the order they were set; no line feed. */
NODISCARD enum status json_append(const json_t *value, struct buffer *text, struct error *err);

/*
 * Below 2^53 an integer, from there a decimal string, which no reader that
 * keeps numbers as doubles can damage.  NULL when out of memory.
 */
json_t *json_u64(uint64_t value);

/*
 * What writers say to jansson, for durations: 15 digits survive a double and come
 * back as they were, so that 4.512 does not become 4.5119999999999996.
 */
#define JSON_EXACT JSON_REAL_PRECISION(15)

/* Milliseconds as seconds, 4.512; null for what is negative: not known. */
json_t *json_seconds(int64_t duration_ms);

/* A text that somebody else made: where it is no UTF-8, its ASCII characters.  NULL when out of
 * memory. */
json_t *json_text(const char *text);

/*
 * An array of count values, each made of items and its index.  NULL when any of
 * them is: jansson's own way leaves out what memory did not suffice for.
 */
json_t *json_array_of(size_t count, json_t *(*make)(const void *items, size_t index),
                      const void *items);

/* For SCOPED: gives up the reference. */
void json_freep(json_t **value);

/* Borrowed from the object; may be empty. */
NODISCARD enum status member_text(const json_t *object, const char *name, const char **text,
                                  struct error *err);

/* A copy; CORRUPT when it does not fit into size bytes. */
NODISCARD enum status member_text_into(const json_t *object, const char *name, char *text,
                                       size_t size, struct error *err);
NODISCARD enum status member_i64(const json_t *object, const char *name, int64_t *number,
                                 struct error *err);

/* An integer, or decimal digits in a string (see json_u64). */
NODISCARD enum status member_u64(const json_t *object, const char *name, uint64_t *number,
                                 struct error *err);
NODISCARD enum status member_u32(const json_t *object, const char *name, uint32_t *number,
                                 struct error *err);
NODISCARD enum status member_bool(const json_t *object, const char *name, bool *value,
                                  struct error *err);

/* As time_format writes it. */
NODISCARD enum status member_time(const json_t *object, const char *name, time_us *time,
                                  struct error *err);

/* As json_seconds writes it, -1 for null. */
NODISCARD enum status member_seconds(const json_t *object, const char *name, int64_t *duration_ms,
                                     struct error *err);

/* Hexadecimal digits for exactly size bytes. */
NODISCARD enum status member_hex(const json_t *object, const char *name, uint8_t *out, size_t size,
                                 struct error *err);

/* Borrowed from the object. */
NODISCARD enum status member_object(const json_t *object, const char *name, const json_t **value,
                                    struct error *err);
NODISCARD enum status member_array(const json_t *object, const char *name, const json_t **value,
                                   struct error *err);

/* Is the member there, and not null?  For members that may be left out. */
bool member_exists(const json_t *object, const char *name);

/* As above, but a member that is missing or null leaves what the caller put there. */
NODISCARD enum status member_text_optional(const json_t *object, const char *name,
                                           const char **text, struct error *err);
NODISCARD enum status member_i64_optional(const json_t *object, const char *name, int64_t *number,
                                          struct error *err);
NODISCARD enum status member_u64_optional(const json_t *object, const char *name, uint64_t *number,
                                          struct error *err);
NODISCARD enum status member_u32_optional(const json_t *object, const char *name, uint32_t *number,
                                          struct error *err);
NODISCARD enum status member_bool_optional(const json_t *object, const char *name, bool *value,
                                           struct error *err);
