// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/doubt.h"
#include "tests/support/dump_build.h"

#include <stdio.h>

#define MIB    (UINT32_C(1) << 20)
#define MINUTE (60 * US_PER_SECOND)
#define DAY    (1440 * MINUTE)

/* 2026-11-20 12:00 UTC */
#define NOW (INT64_C(1795176000) * US_PER_SECOND)

struct fixture
{
    struct backup backups[8];
    struct lineage lineage;
    struct catalog catalog;
};

static struct fixture
fixture_of(const int *days_ago, size_t count)
{
    struct fixture fixture = {.lineage = {1, MIB, 17}};

    for (size_t index = 0; index < count; index++)
    {
        time_us time = NOW - days_ago[index] * DAY;

        fixture.backups[index] = (struct backup){
            .system_identifier = 1,
            .wal_segment_size = MIB,
            .start = {1, 5 * MIB},
            .stop = {1, 6 * MIB},
            .started = time - MINUTE,
            .stopped = time,
        };
        snprintf(fixture.backups[index].id, BACKUP_ID_SIZE, "%zu", index);
    }
    fixture.catalog.backup_count = count;
    fixture.catalog.lineage_count = 1;
    fixture.catalog.last_time = NOW - DAY;
    return fixture;
}

static enum status
check(struct fixture *fixture, struct error *err)
{
    fixture->catalog.backups = fixture->backups;
    fixture->catalog.lineages = &fixture->lineage;
    return doubt_check(&fixture->catalog, NOW, err);
}

static void
an_ordinary_catalog_gives_no_doubt(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){20, 10, 0}, 3);
    struct fixture empty = fixture_of(NULL, 0);
    struct error err = {0};

    assert_ok(check(&fixture, &err));
    assert_ok(check(&empty, &err));
}

static void
a_log_from_the_future_refuses(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){20, 10}, 2);
    struct error err = {0};

    fixture.catalog.last_time = NOW + 4 * MINUTE;
    assert_ok(check(&fixture, &err));
    fixture.catalog.last_time = NOW + 6 * MINUTE;
    assert_status(check(&fixture, &err), STATUS_REFUSED);
    assert_string_equal(err.message, "the log's newest entry is dated 2026-11-20T12:06:00Z, but "
                                     "this host's clock says 2026-11-20T12:00:00Z");
}

static void
a_newest_backup_from_the_future_refuses(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){20, 10, -3}, 3);
    struct error err = {0};

    assert_status(check(&fixture, &err), STATUS_REFUSED);
    assert_message("backup 2 is dated 2026-11-23T12:00:00Z");
    assert_non_null(strstr(err.hint, "clock"));
}

static void
clocks_of_two_hosts_may_differ_a_little(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){20, 10, 0}, 3);
    struct error err = {0};

    fixture.backups[2].stopped = NOW + 4 * MINUTE;
    assert_ok(check(&fixture, &err));
    fixture.backups[2].stopped = NOW + 6 * MINUTE;
    assert_status(check(&fixture, &err), STATUS_REFUSED);
}

static void
a_single_wrong_date_is_outvoted_by_what_followed(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){20, -3000, 0}, 3);
    struct error err = {0};

    assert_ok(check(&fixture, &err));
}

/* The clock of this host went back by years, and it took a backup. */
static void
one_backup_does_not_outvote_the_others(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){-300, -299, -298, 0}, 4);
    struct error err = {0};

    assert_status(check(&fixture, &err), STATUS_REFUSED);
}

static void
dumps_from_the_future_are_judged_like_backups(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){20, 10}, 2);
    struct dump dumps[] = {dump_build("shop", NOW - 2 * DAY), dump_build("My Shop", NOW + 3 * DAY),
                           dump_build("shop", NOW - DAY)};
    struct error err = {0};

    fixture.catalog.dumps = dumps;
    fixture.catalog.dump_count = 2;
    assert_status(check(&fixture, &err), STATUS_REFUSED);
    assert_message("dump My%20Shop/backup-2026-11-23T12-00-00 is dated 2026-11-23T12:01:00Z");
    fixture.catalog.dump_count = 3;
    assert_ok(check(&fixture, &err));
    dumps[0] = dump_build("shop", NOW + 300 * DAY);
    assert_status(check(&fixture, &err), STATUS_REFUSED);
}

static void
a_backup_that_does_not_fit_the_log_refuses(void **state)
{
    (void) state;
    struct fixture fixture = fixture_of((const int[]){20, 10}, 2);
    struct error err = {0};

    fixture.backups[1].system_identifier = 2;
    assert_status(check(&fixture, &err), STATUS_REFUSED);
    assert_message("which the log does not accept");
    fixture.backups[1].system_identifier = 1;

    fixture.backups[1].wal_segment_size = 2 * MIB;
    assert_status(check(&fixture, &err), STATUS_REFUSED);
    assert_message("backup 1 has WAL segments of 2097152 bytes, its cluster of 1048576");
    fixture.backups[1].wal_segment_size = MIB;

    fixture.backups[1].stop.lsn = 4 * MIB;
    assert_status(check(&fixture, &err), STATUS_REFUSED);
    assert_message("backup 1 stops before it starts");
    assert_string_equal(err.detail, "While the catalog looks wrong, nothing expires.");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_catalog_gives_no_doubt),
        cmocka_unit_test(a_log_from_the_future_refuses),
        cmocka_unit_test(a_newest_backup_from_the_future_refuses),
        cmocka_unit_test(clocks_of_two_hosts_may_differ_a_little),
        cmocka_unit_test(a_single_wrong_date_is_outvoted_by_what_followed),
        cmocka_unit_test(one_backup_does_not_outvote_the_others),
        cmocka_unit_test(dumps_from_the_future_are_judged_like_backups),
        cmocka_unit_test(a_backup_that_does_not_fit_the_log_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
