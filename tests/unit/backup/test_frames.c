// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "backup/frames.h"
#include "tests/support/backup_build.h"
#include "tests/support/manifest_picture.h"

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
    const struct backup_file entry = {.file = {.mode = 0600, .size_bytes = file->size}};
    size_t step = 100003;

    TRY(backup_frames_begin(frames, file->path, file->size, err));
    for (size_t at = 0; at < file->size; at += step)
        TRY(backup_frames_data(
            frames, at,
            (struct bytes){content + at, file->size - at < step ? file->size - at : step}, err));
    return backup_frames_end(frames, &entry, err);
}

static enum status
send_files(struct backup_frames *frames, const struct files *files, struct error *err)
{
    const struct backup_file directory = {.file = {.type = MANIFEST_DIRECTORY}};

    TRY(backup_frames_begin(frames, "base", 0, err));
    TRY(backup_frames_end(frames, &directory, err));
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
    struct manifest_picture picture; /* of the packs */
    char path[1025];                 /* of the file before, for the order */
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

static void
take_file(struct assembly *assembly, const struct manifest_file *file)
{
    check_content(assembly);
    assert_true(strcmp(assembly->path, file->path) < 0);
    snprintf(assembly->path, sizeof(assembly->path), "%s", file->path);
    assembly->covered = 0;
    assembly->expected = file->size_bytes;
    if (file->type != MANIFEST_DIRECTORY)
        assembly->file_count++;
}

static void
take_range(struct assembly *assembly, const struct backup_range *range)
{
    const struct manifest_extent extent = {range->offset, (uint32_t) range->length, range->skip,
                                           range->frame};

    assert_false(range->inherited);
    assert_int_equal(range->offset, assembly->covered);
    assert_true(range->offset + range->length <= assembly->expected);
    manifest_picture_fetch(&assembly->picture, &extent, assembly->content + range->offset);
    assembly->covered += range->length;
}

static enum status
take_all(struct assembly *assembly, struct backup_frames *frames, struct error *err)
{
    struct backup_record record;
    bool more;

    TRY(backup_records_sort(backup_frames_records(frames), err));
    for (;;)
    {
        TRY(backup_records_next(backup_frames_records(frames), &record, &more, err));
        if (!more)
            return OK;
        if (record.is_file)
            take_file(assembly, &record.file.file);
        else
            take_range(assembly, &record.range);
    }
}

static void
assert_comes_back(struct repo *repo, const struct files *files, struct backup_frames *frames)
{
    SCOPED(freep) uint8_t *content = malloc(64 * MIB);
    struct assembly assembly = {.content = content};
    struct error err = {0};
    size_t pack_count;
    const struct pack *packs = backup_frames_packs(frames, &pack_count);

    manifest_picture_of_packs(&assembly.picture, repo, packs, pack_count);
    assert_ok(take_all(&assembly, frames, &err));
    check_content(&assembly);
    assert_int_equal(assembly.file_count, files->count);
    manifest_picture_release(&assembly.picture);
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
    assert_ok(backup_frames_begin(frames, "cut", 10 * MIB, &err));
    assert_ok(backup_frames_data(frames, 0, (struct bytes){content, 3 * MIB}, &err));
    group_freep(&group); /* returns only when every thread is gone */
    backup_frames_freep(&frames);
    test_repository_close(&test);
}

static void
a_path_too_long_is_refused(void **state)
{
    (void) state;
    char path[1100] = {0};
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
    assert_status(backup_frames_begin(frames, path, 0, &err), STATUS_UNSUPPORTED);
    group_freep(&group);
    backup_frames_freep(&frames);
    test_repository_close(&test);
}

/* Each path's content is a run of pieces that follow on each other, moved in another order. */
#define MOVED_PATHS  30
#define MOVED_PIECES 12
#define MOVED_SIZE   9973

static void
fill_moved(uint8_t content[MOVED_SIZE], int path, int piece)
{
    for (int index = 0; index < MOVED_SIZE; index++)
        content[index] = (uint8_t) (path * 7 + piece * 31 + index);
}

/* Every third path with all its pieces one after the other, so that they become one. */
static void
move_all(struct backup_frames *frames)
{
    uint8_t content[MOVED_SIZE];
    struct error err = {0};
    char path[16];

    for (int count = 0; count < MOVED_PATHS * MOVED_PIECES; count++)
    {
        int number = count / MOVED_PIECES;
        int piece = count % MOVED_PIECES;

        if (number % 3 != 0)
            piece = piece * 5 % MOVED_PIECES;
        snprintf(path, sizeof(path), "%02d", MOVED_PATHS - number);
        fill_moved(content, number, piece);
        assert_ok(backup_frames_move(frames, path, (uint64_t) piece * MOVED_SIZE,
                                     (struct bytes){content, MOVED_SIZE}, &err));
    }
}

/* What came back of a path, which is whole. */
static void
assert_moved(const uint8_t *content, uint64_t size, int number)
{
    uint8_t wanted[MOVED_SIZE];

    assert_int_equal(size, MOVED_PIECES * MOVED_SIZE);
    for (int piece = 0; piece < MOVED_PIECES; piece++)
    {
        fill_moved(wanted, number, piece);
        assert_memory_equal(content + (size_t) piece * MOVED_SIZE, wanted, MOVED_SIZE);
    }
}

static void
what_is_moved_comes_back_apart_by_path_and_offset(void **state)
{
    static uint8_t content[MOVED_PIECES * MOVED_SIZE];
    SCOPED(manifest_picture_release) struct manifest_picture packs = {0};
    struct backup_build build;
    struct backup_range range;
    struct error err = {0};
    const char *path;
    char wanted[16];
    uint64_t reached = 0;
    int paths = 0;
    size_t pieces = 0;
    bool more;

    (void) state;
    backup_build_open(&build);
    backup_build_begin(&build);
    backup_build_file(&build, "00", (struct bytes){content, MIB / 16});
    move_all(build.frames);
    backup_build_end(&build);
    manifest_picture_of_packs(&packs, build.repo, build.written, build.written_count);
    for (;; pieces++)
    {
        struct manifest_extent extent;

        assert_ok(backup_records_next_moved(backup_frames_records(build.frames), &path, &range,
                                            &more, &err));
        if (!more || range.offset < reached)
        {
            assert_moved(content, reached, MOVED_PATHS - 1 - paths++);
            reached = 0;
        }
        if (!more)
            break;
        assert_false(range.inherited);
        assert_int_equal(range.offset, reached);
        snprintf(wanted, sizeof(wanted), "%02d", paths + 1);
        assert_string_equal(path, wanted);
        extent = (struct manifest_extent){range.offset, (uint32_t) range.length, range.skip,
                                          range.frame};
        manifest_picture_fetch(&packs, &extent, content + range.offset);
        reached += range.length;
    }
    assert_int_equal(paths, MOVED_PATHS);
    /* 20 paths of 12 pieces, 10 of one, and some that frames divide. */
    assert_between((long long) pieces, 251, 256);
    backup_build_close(&build);
}

/* Where it follows on a file's own content it is not mistaken for more of that. */
static void
what_is_moved_is_no_content_of_the_file_that_was_last(void **state)
{
    struct backup_build build;
    struct backup_records *records;
    struct backup_record record;
    struct backup_range moved;
    struct error err = {0};
    const char *path;
    bool more;

    (void) state;
    backup_build_open(&build);
    backup_build_begin(&build);
    backup_build_file(&build, "base/5/1", BYTES("own"));
    assert_ok(backup_frames_move(build.frames, "base/5/1", 3, BYTES("moved"), &err));
    backup_build_end(&build);
    records = backup_frames_records(build.frames);
    assert_ok(backup_records_next(records, &record, &more, &err));
    assert_true(more && record.is_file);
    assert_ok(backup_records_next(records, &record, &more, &err));
    assert_true(more && record.range.length == 3);
    assert_ok(backup_records_next(records, &record, &more, &err));
    assert_false(more);
    assert_ok(backup_records_next_moved(records, &path, &moved, &more, &err));
    assert_true(more && moved.length == 5 && moved.offset == 3);
    assert_string_equal(path, "base/5/1");
    assert_ok(backup_records_next_moved(records, &path, &moved, &more, &err));
    assert_false(more);
    backup_build_close(&build);
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
        cmocka_unit_test(what_is_moved_comes_back_apart_by_path_and_offset),
        cmocka_unit_test(what_is_moved_is_no_content_of_the_file_that_was_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
