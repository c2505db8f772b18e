// SPDX-License-Identifier: PostgreSQL
/*
 * Headers are given the checksum they should have, or the fuzzer would never
 * see past it.
 */
#include "pg/tar.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 512

struct seen
{
    uint64_t left;
    int open;
};

static enum status
begin(void *arg, const struct pg_tar_member *member, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    if (seen->open || !path_is_contained(member->path) || strlen(member->link_target) > 100)
        abort();
    seen->open = 1;
    seen->left = member->size_bytes;
    return OK;
}

static enum status
data(void *arg, struct bytes bytes, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    if (!seen->open || bytes.size > seen->left || bytes.size == 0)
        abort();
    seen->left -= bytes.size;
    return OK;
}

static enum status
end(void *arg, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    if (!seen->open || seen->left != 0)
        abort();
    seen->open = 0;
    return OK;
}

static void
set_checksum(uint8_t *header)
{
    char text[8];
    unsigned sum = 8 * ' ';

    for (int index = 0; index < BLOCK; index++)
        if (index < 148 || index >= 156)
            sum += header[index];
    snprintf(text, sizeof(text), "%06o", sum);
    memcpy(header + 148, text, sizeof(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct seen seen = {0};
    struct pg_tar_handler handler = {begin, data, end, &seen};
    struct pg_tar_reader *reader;
    struct error err;
    size_t step;
    uint8_t *copy;

    if (size < 1)
        return 0;
    step = (size_t) input[0] * 4 + 1;
    copy = malloc(size);
    if (copy == NULL || pg_tar_reader_create(&reader, &handler, &err) != OK)
        abort();
    memcpy(copy, input + 1, --size);
    for (size_t at = 0; at + BLOCK <= size; at += BLOCK)
        if (copy[at] != 0 && (input[0] & 1) == 0)
            set_checksum(copy + at);

    enum status status = OK;

    for (size_t at = 0; at < size && status == OK; at += step)
        status = pg_tar_reader_feed(
            reader, (struct bytes){copy + at, size - at < step ? size - at : step}, &err);
    if (status == OK && pg_tar_reader_finish(reader, true, &err) == OK && seen.open)
        abort();
    pg_tar_reader_freep(&reader);
    free(copy);
    return 0;
}
