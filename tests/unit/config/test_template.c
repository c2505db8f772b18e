// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "config/config.h"
#include "config/template.h"

static void
what_it_writes_is_read_back(void **state)
{
    (void) state;
    static const struct config_template rows[] = {
        {"main", "host=/var/run/postgresql port=5432 user=postgres", "/var/lib/postgresql/15/main",
         "/var/lib/redoubt/main", "/etc/redoubt/repository.key"},
        {"shop-2", "host='/a \\'b' user=\"x\"", "/srv/my data: #1", "/mnt/back\\slash \"q\"",
         "/etc/\tkey"},
        {"no", "", NULL, "/r", "/k"},
    };

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
    {
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(65536);
        SCOPED(config_freep) struct config *config = NULL;
        struct error err;

        assert_ok(config_template_write(&rows[row], &text, &err));
        assert_ok(config_parse(buffer_bytes(&text), "template", &config, &err));
        assert_string_equal(config->cluster, rows[row].cluster);
        assert_string_equal(config->postgres.connection, rows[row].connection);
        assert_string_equal(config->repository.path, rows[row].repository_path);
        assert_string_equal(config->encryption.key_file, rows[row].key_file);
        if (rows[row].data_directory == NULL)
            assert_null(config->postgres.data_directory);
        else
            assert_string_equal(config->postgres.data_directory, rows[row].data_directory);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_writes_is_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
