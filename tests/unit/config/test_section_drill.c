// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"
#include "tests/support/config_text.h"

static void
without_the_section_a_drill_lets_others_go_first_and_fetches_as_fast_as_it_can(void **state)
{
    (void) state;
    SCOPED(config_freep) struct config *config = config_text_parse(CONFIG_TEXT_MINIMAL);

    assert_null(config->drill.directory);
    assert_int_equal(config->drill.nice, 10);
    assert_int_equal(config->drill.rate, 0);
    assert_int_equal(config->drill.memory_bytes, 0);
}

static void
all_keys_reach_their_members(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config =
        config_text_parse(CONFIG_TEXT_MINIMAL
                          "drill: {directory: /srv/drill, rate: 20MiB, nice: 19, memory: 1GiB}\n");

    assert_string_equal(config->drill.directory, "/srv/drill");
    assert_int_equal(config->drill.rate, 20 << 20);
    assert_int_equal(config->drill.nice, 19);
    assert_int_equal(config->drill.memory_bytes, 1 << 30);
}

static void
check_refused(struct bytes text, const char *words)
{
    struct config *config = NULL;
    struct error err = {0};

    assert_status(config_parse(text, "f", &config, &err), STATUS_CONFIG);
    assert_message(words);
}

static void
what_makes_no_sense_is_refused(void **state)
{
    (void) state;

    check_refused(BYTES(CONFIG_TEXT_MINIMAL "drill: {directory: here}\n"), "directory");
    check_refused(BYTES(CONFIG_TEXT_MINIMAL "drill: {nice: 20}\n"), "\"nice\"");
    check_refused(BYTES(CONFIG_TEXT_MINIMAL "drill: {rate: 1kB}\n"), "\"rate\"");
    check_refused(BYTES(CONFIG_TEXT_MINIMAL "drill: {memory: 1MiB}\n"), "\"memory\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            without_the_section_a_drill_lets_others_go_first_and_fetches_as_fast_as_it_can),
        cmocka_unit_test(all_keys_reach_their_members),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
