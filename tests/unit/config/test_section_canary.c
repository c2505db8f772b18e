// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"
#include "tests/support/config_text.h"

static void
without_the_section_the_connections_own_database_keeps_a_thousand_rows(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *config = config_text_parse(CONFIG_TEXT_MINIMAL);

    assert_null(config->canary.database);
    assert_int_equal(config->canary.keep, 1000);
}

static void
both_keys_reach_their_members(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config =
        config_text_parse(CONFIG_TEXT_MINIMAL "canary: {database: shop, keep: 60}\n");

    assert_string_equal(config->canary.database, "shop");
    assert_int_equal(config->canary.keep, 60);
}

static void
a_ring_without_a_row_is_refused(void **state)
{
    (void) state;
    struct config *config = NULL;
    struct error err = {0};

    assert_status(
        config_parse(BYTES(CONFIG_TEXT_MINIMAL "canary: {keep: 0}\n"), "f", &config, &err),
        STATUS_CONFIG);
    assert_message("\"keep\" must be between 1 and 100000, found \"0\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_section_the_connections_own_database_keeps_a_thousand_rows),
        cmocka_unit_test(both_keys_reach_their_members),
        cmocka_unit_test(a_ring_without_a_row_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
