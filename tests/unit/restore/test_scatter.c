// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/object.h"
#include "restore/scatter.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdio.h>
#include <stdlib.h>

#define BIG_FRAMES  40 /* of 1 MiB that does not compress: more than one pack */
#define SMALL_FILES 3000
#define SMALL_SIZE  100

/*
 * A backup with one big file, of which every other frame is a hole, and many
 * small files that share frames.
 */
struct fixture
{
    struct test_repository test;
    char *directory;
    struct frame_place big[BIG_FRAMES];
    struct frame_place small; /* all small files are in one frame */
    struct layout layout;
    struct plan plan;
};

/* The byte at an offset of the big file's frame. */
static uint8_t
noise(unsigned frame, size_t offset)
{
    uint64_t value =
        (frame + 1) * UINT64_C(0x9E3779B97F4A7C15) ^ offset * UINT64_C(0xD1B54A32D192ED03);

    value ^= value >> 29;
    value *= UINT64_C(0xBF58476D1CE4E5B9);
    return (uint8_t) (value >> 56);
}

static void
write_frames(struct fixture *fixture)
{
    SCOPED(pack_writer_freep) struct pack_writer *writer = NULL;
    SCOPED(group_freep) struct group *group = NULL;
    SCOPED(pack_packer_freep) struct pack_packer *packer = NULL;
    SCOPED(freep) uint8_t *content = malloc(FRAME_SIZE);
    const struct pack *packs;
    struct error err = {0};

    assert_ok(group_create(&group, &err));
    assert_ok(pack_writer_create(&writer, fixture->test.repo, 1, 1, group, &err));
    assert_ok(pack_packer_create(&packer, writer, &err));
    for (unsigned frame = 0; frame < BIG_FRAMES; frame++)
    {
        for (size_t offset = 0; offset < FRAME_SIZE; offset++)
            content[offset] = noise(frame, offset);
        assert_ok(pack_packer_add(packer, (struct bytes){content, FRAME_SIZE}, &fixture->big[frame],
                                  &err));
    }
    for (size_t offset = 0; offset < SMALL_FILES * SMALL_SIZE; offset++)
        content[offset] = (uint8_t) (offset / SMALL_SIZE);
    assert_ok(pack_packer_add(packer, (struct bytes){content, SMALL_FILES * SMALL_SIZE},
                              &fixture->small, &err));
    assert_ok(pack_writer_finish(writer, &err));
    assert_ok(group_join(group, &err));
    packs = pack_writer_packs(writer, &fixture->plan.pack_count);
    fixture->plan.packs = calloc(fixture->plan.pack_count, sizeof(*packs));
    memcpy(fixture->plan.packs, packs, fixture->plan.pack_count * sizeof(*packs));
}

static void
write_big(struct fixture *fixture, struct manifest_writer *writer)
{
    struct manifest_file file = {
        .path = "big", .mode = 0600, .size_bytes = 2 * BIG_FRAMES * UINT64_C(1048576)};
    struct error err = {0};

    assert_ok(manifest_writer_file(writer, &file, &err));
    for (unsigned frame = 0; frame < BIG_FRAMES; frame++)
    {
        struct manifest_extent extent = {
            .file_offset = 2 * frame * UINT64_C(1048576),
            .length = FRAME_SIZE,
            .frame = fixture->big[frame],
        };

        assert_ok(manifest_writer_extent(writer, &extent, &err));
    }
}

static void
write_small(struct fixture *fixture, struct manifest_writer *writer, unsigned number)
{
    char path[32];
    struct manifest_file file = {.path = path, .mode = 0640, .size_bytes = SMALL_SIZE};
    struct manifest_extent extent = {
        .length = SMALL_SIZE, .skip = number * SMALL_SIZE, .frame = fixture->small};
    struct error err = {0};

    snprintf(path, sizeof(path), "small/%06u", number);
    assert_ok(manifest_writer_file(writer, &file, &err));
    assert_ok(manifest_writer_extent(writer, &extent, &err));
}

static void
write_manifest(struct fixture *fixture)
{
    SCOPED(manifest_writer_freep) struct manifest_writer *writer = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct manifest_header header = {
        .backup_id = fixture->plan.backup.id, .system_identifier = 42, .major = 15};
    struct manifest_file directory = {.path = "small", .type = MANIFEST_DIRECTORY, .mode = 0750};
    struct manifest_totals totals;
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    assert_ok(backup_key(fixture->test.repo, fixture->plan.backup.id, "manifest", key, &err));
    assert_ok(object_create(fixture->test.repo, key, OBJECT_COMPRESSED, NULL, &sink, &err));
    assert_ok(manifest_writer_create(&writer, &sink, &header, &err));
    write_big(fixture, writer);
    assert_ok(manifest_writer_file(writer, &directory, &err));
    for (unsigned number = 0; number < SMALL_FILES; number++)
        write_small(fixture, writer, number);
    for (size_t index = 0; index < fixture->plan.pack_count; index++)
        assert_ok(manifest_writer_pack(writer, &fixture->plan.packs[index], &err));
    assert_ok(manifest_writer_finish(writer, &totals, &err));
    fixture->plan.totals = totals;
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    test_repository_open(&fixture->test, true);
    fixture->directory = test_directory_create();
    fixture->layout.into = strdup(fixture->directory);
    snprintf(fixture->plan.backup.id, BACKUP_ID_SIZE, "2026-01-01T00-00-00-0000");
    write_frames(fixture);
    write_manifest(fixture);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    plan_release(&fixture->plan);
    layout_release(&fixture->layout);
    test_directory_remove(fixture->directory);
    test_repository_close(&fixture->test);
    free(fixture);
    return 0;
}

static enum status
scatter(struct fixture *fixture, uint32_t workers, struct error *err)
{
    struct scatter_options options = {
        .repo = fixture->test.repo,
        .plan = &fixture->plan,
        .layout = &fixture->layout,
        .workers = workers,
    };

    return scatter_run(&options, err);
}

static void
expect_big(const struct fixture *fixture)
{
    SCOPED(freep) char *path = path_join(fixture->directory, "big");
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT((size_t) 128 << 20);
    struct error err = {0};

    assert_ok(file_read(path, &content, &err));
    assert_int_equal(content.size, 2 * BIG_FRAMES * 1048576);
    for (size_t offset = 0; offset < content.size; offset++)
    {
        unsigned frame = (unsigned) (offset / FRAME_SIZE);
        uint8_t wanted = frame % 2 == 0 ? noise(frame / 2, offset % FRAME_SIZE) : 0;

        if (content.data[offset] != wanted)
            fail_msg("byte %zu is wrong", offset);
    }
}

static void
expect_small(const struct fixture *fixture, unsigned number)
{
    SCOPED(freep) char *path = NULL;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1024);
    struct error err = {0};

    assert_true(asprintf(&path, "%s/small/%06u", fixture->directory, number) > 0);
    assert_ok(file_read(path, &content, &err));
    assert_int_equal(content.size, SMALL_SIZE);
    for (size_t offset = 0; offset < content.size; offset++)
        assert_int_equal(content.data[offset], (uint8_t) number);
}

static void
everything_is_where_it_belongs_whoever_writes_it(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_true(fixture->plan.pack_count > 1);

    assert_ok(scatter(fixture, 3, &err));

    expect_big(fixture);
    for (unsigned number = 0; number < SMALL_FILES; number += 7)
        expect_small(fixture, number);
}

static void
a_file_that_is_there_already_is_not_overwritten(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *path = path_join(fixture->directory, "big");
    struct error err = {0};

    assert_ok(file_replace(path, 0600, BYTES("precious"), &err));

    assert_status(scatter(fixture, 1, &err), STATUS_CONFLICT);
    assert_message("could not create \"big\"");
}

static void
a_frame_that_is_not_the_one_named_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    struct pack swapped = fixture->plan.packs[0];
    struct error err = {0};

    fixture->plan.packs[0] = fixture->plan.packs[1];
    fixture->plan.packs[1] = swapped;

    assert_status(scatter(fixture, 2, &err), STATUS_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_is_where_it_belongs_whoever_writes_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_there_already_is_not_overwritten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_frame_that_is_not_the_one_named_is_corrupt, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
