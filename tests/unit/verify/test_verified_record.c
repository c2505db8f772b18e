// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "verify/verified_record.h"

static enum status
parse(const char *text, struct verified_record *record, struct frame_table *frames, json_t **object,
      struct error *err)
{
    record->frames = frames;
    TRY(json_parse(bytes_of(text), VERIFIED_LINE_LIMIT, object, err));
    return verified_record_parse(*object, record, err);
}

static void
a_line_says_what_the_record_said(void **state)
{
    SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1000);
    SCOPED(frame_table_release) struct frame_table frames = {0};
    SCOPED(frame_table_release) struct frame_table back = {0};
    SCOPED(json_freep) json_t *object = NULL;
    struct verified_record record = {"packs/ab/abcd", UINT64_C(1) << 40, 1234567 * US_PER_SECOND,
                                     &frames};
    struct verified_record read;
    const char *line;
    struct error err = {0};

    (void) state;
    assert_ok(frame_table_add(&frames, 100, 1048576, false, &err));
    assert_ok(frame_table_add(&frames, 1056768, 7, false, &err));
    assert_ok(verified_record_append(&record, &text, &err));
    assert_ok(buffer_text(&text, &line, &err));
    assert_string_equal(line, "{\"name\":\"packs/ab/abcd\",\"size\":1099511627776,\"at\":1234567,"
                              "\"frames\":[100,1048576,1056768,7]}\n");

    assert_ok(parse(line, &read, &back, &object, &err));
    assert_string_equal(read.name, record.name);
    assert_int_equal(read.size_bytes, record.size_bytes);
    assert_int_equal(read.at, record.at);
    assert_int_equal(back.count, 2);
    assert_int_equal(back.rows[1].offset, PACK_HEADER_SIZE + 100);
    assert_int_equal(back.rows[1].size, 1056768);
    assert_int_equal(back.rows[1].content, 7);
}

static void
a_line_without_frames_gives_none(void **state)
{
    SCOPED(frame_table_release) struct frame_table back = {0};
    SCOPED(json_freep) json_t *object = NULL;
    struct verified_record read;
    struct error err = {0};

    (void) state;
    assert_ok(parse("{\"name\":\"wal/1/x\",\"size\":5,\"at\":6}", &read, &back, &object, &err));
    assert_null(read.frames);
}

static void
a_sorters_value_is_the_record_again(void **state)
{
    SCOPED(sorter_freep) struct sorter *sorter = NULL;
    SCOPED(frame_table_release) struct frame_table frames = {0};
    SCOPED(frame_table_release) struct frame_table back = {0};
    struct verified_record record = {"packs/ab/abcd", 77, 99 * US_PER_SECOND, &frames};
    struct verified_record read;
    struct bytes key;
    struct bytes value;
    struct error err = {0};
    bool more;

    (void) state;
    assert_ok(frame_table_add(&frames, 100, 200, false, &err));
    assert_ok(sorter_create(&sorter, 1 << 20, &err));
    assert_ok(verified_record_sort(sorter, &record, &err));
    assert_ok(sorter_sort(sorter, &err));
    assert_ok(sorter_next(sorter, &more, &key, &value, &err));

    assert_int_equal(verified_record_time(value), record.at);
    assert_ok(verified_record_decode("it", value, &back, &read, &err));
    assert_int_equal(read.size_bytes, 77);
    assert_int_equal(read.at, record.at);
    assert_int_equal(read.frames->count, 1);
    assert_int_equal(back.rows[0].content, 200);
}

static void
what_no_run_writes_is_refused(void **state)
{
    static const char *const lines[] = {
        "{\"size\":5,\"at\":6}",
        "{\"name\":\"a\",\"at\":6}",
        "{\"name\":\"a\",\"size\":-1,\"at\":6}",
        "{\"name\":\"a\",\"size\":5,\"at\":-6}",
        "{\"name\":\"a\",\"size\":5,\"at\":9223372036854775807}",
        "{\"name\":\"a\",\"size\":5,\"at\":6,\"frames\":[1]}",
        "{\"name\":\"a\",\"size\":5,\"at\":6,\"frames\":[1,\"x\"]}",
        "{\"name\":\"a\",\"size\":5,\"at\":6,\"frames\":[1,-1]}",
        "{\"name\":\"a\",\"size\":5,\"at\":6,\"frames\":[1,1048577]}",
        "{\"name\":\"a\",\"size\":5,\"at\":6,\"frames\":[4294967295,1]}",
        "{\"name\":\"a\",\"size\":5,\"at\":6,\"frames\":{}}",
    };

    (void) state;
    for (size_t index = 0; index < sizeof(lines) / sizeof(lines[0]); index++)
    {
        SCOPED(frame_table_release) struct frame_table back = {0};
        SCOPED(json_freep) json_t *object = NULL;
        struct verified_record read;
        struct error err = {0};

        assert_status(parse(lines[index], &read, &back, &object, &err), STATUS_CORRUPT);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_what_the_record_said),
        cmocka_unit_test(a_line_without_frames_gives_none),
        cmocka_unit_test(a_sorters_value_is_the_record_again),
        cmocka_unit_test(what_no_run_writes_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
