// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/store_delete.h"
#include "restore/archive_get.h"
#include "tests/support/cluster_build.h"

#include <stdlib.h>
#include <unistd.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define NAME    "000000010000000000000003"

struct fixture
{
    struct cluster_build cluster;
    char *directory;
    char *path;
    char *temporary;
    struct wal_build wal;
    struct archive_get request;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    cluster_build_open(&fixture->cluster, true);
    fixture->directory = test_directory_create();
    fixture->path = path_join(fixture->directory, "RECOVERYXLOG");
    fixture->temporary = path_join(fixture->directory, "RECOVERYXLOG.redoubt-tmp");
    fixture->request = (struct archive_get){
        .name = NAME,
        .path = fixture->path,
        .system_identifier = CLUSTER_BUILD_SYSTEM_IDENTIFIER,
        .segment_size = SEGMENT,
    };
    wal_build_begin(&fixture->wal, (struct pg_wal_segment){1, 3});
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    wal_build_release(&fixture->wal);
    test_directory_remove(fixture->directory);
    free(fixture->path);
    free(fixture->temporary);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static enum status
get(struct fixture *fixture, struct error *err)
{
    return archive_get(fixture->cluster.repo, &fixture->request, err);
}

static void
expect_nothing_there(const struct fixture *fixture)
{
    assert_int_not_equal(access(fixture->path, F_OK), 0);
    assert_int_not_equal(access(fixture->temporary, F_OK), 0);
}

static void
a_segment_is_put_in_place_whole(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(2 * SEGMENT);
    struct error err = {0};

    cluster_build_fill_to(&fixture->wal, 4);
    fixture->wal.bytes.size = SEGMENT;
    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_ok(get(fixture, &err));

    assert_ok(file_read(fixture->path, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), buffer_bytes(&fixture->wal.bytes)));
    assert_int_not_equal(access(fixture->temporary, F_OK), 0);
}

static void
a_history_file_is_put_in_place(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(4096);
    struct error err = {0};

    cluster_build_history(&fixture->cluster, 2, "1\t0/3000000\tpromoted\n");
    fixture->request.name = "00000002.history";

    assert_ok(get(fixture, &err));

    assert_ok(file_read(fixture->path, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), BYTES("1\t0/3000000\tpromoted\n")));
}

static void
what_a_crash_left_is_written_over(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    cluster_build_commit(&fixture->wal, 700, CLUSTER_BUILD_MINUTE(1));
    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);
    assert_ok(file_replace(fixture->temporary, 0600, BYTES("half"), &err));

    assert_ok(get(fixture, &err));
}

static void
only_the_repositorys_own_answer_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_status(get(fixture, &err), STATUS_NOT_FOUND);
    expect_nothing_there(fixture);
    fixture->request.name = "00000002.history";
    assert_status(get(fixture, &err), STATUS_NOT_FOUND);
}

static void
a_cluster_that_the_repository_does_not_know_is_doubt(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    fixture->request.system_identifier = 43;

    assert_status(get(fixture, &err), STATUS_REFUSED);
    assert_message("has no WAL of system identifier 43");
    expect_nothing_there(fixture);
}

static void
a_directory_that_is_not_there_is_doubt(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    fixture->request.path = "/nowhere/RECOVERYXLOG";

    assert_status(get(fixture, &err), STATUS_IO);
}

static void
a_name_that_is_none_is_doubt(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    fixture->request.name = "postgresql.conf";

    assert_status(get(fixture, &err), STATUS_CONFIG);
}

static void
a_segment_of_another_size_or_cluster_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    fixture->wal.system_identifier = 43;
    cluster_build_commit(&fixture->wal, 700, CLUSTER_BUILD_MINUTE(1));
    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_status(get(fixture, &err), STATUS_CORRUPT);
    assert_message("system identifier 43, expected 42");
    expect_nothing_there(fixture);
    fixture->request.segment_size = 2 * SEGMENT;
    assert_status(get(fixture, &err), STATUS_CORRUPT);
    assert_message("1048576 bytes");
    expect_nothing_there(fixture);
}

static void
a_segment_under_another_name_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    /* Pages say segment 5. */
    wal_build_release(&fixture->wal);
    wal_build_begin(&fixture->wal, (struct pg_wal_segment){1, 5});
    cluster_build_commit(&fixture->wal, 700, CLUSTER_BUILD_MINUTE(1));
    fixture->wal.start = 3 * SEGMENT;
    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);

    assert_status(get(fixture, &err), STATUS_CORRUPT);
    assert_message("not what its name says");
    expect_nothing_there(fixture);
}

static void
a_damaged_object_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->cluster.repo->store;
    SCOPED(buffer_release) struct buffer stored = BUFFER_INIT(2 * SEGMENT);
    static const char key[] = "shop/wal/42/00000001/00000000/" NAME;
    struct error err = {0};

    cluster_build_commit(&fixture->wal, 700, CLUSTER_BUILD_MINUTE(1));
    cluster_build_archive(&fixture->cluster, &fixture->wal, 0);
    assert_ok(store_get(store, key, &stored, &err));
    stored.data[stored.size - 1] ^= 1;
    assert_ok(store_delete(store, key, &err));
    assert_ok(store_put(store, key, buffer_bytes(&stored), &err));

    assert_status(get(fixture, &err), STATUS_CORRUPT);
    assert_message(NAME);
    expect_nothing_there(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_segment_is_put_in_place_whole),
        TEST(a_history_file_is_put_in_place),
        TEST(what_a_crash_left_is_written_over),
        TEST(only_the_repositorys_own_answer_is_not_found),
        TEST(a_cluster_that_the_repository_does_not_know_is_doubt),
        TEST(a_directory_that_is_not_there_is_doubt),
        TEST(a_name_that_is_none_is_doubt),
        TEST(a_segment_of_another_size_or_cluster_is_corrupt),
        TEST(a_segment_under_another_name_is_corrupt),
        TEST(a_damaged_object_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
