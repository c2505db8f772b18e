// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/pack_scan.h"
#include "repo/store_delete.h"
#include "stream/sink.h"
#include "tests/support/repository.h"

#include <stdio.h>
#include <stdlib.h>

#define FRAMES       5
#define CONTENT_SIZE 3000

struct fixture
{
    struct test_repository test;
    struct frame_place places[FRAMES];
    struct pack pack;
    struct buffer stored; /* the pack's bytes */
};

/* What a scan told. */
struct seen
{
    size_t frames;
    struct frame_place places[FRAMES];
    uint8_t first_bytes[FRAMES];
    struct seal_key_id key_id;
    size_t damaged;
    uint32_t damaged_number; /* of the last one; UINT32_MAX: the pack itself */
    char reason[200];
};

static void
write_pack(struct fixture *fixture)
{
    SCOPED(pack_writer_freep) struct pack_writer *writer = NULL;
    SCOPED(group_freep) struct group *group = NULL;
    SCOPED(pack_packer_freep) struct pack_packer *packer = NULL;
    uint8_t content[CONTENT_SIZE];
    struct error err = {0};
    char key[STORE_KEY_MAX + 1];
    size_t count;

    assert_ok(group_create(&group, &err));
    assert_ok(pack_writer_create(&writer, fixture->test.repo, 7, 1, group, &err));
    assert_ok(pack_packer_create(&packer, writer, &err));
    for (size_t index = 0; index < FRAMES; index++)
    {
        memset(content, (int) ('a' + index), sizeof(content));
        assert_ok(pack_packer_add(packer, (struct bytes){content, sizeof(content)},
                                  &fixture->places[index], &err));
    }
    assert_ok(pack_writer_finish(writer, &err));
    assert_ok(group_join(group, &err));
    fixture->pack = pack_writer_packs(writer, &count)[0];
    assert_int_equal(count, 1);
    assert_ok(pack_key(fixture->test.repo, fixture->pack.id, key, &err));
    fixture->stored = BUFFER_INIT(PACK_SIZE);
    assert_ok(store_get(fixture->test.repo->store, key, &fixture->stored, &err));
}

static int
setup(void **state, bool encrypted)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    test_repository_open(&fixture->test, encrypted);
    write_pack(fixture);
    *state = fixture;
    return 0;
}

static int
setup_encrypted(void **state)
{
    return setup(state, true);
}

static int
setup_plain(void **state)
{
    return setup(state, false);
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    buffer_release(&fixture->stored);
    test_repository_close(&fixture->test);
    free(fixture);
    return 0;
}

static enum status
see_header(void *arg, const struct pack *pack, struct error *err)
{
    (void) err;
    ((struct seen *) arg)->key_id = pack->key_id;
    return OK;
}

static enum status
see_frame(void *arg, const struct frame_place *place, struct bytes content, struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    assert_int_equal(content.size, CONTENT_SIZE);
    assert_between(seen->frames, 0, FRAMES - 1);
    seen->places[seen->frames] = *place;
    seen->first_bytes[seen->frames++] = content.data[0];
    return OK;
}

static enum status
see_damage(void *arg, const struct frame_place *place, const struct error *reason,
           struct error *err)
{
    struct seen *seen = arg;

    (void) err;
    seen->damaged++;
    seen->damaged_number = place == NULL ? UINT32_MAX : place->number;
    snprintf(seen->reason, sizeof(seen->reason), "%s", reason->message);
    return OK;
}

static enum status
scan(struct fixture *fixture, size_t step, struct seen *seen, struct error *err)
{
    const struct pack_scan_handler handler = {see_header, see_frame, see_damage, seen};
    SCOPED(pack_reader_freep) struct pack_reader *reader = NULL;
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct bytes rest = buffer_bytes(&fixture->stored);

    *seen = (struct seen){0};
    TRY(pack_reader_create(&reader, fixture->test.repo, err));
    TRY(sink_open_pack_scan(&sink, reader, fixture->pack.id, &handler, err));
    while (rest.size > 0)
    {
        size_t size = rest.size < step ? rest.size : step;

        TRY(sink_write(sink, (struct bytes){rest.data, size}, err));
        rest.data += size;
        rest.size -= size;
    }
    return sink_finish(sink, err);
}

static void
expect_damage(struct fixture *fixture, uint32_t number, size_t frames, const char *text)
{
    struct seen seen;
    struct error err = {0};

    assert_ok(scan(fixture, 100, &seen, &err));
    assert_int_equal(seen.damaged, 1);
    assert_int_equal(seen.damaged_number, number);
    assert_int_equal(seen.frames, frames);
    if (strstr(seen.reason, text) == NULL)
        fail_msg("\"%s\" does not contain \"%s\"", seen.reason, text);
}

static void
every_frame_is_found_where_it_was_written(void **state)
{
    static const size_t steps[] = {1, 17, 64, 4096, PACK_SIZE};
    struct fixture *fixture = *state;
    struct seen seen;
    struct error err = {0};

    for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++)
    {
        assert_ok(scan(fixture, steps[step], &seen, &err));

        assert_int_equal(seen.frames, FRAMES);
        assert_int_equal(seen.damaged, 0);
        assert_memory_equal(&seen.key_id, &fixture->pack.key_id, sizeof(seen.key_id));
        for (size_t index = 0; index < FRAMES; index++)
        {
            const struct frame_place *found = &seen.places[fixture->places[index].number];

            assert_int_equal(found->offset, fixture->places[index].offset);
            assert_int_equal(found->size, fixture->places[index].size);
            assert_int_equal(seen.first_bytes[fixture->places[index].number], 'a' + index);
        }
    }
}

static void
a_damaged_frame_does_not_hide_those_behind_it(void **state)
{
    struct fixture *fixture = *state;

    fixture->stored.data[fixture->places[1].offset + FRAME_HEADER_SIZE + 9] ^= 1;

    expect_damage(fixture, fixture->places[1].number, FRAMES - 1, "frame 1");
}

static void
a_wrong_frame_header_ends_the_scan_with_a_word(void **state)
{
    struct fixture *fixture = *state;

    fixture->stored.data[fixture->places[3].offset] ^= 1;

    expect_damage(fixture, UINT32_MAX, 3, "frame 3 has a wrong header");
}

static void
a_wrong_pack_header_is_damage_of_the_pack(void **state)
{
    static const size_t positions[] = {0, 8, 9, 12, 20, 40, 60};
    struct fixture *fixture = *state;

    for (size_t index = 0; index < sizeof(positions) / sizeof(positions[0]); index++)
    {
        fixture->stored.data[positions[index]] ^= 1;
        expect_damage(fixture, UINT32_MAX, 0, positions[index] == 20 ? "" : "wrong header");
        fixture->stored.data[positions[index]] ^= 1;
    }
}

static void
a_pack_that_was_cut_says_where(void **state)
{
    struct fixture *fixture = *state;

    fixture->stored.size--;
    expect_damage(fixture, UINT32_MAX, FRAMES - 1, "ends in the middle of frame 4");
    fixture->stored.size = fixture->places[4].offset + 3;
    expect_damage(fixture, UINT32_MAX, FRAMES - 1, "ends in the middle of frame 4");
    fixture->stored.size = 63;
    expect_damage(fixture, UINT32_MAX, 0, "ends before its first frame");
    fixture->stored.size = 0;
    expect_damage(fixture, UINT32_MAX, 0, "ends before its first frame");
}

static void
something_behind_the_last_frame_is_damage(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(buffer_append(&fixture->stored, BYTES("more than was written"), &err));

    expect_damage(fixture, UINT32_MAX, FRAMES, "frame 5 has a wrong header");
}

static void
another_packs_bytes_are_not_this_packs(void **state)
{
    struct fixture *fixture = *state;

    fixture->pack.id[3] ^= 1;

    expect_damage(fixture, UINT32_MAX, 0, "wrong header");
}

static void
a_data_key_that_cannot_be_fetched_is_no_damage(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct repo_options options = {.cluster = "shop", .compression_level = 1};
    SCOPED(freep) char *key_file = NULL;
    SCOPED(store_freep) struct store *faulty = NULL;
    struct repo *fresh = NULL;
    struct repo *old;
    struct seen seen;
    struct error err = {0};

    (void) state;
    test_repository_open_faulty(&fixture->test);
    write_pack(fixture);
    /* A repository that was just opened knows no key yet. */
    assert_true(asprintf(&key_file, "%s/key", fixture->test.directory) > 0);
    options.unlock.key_file = key_file;
    assert_ok(faulty_store_open(&faulty, fixture->test.target, &err));
    assert_ok(repo_open(&fresh, faulty, &options, &err));
    faulty = NULL;
    old = fixture->test.repo;
    fixture->test.repo = fresh;
    faulty_store_arm(fresh->store, FAULT_TRANSIENT, 1);

    assert_status(scan(fixture, 100, &seen, &err), STATUS_TRANSIENT);
    assert_int_equal(seen.damaged, 0);

    fixture->test.repo = old;
    repo_freep(&fresh);
    buffer_release(&fixture->stored);
    test_repository_close(&fixture->test);
    free(fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_frame_is_found_where_it_was_written, setup_encrypted,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_frame_is_found_where_it_was_written, setup_plain,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_damaged_frame_does_not_hide_those_behind_it,
                                        setup_encrypted, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_frame_does_not_hide_those_behind_it, setup_plain,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_wrong_frame_header_ends_the_scan_with_a_word,
                                        setup_encrypted, teardown),
        cmocka_unit_test_setup_teardown(a_wrong_pack_header_is_damage_of_the_pack, setup_encrypted,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_wrong_pack_header_is_damage_of_the_pack, setup_plain,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_pack_that_was_cut_says_where, setup_encrypted, teardown),
        cmocka_unit_test_setup_teardown(something_behind_the_last_frame_is_damage, setup_encrypted,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_packs_bytes_are_not_this_packs, setup_encrypted,
                                        teardown),
        cmocka_unit_test(a_data_key_that_cannot_be_fetched_is_no_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
