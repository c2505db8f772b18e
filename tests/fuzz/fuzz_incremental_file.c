// SPDX-License-Identifier: PostgreSQL
/*
 * The first byte is the size of the pieces; all pieces must come to the same.
 * Pages are too large for a fuzzer to write: content is made up behind what it
 * gives, as much as the header asks for.
 */
#include "pg/incremental_file.h"

#include "pg/page.h"

#include <stdlib.h>
#include <string.h>

#define CONTENT_MAX (1 << 20)

struct seen
{
    int headers;
    uint64_t size_bytes;
    uint64_t last; /* where the content that came ends */
    uint64_t passed;
    uint64_t expected;
    uint64_t sum;
};

static enum status
see_header(void *arg, const struct pg_incremental_header *header, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    if (seen->headers++ != 0 || header->size_bytes > (uint64_t) PG_FILE_BLOCKS * PG_PAGE_SIZE ||
        header->truncation_block_length > PG_FILE_BLOCKS)
        abort();
    seen->size_bytes = header->size_bytes;
    seen->expected = (uint64_t) header->block_count * PG_PAGE_SIZE;
    return OK;
}

static enum status
see_data(void *arg, uint64_t offset, struct bytes bytes, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    if (seen->headers != 1 || bytes.size == 0 || offset < seen->last ||
        offset + bytes.size > seen->size_bytes)
        abort();
    seen->last = offset + bytes.size;
    seen->passed += bytes.size;
    for (size_t index = 0; index < bytes.size; index++)
        seen->sum += bytes.data[index] * (offset + index + 1);
    return OK;
}

static enum status
parse(struct bytes content, size_t step, struct seen *seen)
{
    struct pg_incremental_handler handler = {see_header, see_data, seen};
    struct pg_incremental_file *file;
    enum status status = OK;
    struct error err;
    uint64_t size;

    if (pg_incremental_file_create(&file, &handler, &err) != OK)
        abort();
    for (size_t at = 0; at < content.size && status == OK; at += step)
        status = pg_incremental_file_feed(
            file,
            (struct bytes){content.data + at, content.size - at < step ? content.size - at : step},
            &err);
    if (status == OK)
        status = pg_incremental_file_finish(file, &size, &err);
    if (status == OK && (seen->passed != seen->expected || size != seen->size_bytes))
        abort();
    pg_incremental_file_freep(&file);
    return status;
}

static void
translate(const uint8_t *input, size_t size)
{
    char *path = strndup((const char *) input, size);
    char *plain = malloc(size + 1);

    if (path == NULL || plain == NULL)
        abort();
    pg_incremental_plain_path(path, plain);
    if (pg_incremental_name(path) != (strcmp(path, plain) != 0) || pg_incremental_name(plain))
        abort();
    free(path);
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    struct seen whole = {0};
    struct seen pieces = {0};
    struct bytes content = {0};
    uint32_t count = 0;
    uint8_t *copy;

    if (size < 2)
        return 0;
    translate(input + 1, size - 1);
    if (size >= 9)
        memcpy(&count, input + 5, sizeof(count));
    content.size = size - 1;
    if (count > 0 && count <= 16)
        content.size += PG_PAGE_SIZE - content.size % PG_PAGE_SIZE +
                        (size_t) (count + (input[0] & 1)) * PG_PAGE_SIZE;
    copy = calloc(1, content.size);
    if (copy == NULL)
        abort();
    memcpy(copy, input + 1, size - 1);
    for (size_t at = PG_PAGE_SIZE; at < content.size; at++)
        copy[at] = (uint8_t) (at * 31);
    content.data = copy;
    if (parse(content, content.size, &whole) !=
            parse(content, (size_t) input[0] * 37 + 1, &pieces) ||
        whole.sum != pieces.sum || whole.passed < pieces.passed)
        abort();
    free(copy);
    return 0;
}
