// SPDX-License-Identifier: PostgreSQL
#include "repo/manifest.h"

#include "base/json.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line carries at most this many extents; the rest follow on lines of their own. */
#define EXTENTS_PER_LINE 1024
#define LINE_LIMIT       ((size_t) 1 << 20)

struct manifest_writer
{
    struct sink *sink;
    struct buffer line;
    json_t *file; /* not written yet; NULL when there is none, or a continuation */
    json_t *extents;
    uint64_t *live; /* owned: bytes of each pack that extents use */
    size_t live_count;
    size_t pack_count; /* written */
    struct manifest_totals totals;
};

static enum status
write_line(struct manifest_writer *writer, const json_t *object, struct error *err)
{
    if (object == NULL)
        return error_no_memory(err);
    writer->line.size = 0;
    TRY(json_append(object, &writer->line, err));
    TRY(buffer_append(&writer->line, BYTES("\n"), err));
    return sink_write(writer->sink, buffer_bytes(&writer->line), err);
}

static enum status
write_header(struct manifest_writer *writer, const struct manifest_header *header,
             struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    json_t *tablespaces = json_array();

    for (size_t index = 0; index < header->tablespace_count; index++)
        json_array_append_new(
            tablespaces, json_pack("{s:I, s:s}", "oid", (json_int_t) header->tablespaces[index].oid,
                                   "location", header->tablespaces[index].location));
    object = json_pack("{s:i, s:s, s:o, s:I, s:o}", "manifest", 1, "backup", header->backup_id,
                       "system_identifier", json_u64(header->system_identifier), "major",
                       (json_int_t) header->major, "tablespaces", tablespaces);
    return write_line(writer, object, err);
}

enum status
manifest_writer_create(struct manifest_writer **writer, struct sink **sink,
                       const struct manifest_header *header, struct error *err)
{
    SCOPED(manifest_writer_freep) struct manifest_writer *made = calloc(1, sizeof(*made));

    if (made == NULL)
        return error_no_memory(err);
    made->line = BUFFER_INIT(LINE_LIMIT);
    made->sink = *sink;
    *sink = NULL;
    TRY(write_header(made, header, err));
    *writer = made;
    made = NULL;
    return OK;
}

void
manifest_writer_freep(struct manifest_writer **writer)
{
    struct manifest_writer *gone = *writer;

    if (gone == NULL)
        return;
    sink_freep(&gone->sink);
    json_freep(&gone->file);
    json_freep(&gone->extents);
    free(gone->live);
    buffer_release(&gone->line);
    free(gone);
    *writer = NULL;
}

/* Write the file's line, or a continuation of it, with the extents so far. */
static enum status
flush_file(struct manifest_writer *writer, struct error *err)
{
    SCOPED(json_freep) json_t *object = writer->file;

    writer->file = NULL;
    if (object == NULL && json_array_size(writer->extents) == 0)
        return OK;
    if (object == NULL)
        object = json_pack("{s:O}", "more", writer->extents);
    else if (json_array_size(writer->extents) > 0 &&
             json_object_set(object, "extents", writer->extents) != 0)
        return error_no_memory(err);
    json_freep(&writer->extents);
    return write_line(writer, object, err);
}

static json_t *
path_to_json(const char *path)
{
    return json_pack("{s:s}", "path", path);
}

/* A path that is not UTF-8, which JSON cannot carry, goes as hexadecimal. */
static json_t *
path_to_hex_json(const char *path, struct error *err)
{
    SCOPED(freep) char *hex = malloc(2 * strlen(path) + 1);

    if (hex == NULL)
    {
        error_no_memory(err);
        return NULL;
    }
    hex_encode(bytes_of(path), hex);
    return json_pack("{s:s}", "path_hex", hex);
}

enum status
manifest_writer_file(struct manifest_writer *writer, const struct manifest_file *file,
                     struct error *err)
{
    char mode[8];
    char crc[9];
    int failed = 0;

    TRY(flush_file(writer, err));
    writer->extents = json_array();
    writer->file = path_to_json(file->path);
    if (writer->file == NULL)
        writer->file = path_to_hex_json(file->path, err);
    if (writer->file == NULL || writer->extents == NULL)
        return error_no_memory(err);
    snprintf(mode, sizeof(mode), "%04o", file->mode & 07777);
    failed |= json_object_set_new(writer->file, "mode", json_string(mode));
    failed |= json_object_set_new(writer->file, "mtime", json_integer(file->mtime));
    if (file->type == MANIFEST_DIRECTORY)
    {
        failed |= json_object_set_new(writer->file, "type", json_string("directory"));
        writer->totals.directories++;
        return failed == 0 ? OK : error_no_memory(err);
    }
    failed |= json_object_set_new(writer->file, "size", json_u64(file->size_bytes));
    snprintf(crc, sizeof(crc), "%08x", file->crc32c);
    if (file->has_crc32c)
        failed |= json_object_set_new(writer->file, "crc32c", json_string(crc));
    writer->totals.files++;
    writer->totals.bytes += file->size_bytes;
    return failed == 0 ? OK : error_no_memory(err);
}

static enum status
count_live(struct manifest_writer *writer, const struct manifest_extent *extent, struct error *err)
{
    size_t index = extent->frame.pack;

    if (index >= writer->live_count)
    {
        size_t count = index + index / 2 + 16;
        uint64_t *grown = realloc(writer->live, count * sizeof(*grown));

        if (grown == NULL)
            return error_no_memory(err);
        memset(grown + writer->live_count, 0, (count - writer->live_count) * sizeof(*grown));
        writer->live = grown;
        writer->live_count = count;
    }
    writer->live[index] += extent->length;
    return OK;
}

enum status
manifest_writer_extent(struct manifest_writer *writer, const struct manifest_extent *extent,
                       struct error *err)
{
    const struct frame_place *frame = &extent->frame;
    json_t *numbers;

    if (writer->extents != NULL && json_array_size(writer->extents) == EXTENTS_PER_LINE)
        TRY(flush_file(writer, err));
    if (writer->extents == NULL)
        writer->extents = json_array();
    numbers =
        json_pack("[o, I, I, I, I, I, I]", json_u64(extent->file_offset),
                  (json_int_t) extent->length, (json_int_t) frame->pack, (json_int_t) frame->number,
                  (json_int_t) frame->offset, (json_int_t) frame->size, (json_int_t) extent->skip);
    if (numbers == NULL || json_array_append_new(writer->extents, numbers) != 0)
        return error_no_memory(err);
    writer->totals.extents++;
    return count_live(writer, extent, err);
}

enum status
manifest_writer_pack(struct manifest_writer *writer, const struct pack *pack, struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;
    char id[2 * PACK_ID_SIZE + 1];
    char key_id[2 * SEAL_KEY_ID_SIZE + 1];
    size_t index = writer->pack_count++;

    TRY(flush_file(writer, err));
    hex_encode((struct bytes){pack->id, PACK_ID_SIZE}, id);
    hex_encode((struct bytes){pack->key_id.bytes, SEAL_KEY_ID_SIZE}, key_id);
    object = json_pack("{s:s, s:s, s:o, s:o, s:o}", "pack", id, "key", key_id, "size",
                       json_u64(pack->size_bytes), "content", json_u64(pack->content_bytes), "live",
                       json_u64(index < writer->live_count ? writer->live[index] : 0));
    return write_line(writer, object, err);
}

enum status
manifest_writer_finish(struct manifest_writer *writer, struct manifest_totals *totals,
                       struct error *err)
{
    SCOPED(json_freep) json_t *object = NULL;

    TRY(flush_file(writer, err));
    *totals = writer->totals;
    object = json_pack("{s:{s:o, s:o, s:o, s:o}}", "end", "files", json_u64(totals->files),
                       "directories", json_u64(totals->directories), "bytes",
                       json_u64(totals->bytes), "extents", json_u64(totals->extents));
    TRY(write_line(writer, object, err));
    return sink_finish(writer->sink, err);
}
