// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"
#include "tests/support/config_text.h"

#define US_PER_MINUTE (60 * US_PER_SECOND)

static void
assert_limit(const struct health_limit *limit, int64_t degraded_us, int64_t critical_us)
{
    assert_false(limit->off);
    assert_int_equal(limit->degraded_us, degraded_us);
    assert_int_equal(limit->critical_us, critical_us);
}

static void
what_is_not_set_has_the_defaults(void **state)
{
    (void) state;
    static const char *const texts[] = {CONFIG_TEXT_MINIMAL, CONFIG_TEXT_MINIMAL "policy:\n",
                                        CONFIG_TEXT_MINIMAL "policy: {}\n"};

    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++)
    {
        SCOPED(config_freep) struct config *config = config_text_parse(texts[index]);
        const struct health_policy *policy = &config->policy;

        assert_limit(&policy->backup, 26 * US_PER_HOUR, 52 * US_PER_HOUR);
        assert_limit(&policy->dump, 26 * US_PER_HOUR, 52 * US_PER_HOUR);
        assert_limit(&policy->verify, 8 * US_PER_DAY, 16 * US_PER_DAY);
        assert_limit(&policy->drill, 35 * US_PER_DAY, 70 * US_PER_DAY);
        assert_limit(&policy->canary, 10 * US_PER_MINUTE, US_PER_DAY);
        assert_limit(&policy->archive_lag, 5 * US_PER_MINUTE, 10 * US_PER_MINUTE);
    }
}

static void
a_duration_an_off_and_a_mapping_are_limits(void **state)
{
    (void) state;
    SCOPED(config_freep)
    struct config *config =
        config_text_parse(CONFIG_TEXT_MINIMAL "policy:\n"
                                              "  backup: 2d\n"
                                              "  dump: {warn: 30h, critical: 30h}\n"
                                              "  verify: off\n"
                                              "  drill: {warn: 90d}\n"
                                              "  archive_lag: {critical: 1h, warn: 1ms}\n");
    const struct health_policy *policy = &config->policy;

    assert_limit(&policy->backup, 2 * US_PER_DAY, 4 * US_PER_DAY);
    assert_limit(&policy->dump, 30 * US_PER_HOUR, 30 * US_PER_HOUR);
    assert_true(policy->verify.off);
    assert_limit(&policy->drill, 90 * US_PER_DAY, 180 * US_PER_DAY);
    assert_limit(&policy->archive_lag, 1000, US_PER_HOUR);
}

static const struct refusal
{
    const char *section;
    const char *message;
    const char *hint;
} refusals[] = {
    {"{backup: soon}", "f:4:18: \"backup\" must be a duration or off, found \"soon\"",
     "Write a number and ms, s, min, h, d or w, such as 26h."},
    {"{backup: 26}", "f:4:18: \"backup\" must be a duration or off, found \"26\"",
     "Write a number and ms, s, min, h, d or w, such as 26h."},
    {"{archive_lag: 5m}", "f:4:23: \"archive_lag\" must be a duration or off, found \"5m\"",
     "Write a number and ms, s, min, h, d or w, such as 26h."},
    {"{drill: 0}", "f:4:17: \"drill\" must be between 1ms and 36525d, found \"0\"", ""},
    {"{drill: 36526d}", "f:4:17: \"drill\" must be between 1ms and 36525d, found \"36526d\"", ""},
    {"{dump: }", "f:4:10: \"dump\" has no value", ""},
    {"{dump: [1d]}", "f:4:16: \"dump\" must be a duration, off or a mapping, found a list", ""},
    {"{verify: {critical: 2d}}", "f:4:18: \"warn\" is missing from \"verify\"", ""},
    {"{verify: {warn: 2d, critical: 1d}}", "f:4:39: \"critical\" must not be shorter than \"warn\"",
     ""},
    {"{verify: {warn: 0}}", "f:4:25: \"warn\" must be between 1ms and 36525d, found \"0\"", ""},
    {"{verify: {warn: 1d, critical: 0}}", "f:4:39: \"critical\" must be between 1ms and 36525d",
     ""},
    {"{verify: {warm: 2d}}", "f:4:19: unknown key \"warm\" in \"verify\"",
     "Did you mean \"warn\"?"},
    {"{verfy: 2d}", "f:4:10: unknown key \"verfy\" in section \"policy\"",
     "Did you mean \"verify\"?"},
    {"7", "f:4:9: section \"policy\" must be a mapping, found text", ""},
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

        assert_ok(buffer_append_text(&text, &err, CONFIG_TEXT_MINIMAL "policy: %s\n",
                                     refusals[index].section));
        assert_status(config_parse(buffer_bytes(&text), "f", &config, &err), STATUS_CONFIG);
        assert_message(refusals[index].message);
        assert_string_equal(err.hint, refusals[index].hint);
        assert_null(config);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_set_has_the_defaults),
        cmocka_unit_test(a_duration_an_off_and_a_mapping_are_limits),
        cmocka_unit_test(a_wrong_policy_is_refused_with_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
