// SPDX-License-Identifier: PostgreSQL
#include "pg/label.h"

#include "pg/line.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The server's MAXPGPATH. */
#define LOCATION_MAX 1024

static bool
read_start(struct bytes *line, struct pg_backup_label *label)
{
    struct pg_wal_file file;
    struct error ignored;

    if (!line_take_lsn(line, &label->start.lsn) || !line_take(line, " (file ") || line->size < 1 ||
        line->data[line->size - 1] != ')')
        return false;
    line->size--;
    return line_take_rest(line, label->start_segment, sizeof(label->start_segment)) &&
           pg_wal_file_parse(label->start_segment, 0, &file, &ignored) == OK &&
           file.kind == PG_WAL_FILE_SEGMENT;
}

static bool
read_from(struct bytes *line, struct pg_backup_label *label)
{
    label->from_standby = line_take(line, "standby");
    return label->from_standby || line_take(line, "primary");
}

static bool
read_checkpoint(struct bytes *line, struct pg_backup_label *label)
{
    return line_take_lsn(line, &label->checkpoint);
}

static bool
read_method(struct bytes *line, struct pg_backup_label *label)
{
    return line_take_rest(line, label->method, sizeof(label->method));
}

static bool
read_start_time(struct bytes *line, struct pg_backup_label *label)
{
    return line_take_rest(line, label->start_time, sizeof(label->start_time));
}

static bool
read_label_text(struct bytes *line, struct pg_backup_label *label)
{
    return line_take_rest(line, label->label, sizeof(label->label));
}

static bool
read_timeline(struct bytes *line, struct pg_backup_label *label)
{
    return line_take_u32(line, &label->start.timeline) && label->start.timeline != 0;
}

static bool
read_incremental_lsn(struct bytes *line, struct pg_backup_label *label)
{
    return line_take_lsn(line, &label->incremental_from.lsn);
}

static bool
read_incremental_timeline(struct bytes *line, struct pg_backup_label *label)
{
    label->incremental = true;
    return line_take_u32(line, &label->incremental_from.timeline) &&
           label->incremental_from.timeline != 0;
}

enum
{
    INCREMENTAL_LSN = 7,
    INCREMENTAL_TIMELINE = 8,
    LABEL_LINES = 9,
};

static const struct
{
    const char *name;
    bool (*read)(struct bytes *line, struct pg_backup_label *label);
    bool required;
} label_lines[LABEL_LINES] = {
    {"START WAL LOCATION: ", read_start, true},
    {"CHECKPOINT LOCATION: ", read_checkpoint, true},
    {"BACKUP METHOD: ", read_method, true},
    {"BACKUP FROM: ", read_from, true},
    {"START TIME: ", read_start_time, false},
    {"LABEL: ", read_label_text, false},
    {"START TIMELINE: ", read_timeline, true},
    [INCREMENTAL_LSN] = {"INCREMENTAL FROM LSN: ", read_incremental_lsn, false},
    [INCREMENTAL_TIMELINE] = {"INCREMENTAL FROM TLI: ", read_incremental_timeline, false},
};

/* One line; false when it is malformed, or there a second time. */
static bool
read_label_line(struct bytes line, struct pg_backup_label *label, bool seen[LABEL_LINES])
{
    for (int index = 0; index < LABEL_LINES; index++)
    {
        if (!line_take(&line, label_lines[index].name))
            continue;
        if (seen[index])
            return false;
        seen[index] = true;
        return label_lines[index].read(&line, label) && line.size == 0;
    }
    return true;
}

static enum status
check_seen(const bool seen[LABEL_LINES], struct error *err)
{
    for (int index = 0; index < LABEL_LINES; index++)
        if (label_lines[index].required && !seen[index])
            return error_set(err, STATUS_CORRUPT, "invalid backup_label: no line \"%s\"",
                             label_lines[index].name);
    if (seen[INCREMENTAL_LSN] != seen[INCREMENTAL_TIMELINE])
        return error_set(err, STATUS_CORRUPT,
                         "invalid backup_label: only one of the two INCREMENTAL lines");
    return OK;
}

enum status
pg_backup_label_parse(struct bytes content, struct pg_backup_label *label, struct error *err)
{
    bool seen[LABEL_LINES] = {false};
    struct bytes line;

    *label = (struct pg_backup_label){0};
    while (line_next(&content, &line))
    {
        if (!read_label_line(line, label, seen))
            return error_set(err, STATUS_CORRUPT, "invalid backup_label: malformed line \"%.*s\"",
                             (int) (line.size < 80 ? line.size : 80), (const char *) line.data);
    }
    return check_seen(seen, err);
}

enum status
pg_backup_label_strip_incremental(struct bytes content, struct buffer *stripped, struct error *err)
{
    struct bytes left = content;
    struct bytes line;

    while (line_next(&left, &line))
    {
        struct bytes start = line;
        struct bytes whole = {line.data, (size_t) (left.data - line.data)};

        if (line_take(&start, label_lines[INCREMENTAL_LSN].name) ||
            line_take(&start, label_lines[INCREMENTAL_TIMELINE].name))
            continue;
        TRY(buffer_append(stripped, whole, err));
    }
    return OK;
}

static enum status
append_tablespace(struct pg_tablespace_map *map, uint32_t oid, const char *location,
                  struct error *err)
{
    struct pg_tablespace *grown = realloc(map->entries, (map->count + 1) * sizeof(*map->entries));

    if (grown == NULL)
        return error_no_memory(err);
    map->entries = grown;
    grown[map->count] = (struct pg_tablespace){oid, strdup(location)};
    if (grown[map->count].location == NULL)
        return error_no_memory(err);
    map->count++;
    return OK;
}

/* "16384 /srv/fast", its escapes already undone. */
static enum status
read_tablespace(struct bytes line, struct pg_tablespace_map *map, struct error *err)
{
    struct bytes whole = line;
    char location[LOCATION_MAX];
    uint32_t oid;

    if (!line_take_u32(&line, &oid) || oid == 0 || !line_take(&line, " ") ||
        !line_take_rest(&line, location, sizeof(location)) || location[0] != '/')
        return error_set(err, STATUS_CORRUPT, "invalid tablespace_map: malformed line \"%.*s\"",
                         (int) (whole.size < 80 ? whole.size : 80), (const char *) whole.data);
    return append_tablespace(map, oid, location, err);
}

static enum status
read_tablespaces(struct bytes content, struct pg_tablespace_map *map, struct error *err)
{
    uint8_t line[LOCATION_MAX + sizeof("4294967295 ")];
    size_t size = 0;
    bool escaped = false;

    for (size_t index = 0; index < content.size; index++)
    {
        uint8_t byte = content.data[index];

        if (!escaped && (byte == '\n' || byte == '\r'))
        {
            if (size > 0)
                TRY(read_tablespace((struct bytes){line, size}, map, err));
            size = 0;
            continue;
        }
        escaped = !escaped && byte == '\\';
        if (escaped)
            continue;
        if (size == sizeof(line))
            return error_set(err, STATUS_CORRUPT, "invalid tablespace_map: line too long");
        line[size++] = byte;
    }
    if (size > 0 || escaped)
        return error_set(err, STATUS_CORRUPT, "invalid tablespace_map: its last line is cut");
    return OK;
}

enum status
pg_tablespace_map_parse(struct bytes content, struct pg_tablespace_map *map, struct error *err)
{
    SCOPED(pg_tablespace_map_release) struct pg_tablespace_map read = {0};

    TRY(read_tablespaces(content, &read, err));
    *map = read;
    read = (struct pg_tablespace_map){0};
    return OK;
}

enum status
pg_tablespace_map_append(struct buffer *content, uint32_t oid, const char *location,
                         struct error *err)
{
    TRY(buffer_append_text(content, err, "%" PRIu32 " ", oid));
    for (; *location != '\0'; location++)
    {
        if (strchr("\n\r\\", *location) != NULL)
            TRY(buffer_append(content, BYTES("\\"), err));
        TRY(buffer_append(content, (struct bytes){(const uint8_t *) location, 1}, err));
    }
    return buffer_append(content, BYTES("\n"), err);
}

void
pg_tablespace_map_release(struct pg_tablespace_map *map)
{
    for (size_t index = 0; index < map->count; index++)
        free(map->entries[index].location);
    free(map->entries);
    *map = (struct pg_tablespace_map){0};
}
