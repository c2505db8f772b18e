// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "restore/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture
{
    char *directory;
    char *into;
    char *old_place; /* of tablespace 16385 */
    char *new_place;
    struct pg_tablespace tablespace;
    struct pg_tablespace_map originals;
    struct layout layout;
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    fixture->directory = test_directory_create();
    fixture->into = path_join(fixture->directory, "data");
    fixture->old_place = path_join(fixture->directory, "old");
    fixture->new_place = path_join(fixture->directory, "new");
    fixture->tablespace = (struct pg_tablespace){16385, fixture->old_place};
    fixture->originals = (struct pg_tablespace_map){&fixture->tablespace, 1};
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    layout_release(&fixture->layout);
    test_directory_remove(fixture->directory);
    free(fixture->into);
    free(fixture->old_place);
    free(fixture->new_place);
    free(fixture);
    return 0;
}

static enum status
plan(struct fixture *fixture, const char *new_place, struct error *err)
{
    struct layout_remap remap = {16385, new_place};
    struct layout_options options = {
        .into = fixture->into, .remaps = &remap, .remap_count = new_place == NULL ? 0 : 1};

    layout_release(&fixture->layout);
    return layout_plan(&options, &fixture->originals, &fixture->layout, err);
}

static void
touch(const char *directory, const char *name)
{
    SCOPED(freep) char *path = path_join(directory, name);
    struct error err = {0};

    assert_ok(directory_create(directory, 0755, &err));
    assert_ok(file_replace(path, 0600, BYTES("precious"), &err));
}

static void
what_it_creates_is_private_and_linked(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *link = path_join(fixture->into, "pg_tblspc/16385");
    struct error err = {0};
    struct stat info;
    char target[4096] = "";

    assert_int_equal(mkdir(fixture->into, 0755), 0);

    assert_ok(plan(fixture, NULL, &err));
    assert_false(fixture->layout.remapped);
    assert_ok(layout_create(&fixture->layout, &err));

    assert_int_equal(stat(fixture->into, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_true(readlink(link, target, sizeof(target) - 1) > 0);
    assert_string_equal(target, fixture->old_place);
    assert_int_equal(stat(fixture->old_place, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
}

static void
a_tablespace_goes_where_it_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    touch(fixture->old_place, "in use");

    assert_ok(plan(fixture, fixture->new_place, &err));

    assert_true(fixture->layout.remapped);
    assert_string_equal(fixture->layout.tablespaces.entries[0].location, fixture->new_place);
}

static void
directories_in_use_are_refused_and_left_alone(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    touch(fixture->old_place, "in use");
    assert_status(plan(fixture, NULL, &err), STATUS_REFUSED);
    assert_message("of tablespace 16385 is not empty");
    assert_non_null(strstr(err.hint, "--tablespace 16385=DIRECTORY"));

    touch(fixture->into, "in use");
    assert_status(plan(fixture, fixture->new_place, &err), STATUS_REFUSED);
    assert_message("is not empty");
}

static void
a_directory_that_came_into_use_since_the_plan_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(plan(fixture, NULL, &err));
    touch(fixture->into, "in use");

    assert_status(layout_create(&fixture->layout, &err), STATUS_REFUSED);
    assert_int_not_equal(access(fixture->old_place, F_OK), 0);
}

static void
a_tablespace_inside_the_data_directory_is_refused(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *inside = path_join(fixture->into, "fast");
    struct error err = {0};

    assert_status(plan(fixture, inside, &err), STATUS_REFUSED);
    assert_message("lies in the directory to restore into");
}

static void
a_tablespace_that_the_backup_has_not_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct layout_remap remap = {999, "/nowhere"};
    struct layout_options options = {.into = fixture->into, .remaps = &remap, .remap_count = 1};
    struct error err = {0};

    assert_status(layout_plan(&options, &fixture->originals, &fixture->layout, &err),
                  STATUS_REFUSED);
    assert_message("no tablespace 999");
}

static void
the_option_is_an_oid_and_an_absolute_directory(void **state)
{
    (void) state;
    static const char *const bad[] = {"",          "fast",          "=/x",      "16385=x",
                                      "16385",     "-1=/x",         "0=/x",     "16385:/x",
                                      " 16385=/x", "4294967296=/x", "16385x=/x"};
    struct layout_remap remap;
    struct error err = {0};

    assert_ok(layout_parse_remap("16385=/srv/fast=1", &remap, &err));
    assert_int_equal(remap.oid, 16385);
    assert_string_equal(remap.location, "/srv/fast=1");
    for (size_t index = 0; index < sizeof(bad) / sizeof(bad[0]); index++)
        assert_status(layout_parse_remap(bad[index], &remap, &err), STATUS_CONFIG);
}

static void
what_must_not_act_has_no_place(void **state)
{
    struct fixture *fixture = *state;
    const struct
    {
        const char *path;
        enum manifest_type type;
        const char *place;
    } cases[] = {
        {"base/1/1259", MANIFEST_FILE, "base/1/1259"},
        {"postgresql.auto.conf", MANIFEST_FILE, "postgresql.auto.conf"},
        {"backup_label", MANIFEST_FILE, "backup_label"},
        {"global/pg_control", MANIFEST_FILE, LAYOUT_CONTROL_ASIDE},
        {"standby.signal", MANIFEST_FILE, NULL},
        {"recovery.signal", MANIFEST_FILE, NULL},
        {"postmaster.pid", MANIFEST_FILE, NULL},
        {"pg_wal", MANIFEST_DIRECTORY, "pg_wal"},
        {"pg_wal/archive_status", MANIFEST_DIRECTORY, "pg_wal/archive_status"},
        {"pg_wal/000000010000000000000001", MANIFEST_FILE, NULL},
        {"pg_wal/archive_status/x.ready", MANIFEST_FILE, NULL},
        {"pg_replslot", MANIFEST_DIRECTORY, "pg_replslot"},
        {"pg_replslot/kept", MANIFEST_DIRECTORY, NULL},
        {"pg_replslot/kept/state", MANIFEST_FILE, NULL},
        {"pg_tblspc/16385", MANIFEST_DIRECTORY, NULL},
        {"pg_tblspc/16385/PG_15_202209061/5/1", MANIFEST_FILE,
         "pg_tblspc/16385/PG_15_202209061/5/1"},
    };
    struct error err = {0};

    assert_ok(plan(fixture, NULL, &err));
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct manifest_file file = {.path = cases[index].path, .type = cases[index].type};
        const char *place;

        print_message("%s\n", file.path);
        assert_ok(layout_place(&fixture->layout, &file, &place, &err));
        if (cases[index].place == NULL)
            assert_null(place);
        else
            assert_string_equal(place, cases[index].place);
    }
}

static void
an_entry_in_an_unknown_tablespace_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    static const char *const paths[] = {"pg_tblspc/16386/x", "pg_tblspc/16385x/y", "pg_tblspc/x"};
    struct error err = {0};
    const char *place;

    assert_ok(plan(fixture, NULL, &err));
    for (size_t index = 0; index < sizeof(paths) / sizeof(paths[0]); index++)
    {
        struct manifest_file file = {.path = paths[index]};

        assert_status(layout_place(&fixture->layout, &file, &place, &err), STATUS_CORRUPT);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_it_creates_is_private_and_linked),
        TEST(a_tablespace_goes_where_it_is_told),
        TEST(directories_in_use_are_refused_and_left_alone),
        TEST(a_directory_that_came_into_use_since_the_plan_is_refused),
        TEST(a_tablespace_inside_the_data_directory_is_refused),
        TEST(a_tablespace_that_the_backup_has_not_is_refused),
        TEST(the_option_is_an_oid_and_an_absolute_directory),
        TEST(what_must_not_act_has_no_place),
        TEST(an_entry_in_an_unknown_tablespace_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
