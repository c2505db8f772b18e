// SPDX-License-Identifier: PostgreSQL
/*
 * bytes.h - a borrowed run of bytes, and a buffer that grows to a limit.
 *
 * struct bytes owns nothing.  A struct buffer owns its memory, is told its
 * largest size when it is made and refuses to pass it, so no input can make
 * the program grow without bound.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes
{
    const uint8_t *data;
    size_t size;
};

/* The text of a C string, without its terminator. */
struct bytes bytes_of(const char *text);

/* A string literal or an array, whole; for a literal without the terminator. */
#define BYTES(literal) ((struct bytes){(const uint8_t *) (literal), sizeof(literal) - 1})

bool bytes_equal(struct bytes left, struct bytes right);

struct buffer
{
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit; /* set at creation, never changed after */
};

/* An empty buffer that may grow to limit bytes. */
#define BUFFER_INIT(limit_bytes) ((struct buffer){.limit = (limit_bytes)})

/* Make room for size more bytes; NO_MEMORY when that would pass the limit. */
NODISCARD enum status buffer_reserve(struct buffer *buffer, size_t size, struct error *err);
NODISCARD enum status buffer_append(struct buffer *buffer, struct bytes bytes, struct error *err);
NODISCARD enum status buffer_append_text(struct buffer *buffer, struct error *err,
                                         const char *format, ...) PRINTF_LIKE(3, 4);

/* Forget the first size bytes. */
void buffer_consume(struct buffer *buffer, size_t size);

/* The content; valid until the buffer is next changed. */
struct bytes buffer_bytes(const struct buffer *buffer);

/* The content as a C string; the terminator is not counted in size. */
NODISCARD enum status buffer_text(struct buffer *buffer, const char **text, struct error *err);

/* Release the memory; the buffer may be used again. */
void buffer_release(struct buffer *buffer);

/* For SCOPED(freep) on memory that malloc gave. */
void freep(void *pointer_to_pointer);

/* Lower-case hexadecimal of size bytes; text holds 2 * size + 1. */
void hex_encode(struct bytes bytes, char *text);

/* Fill exactly size bytes from 2 * size hexadecimal digits; false for anything else. */
bool hex_decode(const char *text, uint8_t *out, size_t size);

/* The lower-case hexadecimal digit's value, either case, or -1. */
int hex_digit(char digit);
