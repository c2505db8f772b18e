// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/pack.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdlib.h>

/* Frames of a test, as written and where. */
struct frames
{
    size_t count;
    struct frame_place *places;
    struct pack *packs;
    size_t pack_count;
};

/* Content that differs from frame to frame and does not compress away. */
static void
fill(uint8_t *content, size_t size, unsigned seed)
{
    for (size_t index = 0; index < size; index++)
    {
        seed = seed * 1103515245u + 12345u;
        content[index] = (uint8_t) (seed >> 16);
    }
}

static void
write_frames(struct repo *repo, size_t count, size_t size, struct frames *frames)
{
    struct pack_writer *writer = NULL;
    struct pack_packer *packer = NULL;
    struct group *group = NULL;
    struct error err = {0};
    uint8_t *content = malloc(size);
    const struct pack *packs;

    frames->count = count;
    frames->places = calloc(count, sizeof(*frames->places));
    assert_ok(group_create(&group, &err));
    assert_ok(pack_writer_create(&writer, repo, 2, group, &err));
    assert_ok(pack_packer_create(&packer, writer, &err));
    for (size_t index = 0; index < count; index++)
    {
        fill(content, size, (unsigned) index);
        assert_ok(
            pack_packer_add(packer, (struct bytes){content, size}, &frames->places[index], &err));
    }
    pack_packer_freep(&packer);
    assert_ok(pack_writer_finish(writer, &err));
    assert_ok(group_join(group, &err));
    packs = pack_writer_packs(writer, &frames->pack_count);
    frames->packs = calloc(frames->pack_count, sizeof(*packs));
    memcpy(frames->packs, packs, frames->pack_count * sizeof(*packs));
    group_freep(&group);
    pack_writer_freep(&writer);
    free(content);
}

static void
release_frames(struct frames *frames)
{
    free(frames->places);
    free(frames->packs);
}

/* Fetch a frame's stored bytes. */
static void
fetch(struct repo *repo, const struct pack *pack, const struct frame_place *place,
      struct buffer *stored)
{
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct error err = {0};
    char key[STORE_KEY_MAX + 1];

    stored->size = 0;
    assert_ok(pack_key(repo, pack->id, key, &err));
    assert_ok(sink_open_buffer(&sink, stored, &err));
    assert_ok(store_read(repo->store, key, place->offset, place->size, sink, &err));
}

static void
check_frames(struct repo *repo, const struct frames *frames, size_t size)
{
    SCOPED(pack_reader_freep) struct pack_reader *reader = NULL;
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(FRAME_STORED_MAX);
    SCOPED(freep) uint8_t *content = malloc(size);
    struct error err = {0};

    assert_ok(pack_reader_create(&reader, repo, &err));
    for (size_t index = 0; index < frames->count; index++)
    {
        const struct frame_place *place = &frames->places[index];
        struct bytes opened;

        fill(content, size, (unsigned) index);
        fetch(repo, &frames->packs[place->pack], place, &stored);
        assert_ok(pack_reader_turn(reader, &frames->packs[place->pack], &err));
        assert_ok(pack_reader_open(reader, buffer_bytes(&stored), place, &opened, &err));
        assert_true(bytes_equal(opened, (struct bytes){content, size}));
    }
}

static void
round_trip(bool encrypted)
{
    struct test_repository test;
    struct frames frames;

    test_repository_open(&test, encrypted);
    write_frames(test.repo, 70, FRAME_SIZE, &frames);
    assert_true(frames.pack_count >= 2);
    check_frames(test.repo, &frames, FRAME_SIZE);
    release_frames(&frames);
    test_repository_close(&test);
}

static void
frames_of_several_packs_open_to_what_was_added(void **state)
{
    (void) state;
    round_trip(true);
}

static void
frames_open_without_encryption_too(void **state)
{
    (void) state;
    round_trip(false);
}

static void
a_changed_byte_anywhere_in_a_frame_is_refused(void **state)
{
    (void) state;
    SCOPED(pack_reader_freep) struct pack_reader *reader = NULL;
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(FRAME_STORED_MAX);
    struct test_repository test;
    struct frames frames;
    struct error err = {0};
    struct bytes opened;

    test_repository_open(&test, true);
    write_frames(test.repo, 1, 300, &frames);
    assert_ok(pack_reader_create(&reader, test.repo, &err));
    assert_ok(pack_reader_turn(reader, &frames.packs[0], &err));
    fetch(test.repo, &frames.packs[0], &frames.places[0], &stored);
    for (size_t index = 0; index < stored.size; index++)
    {
        stored.data[index] ^= 1;
        assert_status(
            pack_reader_open(reader, buffer_bytes(&stored), &frames.places[0], &opened, &err),
            STATUS_CORRUPT);
        stored.data[index] ^= 1;
    }
    assert_ok(pack_reader_open(reader, buffer_bytes(&stored), &frames.places[0], &opened, &err));
    release_frames(&frames);
    pack_reader_freep(&reader);
    test_repository_close(&test);
}

static void
a_frame_in_another_frames_place_is_refused(void **state)
{
    (void) state;
    SCOPED(pack_reader_freep) struct pack_reader *reader = NULL;
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(FRAME_STORED_MAX);
    struct test_repository test;
    struct frames frames;
    struct error err = {0};
    struct bytes opened;

    test_repository_open(&test, true);
    write_frames(test.repo, 2, 300, &frames);
    assert_int_equal(frames.places[0].size, frames.places[1].size);
    assert_ok(pack_reader_create(&reader, test.repo, &err));
    assert_ok(pack_reader_turn(reader, &frames.packs[0], &err));
    fetch(test.repo, &frames.packs[0], &frames.places[1], &stored);
    assert_status(pack_reader_open(reader, buffer_bytes(&stored), &frames.places[0], &opened, &err),
                  STATUS_CORRUPT);
    release_frames(&frames);
    pack_reader_freep(&reader);
    test_repository_close(&test);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_several_packs_open_to_what_was_added),
        cmocka_unit_test(frames_open_without_encryption_too),
        cmocka_unit_test(a_changed_byte_anywhere_in_a_frame_is_refused),
        cmocka_unit_test(a_frame_in_another_frames_place_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
