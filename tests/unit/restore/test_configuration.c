// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "base/file.h"
#include "repo/backup.h"
#include "repo/object.h"
#include "restore/configuration.h"
#include "tests/support/repository.h"

#include <stdlib.h>
#include <unistd.h>

#define ID "2026-01-01T00-00-00-0000"

struct fixture
{
    struct test_repository test;
    char *directory;
    char *into;
    char *captured; /* where the files went */
};

static int
setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    test_repository_open(&fixture->test, false);
    fixture->directory = test_directory_create();
    fixture->into = path_join(fixture->directory, "data");
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->captured);
    free(fixture->into);
    test_directory_remove(fixture->directory);
    test_repository_close(&fixture->test);
    free(fixture);
    return 0;
}

static enum status
restore(struct fixture *fixture, const char *json, struct error *err)
{
    char key[STORE_KEY_MAX + 1];

    if (json != NULL)
    {
        TRY(backup_key(fixture->test.repo, ID, "configuration", key, err));
        TRY(object_put(fixture->test.repo, key, OBJECT_COMPRESSED, bytes_of(json), err));
    }
    return configuration_restore(fixture->test.repo, ID, fixture->into, &fixture->captured, err);
}

static void
captured_files_are_put_beside_the_data_directory(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(buffer_release) struct buffer content = BUFFER_INIT(1024);
    SCOPED(freep) char *path = path_join(fixture->directory, "data.configuration/etc/pg_hba.conf");
    struct error err = {0};

    assert_ok(restore(fixture, "{\"files\":[{\"path\":\"/etc/pg_hba.conf\",\"content\":\"x\\n\"}]}",
                      &err));

    assert_ok(file_read(path, &content, &err));
    assert_true(bytes_equal(buffer_bytes(&content), BYTES("x\n")));
}

static void
without_captured_files_there_is_no_directory(void **state)
{
    struct fixture *fixture = *state;
    struct error err = {0};

    assert_ok(restore(fixture, NULL, &err));
    assert_null(fixture->captured);
    assert_ok(restore(fixture, "{\"files\":[]}", &err));
    assert_null(fixture->captured);
}

static void
a_path_that_leads_elsewhere_is_corrupt(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *escaped = path_join(fixture->directory, "escaped");
    struct error err = {0};

    assert_status(
        restore(fixture, "{\"files\":[{\"path\":\"/etc/../../escaped\",\"content\":\"x\"}]}", &err),
        STATUS_CORRUPT);
    assert_message("captured file has the path");
    assert_int_not_equal(access(escaped, F_OK), 0);
}

static void
settings_that_lead_to_the_original_are_found(void **state)
{
    struct fixture *fixture = *state;
    SCOPED(freep) char *path = path_join(fixture->into, "postgresql.conf");
    static const struct
    {
        const char *content;
        const char *setting;
    } cases[] = {
        {"data_directory = '/srv/pg'\n", "data_directory"},
        {"port = 5\n  DATA_DIRECTORY='/srv/pg'", "data_directory"},
        {"hba_file\t'/etc/pg_hba.conf'\n", "hba_file"},
        {"#data_directory = 'ConfigDir'\n", NULL},
        {"data_directory_mode = 0700\n", NULL},
        {"", NULL},
    };
    struct error err = {0};

    assert_ok(directory_create(fixture->into, 0700, &err));
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        const char *setting;

        assert_ok(file_replace(path, 0600, bytes_of(cases[index].content), &err));
        assert_ok(configuration_find_leads(fixture->into, &setting, &err));
        if (cases[index].setting == NULL)
            assert_null(setting);
        else
            assert_string_equal(setting, cases[index].setting);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(captured_files_are_put_beside_the_data_directory),
        TEST(without_captured_files_there_is_no_directory),
        TEST(a_path_that_leads_elsewhere_is_corrupt),
        TEST(settings_that_lead_to_the_original_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
