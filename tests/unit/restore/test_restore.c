// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/object.h"
#include "repo/store_delete.h"
#include "restore/restore.h"
#include "tests/support/cluster_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT CLUSTER_BUILD_SEGMENT_SIZE
#define ID      "2026-01-01T00-04-00-0000"

static const struct cluster_build_file files[] = {
    {.path = "PG_VERSION", .content = "15\n"},
    {.path = "backup_label", .content = "START WAL LOCATION\n"},
    {.path = "base"},
    {.path = "base/1"},
    {.path = "base/1/1259", .content = "a relation", .size_bytes = 3 * 1024 * 1024},
    {.path = "base/1/1260", .content = ""},
    {.path = "global"},
    {.path = "global/pg_control"},
    {.path = "pg_replslot"},
    {.path = "pg_replslot/kept"},
    {.path = "pg_replslot/kept/state", .content = "a slot"},
    {.path = "pg_tblspc"},
    {.path = "pg_tblspc/16385/PG_15_202209061"},
    {.path = "pg_tblspc/16385/PG_15_202209061/1", .content = "elsewhere"},
    {.path = "pg_wal"},
    {.path = "postgresql.auto.conf", .content = "archive_mode = on\n"},
    {.path = "standby.signal", .content = "x"},
    {.path = "tablespace_map", .content = "16385 /old\n"},
    {0},
};

struct fixture
{
    struct cluster_build cluster;
    char *directory;
    char *into;
    char *place; /* of the tablespace */
    struct plan plan;
    struct layout layout;
    struct restore_result result;
};

static void
add_backup(struct fixture *fixture)
{
    static const struct pg_tablespace tablespace = {16385, (char *) "/old"};
    struct cluster_build_backup backup = {
        .backup = {.id = ID,
                   .start = {1, 4 * SEGMENT + 40},
                   .stop = {1, 4 * SEGMENT + 100},
                   .stopped = CLUSTER_BUILD_MINUTE(4),
                   .wal_kept = 1},
        .files = files,
        .tablespaces = &tablespace,
        .tablespace_count = 1,
    };
    struct wal_build wal;
    char key[STORE_KEY_MAX + 1];
    struct error err = {0};

    wal_build_begin(&wal, (struct pg_wal_segment){1, 4});
    cluster_build_commit(&wal, 700, CLUSTER_BUILD_MINUTE(5));
    cluster_build_keep(&fixture->cluster, &wal, ID, 4);
    wal_build_release(&wal);
    cluster_build_backup(&fixture->cluster, &backup);
    assert_ok(backup_key(fixture->cluster.repo, ID, "configuration", key, &err));
    assert_ok(object_put(fixture->cluster.repo, key, OBJECT_COMPRESSED,
                         BYTES("{\"files\":[{\"path\":\"/etc/pg/postgresql.conf\","
                               "\"content\":\"port = 7\\n\"}]}"),
                         &err));
    assert_ok(backup_key(fixture->cluster.repo, ID, "postgres-manifest", key, &err));
    assert_ok(object_put(fixture->cluster.repo, key, OBJECT_COMPRESSED, BYTES("{}"), &err));
}

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    cluster_build_open(&fixture->cluster, true);
    fixture->directory = test_directory_create();
    fixture->into = path_join(fixture->directory, "data");
    fixture->place = path_join(fixture->directory, "fast");
    add_backup(fixture);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    restore_result_release(&fixture->result);
    layout_release(&fixture->layout);
    plan_release(&fixture->plan);
    test_directory_remove(fixture->directory);
    free(fixture->into);
    free(fixture->place);
    cluster_build_close(&fixture->cluster);
    free(fixture);
    return 0;
}

static enum status
restore(struct fixture *fixture, struct error *err)
{
    struct plan_options plan_options = {.target = {.kind = TARGET_LATEST}};
    struct layout_remap remap = {16385, fixture->place};
    struct layout_options layout_options = {
        .into = fixture->into, .remaps = &remap, .remap_count = 1};
    struct restore_options options = {
        .plan = &fixture->plan,
        .layout = &fixture->layout,
        .program = "/usr/bin/redoubt",
        .config_path = "/etc/redoubt.yaml",
        .workers = 2,
    };

    TRY(plan_make(fixture->cluster.repo, &plan_options, &fixture->plan, err));
    TRY(layout_plan(&layout_options, &fixture->plan.tablespaces, &fixture->layout, err));
    return restore_run(fixture->cluster.repo, &options, &fixture->result, err);
}

static char *
path_of(const struct fixture *fixture, const char *name)
{
    return path_join(fixture->into, name);
}

static bool
exists(const struct fixture *fixture, const char *name)
{
    SCOPED(freep) char *path = path_of(fixture, name);

    return access(path, F_OK) == 0;
}

static void
expect_content(const struct fixture *fixture, const char *name, const char *content)
{
    SCOPED(buffer_release) struct buffer found = BUFFER_INIT(8 * SEGMENT);
    SCOPED(freep) char *path = path_of(fixture, name);
    struct error err = {0};

    assert_ok(file_read(path, &found, &err));
    if (found.size < strlen(content) || memcmp(found.data, content, strlen(content)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", name, content);
}

static void
every_file_is_back_with_its_size(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *relation = path_of(fixture, "base/1/1259");
    SCOPED(freep) char *empty = path_of(fixture, "base/1/1260");
    struct error err = {0};
    struct stat info;

    assert_ok(restore(fixture, &err));

    expect_content(fixture, "PG_VERSION", "15\n");
    expect_content(fixture, "base/1/1259", "a relation");
    assert_int_equal(stat(relation, &info), 0);
    assert_int_equal(info.st_size, 3 * 1024 * 1024);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(stat(empty, &info), 0);
    assert_int_equal(info.st_size, 0);
}

static void
pg_control_is_in_place_when_all_is_done(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(restore(fixture, &err));

    assert_true(exists(fixture, LAYOUT_CONTROL));
    assert_false(exists(fixture, LAYOUT_CONTROL_ASIDE));
}

static void
nothing_that_acts_is_restored(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(restore(fixture, &err));

    assert_false(exists(fixture, "standby.signal"));
    assert_true(exists(fixture, "recovery.signal"));
    assert_true(exists(fixture, "pg_replslot"));
    assert_false(exists(fixture, "pg_replslot/kept"));
}

static void
a_moved_tablespace_is_moved_in_tablespace_map_too(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};
    char line[512];

    assert_ok(restore(fixture, &err));

    snprintf(line, sizeof(line), "16385 %s\n", fixture->place);
    expect_content(fixture, "tablespace_map", line);
    expect_content(fixture, "pg_tblspc/16385/PG_15_202209061/1", "elsewhere");
}

static void
wal_manifest_and_configuration_are_where_they_are_needed(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(restore(fixture, &err));

    assert_true(exists(fixture, "pg_wal/000000010000000000000004"));
    expect_content(fixture, "backup_manifest", "{}");
    expect_content(fixture, "../data.configuration/etc/pg/postgresql.conf", "port = 7\n");
    assert_non_null(fixture->result.configuration);
    assert_true(fixture->result.minimal_configuration);
    assert_true(exists(fixture, "postgresql.conf"));
    assert_true(exists(fixture, "pg_hba.conf"));
}

/* The first key below a prefix. */
static enum status
note_key(void *arg, const char *key, uint64_t size_bytes, struct error *err)
{
    (void) size_bytes;
    (void) err;
    snprintf(arg, STORE_KEY_MAX + 1, "%s", key);
    return OK;
}

/* Change one byte of the only object below a prefix; by a negative place remove it. */
static void
spoil(struct fixture *fixture, const char *prefix, long place)
{
    struct store *store = fixture->cluster.repo->store;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(8 * SEGMENT);
    char key[STORE_KEY_MAX + 1] = "";
    struct error err = {0};

    assert_ok(store_list(store, prefix, "", note_key, key, &err));
    assert_ok(store_get(store, key, &content, &err));
    assert_ok(store_delete(store, key, &err));
    if (place < 0)
        return;
    content.data[(size_t) place % content.size] ^= 0x10;
    assert_ok(store_put(store, key, buffer_bytes(&content), &err));
}

static void
a_damaged_pack_leaves_nothing_that_could_start(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    spoil(fixture, "shop/packs/", 100);

    assert_status(restore(fixture, &err), STATUS_CORRUPT);
    assert_message("pack ");
    assert_non_null(strstr(err.detail, "has no pg_control"));
    assert_false(exists(fixture, LAYOUT_CONTROL));
}

static void
a_changed_pack_header_is_met_too(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    spoil(fixture, "shop/packs/", 10);

    assert_status(restore(fixture, &err), STATUS_CORRUPT);
    assert_message("wrong header");
    assert_false(exists(fixture, LAYOUT_CONTROL));
}

static void
a_missing_pack_leaves_nothing_that_could_start(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    spoil(fixture, "shop/packs/", -1);

    assert_status(restore(fixture, &err), STATUS_CORRUPT);
    assert_message("is missing");
    assert_false(exists(fixture, LAYOUT_CONTROL));
}

static void
a_damaged_manifest_is_met_before_anything_is_written(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    spoil(fixture, "shop/backups/" ID "/manifest", 150);

    assert_status(restore(fixture, &err), STATUS_CORRUPT);
    assert_message("manifest of backup " ID);
    assert_int_not_equal(access(fixture->into, F_OK), 0);
}

static void
damaged_wal_of_the_backup_leaves_nothing_that_could_start(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    spoil(fixture, "shop/backups/" ID "/wal/", 150);

    assert_status(restore(fixture, &err), STATUS_CORRUPT);
    assert_false(exists(fixture, LAYOUT_CONTROL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_file_is_back_with_its_size),
        TEST(pg_control_is_in_place_when_all_is_done),
        TEST(nothing_that_acts_is_restored),
        TEST(a_moved_tablespace_is_moved_in_tablespace_map_too),
        TEST(wal_manifest_and_configuration_are_where_they_are_needed),
        TEST(a_damaged_pack_leaves_nothing_that_could_start),
        TEST(a_changed_pack_header_is_met_too),
        TEST(a_missing_pack_leaves_nothing_that_could_start),
        TEST(a_damaged_manifest_is_met_before_anything_is_written),
        TEST(damaged_wal_of_the_backup_leaves_nothing_that_could_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
