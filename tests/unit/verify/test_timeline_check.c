// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/cluster_build.h"
#include "verify/timeline_check.h"

#include <stdio.h>
#include <stdlib.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE

struct fixture
{
    struct cluster_build cluster;
    struct verify_options options;
    struct verify_context context;
    struct wal_runs vanished;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error err = {0};

    cluster_build_open(&fixture->cluster, false);
    fixture->context.repo = fixture->cluster.repo;
    fixture->context.catalog = &fixture->cluster.catalog;
    fixture->context.options = &fixture->options;
    assert_ok(findings_create(&fixture->context.findings, &err));
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_runs_release(&fixture->vanished);
    findings_freep(&fixture->context.findings);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static void
archive(struct fixture *fixture, pg_timeline timeline, uint64_t first, uint64_t last)
{
    struct wal_build wal;

    wal_build_begin(&wal, (struct pg_wal_segment){timeline, first});
    wal_build_zeros(&wal, (last + 1) * SEGMENT);
    cluster_build_archive(&fixture->cluster, &wal, 0);
    wal_build_release(&wal);
}

static void
keep(struct fixture *fixture, const char *id, pg_timeline timeline, uint64_t number)
{
    struct wal_build wal;

    wal_build_begin(&wal, (struct pg_wal_segment){timeline, number});
    cluster_build_keep(&fixture->cluster, &wal, id, number);
    wal_build_release(&wal);
}

/* A backup from somewhere in one segment to somewhere in another. */
static void
commit(struct fixture *fixture, const char *id, pg_timeline timeline, uint64_t start, uint64_t stop)
{
    const struct backup backup = {
        .system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER,
        .major = 15,
        .wal_segment_size = SEGMENT,
        .start = {timeline, start * SEGMENT + 40},
        .stop = {timeline, stop * SEGMENT + 4000},
        .started = CLUSTER_BUILD_MINUTE((int) start),
        .stopped = CLUSTER_BUILD_MINUTE((int) stop),
        .wal_kept = 1,
    };
    struct backup named = backup;
    const struct catalog_entry entry = {.backup = &named};
    struct error err = {0};

    snprintf(named.id, sizeof(named.id), "%s", id);
    assert_ok(catalog_append(fixture->cluster.repo, &fixture->cluster.catalog, &entry,
                             (struct catalog_check){0}, &err));
}

static void
condemn(struct fixture *fixture, pg_timeline timeline, uint64_t first, uint64_t last)
{
    struct wal_run run = {timeline, first, last};
    const struct wal_part part = {CLUSTER_BUILD_SYSTEM_IDENTIFIER, SEGMENT, {&run, 1}};
    struct condemnation condemnation = {.number = 0};
    const struct catalog_entry entry = {.condemnation = &condemnation};
    struct error err = {0};

    assert_ok(wal_set_add(&condemnation.wal, &part, &err));
    assert_ok(catalog_append(fixture->cluster.repo, &fixture->cluster.catalog, &entry,
                             (struct catalog_check){0}, &err));
    condemnation_release(&condemnation);
}

#define A "2026-01-01T00-00-00-aaaa"
#define B "2026-01-02T00-00-00-bbbb"

/* The findings as "severity kind object" lines. */
static void
expect(struct fixture *fixture, const char *wanted)
{
    const struct timeline_check check = {&fixture->context, CLUSTER_BUILD_SYSTEM_IDENTIFIER,
                                         SEGMENT, &fixture->vanished};
    SCOPED(buffer_release) struct buffer found = BUFFER_INIT(10000);
    struct verify_finding finding;
    const char *text;
    struct error err = {0};
    bool more;

    assert_ok(timeline_check_run(&check, &err));
    assert_ok(findings_sort(fixture->context.findings, &err));
    assert_ok(findings_next(fixture->context.findings, &more, &finding, &err));
    while (more)
    {
        assert_ok(buffer_append_text(&found, &err, "%s %s %s: %s\n",
                                     findings_severity_name(finding.severity), finding.kind,
                                     finding.object, finding.text));
        assert_ok(findings_next(fixture->context.findings, &more, &finding, &err));
    }
    assert_ok(buffer_text(&found, &text, &err));
    if (wanted[0] == '\0')
        assert_string_equal(text, "");
    for (const char *part = wanted; *part != '\0';)
    {
        char piece[300];
        size_t size = strcspn(part, "|");

        snprintf(piece, sizeof(piece), "%.*s", (int) size, part);
        if (strstr(text, piece) == NULL)
            fail_msg("\"%s\" is not in:\n%s", piece, text);
        part += size + (part[size] == '|');
    }
}

static void
two_backups_and_unbroken_wal_are_fine(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 12);
    commit(fixture, A, 1, 3, 4);
    commit(fixture, B, 1, 9, 10);
    expect(fixture, "");
}

static void
a_gap_between_backups_names_both(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 6);
    archive(fixture, 1, 8, 12);
    commit(fixture, A, 1, 3, 4);
    commit(fixture, B, 1, 9, 10);
    expect(fixture, "damage gap 000000010000000000000007: WAL segment 000000010000000000000007 is "
                    "missing: between backups " A " and " B " archiving was off");
}

static void
a_gap_before_the_oldest_backup_is_none(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 4);
    archive(fixture, 1, 8, 12);
    commit(fixture, B, 1, 9, 10);
    expect(fixture, "");
}

static void
what_the_log_condemned_is_no_gap(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 12);
    commit(fixture, A, 1, 3, 4);
    commit(fixture, B, 1, 9, 10);
    condemn(fixture, 1, 6, 8);
    expect(fixture, "");
}

static void
what_is_missing_behind_condemned_wal_is_nobodys(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 6);
    archive(fixture, 1, 8, 12);
    commit(fixture, A, 1, 3, 4);
    commit(fixture, B, 1, 9, 10);
    condemn(fixture, 1, 5, 6);
    expect(fixture, "");
}

static void
each_of_several_gaps_is_told(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 5);
    archive(fixture, 1, 7, 7);
    archive(fixture, 1, 9, 12);
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "gap 000000010000000000000006|gap 000000010000000000000008|after backup " A);
}

static void
wal_that_a_backup_carries_is_not_missing_for_it(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 4, 12);
    keep(fixture, A, 1, 3);
    keep(fixture, A, 1, 4);
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "");
}

/* What the server wrote into its last segment later is nowhere. */
static void
the_rest_of_the_last_segment_that_a_backup_carries_is_missing(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 5, 12);
    keep(fixture, A, 1, 3);
    keep(fixture, A, 1, 4);
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "damage gap 000000010000000000000004");
}

static void
a_backup_without_its_wal_is_inconsistent(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 5, 12);
    keep(fixture, A, 1, 3);
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "damage inconsistent " A ": the backup needs WAL that is not there: WAL "
                    "segment 000000010000000000000004 is missing");
}

static void
a_lost_primarys_wal_is_told_as_that(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 6);
    archive(fixture, 2, 9, 12);
    cluster_build_history(&fixture->cluster, 2, "1\t0/900100\tpromoted\n");
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "damage gap 000000010000000000000007: WAL segments 000000010000000000000007 to "
                    "000000010000000000000008 are missing: timeline 2 forks off behind them: the "
                    "old primary was lost");
}

static void
a_gap_on_a_branch_that_was_left_is_a_warning(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 10);
    archive(fixture, 1, 12, 13);
    archive(fixture, 2, 9, 12);
    cluster_build_history(&fixture->cluster, 2, "1\t0/900100\tpromoted\n");
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "warning gap 00000001000000000000000B");
}

static void
wal_that_vanished_says_who_is_suspected(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    archive(fixture, 1, 3, 6);
    archive(fixture, 1, 8, 12);
    commit(fixture, A, 1, 3, 4);
    assert_ok(wal_runs_add(&fixture->vanished, (struct wal_run){1, 7, 7}, &err));
    assert_ok(wal_runs_add(&fixture->vanished, (struct wal_run){1, 13, 14}, &err));
    assert_ok(wal_runs_add(&fixture->vanished, (struct wal_run){1, 1, 1}, &err));
    expect(fixture,
           "damage gap 000000010000000000000007: WAL segment 000000010000000000000007 is "
           "missing: they were verified once|"
           "damage missing 00000001000000000000000D: WAL segments 00000001000000000000000D "
           "to 00000001000000000000000E were verified once, and are gone|"
           "warning missing 000000010000000000000001");
}

static void
a_timeline_without_a_history_cannot_be_followed(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 9);
    archive(fixture, 2, 9, 12);
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "damage missing shop/wal/42/00000002/00000002.history: timeline 2 has WAL");
}

static void
histories_that_contradict_each_other_are_told(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 9);
    archive(fixture, 2, 9, 12);
    archive(fixture, 3, 12, 13);
    cluster_build_history(&fixture->cluster, 2, "1\t0/900100\tpromoted\n");
    cluster_build_history(&fixture->cluster, 3, "1\t0/900200\tpromoted\n2\t0/C00100\tpromoted\n");
    commit(fixture, A, 1, 3, 4);
    expect(fixture, "damage mismatch shop/wal/42/00000003/00000003.history: it tells another story "
                    "of timeline 2");
}

static void
a_chain_of_timelines_is_fine(void **state)
{
    struct fixture *fixture = *state;

    archive(fixture, 1, 3, 9);
    archive(fixture, 2, 9, 12);
    archive(fixture, 3, 12, 13);
    cluster_build_history(&fixture->cluster, 2, "1\t0/900100\tpromoted\n");
    cluster_build_history(&fixture->cluster, 3, "1\t0/900100\tpromoted\n2\t0/C00100\tpromoted\n");
    commit(fixture, A, 1, 3, 4);
    commit(fixture, B, 2, 10, 11);
    expect(fixture, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_backups_and_unbroken_wal_are_fine),
        TEST(a_gap_between_backups_names_both),
        TEST(a_gap_before_the_oldest_backup_is_none),
        TEST(what_the_log_condemned_is_no_gap),
        TEST(what_is_missing_behind_condemned_wal_is_nobodys),
        TEST(each_of_several_gaps_is_told),
        TEST(wal_that_a_backup_carries_is_not_missing_for_it),
        TEST(the_rest_of_the_last_segment_that_a_backup_carries_is_missing),
        TEST(a_backup_without_its_wal_is_inconsistent),
        TEST(a_lost_primarys_wal_is_told_as_that),
        TEST(a_gap_on_a_branch_that_was_left_is_a_warning),
        TEST(wal_that_vanished_says_who_is_suspected),
        TEST(a_timeline_without_a_history_cannot_be_followed),
        TEST(histories_that_contradict_each_other_are_told),
        TEST(a_chain_of_timelines_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
