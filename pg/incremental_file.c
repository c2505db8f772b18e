// SPDX-License-Identifier: PostgreSQL
#include "pg/incremental_file.h"

#include "pg/native.h"
#include "pg/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC  UINT32_C(0xd3ae1f0d)
#define PREFIX "INCREMENTAL."

/* "pg_tblspc/4294967295/PG_15_202209061/4294967295/4294967295_init.32767" and room to spare. */
#define RELATION_PATH_MAX 127

/* Magic, block count, truncation block length. */
#define FRONT_SIZE 12

enum incremental_state
{
    IN_FRONT,
    IN_BLOCK_NUMBERS,
    IN_PADDING,
    IN_CONTENT,
    AT_END,
};

struct pg_incremental_file
{
    struct pg_incremental_handler handler; /* set at creation, never changed after */

    /* Grows to the largest count met; kept from file to file. */
    uint32_t *blocks;
    uint32_t block_capacity;

    enum incremental_state state;
    uint64_t state_done; /* bytes of what the state reads that have come */
    uint8_t front[FRONT_SIZE];
    struct pg_incremental_header header;
};

enum status
pg_incremental_file_create(struct pg_incremental_file **file,
                           const struct pg_incremental_handler *handler, struct error *err)
{
    struct pg_incremental_file *created = calloc(1, sizeof(*created));

    if (created == NULL)
        return error_no_memory(err);
    created->handler = *handler;
    *file = created;
    return OK;
}

void
pg_incremental_file_freep(struct pg_incremental_file **file)
{
    if (*file == NULL)
        return;
    free((*file)->blocks);
    free(*file);
    *file = NULL;
}

static void
enter(struct pg_incremental_file *file, enum incremental_state state)
{
    file->state = state;
    file->state_done = 0;
}

/* What the next bytes add to size bytes of memory; true when it is full. */
static bool
collect(struct pg_incremental_file *file, void *memory, size_t size, struct bytes *bytes)
{
    size_t left = size - (size_t) file->state_done;
    size_t part = bytes->size < left ? bytes->size : left;

    memcpy((uint8_t *) memory + file->state_done, bytes->data, part);
    file->state_done += part;
    bytes->data += part;
    bytes->size -= part;
    return file->state_done == size;
}

/* Of what stands before the padding. */
static size_t
front_size(const struct pg_incremental_file *file)
{
    return FRONT_SIZE + file->header.block_count * sizeof(uint32_t);
}

static enum status
make_room(struct pg_incremental_file *file, uint32_t count, struct error *err)
{
    uint32_t *grown;

    if (count <= file->block_capacity)
        return OK;
    grown = realloc(file->blocks, count * sizeof(*grown));
    if (grown == NULL)
        return error_no_memory(err);
    file->blocks = grown;
    file->block_capacity = count;
    return OK;
}

/* The truncation length can only be too large where the server subtracted wrongly. */
static enum status
check_lengths(const struct pg_incremental_header *header, struct error *err)
{
    if (header->block_count > PG_FILE_BLOCKS)
        return error_set(err, STATUS_CORRUPT,
                         "incremental file has %" PRIu32 " blocks, more than the %" PRIu32
                         " of a whole file",
                         header->block_count, PG_FILE_BLOCKS);
    if (header->truncation_block_length <= PG_FILE_BLOCKS)
        return OK;
    error_set(err, STATUS_UNSUPPORTED,
              "incremental file has truncation block length %" PRIu32 ", more than the %" PRIu32
              " blocks of a whole file",
              header->truncation_block_length, PG_FILE_BLOCKS);
    error_hint(err, "The server's incremental backups of truncated relations are wrong. Update "
                    "it to 17.8, 18.2 or later, and take a full backup until then.");
    return STATUS_UNSUPPORTED;
}

/* All before the content is known. */
static enum status
announce(struct pg_incremental_file *file, struct error *err)
{
    struct pg_incremental_header *header = &file->header;
    uint32_t end = header->block_count == 0 ? 0 : file->blocks[header->block_count - 1] + 1;
    bool aligned = front_size(file) % PG_PAGE_SIZE == 0;

    if (end < header->truncation_block_length)
        end = header->truncation_block_length;
    header->blocks = file->blocks;
    header->size_bytes = (uint64_t) end * PG_PAGE_SIZE;
    if (header->block_count == 0)
        enter(file, AT_END);
    else
        enter(file, aligned ? IN_CONTENT : IN_PADDING);
    return file->handler.header(file->handler.arg, header, err);
}

static enum status
read_front(struct pg_incremental_file *file, struct bytes *bytes, struct error *err)
{
    if (!collect(file, file->front, FRONT_SIZE, bytes))
        return OK;
    if (native_u32(file->front) != MAGIC)
        return error_set(err, STATUS_CORRUPT,
                         "incremental file begins with 0x%08" PRIx32 ", expected 0x%08" PRIx32,
                         native_u32(file->front), MAGIC);
    file->header = (struct pg_incremental_header){
        .block_count = native_u32(file->front + 4),
        .truncation_block_length = native_u32(file->front + 8),
    };
    TRY(check_lengths(&file->header, err));
    if (file->header.block_count == 0)
        return announce(file, err);
    TRY(make_room(file, file->header.block_count, err));
    enter(file, IN_BLOCK_NUMBERS);
    return OK;
}

static enum status
check_block_numbers(const struct pg_incremental_file *file, struct error *err)
{
    for (uint32_t index = 0; index < file->header.block_count; index++)
    {
        uint32_t block = file->blocks[index];

        if (block >= PG_FILE_BLOCKS)
            return error_set(err, STATUS_CORRUPT,
                             "incremental file names block %" PRIu32
                             ", expected a number below %" PRIu32,
                             block, PG_FILE_BLOCKS);
        if (index > 0 && block <= file->blocks[index - 1])
            return error_set(err, STATUS_CORRUPT,
                             "incremental file names block %" PRIu32 " after block %" PRIu32, block,
                             file->blocks[index - 1]);
    }
    return OK;
}

static enum status
read_block_numbers(struct pg_incremental_file *file, struct bytes *bytes, struct error *err)
{
    if (!collect(file, file->blocks, file->header.block_count * sizeof(uint32_t), bytes))
        return OK;
    TRY(check_block_numbers(file, err));
    return announce(file, err);
}

static enum status
read_padding(struct pg_incremental_file *file, struct bytes *bytes, struct error *err)
{
    static const uint8_t zeros[PG_PAGE_SIZE];
    size_t left = PG_PAGE_SIZE - front_size(file) % PG_PAGE_SIZE - (size_t) file->state_done;
    size_t part = bytes->size < left ? bytes->size : left;

    if (memcmp(bytes->data, zeros, part) != 0)
        return error_set(err, STATUS_CORRUPT,
                         "incremental file has other bytes than zeros before its blocks");
    file->state_done += part;
    bytes->data += part;
    bytes->size -= part;
    if (part == left)
        enter(file, IN_CONTENT);
    return OK;
}

/* Blocks that follow each other in the file are passed on as one piece. */
static enum status
read_content(struct pg_incremental_file *file, struct bytes *bytes, struct error *err)
{
    uint64_t total = (uint64_t) file->header.block_count * PG_PAGE_SIZE;
    uint32_t first = (uint32_t) (file->state_done / PG_PAGE_SIZE);
    uint32_t within = (uint32_t) (file->state_done % PG_PAGE_SIZE);
    struct bytes part = {bytes->data, PG_PAGE_SIZE - within};

    for (uint32_t index = first + 1; index < file->header.block_count && part.size < bytes->size &&
                                     file->blocks[index] == file->blocks[index - 1] + 1;
         index++)
        part.size += PG_PAGE_SIZE;
    if (part.size > bytes->size)
        part.size = bytes->size;

    file->state_done += part.size;
    bytes->data += part.size;
    bytes->size -= part.size;
    TRY(file->handler.data(file->handler.arg,
                           (uint64_t) file->blocks[first] * PG_PAGE_SIZE + within, part, err));
    if (file->state_done == total)
        enter(file, AT_END);
    return OK;
}

enum status
pg_incremental_file_feed(struct pg_incremental_file *file, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0)
    {
        switch (file->state)
        {
        case IN_FRONT:
            TRY(read_front(file, &bytes, err));
            break;
        case IN_BLOCK_NUMBERS:
            TRY(read_block_numbers(file, &bytes, err));
            break;
        case IN_PADDING:
            TRY(read_padding(file, &bytes, err));
            break;
        case IN_CONTENT:
            TRY(read_content(file, &bytes, err));
            break;
        case AT_END:
            return error_set(err, STATUS_CORRUPT, "incremental file goes on after its last block");
        }
    }
    return OK;
}

enum status
pg_incremental_file_finish(struct pg_incremental_file *file, uint64_t *size_bytes,
                           struct error *err)
{
    if (file->state == IN_CONTENT)
        return error_set(err, STATUS_CORRUPT,
                         "incremental file ends in block %" PRIu64 " of %" PRIu32,
                         file->state_done / PG_PAGE_SIZE + 1, file->header.block_count);
    if (file->state != AT_END)
        return error_set(err, STATUS_CORRUPT, "incremental file ends before its first block");
    *size_bytes = file->header.size_bytes;
    enter(file, IN_FRONT);
    return OK;
}

/* How long the directory in front of a path's last component is, with its slash. */
static size_t
directory_size(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? 0 : (size_t) (slash - path) + 1;
}

bool
pg_incremental_name(const char *path)
{
    struct pg_relation_path relation;
    size_t directory = directory_size(path);
    char plain[RELATION_PATH_MAX + 1];

    if (strncmp(path + directory, PREFIX, strlen(PREFIX)) != 0 ||
        strlen(path) - strlen(PREFIX) > RELATION_PATH_MAX)
        return false;
    memcpy(plain, path, directory);
    memcpy(plain + directory, path + directory + strlen(PREFIX),
           strlen(path + directory) - strlen(PREFIX) + 1);
    return pg_relation_path_parse(plain, &relation);
}

void
pg_incremental_plain_path(const char *path, char *plain)
{
    size_t directory = directory_size(path);
    size_t skipped = pg_incremental_name(path) ? strlen(PREFIX) : 0;

    memcpy(plain, path, directory);
    memcpy(plain + directory, path + directory + skipped, strlen(path + directory) - skipped + 1);
}

bool
pg_incremental_path(const char *plain, char *path, size_t size)
{
    struct pg_relation_path relation;
    size_t directory = directory_size(plain);

    if (!pg_relation_path_parse(plain, &relation) || strlen(plain) + strlen(PREFIX) >= size)
        return false;
    memcpy(path, plain, directory);
    memcpy(path + directory, PREFIX, strlen(PREFIX));
    memcpy(path + directory + strlen(PREFIX), plain + directory, strlen(plain + directory) + 1);
    return true;
}
