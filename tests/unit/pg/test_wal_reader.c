// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "pg/wal_reader.h"
#include "tests/support/wal_build.h"

#include <stdlib.h>

#define SEEN_MAX 4096
#define SEGMENT  (1024 * 1024)

struct seen
{
    size_t count;
    struct pg_wal_record records[SEEN_MAX]; /* their bytes are gone */
    uint8_t main[64];                       /* the last one's, as far as it goes */
    enum status answer;
};

struct fixture
{
    struct wal_build build;
    struct pg_wal_reader_options options;
    struct pg_wal_reader *reader;
    struct seen seen;
};

static enum status
see(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct seen *seen = arg;
    size_t size = record->main.size < sizeof(seen->main) ? record->main.size : sizeof(seen->main);

    if (seen->answer != OK)
        return error_set(err, seen->answer, "seen enough");
    assert_true(seen->count < SEEN_MAX);
    seen->records[seen->count++] = *record;
    if (size > 0)
        memcpy(seen->main, record->main.data, size);
    return OK;
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    wal_build_begin(&fixture->build, (struct pg_wal_segment){1, 3});
    fixture->options = (struct pg_wal_reader_options){
        .first = {1, 3},
        .segment_size = SEGMENT,
        .record = see,
        .arg = &fixture->seen,
    };
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    pg_wal_reader_freep(&fixture->reader);
    wal_build_release(&fixture->build);
    free(fixture);
    return 0;
}

/* Read all that was built, in pieces of this size. */
static struct pg_wal_end
read_pieces(struct fixture *fixture, size_t size)
{
    struct error err;
    struct bytes left = buffer_bytes(&fixture->build.bytes);

    pg_wal_reader_freep(&fixture->reader);
    fixture->seen.count = 0;
    assert_ok(pg_wal_reader_create(&fixture->reader, &fixture->options, &err));
    while (left.size > 0)
    {
        struct bytes piece = {left.data, left.size < size ? left.size : size};

        assert_ok(pg_wal_reader_feed(fixture->reader, piece, &err));
        left.data += piece.size;
        left.size -= piece.size;
    }
    return pg_wal_reader_end(fixture->reader);
}

static struct pg_wal_end
read_whole(struct fixture *fixture)
{
    return read_pieces(fixture, SIZE_MAX);
}

static void
expect_end(struct pg_wal_end end, enum pg_wal_end_reason reason, pg_lsn lsn, pg_lsn at)
{
    assert_string_equal(pg_wal_end_reason_text(end.reason), pg_wal_end_reason_text(reason));
    assert_int_equal(end.lsn, lsn);
    assert_int_equal(end.at, at);
}

/* A record with this many bytes of main data, each the number modulo 251. */
static pg_lsn
add(struct fixture *fixture, size_t main_size, size_t cut)
{
    struct error err;
    struct buffer payload = BUFFER_INIT(16 * SEGMENT);
    struct buffer main = BUFFER_INIT(16 * SEGMENT);
    pg_lsn lsn;

    assert_ok(buffer_reserve(&main, main_size, &err));
    for (main.size = 0; main.size < main_size; main.size++)
        main.data[main.size] = (uint8_t) (main.size % 251);
    wal_build_main(&payload, buffer_bytes(&main));
    lsn = wal_build_add(&fixture->build, (struct wal_build_record){
                                             .rmid = 10,
                                             .xid = 700,
                                             .payload = buffer_bytes(&payload),
                                             .cut = cut,
                                         });
    buffer_release(&main);
    buffer_release(&payload);
    return lsn;
}

static pg_lsn
add_switch(struct fixture *fixture)
{
    return wal_build_add(&fixture->build, (struct wal_build_record){.info = 0x40});
}

static pg_lsn
aligned(pg_lsn lsn)
{
    return (lsn + 7) & ~(pg_lsn) 7;
}

static void
a_record_is_reported_with_all_its_fields(void **state)
{
    struct fixture *fixture = *state;
    const struct pg_wal_record *record = &fixture->seen.records[1];
    pg_lsn first = add(fixture, 10, 0);
    pg_lsn second = add(fixture, 20, 0);
    struct pg_wal_end end = read_whole(fixture);

    assert_int_equal(fixture->seen.count, 2);
    assert_int_equal(first, 3 * SEGMENT + 40);
    assert_int_equal(record->major, 15);
    assert_int_equal(record->start, second);
    assert_int_equal(record->end, aligned(second + 24 + 2 + 20));
    assert_int_equal(record->previous, first);
    assert_int_equal(record->total_length, 24 + 2 + 20);
    assert_int_equal(record->xid, 700);
    assert_int_equal(record->rmid, 10);
    assert_int_equal(record->headers.size, 2);
    assert_int_equal(record->main.size, 20);
    assert_int_equal(fixture->seen.main[19], 19);
    expect_end(end, PG_WAL_END_NONE, record->end, wal_build_next(&fixture->build));
}

/* Every length that a record can be short of a page's end, and longer than pages. */
static void
records_cross_pages_and_segments(void **state)
{
    struct fixture *fixture = *state;
    size_t count = 0;

    for (size_t size = 0; size < 700; size++, count++)
        add(fixture, size * 7, 0);
    add(fixture, 3 * SEGMENT, 0);
    add(fixture, 1, 0);

    struct pg_wal_end end = read_whole(fixture);

    assert_int_equal(fixture->seen.count, count + 2);
    assert_int_equal(end.reason, PG_WAL_END_NONE);
    assert_int_equal(fixture->seen.records[count].main.size, 3 * SEGMENT);
    for (size_t index = 1; index < fixture->seen.count; index++)
        assert_int_equal(fixture->seen.records[index].previous,
                         fixture->seen.records[index - 1].start);
}

static void
the_size_of_the_pieces_does_not_matter(void **state)
{
    static const size_t sizes[] = {1, 3, 24, 511, 8192, 8193};
    struct fixture *fixture = *state;

    for (size_t size = 0; size < 200; size++)
        add(fixture, size * 29, 0);
    add_switch(fixture);
    wal_build_zeros(&fixture->build, 4 * SEGMENT);
    pg_lsn last = add(fixture, 5, 0);

    for (size_t row = 0; row < sizeof(sizes) / sizeof(sizes[0]); row++)
    {
        struct pg_wal_end end = read_pieces(fixture, sizes[row]);

        assert_int_equal(fixture->seen.count, 202);
        assert_int_equal(fixture->seen.records[201].start, last);
        assert_int_equal(end.reason, PG_WAL_END_NONE);
    }
}

static void
a_record_from_before_the_first_segment_is_skipped(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, SEGMENT + 20000, 0);
    pg_lsn wanted = add(fixture, 3, 0);

    buffer_consume(&fixture->build.bytes, SEGMENT);
    fixture->options.first.number++;
    struct pg_wal_end end = read_whole(fixture);

    assert_int_equal(fixture->seen.count, 1);
    assert_int_equal(fixture->seen.records[0].start, wanted);
    assert_int_equal(end.reason, PG_WAL_END_NONE);
}

static void
after_a_switch_comes_the_next_segment(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 5, 0);
    add_switch(fixture);
    wal_build_zeros(&fixture->build, 4 * SEGMENT);
    add(fixture, 6, 0);
    read_whole(fixture);

    assert_int_equal(fixture->seen.count, 3);
    assert_int_equal(fixture->seen.records[1].end, 4 * SEGMENT);
    assert_int_equal(fixture->seen.records[2].start, 4 * SEGMENT + 40);
}

static void
zeros_are_the_end(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 5, 0);
    pg_lsn end = aligned(wal_build_next(&fixture->build));

    wal_build_zeros(&fixture->build, 4 * SEGMENT);
    expect_end(read_whole(fixture), PG_WAL_END_ZEROS, end, end);
    expect_end(read_pieces(fixture, 1), PG_WAL_END_ZEROS, end, end);

    fixture->build.bytes.size = 0;
    wal_build_zeros(&fixture->build, 4 * SEGMENT);
    expect_end(read_whole(fixture), PG_WAL_END_ZEROS, 0, 3 * SEGMENT);
}

static void
a_page_of_zeros_is_the_end(void **state)
{
    struct fixture *fixture = *state;
    pg_lsn boundary = 3 * SEGMENT + 8192;

    add(fixture, 8192 - 40 - 24 - 5, 0);
    assert_int_equal(wal_build_next(&fixture->build), boundary);
    wal_build_zeros(&fixture->build, boundary + 100);
    expect_end(read_whole(fixture), PG_WAL_END_ZEROS, boundary, boundary);
}

static void
the_old_content_of_a_recycled_segment_is_the_end(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 5, 0);
    pg_lsn end = add(fixture, 9000, 0);
    add(fixture, 9000, 0);

    /* The second page says it is of an earlier place. */
    fixture->build.bytes.data[8192 + 10] -= 1;
    expect_end(read_whole(fixture), PG_WAL_END_RECYCLED, end, 3 * SEGMENT + 8192);
}

static void
a_wrong_page_header_is_the_end(void **state)
{
    static const struct
    {
        size_t at;
        uint8_t value;
    } rows[] = {{0, 0x13}, {2, 0x11}, {2, 3}, {4, 0}}; /* magic, flags twice, timeline */
    struct fixture *fixture = *state;
    pg_lsn broken = 3 * SEGMENT + 8192;

    add(fixture, 5, 0);
    pg_lsn end = add(fixture, 9000, 0);

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        uint8_t *byte = &fixture->build.bytes.data[8192 + rows[row].at];
        uint8_t right = *byte;

        *byte = rows[row].value;
        expect_end(read_whole(fixture), PG_WAL_END_PAGE_HEADER, end, broken);
        *byte = right;
    }
    assert_int_equal(read_whole(fixture).reason, PG_WAL_END_NONE);
}

static void
a_page_that_does_not_go_on_is_the_end(void **state)
{
    struct fixture *fixture = *state;
    pg_lsn record;

    add(fixture, 5, 0);
    record = add(fixture, 9000, 0);

    /* The wrong number of bytes missing, then no continuation at all. */
    fixture->build.bytes.data[8192 + 16]++;
    expect_end(read_whole(fixture), PG_WAL_END_CONTINUATION, record, 3 * SEGMENT + 8192);
    fixture->build.bytes.data[8192 + 16]--;
    fixture->build.bytes.data[8192 + 2] = 0;
    expect_end(read_whole(fixture), PG_WAL_END_CONTINUATION, record, 3 * SEGMENT + 8192);
}

static void
an_unexpected_continuation_is_the_end(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 8192 - 40 - 24 - 5, 0);
    add(fixture, 5, 0);
    fixture->build.bytes.data[8192 + 2] = 1;
    fixture->build.bytes.data[8192 + 16] = 8;
    assert_int_equal(read_whole(fixture).reason, PG_WAL_END_CONTINUATION);
}

static void
a_damaged_record_is_the_end(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 5, 0);
    pg_lsn record = add(fixture, 9000, 0);

    fixture->build.bytes.data[8192 + 100] ^= 1;
    expect_end(read_whole(fixture), PG_WAL_END_CHECKSUM, record, record);
}

static void
a_record_must_link_to_the_one_before(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 5, 0);
    fixture->build.previous -= 8;
    pg_lsn record = add(fixture, 5, 0);

    expect_end(read_whole(fixture), PG_WAL_END_RECORD, record, record);
}

/* src/backend/access/transam/xlog.c, CreateOverwriteContrecordRecord. */
static void
a_record_given_up_in_a_crash_is_passed_over(void **state)
{
    static const struct
    {
        uint16_t magic;
        uint16_t flag;
    } rows[] = {{0xD110, 8}, {0xD118, 8}, {0xD122, 4}};
    struct fixture *fixture = *state;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        fixture->build.bytes.size = 0;
        fixture->build.previous = 0;
        fixture->build.magic = rows[row].magic;
        pg_lsn first = add(fixture, 8000, 0);
        size_t room = 8192 - (aligned(wal_build_next(&fixture->build)) % 8192);

        add(fixture, 10000, 24 + 5 + 10000 - room);
        fixture->build.page_flags = rows[row].flag;
        pg_lsn after = add(fixture, 16, 0);
        struct pg_wal_end end = read_whole(fixture);

        assert_int_equal(end.reason, PG_WAL_END_NONE);
        assert_int_equal(fixture->seen.count, 2);
        assert_int_equal(fixture->seen.records[1].start, after);
        assert_int_equal(after, 3 * SEGMENT + 8192 + 24);
        assert_int_equal(fixture->seen.records[1].previous, first);
    }
}

static void
a_new_timeline_may_take_over_and_an_old_one_not(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, SEGMENT + 10, 0);
    fixture->build.timeline = 2;
    pg_lsn last = add(fixture, 9000, 0);

    assert_int_equal(read_whole(fixture).reason, PG_WAL_END_NONE);
    fixture->build.timeline = 1;
    add(fixture, 9000, 0);
    struct pg_wal_end end = read_whole(fixture);

    assert_int_equal(end.reason, PG_WAL_END_PAGE_HEADER);
    assert_int_equal(fixture->seen.records[fixture->seen.count - 1].start, last);
}

static void
expect_failure(struct fixture *fixture, enum status want, const char *message)
{
    struct bytes wal = buffer_bytes(&fixture->build.bytes);
    struct error err;

    assert_ok(pg_wal_reader_create(&fixture->reader, &fixture->options, &err));
    assert_status(pg_wal_reader_feed(fixture->reader, wal, &err), want);
    assert_message(message);
}

static void
wal_of_another_cluster_is_refused(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 5, 0);
    fixture->options.system_identifier = 43;
    expect_failure(fixture, STATUS_REFUSED, "system identifier 42, expected 43");
}

static void
a_segment_of_another_cluster_in_the_middle_is_refused(void **state)
{
    struct fixture *fixture = *state;

    add_switch(fixture);
    wal_build_zeros(&fixture->build, 4 * SEGMENT);
    fixture->build.system_identifier = 41;
    add(fixture, 5, 0);
    expect_failure(fixture, STATUS_REFUSED, "system identifier 41, expected 42");
}

static void
wal_of_an_unknown_version_is_unsupported(void **state)
{
    struct fixture *fixture = *state;

    fixture->build.magic = 0xD10D;
    add(fixture, 5, 0);
    expect_failure(fixture, STATUS_UNSUPPORTED, "D10D is that of no supported");
}

static void
the_callers_failure_comes_back(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 5, 0);
    fixture->seen.answer = STATUS_CANCELLED;
    expect_failure(fixture, STATUS_CANCELLED, "seen enough");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_record_is_reported_with_all_its_fields),
        TEST(records_cross_pages_and_segments),
        TEST(the_size_of_the_pieces_does_not_matter),
        TEST(a_record_from_before_the_first_segment_is_skipped),
        TEST(after_a_switch_comes_the_next_segment),
        TEST(zeros_are_the_end),
        TEST(a_page_of_zeros_is_the_end),
        TEST(the_old_content_of_a_recycled_segment_is_the_end),
        TEST(a_wrong_page_header_is_the_end),
        TEST(a_page_that_does_not_go_on_is_the_end),
        TEST(an_unexpected_continuation_is_the_end),
        TEST(a_damaged_record_is_the_end),
        TEST(a_record_must_link_to_the_one_before),
        TEST(a_record_given_up_in_a_crash_is_passed_over),
        TEST(a_new_timeline_may_take_over_and_an_old_one_not),
        TEST(wal_of_another_cluster_is_refused),
        TEST(a_segment_of_another_cluster_in_the_middle_is_refused),
        TEST(wal_of_an_unknown_version_is_unsupported),
        TEST(the_callers_failure_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
