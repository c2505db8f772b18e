// SPDX-License-Identifier: PostgreSQL
/*
 * The manifest was authenticated before a line of it arrives here, yet it is
 * not trusted: a program with a bug wrote it, or a thief with the key.
 */
#include "base/file.h"
#include "base/json.h"
#include "repo/backup.h"
#include "repo/manifest.h"
#include "repo/object.h"
#include "stream/sink.h"

#include <stdlib.h>
#include <string.h>

#define LINE_LIMIT      ((size_t) 1 << 20)
#define PATH_SIZE       1025
#define TABLESPACES_MAX 65536

enum part
{
    PART_HEADER,
    PART_FILES,
    PART_PACKS,
    PART_END,
};

struct manifest_sink
{
    struct sink base;
    struct manifest_handler handler;
    struct buffer line;
    enum part part;
    size_t line_number;
    uint32_t pack_count;
    uint32_t packs_named; /* by extents: one more than the greatest index */
    char path[PATH_SIZE]; /* of the present file; "" before the first */
    struct manifest_file file;
    uint64_t covered; /* where the present file's last extent ended */
    struct manifest_totals totals;
};

static enum status
corrupt(struct error *err, const char *what)
{
    return error_set(err, STATUS_CORRUPT, "%s", what);
}

static enum status
read_tablespaces(const json_t *array, struct pg_tablespace *tablespaces, struct error *err)
{
    for (size_t index = 0; index < json_array_size(array); index++)
    {
        const json_t *object = json_array_get(array, index);
        const char *location;

        TRY(member_u32(object, "oid", &tablespaces[index].oid, err));
        TRY(member_text(object, "location", &location, err));
        if (location[0] != '/')
            return corrupt(err, "tablespace location is not absolute");
        tablespaces[index].location = (char *) location; /* borrowed: nobody frees it */
    }
    return OK;
}

static enum status
read_header(struct manifest_sink *sink, const json_t *object, struct error *err)
{
    SCOPED(freep) struct pg_tablespace *tablespaces = NULL;
    struct manifest_header header;
    const json_t *array;
    uint32_t version;

    TRY(member_u32(object, "manifest", &version, err));
    if (version != 1)
        return error_set(err, STATUS_UNSUPPORTED, "manifest version %u, expected 1", version);
    TRY(member_text(object, "backup", &header.backup_id, err));
    if (sink->handler.backup_id != NULL && strcmp(header.backup_id, sink->handler.backup_id) != 0)
        return error_set(err, STATUS_CORRUPT, "it is the manifest of backup \"%s\"",
                         header.backup_id);
    TRY(member_u64(object, "system_identifier", &header.system_identifier, err));
    TRY(member_u32(object, "major", &header.major, err));
    TRY(member_array(object, "tablespaces", &array, err));
    header.tablespace_count = json_array_size(array);
    if (header.tablespace_count > TABLESPACES_MAX)
        return corrupt(err, "too many tablespaces");
    tablespaces = calloc(header.tablespace_count + 1, sizeof(*tablespaces));
    if (tablespaces == NULL)
        return error_no_memory(err);
    TRY(read_tablespaces(array, tablespaces, err));
    header.tablespaces = tablespaces;
    sink->part = PART_FILES;
    return sink->handler.header == NULL ? OK
                                        : sink->handler.header(sink->handler.arg, &header, err);
}

static enum status
read_pack(struct manifest_sink *sink, const json_t *object, struct error *err)
{
    struct pack pack;

    sink->part = PART_PACKS;
    TRY(member_hex(object, "pack", pack.id, PACK_ID_SIZE, err));
    TRY(member_hex(object, "key", pack.key_id.bytes, SEAL_KEY_ID_SIZE, err));
    TRY(member_u64(object, "size", &pack.size_bytes, err));
    TRY(member_u64(object, "content", &pack.content_bytes, err));
    TRY(member_u64(object, "live", &pack.live_bytes, err));
    if (pack.size_bytes > PACK_SIZE || pack.live_bytes > pack.content_bytes ||
        sink->pack_count == UINT32_MAX)
        return corrupt(err, "impossible pack");
    sink->pack_count++;
    return sink->handler.pack == NULL ? OK : sink->handler.pack(sink->handler.arg, &pack, err);
}

static enum status
read_path(const json_t *object, char path[PATH_SIZE], struct error *err)
{
    const char *text;

    if (member_exists(object, "path_hex"))
    {
        TRY(member_text(object, "path_hex", &text, err));
        if (strlen(text) / 2 >= PATH_SIZE || !hex_decode(text, (uint8_t *) path, strlen(text) / 2))
            return corrupt(err, "invalid path_hex");
        path[strlen(text) / 2] = '\0';
        if (strlen(path) != strlen(text) / 2)
            return corrupt(err, "path_hex holds a zero byte");
    }
    else
    {
        TRY(member_text(object, "path", &text, err));
        if (strlen(text) >= PATH_SIZE)
            return corrupt(err, "path is too long");
        memcpy(path, text, strlen(text) + 1);
    }
    if (!path_is_contained(path))
        return error_set(err, STATUS_CORRUPT, "path \"%s\" leads out of the data directory", path);
    return OK;
}

static enum status
read_attributes(struct manifest_sink *sink, const json_t *object, struct error *err)
{
    struct manifest_file *file = &sink->file;
    const char *mode;
    const char *type = "file";
    uint8_t crc[4];
    char *end;

    *file = (struct manifest_file){.path = sink->path};
    TRY(member_text(object, "mode", &mode, err));
    file->mode = (uint32_t) strtoul(mode, &end, 8);
    if (*end != '\0' || file->mode > 07777)
        return corrupt(err, "invalid mode");
    TRY(member_i64(object, "mtime", &file->mtime, err));
    TRY(member_text_optional(object, "type", &type, err));
    if (strcmp(type, "directory") == 0)
    {
        file->type = MANIFEST_DIRECTORY;
        sink->totals.directories++;
        return OK;
    }
    if (strcmp(type, "file") != 0)
        return error_set(err, STATUS_CORRUPT, "unknown type \"%s\"", type);
    TRY(member_u64(object, "size", &file->size_bytes, err));
    file->has_crc32c = member_exists(object, "crc32c");
    if (file->has_crc32c)
    {
        TRY(member_hex(object, "crc32c", crc, sizeof(crc), err));
        file->crc32c =
            (uint32_t) crc[0] << 24 | (uint32_t) crc[1] << 16 | (uint32_t) crc[2] << 8 | crc[3];
    }
    sink->totals.files++;
    sink->totals.bytes += file->size_bytes;
    return OK;
}

static enum status
read_number(const json_t *array, size_t index, uint64_t limit, uint64_t *number, struct error *err)
{
    const json_t *value = json_array_get(array, index);

    if (json_is_integer(value) && json_integer_value(value) >= 0)
        *number = (uint64_t) json_integer_value(value);
    else
        return corrupt(err, "an extent holds no number");
    return *number <= limit ? OK : corrupt(err, "a number of an extent is too large");
}

/* [file_offset, length, pack, frame, frame_offset, frame_size, skip] */
static enum status
read_extent(struct manifest_sink *sink, const json_t *array, struct error *err)
{
    struct manifest_extent extent;
    uint64_t numbers[7];

    if (json_array_size(array) != 7)
        return corrupt(err, "an extent does not have seven numbers");
    for (size_t index = 0; index < 7; index++)
        TRY(read_number(array, index, index == 0 ? INT64_MAX : UINT32_MAX, &numbers[index], err));
    extent = (struct manifest_extent){
        .file_offset = numbers[0],
        .length = (uint32_t) numbers[1],
        .skip = (uint32_t) numbers[6],
        .frame = {(uint32_t) numbers[2], (uint32_t) numbers[3], (uint32_t) numbers[4],
                  (uint32_t) numbers[5]},
    };
    if (extent.file_offset < sink->covered || extent.length == 0 || extent.length > FRAME_SIZE ||
        extent.file_offset > sink->file.size_bytes ||
        extent.length > sink->file.size_bytes - extent.file_offset)
        return corrupt(err, "an extent lies outside its file or before the one before");
    if (extent.frame.pack == UINT32_MAX || extent.skip > FRAME_SIZE - extent.length ||
        extent.frame.size > FRAME_STORED_MAX || extent.frame.size < FRAME_HEADER_SIZE ||
        extent.frame.offset < PACK_HEADER_SIZE ||
        extent.frame.offset > PACK_SIZE - extent.frame.size)
        return corrupt(err, "an extent names an impossible frame");
    if (extent.frame.pack >= sink->packs_named)
        sink->packs_named = extent.frame.pack + 1;
    sink->covered = extent.file_offset + extent.length;
    sink->totals.extents++;
    if (sink->handler.extent == NULL)
        return OK;
    return sink->handler.extent(sink->handler.arg, &sink->file, &extent, err);
}

static enum status
read_extents(struct manifest_sink *sink, const json_t *object, const char *name, struct error *err)
{
    const json_t *array;

    if (!member_exists(object, name))
        return OK;
    if (sink->part != PART_FILES || sink->path[0] == '\0' || sink->file.type != MANIFEST_FILE)
        return corrupt(err, "extents without a file");
    TRY(member_array(object, name, &array, err));
    for (size_t index = 0; index < json_array_size(array); index++)
        TRY(read_extent(sink, json_array_get(array, index), err));
    return OK;
}

static enum status
read_file(struct manifest_sink *sink, const json_t *object, struct error *err)
{
    char path[PATH_SIZE];

    TRY(read_path(object, path, err));
    if (sink->part != PART_FILES)
        return error_set(err, STATUS_CORRUPT, "path \"%s\" comes after the packs", path);
    if (strcmp(path, sink->path) <= 0)
        return error_set(err, STATUS_CORRUPT, "path \"%s\" is out of order", path);
    memcpy(sink->path, path, sizeof(path));
    sink->covered = 0;
    TRY(read_attributes(sink, object, err));
    if (sink->handler.file != NULL)
        TRY(sink->handler.file(sink->handler.arg, &sink->file, err));
    return read_extents(sink, object, "extents", err);
}

static enum status
read_end(struct manifest_sink *sink, const json_t *object, struct error *err)
{
    struct manifest_totals totals;
    const json_t *end;

    TRY(member_object(object, "end", &end, err));
    TRY(member_u64(end, "files", &totals.files, err));
    TRY(member_u64(end, "directories", &totals.directories, err));
    TRY(member_u64(end, "bytes", &totals.bytes, err));
    TRY(member_u64(end, "extents", &totals.extents, err));
    if (memcmp(&totals, &sink->totals, sizeof(totals)) != 0)
        return corrupt(err, "its end does not count what it holds");
    if (sink->packs_named > sink->pack_count)
        return corrupt(err, "extents name packs that it does not list");
    sink->part = PART_END;
    return OK;
}

static enum status
read_object(struct manifest_sink *sink, const json_t *object, struct error *err)
{
    if (sink->part == PART_HEADER)
        return read_header(sink, object, err);
    if (sink->part == PART_END)
        return corrupt(err, "it goes on after its end");
    if (member_exists(object, "pack"))
        return read_pack(sink, object, err);
    if (member_exists(object, "more"))
        return read_extents(sink, object, "more", err);
    if (member_exists(object, "end"))
        return read_end(sink, object, err);
    return read_file(sink, object, err);
}

static enum status
read_line(struct manifest_sink *sink, struct bytes line, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    enum status status;

    sink->line_number++;
    status = json_parse(line, LINE_LIMIT, &object, err);
    if (status == OK)
        status = read_object(sink, object, err);
    if (status == STATUS_CORRUPT)
        error_context(err, "manifest line %zu", sink->line_number);
    return status;
}

static enum status
manifest_write(struct sink *self, struct bytes chunk, struct error *err)
{
    struct manifest_sink *sink = (struct manifest_sink *) self;

    while (chunk.size > 0)
    {
        const uint8_t *feed = memchr(chunk.data, '\n', chunk.size);
        size_t size = feed == NULL ? chunk.size : (size_t) (feed - chunk.data);

        if (sink->line.size + size > LINE_LIMIT)
            return corrupt(err, "a line of the manifest is too long");
        TRY(buffer_append(&sink->line, (struct bytes){chunk.data, size}, err));
        if (feed == NULL)
            return OK;
        TRY(read_line(sink, buffer_bytes(&sink->line), err));
        sink->line.size = 0;
        chunk.data += size + 1;
        chunk.size -= size + 1;
    }
    return OK;
}

static enum status
manifest_finish(struct sink *self, struct error *err)
{
    struct manifest_sink *sink = (struct manifest_sink *) self;

    if (sink->part != PART_END || sink->line.size > 0)
        return corrupt(err, "the manifest ends too early");
    return OK;
}

static void
manifest_free(struct sink *self)
{
    buffer_release(&((struct manifest_sink *) self)->line);
    free(self);
}

static const struct sink_ops manifest_ops = {
    .name = "manifest",
    .write = manifest_write,
    .finish = manifest_finish,
    .free = manifest_free,
};

enum status
sink_open_manifest(struct sink **sink, const struct manifest_handler *handler, struct error *err)
{
    struct manifest_sink *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->base.ops = &manifest_ops;
    made->handler = *handler;
    made->line = BUFFER_INIT(LINE_LIMIT);
    *sink = &made->base;
    return OK;
}

enum status
manifest_read(struct repo *repo, const char *backup_id, const struct manifest_handler *handler,
              struct error *err)
{
    struct manifest_handler named = *handler;
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(repo, backup_id, "manifest", key, err));
    named.backup_id = backup_id;
    TRY(sink_open_manifest(&sink, &named, err));
    return object_read(repo, key, OBJECT_COMPRESSED, &sink, err);
}
