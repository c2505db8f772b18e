// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "agent/health_text.h"

#include <stdlib.h>

#define TIME (INT64_C(1767225600) * US_PER_SECOND)

static struct health_item items[] = {
    {.name = "dump a|b=c",
     .state = HEALTH_CRITICAL,
     .value = "2d 5h ago",
     .has_amount = true,
     .amount = 190800,
     .measure = "dump a|b=c_age",
     .unit = HEALTH_UNIT_SECONDS,
     .has_limit = true,
     .degraded = 93600,
     .critical = 187200,
     .meaning = "It is old.",
     .command = "redoubt dump"},
    {.name = "verify",
     .state = HEALTH_DEGRADED,
     .value = "never | \n",
     .has_limit = true,
     .degraded = 691200,
     .critical = 1382400,
     .meaning = "Nobody looked.",
     .command = "redoubt verify"},
    {.name = "archive lag",
     .value = "nothing waits",
     .has_amount = true,
     .measure = "archive_lag",
     .unit = HEALTH_UNIT_SECONDS,
     .has_limit = true,
     .degraded = 300,
     .critical = 600},
    {.name = "recoverable to",
     .value = "now",
     .has_amount = true,
     .amount = 4096,
     .measure = "archive_behind",
     .unit = HEALTH_UNIT_BYTES},
    {.name = "gaps", .value = "none", .has_amount = true, .measure = "gaps"},
};

static const struct health_facts facts = {
    .cluster = "shop",
    .reach = {.reaches = true, .end = {2, 0x5000000}, .time = TIME},
};

static const struct health_report all = {HEALTH_CRITICAL, items, 5};
static const struct health_report good = {HEALTH_HEALTHY, items + 2, 3};
static const struct health_report limitless = {HEALTH_HEALTHY, items + 4, 1};

static void
assert_prints(void (*print)(FILE *out, const struct health_facts *facts,
                            const struct health_report *report),
              const struct health_report *report, const char *wanted)
{
    SCOPED(freep) char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    print(out, &facts, report);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, wanted);
}

static void
people_see_the_worst_first_and_what_to_run(void **state)
{
    (void) state;
    assert_prints(health_text_print, &all,
                  "shop is critical.\n"
                  "\n"
                  "CRITICAL  dump a|b=c      2d 5h ago (limit: 52h)\n"
                  "          It is old.\n"
                  "          run: redoubt dump\n"
                  "DEGRADED  verify          never | (limit: 8d)\n"
                  "          Nobody looked.\n"
                  "          run: redoubt verify\n"
                  "ok        archive lag     nothing waits (limit: 5min)\n"
                  "ok        recoverable to  now\n"
                  "ok        gaps            none\n");
}

static void
nagios_gets_one_line_whatever_is_in_it(void **state)
{
    (void) state;
    assert_prints(health_text_nagios, &all,
                  "REDOUBT CRITICAL - shop: dump a/b=c 2d 5h ago (redoubt dump), verify never /   "
                  "(redoubt verify) | dump_a_b_c_age=190800s;93600;187200 archive_lag=0s;300;600 "
                  "archive_behind=4096B gaps=0\n");
    assert_prints(health_text_nagios, &good,
                  "REDOUBT OK - shop: archive lag nothing waits | archive_lag=0s;300;600 "
                  "archive_behind=4096B gaps=0\n");
    assert_prints(health_text_nagios, &limitless,
                  "REDOUBT OK - shop: nothing has a limit | gaps=0\n");
}

static void
machines_get_numbers_and_nulls(void **state)
{
    (void) state;
    SCOPED(json_freep) json_t *report = health_text_json(&facts, &all, TIME);
    SCOPED(freep) char *text = NULL;
    const json_t *array = json_object_get(report, "items");

    assert_string_equal(json_string_value(json_object_get(report, "state")), "critical");
    assert_string_equal(json_string_value(json_object_get(report, "time")), "2026-01-01T00:00:00Z");
    text = json_dumps(json_object_get(report, "recoverable_to"), JSON_COMPACT);
    assert_string_equal(text,
                        "{\"time\":\"2026-01-01T00:00:00Z\",\"lsn\":\"0/5000000\",\"timeline\":2}");
    assert_int_equal(json_array_size(array), 5);
    free(text);
    text = json_dumps(json_array_get(array, 0), JSON_COMPACT);
    assert_string_equal(
        text, "{\"name\":\"dump a|b=c\",\"state\":\"critical\",\"text\":\"2d 5h ago\",\"value\":"
              "190800,\"unit\":\"seconds\",\"threshold\":{\"degraded\":93600,\"critical\":187200},"
              "\"meaning\":\"It is old.\",\"command\":\"redoubt dump\"}");
    free(text);
    text = json_dumps(json_array_get(array, 4), JSON_COMPACT);
    assert_string_equal(text, "{\"name\":\"gaps\",\"state\":\"healthy\",\"text\":\"none\","
                              "\"value\":0,\"unit\":null,\"threshold\":null,\"meaning\":null,"
                              "\"command\":null}");
}

static void
what_cannot_be_restored_is_null(void **state)
{
    (void) state;
    static const struct health_facts lost = {.cluster = "shop"};
    SCOPED(json_freep) json_t *report = health_text_json(&lost, &good, TIME);

    assert_true(json_is_null(json_object_get(report, "recoverable_to")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_see_the_worst_first_and_what_to_run),
        cmocka_unit_test(nagios_gets_one_line_whatever_is_in_it),
        cmocka_unit_test(machines_get_numbers_and_nulls),
        cmocka_unit_test(what_cannot_be_restored_is_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
