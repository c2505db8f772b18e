// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/frame_visit.h"
#include "backup/overlay.h"
#include "tests/support/backup_build.h"
#include "tests/support/manifest_picture.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Chains of backups against a naive model: the bytes that each file must have.
 * Each backup is a random child of the one before it, and stores random packs
 * of it anew.
 */
#define CHAINS     50
#define BACKUPS    12
#define PATHS      12
#define SMALL_SIZE 40000
#define PIECE_MAX  9000

static const char *const paths[PATHS] = {
    /* In the order of their bytes. */
    "PG_VERSION",    "base/1",    "base/1/100",  "base/1/100.1", "base/1/1000",
    "base/1/100_vm", "base/16",   "base/16/2-1", "base/16/2/1",  "global/pg_control",
    "pg_xact/large", "pg_xact/x",
};

/* Now and then the last file nearly fills a frame, so that what is moved then is divided. */
#define LARGE_PATH 10

struct model_file
{
    bool is_there;
    bool is_directory;
    size_t size;
    uint8_t *content; /* owned */
};

struct model
{
    uint64_t random;
    struct model_file files[PATHS];
};

static uint32_t
below(struct model *model, uint32_t limit)
{
    model->random ^= model->random << 13;
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return (uint32_t) (model->random >> 32) % limit;
}

static bool
chance(struct model *model, uint32_t percent)
{
    return below(model, 100) < percent;
}

static void
release_file(struct model_file *file)
{
    free(file->content);
    *file = (struct model_file){0};
}

static void
write_new(struct model *model, struct backup_frames *frames, size_t offset, struct bytes bytes)
{
    struct error err = {0};

    while (bytes.size > 0)
    {
        size_t size = 1 + below(model, (uint32_t) bytes.size);

        assert_ok(backup_frames_data(frames, offset, (struct bytes){bytes.data, size}, &err));
        offset += size;
        bytes.data += size;
        bytes.size -= size;
    }
}

/* A range of a child: new, a hole, or what the parent has there, which may be nothing. */
static void
write_range(struct model *model, struct backup_frames *frames, const struct model_file *old,
            struct model_file *made, size_t offset, size_t length)
{
    uint32_t kind = below(model, 100);
    struct error err = {0};

    if (kind < 30)
    {
        for (size_t index = 0; index < length; index++)
            made->content[offset + index] = (uint8_t) (1 + below(model, 255));
        write_new(model, frames, offset, (struct bytes){made->content + offset, length});
    }
    else if (kind < 80 && old->is_there && !old->is_directory)
    {
        for (size_t index = offset; index < offset + length && index < old->size; index++)
            made->content[index] = old->content[index];
        assert_ok(backup_frames_inherit(frames, offset, length, &err));
    }
}

static void
write_file(struct model *model, struct backup_frames *frames, size_t path)
{
    struct model_file old = model->files[path];
    struct model_file made = {.is_there = true, .size = below(model, SMALL_SIZE)};
    struct backup_file file = {.file = {.mode = 0600}};
    struct error err = {0};
    size_t length;

    if (old.is_there && old.size < SMALL_SIZE && chance(model, 50))
        made.size = old.size;
    made.content = calloc(1, made.size + 1);
    file.file.size_bytes = made.size;
    assert_ok(backup_frames_begin(frames, paths[path], chance(model, 50) ? made.size : 0, &err));
    for (size_t offset = 0; offset < made.size; offset += length)
    {
        length = 1 + below(model, PIECE_MAX);
        if (length > made.size - offset)
            length = made.size - offset;
        write_range(model, frames, &old, &made, offset, length);
    }
    assert_ok(backup_frames_end(frames, &file, &err));
    release_file(&model->files[path]);
    model->files[path] = made;
}

static void
write_large_file(struct model *model, struct backup_build *build)
{
    struct model_file *file = &model->files[LARGE_PATH];

    release_file(file);
    *file = (struct model_file){.is_there = true, .size = FRAME_SIZE - below(model, PIECE_MAX)};
    file->content = malloc(file->size);
    memset(file->content, (int) (1 + below(model, 255)), file->size);
    backup_build_file(build, paths[LARGE_PATH], (struct bytes){file->content, file->size});
}

static void
write_directory(struct model *model, struct backup_build *build, size_t path)
{
    release_file(&model->files[path]);
    model->files[path] = (struct model_file){.is_there = true, .is_directory = true};
    backup_build_directory(build, paths[path]);
}

/* Not in the order of their paths: the server's is another, too. */
static void
write_files(struct model *model, struct backup_build *build)
{
    uint32_t first = chance(model, 20) ? LARGE_PATH + 5 : below(model, PATHS);

    for (uint32_t index = 0; index < PATHS; index++)
    {
        size_t path = (first + index * 5) % PATHS;

        if (path == LARGE_PATH && index == PATHS - 1 && chance(model, 80))
            write_large_file(model, build);
        else if (!chance(model, 80))
            release_file(&model->files[path]);
        else if (chance(model, 10))
            write_directory(model, build, path);
        else
            write_file(model, build->frames, path);
    }
}

/* Which packs of the parent are stored anew. */
struct moving
{
    struct model *model;
    struct backup_frames *frames;
    struct frame_visits *visits;
    bool *chosen; /* owned; by the parent's indexes */
    bool leaves_some;
};

static enum status
note_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
            struct error *err)
{
    struct moving *moving = arg;
    const struct pack_piece piece = {file->path, *extent, 0};

    if (!moving->chosen[extent->frame.pack])
        return OK;
    return frame_visits_add(moving->visits, &piece, err);
}

static enum status
move_piece(void *arg, const struct pack_piece *piece, struct bytes content, struct error *err)
{
    struct moving *moving = arg;

    if (moving->leaves_some && chance(moving->model, 20))
        return OK;
    return backup_frames_move(moving->frames, piece->path, piece->extent.file_offset, content, err);
}

static void
move_packs(struct moving *moving, struct backup_build *build, const struct backup_parent *parent)
{
    const struct manifest_handler handler = {.extent = note_extent, .arg = moving};
    const struct frame_visitor visitor = {.piece = move_piece, .arg = moving};
    struct error err = {0};

    moving->frames = build->frames;
    moving->chosen = calloc(parent->pack_count + 1, sizeof(*moving->chosen));
    for (size_t pack = 0; pack < parent->pack_count; pack++)
        moving->chosen[pack] = chance(moving->model, 40);
    assert_ok(frame_visits_create(&moving->visits, FRAME_SIZE, &err));
    assert_ok(manifest_read(build->repo, parent->backup.id, &handler, &err));
    assert_ok(frame_visits_run(moving->visits, build->repo, parent->packs, parent->pack_count,
                               &visitor, &err));
    frame_visits_freep(&moving->visits);
}

static void
assert_content(const struct model *model, struct manifest_picture *picture)
{
    size_t seen = 0;

    for (size_t path = 0; path < PATHS; path++)
    {
        const struct model_file *want = &model->files[path];
        const struct pictured_file *file = &picture->files[seen];
        SCOPED(freep) uint8_t *content = NULL;

        if (!want->is_there)
            continue;
        assert_true(seen++ < picture->file_count);
        assert_string_equal(file->path, paths[path]);
        assert_int_equal(file->file.type, want->is_directory ? MANIFEST_DIRECTORY : MANIFEST_FILE);
        assert_int_equal(file->file.size_bytes, want->size);
        content = manifest_picture_content(picture, file);
        if (want->size > 0)
            assert_memory_equal(content, want->content, want->size);
    }
    assert_int_equal(seen, picture->file_count);
}

/* The reader of manifests itself refuses extents that overlap, go back or leave their file. */
static void
assert_packs(const struct manifest_picture *picture, const struct backup_build *build)
{
    assert_true(picture->pack_count >= build->written_count);
    for (size_t index = 0; index < picture->pack_count; index++)
    {
        const struct pack *pack = &picture->packs[index];
        uint64_t live = 0;

        for (size_t extent = 0; extent < picture->extent_count; extent++)
            if (picture->extents[extent].frame.pack == index)
                live += picture->extents[extent].length;
        assert_int_equal(pack->live_bytes, live);
        assert_true(live <= pack->content_bytes);
        if (index < build->written_count)
            assert_memory_equal(pack->id, build->written[index].id, PACK_ID_SIZE);
        else
            assert_true(live > 0);
        for (size_t other = 0; other < index; other++)
            assert_memory_not_equal(pack->id, picture->packs[other].id, PACK_ID_SIZE);
    }
}

/* What was moved whole is named no more. */
static void
assert_moved(const struct moving *moving, const struct backup_parent *parent,
             const struct manifest_picture *picture)
{
    for (size_t index = 0; index < parent->pack_count; index++)
        for (size_t named = 0; named < picture->pack_count; named++)
            if (moving->chosen[index] && !moving->leaves_some)
                assert_memory_not_equal(parent->packs[index].id, picture->packs[named].id,
                                        PACK_ID_SIZE);
}

static void
assert_backup(const struct model *model, struct backup_build *build, const char *id,
              const struct moving *moving, const struct backup_parent *parent)
{
    SCOPED(manifest_picture_release) struct manifest_picture picture = {0};

    manifest_picture_read(&picture, build->repo, id);
    assert_content(model, &picture);
    assert_packs(&picture, build);
    if (parent != NULL)
        assert_moved(moving, parent, &picture);
}

/* One more backup of the chain; backup is the parent, and then itself. */
static void
add_backup(struct model *model, struct backup_build *build, int number, struct backup *backup)
{
    SCOPED(backup_parent_freep) struct backup_parent *parent = NULL;
    struct moving moving = {.model = model, .leaves_some = chance(model, 50)};
    char id[BACKUP_ID_SIZE];
    struct error err = {0};

    snprintf(id, sizeof(id), "2026-11-21T02-12-34-%04x", (unsigned) number & 0xFFFF);
    backup_build_begin(build);
    if (number > 0)
        assert_ok(backup_parent_open(&parent, build->repo, backup, 0, &err));
    write_files(model, build);
    if (parent != NULL)
        move_packs(&moving, build, parent);
    backup_build_commit(build, id, parent, backup);

    assert_backup(model, build, id, &moving, parent);
    free(moving.chosen);
}

static void
every_backup_of_a_chain_reads_as_its_files_were(void **state)
{
    (void) state;
    for (int chain = 0; chain < CHAINS; chain++)
    {
        struct model model = {.random = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t) (chain + 1)};
        struct backup_build build;
        struct backup backup;

        backup_build_open(&build);
        for (int number = 0; number < BACKUPS; number++)
            add_backup(&model, &build, number, &backup);
        backup_build_close(&build);
        for (size_t path = 0; path < PATHS; path++)
            release_file(&model.files[path]);
    }
}

/* A run of one file, which inherits all of itself. */
static void
begin_heir(struct backup_build *build, const char *path, uint64_t size_bytes)
{
    const struct backup_file file = {.file = {.size_bytes = size_bytes}};
    struct error err = {0};

    backup_build_begin(build);
    assert_ok(backup_frames_begin(build->frames, path, 0, &err));
    assert_ok(backup_frames_inherit(build->frames, 0, size_bytes, &err));
    assert_ok(backup_frames_end(build->frames, &file, &err));
}

static void
open_parent(struct backup_build *build, struct backup_parent **parent)
{
    struct backup backup;
    struct error err = {0};

    backup_build_open(build);
    backup_build_begin(build);
    backup_build_directory(build, "base");
    backup_build_file(build, "base/1", BYTES("the content of the parent"));
    backup_build_file(build, "base/3", BYTES("another"));
    backup_build_commit(build, "2026-11-21T02-12-34-0001", NULL, &backup);
    assert_ok(backup_parent_open(parent, build->repo, &backup, 0, &err));
}

static void
inheriting_what_the_parent_does_not_have_is_corrupt(void **state)
{
    static const char *const absent[] = {"aaa", "base", "base/2", "base/30", "zzz"};
    SCOPED(backup_parent_freep) struct backup_parent *parent = NULL;
    struct backup_build build;
    struct backup backup;
    struct error err = {0};

    (void) state;
    open_parent(&build, &parent);
    for (size_t index = 0; index < sizeof(absent) / sizeof(absent[0]); index++)
    {
        begin_heir(&build, absent[index], 8);
        assert_status(backup_build_lay(&build, "2026-11-21T02-12-34-0002", parent, &backup, &err),
                      STATUS_CORRUPT);
        assert_message("it inherits what its parent does not have");
    }
    begin_heir(&build, "base/1", 8);
    assert_status(backup_build_lay(&build, "2026-11-21T02-12-34-0002", NULL, &backup, &err),
                  STATUS_CORRUPT);
    backup_build_close(&build);
}

static void
what_lies_behind_the_end_of_the_parent_s_file_is_zero(void **state)
{
    SCOPED(manifest_picture_release) struct manifest_picture picture = {0};
    SCOPED(backup_parent_freep) struct backup_parent *parent = NULL;
    SCOPED(freep) uint8_t *content = NULL;
    struct backup_build build;
    struct backup backup;

    (void) state;
    open_parent(&build, &parent);
    begin_heir(&build, "base/3", 12);
    backup_build_commit(&build, "2026-11-21T02-12-34-0002", parent, &backup);

    manifest_picture_read(&picture, build.repo, backup.id);
    assert_int_equal(picture.extent_count, 1);
    content = manifest_picture_content(&picture, &picture.files[0]);
    assert_memory_equal(content, "another\0\0\0\0", 12);
    assert_int_equal(picture.pack_count, 1);
    assert_int_equal(picture.packs[0].live_bytes, 7);
    assert_memory_equal(picture.packs[0].id, parent->packs[0].id, PACK_ID_SIZE);
    backup_build_close(&build);
}

static enum status
refuse_pack(void *arg, const struct pack *pack, struct error *err)
{
    (void) arg;
    (void) pack;
    return error_set(err, STATUS_IO, "no room for a pack");
}

static enum status
refuse_extent(void *arg, const struct manifest_extent *extent, struct error *err)
{
    (void) arg;
    (void) extent;
    return error_set(err, STATUS_IO, "no room for an extent");
}

static enum status
refuse_file(void *arg, const struct backup_file *file, struct error *err)
{
    (void) arg;
    (void) file;
    return error_set(err, STATUS_IO, "no room for a file");
}

static enum status
take_file(void *arg, const struct backup_file *file, struct error *err)
{
    (void) arg;
    (void) file;
    (void) err;
    return OK;
}

static enum status
take_extent(void *arg, const struct manifest_extent *extent, struct error *err)
{
    (void) arg;
    (void) extent;
    (void) err;
    return OK;
}

static void
a_handler_that_fails_ends_it_with_its_failure(void **state)
{
    static const struct
    {
        struct backup_overlay_handler handler;
        const char *message;
    } cases[] = {
        {{refuse_file, take_extent, refuse_pack, NULL}, "no room for a file"},
        {{take_file, refuse_extent, refuse_pack, NULL}, "no room for an extent"},
        {{take_file, take_extent, refuse_pack, NULL}, "no room for a pack"},
    };
    SCOPED(backup_parent_freep) struct backup_parent *parent = NULL;
    struct backup_build build;
    struct error err = {0};

    (void) state;
    open_parent(&build, &parent);
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct backup_overlay_options options = {.repo = build.repo, .parent = parent};

        begin_heir(&build, "base/1", 8);
        backup_build_end(&build);
        options.frames = build.frames;
        assert_status(backup_overlay_run(&options, &cases[index].handler, &err), STATUS_IO);
        assert_message(cases[index].message);
        backup_build_drop(&build);
    }
    backup_build_close(&build);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_backup_of_a_chain_reads_as_its_files_were),
        cmocka_unit_test(inheriting_what_the_parent_does_not_have_is_corrupt),
        cmocka_unit_test(what_lies_behind_the_end_of_the_parent_s_file_is_zero),
        cmocka_unit_test(a_handler_that_fails_ends_it_with_its_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
