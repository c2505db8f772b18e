// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "drill/receipt_facts.h"
#include "tests/support/receipt_build.h"

#include <stdio.h>

/* What stands beside a label; fails when there is no such. */
static const char *
value_of(const struct receipt_facts *facts, enum receipt_section section, const char *label)
{
    for (size_t index = 0; index < facts->counts[section]; index++)
        if (strcmp(facts->items[section][index].label, label) == 0)
            return facts->items[section][index].value;
    fail_msg("there is no \"%s\"", label);
    return NULL;
}

static void
a_drill_that_passed_tells_what_it_restored_and_what_it_took(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    struct receipt_facts facts;

    receipt_build(&receipt, 1);
    receipt_facts_gather(&receipt, &facts);
    assert_string_equal(value_of(&facts, SECTION_SUBJECT, "Reached"),
                        "LSN 0/30000F8 on timeline 3; last transaction at "
                        "2026-11-21 01:59:56 UTC; no more WAL");
    assert_string_equal(value_of(&facts, SECTION_SUBJECT, "Drill"),
                        "2026-11-21T02-00-00-0001, at 2026-11-21 02:00:00 UTC, took 5min 0s");
    assert_string_equal(value_of(&facts, SECTION_RTO, "RTO"),
                        "1min 1s, from nothing to a server that answers");
    assert_string_equal(value_of(&facts, SECTION_RTO, "Fetch"),
                        "30.0s, 3.0 GiB of packs, 102.4 MiB/s");
    assert_string_equal(value_of(&facts, SECTION_RTO, "Restored"), "9.0 GiB of files");
    assert_string_equal(value_of(&facts, SECTION_RTO, "Replay"),
                        "20.0s, 1.0 GiB of WAL, 51.2 MiB/s");
    assert_string_equal(value_of(&facts, SECTION_RPO, "RPO"), "4.5s");
    assert_string_equal(value_of(&facts, SECTION_RPO, "Measured by"),
                        "the newest row of redoubt.canary");
    assert_string_equal(value_of(&facts, SECTION_RPO, "Newest data"),
                        "2026-11-21 01:59:55.488000 UTC");
    assert_string_equal(value_of(&facts, SECTION_RPO, "Disaster"),
                        "taken to be at 2026-11-21 02:00:00 UTC, by the primary's clock");
    assert_string_equal(value_of(&facts, SECTION_RPO, "Primary"),
                        "at LSN 0/31000F8 then: 1.0 MiB of WAL beyond what was reached");
}

static void
a_drill_that_came_to_nothing_says_that_nothing_is_known(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    struct receipt_facts facts;

    receipt_init(&receipt);
    receipt.drill = drill_build(1, DRILL_BROKEN);
    receipt.drill.backup_id[0] = '\0';
    receipt.drill.rto_ms = DRILL_UNKNOWN_MS;
    receipt.drill.rpo_ms = DRILL_UNKNOWN_MS;
    receipt_facts_gather(&receipt, &facts);
    assert_string_equal(value_of(&facts, SECTION_SUBJECT, "Backup"),
                        "none: the drill did not come to one");
    assert_string_equal(value_of(&facts, SECTION_SUBJECT, "Reached"), "not known");
    assert_string_equal(value_of(&facts, SECTION_SUBJECT, "Server"), "it never answered");
    assert_string_equal(value_of(&facts, SECTION_RTO, "RTO"), "not known");
    assert_string_equal(value_of(&facts, SECTION_RTO, "Fetch"), "no packs");
    assert_string_equal(value_of(&facts, SECTION_RPO, "RPO"), "not known");
}

static void
the_headline_names_what_failed_first(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    char text[RECEIPT_HEADLINE_SIZE];

    receipt_build(&receipt, 1);
    receipt_headline(&receipt, text);
    assert_string_equal(text, "The cluster was restored, and is what it should be.");
    receipt_build_fail(&receipt, LAYER_QUERIES, "late");
    receipt_build_fail(&receipt, LAYER_TABLES, "there is no table customers");
    receipt_headline(&receipt, text);
    assert_string_equal(text,
                        "It failed at \"tables and their rows\": there is no table customers");
    receipt.layers[LAYER_PAGES].state = CHECK_BROKEN;
    snprintf(receipt.layers[LAYER_PAGES].found, sizeof(receipt.layers[LAYER_PAGES].found),
             "there is no pg_checksums");
    receipt_headline(&receipt, text);
    assert_string_equal(text,
                        "\"page checksums\" could not be looked at: there is no pg_checksums");
}

static void
no_section_is_larger_than_it_may_be(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    struct receipt_facts facts;

    receipt_build(&receipt, 1);
    receipt.self_test = true;
    snprintf(receipt.drill.repository, sizeof(receipt.drill.repository), "offsite");
    receipt_facts_gather(&receipt, &facts);
    assert_string_equal(value_of(&facts, SECTION_SUBJECT, "Repository"), "the copy offsite");
    for (unsigned section = 0; section < SECTION_COUNT; section++)
        assert_between(facts.counts[section], 1, RECEIPT_FACTS_MAX);
}

static void
checks_are_counted_by_how_they_came_out(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    char text[RECEIPT_VALUE_SIZE];

    receipt_build(&receipt, 1);
    receipt_count_checks(&receipt, text);
    assert_string_equal(text, "2 checks, 0 failed, 1 skipped");
    receipt_build_fail(&receipt, LAYER_TABLES, "gone");
    receipt_count_checks(&receipt, text);
    assert_string_equal(text, "3 checks, 1 failed, 1 skipped");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drill_that_passed_tells_what_it_restored_and_what_it_took),
        cmocka_unit_test(a_drill_that_came_to_nothing_says_that_nothing_is_known),
        cmocka_unit_test(the_headline_names_what_failed_first),
        cmocka_unit_test(no_section_is_larger_than_it_may_be),
        cmocka_unit_test(checks_are_counted_by_how_they_came_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
