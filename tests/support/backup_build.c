// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/backup_build.h"

#include "repo/object.h"
#include "repo/store_delete.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>

void
backup_build_open(struct backup_build *build)
{
    *build = (struct backup_build){0};
    test_repository_open(&build->test, false);
    build->repo = build->test.repo;
}

void
backup_build_open_faulty(struct backup_build *build)
{
    *build = (struct backup_build){0};
    test_repository_open_faulty(&build->test);
    build->repo = build->test.repo;
}

void
backup_build_close(struct backup_build *build)
{
    backup_build_drop(build);
    free(build->written);
    test_repository_close(&build->test);
}

void
backup_build_begin(struct backup_build *build)
{
    const struct backup_frames_options options = {
        .repo = build->repo, .workers = 1, .uploaders = 1, .sort_memory = FRAME_SIZE};
    struct error err = {0};

    assert_ok(group_create(&build->group, &err));
    assert_ok(backup_frames_create(&build->frames, &options, build->group, &err));
}

void
backup_build_end(struct backup_build *build)
{
    const struct pack *packs;
    struct error err = {0};

    assert_ok(backup_frames_finish(build->frames, &err));
    assert_ok(group_join(build->group, &err));
    group_freep(&build->group);
    packs = backup_frames_packs(build->frames, &build->written_count);
    free(build->written);
    build->written = calloc(build->written_count + 1, sizeof(*packs));
    if (build->written_count > 0)
        memcpy(build->written, packs, build->written_count * sizeof(*packs));
    assert_ok(backup_records_sort(backup_frames_records(build->frames), &err));
}

void
backup_build_drop(struct backup_build *build)
{
    if (build->group != NULL)
        group_freep(&build->group);
    backup_frames_freep(&build->frames);
}

void
backup_build_file(struct backup_build *build, const char *path, struct bytes content)
{
    const struct backup_file file = {.file = {.mode = 0600, .size_bytes = content.size}};
    struct error err = {0};

    assert_ok(backup_frames_begin(build->frames, path, content.size, &err));
    assert_ok(backup_frames_data(build->frames, 0, content, &err));
    assert_ok(backup_frames_end(build->frames, &file, &err));
}

void
backup_build_directory(struct backup_build *build, const char *path)
{
    const struct backup_file directory = {.file = {.type = MANIFEST_DIRECTORY, .mode = 0700}};
    struct error err = {0};

    assert_ok(backup_frames_begin(build->frames, path, 0, &err));
    assert_ok(backup_frames_end(build->frames, &directory, &err));
}

static enum status
write_file(void *arg, const struct backup_file *file, struct error *err)
{
    return manifest_writer_file(arg, &file->file, err);
}

static enum status
write_extent(void *arg, const struct manifest_extent *extent, struct error *err)
{
    return manifest_writer_extent(arg, extent, err);
}

static enum status
write_pack(void *arg, const struct pack *pack, struct error *err)
{
    return manifest_writer_pack(arg, pack, err);
}

static enum status
write_manifest(struct backup_build *build, const char *id, const struct backup_parent *parent,
               struct manifest_totals *totals, struct error *err)
{
    const struct backup_overlay_options overlay = {
        .repo = build->repo, .frames = build->frames, .parent = parent};
    const struct manifest_header header = {.backup_id = id, .system_identifier = 42, .major = 15};
    SCOPED(manifest_writer_freep) struct manifest_writer *writer = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct backup_overlay_handler handler = {write_file, write_extent, write_pack, NULL};
    char key[STORE_KEY_MAX + 1];

    TRY(backup_key(build->repo, id, "manifest", key, err));
    TRY(object_create(build->repo, key, OBJECT_COMPRESSED, NULL, &sink, err));
    TRY(manifest_writer_create(&writer, &sink, &header, err));
    handler.arg = writer;
    TRY(backup_overlay_run(&overlay, &handler, err));
    return manifest_writer_finish(writer, totals, err);
}

enum status
backup_build_lay(struct backup_build *build, const char *id, const struct backup_parent *parent,
                 struct backup *backup, struct error *err)
{
    struct manifest_totals totals;
    enum status status;

    backup_build_end(build);
    status = write_manifest(build, id, parent, &totals, err);
    backup_build_drop(build);
    if (status != OK)
        return status;
    *backup = (struct backup){
        .system_identifier = 42,
        .major = 15,
        .file_count = totals.files,
        .logical_bytes = totals.bytes,
        .extent_count = totals.extents,
    };
    snprintf(backup->id, sizeof(backup->id), "%s", id);
    return OK;
}

void
backup_build_commit(struct backup_build *build, const char *id, const struct backup_parent *parent,
                    struct backup *backup)
{
    struct error err = {0};

    assert_ok(backup_build_lay(build, id, parent, backup, &err));
}

void
backup_build_lose(struct backup_build *build, const struct pack *pack)
{
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(pack_key(build->repo, pack->id, key, &err));
    assert_ok(store_delete(build->repo->store, key, &err));
}

void
backup_build_damage(struct backup_build *build, const struct pack *pack, uint64_t offset)
{
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(PACK_SIZE);
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(pack_key(build->repo, pack->id, key, &err));
    assert_ok(store_get(build->repo->store, key, &stored, &err));
    assert_true(offset < stored.size);
    stored.data[offset] ^= 1;
    backup_build_lose(build, pack);
    assert_ok(store_put(build->repo->store, key, buffer_bytes(&stored), &err));
}
