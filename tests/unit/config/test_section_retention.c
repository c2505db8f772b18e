// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"
#include "tests/support/config_text.h"

static void
what_is_not_set_has_the_defaults(void **state)
{
    (void) state;
    static const char *const texts[] = {CONFIG_TEXT_MINIMAL, CONFIG_TEXT_MINIMAL "retention:\n",
                                        CONFIG_TEXT_MINIMAL "retention: {}\n"};

    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        SCOPED(config_freep) struct config *config = config_text_parse(texts[index]);
        const struct retention_policy *policy = &config->retention;

        assert_int_equal(policy->daily, 7);
        assert_int_equal(policy->weekly, 4);
        assert_int_equal(policy->monthly, 3);
        assert_int_equal(policy->recovery_window_us, 14 * US_PER_DAY);
        assert_int_equal(policy->minimum_age_us, US_PER_DAY);
        assert_int_equal(policy->grace_us, 72 * US_PER_HOUR);
        assert_int_equal(policy->week_start, WEEK_FROM_MONDAY);
        assert_ptr_equal(policy->zone, zone_utc());
    }
}

static void
every_key_reaches_its_member(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config = config_text_parse(CONFIG_TEXT_MINIMAL "retention:\n"
                                                                  "  daily: 14\n"
                                                                  "  weekly: 8\n"
                                                                  "  monthly: 24\n"
                                                                  "  recovery_window: 30d\n"
                                                                  "  minimum_age: 2h\n"
                                                                  "  grace: 90min\n"
                                                                  "  timezone: Europe/Berlin\n"
                                                                  "  week_start: sunday\n");
    const struct retention_policy *policy = &config->retention;

    assert_int_equal(policy->daily, 14);
    assert_int_equal(policy->weekly, 8);
    assert_int_equal(policy->monthly, 24);
    assert_int_equal(policy->recovery_window_us, 30 * US_PER_DAY);
    assert_int_equal(policy->minimum_age_us, 2 * US_PER_HOUR);
    assert_int_equal(policy->grace_us, 90 * (US_PER_HOUR / 60));
    assert_string_equal(zone_name(policy->zone), "Europe/Berlin");
    assert_int_equal(policy->week_start, WEEK_FROM_SUNDAY);
}

static void
no_window_no_grace_and_some_counts_of_zero_are_allowed(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config = config_text_parse(
        CONFIG_TEXT_MINIMAL
        "retention: {recovery_window: 0, minimum_age: 0, grace: 0, daily: 0, weekly: 0}\n");

    assert_int_equal(config->retention.recovery_window_us, 0);
    assert_int_equal(config->retention.minimum_age_us, 0);
    assert_int_equal(config->retention.grace_us, 0);
    assert_int_equal(config->retention.daily, 0);
    assert_int_equal(config->retention.monthly, 3);
}

static const struct refusal
{
    const char *section;
    const char *message;
    const char *hint;
} refusals[] = {
    {"{daily: 0, weekly: 0, monthly: 0}", "f:4:12: the retention policy would keep nothing",
     "Set daily, weekly or monthly to how many of them to keep, such as \"daily: 7\"."},
    {"{daily: -1}", "f:4:20: \"daily\" must be a whole number, found \"-1\"", ""},
    {"{weekly: four}", "f:4:21: \"weekly\" must be a whole number, found \"four\"", ""},
    {"{monthly: 100001}", "f:4:22: \"monthly\" must be between 0 and 100000, found \"100001\"", ""},
    {"{recovery_window: -14d}", "f:4:30: \"recovery_window\" must be a duration, found \"-14d\"",
     "Write a number and ms, s, min, h, d or w, such as 30s."},
    {"{recovery_window: 14}", "f:4:30: \"recovery_window\" must be a duration, found \"14\"",
     "Write a number and ms, s, min, h, d or w, such as 30s."},
    {"{grace: 3 fortnights}", "f:4:20: \"grace\" must be a duration, found \"3 fortnights\"",
     "Write a number and ms, s, min, h, d or w, such as 30s."},
    {"{minimum_age: 40000d}", "f:4:26: \"minimum_age\" must be between 0 and 36525d", ""},
    {"{yearly: 1}", "f:4:13: unknown key \"yearly\" in section \"retention\"", ""},
    {"{dayly: 7}", "f:4:13: unknown key \"dayly\" in section \"retention\"",
     "Did you mean \"daily\"?"},
    {"{week_start: tuesday}",
     "f:4:25: \"week_start\" must be one of monday, sunday, found \"tuesday\"", ""},
    {"{timezone: Middle/Earth}", "f:4:23: there is no time zone \"Middle/Earth\"", NULL},
    {"7", "f:4:12: section \"retention\" must be a mapping, found text", ""},
};

static void
a_wrong_policy_is_refused_with_its_place(void **state)
{
    (void) state;

    for (size_t index = 0; index < sizeof(refusals) / sizeof(refusals[0]); index++)
    {
        SCOPED(config_freep) struct config *config = NULL;
        SCOPED(buffer_release) struct buffer text = BUFFER_INIT(1000);
        struct error err = {0};

        assert_ok(buffer_append_text(&text, &err, CONFIG_TEXT_MINIMAL "retention: %s\n",
                                     refusals[index].section));
        assert_status(config_parse(buffer_bytes(&text), "f", &config, &err), STATUS_CONFIG);
        assert_message(refusals[index].message);
        if (refusals[index].hint != NULL)
            assert_string_equal(err.hint, refusals[index].hint);
        assert_null(config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_set_has_the_defaults),
        cmocka_unit_test(every_key_reaches_its_member),
        cmocka_unit_test(no_window_no_grace_and_some_counts_of_zero_are_allowed),
        cmocka_unit_test(a_wrong_policy_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
