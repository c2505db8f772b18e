// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/archive_push.h"
#include "base/file.h"
#include "pg/segment.h"
#include "pg/wal_page.h"
#include "repo/lineage.h"
#include "repo/wal.h"
#include "stream/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB        (UINT32_C(1) << 20)
#define SYSTEM_ID  UINT64_C(7310000000000000001)
#define MAGIC_15   0xD110
#define FIRST_FILE "000000010000000000000001"

/* No data directory, and no further repositories. */
static const struct config config;

/* A repository in memory that accepts one cluster of 1 MiB segments, and a place for files. */
struct fixture
{
    struct repo *repo;
    char *directory;
    char *path;
};

static int
set_up(void **state)
{
    static struct fixture fixture;
    const struct repo_options options = {
        .cluster = "test", .encryption_off = true, .compression_level = 1};
    const struct lineage lineage = {SYSTEM_ID, MIB, 15};
    struct store_dialect dialect;
    struct store *store;
    struct error err;

    assert_ok(store_open_memory(&store, &err));
    assert_ok(repo_create(store, &options, &dialect, &err));
    assert_ok(repo_open(&fixture.repo, store, &options, &err));
    assert_ok(lineage_publish(fixture.repo, &lineage, &err));
    fixture.directory = test_directory_create();
    fixture.path = NULL;
    *state = &fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->path);
    repo_freep(&fixture->repo);
    test_directory_remove(fixture->directory);
    return 0;
}

/* Write a file of this name; returns its path, valid until the next call. */
static const char *
write_file(struct fixture *fixture, const char *name, struct bytes content)
{
    struct error err;

    free(fixture->path);
    fixture->path = path_join(fixture->directory, name);
    assert_ok(file_replace(fixture->path, 0600, content, &err));
    return fixture->path;
}

/* A segment of 1 MiB that begins with a page of this cluster and address. */
static const char *
write_segment(struct fixture *fixture, const char *name, uint64_t system_identifier, pg_lsn address,
              uint8_t filler)
{
    uint8_t *content = malloc(MIB);
    const uint16_t magic = MAGIC_15;
    const uint16_t info = PG_WAL_PAGE_LONG;
    const pg_timeline timeline = 1;
    const uint32_t segment_size = MIB;
    const uint32_t block_size = 8192;
    const char *path;

    assert_non_null(content);
    memset(content, 0, PG_WAL_LONG_HEADER_SIZE);
    memset(content + PG_WAL_LONG_HEADER_SIZE, filler, MIB - PG_WAL_LONG_HEADER_SIZE);
    memcpy(content, &magic, 2);
    memcpy(content + 2, &info, 2);
    memcpy(content + 4, &timeline, 4);
    memcpy(content + 8, &address, 8);
    memcpy(content + 24, &system_identifier, 8);
    memcpy(content + 32, &segment_size, 4);
    memcpy(content + 36, &block_size, 4);
    path = write_file(fixture, name, (struct bytes){content, MIB});
    free(content);
    return path;
}

static void
a_segment_is_archived_once_and_again_is_fine(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    const char *path = write_segment(fixture, FIRST_FILE, SYSTEM_ID, MIB, 'a');

    assert_ok(archive_push(&config, fixture->repo, path, &err));
    assert_ok(archive_push(&config, fixture->repo, path, &err));
}

static void
other_content_is_a_conflict_that_shows_both_digests(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(archive_push(&config, fixture->repo,
                           write_segment(fixture, FIRST_FILE, SYSTEM_ID, MIB, 'a'), &err));

    assert_status(archive_push(&config, fixture->repo,
                               write_segment(fixture, FIRST_FILE, SYSTEM_ID, MIB, 'b'), &err),
                  STATUS_CONFLICT);
    assert_message("with other content");
    assert_non_null(strstr(err.detail, "Nothing was overwritten"));
}

static void
a_cluster_that_was_not_accepted_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_status(archive_push(&config, fixture->repo,
                               write_segment(fixture, FIRST_FILE, SYSTEM_ID + 1, MIB, 'a'), &err),
                  STATUS_REFUSED);
    assert_message("7310000000000000002");
    assert_non_null(strstr(err.hint, "redoubt lineage add"));
}

static void
a_name_that_is_not_of_pg_wal_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_status(archive_push(&config, fixture->repo,
                               write_file(fixture, "postgresql.conf", BYTES("x")), &err),
                  STATUS_CONFIG);
}

static void
a_file_that_is_not_a_segment_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_status(
        archive_push(&config, fixture->repo, write_file(fixture, FIRST_FILE, BYTES("")), &err),
        STATUS_CORRUPT);
    assert_message("too short");
    assert_status(
        archive_push(&config, fixture->repo,
                     write_file(fixture, FIRST_FILE,
                                BYTES("forty bytes that are not the head of any WAL....")),
                     &err),
        STATUS_CORRUPT);
}

static void
a_file_without_a_header_needs_a_data_directory(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    const char *path = write_file(fixture, "00000002.history", BYTES("1\t0/3000000\tno\n"));

    assert_int_equal(chdir(fixture->directory), 0);
    assert_status(archive_push(&config, fixture->repo, path, &err), STATUS_NOT_FOUND);
    assert_message("whose \"00000002.history\" is");
    assert_non_null(strstr(err.hint, "data_directory"));
}

static void
a_history_file_must_be_one(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_status(archive_push(&config, fixture->repo,
                               write_file(fixture, "00000002.history", BYTES("x")), &err),
                  STATUS_CORRUPT);
}

static void
a_header_must_fit_name_and_size(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        struct archive_push_file file;
        struct pg_wal_header header;
        enum status want;
        const char *message;
    } rows[] = {
        {"all fits",
         {FIRST_FILE, MIB, MIB},
         {.timeline = 1, .page_address = MIB, .segment_size = MIB},
         OK,
         ""},
        {"a timeline's first segment begins with its parent's pages",
         {"000000070000000000000001", MIB, MIB},
         {.timeline = 3, .page_address = MIB, .segment_size = MIB},
         OK,
         ""},
        {"a partial segment",
         {FIRST_FILE ".partial", MIB, MIB},
         {.timeline = 1, .page_address = MIB, .segment_size = MIB},
         OK,
         ""},
        {"another segment size than the lineage's",
         {FIRST_FILE, MIB, MIB},
         {.timeline = 1, .page_address = MIB, .segment_size = 16 * MIB},
         STATUS_CORRUPT,
         "WAL segment size 16777216, expected 1048576"},
        {"a file cut short",
         {FIRST_FILE, MIB - 1, MIB},
         {.timeline = 1, .page_address = MIB, .segment_size = MIB},
         STATUS_CORRUPT,
         "size 1048575, expected 1048576"},
        {"another segment's content",
         {FIRST_FILE, MIB, MIB},
         {.timeline = 1, .page_address = 2 * MIB, .segment_size = MIB},
         STATUS_CORRUPT,
         "holds WAL of 0/200000, expected 0/100000"},
        {"a younger timeline's pages",
         {FIRST_FILE, MIB, MIB},
         {.timeline = 2, .page_address = MIB, .segment_size = MIB},
         STATUS_CORRUPT,
         "timeline 2, expected 1"},
        {"a name out of range for the segment size",
         {"0000000100000000000000FF", 1024 * (uint64_t) MIB, 1024 * MIB},
         {.timeline = 1, .page_address = MIB, .segment_size = 1024 * MIB},
         STATUS_CONFIG,
         "0000000100000000000000FF"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        struct error err = {0};
        enum status status = archive_push_check_segment(&rows[row].file, &rows[row].header, &err);

        if (status != rows[row].want || strstr(err.message, rows[row].message) == NULL)
            fail_msg("%s: got %s: %s", rows[row].name, status_name(status), err.message);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_segment_is_archived_once_and_again_is_fine, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(other_content_is_a_conflict_that_shows_both_digests, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_cluster_that_was_not_accepted_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_is_not_of_pg_wal_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_a_segment_is_corrupt, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_without_a_header_needs_a_data_directory, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_history_file_must_be_one, set_up, tear_down),
        cmocka_unit_test(a_header_must_fit_name_and_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
