// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "restore/target.h"

static enum status
parse(const struct target_texts *texts, struct target *target, struct error *err)
{
    return target_parse(texts, target, err);
}

static void
nothing_given_means_all_that_is_archived(void **state)
{
    (void) state;
    struct target_texts texts = {0};
    struct target target;
    struct error err = {0};
    char text[TARGET_TEXT_SIZE];

    assert_ok(parse(&texts, &target, &err));

    assert_int_equal(target.kind, TARGET_LATEST);
    assert_int_equal(target.timeline, TARGET_TIMELINE_LATEST);
    assert_int_equal(target.action, TARGET_PROMOTE);
    target_describe(&target, text);
    assert_string_equal(text, "the end of the archived WAL");
}

static void
each_target_has_its_setting_and_says_what_it_is(void **state)
{
    (void) state;
    static const struct
    {
        const char *name;
        struct target_texts texts;
        const char *setting;
        const char *value;
        const char *description;
    } cases[] = {
        {"time",
         {.time = "2026-11-21T15:02:59.5+01:00"},
         "recovery_target_time",
         "2026-11-21 14:02:59.500000+00:00",
         "time 2026-11-21 14:02:59.500000+00:00"},
        {"lsn", {.lsn = "0/03000028"}, "recovery_target_lsn", "0/3000028", "LSN 0/3000028"},
        {"xid", {.xid = "743"}, "recovery_target_xid", "743", "transaction 743"},
        {"xid with epoch", {.xid = "4294968039"}, "recovery_target_xid", "743", "transaction 743"},
        {"name", {.name = "a b"}, "recovery_target_name", "a b", "restore point \"a b\""},
        {"immediate",
         {.immediate = true},
         "recovery_target",
         "immediate",
         "the end of the base backup"},
        {"exclusive",
         {.xid = "743", .exclusive = true},
         "recovery_target_xid",
         "743",
         "just before transaction 743"},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct target target;
        struct error err = {0};
        char text[TARGET_TEXT_SIZE];

        print_message("%s\n", cases[index].name);
        assert_ok(parse(&cases[index].texts, &target, &err));
        assert_string_equal(target_setting_name(target.kind), cases[index].setting);
        target_setting_value(&target, text);
        assert_string_equal(text, cases[index].value);
        target_describe(&target, text);
        assert_string_equal(text, cases[index].description);
        assert_int_equal(target.action, TARGET_PAUSE);
    }
}

static void
what_makes_no_sense_is_refused(void **state)
{
    (void) state;
    static const struct
    {
        struct target_texts texts;
        const char *message;
    } cases[] = {
        {{.time = "2026-01-01", .xid = "7"}, "more than one recovery target"},
        {{.time = "yesterday"}, "invalid time"},
        {{.lsn = "1/2/3"}, "1/2/3"},
        {{.xid = "2"}, "invalid transaction \"2\""},
        {{.xid = "-7"}, "invalid transaction"},
        {{.xid = "18446744073709551616"}, "invalid transaction"},
        {{.name = ""}, "invalid restore point"},
        {{.name = "0123456789012345678901234567890123456789012345678901234567890123"},
         "invalid restore point"},
        {{.exclusive = true}, "--exclusive needs"},
        {{.immediate = true, .exclusive = true}, "--exclusive needs"},
        {{.timeline = "0"}, "invalid timeline \"0\""},
        {{.timeline = "newest"}, "invalid timeline"},
        {{.xid = "7", .action = "stop"}, "invalid target action \"stop\""},
        {{.action = "pause"}, "needs a target"},
    };

    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++)
    {
        struct target target;
        struct error err = {0};

        assert_status(parse(&cases[index].texts, &target, &err), STATUS_CONFIG);
        assert_message(cases[index].message);
    }
}

static void
timelines_and_actions_are_postgresqls_words(void **state)
{
    (void) state;
    struct target_texts texts = {.xid = "7", .timeline = "12", .action = "shutdown"};
    struct target target;
    struct error err = {0};

    assert_ok(parse(&texts, &target, &err));
    assert_int_equal(target.timeline, TARGET_TIMELINE_NUMBER);
    assert_int_equal(target.timeline_number, 12);
    assert_string_equal(target_action_name(target.action), "shutdown");

    texts.timeline = "current";
    assert_ok(parse(&texts, &target, &err));
    assert_int_equal(target.timeline, TARGET_TIMELINE_CURRENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_given_means_all_that_is_archived),
        cmocka_unit_test(each_target_has_its_setting_and_says_what_it_is),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(timelines_and_actions_are_postgresqls_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
