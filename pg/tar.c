// SPDX-License-Identifier: PostgreSQL
#include "pg/tar.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 512

/* Offsets and sizes in a header, from POSIX's description of ustar (pax(1)). */
enum
{
    NAME_SIZE = 100,
    MODE_AT = 100,
    SIZE_AT = 124,
    SIZE_SIZE = 12,
    MTIME_AT = 136,
    CHECKSUM_AT = 148,
    CHECKSUM_SIZE = 8,
    TYPE_AT = 156,
    LINK_AT = 157,
    MAGIC_AT = 257,
    PREFIX_AT = 345,
};

enum tar_state
{
    IN_HEADER,
    IN_DATA,
    IN_PADDING,
    AT_END,
};

struct pg_tar_reader
{
    struct pg_tar_handler handler; /* set at creation, never changed after */

    enum tar_state state;
    uint8_t header[BLOCK_SIZE];
    size_t header_size; /* of it that has come */
    int zero_blocks;    /* seen last */
    uint64_t offset;    /* of the next byte; for messages */

    uint64_t data_left;
    size_t padding_left;

    /* What the member's pointers point to: a field may lack its terminator. */
    char name[NAME_SIZE + 1];
    char link_target[NAME_SIZE + 1];
};

enum status
pg_tar_reader_create(struct pg_tar_reader **reader, const struct pg_tar_handler *handler,
                     struct error *err)
{
    struct pg_tar_reader *created = calloc(1, sizeof(*created));

    if (created == NULL)
        return error_no_memory(err);
    created->handler = *handler;
    *reader = created;
    return OK;
}

void
pg_tar_reader_freep(struct pg_tar_reader **reader)
{
    free(*reader);
    *reader = NULL;
}

static enum status
corrupt(const struct pg_tar_reader *reader, struct error *err, const char *what)
{
    return error_set(err, STATUS_CORRUPT, "invalid tar archive: %s before byte %llu", what,
                     (unsigned long long) reader->offset);
}

/* Octal digits, padded by spaces or zero bytes on either side. */
static bool
read_octal(const uint8_t *field, size_t size, uint64_t *value)
{
    size_t index = 0;
    size_t digits = 0;

    *value = 0;
    while (index < size && field[index] == ' ')
        index++;
    for (; index < size && field[index] >= '0' && field[index] <= '7'; index++, digits++)
        *value = *value << 3 | (uint64_t) (field[index] - '0');
    while (index < size && (field[index] == ' ' || field[index] == '\0'))
        index++;
    return digits > 0 && index == size;
}

/* A size of 8 GiB and more is in base 256, as GNU tar has it. */
static bool
read_size(const uint8_t *field, uint64_t *value)
{
    if (field[0] != 0x80)
        return read_octal(field, SIZE_SIZE, value);
    *value = 0;
    for (int index = 1; index < SIZE_SIZE; index++)
    {
        if (*value >> 54 != 0)
            return false; /* nobody has 16 PiB in one file; sums cannot overflow */
        *value = *value << 8 | field[index];
    }
    return true;
}

static bool
checksum_matches(const uint8_t *header)
{
    uint64_t stored;
    uint64_t sum = 0;

    for (int index = 0; index < BLOCK_SIZE; index++)
    {
        bool own = index >= CHECKSUM_AT && index < CHECKSUM_AT + CHECKSUM_SIZE;

        sum += own ? ' ' : header[index];
    }
    return read_octal(header + CHECKSUM_AT, CHECKSUM_SIZE, &stored) && stored == sum;
}

static bool
read_type(uint8_t flag, enum pg_tar_type *type)
{
    switch (flag)
    {
    case '0':
        *type = PG_TAR_FILE;
        return true;
    case '2':
        *type = PG_TAR_SYMLINK;
        return true;
    case '5':
        *type = PG_TAR_DIRECTORY;
        return true;
    default:
        return false;
    }
}

static void
copy_field(char *text, const uint8_t *field)
{
    memcpy(text, field, NAME_SIZE);
    text[NAME_SIZE] = '\0';
}

/*
 * The server begins a few names with "./" and ends those of directories, and of
 * symbolic links to them, with "/" (src/backend/backup/basebackup.c).
 */
static const char *
normal_path(char *name, enum pg_tar_type type)
{
    size_t size;

    while (name[0] == '.' && name[1] == '/')
        name += 2;
    size = strlen(name);
    if (type != PG_TAR_FILE && size > 0 && name[size - 1] == '/')
        name[size - 1] = '\0';
    return name;
}

static enum status
read_member(struct pg_tar_reader *reader, struct pg_tar_member *member, struct error *err)
{
    const uint8_t *header = reader->header;
    uint64_t mode;
    uint64_t mtime;

    if (!checksum_matches(header))
        return corrupt(reader, err, "wrong header checksum");
    if (memcmp(header + MAGIC_AT, "ustar\00000", 8) != 0 || header[PREFIX_AT] != '\0')
        return corrupt(reader, err, "header of another kind of tar");
    if (!read_type(header[TYPE_AT], &member->type))
        return corrupt(reader, err, "member that is no file, directory or symbolic link");
    if (!read_octal(header + MODE_AT, 8, &mode) ||
        !read_size(header + SIZE_AT, &member->size_bytes) ||
        !read_octal(header + MTIME_AT, 12, &mtime))
        return corrupt(reader, err, "malformed number in a header");
    if (member->type != PG_TAR_FILE && member->size_bytes != 0)
        return corrupt(reader, err, "directory or symbolic link with content");

    copy_field(reader->name, header);
    copy_field(reader->link_target, header + LINK_AT);
    member->path = normal_path(reader->name, member->type);
    if (!path_is_contained(member->path))
        return corrupt(reader, err, "path that leaves the data directory");
    if ((member->type == PG_TAR_SYMLINK) != (reader->link_target[0] != '\0'))
        return corrupt(reader, err, "link target missing or out of place");
    member->link_target = reader->link_target;
    member->mode = (uint32_t) mode & 07777;
    member->mtime = (int64_t) mtime;
    return OK;
}

static enum status
end_member(struct pg_tar_reader *reader, struct error *err)
{
    reader->state = reader->padding_left > 0 ? IN_PADDING : IN_HEADER;
    return reader->handler.end(reader->handler.arg, err);
}

static bool
is_zeros(const uint8_t *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static enum status
take_header(struct pg_tar_reader *reader, struct error *err)
{
    struct pg_tar_member member;

    reader->header_size = 0;
    if (is_zeros(reader->header, BLOCK_SIZE))
    {
        if (++reader->zero_blocks == 2)
            reader->state = AT_END;
        return OK;
    }
    if (reader->zero_blocks > 0)
        return corrupt(reader, err, "member after a block of zeros");

    TRY(read_member(reader, &member, err));
    reader->data_left = member.size_bytes;
    reader->padding_left = (BLOCK_SIZE - member.size_bytes % BLOCK_SIZE) % BLOCK_SIZE;
    reader->state = IN_DATA;
    TRY(reader->handler.begin(reader->handler.arg, &member, err));
    if (reader->data_left == 0)
        return end_member(reader, err);
    return OK;
}

static enum status
feed_header(struct pg_tar_reader *reader, struct bytes bytes, size_t *taken, struct error *err)
{
    size_t missing = BLOCK_SIZE - reader->header_size;

    *taken = bytes.size < missing ? bytes.size : missing;
    memcpy(reader->header + reader->header_size, bytes.data, *taken);
    reader->header_size += *taken;
    reader->offset += *taken;
    return reader->header_size == BLOCK_SIZE ? take_header(reader, err) : OK;
}

static enum status
feed_data(struct pg_tar_reader *reader, struct bytes bytes, size_t *taken, struct error *err)
{
    *taken = bytes.size < reader->data_left ? bytes.size : (size_t) reader->data_left;
    reader->data_left -= *taken;
    reader->offset += *taken;
    TRY(reader->handler.data(reader->handler.arg, (struct bytes){bytes.data, *taken}, err));
    return reader->data_left == 0 ? end_member(reader, err) : OK;
}

static void
feed_padding(struct pg_tar_reader *reader, struct bytes bytes, size_t *taken)
{
    *taken = bytes.size < reader->padding_left ? bytes.size : reader->padding_left;
    reader->padding_left -= *taken;
    reader->offset += *taken;
    if (reader->padding_left == 0)
        reader->state = IN_HEADER;
}

enum status
pg_tar_reader_feed(struct pg_tar_reader *reader, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0)
    {
        size_t taken = bytes.size;

        switch (reader->state)
        {
        case IN_HEADER:
            TRY(feed_header(reader, bytes, &taken, err));
            break;
        case IN_DATA:
            TRY(feed_data(reader, bytes, &taken, err));
            break;
        case IN_PADDING:
            feed_padding(reader, bytes, &taken);
            break;
        case AT_END:
            /* Blocks of tape used to be filled up with zeros. */
            if (!is_zeros(bytes.data, bytes.size))
                return corrupt(reader, err, "data after the end");
            break;
        }
        bytes.data += taken;
        bytes.size -= taken;
    }
    return OK;
}

enum status
pg_tar_reader_finish(struct pg_tar_reader *reader, bool end_optional, struct error *err)
{
    bool between = reader->state == IN_HEADER && reader->header_size == 0;

    if (reader->state == AT_END || (end_optional && between && reader->zero_blocks == 0))
        return OK;
    return error_set(err, STATUS_CORRUPT, "tar archive is cut off after %llu bytes",
                     (unsigned long long) reader->offset);
}
