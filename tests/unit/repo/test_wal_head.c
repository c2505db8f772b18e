// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/wal_head.h"
#include "stream/sink.h"
#include "tests/support/wal_build.h"

#define SEGMENT (1024 * 1024)

static const struct wal_head_wanted wanted = {42, SEGMENT, {2, 5}};

/* See a segment, whole and in pieces of step bytes. */
static struct wal_head
see(struct bytes content, size_t step)
{
    SCOPED(buffer_release) struct buffer out = BUFFER_INIT(2 * SEGMENT);
    SCOPED(sink_freep) struct sink *sink = NULL;
    struct wal_head head;
    struct error err = {0};

    assert_ok(sink_open_buffer(&sink, &out, &err));
    assert_ok(sink_push_wal_head(&sink, &head, &err));
    for (size_t at = 0; at < content.size; at += step)
    {
        size_t left = content.size - at;

        assert_ok(
            sink_write(sink, (struct bytes){content.data + at, left < step ? left : step}, &err));
    }
    assert_ok(sink_finish(sink, &err));
    assert_true(bytes_equal(buffer_bytes(&out), content));
    return head;
}

static int
setup(void **state)
{
    static struct wal_build wal;

    wal_build_begin(&wal, (struct pg_wal_segment){2, 5});
    wal_build_page(&wal);
    wal_build_zeros(&wal, UINT64_C(6) * SEGMENT);
    *state = &wal;
    return 0;
}

static int
teardown(void **state)
{
    wal_build_release(*state);
    return 0;
}

static void
a_segment_is_what_its_name_says_whatever_the_pieces(void **state)
{
    static const size_t steps[] = {1, 39, 40, 41, SEGMENT};
    struct wal_build *wal = *state;
    struct error err = {0};

    for (size_t index = 0; index < sizeof(steps) / sizeof(steps[0]); index++)
    {
        struct wal_head head = see(buffer_bytes(&wal->bytes), steps[index]);

        assert_ok(wal_head_check(&head, &wanted, &err));
    }
}

static void
a_segment_that_began_on_an_older_timeline_is_accepted(void **state)
{
    struct wal_build *wal = *state;
    struct wal_head_wanted newer = wanted;
    struct wal_head head = see(buffer_bytes(&wal->bytes), SEGMENT);
    struct error err = {0};

    newer.segment.timeline = 3;
    assert_ok(wal_head_check(&head, &newer, &err));
}

static void
what_its_name_does_not_say_is_corrupt(void **state)
{
    struct wal_build *wal = *state;
    struct wal_head head = see(buffer_bytes(&wal->bytes), SEGMENT);
    struct wal_head_wanted other = wanted;
    struct error err = {0};

    other.system_identifier++;
    assert_status(wal_head_check(&head, &other, &err), STATUS_CORRUPT);
    assert_message("system identifier 42, expected 43");
    other = wanted;
    other.segment.number++;
    assert_status(wal_head_check(&head, &other, &err), STATUS_CORRUPT);
    assert_message("begins at LSN 0/500000 of timeline 2");
    other = wanted;
    other.segment.timeline--;
    assert_status(wal_head_check(&head, &other, &err), STATUS_CORRUPT);
    assert_message("of timeline 2");
    head.size_bytes--;
    assert_status(wal_head_check(&head, &wanted, &err), STATUS_CORRUPT);
    assert_message("1048575 bytes");
}

static void
what_is_no_wal_at_all_is_corrupt(void **state)
{
    struct wal_build *wal = *state;
    struct wal_head head;
    struct error err = {0};

    memset(wal->bytes.data, 0, 40);
    head = see(buffer_bytes(&wal->bytes), SEGMENT);
    assert_status(wal_head_check(&head, &wanted, &err), STATUS_CORRUPT);
    assert_message("not a WAL segment");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_segment_is_what_its_name_says_whatever_the_pieces, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_segment_that_began_on_an_older_timeline_is_accepted,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_its_name_does_not_say_is_corrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_wal_at_all_is_corrupt, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
