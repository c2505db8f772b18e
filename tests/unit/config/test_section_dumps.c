// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"
#include "tests/support/config_text.h"

#include "config/section_dumps.h"

#include <stdio.h>

static void
without_the_section_there_are_none(void **state)
{
    static const char *const texts[] = {CONFIG_TEXT_MINIMAL, CONFIG_TEXT_MINIMAL "dumps:\n",
                                        CONFIG_TEXT_MINIMAL "dumps: []\n"};

    (void) state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        SCOPED(config_freep) struct config *config = config_text_parse(texts[index]);

        assert_int_equal(config->dumps.count, 0);
        assert_null(config_dumps_find(&config->dumps, "shop"));
    }
}

static void
what_is_not_set_has_the_defaults(void **state)
{
    SCOPED(config_freep)
    struct config *config = config_text_parse(CONFIG_TEXT_MINIMAL "dumps: [{database: shop}]\n");
    const struct config_dump *dump = config_dumps_find(&config->dumps, "shop");
    struct config_dump fallback = config_dumps_default("shop");

    (void) state;
    assert_non_null(dump);
    assert_string_equal(dump->database, "shop");
    assert_int_equal(dump->format, DUMP_CUSTOM);
    assert_int_equal(dump->compression, DUMP_ZSTD);
    assert_int_equal(dump->jobs, 1);
    assert_null(dump->selection.schemas);
    assert_null(dump->arguments);
    assert_int_equal(fallback.jobs, 1);
    assert_int_equal(fallback.format, dump->format);
}

static void
every_key_reaches_its_member(void **state)
{
    SCOPED(config_freep)
    struct config *config =
        config_text_parse(CONFIG_TEXT_MINIMAL "dumps:\n"
                                              "  - database: shop\n"
                                              "    format: directory\n"
                                              "    compression: gzip\n"
                                              "    schemas: [a, B*]\n"
                                              "    exclude_schemas: [c]\n"
                                              "    exclude_tables: [a.x]\n"
                                              "    exclude_table_data: [a.y, a.z]\n"
                                              "    jobs: 4\n"
                                              "    arguments: [--no-owner, --rows-per-insert=5]\n"
                                              "  - {database: Other, tables: [t]}\n");
    const struct config_dump *dump = config_dumps_find(&config->dumps, "shop");
    const struct config_dump *other = config_dumps_find(&config->dumps, "Other");

    (void) state;
    assert_int_equal(config->dumps.count, 2);
    assert_int_equal(dump->format, DUMP_DIRECTORY);
    assert_int_equal(dump->compression, DUMP_GZIP);
    assert_string_equal(dump->selection.schemas[1], "B*");
    assert_null(dump->selection.schemas[2]);
    assert_string_equal(dump->selection.exclude_schemas[0], "c");
    assert_string_equal(dump->selection.exclude_tables[0], "a.x");
    assert_string_equal(dump->selection.exclude_table_data[1], "a.z");
    assert_int_equal(dump->jobs, 4);
    assert_string_equal(dump->arguments[1], "--rows-per-insert=5");
    assert_null(dump->arguments[2]);
    assert_string_equal(other->selection.tables[0], "t");
    assert_null(config_dumps_find(&config->dumps, "other"));
}

static void
several_jobs_mean_the_directory_format(void **state)
{
    SCOPED(config_freep)
    struct config *config =
        config_text_parse(CONFIG_TEXT_MINIMAL "dumps: [{database: shop, jobs: 2}]\n");

    (void) state;
    assert_int_equal(config->dumps.items[0].format, DUMP_DIRECTORY);
}

static void
what_is_wrong_is_refused_with_its_place(void **state)
{
    static const struct
    {
        const char *section;
        const char *says;
    } wrong[] = {
        {"dumps: shop\n", "f:4:8: section \"dumps\" must be a list, found text"},
        {"dumps: [shop]\n", "must be a mapping"},
        {"dumps: [{format: custom}]\n", "\"database\" is missing"},
        {"dumps: [{database: a}, {database: a}]\n", "is in section \"dumps\" already"},
        {"dumps: [{database: a, schemas: x}]\n", "\"schemas\" must be a list"},
        {"dumps: [{database: a, schemas: [[x]]}]\n", "an element of \"schemas\" must be a text"},
        {"dumps: [{database: a, jobs: 0}]\n", "\"jobs\" must be between 1 and 64"},
        {"dumps: [{database: a, jobs: 2, format: plain}]\n", "format: directory"},
        {"dumps: [{database: a, arguments: [--create]}]\n", "not among the options"},
        {"dumps: [{database: a, arguments: [--no-ownerx]}]\n", "not among the options"},
        {"dumps: [{database: a, exclude_schemas: [x], tables: [y]}]\n", "do not go together"},
    };
    char text[512];

    (void) state;
    for (size_t index = 0; index < sizeof(wrong) / sizeof(wrong[0]); index++)
    {
        SCOPED(config_freep) struct config *config = NULL;
        struct error err = {0};

        snprintf(text, sizeof(text), CONFIG_TEXT_MINIMAL "%s", wrong[index].section);
        assert_status(config_parse(bytes_of(text), "f", &config, &err), STATUS_CONFIG);
        assert_message(wrong[index].says);
        assert_message("f:4:");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_section_there_are_none),
        cmocka_unit_test(what_is_not_set_has_the_defaults),
        cmocka_unit_test(every_key_reaches_its_member),
        cmocka_unit_test(several_jobs_mean_the_directory_format),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
