// SPDX-License-Identifier: PostgreSQL
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes
bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *) text, strlen(text)};
}

bool
bytes_equal(struct bytes left, struct bytes right)
{
    return left.size == right.size &&
           (left.size == 0 || memcmp(left.data, right.data, left.size) == 0);
}

enum status
buffer_reserve(struct buffer *buffer, size_t size, struct error *err)
{
    size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity;
    uint8_t *grown;

    if (size > buffer->limit || buffer->size > buffer->limit - size)
        return error_set(err, STATUS_NO_MEMORY, "buffer of %zu bytes is full: %zu more do not fit",
                         buffer->limit, size);
    if (buffer->data != NULL && buffer->capacity - buffer->size >= size)
        return OK;
    while (capacity - buffer->size < size)
        capacity *= 2;
    /* One byte above the limit, so that buffer_text always finds room. */
    if (capacity > buffer->limit + 1)
        capacity = buffer->limit + 1;
    grown = realloc(buffer->data, capacity);
    if (grown == NULL)
        return error_no_memory(err);
    buffer->data = grown;
    buffer->capacity = capacity;
    return OK;
}

enum status
buffer_append(struct buffer *buffer, struct bytes bytes, struct error *err)
{
    if (bytes.size == 0)
        return OK;
    TRY(buffer_reserve(buffer, bytes.size, err));
    memcpy(buffer->data + buffer->size, bytes.data, bytes.size);
    buffer->size += bytes.size;
    return OK;
}

enum status
buffer_append_text(struct buffer *buffer, struct error *err, const char *format, ...)
{
    va_list args;
    char small[512];
    SCOPED(freep) char *large = NULL;
    int size;

    va_start(args, format);
    size = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (size < 0)
        return error_set(err, STATUS_CONFIG, "could not format text");
    if ((size_t) size < sizeof(small))
        return buffer_append(buffer, (struct bytes){(uint8_t *) small, (size_t) size}, err);

    large = malloc((size_t) size + 1);
    if (large == NULL)
        return error_no_memory(err);
    va_start(args, format);
    vsnprintf(large, (size_t) size + 1, format, args);
    va_end(args);
    return buffer_append(buffer, (struct bytes){(uint8_t *) large, (size_t) size}, err);
}

void
buffer_consume(struct buffer *buffer, size_t size)
{
    if (size < buffer->size)
        memmove(buffer->data, buffer->data + size, buffer->size - size);
    buffer->size -= size;
}

struct bytes
buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->size};
}

enum status
buffer_text(struct buffer *buffer, const char **text, struct error *err)
{
    if (buffer->data == NULL || buffer->size == buffer->capacity)
    {
        uint8_t *grown = realloc(buffer->data, buffer->size + 1);

        if (grown == NULL)
            return error_no_memory(err);
        buffer->data = grown;
        buffer->capacity = buffer->size + 1;
    }
    buffer->data[buffer->size] = '\0';
    *text = (const char *) buffer->data;
    return OK;
}

void
buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = BUFFER_INIT(buffer->limit);
}

void
freep(void *pointer_to_pointer)
{
    free(*(void **) pointer_to_pointer);
}

void
hex_encode(struct bytes bytes, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t index = 0; index < bytes.size; index++)
    {
        *text++ = digits[bytes.data[index] >> 4];
        *text++ = digits[bytes.data[index] & 15];
    }
    *text = '\0';
}

int
hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool
hex_decode(const char *text, uint8_t *out, size_t size)
{
    if (strlen(text) != size * 2)
        return false;
    for (size_t index = 0; index < size; index++)
    {
        int high = hex_digit(text[index * 2]);
        int low = hex_digit(text[index * 2 + 1]);

        if (high < 0 || low < 0)
            return false;
        out[index] = (uint8_t) (high << 4 | low);
    }
    return true;
}
