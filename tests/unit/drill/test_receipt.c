// SPDX-License-Identifier: PostgreSQL
#include "tests/support/assert.h"

#include "tests/support/receipt_build.h"

#include <stdio.h>

static void
an_empty_receipt_proves_nothing(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;

    receipt_init(&receipt);
    receipt_judge(&receipt);
    assert_int_equal(receipt.drill.verdict, DRILL_BROKEN);
    assert_int_equal(receipt.drill.findings, 0);
    assert_int_equal(receipt.drill.rto_ms, DRILL_UNKNOWN_MS);
    assert_true(receipt.newest == TIME_NONE);
    for (size_t layer = 0; layer < LAYER_COUNT; layer++)
        assert_int_equal(receipt.layers[layer].state, CHECK_SKIPPED);
}

static void
it_passes_when_no_layer_is_red(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;

    receipt_build(&receipt, 1);
    assert_int_equal(receipt.drill.verdict, DRILL_PASSED);
    assert_int_equal(receipt.drill.findings, 0);
}

static void
each_layer_can_fail_it_alone(void **state)
{
    (void) state;

    for (unsigned layer = 0; layer < LAYER_COUNT; layer++)
    {
        SCOPED(receipt_release) struct receipt receipt;

        receipt_build(&receipt, 1);
        receipt.layers[layer].state = CHECK_FAILED;
        receipt.layers[layer].findings = 3;
        receipt_judge(&receipt);
        assert_int_equal(receipt.drill.verdict, DRILL_FAILED);
        assert_int_equal(receipt.drill.findings, 3);
        receipt.layers[layer].state = CHECK_BROKEN;
        receipt_judge(&receipt);
        assert_int_equal(receipt.drill.verdict, DRILL_BROKEN);
    }
}

/* Up to the target every layer is needed; of those behind it not every cluster has what they
 * look at. */
static void
what_was_not_reached_is_no_success(void **state)
{
    (void) state;

    for (unsigned layer = 0; layer < LAYER_COUNT; layer++)
    {
        SCOPED(receipt_release) struct receipt receipt;

        receipt_build(&receipt, 1);
        receipt.layers[layer].state = CHECK_SKIPPED;
        receipt_judge(&receipt);
        assert_int_equal(receipt.drill.verdict,
                         layer <= LAYER_REPLAY ? DRILL_BROKEN : DRILL_PASSED);
    }
}

static void
what_failed_outweighs_what_could_not_be_run(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;

    receipt_build(&receipt, 1);
    receipt.layers[LAYER_PAGES].state = CHECK_BROKEN;
    receipt.layers[LAYER_QUERIES].state = CHECK_FAILED;
    receipt_judge(&receipt);
    assert_int_equal(receipt.drill.verdict, DRILL_FAILED);
}

static void
a_red_layer_has_a_finding_at_least(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;

    receipt_build(&receipt, 1);
    receipt.layers[LAYER_PAGES].state = CHECK_BROKEN;
    receipt.layers[LAYER_AMCHECK].state = CHECK_FAILED;
    receipt.layers[LAYER_AMCHECK].findings = 7;
    receipt_judge(&receipt);
    assert_int_equal(receipt.layers[LAYER_PAGES].findings, 1);
    assert_int_equal(receipt.drill.findings, 8);
}

static void
checks_and_counts_are_copies(void **state)
{
    (void) state;
    SCOPED(receipt_release) struct receipt receipt;
    struct error err = {0};

    receipt_init(&receipt);
    for (unsigned number = 0; number < 100; number++)
    {
        struct check_result result = {.state = CHECK_PASSED};
        char table[16];
        const struct checks_count count = {"public", table, number, true};

        snprintf(result.name, sizeof(result.name), "check %u", number);
        snprintf(table, sizeof(table), "t%u", number);
        assert_ok(receipt_add_check(&receipt, LAYER_QUERIES, "shop", &result, &err));
        assert_ok(receipt_add_count(&receipt, "shop", &count, &err));
    }
    assert_int_equal(receipt.check_count, 100);
    assert_string_equal(receipt.checks[77].result.name, "check 77");
    assert_string_equal(receipt.counts[0].table, "t0");
    assert_string_equal(receipt.counts[99].table, "t99");
    assert_int_equal(receipt.counts[99].rows, 99);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_receipt_proves_nothing),
        cmocka_unit_test(it_passes_when_no_layer_is_red),
        cmocka_unit_test(each_layer_can_fail_it_alone),
        cmocka_unit_test(what_was_not_reached_is_no_success),
        cmocka_unit_test(what_failed_outweighs_what_could_not_be_run),
        cmocka_unit_test(a_red_layer_has_a_finding_at_least),
        cmocka_unit_test(checks_and_counts_are_copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
