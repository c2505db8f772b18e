// SPDX-License-Identifier: PostgreSQL
#include "pg/segment.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NAME_DIGITS (PG_WAL_SEGMENT_NAME_SIZE - 1)

/* How many segments share one "log": the middle digits of a name. */
static uint64_t
segments_per_log(uint32_t segment_size)
{
    return (UINT64_C(1) << 32) / segment_size;
}

bool
pg_wal_segment_size_valid(uint64_t size_bytes)
{
    return size_bytes >= PG_WAL_SEGMENT_SIZE_MIN && size_bytes <= PG_WAL_SEGMENT_SIZE_MAX &&
           (size_bytes & (size_bytes - 1)) == 0;
}

struct pg_wal_segment
pg_wal_segment_of(struct pg_wal_position position, uint32_t segment_size)
{
    return (struct pg_wal_segment){position.timeline, position.lsn / segment_size};
}

struct pg_wal_segment
pg_wal_segment_before(struct pg_wal_position end, uint32_t segment_size)
{
    return (struct pg_wal_segment){end.timeline, (end.lsn - 1) / segment_size};
}

pg_lsn
pg_wal_segment_start(struct pg_wal_segment segment, uint32_t segment_size)
{
    return segment.number * segment_size;
}

pg_lsn
pg_wal_segment_end(struct pg_wal_segment segment, uint32_t segment_size)
{
    return (segment.number + 1) * segment_size;
}

void
pg_wal_segment_name(struct pg_wal_segment segment, uint32_t segment_size,
                    char name[PG_WAL_SEGMENT_NAME_SIZE])
{
    uint64_t per_log = segments_per_log(segment_size);

    snprintf(name, PG_WAL_SEGMENT_NAME_SIZE, "%08" PRIX32 "%08" PRIX32 "%08" PRIX32,
             segment.timeline, (uint32_t) (segment.number / per_log),
             (uint32_t) (segment.number % per_log));
}

void
pg_wal_history_name(pg_timeline timeline, char name[PG_WAL_FILE_NAME_SIZE])
{
    snprintf(name, PG_WAL_FILE_NAME_SIZE, "%08" PRIX32 ".history", timeline);
}

/* Exactly eight digits, in upper case as PostgreSQL writes them. */
static bool
read_digits(const char *text, uint32_t *value)
{
    *value = 0;
    for (int index = 0; index < 8; index++)
    {
        int digit = hex_digit(text[index]);

        if (digit < 0 || (text[index] >= 'a' && text[index] <= 'f'))
            return false;
        *value = *value << 4 | (uint32_t) digit;
    }
    return true;
}

/* The 24 digits that all but history files begin with. */
static bool
read_segment_digits(const char *name, uint32_t segment_size, struct pg_wal_file *file)
{
    uint64_t per_log = segments_per_log(segment_size == 0 ? PG_WAL_SEGMENT_SIZE_MIN : segment_size);

    if (!read_digits(name, &file->timeline) || !read_digits(name + 8, &file->log) ||
        !read_digits(name + 16, &file->log_segment))
        return false;
    if (file->timeline == 0 || file->log_segment >= per_log)
        return false;
    file->number = segment_size == 0 ? 0 : file->log * per_log + file->log_segment;
    return true;
}

/* ".0000000A.backup" */
static bool
read_backup_suffix(const char *suffix, uint32_t segment_size, struct pg_wal_file *file)
{
    uint32_t limit = segment_size == 0 ? PG_WAL_SEGMENT_SIZE_MAX : segment_size;

    file->kind = PG_WAL_FILE_BACKUP;
    return strlen(suffix) == 16 && suffix[0] == '.' && strcmp(suffix + 9, ".backup") == 0 &&
           read_digits(suffix + 1, &file->backup_offset) && file->backup_offset < limit;
}

static bool
read_name(const char *name, uint32_t segment_size, struct pg_wal_file *file)
{
    *file = (struct pg_wal_file){.kind = PG_WAL_FILE_SEGMENT};

    if (strlen(name) == 16 && strcmp(name + 8, ".history") == 0)
    {
        file->kind = PG_WAL_FILE_HISTORY;
        return read_digits(name, &file->timeline) && file->timeline != 0;
    }
    if (strlen(name) < NAME_DIGITS || !read_segment_digits(name, segment_size, file))
        return false;
    if (strcmp(name + NAME_DIGITS, ".partial") == 0)
    {
        file->kind = PG_WAL_FILE_PARTIAL;
        return true;
    }
    return name[NAME_DIGITS] == '\0' || read_backup_suffix(name + NAME_DIGITS, segment_size, file);
}

enum status
pg_wal_file_parse(const char *name, uint32_t segment_size, struct pg_wal_file *file,
                  struct error *err)
{
    if (!read_name(name, segment_size, file))
        return error_set(err, STATUS_CONFIG, "\"%.128s\" is not the name of a WAL file", name);
    return OK;
}

enum status
pg_wal_segment_parse(const char *name, uint32_t segment_size, struct pg_wal_segment *segment,
                     struct error *err)
{
    struct pg_wal_file file;

    if (!read_name(name, segment_size, &file) || file.kind != PG_WAL_FILE_SEGMENT)
        return error_set(err, STATUS_CONFIG, "\"%.128s\" is not the name of a WAL segment", name);
    *segment = (struct pg_wal_segment){file.timeline, file.number};
    return OK;
}
