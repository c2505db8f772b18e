// SPDX-License-Identifier: PostgreSQL
#include "pg/line.h"

#include <string.h>

static void
advance(struct bytes *bytes, size_t size)
{
    bytes->data += size;
    bytes->size -= size;
}

bool
line_next(struct bytes *content, struct bytes *line)
{
    const uint8_t *feed;

    if (content->size == 0)
        return false;
    feed = memchr(content->data, '\n', content->size);
    *line = (struct bytes){content->data,
                           feed == NULL ? content->size : (size_t) (feed - content->data)};
    advance(content, feed == NULL ? line->size : line->size + 1);
    return true;
}

bool
line_take(struct bytes *line, const char *text)
{
    size_t size = strlen(text);

    if (line->size < size || memcmp(line->data, text, size) != 0)
        return false;
    advance(line, size);
    return true;
}

void
line_take_blanks(struct bytes *line)
{
    while (line->size > 0 && memchr(" \t\r\f\v", line->data[0], 5) != NULL)
        advance(line, 1);
}

bool
line_take_u64(struct bytes *line, uint64_t *number)
{
    uint64_t value = 0;
    size_t digits = 0;

    for (; digits < line->size; digits++)
    {
        uint64_t digit = (uint64_t) line->data[digits] - '0';

        if (digit > 9)
            break;
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    advance(line, digits);
    *number = value;
    return digits > 0;
}

bool
line_take_u32(struct bytes *line, uint32_t *number)
{
    uint64_t value;

    if (!line_take_u64(line, &value) || value > UINT32_MAX)
        return false;
    *number = (uint32_t) value;
    return true;
}

bool
line_take_lsn(struct bytes *line, pg_lsn *lsn)
{
    size_t size = pg_lsn_scan((const char *) line->data, line->size, lsn);

    advance(line, size);
    return size > 0;
}

bool
line_take_rest(struct bytes *line, char *text, size_t size)
{
    if (line->size >= size || memchr(line->data, '\0', line->size) != NULL)
        return false;
    memcpy(text, line->data, line->size);
    text[line->size] = '\0';
    advance(line, line->size);
    return true;
}
