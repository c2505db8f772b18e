// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/manifest_picture.h"

#include "stream/sink.h"

#include <stdlib.h>

/* An array with room for one more. */
static void *
grow(void *items, size_t count, size_t size)
{
    /* Not one by one: pictures are many. */
    if (count > 0 && (count & (count - 1)) != 0)
        return items;
    items = realloc(items, (count == 0 ? 1 : count * 2) * size);
    assert_non_null(items);
    return items;
}

static enum status
see_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct manifest_picture *picture = arg;
    struct pictured_file *seen;

    (void) err;
    picture->files = grow(picture->files, picture->file_count, sizeof(*picture->files));
    seen = &picture->files[picture->file_count++];
    *seen = (struct pictured_file){strdup(file->path), *file, picture->extent_count, 0};
    seen->file.path = seen->path;
    return OK;
}

static enum status
see_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
           struct error *err)
{
    struct manifest_picture *picture = arg;

    (void) err;
    (void) file;
    picture->extents = grow(picture->extents, picture->extent_count, sizeof(*picture->extents));
    picture->extents[picture->extent_count++] = *extent;
    picture->files[picture->file_count - 1].count++;
    return OK;
}

static enum status
see_pack(void *arg, const struct pack *pack, struct error *err)
{
    struct manifest_picture *picture = arg;

    (void) err;
    picture->packs = grow(picture->packs, picture->pack_count, sizeof(*picture->packs));
    picture->packs[picture->pack_count++] = *pack;
    return OK;
}

static void
begin(struct manifest_picture *picture, struct repo *repo)
{
    struct error err = {0};

    *picture = (struct manifest_picture){.repo = repo, .stored = BUFFER_INIT(FRAME_STORED_MAX)};
    assert_ok(pack_reader_create(&picture->reader, repo, &err));
}

void
manifest_picture_read(struct manifest_picture *picture, struct repo *repo, const char *backup_id)
{
    const struct manifest_handler handler = {
        .file = see_file, .extent = see_extent, .pack = see_pack, .arg = picture};
    struct error err = {0};

    begin(picture, repo);
    assert_ok(manifest_read(repo, backup_id, &handler, &err));
}

void
manifest_picture_of_packs(struct manifest_picture *picture, struct repo *repo,
                          const struct pack *packs, size_t count)
{
    struct error err = {0};

    begin(picture, repo);
    for (size_t index = 0; index < count; index++)
        assert_ok(see_pack(picture, &packs[index], &err));
}

void
manifest_picture_release(struct manifest_picture *picture)
{
    for (size_t index = 0; index < picture->file_count; index++)
        free(picture->files[index].path);
    free(picture->files);
    free(picture->extents);
    free(picture->packs);
    pack_reader_freep(&picture->reader);
    buffer_release(&picture->stored);
}

const struct pictured_file *
manifest_picture_find(const struct manifest_picture *picture, const char *path)
{
    for (size_t index = 0; index < picture->file_count; index++)
        if (strcmp(picture->files[index].path, path) == 0)
            return &picture->files[index];
    return NULL;
}

static void
open_frame(struct manifest_picture *picture, const struct frame_place *place)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    const struct pack *pack = &picture->packs[place->pack];
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    if (memcmp(place, &picture->place, sizeof(*place)) == 0)
        return; /* it is the one before */
    picture->stored.size = 0;
    assert_ok(pack_key(picture->repo, pack->id, key, &err));
    assert_ok(sink_open_buffer(&sink, &picture->stored, &err));
    assert_ok(store_read(picture->repo->store, key, place->offset, place->size, sink, &err));
    assert_ok(pack_reader_turn(picture->reader, pack, &err));
    assert_ok(pack_reader_open(picture->reader, buffer_bytes(&picture->stored), place,
                               &picture->content, &err));
    picture->place = *place;
}

void
manifest_picture_fetch(struct manifest_picture *picture, const struct manifest_extent *extent,
                       uint8_t *into)
{
    assert_true(extent->frame.pack < picture->pack_count);
    open_frame(picture, &extent->frame);
    assert_true(extent->skip + extent->length <= picture->content.size);
    memcpy(into, picture->content.data + extent->skip, extent->length);
}

uint8_t *
manifest_picture_content(struct manifest_picture *picture, const struct pictured_file *file)
{
    uint8_t *content = calloc(1, file->file.size_bytes + 1);

    assert_non_null(content);
    for (size_t index = file->first; index < file->first + file->count; index++)
        manifest_picture_fetch(picture, &picture->extents[index],
                               content + picture->extents[index].file_offset);
    return content;
}
