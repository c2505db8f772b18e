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
    assert_ok(pack_writer_create(&writer, repo, 0xabcdef01, 2, group, &err));
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

#define ADDERS       4
#define ADDER_FRAMES 30
#define ADDER_SIZE   300000

struct adder
{
    struct pack_writer *writer;
    struct frame_place *places;
    unsigned first; /* of its seeds */
};

static enum status
add_frames(void *arg, struct error *err)
{
    const struct adder *adder = arg;
    SCOPED(pack_packer_freep) struct pack_packer *packer = NULL;
    SCOPED(freep) uint8_t *content = malloc(ADDER_SIZE);

    TRY(pack_packer_create(&packer, adder->writer, err));
    for (unsigned index = 0; index < ADDER_FRAMES; index++)
    {
        fill(content, ADDER_SIZE, adder->first + index);
        TRY(pack_packer_add(packer, (struct bytes){content, ADDER_SIZE}, &adder->places[index],
                            err));
    }
    return OK;
}

/* The adders are a group of their own: they end before the packs are finished. */
static void
add_from_threads(struct pack_writer *writer, struct frames *frames)
{
    SCOPED(group_freep) struct group *group = NULL;
    struct adder adders[ADDERS];
    struct error err = {0};

    assert_ok(group_create(&group, &err));
    for (unsigned index = 0; index < ADDERS; index++)
    {
        unsigned first = index * ADDER_FRAMES;

        adders[index] = (struct adder){writer, frames->places + first, first};
        assert_ok(group_start(group, add_frames, &adders[index], &err));
    }
    assert_ok(group_join(group, &err));
}

static void
many_threads_may_add_frames_at_once(void **state)
{
    (void) state;
    struct pack_writer *writer = NULL;
    struct group *group = NULL;
    struct test_repository test;
    struct frames frames = {.count = (size_t) ADDERS * ADDER_FRAMES};
    struct error err = {0};

    test_repository_open(&test, true);
    frames.places = calloc(frames.count, sizeof(*frames.places));
    assert_ok(group_create(&group, &err));
    assert_ok(pack_writer_create(&writer, test.repo, 0xabcdef01, 2, group, &err));
    add_from_threads(writer, &frames);
    assert_ok(pack_writer_finish(writer, &err));
    assert_ok(group_join(group, &err));
    frames.packs = (struct pack *) pack_writer_packs(writer, &frames.pack_count);
    assert_true(frames.pack_count >= 2);
    check_frames(test.repo, &frames, ADDER_SIZE);
    free(frames.places);
    group_freep(&group);
    pack_writer_freep(&writer);
    test_repository_close(&test);
}

/* What the collector of packs that nobody names goes by. */
static void
a_packs_id_tells_its_run_and_time_and_it_counts_its_content(void **state)
{
    (void) state;
    struct test_repository test;
    struct frames frames;

    test_repository_open(&test, true);
    time_us before = clock_now();
    write_frames(test.repo, 3, 1000, &frames);
    assert_int_equal(frames.pack_count, 1);
    assert_int_equal(pack_id_tag(frames.packs[0].id), 0xabcdef01);
    assert_true(pack_id_time(frames.packs[0].id) > before - 1000);
    assert_true(pack_id_time(frames.packs[0].id) <= clock_now());
    assert_int_equal(frames.packs[0].content_bytes, 3000);
    release_frames(&frames);
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
        cmocka_unit_test(a_packs_id_tells_its_run_and_time_and_it_counts_its_content),
        cmocka_unit_test(many_threads_may_add_frames_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
