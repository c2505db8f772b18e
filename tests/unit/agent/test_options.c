// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/options.h"

static const struct option_spec common[] = {
    {"config", 'c', OPTION_TEXT, "FILE", "the configuration"},
    {"verbose", 'v', OPTION_FLAG, NULL, "say more"},
    {0},
};

static const struct option_spec own[] = {
    {"dry-run", 0, OPTION_FLAG, NULL, "change nothing"},
    {"target-time", 0, OPTION_TEXT, "TIME", "when"},
    {"workers", 'j', OPTION_U32, "COUNT", "how many"},
    {"map", 0, OPTION_LIST, "OLD=NEW", "where to"},
    {0},
};

static const struct option_spec *const tables[] = {common, own, NULL};

#define WORDS_MAX 12

static enum status
parse(struct options *options, const char *const *words, struct error *err)
{
    char *argv[WORDS_MAX + 1] = {NULL};
    int argc = 0;

    for (; words[argc] != NULL; argc++)
        argv[argc] = (char *) words[argc];
    return options_parse(options, tables, argc, argv, err);
}

static void
options_and_arguments_come_in_any_order(void **state)
{
    (void) state;
    static const char *const words[] = {"-cFILE",          "restore",    "--dry-run", "--workers=3",
                                        "--target-time",   "2026-11-21", "where",     "--",
                                        "--not-an-option", NULL};
    SCOPED(options_release) struct options options = {0};
    struct error err = {0};

    assert_ok(parse(&options, words, &err));

    assert_string_equal(options_text(&options, "config"), "FILE");
    assert_true(options_flag(&options, "dry-run"));
    assert_false(options_flag(&options, "verbose"));
    assert_int_equal(options_u32(&options, "workers", 9), 3);
    assert_string_equal(options_text(&options, "target-time"), "2026-11-21");
    assert_int_equal(options.argument_count, 3);
    assert_string_equal(options.arguments[0], "restore");
    assert_string_equal(options.arguments[1], "where");
    assert_string_equal(options.arguments[2], "--not-an-option");
}

static void
options_not_given_have_their_fallback(void **state)
{
    (void) state;
    static const char *const words[] = {"-", NULL};
    SCOPED(options_release) struct options options = {0};
    struct error err = {0};

    assert_ok(parse(&options, words, &err));

    assert_null(options_text(&options, "config"));
    assert_int_equal(options_u32(&options, "workers", 9), 9);
    assert_null(options_list(&options, "map", 0));
    assert_string_equal(options.arguments[0], "-");
}

static void
a_list_keeps_every_value_in_order(void **state)
{
    (void) state;
    static const char *const words[] = {"--map", "a=b", "-v", "--map=c=d", NULL};
    SCOPED(options_release) struct options options = {0};
    struct error err = {0};

    assert_ok(parse(&options, words, &err));

    assert_string_equal(options_list(&options, "map", 0), "a=b");
    assert_string_equal(options_list(&options, "map", 1), "c=d");
    assert_null(options_list(&options, "map", 2));
}

static void
a_wrong_line_is_refused_by_name(void **state)
{
    (void) state;
    static const struct
    {
        const char *words[4];
        const char *want;
        const char *hint;
    } cases[] = {
        {{"--dryrun"}, "unknown option \"--dryrun\"", "Did you mean \"--dry-run\"?"},
        {{"--target-tiem=x"},
         "unknown option \"--target-tiem\"",
         "Did you mean \"--target-time\"?"},
        {{"--dry"}, "unknown option \"--dry\"", ""},
        {{"-x"}, "unknown option \"-x\"", ""},
        {{"-vv"}, "unknown option \"-vv\"", ""},
        {{"--target-time"}, "option \"--target-time\" needs a value: TIME", ""},
        {{"--target-time", "--dry-run"}, "option \"--target-time\" needs a value: TIME", ""},
        {{"-c"}, "option \"--config\" needs a value: FILE", ""},
        {{"--config="}, "option \"--config\" has an empty value", ""},
        {{"--dry-run=yes"}, "option \"--dry-run\" takes no value", ""},
        {{"-c", "a", "-cb"}, "option \"--config\" is given twice", ""},
        {{"--workers", "many"},
         "option \"--workers\" needs a whole number below 2^32, found \"many\"",
         ""},
        {{"--workers", "4294967296"}, "option \"--workers\" needs a whole number below 2^32", ""},
        {{"--workers=-1"}, "option \"--workers\" needs a whole number below 2^32", ""},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        SCOPED(options_release) struct options options = {0};
        struct error err = {0};

        assert_status(parse(&options, cases[index].words, &err), STATUS_CONFIG);
        assert_message(cases[index].want);
        assert_string_equal(err.hint, cases[index].hint);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_come_in_any_order),
        cmocka_unit_test(options_not_given_have_their_fallback),
        cmocka_unit_test(a_list_keeps_every_value_in_order),
        cmocka_unit_test(a_wrong_line_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
