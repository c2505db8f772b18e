// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/backup_frames.h"
#include "base/crc32c.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdio.h>
#include <stdlib.h>

#define MIB (1024 * 1024)

/* What goes in; content follows from the size. */
struct file
{
    char path[1025];
    size_t size;
};

struct files
{
    struct file *items;
    size_t count;
};

/* Content that does not compress away; content has room for eight bytes more than size. */
static void
fill(uint8_t *content, size_t size)
{
    uint64_t word = UINT64_C(0x9e3779b97f4a7c15) + size;

    for (size_t index = 0; index < size; index += sizeof(word))
    {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        memcpy(content + index, &word, sizeof(word));
    }
}

static void
add_file(struct files *files, size_t size, const char *name)
{
    files->items = realloc(files->items, (files->count + 1) * sizeof(*files->items));
    files->items[files->count].size = size;
    snprintf(files->items[files->count++].path, sizeof(files->items[0].path), "%s", name);
}

/* Many small files, so that a frame is full of pieces, and long names, full of paths. */
static void
add_small_files(struct files *files)
{
    char name[1025];

    for (size_t index = 0; index < 5000; index++)
    {
        snprintf(name, sizeof(name), "base/5/%05zu", index);
        add_file(files, index % 20, name);
    }
    for (size_t index = 0; index < 300; index++)
    {
        snprintf(name, sizeof(name), "long/%01000zu", index);
        add_file(files, 10, name);
    }
}

static void
add_files_of_all_sizes(struct files *files)
{
    static const size_t sizes[] = {
        0,
        1,
        8192,
        FRAME_SIZE / 4 - 1,
        FRAME_SIZE / 4,
        FRAME_SIZE / 4 + 1,
        FRAME_SIZE - 1,
        FRAME_SIZE,
        FRAME_SIZE + 1,
        2 * FRAME_SIZE,
        3 * FRAME_SIZE + 17,
    };

    for (size_t round = 0; round < 2; round++)
        for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++)
        {
            char name[64];

            snprintf(name, sizeof(name), "%zu/%zu", round, sizes[index]);
            add_file(files, sizes[index], name);
        }
}

/* Hand a file over in pieces that fit nothing. */
static enum status
send_file(struct backup_frames *frames, const struct file *file, const uint8_t *content,
          struct error *err)
{
    struct manifest_file entry = {.path = file->path, .mode = 0600, .size_bytes = file->size};
    size_t step = 100003;

    TRY(backup_frames_begin(frames, &entry, err));
    for (size_t at = 0; at < file->size; at += step)
        TRY(backup_frames_data(
            frames, (struct bytes){content + at, file->size - at < step ? file->size - at : step},
            err));
    return backup_frames_end(frames, err);
}

static enum status
send_files(struct backup_frames *frames, const struct files *files, struct error *err)
{
    const struct manifest_file directory = {.path = "base", .type = MANIFEST_DIRECTORY};

    TRY(backup_frames_begin(frames, &directory, err));
    TRY(backup_frames_end(frames, err));
    for (size_t index = 0; index < files->count; index++)
    {
        SCOPED(freep) uint8_t *content = malloc(files->items[index].size + 8);

        fill(content, files->items[index].size);
        TRY(send_file(frames, &files->items[index], content, err));
    }
    return backup_frames_finish(frames, err);
}

/* The whole pipeline; *frames is the caller's in any case, its threads are gone. */
static enum status
back_up(struct repo *repo, const struct files *files, struct backup_frames **frames,
        struct error *err)
{
    const struct backup_frames_options options = {
        .repo = repo, .workers = 3, .uploaders = 2, .sort_memory = 256 * 1024};
    SCOPED(group_freep) struct group *group = NULL;
    enum status status;

    TRY(group_create(&group, err));
    status = backup_frames_create(frames, &options, group, err);
    if (status == OK)
        status = send_files(*frames, files, err);
    /* What a thread met is the reason, and CANCELLED only its echo. */
    if (status != OK)
        group_fail(group, status, err);
    return group_join(group, err);
}

/* Puts together again what came back. */
struct assembly
{
    struct repo *repo;
    const struct pack *packs;
    struct pack_reader *reader;
    struct frame_place place; /* of the frame that is open */
    struct bytes frame;
    char path[1025]; /* of the file before, for the order */
    size_t file_count;
    uint8_t *content;
    size_t covered;
    size_t expected;
};

static void
check_content(struct assembly *assembly)
{
    SCOPED(freep) uint8_t *want = malloc(assembly->expected + 8);

    fill(want, assembly->expected);
    assert_int_equal(assembly->covered, assembly->expected);
    assert_memory_equal(assembly->content, want, assembly->expected);
}

static enum status
take_file(void *arg, const struct manifest_file *file, struct error *err)
{
    struct assembly *assembly = arg;
    SCOPED(freep) uint8_t *want = malloc(file->size_bytes + 8);

    (void) err;
    check_content(assembly);
    assert_true(strcmp(assembly->path, file->path) < 0);
    snprintf(assembly->path, sizeof(assembly->path), "%s", file->path);
    assembly->covered = 0;
    assembly->expected = file->size_bytes;
    if (file->type == MANIFEST_DIRECTORY)
        return OK;
    assembly->file_count++;
    fill(want, file->size_bytes);
    assert_true(file->has_crc32c);
    assert_int_equal(file->crc32c, crc32c_finish(crc32c_update(
                                       CRC32C_INIT, (struct bytes){want, file->size_bytes})));
    return OK;
}

static enum status
open_frame(struct assembly *assembly, const struct frame_place *place, struct error *err)
{
    const struct pack *pack = &assembly->packs[place->pack];
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(FRAME_STORED_MAX);
    SCOPED(sink_freep) struct sink *sink = NULL;
    char key[STORE_KEY_MAX + 1];

    if (memcmp(place, &assembly->place, sizeof(*place)) == 0)
        return OK; /* it is the one before */
    TRY(pack_key(assembly->repo, pack->id, key, err));
    TRY(sink_open_buffer(&sink, &stored, err));
    TRY(store_read(assembly->repo->store, key, place->offset, place->size, sink, err));
    TRY(pack_reader_turn(assembly->reader, pack, err));
    assembly->place = *place;
    return pack_reader_open(assembly->reader, buffer_bytes(&stored), place, &assembly->frame, err);
}

static enum status
take_extent(void *arg, const struct manifest_file *file, const struct manifest_extent *extent,
            struct error *err)
{
    struct assembly *assembly = arg;

    assert_string_equal(file->path, assembly->path);
    assert_int_equal(extent->file_offset, assembly->covered);
    TRY(open_frame(assembly, &extent->frame, err));
    assert_true(extent->skip + extent->length <= assembly->frame.size);
    assert_true(extent->file_offset + extent->length <= assembly->expected);
    memcpy(assembly->content + extent->file_offset, assembly->frame.data + extent->skip,
           extent->length);
    assembly->covered += extent->length;
    return OK;
}

static void
assert_comes_back(struct repo *repo, const struct files *files, struct backup_frames *frames)
{
    SCOPED(pack_reader_freep) struct pack_reader *reader = NULL;
    SCOPED(freep) uint8_t *content = malloc(64 * MIB);
    struct assembly assembly = {.repo = repo, .content = content};
    const struct manifest_handler handler = {
        .file = take_file, .extent = take_extent, .arg = &assembly};
    struct error err = {0};
    size_t pack_count;

    assembly.packs = backup_frames_packs(frames, &pack_count);
    assert_ok(pack_reader_create(&reader, repo, &err));
    assembly.reader = reader;
    assert_ok(backup_frames_each(frames, &handler, &err));
    check_content(&assembly);
    assert_int_equal(assembly.file_count, files->count);
}

static void
round_trip(const struct files *files, bool encrypted, size_t packs_at_least)
{
    struct backup_frames *frames = NULL;
    struct test_repository test;
    struct error err = {0};
    size_t pack_count;

    test_repository_open(&test, encrypted);
    assert_ok(back_up(test.repo, files, &frames, &err));
    (void) backup_frames_packs(frames, &pack_count);
    assert_true(pack_count >= packs_at_least);
    assert_comes_back(test.repo, files, frames);
    backup_frames_freep(&frames);
    test_repository_close(&test);
}

static void
files_of_every_size_come_back(void **state)
{
    (void) state;
    struct files files = {0};

    add_files_of_all_sizes(&files);
    round_trip(&files, true, 1);
    round_trip(&files, false, 1);
    free(files.items);
}

static void
very_many_small_files_and_long_names_come_back(void **state)
{
    (void) state;
    struct files files = {0};

    add_small_files(&files);
    round_trip(&files, true, 1);
    free(files.items);
}

static void
a_file_of_several_packs_comes_back(void **state)
{
    (void) state;
    struct files files = {0};

    add_file(&files, 8192, "small");
    add_file(&files, 40 * (size_t) MIB + 5, "large");
    round_trip(&files, true, 2);
    free(files.items);
}

static void
a_backup_of_nothing_has_no_packs(void **state)
{
    (void) state;
    struct backup_frames *frames = NULL;
    struct test_repository test;
    struct files files = {0};
    struct error err = {0};
    size_t pack_count;

    test_repository_open(&test, true);
    assert_ok(back_up(test.repo, &files, &frames, &err));
    (void) backup_frames_packs(frames, &pack_count);
    assert_int_equal(pack_count, 0);
    assert_comes_back(test.repo, &files, frames);
    backup_frames_freep(&frames);
    test_repository_close(&test);
}

/* Nobody hangs, the reason is the store's, and a second try is whole. */
static bool
back_up_with_fault(const struct files *files, enum store_fault fault, unsigned nth)
{
    struct backup_frames *frames = NULL;
    struct test_repository test;
    struct error err = {0};
    enum status status;
    bool struck;

    test_repository_open_faulty(&test);
    faulty_store_arm(test.repo->store, fault, nth);
    status = back_up(test.repo, files, &frames, &err);
    struck = faulty_store_struck(test.repo->store);
    faulty_store_arm(test.repo->store, fault, 0);
    assert_int_equal(status, !struck ? OK : fault == FAULT_IO ? STATUS_IO : STATUS_TRANSIENT);
    if (struck)
    {
        backup_frames_freep(&frames);
        assert_ok(back_up(test.repo, files, &frames, &err));
    }
    assert_comes_back(test.repo, files, frames);
    backup_frames_freep(&frames);
    test_repository_close(&test);
    return struck;
}

static void
a_store_that_fails_anywhere_ends_every_thread(void **state)
{
    (void) state;
    struct files files = {0};

    add_file(&files, 300, "a");
    add_file(&files, 2 * (size_t) MIB + 7, "b");
    for (int fault = FAULT_IO; fault < FAULT_KINDS; fault++)
    {
        unsigned nth = 1;

        while (back_up_with_fault(&files, (enum store_fault) fault, nth))
            assert_true(++nth < 100);
        assert_true(nth > 3);
    }
    /* The first of two packs, while the second one is being filled. */
    add_file(&files, 32 * (size_t) MIB, "c");
    assert_true(back_up_with_fault(&files, FAULT_IO, 3));
    free(files.items);
}

static void
a_receiver_that_fails_midway_ends_every_thread(void **state)
{
    (void) state;
    const struct manifest_file entry = {.path = "cut", .size_bytes = 10 * MIB};
    struct backup_frames *frames = NULL;
    struct test_repository test;
    struct group *group = NULL;
    struct error err = {0};
    SCOPED(freep) uint8_t *content = calloc(1, 3 * MIB);

    test_repository_open(&test, true);
    const struct backup_frames_options options = {
        .repo = test.repo, .workers = 2, .uploaders = 1, .sort_memory = 256 * 1024};
    assert_ok(group_create(&group, &err));
    assert_ok(backup_frames_create(&frames, &options, group, &err));
    assert_ok(backup_frames_begin(frames, &entry, &err));
    assert_ok(backup_frames_data(frames, (struct bytes){content, 3 * MIB}, &err));
    group_freep(&group); /* returns only when every thread is gone */
    backup_frames_freep(&frames);
    test_repository_close(&test);
}

static void
a_path_too_long_is_refused(void **state)
{
    (void) state;
    char path[1100] = {0};
    const struct manifest_file entry = {.path = path};
    struct backup_frames *frames = NULL;
    struct test_repository test;
    struct group *group = NULL;
    struct error err = {0};

    memset(path, 'p', sizeof(path) - 1);
    test_repository_open(&test, true);
    const struct backup_frames_options options = {
        .repo = test.repo, .workers = 1, .uploaders = 1, .sort_memory = 256 * 1024};
    assert_ok(group_create(&group, &err));
    assert_ok(backup_frames_create(&frames, &options, group, &err));
    assert_status(backup_frames_begin(frames, &entry, &err), STATUS_UNSUPPORTED);
    group_freep(&group);
    backup_frames_freep(&frames);
    test_repository_close(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_every_size_come_back),
        cmocka_unit_test(very_many_small_files_and_long_names_come_back),
        cmocka_unit_test(a_file_of_several_packs_comes_back),
        cmocka_unit_test(a_backup_of_nothing_has_no_packs),
        cmocka_unit_test(a_store_that_fails_anywhere_ends_every_thread),
        cmocka_unit_test(a_receiver_that_fails_midway_ends_every_thread),
        cmocka_unit_test(a_path_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
