// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "repo/wal_scan.h"
#include "tests/support/cluster_build.h"

#include <stdio.h>
#include <stdlib.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define MINUTE  CLUSTER_BUILD_MINUTE
#define FIRST   3 /* segment */

#define SEEN_MAX 20000

struct fixture
{
    struct cluster_build cluster;
    struct wal_build wal;
    struct wal_chain chain;

    /* What was seen. */
    pg_lsn starts[SEEN_MAX];
    size_t count;
    size_t commits;
    uint32_t last_xid;
    size_t fail_at; /* the n-th record is refused; 0: none */

    pg_lsn tail_end; /* up to where the tail is fed */
    size_t tails;    /* how often it was asked for */
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    cluster_build_open(&fixture->cluster, true);
    wal_build_begin(&fixture->wal, (struct pg_wal_segment){1, FIRST});
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_chain_release(&fixture->chain);
    wal_build_release(&fixture->wal);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static void
archive(struct fixture *fixture, uint64_t omit)
{
    struct error err = {0};

    cluster_build_archive(&fixture->cluster, &fixture->wal, omit);
    assert_ok(wal_chain_load(&fixture->chain, fixture->cluster.repo, &fixture->cluster.catalog,
                             CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, &err));
}

static enum status
see_record(void *arg, const struct pg_wal_record *record, struct error *err)
{
    struct fixture *fixture = arg;

    assert_true(fixture->count < SEEN_MAX);
    fixture->starts[fixture->count++] = record->start;
    fixture->commits += record->rmid == PG_WAL_RM_XACT;
    if (record->rmid == PG_WAL_RM_XACT)
        fixture->last_xid = record->xid;
    if (fixture->count == fixture->fail_at)
        return error_set(err, STATUS_REFUSED, "seen enough");
    return OK;
}

static enum status
scan_along(struct fixture *fixture, const struct pg_history *path, pg_lsn begin, pg_lsn end,
           struct error *err)
{
    const struct wal_scan scan = {
        .chain = &fixture->chain,
        .path = path,
        .begin = begin,
        .end = end,
        .record = see_record,
        .arg = fixture,
    };

    fixture->count = fixture->commits = 0;
    return wal_scan_run(&scan, err);
}

static enum status
scan(struct fixture *fixture, pg_lsn begin, pg_lsn end, struct error *err)
{
    return scan_along(fixture, wal_chain_history(&fixture->chain, 1), begin, end, err);
}

/* Each stretch of some: from any record to any record. */
static void
the_records_of_any_stretch_come_once_and_in_order(void **state)
{
    enum
    {
        COUNT = 40
    };
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn starts[COUNT];

    for (size_t index = 0; index < COUNT; index++)
    {
        if (index % 10 == 9)
            cluster_build_fill_to(&fixture->wal, FIRST + index / 10 + 1);
        starts[index] = cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    }
    archive(fixture, 0);
    for (size_t begin = 0; begin < COUNT; begin += 3)
        for (size_t end = begin; end < COUNT; end += 7)
        {
            assert_ok(scan(fixture, starts[begin], starts[end], &err));
            assert_int_equal(fixture->commits, end - begin);
            for (size_t index = 0; index < fixture->count; index++)
                assert_true(fixture->starts[index] >= starts[begin] &&
                            fixture->starts[index] < starts[end] &&
                            (index == 0 || fixture->starts[index] > fixture->starts[index - 1]));
            if (begin < end)
                assert_int_equal(fixture->starts[0], starts[begin]);
        }
}

static void
a_record_that_spans_two_segments_belongs_to_the_stretch_that_it_begins_in(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn begin = 0;
    pg_lsn last;

    cluster_build_fill_to(&fixture->wal, FIRST + 1);
    while (wal_build_next(&fixture->wal) < (FIRST + 2) * SEGMENT)
        begin = cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    assert_true(begin < (FIRST + 2) * SEGMENT);
    last = cluster_build_commit(&fixture->wal, 701, MINUTE(1));
    archive(fixture, 0);

    assert_ok(scan(fixture, begin, last, &err));
    assert_int_equal(fixture->commits, 1);
    assert_int_equal(fixture->starts[0], begin);
}

static void
segments_outside_the_stretch_need_not_be_there(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn begin;

    cluster_build_fill_to(&fixture->wal, FIRST + 1);
    begin = cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    cluster_build_fill_to(&fixture->wal, FIRST + 3);
    cluster_build_commit(&fixture->wal, 701, MINUTE(1));
    archive(fixture, FIRST);

    assert_ok(scan(fixture, begin, (FIRST + 3) * SEGMENT, &err));
    assert_int_equal(fixture->commits, 1);
    assert_status(scan(fixture, begin - SEGMENT, begin, &err), STATUS_REFUSED);
}

static void
a_hole_is_refused_and_named(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    cluster_build_fill_to(&fixture->wal, FIRST + 4);
    archive(fixture, FIRST + 2);

    assert_status(scan(fixture, FIRST * SEGMENT, (FIRST + 4) * SEGMENT, &err), STATUS_REFUSED);
    assert_message("WAL segment 000000010000000000000005 is not in the archive");
    assert_status(scan(fixture, FIRST * SEGMENT, (FIRST + 9) * SEGMENT, &err), STATUS_REFUSED);
    assert_ok(scan(fixture, FIRST * SEGMENT, (FIRST + 2) * SEGMENT, &err));
    assert_status(scan(fixture, (FIRST - 1) * SEGMENT, (FIRST + 1) * SEGMENT, &err),
                  STATUS_REFUSED);
}

/* It was archived when its server was stopped for good, or by another one. */
static void
wal_that_ends_before_the_stretch_does_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn begin = cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    pg_lsn last = cluster_build_commit(&fixture->wal, 701, MINUTE(1));

    archive(fixture, 0); /* zeros follow */

    assert_ok(scan(fixture, begin, last, &err));
    assert_status(scan(fixture, begin, wal_build_next(&fixture->wal), &err), STATUS_REFUSED);
    assert_message("archived WAL ends at 0/30");
    assert_message("never written");
    assert_int_equal(fixture->commits, 2);
}

static void
the_rest_of_a_segment_that_was_switched_away_from_is_no_end(void **state)
{
    const struct wal_build_record switched = {.rmid = PG_WAL_RM_XLOG, .info = 0x40};
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn begin = cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    pg_lsn last;

    wal_build_add(&fixture->wal, switched);
    wal_build_zeros(&fixture->wal, (FIRST + 1) * SEGMENT);
    cluster_build_commit(&fixture->wal, 701, MINUTE(1));
    last = cluster_build_commit(&fixture->wal, 702, MINUTE(1));
    archive(fixture, 0);

    assert_ok(scan(fixture, begin, last, &err));
    assert_int_equal(fixture->commits, 2);
    assert_int_equal(fixture->count, 3);
}

static void
a_callback_s_failure_ends_the_scan_with_it(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    cluster_build_fill_to(&fixture->wal, FIRST + 3);
    archive(fixture, 0);
    fixture->fail_at = 5;
    assert_status(scan(fixture, FIRST * SEGMENT, (FIRST + 3) * SEGMENT, &err), STATUS_REFUSED);
    assert_message("seen enough");
    assert_message("reading WAL segment 000000010000000000000003");
    assert_int_equal(fixture->count, 5);
}

/* What goes on from here on another timeline. */
static struct wal_build
fork_wal(const struct wal_build *wal, pg_timeline timeline)
{
    struct wal_build child = *wal;
    struct error err = {0};

    child.bytes = BUFFER_INIT(wal->bytes.limit);
    assert_ok(buffer_append(&child.bytes, buffer_bytes(&wal->bytes), &err));
    child.timeline = timeline;
    return child;
}

/* The path reads the child's segment where it took over, though the parent's is there too. */
static void
a_scan_follows_its_path_onto_a_newer_timeline(void **state)
{
    struct fixture *fixture = *state;
    struct wal_build child;
    struct error err = {0};
    pg_lsn begin = cluster_build_commit(&fixture->wal, 700, MINUTE(1));
    pg_lsn abandoned;
    pg_lsn last;
    char history[64];

    cluster_build_fill_to(&fixture->wal, FIRST + 1);
    cluster_build_commit(&fixture->wal, 701, MINUTE(1));
    child = fork_wal(&fixture->wal, 2);
    abandoned = cluster_build_restore_point(&fixture->wal, "abandoned", MINUTE(2));
    cluster_build_commit(&fixture->wal, 702, MINUTE(2));
    cluster_build_commit(&child, 703, MINUTE(2));
    cluster_build_fill_to(&child, FIRST + 2);
    last = cluster_build_commit(&child, 704, MINUTE(3));
    snprintf(history, sizeof(history), "1\t0/%llX\tpromoted\n", (unsigned long long) abandoned);
    cluster_build_history(&fixture->cluster, 2, history);
    cluster_build_archive(&fixture->cluster, &child, FIRST);
    wal_build_release(&child);
    archive(fixture, 0);

    assert_ok(scan_along(fixture, wal_chain_history(&fixture->chain, 2), begin, last, &err));

    assert_int_equal(fixture->commits, 3);
    assert_int_equal(fixture->last_xid, 703);
}

/* The segment that is being written, as the server has it: in pieces, and perhaps more than asked.
 */
static enum status
feed_tail(void *arg, pg_lsn from, struct pg_wal_reader *reader, struct error *err)
{
    struct fixture *fixture = arg;
    const struct wal_build *wal = &fixture->wal;

    fixture->tails++;
    assert_int_equal(from % SEGMENT, 0);
    while (from < fixture->tail_end)
    {
        size_t size = fixture->tail_end - from < 1000 ? (size_t) (fixture->tail_end - from) : 1000;

        TRY(pg_wal_reader_feed(reader, (struct bytes){wal->bytes.data + (from - wal->start), size},
                               err));
        from += size;
    }
    return OK;
}

static enum status
scan_with_tail(struct fixture *fixture, pg_lsn begin, pg_lsn end, struct error *err)
{
    const struct wal_scan scan = {
        .chain = &fixture->chain,
        .path = wal_chain_history(&fixture->chain, 1),
        .begin = begin,
        .end = end,
        .tail = feed_tail,
        .record = see_record,
        .arg = fixture,
    };

    fixture->count = fixture->commits = fixture->tails = 0;
    return wal_scan_run(&scan, err);
}

/* Two archived segments and a third that is not; the last record, which is no part of it. */
static pg_lsn
write_tail(struct fixture *fixture)
{
    pg_lsn end;

    for (uint64_t number = FIRST; number < FIRST + 3; number++)
    {
        cluster_build_fill_to(&fixture->wal, number);
        for (uint32_t xid = 700; xid < 710; xid++)
            cluster_build_commit(&fixture->wal, xid, MINUTE(1));
    }
    end = cluster_build_commit(&fixture->wal, 999, MINUTE(2));
    fixture->tail_end = wal_build_next(&fixture->wal);
    archive(fixture, FIRST + 2);
    return end;
}

static void
the_segment_that_is_being_written_comes_from_the_tail(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn end = write_tail(fixture);

    assert_ok(scan_with_tail(fixture, FIRST * SEGMENT, end, &err));
    assert_int_equal(fixture->commits, 30);
    assert_int_equal(fixture->tails, 1);
    fixture->tail_end = end; /* not a byte more */
    assert_ok(scan_with_tail(fixture, FIRST * SEGMENT, end, &err));
    assert_int_equal(fixture->commits, 30);
}

/* Else a change would be missed, and what it made unsound inherited. */
static void
a_tail_that_ends_too_early_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn end = write_tail(fixture);

    for (pg_lsn tail_end = (FIRST + 2) * SEGMENT; tail_end < end; tail_end += 7)
    {
        fixture->tail_end = tail_end;
        assert_status(scan_with_tail(fixture, FIRST * SEGMENT, end, &err), STATUS_REFUSED);
        assert_message("the WAL at the end of the stretch did not come");
    }
}

static void
a_tail_does_not_stand_in_for_what_should_be_archived(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    pg_lsn end;

    write_tail(fixture);
    cluster_build_fill_to(&fixture->wal, FIRST + 4);
    end = cluster_build_commit(&fixture->wal, 999, MINUTE(2));
    fixture->tail_end = wal_build_next(&fixture->wal);

    assert_status(scan_with_tail(fixture, FIRST * SEGMENT, end, &err), STATUS_REFUSED);
    assert_message("WAL segment 000000010000000000000005 is not in the archive");
    assert_int_equal(fixture->tails, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_records_of_any_stretch_come_once_and_in_order),
        TEST(a_record_that_spans_two_segments_belongs_to_the_stretch_that_it_begins_in),
        TEST(segments_outside_the_stretch_need_not_be_there),
        TEST(a_hole_is_refused_and_named),
        TEST(wal_that_ends_before_the_stretch_does_is_refused),
        TEST(the_rest_of_a_segment_that_was_switched_away_from_is_no_end),
        TEST(a_callback_s_failure_ends_the_scan_with_it),
        TEST(a_scan_follows_its_path_onto_a_newer_timeline),
        TEST(the_segment_that_is_being_written_comes_from_the_tail),
        TEST(a_tail_that_ends_too_early_is_refused),
        TEST(a_tail_does_not_stand_in_for_what_should_be_archived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
