// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "retention/wal_rules.h"

#include <stdio.h>

#define MIB (UINT32_C(1) << 20)

static void
add_rule(struct wal_rules *rules, pg_timeline first_timeline, pg_timeline last_timeline,
         uint64_t first, uint64_t last)
{
    struct wal_rule rule = {1, first_timeline, last_timeline, first, last, ""};
    struct error err = {0};

    snprintf(rule.reason, sizeof(rule.reason), "rule %zu", rules->count);
    assert_ok(wal_rules_add(rules, &rule, &err));
}

/* "[1 9 out][10 12 rule 0]" */
static void
assert_spans(const struct wal_rules *rules, struct wal_run run, const char *want)
{
    SCOPED(wal_rules_release_spans) struct wal_spans spans = {0};
    const struct wal_span template = {.system_identifier = 1, .reason = "out"};
    struct error err = {0};
    char text[256] = "";
    size_t used = 0;

    assert_ok(wal_rules_cut(rules, &template, run, &spans, &err));
    for (size_t index = 0; index < spans.count; index++)
    {
        assert_int_equal(spans.items[index].run.timeline, run.timeline);
        assert_int_equal(spans.items[index].keep, strcmp(spans.items[index].reason, "out") != 0);
        used += (size_t) snprintf(text + used, sizeof(text) - used, "[%llu %llu %s]",
                                  (unsigned long long) spans.items[index].run.first,
                                  (unsigned long long) spans.items[index].run.last,
                                  spans.items[index].reason);
    }
    assert_string_equal(text, want);
}

static void
a_run_is_cut_where_rules_begin_and_end(void **state)
{
    (void) state;
    SCOPED(wal_rules_release) struct wal_rules rules = {0};

    assert_spans(&rules, (struct wal_run){1, 1, 20}, "[1 20 out]");
    add_rule(&rules, 1, 1, 15, WAL_RULE_NO_END);
    add_rule(&rules, 1, 2, 5, 6);
    add_rule(&rules, 2, 9, 8, 9);

    assert_spans(&rules, (struct wal_run){1, 1, 20},
                 "[1 4 out][5 6 rule 1][7 14 out][15 20 rule 0]");
    assert_spans(&rules, (struct wal_run){1, 16, 16}, "[16 16 rule 0]");
    assert_spans(&rules, (struct wal_run){2, 5, 20},
                 "[5 6 rule 1][7 7 out][8 9 rule 2][10 20 out]");
    assert_spans(&rules, (struct wal_run){10, 5, 20}, "[5 20 out]");
}

static void
the_first_rule_that_keeps_a_segment_gives_the_reason(void **state)
{
    (void) state;
    SCOPED(wal_rules_release) struct wal_rules rules = {0};

    add_rule(&rules, 1, 1, 5, 10);
    add_rule(&rules, 1, 1, 8, 12);

    assert_spans(&rules, (struct wal_run){1, 5, 12}, "[5 10 rule 0][11 12 rule 1]");
}

static void
neighbours_with_one_reason_are_one_span(void **state)
{
    (void) state;
    SCOPED(wal_rules_release) struct wal_rules rules = {0};

    add_rule(&rules, 1, 1, 5, 6);
    add_rule(&rules, 1, 1, 7, 8);
    memcpy(rules.items[1].reason, rules.items[0].reason, sizeof(rules.items[0].reason));

    assert_spans(&rules, (struct wal_run){1, 5, 8}, "[5 8 rule 0]");
}

static void
rules_of_another_cluster_keep_nothing(void **state)
{
    (void) state;
    SCOPED(wal_rules_release) struct wal_rules rules = {0};

    add_rule(&rules, 1, 9, 0, WAL_RULE_NO_END);

    assert_non_null(wal_rules_find(&rules, 1, (struct pg_wal_segment){3, 3}));
    assert_null(wal_rules_find(&rules, 2, (struct pg_wal_segment){3, 3}));
}

static bool
keeps(const struct wal_rules *rules, pg_timeline timeline, uint64_t number)
{
    return wal_rules_find(rules, 1, (struct pg_wal_segment){timeline, number}) != NULL;
}

static void
a_path_is_kept_on_each_of_its_timelines(void **state)
{
    (void) state;
    SCOPED(wal_rules_release) struct wal_rules rules = {0};
    struct pg_history_entry forks[] = {{1, 10 * MIB + 5}, {2, 20 * MIB}};
    const struct pg_history path = {3, forks, 2};
    const struct wal_rule template = {.system_identifier = 1};
    struct error err = {0};

    assert_ok(wal_rules_add_path(&rules, &template, &path, MIB, 7, &err));

    assert_false(keeps(&rules, 1, 6));
    assert_true(keeps(&rules, 1, 7) && keeps(&rules, 1, 10));
    assert_false(keeps(&rules, 1, 11) || keeps(&rules, 2, 9));
    assert_true(keeps(&rules, 2, 10) && keeps(&rules, 2, 20));
    assert_false(keeps(&rules, 2, 21) || keeps(&rules, 3, 19));
    assert_true(keeps(&rules, 3, 20) && keeps(&rules, 3, 1000000));
    assert_false(keeps(&rules, 4, 1000));
}

static void
a_path_that_is_joined_late_begins_there(void **state)
{
    (void) state;
    SCOPED(wal_rules_release) struct wal_rules rules = {0};
    struct pg_history_entry forks[] = {{1, 10 * MIB + 5}};
    const struct pg_history path = {2, forks, 1};
    const struct wal_rule template = {.system_identifier = 1};
    struct error err = {0};

    assert_ok(wal_rules_add_path(&rules, &template, &path, MIB, 15, &err));

    assert_false(keeps(&rules, 1, 10) || keeps(&rules, 1, 15) || keeps(&rules, 2, 14));
    assert_true(keeps(&rules, 2, 15));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_cut_where_rules_begin_and_end),
        cmocka_unit_test(the_first_rule_that_keeps_a_segment_gives_the_reason),
        cmocka_unit_test(neighbours_with_one_reason_are_one_span),
        cmocka_unit_test(rules_of_another_cluster_keep_nothing),
        cmocka_unit_test(a_path_is_kept_on_each_of_its_timelines),
        cmocka_unit_test(a_path_that_is_joined_late_begins_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
